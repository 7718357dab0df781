#!/usr/bin/env -S node --test-reporter=spec
// The main states of the page, pixel by pixel: a ward that is only said, at one instant, in fonts of our own.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOf, bedIs, openWard, showsValue } from './support/board.js';
import { expectSeen, expectState } from './support/expect.js';
import { holdClock, moveClock } from './support/page_clock.js';
import * as payloads from './support/payloads.js';
import { compare, expectPicture, PIXELS_MOST } from './support/picture.js';
import { boardTest } from './support/run.js';

const START = new Date('2026-03-04T05:06:07.000Z');
const BEDS = 9;
const STEPS = 40; // of 15 s: the last ten minutes

const wave = (bed, step) => Math.round(4 * Math.sin((bed * 7 + step) / 5));
const valuesOf = (step) => (bed) => ({
    hr: 68 + bed * 3 + wave(bed, step), pulse: 68 + bed * 3 + wave(bed, step), spo2: 97 - (bed % 3), resp: 13 + (bed % 4), temp: 36.6 + bed / 10,
});
const instant = (step) => new Date(START.getTime() + step * 15000);
const NOW = instant(STEPS);

// The ward has been quiet for ten minutes, as the page saw it.
async function openQuiet(scene, options) {
    await scene.openBroker();
    const page = await scene.page(options);
    await holdClock(page, instant(0));
    const beds = await payloads.sayQuietWard(scene.listener, instant(0), BEDS, valuesOf(0));
    await openWard(scene, page);
    for (let step = 1; step <= STEPS; step++) {
        await moveClock(page, instant(step));
        await Promise.all(beds.map((bed, i) =>
            scene.listener.say(`${bed}/vitals`, payloads.vitals(instant(step), bed, valuesOf(step)(i)), { qos: 0 })));
        await scene.listener.say(`gateway/${payloads.GATEWAY}/health`, payloads.health(instant(step), beds), { qos: 0 });
        await sleep(60);
    }
    await payloads.sayQuietWard(scene.listener, NOW, BEDS, valuesOf(STEPS));
    await showsValue(page, 'b09', 'hr', String(valuesOf(STEPS)(8).hr));
    await bedIs(page, 'b01', 'live');
    await sleep(1200);
    return page;
}

async function raise(scene, page, bed, rule, values) {
    await scene.listener.say(`${bed}/vitals`, payloads.vitals(NOW, bed, { ...valuesOf(STEPS)(Number(bed.slice(1)) - 1), ...values }));
    await scene.listener.say(`${bed}/alarm/${rule}`, payloads.alarm(NOW, bed, rule));
    await expectSeen(alarmOf(page, bed, rule));
}

boardTest('a ward: quiet, then with alarms, not monitored, without gateway, without broker', async (scene) => {
    const page = await openQuiet(scene);
    await expectPicture(page, 'ward-quiet');
    await raise(scene, page, 'b04', 'spo2_low', { spo2: 84 });
    await raise(scene, page, 'b07', 'hr_high', { hr: 141, pulse: 141 });
    await raise(scene, page, 'b02', 'resp_high', { resp: 33 });
    await sleep(1200);
    await expectPicture(page, 'ward-alarms');
    await scene.listener.say('b05/alarm/monitor_silent', payloads.alarm(NOW, 'b05', 'monitor_silent'));
    await scene.listener.say('b05/vitals', payloads.vitals(NOW, 'b05', {}, { invalid: { hr: 'no_answer', spo2: 'no_answer', resp: 'no_answer' } }));
    await bedIs(page, 'b05', 'not_monitored');
    await sleep(1200);
    await expectPicture(page, 'ward-not-monitored');
    await scene.listener.say(`gateway/${payloads.GATEWAY}/status`, payloads.status(NOW, 'offline'));
    await bedIs(page, 'b01', 'gateway_lost');
    await sleep(1200);
    await expectPicture(page, 'ward-gateway-lost');
    await scene.processes.broker.stop('SIGKILL');
    await expectState(page.locator('html'), 'data-link', 'lost');
    await sleep(1200);
    await expectPicture(page, 'ward-broker-lost');
});

boardTest('the same ward at night, in Chinese', async (scene) => {
    const page = await openQuiet(scene, { colorScheme: 'dark', locale: 'zh-CN' });
    await raise(scene, page, 'b04', 'spo2_low', { spo2: 84 });
    await raise(scene, page, 'b07', 'hr_high', { hr: 141, pulse: 141 });
    await sleep(1200);
    await expectPicture(page, 'ward-alarms-dark-zh');
});

boardTest('a phone', async (scene) => {
    const page = await openQuiet(scene, { viewport: { width: 390, height: 844 } });
    await raise(scene, page, 'b04', 'spo2_low', { spo2: 84 });
    await sleep(1200);
    await expectPicture(page, 'ward-phone');
});

boardTest("a bed's page", async (scene) => {
    const page = await openQuiet(scene);
    await raise(scene, page, 'b04', 'spo2_low', { spo2: 84 });
    await page.evaluate(() => { location.hash = '#bed/b04'; });
    await expectState(page.locator('body'), 'data-view', 'bed');
    await sleep(1200);
    await expectPicture(page, 'bed');
});

boardTest('a difference is seen: one number in one tile', async (scene) => {
    const page = await openQuiet(scene);
    const before = await page.screenshot({ animations: 'disabled', caret: 'hide' });
    const again = await page.screenshot({ animations: 'disabled', caret: 'hide' });
    const same = await compare(before, again);
    assert.ok(same.share < PIXELS_MOST / 3, `the page does not stand still: ${same.share}`);
    await page.evaluate(() => { document.querySelector('[data-tile][data-bed="b01"] [data-vital="spo2"] [data-value]').textContent = '38'; });
    const { share } = await compare(before, await page.screenshot({ animations: 'disabled', caret: 'hide' }));
    console.log(`one number of two digits: ${(share * 100).toFixed(3)} % of the pixels`);
    assert.ok(share > PIXELS_MOST, `a changed number is not seen: ${share}`);
});
