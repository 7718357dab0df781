// typed.test.js: what is typed wrongly is told of with what is allowed, and never becomes a value.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as typed from "../../config/dashboard/typed.js";
import { hasText, text } from "../../config/dashboard/texts.js";

const refuses = (result, fault) => {
  assert.equal(result.fault, fault);
  assert.ok(hasText(result.fault) && !/\{\w+\}/.test(text(result.fault, result.values)), text(result.fault, result.values));
  assert.equal(result.value, undefined);
};

test("staff numbers are one word without a name's spaces", () => {
  assert.deepEqual(typed.checkStaff(" n-4711 "), { value: "n-4711" });
  for (const given of ["", "  ", "Jane Doe", "护士", "x".repeat(40), "a\u0007"]) refuses(typed.checkStaff(given), "check.staff");
});

test("numbers have at most three places and no other shape", () => {
  assert.deepEqual(typed.checkNumber("36,8"), { value: 36.8 });
  assert.deepEqual(typed.checkNumber("-1.125"), { value: -1.125 });
  for (const given of ["", "1e3", "0x10", "1.2345", "Infinity", "NaN", "12 ", "1,000.5", ".5", "5."]) {
    if (given === "12 ") assert.deepEqual(typed.checkNumber(given), { value: 12 });
    else refuses(typed.checkNumber(given), "check.number");
  }
});

test("entries lie within what the gateway believes of the class", () => {
  assert.deepEqual(typed.checkEntry("temp", "36.8", "adult"), { value: 36.8 });
  assert.deepEqual(typed.checkEntry("temp", "15", "adult"), { value: 15 });
  refuses(typed.checkEntry("temp", "14.9", "adult"), "check.within");
  refuses(typed.checkEntry("temp", "98.6", "adult"), "check.within");
  refuses(typed.checkEntry("temp", "warm", "adult"), "check.number_within");
  assert.deepEqual(typed.checkEntry("nibp_sys", "250", "adult"), { value: 250 });
  refuses(typed.checkEntry("nibp_sys", "250", "neonate"), "check.within");
  assert.deepEqual(typed.checkEntry("consciousness", "voice", "adult"), { value: "voice" });
  refuses(typed.checkEntry("consciousness", "3", "adult"), "check.choose");
  refuses(typed.checkEntry("hr", "72", "adult"), "check.not_entered");
});

test("limits lie within what may be set", () => {
  assert.deepEqual(typed.checkLimit("88", [85, 95]), { value: 88 });
  refuses(typed.checkLimit("84.999", [85, 95]), "check.within");
  refuses(typed.checkLimit("", [85, 95]), "check.number_within");
  refuses(typed.checkLimit("88", null), "check.not_settable");
});

test("the instant of an observation is of the last twelve hours and of this patient", () => {
  const now = new Date(2026, 2, 4, 9, 30).getTime();
  const at = (hours, minutes, day = 4) => new Date(2026, 2, day, hours, minutes).getTime();
  assert.deepEqual(typed.checkObservedAt("9:30", { now }), { value: at(9, 30) });
  assert.deepEqual(typed.checkObservedAt("23:00", { now }), { value: at(23, 0, 3) }); // last night
  refuses(typed.checkObservedAt("9:31", { now }), "check.time_range"); // ahead: that would be yesterday
  refuses(typed.checkObservedAt("21:00", { now }), "check.time_range");
  refuses(typed.checkObservedAt("8:00", { now, since: at(8, 30) }), "check.before_stay");
  for (const given of ["", "25:00", "12:60", "noon", "9.30"]) refuses(typed.checkObservedAt(given, { now }), "check.time");
});

test("a clock that differs from the gateway's does not move what was observed", () => {
  const offset = -3_600_000; // this computer is an hour ahead of the gateway
  const here = new Date(2026, 2, 4, 9, 30).getTime();
  const { value } = typed.checkObservedAt("9:00", { now: here + offset, offset });
  assert.equal(value, here - 30 * 60_000 + offset);
});

test("durations, reasons, beds and numbers of nurses", () => {
  assert.deepEqual(typed.checkDuration("5min", 300), { value: "5min" });
  for (const given of ["6min", "0min", "5", "5 min", "1d", ""]) refuses(typed.checkDuration(given, 300), "check.duration");
  assert.deepEqual(typed.checkReason(" COPD, target 88-92 "), { value: "COPD, target 88-92" });
  for (const given of ["", "慢阻肺", "x".repeat(64)]) refuses(typed.checkReason(given), "check.reason");
  assert.deepEqual(typed.checkBed("b07", "b01"), { value: "b07" });
  refuses(typed.checkBed("b01", "b01"), "check.same_bed");
  refuses(typed.checkBed("7", "b01"), "check.bed");
  assert.deepEqual(typed.checkNurses("6"), { value: 6 });
  for (const given of ["", "-1", "100", "6.5"]) refuses(typed.checkNurses(given), "check.nurses");
});
