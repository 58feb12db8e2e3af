// Where does everybody stand? Targets × outlets, authors or actors.

import { NO_OUTLET, UNSIGNED } from "./data.js";
import { STANCES, count, h, number, signed, svg, text } from "./dom.js";
import { address, records as recordsAt } from "./state.js";

const VIEWS = [["outlets", "Outlets"], ["authors", "Authors"], ["actors", "Quoted actors"]];
/** Rows of a target that are shown at first. */
const FIRST = 20;

/** The bar of some counts: against to the left of the middle, favor to the right, neutral astride it,
 * abstained apart at the right; shares of the pieces, on one scale. */
export function bar([favor, against, neutral, abstained]) {
  const unit = 90;
  const all = favor + against + neutral + abstained || 1;
  const width = (n) => (unit * n) / all;
  const middle = unit + 4;
  const half = width(neutral) / 2;
  const parts = [
    ["against", middle - half - width(against), against],
    ["neutral", middle - half, neutral],
    ["favor", middle + half, favor],
    ["abstained", 2 * unit + 18, abstained],
  ];
  return svg("svg", { class: "bar", viewBox: "0 0 290 18", "aria-hidden": "true" },
    svg("line", { class: "axis", x1: middle, x2: middle, y1: 0, y2: 18 }),
    parts.filter(([, , n]) => n > 0).map(([stance, from, n]) => {
      // A gap after every piece, while there are few: one piece must not look like a hundred.
      const pieces = all <= 24 ? n : 1;
      const each = width(n) / pieces;
      return Array.from({ length: pieces }, (_, i) => svg("rect", {
        class: stance, x: (from + i * each + 0.5).toFixed(2), y: 3,
        width: Math.max(each - 1, 0.5).toFixed(2), height: 12,
      }));
    }));
}

/** The mean position as a dot with its interval on a line from −1 to +1. */
function whisker({ mean, interval }) {
  const x = (position) => (70 + 62 * position).toFixed(1);
  return svg("svg", { class: "whisker", viewBox: "0 0 140 18", "aria-hidden": "true" },
    svg("line", { class: "rail", x1: 8, x2: 132, y1: 9, y2: 9 }),
    svg("line", { class: "axis", x1: 70, x2: 70, y1: 3, y2: 15 }),
    interval && svg("line", { class: "range", x1: x(interval[0]), x2: x(interval[1]), y1: 9, y2: 9 }),
    mean !== null && svg("circle", { class: interval ? "dot" : "dot alone", cx: x(mean), cy: 9, r: 4 }));
}

export const total = (counts) => counts.reduce((a, b) => a + b, 0);

/** What the quoted actors of a target come to, in a sentence: each counts by what most pieces show. */
function quoted(data, target) {
  const rows = data.standing.actors.filter((row) => row.target === target);
  if (rows.length === 0) return null;
  const most = (stance) => rows.filter(({ pieces }) =>
    [0, 1, 2].every((other) => other === stance || pieces[stance] > pieces[other])).length;
  const [favor, against] = [most(0), most(1)];
  return [" Of ", h("a", { href: address({ section: "standing", by: "actors" }) }, count(rows.length, "quoted actor")),
    `, ${number(favor)} ${favor === 1 ? "speaks" : "speak"} mostly for it and ${number(against)} against.`];
}

/** What the figures of a target come to, in a sentence. */
function verdict(data, row) {
  const [favor, against, neutral, abstained] = row.pieces;
  const target = data.targets[row.target].id;
  const opens = (stance, label) =>
    h("a", { href: recordsAt({ target, holder: "author", stance }) }, label);
  const listed = [
    against && opens("against", `${number(against)} against`),
    favor && opens("favor", `${number(favor)} in favor`),
    neutral && opens("neutral", `${number(neutral)} neutral`),
  ].filter(Boolean);
  const joined = listed.flatMap((part, i) =>
    (i === 0 ? [part] : [i === listed.length - 1 ? " and " : ", ", part]));
  const sentence = ["Of ", count(total(row.pieces), "piece"), " whose author takes it up, ",
    listed.length ? joined : "none is labelled",
    abstained ? [", and on ", opens("abstained", number(abstained)), " the model abstains"] : "", ". "];
  if (row.mean === null) return sentence;
  const [low, high] = row.interval ?? [];
  const range = row.interval ? ` (95 % interval ${signed(low)} to ${signed(high)})` : "";
  let lean = "The mean position is ";
  if (low > 0) lean = "On the whole they lean in favor: mean position ";
  else if (high < 0) lean = "On the whole they lean against: mean position ";
  else if (row.interval) lean = "Which way they lean on the whole cannot be told: mean position ";
  return [...sentence, lean, h("span", { class: "figure" }, signed(row.mean)), range, "."];
}

