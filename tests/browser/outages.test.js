#!/usr/bin/env -S node --test-reporter=spec
// What is lost is shown as lost, each within its time, and comes back by itself.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOf, bannerOf, bedIs, liveNumbers, openWard, showsValue } from './support/board.js';
import { expectGone, expectSeen, expectState, timed } from './support/expect.js';
import * as payloads from './support/payloads.js';
import { boardTest } from './support/run.js';

boardTest('the broker is killed and comes back', async (scene) => {
    await scene.openAll(2);
    await scene.ward('b02 value spo2 84');
    const page = await openWard(scene, await scene.page());
    await showsValue(page, 'b01', 'spo2', '97');
    await expectSeen(alarmOf(page, 'b02', 'spo2_low'));
    await scene.processes.broker.stop('SIGKILL');
    await expectState(page.locator('html'), 'data-link', 'lost', 2);
    await expectSeen(bannerOf(page, 'broker-lost'), 1);
    await bedIs(page, 'b01', 'screen_lost', 1);
    assert.deepEqual(await liveNumbers(page), [], 'without the broker nothing is live');
    // The outage hides what happens meanwhile: another value, another alarm.
    await scene.ward('b01 value spo2 85');
    await scene.ward('b02 value spo2 96');
    await sleep(1000);
    assert.deepEqual(await liveNumbers(page), []);
    await scene.startBroker();
    await expectState(page.locator('html'), 'data-link', 'connected', 10);
    await expectGone(bannerOf(page, 'broker-lost'), 1);
    await showsValue(page, 'b01', 'spo2', '85', 15);
    await expectSeen(alarmOf(page, 'b01', 'spo2_low'), 5);
    await expectGone(alarmOf(page, 'b02', 'spo2_low'), 5);
    assert.deepEqual(scene.faults(), []);
});

boardTest('the gateway is killed: its will says so at once; it comes back', async (scene) => {
    await scene.openAll(2);
    const page = await openWard(scene, await scene.page());
    await showsValue(page, 'b01', 'spo2', '97');
    await scene.processes.gateway.stop('SIGKILL');
    for (const bed of scene.beds) {
        await bedIs(page, bed, 'gateway_lost', 2);
    }
    await expectSeen(bannerOf(page, 'gateway-lost'), 1);
    assert.deepEqual(await liveNumbers(page), [], 'without the gateway nothing is live');
    await scene.ward('b01 value spo2 95');
    scene.startGateway();
    await showsValue(page, 'b01', 'spo2', '95', 10);
    await expectGone(bannerOf(page, 'gateway-lost'), 1);
});

boardTest('a gateway of which nothing is heard is lost after 30 s, whatever its status says', async (scene) => {
    await scene.openBroker();
    const beds = await payloads.sayQuietWard(scene.listener, new Date(), 2);
    const page = await openWard(scene, await scene.page());
    await bedIs(page, 'b01', 'live');
    const began = performance.now();
    await scene.listener.say(`gateway/${payloads.GATEWAY}/health`, payloads.health(new Date(), beds), { qos: 0 });
    const values = setInterval(() => beds.forEach((bed) => // its values go on: nobody knows whether it judges them
        scene.listener.say(`${bed}/vitals`, payloads.vitals(new Date(), bed, { hr: 72, spo2: 97 }), { qos: 0 }).catch(() => {})), 1000);
    try {
        await sleep(27000);
        await bedIs(page, 'b01', 'live', 0.1);
        await bedIs(page, 'b01', 'gateway_lost', 6);
        const took = (performance.now() - began) / 1000;
        console.log(`lost after ${took.toFixed(1)} s without health`);
        assert.ok(took > 29 && took < 32, `after ${took} s`);
        await expectSeen(bannerOf(page, 'gateway-lost'), 1);
        assert.deepEqual(await liveNumbers(page), []);
        await scene.listener.say(`gateway/${payloads.GATEWAY}/health`, payloads.health(new Date(), beds), { qos: 0 });
        await bedIs(page, 'b01', 'live', 3);
    } finally {
        clearInterval(values);
    }
});

boardTest('a monitor is unplugged: its bed is not monitored, the others are', async (scene) => {
    await scene.openAll(2);
    const page = await openWard(scene, await scene.page());
    await showsValue(page, 'b01', 'spo2', '97');
    const gone = await timed(async () => {
        await scene.ward('b01 silence');
        await page.waitForFunction(() => !document.querySelector('[data-tile][data-bed="b01"] [data-vital="spo2"][data-state="live"]'),
            undefined, { timeout: 13000 });
    });
    assert.ok(gone <= 12, `its last value was shown for ${gone} s`);
    await bedIs(page, 'b01', 'not_monitored', 6); // monitor_silent: 10 s after the loss, and what the gateway adds
    await bedIs(page, 'b02', 'live', 0.1);
    assert.ok((await liveNumbers(page)).every((one) => one.startsWith('b02 ')));
    await scene.ward('b01 answer');
    await showsValue(page, 'b01', 'spo2', '97', 35); // it is asked less and less often
    await bedIs(page, 'b01', 'live', 5);
});

boardTest('a screen that comes late is right at once', async (scene) => {
    await scene.openAll(2);
    await scene.ward('b02 value spo2 84');
    await scene.ward('b01 value spo2 93');
    await sleep(2000);
    const page = await scene.page();
    const took = await timed(async () => {
        await page.goto(scene.address());
        await showsValue(page, 'b01', 'spo2', '93');
        await expectSeen(alarmOf(page, 'b02', 'spo2_low'));
    });
    console.log(`a late screen is right after ${took.toFixed(2)} s`);
    assert.ok(took < 2.5, `it took ${took} s`);
    await bedIs(page, 'b02', 'live');
    // And so is one that comes when the gateway is gone, while its values are still on the broker.
    await scene.processes.gateway.stop('SIGKILL');
    const late = await openWard(scene, await scene.page());
    await bedIs(late, 'b01', 'gateway_lost', 3);
    assert.deepEqual(await liveNumbers(late), []);
});
