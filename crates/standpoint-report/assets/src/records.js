// Show me: the records that match, each with the sentence that shows it and its document around it.

import { byline, find, own, placesOf, recordKey, title } from "./data.js";
import { STANCES, chip, count, h, linked, number, remarks, share, text, unfold } from "./dom.js";
import { FILTERS, address } from "./state.js";

/** Records that are shown at first, and with every press of the button. */
const FIRST = 12;
const STEP = 50;
/** Most characters of context on one side of a record's passages. */
const CONTEXT = 260;
/** Most names that a field suggests. */
const SUGGESTED = 500;

/** Where the evidence of a record stands in its piece's excerpts. */
function passagesOf(data, record) {
  const { records, evidence, pieces, excerpts } = data;
  const first = pieces.excerpt[records.piece[record]];
  const list = [];
  for (let e = records.first[record]; e < records.first[record + 1]; e += 1) {
    const excerpt = first + evidence.excerpt[e];
    const from = evidence.from[e];
    list.push({ e, excerpt, from, to: from + evidence.length[e], text: excerpts.text[excerpt] });
  }
  return list;
}

const bytes = new TextEncoder();

/** The bytes of a passage in its document. */
function bytesOf(data, { e, excerpt, from, to, text: whole }) {
  const before = bytes.encode(whole.slice(0, from)).length;
  const start = data.excerpts.start[excerpt] + before;
  return [start, data.evidence.clipped[e] ?? start + bytes.encode(whole.slice(from, to)).length];
}

const probabilities = (source, i) =>
  `favor ${share(source.favor[i])} · against ${share(source.against[i])} · neutral ${share(source.neutral[i])}`;

/** Where the context of a passage begins and ends: an excerpt may be that of other records, too. */
function before(whole, from) {
  if (from <= CONTEXT) return 0;
  const space = whole.slice(from - CONTEXT, from).search(/\s/);
  return space < 0 ? from : from - CONTEXT + space + 1;
}

function after(whole, to) {
  if (whole.length - to <= CONTEXT) return whole.length;
  const space = whole.slice(to, to + CONTEXT).search(/\s\S*$/);
  return space < 0 ? to : to + space;
}

/** A part of a text with the words for the holder and those that attribute it underlined. */
function underlined(whole, from, to, notes) {
  const parts = [];
  let at = from;
  for (const { kind, from: start, to: end } of notes) {
    if (start < at || end > to) continue;
    const title = kind === "mention" ? "the words for the holder" : "the words that attribute it";
    parts.push(whole.slice(at, start), h("span", { class: kind, title }, whole.slice(start, end)));
    at = end;
  }
  parts.push(whole.slice(at, to));
  return parts;
}

/** The excerpts of a record with its passages marked and numbered. */
function inDocument(data, record) {
  const passages = passagesOf(data, record);
  const byPlace = [...passages].sort((a, b) => a.excerpt - b.excerpt || a.from - b.from);
  const numbers = new Map(byPlace.map((passage, i) => [passage.e, i + 1]));
  const excerpts = [...new Set(byPlace.map((passage) => passage.excerpt))];
  const first = data.pieces.excerpt[data.records.piece[record]];
  const notes = byPlace.flatMap(({ e }) => ["mention", "cue"].flatMap((kind) => {
    const [, , excerpt, from, length] = data.evidence[kind][e] ?? [];
    return length ? [{ kind, excerpt: first + excerpt, from, to: from + length }] : [];
  })).sort((x, y) => x.from - y.from);
  const quoted = excerpts.map((excerpt) => {
    const here = byPlace.filter((passage) => passage.excerpt === excerpt);
    const noted = notes.filter((note) => note.excerpt === excerpt);
    const whole = data.excerpts.text[excerpt];
    const parts = [];
    const froms = [here[0].from, ...noted.map((note) => note.from)];
    const tos = [...here.map((passage) => passage.to), ...noted.map((note) => note.to)];
    let at = before(whole, Math.min(...froms));
    const end = after(whole, Math.max(...tos));
    if (at > 0) parts.push("… ");
    for (const passage of here) {
      // Passages of one record do not overlap; should they, the later one is not marked twice.
      if (passage.from < at) continue;
      parts.push(underlined(whole, at, passage.from, noted));
      parts.push(h("mark", { class: passage === passages[0] ? "key" : null },
        underlined(whole, passage.from, passage.to, noted), h("sup", null, numbers.get(passage.e))));
      at = passage.to;
    }
    parts.push(underlined(whole, at, end, noted), end < whole.length ? " …" : null);
    return h("blockquote", { class: "context" }, h("bdi", null, parts));
  });
  const spanOf = (kind, e) => {
    const [start, end] = data.evidence[kind][e] ?? [];
    return end === undefined ? "–" : `${number(start)}–${number(end)}`;
  };
  const named = byPlace.some(({ e }) => data.evidence.mention[e] || data.evidence.cue[e]);
  const rows = byPlace.map((passage) => {
    const [start, end] = bytesOf(data, passage);
    const e = passage.e;
    return h("tr", null,
      h("th", { scope: "row" }, numbers.get(e)),
      h("td", null, text(data.voices[data.evidence.voice[e]])),
      ["favor", "against", "neutral", "weight"].map((column) =>
        h("td", { class: "n" }, share(data.evidence[column][e]))),
      h("td", { class: "n" }, `${number(start)}–${number(end)}`),
      named && ["mention", "cue"].map((kind) => h("td", { class: "n" }, spanOf(kind, e))));
  });
  const left = data.records.passages[record] - passages.length;
  return [
    quoted,
    h("div", { class: "scroll" }, h("table", { class: "passages" },
      h("caption", null, "What the model says of each passage alone"),
      h("thead", null, h("tr", null, ["Passage", "voice", "favor", "against", "neutral", "weight", "bytes",
        ...(named ? ["holder named at", "attributed at"] : [])].map((label, i) => h("th", { scope: "col", class: i > 1 ? "n" : null }, label)))),
      h("tbody", null, rows))),
    left > 0 && h("p", { class: "note" }, `${count(left, "more passage")} of this record in the table `,
      h("code", null, "evidence"), "."),
  ];
}

