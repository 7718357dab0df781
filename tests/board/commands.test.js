// commands.test.js: what goes out is what the schema says, once, under who is at the board; only a reply is proof.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto"; // Node.js 18 has it nowhere else
import { test } from "node:test";
import { ANSWER_MS, COMMANDS, EXPIRES_MS, KEPT, build, createCommander, explain, mayAsk, randomId } from "../../config/dashboard/commands.js";
import { readRoot } from "./source.js";

const schema = JSON.parse(readRoot("config", "schemas", "command.schema.json"));
const STAY = "89abcdef01234567";
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const settle = () => new Promise((resolve) => setImmediate(resolve));

function board(overrides = {}) {
  const sent = [];
  const timers = [];
  const state = { stay: STAY, roles: ["nurse", "charge"], ready: null };
  const signer = { by: "n-4711", role: "nurse" };
  let count = 0;
  const commander = createCommander({
    publish: async (topic, payload, options) => void sent.push({ topic, payload: JSON.parse(payload), options }),
    base: () => "wardgate/st-marys/w7e",
    now: () => NOW,
    bed: () => state,
    signer: () => signer,
    newId: () => `id-${(count += 1)}`,
    setTimer: (call, ms) => timers.push({ call, ms }) - 1,
    clearTimer: (timer) => (timers[timer].call = () => assert.fail("a timer that was stopped")),
    ...overrides,
  });
  return { commander, sent, timers, state, signer };
}

const reply = (id, more = {}) => ({ schema: "1", id, accepted: true, reason: null, text: "done", ...more });

test("an acknowledgement names the alarm and the rev that was seen", async () => {
  const { commander, sent } = board();
  const entry = commander.send("b12", "acknowledge", { alarm_id: "00000000000000a1", rev: 2 });
  assert.equal(entry.state, "sending");
  await settle();
  assert.equal(entry.state, "waiting");
  assert.deepEqual(sent, [
    {
      topic: "wardgate/st-marys/w7e/b12/command/nurse",
      options: { expiresMs: EXPIRES_MS },
      payload: {
        schema: "1",
        id: "id-1",
        by: "n-4711",
        stay: STAY,
        at: "2026-01-02T03:04:05.678Z",
        expires_at: "2026-01-02T03:04:13.678Z",
        command: "acknowledge",
        alarm_id: "00000000000000a1",
        rev: 2,
      },
    },
  ]);
});

test("every command carries what the schema asks for, no key that it does not know, and lives under 30 s", () => {
  const fields = {
    to_bed: "b02", duration: "5min", alarm_id: "00000000000000a1", rev: 1, what: "audio", rule: "spo2_low", value: 88,
    parameter: "limit", vital: "temp", observed_at: "2026-01-02T03:00:00.000Z", scale: 2, reason: "COPD", nurses: 5,
    until: "2026-01-02T07:00:00.000Z", priority: "low",
  };
  for (const [command, shape] of Object.entries(COMMANDS)) {
    assert.ok(schema.properties.command.enum.includes(command), command);
    const given = Object.fromEntries([...shape.must, ...shape.may].map((key) => [key, fields[key]]));
    const payload = build({ id: "x", by: "y", stay: STAY, now: NOW, command, fields: given });
    for (const key of Object.keys(payload)) assert.ok(Object.hasOwn(schema.properties, key), `${command}: ${key}`);
    for (const key of schema.required) assert.ok(Object.hasOwn(payload, key), `${command}: ${key}`);
    const more = schema.allOf.find((rule) => rule.if.properties.command.const === command);
    assert.deepEqual(new Set(shape.must), new Set(more?.then.required ?? []), command);
    assert.throws(() => build({ id: "x", by: "y", stay: STAY, now: NOW, command, fields: { ...given, patient: "x" } }));
    for (const key of shape.must) {
      assert.throws(() => build({ id: "x", by: "y", stay: STAY, now: NOW, command, fields: { ...given, [key]: undefined } }));
    }
  }
  assert.ok(EXPIRES_MS <= 30_000 && EXPIRES_MS < ANSWER_MS);
});

test("ids fit the schema and do not come twice", () => {
  const ids = new Set(Array.from({ length: 1000 }, () => randomId(webcrypto)));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, new RegExp(schema.properties.id.pattern));
});

test("the reply is the only proof", async () => {
  const { commander, timers } = board();
  const entry = commander.send("b12", "back");
  await settle();
  assert.equal(entry.state, "waiting");
  assert.equal(commander.answer(reply("of-another-board")), null);
  assert.equal(commander.answer(null), null);
  assert.equal(commander.answer({ id: entry.id, accepted: "yes" }), null);
  assert.equal(entry.state, "waiting");
  commander.answer(reply(entry.id));
  assert.equal(entry.state, "accepted");
  commander.answer(reply(entry.id, { accepted: false, reason: "repeated" })); // the first answer stands
  assert.equal(entry.state, "accepted");
  assert.equal(timers[0].ms, ANSWER_MS);
});

