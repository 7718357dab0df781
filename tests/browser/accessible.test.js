#!/usr/bin/env -S node --test-reporter=spec
// For whoever sees badly, uses no mouse, or has the page read out: axe-core finds nothing, and the keyboard reaches all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

import { alarmOf, bedIs, openWard, tileOf } from './support/board.js';
import { expectSeen, expectState } from './support/expect.js';
import * as payloads from './support/payloads.js';
import { boardTest } from './support/run.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function violations(page) {
    await page.evaluate(AXE);
    const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags } }), RULES);
    return found.violations.map((one) => `${one.id} (${one.impact}): ${one.help}: ` +
        one.nodes.slice(0, 3).map((node) => `${node.target} ${node.any.map((check) => check.message).slice(0, 1)}`).join('; '));
}

// Every state that looks different: quiet, each priority, acknowledged, not monitored, without data, vacant, an unseen one.
async function openStates(scene, options) {
    await scene.openBroker();
    const { listener } = scene;
    const now = new Date();
    await payloads.sayQuietWard(listener, now, 8);
    for (const [bed, rule, more] of [
        ['b01', 'spo2_low', {}], ['b02', 'hr_high', {}], ['b03', 'resp_high', {}], ['b04', 'spo2_low', { inactivation: 'acknowledged', rev: 2 }],
        ['b05', 'monitor_silent', {}],
    ]) {
        await listener.say(`${bed}/alarm/${rule}`, payloads.alarm(now, bed, rule, more));
    }
    await listener.say('b05/vitals', payloads.vitals(now, 'b05', {}, { invalid: { hr: 'no_answer', spo2: 'no_answer' } }));
    await listener.say('b06/vitals', payloads.vitals(new Date(Date.now() - 40000), 'b06', { spo2: 97 }), { expires: false });
    await listener.say('b07/settings', payloads.settings(now, 'b07', { stay: null, stay_start: null }));
    await listener.say('b07/vitals', payloads.vitals(now, 'b07', {}, { stay: null }));
    await listener.say('b07/score/news2', '');
    const page = await openWard(scene, await scene.page(options));
    await expectSeen(alarmOf(page, 'b01', 'spo2_low'));
    const brief = payloads.alarm(now, 'b08', 'spo2_low');
    await listener.say('b08/alarm/spo2_low', brief);
    await expectSeen(alarmOf(page, 'b08', 'spo2_low'));
    await listener.say('b08/alert', payloads.alertOf(brief, { rev: 2, phase: 'end', state: 'ended' }), { retain: false });
    await listener.say('b08/alarm/spo2_low', '');
    await bedIs(page, 'b08', 'live');
    await sleep(500);
    return page;
}

for (const [name, options] of [
    ['light, English', {}],
    ['dark, English', { colorScheme: 'dark' }],
    ['light, Chinese', { locale: 'zh-CN' }],
    ['dark, Chinese, on a phone', { colorScheme: 'dark', locale: 'zh-CN', viewport: { width: 390, height: 844 } }],
    ['light, English, on a phone', { viewport: { width: 390, height: 844 } }],
]) {
    boardTest(`axe-core finds nothing: ${name}`, async (scene) => {
        const page = await openStates(scene, options);
        const lang = await page.locator('html').getAttribute('lang');
        assert.equal(lang.slice(0, 2), (options.locale ?? 'en').slice(0, 2), 'the language is told');
        assert.deepEqual(await violations(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.ok(!wide, 'nothing lies beside the screen');
        await page.goto(scene.address('#bed/b01'));
        await expectState(page.locator('body'), 'data-view', 'bed');
        await sleep(500);
        assert.deepEqual(await violations(page), []);
        assert.ok(!await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), 'nothing lies beside the screen');
        await scene.processes.broker.stop('SIGKILL');
        await expectState(page.locator('html'), 'data-link', 'lost');
        await sleep(500);
        assert.deepEqual(await violations(page), [], 'without the broker');
        assert.deepEqual(scene.faults(), []);
    });
}

boardTest('axe-core would find something', async (scene) => {
    const page = await openStates(scene);
    await page.evaluate(() => { document.querySelector('main, body').insertAdjacentHTML('beforeend', '<button></button>'); });
    assert.ok((await violations(page)).some((one) => one.startsWith('button-name')));
});

// What has the focus, and whether it, or its tile, has a ring that shows it.
const focused = (page) => page.evaluate(() => {
    const element = document.activeElement;
    const ring = [element, element.closest('[data-tile]')].filter(Boolean).map((one) => getComputedStyle(one));
    return { bed: element.closest('[data-tile]')?.dataset.bed, tag: element.tagName, field: element.name, action: element.dataset.action,
        seen: ring.some((style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) };
});

boardTest('the keyboard reaches every bed, its page, and back', async (scene) => {
    const page = await openStates(scene);
    const reached = new Set();
    for (let i = 0; i < 60 && reached.size < 8; i++) {
        await page.keyboard.press('Tab');
        const here = await focused(page);
        assert.ok(here.tag === 'BODY' || here.seen, `the focus is not seen: ${JSON.stringify(here)}`);
        if (here.bed) {
            reached.add(here.bed);
        }
    }
    assert.equal(reached.size, 8, `only ${[...reached]}`);
    await tileOf(page, 'b01').evaluate((tile) => (tile.matches('a, button, [tabindex]') ? tile : tile.querySelector('a, button, [tabindex]')).focus());
    await page.keyboard.press('Enter');
    await expectState(page.locator('body'), 'data-view', 'bed');
    const fields = new Set();
    for (let i = 0; i < 80; i++) {
        await page.keyboard.press('Tab');
        const here = await focused(page);
        assert.ok(here.tag === 'BODY' || here.seen, `the focus is not seen: ${JSON.stringify(here)}`);
        fields.add(`${here.tag} ${here.action ?? here.field ?? ''}`);
    }
    const all = await page.evaluate(() => [...document.querySelectorAll('[data-view] :is(button, input, select)')]
        .filter((one) => one.checkVisibility() && !one.disabled && !one.closest('details:not([open])')).length);
    assert.ok(fields.size > 5 && all > 5, `few things to reach: ${[...fields]}`);
    await page.keyboard.press('Escape');
    await expectState(page.locator('body'), 'data-view', 'ward');
});
