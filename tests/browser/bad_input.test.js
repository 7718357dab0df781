#!/usr/bin/env -S node --test-reporter=spec
// Whatever comes over the broker, the page goes on, runs none of it, and shows it as text or not at all.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOf, bedIs, liveNumbers, openWard, showsValue, tileOf } from './support/board.js';
import { expectSeen } from './support/expect.js';
import * as payloads from './support/payloads.js';
import { boardTest } from './support/run.js';

const MARKUP = '<img src=x onerror="window.ran=1"><script>window.ran=2</script><b id="bold">&amp;</b>';

async function ranNothing(scene, page) {
    assert.equal(await page.evaluate(() => window.ran), undefined, 'something of a text was run');
    assert.equal(await page.locator('#bold, img[src="x"]').count(), 0, 'something of a text became a part of the page');
    assert.deepEqual(scene.faults(), []);
}

boardTest('markup in texts is shown as text', async (scene) => {
    await scene.openBroker();
    const now = new Date();
    await payloads.sayQuietWard(scene.listener, now, 2);
    const page = await openWard(scene, await scene.page());
    page.on('dialog', (dialog) => scene.console.push(`uncaught: a dialog: ${dialog.message()}`) && dialog.dismiss());
    const state = payloads.alarm(now, 'b01', 'spo2_low', { text: `SpO2 ${MARKUP}`, advice: `Look ${MARKUP}` });
    await scene.listener.say('b01/alarm/spo2_low', state);
    await scene.listener.say('b01/alert', payloads.alertOf(state), { retain: false });
    await expectSeen(alarmOf(page, 'b01', 'spo2_low'));
    assert.ok((await tileOf(page, 'b01').innerText()).includes('<img src=x onerror='), 'the text as it is');
    await scene.listener.say('b02/score/news2', payloads.score(now, 'b02', 3, { title: MARKUP }));
    await scene.listener.say(`gateway/${payloads.GATEWAY}/alarm/bus_down`,
        { ...payloads.alarm(now, undefined, 'bus_down', { text: MARKUP, advice: MARKUP, priority: 'medium', kind: 'technical', standsFor: [MARKUP] }),
            stay: undefined, bed_seq: undefined, stands_for: [MARKUP], stands_for_more: 0 });
    await page.goto(scene.address('#bed/b01'));
    await sleep(1000);
    await ranNothing(scene, page);
    // And what has ended is on a list: there, too.
    await page.goto(scene.address('#'));
    await scene.listener.say('b01/alert', payloads.alertOf(state, { rev: 2, seq: 900, phase: 'end', state: 'ended' }), { retain: false });
    await scene.listener.say('b01/alarm/spo2_low', '');
    await sleep(500);
    await ranNothing(scene, page);
});

boardTest('the page itself lets no script in that is not its own', async (scene) => {
    await scene.openBroker();
    await payloads.sayQuietWard(scene.listener, new Date(), 1);
    const page = await openWard(scene, await scene.page());
    const refused = await page.evaluate(() => new Promise((resolve) => {
        const found = [];
        document.addEventListener('securitypolicyviolation', (event) => found.push(event.effectiveDirective));
        const inline = document.createElement('script');
        inline.textContent = 'window.ran = 3';
        const foreign = document.createElement('script');
        foreign.src = 'http://127.0.0.1:9/x.js';
        const picture = document.createElement('div');
        picture.innerHTML = '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = 4"><a href="javascript:window.ran = 5" id="link">x</a>';
        document.body.append(inline, foreign, picture);
        document.getElementById('link').click();
        setTimeout(() => resolve([window.ran, ...found.sort()]), 500);
    }));
    assert.equal(refused[0], undefined, 'a script that was put into the page ran');
    for (const directive of ['script-src-elem', 'script-src-attr', 'img-src']) {
        assert.ok(refused.includes(directive), `${directive} is not held: ${refused}`);
    }
});

const now = () => new Date();
const good = (bed) => payloads.vitals(now(), bed, { spo2: 55 });
const state = (more) => payloads.alarm(now(), 'b01', 'hr_high', more);
const without = (object, key) => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

