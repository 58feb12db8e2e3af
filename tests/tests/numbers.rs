//! From a run to numbers: reports, samples, labels, comparisons.

use serde_json::{Value, json};
use standpoint_tests::{code, output, rows, standpoint, stderr, stdout};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

/// The sample corpus, run once without weights.
static RUN: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out");
    run_into(&out, "0.4");
    (folder, out)
});

fn run_into(out: &Path, abstain_below: &str) {
    let ran = output(
        standpoint()
            .args(["run", "seeds", "--targets", "seeds/targets.toml"])
            .args(["--embedder", "lexical", "--stance-model", "lexical"])
            .args(["--abstain-below", abstain_below, "--out"])
            .arg(out),
    );
    assert_eq!(code(&ran), 1, "{}", stderr(&ran));
}

fn on_run(before: &[&str], after: &[&str]) -> Output {
    output(standpoint().args(before).arg(&RUN.1).args(after))
}

fn printed(before: &[&str], after: &[&str]) -> String {
    let done = on_run(before, after);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    stdout(&done)
}

#[test]
fn a_report_from_the_tables_is_that_of_the_run() {
    let page = RUN.1.with_file_name("again.html");
    printed(&["report"], &["--html", page.to_str().unwrap()]);
    let again = fs::read(page).unwrap();
    assert!(again == fs::read(RUN.1.join("report.html")).unwrap(), "the page differs");

    let table = fs::read_to_string(RUN.1.join("aggregates.csv")).unwrap();
    for grouping in ["all", "outlet", "actor", "month"] {
        let csv = printed(&["report"], &["--group-by", grouping, "--format", "csv"]);
        let of_run: Vec<&str> = table
            .lines()
            .filter(|line| line.contains(&format!(",{grouping},")) || line.starts_with("target,"))
            .collect();
        assert_eq!(csv.lines().collect::<Vec<_>>(), of_run, "{grouping}");
    }
    let text = printed(&["report"], &["--group-by", "kind"]);
    assert!(text.contains("carbon-price: a carbon price\n  kind"), "{text}");
}

