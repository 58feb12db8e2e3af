//! A run read back from the folder that it left.

use crate::aggregates::Placement;
use crate::evaluation::{GoldRecord, ReadError, jsonl, read_gold, read_lines, read_records};
use crate::manifest::Manifest;
use crate::tables::DocumentRow;
use standpoint_core::{Cut, Failure, Record, Stance};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The file of the labels that a run was compared with, if there were any.
pub const GOLD: &str = "gold.jsonl";

/// The file of the aliases that a run was given, if it was given any.
pub const ALIASES: &str = "aliases.csv";

/// What a run's folder holds, but for its passages, and the texts of its documents unless asked for.
#[derive(Debug, Clone)]
pub struct RunFolder {
    /// What `run.json` says.
    pub manifest: Manifest,
    /// The documents in the order of reading, each with its records.
    documents: Vec<(DocumentRow, Vec<Record>)>,
    /// The cuts of each document; empty where texts were not asked for.
    cuts: Vec<Vec<Cut>>,
    /// Inputs that could not be read.
    pub failures: Vec<Failure>,
    /// Labels that the run was compared with.
    pub gold: Vec<GoldRecord>,
}

impl RunFolder {
    /// Reads `run.json`, `documents.jsonl`, `stances.jsonl`, `evidence.jsonl`, `errors.jsonl`
    /// and `gold.jsonl`.
    ///
    /// With `since` (`YYYY-MM-DD`) documents published before that day, or on nobody knows what day,
    /// are left out, and of a piece that some of its placements are older than, the others remain.
    /// The counts of documents, pieces and records are then of what is left, and the setting `since`
    /// says so; what was cut, truncated or not readable is that of the whole run.
    ///
    /// Only the report's page needs the documents' texts, which are most of a run: without `texts` they
    /// and their cuts are left empty.
    ///
    /// # Errors
    /// [`ReadError`], with the file and line. A folder without `run.json` is no finished run.
    pub fn read(run: &Path, since: Option<&str>, texts: bool) -> Result<Self, ReadError> {
        let mut manifest = Manifest::read(&run.join("run.json"))?;
        let mut documents: Vec<(DocumentRow, Vec<Record>)> = Vec::new();
        let mut cuts = Vec::new();
        read_lines(&jsonl::<DocumentRow>(run), |mut row: DocumentRow| {
            let recent = since.is_none_or(|day| row.published.as_deref() >= Some(day));
            if recent {
                if !texts {
                    row.text = String::new();
                    row.cuts = Vec::new();
                }
                cuts.push(row.cuts.drain(..).map(Cut::from).collect());
                documents.push((row, Vec::new()));
            }
            Ok(())
        })?;
        let places: BTreeMap<String, usize> = documents
            .iter()
            .enumerate()
            .map(|(place, (row, _))| (row.document.clone(), place))
            .collect();
        for record in read_records(run)? {
            if let Some(&place) = places.get(&record.document) {
                documents[place].1.push(record);
            }
        }
        let mut failures = Vec::new();
        let errors = run.join("errors.jsonl");
        if errors.exists() {
            read_lines(&errors, |failure: Failure| {
                failures.push(failure);
                Ok(())
            })?;
        }
        let gold = run.join(GOLD);
        let gold = if gold.exists() { read_gold(&gold)? } else { Vec::new() };
        if let Some(day) = since {
            let records = || documents.iter().flat_map(|(_, records)| records);
            let pieces: BTreeSet<&str> =
                documents.iter().map(|(row, _)| row.piece.as_str()).collect();
            let abstained = records().filter(|record| record.stance == Stance::Abstained).count();
            let summary = &mut manifest.summary;
            summary.documents = documents.len() as u64;
            summary.placements = documents.len() as u64;
            summary.pieces = pieces.len() as u64;
            summary.records = records().count() as u64;
            summary.abstained = abstained as u64;
            summary.settings.insert("since".to_owned(), day.to_owned());
        }
        Ok(Self { manifest, documents, cuts, failures, gold })
    }

    /// The documents with their records, in the order of reading; their `cuts` are empty.
    pub fn documents(&self) -> impl Iterator<Item = (&DocumentRow, &[Record])> {
        self.documents.iter().map(|(row, records)| (row, records.as_slice()))
    }

    /// The pieces, each with all its placements, in the order in which their first one was read.
    pub fn pieces(&self) -> Vec<Vec<Placement<'_>>> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut pieces: Vec<Vec<Placement<'_>>> = Vec::new();
        for ((row, records), cuts) in self.documents().zip(&self.cuts) {
            let place = *places.entry(&row.piece).or_insert(pieces.len());
            if place == pieces.len() {
                pieces.push(Vec::new());
            }
            pieces[place].push(Placement {
                document: &row.document,
                title: row.title.as_deref(),
                authors: &row.authors,
                outlet: row.outlet.as_deref(),
                url: row.url.as_deref(),
                published: row.published.as_deref(),
                language: row.language.as_deref(),
                kind: row.kind,
                text: &row.text,
                cuts,
                rights: row.rights.as_deref(),
                notes: &row.notes,
                records,
            });
        }
        pieces
    }

    /// How a target is called in words; its id if the run does not know it.
    pub fn target_text<'a>(&'a self, id: &'a str) -> &'a str {
        let target = self.manifest.targets.iter().find(|target| target.id == id);
        target.map_or(id, |target| &target.text)
    }
}

/// The texts of some documents of a run, by their ids.
///
/// # Errors
/// [`ReadError`], with the line.
pub fn read_texts(
    run: &Path,
    documents: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, ReadError> {
    let mut texts = BTreeMap::new();
    read_lines(&jsonl::<DocumentRow>(run), |row: DocumentRow| {
        if documents.contains(row.document.as_str()) {
            texts.insert(row.document, row.text);
        }
        Ok(())
    })?;
    Ok(texts)
}
