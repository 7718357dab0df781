// One browser for each file of tests, a context for each page: nothing is shared between tests.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const FONTS = new URL('../fonts.conf', import.meta.url).pathname;
const FLAGS = [
    '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
    // The same pixels on any machine.
    '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb',
    // Sound needs no click in the test that has none.
    '--autoplay-policy=document-user-activation-required',
    '--enable-precise-memory-info', '--js-flags=--expose-gc',
];

function findChromium() {
    const places = (process.env.CHROMIUM ? [process.env.CHROMIUM] : []).concat(
        process.env.PATH.split(':').flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name))));
    const found = places.find((place) => existsSync(place));
    if (!found) {
        throw new Error('no Chromium: toolchain/install-dependencies browser, or its path in CHROMIUM');
    }
    return found;
}

let browser;

export async function openBrowser() {
    browser ??= await chromium.launch({
        executablePath: findChromium(), args: FLAGS, env: { ...process.env, FONTCONFIG_FILE: FONTS },
    });
    return browser;
}

export async function openContext(options) {
    const context = await (await openBrowser()).newContext({
        viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'UTC', colorScheme: 'light', reducedMotion: 'reduce',
        ...options,
    });
    context.setDefaultTimeout(10000);
    return context;
}

export async function closeBrowser() {
    await browser?.close();
    browser = undefined;
}
