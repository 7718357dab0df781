// ward.js: the model of the ward, as this screen has heard of it. No page and no clock in it: what comes is handed in with
// `now`, and what there is to show of it bed_view.js tells. README.md has the shapes.
import { read } from "./reading.js";
import { Bed } from "./bed.js";
import { Epochs } from "./epochs.js";
import { Gateway } from "./gateway.js";
import { Unseen, keyOf } from "./occurrences.js";
import { deadline } from "./clock.js";

const MOST_BEDS = 512;
const MOST_GATEWAYS = 64;
const NEWS_MS = 10000; // what is older is no news, however it comes
const SETTLED_MS = 1000; // after the last of what the broker had kept
const SETTLE_MOST_MS = 10000;
const GONE_AFTER_MS = 60000; // a bed that its gateway no longer lists, and of which nothing is heard

export class Ward {
  beds = new Map();
  gateways = new Map();
  unseen = new Unseen();
  rejected = { count: 0, last: null };
  connection = { state: "connecting", since: 0 };
  onReply = () => {};
  /** An alert of now that was not heard before: for sound and for screen readers. */
  onAlarm = () => {};
  #base;
  #epochs = new Epochs();
  #lookedAt = -Infinity;
  #generation = 0; // of the connection: what was heard before it may be over
  #settling = null; // {since, heardAt} while what the broker had kept still comes
  #changedBeds = new Set();
  #isWardChanged = true;

  constructor(base) {
    this.#base = base;
  }

  // ---- what comes in

  /** True when an alarm changed: to be drawn at the next frame. */
  receive(topic, text, { retained, expirySeconds = null }, now) {
    const message = read(this.#base, topic, text);
    if (message.why !== undefined) return this.#reject(topic, message.why);
    if (message.kind === "ignored") return false;
    if (retained && this.#settling !== null) this.#settling.heardAt = now;
    const told = { payload: message.payload, retained, expirySeconds, arrivedAt: now };
    if (message.kind === "reply") {
      if (told.payload !== null) this.onReply(told.payload);
      return false;
    }
    return message.bed === null ? this.#receiveOfGateway(message, told, now) : this.#receiveOfBed(message, told, now);
  }

  #reject(topic, why) {
    this.rejected = { count: this.rejected.count + 1, last: { topic: topic.slice(0, 200), why } };
    this.#isWardChanged = true;
    return false;
  }

  #gateway(id, now) {
    let gateway = this.gateways.get(id);
    if (gateway === undefined && this.gateways.size < MOST_GATEWAYS) {
      gateway = new Gateway(id, now);
      this.gateways.set(id, gateway);
      this.#isWardChanged = true;
    }
    return gateway ?? null;
  }

