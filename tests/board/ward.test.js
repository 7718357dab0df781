// ward.test.js: the model: stays, expiry, gateways and brokers lost, alarms that come and go, beds too.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Ward } from "../../config/dashboard/ward.js";
import { bedView, bySeverity, severityOf } from "../../config/dashboard/bed_view.js";
import { audibleAlarms } from "../../config/dashboard/audible.js";
import { listBanners } from "../../config/dashboard/banners.js";
import { BASE, BOOT, GATEWAY, NEXT_STAY, STAY, T0, alarm, alert, health, score, sayTo, settings, status, summary, vitals } from "./support.js";

let ward;
let clock;
let say;
const view = (bed = "b12") => bedView(ward, bed, clock.now);
const live = () => view().vitals.filter((vital) => vital.live).map((vital) => `${vital.vital} ${vital.value}`);
const passes = (seconds) => {
  clock.now += seconds * 1000;
  ward.tick(clock.now);
};
// The gateway goes on meanwhile: health every 10 s.
const goesOn = (seconds) => {
  for (let i = 0; i < seconds; i += 10) {
    passes(Math.min(10, seconds - i));
    say(`gateway/${GATEWAY}/health`, health(clock.now));
  }
};

beforeEach(() => {
  ward = new Ward(BASE);
  clock = { now: T0 };
  say = sayTo(ward, clock);
  ward.connect("connected", clock.now);
  say(`gateway/${GATEWAY}/status`, status(T0), { retained: true });
  say(`gateway/${GATEWAY}/health`, health(T0));
  say("b12/settings", settings(T0));
  say("b12/vitals", vitals(T0, { spo2: 97, hr: 72 }));
  passes(2);
});

test("values that come are live, with their limits", () => {
  assert.equal(view().condition, "live");
  assert.deepEqual(live(), ["hr 72", "spo2 97"]);
  assert.equal(view().vitals.find(({ vital }) => vital === "spo2").low, 90);
});

test("a value past its time is not live", () => {
  goesOn(27);
  assert.deepEqual(live(), ["hr 72", "spo2 97"]);
  goesOn(2);
  assert.equal(view().condition, "no_data");
  assert.deepEqual(live(), []);
});

test("kept settings that come behind newer values of the same stay count", () => {
  say("b13/vitals", vitals(T0 + 1000, { spo2: 95 }, { bed: "b13" }), { retained: true, expirySeconds: 20 });
  say("b13/settings", settings(T0 - 30000, { bed: "b13" }), { retained: true, expirySeconds: 80 });
  assert.equal(view("b13").vitals[0].low, 90);
});

test("a vital has the nearest limits of the rules that say that they limit it, whatever their names", () => {
  const rule = (limit_of, limit_side, value) => ({
    priority: "medium", limit_of, limit_side, parameters: { limit: { value, default: value, overridden: false, source: "default", settable: null } },
  });
  const rules = {
    desat: rule("spo2", "low", 80), ours: rule("spo2", "low", 88), top: rule("spo2", "high", 99), hr_high: rule(null, null, 120), hr_low: rule("hr", "low", 50),
  };
  say("b12/settings", settings(T0, { rules }));
  say("b12/vitals", vitals(T0, { spo2: 97, hr: 72 }));
  const limits = Object.fromEntries(view().vitals.map(({ vital, low, high }) => [vital, [low, high]]));
  assert.deepEqual(limits, { spo2: [88, 99], hr: [50, null] });
  say("b12/settings", settings(T0 + 1000, { rules: { ...rules, ours: rule("spo2", "low", 85) } }));
  assert.equal(view().vitals.find(({ vital }) => vital === "spo2").low, 85);
});

const NEXT_EPOCH = "fedcba9876543210";
const follows = { epoch: NEXT_EPOCH, epoch_before: "0123456789abcdef" };
const listed = () => ward.beds.get("b12").occurrences.list().map(({ id, rev, priority }) => `${id.slice(-2)} ${rev} ${priority}`);

test("an alarm goes on into an epoch that follows: it is listed once, and its end ends it", () => {
  say("b12/alarm/spo2_low", alarm(T0));
  say("gateway/gw-7e/status", status(T0 + 100, "online", follows));
  say("b12/alarm/spo2_low", alarm(T0 + 200, { epoch: NEXT_EPOCH, rev: 2, phase: "update" }));
  say("b12/alert", alert(T0 + 200, { epoch: NEXT_EPOCH, rev: 2, phase: "update" }));
  assert.deepEqual(listed(), ["a1 2 high"]);
  say("b12/alert", alert(T0 + 300, { epoch: NEXT_EPOCH, rev: 3, phase: "end", state: "ended", priority: "none" }));
  say("b12/alarm/spo2_low", "");
  assert.deepEqual(listed(), ["a1 3 high"]);
  assert.equal(ward.beds.get("b12").occurrences.list()[0].endedAt, T0 + 300);
});

