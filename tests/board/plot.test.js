// plot.test.js: what a trend draws: gaps stay gaps, limits are in sight, alarms lie where they were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { alarmSpans, dots, niceStep, paths, rangeOf, runsOf, scale, timeTicks, valueTicks } from "../../config/dashboard/plot.js";

const STEP = 5000;
const point = (at, last, low = last, high = last) => ({ at, low, high, last });
const box = scale({ from: 0, to: 100_000, range: [50, 150], width: 600, height: 100 });

test("a step that is left out does not break a line, a longer silence does", () => {
  const points = [0, 5000, 15_000, 30_000, 35_000].map((at) => point(at, 80));
  assert.deepEqual(runsOf(points, STEP).map((run) => run.length), [3, 2]);
  const { line } = paths(points, STEP, box);
  assert.equal(line.match(/M/g).length, 2);
});

test("nothing is drawn where nothing was", () => {
  assert.deepEqual(paths([], STEP, box), { line: "", band: "" });
  assert.deepEqual(runsOf([], STEP), []);
});

test("a value alone is still to be seen", () => {
  const { line, band } = paths([point(50_000, 100)], STEP, box);
  assert.equal(line, "M285.0,50.0L315.0,50.0");
  assert.equal(band, "");
});

test("lowest and highest of a step make the band", () => {
  const { band, line } = paths([point(0, 100, 90, 110), point(5000, 100, 100, 120)], STEP, box);
  assert.equal(line, "M0.0,50.0L30.0,50.0");
  assert.equal(band, "M0.0,40.0L30.0,30.0L30.0,50.0L0.0,60.0Z");
});

test("limits are within the range, and a flat curve does not fill the plot", () => {
  const [low, high] = rangeOf([point(0, 97)], [90, null], { least: 10 });
  assert.ok(low < 90 && high > 97);
  const [a, b] = rangeOf([point(0, 72)], [null, null], { least: 10 });
  assert.ok(b - a >= 10 && a < 72 && b > 72);
  assert.deepEqual(rangeOf([], [null, null]), [0, 1]);
});

test("alarms are cut to what is shown; one that is on reaches the end", () => {
  const alarms = [
    { key: "a", startedAt: -50_000, endedAt: -10, priority: "high", text: "before" },
    { key: "b", startedAt: -50_000, endedAt: 50_000, priority: "high", text: "across" },
    { key: "c", startedAt: 90_000, endedAt: null, priority: "low", text: "on" },
  ];
  const spans = alarmSpans(alarms, { from: 0, to: 100_000 }, box);
  assert.deepEqual(spans.map(({ key, left, width }) => [key, left, width]), [["b", 0, 300], ["c", 540, 60]]);
});

test("an alarm of an instant is wide enough to be seen", () => {
  const [span] = alarmSpans([{ key: "a", startedAt: 1000, endedAt: 1001, priority: "low" }], { from: 0, to: 100_000 }, box);
  assert.equal(span.width, 2);
});

test("measurements made now and then are dots", () => {
  assert.deepEqual(dots([point(50_000, 100)], box), [{ x: 300, y: 50 }]);
});

test("ticks are round numbers and whole times", () => {
  assert.equal(niceStep(40, 4), 10);
  assert.equal(niceStep(0.9, 4), 0.5);
  assert.deepEqual(valueTicks([83.2, 101], 4), [85, 90, 95, 100]);
  assert.deepEqual(valueTicks([36.1, 38], 4), [36.5, 37, 37.5, 38]);
  const from = Date.UTC(2026, 0, 2, 3, 4, 30);
  const ticks = timeTicks(from, from + 600_000, 6, 0).map((ms) => new Date(ms).toISOString().slice(14, 19));
  assert.deepEqual(ticks, ["06:00", "08:00", "10:00", "12:00", "14:00"]);
  const indian = timeTicks(from, from + 12 * 3600_000, 6, 330).map((ms) => new Date(ms + 330 * 60_000).getUTCMinutes());
  assert.ok(indian.every((minutes) => minutes === 0)); // whole hours by that clock
});
