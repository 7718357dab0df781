#!/usr/bin/env -S node --test-reporter=spec
// From the page to the gateway and back: what people tell it is done, shown, and refused in words.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOn, answerTo, commandButton, confirm, expectAnswer, limitOf, openBed, pageOf, sayWho } from './support/bed_page.js';
import { alarmOf, bedIs, openWard, showsValue } from './support/board.js';
import { expectGone, expectSeen, expectState, timed } from './support/expect.js';
import * as payloads from './support/payloads.js';
import { waitFor } from './support/processes.js';
import { boardTest } from './support/run.js';

const replies = (scene, bed, command) => scene.listener.all(`${bed}/reply`).filter((reply) => reply.command === command);

boardTest('acknowledge: from the page to the gateway, and back to every screen', async (scene) => {
    await scene.openAll(2);
    const other = await openWard(scene, await scene.page());
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    await scene.ward('b01 value spo2 84');
    await expectSeen(alarmOn(page, 'spo2_low'));
    await commandButton(alarmOn(page, 'spo2_low'), 'acknowledge').click();
    await sayWho(page);
    const took = await timed(async () => {
        await expectState(alarmOn(page, 'spo2_low'), 'data-inactivation', 'acknowledged');
        await expectState(alarmOf(other, 'b01', 'spo2_low'), 'data-inactivation', 'acknowledged');
    });
    console.log(`acknowledged on both screens after ${took.toFixed(2)} s`);
    await expectAnswer(page, 'acknowledge', 'accepted');
    assert.deepEqual(replies(scene, 'b01', 'acknowledge').map((reply) => reply.accepted), [true]);
    const alarm = scene.listener.newest('b01/alarm/spo2_low');
    assert.equal(alarm.inactivation, 'acknowledged');
    await expectGone(commandButton(alarmOn(page, 'spo2_low'), 'acknowledge'));
    const [sent] = scene.listener.all('b01/command/charge');
    assert.equal(sent.by, 'n-17');
    assert.equal(sent.alarm_id, alarm.id);
    assert.deepEqual(scene.faults(), []);
});

boardTest('a limit: set within its bounds, in force at once, and given back', async (scene) => {
    await scene.openAll(1);
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    await scene.ward('b01 value spo2 92');
    await limitOf(page, 'spo2_low').locator('[data-action="change"]').click();
    const form = page.locator('form[data-command="set_limit"]');
    await form.locator('[name="value"]').fill('50'); // the rule allows 80 to 95
    await form.locator('[type="submit"]').click();
    await expectState(form.locator('[name="value"]'), 'aria-invalid', 'true');
    await form.locator('[name="value"]').fill('94');
    await form.locator('[type="submit"]').click();
    await sayWho(page);
    await confirm(page);
    await expectAnswer(page, 'set_limit', 'accepted');
    await expectState(limitOf(page, 'spo2_low'), 'data-source', 'set');
    assert.match(await limitOf(page, 'spo2_low').locator('[data-limit]').innerText(), /^94\b/);
    await expectSeen(alarmOn(page, 'spo2_low'));
    assert.equal(scene.listener.newest('b01/settings').rules.spo2_low.parameters.limit.value, 94);
    await limitOf(page, 'spo2_low').locator('[data-action="reset"]').click();
    await confirm(page);
    await expectAnswer(page, 'reset_limit', 'accepted');
    await expectState(limitOf(page, 'spo2_low'), 'data-source', 'default');
    await expectGone(alarmOn(page, 'spo2_low'));
});

boardTest('a pause of the audio, and its end', async (scene) => {
    await scene.openAll(1);
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    await scene.ward('b01 value spo2 84');
    await commandButton(alarmOn(page, 'spo2_low'), 'pause').click();
    await sayWho(page);
    await expectState(alarmOn(page, 'spo2_low'), 'data-inactivation', 'audio_paused');
    await expectAnswer(page, 'pause', 'accepted');
    await waitFor('the settings tell of it', () => scene.listener.newest('b01/settings').pauses.length === 1, 3);
    const resume = pageOf(page, 'b01').locator('button[data-command="resume"]').first();
    await resume.click();
    if (await page.locator('dialog[data-dialog="confirm"][open]').isVisible()) {
        await confirm(page);
    }
    await expectAnswer(page, 'resume', 'accepted');
    await expectState(alarmOn(page, 'spo2_low'), 'data-inactivation', 'none');
});

boardTest('an observation: entered, answered, shown, and counted in the score', async (scene) => {
    await scene.openAll(1);
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    const form = page.locator('form[data-command="observe"]');
    await form.locator('[name="consciousness"]').selectOption('voice');
    await form.locator('[name="oxygen_flow"]').fill('4');
    await form.locator('[type="submit"]').click();
    await sayWho(page);
    await confirm(page);
    await waitFor('both are taken', () => replies(scene, 'b01', 'observe').filter((reply) => reply.accepted).length === 2, 5);
    await expectAnswer(page, 'observe', 'accepted');
    const score = await waitFor('the score has them', () => {
        const newest = scene.listener.newest('b01/score/news2');
        return newest?.parts.consciousness && newest.parts.oxygen && newest;
    }, 5);
    assert.equal(score.parts.consciousness.value, 'voice');
    assert.equal(score.parts.consciousness.points, 3);
    assert.equal(await form.locator('[name="oxygen_flow"]').inputValue(), '', 'what was taken is no longer in the form');
    // What nobody can mean does not even go out.
    await form.locator('[name="oxygen_flow"]').fill('400');
    await form.locator('[type="submit"]').click();
    await expectState(form.locator('[name="oxygen_flow"]'), 'aria-invalid', 'true');
    assert.equal(replies(scene, 'b01', 'observe').length, 2);
    assert.deepEqual(scene.faults(), []);
});

