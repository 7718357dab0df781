// toolbar.js: the head of the page: whose ward, which gateways, the time, and the buttons for sound, order, theme, language.
import { element, setAttribute, setText, Keyed } from "./dom.js";
import { openCheck } from "./sound_check.js";
import { clockTime, language, nextLanguage, setLanguage, text } from "./texts.js";
import { chooseTheme } from "./theme.js";

const THEMES = ["auto", "light", "dark"];
const THEME_KEY = "wardgate.theme";
const LANGUAGE_KEY = "wardgate.language";
const byId = (id) => document.getElementById(id);

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a browser without storage begins with what is configured
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function makeChip() {
  const node = element("li", { class: "chip" });
  return {
    node,
    update({ id, state, isUnsynced }) {
      setAttribute(node, "data-gateway", id);
      setAttribute(node, "data-state", state);
      setText(node, `${id}: ${text(`gateway.${state}`)}${isUnsynced ? `, ${text("gateway.unsynced")}` : ""}`);
    },
  };
}

export class Toolbar {
  #settings;
  #sound;
  #view;
  #chips = new Keyed(byId("gateways"), makeChip);
  #theme;

  constructor(settings, { sound, view }) {
    this.#settings = settings;
    this.#sound = sound;
    this.#view = view;
    const chosen = remembered(LANGUAGE_KEY);
    if (chosen !== null && !new URLSearchParams(location.search).has("lang")) setLanguage(chosen);
    const theme = remembered(THEME_KEY);
    this.#setTheme(THEMES.includes(theme) ? theme : settings.theme);
    byId("theme").addEventListener("click", () => this.#nextTheme());
    byId("language").addEventListener("click", () => {
      setLanguage(nextLanguage());
      remember(LANGUAGE_KEY, language());
    });
    byId("order").addEventListener("click", () => {
      view.order = view.order === "severity" ? "name" : "severity";
      this.#label();
    });
    byId("sound").addEventListener("click", () => this.#toggleSound());
    byId("sound-check").addEventListener("click", () => openCheck(sound, () => Date.now()));
    sound.onChange(() => this.#label());
    this.#label();
  }

  #toggleSound() {
    if (this.#sound.state === "off" || this.#sound.state === "failed") this.#sound.turnOn();
    else if (this.#sound.state === "on") this.#sound.turnOff();
  }

  #setTheme(theme) {
    this.#theme = theme;
    chooseTheme(theme);
  }

  #nextTheme() {
    this.#setTheme(THEMES[(THEMES.indexOf(this.#theme) + 1) % THEMES.length]);
    remember(THEME_KEY, this.#theme);
    this.#label();
  }

  #label() {
    const { state } = this.#sound;
    document.documentElement.lang = language();
    setText(byId("sound"), text(`sound.${state}`));
    setAttribute(byId("sound"), "data-state", state);
    setAttribute(byId("sound"), "title", state === "on" ? text("sound.turn_off") : text("sound.turn_on"));
    setText(byId("sound-check"), text("sound.check"));
    setText(byId("order"), text(this.#view.order === "severity" ? "order.severity" : "order.name"));
    setText(byId("theme"), text(`theme.${this.#theme}`));
    setText(byId("language"), text("board.language"));
    setAttribute(byId("language"), "aria-label", text("board.language_label"));
    setText(byId("secondary"), text("board.always", { secondary: text("board.secondary"), note: text("board.ack_note") }));
    const title = this.#settings.title ?? this.#settings.base.split("/").slice(1).join(" / ");
    setText(byId("title"), title);
    setText(document.querySelector("title"), `${title} – ${text("board.title")}`);
  }

  /** After a change of the language: every label; else what time and gateways are. */
  update(ward, now) {
    if (document.documentElement.lang !== language()) this.#label();
    const gateways = [...ward.gateways.values()];
    const isCutOff = ward.connection.state !== "connected";
    this.#chips.update(
      gateways.map((gateway) => ({ id: gateway.id, state: isCutOff ? "unknown" : gateway.state(now), isUnsynced: gateway.isUnsynced })),
      (chip) => chip.id,
    );
    const gateway = gateways.find(({ clock }) => clock.offsetMs !== null);
    setText(byId("time"), clockTime(gateway === undefined ? Date.now() : gateway.clock.time(now)));
  }
}
