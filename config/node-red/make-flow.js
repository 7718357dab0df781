#!/usr/bin/env node
// make-flow.js [--check]: writes flow.json, which Node-RED imports, out of its functions (take.js, show.js) and the nodes below.
// --check: fails when the file is another one.
'use strict';
const fs = require('fs');
const path = require('path');

const read = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8');
const TAB = 'wg-tab';
let order = 0;

const base = { id: 'wg-base', type: 'ui-base', name: 'wardgate', path: '/dashboard', includeClientData: true, acceptsClientConfig: ['ui-notification', 'ui-control'], showPathInSidebar: false, headerContent: 'page', navigationStyle: 'none', titleBarStyle: 'default' };
const theme = { id: 'wg-theme', type: 'ui-theme', name: 'ward', colors: { surface: '#fcfcfd', primary: '#0d74ce', bgPage: '#f9f9fb', groupBg: '#ffffff', groupOutline: '#d9d9e0' }, sizes: { density: 'default', pagePadding: '12px', groupGap: '12px', groupBorderRadius: '4px', widgetGap: '12px' } };
const page = { id: 'wg-page', type: 'ui-page', name: 'Ward', ui: base.id, path: '/ward', icon: 'hospital', layout: 'grid', theme: theme.id, order: 1, className: '', visible: true, disabled: false };
const group = (id, name, width) => ({ id, type: 'ui-group', name, page: page.id, width, height: 1, order: ++order, showTitle: true, className: '', visible: true, disabled: false, groupType: 'default' });
const groups = [group('wg-group-ward', 'Ward', 12), group('wg-group-alarms', 'Alarms now', 12), group('wg-group-bed', 'One bed', 12), group('wg-group-history', 'Alerts, the newest first', 12)];

// Cells of the type text are shown as text, whatever stands in them.
const columns = (list) => list.map(([key, title, align]) => ({ title, key, keyType: 'key', type: 'text', width: '', align: align || 'start' }));
const table = (id, name, inGroup, list, y) => ({ id, type: 'ui-table', z: TAB, group: inGroup, name, label: name, order: 2, width: 12, height: 0, maxrows: 0, passthru: false, autocols: false, showSearch: false, deselect: true, selectionType: 'none', columns: columns(list), mobileBreakpoint: 'sm', mobileBreakpointType: 'defaults', action: 'replace', className: '', x: 780, y, wires: [[]] });
const text = (id, name, at, y) => ({ id, type: 'ui-text', z: TAB, group: 'wg-group-ward', order: at, width: 12, height: 1, name, label: '', format: '{{msg.payload}}', layout: 'row-left', style: false, font: '', fontSize: 16, color: '#717171', wrapText: true, className: '', value: 'payload', valueType: 'msg', x: 780, y, wires: [] });
const gauge = (id, title, units, min, max, at, y) => ({ id, type: 'ui-gauge', z: TAB, name: title, group: 'wg-group-bed', order: at, value: 'payload', valueType: 'msg', width: 4, height: 3, gtype: 'gauge-half', gstyle: 'needle', title, alwaysShowTitle: true, floatingTitlePosition: 'top-left', units, icon: '', prefix: '', suffix: '', segments: [{ from: String(min), color: '#9bb1c9' }], min, max, sizeThickness: 16, sizeGap: 4, sizeKeyThickness: 8, styleRounded: true, styleGlow: false, className: '', x: 780, y, wires: [[]] });
const code = (id, name, file, outputs, x, y, wires) => ({ id, type: 'function', z: TAB, name, func: read(file), outputs, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [], x, y, wires });

