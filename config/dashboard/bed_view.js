// bed_view.js: what there is to show of one bed at one instant. Pure: the same ward and the same instant give the same view.
//
// condition  live           values come, and at least one continuous vital is valid
//            not_monitored  somebody is in the bed, the gateway is there, and no continuous vital is valid
//            no_data        nothing is heard of the bed's values, or they have run out
//            away, vacant   as the gateway says
//            waiting        only just heard of
//            gateway_lost   its gateway is lost, or has moved to another broker
//            screen_lost    this screen has no broker
import { VITALS, vitalOf } from "./vitals.js";

const RANK = { none: 0, low: 1, medium: 2, high: 3 };
const BAND = { low: 0, low_medium: 1, medium: 2, high: 3 };
const WAIT_MS = 5000;
const byName = new Intl.Collator("en", { numeric: true }).compare;

function conditionOf(ward, bed, gateway, now, areVitalsLive) {
  if (ward.connection.state !== "connected") return "screen_lost";
  const state = gateway?.state(now) ?? "waiting";
  if (state === "lost" || state === "moved") return "gateway_lost";
  if (bed.boot !== null && gateway?.boot !== null && gateway?.boot !== undefined && bed.boot !== gateway.boot) return "waiting";
  if (bed.settings?.away && bed.settings.stay === bed.stay) return "away";
  if (!areVitalsLive) return ward.isSettling || now - ward.connection.since < WAIT_MS ? "waiting" : "no_data";
  if (bed.stay === null) return "vacant";
  return isWatched(bed.vitals) ? "live" : "not_monitored";
}

const isWatched = (vitals) => [...vitals.values.keys()].some((name) => vitalOf(name)?.kind === "continuous");

// Somebody has taken it on, or paused it: it is shown, and calls nobody. Without its sound it still calls the eye.
const isAnswered = (alarm) => alarm.inactivation === "acknowledged" || alarm.inactivation === "alarm_paused";

// The highest first; of those that are as high what nobody has acknowledged, then the newest.
function byUrgency(a, b) {
  return (
    RANK[b.priority] - RANK[a.priority] ||
    isAnswered(a) - isAnswered(b) ||
    b.raisedAt - a.raisedAt ||
    byName(a.name, b.name)
  );
}

// The limits of each vital, of the rules that compare it with one and ask nothing else: the lowest of the high ones and the
// highest of the low ones are those that a value meets first.
function limitsIn(settings) {
  const limits = new Map();
  for (const { limitOf, limitSide, parameters } of settings.rules.values()) {
    const value = parameters.get("limit")?.value ?? null;
    if (limitOf === null || limitSide === null || value === null) continue;
    const of = limits.get(limitOf) ?? { low: null, high: null };
    const nearer = limitSide === "low" ? Math.max : Math.min;
    limits.set(limitOf, { ...of, [limitSide]: of[limitSide] === null ? value : nearer(of[limitSide], value) });
  }
  return limits;
}

const found = new WeakMap(); // settings → their limits: drawn often, changed seldom

function limitsOf(settings, vital) {
  if (settings === null) return { low: null, high: null };
  if (!found.has(settings)) found.set(settings, limitsIn(settings));
  return found.get(settings).get(vital) ?? { low: null, high: null };
}

function vitalView(bed, name, isLive, alarms) {
  const { vitals, settings } = bed;
  const value = vitals?.values.get(name) ?? null;
  const observedAt = vitals?.observed.get(name);
  const raised = alarms.filter((alarm) => alarm.vital === name && alarm.priority !== "none");
  return {
    vital: name,
    value,
    live: isLive && value !== null,
    ...limitsOf(settings, name),
    priority: raised[0]?.priority ?? "none",
    acknowledged: raised.length > 0 && raised.every(isAnswered),
    invalid: value === null ? (vitals?.invalid.get(name) ?? null) : null,
    observedAt: observedAt ?? null,
    ageUnknown: observedAt === null,
    source: vitals?.source.get(name) ?? null,
  };
}

function vitalsOf(bed, isLive, alarms) {
  const known = new Set([...(bed.vitals?.values.keys() ?? []), ...(bed.vitals?.invalid.keys() ?? [])]);
  for (const alarm of alarms) if (alarm.vital !== null && vitalOf(alarm.vital) !== null) known.add(alarm.vital);
  return VITALS.filter(({ name }) => known.has(name)).map(({ name }) => vitalView(bed, name, isLive, alarms));
}

