// At a glance: per target who is for and who against, each side with the sentence that shows it best.

import { byline, own, recordKey } from "./data.js";
import { STANCES, chip, count, h, number, share, signed, text, unfold } from "./dom.js";
import { bar, total } from "./standing.js";
import { records as recordsAt } from "./state.js";

/** Targets that are shown at first, and with every press of the button. */
const FIRST = 6;
const STEP = 12;
/** Names of one kind on one side. */
const NAMES = 4;
const SIDES = [["against", 1], ["favor", 0]];

/** The rows of outlets or actors that are mostly on a side, those with the most pieces first. */
function mostly(data, by, target, stance) {
  const rows = data.standing[by].filter((row) => row.target === target && row.name >= 0
    && [0, 1, 2].every((other) => other === stance || row.pieces[stance] > row.pieces[other]));
  return rows.sort((a, b) => b.pieces[stance] - a.pieces[stance] || a.name - b.name);
}

/** Their names, each a link to its records, and how many are left. */
function names(data, by, target, stance, rows) {
  const filters = { target: data.targets[target].id, holder: by === "outlets" ? "author" : "actor", stance: STANCES[stance] };
  const who = by === "outlets" ? "outlet" : "actor";
  const left = rows.length - NAMES;
  return [
    rows.slice(0, NAMES).map((row, i) => [i ? ", " : "",
      h("a", { href: recordsAt({ ...filters, [who]: data[by][row.name] }) }, text(data[by][row.name])),
      row.pieces[stance] > 1 && ` (${number(row.pieces[stance])})`]),
    left > 0 && [" and ", h("a", { href: recordsAt(filters) }, `${number(left)} more`)],
  ];
}

/** The surest record of a target and stance whose sentence the page holds: an author's in one of these
 * outlets, else an author's, else an actor's. */
function surest(data, target, stance, outlets) {
  const { records, places } = data;
  const named = new Set(outlets.map((row) => row.name));
  const rank = (record) => records.confidence[record]
    + (records.actor[record] < 0 ? 1000 : 0)
    + (records.actor[record] < 0 && named.has(places.outlet[own(data, records.piece[record])]) ? 1000 : 0);
  let best = -1;
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
  const outlets = mostly(data, "outlets", target, stance);
  const actors = mostly(data, "actors", target, stance);
  const record = surest(data, target, stance, outlets);
  return h("div", { class: `side ${label}` },
    h("p", null, chip(stance), " ",
      outlets.length > 0 ? ["in ", names(data, "outlets", target, stance, outlets)] : record < 0 ? "nobody" : "no outlet mostly",
      actors.length > 0 && ["; quoted: ", names(data, "actors", target, stance, actors)]),
    record >= 0 && sentence(data, record));
}

/** How often labels are right here, where they were compared; else that they were not. */
function trust({ agreement }) {
  const of = ([right, all]) => `${number(right)} of ${number(all)}`;
  const more = h("a", { href: "#guide" }, "how far to trust them");
  return agreement
    ? ["Labels are a model’s: on this run ", h("b", null, of(agreement.authors)), " of authors and ", h("b", null, of(agreement.actors)), " of quoted actors that were checked are right (", more, "). Read the sentences."]
    : ["Labels are a model’s, and how often they are right was not measured here (", more, "). Read the sentences."];
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
    h("p", { class: "trust" }, trust(data)),
    h("p", { class: "note" }, "Per target: the outlets that ran mostly pieces whose author is against or for it, and the actors whom texts quote so (in brackets how many pieces, where several); under each side a sentence. Bars count authors’ pieces: against to the left, favor to the right, neutral between, abstained apart."),
    unfold(data.targets.map((_, index) => index), FIRST, STEP, (target) => one(data, target), "target"),
  ];
}
