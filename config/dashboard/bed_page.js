// bed_page.js: the page of one bed (#bed/b04). It is built once, when it is opened or the language changes; then draw() only
// writes what differs, so that whoever types, reads or holds the focus is not disturbed.
import { bedAlarms, bedHistory } from "./bed_alarms.js";
import { bedAnswers } from "./bed_answers.js";
import { bedEntry } from "./bed_entry.js";
import { bedLimits } from "./bed_limits.js";
import { bedPauses } from "./bed_pauses.js";
import { bedScores } from "./bed_scores.js";
import { bedStay } from "./bed_stay.js";
import { bedTrends } from "./bed_trends.js";
import { bedView } from "./bed_view.js";
import { bedVitals } from "./bed_vitals.js";
import { element, setAttribute, setHidden, setText } from "./dom.js";
import { gatewayTimeOf } from "./gateway_time.js";
import { staffBar } from "./staff_bar.js";
import { ago, clockTime, onLanguage, text } from "./texts.js";

export class BedPage {
  #root;
  #ward;
  #desk;
  #now;
  #openedAt;
  #id = null;
  #parts = [];
  #head = null;
  #staff = null;
  #gone = null;
  #whole = null;

  /** root: an empty element of the page; desk: a Desk; now() → ms of the model's clock */
  constructor({ root, ward, desk, now }) {
    this.#root = root;
    this.#ward = ward;
    this.#desk = desk;
    this.#now = now;
    this.#openedAt = now();
    desk.commander.onChange(() => this.draw());
    desk.staff.onChange(() => this.draw());
    onLanguage(() => this.#id !== null && this.#build());
  }

  /** The bed whose page is open; null: none. */
  get bed() {
    return this.#id;
  }

  open(id) {
    this.#id = id;
    this.#build();
    this.#head.title.focus();
  }

  close() {
    this.#id = null;
    this.#staff?.close();
    this.#staff = null;
    this.#parts = [];
    setAttribute(this.#root, "data-bed-page", null);
    setAttribute(this.#root, "data-bed", null);
    this.#root.replaceChildren();
  }

  draw() {
    if (this.#id === null) return;
    const now = this.#now();
    const bed = this.#ward.beds.get(this.#id) ?? null;
    const view = bedView(this.#ward, this.#id, now);
    const isThere = bed !== null && view !== null;
    setHidden(this.#gone, isThere);
    setHidden(this.#whole, !isThere);
    if (isThere) this.#drawBed(bed, view, now);
  }

  #drawBed(bed, view, now) {
    const time = this.#ward.gatewayTime(bed.gateway, now);
    const settings = bed.settings !== null && bed.settings.stay === bed.stay ? bed.settings : null;
    const isReached = view.condition !== "gateway_lost" && view.condition !== "screen_lost";
    const obstacle = this.#desk.canSend ? this.#desk.obstacle(this.#id) : null;
    const context = {
      bed,
      view,
      settings,
      time,
      gatewayAlarms: this.#gatewayAlarms(bed, now),
      canAct: this.#desk.canSend && obstacle === null,
      isReached,
      isScoreLive: (name) => isReached && this.#isScoreLive(bed, name, now),
    };
    this.#drawHead(view, obstacle);
    for (const part of this.#parts) part.update(context);
  }

  #gatewayAlarms(bed, now) {
    if (this.#ward.connection.state !== "connected") return [];
    const alarms = [...(this.#ward.gateways.get(bed.gateway)?.alarms.values() ?? [])];
    return alarms.filter((alarm) => alarm.priority !== "none" && this.#ward.isAlarmLive(alarm, now));
  }

  #isScoreLive(bed, name, now) {
    const clock = this.#ward.gateways.get(bed.gateway)?.clock;
    return clock !== undefined && now <= bed.liveUntil(`score/${name}`, clock);
  }

  // What every part may ask of the bed at the instant that a button is pressed.
  #place() {
    const now = this.#now();
    const bed = this.#ward.beds.get(this.#id) ?? null;
    const gatewayNow = gatewayTimeOf(this.#ward, bed, now) ?? this.#ward.gatewayTime(bed?.gateway, now);
    return {
      bed: this.#id,
      stay: bed?.stay ?? null,
      stayStart: bed?.settings?.stayStart ?? null,
      patientClass: bed?.settings?.class ?? null,
      gatewayNow,
      offset: gatewayNow - Date.now(),
    };
  }

  #drawHead(view, obstacle) {
    const { condition, away, age, notice } = this.#head;
    setText(condition, text(`condition.${view.condition}`));
    setAttribute(this.#whole, "data-condition", view.condition);
    setAttribute(this.#whole, "data-priority", view.priority);
    setText(away, view.awayUntil === null ? "" : text("bed.away", { time: clockTime(view.awayUntil, { seconds: false }) }));
    setText(age, view.at === null ? "" : text("bed.newest", { time: clockTime(view.at), age: ago(view.ageMs) }));
    setText(notice, obstacle === null ? "" : text(obstacle));
    setHidden(notice, obstacle === null);
  }

  #build() {
    this.#staff?.close();
    const options = { desk: this.#desk, place: () => this.#place(), now: this.#now, openedAt: this.#openedAt };
    const head = {
      title: element("h2", { tabindex: -1, id: "bed-title" }, text("board.bed", { bed: this.#id })),
      condition: element("p", { class: "bed-condition" }),
      away: element("p", { class: "bed-away" }),
      age: element("p", { class: "bed-age" }),
      notice: element("p", { class: "bed-notice", role: "status" }),
    };
    this.#head = head;
    this.#staff = staffBar({ staff: this.#desk.staff, now: this.#desk.now });
    const [alarms, vitals, trends, scores, entry, limits, pauses, stay, answers, history] = [
      bedAlarms(options),
      bedVitals(),
      bedTrends(options),
      bedScores(),
      bedEntry(options),
      bedLimits(options),
      bedPauses(options),
      bedStay(options),
      bedAnswers(options),
      bedHistory(),
    ];
    this.#parts = [alarms, vitals, answers, trends, scores, entry, pauses, limits, stay, history];
    this.#gone = element("p", { class: "bed-gone" }, text("bed.gone", { bed: this.#id }));
    this.#whole = element(
      "div",
      { class: "bed-columns" },
      element("div", { class: "bed-column" }, ...[alarms, vitals, trends, limits, history].map(({ node }) => node)),
      element("div", { class: "bed-column" }, ...[answers, scores, entry, pauses, stay].map(({ node }) => node)),
    );
    setAttribute(this.#root, "data-bed-page", "");
    setAttribute(this.#root, "data-bed", this.#id);
    this.#root.replaceChildren(
      element(
        "header",
        { class: "bed-head" },
        element("a", { href: "#", class: "bed-back" }, text("board.back")),
        head.title,
        head.condition,
        head.away,
        head.age,
        this.#staff.node,
        head.notice,
      ),
      this.#gone,
      this.#whole,
    );
    this.draw();
  }
}
