// board_settings.js: what this screen shows, from board.json beside the page and from the address (?board=desk-2&lang=zh).
// README.md says what may stand there. What is wrong is said in words for the engineer who wrote the file.
import { isName, isObject } from "./check.js";

const BASE = /^[A-Za-z][A-Za-z0-9_-]{0,31}(\/[A-Za-z][A-Za-z0-9_-]{0,31}){2}$/;
const KEYS = ["schema", "base", "board", "title", "language", "theme", "role", "broker"];
const THEMES = ["auto", "light", "dark"];
const ROLES = ["nurse", "charge", "biomed"];
const NAME_KEY = "wardgate.board";

export class SettingsError extends Error {}

const need = (isRight, what) => {
  if (!isRight) throw new SettingsError(`board.json: ${what}`);
};

const isText = (value) => value === undefined || value === null || (typeof value === "string" && value.length <= 80);

export function checkSettings(object) {
  need(isObject(object), "must be a JSON object");
  for (const key of Object.keys(object)) need(KEYS.includes(key), `has no key "${key}"; it may have ${KEYS.join(", ")}`);
  const { base, board, title, language, theme = "auto", role = null, broker = null } = object;
  need(typeof base === "string" && BASE.test(base), 'needs "base": the ward\'s topics, such as "wardgate/st-marys/w7e"');
  need(board === undefined || isName(board), '"board" must begin with a letter, then letters, digits, _ and -, 32 at most');
  need(isText(title), '"title" must be a text of at most 80 characters');
  need(isText(language), '"language" must be "en" or "zh-Hans"');
  need(THEMES.includes(theme), `"theme" must be one of ${THEMES.join(", ")}`);
  need(role === null || ROLES.includes(role), `"role" must be one of ${ROLES.join(", ")}`);
  need(broker === null || /^wss?:\/\/[^\s/]+/.test(broker), '"broker" must be an address such as "wss://broker.hospital.example:8084"');
  return { base, board: board ?? null, title: title ?? null, language: language ?? null, theme, role, broker };
}

/** The broker's address: that of board.json, or where the page itself came from (at /mqtt, which a proxy can tell by). */
export function brokerUrl(settings, location) {
  return settings.broker ?? `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt`;
}

// Each screen is present under a name of its own, and under the same after it is loaded again.
export function boardName(settings, asked, storage, random = Math.random) {
  if (isName(asked)) return asked;
  const stem = (settings.board ?? "board").slice(0, 26);
  const known = storage?.getItem(NAME_KEY);
  if (isName(known) && known.startsWith(`${stem}-`)) return known;
  const name = `${stem}-${Math.floor(random() * 36 ** 5).toString(36).padStart(5, "0")}`;
  storage?.setItem(NAME_KEY, name);
  return name;
}

export async function loadSettings(fetcher = fetch) {
  let text;
  try {
    const answer = await fetcher("board.json", { cache: "no-store" });
    need(answer.ok, `is not beside this page (the server answers ${answer.status}). README.md of the board says what it holds`);
    text = await answer.text();
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError("board.json: cannot be read (the server does not answer)");
  }
  try {
    return checkSettings(JSON.parse(text));
  } catch (error) {
    throw error instanceof SettingsError ? error : new SettingsError(`board.json: is not JSON (${error.message})`);
  }
}
