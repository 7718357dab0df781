// bed_route.js: which page is seen, by the address: the ward's at #, a bed's at #bed/b04; and what a bed's page needs of the
// board: commands over the link, under the role of board.json, for a gateway that is there.
import { BedPage } from "./bed_page.js";
import { isName } from "./check.js";
import { createCommander } from "./commands.js";
import { Desk } from "./desk.js";
import { gatewayTimeOf } from "./gateway_time.js";
import { Staff } from "./staff.js";

/** The bed that an address names; null: the ward. */
export function bedOf(hash) {
  const match = /^#bed\/(.+)$/.exec(hash);
  if (match === null) return null;
  return isName(match[1]) ? match[1] : null;
}

// Escape goes back to the ward, but takes nothing away from whoever is typing, nor from an open question.
function isLeaving(event) {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]") !== null) return false;
  const { target } = event;
  return target.closest?.("input, select") === null || target.value === "" || target.tagName === "SELECT";
}

/** Why nothing can be sent to a bed, as the key of a text; null: something can be. Pure. */
export function obstacleOf(ward, bed, now) {
  if (ward.connection.state !== "connected") return "command.broker_lost";
  const gateway = ward.gateways.get(bed.gateway);
  if (gateway === undefined || gateway.state(now) !== "online") return "command.gateway_lost";
  if (bed.settings === null) return "command.no_bed";
  return now <= bed.liveUntil("settings", gateway.clock) ? null : "command.gateway_lost";
}

export class BedRoute {
  #ward;
  #page;
  #staff;
  #commander;
  #now;
  #nodes;
  #onShow;

  /** nodes: {ward, bed}, the two sections; onShow(bed or null) is told when another page is seen. */
  constructor({ ward, link, settings, nodes, now, onShow = () => {} }) {
    this.#ward = ward;
    this.#now = now;
    this.#nodes = nodes;
    this.#onShow = onShow;
    this.#staff = new Staff({ role: settings.role, now: now() });
    this.#commander = createCommander({
      publish: (topic, text, options) => link.publish(topic, text, options),
      base: () => settings.base,
      now: (bed) => this.#gatewayNow(bed),
      bed: (id) => this.#stateOf(id),
      signer: () => this.#staff.signer,
    });
    const desk = new Desk({ commander: this.#commander, staff: this.#staff, now });
    this.#page = new BedPage({ root: nodes.bed, ward, desk, now });
    ward.onReply = (reply) => this.#commander.answer(reply);
    addEventListener("hashchange", () => this.show());
    addEventListener("keydown", (event) => {
      if (this.isOnBed && isLeaving(event)) location.hash = "";
    });
  }

  #gatewayNow(id) {
    return gatewayTimeOf(this.#ward, this.#ward.beds.get(id), this.#now());
  }

  #stateOf(id) {
    const bed = this.#ward.beds.get(id);
    if (bed === undefined) return null;
    return { stay: bed.stay, roles: bed.settings?.commands ?? [], ready: obstacleOf(this.#ward, bed, this.#now()) };
  }

  /** As the address says now. */
  show() {
    const bed = bedOf(location.hash);
    const before = this.#page.bed;
    if (bed === before && document.body.dataset.view !== undefined) return;
    document.body.dataset.view = bed === null ? "ward" : "bed";
    this.#nodes.ward.hidden = bed !== null;
    this.#nodes.bed.hidden = bed === null;
    if (bed === null) this.#page.close();
    else this.#page.open(bed);
    this.#onShow(bed);
    if (bed === null && before !== null) this.#focusTile(before);
  }

  // Whoever comes back is where they left.
  #focusTile(bed) {
    const link = [...this.#nodes.ward.querySelectorAll("[data-tile]")].find((tile) => tile.dataset.bed === bed)?.querySelector("a");
    link?.focus();
  }

  get isOnBed() {
    return this.#page.bed !== null;
  }

  draw() {
    this.#page.draw();
  }

  touch(now) {
    this.#staff.touch(now);
  }

  step(now) {
    this.#staff.tick(now);
  }
}
