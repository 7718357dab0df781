// The clocks of a page: wrong by some minutes, or held still so that a picture of it is the same whenever it is taken.

function shiftClocks({ offset, still }) {
    const real = { Date, origin: performance.timeOrigin, now: performance.now.bind(performance) };
    const clock = { still };
    Object.defineProperty(globalThis, 'pageClock', { value: clock });
    const wall = () => clock.still ?? real.Date.now() + offset;
    globalThis.Date = class extends real.Date {
        constructor(...words) {
            super(...(words.length > 0 ? words : [wall()]));
        }
        static now() {
            return wall();
        }
    };
    const origin = (clock.still ?? real.origin + offset) - (clock.still ? 1000 : 0);
    Object.defineProperty(performance, 'timeOrigin', { get: () => origin });
    performance.now = () => (clock.still ? clock.still - origin : real.now());
}

// Before the page is opened.
export async function offsetClock(page, minutes) {
    await page.addInitScript(shiftClocks, { offset: minutes * 60000, still: null });
}

export async function holdClock(page, at) {
    await page.addInitScript(shiftClocks, { offset: 0, still: at.getTime() });
}

export async function moveClock(page, at) {
    await page.evaluate((ms) => {
        globalThis.pageClock.still = ms;
    }, at.getTime());
}
