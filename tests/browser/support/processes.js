// The programs of a test: each with a log of its own, ended by its process id, whatever becomes of the test.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PATH = `${process.env.PATH}:/usr/sbin`; // where Debian has mosquitto

// Resolves to what `done` gives once that is truthy.
export async function waitFor(what, done, seconds = 15) {
    const end = performance.now() + seconds * 1000;
    for (;;) {
        const found = await done();
        if (found) {
            return found;
        }
        if (performance.now() > end) {
            throw new Error(`not within ${seconds} s: ${what}`);
        }
        await sleep(20);
    }
}

function isFree(port) {
    return new Promise((resolve) => {
        const probe = createServer();
        probe.once('error', () => resolve(false));
        probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
}

const SLOT = Number(process.env.TEST_SLOT || 0) % 20; // no other test has the same at the same time

// The first of so many free ports in a row, below those that the system hands out itself.
export async function freePorts(count) {
    for (let attempt = 0; attempt < 50; attempt++) {
        const first = 12000 + SLOT * 1000 + Math.floor(Math.random() * 950);
        const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
        if (free.every(Boolean)) {
            return first;
        }
    }
    throw new Error('no free ports');
}

export class Process {
    constructor(words, log, environment = {}) {
        this.log = log;
        const output = openSync(log, 'a');
        this.child = spawn(words[0], words.slice(1), {
            stdio: ['ignore', output, output],
            env: { ...process.env, PATH, ...environment },
        });
        closeSync(output);
        this.ended = new Promise((resolve) => {
            this.child.once('exit', (status, signal) => resolve(status ?? signal));
            this.child.once('error', (error) => resolve(error.message));
        });
        this.ended.then((how) => (this.how = how));
    }

    said() {
        return readFileSync(this.log, 'utf8');
    }

    signal(name) {
        if (this.how === undefined) {
            this.child.kill(name);
        }
    }

    async stop(name = 'SIGTERM') {
        this.signal('SIGCONT');
        this.signal(name);
        const late = setTimeout(() => this.signal('SIGKILL'), 5000);
        await this.ended;
        clearTimeout(late);
        return this.how;
    }
}
