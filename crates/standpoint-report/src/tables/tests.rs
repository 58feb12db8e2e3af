use super::*;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use arrow_array::{Array, Int64Array, ListArray, StringArray, cast::AsArray};
use proptest::prelude::*;
use standpoint_core::{CutReason, Kind, Span, Voice};

fn document(id: &str, title: Option<&str>, text: &str) -> DocumentRow {
    DocumentRow {
        document: id.into(),
        piece: "a".into(),
        representative: id == "a",
        path: "feed.jsonl".into(),
        row: Some(3),
        title: title.map(str::to_owned),
        authors: vec!["A. Trevane".into(), "B. Oduin".into()],
        outlet: None,
        url: None,
        published: Some("2026-03-01".into()),
        language: Some("en".into()),
        kind: Kind::OpEd,
        kind_reason: "a byline".into(),
        scored: true,
        not_scored_reason: None,
        passages: 2,
        truncated_tokens: 0,
        cuts: vec![CutCell { start: 0, end: 2, reason: CutReason::Byline, text: "By".into() }],
        rights: Some("© The Ledger".into()),
        notes: vec!["2 NUL characters left out".into()],
        text: text.into(),
    }
}

fn evidence(favor: f32, text: &str) -> EvidenceRow {
    EvidenceRow {
        document: "a".into(),
        holder_kind: "author".into(),
        holder: "author".into(),
        target: "levy".into(),
        rank: 1,
        start: 0,
        end: text.len(),
        voice: Voice::Own,
        named: None,
        mention_start: Some(0),
        mention_end: Some(3),
        cue_start: None,
        cue_end: None,
        content: vec![Span::new(4, 9)],
        favor,
        against: 1.0 - favor,
        neutral: 0.0,
        weight: 1.0,
        text: text.into(),
    }
}

/// Writes rows in slices of a size and returns the folder.
fn written(documents: &[DocumentRow], slice: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = Tables::create(dir.path()).unwrap();
    documents.chunks(slice).for_each(|rows| tables.documents(rows).unwrap());
    tables.finish().unwrap();
    dir
}

#[test]
fn parquet_reads_back() {
    let rows = [document("a", Some("On levies"), "The levy."), document("b", None, "")];
    let dir = written(&rows, 1);
    let file = File::open(dir.path().join("documents.parquet")).unwrap();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batch = batches.next().unwrap().unwrap();
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    let columns: Vec<_> = DocumentRow::COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!(names, columns);
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let title: StringArray = text("title");
    assert_eq!((title.value(0), title.is_null(1)), ("On levies", true));
    assert_eq!(text("kind").value(0), "op-ed");
    let cuts = r#"[{"start":0,"end":2,"reason":"byline","text":"By"}]"#;
    assert_eq!(text("cuts").value(0), cuts);
    let row = batch.column_by_name("row").unwrap();
    assert_eq!(row.as_any().downcast_ref::<Int64Array>().unwrap().value(1), 3);
    let authors = batch.column_by_name("authors").unwrap();
    let authors = authors.as_any().downcast_ref::<ListArray>().unwrap().value(0);
    assert_eq!(
        authors.as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
        ["A. Trevane", "B. Oduin"]
    );
}

#[test]
fn parquet_holds_neither_a_version_nor_a_schema_of_the_library() {
    let dir = written(&[document("a", None, "x")], 1);
    let file = File::open(dir.path().join("documents.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().file_metadata();
    assert_eq!(metadata.created_by(), Some("standpoint"));
    assert_eq!(metadata.key_value_metadata(), None);
}

#[test]
fn row_groups_close_by_size_whatever_the_slices() {
    let text = "x".repeat(1 << 20);
    let rows: Vec<_> = (0..70).map(|i| document(&i.to_string(), None, &text)).collect();
    let bytes = |slice| {
        let dir = written(&rows, slice);
        std::fs::read(dir.path().join("documents.parquet")).unwrap()
    };
    let (by_one, at_once) = (bytes(1), bytes(70));
    assert!(by_one == at_once, "the bytes depend on the slices");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    std::fs::write(&path, by_one).unwrap();
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let groups = reader.metadata().row_groups();
    assert_eq!(groups.iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [64, 6]);
}

#[test]
fn an_empty_table_has_its_header() {
    let dir = written(&[], 1);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("pieces.csv"), "piece,document,placement,outlet,published\r\n");
    assert_eq!(read("pieces.jsonl"), "");
    let file = File::open(dir.path().join("pieces.parquet")).unwrap();
    assert_eq!(SerializedFileReader::new(file).unwrap().metadata().file_metadata().num_rows(), 0);
}

#[test]
fn no_text_cell_of_csv_is_a_formula() {
    let dir = tempfile::tempdir().unwrap();
    let mut tables = Tables::create(dir.path()).unwrap();
    let texts = ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "a=1", "", "'=1", "'a"];
    let mut rows: Vec<_> = texts.iter().map(|text| evidence(0.1, text)).collect();
    rows[0].weight = -0.5;
    tables.evidence(&rows).unwrap();
    tables.finish().unwrap();
    let mut reader = ::csv::Reader::from_path(dir.path().join("evidence.csv")).unwrap();
    let cells: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    let text: Vec<_> = cells.iter().map(|row| &row[18]).collect();
    assert_eq!(text, ["'=1+1", "'+1", "'-1", "'@A1", "'\tx", "'\rx", "a=1", "", "''=1", "'a"]);
    assert_eq!(&cells[0][17], "-0.5", "numbers are left alone");
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let error = Tables::create(Path::new("no/such/folder")).err().unwrap().to_string();
    assert!(error.starts_with("cannot write no/such/folder/documents.parquet: "), "{error}");
}

#[test]
fn every_column_is_described() {
    let page = dictionary();
    for name in [
        "documents", "passages", "pieces", "stances", "evidence", "holders", "aggregates",
        "trends", "statements", "changes", "corrected",
    ] {
        assert!(page.contains(&format!("## {name}\n")), "{name}");
    }
    assert!(page.contains("| confidence | real | The largest of the three probabilities. |"));
    assert!(!page.contains("|  |"), "a column without a meaning");
}

proptest! {
    /// Any text and any probability comes back from CSV and JSON Lines as it was.
    #[test]
    fn rows_come_back(favor in 0.0f32..=1.0, text in any::<String>()) {
        let row = evidence(favor, &text);
        let dir = tempfile::tempdir().unwrap();
        let mut tables = Tables::create(dir.path()).unwrap();
        tables.evidence(std::slice::from_ref(&row)).unwrap();
        tables.finish().unwrap();
        let json = std::fs::read_to_string(dir.path().join("evidence.jsonl")).unwrap();
        prop_assert_eq!(&serde_json::from_str::<EvidenceRow>(&json).unwrap(), &row);
        let mut reader = ::csv::Reader::from_path(dir.path().join("evidence.csv")).unwrap();
        let cells = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(cells[14].parse::<f32>().unwrap(), favor);
        let is_guarded = |cell: &str| {
            cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
        };
        let shown = cells[18].strip_prefix('\'').filter(|rest| is_guarded(rest));
        prop_assert_eq!(shown.unwrap_or(&cells[18]), &text);
    }
}
