// bed_vitals.js: a bed's vitals, large: value, unit, limits, age, and why there is none. What is not live is struck out in
// words, never shown as a number of now.
import { Keyed, element, setAttribute, setHidden, setText } from "./dom.js";
import { ago, clockTime, text, word } from "./texts.js";
import { unitOf, valueText, vitalName, vitalOf, vitalShort } from "./vitals.js";

const OLD_MS = 5000; // a value that is this old says so

function card() {
  const name = element("dt", { class: "card-name" });
  const value = element("span", { class: "card-value", "data-value": "" });
  const unit = element("span", { class: "card-unit" });
  const state = element("span", { class: "card-state" });
  const limits = element("span", { class: "card-limits" });
  const node = element(
    "div",
    { class: "card" },
    name,
    element("dd", {}, element("span", { class: "card-number" }, value, unit), limits, state),
  );
  return { node, name, value, unit, state, limits };
}

const limitsText = (name, { low, high }) =>
  [
    low === null ? null : text("limits.low", { limit: valueText(name, low) }),
    high === null ? null : text("limits.high", { limit: valueText(name, high) }),
  ]
    .filter((part) => part !== null)
    .join(" · ");

function stateText(vital, time, ageMs) {
  if (vital.invalid !== null) return word("quality", vital.invalid);
  if (vital.value === null || !vital.live) return text("value.no_data");
  const parts = [];
  if (vital.source !== null) parts.push(text("value.from", { vital: vitalShort(vital.source) }));
  if (vital.ageUnknown) parts.push(text("value.age_unknown"));
  else if (vital.observedAt !== null) {
    const age = ago(time - vital.observedAt);
    parts.push(text("value.measured_ago", { time: clockTime(vital.observedAt, { seconds: false }), age }));
  } else if (ageMs > OLD_MS) parts.push(ago(ageMs));
  return parts.join(" · ");
}

// What a monitor could measure and nobody has asked it to takes a line, not a card each.
const isUnused = (vital) => vital.value === null && vital.invalid === "never" && vital.priority === "none";

export function bedVitals() {
  const list = element("dl", { class: "cards" });
  const none = element("p", { class: "quiet" }, text("bed.no_data"));
  const never = element("p", { class: "cards-never" });
  const parts = new Keyed(list, () => {
    const made = card();
    return { node: made.node, update: (item) => update(made, item) };
  });

  function update(made, { vital, time, ageMs }) {
    const isShown = vital.live && vital.value !== null;
    const isCoded = isShown && vitalOf(vital.vital)?.unit === "1";
    setText(made.name, vitalName(vital.vital));
    setText(made.value, isShown ? valueText(vital.vital, vital.value) : text("value.none"));
    setText(made.unit, isShown ? unitOf(vital.vital) : "");
    setText(made.limits, limitsText(vital.vital, vital));
    setText(made.state, stateText(vital, time, ageMs));
    setAttribute(made.node, "data-priority", vital.priority);
    setAttribute(made.node, "data-vital", vital.vital);
    setAttribute(made.node, "data-state", isShown ? "live" : "absent");
    setAttribute(made.node, "data-coded", isCoded);
    setAttribute(made.node, "data-acknowledged", vital.acknowledged);
  }

  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-vitals-title" },
      element("h3", { id: "bed-vitals-title" }, text("bed.vitals")),
      none,
      list,
      never,
    ),
    update({ view, time }) {
      const shown = view.vitals.filter((vital) => !isUnused(vital));
      const unused = view.vitals.filter(isUnused).map((vital) => vitalName(vital.vital));
      setHidden(none, shown.length > 0);
      setHidden(never, unused.length === 0);
      setText(never, text("bed.never", { vitals: unused.join(text("list.comma")) }));
      parts.update(
        shown.map((vital) => ({ vital, time, ageMs: view.ageMs ?? 0 })),
        (item) => item.vital.vital,
      );
    },
  };
}
