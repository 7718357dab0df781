// support.js: payloads as a gateway publishes them, for the tests of the board's model.
export const BASE = "wardgate/st-marys/w7e";
export const GATEWAY = "gw-7e";
export const BOOT = "d7816fe3";
export const STAY = "89abcdef01234567";
export const NEXT_STAY = "89abcdef01234568";
export const T0 = Date.parse("2026-01-02T03:00:00.000Z");

export const iso = (ms) => new Date(ms).toISOString();

const common = (at, lifeS) => ({ gateway: GATEWAY, boot: BOOT, expires_at: iso(at + lifeS * 1000) });

export const vitals = (at, values, more = {}) => ({
  schema: "1", at: iso(at), bed: "b12", stay: STAY, ...values, observed: {}, source: {}, invalid: {}, ...common(at, 30), ...more,
});

export const settings = (at, more = {}) => ({
  schema: "1", at: iso(at), bed: "b12", stay: STAY, stay_start: iso(at), class: "adult", away: null,
  rules: { spo2_low: { priority: "medium", limit_of: "spo2", limit_side: "low", parameters: { limit: { value: 90, default: 90, overridden: false, source: "default", settable: [85, 95] } } } },
  rules_off: [], pauses: [], oxygen: null, spo2_scale: 1, commands: [], ...common(at, 120), ...more,
});

export const alarm = (at, more = {}) => ({
  schema: "1", epoch: "0123456789abcdef", id: "00000000000000a1", rev: 1, seq: 10, bed_seq: 3, gateway: GATEWAY, boot: BOOT, bed: "b12",
  stay: STAY, phase: "start", state: "active", inactivation: "none", priority: "high", kind: "physiological", source: "rule",
  rule: "spo2_low", text: "SpO2 below 90 %", advice: "Check the probe", vital: "spo2", value: 84, limit: 90, unit: "%", reason: null,
  delays: {}, at: iso(at), violated_at: iso(at), condition_at: iso(at), raised_at: iso(at), clock: "synced", test: false,
  expires_at: iso(at + 60000), ...more,
});

export function alert(at, more = {}) {
  const { expires_at: _, ...rest } = alarm(at, more);
  return { ...rest, delivery: { late: false, durable: true, ...more.delivery } };
}

export const status = (at, state = "online", more = {}) => ({
  schema: "1", state, gateway: GATEWAY, version: "0.1.0", boot: BOOT, epoch: "0123456789abcdef", connect_count: 1, at: iso(at), ...more,
});

export const health = (at) => ({ schema: "1", at: iso(at), gateway: GATEWAY, boot: BOOT, clock: "synced", expires_at: iso(at + 30000) });

export const score = (at, total, more = {}) => ({
  schema: "1", at: iso(at), bed: "b12", stay: STAY, score: "news2", title: "NEWS2", complete: true, total, band: "low", lower_bound: total,
  lower_band: "low", missing: [], spo2_scale: 1, oldest_at: null, due_at: null, parts: {}, ...common(at, 120), ...more,
});

export const summary = (at, beds) => ({
  schema: "1", at: iso(at), beds: { total: beds.length, occupied: 0, vacant: 0, away: 0, not_monitored: 0 },
  list: beds.map((bed) => ({ bed, nurse: null })), staff: null, capacity: null, ...common(at, 120),
});

/** Says something to a ward, as a broker would; `at` is when it arrives, by the screen's clock. */
export function sayTo(ward, clock) {
  return (topic, payload, { retained = false, expirySeconds = null } = {}) =>
    ward.receive(`${BASE}/${topic}`, typeof payload === "string" ? payload : JSON.stringify(payload), { retained, expirySeconds }, clock.now);
}
