// clock.test.js: ages and expiries go by the gateway's clock, whatever the screen's says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, deadline } from "../../config/dashboard/clock.js";

test("the quickest message tells the offset", () => {
  const clock = new Clock();
  assert.equal(clock.offsetMs, null);
  assert.equal(clock.time(5000), 5000);
  for (const [now, way] of [[0, 400], [1000, 80], [2000, 900], [3000, 120]]) clock.heard(now + 420000 - way, now);
  assert.equal(clock.offsetMs, 420000 - 80);
  assert.equal(clock.isOff(), true);
});

test("a quick message of long ago is forgotten", () => {
  const clock = new Clock();
  clock.heard(-10, 0);
  for (let now = 1000; now <= 130000; now += 1000) clock.heard(now - 100, now);
  assert.equal(clock.offsetMs, -100);
});

test("a gateway's clock that is set ahead counts at once", () => {
  const clock = new Clock();
  clock.heard(0, 0);
  clock.heard(3600000, 1000);
  assert.equal(clock.offsetMs, 3599000);
});

test("one that is set back counts when it goes on for long enough: till then it may be a slow way", () => {
  const clock = new Clock();
  clock.heard(0, 0);
  for (let now = 1000; now <= 20000; now += 1000) clock.heard(now - 60000, now);
  assert.equal(clock.offsetMs, 0);
  clock.heard(21000 - 60000, 21000);
  assert.equal(clock.offsetMs, -60000);
});

test("messages that are late now and then change nothing", () => {
  const clock = new Clock();
  for (let now = 0; now <= 100000; now += 1000) clock.heard(now - (now % 3000 === 0 ? 30 : 20000), now);
  assert.equal(clock.offsetMs, -30);
  assert.equal(clock.isOff(), false);
});

const clockOf = (offsetMs) => Object.assign(new Clock(), { offsetMs });
const message = (more) => ({ payload: { at: 100000, expiresAt: 130000 }, retained: false, expirySeconds: null, arrivedAt: 0, ...more });

test("the earliest end counts: the broker's word, the payload's life, its expires_at", () => {
  assert.equal(deadline(message({ expirySeconds: 12 }), clockOf(null)), 12000);
  assert.equal(deadline(message({}), clockOf(null)), 30000);
  assert.equal(deadline(message({ expirySeconds: 30 }), clockOf(110000)), 20000);
  assert.equal(deadline(message({}), clockOf(130001)), -1);
});

test("what was kept, of an age that nobody knows, is not live before the clock is known", () => {
  assert.equal(deadline(message({ retained: true }), clockOf(null)), -Infinity);
  assert.equal(deadline(message({ retained: true }), clockOf(105000)), 25000);
  assert.equal(deadline(message({ retained: true, expirySeconds: 3 }), clockOf(null)), 3000);
});
