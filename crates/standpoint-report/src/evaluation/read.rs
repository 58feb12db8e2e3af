use super::GoldRecord;
use crate::tables::{EvidenceRow, Row, StanceRow};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use standpoint_core::{Attribution, Evidence, Holder, Probabilities, Record, Span};
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
            named: row.named,
            mention: span(row.mention_start, row.mention_end),
            cue: span(row.cue_start, row.cue_end),
            content: row.content,
            probabilities: Probabilities::new(row.favor, row.against, row.neutral),
            weight: row.weight,
        });
        Ok(())
    })?;
    Ok(records)
}

fn span(start: Option<usize>, end: Option<usize>) -> Option<Span> {
    Some(Span::new(start?, end?))
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

/// A paragraph, and what it attributes to whom.
pub type TaggedParagraph = (String, Vec<Attribution>);

/// A line of a file.
#[derive(Deserialize)]
struct Article {
    text: String,
    attributions: Vec<Marked>,
}

/// Offsets count characters.
#[derive(Deserialize)]
struct Marked {
    #[serde(default)]
    source: Vec<Mark>,
    #[serde(default)]
    cue: Vec<Mark>,
    #[serde(default)]
    content: Vec<Mark>,
}

#[derive(Deserialize)]
struct Mark {
    spans: Vec<(usize, usize)>,
}

/// Reads articles with attributions: one JSON object a line with `text` and `attributions`, each with
/// the `spans` (in characters of the text) of its `source`, `cue` and `content`.
///
/// Gives the articles' paragraphs with the attributions in them, and how many attributions were left
/// out, since they lie in no one paragraph or have no cue or content.
///
/// # Errors
/// [`ReadError`], with the line.
pub fn read_attributions(path: &Path) -> Result<(Vec<TaggedParagraph>, usize), ReadError> {
    let (mut paragraphs, mut left_out) = (Vec::new(), 0);
    read_lines(path, |article: Article| {
        left_out += article.paragraphs(&mut paragraphs);
        Ok(())
    })?;
    Ok((paragraphs, left_out))
}

impl Article {
    /// Adds the article's paragraphs; how many attributions were left out.
    fn paragraphs(&self, paragraphs: &mut Vec<TaggedParagraph>) -> usize {
        let bytes: Vec<usize> = self.text.char_indices().map(|(at, _)| at).collect();
        let byte = |char: usize| bytes.get(char).copied().unwrap_or(self.text.len());
        let spans = |marks: &[Mark]| -> Vec<Span> {
            let spans = marks.iter().flat_map(|mark| &mark.spans);
            let spans = spans.map(|&(start, end)| Span::new(byte(start), byte(end)));
            let mut spans: Vec<Span> = spans.filter(|span| !span.is_empty()).collect();
            spans.sort_unstable();
            spans
        };
        let mut left_out = 0;
        let mut rest: Vec<Attribution> = Vec::new();
        for marked in &self.attributions {
            let (source, content) = (spans(&marked.source), spans(&marked.content));
            match (spans(&marked.cue)[..].first(), content.is_empty()) {
                (Some(&cue), false) => rest.push(Attribution { source, cue, content }),
                _ => left_out += 1,
            }
        }
        let mut start = 0;
        for paragraph in self.text.split('\n') {
            let whole = Span::new(start, start + paragraph.len());
            start += paragraph.len() + 1;
            let inside = |a: &Attribution| {
                a.source.iter().chain(&a.content).chain([&a.cue]).all(|span| whole.contains(*span))
            };
            let (here, elsewhere): (Vec<_>, Vec<_>) = rest.into_iter().partition(inside);
            rest = elsewhere;
            if paragraph.trim().is_empty() {
                continue;
            }
            let moved = |span: Span| Span::new(span.start - whole.start, span.end - whole.start);
            let mut here: Vec<Attribution> = here
                .into_iter()
                .map(|a| Attribution {
                    source: a.source.into_iter().map(moved).collect(),
                    cue: moved(a.cue),
                    content: a.content.into_iter().map(moved).collect(),
                })
                .collect();
            here.sort_by_key(|a| a.cue);
            paragraphs.push((paragraph.to_owned(), here));
        }
        left_out + rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_keeps_its_attributions_by_bytes_and_those_over_two_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let text = "É: “Good,” we say.\nNot a levy.";
        let mark = |start, end| serde_json::json!([{ "spans": [[start, end]], "text": "" }]);
        let article = serde_json::json!({ "text": text, "attributions": [
            { "source": mark(11, 13), "cue": mark(14, 17), "content": mark(3, 10) },
            { "source": mark(0, 1), "cue": mark(14, 17), "content": mark(19, 22) },
            { "source": mark(0, 1), "cue": mark(22, 2), "content": mark(19, 22) },
        ] });
        std::fs::write(&path, article.to_string()).unwrap();
        let (paragraphs, left_out) = read_attributions(&path).unwrap();
        assert_eq!((paragraphs.len(), left_out), (2, 2));
        let (text, attributions) = &paragraphs[0];
        let of = |span: Span| span.of(text).unwrap();
        let [a] = &attributions[..] else { panic!("one attribution") };
        assert_eq!((of(a.source[0]), of(a.cue), of(a.content[0])), ("we", "say", "“Good,”"));
    }
}
