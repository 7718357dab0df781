// field.js: a labelled field of a form with its unit, what is allowed, and room for what is wrong.
import { element, freshId, setAttribute, setText } from "./dom.js";
import { text } from "./texts.js";

function wrap(input, { name, label, unit = "", allowed = "" }) {
  const hint = element("span", { id: freshId("hint"), class: "field-hint" }, [unit, allowed].filter(Boolean).join(" "));
  const fault = element("span", { id: freshId("fault"), class: "fault", role: "alert" });
  input.id = freshId("field");
  setAttribute(input, "name", name);
  setAttribute(input, "aria-describedby", `${hint.id} ${fault.id}`);
  const node = element("div", { class: "field" }, element("label", { for: input.id }, label), input, hint, fault);
  return {
    node,
    input,
    get value() {
      return input.value;
    },
    /** Of a choice: as people read it. */
    get words() {
      return input.selectedOptions[0]?.textContent ?? "";
    },
    get isEmpty() {
      return input.value.trim() === "";
    },
    clear() {
      input.value = "";
      this.say(null);
    },
    set(value) {
      input.value = value;
    },
    /** {fault, values} of a check, or null; what was wrong is said until it is typed anew. */
    say(check) {
      setText(fault, check?.fault === undefined ? "" : text(check.fault, check.values));
      setAttribute(input, "aria-invalid", check?.fault === undefined ? null : "true");
    },
    /** What the gateway said of it. */
    tell(words) {
      setText(fault, words);
    },
    hint(words) {
      setText(hint, words);
    },
  };
}

export function numberField(options) {
  return wrap(element("input", { type: "text", inputmode: "decimal", autocomplete: "off", maxlength: 12 }), options);
}

export function textField({ maxlength = 63, ...options }) {
  return wrap(element("input", { type: "text", autocomplete: "off", spellcheck: "false", maxlength }), options);
}

/** choices: [value, words]; the first is "nothing" where `empty` has words. */
export function choiceField({ choices, empty = null, ...options }) {
  const nothing = empty === null ? [] : [element("option", { value: "" }, empty)];
  const input = element("select", {}, ...nothing, ...choices.map(([value, words]) => element("option", { value }, words)));
  return wrap(input, options);
}

/** Checks fields that are given as [field, check]; the first that is wrong gets the focus. True: all are right. */
export function allRight(checks) {
  let first = null;
  for (const [field, check] of checks) {
    field.say(check);
    if (check.fault !== undefined) first ??= field;
  }
  first?.input.focus();
  return first === null;
}
