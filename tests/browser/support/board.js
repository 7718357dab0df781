// Where things are on the page: its data attributes, by which it is tested. No test names them itself, nor any text.
import { expectState } from './expect.js';

export const tileOf = (page, bed) => page.locator(`[data-tile][data-bed="${bed}"]`);
export const vitalOf = (page, bed, vital) => tileOf(page, bed).locator(`[data-vital="${vital}"]`);
export const alarmOf = (page, bed, rule) => tileOf(page, bed).locator(`[data-alarm="${rule}"]`);
export const unseenOf = (page, bed, rule) => page.locator(`[data-list="unseen"] [data-entry][data-bed="${bed}"][data-rule="${rule}"]`);
export const bannerOf = (page, name) => page.locator(`[data-banner="${name}"]`);

// Every number that a page shows as live, as "bed vital number".
export function liveNumbers(page) {
    return page.evaluate(() => [...document.querySelectorAll('[data-vital][data-state="live"]')]
        .filter((vital) => vital.checkVisibility())
        .map((vital) => `${vital.closest('[data-bed]')?.dataset.bed} ${vital.dataset.vital} ${vital.querySelector('[data-value]')?.textContent.trim()}`));
}

export async function bedIs(page, bed, state, seconds = 5) {
    await expectState(tileOf(page, bed), 'data-state', state, seconds);
}

export async function showsValue(page, bed, vital, text, seconds = 5) {
    await expectState(vitalOf(page, bed, vital), 'data-state', 'live', seconds);
    await page.waitForFunction(([selector, wanted]) => document.querySelector(selector)?.textContent.trim() === wanted,
        [`[data-tile][data-bed="${bed}"] [data-vital="${vital}"] [data-value]`, text], { timeout: seconds * 1000 });
}

export async function openWard(scene, page, query = '') {
    await page.goto(scene.address(query));
    await page.locator('html[data-link="connected"]').waitFor();
    return page;
}