function tableOf(data, by, target, rows, totalRow) {
  const id = data.targets[target].id;
  const who = { outlets: "outlet", authors: "author", actors: "actor" }[by];
  const names = data[by];
  const nobody = by === "outlets" ? [NO_OUTLET, "no outlet stated"] : [UNSIGNED, "unsigned"];
  const filters = (row) => {
    const filter = { target: id, holder: by === "actors" ? "actor" : "author" };
    if (row !== totalRow) filter[who] = row.name < 0 ? nobody[0] : names[row.name];
    return filter;
  };
  const cells = (row, name) => h("tr", { class: row === totalRow ? "total" : null },
    h("th", { scope: "row" }, h("a", { href: recordsAt(filters(row)) }, name)),
    h("td", { class: "draw" }, bar(row.pieces)),
    STANCES.map((stance, i) => h("td", { class: `n ${stance}`, "data-label": stance },
      row.pieces[i]
        ? h("a", { href: recordsAt({ ...filters(row), stance }),
          "aria-label": `${number(row.pieces[i])} ${stance}: open the records` }, number(row.pieces[i]))
        : h("span", { class: "nil" }, "0"))),
    h("td", { class: "n", "data-label": "placements" }, number(total(row.placements))),
    h("td", { class: "draw mean" }, whisker(row)),
    h("td", { class: "n mean-figure", "data-label": "mean" }, row.mean === null ? "–" : signed(row.mean),
      row.interval && h("small", null, `${signed(row.interval[0])} to ${signed(row.interval[1])}`)));
  const most = [...rows].sort((a, b) => total(b.pieces) - total(a.pieces));
  const sorted = (list) => [...list].sort((a, b) => (a.mean ?? 9) - (b.mean ?? 9)
    || total(b.pieces) - total(a.pieces));
  const name = (row) => (row.name < 0 ? h("i", null, nobody[1]) : text(names[row.name]));
  const body = h("tbody", null, sorted(most.slice(0, FIRST)).map((row) => cells(row, name(row))));
  const table = h("table", { class: "stances" },
    h("thead", null, h("tr", null,
      h("th", { scope: "col" }, who[0].toUpperCase() + who.slice(1)),
      h("th", { scope: "col", class: "draw" }, "Share of pieces"),
      STANCES.map((stance) => h("th", { scope: "col", class: "n" }, stance)),
      h("th", { scope: "col", class: "n" }, h("span", { title: "documents that carry these pieces" }, "placements")),
      h("th", { scope: "col", class: "draw mean", colspan: 2 }, "Mean position, −1 to +1"))),
    body,
    totalRow && h("tfoot", null, cells(totalRow, `All ${by}`)));
  const rest = rows.length - FIRST;
  const more = rest > 0 && h("button", { type: "button", class: "more" }, `Show all ${count(rows.length, who)}`);
  if (more) {
    more.addEventListener("click", () => {
      body.replaceChildren(...sorted(most).map((row) => cells(row, name(row))));
      more.remove();
      body.querySelector("a")?.focus();
    });
  }
  return [h("div", { class: "scroll" }, table), more];
}

/** The part of the page, for a state. */
export function standing(data, state) {
  const by = VIEWS.some(([view]) => view === state.by) ? state.by : "outlets";
  const choice = h("p", { class: "switch", role: "group", "aria-label": "Rows" },
    VIEWS.map(([view, label]) => h("a", {
      href: address({ section: "standing", by: view }), "aria-current": view === by ? "true" : null,
    }, label)));
  const rows = data.standing[by];
  const notes = {
    outlets: "Stances of authors, by the outlet that ran them. A piece counts once at every outlet that placed it, and once in the row of all outlets.",
    authors: "Stances of authors, by the names over their pieces. A piece of two authors counts for each.",
    actors: "People and bodies whom the texts quote or paraphrase, or whose acts they report, each by one name throughout (the table holders tells what was taken for one). What they say is what the texts report of them.",
  };
  const parts = data.targets.map((target, index) => {
    const here = rows.filter((row) => row.target === index);
    const all = data.standing.total.find((row) => row.target === index);
    return h("section", { class: "target", "aria-labelledby": `t-${index}` },
      h("h3", { id: `t-${index}` }, text(target.text)),
      h("p", { class: "verdict" }, all ? verdict(data, all) : "No author takes it up.", quoted(data, index)),
      here.length > 0
        ? tableOf(data, by, index, here, by === "actors" ? undefined : all)
        : by === "actors" && h("p", { class: "note" }, "No actor is quoted on it."));
  });
  const left = data.standing[`${by}_left`] ?? 0;
  return [
    choice,
    h("p", { class: "legend", "aria-hidden": "true" },
      ["against", "neutral", "favor", "abstained"].map((stance) =>
        h("span", null, h("i", { class: `key ${stance}` }), stance))),
    h("p", { class: "note" }, notes[by], " Every figure opens its records. The mean position is the probability of favor minus that of against, over the pieces on which the model did not abstain; the line is its 95 % bootstrap interval over pieces. One piece has none, drawn as a ring."),
    parts,
    left > 0 && h("p", { class: "note" }, `${count(left, "row")} with the fewest pieces left to the table `, h("code", null, "stances"), "."),
  ];
}
