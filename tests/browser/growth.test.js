#!/usr/bin/env -S node --test-reporter=spec
// 64 beds at 1 Hz: the page neither grows nor keeps a processor busy. BOARD_MINUTES=5 for the whole of it.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { openWard, showsValue } from './support/board.js';
import * as payloads from './support/payloads.js';
import { boardTest } from './support/run.js';
import { processesOf, processSeconds } from './support/usage.js';

const MINUTES = Number(process.env.BOARD_MINUTES || 1);
const BEDS = 64;
const SETTLE_S = 15;
const HEAP_GROWTH_MOST = 1.5e6; // bytes; a leak of one payload a message is 30 times that in a minute
const CPU_MOST = 0.3; // of a core, on a machine that does other things, too; `make bench` has the limit

// Every bed says something new each second, evenly spread, as gateways do; one alarm comes and goes.
function talk(listener) {
    let turn = 0;
    let alarm;
    const say = (topic, payload, options) => listener.say(topic, payload, options).catch(() => {});
    return setInterval(() => {
        const bed = payloads.bedName(turn % BEDS + 1);
        const at = new Date();
        const wave = Math.round(10 * Math.sin(turn / 50));
        say(`${bed}/vitals`, payloads.vitals(at, bed, { hr: 80 + wave, pulse: 80 + wave, spo2: 96, resp: 15, temp: 36.8, abp_sys: 120 + wave,
            abp_dia: 70, abp_mean: 87 }), { qos: 0 });
        if (turn % (10 * BEDS) === 0) {
            say(`gateway/${payloads.GATEWAY}/health`, payloads.health(at), { qos: 0 });
        }
        if (turn % (6 * BEDS) === 0) {
            alarm = payloads.alarm(at, bed, 'spo2_low');
            say(`${bed}/alarm/spo2_low`, alarm);
            say(`${bed}/alert`, payloads.alertOf(alarm), { retain: false });
        } else if (turn % (6 * BEDS) === 3 * BEDS) {
            say(`${alarm.bed}/alarm/spo2_low`, '');
            say(`${alarm.bed}/alert`, payloads.alertOf(alarm, { rev: 2, phase: 'end', state: 'ended', at: at.toISOString() }), { retain: false });
        }
        turn += 1;
    }, 1000 / BEDS);
}

async function measure(session) {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map((one) => [one.name, one.value]));
}

boardTest(`64 beds at 1 Hz for ${MINUTES} min`, async (scene) => {
    await scene.openBroker();
    await payloads.sayQuietWard(scene.listener, new Date(), BEDS);
    const page = await openWard(scene, await scene.page({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'no-preference' }));
    await showsValue(page, 'b64', 'spo2', '97');
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const { page: renderer } = await processesOf(page.context().browser());
    const timer = talk(scene.listener);
    try {
        await sleep(SETTLE_S * 1000);
        const before = await measure(session);
        const usedBefore = processSeconds(renderer);
        const began = performance.now();
        await sleep(MINUTES * 60000);
        const took = (performance.now() - began) / 1000;
        const used = processSeconds(renderer) - usedBefore;
        const after = await measure(session);
        const cpu = used / took;
        const busy = (after.TaskDuration - before.TaskDuration) / (after.Timestamp - before.Timestamp);
        const grown = after.JSHeapUsedSize - before.JSHeapUsedSize;
        console.log(`the page takes ${(cpu * 100).toFixed(1)} % of a core (tasks of its main thread last ${(busy * 100).toFixed(1)} % of the time); ` +
            `heap ${(after.JSHeapUsedSize / 1e6).toFixed(2)} MB (${(grown / 1e3).toFixed(0)} kB more), ` +
            `nodes ${after.Nodes} (${before.Nodes}), listeners ${after.JSEventListeners} (${before.JSEventListeners})`);
        assert.equal(await page.locator('[data-tile]').count(), BEDS);
        assert.ok(grown < HEAP_GROWTH_MOST, `the heap has grown by ${grown} bytes`);
        // An alarm more or less, and the list of the unseen, which has an end.
        assert.ok(after.Nodes - before.Nodes < 400 + 60 * MINUTES * 3, `nodes: ${before.Nodes}, then ${after.Nodes}`);
        assert.ok(after.JSEventListeners - before.JSEventListeners <= 50, `listeners: ${before.JSEventListeners}, then ${after.JSEventListeners}`);
        assert.ok(cpu < CPU_MOST, `the page keeps ${cpu} of a core busy`);
        assert.deepEqual(scene.faults(), []);
    } finally {
        clearInterval(timer);
    }
}, (MINUTES + 2) * 60000);
