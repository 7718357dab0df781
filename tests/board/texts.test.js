// texts.test.js: one table, both languages whole, and no words for people anywhere else.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { TABLE } from "../../config/dashboard/text_table.js";
import * as texts from "../../config/dashboard/texts.js";
import { VITALS, WORDS, valueText, vitalName } from "../../config/dashboard/vitals.js";
import { literals, modules, readRoot } from "./source.js";

afterEach(() => texts.setLanguage("en"));

const placeholders = (pattern) => [...new Set([...pattern.matchAll(/\{(\w+)[|}]/g)].map((match) => match[1]))].sort();
const TABLES = ["text_table.js", "text_vitals.js"];
const hasChinese = /[\u3400-\u9fff]/;

test("no key stands twice", () => {
  const keys = modules()
    .filter(({ name }) => TABLES.includes(name))
    .flatMap(({ source }) => [...source.matchAll(/^ {2}"([\w.]+)":/gm)].map((match) => match[1]));
  assert.deepEqual(keys.filter((key, i) => keys.indexOf(key) !== i), []);
  assert.deepEqual(new Set(keys), new Set(Object.keys(TABLE)));
});

test("each text is there in both languages", () => {
  for (const [key, row] of Object.entries(TABLE)) {
    assert.equal(row.length, 2, key);
    for (const column of row) assert.equal(typeof column, "string", key);
    if (key !== "unit.none") assert.ok(row[0].trim() !== "" && row[1].trim() !== "", `${key} is empty`);
  }
});

test("placeholders agree", () => {
  for (const [key, [english, chinese]] of Object.entries(TABLE)) {
    assert.deepEqual(placeholders(english), placeholders(chinese), key);
  }
});

test("each column is in its language", () => {
  for (const [key, [english, chinese]] of Object.entries(TABLE)) {
    if (key === "board.language" || key === "board.language_label") continue; // names the other one
    assert.ok(!hasChinese.test(english), `${key}: Chinese in the English column`);
    const sentence = /[a-z]{3,} [a-z]{3,}/.test(english);
    if (sentence) assert.ok(hasChinese.test(chinese), `${key}: no Chinese in the Chinese column`);
  }
});

test("Chinese sentences have Chinese punctuation", () => {
  for (const [key, [, chinese]] of Object.entries(TABLE)) {
    assert.ok(!/[\u3400-\u9fff][,;:?!()]|[,;:?!()][\u3400-\u9fff]/.test(chinese), `${key}: ${chinese}`);
  }
});

test("one word for a thing in the field's terms", () => {
  const both = Object.values(TABLE);
  for (const [english, chinese] of both) {
    if (/audio paused|pause audio/i.test(english)) assert.match(chinese, /音频暂停/);
    if (/alarms? paused|pause alarms/i.test(english)) assert.match(chinese, /报警暂停/);
    assert.ok(!/警报|告警/.test(chinese), `报警, not: ${chinese}`);
  }
});

test("values are put in, words go with numbers, and what is missing stays to be seen", () => {
  assert.equal(texts.fill("{n} {n|alarm|alarms} at {bed}", { n: 1, bed: "b01" }), "1 alarm at b01");
  assert.equal(texts.fill("{n} {n|alarm|alarms} at {bed}", { n: 0 }), "0 alarms at {bed}");
  assert.equal(texts.fill("{bed}", { bed: "{n}", n: 3 }), "{n}"); // a value is never read as a pattern
  assert.equal(texts.fill("{toString}", {}), "{toString}");
});

test("a key without a text shows itself", () => {
  assert.equal(texts.text("no.such_key"), "no.such_key");
  assert.equal(texts.text("constructor"), "constructor");
  assert.equal(texts.word("reason", "of_a_newer_gateway"), "of_a_newer_gateway");
});

test("the language is chosen by button, then board.json, then browser", () => {
  assert.equal(texts.chooseLanguage({ chosen: "en", configured: "zh-Hans", browser: ["zh-CN"] }), "en");
  assert.equal(texts.chooseLanguage({ configured: "zh-Hans", browser: ["en-GB"] }), "zh-Hans");
  assert.equal(texts.chooseLanguage({ browser: ["de", "zh-TW", "en"] }), "zh-Hans");
  assert.equal(texts.chooseLanguage({ configured: "xx", browser: ["fr"] }), "en");
  assert.equal(texts.chooseLanguage({ configured: 7 }), "en");
});

test("a change of language is told once", () => {
  const told = [];
  const stop = texts.onLanguage((language) => told.push(language));
  texts.setLanguage("zh-CN");
  texts.setLanguage("zh-Hans");
  assert.equal(texts.text("do.acknowledge"), "确认");
  stop();
  texts.setLanguage("en");
  assert.deepEqual(told, ["zh-Hans"]);
});

