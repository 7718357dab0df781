// layout.js: how large tiles can be, so that the whole ward is on the screen. Pure. A tile is so many units wide and high;
// everything on it is sized in that unit (--unit in tile.css).

const GAP = 8;
const LAYOUTS = [
  { name: "full", width: 21, height: 16.6, least: 11 },
  { name: "compact", width: 21, height: 10.8, least: 7.5 },
];
const LARGEST = 26;
const TALLEST = 1.35; // a tile may be so many times as high as it must
const NARROW = 760; // a phone is near enough to be scrolled, and too small for a whole ward
const SCROLLED = { unit: 14, leastUnit: 12 }; // of pages that are scrolled: a phone, a very large ward

function fit(layout, count, width, height) {
  let best = { unit: 0, columns: 1 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const unit = Math.min(
      (width - (columns - 1) * GAP) / columns / layout.width,
      (height - (rows - 1) * GAP) / rows / layout.height,
    );
    if (unit > best.unit) best = { unit, columns };
  }
  return best;
}

/** {name, columns, unit, rowHeight (null: as high as they are, and the page is scrolled)}: for so many tiles in a room of so many pixels. */
export function chooseLayout(count, width, height) {
  for (const layout of LAYOUTS) {
    const { unit, columns } = fit(layout, Math.max(1, count), width, height);
    const rows = Math.ceil(Math.max(1, count) / columns);
    const rowHeight = Math.min((height - (rows - 1) * GAP) / rows, unit * layout.height * TALLEST);
    if (unit >= (width < NARROW ? SCROLLED.unit : layout.least)) return { name: layout.name, columns, unit: Math.min(unit, LARGEST), rowHeight };
  }
  const layout = LAYOUTS[1];
  const columns = Math.max(1, Math.floor((width + GAP) / (layout.width * SCROLLED.unit + GAP)));
  const unit = (width - (columns - 1) * GAP) / columns / layout.width;
  return { name: layout.name, columns, unit: Math.min(Math.max(unit, SCROLLED.leastUnit), LARGEST), rowHeight: null };
}