test("an epoch that goes on with nothing known is another: its ids are others", () => {
  say("b12/alarm/spo2_low", alarm(T0));
  say("gateway/gw-7e/status", status(T0 + 100, "online", { epoch: NEXT_EPOCH, epoch_before: null }));
  say("b12/alert", alert(T0 + 200, { epoch: NEXT_EPOCH, rev: 1 }));
  assert.deepEqual(listed(), ["a1 1 high", "a1 1 high"]);
});

test("a screen that heard the alarm before the status knows it by one name, too", () => {
  say("b12/alert", alert(T0, { epoch: NEXT_EPOCH, rev: 2, phase: "update" }));
  say("gateway/gw-7e/status", status(T0 + 100, "online", follows));
  say("b12/alert", alert(T0 + 200, { rev: 1 })); // of the epoch before, sent again
  say("b12/alert", alert(T0 + 300, { epoch: NEXT_EPOCH, rev: 3, phase: "escalate" }));
  assert.deepEqual(listed(), ["a1 3 high"]);
});

test("another stay: nothing of the one before is shown, whichever topic tells first", () => {
  say("b12/score/news2", score(T0, 9));
  say("b12/alarm/spo2_low", alarm(T0));
  assert.equal(view().news2.total, 9);
  say("b12/settings", settings(T0 + 2000, { stay: NEXT_STAY }));
  assert.deepEqual(live(), []);
  assert.equal(view().news2, null);
  assert.deepEqual(view().alarms, []);
  say("b12/vitals", vitals(T0 + 2500, { spo2: 91 }, { stay: NEXT_STAY }));
  assert.deepEqual(live(), ["spo2 91"]);
  // What the stay before still says, however late, with whatever clock.
  for (const late of [T0 + 2400, T0 - 60000, T0 + 9000]) {
    say("b12/vitals", vitals(late, { spo2: 66 }));
    say("b12/score/news2", score(late, 17));
    assert.deepEqual(live(), ["spo2 91"]);
    assert.equal(view().news2, null);
  }
  assert.deepEqual(ward.beds.get("b12").trend.points("spo2", 600000, T0 + 3000).map(({ last }) => last), [91]);
});

test("an alarm of a new stay is shown before its first values", () => {
  say("b12/alarm/monitor_silent", alarm(T0 + 3000, { stay: NEXT_STAY, rule: "monitor_silent" }));
  assert.equal(view().top.rule, "monitor_silent");
});

test("offline is lost at once; so is a gateway without health for 30 s, whatever else it says", () => {
  say(`gateway/${GATEWAY}/status`, status(T0, "offline"));
  assert.equal(view().condition, "gateway_lost");
  assert.deepEqual(live(), []);
  say(`gateway/${GATEWAY}/status`, status(T0 + 2000));
  assert.equal(view().condition, "live");
  for (let i = 0; i < 29; i++) {
    passes(1);
    say("b12/vitals", vitals(clock.now, { spo2: 96 }));
  }
  assert.equal(view().condition, "live");
  passes(2);
  say("b12/vitals", vitals(clock.now, { spo2: 96 }));
  assert.equal(view().condition, "gateway_lost");
  assert.deepEqual(live(), []);
  assert.deepEqual(listBanners(ward, clock.now).map(({ name }) => name), ["gateway-lost"]);
  say(`gateway/${GATEWAY}/health`, health(clock.now));
  assert.equal(view().condition, "live");
});

test("a gateway that was ended in order says why; its beds are as little watched as those of one that is lost", () => {
  for (const [reason, title] of [
    ["update", "The gateway restarts for an update"],
    ["shutdown", "The gateway's box restarts, or was switched off"],
    ["stopped", "The gateway was stopped"],
    ["lost", "Gateway lost"],
    ["of a later version", "Gateway lost"],
    [null, "Gateway lost"],
  ]) {
    say(`gateway/${GATEWAY}/status`, status(clock.now, "offline", { reason }));
    assert.equal(view().condition, "gateway_lost");
    const [banner] = listBanners(ward, clock.now);
    assert.deepEqual([banner.name, banner.priority, banner.title], ["gateway-lost", "high", title]);
    assert.match(banner.detail, /gw-7e/);
    assert.match(banner.detail, /not monitored here/);
    say(`gateway/${GATEWAY}/status`, status(clock.now));
    assert.deepEqual(listBanners(ward, clock.now), []);
  }
  passes(31);
  assert.equal(listBanners(ward, clock.now)[0].title, "Gateway lost");
});

