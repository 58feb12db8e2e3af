//! The outputs of an invented run, compared byte by byte with files under `tests/golden`.
//!
//! After a change that is meant, run with `STANDPOINT_BLESS=1` and read the difference.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

#[path = "sample/many.rs"]
mod many;
mod sample;

use standpoint_core::{Span, Voice};
use standpoint_report::{
    evaluation::read_records,
    html::render,
    tables::{
        DocumentRow, EvidenceRow, HolderRow, PassageRow, PieceRow, Reading, StanceRow, Tables,
    },
};
use std::path::Path;

fn check(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("STANDPOINT_BLESS").is_some() {
        std::fs::write(&path, bytes).unwrap();
    }
    let golden = std::fs::read(&path).unwrap_or_default();
    if golden != bytes {
        let (golden, now) = (String::from_utf8_lossy(&golden), String::from_utf8_lossy(bytes));
        let differs = golden.lines().zip(now.lines()).find(|(a, b)| a != b);
        panic!("{name} is not as it was (see STANDPOINT_BLESS in this file): {differs:#?}");
    }
}

/// Writes the first pieces of the sample as tables.
fn write_tables(dir: &Path) {
    let mut tables = Tables::create(dir).unwrap();
    for sample::Sampled { piece, documents } in &sample::pieces()[..3] {
        for (index, (document, records)) in documents.iter().enumerate() {
            let reading = Reading { passages: document.body().count(), ..Reading::default() };
            tables.documents(&[DocumentRow::of(document, &piece.id, reading)]).unwrap();
            tables.pieces(&[PieceRow::of(piece, index, document)]).unwrap();
            let passage = |(passage, span): (usize, Span)| PassageRow {
                document: document.id.clone(),
                passage,
                paragraph: 0,
                start: span.start,
                end: span.end,
                voice: Some(Voice::Own),
                actor: None,
            };
            let passages: Vec<_> = document.body().enumerate().map(passage).collect();
            tables.passages(&passages).unwrap();
            for record in records {
                tables.stances(&[StanceRow::of(record, document)]).unwrap();
                tables.evidence(&EvidenceRow::of(record).collect::<Vec<_>>()).unwrap();
            }
        }
    }
    let holder = HolderRow {
        holder: "Ilse Maron".into(),
        variant: "Ilse Maron".into(),
        rule: None,
        merged_with: None,
        witnesses: None,
        pieces: 2,
        documents: 3,
        evidence: 2,
    };
    let merged = HolderRow {
        variant: "Maron".into(),
        rule: Some("surname".into()),
        merged_with: Some("Ilse Maron".into()),
        witnesses: Some(2),
        ..holder.clone()
    };
    tables.holders(&[holder, merged]).unwrap();
    tables.finish().unwrap();
}

#[test]
fn tables_are_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    write_tables(dir.path());
    for table in ["documents", "passages", "pieces", "stances", "evidence", "holders"] {
        for extension in ["csv", "jsonl"] {
            let name = format!("{table}.{extension}");
            check(&name, &std::fs::read(dir.path().join(&name)).unwrap());
        }
    }
}

#[test]
fn records_come_back_from_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    write_tables(dir.path());
    let pieces = sample::pieces();
    let documents = pieces[..3].iter().flat_map(|sampled| &sampled.documents);
    let records: Vec<_> = documents.flat_map(|(_, records)| records.clone()).collect();
    assert_eq!(read_records(dir.path()).unwrap(), records);
}

#[test]
fn the_report_is_as_it_was() {
    let mut html = Vec::new();
    render(sample::report(), &mut html).unwrap();
    let html = String::from_utf8(html).unwrap();
    // Without the style sheet, the script and their hashes, which have tests of their own.
    let html = without(&html, " content=\"default-src", "\">");
    let html = without(&without(&html, "<style>", "</style>"), "<script>", "</script>");
    check("report.html", html.replace("><", ">\n<").as_bytes());
}

#[test]
fn ten_thousand_records_take_less_than_three_megabytes() {
    let mut html = Vec::new();
    render(many::report(10_000), &mut html).unwrap();
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    assert!(html.len() > 1_000_000, "the evidence is there: {} bytes", html.len());
}

/// The text without what stands between two others.
fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    let (_, after) = rest.split_once(to).unwrap();
    format!("{before}{from}{to}{after}")
}
