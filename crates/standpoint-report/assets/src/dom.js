// Elements, and the one way in which a text from a document gets into the page: as text.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}

/** An HTML element; strings among the children become text nodes. */
export const h = (name, attributes, ...children) =>
  fill(document.createElement(name), attributes, children);

/** An SVG element. */
export const svg = (name, attributes, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

/** A text from outside, isolated so that a direction override in it ends with it. */
export const text = (string) => h("bdi", null, string);

/** A text from outside as a link, if its address is of the web: Rust let no other through. */
export const linked = (string, url) =>
  url && /^https?:\/\//i.test(url)
    ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank", class: "out" }, text(string))
    : text(string);

/** What a document says of its rights, and what was noted when it was read. */
export const remarks = (places, place) => [
  places.rights[place] && h("span", { class: "note rights" }, "Rights: ", text(places.rights[place])),
  places.notes[place] && h("span", { class: "note rights" }, "Noted when it was read: ",
    places.notes[place].flatMap((note, i) => [i ? "; " : "", text(note)])),
];

export const number = (value) => value.toLocaleString("en-US");

export const count = (value, thing) => `${number(value)} ${thing}${value === 1 ? "" : "s"}`;

/** `+0.42`, `−0.10`; zero has no sign. */
export function signed(value) {
  const rounded = Math.abs(value).toFixed(2);
  if (rounded === "0.00") return rounded;
  return (value < 0 ? "−" : "+") + rounded;
}

/** A share of a thousand as `0.42`. */
export const share = (thousandths) => (thousandths / 1000).toFixed(2);

export const STANCES = ["favor", "against", "neutral", "abstained"];

/** A stance as a label whose shape tells it without colour. */
export const chip = (stance) =>
  h("span", { class: `chip ${STANCES[stance]}` }, STANCES[stance]);

/** The first `first` of some things, and a button that shows the rest, `step` at a time. */
export function unfold(list, first, step, make, thing) {
  const box = h("div", { class: "unfold" });
  const show = (from, to) => {
    const made = list.slice(from, to).map(make);
    box.append(...made);
    if (to < list.length) {
      const more = Math.min(step, list.length - to);
      const button = h("button", { type: "button", class: "more" },
        `Show ${number(more)} more of ${count(list.length - to, thing)}`);
      button.addEventListener("click", () => {
        button.remove();
        const next = show(to, to + step);
        next?.querySelector("a, summary, button")?.focus();
      });
      box.append(button);
    }
    return made[0];
  };
  show(0, first);
  return box;
}
