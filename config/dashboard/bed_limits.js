// bed_limits.js: the limits in force at a bed, where they come from, and a form for those that a command may set. The
// settings say what may be set; whoever may not set any sees them all the same.
import { Keyed, element, freshId, setAttribute, setHidden, setText } from "./dom.js";
import { numberField, allRight } from "./field.js";
import { text, word } from "./texts.js";
import { checkLimit } from "./typed.js";
import { unitOf, vitalName } from "./vitals.js";

// A limit of one vital is in that vital's unit; of others only the rule knows. Where a vital has two of a side (one that is
// extreme), the rule's name tells them apart.
export function nameOf({ rule, parameter, limitOf, limitSide }) {
  if (parameter !== "limit" || limitOf === null || limitSide === null) return { title: rule, unit: "" };
  const words = text(`limits.name_${limitSide}`, { vital: vitalName(limitOf) });
  return { title: rule === `${limitOf}_${limitSide}` ? words : `${words} (${rule})`, unit: unitOf(limitOf) };
}

function row({ desk, place, edit }) {
  let shown = null;
  const title = element("th", { scope: "row" });
  const cells = Object.fromEntries(["value", "source", "bounds", "do"].map((name) => [name, element("td")]));
  cells.value.setAttribute("data-limit", "");
  const change = element("button", { type: "button", "data-action": "change", on: { click: () => edit(shown, change) } }, text("limits.change"));
  const reset = element("button", { type: "button", "data-action": "reset", on: { click: () => giveBack() } }, text("do.reset_limit"));
  cells.do.append(change, reset);
  const node = element("tr", {}, title, ...Object.values(cells));

  function giveBack() {
    const { rule, parameter } = shown;
    const what = text("what.reset_limit", { rule: nameOf(shown).title, parameter });
    desk.give(place().bed, place().stay, [{ command: "reset_limit", fields: { rule, parameter }, what }]);
  }

  return {
    node,
    update(item) {
      shown = item;
      const { rule, parameter, limit, priority, canAct } = item;
      const { title: words, unit } = nameOf(item);
      setText(title, parameter === "limit" ? words : `${rule}: ${parameter}`);
      setText(cells.value, `${limit.value} ${unit}`.trim());
      const standard = limit.default === null || limit.source === "default" ? "" : text("limits.instead_of", { value: limit.default });
      setText(cells.source, [word("limits.source", limit.source), standard].filter(Boolean).join(" "));
      setText(cells.bounds, limit.settable === null ? text("value.none") : text("limits.bounds", { low: limit.settable[0], high: limit.settable[1] }));
      const may = desk.may("set_limit") && limit.settable !== null;
      setHidden(change, !may);
      setHidden(reset, !may || limit.source !== "set");
      setAttribute(change, "aria-label", `${text("limits.change")}: ${words}`);
      setAttribute(reset, "aria-label", `${text("do.reset_limit")}: ${words}`);
      change.disabled = !canAct;
      reset.disabled = !canAct;
      setAttribute(node, "data-rule", rule);
      setAttribute(node, "data-parameter", parameter);
      setAttribute(node, "data-source", limit.source);
      setAttribute(node, "data-priority", priority);
    },
  };
}

// One form for all rows: it says of which limit it is, and goes when it is done with.
function limitForm({ desk, place }) {
  let item = null;
  let opener = null;
  let stay = null;
  const title = element("h4", { id: freshId("limit") });
  const holder = element("div", {});
  let field = null;
  const node = element(
    "form",
    { class: "limit-form", "data-command": "set_limit", novalidate: true, "aria-labelledby": title.id, hidden: true, on: { submit: (event) => send(event), keydown: (event) => leave(event) } },
    title,
    holder,
    element("button", { type: "submit", class: "primary" }, text("do.set_limit")),
    element("button", { type: "button", on: { click: () => close() } }, text("board.cancel")),
  );

  function close() {
    node.hidden = true;
    opener?.focus();
  }

  function leave(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  }

  async function send(event) {
    event.preventDefault();
    const { rule, parameter, limit } = item;
    const { title: name, unit } = nameOf(item);
    const check = checkLimit(field.value, limit.settable, unit);
    if (!allRight([[field, check]])) return;
    const what = text("what.set_limit", { rule: name, parameter, value: check.value, unit });
    const order = { command: "set_limit", fields: { rule, parameter, value: check.value }, what };
    const entries = await desk.give(place().bed, stay, [order]);
    if (entries?.[0]?.state === "accepted") close();
  }

  return {
    node,
    open(chosen, button) {
      [item, opener, stay] = [chosen, button, place().stay];
      const { limit } = item;
      const { title: name, unit } = nameOf(item);
      setText(title, `${text("do.set_limit")}: ${name}`);
      const allowed = text("limits.allowed", { low: limit.settable[0], high: limit.settable[1] });
      field = numberField({ name: "value", label: text("limits.new_value"), unit, allowed });
      field.set(String(limit.value));
      holder.replaceChildren(field.node);
      node.hidden = false;
      field.input.select();
      field.input.focus();
    },
    close,
  };
}

function rowsOf(settings) {
  const items = [];
  for (const [rule, { priority, limitOf, limitSide, parameters }] of settings.rules) {
    for (const [parameter, limit] of parameters) items.push({ rule, priority, limitOf, limitSide, parameter, limit });
  }
  return items;
}

export function bedLimits({ desk, place }) {
  const body = element("tbody");
  const form = limitForm({ desk, place });
  const rows = new Keyed(body, () => row({ desk, place, edit: form.open }));
  const none = element("p", { class: "quiet" }, text("limits.none"));
  const off = element("p", { class: "limits-off" });
  const heads = ["limits.rule", "limits.value", "limits.from", "limits.may_be", "limits.actions"];
  const table = element(
    "table",
    { class: "limits" },
    element("thead", {}, element("tr", {}, ...heads.map((key) => element("th", { scope: "col" }, text(key))))),
    body,
  );
  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-limits-title" },
      element("h3", { id: "bed-limits-title" }, text("bed.limits")),
      off,
      none,
      form.node,
      element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-labelledby": "bed-limits-title" }, table),
    ),
    update({ settings, canAct }) {
      const items = settings === null ? [] : rowsOf(settings);
      setHidden(none, items.length > 0);
      setHidden(table, items.length === 0);
      const rulesOff = settings?.rulesOff ?? [];
      setHidden(off, rulesOff.length === 0);
      setText(off, text("limits.off", { rules: rulesOff.join(text("list.comma")) }));
      rows.update(
        items.map((item) => ({ ...item, canAct })),
        ({ rule, parameter }) => `${rule}/${parameter}`,
      );
    },
  };
}
