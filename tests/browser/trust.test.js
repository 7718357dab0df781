#!/usr/bin/env -S node --test-reporter=spec
// What is shown as live is live: not past its time, not another stay's, not by a clock that is wrong.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOn, commandButton, expectAnswer, openBed, sayWho } from './support/bed_page.js';
import { alarmOf, bannerOf, bedIs, liveNumbers, openWard, showsValue, tileOf } from './support/board.js';
import { expectGone, expectSeen, timed } from './support/expect.js';
import { offsetClock } from './support/page_clock.js';
import * as payloads from './support/payloads.js';
import { waitFor } from './support/processes.js';
import { boardTest } from './support/run.js';

const seconds = (count) => new Date(Date.now() + count * 1000);

boardTest('a value past its time is not shown as live', async (scene) => {
    await scene.openBroker();
    const { listener } = scene;
    await payloads.sayQuietWard(listener, new Date(), 3);
    // Left on the broker since long ago, without an expiry of the message.
    await listener.say('b02/vitals', payloads.vitals(seconds(-40), 'b02', { spo2: 55, hr: 55 }), { expires: false });
    const page = await openWard(scene, await scene.page());
    await showsValue(page, 'b01', 'spo2', '97');
    await bedIs(page, 'b02', 'no_data', 8);
    assert.ok(!(await liveNumbers(page)).some((one) => one.startsWith('b02 ')));
    // One that runs out while it is looked at.
    await listener.say('b01/vitals', payloads.vitals(new Date(), 'b01', { spo2: 96 }, { expires_at: seconds(3).toISOString() }), { expires: false });
    await showsValue(page, 'b01', 'spo2', '96', 1.5);
    await bedIs(page, 'b01', 'no_data', 4);
    assert.ok(!(await liveNumbers(page)).some((one) => one.startsWith('b01 ')));
    await bedIs(page, 'b03', 'live');
});

boardTest('nothing of another stay is shown as live, whichever came first', async (scene) => {
    await scene.openBroker();
    const { listener } = scene;
    const now = new Date();
    const next = '00112233445566aa';
    await payloads.sayQuietWard(listener, now, 2);
    const old = payloads.alarm(now, 'b01', 'spo2_low');
    await listener.say('b01/alarm/spo2_low', old);
    const page = await openWard(scene, await scene.page());
    await expectSeen(alarmOf(page, 'b01', 'spo2_low'));
    await listener.say('b01/settings', payloads.settings(seconds(0), 'b01', { stay: next, stay_start: now.toISOString() }));
    await waitFor('values of the stay before are gone', async () => !(await liveNumbers(page)).some((one) => one.startsWith('b01 ')), 3);
    await expectGone(alarmOf(page, 'b01', 'spo2_low'), 3);
    await listener.say('b01/vitals', payloads.vitals(seconds(0), 'b01', { spo2: 91 }, { stay: next }));
    await showsValue(page, 'b01', 'spo2', '91', 3);
    // What the stay before still sends.
    await listener.say('b01/vitals', payloads.vitals(now, 'b01', { spo2: 66 }), { retain: false });
    await listener.say('b01/score/news2', payloads.score(now, 'b01', 17), { retain: false });
    await listener.say('b01/vitals', payloads.vitals(seconds(1), 'b01', { spo2: 67 }), { retain: false });
    await sleep(1500);
    assert.ok(!(await liveNumbers(page)).some((one) => /b01 spo2 6[67]/.test(one)), 'a value of the stay before');
    assert.ok(!(await tileOf(page, 'b01').innerText()).includes('NEWS2 17'), 'a score of the stay before');
    // The values of a patient come before the settings that name the stay: shown as live only once both agree.
    await listener.say('b02/vitals', payloads.vitals(seconds(0), 'b02', { spo2: 92 }, { stay: next }));
    await sleep(1000);
    assert.ok(!(await liveNumbers(page)).includes('b02 spo2 97'), 'the value of who has left');
});

boardTest('beds come and go with the configuration', async (scene) => {
    await scene.openAll(3);
    const page = await openWard(scene, await scene.page());
    await bedIs(page, 'b03', 'live');
    scene.keepBeds(['b01', 'b02']);
    scene.processes.gateway.signal('SIGHUP');
    await expectGone(tileOf(page, 'b03'), 10);
    await bedIs(page, 'b01', 'live');
    scene.keepBeds(['b01', 'b02', 'b03']);
    scene.processes.gateway.signal('SIGHUP');
    await showsValue(page, 'b03', 'spo2', '97', 15);
    assert.equal(await page.locator('[data-tile]').count(), 3);
});

for (const minutes of [7, -7]) {
    boardTest(`a browser whose clock is ${Math.abs(minutes)} min ${minutes > 0 ? 'fast' : 'slow'} shows what is live, and only that`, async (scene) => {
        await scene.openAll(2);
        const page = await scene.page();
        await offsetClock(page, minutes);
        await openWard(scene, page);
        assert.ok(Math.abs(await page.evaluate(() => Date.now()) - Date.now() - minutes * 60000) < 5000, 'its clock is wrong');
        await showsValue(page, 'b01', 'spo2', '97', 12); // the next health tells it the time
        await bedIs(page, 'b01', 'live');
        await expectSeen(bannerOf(page, 'clock-off'), 5);
        const took = await timed(async () => {
            await scene.ward('b01 value spo2 84');
            await expectSeen(alarmOf(page, 'b01', 'spo2_low'));
        });
        assert.ok(took <= 1, `the alert took ${took} s`);
        // A command is dated by the gateway's clock, or it would be refused.
        await openBed(scene, page, 'b01');
        await commandButton(alarmOn(page, 'spo2_low'), 'acknowledge').click();
        await sayWho(page);
        await expectAnswer(page, 'acknowledge', 'accepted');
        await openWard(scene, page);
        // Its own clock does not keep alive what has run out.
        await scene.listener.say('b02/vitals',
            { ...scene.listener.newest('b02/vitals'), at: new Date().toISOString(), spo2: 61, expires_at: seconds(-1).toISOString() });
        await sleep(300);
        assert.ok(!(await liveNumbers(page)).includes('b02 spo2 61'));
        await scene.processes.gateway.stop('SIGKILL');
        await bedIs(page, 'b01', 'gateway_lost', 2);
        await expectSeen(bannerOf(page, 'gateway-lost'), 1);
        assert.deepEqual(await liveNumbers(page), []);
        assert.deepEqual(scene.faults(), []);
    });
}
