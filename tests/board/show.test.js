// show.test.js: what of the ward's page is decided without a page: which vitals on a tile, how large tiles are, lines of trends,
// the board's own settings, its presence.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingsError, boardName, brokerUrl, checkSettings, loadSettings } from "../../config/dashboard/board_settings.js";
import { chooseLayout } from "../../config/dashboard/layout.js";
import { Presence } from "../../config/dashboard/presence.js";
import { SPAN_MS, sparklinePath } from "../../config/dashboard/sparkline.js";
import { limitsText, tileVitals } from "../../config/dashboard/tile_vitals.js";
import { Trend } from "../../config/dashboard/trend.js";
import { readRoot } from "./source.js";
import { T0 } from "./support.js";

const vital = (name, value, more = {}) => ({ vital: name, value, live: value !== null, low: null, high: null, priority: "none", acknowledged: false, ...more });
const names = (vitals, most) => tileVitals(vitals, most).map((one) => one.vital);

test("vitals have their places, one that alarms always has one", () => {
  const usual = [vital("hr", 70), vital("pulse", 70), vital("spo2", 97), vital("perfusion", 2), vital("resp", 14), vital("nibp_sys", 120),
    vital("nibp_dia", 70), vital("nibp_mean", 87), vital("temp", 36.8), vital("glucose", 5)];
  assert.deepEqual(names(usual, 5), ["hr", "spo2", "resp", "nibp_sys", "temp"]);
  assert.deepEqual(names(usual, 6), ["hr", "spo2", "resp", "nibp_sys", "temp", "glucose"]);
  assert.deepEqual(names([vital("hr", null), vital("pulse", 71), vital("spo2", 97)], 5), ["pulse", "spo2"]);
  const low = usual.map((one) => (one.vital === "glucose" ? { ...one, priority: "high" } : one));
  assert.deepEqual(names(low, 5), ["hr", "spo2", "resp", "nibp_sys", "glucose"]);
  const mean = usual.map((one) => (one.vital === "nibp_mean" ? { ...one, priority: "medium" } : one));
  assert.deepEqual(names(mean, 5), ["hr", "spo2", "resp", "nibp_sys", "temp"]);
  assert.equal(tileVitals(mean, 5)[3].priority, "medium");
  assert.equal(tileVitals(usual, 5)[3].below.value, 70);
  const pulse = usual.map((one) => (one.vital === "pulse" ? { ...one, priority: "high" } : one));
  assert.ok(names(pulse, 5).includes("pulse"), "the rate of the heart says nothing of it");
  assert.ok(!names(pulse.map((one) => (one.vital === "hr" ? { ...one, priority: "high" } : one)), 5).includes("pulse"));
  assert.deepEqual(names([vital("room_pressure", -4), vital("humidity", 40)], 5), ["room_pressure", "humidity"]);
});

test("limits as people write them", () => {
  assert.deepEqual([{ low: 50, high: 120 }, { low: 90, high: null }, { low: null, high: 30 }, { low: null, high: null }].map(limitsText), ["50–120", "≥ 90", "≤ 30", ""]);
});

test("the whole ward is on the screen, as large as it can be", () => {
  for (const [count, width, height] of [[1, 1900, 950], [8, 1900, 950], [14, 1900, 950], [14, 1350, 640], [32, 1900, 950], [64, 1900, 950]]) {
    const { columns, unit, rowHeight } = chooseLayout(count, width, height);
    const rows = Math.ceil(count / columns);
    assert.ok(rowHeight !== null, `${count} beds fit`);
    assert.ok(rows * rowHeight + (rows - 1) * 8 <= height + 1, `${count} beds: ${rows} rows of ${rowHeight}`);
    assert.ok(columns * unit * 21 + (columns - 1) * 8 <= width + 1, `${count} beds: ${columns} columns of ${unit * 21}`);
  }
  assert.equal(chooseLayout(8, 1900, 950).name, "full");
  assert.equal(chooseLayout(64, 1900, 950).name, "compact");
  const phone = chooseLayout(14, 370, 600);
  assert.deepEqual([phone.columns, phone.rowHeight], [1, null]);
});

test("a line of what was, with a gap where nothing was", () => {
  const trend = new Trend();
  for (let i = 0; i < 60; i++) if (i < 20 || i > 40) trend.add(T0 + i * 5000, "spo2", 97 - (i === 10 ? 9 : 0));
  const now = T0 + 60 * 5000;
  const { path, limits } = sparklinePath(trend.points("spo2", SPAN_MS, now), "spo2", [90, 100], now);
  assert.equal(path.match(/M/g).length, 2);
  assert.equal(limits.length, 1, "a limit that lies outside is not drawn");
  assert.deepEqual(sparklinePath([], "spo2", [90, null], now), { path: "", limits: [] });
});

