// The data block: read, unpacked, and asked for the records that match.

/** The filters' words for documents without an outlet, and without a named author. */
export const NO_OUTLET = "(none)";
export const UNSIGNED = "(unsigned)";

/** Reads the block that Rust wrote: JSON, or JSON deflated and in base64. */
export async function load() {
  const block = document.getElementById("data");
  if (block.dataset.deflated === undefined) return unpack(JSON.parse(block.textContent));
  const binary = atob(block.textContent);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return unpack(await new Response(inflated).json());
}

/** Where each group of a column begins, from the sizes of the groups. */
function starts(sizes) {
  const result = new Int32Array(sizes.length + 1);
  for (let i = 0; i < sizes.length; i += 1) result[i + 1] = result[i] + sizes[i];
  return result;
}

/** Adds what follows from the columns. */
function unpack(data) {
  const { pieces, places, records, evidence } = data;
  pieces.place = starts(pieces.places);
  pieces.record = starts(pieces.records);
  pieces.excerpt = starts(pieces.excerpts);
  records.first = starts(records.evidence);
  const count = records.actor.length;
  records.piece = new Int32Array(count);
  pieces.records.forEach((_, piece) => {
    records.piece.fill(piece, pieces.record[piece], pieces.record[piece + 1]);
  });
  records.confidence = new Uint16Array(count);
  records.voices = new Uint32Array(count);
  for (let i = 0; i < count; i += 1) {
    records.confidence[i] = Math.max(records.favor[i], records.against[i], records.neutral[i]);
    for (let e = records.first[i]; e < records.first[i + 1]; e += 1) {
      records.voices[i] |= 1 << evidence.voice[e];
    }
  }
  // Places stand in the order of time, those without a date last.
  pieces.published = pieces.places.map((_, piece) => places.published[pieces.place[piece]] ?? "");
  data.absent = new Map();
  for (const [record, place] of records.absent) {
    if (!data.absent.has(record)) data.absent.set(record, new Set());
    data.absent.get(record).add(place);
  }
  data.pieceOf = new Map(pieces.id.map((id, piece) => [id, piece]));
  data.targetOf = new Map(data.targets.map((target, index) => [target.id, index]));
  return data;
}

/** The numbers of the names that a filter means: the name itself, else all that contain it. */
function meant(names, wanted) {
  const exact = names.indexOf(wanted);
  if (exact >= 0) return new Set([exact]);
  const part = wanted.toLowerCase();
  const found = new Set();
  names.forEach((name, index) => {
    if (name.toLowerCase().includes(part)) found.add(index);
  });
  return found;
}

/** The places of a record: those of its piece that have it. */
export function placesOf(data, record) {
  const piece = data.records.piece[record];
  const absent = data.absent.get(record);
  const all = [];
  for (let place = data.pieces.place[piece]; place < data.pieces.place[piece + 1]; place += 1) {
    if (!absent?.has(place - data.pieces.place[piece])) all.push(place);
  }
  return all;
}

/** What words are looked for in: all that the page holds of a piece. */
function haystack(data, piece) {
  const { pieces, places, excerpts } = data;
  const parts = [];
  for (let place = pieces.place[piece]; place < pieces.place[piece + 1]; place += 1) {
    parts.push(places.title[place] ?? places.document[place]);
    for (const author of places.authors[place]) parts.push(data.authors[author]);
    if (places.outlet[place] >= 0) parts.push(data.outlets[places.outlet[place]]);
  }
  for (let e = pieces.excerpt[piece]; e < pieces.excerpt[piece + 1]; e += 1) {
    parts.push(excerpts.text[e]);
  }
  return parts.join("\n").toLowerCase();
}

/** The key under which the address names one record. */
export function recordKey(data, record) {
  const { records, pieces } = data;
  const actor = records.actor[record];
  const parts = [pieces.id[records.piece[record]], data.targets[records.target[record]].id];
  return JSON.stringify(actor < 0 ? parts : [...parts, data.actors[actor]]);
}

/** The records that match the filters of a state, in the order of the data. */
export function find(data, state) {
  const { pieces, places, records } = data;
  const target = state.target === undefined ? -1 : data.targetOf.get(state.target) ?? -2;
  const stance = state.stance === undefined
    ? -1 : ["favor", "against", "neutral", "abstained"].indexOf(state.stance);
  const outlets = state.outlet && state.outlet !== NO_OUTLET && meant(data.outlets, state.outlet);
  const authors = state.author && state.author !== UNSIGNED && meant(data.authors, state.author);
  const actors = state.actor && meant(data.actors, state.actor);
  const voice = state.voice ? 1 << data.voices.indexOf(state.voice) : 0;
  const sure = state.sure ? Math.round(Number(state.sure) * 1000) || 0 : 0;
  const piece = state.piece === undefined ? -1 : data.pieceOf.get(state.piece) ?? -2;
  const words = (state.words ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const { from, to, holder } = state;
  if (words.length) {
    data.haystacks ??= pieces.id.map((_, each) => haystack(data, each));
    data.actorsLower ??= data.actors.map((name) => name.toLowerCase());
  }
  const ofPiece = new Map();
  const pieceMatches = (each) => {
    const day = pieces.published[each];
    if ((from || to) && !day) return false;
    if (from && day < from) return false;
    if (to && day > to) return false;
    return true;
  };
  const found = [];
  for (let record = 0; record < records.actor.length; record += 1) {
    const actor = records.actor[record];
    if (target !== -1 && records.target[record] !== target) continue;
    if (stance !== -1 && records.stance[record] !== stance) continue;
    if (holder && (holder === "author") !== (actor < 0)) continue;
    if (actors && !actors.has(actor)) continue;
    if (sure && records.confidence[record] < sure) continue;
    if (state.voice && !(records.voices[record] & voice)) continue;
    const each = records.piece[record];
    if (piece !== -1 && each !== piece) continue;
    let matches = ofPiece.get(each);
    if (matches === undefined) ofPiece.set(each, matches = pieceMatches(each));
    if (!matches) continue;
    if (state.outlet || state.author) {
      // The byline is the author's: what an actor says is not the author's stance.
      if (state.author && actor >= 0) continue;
      const ran = (place) => !state.outlet
        || (outlets ? outlets.has(places.outlet[place]) : places.outlet[place] < 0);
      const wrote = (place) => !state.author || (authors
        ? places.authors[place].some((author) => authors.has(author))
        : places.authors[place].length === 0);
      if (!placesOf(data, record).some((place) => ran(place) && wrote(place))) continue;
    }
    if (words.length) {
      const also = actor < 0 ? "" : data.actorsLower[actor];
      if (!words.every((word) => data.haystacks[each].includes(word) || also.includes(word))) continue;
    }
    if (state.record && recordKey(data, record) !== state.record) continue;
    found.push(record);
  }
  return found;
}

/** The place of the document that stands for a piece. */
export const own = (data, piece) => data.pieces.place[piece] + data.pieces.representative[piece];

/** How a document is called. */
export const title = (data, place) => data.places.title[place] ?? data.places.document[place];

/** The authors of a document. */
export const byline = (data, place) => data.places.authors[place].map((author) => data.authors[author]);
