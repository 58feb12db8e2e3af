// The page's script: reads the data, draws the parts, follows the address.

import { load } from "./data.js";
import { h } from "./dom.js";
import { glance } from "./glance.js";
import { network } from "./network.js";
import { piecesPart } from "./pieces.js";
import { recordsPart } from "./records.js";
import { standing } from "./standing.js";
import { address, read } from "./state.js";
import { trends } from "./trends.js";

const body = (section) => document.querySelector(`#${section} .body`);

/** Draws a part. Where its switch had the focus, the new one gets it: without a focused element the
 * browser jumps to the top of the page. */
function put(section, nodes) {
  const part = body(section);
  const held = part.contains(document.activeElement);
  const at = scrollY;
  part.replaceChildren(...nodes.flat(Infinity).filter(Boolean));
  if (!held) return;
  part.querySelector(".switch a[aria-current]")?.focus({ preventScroll: true });
  scrollTo(scrollX, at);
}

async function start() {
  const data = await load();
  const records = recordsPart(data, (state) => {
    history.replaceState(null, "", address(state));
    records.show(state);
  });
  put("records", records.nodes);

  const overview = glance(data);
  let shown = {};
  /** Draws again the parts whose state has changed. */
  const draw = (state) => {
    const changed = (...names) => !shown.drawn || names.some((name) => shown[name] !== state[name]);
    if (changed("by") && (!shown.drawn || state.section === "standing")) put("standing", [overview, ...standing(data, state)]);
    if (changed("every") && (!shown.drawn || state.section === "trends")) put("trends", trends(data, state));
    if (changed("ties") && (!shown.drawn || state.section === "network")) put("network", network(data, state));
    if (changed("piece", "section")) put("pieces", piecesPart(data, state));
    if (!shown.drawn || state.section === "records") {
      records.show(state.section === "records" ? state : { section: "records" });
    }
    const kept = shown.drawn ? shown : state;
    shown = { by: kept.by, every: kept.every, ties: kept.ties, ...state, drawn: true };
  };
  const go = () => {
    const state = read();
    draw(state);
    // A section with a state is not an element's id: the browser would stay where it is.
    const section = location.hash.includes("?") && document.getElementById(state.section);
    if (section) {
      // A switch inside a part leaves the part where it is.
      const { top, bottom } = section.getBoundingClientRect();
      const inside = ["standing", "trends", "network"].includes(state.section) && top < innerHeight / 2 && bottom > 0;
      const record = state.record && section.querySelector("article.record");
      if (!inside) (record || section).scrollIntoView();
      if (state.section === "records") document.getElementById("h-records").focus({ preventScroll: true });
    }
  };
  addEventListener("hashchange", go);
  go();
  document.documentElement.dataset.ready = "";
}

start().catch((error) => {
  for (const waiting of document.querySelectorAll(".waiting")) {
    waiting.textContent = "This browser could not read the report’s data; a current one can. All figures stand in the tables.";
  }
  document.getElementById("main").prepend(h("p", { class: "note", role: "alert" }, `The report’s data could not be read: ${error.message}`));
  throw error;
});