// A gateway that is only said answers as a test wants it to.
async function openSaid(scene, answer) {
    await scene.openBroker();
    const now = new Date();
    await payloads.sayQuietWard(scene.listener, now, 1);
    const alarm = payloads.alarm(now, 'b01', 'spo2_low');
    await scene.listener.say('b01/alarm/spo2_low', alarm);
    scene.listener.client.on('message', (topic, bytes) => {
        if (topic.includes('/command/')) {
            answer(JSON.parse(bytes.toString()));
        }
    });
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    await expectSeen(alarmOn(page, 'spo2_low'));
    await scene.listener.say(`gateway/${payloads.GATEWAY}/health`, payloads.health(new Date(), ['b01']), { qos: 0 }); // the time
    await sleep(300);
    return page;
}

boardTest('a refused command says why', async (scene) => {
    const why = 'the alarm has moved on: its rev is <b>3</b>';
    const page = await openSaid(scene, (command) => scene.listener.say('b01/reply', {
        schema: '1', id: command.id, command: command.command, bed: 'b01', stay: command.stay, accepted: false, reason: 'rev', text: why,
        at: new Date().toISOString(), gateway: payloads.GATEWAY, boot: 'd7816fe3',
    }, { retain: false }));
    await commandButton(alarmOn(page, 'spo2_low'), 'acknowledge').click();
    await sayWho(page);
    await expectAnswer(page, 'acknowledge', 'refused');
    assert.ok((await answerTo(page, 'acknowledge').innerText()).includes(why), 'the gateway\'s own words');
    await expectState(alarmOn(page, 'spo2_low'), 'data-inactivation', 'none', 0.1);
    assert.deepEqual(scene.faults(), []);
});

boardTest('a command that nobody answers is not done, and says so; a late answer counts', async (scene) => {
    let command;
    const page = await openSaid(scene, (sent) => { command = sent; });
    await commandButton(alarmOn(page, 'spo2_low'), 'acknowledge').click();
    await sayWho(page);
    await expectAnswer(page, 'acknowledge', 'waiting', 2);
    const took = await timed(() => expectAnswer(page, 'acknowledge', 'unanswered', 13));
    assert.ok(took > 8 && took < 12, `given up after ${took} s`);
    await expectState(alarmOn(page, 'spo2_low'), 'data-inactivation', 'none', 0.1);
    assert.equal(scene.listener.all('b01/command/charge').length, 1, 'it is not sent again by itself');
    await scene.listener.say('b01/reply', {
        schema: '1', id: command.id, command: 'acknowledge', bed: 'b01', stay: command.stay, accepted: true, reason: null, text: 'done',
        at: new Date().toISOString(), gateway: payloads.GATEWAY, boot: 'd7816fe3',
    }, { retain: false });
    await expectAnswer(page, 'acknowledge', 'accepted', 2);
});

boardTest('without gateway or broker nothing can be sent', async (scene) => {
    await scene.openAll(1);
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    await scene.ward('b01 value spo2 84');
    const button = commandButton(alarmOn(page, 'spo2_low'), 'acknowledge');
    await expectSeen(button);
    assert.ok(await button.isEnabled());
    await scene.processes.gateway.stop('SIGKILL');
    await waitFor('the button is off', async () => !await button.isVisible() || !await button.isEnabled(), 3);
    scene.startGateway();
    await waitFor('the button is on', async () => await button.isVisible() && await button.isEnabled(), 15);
    await scene.processes.broker.stop('SIGKILL');
    await waitFor('the button is off', async () => !await button.isVisible() || !await button.isEnabled(), 3);
});

boardTest("another patient's form sends nothing to this one", async (scene) => {
    await scene.openAll(1);
    const page = await scene.page();
    await openBed(scene, page, 'b01');
    const form = page.locator('form[data-command="observe"]');
    await form.locator('[name="oxygen_flow"]').fill('4');
    const before = scene.stay('b01');
    await scene.listener.say('b01/command/charge', {
        schema: '1', id: 'leave-1', stay: before, at: new Date().toISOString(), expires_at: new Date(Date.now() + 10000).toISOString(), by: 'n-1',
        command: 'discharge',
    }, { retain: false, expires: false });
    await waitFor('another stay has begun', () => scene.stay('b01') && scene.stay('b01') !== before, 10);
    await sleep(1000);
    assert.equal(await form.locator('[name="oxygen_flow"]').inputValue(), '', 'what was typed for who has left');
    await showsOnWard(scene);
});

async function showsOnWard(scene) {
    const ward = await openWard(scene, await scene.page());
    await bedIs(ward, 'b01', 'live', 10);
    await showsValue(ward, 'b01', 'spo2', '97');
}
