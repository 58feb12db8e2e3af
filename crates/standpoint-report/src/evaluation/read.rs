use super::GoldRecord;
use crate::tables::{EvidenceRow, Row, StanceRow};
use serde::de::DeserializeOwned;
use standpoint_core::{Evidence, Holder, Probabilities, Record, Span};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is missing or unreadable.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not what the file should hold.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Reads gold: one JSON object a line, as [`GoldRecord`]; empty lines are skipped.
///
/// # Errors
/// [`ReadError`], with the line.
pub fn read_gold(path: &Path) -> Result<Vec<GoldRecord>, ReadError> {
    let mut gold = Vec::new();
    read_lines(path, |record| {
        gold.push(record);
        Ok(())
    })?;
    Ok(gold)
}

/// Reads the records of a run from its `stances.jsonl` and `evidence.jsonl`, in their order.
///
/// # Errors
/// [`ReadError`], with the line; also where a piece of evidence belongs to no record.
pub fn read_records(run: &Path) -> Result<Vec<Record>, ReadError> {
    let mut records: Vec<Record> = Vec::new();
    let mut places: BTreeMap<(String, Holder, String), usize> = BTreeMap::new();
    read_lines(&jsonl::<StanceRow>(run), |row: StanceRow| {
        let holder = holder(&row.holder_kind, row.holder)?;
        let key = (row.document.clone(), holder.clone(), row.target.clone());
        places.insert(key, records.len());
        records.push(Record {
            document: row.document,
            piece: row.piece,
            holder,
            target: row.target,
            stance: row.stance,
            probabilities: Probabilities::new(row.favor, row.against, row.neutral),
            passages: row.passages,
            evidence: Vec::with_capacity(row.evidence),
        });
        Ok(())
    })?;
    read_lines(&jsonl::<EvidenceRow>(run), |row: EvidenceRow| {
        let key = (row.document, holder(&row.holder_kind, row.holder)?, row.target);
        let record = places.get(&key).and_then(|&place| records.get_mut(place));
        let record = record.ok_or_else(|| {
            format!("evidence of no record: {} on {} in {}", key.1.name(), key.2, key.0)
        })?;
        record.evidence.push(Evidence {
            span: Span::new(row.start, row.end),
            text: row.text,
            voice: row.voice,
            probabilities: Probabilities::new(row.favor, row.against, row.neutral),
            weight: row.weight,
        });
        Ok(())
    })?;
    Ok(records)
}

pub(crate) fn jsonl<R: Row>(run: &Path) -> PathBuf {
    run.join(R::TABLE).with_extension("jsonl")
}

fn holder(kind: &str, name: String) -> Result<Holder, String> {
    match kind {
        "author" => Ok(Holder::Author),
        "actor" => Ok(Holder::Actor(name)),
        _ => Err(format!("holder_kind is {kind:?}, not author or actor")),
    }
}

/// Parses a file line by line, so that no more than a line is held.
pub(crate) fn read_lines<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T) -> Result<(), String>,
) -> Result<(), ReadError> {
    let unreadable = |source| ReadError::Io { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if file.read_line(&mut line).map_err(unreadable)? == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        let parsed = serde_json::from_str(&line).map_err(|error| error.to_string());
        parsed.and_then(&mut take).map_err(|reason| ReadError::Line {
            path: path.to_owned(),
            line: number,
            reason,
        })?;
    }
    Ok(())
}
