// reading.test.js: what a gateway may publish is read, all else is told with a reason, and nothing is ever thrown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { read, subscriptions } from "../../config/dashboard/reading.js";
import { readRoot } from "./source.js";
import { BASE, T0, alarm, alert, settings, status, vitals } from "./support.js";

const say = (topic, payload) => read(BASE, `${BASE}/${topic}`, typeof payload === "string" ? payload : JSON.stringify(payload));

const topicOf = (schema, payload) => {
  const place = payload.bed === undefined ? `gateway/${payload.gateway}` : payload.bed;
  switch (schema) {
    case "alarm":
      return `${place}/alarm/${payload.rule}`;
    case "score":
    case "estimate":
      return `${place}/score/${payload.score}`;
    case "status":
    case "health":
    case "ward":
      return `gateway/${payload.gateway}/${schema}`;
    case "vitals":
    case "alert":
    case "settings":
      return `${place}/${schema}`;
    case "reply":
      return `${payload.bed ?? "b12"}/reply`;
    default:
      return null;
  }
};

test("every example of the contracts is read", () => {
  let count = 0;
  for (const { schema, good, why, payload } of JSON.parse(readRoot("tests", "contracts", "examples.json"))) {
    const topic = good ? topicOf(schema, payload) : null;
    if (topic === null) continue;
    const found = say(topic, payload);
    assert.equal(found.why, undefined, `${schema}, ${why}: ${found.why}`);
    assert.ok(found.payload, `${schema}, ${why}`);
    count += 1;
  }
  assert.ok(count > 20, `${count} examples`);
});

test("keys become camelCase, times numbers, vitals a map", () => {
  const { kind, bed, payload } = say("b12/vitals", vitals(T0, { spo2: 97 }, { observed: { nibp_sys: null }, invalid: { resp: "sensor_off" } }));
  assert.deepEqual([kind, bed], ["vitals", "b12"]);
  assert.equal(payload.expiresAt, T0 + 30000);
  assert.deepEqual([...payload.values], [["spo2", 97]]);
  assert.equal(payload.observed.get("nibp_sys"), null);
  assert.equal(payload.invalid.get("resp"), "sensor_off");
  assert.equal(say("b12/settings", settings(T0)).payload.rules.get("spo2_low").parameters.get("limit").value, 90);
});

test("an emptied topic is told as such", () => {
  assert.deepEqual(say("b12/alarm/spo2_low", ""), { kind: "alarm", bed: "b12", gateway: null, name: "spo2_low", payload: null });
});

test("topics of others are none of the board's", () => {
  for (const topic of ["b12/command/nurse", "board/desk", "board/vitals", "gateway/gw-7e", "gateway/gw-7e/resend", "gateway/vitals", "b12/vitals/more",
    "__proto__/vitals", "constructor/toString", "1/vitals", "/vitals", "b12/constructor", "b12/__proto__"]) {
    const found = say(topic, vitals(T0, { spo2: 55 }));
    assert.ok(found.kind === "ignored" || found.why !== undefined, topic);
    assert.equal(found.payload, undefined, topic);
  }
  assert.equal(read(BASE, "wardgate/st-marys/w7e2/b12/vitals", "{}").kind, "ignored");
});

const without = (object, key) => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

test("what is malformed is told, key and reason", () => {
  const good = vitals(T0, { spo2: 97 });
  for (const [topic, payload, why] of [
    ["b12/vitals", "no JSON", /no JSON/],
    ["b12/vitals", "\u0000", /no JSON/],
    ["b12/vitals", "[]", /no JSON object/],
    ["b12/vitals", "null", /no JSON object/],
    ["b12/vitals", "[".repeat(100000), /no JSON/],
    ["b12/vitals", `{"x":"${"x".repeat(140000)}"}`, /too long/],
    ["b12/vitals", { ...good, schema: "2" }, /schema/],
    ["b12/vitals", without(good, "schema"), /schema/],
    ["b12/vitals", { ...good, bed: "b13" }, /topic/],
    ["b12/vitals", without(good, "stay"), /stay is missing/],
    ["b12/vitals", { ...good, stay: 7 }, /stay/],
    ["b12/vitals", { ...good, at: "yesterday" }, /at is no time/],
    ["b12/vitals", { ...good, at: "2026-13-45T99:00:00.000Z" }, /at is no time/],
    ["b12/vitals", { ...good, expires_at: null }, /expires_at/],
    ["b12/vitals", JSON.stringify(good).replace('"spo2":97', '"spo2":1e999'), /number/],
    ["b12/vitals", { ...good, ...Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x${i}`, i])) }, /too many/],
    ["b12/alarm/spo2_low", alarm(T0, { priority: "red" }), /priority/],
    ["b12/alarm/spo2_low", alarm(T0, { bed: "b13" }), /topic/],
    ["b12/alarm/spo2_low", without(alarm(T0), "bed"), /topic/],
    ["b12/alarm/spo2_low", alarm(T0, { text: { toString: "x" } }), /text/],
    ["b12/alarm/spo2_low", alarm(T0, { text: "x".repeat(601) }), /text is too long/],
    ["b12/alarm/spo2_low", alarm(T0, { rev: -1 }), /rev/],
    ["b12/alert", without(alert(T0), "delivery"), /delivery/],
    ["b12/settings", settings(T0, { rules: { spo2_low: 7 } }), /rules spo2_low/],
    ["gateway/gw-7e/status", status(T0, "asleep"), /state/],
    ["gateway/gw-8f/status", status(T0), /topic/],
  ]) {
    assert.match(say(topic, payload).why ?? "taken", why, `${topic} ${JSON.stringify(payload).slice(0, 120)}`);
  }
});

test("no name of a payload becomes a property", () => {
  const named = (name) => say("b12/settings", JSON.stringify(settings(T0)).replace('"rules":{', `"rules":{"${name}":{"priority":"low","parameters":{}},`));
  assert.equal(named("constructor").payload.rules.get("constructor").priority, "low");
  assert.match(named("__proto__").why, /name of an alarm/);
  assert.equal({}.priority, undefined);
});

test("what nobody sees is taken out of texts, markup stays text", () => {
  const { payload } = say("b12/alarm/spo2_low", alarm(T0, { text: "<b>a\u202eb\u0007</b>" }));
  assert.equal(payload.text, "<b>a b </b>");
});

test("a hundred thousand damaged payloads throw nothing", () => {
  const texts = [vitals(T0, { spo2: 97 }), alarm(T0), alert(T0), settings(T0), status(T0)].map((one) => JSON.stringify(one));
  const topics = ["b12/vitals", "b12/alarm/spo2_low", "b12/alert", "b12/settings", "gateway/gw-7e/status"];
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let i = 0; i < 100000; i++) {
    const which = random(texts.length);
    let text = texts[which];
    for (let cut = random(3) + 1; cut > 0; cut--) {
      const at = random(text.length);
      const put = ['"', "{", "null", "1e9", "[]", "", "-", ":"][random(8)];
      text = text.slice(0, at) + put + text.slice(at + random(6));
    }
    read(BASE, `${BASE}/${topics[which]}`, text);
  }
});

test("what is subscribed to is what is read", () => {
  for (const [filter, qos] of subscriptions(BASE)) {
    const topic = filter.replace("gateway/+", "gateway/gw-7e").replace("/+/", "/b12/").replace("+", "name");
    assert.notEqual(read(BASE, topic, "x").kind, "ignored", filter);
    assert.equal(qos, /vitals|health/.test(filter) ? 0 : 1, filter);
  }
});
