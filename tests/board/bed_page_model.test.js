// bed_page_model.test.js: what a bed's page relies on in the model: settings are there whatever came first, nothing of another
// stay is, and nothing can be sent while broker or gateway is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bedOf, obstacleOf } from "../../config/dashboard/bed_route.js";
import { entriesOf } from "../../config/dashboard/bed_entry.js";
import { nameOf } from "../../config/dashboard/bed_limits.js";
import { gatewayTimeOf } from "../../config/dashboard/gateway_time.js";
import { Ward } from "../../config/dashboard/ward.js";
import { readRoot } from "./source.js";

const BASE = "wardgate/st-marys/w7e";
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const iso = (ms) => new Date(ms).toISOString();
const examples = JSON.parse(readRoot("tests", "contracts", "examples.json"));
const STATUS = { schema: "1", state: "online", version: "1", epoch: "0123456789abcdef", connect_count: 1 };
const HEALTH = { schema: "1", clock: "synced" };
const example = (schema) => structuredClone(examples.find((one) => one.schema === schema && one.good).payload);

function said(schema, at, life, more = {}) {
  return { ...example(schema), at: iso(at), expires_at: iso(at + life), ...more };
}

function open(now = NOW) {
  const ward = new Ward(BASE);
  ward.connect("connected", now);
  const say = (topic, payload, retained = false) => ward.receive(`${BASE}/${topic}`, JSON.stringify(payload), { retained, expirySeconds: null }, now);
  const { gateway, boot } = example("vitals");
  say(`gateway/${gateway}/status`, { ...STATUS, gateway, boot, at: iso(now) });
  say(`gateway/${gateway}/health`, { ...HEALTH, gateway, boot, at: iso(now), expires_at: iso(now + 30_000) });
  return { ward, say, bed: example("vitals").bed, stay: example("vitals").stay, gateway };
}

test("kept settings count although newer vitals came before them", () => {
  const { ward, say, bed, stay } = open();
  say(`${bed}/vitals`, said("vitals", NOW, 30_000), true);
  say(`${bed}/settings`, said("settings", NOW - 40_000, 120_000, { bed, stay }), true);
  assert.ok(ward.beds.get(bed).settings !== null);
  assert.ok(ward.beds.get(bed).vitals !== null);
});

test("kept settings of the stay before do not", () => {
  const { ward, say, bed } = open();
  say(`${bed}/vitals`, said("vitals", NOW, 30_000), true);
  say(`${bed}/settings`, said("settings", NOW - 40_000, 120_000, { bed, stay: "ffffffffffffffff" }), true);
  assert.equal(ward.beds.get(bed).settings, null);
});

test("the gateway's time is known from what the broker had kept, never ahead of it, and better from what is live", () => {
  const { ward, bed, gateway } = open();
  const kept = said("vitals", NOW - 3_400, 30_000);
  const receive = (payload, meta, at) => ward.receive(`${BASE}/${bed}/vitals`, JSON.stringify(payload), meta, at);
  const slow = new Ward(BASE);
  assert.equal(gatewayTimeOf(slow, undefined, NOW), null);
  // Of 30 s the broker says that 27 are left: 3 to 4 s have passed. This screen's clock is an hour ahead.
  const here = NOW + 3_600_000;
  slow.receive(`${BASE}/${bed}/vitals`, JSON.stringify(kept), { retained: true, expirySeconds: 27 }, here);
  const estimate = gatewayTimeOf(slow, slow.beds.get(bed), here + 500);
  assert.ok(estimate <= NOW + 500 && estimate > NOW - 1_500, `${estimate - NOW}`);
  // A broker whose seconds changed right after it had come: a tenth has passed, and it says 29.
  const other = new Ward(BASE);
  other.receive(`${BASE}/${bed}/vitals`, JSON.stringify(said("vitals", NOW - 100, 30_000)), { retained: true, expirySeconds: 29 }, here);
  assert.ok(gatewayTimeOf(other, other.beds.get(bed), here) <= NOW, "ahead of the gateway's clock");
  slow.receive(`${BASE}/${bed}/vitals`, JSON.stringify(said("vitals", NOW + 900, 30_000)), { retained: false, expirySeconds: 30 }, here + 900);
  assert.equal(gatewayTimeOf(slow, slow.beds.get(bed), here + 1_000), NOW + 1_000);
  receive(kept, { retained: true, expirySeconds: null }, NOW);
  ward.gateways.get(gateway).clock.offsetMs = null;
  assert.equal(gatewayTimeOf(ward, ward.beds.get(bed), NOW), null); // nobody says how old it is
});

