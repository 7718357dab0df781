// speaker.js: alarms that begin, said to a screen reader, the most urgent first; a flood of them is counted, not read out.
import { setText, element } from "./dom.js";
import { text } from "./texts.js";

const RANK = { low: 1, medium: 2, high: 3 };
const MOST = 3;
const KEEP_MS = 10000;

export class Speaker {
  #node;
  #waiting = [];
  #clearAt = null;

  constructor(node) {
    this.#node = node;
  }

  /** What was there before this screen came is not said: it is on the page. */
  take(alarm, { isNew, wasKept }) {
    if (!isNew || wasKept || alarm.priority === "none" || alarm.late) return;
    if (!this.#waiting.some((other) => other.id === alarm.id)) this.#waiting.push(alarm);
  }

  step(now = performance.now()) {
    if (this.#waiting.length > 0) {
      const alarms = this.#waiting.sort((a, b) => RANK[b.priority] - RANK[a.priority]);
      this.#waiting = [];
      this.#say(alarms);
      this.#clearAt = now + KEEP_MS;
    } else if (this.#clearAt !== null && now > this.#clearAt) {
      this.#clearAt = null;
      setText(this.#node, "");
    }
  }

  #say(alarms) {
    const lines = alarms.slice(0, MOST).map((alarm) =>
      text("spoken.alarm", { priority: text(`priority.${alarm.priority}`), place: place(alarm), what: alarm.text }),
    );
    if (alarms.length > MOST) lines.push(text("tile.more", { n: alarms.length - MOST }));
    this.#node.replaceChildren(...lines.map((line) => element("p", {}, line)));
  }
}

const place = (alarm) => (alarm.bed === null ? alarm.gateway : text("board.bed", { bed: alarm.bed }));
