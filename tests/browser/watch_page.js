// watch_page.js URL: opens the board and tells, for tests/bench/board.py, when it shows what; ended by SIGTERM.
//
//     ready                                  the board has its ward
//     NANOSECONDS BED VITAL TEXT             a frame with this number was painted (CLOCK_MONOTONIC); - is no live one
//     NANOSECONDS BED alarm RULE,...         the alarms of a tile
//     used PAGE BROWSER                      cores, since `ready`, once a second: the page's process, all of the browser's
import { processesOf, processSeconds } from './support/usage.js';
import { closeBrowser, openContext } from './support/chromium.js';

// Before the page's own scripts: notes what changes in tiles, and when the frame that shows it has been painted. What
// changes inside a frame's own callbacks is in that frame, anything else in the next one.
function watchFrames() {
    let inFrame = false;
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) => request((at) => {
        inFrame = true;
        try {
            callback(at);
        } finally {
            queueMicrotask(() => { inFrame = false; });
        }
    });
    const shown = new Map();
    const note = (key, text, found) => {
        if (shown.get(key) !== text) {
            shown.set(key, text);
            found.push(`${key} ${text || '-'}`);
        }
    };
    const look = (tiles) => {
        const found = [];
        for (const tile of tiles) {
            const { bed } = tile.dataset;
            for (const vital of tile.querySelectorAll('[data-vital]')) {
                const isLive = vital.dataset.state === 'live';
                note(`${bed} ${vital.dataset.vital}`, isLive ? vital.querySelector('[data-value]')?.textContent.trim() : '', found);
            }
            note(`${bed} alarm`, [...tile.querySelectorAll('[data-alarm]')].map((alarm) => alarm.dataset.alarm).join(','), found);
        }
        return found;
    };
    const painted = (found) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.tellFrame(performance.now(), found);
        channel.port2.postMessage(null);
    };
    new MutationObserver((changes) => {
        const tiles = new Set(changes.map(({ target }) =>
            (target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement)?.closest('[data-tile]')).filter(Boolean));
        const found = tiles.size > 0 ? look(tiles) : [];
        if (found.length > 0) {
            if (inFrame) {
                painted(found);
            } else {
                request(() => painted(found));
            }
        }
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['data-state', 'data-alarm'] });
}

const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6; // CLOCK_MONOTONIC, as the ward's stamps

// What to add to the page's performance.now(): of many questions the one that was answered soonest.
async function clockOffset(page) {
    let best = { took: Infinity };
    for (let i = 0; i < 200; i++) {
        const before = monotonicMs();
        const there = await page.evaluate(() => performance.now());
        const took = monotonicMs() - before;
        if (took < best.took) {
            best = { took, offset: before + took / 2 - there };
        }
    }
    return best.offset;
}

async function main(address) {
    const context = await openContext({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'no-preference' });
    const page = await context.newPage();
    let offset = null;
    await page.exposeFunction('tellFrame', (at, found) => {
        if (offset !== null) {
            process.stdout.write(found.map((one) => `${Math.round((at + offset) * 1e6)} ${one}\n`).join(''));
        }
    });
    await page.addInitScript(watchFrames);
    await page.goto(address);
    await page.locator('[data-tile] [data-vital][data-state="live"]').first().waitFor({ timeout: 30000 });
    offset = await clockOffset(page);
    const processes = await processesOf(context.browser());
    const usage = () => [process.hrtime.bigint(), processSeconds(processes.page), processes.all.reduce((sum, pid) => sum + processSeconds(pid), 0)];
    const first = usage();
    process.stdout.write('ready\n');
    setInterval(() => {
        const [at, own, all] = usage();
        const took = Number(at - first[0]) / 1e9;
        process.stdout.write(`used ${(own - first[1]) / took} ${(all - first[2]) / took}\n`);
    }, 1000);
}

process.on('SIGTERM', () => closeBrowser().finally(() => process.exit(0)));
await main(process.argv[2]);