test("nothing can be sent while the broker or the gateway is lost, or the settings are too old", () => {
  const { ward, say, bed, stay, gateway } = open();
  say(`${bed}/vitals`, said("vitals", NOW, 30_000));
  assert.equal(obstacleOf(ward, ward.beds.get(bed), NOW), "command.no_bed");
  say(`${bed}/settings`, said("settings", NOW, 120_000, { bed, stay }));
  const its = ward.beds.get(bed);
  assert.equal(obstacleOf(ward, its, NOW), null);
  assert.equal(obstacleOf(ward, its, NOW + 31_000), "command.gateway_lost"); // no health for 30 s
  say(`gateway/${gateway}/status`, { ...STATUS, gateway, boot: "d7816fe3", state: "offline", at: iso(NOW) });
  assert.equal(obstacleOf(ward, its, NOW), "command.gateway_lost");
  ward.connect("lost", NOW);
  assert.equal(obstacleOf(ward, its, NOW), "command.broker_lost");
});

test("addresses of beds, and what is none", () => {
  assert.equal(bedOf("#bed/b04"), "b04");
  for (const hash of ["", "#", "#bed/", "#bed/../x", "#bed/<b>", "#beds/b04", "#bed/b04/x"]) assert.equal(bedOf(hash), null, hash);
});

test("what was entered by hand may be taken back, what a monitor gave may not", () => {
  const part = (by, source, value) => ({ by, source, value, at: NOW, points: 0 });
  const bed = {
    stay: "s",
    vitals: { stay: "s", observed: new Map([["consciousness", NOW], ["nibp_sys", NOW], ["oxygen_flow", null]]), values: new Map([["consciousness", 0], ["nibp_sys", 120]]) },
    scores: new Map([
      ["news2", { stay: "s", parts: new Map([["temp", part("nurse", "temp", 36.8)], ["pulse", part("monitor", "hr", 72)]]) }],
      ["mews", { stay: "another", parts: new Map([["resp", part("nurse", "resp", 16)]]) }],
    ]),
  };
  assert.deepEqual(entriesOf(bed).map(({ name, at, value }) => [name, at, value]), [["consciousness", NOW, 0], ["temp", NOW, 36.8]]);
});

test("a limit is named by its vital, with the rule where that has another name; what is no limit of one vital by its rule", () => {
  const name = (rule, parameter, limitOf = null, limitSide = null) => nameOf({ rule, parameter, limitOf, limitSide });
  assert.deepEqual(name("hr_high", "limit", "hr", "high"), { title: "Heart rate (ECG): high", unit: "/min" });
  assert.deepEqual(name("temp_core_low", "limit", "temp_core", "low"), { title: "Core temperature: low", unit: "°C" });
  assert.deepEqual(name("spo2_desat", "limit", "spo2", "low"), { title: "Oxygen saturation (pulse): low (spo2_desat)", unit: "%" });
  assert.deepEqual(name("st_deviation", "limit"), { title: "st_deviation", unit: "" });
  assert.deepEqual(name("nibp_overdue", "interval"), { title: "nibp_overdue", unit: "" });
  assert.deepEqual(name("hr_high", "span", "hr", "high"), { title: "hr_high", unit: "" });
});
