// bed_alarms.js: the alarms that are on at a bed, each with what it says and what can be done about it, and the history of
// this session. Text and advice are the rules' own.
import { Keyed, element, setAttribute, setHidden, setText } from "./dom.js";
import { clockTime, duration, text, word } from "./texts.js";
import { priorityMark } from "./tile.js";
import { unitText, valueText } from "./vitals.js";

const HISTORY_MOST = 100;

const valueOf = (alarm) => (alarm.vital === null ? String(alarm.value) : valueText(alarm.vital, alarm.value));

function figures(alarm) {
  const unit = unitText(alarm.unit);
  const parts = [];
  if (alarm.value !== null && alarm.value !== undefined) parts.push(text("alarm.value", { value: valueOf(alarm), unit }));
  if (alarm.limit !== null && alarm.limit !== undefined) parts.push(text("alarm.limit", { limit: alarm.limit, unit }));
  return parts.join(" · ");
}

// The mark that a priority has on the ward's page, too.
function priorityHolder() {
  const node = element("span", { class: "mark-holder" });
  let shown = null;
  return {
    node,
    update(priority) {
      if (priority === shown) return;
      shown = priority;
      node.replaceChildren(priorityMark(priority));
    },
  };
}

function stateText(alarm) {
  const parts = [word("priority", alarm.priority), word("kind", alarm.kind)];
  if (alarm.state === "latched") parts.push(text("state.latched"));
  if (alarm.inactivation !== "none") parts.push(word("inactivation", alarm.inactivation));
  if (alarm.bed === null) parts.push(text("alarm.of_gateway", { gateway: alarm.gateway }));
  if (alarm.source === "monitor") parts.push(text("alarm.monitor"));
  if (alarm.partOf !== null) parts.push(text("alarm.part_of", { rule: alarm.partOf.rule }));
  if (alarm.reason !== null) parts.push(word("reason", alarm.reason));
  if (alarm.test) parts.push(text("alarm.test"));
  return parts.join(" · ");
}

// What a press of the button is about is the alarm as it is shown at that instant.
function alarmItem(desk, place) {
  let shown = null;
  const title = element("h4", { class: "bed-alarm-text", tabindex: -1 });
  const mark = priorityHolder();
  const advice = element("p", { class: "bed-alarm-advice" });
  const facts = element("p", { class: "bed-alarm-facts" });
  const state = element("p", { class: "bed-alarm-state" });
  const acknowledge = element("button", { type: "button", class: "primary", "data-command": "acknowledge", on: { click: () => act("acknowledge") } });
  const pause = element("button", { type: "button", "data-command": "pause", on: { click: () => act("pause") } }, text("do.pause_audio"));
  const actions = element("div", { class: "bed-alarm-actions" }, acknowledge, pause);
  const node = element("li", { class: "bed-alarm" }, mark.node, element("div", { class: "bed-alarm-body" }, title, advice, facts, state), actions);

  function act(kind) {
    const { id, rev, rule, text: what } = shown;
    const order =
      kind === "acknowledge"
        ? { command: "acknowledge", fields: { alarm_id: id, rev }, what: text("what.acknowledge", { alarm: what }) }
        : { command: "pause", fields: { what: "audio", rule }, what: text("what.pause_rule", { what: text("what.audio"), scope: what }) };
    desk.give(place().bed, place().stay, [order], { confirm: false });
  }

  function update({ alarm, time, canAct }) {
    shown = alarm;
    const hadFocus = actions.contains(document.activeElement);
    const isOpen = alarm.inactivation !== "acknowledged" && alarm.partOf === null && alarm.kind !== "advisory";
    const fromGateway = alarm.bed === null;
    mark.update(alarm.priority);
    setText(title, alarm.text);
    setText(advice, alarm.advice);
    setText(facts, [text("alarm.since_for", { time: clockTime(alarm.raisedAt), age: duration(time - alarm.raisedAt) }), figures(alarm)].filter(Boolean).join(" · "));
    setText(state, stateText(alarm));
    setText(acknowledge, alarm.state === "latched" ? text("do.release") : text("do.acknowledge"));
    setAttribute(acknowledge, "aria-label", `${acknowledge.textContent}: ${alarm.text}`);
    setAttribute(pause, "aria-label", `${text("do.pause_audio")}: ${alarm.text}`);
    setHidden(acknowledge, !isOpen || !desk.may("acknowledge"));
    const isRule = alarm.source === "rule" && alarm.kind === "physiological" && !alarm.name.includes(".");
    setHidden(pause, !isOpen || !isRule || fromGateway || alarm.inactivation !== "none" || !desk.may("pause", { what: "audio" }));
    for (const button of [acknowledge, pause]) button.disabled = !canAct;
    setAttribute(node, "data-priority", alarm.priority);
    setAttribute(node, "data-alarm", alarm.name);
    setAttribute(node, "data-inactivation", alarm.inactivation);
    // A button that is gone once it was pressed leaves the reader at its alarm, not at the top of the page.
    const isGone = !actions.contains(document.activeElement) || document.activeElement.closest("[hidden]") !== null;
    if (hadFocus && isGone) title.focus({ preventScroll: true });
  }
  return { node, update };
}