/** Whose stance a record is, in words. */
function holder(data, record) {
  const actor = data.records.actor[record];
  if (actor >= 0) return [h("b", null, text(data.actors[actor]))];
  const names = byline(data, own(data, data.records.piece[record]));
  return names.length > 0
    ? [h("b", null, names.flatMap((name, i) => (i ? [", ", text(name)] : [text(name)]))), ", author,"]
    : [h("b", null, "The author"), " (unsigned)"];
}

function card(data, record) {
  const { records, pieces, places } = data;
  const piece = records.piece[record];
  const stance = records.stance[record];
  const stands = own(data, piece);
  const all = placesOf(data, record);
  const [key] = passagesOf(data, record);
  const outlets = [...new Set(all.map((place) => places.outlet[place]))];
  const outlet = places.outlet[stands];
  const others = outlets.filter((each) => each !== outlet && each >= 0).length;
  const voice = key && data.voices[data.evidence.voice[key.e]];
  const link = address({ section: "records", record: recordKey(data, record) });
  const details = h("details", null, h("summary", null, key
    ? `In its document: ${number(passagesOf(data, record).length)} of ${count(records.passages[record], "passage")}, with probabilities and offsets`
    : "Probabilities"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(
      h("p", { class: "figures" }, h("b", null, "This record: "), probabilities(records, record), ". ",
        h("span", { class: "id" }, "Document ", h("code", null, text(places.document[stands]))),
        remarks(places, stands)),
      ...(key ? inDocument(data, record).flat().filter(Boolean)
        : [h("p", { class: "note" }, "Its evidence is left to the table ", h("code", null, "evidence"), ".")]),
      h("p", null, h("a", { href: link }, "Link to this record")));
  });
  return h("article", { class: `record ${STANCES[stance]}` },
    h("p", { class: "claim" }, chip(stance), " ", h("span", { class: "holder" }, holder(data, record)),
      " on ", text(data.targets[records.target[record]].text),
      h("span", { class: "sure", title: probabilities(records, record) },
        stance === 3 ? "best label " : "probability ", share(records.confidence[record]))),
    key && h("blockquote", null, h("bdi", null, key.text.slice(key.from, key.to)),
      voice !== "own" && h("small", { class: "voice" }, " ", text(voice))),
    h("p", { class: "meta" },
      h("span", { class: "title" }, linked(title(data, stands), places.url[stands])), " ",
      h("span", null, outlet >= 0 ? text(data.outlets[outlet]) : h("i", null, "no outlet stated"),
        others > 0 && ` and ${count(others, "other outlet")}`), " ",
      places.published[stands] && h("span", null, text(places.published[stands])), " ",
      h("span", null, text(data.kinds[pieces.kind[piece]])), " ",
      pieces.placements[piece] > 1 && h("a", { href: address({ section: "pieces", piece: pieces.id[piece] }) },
        count(pieces.placements[piece], "placement"))),
    details);
}

/** Which records come first: those that take a side, then neutral ones, then those that abstain; of
 * each authors before quoted actors, whose labels are less often right, and the surest first. */
function inOrder(data, found) {
  const { actor, confidence, stance } = data.records;
  const all = actor.length;
  // One number tells the place, and at its end the record: numbers alone are sorted many times faster.
  const places = Float64Array.from(found, (record) => {
    const rank = 2 * [0, 0, 1, 2][stance[record]] + (actor[record] < 0 ? 0 : 1);
    return (1001 * rank + 1000 - confidence[record]) * all + record;
  });
  return Array.from(places.sort(), (place) => place % all);
}

