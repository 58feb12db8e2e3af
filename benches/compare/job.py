"""The whole job: from web pages to who stands where, by the recipe in Python and by `standpoint run`."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from engines import ENVIRONMENT, HERE, ROOT, WORK, spread

DOCUMENTS = 40
PAGES = WORK / "pages"
OUT = WORK / "out"
LOG = WORK / "job.log"
TARGETS = ROOT / "benches/targets.toml"
RECIPE = "the recipe in Python"

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta property="og:site_name" content="{outlet}">
<meta name="author" content="{author}">
<meta property="article:published_time" content="{date}">
</head>
<body>
<article>
<h1>{title}</h1>
{paragraphs}
</article>
</body>
</html>
"""


def write_pages():
    """The first documents of the corpus as web pages."""
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir()
    documents = min((WORK / "corpus").iterdir()).read_text().splitlines()
    for line in documents[:DOCUMENTS]:
        document = {name: html.escape(value) for name, value in json.loads(line).items()}
        paragraphs = document.pop("text").split("\n\n")
        paragraphs = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        page = PAGE.format(paragraphs=paragraphs, **document)
        (PAGES / f"{document['id']}.html").write_text(page)


def commands(programs):
    """The program that does the job, by name."""
    standpoint = [programs / "standpoint", "run", PAGES, "--targets", TARGETS, "--out", OUT]
    standpoint += ["--threads", "1", "--precision"]
    recipe = [sys.executable, HERE / "recipe.py", PAGES, TARGETS, WORK / "models/minilm-stance", OUT]
    return {
        RECIPE: recipe,
        "standpoint run, f32": [*standpoint, "f32"],
        "standpoint run, auto": [*standpoint, "auto"],
        "standpoint run, int8": [*standpoint, "int8"],
    }


def run(command):
    """Wall seconds, CPU seconds and pairs scored of one run into an empty place."""
    if OUT.is_dir():
        shutil.rmtree(OUT)
    OUT.unlink(missing_ok=True)
    start = time.perf_counter()
    with LOG.open("w+") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | ENVIRONMENT
        )
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{LOG.read_text()}")
    # `standpoint run` prints more; the recipe prints nothing else.
    pairs = re.search(r"^pairs +(\d+) scored", out, re.MULTILINE) or re.search(r"^(\d+)$", out)
    return {
        "wall": time.perf_counter() - start,
        "cpu": usage.ru_utime + usage.ru_stime,
        "pairs": int(pairs[1]),
    }


def compare(programs, rounds, say):
    """Everything that was measured, as it goes into raw.json."""
    write_pages()
    known = commands(programs)
    results = {name: [] for name in known}
    for number in range(rounds):
        say(f"whole job, round {number + 1} of {rounds}")
        for name, command in known.items():
            results[name].append(run(command))
    return {"documents": DOCUMENTS, "threads": 1, "programs": results}


def table(measured):
    """The table of the whole job, in Markdown."""
    lines = [
        "| program | pairs scored | CPU seconds | wall seconds | recipe's CPU time / this "
        "| the same for each pair |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    recipe = measured["programs"][RECIPE]
    for name, rounds in measured["programs"].items():
        pairs = rounds[0]["pairs"]
        ratios = [theirs["cpu"] / one["cpu"] for theirs, one in zip(recipe, rounds)]
        a_pair = median(ratios) * pairs / recipe[0]["pairs"]
        lines.append(
            f"| {name} | {pairs} | {spread([one['cpu'] for one in rounds], 1)} "
            f"| {spread([one['wall'] for one in rounds], 1)} | {spread(ratios, 1)} | {a_pair:.1f} |"
        )
    return lines
