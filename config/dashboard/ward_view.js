// ward_view.js: the page of the ward: a tile a bed, what concerns the screen as a whole, what nobody saw, and how the ward
// stands. Draws only what changed, and each tile at least once a second, because values grow old by themselves.
import { element, setAttribute, setHidden, setText } from "./dom.js";
import { bedView, byBedName, bySeverity } from "./bed_view.js";
import { Banners } from "./banners.js";
import { UnseenList } from "./unseen_list.js";
import { chooseLayout } from "./layout.js";
import { Tile } from "./tile.js";
import { text } from "./texts.js";

const EVERY_MS = 1000;
const HOLD_MS = 3000; // a tile does not run away from under a finger

export class WardView {
  #ward;
  #nodes;
  #tiles = new Map();
  #views = new Map();
  #drawnAt = new Map(); // of each tile
  #banners;
  #unseen;
  #order = "severity";
  #layout = null;
  #drawnWardAt = -Infinity;
  #touchedAt = -Infinity;
  #summary = "";

  /** nodes {tiles, empty, banners, unseen, summary, note}: elements of index.html */
  constructor(ward, nodes, { dismiss }) {
    this.#ward = ward;
    this.#nodes = nodes;
    this.#banners = new Banners(nodes.banners);
    this.#unseen = new UnseenList(nodes.unseen, dismiss);
    nodes.tiles.addEventListener("pointerdown", () => (this.#touchedAt = performance.now()));
    const observer = new ResizeObserver(() => this.#place());
    for (const node of [nodes.banners, nodes.summary, nodes.tiles.parentElement]) observer.observe(node);
    addEventListener("resize", () => this.#place());
  }

  set order(order) {
    this.#order = order;
    this.#sort(true);
  }

  get order() {
    return this.#order;
  }

  /** Does an alarm of this priority call for somebody at any bed? */
  isCalling(priority) {
    for (const view of this.#views.values()) if (view.signal === priority) return true;
    return false;
  }

  /** The language changed: every word is another one. */
  restart() {
    for (const tile of this.#tiles.values()) tile.node.remove();
    this.#tiles.clear();
    this.#drawnAt.clear();
    this.#drawnWardAt = -Infinity;
  }

  /** isUncounted: the broker does not let this screen say that it is there. */
  draw(changes, now, { isUncounted = false } = {}) {
    if (this.#forgetBeds()) this.#place();
    let hasDrawn = false;
    let hasTurned = false; // what a banner says of a gateway comes with what its beds say
    for (const bed of this.#ward.beds.keys()) {
      if (!changes.beds.has(bed) && now - (this.#drawnAt.get(bed) ?? -Infinity) < EVERY_MS) continue;
      const before = this.#views.get(bed)?.condition;
      this.#drawBed(bed, now);
      hasTurned ||= this.#views.get(bed)?.condition !== before;
      hasDrawn = true;
    }
    if (hasDrawn) this.#sort(false);
    if (changes.ward || hasTurned || now - this.#drawnWardAt >= EVERY_MS) this.#drawWard(now, isUncounted);
  }

  #forgetBeds() {
    let hasChanged = this.#tiles.size !== this.#ward.beds.size;
    for (const [bed, tile] of this.#tiles) {
      if (this.#ward.beds.has(bed)) continue;
      tile.node.remove();
      this.#tiles.delete(bed);
      this.#views.delete(bed);
      this.#drawnAt.delete(bed);
      hasChanged = true;
    }
    return hasChanged;
  }

  #drawBed(id, now) {
    const view = bedView(this.#ward, id, now);
    if (view === null) return;
    this.#views.set(id, view);
    this.#drawnAt.set(id, now);
    let tile = this.#tiles.get(id);
    if (tile === undefined) {
      tile = new Tile(id);
      this.#tiles.set(id, tile);
      this.#nodes.tiles.append(tile.node);
    }
    const time = this.#ward.gatewayTime(view.gateway, now);
    tile.update(view, { layout: this.#layout?.name ?? "full", trend: this.#ward.beds.get(id).trend, time });
  }

  // The node that has the focus stays where it is, and the others move around it: moved, it would lose the focus.
  #sort(isForced) {
    if (!isForced && performance.now() - this.#touchedAt < HOLD_MS) return;
    const compare = this.#order === "severity" ? bySeverity : byBedName;
    const wanted = [...this.#views.values()].sort(compare).map((view) => this.#tiles.get(view.bed).node);
    const parent = this.#nodes.tiles;
    const focused = wanted.find((node) => node.contains(document.activeElement)) ?? null;
    const before = focused === null ? wanted : wanted.slice(0, wanted.indexOf(focused));
    const behind = focused === null ? [] : wanted.slice(wanted.indexOf(focused) + 1);
    this.#putInOrder(before, parent.firstElementChild, focused);
    if (focused !== null) this.#putInOrder(behind, focused.nextElementSibling, null);
  }

  #putInOrder(nodes, first, end) {
    let at = first;
    for (const node of nodes) {
      if (node === at) at = at.nextElementSibling;
      else this.#nodes.tiles.insertBefore(node, at ?? end);
    }
  }

  #place() {
    const { tiles } = this.#nodes;
    const room = tiles.parentElement;
    const style = getComputedStyle(room);
    const width = room.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = window.innerHeight - tiles.getBoundingClientRect().top - window.scrollY - 8;
    if (width <= 0) return;
    const layout = chooseLayout(this.#ward.beds.size, width, height);
    const hasNewName = layout.name !== this.#layout?.name;
    this.#layout = layout;
    setAttribute(tiles, "data-layout", layout.name);
    setAttribute(tiles, "data-fits", layout.rowHeight !== null);
    tiles.style.setProperty("--row", layout.rowHeight === null ? "auto" : `${Math.floor(layout.rowHeight)}px`);
    tiles.style.setProperty("--unit", `${layout.unit.toFixed(2)}px`);
    tiles.style.setProperty("--columns", layout.columns);
    if (hasNewName) this.#drawnAt.clear();
  }

  #drawWard(now, isUncounted) {
    this.#drawnWardAt = now;
    this.#banners.update(this.#ward, now);
    this.#unseen.update(this.#ward.unseen);
    this.#drawSummary(now);
    const isEmpty = this.#ward.beds.size === 0;
    setHidden(this.#nodes.empty, !isEmpty);
    if (isEmpty) setText(this.#nodes.empty, text(this.#ward.connection.state === "connected" && !this.#ward.isSettling ? "ward.empty" : "ward.wait"));
    this.#drawNote(isUncounted);
  }

  #drawNote(isUncounted) {
    const { count, last } = this.#ward.rejected;
    const notes = [];
    if (count > 0) notes.push(text("ward.rejected", { n: count, topic: last.topic, why: last.why }));
    if (isUncounted) notes.push(text("ward.uncounted"));
    setHidden(this.#nodes.note, notes.length === 0);
    setText(this.#nodes.note, notes.join(" · "));
  }

  #drawSummary(now) {
    const items = [countText(this.#views), ...[...this.#ward.gateways.values()].flatMap((gateway) => summaryOf(gateway, now))];
    const key = items.join("|");
    if (key === this.#summary) return;
    this.#summary = key;
    this.#nodes.summary.replaceChildren(...items.map((item) => element("li", {}, item)));
  }
}

function countText(views) {
  const count = (is) => [...views.values()].filter(is).length;
  const parts = [text("ward.beds", { n: views.size })];
  const vacant = count((view) => view.condition === "vacant");
  const lost = count((view) => ["not_monitored", "no_data", "gateway_lost"].includes(view.condition));
  if (vacant > 0) parts.push(text("ward.vacant", { n: vacant }));
  if (lost > 0) parts.push(text("ward.not_monitored", { n: lost }));
  return parts.join(" · ");
}

// Staff and beds to come, while the gateway that counts them is heard of.
function summaryOf(gateway, now) {
  const told = gateway.wardSummary;
  if (told === null || gateway.state(now) !== "online" || now - told.arrivedAt > told.payload.expiresAt - told.payload.at) return [];
  const { staff, capacity } = told.payload;
  const items = [];
  if (staff !== null) items.push(staffText(staff));
  if (capacity !== null) {
    const isKnown = capacity.noBedFree !== null;
    const percent = isKnown ? (capacity.noBedFree * 100).toFixed(capacity.noBedFree < 0.1 ? 1 : 0) : "";
    items.push(isKnown ? text("ward.no_bed", { percent }) : text("ward.no_bed_unknown"));
  }
  return items;
}

function staffText(staff) {
  const ratio = staff.patientsPerNurse === null ? "" : `, ${text("ward.ratio", { ratio: staff.patientsPerNurse.toFixed(1) })}`;
  const over = staff.overRatio ? ` (${text("ward.over_ratio", { most: staff.patientsPerNurseMax ?? "" })})` : "";
  return `${text("ward.staff", { n: staff.onDuty })}${ratio}${over}`;
}
