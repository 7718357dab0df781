// bed_stay.js: who is in the bed, as far as a board may know: admission, discharge, transfer, away and back, the SpO2 scale,
// how many nurses the ward has (whoever is in the bed), and for a biomedical engineer assign and a test alert. Each is asked once more.
import { element, setHidden, setText } from "./dom.js";
import { allRight, choiceField, textField } from "./field.js";
import { clockTime, dayTime, text, word } from "./texts.js";
import { checkBed, checkNurses, checkReason } from "./typed.js";

const AWAY_HOURS = [1, 2, 4, 8, 12];

export function bedStay({ desk, place }) {
  const facts = element("p", { class: "stay-facts" });
  const give = (command, fields, what) => desk.give(place().bed, place().stay, [{ command, fields, what }]);
  const button = (command, label, press) => element("button", { type: "button", "data-command": command, on: { click: press } }, label);

  const admit = button("admit", text("do.admit"), () => {
    const key = isUnentered ? "what.admit_confirm" : "what.admit";
    give("admit", {}, text(key, { bed: place().bed }));
  });
  const discharge = button("discharge", text("do.discharge"), () => give("discharge", {}, text("what.discharge", { bed: place().bed })));
  const back = button("back", text("do.back"), () => give("back", {}, text("what.back", { bed: place().bed })));
  const assign = button("assign", text("do.assign"), () => give("assign", {}, text("what.assign", { bed: place().bed })));
  const test = button("test_alert", text("do.test_alert"), () => give("test_alert", {}, text("what.test_alert", { bed: place().bed })));
  const plain = element("div", { class: "actions" }, admit, discharge, back, assign, test);

  const awayFor = choiceField({ name: "duration", label: text("stay.away_for"), choices: AWAY_HOURS.map((h) => [`${h}h`, text("time.whole_hours", { h })]) });
  awayFor.set("1h");
  const away = small("away", [awayFor], text("do.away"), () => {
    const { bed } = place();
    give("away", { duration: awayFor.value }, text("what.away", { bed, duration: awayFor.words }));
  });

  const toBed = textField({ name: "to_bed", label: text("do.transfer"), allowed: text("check.bed"), maxlength: 32 });
  const transfer = small("transfer", [toBed], text("do.transfer"), async () => {
    const { bed } = place();
    const check = checkBed(toBed.value, bed);
    if (!allRight([[toBed, check]])) return;
    await give("transfer", { to_bed: check.value }, text("what.transfer", { bed, to: check.value }));
  });

  const scale = choiceField({ name: "scale", label: text("do.set_scale"), choices: [["1", "1"], ["2", "2"]] });
  const reason = textField({ name: "reason", label: text("stay.reason"), allowed: text("check.reason") });
  const setScale = small("set_scale", [scale, reason], text("do.set_scale"), async () => {
    const check = checkReason(reason.value);
    if (!allRight([[reason, check]])) return;
    const fields = { scale: Number(scale.value), reason: check.value };
    const entries = await give("set_scale", fields, text("what.set_scale", fields));
    if (entries?.[0]?.state === "accepted") reason.clear();
  });

  const nurses = textField({ name: "nurses", label: text("stay.nurses"), allowed: text("check.nurses"), maxlength: 2 });
  const why = textField({ name: "reason", label: text("stay.reason"), allowed: text("check.reason") });
  const setStaff = small("set_staff", [nurses, why], text("do.set_staff"), async () => {
    const [count, reasonCheck] = [checkNurses(nurses.value), checkReason(why.value)];
    if (!allRight([[nurses, count], [why, reasonCheck]])) return;
    const fields = { nurses: count.value, reason: reasonCheck.value };
    const entries = await give("set_staff", fields, text("what.set_staff", fields));
    if (entries?.[0]?.state === "accepted") for (const field of [nurses, why]) field.clear();
  });

  const all = [admit, discharge, back, assign, test];
  const forms = [away, transfer, setScale, setStaff];
  let isUnentered = false;

  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-stay-title" },
      element("h3", { id: "bed-stay-title" }, text("bed.stay")),
      facts,
      plain,
      ...forms.map((form) => form.node),
    ),
    update({ bed, view, settings, canAct }) {
      const isOccupied = bed.stay !== null;
      const isAway = settings?.away !== null && settings?.away !== undefined;
      isUnentered = bed.alarms.has("admission_not_entered");
      setText(facts, factsOf(view, settings, isOccupied));
      setText(admit, isUnentered ? text("do.admit_confirm") : text("do.admit"));
      setHidden(admit, !desk.may("admit"));
      setHidden(discharge, !isOccupied || !desk.may("discharge"));
      setHidden(back, !isAway || !desk.may("back"));
      setHidden(assign, !desk.may("assign"));
      setHidden(test, !desk.may("test_alert"));
      setHidden(away.node, !isOccupied || isAway || !desk.may("away"));
      setHidden(transfer.node, !isOccupied || !desk.may("transfer"));
      setHidden(setScale.node, !isOccupied || !desk.may("set_scale") || settings === null || settings.spo2Scale === null);
      setHidden(setStaff.node, !desk.may("set_staff"));
      for (const one of all) one.disabled = !canAct;
      for (const form of forms) form.submit.disabled = !canAct;
    },
  };
}

function factsOf(view, settings, isOccupied) {
  if (!isOccupied) return text("bed.vacant");
  const parts = [];
  if (settings !== null) {
    parts.push(word("class", settings.class));
    if (settings.stayStart !== null) parts.push(text("bed.stay_since", { time: dayTime(settings.stayStart) }));
    if (settings.away) parts.push(text("bed.away", { time: clockTime(settings.away.until, { seconds: false }) }));
    parts.push(text(`oxygen.${settings.oxygen ?? "unknown"}`));
    if (settings.spo2Scale !== null) parts.push(text("score.scale", { scale: settings.spo2Scale }));
  }
  return parts.join(" · ");
}

function small(command, fields, label, send) {
  const submit = element("button", { type: "submit" }, label);
  const onSubmit = (event) => {
    event.preventDefault();
    send();
  };
  const node = element("form", { class: "small-form", "data-command": command, novalidate: true, on: { submit: onSubmit } }, ...fields.map(({ node: one }) => one), submit);
  return { node, submit };
}
