"use strict";
// Filters the records by words, target, stance and holder, and hides what is left empty.
const form = document.getElementById("filter");
const all = (within, what) => Array.from(within.querySelectorAll(what));
const records = all(document, "#records .record").map((record) => {
  const article = record.closest("article");
  const about = all(article, "h4, .meta").concat(record, article.closest(".outlet").firstChild);
  return {
    record,
    target: record.closest("details").dataset.target,
    words: about.map((part) => part.textContent).join(" ").toLowerCase(),
  };
});
function filter() {
  const { words, target, stance, holder } = form.elements;
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const entry of records) {
    const data = entry.record.dataset;
    const fits =
      (!target.value || entry.target === target.value) &&
      (!stance.value || data.stance === stance.value) &&
      (!holder.value || data.holder === holder.value) &&
      wanted.every((word) => entry.words.includes(word));
    entry.record.hidden = !fits;
    shown += fits;
  }
  for (const group of ["article", ".outlet", "details.target"]) {
    for (const part of all(document, "#records " + group)) {
      part.hidden = !part.querySelector(".record:not([hidden])");
    }
  }
  form.querySelector("output").value = shown + " of " + records.length + " records";
}
form.hidden = records.length === 0;
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
filter();
