// unseen_list.js: the list of alarms that began and ended while nobody looked.
import { element, setAttribute, setHidden, setText, Keyed } from "./dom.js";
import { clockTime, duration, text } from "./texts.js";
import { priorityMark, alarmText } from "./tile.js";

function makeEntry(occurrence, dismiss) {
  const title = element("a", { class: "unseen-bed", href: occurrence.bed === null ? "#" : `#bed/${occurrence.bed}` });
  const what = element("span", { class: "unseen-text" });
  const when = element("span", { class: "unseen-when" });
  const button = element("button", { type: "button", class: "quiet", on: { click: () => dismiss(occurrence.key) } }, "✓");
  const node = element(
    "li",
    { "data-entry": "", "data-bed": occurrence.bed, "data-rule": occurrence.name, "data-priority": occurrence.priority },
    priorityMark(occurrence.priority),
    element("div", {}, title, what, when),
    button,
  );
  return {
    node,
    update(now) {
      setText(title, now.bed ?? now.gateway);
      setText(what, alarmText(now));
      setText(when, whenText(now));
      setAttribute(button, "aria-label", text("unseen.dismiss_one", { bed: now.bed ?? now.gateway }));
    },
  };
}

function whenText(occurrence) {
  const times = `${clockTime(occurrence.startedAt)} – ${clockTime(occurrence.endedAt)}`;
  const lasted = duration(occurrence.endedAt - occurrence.startedAt);
  return `${times} (${lasted})${occurrence.late ? ` · ${text("alarm.late")}` : ""}`;
}

export class UnseenList {
  #panel;
  #list;
  #title;
  #more;
  #all;

  constructor(panel, dismiss) {
    this.#panel = panel;
    const list = element("ol", { "data-list": "unseen", tabindex: "0" });
    this.#title = element("h2", { id: "unseen-title" });
    this.#more = element("p", { class: "dim" });
    this.#all = element("button", { type: "button", on: { click: () => dismiss() } });
    panel.append(element("div", { class: "panel-head" }, this.#title, this.#all), list, this.#more);
    this.#list = new Keyed(list, (occurrence) => makeEntry(occurrence, dismiss));
    list.setAttribute("aria-labelledby", "unseen-title");
  }

  /** True when it has come or gone, so that tiles have another room. */
  update(unseen) {
    const wasHidden = this.#panel.hidden;
    setHidden(this.#panel, unseen.list.length === 0);
    setText(this.#title, text("unseen.title", { n: unseen.list.length + unseen.more }));
    setText(this.#all, text("unseen.dismiss"));
    setHidden(this.#more, unseen.more === 0);
    setText(this.#more, text("unseen.more", { n: unseen.more }));
    this.#list.update(unseen.list, (occurrence) => occurrence.key);
    return wasHidden !== this.#panel.hidden;
  }
}
