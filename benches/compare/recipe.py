"""What one would write today to find stances in saved web pages, and what Standpoint is compared to.

    python recipe.py PAGES TARGETS MODEL OUT

Writes a line of CSV for each target and sentence, and prints how many pairs it scored.
"""

import csv
import sys
import tomllib
from pathlib import Path

import sentencex
import torch
import trafilatura
from transformers import pipeline


def sentences(page):
    text = trafilatura.extract(page.read_text()) or ""
    for paragraph in text.splitlines():
        for sentence in sentencex.segment("en", paragraph):
            if sentence.strip():
                yield sentence.strip()


def main():
    pages, targets, model, out = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    targets = tomllib.loads(targets.read_text())["target"]
    classify = pipeline("text-classification", model=str(model), device="cpu")
    # All targets of a sentence are one batch: they are nearly of a length.
    rows = [
        (page.name, sentence, target)
        for page in sorted(pages.glob("*.html"))
        for sentence in sentences(page)
        for target in targets
    ]
    pairs = [{"text": target["text"], "text_pair": sentence} for _, sentence, target in rows]
    answers = classify(pairs, batch_size=len(targets), truncation=True, max_length=256)
    with out.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["page", "target", "sentence", "label", "score"])
        for (page, sentence, target), answer in zip(rows, answers):
            table.writerow([page, target["id"], sentence, answer["label"], answer["score"]])
    print(len(pairs))


if __name__ == "__main__":
    main()
