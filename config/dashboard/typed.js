// typed.js: what is typed is looked at before it is sent. Each check gives {value} or {fault, values}: the key of a
// text that says what is allowed. The gateway checks all of it again; its reply is what counts. Pure.
import { WORDS, entryRange, unitOf } from "./vitals.js";

const HOUR_MS = 3600 * 1000;
const ENTRY_AGE_MS_MAX = 12 * HOUR_MS;
const THOUSANDTHS = /^[+-]?\d{1,9}([.,]\d{1,3})?$/;
const PRINTABLE = /^[!-~]{1,39}$/;
const REASON = /^[ -~]{1,63}$/;
const DURATION = /^[0-9]{1,4}(s|min|h)$/;
const SECONDS = { s: 1, min: 60, h: 3600 };

// Commands are not for names: an id of staff is one word.
export function checkStaff(typed) {
  const value = typed.trim();
  return PRINTABLE.test(value) ? { value } : { fault: "check.staff" };
}

// Up to three decimal places; a comma is taken for a point.
export function checkNumber(typed) {
  const trimmed = String(typed).trim();
  if (!THOUSANDTHS.test(trimmed)) return { fault: "check.number" };
  return { value: Number(trimmed.replace(",", ".")) };
}

function checkWithin(typed, [low, high], unit) {
  const { value, fault } = checkNumber(typed);
  if (fault !== undefined) return { fault: "check.number_within", values: { low, high, unit } };
  if (value < low || value > high) return { fault: "check.within", values: { low, high, unit } };
  return { value };
}

// An entry of a vital for a patient of a class: a word where it is coded, else a number in its unit.
export function checkEntry(vital, typed, patientClass) {
  if (Object.hasOwn(WORDS, vital)) return WORDS[vital].includes(typed) ? { value: typed } : { fault: "check.choose" };
  const range = entryRange(vital, patientClass);
  if (range === null) return { fault: "check.not_entered" };
  return checkWithin(typed, range, unitOf(vital));
}

// A limit within what the bed's settings let a command set.
export function checkLimit(typed, settable, unit = "") {
  if (!Array.isArray(settable)) return { fault: "check.not_settable" };
  return checkWithin(typed, settable, unit);
}

// When something was observed: "HH:MM" of the last 12 hours by the clock of whoever types. now, since (the stay's
// beginning, or null): ms by the gateway's clock; offset: what to add to this computer's clock for the gateway's.
export function checkObservedAt(typed, { now, since = null, offset = 0 }) {
  const match = /^(\d{1,2}):(\d{2})$/.exec(String(typed).trim());
  if (match === null || Number(match[1]) > 23 || Number(match[2]) > 59) return { fault: "check.time" };
  const at = new Date(now - offset);
  at.setHours(Number(match[1]), Number(match[2]), 0, 0);
  if (at.getTime() + offset > now) at.setDate(at.getDate() - 1);
  return checkInstant(at.getTime() + offset, { now, since });
}

function checkInstant(value, { now, since = null }) {
  if (value > now || now - value > ENTRY_AGE_MS_MAX) return { fault: "check.time_range" };
  if (since !== null && value < since) return { fault: "check.before_stay" };
  return { value };
}

// "5min", at most so many seconds.
export function checkDuration(typed, most_s) {
  const value = typed.trim();
  const parts = DURATION.exec(value);
  const seconds = parts === null ? 0 : Number.parseInt(value, 10) * SECONDS[parts[1]];
  if (seconds <= 0 || seconds > most_s) return { fault: "check.duration", values: { most: Math.floor(most_s / 60) } };
  return { value };
}

export function checkReason(typed) {
  const value = typed.trim();
  return REASON.test(value) ? { value } : { fault: "check.reason" };
}

export function checkBed(typed, from) {
  const value = typed.trim();
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(value)) return { fault: "check.bed" };
  return value === from ? { fault: "check.same_bed" } : { value };
}

export function checkNurses(typed) {
  const value = String(typed).trim();
  return /^\d{1,2}$/.test(value) ? { value: Number(value) } : { fault: "check.nurses" };
}
