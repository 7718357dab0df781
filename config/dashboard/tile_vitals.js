// tile_vitals.js: which vitals of a bed stand on its tile, and where. Always in the same places, so that an eye that is used
// to them finds them; a vital that alarms takes the last place when it has none of its own. Pure.

// A place, what may stand in it (the first that has a value, else the first that the bed has at all), and what it speaks for
// besides: an alarm of the diastolic is an alarm of the pressure.
const PLACES = [
  { names: ["hr", "pulse"] },
  { names: ["spo2"] },
  { names: ["resp"] },
  { names: ["abp_sys", "nibp_sys"] },
  { names: ["temp", "temp_core", "temp_skin"] },
];
const BELOW = { abp_sys: ["abp_dia", "abp_mean"], nibp_sys: ["nibp_dia", "nibp_mean"] };
const LESSER = ["perfusion", "nibp_dia", "nibp_mean", "abp_dia", "abp_mean", "pvc_rate", "st_ii", "oxygen_flow", "oxygen_device"];
const RANK = { none: 0, low: 1, medium: 2, high: 3 };

const withValue = (vital) => (vital !== undefined && vital.value !== null ? vital : null);

function take(main, byName) {
  const [below, mean] = (BELOW[main.vital] ?? []).map((name) => byName.get(name));
  const told = [main, below, mean].filter((vital) => vital !== undefined);
  const worst = told.reduce((a, b) => (RANK[b.priority] > RANK[a.priority] ? b : a));
  const { priority, acknowledged } = worst;
  return { ...main, priority, acknowledged, below: withValue(below), mean: withValue(mean), told: told.map(({ vital }) => vital) };
}

function pick(place, byName) {
  const known = place.names.map((name) => byName.get(name)).filter((vital) => vital !== undefined);
  const main = known.find((vital) => vital.value !== null) ?? known[0];
  return main === undefined ? null : take(main, byName);
}

// A rate of the pulse that alarms as the rate of the heart does says nothing new.
const isTold = (vital, shown) =>
  shown.some((one) => one.told.includes(vital.vital) || (vital.vital === "pulse" && one.vital === "hr" && RANK[one.priority] >= RANK[vital.priority]));

/** At most `most` vitals for a tile: [{…vital, below: vital | null, mean: vital | null}]. */
export function tileVitals(vitals, most) {
  const byName = new Map(vitals.map((vital) => [vital.vital, vital]));
  const shown = PLACES.map((place) => pick(place, byName)).filter((vital) => vital !== null);
  const others = vitals.filter(({ vital }) => !LESSER.includes(vital) && !PLACES.some((place) => place.names.includes(vital)));
  const result = [...shown, ...others.map((vital) => take(vital, byName))].slice(0, most);
  const alarming = vitals
    .filter((vital) => vital.priority !== "none" && !isTold(vital, result))
    .sort((a, b) => RANK[b.priority] - RANK[a.priority]);
  for (const vital of alarming) {
    const place = result.length < most ? result.length : result.findLastIndex((one) => one.priority === "none");
    if (place < 0) break;
    result[place] = take(vital, byName);
  }
  return result;
}

/** "50–120", "≥ 90", "≤ 30" or nothing. */
export function limitsText({ low, high }) {
  if (low !== null && high !== null) return `${low}–${high}`;
  if (low !== null) return `≥ ${low}`;
  return high !== null ? `≤ ${high}` : "";
}
