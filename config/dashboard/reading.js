// reading.js: one message, read. What came over the broker is somebody else's: it is parsed, checked and copied into an
// object of our own, key by key, or it is said why not. Nothing here throws, and nothing is taken over as it came.
//
//   read("wardgate/st-marys/w7e", topic, text)
//     -> {kind: "vitals", bed, payload}      payload null: the topic was emptied
//     -> {kind: "health", gateway, payload}
//     -> {kind: "ignored"}                   a topic that the board has no use for
//     -> {why}                               not understood, in words for a log
//
// README.md has the shapes. Keys that are not known are left out: later gateways may add some.
import * as check from "./check.js";

const LONGEST = 131072; // what a ward's broker lets through (config/broker/mosquitto.conf)

const PRIORITIES = ["high", "medium", "low", "none"];
const ROLES = ["nurse", "charge", "biomed"];
const CLASSES = ["adult", "adolescent", "child", "toddler", "infant", "neonate"];

const bedPart = { stay: check.stay, at: check.time };
const expiring = { expiresAt: check.time };

const alarmShape = {
  epoch: check.maybe(check.word),
  id: check.opaque,
  rev: check.count,
  seq: check.maybe(check.count),
  gateway: check.name,
  boot: check.word,
  bed: check.optional(check.name, null),
  stay: check.optional(check.stay, null),
  phase: check.oneOf(["start", "update", "escalate", "deescalate", "acknowledge", "end"]),
  state: check.oneOf(["active", "latched", "ended"]),
  inactivation: check.oneOf(["none", "acknowledged", "audio_paused", "alarm_paused"]),
  priority: check.oneOf(PRIORITIES),
  kind: check.oneOf(["physiological", "technical", "advisory"]),
  source: check.oneOf(["rule", "monitor"]),
  rule: check.alarmName,
  text: check.text,
  advice: check.text,
  vital: check.maybe(check.word),
  value: check.maybe(check.number),
  limit: check.maybe(check.number),
  unit: check.maybe(check.shortText),
  reason: check.maybe(check.word),
  at: check.time,
  violatedAt: check.time,
  conditionAt: check.time,
  raisedAt: check.time,
  clock: check.oneOf(["synced", "unsynced"]),
  test: check.boolean,
  partOf: check.optional(
    check.shape({
      bed: check.optional(check.name, null),
      gateway: check.optional(check.name, null),
      rule: check.alarmName,
      id: check.opaque,
    }),
    null,
  ),
  standsFor: check.optional(check.listOf(check.shortText, 512), []),
  standsForMore: check.optional(check.count, 0),
};

const delivery = check.shape({ late: check.boolean, durable: check.boolean });

const parameter = check.shape({
  value: check.number,
  default: check.maybe(check.number),
  overridden: check.boolean,
  source: check.word,
  settable: check.maybe(check.listOf(check.number, 2)),
});

const SHAPES = {
  alarm: check.shape({ ...alarmShape, ...expiring }),
  alert: check.shape({ ...alarmShape, delivery }),
  score: check.shape({
    ...bedPart,
    ...expiring,
    gateway: check.name,
    boot: check.word,
    score: check.word,
    title: check.text,
    complete: check.boolean,
    total: check.optional(check.maybe(check.number), null),
    band: check.optional(check.maybe(check.word), null),
    lowerBound: check.optional(check.maybe(check.number), null),
    lowerBand: check.optional(check.maybe(check.word), null),
    missing: check.listOf(check.word, 32),
    oldestAt: check.maybe(check.time),
    dueAt: check.optional(check.maybe(check.time), null),
    spo2Scale: check.optional(check.oneOf([1, 2]), null),
    parts: check.optional(
      check.mapOf(
        check.shape({
          value: check.either(check.number, check.shortText),
          points: check.maybe(check.number),
          at: check.time,
          source: check.word,
          by: check.word,
        }),
        32,
      ),
      new Map(),
    ),
    notice: check.optional(check.text, null),
    category: check.optional(check.maybe(check.word), null),
    probability: check.optional(check.maybe(check.number), null),
    threshold: check.optional(check.maybe(check.number), null),
    reached: check.optional(check.maybe(check.boolean), null),
  }),
  settings: check.shape({
    ...bedPart,
    ...expiring,
    gateway: check.name,
    boot: check.word,
    stayStart: check.maybe(check.time),
    class: check.oneOf(CLASSES),
    rules: check.mapOf(
      check.shape({
        priority: check.oneOf(PRIORITIES),
        limitOf: check.optional(check.maybe(check.word), null),
        limitSide: check.optional(check.maybe(check.oneOf(["low", "high"])), null),
        parameters: check.mapOf(parameter, 32),
      }),
      256,
    ),
    rulesOff: check.listOf(check.word, 256),
    pauses: check.listOf(
      check.shape({
        what: check.oneOf(["audio", "alarm"]),
        rule: check.maybe(check.alarmName),
        from: check.time,
        until: check.time,
      }),
      32,
    ),
    oxygen: check.maybe(check.oneOf(["air", "oxygen"])),
    spo2Scale: check.maybe(check.oneOf([1, 2])),
    away: check.maybe(check.shape({ until: check.time })),
    commands: check.listOf(check.oneOf(ROLES), 8),
  }),
  reply: check.shape({
    id: check.maybe(check.shortText),
    command: check.maybe(check.word),
    bed: check.maybe(check.name),
    stay: check.stay,
    accepted: check.boolean,
    reason: check.maybe(check.word),
    text: check.text,
    at: check.time,
    gateway: check.name,
  }),
  status: check.shape({
    state: check.oneOf(["online", "offline", "moved"]),
    reason: check.optional(check.maybe(check.shortText), null),
    gateway: check.name,
    version: check.shortText,
    boot: check.word,
    epoch: check.optional(check.maybe(check.word), null),
    epochBefore: check.optional(check.maybe(check.word), null),
    at: check.time,
  }),
  health: check.shape({
    at: check.time,
    gateway: check.name,
    boot: check.word,
    clock: check.oneOf(["synced", "unsynced"]),
    expiresAt: check.time,
  }),
  ward: check.shape({
    at: check.time,
    gateway: check.name,
    beds: check.shape({
      total: check.count,
      occupied: check.count,
      vacant: check.count,
      away: check.count,
      notMonitored: check.count,
    }),
    list: check.listOf(check.shape({ bed: check.name, nurse: check.maybe(check.count) }), 512),
    staff: check.maybe(
      check.shape({
        shift: check.maybe(check.name),
        onDuty: check.count,
        until: check.time,
        planned: check.maybe(check.count),
        patientsPerNurse: check.maybe(check.number),
        patientsPerNurseMax: check.maybe(check.number),
        overRatio: check.boolean,
        nursesNeeded: check.maybe(check.number),
        balance: check.maybe(check.number),
      }),
    ),
    capacity: check.maybe(
      check.shape({ reason: check.maybe(check.word), load: check.maybe(check.number), noBedFree: check.maybe(check.number) }),
    ),
    expiresAt: check.time,
  }),
};

