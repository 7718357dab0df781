// presence.js: tells the ward's gateways that this screen is there (config/schemas/board.schema.json): every 20 s, and at once
// when what it says changes. When the screen goes, the will empties the topic.

const EVERY_MS = 20000;
const EXPIRES_MS = 60000;

function presencePayload({ board, visible, sound, gatewayNow }) {
  const iso = (ms) => new Date(ms).toISOString();
  return JSON.stringify({ schema: "1", board, at: iso(gatewayNow), expires_at: iso(gatewayNow + EXPIRES_MS), visible, sound });
}

export class Presence {
  #told = null; // {at, visible, sound}
  #say;

  /** `say(text, expiresMs)` resolves when the broker has it, and rejects when it may not be said. */
  constructor(say) {
    this.#say = say;
    this.isRefused = false;
  }

  /** The connection is new: nobody knows of this screen. */
  startOver() {
    this.#told = null;
  }

  /** Called at least once a second while connected. */
  step(state, now) {
    const told = this.#told;
    const isNew = told === null || told.visible !== state.visible || told.sound !== state.sound;
    if (!isNew && now - told.at < EVERY_MS) return;
    this.#told = { at: now, visible: state.visible, sound: state.sound };
    this.#say(presencePayload(state), EXPIRES_MS).then(
      () => (this.isRefused = false),
      () => (this.isRefused = true),
    );
  }
}
