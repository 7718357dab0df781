// sound.test.js: the patterns, which alarms may sound and when, and what the board says of its own sound.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BURSTS, HARMONICS, PRIORITIES, Turns, isAudible } from "../../config/dashboard/bursts.js";
import { Sound } from "../../config/dashboard/sound.js";

const alarm = (more = {}) => ({
  epoch: "0123456789abcdef", id: "a1", priority: "high", kind: "physiological", state: "active", inactivation: "none",
  partOf: null, test: false, ...more,
});

test("10, 3 and 1 pulses; the ten in two groups of five, 3 + 2", () => {
  assert.deepEqual(PRIORITIES.map((priority) => BURSTS[priority].pulses.length), [10, 3, 1]);
  const gaps = BURSTS.high.pulses.slice(1).map((pulse, i) => pulse.at - BURSTS.high.pulses[i].at - pulse.length);
  const [within, between, half] = [gaps[0], gaps[2], gaps[4]];
  assert.ok(within < between && between < half, `${gaps}`);
  const rounded = gaps.map((gap) => Math.round(gap * 1000));
  assert.deepEqual(rounded, [100, 100, 250, 100, 600, 100, 100, 250, 100]);
});

test("pulses rise and fall, do not overlap, and a burst ends before it comes again", () => {
  for (const { pulses, seconds, everyMs } of Object.values(BURSTS)) {
    for (const [i, { at, length, rise, fall }] of pulses.entries()) {
      assert.ok(length >= 0.075 && length <= 0.25);
      assert.ok(rise >= 0.1 * length && rise <= 0.4 * length && rise + fall < length);
      if (i > 0) assert.ok(at > pulses[i - 1].at + pulses[i - 1].length);
    }
    const pauseMs = everyMs - seconds * 1000;
    assert.ok(pauseMs >= 2500 && pauseMs <= 30000);
  }
  assert.ok(BURSTS.low.everyMs - BURSTS.low.seconds * 1000 > 15000);
});

test("fundamentals lie in 150 to 1000 Hz, with four harmonics within 15 dB of them up to 4000 Hz", () => {
  for (const { fundamental } of Object.values(BURSTS)) {
    assert.ok(fundamental >= 150 && fundamental <= 1000);
    const heard = HARMONICS.filter((level, i) => {
      const hertz = fundamental * (i + 1);
      return i > 0 && hertz >= 300 && hertz <= 4000 && Math.abs(20 * Math.log10(level / HARMONICS[0])) <= 15;
    });
    assert.ok(heard.length >= 4, `${fundamental} Hz`);
  }
});

test("silenced, late, tests, information and what another alarm tells of make no sound", () => {
  assert.ok(isAudible(alarm()));
  assert.ok(isAudible(alarm({ state: "latched", kind: "technical", priority: "low" })));
  for (const more of [
    { inactivation: "acknowledged" }, { inactivation: "audio_paused" }, { inactivation: "alarm_paused" }, { late: true },
    { test: true }, { kind: "advisory" }, { priority: "none" }, { state: "ended" }, { partOf: { gateway: "gw", rule: "bus_down", id: "a" } },
    { priority: "of_a_newer_gateway" },
  ]) {
    assert.ok(!isAudible(alarm(more)), JSON.stringify(more));
  }
});

test("what begins is heard at once, then again at its interval", () => {
  const turns = new Turns();
  assert.equal(turns.take([alarm()], 0), "high");
  assert.equal(turns.take([alarm()], 9_900), null);
  assert.equal(turns.take([alarm()], 10_000), "high");
  assert.equal(turns.take([], 10_100), null);
  assert.equal(turns.take([alarm()], 30_000), "high"); // it ended and is there again
});

test("the most urgent first; a more urgent one cuts a burst short, a lesser one waits for its end", () => {
  const turns = new Turns();
  const low = alarm({ id: "b", priority: "low" });
  const medium = alarm({ id: "c", priority: "medium" });
  assert.equal(turns.take([medium], 0), "medium");
  assert.equal(turns.take([medium, alarm()], 100), "high");
  const another = alarm({ id: "d", priority: "medium" });
  assert.equal(turns.take([medium, alarm(), another], 200), null);
  assert.equal(turns.take([alarm({ inactivation: "acknowledged" }), low], 5_000), "low");
});

test("a second alarm of the same priority is heard after the burst that tells of the first", () => {
  const turns = new Turns();
  assert.equal(turns.take([alarm()], 0), "high");
  const second = alarm({ id: "e" });
  assert.equal(turns.take([alarm(), second], 500), null);
  assert.equal(turns.take([alarm(), second], 4_000), "high");
});

test("an alarm that rises is heard at once, one that falls is not", () => {
  const turns = new Turns();
  assert.equal(turns.take([alarm({ priority: "medium" })], 0), "medium");
  assert.equal(turns.take([alarm({ priority: "high" })], 2_000), "high");
  assert.equal(turns.take([alarm({ priority: "medium" })], 6_000), null);
});

// ---- the player, over a context that only writes down

