// source.js: the board's modules as text, for tests that look at what is written in them.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const dashboard = join(root, "config", "dashboard");

export const readRoot = (...path) => readFileSync(join(root, ...path), "utf8");

export function modules() {
  return readdirSync(dashboard)
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ name, source: readFileSync(join(dashboard, name), "utf8") }));
}

// The string literals of a module, each with its line; comments, and what is thrown or logged, are left out.
export function literals(source) {
  const found = [];
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g;
  for (const match of source.matchAll(token)) {
    const value = match[1] ?? match[2] ?? match[3];
    if (value === undefined) continue;
    const before = source.slice(source.lastIndexOf("\n", match.index) + 1, match.index);
    if (/\b(Error|console\.\w+|assert\w*)\($/.test(before.trimEnd())) continue;
    found.push({ value, line: source.slice(0, match.index).split("\n").length });
  }
  return found;
}