test("health that was kept is as old as the broker says", () => {
  const late = new Ward(BASE);
  late.connect("connected", T0);
  const tell = sayTo(late, clock);
  tell(`gateway/${GATEWAY}/status`, status(T0), { retained: true });
  tell(`gateway/${GATEWAY}/health`, health(T0), { retained: true, expirySeconds: 4 });
  assert.equal(late.gateways.get(GATEWAY).state(clock.now + 29000), "online");
  assert.equal(late.gateways.get(GATEWAY).state(clock.now + 31000), "lost");
});

test("values of the run before are not live after a restart of the gateway", () => {
  say(`gateway/${GATEWAY}/status`, status(T0 + 2000, "online", { boot: "00000001" }));
  assert.deepEqual(live(), []);
  say("b12/vitals", vitals(T0 + 2500, { spo2: 95 }, { boot: "00000001" }));
  assert.deepEqual(live(), ["spo2 95"]);
});

test("without a broker nothing is live; what ended meanwhile is gone when it is back", () => {
  say("b12/alarm/spo2_low", alarm(T0));
  say("b12/alarm/hr_low", alarm(T0, { rule: "hr_low", id: "00000000000000a2" }));
  ward.connect("lost", clock.now);
  assert.equal(view().condition, "screen_lost");
  assert.deepEqual(live(), []);
  assert.deepEqual(audibleAlarms(ward, clock.now).map(({ id }) => id), ["broker"]);
  passes(20);
  ward.connect("connected", clock.now);
  say("b12/alarm/hr_low", alarm(T0, { rule: "hr_low", id: "00000000000000a2" }), { retained: true, expirySeconds: 50 });
  say("b12/vitals", vitals(clock.now - 400, { spo2: 93 }), { retained: true, expirySeconds: 29 });
  assert.deepEqual(view().alarms.map(({ rule }) => rule).sort(), ["hr_low", "spo2_low"]);
  passes(2);
  assert.deepEqual(view().alarms.map(({ rule }) => rule), ["hr_low"]);
  assert.deepEqual(live(), ["spo2 93"]);
});

test("a screen that tries again says since when it is lost", () => {
  ward.connect("lost", T0 + 5000);
  ward.connect("connecting", T0 + 6000);
  assert.equal(ward.connection.since, T0 + 5000);
});

test("alarms by priority, what is answered steps back", () => {
  say("b12/alarm/spo2_low", alarm(T0, { priority: "medium" }));
  say("b12/alarm/hr_low", alarm(T0, { rule: "hr_low", id: "00000000000000a2" }));
  assert.deepEqual([view().top.rule, view().priority, view().signal], ["hr_low", "high", "high"]);
  say("b12/alarm/hr_low", alarm(T0, { rule: "hr_low", id: "00000000000000a2", rev: 2, phase: "acknowledge", inactivation: "acknowledged" }));
  assert.deepEqual([view().priority, view().signal], ["high", "medium"]);
  say("b12/alarm/hr_low", alarm(T0, { rule: "hr_low", id: "00000000000000a2" }));
  assert.equal(view().signal, "medium", "an older revision changes nothing");
  say("b12/alarm/spo2_low", "");
  assert.equal(view().signal, "none");
  assert.ok(severityOf(view()) > 1 && severityOf(view()) < 5);
});

