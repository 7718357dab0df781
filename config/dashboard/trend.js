// trend.js: what the board itself has seen of a bed's vitals: 30 minutes in steps of 5 s for sparklines and plots, and 12 hours
// in steps of a minute. Each step keeps the lowest, the highest and the newest value. Fixed size; a new stay begins empty.

const FINE = { stepMs: 5000, steps: 360 };
const COARSE = { stepMs: 60000, steps: 720 };

class Steps {
  constructor({ stepMs, steps }) {
    this.stepMs = stepMs;
    this.steps = steps;
    this.newest = null; // number of the newest step
    this.low = new Float32Array(steps).fill(NaN);
    this.high = new Float32Array(steps).fill(NaN);
    this.last = new Float32Array(steps).fill(NaN);
  }

  add(at, value) {
    const step = Math.floor(at / this.stepMs);
    this.#moveTo(step);
    const slot = step % this.steps;
    this.low[slot] = Number.isNaN(this.low[slot]) ? value : Math.min(this.low[slot], value);
    this.high[slot] = Number.isNaN(this.high[slot]) ? value : Math.max(this.high[slot], value);
    this.last[slot] = value;
  }

  // Steps that are left out stay empty: a gap. A clock that was set back by more than a step begins anew.
  #moveTo(step) {
    const from = this.newest;
    if (from === null || step < from - 1 || step - from >= this.steps) this.#clear();
    else for (let i = from + 1; i <= step; i++) this.#empty(i % this.steps);
    if (from === null || step > from || step < from - 1) this.newest = step;
  }

  #empty(slot) {
    this.low[slot] = this.high[slot] = this.last[slot] = NaN;
  }

  #clear() {
    for (let slot = 0; slot < this.steps; slot++) this.#empty(slot);
  }

  points(spanMs, gatewayNow) {
    if (this.newest === null) return [];
    const first = Math.max(this.newest - this.steps + 1, Math.ceil((gatewayNow - spanMs) / this.stepMs));
    const points = [];
    for (let step = first; step <= this.newest; step++) {
      const slot = step % this.steps;
      if (Number.isNaN(this.last[slot])) continue;
      points.push({ at: step * this.stepMs, low: this.low[slot], high: this.high[slot], last: this.last[slot] });
    }
    return points;
  }
}

export class Trend {
  #vitals = new Map(); // vital → {fine, coarse}

  add(at, vital, value) {
    let steps = this.#vitals.get(vital);
    if (steps === undefined) {
      steps = { fine: new Steps(FINE), coarse: new Steps(COARSE) };
      this.#vitals.set(vital, steps);
    }
    steps.fine.add(at, value);
    steps.coarse.add(at, value);
  }

  clear() {
    this.#vitals.clear();
  }

  vitals() {
    return [...this.#vitals.keys()];
  }

  /** [{at, low, high, last}], oldest first, of the span that ends now; steps without a value are left out. */
  points(vital, spanMs, gatewayNow) {
    const steps = this.#vitals.get(vital);
    if (steps === undefined) return [];
    const fits = spanMs <= FINE.stepMs * FINE.steps;
    return (fits ? steps.fine : steps.coarse).points(spanMs, gatewayNow);
  }

  /** Length of a step of what points() gives for this span. */
  static stepMs(spanMs) {
    return spanMs <= FINE.stepMs * FINE.steps ? FINE.stepMs : COARSE.stepMs;
  }
}
