// boardTest(NAME, BODY): a test with a scene of its own, which is kept when it fails and always stopped.
import { after, test } from 'node:test';

import { closeBrowser } from './chromium.js';
import { Scene } from './scene.js';

after(closeBrowser);

export function boardTest(name, body, timeout = 90000) {
    test(name, { timeout }, async () => {
        const scene = new Scene(name);
        try {
            await body(scene);
        } catch (error) {
            await scene.keep(error);
            throw error;
        } finally {
            await scene.close();
        }
    });
}
