// gateway.js: one gateway, as this screen has heard of it.
//
//   waiting ──status online, and health──► online ──offline, or no health for 30 s──► lost ──health again──► online
//                                             └──────status "moved"──────► moved: it is at another broker now
import { Clock, deadline } from "./clock.js";
import { Occurrences } from "./occurrences.js";

const LOST_AFTER_MS = 30000;

export class Gateway {
  status = null;
  reason = null; // why it is offline, as it said itself; null: it did not say, or is not
  boot = null;
  wardSummary = null; // {payload, retained, expirySeconds, arrivedAt}
  alarms = new Map(); // name → alarm
  occurrences = new Occurrences();
  clock = new Clock();
  isUnsynced = false; // its clock has no time source, it says
  #signAt; // when it was last heard of, by this screen's clock

  constructor(id, now) {
    this.id = id;
    this.#signAt = now;
  }

  takeStatus(payload) {
    this.status = payload.state;
    this.reason = payload.state === "offline" ? payload.reason : null;
    this.boot = payload.boot;
  }

  /** Health that was kept at the broker is as old as what is left of it says. */
  takeHealth(message, now) {
    const life = message.payload.expiresAt - message.payload.at;
    const madeAt = message.retained ? deadline(message, this.clock) - life : now;
    this.#signAt = Math.max(this.#signAt, Math.min(madeAt, now));
    this.isUnsynced = message.payload.clock === "unsynced";
  }

  /** The screen itself was cut off, so that it could not hear: count from now. */
  startOver(now) {
    this.#signAt = now;
  }

  state(now) {
    if (this.status === "moved" || this.status === "offline") return this.status === "moved" ? "moved" : "lost";
    if (now - this.#signAt > LOST_AFTER_MS) return "lost";
    return this.status === "online" ? "online" : "waiting";
  }

  lostForMs(now) {
    return now - this.#signAt;
  }
}
