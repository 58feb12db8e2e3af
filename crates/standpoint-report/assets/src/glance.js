// At a glance: per target who is for and who against, each side with the sentence that shows it best.

import { byline, own, recordKey } from "./data.js";
import { chip, count, h, number, share, signed, text, unfold } from "./dom.js";
import { bar, total } from "./standing.js";
import { records as recordsAt } from "./state.js";

/** Targets that are shown at first, and with every press of the button. */
const FIRST = 6;
const STEP = 12;
/** Names of one kind on one side. */
const NAMES = 4;
const SIDES = [["against", 1], ["favor", 0]];

/** The names with the most pieces on a side, each a link to its records, and how many are left. */
function names(data, by, target, stance) {
  const who = by === "outlets" ? "outlet" : "actor";
  const holder = by === "outlets" ? "author" : "actor";
  const rows = data.standing[by].filter((row) => row.target === target && row.name >= 0
    && [0, 1, 2].every((other) => other === stance || row.pieces[stance] > row.pieces[other]));
  rows.sort((a, b) => b.pieces[stance] - a.pieces[stance] || a.name - b.name);
  const shown = rows.slice(0, NAMES).flatMap((row, i) => [i ? ", " : "",
    h("a", { href: recordsAt({ target: data.targets[target].id, holder, [who]: data[by][row.name] }) }, text(data[by][row.name]))]);
  const left = rows.length - NAMES;
  return rows.length > 0 && [shown, left > 0 && ` and ${number(left)} more`];
}

/** The surest record of a target and stance whose sentence the page holds; an author's, if there is one. */
function surest(data, target, stance) {
  const { records } = data;
  let best = -1;
  const rank = (record) => (records.actor[record] < 0 ? 1000 : 0) + records.confidence[record];
  for (let record = 0; record < records.actor.length; record += 1) {
    if (records.target[record] !== target || records.stance[record] !== stance) continue;
    if (records.first[record] === records.first[record + 1]) continue;
    if (best < 0 || rank(record) > rank(best)) best = record;
  }
  return best;
}

/** A record's sentence with who says it, where, and how sure that is. */
function sentence(data, record) {
  const { records, evidence, pieces, places, excerpts } = data;
  const piece = records.piece[record];
  const e = records.first[record];
  const whole = excerpts.text[pieces.excerpt[piece] + evidence.excerpt[e]];
  const place = own(data, piece);
  const actor = records.actor[record];
  const [author] = byline(data, place);
  const outlet = places.outlet[place];
  const who = actor >= 0 ? data.actors[actor] : author;
  return h("figure", null,
    h("blockquote", null, h("bdi", null, whole.slice(evidence.from[e], evidence.from[e] + evidence.length[e]))),
    h("figcaption", null,
      who && [text(who), actor >= 0 && ", quoted", outlet >= 0 && (actor >= 0 ? " in " : ", ")],
      outlet >= 0 ? text(data.outlets[outlet]) : !who && "the author", " · probability ", share(records.confidence[record]), " · ",
      h("a", { href: recordsAt({ record: recordKey(data, record) }) }, "in its document")));
}

function side(data, target, [label, stance]) {
  const outlets = names(data, "outlets", target, stance);
  const actors = names(data, "actors", target, stance);
  const record = surest(data, target, stance);
  return h("div", { class: `side ${label}` },
    h("p", null, chip(stance), " ", outlets || (record < 0 ? "nobody" : "no outlet on the whole"),
      actors && [h("span", { class: "quoted" }, "; quoted: "), actors]),
    record >= 0 && sentence(data, record));
}

function one(data, target) {
  const row = data.standing.total.find((each) => each.target === target);
  const lean = row && row.mean !== null && ["mean position ", h("b", null, signed(row.mean)),
    row.interval && ` (${signed(row.interval[0])} to ${signed(row.interval[1])})`];
  return h("article", { class: "glance" },
    h("h3", null, h("a", { href: `#t-${target}` }, text(data.targets[target].text))),
    row && bar(row.pieces),
    h("p", { class: "lean" }, row ? [count(total(row.pieces), "piece"), lean && " · ", lean] : "No author takes it up."),
    SIDES.map((each) => side(data, target, each)));
}

/** The part of the page, before the tables. */
export function glance(data) {
  if (data.targets.length === 0) return null;
  return [
    h("p", { class: "note" }, "Per target: the outlets whose authors are mostly for or against it, and quoted actors likewise; under each side its surest sentence. Bars count authors’ pieces: against to the left, favor to the right, neutral between, abstained apart."),
    unfold(data.targets.map((_, index) => index), FIRST, STEP, (target) => one(data, target), "target"),
  ];
}
