// bed_scores.js: the scores of a bed with their parts: what each is made of, who measured it and when. A score that is not
// complete has no number, only what the known parts give already. Estimates show their notice.
import { Keyed, element, setAttribute, setHidden, setText } from "./dom.js";
import { clockTime, text, word } from "./texts.js";
import { unitOf, valueText } from "./vitals.js";

const ORDER = ["news2", "bedside_pews"];
const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

function totalText(score) {
  if (score.notice !== null) return estimateText(score);
  if (score.complete && score.total !== null) return `${score.total}`;
  if (score.lowerBound !== null) return text("score.at_least", { total: score.lowerBound });
  return text("score.incomplete");
}

// A screening estimate is told by its notice, which stands beside it.
function estimateText({ category, probability }) {
  if (category !== null) return category;
  if (probability === null) return text("score.incomplete");
  return text("score.probability", { percent: (probability * 100).toFixed(1) });
}

const bandOf = (score) => (score.complete ? score.band : score.lowerBand);

function partValue(part, { value, source }) {
  if (typeof value === "string") return part === "oxygen" ? word("oxygen", value) : valueText(source, value);
  return `${valueText(source, value)} ${unitOf(source)}`.trim();
}

function partRow() {
  const head = element("th", { scope: "row" });
  const cells = Object.fromEntries(["value", "points", "when", "by"].map((name) => [name, element("td")]));
  const node = element("tr", {}, head, ...Object.values(cells));
  return {
    node,
    update({ name, part }) {
      setText(head, word("part", name));
      setText(cells.value, partValue(name, part));
      setText(cells.points, part.points ?? text("value.none"));
      setText(cells.when, clockTime(part.at));
      setText(cells.by, word("by", part.by));
      setAttribute(node, "data-points", part.points);
    },
  };
}

function scoreItem({ name }) {
  const title = element("h4", {});
  const total = element("span", { class: "score-total" });
  const band = element("span", { class: "score-band" });
  const notes = element("p", { class: "score-notes" });
  const body = element("tbody");
  const rows = new Keyed(body, partRow);
  const heads = ["score.part", "score.value", "score.points", "score.when", "score.source"];
  const table = element(
    "table",
    { class: "score-parts" },
    element("thead", {}, element("tr", {}, ...heads.map((key) => element("th", { scope: "col" }, text(key))))),
    body,
  );
  const node = element("article", { class: "score" }, title, element("p", { class: "score-head" }, total, band), notes, table);
  return {
    node,
    update({ score, isLive, time }) {
      const word_ = bandOf(score);
      setText(title, score.notice === null ? word("score", name) : score.title);
      setText(total, isLive ? totalText(score) : text("value.no_data"));
      setText(band, isLive && word_ !== null ? word("band", word_) : "");
      setAttribute(node, "data-band", isLive ? word_ : null);
      setText(notes, notesOf(score, time));
      setHidden(table, !isLive || score.parts.size === 0);
      rows.update([...score.parts].map(([key, part]) => ({ name: key, part })), (item) => item.name);
    },
  };
}

function notesOf(score, time) {
  const notes = [];
  if (score.notice !== null) notes.push(score.notice);
  if (score.missing.length > 0) {
    notes.push(text("score.missing", { parts: score.missing.map((part) => word("part", part)).join(text("list.comma")) }));
  }
  if (score.spo2Scale !== null) notes.push(text("score.scale", { scale: score.spo2Scale }));
  if (score.dueAt !== null) {
    const key = score.dueAt < time ? "score.overdue" : "score.due";
    notes.push(text(key, { time: clockTime(score.dueAt, { seconds: false }) }));
  }
  return notes.join(" · ");
}

export function bedScores() {
  const box = element("div", { class: "scores" });
  const none = element("p", { class: "quiet" }, text("score.none"));
  const parts = new Keyed(box, scoreItem);
  return {
    node: element(
      "section",
      { class: "bed-panel", "aria-labelledby": "bed-scores-title" },
      element("h3", { id: "bed-scores-title" }, text("bed.scores")),
      none,
      box,
    ),
    /** isScoreLive(name): whether what was told of it may be shown as present */
    update({ bed, time, isScoreLive }) {
      const mine = [...bed.scores].filter(([, score]) => score.stay === bed.stay && bed.stay !== null);
      mine.sort(([a], [b]) => place(a) - place(b));
      setHidden(none, mine.length > 0);
      parts.update(
        mine.map(([name, score]) => ({ name, score, time, isLive: isScoreLive(name) })),
        ({ name }) => name,
      );
    },
  };
}
