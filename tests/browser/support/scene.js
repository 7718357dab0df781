// What a test of the board stands on: a broker that serves the page, a simulated ward, the gateway, a listener, pages.
// Everything lives in a folder of its own; what a failed test leaves is kept in build/browser/failed.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { openContext } from './chromium.js';
import { Listener } from './listener.js';
import { freePorts, Process, waitFor } from './processes.js';

export const ROOT = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
const BUILD = process.env.BUILD ?? join(ROOT, 'build');
const GATEWAY = process.env.WARDGATE ?? join(BUILD, 'wardgate');
const WARD = process.env.WARD ?? join(BUILD, 'tests/ward');
const BOARD = process.env.BOARD ?? join(ROOT, 'build/board');
export const BASE = 'wardgate/test/w1';

// Alarms that come with the value and go with it, one of each priority.
const RULES = `rules:
  spo2_low:
    {when: spo2 < limit, limit: 90, settable: {limit: [80, 95]}, priority: high,
     text: "SpO2 below {limit} %", advice: "Check the probe, then airway and oxygen"}
  hr_high:
    {when: hr > limit, limit: 130, settable: {limit: [100, 180]}, priority: medium,
     text: "Heart rate above {limit}/min", advice: "Look at the patient"}
  resp_high:
    {when: resp > limit, limit: 30, priority: low, text: "Breathing faster than {limit}/min", advice: "Count the breaths"}
`;

export class Scene {
    constructor(name) {
        this.name = name;
        this.settings = {}; // of board.json
        this.folder = mkdtempSync(join(process.env.TEST_DIR || tmpdir(), 'wardgate-board.'));
        this.processes = {};
        this.contexts = [];
        this.console = [];
    }

    path(name) {
        return join(this.folder, name);
    }

    start(name, words, environment) {
        this.processes[name] = new Process(words, this.path(`${name}.log`), environment);
        return this.processes[name];
    }

    // ---- broker ----

    async openBroker() {
        if (!existsSync(join(BOARD, 'index.html'))) {
            throw new Error(`no board in ${BOARD}, run this through make test-browser`);
        }
        // As a hospital would: the page, and beside it what this screen shows.
        cpSync(BOARD, this.path('board'), { recursive: true });
        writeFileSync(this.path('board/board.json'), JSON.stringify({ base: BASE, board: 'desk-1', role: 'charge', ...this.settings }));
        this.port = await freePorts(5);
        this.webPort = this.port + 1;
        const lines = [
            `listener ${this.port} 127.0.0.1`,
            `listener ${this.webPort} 127.0.0.1`, 'socket_domain ipv4', 'protocol websockets', `http_dir ${this.path('board')}`,
            'allow_anonymous true', 'persistence false', 'set_tcp_nodelay true', 'max_queued_messages 100000',
            'max_packet_size 131072', // as config/broker/mosquitto.conf; behind a larger one its websockets stand still
            ...(process.getuid() === 0 ? ['user root'] : []), // else it could not read the page
        ];
        writeFileSync(this.path('broker.conf'), lines.join('\n') + '\n');
        await this.startBroker();
        this.listener = new Listener(this.port, BASE);
        await this.listener.open();
    }

    async startBroker() {
        this.start('broker', ['mosquitto', '-c', this.path('broker.conf')]);
        await waitFor('the broker answers', () => this.answers());
    }

    answers() {
        return new Promise((resolve) => {
            const probe = createConnection(this.webPort, '127.0.0.1');
            probe.once('connect', () => resolve(probe.end() && true));
            probe.once('error', () => resolve(false));
        });
    }

    // ---- ward ----

    // Monitors b01, b02 ... of one adult each, on a link of their own.
    async openWard(beds) {
        const names = Array.from({ length: beds }, (_, i) => `b${String(i + 1).padStart(2, '0')}`);
        this.beds = names;
        const port = this.port + 2;
        writeFileSync(this.path('ward.conf'), `control ${this.path('ward.sock')}\ntcp gw-a 127.0.0.1:${port} turnaround=1ms\n` +
            names.map((name, i) => `monitor ${name} gw-a ${i + 1} generated seed=${i + 1}\n`).join(''));
        const ward = this.start('ward', [WARD, '-q', this.path('ward.conf')]);
        await waitFor('the ward is ready', () => ward.said().includes('ward: ready'));
        this.control = createConnection(this.path('ward.sock'));
        this.control.on('error', () => {}); // a question without an answer says so
        this.answersOfWard = createInterface({ input: this.control })[Symbol.asyncIterator]();
        for (const name of names) {
            await this.ward(`${name} value hr 72 spo2 97 resp 14 temp 36.8`);
        }
        this.wardPort = port;
        this.copyConfig();
        this.keepBeds(names);
    }