/** The part of the page. `navigate` is called with the new state after every change. */
export function recordsPart(data, navigate) {
  const names = (id, list) => h("datalist", { id }, [...list].sort((a, b) => a.localeCompare(b, "en"))
    .slice(0, SUGGESTED).map((name) => h("option", { value: name })));
  const field = (name, label, input) => h("label", { class: `field-${name}` }, h("span", null, label), input);
  const choice = (name, first, options) => h("select", { name },
    h("option", { value: "" }, first), options.map(([value, label]) => h("option", { value }, label)));
  const typed = (name, list) => h("input", { name, list, autocomplete: "off", placeholder: "any" });
  const more = h("details", { class: "more-filters", open: !matchMedia("(max-width: 46rem)").matches },
    h("summary", null, "More filters"),
    h("div", { class: "fields" },
      field("outlet", "Outlet", typed("outlet", "outlet-names")),
      field("author", "Author", typed("author", "author-names")),
      field("actor", "Actor", typed("actor", "actor-names")),
      field("voice", "Voice", choice("voice", "any", data.voices.map((voice) => [voice, voice]))),
      field("from", "From", h("input", { name: "from", type: "date" })),
      field("to", "To", h("input", { name: "to", type: "date" })),
      field("sure", "At least", choice("sure", "any probability", ["0.4", "0.5", "0.6", "0.7", "0.8", "0.9"].map((p) => [p, p])))
    ));
  const form = h("form", { role: "search", "aria-label": "Records" },
    h("div", { class: "fields first" },
    field("words", "Words", h("input", { name: "words", type: "search", autocomplete: "off", placeholder: "in sentences, titles, names" })),
    field("target", "Target", choice("target", "every target", data.targets.map(({ id, text: label }) => [id, label]))),
    field("stance", "Stance", choice("stance", "any", STANCES.map((stance) => [stance, stance]))),
    field("holder", "Whose", choice("holder", "anybody", [["author", "authors"], ["actor", "actors"]])),
    h("button", { type: "reset" }, "Clear")),
    more,
    names("outlet-names", data.outlets), names("author-names", data.authors), names("actor-names", data.actors));
  const output = h("p", { class: "found", role: "status" });
  const list = h("div", { class: "list" });
  let hidden = {};
  const given = () => {
    const state = { section: "records", ...hidden };
    for (const [name, value] of new FormData(form)) if (value) state[name] = value;
    return state;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => navigate(given()));
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    navigate({ section: "records" });
  });
  const undated = data.pieces.published.every((day) => !day);
  if (undated) for (const name of ["from", "to"]) form.elements[name].disabled = true;

  const show = (state) => {
    hidden = {};
    for (const name of ["piece", "record"]) if (state[name]) hidden[name] = state[name];
    for (const name of FILTERS) {
      const input = form.elements[name];
      if (input && input.value !== (state[name] ?? "")) input.value = state[name] ?? "";
    }
    if (["outlet", "author", "actor", "voice", "from", "to", "sure"].some((name) => state[name])) more.open = true;
    const found = inOrder(data, find(data, state));
    const counts = [0, 0, 0, 0];
    for (const record of found) counts[data.records.stance[record]] += 1;
    const pieces = new Set(found.map((record) => data.records.piece[record])).size;
    const total = data.records.actor.length;
    output.replaceChildren(
      h("b", null, count(found.length, "record")), ` in ${count(pieces, "piece")}`,
      found.length > 0 ? ": " : ".",
      ...STANCES.flatMap((stance, i) => (counts[i]
        ? [h("a", { class: stance, href: address({ ...state, section: "records", stance }) }, `${number(counts[i])} ${stance}`), " "]
        : [])),
      Object.keys(hidden).length > 0
        ? h("a", { href: address({ section: "records" }) }, hidden.record ? "One record; show all" : "Of one piece; show all") : "",
      total < data.left.records
        ? h("span", { class: "note" }, ` The page holds ${number(total)} of ${count(data.left.records, "record")}; all stand in the tables.`) : "");
    list.replaceChildren(found.length === 0
      ? h("p", { class: "note" }, "No record matches. Loosen a filter, or ", h("a", { href: "#records" }, "clear them all"), ".")
      : unfold(found, FIRST, STEP, (record) => card(data, record), "record"));
    const only = state.record && list.querySelector("details");
    if (only) only.open = true;
  };
  const nodes = [
    h("p", { class: "note" }, "A record is the stance of a holder toward a target in a document; of a piece, the document that stands for it. The sentence shown is the one that carries the stance most, by its weight and its own probability. Copies of a piece are not listed again, so there are fewer records here than in the tables. Counts here are plain counts of what matches; intervals are given for whole groups only, above."),
    form, output, list,
    h("p", { class: "note on-paper" }, "On paper stand the first records only, and their sentences without the document around them."),
  ];
  return { nodes, show };
}
