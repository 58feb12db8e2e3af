//! The README's first command on the sample corpus, with the default models.

use serde_json::Value;
use standpoint_encoder::Precision;
use standpoint_ingest::Fields;
use standpoint_pipeline::{AliasFile, Corpus, Models, explain, intake, read_targets};
use standpoint_tests::{assert_same, code, output, root, rows, seeds, standpoint, stderr, stdout};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

fn run(out: &Path, threads: &str) {
    run_with(out, &["--threads", threads]);
}

fn run_with(out: &Path, options: &[&str]) {
    let ran = output(
        standpoint()
            .args(["run", "seeds", "--targets", "seeds/targets.toml", "--out"])
            .arg(out)
            .args(options),
    );
    // Two of the files are broken on purpose.
    assert_eq!(code(&ran), 1, "{}{}", stdout(&ran), stderr(&ran));
}

/// One run for all tests that only read it.
fn sample() -> &'static Path {
    static RUN: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, out) = RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("out");
        run(&out, "2");
        (folder, out)
    });
    out
}

fn table(name: &str) -> Vec<Value> {
    rows(&sample().join(name).with_extension("jsonl"))
}

#[test]
fn one_thread_and_many_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, three) = (folder.path().join("one"), folder.path().join("three"));
    run(&one, "1");
    run(&three, "3");
    assert_same(&one, &three);
    assert_same(&one, sample());
}

#[test]
fn a_second_run_into_the_folder_leaves_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    run(&out, "2");
    run(&out, "2");
    assert_same(&out, sample());
}

#[test]
fn every_file_is_read_or_accounted_for() {
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(sample().join("run.json")).unwrap()).unwrap();
    assert_eq!(manifest["documents"], 39);
    assert_eq!(manifest["failed"], 2);
    assert_eq!(manifest["pieces"], 33);
    assert_eq!(manifest["not_scored"], serde_json::json!({"language de": 1}));
    let errors = table("errors");
    let mut failed: Vec<&str> = errors.iter().filter_map(|row| row["path"].as_str()).collect();
    failed.sort_unstable();
    assert_eq!(failed, ["broken/empty.txt", "broken/half-a-feed.jsonl"]);
    assert_eq!(errors.iter().find(|row| row["row"] == 2).unwrap()["path"], failed[1]);
}

#[test]
fn pieces_are_those_of_the_gold() {
    let mut found: Vec<Vec<String>> = Vec::new();
    let pieces = table("pieces");
    for chunk in pieces.chunk_by(|a, b| a["piece"] == b["piece"]) {
        let ids = chunk.iter().map(|row| row["document"].as_str().unwrap().to_owned());
        found.push(ids.collect());
    }
    found.retain(|piece| piece.len() > 1);
    let gold = rows(&seeds().join("gold/pieces.jsonl"));
    let mut gold: Vec<Vec<String>> =
        gold.iter().map(|row| serde_json::from_value(row["documents"].clone()).unwrap()).collect();
    for piece in found.iter_mut().chain(&mut gold) {
        piece.sort();
    }
    found.sort();
    gold.sort();
    assert_eq!(found, gold);
}

#[test]
fn every_span_slices_to_its_text() {
    let documents = table("documents");
    let text = |id: &Value| {
        documents.iter().find(|row| row["document"] == *id).unwrap()["text"].as_str().unwrap()
    };
    let slice = |id: &Value, row: &Value| {
        let at = |name: &str| row[name].as_u64().unwrap() as usize;
        text(id)[at("start")..at("end")].to_owned()
    };
    let evidence = table("evidence");
    assert!(!evidence.is_empty());
    for row in &evidence {
        assert_eq!(slice(&row["document"], row), row["text"].as_str().unwrap());
    }
    for document in &documents {
        for cut in document["cuts"].as_array().unwrap() {
            assert_eq!(slice(&document["document"], cut), cut["text"].as_str().unwrap());
        }
    }
    for row in &table("passages") {
        let passage = slice(&row["document"], row);
        assert!(!passage.is_empty() && passage.trim() == passage, "{passage:?}");
    }
}

#[test]
fn records_agree_with_the_gold_as_far_as_the_readme_says() {
    let scored = output(standpoint().args([
        "eval",
        "--run",
        &sample().to_string_lossy(),
        "--gold",
        "seeds/gold/stances.jsonl",
        "--format",
        "json",
    ]));
    assert_eq!(code(&scored), 0, "{}", stderr(&scored));
    let scores: Value = serde_json::from_str(&stdout(&scored)).unwrap();
    let value = |path: &str| scores.pointer(path).unwrap_or_else(|| panic!("{path}")).as_f64();
    let at_least = |path: &str, floor: f64| {
        assert!(value(path).unwrap() >= floor, "{path} is {:?}", value(path));
    };
    at_least("/author/labels/overall/macro_f1/value", 0.55);
    at_least("/actors/labels/overall/macro_f1/value", 0.6);
    at_least("/actors/triplets/f1", 0.45);
    at_least("/author_evidence/recall", 0.95);
    at_least("/actor_evidence/recall", 0.85);
}

/// Whoever holds it: every gold sentence has to reach the stance model, or nothing after can help.
#[test]
fn retrieval_finds_the_evidence_of_the_gold() {
    let targets = read_targets(&seeds().join("targets.toml")).unwrap();
    let models = Models {
        embedder: Arc::new(minilm::load(Precision::Auto).unwrap()),
        stance: Arc::new(lexical::stance_model()),
        tagger: Arc::new(minilm_attribution::load(Precision::Auto).unwrap()),
    };
    let mut bears: BTreeSet<(String, String, String)> = BTreeSet::new();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let corpus = Corpus { inputs: vec![seeds()], fields: Fields::default() };
    intake(&corpus, 2, |item| {
        let Ok(item) = item else { return Ok(()) };
        let explained = explain(item, &targets, &models, &AliasFile::default(), 0.4).unwrap();
        for passage in explained.passages {
            for met in passage.matches {
                let document = explained.document.id.clone();
                bears.insert((document, met.target, words(&passage.text)));
            }
        }
        Ok(())
    })
    .unwrap();
    let (mut found, mut all) = (0, 0);
    for row in rows(&seeds().join("gold/stances.jsonl")) {
        for sentence in row["evidence"].as_array().unwrap() {
            let sentence = words(sentence.as_str().unwrap());
            all += 1;
            let is_it = |(document, target, passage): &(String, String, String)| {
                row["document"] == **document
                    && row["target"] == **target
                    && (sentence.contains(passage) || passage.contains(&sentence))
            };
            found += usize::from(bears.iter().any(is_it));
        }
    }
    assert_eq!(all, 273);
    assert!(found * 100 >= all * 95, "{found} of {all}");
}

/// Labels by document, holder and target, as they were when somebody last looked at them, in f32,
/// which every processor has. Other processors round other bits, so probabilities are not in it;
/// `STANDPOINT_BLESS=1` writes it anew.
#[test]
fn labels_are_the_golden_ones() {
    let folder = tempfile::tempdir().unwrap();
    run_with(folder.path(), &["--precision", "f32"]);
    let field = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let mut lines: Vec<String> = rows(&folder.path().join("stances.jsonl"))
        .iter()
        .map(|row| {
            ["document", "holder", "target", "stance"].map(|name| field(row, name)).join("\t")
        })
        .collect();
    lines.push(String::new());
    let found = lines.join("\n");
    let path = root().join("tests/golden/sample-labels.tsv");
    if std::env::var_os("STANDPOINT_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap());
}
