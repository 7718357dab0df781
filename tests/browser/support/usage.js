// What a page costs, by the kernel's account of its process.
import { readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100; // USER_HZ of Linux

export function processSeconds(pid) {
    const words = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return (Number(words[11]) + Number(words[12])) / TICKS_A_SECOND;
}

// Of the only page that a browser has open: {page: its process, the youngest renderer; all: every process of the browser}.
export async function processesOf(browser) {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    return {
        page: Math.max(...processInfo.filter((one) => one.type === 'renderer').map((one) => one.id)),
        all: processInfo.map((one) => one.id),
    };
}
