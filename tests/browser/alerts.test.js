#!/usr/bin/env -S node --test-reporter=spec
// From the simulated monitor to the page: alerts come within a second, and end on the list of what nobody saw.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOf, bedIs, openWard, showsValue, tileOf, unseenOf } from './support/board.js';
import { expectGone, expectSeen, expectState, timed } from './support/expect.js';
import { boardTest } from './support/run.js';

const WITHIN_S = 1;

boardTest('an alert is on the board within 1 s, and on the list of the unseen when it ends', async (scene) => {
    await scene.openAll(3);
    const page = await openWard(scene, await scene.page());
    await bedIs(page, 'b01', 'live');
    await showsValue(page, 'b01', 'spo2', '97');
    for (const [bed, change, rule, priority] of [
        ['b01', 'spo2 84', 'spo2_low', 'high'], ['b02', 'hr 141', 'hr_high', 'medium'], ['b03', 'resp 33', 'resp_high', 'low'],
    ]) {
        const took = await timed(async () => {
            await scene.ward(`${bed} value ${change}`);
            await expectSeen(alarmOf(page, bed, rule));
        });
        console.log(`${rule}: on the board after ${took.toFixed(3)} s`);
        assert.ok(took <= WITHIN_S, `${rule} took ${took} s`);
        await expectState(alarmOf(page, bed, rule), 'data-priority', priority);
        await expectState(tileOf(page, bed), 'data-priority', priority);
    }
    const order = await page.locator('[data-tile]').evaluateAll((tiles) => tiles
        .map((tile) => ({ bed: tile.dataset.bed, ...tile.getBoundingClientRect().toJSON() }))
        .sort((a, b) => a.y - b.y || a.x - b.x).map((tile) => tile.bed));
    assert.deepEqual(order, ['b01', 'b02', 'b03'], 'the worst first, on the screen');

    await scene.ward('b01 value spo2 97');
    await expectGone(alarmOf(page, 'b01', 'spo2_low'), WITHIN_S);
    await expectSeen(unseenOf(page, 'b01', 'spo2_low'), WITHIN_S);
    assert.equal(await unseenOf(page, 'b02', 'hr_high').count(), 0, 'what is still on is not on the list of what was');
    assert.deepEqual(scene.faults(), []);
});

boardTest('severity moves beds: the newest high alarm comes to the front', async (scene) => {
    await scene.openAll(3);
    const page = await openWard(scene, await scene.page());
    await bedIs(page, 'b03', 'live');
    const first = () => page.locator('[data-tile]').evaluateAll((tiles) => tiles
        .map((tile) => ({ bed: tile.dataset.bed, ...tile.getBoundingClientRect().toJSON() }))
        .sort((a, b) => a.y - b.y || a.x - b.x)[0].bed);
    await scene.ward('b02 value hr 141');
    await expectSeen(alarmOf(page, 'b02', 'hr_high'));
    await scene.ward('b03 value spo2 80');
    await expectSeen(alarmOf(page, 'b03', 'spo2_low'));
    await sleep(500);
    assert.equal(await first(), 'b03');
});

boardTest('what ended while somebody was at the screen is not unseen', async (scene) => {
    await scene.openAll(2);
    const page = await openWard(scene, await scene.page());
    await scene.ward('b01 value spo2 84');
    await expectSeen(alarmOf(page, 'b01', 'spo2_low'));
    await page.mouse.click(5, 5); // somebody touches it
    await scene.ward('b01 value spo2 97');
    await expectGone(alarmOf(page, 'b01', 'spo2_low'));
    await scene.ward('b02 value spo2 84');
    await expectSeen(alarmOf(page, 'b02', 'spo2_low'));
    await scene.ward('b02 value spo2 97');
    await expectSeen(unseenOf(page, 'b02', 'spo2_low'));
    assert.equal(await unseenOf(page, 'b01', 'spo2_low').count(), 0);
});
