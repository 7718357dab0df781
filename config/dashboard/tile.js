// tile.js: one bed on the ward's page. update() writes only what differs.
import { element, setAttribute, setHidden, setText, Keyed } from "./dom.js";
import { Sparkline } from "./sparkline.js";
import { limitsText, tileVitals } from "./tile_vitals.js";
import { clockTime, duration, text, word } from "./texts.js";
import { valueText, vitalShort, vitalName, unitOf } from "./vitals.js";

const MARKS = { high: "!!!", medium: "!!", low: "!", none: "i" };
const MOST_ALARMS = { full: 2, compact: 1 };
const MOST_VITALS = { full: 5, compact: 4 };
const OLD_MS = 15000; // from here on the age is told

/** The mark of a priority: as many signs of exclamation as it is high, in a shape of its own. */
export function priorityMark(priority) {
  return element("span", { class: "mark", "data-priority": priority, "aria-hidden": "true" }, MARKS[priority]);
}

function makeVital() {
  const label = element("span", { class: "vital-label" });
  const limits = element("span", { class: "vital-limits" });
  const value = element("span", { class: "vital-value", "data-value": "" });
  const note = element("span", { class: "vital-note" });
  const spark = new Sparkline();
  const node = element(
    "div",
    { class: "vital", role: "group" },
    element("div", { class: "vital-head" }, label, limits),
    element("div", { class: "vital-body" }, value, note),
    spark.node,
  );
  return {
    node,
    update({ vital, trend, time, isOld }) {
      setAttribute(node, "data-vital", vital.vital);
      setAttribute(node, "data-state", vital.live ? "live" : isOld && vital.value !== null ? "old" : "absent");
      setAttribute(node, "data-priority", vital.priority);
      setAttribute(node, "data-acknowledged", vital.acknowledged);
      setAttribute(node, "aria-label", spoken(vital));
      setText(label, labelOf(vital));
      setText(limits, limitsText(vital));
      setText(value, shownValue(vital, isOld));
      setText(note, noteOf(vital));
      if (!vital.live) spark.clear();
      else spark.update(trend, vital.vital, [vital.low, vital.high], time);
    },
  };
}

// With the diastolic behind it a pressure is known by its kind. What is measured now and then tells when.
function labelOf(vital) {
  const label = vital.below === null ? vitalShort(vital.vital) : text(`short.${vital.vital.split("_")[0]}`);
  return vital.live && vital.observedAt !== null ? `${label} ${clockTime(vital.observedAt, { seconds: false })}` : label;
}

function shownValue(vital, isOld) {
  if (vital.value === null || !(vital.live || isOld)) return text("value.none");
  const main = valueText(vital.vital, vital.value);
  return vital.below === null ? main : `${main}/${valueText(vital.below.vital, vital.below.value)}`;
}

function noteOf(vital) {
  if (vital.value === null) return vital.invalid === null ? "" : word("quality", vital.invalid);
  if (!vital.live) return "";
  const mean = vital.mean === null ? "" : `(${valueText(vital.mean.vital, vital.mean.value)})`;
  return vital.ageUnknown ? `${mean}?` : mean;
}

function spoken(vital) {
  const value = vital.live ? `${shownValue(vital, false)} ${unitOf(vital.vital)}` : text("value.no_data");
  const limits = limitsText(vital);
  return `${vitalName(vital.vital)}: ${value}${limits === "" ? "" : `, ${text("tile.limits", { limits })}`}`;
}

function makeAlarm(alarm) {
  const what = element("span", { class: "alarm-text" });
  const state = element("span", { class: "alarm-state" });
  const advice = element("span", { class: "alarm-advice" });
  const node = element("li", { class: "alarm", "data-alarm": alarm.name }, what, state, advice);
  return {
    node,
    update({ alarm: now, isTop, isLast, more }) {
      setAttribute(node, "data-priority", now.priority);
      setAttribute(node, "data-inactivation", now.inactivation);
      setAttribute(node, "data-kind", now.kind);
      setText(what, alarmText(now));
      setText(state, stateText(now, isLast, more));
      setText(advice, isTop ? now.advice : "");
    },
  };
}

/** What the gateway says of an alarm, and whether it is a test. */
export function alarmText(alarm) {
  return alarm.test ? `${text("alarm.test_short")} ${alarm.text}` : alarm.text;
}

function stateText(alarm, isLast, more) {
  const words = [];
  if (isLast) words.push(text("tile.last_known"));
  if (alarm.inactivation !== "none") words.push(text(`inactivation.${alarm.inactivation}`));
  if (alarm.state === "latched") words.push(text("tile.latched"));
  if (more > 0) words.push(text("tile.more", { n: more }));
  return words.join(" · ");
}

