// clock.js: what a gateway's clock shows, by the clock of this screen. Nobody sets a screen's clock right, so every age and
// every expiry goes by the gateway's, estimated from the instants in messages as they come.
//
// A live message was made at `at` and arrives some time after: at - arrival is the offset less the way it took. The largest
// of the last minutes is the best estimate, as the quickest message took least. What lies behind it by more than STEP_MS for
// STEP_SAMPLES and STEP_SPAN_MS is no slow way but a clock that was set back; what lies ahead counts at once.

const STEP_MS = 3000;
const STEP_SAMPLES = 5;
const STEP_SPAN_MS = 20000;
const KEEP_MS = 120000;
const WARN_MS = 5000;

export class Clock {
  offsetMs = null; // gateway less screen; null: nothing live was heard yet
  #best = []; // [{at: arrival, offset}], offsets falling: what is largest since each arrival
  #behind = []; // samples that say that the clock was set back

  /** A message that was made at `madeAt` and has just arrived. */
  heard(madeAt, now) {
    const offset = madeAt - now;
    if (this.offsetMs !== null && offset < this.offsetMs - STEP_MS) {
      this.#behind.push({ at: now, offset });
      if (this.#isStep(now)) this.#restart(now);
      return;
    }
    this.#behind = [];
    this.#add(now, offset);
  }

  #isStep(now) {
    const seen = this.#behind;
    return seen.length >= STEP_SAMPLES && now - seen[0].at >= STEP_SPAN_MS;
  }

  #restart(now) {
    const latest = Math.max(...this.#behind.slice(-STEP_SAMPLES).map((sample) => sample.offset));
    this.#behind = [];
    this.#best = [];
    this.#add(now, latest);
  }

  #add(now, offset) {
    while (this.#best.length > 0 && this.#best.at(-1).offset <= offset) this.#best.pop();
    this.#best.push({ at: now, offset });
    while (now - this.#best[0].at > KEEP_MS) this.#best.shift();
    this.offsetMs = this.#best[0].offset;
  }

  /** The gateway's time; the screen's own until something was heard. */
  time(now) {
    return now + (this.offsetMs ?? 0);
  }

  /** Off by so much that people should know: the screen's clock is wrong, or the gateway's. */
  isOff() {
    return this.offsetMs !== null && Math.abs(this.offsetMs) > WARN_MS;
  }
}

/**
 * Until when, by this screen's clock, a payload that expires may be taken for live: the earliest of what the broker said
 * was left of it, of its own life from its arrival on, and of its `expiresAt`. One that was kept at the broker, of which the
 * broker does not say how old it is, counts once the gateway's clock is known.
 */
export function deadline({ payload, retained, expirySeconds, arrivedAt }, clock) {
  const byBroker = expirySeconds === null ? Infinity : arrivedAt + expirySeconds * 1000;
  const byLife = arrivedAt + Math.max(0, payload.expiresAt - payload.at);
  const byClock = clock.offsetMs === null ? Infinity : payload.expiresAt - clock.offsetMs;
  if (retained && byBroker === Infinity && byClock === Infinity) return -Infinity;
  return Math.min(byBroker, byLife, byClock);
}
