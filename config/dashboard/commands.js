// commands.js: commands to the gateway and their answers (config/schemas/command.schema.json, DESIGN.md, Commands and
// replies). Nothing is done until the reply says so; nothing is ever sent twice. No document here: views call send() and
// show what the listener is told.
//
//   sending ──published──► waiting ──reply──► accepted | refused
//      │                      └──ANSWER_MS──► unanswered ──reply──► accepted | refused
//      └── could not be published ──► unsent
//
// What it needs is given to it:
//   publish(topic, text, options) -> promise   one message, QoS 1, never kept; rejects when it cannot be sent now
//   base() -> "wardgate/<site>/<ward>"
//   now(bed) -> ms by the clock of the bed's gateway, or null while that is not known
//   bed(name) -> {stay, roles, ready} : stay as the screen shows it (null: vacant), roles that may send (settings),
//               ready: null, or the key of a text that says why nothing can be sent ("command.broker_lost" ...)
//   signer() -> {by, role}, or null while nobody has said who is at the board
import { hasText, text } from "./texts.js";

export const EXPIRES_MS = 8000; // past this the gateway does nothing with it
export const ANSWER_MS = 10000; // past this nobody is promised anything
export const KEPT = 50;
export const ROLES = Object.freeze(["nurse", "charge", "biomed"]);

const GENERAL = ["nurse", "charge"];
const LIMITS = ["charge"];
const TECHNICAL = ["biomed"];

// What each command must and may carry, and the roles that may send it (DESIGN.md; `pause` of alarms: see mayAsk).
export const COMMANDS = Object.freeze({
  admit: { must: [], may: [], roles: GENERAL },
  discharge: { must: [], may: [], roles: GENERAL },
  transfer: { must: ["to_bed"], may: [], roles: GENERAL },
  away: { must: [], may: ["duration"], roles: GENERAL },
  back: { must: [], may: [], roles: GENERAL },
  acknowledge: { must: ["alarm_id", "rev"], may: [], roles: GENERAL },
  pause: { must: ["what"], may: ["rule", "duration"], roles: GENERAL },
  resume: { must: [], may: ["what", "rule"], roles: GENERAL },
  set_limit: { must: ["rule", "value"], may: ["parameter"], roles: LIMITS },
  reset_limit: { must: ["rule"], may: ["parameter"], roles: LIMITS },
  observe: { must: ["vital", "value", "observed_at"], may: [], roles: GENERAL },
  retract: { must: ["vital", "observed_at"], may: [], roles: GENERAL },
  set_scale: { must: ["scale", "reason"], may: [], roles: LIMITS },
  set_staff: { must: ["nurses", "reason"], may: ["until"], roles: LIMITS },
  assign: { must: [], may: [], roles: TECHNICAL },
  test_alert: { must: [], may: ["priority"], roles: TECHNICAL },
});

// Whether a role is usually let do this. A configuration may let others pause alarms: the gateway's word counts.
export function mayAsk(command, role, { what } = {}) {
  if (command === "pause" && what === "alarm") return role === "charge";
  return COMMANDS[command].roles.includes(role);
}

const iso = (ms) => new Date(ms).toISOString();

// The payload of a command. Throws where a view forgot what the command needs: that is our mistake.
export function build({ id, by, stay, now, command, fields = {} }) {
  const shape = COMMANDS[command];
  if (shape === undefined) throw new Error(`no such command: ${command}`);
  for (const key of shape.must) if (fields[key] === undefined) throw new Error(`${command} needs ${key}`);
  for (const key of Object.keys(fields)) {
    if (!shape.must.includes(key) && !shape.may.includes(key)) throw new Error(`${command} takes no ${key}`);
  }
  const payload = { schema: "1", id, by, stay, at: iso(now), expires_at: iso(now + EXPIRES_MS), command };
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) payload[key] = value;
  return payload;
}