test("a refusal is told in words, with what the gateway says", async () => {
  const { commander } = board();
  const entry = commander.send("b12", "acknowledge", { alarm_id: "00000000000000a1", rev: 1 });
  await settle();
  commander.answer(reply(entry.id, { accepted: false, reason: "rev", text: "<b>rev is 3</b>" }));
  assert.equal(explain(entry), "Refused: the alarm has changed since: look again");
  assert.equal(entry.text, "<b>rev is 3</b>"); // a text, for the view to show as one
  entry.reason = "of_a_newer_gateway";
  assert.equal(explain(entry), "Refused: of_a_newer_gateway");
});

test("without an answer in time it says that nobody knows, sends nothing again, and still takes a late answer", async () => {
  const { commander, sent, timers } = board();
  const entry = commander.send("b12", "back");
  await settle();
  timers[0].call();
  assert.equal(entry.state, "unanswered");
  assert.match(explain(entry), /may have been done or not/);
  await settle();
  assert.equal(sent.length, 1);
  commander.answer(reply(entry.id));
  assert.equal(entry.state, "accepted");
});

test("an answer that overtakes the broker's acknowledgement stands", async () => {
  let published;
  const { commander } = board({ publish: () => new Promise((resolve) => (published = resolve)) });
  const entry = commander.send("b12", "back");
  commander.answer(reply(entry.id));
  published();
  await settle();
  assert.equal(entry.state, "accepted");
});

test("what the broker does not take is not sent, and nobody waits for it", async () => {
  const { commander } = board({ publish: async () => Promise.reject(new Error("not authorized")) });
  const entry = commander.send("b12", "back");
  await settle();
  assert.equal(entry.state, "unsent");
  assert.equal(entry.reason, "command.not_published");
  assert.equal(entry.text, "not authorized");
  assert.equal(commander.pending("b12"), false);
});

test("nothing goes out while something is in the way", async () => {
  const cases = [
    ["command.gateway_lost", {}, { ready: "command.gateway_lost" }],
    ["command.broker_lost", {}, { ready: "command.broker_lost" }],
    ["command.off", {}, { roles: [] }],
    ["command.role_off", {}, { roles: ["biomed"] }],
    ["command.nobody", { signer: () => null }, {}],
    ["command.no_clock", { now: () => null }, {}],
    ["command.no_bed", { bed: () => null }, {}],
  ];
  for (const [reason, overrides, state] of cases) {
    const made = board(overrides);
    Object.assign(made.state, state);
    assert.equal(made.commander.obstacle("b12"), reason);
    const entry = made.commander.send("b12", "back");
    await settle();
    assert.deepEqual([entry.state, entry.reason, made.sent.length], ["unsent", reason, 0]);
  }
});

test("a command is for the stay that was on the screen", async () => {
  const { commander, sent, state } = board();
  state.stay = "ffffffffffffffff"; // the next patient came while a form was open
  const entry = commander.send("b12", "observe", { vital: "temp", value: 36.8, observed_at: "2026-01-02T03:00:00.000Z" }, { stay: STAY });
  await settle();
  assert.deepEqual([entry.state, entry.reason, sent.length], ["unsent", "command.other_stay", 0]);
});

test("roles as in the table of DESIGN.md", () => {
  const table = readRoot("DESIGN.md").split("| command | does | nurse | charge | biomed | local |")[1].split("\n\n")[0];
  const rows = table.split("\n").slice(2).map((line) => line.split("|").map((cell) => cell.trim()));
  for (const [, names, , nurse, charge, biomed] of rows) {
    for (const [, name] of names.matchAll(/`(\w+)`/g)) {
      if (COMMANDS[name] === undefined) continue;
      assert.deepEqual([mayAsk(name, "nurse"), mayAsk(name, "charge"), mayAsk(name, "biomed")], [nurse !== "", charge !== "", biomed !== ""], name);
    }
  }
  assert.equal(mayAsk("pause", "nurse", { what: "alarm" }), false);
  assert.equal(mayAsk("pause", "charge", { what: "alarm" }), true);
});

test("what is kept of commands is bounded", async () => {
  const { commander } = board();
  for (let i = 0; i < KEPT + 10; i += 1) commander.send(i % 2 === 0 ? "b12" : "b13", "back");
  await settle();
  assert.equal(commander.entries().length, KEPT);
  assert.equal(commander.entries("b12").length, KEPT / 2);
  assert.equal(commander.answer(reply("id-1")), null);
});

test("listeners hear each change, and none after they left", async () => {
  const { commander } = board();
  const heard = [];
  const stop = commander.onChange((entry) => heard.push(entry.state));
  const entry = commander.send("b12", "back");
  await settle();
  commander.answer(reply(entry.id));
  stop();
  commander.send("b12", "back");
  assert.deepEqual(heard, ["sending", "waiting", "accepted"]);
});
