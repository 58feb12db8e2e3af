// Who agrees with whom? Actors tied to targets, and actors compared with each other.

import { STANCES, count, h, number, signed, svg, text } from "./dom.js";
import { total } from "./standing.js";
import { address, records as recordsAt } from "./state.js";

/** Most ties that are drawn as lines. */
const LINES = 90;
/** Pixels per actor, and where the columns of the drawing stand. */
const ROW = 22;
const NAMES = 250;
const TARGETS = 560;
const WIDTH = 900;

const SIDES = { favor: "favor", against: "against" };

/** The actors in an order in which those who agree stand together: each next one is the one that
 * agrees most with the last; the first is the one with the most pieces. */
function inOrder(network) {
  const scores = new Map();
  for (const [a, b, , , score] of network.meetings) {
    scores.set(`${a} ${b}`, score);
    scores.set(`${b} ${a}`, score);
  }
  const left = [...network.actors];
  const order = [];
  while (left.length > 0) {
    let best = 0;
    if (order.length > 0) {
      // The last three together, so that one chance tie does not turn the order.
      const near = order.slice(-3);
      const agrees = (actor) => near.reduce((sum, other) => sum + (scores.get(`${actor} ${other}`) ?? 0), 0);
      left.forEach((actor, i) => {
        if (agrees(actor) > agrees(left[best])) best = i;
      });
    }
    order.push(...left.splice(best, 1));
  }
  return { order, scores };
}

const opens = (data, tie) => recordsAt({ target: data.targets[tie.target].id, actor: data.actors[tie.actor], holder: "actor" });

const short = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

/** The tie in words. */
function said(data, tie) {
  const counts = tie.pieces.map((n, i) => n && `${n} ${STANCES[i]}`).filter(Boolean).join(", ");
  return `${data.actors[tie.actor]} on ${data.targets[tie.target].text}: ${counts}`;
}

/** Actors at the left, targets at the right, a line for every tie: blue and whole in favor, orange and
 * broken against, thin and grey for neither. */
function ladder(data, order) {
  const { ties } = data.network;
  const used = [...new Set(ties.map((tie) => tie.target))];
  const rowOf = new Map(order.map((actor, i) => [actor, i]));
  const height = order.length * ROW + 20;
  const y = (actor) => rowOf.get(actor) * ROW + 20;
  // Targets stand at the mean height of those who speak of them, kept apart.
  const mean = (target) => {
    const rows = ties.filter((tie) => tie.target === target).map((tie) => y(tie.actor));
    return rows.reduce((a, b) => a + b, 0) / rows.length;
  };
  const sorted = used.sort((a, b) => mean(a) - mean(b));
  const gap = height / sorted.length;
  const at = new Map(sorted.map((target, i) => [target, gap * (i + 0.5)]));
  const picture = svg("svg", { class: "ladder", viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: "group",
    "aria-label": "Actors and the targets that they speak of; the table below has the figures" });
  const draw = (tie) => {
    const weight = 1 + Math.min(4, Math.sqrt(total(tie.pieces)));
    const from = y(tie.actor) - 4;
    const to = at.get(tie.target);
    const d = `M${NAMES + 8},${from} C${NAMES + 140},${from} ${TARGETS - 140},${to} ${TARGETS - 8},${to}`;
    return svg("a", { class: `tie ${SIDES[tie.side] ?? "neither"}`, href: opens(data, tie), "aria-label": `${said(data, tie)}: open the records`, "data-actor": tie.actor, "data-target": tie.target },
      svg("title", null, said(data, tie)),
      svg("path", { class: "catch", d }), svg("path", { class: "line", d, "stroke-width": tie.side ? weight : 1 }));
  };
  const rank = { favor: 2, against: 1 };
  picture.append(...[...ties].sort((a, b) => (rank[a.side] ?? 0) - (rank[b.side] ?? 0)).map(draw));
  const light = (key, value) => {
    picture.classList.toggle("lit", value !== null);
    for (const tie of picture.querySelectorAll(".tie")) tie.classList.toggle("on", tie.dataset[key] === String(value));
  };
  for (const actor of order) {
    const name = data.actors[actor];
    const label = svg("a", { href: recordsAt({ actor: name, holder: "actor" }) },
      svg("text", { x: NAMES, y: y(actor), "text-anchor": "end" }, short(name, 34)), svg("title", null, name));
    for (const [event, value] of [["mouseenter", actor], ["focus", actor], ["mouseleave", null], ["blur", null]]) {
      label.addEventListener(event, () => light("actor", value));
    }
    picture.append(label);
  }
  for (const target of sorted) {
    const label = data.targets[target].text;
    const link = svg("a", { class: "goal", href: recordsAt({ target: data.targets[target].id, holder: "actor" }) },
      svg("text", { x: TARGETS, y: at.get(target) + 4 }, short(label, 44)), svg("title", null, label));
    for (const [event, value] of [["mouseenter", target], ["focus", target], ["mouseleave", null], ["blur", null]]) {
      link.addEventListener(event, () => light("target", value));
    }
    picture.append(link);
  }
  return picture;
}

