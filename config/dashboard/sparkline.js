// sparkline.js: the last minutes of one vital as a line: where it went, not how much. A gap in the values is a gap in the
// line; limits that lie within its range are dashed. Drawn anew now and then.
import { svgElement, setAttribute } from "./dom.js";
import { Trend } from "./trend.js";

export const SPAN_MS = 10 * 60 * 1000;
const REDRAW_MS = 15000; // less than this is hardly a pixel
const WIDTH = 100;
const HEIGHT = 24;
// The least that the height stands for, so that a quiet line looks quiet.
const LEAST = { hr: 30, pulse: 30, spo2: 8, resp: 12, temp: 2, etco2: 15 };

function range(points, name) {
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const missing = Math.max(0, (LEAST[name] ?? (high - low) * 0.2 + 1) - (high - low));
  return { low: low - missing / 2, high: high + missing / 2 };
}

/** The path of a line, and the heights of limits in it. Pure. */
export function sparklinePath(points, name, limits, gatewayNow) {
  if (points.length < 2) return { path: "", limits: [] };
  const { low, high } = range(points, name);
  const step = Trend.stepMs(SPAN_MS);
  const x = (at) => (((at - gatewayNow + SPAN_MS) / SPAN_MS) * WIDTH).toFixed(1);
  const y = (value) => ((1 - (value - low) / (high - low)) * (HEIGHT - 2) + 1).toFixed(1);
  let path = "";
  points.forEach((point, i) => {
    const isGap = i === 0 || point.at - points[i - 1].at > 3 * step;
    path += `${isGap ? "M" : "L"}${x(point.at)} ${y(point.last)}`;
  });
  return { path, limits: limits.filter((limit) => limit !== null && limit > low && limit < high).map(y) };
}

export class Sparkline {
  #line = svgElement("path", { class: "spark-line" });
  #limits = [svgElement("path", { class: "spark-limit" }), svgElement("path", { class: "spark-limit" })];
  #drawn = "";
  node = svgElement(
    "svg",
    { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...this.#limits,
    this.#line,
  );

  update(trend, name, limits, gatewayNow) {
    const turn = Math.floor(gatewayNow / REDRAW_MS);
    const key = `${turn} ${name} ${limits.join()}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    const drawn = sparklinePath(trend.points(name, SPAN_MS, gatewayNow), name, limits, gatewayNow);
    setAttribute(this.#line, "d", drawn.path);
    this.#limits.forEach((line, i) => {
      setAttribute(line, "d", drawn.limits[i] === undefined ? "" : `M0 ${drawn.limits[i]}H${WIDTH}`);
    });
  }

  clear() {
    if (this.#drawn === "") return;
    this.#drawn = "";
    setAttribute(this.#line, "d", "");
    for (const line of this.#limits) setAttribute(line, "d", "");
  }
}
