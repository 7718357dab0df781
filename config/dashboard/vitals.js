// vitals.js: the closed list of vitals as app/engine/vital.h has it (tests/board compares the two): their order, units
// (UCUM, as in the payloads), decimal places, and what people may enter of them and within which range.
import { text } from "./texts.js";

// name, unit, places, kind
const LIST = [
  ["hr", "/min", 0, "continuous"],
  ["pulse", "/min", 0, "continuous"],
  ["spo2", "%", 0, "continuous"],
  ["perfusion", "%", 1, "continuous"],
  ["resp", "/min", 0, "continuous"],
  ["nibp_sys", "mm[Hg]", 0, "episodic"],
  ["nibp_dia", "mm[Hg]", 0, "episodic"],
  ["nibp_mean", "mm[Hg]", 0, "episodic"],
  ["abp_sys", "mm[Hg]", 0, "continuous"],
  ["abp_dia", "mm[Hg]", 0, "continuous"],
  ["abp_mean", "mm[Hg]", 0, "continuous"],
  ["cvp", "mm[Hg]", 0, "continuous"],
  ["icp", "mm[Hg]", 0, "continuous"],
  ["temp", "Cel", 1, "continuous"],
  ["temp_core", "Cel", 1, "continuous"],
  ["temp_skin", "Cel", 1, "continuous"],
  ["etco2", "mm[Hg]", 0, "continuous"],
  ["fio2", "%", 0, "continuous"],
  ["glucose", "mmol/L", 1, "episodic"],
  ["st_ii", "mm", 1, "continuous"],
  ["pvc_rate", "/min", 0, "continuous"],
  ["room_pressure", "Pa", 1, "continuous"],
  ["room_temp", "Cel", 1, "continuous"],
  ["humidity", "%", 0, "continuous"],
  ["insulation", "kOhm", 0, "continuous"],
  ["gas_pressure", "kPa", 0, "continuous"],
  ["consciousness", "1", 0, "episodic"],
  ["oxygen_flow", "L/min", 1, "episodic"],
  ["cap_refill", "s", 1, "episodic"],
  ["effort", "1", 0, "episodic"],
  ["wbc", "10*9/L", 1, "episodic"],
  ["oxygen_device", "1", 0, "episodic"],
];

export const VITALS = Object.freeze(
  LIST.map(([name, unit, places, kind]) => Object.freeze({ name, unit, places, kind })),
);
const byName = new Map(VITALS.map((vital) => [vital.name, vital]));

export const CLASSES = Object.freeze(["adult", "adolescent", "child", "toddler", "infant", "neonate"]);

// The words of what is coded, in the order of their codes.
export const WORDS = Object.freeze({
  consciousness: Object.freeze(["alert", "new_confusion", "voice", "pain", "unresponsive"]),
  effort: Object.freeze(["normal", "mild", "moderate", "severe"]),
  oxygen_device: Object.freeze([
    "air", "nasal_cannula", "simple_mask", "venturi_mask", "reservoir_mask", "tracheostomy_mask", "humidified", "high_flow_nasal",
    "cpap", "niv", "invasive_ventilation", "other",
  ]),
});

// What people may enter: the lowest value, then the highest of each class (one number: of all).
const ENTRIES = {
  consciousness: [0, 4],
  oxygen_device: [0, 11],
  oxygen_flow: [0, 100],
  fio2: [10, 100],
  temp: [15, 45],
  nibp_sys: [10, [300, 300, 300, 250, 250, 200]],
  nibp_dia: [5, [250, 250, 250, 200, 200, 150]],
  nibp_mean: [5, [275, 275, 275, 225, 225, 175]],
  resp: [0, [120, 120, 150, 150, 200, 200]],
  glucose: [0.2, 90],
  cap_refill: [0, 30],
  effort: [0, 3],
  wbc: [0, 1000],
};

export const ENTERED = Object.freeze(Object.keys(ENTRIES));

export function vitalOf(name) {
  return byName.get(name) ?? null;
}

// [lowest, highest] that may be entered of a vital in a class; null: nobody enters it, or no such class.
export function entryRange(name, patientClass) {
  const index = CLASSES.indexOf(patientClass);
  if (!Object.hasOwn(ENTRIES, name) || index < 0) return null;
  const [low, high] = ENTRIES[name];
  return [low, Array.isArray(high) ? high[index] : high];
}

export function vitalName(name) {
  return byName.has(name) ? text(`vital.${name}`) : String(name);
}

export function vitalShort(name) {
  return byName.has(name) ? text(`short.${name}`) : String(name);
}

// As a screen shows a UCUM unit; one that is not in the table is shown as it is.
const UNIT_KEYS = {
  "/min": "unit.per_min",
  "%": "unit.percent",
  "mm[Hg]": "unit.mmhg",
  Cel: "unit.celsius",
  "mmol/L": "unit.mmol_l",
  mm: "unit.mm",
  Pa: "unit.pa",
  kPa: "unit.kpa",
  kOhm: "unit.kohm",
  "L/min": "unit.l_min",
  s: "unit.s",
  "10*9/L": "unit.giga_l",
  1: "unit.none",
};

export function unitText(ucum) {
  if (ucum === null || ucum === undefined) return "";
  return Object.hasOwn(UNIT_KEYS, ucum) ? text(UNIT_KEYS[ucum]) : String(ucum);
}

export function unitOf(name) {
  return byName.has(name) ? unitText(byName.get(name).unit) : "";
}

// A value as the screen shows it: the word where it is coded, else with the vital's decimal places.
export function valueText(name, value) {
  if (typeof value === "string") return Object.hasOwn(WORDS, name) && WORDS[name].includes(value)
    ? text(`${name}.${value}`)
    : value;
  if (!Number.isFinite(value)) return text("value.none");
  if (Object.hasOwn(WORDS, name) && WORDS[name][value] !== undefined) return text(`${name}.${WORDS[name][value]}`);
  return value.toFixed(byName.get(name)?.places ?? 1);
}