// 128 random bits: an id is good for one command, whoever sends it.
export function randomId(random = globalThis.crypto) {
  const bytes = random.getRandomValues(new Uint8Array(16));
  return `board-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

// The answer in words: ours for the reason, and what the gateway says of it.
export function explain(entry) {
  if (entry.state !== "refused") return text(`command.${entry.state}`);
  const key = `refused.${entry.reason}`;
  const why = hasText(key) ? text(key) : String(entry.reason);
  return text("command.refused", { why });
}

export function createCommander({
  publish,
  base,
  now,
  bed,
  signer,
  newId = randomId,
  setTimer = (call, ms) => setTimeout(call, ms),
  clearTimer = (timer) => clearTimeout(timer),
}) {
  const entries = []; // newest first
  const byId = new Map();
  const timers = new Map();
  const listeners = new Set();

  const tell = (entry) => {
    for (const listener of listeners) listener(entry);
  };

  function move(entry, state, more = {}) {
    Object.assign(entry, more, { state });
    tell(entry);
  }

  function forget() {
    while (entries.length > KEPT) {
      const oldest = entries.pop();
      byId.delete(oldest.id);
      stopTimer(oldest.id);
    }
  }

  function stopTimer(id) {
    if (!timers.has(id)) return;
    clearTimer(timers.get(id));
    timers.delete(id);
  }

  // Why nothing can be sent to this bed now, as the key of a text; null: it can be.
  function obstacle(name) {
    const state = bed(name);
    if (state === null) return "command.no_bed";
    if (state.ready !== null) return state.ready;
    if (!Array.isArray(state.roles) || state.roles.length === 0) return "command.off";
    const who = signer();
    if (who === null) return "command.nobody";
    if (!state.roles.includes(who.role)) return "command.role_off";
    if (now(name) === null) return "command.no_clock";
    return null;
  }

  // Sends at once or not at all. `stay` is the one that the view showed; the entry is returned and told of as it changes.
  function send(name, command, fields = {}, { stay = bed(name)?.stay, what = command } = {}) {
    const entry = { id: newId(), bed: name, command, what, fields, state: "sending", reason: null, text: "", at: now(name) };
    entries.unshift(entry);
    byId.set(entry.id, entry);
    forget();
    const obstacleKey = obstacle(name) ?? (stay === bed(name).stay ? null : "command.other_stay");
    if (obstacleKey !== null) {
      move(entry, "unsent", { reason: obstacleKey, text: text(obstacleKey) });
      return entry;
    }
    const { by, role } = signer();
    const payload = build({ id: entry.id, by, stay, now: entry.at, command, fields });
    entry.by = by;
    timers.set(entry.id, setTimer(() => expire(entry), ANSWER_MS));
    tell(entry);
    publish(`${base()}/${name}/command/${role}`, JSON.stringify(payload), { expiresMs: EXPIRES_MS }).then(
      () => entry.state === "sending" && move(entry, "waiting"),
      (error) => {
        if (entry.state !== "sending") return;
        stopTimer(entry.id);
        move(entry, "unsent", { reason: "command.not_published", text: String(error?.message ?? error) });
      },
    );
    return entry;
  }

  function expire(entry) {
    timers.delete(entry.id);
    if (entry.state === "sending" || entry.state === "waiting") move(entry, "unanswered");
  }

  // A reply of the gateway's. Replies to others' commands, and what is not a reply, are none of ours.
  function answer(reply) {
    if (typeof reply !== "object" || reply === null || typeof reply.accepted !== "boolean") return null;
    const entry = byId.get(reply.id);
    if (entry === undefined || entry.state === "accepted" || entry.state === "refused") return null;
    stopTimer(entry.id);
    move(entry, reply.accepted ? "accepted" : "refused", {
      reason: reply.reason ?? null,
      text: typeof reply.text === "string" ? reply.text : "",
    });
    return entry;
  }

  return {
    send,
    answer,
    obstacle,
    entries: (name) => (name === undefined ? [...entries] : entries.filter((entry) => entry.bed === name)),
    pending: (name) => entries.some((entry) => entry.bed === name && ["sending", "waiting"].includes(entry.state)),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
