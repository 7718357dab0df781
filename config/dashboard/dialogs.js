// dialogs.js: the two questions that may stand between a button and a command: who is at the board, and whether just this
// is meant. Both are the browser's own modal dialogs: the keyboard stays in them, Escape is "no".
import { element, freshId, setText } from "./dom.js";
import { text } from "./texts.js";
import { checkStaff } from "./typed.js";

function open(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

const buttons = (yes) =>
  element(
    "div",
    { class: "dialog-buttons" },
    element("button", { type: "submit", value: "yes", class: "primary", "data-action": "yes" }, yes),
    element("button", { type: "button", class: "dialog-cancel", "data-action": "no", on: { click: (event) => event.target.closest("dialog").close("") } }, text("board.cancel")),
  );

/** What will be sent, line by line; true when it shall be. */
export async function confirmCommand({ bed, lines, by, silences = false }) {
  const id = freshId("dialog");
  const dialog = element(
    "dialog",
    { class: "dialog", "data-dialog": "confirm", "aria-labelledby": id },
    element(
      "form",
      { method: "dialog" },
      element("h2", { id }, text("command.confirm", { bed })),
      element("ul", { class: "dialog-lines" }, ...lines.map((line) => element("li", {}, line))),
      element("p", { class: "dialog-note" }, text("command.signed", { by })),
      silences ? element("p", { class: "dialog-note" }, text("board.pause_note")) : null,
      buttons(text("command.send")),
    ),
  );
  return (await open(dialog)) === "yes";
}

/** Asks for a staff number until there is one, or nobody wants to say. */
export async function askStaff(staff, now) {
  const title = freshId("dialog");
  const note = freshId("dialog");
  const fault = element("p", { class: "fault", role: "alert" });
  const input = element("input", {
    id: freshId("staff"),
    name: "staff",
    type: "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    maxlength: 39,
    "aria-describedby": note,
  });
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: title }, text("staff.title")),
    element("label", { for: input.id }, text("staff.label")),
    input,
    fault,
    element("p", { id: note, class: "dialog-note" }, text("staff.note", { role: text(`role.${staff.role}`) })),
    buttons(text("staff.enter")),
  );
  form.addEventListener("submit", (event) => {
    const wrong = checkStaff(input.value).fault;
    if (wrong === undefined) return;
    event.preventDefault();
    setText(fault, text(wrong));
    input.setAttribute("aria-invalid", "true");
    input.focus();
  });
  const dialog = element("dialog", { class: "dialog", "data-dialog": "staff", "aria-labelledby": title }, form);
  return (await open(dialog)) === "yes" && staff.enter(input.value, now());
}
