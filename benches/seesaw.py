"""SEESAW's sentences as files that `standpoint eval` and `standpoint run` read.

    python3 benches/seesaw.py DATA/seesaw/valid.jsonl OUT

OUT/pairs.jsonl      every labelled (holder, target, sentence), the entities as SEESAW names them:
                     `standpoint eval --pairs OUT/pairs.jsonl`
OUT/documents.jsonl  the articles: `standpoint run OUT/documents.jsonl --targets OUT/targets.toml`
OUT/targets.toml     the entities that something is held of in at least five articles
OUT/gold.jsonl       (document, holder, target, label) over those, for `standpoint eval --run --gold`

SEESAW is for evaluation only (CC BY-NC-SA 4.0). Labels of one holder toward one target that differ
within an article are left out of gold. Names are SEESAW's canonical ones ("Democratic Party"); a run's
are those of the text ("Democrats"), so what `--run --gold` counts as missing is partly that.
"""

import collections
import json
import pathlib
import sys

source, out = sys.argv[1], pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
articles = [json.loads(line) for line in open(source, encoding="utf-8")]

NOBODY = {"Author", "author", "Not in the list"}


def stances(article):
    for row in article["stances"]:
        if row["holder"] not in NOBODY and row["target"] not in NOBODY:
            yield row


def write(name, rows):
    with open(out / name, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


write("pairs.jsonl", (
    {
        "text": article["sentences"][row["sentence"]],
        "holder": row["holder"],
        "target": row["target"],
        "label": row["stance"],
    }
    for article in articles
    for row in stances(article)
    if row["stance"] in ("favor", "against") and row["sentence"] < len(article["sentences"])
))
write("documents.jsonl", (
    {
        "id": article["id"],
        "title": article["title"],
        "date": article["date"],
        "url": article["url"],
        "text": " ".join(article["sentences"]),
    }
    for article in articles
))
frequent = collections.Counter(
    target for article in articles for target in {row["target"] for row in stances(article)}
)
targets = sorted(target for target, articles in frequent.items() if articles >= 5)
with open(out / "targets.toml", "w", encoding="utf-8") as file:
    for target in targets:
        file.write(f"[[target]]\nid = {json.dumps(target)}\ntext = {json.dumps(target)}\n\n")
gold = collections.defaultdict(set)
for article in articles:
    for row in stances(article):
        if row["target"] in targets:
            gold[article["id"], row["holder"], row["target"]].add(row["stance"])
write("gold.jsonl", (
    {"document": document, "holder": holder, "target": target, "label": min(labels), "evidence": []}
    for (document, holder, target), labels in sorted(gold.items())
    if len(labels) == 1
))
print(f"{len(articles)} articles, {len(targets)} targets, {sum(len(v) == 1 for v in gold.values())} gold rows")
