// What a page comes to show, with what it showed instead.
import assert from 'node:assert/strict';

import { waitFor } from './processes.js';

export async function expectState(locator, attribute, wanted, seconds = 5) {
    let seen;
    try {
        await waitFor('', async () => {
            seen = await locator.first().getAttribute(attribute, { timeout: 200 }).catch(() => undefined);
            return seen === wanted;
        }, seconds);
    } catch {
        assert.fail(`${locator}: ${attribute} is ${seen}, not ${wanted} within ${seconds} s`);
    }
}

export async function expectGone(locator, seconds = 5) {
    await locator.first().waitFor({ state: 'hidden', timeout: seconds * 1000 });
}

export async function expectSeen(locator, seconds = 5) {
    await locator.first().waitFor({ state: 'visible', timeout: seconds * 1000 });
}

// How long until `what` is so, in seconds.
export async function timed(what) {
    const began = performance.now();
    await what();
    return (performance.now() - began) / 1000;
}