test("what began and ended while nobody looked is on the list; what somebody saw is not", () => {
  ward.look(clock.now);
  passes(1);
  say("b12/alert", alert(T0 + 3000));
  say("b12/alarm/spo2_low", alarm(T0 + 3000));
  assert.equal(ward.unseen.list.length, 0);
  passes(5);
  say("b12/alert", alert(T0 + 8000, { rev: 2, phase: "end", state: "ended", value: 95, raised_at: new Date(T0 + 3000).toISOString() }));
  say("b12/alarm/spo2_low", "");
  assert.equal(ward.unseen.list.length, 1);
  const [entry] = ward.unseen.list;
  assert.deepEqual([entry.bed, entry.rule, entry.priority, entry.endedAt - entry.startedAt], ["b12", "spo2_low", "high", 5000]);
  // Told twice, or resent in another order: still one.
  say("b12/alert", alert(T0 + 8000, { rev: 2, phase: "end", state: "ended" }));
  say("b12/alert", alert(T0 + 3000));
  assert.equal(ward.unseen.list.length, 1);
  ward.dismiss(entry.key);
  assert.equal(ward.unseen.list.length, 0);
  say("b12/alarm/hr_low", alarm(clock.now, { rule: "hr_low", id: "00000000000000a2" }));
  passes(1);
  ward.look(clock.now);
  passes(1);
  say("b12/alarm/hr_low", "");
  assert.equal(ward.unseen.list.length, 0, "somebody looked while it was on");
});

test("news are of now: neither kept, nor late, nor told twice", () => {
  const told = [];
  ward.onAlarm = (one, { isNew, wasKept }) => told.push(`${one.rule} ${isNew} ${wasKept}`);
  say("b12/alert", alert(clock.now));
  say("b12/alarm/spo2_low", alarm(clock.now));
  say("b12/alert", alert(clock.now - 11000, { rule: "hr_low", id: "00000000000000a2" }));
  say("b12/alarm/temp_high", alarm(clock.now, { rule: "temp_high", id: "00000000000000a3" }), { retained: true });
  assert.deepEqual(told, ["spo2_low true false", "hr_low false false", "temp_high true true"]);
});

test("the list of the unseen has an end, and counts what it drops", () => {
  for (let i = 0; i < 150; i++) {
    const id = i.toString(16).padStart(16, "0");
    say("b12/alert", alert(T0 + i, { id }));
    say("b12/alert", alert(T0 + i + 1, { id, rev: 2, phase: "end", state: "ended" }));
  }
  assert.deepEqual([ward.unseen.list.length, ward.unseen.more], [100, 50]);
  for (let i = 0; i < 300; i++) say("b12/alert", alert(T0 + i, { id: (1000 + i).toString(16).padStart(16, "0") }));
  assert.equal(ward.beds.get("b12").occurrences.list().length, 200);
});

test("beds go when their topics are emptied, and when their gateway lists them no more", () => {
  say("b12/vitals", "");
  say("b12/settings", "");
  assert.equal(ward.beds.has("b12"), false);
  say("b13/vitals", vitals(clock.now, { hr: 70 }, { bed: "b13" }));
  passes(1);
  say(`gateway/${GATEWAY}/ward`, summary(clock.now, ["b14"]));
  goesOn(50);
  assert.equal(ward.beds.has("b13"), true);
  say(`gateway/${GATEWAY}/ward`, summary(clock.now, ["b14"]));
  goesOn(20);
  assert.equal(ward.beds.has("b13"), false);
});

test("beds of a gateway that is lost, or has moved, stay, under that word", () => {
  say(`gateway/${GATEWAY}/ward`, summary(clock.now, ["b14"]));
  passes(300);
  assert.equal(view().condition, "gateway_lost");
  say(`gateway/${GATEWAY}/status`, status(clock.now, "moved"));
  say("b12/vitals", "");
  say("b12/settings", "");
  assert.deepEqual([view().condition, view().gatewayState], ["gateway_lost", "moved"]);
});

test("clocks that differ: ages and expiries by the gateway's", () => {
  for (const minutes of [7, -7]) {
    ward = new Ward(BASE);
    clock = { now: T0 + minutes * 60000 };
    say = sayTo(ward, clock);
    const gatewayNow = () => clock.now - minutes * 60000;
    ward.connect("connected", clock.now);
    say(`gateway/${GATEWAY}/status`, status(gatewayNow()), { retained: true });
    say(`gateway/${GATEWAY}/health`, health(gatewayNow()));
    say("b12/vitals", vitals(gatewayNow(), { spo2: 97 }));
    passes(6);
    assert.deepEqual([view().condition, view().ageMs], ["live", 6000], `${minutes} min`);
    assert.deepEqual(listBanners(ward, clock.now).map(({ name }) => name), ["clock-off"]);
    say("b12/vitals", vitals(gatewayNow() - 31000, { spo2: 61 }), { retained: true });
    assert.ok(!live().includes("spo2 61"));
    passes(25);
    assert.deepEqual(live(), []);
  }
});

