// What ran where: pieces with their placements in order of time, differences, reach per side.

import { byline, own, title } from "./data.js";
import { STANCES, count, h, linked, number, remarks, text, unfold } from "./dom.js";
import { address, records as recordsAt } from "./state.js";

const FIRST = 8;
const STEP = 20;

/** Pieces and placements of each side. */
function reach(data) {
  const rows = [...data.standing.total].sort((a, b) => a.target - b.target);
  if (rows.length === 0) return null;
  return [
    h("h3", null, "Reach per side"),
    h("div", { class: "scroll" }, h("table", { class: "reach" },
      h("caption", null, "Pieces of authors by stance, and the placements that carried them"),
      h("thead", null,
        h("tr", null, h("th", { scope: "col", rowspan: 2 }, "Target"),
          STANCES.map((stance) => h("th", { scope: "colgroup", colspan: 2, class: "n" }, stance))),
        h("tr", null, STANCES.flatMap(() => [
          h("th", { scope: "col", class: "n sub" }, "pieces"), h("th", { scope: "col", class: "n sub" }, "placements")]))),
      h("tbody", null, rows.map((row) => h("tr", null,
        h("th", { scope: "row" }, text(data.targets[row.target].text)),
        STANCES.flatMap((stance, i) => [
          h("td", { class: "n" }, row.pieces[i] ? h("a", {
            href: recordsAt({ target: data.targets[row.target].id, holder: "author", stance }),
          }, number(row.pieces[i])) : "0"),
          h("td", { class: row.placements[i] > row.pieces[i] ? "n wider" : "n" }, number(row.placements[i])),
        ])))))),
  ];
}

const days = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

/** What is known of how a copy differs. */
function differs(data, place, stands, compared) {
  if (place === stands) return h("span", { class: "stands" }, "stands for the piece: the longest text, the one that was read");
  if (!compared) return null;
  const difference = data.places.differences[place];
  if (!difference) return null;
  if (difference.too_long) return h("span", { class: "note" }, "too long to be compared");
  const said = [];
  if (data.places.title[place] !== data.places.title[stands]) said.push("another headline");
  if (difference.left_out) said.push(`${count(difference.left_out, "sentence")} left out or changed`);
  if (difference.added) said.push(`${count(difference.added, "sentence")} added or changed`);
  const cuts = data.places.cuts[place] ?? [];
  if (said.length === 0 && cuts.length === 0) return h("span", { class: "note" }, "the same text");
  return h("details", { class: "differs" },
    h("summary", null, said.length > 0 ? said.join(", ") : "the same text, but for boilerplate", h("span", { class: "shows" }, ": show")),
    difference.changes.map(([before, after]) => h("div", { class: "change" },
      before && h("p", null, h("span", { class: "label" }, "Not in this copy"), h("del", null, text(before))),
      after && h("p", null, h("span", { class: "label" }, "Only in this copy"), h("ins", null, text(after))))),
    cuts.length > 0 && h("p", { class: "cuts" }, h("span", { class: "label" }, "Cut from this copy as boilerplate"),
      h("ul", null, cuts.map(([reason, cut]) => h("li", null, h("b", null, reason), " ", text(cut))))));
}

function one(data, piece) {
  const { pieces, places, records } = data;
  const stands = own(data, piece);
  const all = [];
  for (let place = pieces.place[piece]; place < pieces.place[piece + 1]; place += 1) all.push(place);
  const outlets = new Set(all.map((place) => places.outlet[place]).filter((outlet) => outlet >= 0)).size;
  const stances = [];
  for (let record = pieces.record[piece]; record < pieces.record[piece + 1]; record += 1) {
    if (records.actor[record] < 0) stances.push(record);
  }
  const first = places.published[all[0]];
  const authors = byline(data, stands);
  return h("article", { class: "piece" },
    h("h4", null, text(title(data, stands))),
    h("p", { class: "meta" },
      authors.length > 0 && h("span", null, "by ", authors.flatMap((name, i) => (i ? [", ", text(name)] : [text(name)]))), " ",
      h("span", null, text(data.kinds[pieces.kind[piece]])), " ",
      h("span", null, count(pieces.placements[piece], "placement"), ` in ${count(outlets, "outlet")}`)),
    stances.length > 0 && h("p", { class: "meta" }, stances.map((record) => h("span", null,
      h("a", { href: recordsAt({ piece: pieces.id[piece], holder: "author", target: data.targets[records.target[record]].id }) },
        h("b", { class: STANCES[records.stance[record]] }, STANCES[records.stance[record]]), " on ",
        text(data.targets[records.target[record]].text))))),
    h("ol", { class: "places" }, all.map((place) => h("li", null,
      h("span", { class: "date" }, places.published[place] ? text(places.published[place]) : "undated",
        first && places.published[place] && places.published[place] !== first && Number.isFinite(days(first, places.published[place]))
          && h("small", null, ` +${count(days(first, places.published[place]), "day")}`)),
      h("div", null,
        h("b", null, places.outlet[place] >= 0 ? text(data.outlets[places.outlet[place]]) : h("i", null, "no outlet stated")), " ",
        linked(places.title[place] ?? places.document[place], places.url[place]), " ",
        differs(data, place, stands, pieces.compared[piece]),
        remarks(places, place))))),
    pieces.placements[piece] > all.length && h("p", { class: "note" },
      `${count(pieces.placements[piece] - all.length, "more placement")} in the table `, h("code", null, "pieces"), "."));
}

/** The part of the page, for a state. */
export function piecesPart(data, state) {
  const { pieces } = data;
  const chosen = state.section === "pieces" && state.piece !== undefined ? data.pieceOf.get(state.piece) : undefined;
  let list = pieces.id.map((_, piece) => piece).filter((piece) => pieces.placements[piece] > 1 && pieces.compared[piece]);
  list.sort((a, b) => pieces.placements[b] - pieces.placements[a]
    || pieces.published[a].localeCompare(pieces.published[b]) || a - b);
  const shown = list.length;
  if (chosen !== undefined) list = [chosen];
  return [
    h("p", { class: "note" }, "Near-identical documents are placements of one piece, here in order of time. Nothing tells who wrote it first but the dates."),
    reach(data),
    h("h3", null, "Pieces with several placements"),
    chosen !== undefined && h("p", null, h("a", { href: address({ section: "pieces" }) }, "Show all pieces")),
    list.length === 0 ? h("p", { class: "note" }, "Every piece ran once.")
      : unfold(list, FIRST, STEP, (piece) => one(data, piece), "piece"),
    chosen === undefined && shown < data.left.placed && h("p", { class: "note" },
      `The ${number(shown)} with the most placements of ${number(data.left.placed)}; all stand in the table `, h("code", null, "pieces"), "."),
  ];
}