const flow = [
    { id: TAB, type: 'tab', label: 'wardgate', disabled: false, info: 'Beds, alarms and alerts of a ward, from wardgate\'s topics. Secondary information: do not rely on it for alarms.\n\nSet the broker, and the topic of `ward topics`; see README.md beside this file.', env: [] },
    { id: 'wg-broker', type: 'mqtt-broker', name: 'ward broker', broker: '127.0.0.1', port: '1883', tls: '', clientid: '', autoConnect: true, usetls: false, protocolVersion: '5', keepalive: '15', cleansession: true, autoUnsubscribe: true, birthTopic: '', birthQos: '0', birthPayload: '', birthMsg: {}, closeTopic: '', closeQos: '0', closePayload: '', closeMsg: {}, willTopic: '', willQos: '0', willPayload: '', willMsg: {}, userProps: '', sessionExpiry: '' },
    base, theme, page, ...groups,
    { id: 'wg-in', type: 'mqtt in', z: TAB, name: 'ward topics', topic: 'wardgate/+/+/#', qos: '1', datatype: 'utf8', broker: 'wg-broker', nl: false, rap: true, rh: 0, inputs: 0, x: 110, y: 60, wires: [['wg-take']] },
    code('wg-take', 'take', 'take.js', 1, 290, 60, [['wg-show']]),
    { id: 'wg-tick', type: 'inject', z: TAB, name: 'every second', props: [], repeat: '1', crontab: '', once: true, onceDelay: 0.5, topic: '', x: 120, y: 140, wires: [['wg-show']] },
    code('wg-show', 'show', 'show.js', 8, 490, 140, [['wg-beds'], ['wg-alarms'], ['wg-history'], ['wg-state'], ['wg-choose'], ['wg-gauge-hr'], ['wg-gauge-spo2'], ['wg-gauge-resp']]),
    { id: 'wg-status', type: 'status', z: TAB, name: 'the broker', scope: ['wg-in'], x: 100, y: 220, wires: [['wg-link']] },
    { id: 'wg-link', type: 'function', z: TAB, name: 'connected?', func: 'flow.set(\'broker\', msg.status.fill === \'green\');\nreturn { topic: \'changed\' };', outputs: 1, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [], x: 290, y: 220, wires: [['wg-show']] },
    { id: 'wg-start', type: 'inject', z: TAB, name: 'notice', props: [{ p: 'payload' }], repeat: '', crontab: '', once: true, onceDelay: 0.1, topic: '', payload: 'Secondary information: do not rely on it for alarms. Watch the monitors themselves.', payloadType: 'str', x: 500, y: 40, wires: [['wg-notice']] },
    text('wg-notice', 'notice', 1, 40),
    table('wg-beds', 'Beds', 'wg-group-ward', [['bed', 'Bed'], ['alarm', 'Alarm'], ['hr', 'HR /min', 'end'], ['spo2', 'SpO2 %', 'end'], ['resp', 'RR /min', 'end'], ['nibp', 'NIBP mmHg', 'end'], ['temp', 'Temp °C', 'end'], ['ward', 'Ward']], 80),
    table('wg-alarms', 'Alarms', 'wg-group-alarms', [['mark', ''], ['bed', 'Bed'], ['text', 'Alarm'], ['advice', 'Advice'], ['since', 'Since (UTC)'], ['partOf', '']], 120),
    table('wg-history', 'Alerts', 'wg-group-history', [['at', 'At (UTC)'], ['bed', 'Bed'], ['mark', ''], ['phase', 'What'], ['text', 'Alarm']], 160),
    text('wg-state', 'state', 3, 200),
    { id: 'wg-choose', type: 'ui-dropdown', z: TAB, group: 'wg-group-bed', name: 'bed', label: 'Bed', tooltip: '', order: 1, width: 12, height: 0, passthru: false, multiple: false, chips: false, clearable: false, options: [], payload: '', topic: 'topic', topicType: 'msg', className: '', typeIsComboBox: true, msgTrigger: 'onChange', x: 770, y: 240, wires: [['wg-chosen']] },
    { id: 'wg-chosen', type: 'function', z: TAB, name: 'chosen', func: 'flow.set(\'chosen\', String(msg.payload));\nreturn { topic: \'changed\' };', outputs: 1, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [], x: 930, y: 240, wires: [['wg-show']] },
    gauge('wg-gauge-hr', 'Heart rate', '/min', 0, 250, 2, 280),
    gauge('wg-gauge-spo2', 'SpO2', '%', 50, 100, 3, 320),
    gauge('wg-gauge-resp', 'Respiration', '/min', 0, 60, 4, 360),
];

const file = path.join(__dirname, 'flow.json');
const made = JSON.stringify(flow, null, 4) + '\n';
if (process.argv[2] === '--check') {
    if (fs.readFileSync(file, 'utf8') !== made) {
        console.error('wardgate: config/node-red/flow.json is not what make-flow.js makes, run `node config/node-red/make-flow.js`');
        process.exit(1);
    }
} else {
    fs.writeFileSync(file, made);
}
