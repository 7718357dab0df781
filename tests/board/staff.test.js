// staff.test.js: who signs commands: nobody until somebody says so, and nobody again after a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { IDLE_MS, Staff } from "../../config/dashboard/staff.js";

function storage() {
  const kept = new Map();
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
}

test("nobody signs until a staff number is there, and a name is none", () => {
  const staff = new Staff({ role: "nurse", storage: storage(), now: 0 });
  assert.equal(staff.signer, null);
  assert.equal(staff.enter("Jane Doe", 0), false);
  assert.equal(staff.signer, null);
  assert.equal(staff.enter(" n-4711 ", 0), true);
  assert.deepEqual(staff.signer, { by: "n-4711", role: "nurse" });
});

test("a board without a role signs nothing", () => {
  const staff = new Staff({ storage: storage(), now: 0 });
  staff.enter("n-4711", 0);
  assert.equal(staff.signer, null);
});

test("it is kept over loading, until somebody leaves", () => {
  const store = storage();
  new Staff({ role: "charge", storage: store, now: 0 }).enter("n-4711", 1000);
  const again = new Staff({ role: "charge", storage: store, now: 2000 });
  assert.equal(again.signer.by, "n-4711");
  again.leave();
  assert.equal(store.kept.size, 0);
  assert.equal(new Staff({ role: "charge", storage: store, now: 3000 }).signer, null);
});

test("nobody is at a board that was not touched for long, not even at the touch that ends it", () => {
  const told = [];
  const staff = new Staff({ role: "nurse", storage: storage(), now: 0 });
  staff.onChange((signer) => told.push(signer?.by ?? null));
  staff.enter("n-1", 0);
  staff.touch(IDLE_MS);
  staff.tick(2 * IDLE_MS);
  assert.equal(staff.signer.by, "n-1");
  staff.touch(2 * IDLE_MS + 1);
  assert.equal(staff.signer, null);
  assert.deepEqual(told, ["n-1", null]);
  const store = storage();
  new Staff({ role: "nurse", storage: store, now: 0 }).enter("n-1", 0);
  assert.equal(new Staff({ role: "nurse", storage: store, now: IDLE_MS + 1 }).signer, null);
});

test("what stands in the storage and is not ours is nobody", () => {
  for (const kept of ["x", "[]", '{"by":"Jane Doe","touchedAt":0}', '{"by":7,"touchedAt":0}', '{"by":"n-1"}', "null"]) {
    const store = storage();
    store.setItem("wardgate.staff", kept);
    assert.equal(new Staff({ role: "nurse", storage: store, now: 0 }).signer, null, kept);
  }
});
