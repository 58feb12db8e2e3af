//! Reading: from inputs to documents with passages, in parallel and in order.

use crate::PipelineError;
use rayon::prelude::*;
use standpoint_core::{Document, Failure, Passage};
use standpoint_ingest::{Fields, Listing, MOST_PASSAGES, Raw, Sketch, discover, open, prepare};
use std::collections::HashSet;
use std::path::PathBuf;

/// How many documents, or bytes of them, are held at once between reader and threads.
const CHUNK_DOCUMENTS: usize = 512;
const CHUNK_BYTES: usize = 32 << 20;

/// What to read and how.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Files and folders; `-` is JSONL from stdin.
    pub inputs: Vec<PathBuf>,
    /// How columns and fields are mapped.
    pub fields: Fields,
}

/// A document as it comes out of reading.
#[derive(Debug, Clone)]
pub struct Intake {
    /// The document; its id is unique in the run.
    pub document: Document,
    /// Its sentences.
    pub passages: Vec<Passage>,
    /// What its piece is found by.
    pub sketch: Sketch,
}

/// Reads a corpus on `threads` threads (0 for one per processor) and hands each document to `sink`
/// in the order of reading, whatever the number of threads.
///
/// # Errors
/// If an input does not exist or is not read, or as `sink` says. A document that cannot be read is
/// no error: it is handed to `sink` as a [`Failure`].
pub fn intake(
    corpus: &Corpus,
    threads: usize,
    mut sink: impl FnMut(Result<Intake, Failure>) -> std::io::Result<()> + Send,
) -> Result<(), PipelineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let listing = discover(&corpus.inputs)?;
    pool.install(|| read_files(&listing, &corpus.fields, |item| Ok(sink(item)?)))
}

/// Reads the files of a listing in order, cleans and segments their documents in parallel, and hands each to
/// `sink` in the order of reading.
pub(crate) fn read_files(
    listing: &Listing,
    fields: &Fields,
    mut sink: impl FnMut(Result<Intake, Failure>) -> Result<(), PipelineError> + Send,
) -> Result<(), PipelineError> {
    for failure in &listing.failures {
        sink(Err(failure.clone()))?;
    }
    let mut ids = HashSet::new();
    let mut raws = listing.files.iter().flat_map(|file| {
        let (reader, failure) = match open(file, fields) {
            Ok(reader) => (Some(reader), None),
            Err(failure) => (None, Some(Err(failure))),
        };
        failure.into_iter().chain(reader.into_iter().flatten())
    });
    let mut chunk = next_chunk(&mut raws);
    while !chunk.is_empty() {
        // The next chunk is read while the threads work on this one.
        let (following, prepared) = rayon::join(
            || next_chunk(&mut raws),
            || chunk.into_par_iter().map(|raw| raw.and_then(prepare_one)).collect::<Vec<_>>(),
        );
        for mut item in prepared {
            if let Ok(intake) = &mut item {
                make_unique(&mut ids, &mut intake.document);
            }
            sink(item)?;
        }
        chunk = following;
    }
    Ok(())
}

fn next_chunk(raws: &mut impl Iterator<Item = Result<Raw, Failure>>) -> Vec<Result<Raw, Failure>> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK_DOCUMENTS && bytes < CHUNK_BYTES {
        let Some(raw) = raws.next() else { break };
        bytes += raw.as_ref().map_or(0, |raw| raw.content.len());
        chunk.push(raw);
    }
    chunk
}

fn prepare_one(raw: Raw) -> Result<Intake, Failure> {
    let document = prepare(raw)?;
    let passages = standpoint_ingest::passages(&document);
    if passages.len() > MOST_PASSAGES {
        let reason = format!("it has more than {MOST_PASSAGES} sentences; split it into documents");
        return Err(Failure { at: document.source, reason });
    }
    let sketch = Sketch::of(&document);
    Ok(Intake { document, passages, sketch })
}

/// A second document with an id that was met before gets its source added to it, so that no record
/// can be taken for another's.
fn make_unique(ids: &mut HashSet<blake3::Hash>, document: &mut Document) {
    while !ids.insert(blake3::hash(document.id.as_bytes())) {
        let id = format!("{} ({})", document.id, document.source);
        tracing::warn!(id = document.id, renamed = id, "two documents have one id");
        document.id = id;
    }
}
