// A gateway that is only said: payloads as config/schemas has them, of one ward, at any instant that a test chooses.
// For what no gateway does on demand: fixed instants for pictures, clocks that differ, 64 beds, and nonsense.

export const GATEWAY = 'gw-test';
const BOOT = 'd7816fe3';
const EPOCH = '16d64585415e1793';

export function bedName(number) {
    return `b${String(number).padStart(2, '0')}`;
}

export function stayOf(bed) {
    return Buffer.from(`stay-${bed}`.padEnd(8, '-').slice(0, 8)).toString('hex');
}

function after(at, seconds) {
    return new Date(at.getTime() + seconds * 1000).toISOString();
}

function common(at, seconds) {
    return { gateway: GATEWAY, boot: BOOT, expires_at: after(at, seconds) };
}

export function status(at, state = 'online') {
    return {
        schema: '1', state, gateway: GATEWAY, version: '0.1.0', boot: BOOT, epoch: EPOCH, connect_count: 1, at: at.toISOString(),
    };
}

export function health(at, beds = []) {
    return {
        schema: '1', at: at.toISOString(), gateway: GATEWAY, boot: BOOT, epoch: EPOCH, version: '0.1.0', uptime_s: 3600, clock: 'synced',
        uplink: { connected: true, broker: 'mqtt://127.0.0.1:1883', connects: 1, certificate_days: null,
            brokers: [{ broker: 'mqtt://127.0.0.1:1883', state: 'connected' }] },
        queue: { waiting: 0, delivered_through: 3, history: 3, omitted: 0 },
        storage: { state: 'ok', error: null, commits: 10, alerts_bytes: 49152, alerts_bytes_max: 12582912, trends_bytes: 5120,
            trends_bytes_max: 4194304, trends: 'ok', audit_newest: null },
        engine: { observations: 191, late: 0, replaced: 0, dropped: 0, journal_dropped: 0 },
        commands: { taken: 0, dropped: 0, unaudited: 0 }, watchdog: { hardware: 'not_used', service: 'not_used', stuck: [] },
        memory: { arena_bytes: 2351920 }, left_out: null,
        buses: [{ bus: 'gw-a', kind: 'modbus-tcp', state: 'open', error: null, opened: 1, requests: 29, gap_us_min: 0, busy_us: 35641,
            adapter_us: 0, unasked: 0, foreign: 0, refused: 0, connections: 0, speaks: null, monitor_count: beds.length,
            answering_count: beds.length, monitors: [] }],
        rejected: [], expires_at: after(at, 30),
    };
}

export function vitals(at, bed, values, more = {}) {
    return {
        schema: '1', at: at.toISOString(), bed, stay: stayOf(bed), ...values, observed: {}, source: {}, invalid: {}, ...common(at, 30), ...more,
    };
}

function rule(priority, vital, side, limit, settable = null) {
    const parameters = { limit: { value: limit, default: limit, overridden: false, source: 'default', settable } };
    return { priority, limit_of: vital, limit_side: side, parameters };
}

export function settings(at, bed, more = {}) {
    return {
        schema: '1', at: at.toISOString(), bed, stay: stayOf(bed), stay_start: after(at, -7200), class: 'adult', away: null,
        rules: {
            spo2_low: rule('high', 'spo2', 'low', 90, [80, 95]), hr_high: rule('medium', 'hr', 'high', 130, [100, 180]),
            resp_high: rule('low', 'resp', 'high', 30),
        },
        rules_off: [], pauses: [], oxygen: 'air', spo2_scale: 1, commands: ['nurse', 'charge'], ...common(at, 120), ...more,
    };
}

const ALARMS = {
    spo2_low: { priority: 'high', vital: 'spo2', unit: '%', limit: 90, value: 84, text: 'SpO2 below 90 %',
        advice: 'Check the probe, then airway and oxygen' },
    hr_high: { priority: 'medium', vital: 'hr', unit: '/min', limit: 130, value: 141, text: 'Heart rate above 130/min',
        advice: 'Look at the patient' },
    resp_high: { priority: 'low', vital: 'resp', unit: '/min', limit: 30, value: 33, text: 'Breathing faster than 30/min',
        advice: 'Count the breaths' },
    sensor_off: { priority: 'medium', kind: 'technical', reason: 'sensor_off', text: 'Sensor off: spo2', advice: 'Put it back on' },
    monitor_silent: { priority: 'medium', kind: 'technical', reason: 'no_answer', text: 'The monitor does not answer',
        advice: 'Check its power and cable' },
};

