// bed_trends.js: what this board has seen of a bed's vitals, as plots: limits dashed, alarms as marked spans, gaps as gaps.
// Screen readers have each plot in words.
import { Keyed, element, setAttribute, setHidden, setText, svgElement } from "./dom.js";
import { alarmSpans, dots, paths, rangeOf, scale, timeTicks, valueTicks } from "./plot.js";
import { clockTime, duration, text, word } from "./texts.js";
import { Trend } from "./trend.js";
import { VITALS, unitOf, valueText, vitalName, vitalOf } from "./vitals.js";

const MINUTE_MS = 60000;
const LONGEST_MS = 12 * 60 * MINUTE_MS;
const DRAW_EVERY_MS = 2000;
const BOX = { width: 600, height: 120 };
const LEFT = 40;
const FOOT = 18;

const SPANS = [
  { key: "trend.span_10min", span: () => 10 * MINUTE_MS },
  { key: "trend.span_1h", span: () => 60 * MINUTE_MS },
  { key: "trend.span_all", span: (openMs) => Math.min(LONGEST_MS, Math.max(10 * MINUTE_MS, openMs)) },
];

function axes({ from, to, range }, { x, y }, places) {
  const nodes = [];
  for (const value of valueTicks(range, 4)) {
    nodes.push(svgElement("line", { class: "plot-grid", x1: 0, x2: BOX.width, y1: y(value), y2: y(value) }));
    nodes.push(svgElement("text", { class: "plot-tick", x: -5, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(Math.max(places, value % 1 === 0 ? 0 : 1))));
  }
  for (const time of timeTicks(from, to, 6)) {
    nodes.push(svgElement("line", { class: "plot-grid", x1: x(time), x2: x(time), y1: 0, y2: BOX.height }));
    nodes.push(svgElement("text", { class: "plot-tick", x: x(time), y: BOX.height + FOOT - 4, "text-anchor": "middle" }, clockTime(time, { seconds: false })));
  }
  return nodes;
}

function marks(spans) {
  return spans.flatMap(({ left, width, priority, text: what, startedAt }) => [
    svgElement(
      "rect",
      { class: "plot-alarm", "data-priority": priority, x: left, y: 0, width, height: BOX.height },
      svgElement("title", {}, `${word("priority", priority)}: ${what}, ${clockTime(startedAt)}`),
    ),
  ]);
}

const limitLines = (limits, { y }) =>
  limits
    .filter((limit) => limit !== null)
    .map((limit) => svgElement("line", { class: "plot-limit", x1: 0, x2: BOX.width, y1: y(limit), y2: y(limit) }));

function inWords(name, points, spanMs, alarmCount) {
  const lowest = Math.min(...points.map(({ low }) => low));
  const highest = Math.max(...points.map(({ high }) => high));
  return text("trend.words", {
    vital: vitalName(name),
    span: duration(spanMs),
    low: valueText(name, lowest),
    high: valueText(name, highest),
    newest: valueText(name, points.at(-1).last),
    unit: unitOf(name),
    n: alarmCount,
  });
}

function draw(svg, { name, points, spanMs, time, limits, occurrences }) {
  const vital = vitalOf(name);
  const window = { from: time - spanMs, to: time, range: rangeOf(points, limits, { least: vital.places === 0 ? 10 : 1 }) };
  const to = scale({ ...window, ...BOX });
  const spans = alarmSpans(occurrences, window, to);
  const { line, band } = paths(points, Trend.stepMs(spanMs), to);
  const curve =
    vital.kind === "episodic"
      ? dots(points, to).map((dot) => svgElement("circle", { class: "plot-dot", cx: dot.x, cy: dot.y, r: 4 }))
      : [svgElement("path", { class: "plot-band", d: band }), svgElement("path", { class: "plot-line", d: line })];
  svg.replaceChildren(...marks(spans), ...axes(window, to, vital.places), ...limitLines(limits, to), ...curve);
  setAttribute(svg, "aria-label", inWords(name, points, spanMs, spans.length));
}

function plot({ name }) {
  const svg = svgElement("svg", {
    class: "plot",
    role: "img",
    viewBox: `${-LEFT} -6 ${BOX.width + LEFT + 20} ${BOX.height + FOOT + 6}`,
  });
  const caption = element("figcaption", {}, `${vitalName(name)} ${unitOf(name)}`);
  return { node: element("figure", { class: "trend" }, caption, svg), update: (item) => draw(svg, item) };
}

export function bedTrends({ now, openedAt }) {
  let chosen = SPANS[0];
  let drawnAt = -Infinity;
  const buttons = SPANS.map((span) =>
    element("button", { type: "button", "aria-pressed": String(span === chosen), on: { click: () => choose(span) } }, text(span.key)),
  );
  const none = element("p", { class: "quiet" }, text("trend.none"));
  const box = element("div", { class: "trends" });
  const plots = new Keyed(box, plot);

  function choose(span) {
    chosen = span;
    drawnAt = -Infinity;
    SPANS.forEach((one, i) => setAttribute(buttons[i], "aria-pressed", String(one === chosen)));
  }

  function update({ bed, view, time }) {
    if (now() - drawnAt < DRAW_EVERY_MS) return;
    drawnAt = now();
    const spanMs = chosen.span(now() - openedAt);
    const limits = new Map(view.vitals.map((vital) => [vital.vital, [vital.low, vital.high]]));
    const alarms = bed.occurrences.list().filter(({ stay }) => stay === bed.stay);
    const items = VITALS.map(({ name }) => ({
      name,
      spanMs,
      time,
      points: bed.trend.points(name, spanMs, time),
      limits: limits.get(name) ?? [null, null],
      occurrences: alarms.filter(({ vital, priority }) => vital === name && priority !== "none"),
    })).filter(({ points }) => points.length > 0);
    setHidden(none, items.length > 0);
    plots.update(items, ({ name }) => name);
  }

  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-trends-title" },
      element("h3", { id: "bed-trends-title" }, text("bed.trends")),
      element("div", { class: "spans", role: "group", "aria-labelledby": "bed-trends-title" }, ...buttons),
      none,
      box,
    ),
    update,
  };
}
