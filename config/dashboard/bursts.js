// bursts.js: the patterns of IEC 60601-1-8 as data: a burst is pulses, each with its beginning, length, rise and fall in
// seconds, on one fundamental with harmonics. Pure. The standard itself was not at hand (its numbers here are as monitors'
// manuals and papers tell them): a hospital that relies on these patterns has them measured.
//
//   high    10 pulses, 3 + 2 and again 3 + 2; every 10 s     medium  3 pulses; every 25 s     low  1 pulse; every 30 s

const HIGH = { pulse: 0.15, gap: 0.1, groupGap: 0.25, halfGap: 0.6, fundamental: 660 };
const MEDIUM = { pulse: 0.2, gap: 0.2, fundamental: 500 };
const LOW = { pulse: 0.2, fundamental: 400 };

// Of a pulse's length: it neither clicks nor creeps in.
const RISE = 0.15;
const FALL = 0.2;

// The fundamental and five harmonics, all between 150 and 4000 Hz and within 15 dB of it: heard on any loudspeaker.
export const HARMONICS = Object.freeze([1, 0.7, 0.6, 0.5, 0.4, 0.3]);

function highStarts() {
  const { pulse, gap, groupGap, halfGap } = HIGH;
  const half = [];
  let at = 0;
  for (const count of [3, 2]) {
    for (let i = 0; i < count; i += 1) {
      half.push(at);
      at += pulse + gap;
    }
    at += groupGap - gap;
  }
  const second = half.at(-1) + pulse + halfGap;
  return [...half, ...half.map((start) => start + second)];
}

const mediumStarts = () => [0, 1, 2].map((i) => i * (MEDIUM.pulse + MEDIUM.gap));

function burst(starts, length, fundamental, everyMs) {
  const pulses = starts.map((at) => Object.freeze({ at, length, rise: length * RISE, fall: length * FALL }));
  const seconds = starts.at(-1) + length;
  return Object.freeze({ fundamental, pulses: Object.freeze(pulses), seconds, everyMs });
}

export const BURSTS = Object.freeze({
  high: burst(highStarts(), HIGH.pulse, HIGH.fundamental, 10000),
  medium: burst(mediumStarts(), MEDIUM.pulse, MEDIUM.fundamental, 25000),
  low: burst([0], LOW.pulse, LOW.fundamental, 30000),
});

export const PRIORITIES = Object.freeze(["high", "medium", "low"]);

// What may sound: what is there now, that nobody has silenced. Neither the past (`late`), nor what another alarm tells of,
// nor a test, nor information.
export function isAudible(alarm) {
  return (
    PRIORITIES.includes(alarm.priority) &&
    alarm.kind !== "advisory" &&
    (alarm.state === "active" || alarm.state === "latched") &&
    alarm.inactivation === "none" &&
    (alarm.partOf ?? null) === null &&
    alarm.late !== true &&
    alarm.test !== true
  );
}

// Decides which burst is due. One at a time, the most urgent first; what begins, or rises, is heard at once.
export class Turns {
  #heard = new Map(); // alarm's key → the priority that it was last heard with
  #busyUntil = -Infinity;
  #playing = null;
  #last = new Map(); // priority → when its last burst began

  // The priority whose burst begins now, or null. `alarms`: those that are on at this instant, of all beds and gateways.
  take(alarms, now) {
    const audible = alarms.filter(isAudible);
    const present = new Map(audible.map((alarm) => [`${alarm.epoch}/${alarm.id}`, alarm.priority]));
    for (const key of this.#heard.keys()) if (!present.has(key)) this.#heard.delete(key);
    for (const priority of PRIORITIES) {
      if (!this.#isDue(priority, present, now)) continue;
      if (now < this.#busyUntil && rank(priority) >= rank(this.#playing)) return null;
      this.#begin(priority, present, now);
      return priority;
    }
    return null;
  }

  #isDue(priority, present, now) {
    const keys = [...present].filter(([, its]) => its === priority).map(([key]) => key);
    if (keys.length === 0) return false;
    const isNew = keys.some((key) => !this.#heard.has(key) || rank(this.#heard.get(key)) > rank(priority));
    return isNew || now - (this.#last.get(priority) ?? -Infinity) >= BURSTS[priority].everyMs;
  }

  // The most urgent burst tells of what is less urgent, too: that waits for its own turn, not for silence after it.
  #begin(priority, present, now) {
    for (const [key, its] of present) {
      if (rank(its) < rank(priority)) continue;
      this.#heard.set(key, its);
      this.#last.set(its, now);
    }
    this.#playing = priority;
    this.#busyUntil = now + BURSTS[priority].seconds * 1000;
  }
}

const rank = (priority) => PRIORITIES.indexOf(priority);