let serial = 0;

// An alarm's retained state; `name` is one of those above, or any other with all it needs in `more`.
export function alarm(at, bed, name, more = {}) {
    serial += 1;
    const of = { kind: 'physiological', vital: null, value: null, limit: null, unit: null, reason: null, ...ALARMS[name] };
    const began = after(at, -20);
    return {
        schema: '1', epoch: EPOCH, id: serial.toString(16).padStart(16, '0'), rev: 1, seq: serial, bed_seq: serial,
        gateway: GATEWAY, boot: BOOT, bed, stay: stayOf(bed), phase: 'start', state: 'active', inactivation: 'none',
        priority: of.priority, kind: of.kind, source: 'rule', rule: name, text: of.text, advice: of.advice, vital: of.vital,
        value: of.value, limit: of.limit, unit: of.unit, reason: of.reason,
        delays: { delay_s: 0, window_s: 0, clear_delay_s: 0, unknown_after_s: 30, escalate_s: null },
        at: began, violated_at: began, condition_at: began, raised_at: began, clock: 'synced', test: false, expires_at: after(at, 60),
        ...more,
    };
}

// The alert that an alarm's state came from, or comes to.
export function alertOf(state, more = {}) {
    const { expires_at: _, ...alert } = state;
    return { ...alert, delivery: { late: false, durable: true }, ...more };
}

export function score(at, bed, total, more = {}) {
    const band = total >= 7 ? 'high' : total >= 5 ? 'medium' : 'low';
    return {
        schema: '1', at: at.toISOString(), bed, stay: stayOf(bed), score: 'news2', title: 'National Early Warning Score 2', complete: true,
        total, band, lower_bound: total, lower_band: band, missing: [], spo2_scale: 1, oldest_at: after(at, -300), due_at: null,
        parts: { spo2: { value: 97, points: total, at: at.toISOString(), source: 'spo2', by: 'monitor' } }, ...common(at, 120), ...more,
    };
}

export function ward(at, list, more = {}) {
    const count = (key, value) => list.filter((one) => one[key] === value).length;
    return {
        schema: '1', at: at.toISOString(),
        beds: { total: list.length, occupied: list.length, vacant: 0, away: 0, not_monitored: 0, occupancy: 1,
            alarms: { high: count('alarm', 'high'), medium: count('alarm', 'medium'), low: count('alarm', 'low'), none: count('alarm', 'none') },
            bands: { low: list.length, low_medium: 0, medium: 0, high: 0, unscored: 0 } },
        list,
        staff: { shift: 'day', on_duty: 2, source: 'configuration', until: after(at, 3600), planned: 2,
            patients_per_nurse: list.length / 2, patients_per_nurse_max: 5, over_ratio: false, wte: 1.5, nurses_needed: 1.274,
            balance: 0.726, assignment: [] },
        capacity: { source: 'configuration', reason: null, arrivals_per_day: 1.5, mean_stay_days: 3, load: 4.5, no_bed_free: 0.1873,
            waiting: 0.06, queue: 0.4, wait_hours: 1.2, counted: null, trend: null },
        ...common(at, 120), ...more,
    };
}

export function bedOf(bed, more = {}) {
    return { bed, state: 'occupied', alarm: 'none', score: 'news2', band: 'low', nurse: 1, ...more };
}

const USUAL = { hr: 72, pulse: 72, spo2: 97, resp: 14, temp: 36.8 };

// The retained present of a quiet ward of so many beds: settings, values, scores, the ward's summary, health, status.
export async function sayQuietWard(listener, at, count, valuesOf = () => USUAL) {
    const beds = Array.from({ length: count }, (_, i) => bedName(i + 1));
    await listener.say(`gateway/${GATEWAY}/status`, status(at));
    await Promise.all(beds.flatMap((bed, i) => [
        listener.say(`${bed}/settings`, settings(at, bed)),
        listener.say(`${bed}/vitals`, vitals(at, bed, valuesOf(i)), { qos: 0 }),
        listener.say(`${bed}/score/news2`, score(at, bed, i % 4)),
    ]));
    await listener.say(`gateway/${GATEWAY}/ward`, ward(at, beds.map((bed) => bedOf(bed))));
    await listener.say(`gateway/${GATEWAY}/health`, health(at, beds), { qos: 0 });
    return beds;
}