/** The same ties where they are too many for lines: a mark for every tie in a grid of actors and
 * targets, a square in favor, a disc against, a ring for neither; the larger, the more pieces. */
function grid(data, order) {
  const { ties } = data.network;
  const targets = [...new Set(ties.map((tie) => tie.target))].sort((a, b) => a - b);
  const names = 240;
  const column = Math.max(30, Math.min(64, 640 / targets.length));
  const head = 150;
  const width = names + targets.length * column + 110;
  const height = head + order.length * ROW + 10;
  const most = Math.max(...ties.map((tie) => total(tie.pieces)));
  const rowOf = new Map(order.map((actor, i) => [actor, head + i * ROW + ROW / 2]));
  const columnOf = new Map(targets.map((target, i) => [target, names + i * column + column / 2]));
  const picture = svg("svg", { class: "grid", viewBox: `0 0 ${width} ${height}`, width, height, role: "group",
    "aria-label": "Actors and the targets that they speak of; the table below has the figures" });
  for (const target of targets) {
    const label = data.targets[target].text;
    picture.append(svg("a", { href: recordsAt({ target: data.targets[target].id, holder: "actor" }) },
      svg("text", { transform: `translate(${columnOf.get(target)},${head - 12}) rotate(-40)` }, short(label, 30)), svg("title", null, label)));
  }
  for (const actor of order) {
    const y = rowOf.get(actor);
    picture.append(svg("line", { class: "rail", x1: names, x2: names + targets.length * column, y1: y, y2: y }),
      svg("a", { href: recordsAt({ actor: data.actors[actor], holder: "actor" }) },
        svg("text", { x: names - 6, y: y + 4, "text-anchor": "end" }, short(data.actors[actor], 34)), svg("title", null, data.actors[actor])));
  }
  for (const tie of ties) {
    const x = columnOf.get(tie.target);
    const y = rowOf.get(tie.actor);
    const r = 3 + 5 * Math.sqrt(total(tie.pieces) / most);
    const mark = tie.side === "favor" ? svg("rect", { class: "favor", x: x - r, y: y - r, width: 2 * r, height: 2 * r })
      : svg("circle", { class: tie.side ?? "neither", cx: x, cy: y, r: tie.side ? r + 0.7 : r - 0.5 });
    picture.append(svg("a", { href: opens(data, tie), "aria-label": `${said(data, tie)}: open the records` },
      svg("title", null, said(data, tie)), mark));
  }
  return picture;
}

/** Actors × actors: a square for every pair that meets, its side and its colour by the score. */
function matrix(data, order, scores) {
  const cell = order.length > 40 ? 13 : 17;
  const names = 210;
  const size = order.length * cell;
  const met = new Map(data.network.meetings.map(([a, b, same, opposite]) => [`${a} ${b}`, [same, opposite]]));
  const picture = svg("svg", { class: "matrix", viewBox: `0 0 ${names + size + 150} ${size + 150}`, width: names + size + 150, height: size + 150, role: "img",
    "aria-label": "Agreement between actors; the table below has the figures" });
  order.forEach((a, row) => {
    const middle = 140 + row * cell + cell / 2;
    picture.append(svg("text", { x: names - 6, y: middle + 4, "text-anchor": "end" }, short(data.actors[a], 30)));
    const across = names + row * cell + cell / 2;
    picture.append(svg("text", { x: 0, y: 0, transform: `translate(${across + 4},134) rotate(-60)` }, short(data.actors[a], 22)));
    order.forEach((b, column) => {
      const x = names + column * cell;
      const top = 140 + row * cell;
      const score = scores.get(`${a} ${b}`);
      if (a === b) {
        picture.append(svg("rect", { class: "self", x: x + 1, y: top + 1, width: cell - 2, height: cell - 2 }));
      } else if (score !== undefined) {
        const [same, opposite] = met.get(`${a} ${b}`) ?? met.get(`${b} ${a}`);
        const side = (cell - 3) * Math.max(0.35, Math.sqrt(Math.abs(score)));
        const inset = (cell - side) / 2;
        const kind = score > 0 ? "favor" : score < 0 ? "against" : "neutral";
        const mark = score < 0
          ? svg("circle", { class: kind, cx: x + cell / 2, cy: top + cell / 2, r: side / 2 })
          : svg("rect", { class: kind, x: x + inset, y: top + inset, width: side, height: side });
        mark.append(svg("title", null, `${data.actors[a]} and ${data.actors[b]}: same side on ${same}, opposite on ${opposite}, score ${signed(score)}`));
        picture.append(mark);
      }
    });
  });
  return picture;
}

