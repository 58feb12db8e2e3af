// How did it move? One curve per target, with its band; where there is nothing there is a gap.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleUtc } from "d3-scale";
import { select } from "d3-selection";
import { area, curveMonotoneX, line } from "d3-shape";
import { utcFormat } from "d3-time-format";
import { STANCES, count, h, number, signed, svg, text } from "./dom.js";
import { total } from "./standing.js";
import { address, records as recordsAt } from "./state.js";

const CURVE = 150;
const BARS = 46;
const LEFT = 34;
const RIGHT = 30;
const BOTTOM = 22;
const DAY = 86_400_000;

/** The last day of a step, as the address wants it. */
function lastDay(start, step) {
  const day = new Date(`${start}T00:00:00Z`);
  if (step === "week") day.setUTCDate(day.getUTCDate() + 6);
  else day.setUTCMonth(day.getUTCMonth() + 1, 0);
  return day.toISOString().slice(0, 10);
}

/** Splits points into runs without a gap. */
function runs(points, has) {
  const result = [];
  let run = [];
  for (const point of points) {
    if (has(point)) run.push(point);
    else if (run.length > 0) {
      result.push(run);
      run = [];
    }
  }
  if (run.length > 0) result.push(run);
  return result;
}

function chart(data, curve, step, domain, most, width) {
  const target = data.targets[curve.target];
  const length = step === "week" ? 7 * DAY : 30.4 * DAY;
  const points = curve.start.map((start, i) => ({
    start, from: Date.parse(start), middle: Date.parse(start) + length / 2,
    pieces: curve.pieces[i], position: curve.position[i], interval: curve.interval[i],
  }));
  const x = scaleUtc(domain, [LEFT, width - RIGHT]);
  const y = scaleLinear([-1, 1], [CURVE, 8]);
  const tall = scaleLinear([0, most], [0, BARS - 6]);
  const base = CURVE + BARS;
  const picture = svg("svg", {
    class: "trend", viewBox: `0 0 ${width} ${base + BOTTOM}`, role: "group",
    "aria-label": `Positions toward ${target.text} by ${step}; the table below has the figures`,
  });
  const root = select(picture);
  root.append("g").attr("class", "axis-y").attr("transform", `translate(${LEFT},0)`).attr("aria-hidden", "true")
    .call(axisLeft(y).tickValues([-1, 0, 1]).tickSize(0).tickPadding(6).tickFormat((v) => (v === 0 ? "0" : v > 0 ? "+1" : "−1")))
    .call((g) => g.select(".domain").remove());
  root.append("g").attr("class", "axis-x").attr("transform", `translate(0,${base})`).attr("aria-hidden", "true")
    .call(axisBottom(x).ticks(width / 100).tickSizeOuter(0)
      .tickFormat((date) => utcFormat(date.getUTCMonth() === 0 && date.getUTCDate() === 1 ? "%Y"
        : step === "week" ? "%-d %b" : "%b %Y")(date)));
  root.append("line").attr("class", "zero").attr("x1", LEFT).attr("x2", width - RIGHT).attr("y1", y(0)).attr("y2", y(0));
  const banded = area().x((p) => x(p.middle)).y0((p) => y(p.interval[0])).y1((p) => y(p.interval[1])).curve(curveMonotoneX);
  for (const run of runs(points, (p) => p.interval)) {
    // A band of one point has no width: it is drawn as a bar.
    if (run.length === 1) {
      root.append("line").attr("class", "band-line").attr("x1", x(run[0].middle)).attr("x2", x(run[0].middle))
        .attr("y1", y(run[0].interval[0])).attr("y2", y(run[0].interval[1]));
    } else root.append("path").attr("class", "band").attr("d", banded(run));
  }
  const path = line().x((p) => x(p.middle)).y((p) => y(p.position)).curve(curveMonotoneX);
  // Beyond its band a curve would be a guess. Where no point has a band there are single pieces only.
  const sure = points.some((p) => p.interval);
  for (const run of runs(points, (p) => p.position !== null && (p.interval || !sure))) {
    root.append("path").attr("class", "curve").attr("d", path(run));
  }
  for (const point of points) {
    if (point.position !== null && total(point.pieces) > 0) {
      root.append("circle").attr("class", "dot").attr("cx", x(point.middle)).attr("cy", y(point.position)).attr("r", 2.6);
    }
  }
  const wide = Math.max(2, x(points[0].from + length) - x(points[0].from) - 2);
  for (const point of points) {
    const all = total(point.pieces);
    if (all === 0) continue;
    const label = `${point.start}: ${STANCES.map((stance, i) => [point.pieces[i], stance]).filter(([n]) => n).map(([n, stance]) => `${n} ${stance}`).join(", ")}`;
    const link = svg("a", { href: recordsAt({ target: target.id, holder: "author", from: point.start, to: lastDay(point.start, step) }), "aria-label": `${label}: open the records` }, svg("title", null, label));
    let from = base;
    // Against at the bottom, favor at the top, as everywhere in order from one to the other.
    for (const stance of [1, 2, 0, 3]) {
      const high = tall(point.pieces[stance]);
      if (high === 0) continue;
      from -= high;
      link.append(svg("rect", { class: STANCES[stance], x: (x(point.middle) - wide / 2).toFixed(1), y: from.toFixed(1), width: wide.toFixed(1), height: Math.max(high - 0.7, 0.7).toFixed(1) }));
    }
    link.append(svg("rect", { class: "catch", x: (x(point.middle) - wide / 2).toFixed(1), y: CURVE, width: wide.toFixed(1), height: BARS }));
    picture.append(link);
  }
  return picture;
}