test("trends keep the lowest and the highest of a step, half an hour finely and half a day coarsely", () => {
  const trend = new Trend();
  for (let s = 0; s < 24 * 3600; s += 5) trend.add(T0 + s * 1000, "hr", 60 + (s % 60 === 30 ? 40 : 0));
  const now = T0 + 24 * 3600 * 1000;
  const coarse = trend.points("hr", 12 * 3600000, now);
  assert.equal(coarse.length, 720);
  assert.deepEqual([coarse[0].low, coarse[0].high], [60, 100]);
  assert.equal(trend.points("hr", 30 * 60000, now).length, 360);
  trend.add(T0, "hr", 50);
  assert.deepEqual(trend.points("hr", 600000, T0 + 1000).map(({ last }) => last), [50], "a clock that was set back begins anew");
});

test("board.json: what is right is taken, what is wrong is told", () => {
  const good = { base: "wardgate/st-marys/w7e" };
  assert.deepEqual(checkSettings(good), { base: good.base, board: null, title: null, language: null, theme: "auto", role: null, broker: null });
  for (const [object, why] of [
    [[], /JSON object/], [{}, /"base"/], [{ base: "wardgate/#" }, /"base"/], [{ base: "a/b/c/d" }, /"base"/], [{ ...good, bord: "x" }, /no key "bord"/],
    [{ ...good, board: "a b" }, /"board"/], [{ ...good, role: "admin" }, /"role"/], [{ ...good, theme: "pink" }, /"theme"/],
    [{ ...good, broker: "https://x" }, /"broker"/],
  ]) {
    assert.throws(() => checkSettings(object), (error) => error instanceof SettingsError && why.test(error.message), JSON.stringify(object));
  }
});

test("board.json that is absent or broken is told in words", async () => {
  const answer = (ok, text, status = 200) => async () => ({ ok, status, text: async () => text });
  await assert.rejects(loadSettings(answer(false, "", 404)), /not beside this page.*404/);
  await assert.rejects(loadSettings(answer(true, "{base")), /not JSON/);
  await assert.rejects(loadSettings(async () => Promise.reject(new TypeError("x"))), /cannot be read/);
  assert.equal((await loadSettings(answer(true, '{"base":"a/b/c"}'))).base, "a/b/c");
});

test("the broker is where the page came from, unless said; each screen has its name", () => {
  const settings = checkSettings({ base: "a/b/c", board: "desk" });
  assert.equal(brokerUrl(settings, { protocol: "http:", host: "10.7.0.5:8084" }), "ws://10.7.0.5:8084/mqtt");
  assert.equal(brokerUrl(settings, { protocol: "https:", host: "board.example" }), "wss://board.example/mqtt");
  assert.equal(brokerUrl({ ...settings, broker: "wss://x:1" }, {}), "wss://x:1");
  const stored = new Map();
  const storage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value) };
  const name = boardName(settings, null, storage, () => 0.5);
  assert.match(name, /^desk-[0-9a-z]{5}$/);
  assert.equal(boardName(settings, null, storage, () => 0.7), name, "the same after it is loaded again");
  assert.equal(boardName(settings, "desk-2", storage), "desk-2");
  assert.equal(boardName(settings, "no name", null, () => 0.1).startsWith("desk-"), true);
});

test("a screen says every 20 s, and at once when it changes, that it is there, as the schema has it", async () => {
  const said = [];
  const presence = new Presence(async (payload, expiresMs) => said.push({ ...JSON.parse(payload), expiresMs }));
  const state = (more = {}) => ({ board: "desk-1", visible: true, sound: "off", gatewayNow: T0, ...more });
  presence.step(state(), 0);
  presence.step(state(), 19000);
  assert.equal(said.length, 1);
  presence.step(state({ sound: "on" }), 19500);
  presence.step(state({ sound: "on", visible: false }), 19600);
  presence.step(state({ sound: "on", visible: false }), 39600);
  presence.startOver();
  presence.step(state({ sound: "on", visible: false }), 39700);
  assert.deepEqual(said.map(({ sound, visible }) => `${sound} ${visible}`), ["off true", "on true", "on false", "on false", "on false"]);
  const schema = JSON.parse(readRoot("config", "schemas", "board.schema.json"));
  const { expiresMs, ...payload } = said[0];
  assert.deepEqual(Object.keys(payload).sort(), [...schema.required].sort());
  assert.equal(Date.parse(payload.expires_at) - Date.parse(payload.at), expiresMs);
  assert.ok(schema.properties.sound.enum.includes(payload.sound));
});

test("one that may not say so knows it", async () => {
  const presence = new Presence(() => Promise.reject(new Error("Not authorized")));
  presence.step({ board: "desk-1", visible: true, sound: "off", gatewayNow: T0 }, 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(presence.isRefused, true);
});