function tieTable(data, order) {
  const { ties } = data.network;
  const targets = [...new Set(ties.map((tie) => tie.target))].sort((a, b) => a - b);
  const of = new Map(ties.map((tie) => [`${tie.actor} ${tie.target}`, tie]));
  return h("table", { class: "ties" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Actor"),
      targets.map((target) => h("th", { scope: "col" }, text(data.targets[target].text))))),
    h("tbody", null, order.map((actor) => h("tr", null, h("th", { scope: "row" }, text(data.actors[actor])),
      targets.map((target) => {
        const tie = of.get(`${actor} ${target}`);
        return h("td", null, tie && h("a", { class: SIDES[tie.side] ?? "neutral", href: opens(data, tie) },
          tie.side ?? "neither", tie.position !== null && ` ${signed(tie.position)}`, ` (${number(total(tie.pieces))})`));
      })))));
}

function pairTable(data) {
  const rows = [...data.network.meetings].sort((a, b) => (b[2] + b[3]) - (a[2] + a[3]) || b[4] - a[4]);
  return h("table", { class: "pairs" },
    h("thead", null, h("tr", null, ["Actor", "Actor"].map((label) => h("th", { scope: "col" }, label)),
      ["same side", "opposite sides", "score"].map((label) => h("th", { scope: "col", class: "n" }, label)))),
    h("tbody", null, rows.map(([a, b, same, opposite, score]) => h("tr", null,
      h("th", { scope: "row" }, text(data.actors[a])), h("td", null, text(data.actors[b])),
      [number(same), number(opposite), signed(score)].map((cell) => h("td", { class: "n" }, cell))))));
}

/** Details whose content is made when they are opened. */
function later(summary, make) {
  const details = h("details", null, h("summary", null, summary));
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(h("div", { class: "scroll" }, make()));
  });
  return details;
}

/** The part of the page, for a state. */
export function network(data, state) {
  const { actors, all, meetings } = data.network;
  if (actors.length === 0) return [h("p", { class: "note" }, "No actor was found to take a side.")];
  const pairs = state.ties === "actors";
  const lines = data.network.ties.length <= LINES;
  const { order, scores } = inOrder(data.network);
  const box = (label, child) => h("div", { class: "scroll drawing", tabindex: 0, role: "group", "aria-label": label }, child);
  const some = all > actors.length ? `The ${number(actors.length)} who take a side in the most pieces of ${number(all)}` : count(all, "actor");
  return [
    h("p", { class: "switch", role: "group", "aria-label": "Ties" },
      [["targets", "Actors and targets"], ["actors", "Actors and actors"]].map(([value, label]) => h("a", {
        href: address({ section: "network", ties: value }), "aria-current": (value === "actors") === pairs ? "true" : null,
      }, label))),
    pairs
      ? [h("p", { class: "note" }, `${some}. A blue square: on the targets on which both take sides they mostly agree; an orange disc: they mostly disagree; the larger, the more clearly (same minus opposite sides, divided by the mean number of targets on which the two take sides). Nothing: they take sides on no common target.`),
        meetings.length > 0 ? box("Agreement between actors", matrix(data, order, scores)) : h("p", { class: "note" }, "No two actors take sides on a common target."),
        later("The figures", () => pairTable(data))]
      : [h("p", { class: "note" }, `${some}, those who agree next to each other. ${lines ? "A whole blue line is a tie in favor, a broken orange one against, a thin grey one neither of them, or both as often; the thicker, the more pieces. Every line" : "A blue square is a tie in favor, an orange disc one against, a grey ring neither of them, or both as often; the larger, the more pieces. Every mark"} opens its records.`),
        lines && h("p", { class: "legend", "aria-hidden": "true" }, ["favor", "against", "neither"].map((side) =>
          h("span", null, svg("svg", { class: "sample", width: 30, height: 8 }, svg("g", { class: `tie ${side}` }, svg("path", { class: "line", d: "M1,4 H29", "stroke-width": side === "neither" ? 1 : 2.5 }))), side))),
        box("Actors and targets", lines ? ladder(data, order) : grid(data, order)),
        later("The figures", () => tieTable(data, order))],
  ];
}
