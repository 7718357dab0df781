// bed_answers.js: what was sent from this screen to a bed, and what the gateway answered. Read out as it changes.
import { Keyed, element, setAttribute, setHidden, setText } from "./dom.js";
import { explain } from "./commands.js";
import { clockTime, text } from "./texts.js";

const SHOWN = 6;
const MARKS = { sending: "…", waiting: "…", accepted: "✓", refused: "✗", unanswered: "?", unsent: "✗" };

// Of what is done there is no more to say; of what is not, in the gateway's own words.
function detailOf(entry) {
  if (entry.state === "unsent") return entry.text;
  return entry.state === "refused" && entry.text !== "" ? text("command.gateway_says", { text: entry.text }) : "";
}

function answer() {
  const mark = element("span", { class: "answer-mark", "aria-hidden": "true" });
  const what = element("span", { class: "answer-what" });
  const state = element("span", { class: "answer-state" });
  const said = element("span", { class: "answer-said" });
  const node = element("li", { class: "answer" }, mark, what, state, said);
  return {
    node,
    update(entry) {
      setText(mark, MARKS[entry.state]);
      setText(what, [entry.at === null ? "" : clockTime(entry.at), entry.what].filter(Boolean).join(" "));
      setText(state, explain(entry));
      setText(said, detailOf(entry));
      setAttribute(node, "data-reply", entry.state);
      setAttribute(node, "data-command", entry.command);
    },
  };
}

export function bedAnswers({ desk, place }) {
  const list = element("ul", { class: "bed-answers" });
  const none = element("p", { class: "quiet" }, text("command.none"));
  const items = new Keyed(list, answer);
  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-answers-title" },
      element("h3", { id: "bed-answers-title" }, text("command.title")),
      none,
      element("div", { role: "log", "aria-live": "polite", "aria-labelledby": "bed-answers-title" }, list),
    ),
    update() {
      const entries = desk.commander.entries(place().bed).slice(0, SHOWN);
      setHidden(none, entries.length > 0);
      items.update(entries, ({ id }) => id);
    },
  };
}
