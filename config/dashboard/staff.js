// staff.js: who is at the board: a staff number, asked for once, and forgotten when the browser's tab is closed, when
// somebody says so, or when nobody has touched the board for a while. The role is the board's own (board.json), for it
// goes with the board's login at the broker.
import { checkStaff } from "./typed.js";

const KEY = "wardgate.staff";
export const IDLE_MS = 15 * 60 * 1000;

export class Staff {
  #by = null;
  #touchedAt = 0;
  #storage;
  #listeners = new Set();

  constructor({ role, storage = globalThis.sessionStorage, now }) {
    this.role = role ?? null;
    this.#storage = storage;
    this.#restore(now);
  }

  /** {by, role}; null: nobody has said who it is, or this board only shows. */
  get signer() {
    return this.#by === null || this.role === null ? null : { by: this.#by, role: this.role };
  }

  /** False: no staff number. */
  enter(typed, now) {
    const { value } = checkStaff(typed);
    if (value === undefined) return false;
    this.#by = value;
    this.#touchedAt = now;
    this.#keep();
    this.#tell();
    return true;
  }

  leave() {
    if (this.#by === null) return;
    this.#by = null;
    this.#keep();
    this.#tell();
  }

  touch(now) {
    if (now - this.#touchedAt > IDLE_MS) this.tick(now);
    this.#touchedAt = now;
    this.#keep();
  }

  /** Whoever comes to a board that nobody touched for long is not taken for the one who was there. */
  tick(now) {
    if (this.#by !== null && now - this.#touchedAt > IDLE_MS) this.leave();
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener(this.signer);
  }

  #keep() {
    try {
      if (this.#by === null) this.#storage?.removeItem(KEY);
      else this.#storage?.setItem(KEY, JSON.stringify({ by: this.#by, touchedAt: this.#touchedAt }));
    } catch {
      // a browser without storage asks again after loading
    }
  }

  #restore(now) {
    try {
      const { by, touchedAt } = JSON.parse(this.#storage?.getItem(KEY) ?? "null") ?? {};
      if (checkStaff(String(by)).value !== by || !(now - touchedAt <= IDLE_MS)) return;
      this.#by = by;
      this.#touchedAt = touchedAt;
    } catch {
      // not ours: nobody is at the board
    }
  }
}
