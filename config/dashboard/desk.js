// desk.js: from a button to a command: who is at the board, is this meant, send it, wait for the answer. What is shown
// when the button is pressed is what the command is about: the stay, the alarm's rev and the bed are taken before any question.
import { askStaff, confirmCommand } from "./dialogs.js";
import { mayAsk } from "./commands.js";

const OVER = ["accepted", "refused", "unanswered", "unsent"];

export class Desk {
  /** settings(bed) → the bed's settings in the model's shape, or null; now() → ms for the staff's idle time */
  constructor({ commander, staff, now }) {
    this.commander = commander;
    this.staff = staff;
    this.now = now;
  }

  get canSend() {
    return this.staff.role !== null;
  }

  /** Whether this board's role is usually let do it; the gateway's word is what counts. */
  may(command, fields) {
    return this.canSend && mayAsk(command, this.staff.role, fields);
  }

  /** Why nothing goes out to this bed, as the key of a text; null: it would. That nobody is at the board yet is no reason. */
  obstacle(bed) {
    const key = this.commander.obstacle(bed);
    return key === "command.nobody" ? null : key;
  }

  /**
   * orders: [{command, fields, what}], sent one after the other, each when the one before is answered; what was not
   * answered ends it. Resolves with the entries of what went out; null when somebody said no.
   */
  async give(bed, stay, orders, { confirm = true } = {}) {
    if (this.staff.signer === null && !(await askStaff(this.staff, this.now))) return null;
    const by = this.staff.signer?.by ?? "";
    const lines = orders.map((order) => order.what);
    const silences = orders.some(({ command }) => command === "pause");
    if (confirm && !(await confirmCommand({ bed, lines, by, silences }))) return null;
    const entries = [];
    for (const { command, fields = {}, what } of orders) {
      const entry = await this.#outcome(this.commander.send(bed, command, fields, { stay, what }));
      entries.push(entry);
      if (entry.state === "unanswered" || entry.state === "unsent") break;
    }
    return entries;
  }

  #outcome(entry) {
    if (OVER.includes(entry.state)) return Promise.resolve(entry);
    return new Promise((resolve) => {
      const stop = this.commander.onChange((changed) => {
        if (changed !== entry || !OVER.includes(entry.state)) return;
        stop();
        resolve(entry);
      });
    });
  }
}
