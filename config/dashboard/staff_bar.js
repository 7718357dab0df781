// staff_bar.js: who is at the board, to be seen and changed; or that this board only shows.
import { askStaff } from "./dialogs.js";
import { element, setHidden, setText } from "./dom.js";
import { text } from "./texts.js";

export function staffBar({ staff, now }) {
  const words = element("span", { class: "staff-words" });
  const enter = element("button", { type: "button", on: { click: () => askStaff(staff, now) } }, text("staff.title"));
  const leave = element("button", { type: "button", on: { click: () => staff.leave() } }, text("staff.leave"));
  const node = element("div", { class: "staff" }, words, enter, leave);

  function update() {
    const { signer, role } = staff;
    if (role === null) setText(words, text("staff.only_shows"));
    else if (signer === null) setText(words, text("staff.nobody"));
    else setText(words, text("staff.is", { by: signer.by, role: text(`role.${role}`) }));
    setHidden(enter, role === null || signer !== null);
    setHidden(leave, signer === null);
  }
  update();
  const stop = staff.onChange(update);
  return { node, update, close: stop };
}