// [topic, payload]: nothing of it may be shown, neither as a value of 55 nor as an alarm hr_high, nor as another bed.
const NONSENSE = [
    ['b01/vitals', 'no JSON at all'],
    ['b01/vitals', '{"schema":"1","at":'],
    ['b01/vitals', 'null'],
    ['b01/vitals', '[]'],
    ['b01/vitals', '55'],
    ['b01/vitals', '"55"'],
    ['b01/vitals', '{}'],
    ['b01/vitals', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ['b01/vitals', Buffer.concat([Buffer.from('{"spo2":55,"x":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])],
    ['b01/vitals', { ...good('b01'), schema: '2' }],
    ['b01/vitals', { ...good('b01'), schema: 1 }],
    ['b01/vitals', without(good('b01'), 'schema')],
    ['b01/vitals', { ...good('b01'), bed: 'b02' }],
    ['b01/vitals', without(good('b01'), 'stay')],
    ['b01/vitals', { ...good('b01'), stay: 7 }],
    ['b01/vitals', { ...good('b01'), at: 'yesterday' }],
    ['b01/vitals', { ...good('b01'), expires_at: '9999' }],
    ['b01/vitals', { ...good('b01'), expires_at: null }],
    ['b01/vitals', without(good('b01'), 'expires_at')],
    ['b01/vitals', { ...good('b01'), observed: 'spo2' }],
    ['b01/vitals', JSON.stringify(good('b01')).replace('"spo2":55', '"spo2":1e999')],
    ['b01/vitals', { ...good('b01'), schema: '3', more: 'x'.repeat(130000) }],
    ['b01/alarm/hr_high', state({ text: 'x'.repeat(130000) })],
    ['b01/vitals', '['.repeat(100000)],
    ['b01/vitals/more', good('b01')],
    ['b01/alarm/hr_high', state({ schema: '9' })],
    ['b01/alarm/hr_high', state({ priority: 'red' })],
    ['b01/alarm/hr_high', state({ bed: 'b02' })],
    ['b01/alarm/hr_high', state({ text: 5 })],
    ['b01/alarm/hr_high', state({ text: { toString: 'x' } })],
    ['b01/alarm/hr_high', state({ raised_at: {} })],
    ['b01/alarm/hr_high', without(state({}), 'id')],
    ['b01/alarm/hr_high', '\u0000'],
    ['b01/settings', { ...payloads.settings(now(), 'b01'), rules: [] , class: 7 }],
    ['b01/settings', '{"__proto__":{"polluted":1},"schema":"1"}'],
    ['b01/score/news2', { ...payloads.score(now(), 'b01', 55), parts: 7 }],
    ['__proto__/vitals', { ...good('b01'), bed: '__proto__' }],
    ['constructor/alarm/hr_high', { ...state({}), bed: 'constructor', schema: '3' }],
    ['1-bed/vitals', { ...good('b01'), bed: '1-bed' }],
    ['/vitals', good('b01')],
    [' /vitals', good('b01')],
    ['b\u{1F6CF}/vitals', good('b01')],
    [`${'b'.repeat(300)}/vitals`, good('b01')],
    ['gateway/vitals', good('gateway')],
    [`gateway/${payloads.GATEWAY}/status`, '{"state":"offline"}'],
    [`gateway/${payloads.GATEWAY}/status`, { ...payloads.status(now()), state: 'asleep' }],
    [`gateway/${payloads.GATEWAY}/health`, { ...payloads.health(now()), at: [] }],
    [`gateway/${payloads.GATEWAY}/ward`, { ...payloads.ward(now(), []), list: [{ bed: MARKUP }], beds: null }],
];

boardTest('what is malformed, of another version, too large or on an odd topic changes nothing', async (scene) => {
    await scene.openBroker();
    const { listener } = scene;
    await payloads.sayQuietWard(listener, now(), 2);
    const page = await openWard(scene, await scene.page());
    await showsValue(page, 'b01', 'spo2', '97');
    for (const [topic, payload] of NONSENSE) {
        await listener.say(topic, payload, { retain: false });
    }
    // All of it has been taken once something that came behind it is shown.
    await listener.say('b02/vitals', payloads.vitals(now(), 'b02', { spo2: 95 }), { qos: 0 });
    await showsValue(page, 'b02', 'spo2', '95');
    assert.ok(!(await liveNumbers(page)).some((one) => / 55$|∞|Infinity|NaN/.test(one)), `${await liveNumbers(page)}`);
    assert.deepEqual((await page.locator('[data-tile]').evaluateAll((tiles) => tiles.map((tile) => tile.dataset.bed))).sort(), ['b01', 'b02']);
    assert.equal(await alarmOf(page, 'b01', 'hr_high').count(), 0);
    await bedIs(page, 'b01', 'live');
    assert.equal(await page.evaluate(() => ({}).polluted), undefined);
    await ranNothing(scene, page);
    // What keeps coming does not, either: a flood of it leaves the page at work.
    for (let i = 0; i < 3000; i++) {
        listener.client.publish(`${listener.base}/b01/vitals`, `{"schema":"1","spo2":${i}`, { qos: 0 });
    }
    const change = payloads.alarm(now(), 'b02', 'spo2_low');
    await listener.say('b02/alarm/spo2_low', change);
    await expectSeen(alarmOf(page, 'b02', 'spo2_low'), 3);
    await ranNothing(scene, page);
});

boardTest('what is unknown in a payload is passed over, the rest is shown', async (scene) => {
    await scene.openBroker();
    await payloads.sayQuietWard(scene.listener, now(), 1);
    const page = await openWard(scene, await scene.page());
    await scene.listener.say('b01/vitals', { ...payloads.vitals(now(), 'b01', { spo2: 94, dreams: 3 }), more: { a: [1] }, note: MARKUP });
    await showsValue(page, 'b01', 'spo2', '94');
    await scene.listener.say('b01/alarm/new_rule', payloads.alarm(now(), 'b01', 'new_rule',
        { text: 'A rule nobody heard of', advice: '', priority: 'medium', delays: null, colour: 'green' }));
    await expectSeen(alarmOf(page, 'b01', 'new_rule'));
    await ranNothing(scene, page);
});
