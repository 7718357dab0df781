// sound.js: plays the bursts, if somebody wants them and the browser lets them out. Off until it is turned on by hand.
//
//   off ──turnOn──► on ◄──► blocked (the browser gives no sound before a click, or took it away)
//    ▲               └── failed (there is no sound on this device)
//    └──turnOff── any
//
// A board that was turned on says so after it is loaded again, and is blocked until the first click. The state goes into
// the board's presence (`presence()`); the gateway counts on no sound that is off or blocked.
import { BURSTS, HARMONICS, PRIORITIES, Turns } from "./bursts.js";

const KEY = "wardgate.sound";
const LEAD_S = 0.02; // the first pulse begins after what is scheduled is in place
const LEVEL = 0.5;

function defaultContext() {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  return Context === undefined ? null : new Context({ latencyHint: "interactive" });
}

export class Sound {
  #makeContext;
  #storage;
  #context = null;
  #isOn = false;
  #isChecking = false;
  #hasFailed = false;
  #turns = new Turns();
  #playing = null; // the gain of the burst that sounds now
  #checks = new Map(); // priority → {heard, at}
  #listeners = new Set();

  constructor({ makeContext = defaultContext, storage = globalThis.localStorage } = {}) {
    this.#makeContext = makeContext;
    this.#storage = storage;
  }

  // After loading: as it was left. Without a click browsers hold it back, which is then said.
  restore() {
    if (this.#remembered() === "on") {
      this.#isOn = true;
      this.#open();
    }
    this.#tell();
  }

  turnOn() {
    this.#remember("on");
    this.#isOn = true;
    this.#open();
    return this.wake();
  }

  turnOff() {
    this.#remember("off");
    this.#isOn = false;
    this.#silence();
    this.#tell();
  }

  // On any click or key: what the browser held back may come out now.
  async wake() {
    if (!(this.#isOn || this.#isChecking) || this.#context === null) return;
    try {
      if (this.#context.state !== "running") await this.#context.resume();
    } catch {
      // it stays blocked, and says so
    }
    this.#tell();
  }

  get state() {
    return this.#isOn ? this.#output : "off";
  }

  // Whether what is played can be heard, as far as the browser tells: on, blocked or failed.
  get #output() {
    if (this.#hasFailed || this.#context === null) return "failed";
    return this.#context.state === "running" ? "on" : "blocked";
  }

  // For the check by ear the patterns may be played on a board that is off; alarms stay silent on it. Resolves with what can
  // be heard: on, blocked or failed.
  async beginCheck() {
    this.#isChecking = true;
    this.#open();
    await this.wake();
    return this.#output;
  }

  endCheck() {
    this.#isChecking = false;
    if (!this.#isOn) this.#silence();
    this.#tell();
  }

  // As board.schema.json has it: on, off or blocked.
  presence() {
    return this.state === "failed" ? "blocked" : this.state;
  }

  // Called at least twice a second with all alarms that are on. Returns the priority whose burst began, or null. While
  // nothing can be heard nothing is played, nor made up for later.
  present(alarms, now) {
    if (this.state !== "on") return null;
    const priority = this.#turns.take(alarms, now);
    if (priority !== null) this.play(priority);
    return priority;
  }

  // One burst, now; false when it cannot sound. A burst that still sounds gives way.
  play(priority) {
    if (!(this.#isOn || this.#isChecking) || this.#output !== "on") return false;
    this.#silence();
    try {
      this.#schedule(BURSTS[priority]);
    } catch {
      this.#hasFailed = true;
      this.#tell();
      return false;
    }
    return true;
  }

  // What somebody said of a burst that was played to check the sound.
  checked(priority, heard, at) {
    this.#checks.set(priority, { heard, at });
    this.#tell();
  }

  check(priority) {
    return this.#checks.get(priority) ?? null;
  }

  // When the last of all three was heard; null: not all of them, or not yet.
  checkedAt() {
    const checks = PRIORITIES.map((priority) => this.check(priority));
    if (checks.some((check) => check === null || !check.heard)) return null;
    return Math.max(...checks.map((check) => check.at));
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #open() {
    this.#hasFailed = false;
    if (this.#context !== null) return;
    try {
      this.#context = this.#makeContext();
    } catch {
      this.#context = null;
    }
    if (this.#context === null) this.#hasFailed = true;
    else this.#context.onstatechange = () => this.#tell();
  }

  #silence() {
    this.#playing?.disconnect();
    this.#playing = null;
  }

  #schedule({ fundamental, pulses, seconds }) {
    const context = this.#context;
    const start = context.currentTime + LEAD_S;
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    const imag = new Float32Array([0, ...HARMONICS]);
    oscillator.setPeriodicWave(context.createPeriodicWave(new Float32Array(imag.length), imag));
    oscillator.frequency.value = fundamental;
    gain.gain.setValueAtTime(0, context.currentTime);
    for (const { at, length, rise, fall } of pulses) {
      gain.gain.setValueAtTime(0, start + at);
      gain.gain.linearRampToValueAtTime(LEVEL, start + at + rise);
      gain.gain.setValueAtTime(LEVEL, start + at + length - fall);
      gain.gain.linearRampToValueAtTime(0, start + at + length);
    }
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(start);
    oscillator.stop(start + seconds);
    this.#playing = gain;
  }

  #tell() {
    for (const listener of this.#listeners) listener(this.state);
  }

  // Storage may be switched off in a browser: then a board begins silent each time.
  #remember(value) {
    try {
      this.#storage?.setItem(KEY, value);
    } catch {
      // it begins off the next time
    }
  }

  #remembered() {
    try {
      return this.#storage?.getItem(KEY) ?? null;
    } catch {
      return null;
    }
  }
}