    async ward(command) {
        this.control.write(command + '\n');
        const { value } = await this.answersOfWard.next();
        if (value !== 'ok') {
            throw new Error(`the ward says ${value} (${command})`);
        }
    }

    // ---- gateway ----

    copyConfig() {
        for (const kind of ['profiles', 'models']) {
            cpSync(join(ROOT, 'config', kind), this.path(kind), { recursive: true });
        }
        // Asked five times a second: what the board takes is to be measured, not how long a monitor waits for its turn.
        const profile = this.path('profiles/generic-vitals.yaml');
        writeFileSync(profile, readFileSync(profile, 'utf8').replace(/^poll_interval: .*$/m, 'poll_interval: 200ms'));
        mkdirSync(this.path('rules'));
        writeFileSync(this.path('rules/board.yaml'), RULES);
    }

    // The configuration has these beds.
    keepBeds(names) {
        const number = (name) => Number(name.slice(1));
        writeFileSync(this.path('wardgate.yaml'), 'gateway: {id: gw-test, site: test, ward: w1}\n' +
            `store: {path: ${this.path('store')}, size: 16MiB}\nuplink: {brokers: ["mqtt://127.0.0.1:${this.port}"]}\n` +
            'stay_after: 1s\ncommands: {enabled: true, roles: [nurse, charge]}\nrules: [rules/board.yaml]\n' +
            `buses:\n  gw-a: {kind: modbus-tcp, host: 127.0.0.1, port: ${this.wardPort}}\nbeds:\n` +
            names.map((name) => `  ${name}: {bus: gw-a, address: ${number(name)}, profile: generic-vitals, class: adult}\n`).join(''));
    }

    startGateway() {
        return this.start('gateway', [GATEWAY, 'run', '-c', this.path('wardgate.yaml')]);
    }

    // Broker, ward and gateway; every bed has a patient and values.
    async openAll(beds = 3) {
        await this.openBroker();
        await this.openWard(beds);
        this.startGateway();
        for (const bed of this.beds) {
            await waitFor(`${bed} has values`, () => this.listener.newest(`${bed}/vitals`)?.spo2 && this.stay(bed));
        }
    }

    stay(bed) {
        return this.listener.newest(`${bed}/vitals`)?.stay;
    }

    // ---- pages ----

    address(query = '') {
        return `http://127.0.0.1:${this.webPort}/${query}`;
    }

    // A page that is not opened yet; what it says is kept.
    async page(options = {}) {
        const context = await openContext(options);
        this.contexts.push(context);
        const page = await context.newPage();
        page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
        page.on('pageerror', (error) => this.console.push(`uncaught: ${error.stack ?? error}`));
        return page;
    }

    // What the page must never have said, whatever was done to it. A lost broker is told by the browser itself.
    faults() {
        return this.console.filter((line) => /^(uncaught|error):/.test(line) && !/WebSocket connection to|ERR_CONNECTION/.test(line));
    }

    // ---- end ----

    async keep(error) {
        const folder = join(ROOT, 'build/browser/failed', this.name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 80));
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        const pages = this.contexts.flatMap((context) => context.pages());
        for (const [i, page] of pages.entries()) {
            await page.screenshot({ path: join(folder, `page-${i}.png`), timeout: 5000 }).catch(() => {});
            writeFileSync(join(folder, `page-${i}.html`), await page.content().catch(() => ''));
        }
        writeFileSync(join(folder, 'console.txt'), this.console.join('\n') + '\n');
        writeFileSync(join(folder, 'messages.txt'), (this.listener?.heard ?? []).map((one) => `${one.topic} ${one.text}\n`).join(''));
        for (const name of ['broker', 'ward', 'gateway']) {
            if (existsSync(this.path(`${name}.log`))) {
                writeFileSync(join(folder, `${name}.log`), readFileSync(this.path(`${name}.log`)));
            }
        }
        error.message += `\n(pictures, console and logs: ${folder})`;
    }

    async close() {
        this.control?.destroy();
        await Promise.all(this.contexts.map((context) => context.close().catch(() => {})));
        await this.listener?.close().catch(() => {});
        for (const name of ['gateway', 'ward', 'broker']) {
            await this.processes[name]?.stop();
        }
        rmSync(this.folder, { recursive: true, force: true });
    }
}
