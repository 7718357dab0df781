// bed_entry.js: what people observe and enter: a set of observations of one time, looked at once more before it goes out,
// one command each. A field is emptied when the gateway has accepted it; what it has not stays, with its answer.
import { Keyed, element, setHidden, setText } from "./dom.js";
import { allRight, choiceField, numberField, textField } from "./field.js";
import { explain } from "./commands.js";
import { clockTime, text } from "./texts.js";
import { checkEntry, checkObservedAt } from "./typed.js";
import { ENTERED, WORDS, entryRange, unitOf, valueText, vitalName } from "./vitals.js";

function fieldOf(name, patientClass) {
  const label = vitalName(name);
  if (Object.hasOwn(WORDS, name)) {
    const choices = WORDS[name].map((word) => [word, text(`${name}.${word}`)]);
    return choiceField({ name, label, choices, empty: text("entry.not_observed") });
  }
  const [low, high] = entryRange(name, patientClass);
  return numberField({ name, label, unit: unitOf(name), allowed: text("entry.range", { low, high }) });
}

const taken = (name, value) => `${valueText(name, value)} ${unitOf(name)}`.trim();

function orderOf(name, value, observedAt) {
  return {
    command: "observe",
    fields: { vital: name, value, observed_at: new Date(observedAt).toISOString() },
    what: text("what.observe", { vital: vitalName(name), value: taken(name, value), time: clockTime(observedAt, { seconds: false }) }),
  };
}

export function bedEntry({ desk, place }) {
  let fields = new Map();
  let builtFor = null;
  let openedFor = null; // the stay that the first thing was typed for
  const time = textField({ name: "observed_at", label: text("entry.time"), allowed: text("entry.time_hint"), maxlength: 5 });
  const grid = element("div", { class: "field-grid" });
  const result = element("p", { class: "form-result", role: "status" });
  const submit = element("button", { type: "submit", class: "primary" }, text("entry.check"));
  const form = element(
    "form",
    { novalidate: true, class: "entry-form", "data-command": "observe", on: { submit: (event) => send(event), input: () => (openedFor ??= place().stay) } },
    time.node,
    grid,
    submit,
    result,
  );
  const entered = enteredList({ desk, place });
  const node = element(
    "section",
    { class: "bed-panel", "aria-labelledby": "bed-entry-title" },
    element("h3", { id: "bed-entry-title" }, text("bed.entry")),
    form,
    entered.node,
  );

  // Ranges are those of the patient's class. Another patient's half-typed values are nobody's.
  function build(patientClass, stay) {
    const key = `${patientClass}/${stay}`;
    if (key === builtFor) return;
    builtFor = key;
    openedFor = null;
    fields = new Map(ENTERED.map((name) => [name, fieldOf(name, patientClass)]));
    grid.replaceChildren(...[...fields.values()].map((field) => field.node));
    time.clear();
    setText(result, "");
  }

  function forget() {
    if (builtFor === null) return;
    builtFor = null;
    grid.replaceChildren();
    fields = new Map();
  }

  // By the gateway's clock; none typed is now.
  function observedAt() {
    const { gatewayNow, offset, stayStart } = place();
    if (time.isEmpty) return { value: gatewayNow };
    return checkObservedAt(time.value, { now: gatewayNow, since: stayStart, offset });
  }

  async function send(event) {
    event.preventDefault();
    const { bed, patientClass } = place();
    const filled = [...fields].filter(([, field]) => !field.isEmpty);
    for (const field of fields.values()) field.say(null);
    setText(result, filled.length === 0 ? text("check.nothing") : "");
    const at = observedAt();
    const checks = filled.map(([name, field]) => [field, checkEntry(name, field.value, patientClass), name]);
    if (!allRight([[time, at], ...checks]) || filled.length === 0) return;
    const orders = checks.map(([, { value }, name]) => orderOf(name, value, at.value));
    const entries = await desk.give(bed, openedFor ?? place().stay, orders);
    if (entries !== null) show(entries, orders.length);
  }

  function show(entries, wanted) {
    for (const entry of entries) {
      const field = fields.get(entry.fields.vital);
      if (entry.state === "accepted") field?.clear();
      else field?.tell([explain(entry), entry.text].filter(Boolean).join(" "));
    }
    const accepted = entries.filter((entry) => entry.state === "accepted").length;
    setText(result, text("entry.result", { accepted, wanted }));
    if (accepted === wanted) {
      time.clear();
      openedFor = null;
    }
  }

  return {
    node,
    update({ bed, settings, canAct }) {
      const isPossible = settings !== null && bed.stay !== null && desk.may("observe");
      if (isPossible) build(settings.class, bed.stay);
      else forget();
      submit.disabled = !canAct;
      entered.update({ bed, canAct });
      setHidden(node, !isPossible);
    },
  };
}

// ---- what is there by hand, and may be taken back

/** [vital, instant, value] of the newest entries that the bed's scores and vitals tell of. */
export function entriesOf(bed) {
  const found = new Map();
  const observed = bed.vitals?.stay === bed.stay ? bed.vitals.observed : new Map();
  for (const [name, at] of observed) {
    if (at !== null && ONLY_ENTERED.includes(name)) found.set(name, { name, at, value: bed.vitals.values.get(name) });
  }
  for (const score of bed.scores.values()) {
    if (score.stay !== bed.stay) continue;
    for (const { by, source, at, value } of score.parts.values()) {
      if (by === "nurse" && ENTERED.includes(source)) found.set(source, found.get(source) ?? { name: source, at, value });
    }
  }
  return [...found.values()].filter(({ value }) => value !== undefined);
}

const ONLY_ENTERED = ["consciousness", "oxygen_flow", "cap_refill", "effort", "wbc", "oxygen_device"];

function enteredList({ desk, place }) {
  const list = element("ul", { class: "entered" });
  const box = element("div", {}, element("h4", {}, text("entry.entered")), list);
  const items = new Keyed(list, () => {
    let shown = null;
    const words = element("span", {});
    const back = element("button", { type: "button", "data-command": "retract", on: { click: () => takeBack(shown) } }, text("do.retract"));
    const node = element("li", {}, words, back);
    return {
      node,
      update(item) {
        shown = item;
        const at = clockTime(item.at, { seconds: false });
        setText(words, text("entry.line", { vital: vitalName(item.name), value: taken(item.name, item.value), time: at }));
        back.setAttribute("aria-label", `${text("do.retract")}: ${vitalName(item.name)}`);
        back.disabled = !item.canAct;
        setHidden(back, !desk.may("retract"));
      },
    };
  });

  function takeBack({ name, at }) {
    const what = text("what.retract", { vital: vitalName(name), time: clockTime(at, { seconds: false }) });
    const fields = { vital: name, observed_at: new Date(at).toISOString() };
    desk.give(place().bed, place().stay, [{ command: "retract", fields, what }]);
  }

  return {
    node: box,
    update({ bed, canAct }) {
      const entries = entriesOf(bed);
      setHidden(box, entries.length === 0);
      items.update(entries.map((entry) => ({ ...entry, canAct })), ({ name }) => name);
    },
  };
}
