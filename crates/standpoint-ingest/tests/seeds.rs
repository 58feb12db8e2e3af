//! The sample corpus, whose every cut, kind, outlet, author and piece is known.

// Clippy takes only the tests themselves for tests, not what they share.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use standpoint_core::{Document, Failure};
use standpoint_ingest::{
    Fields, FolderOutlets, Sketch, discover, group, open, passages, prepare, shingles,
};

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds")
}

fn corpus() -> (Vec<Document>, Vec<Failure>) {
    let listing = discover(&[seeds()]).unwrap();
    let (mut documents, mut failures) = (vec![], vec![]);
    for file in &listing.files {
        for raw in open(file, &Fields::default()).unwrap() {
            match raw.and_then(prepare) {
                Ok(document) => documents.push(document),
                Err(failure) => failures.push(failure),
            }
        }
    }
    let mut outlets = FolderOutlets::default();
    documents.iter().for_each(|document| outlets.note(document));
    documents.iter_mut().for_each(|document| outlets.name(document));
    (documents, failures)
}

fn gold(name: &str) -> Vec<Value> {
    let lines = std::fs::read_to_string(seeds().join("gold").join(name)).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

/// Says all differences at once.
fn assert_none(differences: &[String]) {
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn cuts_are_exactly_those_of_the_gold() {
    let (documents, _) = corpus();
    let mut differences = vec![];
    for row in gold("cuts.jsonl") {
        let id = text(&row, "document");
        let document = documents.iter().find(|document| document.id == id);
        let Some(document) = document else {
            differences.push(format!("{id} was not read"));
            continue;
        };
        let expected: Vec<(String, String)> = row["cuts"]
            .as_array()
            .unwrap()
            .iter()
            // The gold quotes Markdown with its markup, the document's text has none.
            .map(|cut| (text(cut, "text").replace('*', ""), text(cut, "reason").to_owned()))
            .collect();
        let found: Vec<(String, String)> = document
            .cuts
            .iter()
            .map(|cut| (cut.text.clone(), cut.reason.as_str().to_owned()))
            .collect();
        for cut in found.iter().filter(|cut| !expected.contains(cut)) {
            differences.push(format!("{id}: should not be cut: {cut:?}"));
        }
        for cut in expected.iter().filter(|cut| !found.contains(cut)) {
            differences.push(format!("{id}: should be cut: {cut:?}"));
        }
    }
    assert_none(&differences);
}

#[test]
fn metadata_are_those_of_the_gold() {
    let (documents, _) = corpus();
    let rows = gold("documents.jsonl");
    let mut differences = vec![];
    for row in &rows {
        let id = text(row, "document");
        let Some(document) = documents.iter().find(|document| document.id == id) else {
            differences.push(format!("{id} was not read"));
            continue;
        };
        let authors: Vec<&str> =
            row["authors"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let pairs = [
            (document.kind.as_str().to_owned(), text(row, "kind").to_owned()),
            (format!("{:?}", document.outlet), format!("{:?}", row["outlet"].as_str())),
            (document.authors.join("; "), authors.join("; ")),
            (format!("{:?}", document.title), format!("{:?}", row["title"].as_str())),
            (format!("{:?}", document.language), format!("{:?}", row["language"].as_str())),
        ];
        for (found, expected) in pairs {
            if found != expected {
                let reason = &document.kind_reason;
                differences.push(format!("{id}: {found} should be {expected} ({reason})"));
            }
        }
    }
    let extra = documents.len().abs_diff(rows.len());
    if extra > 0 {
        differences.push(format!("{} documents, {} in the gold", documents.len(), rows.len()));
    }
    assert_none(&differences);
}

#[test]
fn pieces_are_those_of_the_gold() {
    let (documents, _) = corpus();
    let sketches: Vec<Sketch> = documents.iter().map(Sketch::of).collect();
    let groups =
        group(&sketches, |at| Ok::<_, std::convert::Infallible>(shingles(&documents[at]))).unwrap();
    let found: BTreeMap<&str, Vec<&str>> = groups
        .pieces
        .iter()
        .filter(|piece| piece.len() > 1)
        .map(|piece| {
            let mut ids: Vec<&str> = piece.iter().map(|&at| documents[at].id.as_str()).collect();
            ids.sort_unstable();
            (ids[0], ids)
        })
        .collect();
    let rows = gold("pieces.jsonl");
    let expected: BTreeMap<&str, Vec<&str>> = rows
        .iter()
        .map(|row| {
            let ids = row["documents"].as_array().unwrap();
            let mut ids: Vec<&str> = ids.iter().map(|id| id.as_str().unwrap()).collect();
            ids.sort_unstable();
            (ids[0], ids)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_broken_on_purpose_fails_alone() {
    let (_, failures) = corpus();
    let shown: Vec<String> = failures.iter().map(Failure::to_string).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].starts_with("broken/empty.txt: empty: "), "{shown:?}");
    assert!(shown[1].starts_with("broken/half-a-feed.jsonl:2: not a JSON object: "), "{shown:?}");
}

#[test]
fn the_evidence_of_the_gold_stands_in_whole_passages() {
    let (documents, _) = corpus();
    let flat = |text: &str| {
        let plain = text.replace(['*', '_'], "");
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mut differences = vec![];
    for row in gold("stances.jsonl") {
        let id = text(&row, "document");
        let document = documents.iter().find(|document| document.id == id).unwrap();
        let spans: Vec<_> = passages(document).into_iter().map(|passage| passage.span).collect();
        for evidence in row["evidence"].as_array().unwrap() {
            let evidence = flat(evidence.as_str().unwrap());
            // One or more passages that follow each other; the first may begin before a colon.
            let whole = (0..spans.len()).any(|first| {
                (first..spans.len().min(first + 12)).any(|last| {
                    let words = flat(&document.text[spans[first].start..spans[last].end]);
                    let before = words.strip_suffix(&evidence).map(str::trim_end);
                    before.is_some_and(|before| before.is_empty() || before.ends_with(':'))
                })
            });
            if !whole {
                differences.push(format!("{id}: no whole passages: {evidence}"));
            }
        }
    }
    assert_none(&differences);
}
