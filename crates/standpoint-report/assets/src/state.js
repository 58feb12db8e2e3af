// What the page shows, kept in the address: `#records?target=levy&stance=against`.

/** Every name that may stand in the address; anything else is dropped. */
export const FILTERS = ["target", "holder", "outlet", "author", "actor", "stance", "voice", "from",
  "to", "sure", "words", "piece", "record"];
const VIEWS = ["by", "every", "ties"];

/** Reads the address: the section, and what was chosen in it. */
export function read() {
  const hash = location.hash.slice(1);
  const at = hash.indexOf("?");
  const section = at < 0 ? hash : hash.slice(0, at);
  const state = { section };
  const given = new URLSearchParams(at < 0 ? "" : hash.slice(at + 1));
  for (const name of [...FILTERS, ...VIEWS]) {
    const value = given.get(name);
    if (value) state[name] = value;
  }
  return state;
}

/** The address of a state. */
export function address(state) {
  const params = new URLSearchParams();
  for (const name of [...FILTERS, ...VIEWS]) {
    if (state[name]) params.set(name, state[name]);
  }
  const query = params.toString();
  return `#${state.section || "standing"}${query ? `?${query}` : ""}`;
}

/** The address of the records that a figure stands for. */
export const records = (filters) => address({ section: "records", ...filters });
