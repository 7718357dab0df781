// bed.js: one bed, as this screen has heard of it. Whose patient it is goes by the stay of the newest vitals or settings;
// what is of another stay stays out.
import { deadline } from "./clock.js";
import { Occurrences } from "./occurrences.js";
import { Trend } from "./trend.js";

const MOST_ALARMS = 128;
const MOST_SCORES = 32;
const MOST_FORMER_STAYS = 16;
const SET_BACK_MS = 5000; // what is older by more than this, and comes live, tells of a clock that was set back

const isNewer = (at, known, retained) => at >= known || (!retained && known - at > SET_BACK_MS);

export class Bed {
  gateway = null;
  boot = null;
  stay = null;
  alarms = new Map(); // name → alarm, with `message` and `generation` beside the payload's keys
  trend = new Trend();
  occurrences = new Occurrences();
  #stayAt = -Infinity;
  #formerStays = []; // their names never come back
  #messages = new Map(); // "vitals", "settings", "score/NAME" → {payload, retained, expirySeconds, arrivedAt}

  constructor(id) {
    this.id = id;
  }

  get vitals() {
    return this.#messages.get("vitals")?.payload ?? null;
  }

  get settings() {
    return this.#messages.get("settings")?.payload ?? null;
  }

  get scores() {
    const scores = new Map();
    for (const [key, { payload }] of this.#messages) {
      if (key.startsWith("score/")) scores.set(key.slice("score/".length), payload);
    }
    return scores;
  }

  get isEmpty() {
    return this.#messages.size === 0 && this.alarms.size === 0;
  }

  /** Vitals or settings. False: older than what is here; kept settings that come behind newer vitals of the stay are not. */
  takePresent(kind, message) {
    const { payload, retained } = message;
    const known = payload.stay === this.stay ? (this.#messages.get(kind)?.payload.at ?? -Infinity) : this.#stayAt;
    if (!isNewer(payload.at, known, retained) || this.#formerStays.includes(payload.stay)) return false;
    if (payload.stay !== this.stay) this.#beginStay(payload.stay);
    if (payload.at >= this.#stayAt || !retained) {
      this.#stayAt = payload.at;
      this.gateway = payload.gateway;
      this.boot = payload.boot;
    }
    this.#messages.set(kind, message);
    if (kind === "vitals") this.#remember(payload);
    return true;
  }

  takeScore(name, message) {
    const key = `score/${name}`;
    if (!this.#messages.has(key) && this.#messages.size > MOST_SCORES) return;
    this.#messages.set(key, message);
  }

  forget(key) {
    this.#messages.delete(key);
  }

  takeAlarm(name, alarm) {
    if (!this.alarms.has(name) && this.alarms.size >= MOST_ALARMS) return;
    this.alarms.set(name, alarm);
    this.gateway ??= alarm.gateway;
  }

  message(key) {
    return this.#messages.get(key) ?? null;
  }

  /** Until when what was told under this key is live, by this screen's clock. */
  liveUntil(key, clock) {
    const message = this.#messages.get(key);
    return message === undefined ? -Infinity : deadline(message, clock);
  }

  /** Is this alarm the present patient's (or the vacant bed's)? One of a newer stay is shown before its first values come. */
  isOfStay(alarm) {
    return alarm.stay === this.stay || (alarm.at > this.#stayAt && !this.#formerStays.includes(alarm.stay));
  }

  #beginStay(stay) {
    if (this.stay !== null) this.#formerStays = [this.stay, ...this.#formerStays].slice(0, MOST_FORMER_STAYS);
    this.trend.clear();
    this.stay = stay;
    for (const [key, { payload }] of this.#messages) {
      if (payload.stay !== stay) this.#messages.delete(key);
    }
  }

  // What was measured at an unknown instant has no place in a trend.
  #remember(payload) {
    for (const [vital, value] of payload.values) {
      const at = payload.observed.has(vital) ? payload.observed.get(vital) : payload.at;
      if (at !== null) this.trend.add(at, vital, value);
    }
  }
}
