// Pictures of the page beside those that were accepted (tests/browser/pictures). The browser itself reads the PNGs.
// PICTURES=accept writes what is seen over them; a difference leaves both, and where they differ, in build/browser/pictures.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openContext } from './chromium.js';
import { ROOT } from './scene.js';

const ACCEPTED = join(ROOT, 'tests/browser/pictures');
const SEEN = join(ROOT, 'build/browser/pictures');
const CHANNEL_MOST = 48; // of 255: the edge of a letter drawn by another release of the browser
export const PIXELS_MOST = 0.0003; // of all; one number of two digits in a tile of nine is 0.0004 (pictures.test.js)

/* Runs in the page: how many pixels differ, and a picture of where. */
async function compareInPage({ one, other, most }) {
    const read = async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext('2d');
        context.drawImage(bitmap, 0, 0);
        return { canvas, context, image: context.getImageData(0, 0, bitmap.width, bitmap.height) };
    };
    const [a, b] = [await read(one), await read(other)];
    const size = (picture) => `${picture.image.width} x ${picture.image.height}`;
    if (size(a) !== size(b)) {
        return { why: `${size(b)} instead of ${size(a)}` };
    }
    let different = 0;
    for (let i = 0; i < a.image.data.length; i += 4) {
        const far = [0, 1, 2].some((k) => Math.abs(a.image.data[i + k] - b.image.data[i + k]) > most);
        different += far;
        for (let k = 0; k < 3; k++) {
            a.image.data[i + k] = far ? [255, 0, 255][k] : 128 + a.image.data[i + k] / 2;
        }
    }
    a.context.putImageData(a.image, 0, 0);
    const drawn = new Uint8Array(await (await a.canvas.convertToBlob()).arrayBuffer());
    return { share: different / (a.image.data.length / 4), drawn: btoa(drawn.reduce((text, byte) => text + String.fromCharCode(byte), '')) };
}

export async function compare(one, other) {
    const context = await openContext({});
    try {
        const page = await context.newPage();
        return await page.evaluate(compareInPage, { one: one.toString('base64'), other: other.toString('base64'), most: CHANNEL_MOST });
    } finally {
        await context.close();
    }
}

export async function expectPicture(page, name) {
    const seen = await page.screenshot({ animations: 'disabled', caret: 'hide' });
    const place = join(ACCEPTED, `${name}.png`);
    if (process.env.PICTURES === 'accept') {
        mkdirSync(ACCEPTED, { recursive: true });
        writeFileSync(place, seen);
        return;
    }
    mkdirSync(SEEN, { recursive: true });
    writeFileSync(join(SEEN, `${name}.png`), seen);
    assert.ok(existsSync(place), `no accepted picture ${name}.png; look at ${SEEN}/${name}.png, then PICTURES=accept`);
    const { share, drawn, why } = await compare(readFileSync(place), seen);
    if (drawn) {
        writeFileSync(join(SEEN, `${name}-difference.png`), Buffer.from(drawn, 'base64'));
    }
    assert.ok(why === undefined && share <= PIXELS_MOST, `${name}.png differs: ${why ?? `${(share * 100).toFixed(2)} % of its pixels`}; ` +
        `see ${SEEN}/${name}.png and ${name}-difference.png; if it is meant, PICTURES=accept`);
}
