// check.js: what reading.js checks payloads with. A check takes a value and gives back what to keep of it, or throws Wrong;
// shapes and lists are made of checks. Bounds stand here, so that no message can make the page large or slow.

/** Why a payload was not taken. */
export class Wrong extends Error {}

const LONGEST_TEXT = 600;
const LARGEST = 1e9;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const ALARM_NAME = /^[A-Za-z0-9][A-Za-z0-9_.]{0,62}$/;

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const isName = (value) => typeof value === "string" && NAME.test(value);

const matching = (pattern, what) => (value) => {
  if (typeof value !== "string" || !pattern.test(value)) throw new Wrong(`is no ${what}`);
  return value;
};

export const name = matching(NAME, "id");
export const word = matching(WORD, "word");
export const alarmName = matching(ALARM_NAME, "name of an alarm");
export const opaque = matching(/^[0-9a-f]{1,32}$/, "opaque id");
export const stay = (value) => (value === null ? null : opaque(value));

export function time(value) {
  const ms = typeof value === "string" && TIME.test(value) ? Date.parse(value) : NaN;
  if (!Number.isFinite(ms)) throw new Wrong("is no time");
  return ms;
}

export function number(value) {
  if (typeof value !== "number" || !Number.isFinite(value) || Math.abs(value) > LARGEST) throw new Wrong("is no number");
  return value;
}

export function count(value) {
  if (!Number.isSafeInteger(value) || value < 0) throw new Wrong("is no count");
  return value;
}

export function boolean(value) {
  if (typeof value !== "boolean") throw new Wrong("is neither true nor false");
  return value;
}

// Characters that turn the direction of what follows, or that nobody sees, are no part of a text for people.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const textUpTo = (longest) => (value) => {
  if (typeof value !== "string") throw new Wrong("is no text");
  if (value.length > longest) throw new Wrong("is too long a text");
  return value.replace(UNSEEN, " ");
};

export const text = textUpTo(LONGEST_TEXT);
export const shortText = textUpTo(128);

export const oneOf = (values) => (value) => {
  if (!values.includes(value)) throw new Wrong("is none of the values");
  return value;
};

export const maybe = (check) => (value) => (value === null ? null : check(value));

export const either = (first, second) => (value) => (typeof value === "number" ? first(value) : second(value));

/** A key that may be left out, and what stands for it then. */
export function optional(check, otherwise) {
  const checked = (value) => check(value);
  checked.otherwise = otherwise;
  checked.isOptional = true;
  return checked;
}

const inside = (key, check, value) => {
  try {
    return check(value);
  } catch (error) {
    if (error instanceof Wrong) throw new Wrong(`${key} ${error.message}`);
    throw error;
  }
};

export const listOf = (check, most) => (value) => {
  if (!Array.isArray(value) || value.length > most) throw new Wrong("is no list, or too long a one");
  return value.map((item, i) => inside(i, check, item));
};

/** An object with names of its sender's: a Map, so that no such name is ever a property. */
export const mapOf = (check, most) => (value) => {
  if (!isObject(value)) throw new Wrong("is no object");
  const entries = Object.entries(value);
  if (entries.length > most) throw new Wrong("has too many keys");
  return new Map(entries.map(([key, item]) => [inside(key, alarmName, key), inside(key, check, item)]));
};

const snake = (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** An object of known keys, in camelCase here and in snake_case in the payload. */
export function shape(checks) {
  const rows = Object.entries(checks).map(([key, check]) => [key, snake(key), check]);
  return (value) => {
    if (!isObject(value)) throw new Wrong("is no object");
    const result = {};
    for (const [key, from, check] of rows) {
      if (Object.hasOwn(value, from)) result[key] = inside(from, check, value[from]);
      else if (check.isOptional) result[key] = check.otherwise;
      else throw new Wrong(`${from} is missing`);
    }
    return result;
  };
}