  #receiveOfGateway(message, told, now) {
    const gateway = this.#gateway(message.gateway, now);
    if (gateway === null) return this.#reject(message.gateway, "more gateways than a board has room for");
    if (message.kind === "alarm") return this.#takeAlarm(gateway, message, told, now);
    if (told.payload === null) {
      if (message.kind === "status") this.#forgetGateway(gateway);
      else if (message.kind === "ward") gateway.wardSummary = null;
      this.#isWardChanged = true;
      return false;
    }
    if (message.kind === "alert") return this.#takeAlert(told.payload, now);
    if (message.kind === "ward") gateway.wardSummary = told;
    else this.#takeSign(gateway, message.kind, told, now);
    this.#isWardChanged = true;
    return false;
  }

  #takeSign(gateway, kind, told, now) {
    const before = gateway.state(now);
    if (kind === "status") {
      if (told.payload.epoch !== null) this.#epochs.follow(told.payload.epoch, told.payload.epochBefore);
      gateway.takeStatus(told.payload);
      if (!told.retained && told.payload.state === "online") gateway.startOver(now);
    } else {
      if (!told.retained) gateway.clock.heard(told.payload.at, now);
      gateway.takeHealth(told, now);
    }
    if (gateway.state(now) !== before) this.#changeBedsOf(gateway.id);
  }

  #forgetGateway(gateway) {
    if (this.#bedsOf(gateway.id).length === 0) this.gateways.delete(gateway.id);
  }

  #receiveOfBed(message, told, now) {
    const bed = this.#bed(message.bed, told.payload !== null);
    if (bed === null) return false;
    this.#changedBeds.add(bed.id);
    if (told.payload === null) return this.#takeEmpty(bed, message, now);
    const { payload } = told;
    const gateway = this.#gateway(payload.gateway, now);
    if (message.kind === "alert") return this.#takeAlert(payload, now);
    if (message.kind === "alarm") return this.#takeAlarm(bed, message, told, now);
    if (message.kind === "score") {
      bed.takeScore(message.name, told);
      return false;
    }
    if (message.kind === "vitals" && !told.retained) gateway?.clock.heard(payload.at, now);
    const before = bed.stay;
    bed.takePresent(message.kind, told);
    return bed.stay !== before;
  }

  #bed(id, isToBeMade) {
    let bed = this.beds.get(id);
    if (bed === undefined && isToBeMade && this.beds.size < MOST_BEDS) {
      bed = new Bed(id);
      this.beds.set(id, bed);
      this.#isWardChanged = true;
    }
    return bed ?? null;
  }

  // A gateway that has moved to another broker empties what it left here: its beds stay, under that word.
  #takeEmpty(bed, message, now) {
    if (message.kind === "alarm") return this.#endAlarm(bed, message.name, now);
    const hasMoved = this.gateways.get(bed.gateway)?.state(now) === "moved";
    if (!hasMoved) bed.forget(message.kind === "score" ? `score/${message.name}` : message.kind);
    if (bed.isEmpty) this.#removeBed(bed);
    return false;
  }

  #removeBed(bed) {
    this.beds.delete(bed.id);
    this.#changedBeds.add(bed.id);
    this.#isWardChanged = true;
  }

  // ---- alarms

  #takeAlarm(owner, message, told, now) {
    if (told.payload === null) return this.#endAlarm(owner, message.name, now);
    const alarm = { ...told.payload, epoch: this.#epochs.nameOf(told.payload.epoch), name: message.name, message: told, generation: this.#generation };
    const known = owner.alarms.get(message.name);
    if (known !== undefined && keyOf(known) === keyOf(alarm) && known.rev > alarm.rev) return false;
    if (owner instanceof Bed) owner.takeAlarm(message.name, alarm);
    else owner.alarms.set(message.name, alarm);
    this.#isWardChanged ||= !(owner instanceof Bed);
    this.#note(alarm, now, told.retained);
    return known === undefined || known.rev !== alarm.rev || keyOf(known) !== keyOf(alarm);
  }

  #takeAlert(told, now) {
    const alert = { ...told, epoch: this.#epochs.nameOf(told.epoch) };
    this.#note(alert, now, false);
    if (alert.bed === null) this.#isWardChanged = true;
    return true;
  }

  #endAlarm(owner, name, now) {
    const alarm = owner.alarms.get(name);
    if (alarm === undefined) return false;
    owner.alarms.delete(name);
    const occurrences = this.#occurrencesOf(alarm);
    const ended = occurrences?.close(alarm, this.gatewayTime(alarm.gateway, now), now);
    if (ended) this.#seeEnd(ended);
    this.#isWardChanged = true;
    return true;
  }

  #occurrencesOf(alarm) {
    const owner = alarm.bed === null ? this.gateways.get(alarm.gateway) : this.#bed(alarm.bed, true);
    return owner?.occurrences ?? null;
  }

  #note(alarm, now, wasKept) {
    const occurrence = this.#occurrencesOf(alarm)?.take(alarm, now) ?? null;
    if (occurrence === null) return;
    if (occurrence.endedAt !== null) this.#seeEnd(occurrence);
    const isOfNow = this.gatewayTime(alarm.gateway, now) - alarm.at < NEWS_MS;
    this.onAlarm(alarm, { isNew: isOfNow && (alarm.phase === "start" || alarm.phase === "escalate"), wasKept });
  }

  #seeEnd(occurrence) {
    if (this.unseen.take(occurrence, this.#lookedAt)) this.#isWardChanged = true;
  }

  /** Somebody is there: touched the page, or pressed a key. */
  look(now) {
    this.#lookedAt = now;
  }

  /** Somebody has read the list of what was unseen, or one line of it. */
  dismiss(key) {
    this.unseen.dismiss(key);
    this.#isWardChanged = true;
  }

  // ---- the connection, and what passes with time

  /** 'connecting' | 'connected' | 'lost' | 'login' | 'refused' | 'unreachable' */
  connect(state, now) {
    if (state === this.connection.state) return;
    const wasLostAt = this.connection.state === "lost" ? this.connection.since : null;
    this.connection = { state, since: state === "connecting" && wasLostAt !== null ? wasLostAt : now };
    if (state === "connected") {
      this.#generation++;
      this.#settling = { since: now, heardAt: now };
      for (const gateway of this.gateways.values()) gateway.startOver(now);
    }
    this.#changeAll();
  }

  get isSettling() {
    return this.#settling !== null;
  }

  tick(now) {
    this.#settle(now);
    for (const bed of this.beds.values()) if (this.#isGone(bed, now)) this.#removeBed(bed);
  }

  // What the broker had kept has come: alarms of before that it did not tell of are over.
  #settle(now) {
    const settling = this.#settling;
    if (settling === null) return;
    if (now - settling.heardAt < SETTLED_MS && now - settling.since < SETTLE_MOST_MS) return;
    this.#settling = null;
    for (const owner of [...this.beds.values(), ...this.gateways.values()]) {
      for (const [name, alarm] of owner.alarms) if (alarm.generation !== this.#generation) this.#endAlarm(owner, name, now);
    }
    this.#changeAll();
  }

  #isGone(bed, now) {
    const gateway = this.gateways.get(bed.gateway);
    const summary = gateway?.wardSummary ?? null;
    if (summary === null || gateway.state(now) !== "online" || this.connection.state !== "connected") return false;
    if (summary.payload.list.some((listed) => listed.bed === bed.id)) return false;
    const message = bed.message("vitals") ?? bed.message("settings");
    return message === null || (now - message.arrivedAt > GONE_AFTER_MS && summary.arrivedAt > message.arrivedAt);
  }

  gatewayTime(id, now) {
    return this.gateways.get(id)?.clock.time(now) ?? now;
  }

  isAlarmLive(alarm, now) {
    const clock = this.gateways.get(alarm.gateway)?.clock;
    return clock !== undefined && now <= deadline(alarm.message, clock);
  }

  // ---- what changed

  #bedsOf(id) {
    return [...this.beds.values()].filter((bed) => bed.gateway === id);
  }

  #changeBedsOf(id) {
    for (const bed of this.#bedsOf(id)) this.#changedBeds.add(bed.id);
  }

  #changeAll() {
    for (const id of this.beds.keys()) this.#changedBeds.add(id);
    this.#isWardChanged = true;
  }

  /** What came since it was asked last. What ends by time alone is in no list: whoever draws looks at all beds once a second. */
  takeChanges() {
    const changes = { beds: this.#changedBeds, ward: this.#isWardChanged };
    this.#changedBeds = new Set();
    this.#isWardChanged = false;
    return changes;
  }

}
