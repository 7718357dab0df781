// occurrences.js: alarms as they come and go, each told by (epoch, id) through all of its phases, from alerts and from alarm
// topics alike. What a reader of alerts must do is done here: nothing counts twice, and an old revision changes nothing.

const MOST = 200; // of a bed
const RANK = { none: 0, low: 1, medium: 2, high: 3 };

export const keyOf = (alarm) => `${alarm.epoch}/${alarm.id}`;
export const highest = (a, b) => (RANK[b] > RANK[a] ? b : a);

function begin(alarm) {
  return {
    key: keyOf(alarm),
    id: alarm.id,
    bed: alarm.bed,
    gateway: alarm.gateway,
    stay: alarm.stay,
    rule: alarm.rule,
    name: alarm.name ?? alarm.rule,
    kind: alarm.kind,
    startedAt: alarm.raisedAt,
    endedAt: null,
    heardAt: null,
    endHeardAt: null,
    rev: 0,
    priority: alarm.priority,
    acknowledged: false,
    late: false,
  };
}

function update(occurrence, alarm) {
  const isOver = alarm.phase === "end" || alarm.state === "ended";
  Object.assign(occurrence, {
    rev: alarm.rev,
    name: alarm.name ?? occurrence.name,
    text: alarm.text,
    advice: alarm.advice,
    reason: alarm.reason,
    vital: alarm.vital,
    value: isOver && occurrence.value !== undefined ? occurrence.value : alarm.value, // what it was about
    limit: alarm.limit,
    unit: alarm.unit,
    test: alarm.test,
    priority: highest(occurrence.priority, alarm.priority),
    acknowledged: occurrence.acknowledged || alarm.inactivation === "acknowledged",
    endedAt: isOver ? alarm.at : null,
  });
}

export class Occurrences {
  #byKey = new Map(); // oldest first

  /** The occurrence that this alarm or alert belongs to, if it told something new; else null. */
  take(alarm, now) {
    const key = keyOf(alarm);
    let occurrence = this.#byKey.get(key);
    if (occurrence === undefined) {
      occurrence = begin(alarm);
      occurrence.heardAt = now;
      this.#byKey.set(key, occurrence);
      this.#trim();
    } else if (alarm.rev <= occurrence.rev) {
      return null;
    }
    update(occurrence, alarm);
    occurrence.late ||= alarm.late ?? false;
    if (occurrence.endedAt !== null) occurrence.endHeardAt = now;
    return occurrence;
  }

  /** It is over, although no alert of its end has come: its topic was emptied, or is gone after a lost connection. */
  close(alarm, endedAt, now) {
    const occurrence = this.#byKey.get(keyOf(alarm));
    if (occurrence === undefined || occurrence.endedAt !== null) return null;
    occurrence.endedAt = endedAt;
    occurrence.endHeardAt = now;
    return occurrence;
  }

  // The oldest that is over goes first; one that still is, only when all are.
  #trim() {
    if (this.#byKey.size <= MOST) return;
    for (const [key, occurrence] of this.#byKey) {
      if (occurrence.endedAt === null) continue;
      this.#byKey.delete(key);
      return;
    }
    this.#byKey.delete(this.#byKey.keys().next().value);
  }

  /** Newest first. */
  list() {
    return [...this.#byKey.values()].reverse();
  }
}

const MOST_UNSEEN = 100;

/** Alarms that began and ended while nobody looked. */
export class Unseen {
  #list = []; // newest first
  more = 0; // that no longer fit

  get list() {
    return this.#list;
  }

  /** `lookedAt` is when somebody looked last: never between its beginning and its end. */
  take(occurrence, lookedAt) {
    if (occurrence.endedAt === null || occurrence.priority === "none") return false;
    if (occurrence.heardAt <= lookedAt || this.#list.includes(occurrence)) return false;
    this.#list.unshift(occurrence);
    if (this.#list.length > MOST_UNSEEN) {
      this.#list.pop();
      this.more++;
    }
    return true;
  }

  dismiss(key) {
    this.#list = key === undefined ? [] : this.#list.filter((occurrence) => occurrence.key !== key);
    if (key === undefined) this.more = 0;
  }
}
