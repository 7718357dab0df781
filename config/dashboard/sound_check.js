// sound_check.js: the check by ear: each pattern is played, and somebody says whether it was heard.
import { PRIORITIES, BURSTS } from "./bursts.js";
import { element, freshId, setText } from "./dom.js";
import { clockTime, text } from "./texts.js";

function checkRow(sound, now, priority) {
  const words = element("span", { role: "status" });
  const play = element("button", { type: "button", on: { click: () => start() } }, text("sound.check_play", { priority: text(`priority.${priority}`) }));
  const yes = element("button", { type: "button", on: { click: () => say(true) } }, text("board.yes"));
  const no = element("button", { type: "button", on: { click: () => say(false) } }, text("board.no"));
  const node = element("li", { class: "sound-row", "data-priority": priority }, play, words, yes, no);
  const show = (isAsked) => [yes, no].forEach((one) => (one.hidden = !isAsked));

  async function start() {
    const output = await sound.beginCheck();
    if (!sound.play(priority)) {
      show(false);
      setText(words, text(output === "blocked" ? "sound.blocked" : "sound.failed"));
      return;
    }
    setText(words, text("sound.check_ask", { n: BURSTS[priority].pulses.length }));
    show(true);
  }

  function say(heard) {
    sound.checked(priority, heard, now());
    const key = heard ? "sound.check_heard" : "sound.check_not_heard";
    setText(words, text(key, { priority: text(`priority.${priority}`) }));
    show(false);
  }
  show(false);
  return node;
}

/** A board that is off stays off: only the patterns are heard. now() → ms by the clock that people see. */
export function openCheck(sound, now) {
  const id = freshId("sound");
  const done = element("p", { role: "status" }, text("sound.unchecked"));
  const dialog = element(
    "dialog",
    { class: "dialog", "data-dialog": "sound", "aria-labelledby": id },
    element("h2", { id }, text("sound.check")),
    element("ul", { class: "sound-rows" }, ...PRIORITIES.map((priority) => checkRow(sound, now, priority))),
    done,
    element("button", { type: "button", on: { click: () => dialog.close() } }, text("board.close")),
  );
  const tell = () => {
    const at = sound.checkedAt();
    setText(done, at === null ? text("sound.unchecked") : text("sound.check_done", { time: clockTime(at) }));
  };
  const stop = sound.onChange(tell);
  dialog.addEventListener("close", () => {
    stop();
    sound.endCheck();
    dialog.remove();
  });
  document.body.append(dialog);
  tell();
  dialog.showModal();
}