function tableOf(data, curve, step) {
  const target = data.targets[curve.target].id;
  const rows = curve.start.map((start, i) => {
    const pieces = curve.pieces[i];
    if (total(pieces) === 0 && curve.position[i] === null) return null;
    const interval = curve.interval[i];
    return h("tr", null,
      h("th", { scope: "row" }, total(pieces) > 0
        ? h("a", { href: recordsAt({ target, holder: "author", from: start, to: lastDay(start, step) }) }, start) : start),
      pieces.map((n) => h("td", { class: "n" }, number(n))),
      h("td", { class: "n" }, curve.position[i] === null ? "–" : signed(curve.position[i])),
      h("td", { class: "n" }, interval ? `${signed(interval[0])} to ${signed(interval[1])}` : "–"));
  }).filter(Boolean);
  const details = h("details", null, h("summary", null, "The figures"));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(h("div", { class: "scroll" }, h("table", { class: "series" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, `${step[0].toUpperCase()}${step.slice(1)} from`),
        [...STANCES, "position", "95 % interval"].map((label) => h("th", { scope: "col", class: "n" }, label)))),
      h("tbody", null, rows))));
  });
  return details;
}

/** What the curve of a target comes to, where its first and last points have bands. */
function moved(curve) {
  const known = curve.interval.flatMap((interval, i) => (interval ? [i] : []));
  if (known.length < 2) return "; too few to tell a movement";
  const [first, last] = [known[0], known.at(-1)];
  const [from, to] = [curve.interval[first], curve.interval[last]];
  const ends = `${signed(curve.position[first])} to ${signed(curve.position[last])}`;
  if (to[0] > from[1]) return `; it moved toward favor, from ${ends}`;
  if (to[1] < from[0]) return `; it moved toward against, from ${ends}`;
  return `; no movement can be told (${ends}, and the bands overlap)`;
}

/** The part of the page, for a state. */
export function trends(data, state) {
  const step = ["week", "month"].includes(state.every) ? state.every : data.trends.step;
  const curves = data.trends[step].filter((curve) => curve.start.length > 0)
    .sort((a, b) => a.target - b.target);
  if (curves.length === 0) {
    return [h("p", { class: "note" }, "No document that takes up a target has a date, so there is nothing to draw.")];
  }
  const starts = curves.flatMap((curve) => [curve.start[0], curve.start.at(-1)]).sort();
  const domain = [Date.parse(starts[0]), Date.parse(lastDay(starts.at(-1), step)) + DAY];
  const width = matchMedia("(max-width: 46rem)").matches ? 360 : 620;
  const most = Math.max(...curves.flatMap((curve) => curve.pieces.map(total)));
  return [
    h("p", { class: "switch", role: "group", "aria-label": "Step" },
      [["week", "By week"], ["month", "By month"]].map(([value, label]) => h("a", {
        href: address({ section: "trends", every: value }), "aria-current": value === step ? "true" : null,
      }, label))),
    h("p", { class: "note" }, "The curve is the authors’ mean position, smoothed over time (local linear regression), from −1, against, to +1, in favor; the band is its 95 % bootstrap interval over pieces. Where no piece is near there is a gap. The bars count pieces by the date of their first placement; each opens its records."),
    h("div", { class: "charts" }, curves.map((curve) => h("figure", null,
      h("figcaption", null, h("h3", null, text(data.targets[curve.target].text)),
        h("span", { class: "note" }, count(curve.pieces.map(total).reduce((a, b) => a + b, 0), "dated piece"),
          curve.undated > 0 && `, ${number(curve.undated)} without a date`,
          curve.bandwidth !== null && `; smoothed over ±${number(Math.round(curve.bandwidth))} days`, moved(curve))),
      h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Chart" }, chart(data, curve, step, domain, most, width)),
      tableOf(data, curve, step)))),
  ];
}
