// What is known of the ward, as rows for tables, gauges of the chosen bed, and a line of text. What has expired is not shown.
// Texts are escaped only for the line: it is the one widget that would take them for markup.
const EXPIRED_FORGOTTEN_MS = 10 * 60 * 1000;
const PRIORITIES = { high: 3, medium: 2, low: 1, none: 0 };
const MARKS = { high: '!!!', medium: '!!', low: '!', none: '' };
const PLACES = { temp: 1 };

const state = flow.get('ward') || { beds: {}, alarms: {}, gateways: {}, history: [], seen: [], faults: 0, fault: '' };
const broker = flow.get('broker') !== false;
const now = Date.now();

function escape(text) {
    const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
    return String(text).replace(/[&<>"']/g, (character) => names[character]);
}

function isLost(gateway) {
    const known = Object.hasOwn(state.gateways, gateway) ? state.gateways[gateway] : undefined;
    return !broker || known === undefined || !known.online || known.until < now;
}

function rank(alarm) {
    const priority = PRIORITIES[alarm.priority] || 0;
    return priority * 2 + (alarm.inactivation === 'none' ? 1 : 0);
}

function isLive(bed) {
    return bed.until >= now && !isLost(bed.gateway);
}

function value(bed, key) {
    if (!isLive(bed)) {
        return 'no data';
    }
    if (Object.hasOwn(bed.values, key)) {
        return bed.values[key].toFixed(PLACES[key] || 0);
    }
    return Object.hasOwn(bed.invalid, key) ? bed.invalid[key].replace(/_/g, ' ') : '';
}

function pressure(bed) {
    const high = value(bed, 'nibp_sys');
    return Object.hasOwn(bed.values, 'nibp_sys') && isLive(bed) ? high + '/' + value(bed, 'nibp_dia') : high;
}

function described(alarm) {
    const done = alarm.inactivation === 'none' ? '' : ' (' + alarm.inactivation.replace(/_/g, ' ') + ')';
    return (MARKS[alarm.priority] || '') + ' ' + (alarm.test ? 'TEST ' : '') + alarm.text + done;
}

for (const [topic, alarm] of Object.entries(state.alarms)) {
    if (alarm.until < now - EXPIRED_FORGOTTEN_MS) {
        delete state.alarms[topic];
    }
}
for (const [place, bed] of Object.entries(state.beds)) {
    if (bed.until < now - EXPIRED_FORGOTTEN_MS && !isLost(bed.gateway)) {
        delete state.beds[place]; // its gateway is there and no longer tells of it
    }
}

// An alarm of another stay is another patient's; one that has expired is not known to be there any more.
const alarms = Object.values(state.alarms)
    .filter((alarm) => alarm.until >= now)
    .filter((alarm) => !state.beds[alarm.place] || !alarm.stay || !state.beds[alarm.place].stay ||
        alarm.stay === state.beds[alarm.place].stay)
    .sort((a, b) => rank(b) - rank(a) || b.raisedAt.localeCompare(a.raisedAt));

const beds = Object.entries(state.beds).map(([place, bed]) => {
    const own = alarms.filter((alarm) => alarm.place === place && !alarm.partOf);
    const lost = isLost(bed.gateway);
    return {
        rank: lost ? 9 : own.length > 0 ? rank(own[0]) : 0,
        row: {
            bed: bed.bed, ward: bed.ward,
            alarm: lost ? 'GATEWAY LOST' : own.length > 0 ? described(own[0]) + (own.length > 1 ? ' +' + (own.length - 1) : '') : '',
            hr: value(bed, 'hr'), spo2: value(bed, 'spo2'), resp: value(bed, 'resp'), nibp: pressure(bed), temp: value(bed, 'temp'),
        },
    };
}).sort((a, b) => b.rank - a.rank || a.row.bed.localeCompare(b.row.bed, 'en', { numeric: true }));

const alarmRows = alarms.map((alarm) => ({
    mark: MARKS[alarm.priority] || '', bed: alarm.bed, text: described(alarm).replace(/^[! ]+/, ''), advice: alarm.advice,
    partOf: alarm.partOf ? 'part of ' + alarm.partOf : '', since: alarm.raisedAt.slice(11, 19),
}));
const historyRows = state.history.map((alert) => ({
    at: alert.at.slice(0, 19).replace('T', ' '), bed: alert.bed, mark: MARKS[alert.priority] || '', phase: alert.phase + (alert.late ? ', late' : ''),
    text: alert.text,
}));

const lostOnes = Object.keys(state.gateways).filter((gateway) => isLost(gateway) && !state.gateways[gateway].moved);
const words = [];
if (!broker) {
    words.push('THIS SCREEN HAS LOST THE BROKER: nothing here is current');
} else if (Object.keys(state.gateways).length === 0) {
    words.push('no gateway has been heard yet');
} else if (lostOnes.length > 0) {
    words.push('GATEWAY LOST: ' + lostOnes.join(', '));
} else {
    words.push('connected to ' + Object.keys(state.gateways).join(', '));
}
if (state.faults > 0) {
    words.push(state.faults + ' messages were not understood, last ' + state.fault);
}

const ids = beds.map((bed) => bed.row.bed).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
const chosen = ids.includes(flow.get('chosen')) ? flow.get('chosen') : ids[0];
const chosenBed = Object.values(state.beds).find((bed) => bed.bed === chosen);

// A gauge without a current value is not seen: an empty one would look like 0.
function gauge(key, title) {
    const has = chosenBed && isLive(chosenBed) && Object.hasOwn(chosenBed.values, key);
    return has ? { payload: chosenBed.values[key], visible: true, ui_update: { title: title + ' ' + chosen } } : { payload: null, visible: false };
}

flow.set('ward', state);
return [
    { payload: beds.map((bed) => bed.row) },
    { payload: alarmRows },
    { payload: historyRows },
    { payload: escape(words.join('. ')) },
    { ui_update: { options: ids.map((id) => ({ label: id, value: id })) } },
    gauge('hr', 'Heart rate'),
    gauge('spo2', 'SpO2'),
    gauge('resp', 'Respiration'),
];
