"""Reads the outputs of a run of the sample corpus with pandas, pyarrow, DuckDB, networkx, rispy,
bibtexparser and krippendorff, and holds them against each other.

usage: check.py STANDPOINT FOLDER
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bibtexparser
import duckdb
import krippendorff
import networkx
import pandas
import pyarrow.parquet
import rispy

STANDPOINT, FOLDER = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
TABLES = ["documents", "passages", "pieces", "stances", "evidence", "aggregates", "trends"]


def standpoint(*args, code=0):
    """Standard output and standard error of a command."""
    done = subprocess.run([STANDPOINT, *map(str, args)], capture_output=True, text=True)
    assert done.returncode == code, f"{args}: {done.returncode}\n{done.stderr}"
    return done.stdout, done.stderr


def exported(name, *args):
    path = FOLDER / name
    path.write_text(standpoint(*args)[0], newline="")
    return path


def check_tables():
    for table in TABLES:
        parquet = pyarrow.parquet.read_table(FOLDER / f"{table}.parquet")
        frame = pandas.read_csv(FOLDER / f"{table}.csv")
        lines = pandas.read_json(FOLDER / f"{table}.jsonl", lines=True)
        of_duckdb = duckdb.sql(f"SELECT * FROM '{FOLDER}/{table}.parquet'")
        csv_of_duckdb = duckdb.sql(f"SELECT * FROM read_csv('{FOLDER}/{table}.csv')").fetchall()
        rows = parquet.num_rows
        assert rows > 0, table
        assert len(frame) == len(lines) == len(of_duckdb.fetchall()) == rows, table
        assert len(csv_of_duckdb) == rows, table
        assert parquet.column_names == list(frame.columns) == of_duckdb.columns, table
        for column in parquet.schema:
            # Numbers are numbers in CSV too, and no guard has touched them.
            if pyarrow.types.is_floating(column.type) or pyarrow.types.is_integer(column.type):
                ours = parquet[column.name].to_pandas().astype("float64")
                theirs = frame[column.name].astype("float64")
                pandas.testing.assert_series_equal(ours, theirs, check_names=False, rtol=1e-6)


def check_r():
    """One line of R reads a table, numbers as numbers."""
    if shutil.which("Rscript") is None:
        print("no R: the tables are not read with it")
        return
    for table in TABLES:
        read = f'd <- read.csv("{FOLDER}/{table}.csv"); cat(nrow(d), names(d)[sapply(d, is.numeric)])'
        done = subprocess.run(["Rscript", "-e", read], capture_output=True, text=True, check=True)
        rows, *numeric = done.stdout.split()
        frame = pandas.read_csv(FOLDER / f"{table}.csv")
        assert int(rows) == len(frame), table
        for column in pyarrow.parquet.read_schema(FOLDER / f"{table}.parquet"):
            # R knows no type for a column without a value.
            number = pyarrow.types.is_floating(column.type) or pyarrow.types.is_integer(column.type)
            if frame[column.name].notna().any():
                assert (column.name in numeric) == number, f"{table}.{column.name}"


def check_bytes():
    """Evidence stands in its document at its bytes, in CSV as well: the guard can be undone."""
    unguard = lambda text: re.sub(r"^'('*[=+\-@\t\r])", r"\1", text)
    for extension, read in [
        ("csv", lambda path: pandas.read_csv(path, keep_default_na=False)),
        ("parquet", pandas.read_parquet),
    ]:
        undo = unguard if extension == "csv" else lambda text: text
        documents = read(FOLDER / f"documents.{extension}")
        texts = {row.document: undo(row.text).encode() for row in documents.itertuples()}
        evidence = read(FOLDER / f"evidence.{extension}")
        for row in evidence.itertuples():
            at = texts[row.document][row.start : row.end].decode()
            assert at == undo(row.text), (row.document, at, row.text)


def check_aggregates():
    """The counts are those that a user would take from `stances`."""
    stances = pandas.read_parquet(FOLDER / "stances.parquet")
    aggregates = pandas.read_parquet(FOLDER / "aggregates.parquet")
    authors = stances[(stances.holder_kind == "author") & stances.representative]
    counts = authors.groupby(["target", "stance"]).size()
    for row in aggregates[aggregates.grouping == "all"].itertuples():
        for stance in ["favor", "against", "neutral", "abstained"]:
            assert getattr(row, stance) == counts.get((row.target, stance), 0), row
        answered = authors[(authors.target == row.target) & (authors.stance != "abstained")]
        position = (answered.favor - answered.against).mean()
        assert abs(row.position - position) < 1e-5, row
        assert abs(row.favor_share + row.against_share + row.neutral_share - 1) < 1e-6, row
        assert row.position_low <= row.position <= row.position_high, row
    trends = pandas.read_parquet(FOLDER / "trends.parquet")
    overall = trends[trends.grouping == "all"].groupby("target")[["favor", "against"]].sum()
    for target, row in overall.iterrows():
        assert row.favor == counts.get((target, "favor"), 0), target
    assert pandas.to_datetime(trends.start).notna().all()


def check_networks():
    run = exported("actor-target.graphml", "export", "actor-target", FOLDER)
    graph = networkx.read_graphml(run)
    kinds = networkx.get_node_attributes(graph, "kind")
    assert graph.is_directed() and set(kinds.values()) == {"actor", "target"}
    stances = pandas.read_parquet(FOLDER / "stances.parquet")
    actors = stances[(stances.holder_kind == "actor")]
    assert len([kind for kind in kinds.values() if kind == "actor"]) == actors.holder.nunique()
    for source, target, tie in graph.edges(data=True):
        assert kinds[source] == "actor" and kinds[target] == "target"
        assert tie["weight"] == tie["favor"] + tie["against"] + tie["neutral"] >= 0
        assert ("position" in tie) == (tie["weight"] > 0)
        assert -1 <= tie.get("position", 0) <= 1
    graph = networkx.read_graphml(exported("actors.graphml", "export", "actor-actor", FOLDER))
    assert not graph.is_directed() and graph.number_of_edges() > 0
    for _, _, tie in graph.edges(data=True):
        assert tie["weight"] == tie["congruence"] + tie["conflict"] > 0
        assert abs(tie["score"] - tie["normalised_congruence"] + tie["normalised_conflict"]) < 1e-9


def check_citations_and_statements():
    evidence = pandas.read_parquet(FOLDER / "evidence.parquet")
    documents = pandas.read_parquet(FOLDER / "documents.parquet")
    cited = documents[documents.representative & documents.document.isin(evidence.document)]
    with open(exported("cited.ris", "export", "ris", FOLDER), newline=None) as file:
        ris = rispy.load(file)
    bibtex = bibtexparser.parse_file(str(exported("cited.bib", "export", "bibtex", FOLDER)))
    assert not bibtex.failed_blocks, bibtex.failed_blocks
    assert len(ris) == len(bibtex.entries) == len(cited)
    assert [entry["id"] for entry in ris] == list(cited.document)
    assert [entry.get("title") for entry in ris] == [title or None for title in cited.title]
    statements = pandas.read_csv(exported("statements.csv", "export", "dna", FOLDER))
    assert set(statements.agreement) == {0, 1} and statements.statement_id.is_unique
    assert set(statements.document) <= set(cited.document)


def check_labelling():
    sample = FOLDER / "sample.jsonl"
    sample.write_text(standpoint("sample", FOLDER, "--n", 30, "--by", "target", "--uncertain")[0])
    drawn = [json.loads(line) for line in sample.read_text().splitlines()]
    assert len(drawn) == 30 and all(0 < row["probability"] <= 1 for row in drawn)
    tasks = json.loads(standpoint("export", "label-studio", FOLDER, "--sample", sample)[0])
    assert len(tasks) == 30
    for task in tasks:
        text = task["data"]["text"].encode("utf-16-le")
        for result in task["predictions"][0]["result"]:
            if result["type"] == "labels":
                value = result["value"]
                marked = text[2 * value["start"] : 2 * value["end"]].decode("utf-16-le")
                assert marked == value["text"], (marked, value)
    # Two annotators: one takes the run's answers, the other every third time another one.
    labels = ["favor", "against", "neutral"]
    given = []
    for number, task in enumerate(tasks):
        [first] = task["predictions"][0]["result"][0]["value"]["choices"]
        second = first if number % 3 else labels[(labels.index(first) + 1) % 3]
        given.append((first, second))
        task["annotations"] = [
            {
                "completed_by": who,
                "result": [
                    {
                        "from_name": "stance",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": [label]},
                    }
                ],
            }
            for who, label in enumerate((first, second))
        ]
    answers = FOLDER / "answers.json"
    answers.write_text(json.dumps(tasks))
    gold, said = standpoint("import", answers)
    assert len(gold.splitlines()) == 20, "a third are ties"
    ours = float(re.search(r"alpha +(-?[0-9.]+)", said)[1])
    theirs = krippendorff.alpha(
        reliability_data=[[labels.index(pair[who]) for pair in given] for who in (0, 1)],
        level_of_measurement="nominal",
        value_domain=[0, 1, 2],
    )
    assert abs(ours - theirs) < 1e-3, (ours, theirs)
    # doccano: one file per annotator.
    rows = standpoint("export", "doccano", FOLDER, "--sample", sample, "--blind")[0].splitlines()
    for who in (0, 1):
        lines = [json.dumps({**json.loads(row), "label": [pair[who]]}) for row, pair in zip(rows, given)]
        (FOLDER / f"annotator{who}.jsonl").write_text("\n".join(lines))
    from_doccano, also_said = standpoint(
        "import", FOLDER / "annotator0.jsonl", FOLDER / "annotator1.jsonl"
    )
    assert from_doccano == gold and f"alpha      {ours:.3f}" in also_said
    # And the labels correct the run.
    (FOLDER / "labels.jsonl").write_text(gold)
    csv = exported(
        "corrected.csv", "report", FOLDER, "--gold", FOLDER / "labels.jsonl", "--sample", sample,
        "--format", "csv",
    )
    corrected = pandas.read_csv(csv)
    assert len(corrected) == 4 and corrected.records.sum() > corrected.labelled.sum() > 0


def check_formulas():
    """A spreadsheet, and who takes the guard off again, read what was written."""
    documents = FOLDER / "formulas.jsonl"
    titles = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\tx", "fine", "'fine", "''@"]
    rows = [{"id": f"d{n}", "title": title, "text": "The levy works. It works well, and it is fair."}
            for n, title in enumerate(titles)]
    documents.write_text("\n".join(json.dumps(row) for row in rows))
    out = FOLDER / "formulas"
    standpoint("run", documents, "--target", "the levy", "--out", out,
               "--embedder", "lexical", "--stance-model", "lexical")
    frame = pandas.read_csv(out / "documents.csv", keep_default_na=False)
    for shown in frame.title:
        assert shown[:1] not in ("=", "+", "-", "@", "\t", "\r"), shown
    undone = [re.sub(r"^'('*[=+\-@\t\r])", r"\1", shown) for shown in frame.title]
    assert undone == list(pandas.read_parquet(out / "documents.parquet").title), undone


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    standpoint("run", "seeds", "--targets", "seeds/targets.toml", "--out", FOLDER,
               "--embedder", "lexical", "--stance-model", "lexical", code=1)
    for check in [
        check_tables, check_r, check_bytes, check_aggregates, check_networks,
        check_citations_and_statements, check_labelling, check_formulas,
    ]:
        check()
        print(f"{check.__name__}: ok")


main()
