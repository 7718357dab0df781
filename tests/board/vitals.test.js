// vitals.test.js: the board's list of vitals is the gateway's; a hand-kept copy would drift.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLASSES, ENTERED, VITALS, WORDS, entryRange, unitText, vitalOf } from "../../config/dashboard/vitals.js";
import { readRoot } from "./source.js";

const header = readRoot("app", "engine", "vital.h");
const ranges = readRoot("app", "engine", "vital.c");
const entries = readRoot("app", "engine", "entry.h");

test("names, units, places and kinds are those of vital.h, in its order", () => {
  const rows = [...header.matchAll(/^ {4}X\((\w+), "[^"]*", "([^"]*)", \d+, "[^"]*", (\w+), [^,]+, (\d)\)/gm)];
  assert.deepEqual(
    VITALS.map(({ name, unit, places, kind }) => [name, unit, kind.toUpperCase(), places]),
    rows.map(([, name, unit, kind, places]) => [name, unit, kind, Number(places)]),
  );
});

test("classes are those of vital.h", () => {
  const [, list] = /PATIENT_CLASS_LIST\(X\) (.*)/.exec(header);
  assert.deepEqual(CLASSES, [...list.matchAll(/X\((\w+)\)/g)].map(([, name]) => name));
});

test("what people may enter is what entry.h lets them", () => {
  const masks = /#define ENTRY_ONLY[\s\S]*?#define ENTRY_VITALS[\s\S]*?\n\n/.exec(entries)[0];
  const allowed = [...masks.matchAll(/ENTRY_BIT\((\w+)\)/g)].map(([, name]) => name);
  assert.deepEqual([...ENTERED].sort(), allowed.sort());
});

test("ranges of entries are those of vital.c, in every class", () => {
  for (const name of ENTERED) {
    const row = new RegExp(`\\[VITAL_${name}\\] = \\{(-?\\d+),\\s*(SAME\\((\\d+)\\)|\\{([^}]*)\\})`).exec(ranges);
    assert.ok(row !== null, name);
    const highs = row[3] === undefined ? row[4].split(",").map(Number) : CLASSES.map(() => Number(row[3]));
    CLASSES.forEach((patientClass, i) => {
      assert.deepEqual(entryRange(name, patientClass), [Number(row[1]) / 1000, highs[i] / 1000], `${name} ${patientClass}`);
    });
  }
  assert.equal(entryRange("hr", "adult"), null);
  assert.equal(entryRange("temp", "giant"), null);
  assert.equal(entryRange("constructor", "adult"), null);
});

test("coded words are those of entry.c, in order", () => {
  const source = readRoot("app", "engine", "entry.c").replace(/\s+/g, " ");
  for (const [name, words] of Object.entries(WORDS)) {
    assert.ok(source.includes(words.map((one) => `"${one}"`).join(", ")), `${name}: ${words}`);
  }
});

test("an unknown unit or vital is shown as it is", () => {
  assert.equal(unitText("furlong"), "furlong");
  assert.equal(unitText(null), "");
  assert.equal(unitText("constructor"), "constructor");
  assert.equal(vitalOf("constructor"), null);
});