export function bedAlarms({ desk, place }) {
  const list = element("ul", { class: "bed-alarms" });
  const none = element("p", { class: "quiet" }, text("alarm.no_alarms"));
  const note = element("p", { class: "ack-note" }, text("board.ack_note"));
  const parts = new Keyed(list, () => alarmItem(desk, place));
  const title = element("h3", { id: "bed-alarms-title" }, text("bed.alarms"));
  const node = element("section", { class: "bed-panel", "aria-labelledby": title.id }, title, none, list, note);
  return {
    node,
    /** gatewayAlarms: those of the bed's gateway itself, which the command of any bed acknowledges. */
    update({ view, gatewayAlarms, isReached, time, canAct }) {
      setText(title, text(isReached ? "bed.alarms" : "bed.alarms_last"));
      setAttribute(node, "data-last-known", !isReached);
      const alarms = [...view.alarms, ...gatewayAlarms];
      setHidden(none, alarms.length > 0 || !isReached);
      parts.update(
        alarms.map((alarm) => ({ alarm, time, canAct })),
        ({ alarm }) => `${alarm.epoch}/${alarm.id}`,
      );
    },
  };
}

// ---- what was, while this board was open

function historyRow() {
  const cells = Object.fromEntries(["began", "lasted", "priority", "what", "figures"].map((name) => [name, element("td")]));
  const mark = priorityHolder();
  const priorityWords = element("span", {});
  cells.priority.append(mark.node, " ", priorityWords);
  const node = element("tr", {}, ...Object.values(cells));
  return {
    node,
    update({ occurrence }) {
      const { startedAt, endedAt } = occurrence;
      setText(cells.began, clockTime(startedAt));
      setText(cells.lasted, endedAt === null ? text("state.active") : duration(endedAt - startedAt));
      mark.update(occurrence.priority);
      setText(priorityWords, word("priority", occurrence.priority));
      const marks = [
        occurrence.acknowledged ? text("inactivation.acknowledged") : null,
        occurrence.test ? text("alarm.test") : null,
        occurrence.late ? text("alarm.late") : null,
      ].filter((mark) => mark !== null);
      setText(cells.what, [occurrence.text, ...marks].join(" · "));
      setText(cells.figures, figures(occurrence));
      setAttribute(node, "data-priority", occurrence.priority);
      setAttribute(node, "data-over", endedAt !== null);
    },
  };
}

export function bedHistory() {
  const body = element("tbody");
  const rows = new Keyed(body, historyRow);
  const none = element("p", { class: "quiet" }, text("history.none"));
  const heads = ["history.began", "history.lasted", "history.priority", "history.what", "history.figures"];
  const table = element(
    "table",
    { class: "history" },
    element("thead", {}, element("tr", {}, ...heads.map((key) => element("th", { scope: "col" }, text(key))))),
    body,
  );
  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-history-title" },
      element("h3", { id: "bed-history-title" }, text("bed.history")),
      none,
      element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-labelledby": "bed-history-title" }, table),
    ),
    update({ bed, time }) {
      const mine = bed.occurrences.list().filter((occurrence) => occurrence.stay === null || occurrence.stay === bed.stay);
      setHidden(none, mine.length > 0);
      setHidden(table, mine.length === 0);
      rows.update(
        mine.slice(0, HISTORY_MOST).map((occurrence) => ({ occurrence })),
        ({ occurrence }) => occurrence.key,
      );
    },
  };
}
