// main.js: starts the board and wires its modules. What comes is taken at once; what it changes is drawn twice a second,
// alarms at the next frame.
import { BedRoute } from "./bed_route.js";
import { SettingsError, boardName, brokerUrl, loadSettings } from "./board_settings.js";
import { LoginForm } from "./login.js";
import { Link } from "./link.js";
import { Presence } from "./presence.js";
import { Sound } from "./sound.js";
import { Toolbar } from "./toolbar.js";
import { Ward } from "./ward.js";
import { WardView } from "./ward_view.js";
import { Speaker } from "./speaker.js";
import { subscriptions } from "./reading.js";
import { audibleAlarms } from "./audible.js";
import { setAttribute, setHidden, setText } from "./dom.js";
import { chooseLanguage, onLanguage, setLanguage, text } from "./texts.js";

const PASS_MS = 250; // the flashing of alarms goes by it: high 2 a second, medium 1 in two
const DRAW_EVERY = 2; // passes: values need not be drawn more often than they are read
const SLEPT_MS = 5000;
const byId = (id) => document.getElementById(id);

// A clock that only goes forward, whoever sets the screen's.
const now = () => performance.timeOrigin + performance.now();

class Board {
  #name;
  #ward;
  #view;
  #link;
  #sound;
  #presence;
  #speaker = new Speaker(byId("spoken"));
  #login;
  #toolbar;
  #route;
  #isFramePending = false;
  #wallLeadMs = null;
  #pass = 0;

  constructor(settings, name) {
    this.#name = name;
    this.#ward = new Ward(settings.base);
    this.#sound = new Sound();
    this.#view = new WardView(
      this.#ward,
      { tiles: byId("tiles"), empty: byId("empty"), banners: byId("banners"), unseen: byId("unseen"), summary: byId("summary"), note: byId("note") },
      { dismiss: (key) => this.#dismiss(key) },
    );
    const topic = `${settings.base}/board/${name}`;
    this.#link = new Link({
      url: brokerUrl(settings, location),
      clientId: `board-${name}-${Math.random().toString(36).slice(2, 8)}`,
      will: { topic },
      filters: subscriptions(settings.base),
      onMessage: (...message) => this.#hear(...message),
      onState: (state) => this.#connect(state),
    });
    this.#presence = new Presence((payload, expiresMs) => this.#link.publish(topic, payload, { retain: true, expiresMs }));
    this.#login = new LoginForm(byId("login"), (credentials) => this.#open(credentials));
    this.#toolbar = new Toolbar(settings, { sound: this.#sound, view: this.#view });
    this.#route = new BedRoute({
      ward: this.#ward,
      link: this.#link,
      settings,
      nodes: { ward: byId("ward"), bed: byId("bed") },
      now,
      onShow: () => this.#drawSoon(),
    });
    this.#ward.onAlarm = (alarm, how) => this.#speaker.take(alarm, how);
  }

  start() {
    for (const type of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(type, () => this.#touch(), { passive: true });
    document.addEventListener("visibilitychange", () => {
      this.#step();
      this.#draw();
    });
    onLanguage(() => this.#restart());
    this.#sound.restore();
    this.#route.show();
    this.#open(this.#login.remembered());
    setInterval(() => this.#step(), PASS_MS);
    this.#step();
  }

  #open(credentials) {
    this.#ward.connect("connecting", now());
    this.#link.open(credentials);
  }

  #touch() {
    this.#ward.look(now());
    this.#route.touch(now());
    this.#sound.wake();
  }

  #dismiss(key) {
    this.#ward.dismiss(key);
    this.#drawSoon();
  }

  #connect(state) {
    if (state === "connected") {
      this.#presence.startOver();
      this.#login.accepted();
    }
    if (state === "login") this.#login.show();
    this.#ward.connect(state, now());
    document.documentElement.dataset.link = this.#ward.connection.state;
    this.#drawSoon();
  }

  #hear(topic, payload, meta) {
    if (this.#ward.receive(topic, payload, meta, now())) this.#drawSoon();
  }

  #drawSoon() {
    if (this.#isFramePending || document.hidden) return;
    this.#isFramePending = true;
    requestAnimationFrame(() => {
      this.#isFramePending = false;
      this.#draw();
    });
  }

  #draw() {
    this.#view.draw(this.#ward.takeChanges(), now(), { isUncounted: this.#presence.isRefused });
    this.#route.draw();
  }

  #restart() {
    this.#view.restart();
    this.#toolbar.update(this.#ward, now());
    this.#drawSoon();
  }

  // While a computer sleeps its clock that only goes forward stands still: what came before would look new afterwards.
  #wakeUp(at) {
    const lead = Date.now() - at;
    const hasSlept = this.#wallLeadMs !== null && lead - this.#wallLeadMs > SLEPT_MS;
    this.#wallLeadMs = lead;
    if (hasSlept) this.#link.restart();
  }

  #step() {
    const at = now();
    this.#wakeUp(at);
    this.#ward.tick(at);
    this.#sound.present(audibleAlarms(this.#ward, at), at);
    if (this.#link.isConnected) this.#presence.step(this.#present(at), at);
    this.#speaker.step();
    this.#route.step(at);
    if (document.hidden) return;
    this.#flash();
    if (this.#pass % DRAW_EVERY !== 0) return;
    this.#draw();
    this.#toolbar.update(this.#ward, at);
  }

  #present(at) {
    const gateway = [...this.#ward.gateways.values()].find(({ clock }) => clock.offsetMs !== null);
    const gatewayNow = gateway === undefined ? Date.now() : gateway.clock.time(at);
    return { board: this.#name, visible: !document.hidden, sound: this.#sound.presence(), gatewayNow };
  }

  #flash() {
    this.#pass++;
    const root = document.documentElement;
    const turn = (priority, isOn) => (isOn || !this.#view.isCalling(priority) ? "on" : "off");
    setAttribute(root, "data-fast", turn("high", this.#pass % 2 === 0));
    setAttribute(root, "data-slow", turn("medium", this.#pass % 8 < 4));
  }
}

// The screen stays on while the board is seen.
async function stayAwake() {
  if (document.hidden) return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // a browser that saves its battery: nothing to be done from here
  }
}

// A browser may have none, or let nobody at it: then a name lasts until the page is loaded again.
function storage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

function showFault(message) {
  setText(byId("fault"), message);
  setHidden(byId("fault"), false);
  setHidden(byId("ward"), true);
}

async function main() {
  const asked = new URLSearchParams(location.search);
  const preferred = { chosen: asked.get("lang"), browser: navigator.languages };
  setLanguage(chooseLanguage(preferred));
  setText(byId("secondary"), text("board.secondary"));
  try {
    const settings = await loadSettings();
    setLanguage(chooseLanguage({ ...preferred, configured: settings.language }));
    new Board(settings, boardName(settings, asked.get("board"), storage())).start();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    document.documentElement.dataset.link = "fault";
    showFault(error.message);
    return;
  }
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}

main();