test("vacant, away, not monitored", () => {
  say("b12/vitals", vitals(clock.now, {}, { invalid: { spo2: "no_answer", hr: "no_answer" } }));
  assert.equal(view().condition, "not_monitored");
  say("b12/vitals", vitals(clock.now + 1, { glucose: 5.1 }, { observed: { glucose: null } }));
  assert.equal(view().condition, "not_monitored", "a value that was measured once watches nobody");
  say("b12/settings", settings(clock.now + 2, { away: { until: new Date(T0 + 3600000).toISOString() } }));
  assert.equal(view().condition, "away");
  say("b12/vitals", vitals(clock.now + 3, {}, { stay: null }));
  assert.equal(view().condition, "vacant");
});

test("the bed that needs somebody most comes first", () => {
  const bed = (name, more) => ({ bed: name, signal: "none", priority: "none", condition: "live", alarms: [], news2: null, ...more });
  const raised = (signal, raisedAt) => ({ signal, priority: signal, alarms: [{ priority: signal, raisedAt }] });
  const views = [
    bed("b10"), bed("b2"), bed("b3", { condition: "vacant" }), bed("b4", { condition: "not_monitored" }), bed("b5", raised("low", 1)),
    bed("b6", raised("high", 1)), bed("b7", raised("high", 2)), bed("b8", raised("medium", 9)), bed("b9", { news2: { band: "high" } }),
    bed("b11", { priority: "high" }), bed("b1", { condition: "gateway_lost" }),
  ];
  assert.deepEqual(views.sort(bySeverity).map(({ bed: name }) => name), ["b7", "b6", "b8", "b1", "b4", "b5", "b11", "b9", "b2", "b10", "b3"]);
});

test("what does not sound: alarms of a gateway that is lost, of another stay, of before all was told", () => {
  say("b12/alarm/spo2_low", alarm(T0));
  assert.deepEqual(audibleAlarms(ward, clock.now).map(({ rule }) => rule), ["spo2_low"]);
  say("b12/settings", settings(T0 + 2000, { stay: NEXT_STAY }));
  assert.deepEqual(audibleAlarms(ward, clock.now), []);
  say(`gateway/${GATEWAY}/status`, status(T0, "offline"));
  assert.deepEqual(audibleAlarms(ward, clock.now).map(({ id }) => id), [`gateway ${GATEWAY}`]);
});

test("alarms of the gateway itself stand above all beds", () => {
  const own = alarm(T0, { rule: "bus_down", priority: "medium", kind: "technical", stands_for: ["b12", "b13"], stands_for_more: 3 });
  delete own.bed;
  delete own.stay;
  delete own.bed_seq;
  assert.equal(say(`gateway/${GATEWAY}/alarm/bus_down`, own), true);
  const [banner] = listBanners(ward, clock.now);
  assert.deepEqual([banner.name, banner.priority], ["gateway-alarm", "medium"]);
  assert.match(banner.detail, /b12, b13 \+3/);
  say(`gateway/${GATEWAY}/alarm/bus_down`, "");
  assert.deepEqual(listBanners(ward, clock.now), []);
  assert.equal(ward.unseen.list[0].bed, null);
});

test("what is not understood is counted, with the newest reason", () => {
  say("b12/vitals", "{");
  say("b12/vitals", vitals(T0, { spo2: 50 }, { schema: "2" }));
  assert.equal(ward.rejected.count, 2);
  assert.match(ward.rejected.last.why, /schema/);
  assert.deepEqual(live(), ["hr 72", "spo2 97"]);
});

test("changes are told once, by bed", () => {
  ward.takeChanges();
  say("b12/vitals", vitals(clock.now, { spo2: 96 }));
  assert.deepEqual([...ward.takeChanges().beds], ["b12"]);
  assert.deepEqual(ward.takeChanges(), { beds: new Set(), ward: false });
});

test("there is a bound to how many beds, gateways and alarms a broker can make a screen hold", () => {
  for (let i = 0; i < 700; i++) say(`x${i}/vitals`, vitals(T0, { hr: 60 }, { bed: `x${i}`, gateway: `g${i}`, boot: BOOT }));
  assert.equal(ward.beds.size, 512);
  assert.equal(ward.gateways.size, 64);
  for (let i = 0; i < 300; i++) say(`b12/alarm/rule_${i}`, alarm(T0, { rule: `rule_${i}`, stay: STAY, id: i.toString(16).padStart(16, "0") }));
  assert.equal(ward.beds.get("b12").alarms.size, 128);
});