function fakeContext(state = "running") {
  const context = {
    state, currentTime: 5, destination: {}, played: [], onstatechange: null,
    async resume() { context.state = "running"; },
    createPeriodicWave: (real, imag) => ({ imag }),
    createGain() {
      const node = { gain: { steps: [] }, connect: (next) => next, disconnect: () => (node.cut = true) };
      for (const kind of ["setValueAtTime", "linearRampToValueAtTime"]) node.gain[kind] = (value, at) => node.gain.steps.push([value, at]);
      return node;
    },
    createOscillator() {
      const node = { frequency: {}, setPeriodicWave() {}, connect: (next) => ((node.gain = next), next) };
      node.start = (at) => (node.from = at);
      node.stop = (at) => { node.until = at; context.played.push(node); };
      return node;
    },
  };
  return context;
}

function storage(initial = {}) {
  const kept = new Map(Object.entries(initial));
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

test("off until somebody turns it on, and nothing is played meanwhile", async () => {
  const context = fakeContext("suspended");
  const sound = new Sound({ makeContext: () => context, storage: storage() });
  sound.restore();
  assert.deepEqual([sound.state, sound.presence()], ["off", "off"]);
  assert.equal(sound.present([alarm()], 0), null);
  await sound.turnOn();
  assert.equal(sound.state, "on");
  assert.equal(sound.present([alarm()], 1000), "high");
  assert.equal(context.played.length, 1);
  sound.turnOff();
  assert.equal(sound.state, "off");
  assert.equal(sound.present([alarm({ id: "z" })], 2000), null);
  assert.ok(context.played[0].gain.cut); // what sounded ends at once
});

test("a board that was on is blocked after loading, says so, and sounds after a click", async () => {
  const context = fakeContext("suspended");
  const sound = new Sound({ makeContext: () => context, storage: storage({ "wardgate.sound": "on" }) });
  const states = [];
  sound.onChange((state) => states.push(state));
  sound.restore();
  assert.deepEqual([sound.state, sound.presence()], ["blocked", "blocked"]);
  assert.equal(sound.present([alarm()], 0), null);
  assert.equal(sound.play("high"), false);
  await sound.wake();
  assert.equal(sound.state, "on");
  assert.equal(sound.present([alarm()], 60_000), "high"); // it is still on; nothing was made up for
  assert.equal(context.played.length, 1);
  assert.deepEqual(states, ["blocked", "on"]);
});

test("a browser that takes the sound away again is told of", async () => {
  const context = fakeContext();
  const sound = new Sound({ makeContext: () => context, storage: storage() });
  await sound.turnOn();
  const states = [];
  sound.onChange((state) => states.push(state));
  context.state = "interrupted";
  context.onstatechange();
  assert.deepEqual(states, ["blocked"]);
});

test("a device without sound says so", async () => {
  for (const makeContext of [() => null, () => { throw new Error("no device"); }]) {
    const sound = new Sound({ makeContext, storage: storage() });
    await sound.turnOn();
    assert.deepEqual([sound.state, sound.presence()], ["failed", "blocked"]);
    assert.equal(sound.play("low"), false);
  }
});

test("each pulse is played in its time, up to its level and down to nothing", async () => {
  const context = fakeContext();
  const sound = new Sound({ makeContext: () => context, storage: storage() });
  await sound.turnOn();
  for (const priority of PRIORITIES) {
    assert.ok(sound.play(priority));
    const { gain, frequency, from, until } = context.played.at(-1);
    const burst = BURSTS[priority];
    assert.equal(frequency.value, burst.fundamental);
    assert.equal(gain.gain.steps.length, 1 + 4 * burst.pulses.length);
    const times = gain.gain.steps.map(([, at]) => at);
    assert.deepEqual(times, [...times].sort((a, b) => a - b));
    assert.equal(gain.gain.steps.at(-1)[0], 0);
    assert.ok(from >= context.currentTime && Math.abs(until - from - burst.seconds) < 1e-9);
  }
});

test("a board that is off can be checked, and stays off: alarms make no sound meanwhile", async () => {
  const context = fakeContext("suspended");
  const sound = new Sound({ makeContext: () => context, storage: storage() });
  assert.equal(sound.play("high"), false);
  assert.equal(await sound.beginCheck(), "on");
  assert.deepEqual([sound.state, sound.presence()], ["off", "off"]);
  assert.ok(sound.play("medium"));
  assert.equal(sound.present([alarm()], 0), null);
  sound.endCheck();
  assert.ok(context.played[0].gain.cut);
  assert.equal(sound.play("low"), false);
});

test("a check that cannot be heard says why", async () => {
  const held = fakeContext("suspended");
  held.resume = async () => { throw new Error("no click"); };
  assert.equal(await new Sound({ makeContext: () => held, storage: storage() }).beginCheck(), "blocked");
  assert.equal(await new Sound({ makeContext: () => null, storage: storage() }).beginCheck(), "failed");
});

test("the check counts when all three were heard", async () => {
  const sound = new Sound({ makeContext: () => fakeContext(), storage: storage() });
  await sound.turnOn();
  assert.equal(sound.checkedAt(), null);
  sound.checked("high", true, 10);
  sound.checked("medium", true, 20);
  sound.checked("low", false, 30);
  assert.equal(sound.checkedAt(), null);
  sound.checked("low", true, 40);
  assert.equal(sound.checkedAt(), 40);
});

test("a browser without storage begins silent and works", async () => {
  const broken = { getItem() { throw new Error("denied"); }, setItem() { throw new Error("denied"); } };
  const sound = new Sound({ makeContext: () => fakeContext(), storage: broken });
  sound.restore();
  assert.equal(sound.state, "off");
  await sound.turnOn();
  assert.equal(sound.state, "on");
});
