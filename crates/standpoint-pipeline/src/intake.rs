//! Reading: from inputs to documents with passages, in parallel and in order.

use crate::PipelineError;
use rayon::prelude::*;
use standpoint_core::{Document, Failure, Passage};
use standpoint_ingest::{
    Fields, Input, Listing, MOST_PASSAGES, Raw, Reader, Sketch, discover, open, prepare,
};
use standpoint_report::manifest::InputFile;
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
    pool.install(|| read_files(&listing, &corpus.fields, |item| Ok(sink(item)?)))?;
    Ok(())
}

/// Reads the files of a listing in order, cleans and segments their documents in parallel, and hands each to
/// `sink` in the order of reading. Returns what became of each file.
pub(crate) fn read_files(
    listing: &Listing,
    fields: &Fields,
    mut sink: impl FnMut(Result<Intake, Failure>) -> Result<(), PipelineError> + Send,
) -> Result<Vec<InputFile>, PipelineError> {
    for failure in &listing.failures {
        sink(Err(failure.clone()))?;
    }
    let mut ids = HashSet::new();
    let mut files = Files { inputs: &listing.files, fields, open: None, read: Vec::new() };
    let mut counts = vec![(0, 0); listing.files.len()];
    let mut chunk = next_chunk(&mut files);
    while !chunk.is_empty() {
        // The next chunk is read while the threads work on this one.
        let prepare =
            |(file, raw): (usize, Result<Raw, Failure>)| (file, raw.and_then(prepare_one));
        let (following, prepared) = rayon::join(
            || next_chunk(&mut files),
            || chunk.into_par_iter().map(prepare).collect::<Vec<_>>(),
        );
        for (file, mut item) in prepared {
            let (documents, failed) = &mut counts[file];
            match &mut item {
                Ok(intake) => {
                    *documents += 1;
                    make_unique(&mut ids, &mut intake.document);
                }
                Err(_) => *failed += 1,
            }
            sink(item)?;
        }
        chunk = following;
    }
    let counted = files.read.into_iter().zip(counts);
    Ok(counted.map(|(file, (documents, failed))| InputFile { documents, failed, ..file }).collect())
}

/// The files of a listing, one after the other: their raw documents, each with its file's place in the
/// listing.
struct Files<'a> {
    inputs: &'a [Input],
    fields: &'a Fields,
    open: Option<Reader>,
    /// The files that were opened; of the last one it is not known yet what is skipped in it.
    read: Vec<InputFile>,
}

impl Iterator for Files<'_> {
    type Item = (usize, Result<Raw, Failure>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(reader) = &mut self.open {
                let last = self.read.last_mut()?;
                if let Some(raw) = reader.next() {
                    return Some((self.read.len() - 1, raw));
                }
                let skipped = reader.skipped();
                (last.skipped, last.skipped_names) = (skipped.count, skipped.first);
                self.open = None;
            }
            let input = self.inputs.get(self.read.len())?;
            let path = input.path.to_string_lossy().into_owned();
            self.read.push(InputFile { path, ..InputFile::default() });
            match open(input, self.fields) {
                Ok(reader) => self.open = Some(reader),
                Err(failure) => return Some((self.read.len() - 1, Err(failure))),
            }
        }
    }
}

fn next_chunk(files: &mut Files<'_>) -> Vec<(usize, Result<Raw, Failure>)> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK_DOCUMENTS && bytes < CHUNK_BYTES {
        let Some((file, raw)) = files.next() else { break };
        bytes += raw.as_ref().map_or(0, |raw| raw.content.len());
        chunk.push((file, raw));
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