function news2Of(ward, bed, now) {
  const message = bed.message("score/news2");
  if (message === null || message.payload.stay !== bed.stay || bed.stay === null) return null;
  const { total, band, complete, lowerBound, lowerBand, missing, dueAt } = message.payload;
  const clock = ward.gateways.get(bed.gateway)?.clock;
  const live = clock !== undefined && now <= bed.liveUntil("score/news2", clock);
  const time = ward.gatewayTime(bed.gateway, now);
  return { total, band, complete, lowerBound, lowerBand, missing, live, isDue: dueAt !== null && dueAt < time };
}

function marksOf(bed, alarms, time) {
  const marks = [];
  const { settings } = bed;
  const pauses = settings?.stay === bed.stay ? settings.pauses.filter((pause) => pause.until > time) : [];
  const isOn = (what) => pauses.some((pause) => pause.what === what);
  if (isOn("alarm") || alarms.some((alarm) => alarm.rule === "alarms_paused")) marks.push("alarm_paused");
  if (isOn("audio")) marks.push("audio_paused");
  if (settings !== null && settings.rulesOff.length > 0) marks.push("rules_off");
  if (alarms.some((alarm) => alarm.test)) marks.push("test");
  if (alarms.some((alarm) => alarm.reason === "unverified")) marks.push("unverified");
  return marks;
}

/** What there is to show of the bed; null: there is no such bed. */
export function bedView(ward, id, now) {
  const bed = ward.beds.get(id);
  if (bed === undefined) return null;
  const gateway = ward.gateways.get(bed.gateway) ?? null;
  const time = ward.gatewayTime(bed.gateway, now);
  const areVitalsLive = gateway !== null && now <= bed.liveUntil("vitals", gateway.clock);
  const condition = conditionOf(ward, bed, gateway, now, areVitalsLive);
  const isLive = (condition === "live" || condition === "not_monitored" || condition === "away" || condition === "vacant") && areVitalsLive;
  const alarms = [...bed.alarms.values()].filter((alarm) => bed.isOfStay(alarm)).sort(byUrgency);
  const signalled = alarms.filter((alarm) => alarm.priority !== "none");
  return {
    bed: id,
    gateway: bed.gateway,
    gatewayState: gateway?.state(now) ?? "waiting",
    stay: bed.stay,
    class: bed.settings?.class ?? null,
    awayUntil: bed.settings?.away?.until ?? null,
    condition,
    live: isLive,
    alarms,
    top: alarms[0] ?? null,
    priority: signalled[0]?.priority ?? "none",
    signal: signalled.find((alarm) => !isAnswered(alarm))?.priority ?? "none",
    vitals: vitalsOf(bed, isLive, alarms),
    news2: news2Of(ward, bed, now),
    at: bed.vitals?.at ?? null,
    ageMs: bed.vitals === null ? null : Math.max(0, time - bed.vitals.at),
    marks: marksOf(bed, alarms, time),
  };
}

// ---- which bed needs somebody most

const UNWATCHED = ["not_monitored", "no_data", "gateway_lost"];

/** 8 high, 7 medium, 6 not monitored, 5 low; what somebody has taken on 4 to 2; then 1 occupied, 0 away or vacant. */
export function severityOf(view) {
  if (view.signal !== "none") return { high: 8, medium: 7, low: UNWATCHED.includes(view.condition) ? 6 : 5 }[view.signal];
  if (UNWATCHED.includes(view.condition)) return 6;
  if (view.priority !== "none") return RANK[view.priority] + 1;
  return view.condition === "vacant" || view.condition === "away" ? 0 : 1;
}

const bandOf = (view) => BAND[view.news2?.band ?? view.news2?.lowerBand ?? ""] ?? 0;
const newestOf = (view) => Math.max(...view.alarms.filter((alarm) => alarm.priority === view.signal).map((alarm) => alarm.raisedAt));

/** For sorting views: the bed that needs somebody most comes first. */
export function bySeverity(a, b) {
  const severity = severityOf(b) - severityOf(a);
  if (severity !== 0) return severity;
  if (severityOf(a) >= 7) return newestOf(b) - newestOf(a) || byName(a.bed, b.bed);
  return bandOf(b) - bandOf(a) || (a.condition === "vacant") - (b.condition === "vacant") || byName(a.bed, b.bed);
}

export function byBedName(a, b) {
  return byName(a.bed, b.bed);
}