test("times and values in words", () => {
  assert.equal(texts.duration(-5), "0 s");
  assert.equal(texts.duration(119_400), "119 s");
  assert.equal(texts.duration(150_000), "2 min");
  assert.equal(texts.ago(7_260_000), "2 h 1 min ago");
  assert.equal(valueText("temp", 36.84), "36.8");
  assert.equal(valueText("consciousness", 2), texts.text("consciousness.voice"));
  assert.equal(valueText("consciousness", "voice"), texts.text("consciousness.voice"));
  assert.equal(valueText("hr", undefined), "–");
  assert.equal(valueText("hr", "<b>"), "<b>");
  assert.equal(vitalName("of_a_newer_gateway"), "of_a_newer_gateway");
});

// ---- the closed lists of the contract all have their words

const schema = (name) => JSON.parse(readRoot("config", "schemas", `${name}.schema.json`));

test("each word of the payloads' closed lists has a text", () => {
  const common = schema("common").$defs;
  const score = schema("score");
  const reply = schema("reply").properties;
  const command = schema("command").properties;
  const alert = schema("alert").properties;
  const lists = {
    priority: common.priority.enum,
    quality: common.quality.enum,
    vital: common.vital.enum,
    short: common.vital.enum,
    class: schema("settings").properties.class.enum,
    kind: alert.kind.enum,
    state: alert.state.enum.filter((state) => state !== "ended"),
    inactivation: alert.inactivation.enum,
    part: score.$defs.part.enum,
    score: score.properties.score.enum,
    by: score.properties.parts.additionalProperties.properties.by.enum,
    refused: reply.reason.enum.filter((reason) => reason !== null),
    what: command.what.enum,
    role: schema("settings").properties.commands.items.enum,
  };
  for (const [list, names] of Object.entries(lists)) {
    for (const name of names) assert.ok(texts.hasText(`${list}.${name}`), `${list}.${name} has no text`);
  }
});

test("each band of a score has a text", () => {
  const table = readRoot("app", "engine", "score_tables.c");
  const bands = [...table.matchAll(/\.bands = \{([^;]*?)\}\}/g)].flatMap((match) => [...match[1].matchAll(/"(\w+)"/g)]);
  assert.ok(bands.length > 15);
  for (const [, band] of bands) assert.ok(texts.hasText(`band.${band}`), band);
});

test("English names of vitals are those of the gateway", () => {
  const header = readRoot("app", "engine", "vital.h");
  for (const [, name, title] of header.matchAll(/^ {4}X\((\w+), "([^"]*)"/gm)) {
    assert.equal(TABLE[`vital.${name}`]?.[0], title);
  }
  assert.equal(VITALS.length, [...header.matchAll(/^ {4}X\((\w+), "/gm)].length);
});

// ---- nothing for people to read stands anywhere else

test("each key that a module names is in the table", () => {
  const missing = [];
  for (const { name, source } of modules()) {
    for (const [, key] of source.matchAll(/\btext\(\s*"([\w.]+)"/g)) {
      if (!texts.hasText(key)) missing.push(`${name}: ${key}`);
    }
  }
  assert.deepEqual(missing, []);
});

test("each text is named by some module, or belongs to a list whose names come from payloads", () => {
  const all = modules().filter(({ name }) => !TABLES.includes(name)).map(({ source }) => source).join("\n");
  const prefixes = [...all.matchAll(/`([\w.]+[._])\$\{/g)].map((match) => match[1]);
  const lists = [...all.matchAll(/\bword\(\s*"([\w.]+)"/g)].map((match) => `${match[1]}.`);
  lists.push(...prefixes, ...Object.keys(WORDS).map((name) => `${name}.`));
  const unused = Object.keys(TABLE).filter(
    (key) => !all.includes(`"${key}"`) && !lists.some((list) => key.startsWith(list)),
  );
  assert.deepEqual(unused, []);
});

test("no words for people stand in the modules", () => {
  const found = [];
  for (const { name, source } of modules()) {
    if (TABLES.includes(name)) continue;
    for (const { value, line } of literals(source)) {
      const shown = value.replace(/\$\{[^}]*\}/g, "");
      const sentence = /^[A-Z][a-z]+( [A-Za-z]+)+|[A-Za-z]+ [a-z]+ [a-z]+[.!?]$/.test(shown);
      if (sentence || hasChinese.test(shown)) found.push(`${name}:${line}: ${value}`);
    }
    for (const [whole] of source.matchAll(/(textContent|ariaLabel|title|placeholder|alt) = ["'`][^"'`]*[A-Za-z]{2}[^\n]*/g)) {
      found.push(`${name}: ${whole}`);
    }
  }
  assert.deepEqual(found, []);
});

test("no module writes markup or runs what it is given", () => {
  const dangerous = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.on(click|input|load)\s*=/;
  for (const { name, source } of modules()) assert.ok(!dangerous.test(source), name);
});