const vitalsHead = check.shape({
  ...bedPart,
  ...expiring,
  gateway: check.name,
  boot: check.word,
  observed: check.mapOf(check.maybe(check.time), 64),
  source: check.mapOf(check.word, 64),
  invalid: check.mapOf(check.word, 64),
});
const VITALS_KEYS = ["schema", "at", "bed", "stay", "observed", "source", "invalid", "gateway", "boot", "expires_at"];

// Vitals are flat: whatever else is a number under a vital's name is one.
function readVitals(object) {
  const payload = vitalsHead(object);
  payload.values = new Map();
  for (const [key, value] of Object.entries(object)) {
    if (VITALS_KEYS.includes(key) || typeof value !== "number") continue;
    if (payload.values.size === 64) throw new check.Wrong("too many vitals");
    payload.values.set(check.word(key), check.number(value));
  }
  return payload;
}

// What a topic is about: [kind, is there a name behind]. In front stands a bed, or gateway/<id>.
const OF_BED = { vitals: 0, alert: 0, alarm: 1, score: 1, settings: 0, reply: 0 };
const OF_GATEWAY = { status: 0, health: 0, ward: 0, alert: 0, alarm: 1, reply: 0 };

function place(base, topic) {
  if (!topic.startsWith(`${base}/`)) return null;
  const levels = topic.slice(base.length + 1).split("/");
  const ofGateway = levels[0] === "gateway";
  const id = ofGateway ? levels[1] : levels[0];
  const [kind, name] = ofGateway ? levels.slice(2) : levels.slice(1);
  const kinds = ofGateway ? OF_GATEWAY : OF_BED;
  const depth = ofGateway ? 3 : 2;
  if (!Object.hasOwn(kinds, kind ?? "") || levels.length !== depth + kinds[kind]) return null;
  if (levels[0] === "board" || !check.isName(id)) return null;
  return { kind, bed: ofGateway ? null : id, gateway: ofGateway ? id : null, name: name ?? null };
}

// A payload under another's topic would show one patient's state at another's bed.
function verify(found, object) {
  if (found.kind === "reply") return;
  if (found.bed !== null && object.bed !== found.bed) throw new check.Wrong("bed is not that of the topic");
  if (found.gateway !== null && object.gateway !== found.gateway) throw new check.Wrong("gateway is not that of the topic");
}

function readPayload(found, text) {
  if (text.length > LONGEST) throw new check.Wrong("too long");
  let object;
  try {
    object = JSON.parse(text);
  } catch {
    throw new check.Wrong("no JSON");
  }
  if (!check.isObject(object)) throw new check.Wrong("no JSON object");
  if (object.schema !== "1") throw new check.Wrong('schema is not "1"');
  verify(found, object);
  return found.kind === "vitals" ? readVitals(object) : SHAPES[found.kind](object);
}

export function read(base, topic, text) {
  const found = place(base, topic);
  if (found === null) return { kind: "ignored" };
  if (text === "") return { ...found, payload: null };
  try {
    return { ...found, payload: readPayload(found, text) };
  } catch (error) {
    if (error instanceof check.Wrong) return { why: error.message };
    throw error;
  }
}

/** What the board subscribes to: [filter, QoS]. */
export function subscriptions(base) {
  return [
    [`${base}/gateway/+/status`, 1],
    [`${base}/gateway/+/health`, 0],
    [`${base}/gateway/+/alarm/+`, 1],
    [`${base}/gateway/+/alert`, 1],
    [`${base}/gateway/+/ward`, 1],
    [`${base}/gateway/+/reply`, 1],
    [`${base}/+/alarm/+`, 1],
    [`${base}/+/alert`, 1],
    [`${base}/+/settings`, 1],
    [`${base}/+/vitals`, 0],
    [`${base}/+/score/+`, 1],
    [`${base}/+/reply`, 1],
  ];
}
