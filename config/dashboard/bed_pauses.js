// bed_pauses.js: what is paused at a bed and until when, and pausing the whole bed. A pause silences screens that follow the
// gateway; never the bedside monitor.
import { Keyed, element, setHidden, setText } from "./dom.js";
import { choiceField } from "./field.js";
import { clockTime, duration, text } from "./texts.js";

const MINUTES = [1, 2, 3, 5]; // the configuration lets nobody pause for longer, unless it says so

const scopeText = (rule) => rule ?? text("what.whole_bed");

function pauseItem({ desk, place }) {
  let shown = null;
  const words = element("span", {});
  const resume = element("button", { type: "button", "data-command": "resume", on: { click: () => end(shown) } }, text("do.resume"));

  function end({ what, rule }) {
    const fields = rule === null ? { what } : { what, rule };
    const said = text("what.resume", { what: text(`what.${what}`), scope: scopeText(rule) });
    desk.give(place().bed, place().stay, [{ command: "resume", fields, what: said }], { confirm: false });
  }

  return {
    node: element("li", { class: "pause" }, words, resume),
    update({ pause, time, canAct }) {
      shown = pause;
      const until = clockTime(pause.until);
      const left = duration(pause.until - time);
      setText(words, text(`pause.${pause.what}`, { scope: scopeText(pause.rule), until, left }));
      resume.setAttribute("aria-label", `${text("do.resume")}: ${text(`what.${pause.what}`)}, ${scopeText(pause.rule)}`);
      resume.disabled = !canAct;
      setHidden(resume, !desk.may("resume"));
    },
  };
}

export function bedPauses({ desk, place }) {
  const list = element("ul", { class: "pauses" });
  const none = element("p", { class: "quiet" }, text("pause.none"));
  const items = new Keyed(list, () => pauseItem({ desk, place }));
  const length = choiceField({ name: "duration", label: text("pause.length"), choices: MINUTES.map((n) => [`${n}min`, text("time.minutes", { n })]) });
  length.set("2min");

  const start = (what) => () => {
    const said = text("what.pause", { what: text(`what.${what}`), duration: length.words, scope: text("what.whole_bed") });
    const order = { command: "pause", fields: { what, duration: length.value }, what: said };
    desk.give(place().bed, place().stay, [order], { confirm: what === "alarm" });
  };
  const audio = element("button", { type: "button", "data-command": "pause", "data-what": "audio", on: { click: start("audio") } }, text("do.pause_audio"));
  const alarm = element("button", { type: "button", "data-command": "pause", "data-what": "alarm", on: { click: start("alarm") } }, text("do.pause_alarm"));
  const form = element("div", { class: "small-form" }, length.node, audio, alarm);

  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-pauses-title" },
      element("h3", { id: "bed-pauses-title" }, text("bed.pauses")),
      none,
      list,
      form,
      element("p", { class: "ack-note" }, text("board.pause_note")),
    ),
    update({ bed, settings, time, canAct }) {
      const pauses = (settings?.pauses ?? []).filter(({ until }) => until > time);
      setHidden(none, pauses.length > 0);
      items.update(
        pauses.map((pause) => ({ pause, time, canAct })),
        ({ pause }) => `${pause.what}/${pause.rule ?? ""}`,
      );
      setHidden(form, bed.stay === null || !desk.may("pause", { what: "audio" }));
      setHidden(alarm, !desk.may("pause", { what: "alarm" }));
      for (const one of [audio, alarm]) one.disabled = !canAct;
    },
  };
}
