#!/usr/bin/env node
// ask.js import FLOW BROKER_PORT USER PASSWORD   imports the flow through Node-RED's admin API, with the broker filled in as its README says
// ask.js shown WIDGET                            prints what the dashboard shows in that widget, as a browser that loads now would get it
// ask.js page PATH                               prints what a browser gets there
// Of the Node-RED at NODE_RED_PORT. Rows are printed one a line, as JSON.
'use strict';
const fs = require('fs');

const url = `http://127.0.0.1:${process.env.NODE_RED_PORT}`;

async function ask(path, options) {
    const answer = await fetch(url + path, options);
    if (!answer.ok) {
        throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer.status === 204 ? null : answer.json();
}

async function importFlow(file, port, user, password) {
    const flow = JSON.parse(fs.readFileSync(file, 'utf8'));
    const broker = flow.find((node) => node.type === 'mqtt-broker');
    broker.broker = '127.0.0.1';
    broker.port = port;
    broker.credentials = { user, password };
    await ask('/flows', { method: 'POST', headers: { 'content-type': 'application/json', 'node-red-deployment-type': 'full' }, body: JSON.stringify(flow) });
    const kinds = new Set((await ask('/nodes', { headers: { accept: 'application/json' } })).flatMap((set) => set.enabled && !set.err ? set.types : []));
    const missing = flow.filter((node) => node.type !== 'tab' && !kinds.has(node.type));
    if (missing.length > 0) {
        throw new Error('no such nodes here: ' + missing.map((node) => node.type).join(' '));
    }
}

// As a browser does: socket.io over HTTP long polling, then `widget-load`.
async function shown(widget) {
    const path = '/dashboard/socket.io/?EIO=4&transport=polling';
    const poll = async (sid) => (await fetch(`${url}${path}&sid=${sid}`)).text();
    const post = (sid, body) => fetch(`${url}${path}&sid=${sid}`, { method: 'POST', headers: { 'content-type': 'text/plain;charset=UTF-8' }, body });
    const sid = JSON.parse((await (await fetch(url + path)).text()).slice(1)).sid;
    await post(sid, '40');
    await post(sid, '42' + JSON.stringify(['widget-load', widget, {}]));
    for (let i = 0; i < 50; i++) {
        for (const packet of (await poll(sid)).split('\x1e')) {
            const event = packet.startsWith('42') ? JSON.parse(packet.slice(2)) : [];
            if (event[0] === 'widget-load:' + widget) {
                await post(sid, '41');
                return { message: event[1], state: event[2] };
            }
            if (packet === '2') {
                await post(sid, '3');
            }
        }
    }
    throw new Error('the dashboard does not answer for ' + widget);
}

async function main() {
    const [what, ...words] = process.argv.slice(2);
    if (what === 'import') {
        await importFlow(...words);
    } else if (what === 'page') {
        const answer = await fetch(url + words[0]);
        console.log(await answer.text());
        process.exitCode = answer.ok ? 0 : 1;
    } else {
        const { message, state } = await shown(words[0]);
        const payload = message ? message.payload : undefined;
        const look = { payload: payload === undefined ? null : payload, ...(state || {}) };
        console.log(Array.isArray(payload) ? payload.map((row) => JSON.stringify(row)).join('\n') : JSON.stringify(look));
    }
}

main().catch((fault) => {
    console.error('ask.js: ' + fault.message);
    process.exit(1);
});
