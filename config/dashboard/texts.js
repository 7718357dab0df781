// texts.js: what the board says, in the language of whoever looks at it. The table is text_table.js. Texts of alarms
// and advice, and of replies, come from the gateway and its rules: they are shown as they are.
//
//   text("link.lost")             "This screen has lost the broker"
//   text("sound.check_ask", {n: 3}) "… {n} {n|pulse|pulses}?"  ->  "… 3 pulses?"
import { TABLE } from "./text_table.js";

const LANGUAGES = Object.freeze(["en", "zh-Hans"]);
const columns = Object.freeze({ en: 0, "zh-Hans": 1 });

let current = "en";
const listeners = new Set();

// The language that a tag of the browser's or of board.json means; null: none of ours.
function languageOf(tag) {
  const lower = String(tag ?? "").toLowerCase();
  if (lower === "zh" || lower.startsWith("zh-")) return "zh-Hans";
  if (lower === "en" || lower.startsWith("en-")) return "en";
  return null;
}

// What was chosen by a button comes first, then board.json, then the browser.
export function chooseLanguage({ chosen, configured, browser = [] } = {}) {
  for (const tag of [chosen, configured, ...browser]) {
    const found = languageOf(tag);
    if (found !== null) return found;
  }
  return "en";
}

export function language() {
  return current;
}

export function setLanguage(tag) {
  const next = languageOf(tag) ?? "en";
  if (next === current) return;
  current = next;
  for (const listener of listeners) listener(current);
}

export function nextLanguage() {
  return LANGUAGES[(LANGUAGES.indexOf(current) + 1) % LANGUAGES.length];
}

// Calls back whenever the language changes; what it returns takes the listener away again.
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function hasText(key) {
  return Object.hasOwn(TABLE, key);
}

// {name} is a value; {name|one|many} a word that goes with a number.
export function fill(pattern, values) {
  return pattern.replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (whole, name, one, many) => {
    if (!Object.hasOwn(values, name)) return whole;
    if (one === undefined) return String(values[name]);
    return Number(values[name]) === 1 ? one : many;
  });
}

// A key without a text is our mistake, but no reason to show nothing: the key itself stands there.
export function text(key, values = {}) {
  if (!hasText(key)) return key;
  return fill(TABLE[key][columns[current]], values);
}

// A word of a closed list of the gateway's. One that a newer gateway has added is shown as it is.
export function word(list, name) {
  const key = `${list}.${name}`;
  return hasText(key) ? text(key) : String(name);
}

// Numbers are written alike in both languages: a point, no thousands.
export function number(value, places = 0) {
  return Number(value).toFixed(places);
}

export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return text("time.seconds", { n: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return text("time.minutes", { n: minutes });
  return text("time.hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

export function ago(ms) {
  return text("time.ago", { time: duration(ms) });
}

const pad = (value) => String(value).padStart(2, "0");

// By the clock of whoever looks, in 24 hours.
export function clockTime(ms, { seconds = true } = {}) {
  const at = new Date(ms);
  const minutes = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return seconds ? `${minutes}:${pad(at.getSeconds())}` : minutes;
}

export function dayTime(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clockTime(ms, { seconds: false })}`;
}
