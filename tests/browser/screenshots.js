// screenshots.js FOLDER: pictures of a real run of the demo for the README: the ward with alarms, a bed, a phone at night,
// and `wardgate status --watch`.
// What the simulated patients do differs from run to run; the pictures are for people, not for comparison.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { closeBrowser, openContext } from './support/chromium.js';
import { Process, waitFor } from './support/processes.js';
import { terminalMarkup } from './support/terminal.js';

const WATCHED_S = 200; // sparklines have something to show by then, and alarms have come and gone
const MOST_S = 420;

const folder = process.argv[2];
const logs = mkdtempSync(join(tmpdir(), 'wardgate-screenshots.'));
const demo = new Process(['tests/ward/demo.sh'], join(logs, 'demo.log'), { DEMO_SECONDS: String(MOST_S) });
try {
    mkdirSync(folder, { recursive: true });
    const [address] = await waitFor('the demo tells where its board is', () => demo.said().match(/http:\/\/127\.0\.0\.1:\d+\/\S*/), 30);
    const wall = await open(address, { viewport: { width: 1760, height: 990 } });
    const phone = await open(address, { viewport: { width: 390, height: 780 }, colorScheme: 'dark' });
    await sleep(WATCHED_S * 1000);
    const high = '[data-tile][data-priority="high"]';
    await wall.locator(high).first().waitFor({ timeout: 90000 });
    await take(wall, 'ward');
    await take(phone, 'phone');
    await takeTerminal(demo.said().match(/status -c (\S+)/)[1]);
    const bed = await wall.locator(high).first().getAttribute('data-bed');
    await wall.evaluate((id) => { location.hash = `#bed/${id}`; }, bed);
    await wall.locator('[data-view="bed"]').waitFor();
    await sleep(2000);
    await take(wall, 'bed');
} catch (error) {
    console.error(`screenshots: ${error.message}\n${demo.said().slice(-2000)}`);
    process.exitCode = 1;
} finally {
    await closeBrowser();
    await demo.stop();
    rmSync(logs, { recursive: true, force: true });
}

async function open(address, options) {
    const page = await (await openContext(options)).newPage();
    await page.goto(address);
    await page.locator('[data-tile]').first().waitFor({ timeout: 30000 });
    return page;
}

// Of a terminal of its own: what the program wrote, painted by the browser.
async function takeTerminal(configuration) {
    const [rows, cols] = [34, 104];
    const record = join(logs, 'terminal');
    const command = `stty rows ${rows} cols ${cols}; exec ${process.env.WARDGATE} status --watch -c ${configuration}`;
    const terminal = new Process(['script', '-qfec', command, record], join(logs, 'script.log'),
        { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', SHELL: '/bin/sh' });
    await sleep(4000);
    const text = readFileSync(record, 'utf8').replace(/^Script started.*\n/, '');
    await terminal.stop();
    const page = await (await openContext({})).newPage();
    await page.setContent(terminalMarkup(text, rows, cols));
    await page.locator('#screen').screenshot({ path: join(folder, 'terminal.png') });
    console.log(`${folder}/terminal.png`);
}

async function take(page, name) {
    await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
    console.log(`${folder}/${name}.png`);
}