function news2Text(news2) {
  if (news2.complete) return `NEWS2 ${news2.total}`;
  return news2.lowerBound > 0 ? `NEWS2 ≥ ${news2.lowerBound}` : "NEWS2 –";
}

export class Tile {
  #mark = priorityMark("none");
  #priority = element("span", { class: "tile-priority" });
  #link = element("a", { class: "tile-link" });
  #news2 = element("span", { class: "news2" });
  #status = element("p", { class: "tile-status" });
  #alarms = element("ul", { class: "alarms" });
  #vitals = element("div", { class: "vitals" });
  #age = element("span", { class: "age" });
  #marks = element("span", { class: "marks" });
  #alarmList = new Keyed(this.#alarms, makeAlarm);
  #vitalList = new Keyed(this.#vitals, makeVital);
  node;

  constructor(bed) {
    this.#link.href = `#bed/${bed}`;
    this.#link.textContent = bed;
    this.node = element(
      "li",
      { class: "tile", "data-tile": "", "data-bed": bed },
      element("div", { class: "tile-head" }, this.#mark, element("h2", {}, this.#link), this.#priority, this.#news2),
      this.#status,
      this.#alarms,
      this.#vitals,
      element("div", { class: "tile-foot" }, this.#age, this.#marks),
    );
  }

  update(view, { layout, trend, time }) {
    const { node } = this;
    const isCutOff = view.condition === "gateway_lost" || view.condition === "screen_lost";
    setAttribute(node, "data-state", view.condition);
    setAttribute(node, "data-priority", view.priority);
    setAttribute(node, "data-signal", isCutOff ? "none" : view.signal);
    this.#updateHead(view);
    setText(this.#status, statusText(view));
    setHidden(this.#status, this.#status.textContent === "");
    this.#updateAlarms(view, layout, isCutOff);
    this.#updateVitals(view, layout, trend, time, isCutOff);
    setText(this.#age, ageText(view));
    setText(this.#marks, marksText(view));
  }

  #updateHead(view) {
    const isAnswered = view.priority !== "none" && view.signal === "none";
    setAttribute(this.#mark, "data-priority", view.priority);
    setText(this.#mark, view.priority === "none" ? "" : isAnswered ? `${MARKS[view.priority]}✓` : MARKS[view.priority]);
    setText(this.#priority, view.priority === "none" ? "" : text(`tile.${view.priority}`));
    const { news2 } = view;
    setHidden(this.#news2, news2 === null);
    if (news2 === null) return;
    setText(this.#news2, news2Text(news2));
    setAttribute(this.#news2, "data-band", news2.band ?? news2.lowerBand ?? "none");
    setAttribute(this.#news2, "data-known", news2.complete || news2.lowerBound > 0);
    setAttribute(this.#news2, "data-live", news2.live && view.live);
    setAttribute(this.#news2, "title", news2.isDue ? text("tile.news2_due") : null);
  }

  #updateAlarms(view, layout, isCutOff) {
    const signalled = view.alarms.filter((alarm) => alarm.priority !== "none");
    const shown = signalled.slice(0, MOST_ALARMS[layout]);
    const left = signalled.length - shown.length;
    this.#alarmList.update(
      shown.map((alarm, i) => ({ alarm, isTop: i === 0, isLast: isCutOff, more: i === shown.length - 1 ? left : 0, name: alarm.name })),
      (item) => item.name,
    );
  }

  #updateVitals(view, layout, trend, time, isCutOff) {
    const isEmpty = view.condition === "vacant" && view.vitals.every((vital) => vital.value === null);
    const vitals = isEmpty ? [] : tileVitals(view.vitals, MOST_VITALS[layout]);
    this.#vitalList.update(
      vitals.map((vital, place) => ({ vital, trend, time, isOld: isCutOff, place })),
      (item) => item.place,
    );
    setAttribute(this.#vitals, "data-count", vitals.length);
  }
}

function statusText(view) {
  switch (view.condition) {
    case "live":
      return "";
    case "away":
      return text("bed.away", { time: clockTime(view.awayUntil, { seconds: false }) });
    case "gateway_lost":
      return text(view.gatewayState === "moved" ? "tile.moved" : "gateway.lost");
    case "screen_lost":
      return text("tile.screen_lost");
    case "waiting":
      return text("tile.waiting");
    default:
      return text(`bed.${view.condition}`);
  }
}

// What is paused or off, and what the gateway only lets know.
function marksText(view) {
  const advisories = view.alarms.filter((alarm) => alarm.priority === "none").map((alarm) => alarm.text);
  return [...view.marks.map((mark) => text(`mark.${mark}`)), ...advisories].join(" · ");
}

function ageText(view) {
  if (view.ageMs === null || view.condition === "vacant" || view.condition === "waiting") return "";
  if (view.live && view.ageMs < OLD_MS) return text("tile.now");
  return text("tile.age", { time: duration(view.ageMs) });
}
