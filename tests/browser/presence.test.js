#!/usr/bin/env -S node --test-reporter=spec
// That a screen is there, can be seen and can be heard: as it tells the gateways, and as they take it.
import assert from 'node:assert/strict';

import { bedIs, openWard } from './support/board.js';
import { waitFor } from './support/processes.js';
import { boardTest } from './support/run.js';

// The screens that are there now: {name: what it says}.
function screens(listener) {
    const topics = new Set(listener.heard.map((one) => one.topic).filter((topic) => topic.startsWith('board/')));
    return Object.fromEntries([...topics].map((topic) => [topic.slice('board/'.length), listener.newest(topic)]).filter(([, told]) => told));
}

boardTest('a screen tells that it is there, under a name of its own, and that it has gone', async (scene) => {
    await scene.openAll(1);
    const page = await openWard(scene, await scene.page());
    const other = await openWard(scene, await scene.page(), '?board=desk-2');
    await bedIs(page, 'b01', 'live');
    await waitFor('both are there', () => Object.keys(screens(scene.listener)).length === 2, 5);
    const told = screens(scene.listener)['desk-2'];
    assert.deepEqual([told.schema, told.board, told.visible], ['1', 'desk-2', true]);
    assert.ok(Math.abs(Date.parse(told.at) - Date.now()) < 10000);
    await waitFor('the gateway counts them', () => {
        const boards = scene.listener.newest('gateway/gw-test/health')?.boards;
        return boards?.there === 2 && boards.looking === 2 && boards.bad === 0;
    }, 12);
    await other.close();
    await waitFor('its will says that it has gone', () => !('desk-2' in screens(scene.listener)), 3);
    assert.equal(Object.keys(screens(scene.listener)).length, 1);
    assert.deepEqual(scene.faults(), []);
});