#[test]
fn since_leaves_out_what_is_older_or_undated() {
    let documents = rows(&RUN.1.join("documents.jsonl"));
    let recent = |row: &&Value| row["published"].as_str().is_some_and(|day| day >= "2026-03-15");
    let recent: Vec<&Value> = documents.iter().filter(recent).collect();
    assert!(!recent.is_empty() && recent.len() < documents.len());
    let csv =
        printed(&["report"], &["--since", "2026-03-15", "--group-by", "month", "--format", "csv"]);
    assert!(csv.contains(",month,2026-03,") && !csv.contains(",month,2026-02,"), "{csv}");
    assert!(!csv.contains(",month,,"), "a piece without a date: {csv}");
    let wrong = on_run(&["report"], &["--since", "March"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("YYYY-MM-DD"), "{}", stderr(&wrong));
}

#[test]
fn a_run_compared_with_one_that_abstains_more() {
    let second = RUN.1.with_file_name("second");
    run_into(&second, "0.6");
    let to = second.to_str().unwrap();
    let text = printed(&["report"], &["--compare", to]);
    assert!(text.contains("differs    setting abstain_below: 0.4 → 0.6\n"), "{text}");
    assert!(!text.contains("differs    model"), "{text}");
    let stances = |run: &Path| -> BTreeMap<String, String> {
        let key = |row: &Value| format!("{}{}{}", row["document"], row["holder"], row["target"]);
        let rows = rows(&run.join("stances.jsonl"));
        rows.iter().map(|row| (key(row), row["stance"].to_string())).collect()
    };
    let (before, after) = (stances(&RUN.1), stances(&second));
    let changed = before.iter().filter(|(key, stance)| after[*key] != **stance).count();
    assert!(changed > 0);
    assert!(text.contains(&format!("changed    {changed} records\n")), "{text}");
    let csv = printed(&["report"], &["--compare", to, "--format", "csv"]);
    assert_eq!(csv.lines().count(), changed + 1);
    assert!(csv.lines().skip(1).all(|line| line.contains(",abstained,")), "{csv}");

    let own = RUN.1.to_str().unwrap();
    let same = printed(&["report"], &["--compare", own]);
    assert!(same.contains("changed    0 records\nsettings   the same"), "{same}");
    assert!(!same.contains("  *\n"), "nothing differs: {same}");
}

#[test]
fn labels_of_a_sample_correct_the_run() {
    let folder = RUN.1.parent().unwrap();
    let (sample, answers, gold) =
        (folder.join("sample.jsonl"), folder.join("answers.json"), folder.join("gold.jsonl"));
    fs::write(&sample, printed(&["sample"], &["--n", "60"])).unwrap();
    let drawn = rows(&sample);
    assert_eq!(drawn.len(), 60);
    let exported =
        printed(&["export", "label-studio"], &["--blind", "--sample", sample.to_str().unwrap()]);
    let mut tasks: Vec<Value> = serde_json::from_str(&exported).unwrap();
    assert_eq!(tasks.len(), 60);
    // People hold everything to be against.
    for task in &mut tasks {
        assert!(task.get("predictions").is_none());
        task["annotations"] = json!([{ "completed_by": 1, "result": [
            {"from_name": "stance", "to_name": "text", "value": {"choices": ["against"]}}
        ]}]);
    }
    fs::write(&answers, json!(tasks).to_string()).unwrap();
    let imported = output(standpoint().arg("import").arg(&answers));
    assert_eq!(code(&imported), 0, "{}", stderr(&imported));
    assert!(stderr(&imported).contains("alpha      none: no record has two annotators"));
    fs::write(&gold, stdout(&imported)).unwrap();
    let files = ["--gold", gold.to_str().unwrap(), "--sample", sample.to_str().unwrap()];
    let actors = [&files[..], &["--group-by", "holder"]].concat();
    assert_eq!(code(&on_run(&["report"], &actors)), 2, "no such group");
    let csv = printed(&["report"], &[&files[..], &["--format", "csv"]].concat());
    let mut reader = csv.lines();
    let header: Vec<&str> = reader.next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    for line in reader {
        let cells: Vec<&str> = line.split(',').collect();
        let labelled: usize = cells[at("labelled_pieces")].parse().unwrap();
        let against = cells[at("against")];
        assert_eq!(against, if labelled < 10 { "" } else { "1" }, "{line}");
    }

    let elsewhere = folder.join("elsewhere.jsonl");
    let row = json!({"document": "x", "holder": "author", "target": "y", "probability": 0.5});
    fs::write(&elsewhere, row.to_string()).unwrap();
    let wrong = on_run(
        &["report"],
        &["--gold", gold.to_str().unwrap(), "--sample", elsewhere.to_str().unwrap()],
    );
    assert_eq!(code(&wrong), 2);
    let said = stderr(&wrong);
    assert!(said.contains("1 of 1 records are not in this run"), "{said}");
}

#[test]
fn mistakes_are_told() {
    let said = |done: Output| {
        assert_eq!((code(&done), stdout(&done)), (2, String::new()));
        stderr(&done)
    };
    let error = said(output(standpoint().args(["report", "seeds"])));
    assert_eq!(
        error,
        "standpoint: seeds holds no finished run: give the folder that `run --out` wrote\n"
    );
    let error = said(on_run(&["export", "ris"], &["--blind"]));
    assert!(error.contains("are for label-studio and doccano"), "{error}");
    let error = said(output(standpoint().args(["import", "seeds/gold/cuts.jsonl"])));
    assert!(error.contains("cuts.jsonl:1: no text in field \"holder\""), "{error}");
    let error = said(on_run(&["report"], &["--gold", "seeds/gold/stances.jsonl"]));
    assert!(error.contains("--sample"), "{error}");
}
