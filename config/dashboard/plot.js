// plot.js: the geometry of a trend. Pure: points and a size in, paths out. Steps without a value are gaps, never bridged.

const GAP_STEPS = 2.5; // further apart than this: something is missing between
const ROUND = [1, 2, 5];

/** Steps that people count in: 1, 2 or 5 times a power of ten, at most `most` of them over the range. */
export function niceStep(range, most) {
  let power = 10 ** Math.floor(Math.log10(Math.max(range, 1e-6) / most));
  for (;;) {
    for (const round of ROUND) if (range / (round * power) <= most) return round * power;
    power *= 10;
  }
}

/** [lowest, highest] that the plot shows: values and limits, with a little room, never flat. */
export function rangeOf(points, limits, { room = 0.08, least = 1 } = {}) {
  const values = [...points.flatMap(({ low, high }) => [low, high]), ...limits.filter((limit) => limit !== null)];
  if (values.length === 0) return [0, 1];
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const margin = (high - low) * room;
  return [low - margin, high + margin];
}

/** Runs of points that belong together. */
export function runsOf(points, stepMs) {
  const runs = [];
  for (const point of points) {
    const run = runs.at(-1);
    if (run !== undefined && point.at - run.at(-1).at <= stepMs * GAP_STEPS) run.push(point);
    else runs.push([point]);
  }
  return runs;
}

const at = (value) => value.toFixed(1);

/** {x(ms), y(value)} into a box of width by height, times from `from` to `to`, values within `range`. */
export function scale({ from, to, range, width, height }) {
  return {
    x: (ms) => ((ms - from) / (to - from)) * width,
    y: (value) => height - ((value - range[0]) / (range[1] - range[0])) * height,
  };
}

/** What there is between lowest and highest of each step, and the line of the newest. A point alone is a short dash. */
export function paths(points, stepMs, { x, y }) {
  const half = stepMs / 2;
  let line = "";
  let band = "";
  for (const run of runsOf(points, stepMs)) {
    if (run.length === 1) {
      const [point] = run;
      line += `M${at(x(point.at - half))},${at(y(point.last))}L${at(x(point.at + half))},${at(y(point.last))}`;
      continue;
    }
    line += run.map((point, i) => `${i === 0 ? "M" : "L"}${at(x(point.at))},${at(y(point.last))}`).join("");
    band += run.map((point, i) => `${i === 0 ? "M" : "L"}${at(x(point.at))},${at(y(point.high))}`).join("");
    band += `${[...run].reverse().map((point) => `L${at(x(point.at))},${at(y(point.low))}`).join("")}Z`;
  }
  return { line, band };
}

/** Each measurement by itself: of what is measured now and then nothing lies between. */
export function dots(points, { x, y }) {
  return points.map((point) => ({ x: x(point.at), y: y(point.last) }));
}

/** Alarms as spans within the plot; one that is on reaches to its right end. */
export function alarmSpans(occurrences, { from, to }, { x }) {
  return occurrences
    .filter(({ startedAt, endedAt }) => startedAt < to && (endedAt ?? to) > from)
    .map(({ key, startedAt, endedAt, priority, text }) => {
      const left = x(Math.max(startedAt, from));
      return { key, left, width: Math.max(2, x(Math.min(endedAt ?? to, to)) - left), priority, text, startedAt, endedAt };
    });
}

const MINUTE = 60000;
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240].map((minutes) => minutes * MINUTE);

/** Whole times by the clock of whoever looks, at most `most` of them. `offset`: minutes east of UTC. */
export function timeTicks(from, to, most, offset = -new Date(from).getTimezoneOffset()) {
  const step = TIME_STEPS.find((ms) => (to - from) / ms <= most) ?? TIME_STEPS.at(-1);
  const shift = offset * MINUTE;
  const ticks = [];
  for (let time = Math.ceil((from + shift) / step) * step - shift; time <= to; time += step) ticks.push(time);
  return ticks;
}

export function valueTicks([low, high], most) {
  const step = niceStep(high - low, most);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) ticks.push(Number((i * step).toFixed(6)));
  return ticks;
}
