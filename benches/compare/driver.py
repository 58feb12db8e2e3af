"""Runs the whole comparison, prints its tables and writes them with all raw figures.

    python driver.py ROUNDS PROGRAMS

`run` calls it; PROGRAMS is the folder with the built programs. Results go to
benches/runs/DATE-MACHINE: raw.json and table.md.
"""

import datetime
import json
import os
import re
import sys
from pathlib import Path

import engines
import job


def machine():
    """What the figures depend on, as Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    return {
        "cpu": fields["model name"],
        "family": fields.get("cpu family"),
        "model": fields.get("model"),
        "flags": fields["flags"].split(),
        "cpus": os.cpu_count(),
        "load_average_before": os.getloadavg(),
        "kernel": os.uname().release,
    }


def say(text):
    """Progress, which is not part of the tables."""
    print(text, file=sys.stderr, flush=True)


def main():
    rounds, programs = int(sys.argv[1]), Path(sys.argv[2]).resolve()
    now = datetime.datetime.now(datetime.timezone.utc)
    raw = {"date": now.isoformat(timespec="seconds"), "machine": machine()}
    raw["engines"] = engines.compare(programs, rounds, say)
    raw["job"] = job.compare(programs, (rounds + 1) // 2, say)

    tables = "\n".join(
        [
            f"{now:%-d %B %Y}, {raw['machine']['cpu']}, {raw['machine']['cpus']} processors, load "
            f"{raw['machine']['load_average_before'][0]:.1f} before; {rounds} rounds, medians with "
            "least and most in brackets. What each column says: benches/compare/README.md.",
            "",
            f"## {engines.COUNT} passages of mean {raw['engines']['mean_tokens']:.1f} tokens, one thread",
            "",
            *engines.table(raw["engines"]),
            "",
            f"## The whole job: {job.DOCUMENTS} web pages, one thread",
            "",
            *job.table(raw["job"]),
            "",
        ]
    )
    slug = re.sub(r"[^a-z0-9]+", "-", raw["machine"]["cpu"].lower()).strip("-")
    out = engines.ROOT / f"benches/runs/{now:%Y-%m-%d}-{slug}"
    out.mkdir(parents=True, exist_ok=True)
    (out / "raw.json").write_text(json.dumps(raw, indent=1) + "\n")
    (out / "table.md").write_text(tables)
    print(tables)
    say(f"written to {out.relative_to(engines.ROOT)}")


if __name__ == "__main__":
    main()
