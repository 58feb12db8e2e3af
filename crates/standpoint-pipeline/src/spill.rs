//! The documents of a run on disk, between reading and scoring.
//!
//! Pieces are known only when the last document was read, and by then the corpus may be larger than
//! memory. So every document is appended to one file as it is read, and memory keeps where each one
//! begins. The file is made anew by every run: reading is cheap beside scoring, and a run that
//! starts from its inputs cannot start from half of them.

use crate::PipelineError;
use serde::{Deserialize, Serialize};
use standpoint_core::{Document, Passage};
use standpoint_ingest::FolderOutlets;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// How many passages are held and scored together.
const WINDOW_PASSAGES: usize = 8192;

/// A document with its passages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spilled {
    pub(crate) document: Document,
    pub(crate) passages: Vec<Passage>,
}

/// Writes documents one after the other.
pub(crate) struct SpillWriter {
    path: PathBuf,
    file: BufWriter<File>,
    starts: Vec<u64>,
    end: u64,
    outlets: FolderOutlets,
}

impl SpillWriter {
    pub(crate) fn create(path: &Path) -> Result<SpillWriter, PipelineError> {
        let file = File::create(path).map_err(PipelineError::io(path))?;
        Ok(SpillWriter {
            path: path.to_owned(),
            file: BufWriter::new(file),
            starts: vec![],
            end: 0,
            outlets: FolderOutlets::default(),
        })
    }

    pub(crate) fn push(&mut self, spilled: &Spilled) -> Result<(), PipelineError> {
        let io = |error: std::io::Error| PipelineError::io(&self.path)(error);
        self.outlets.note(&spilled.document);
        let line = serde_json::to_vec(spilled).map_err(|error| io(error.into()))?;
        self.file.write_all(&line).map_err(io)?;
        self.starts.push(self.end);
        self.end += line.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Spill, PipelineError> {
        let SpillWriter { path, file, mut starts, end, outlets } = self;
        file.into_inner().map_err(|error| PipelineError::io(&path)(error.into_error()))?;
        let file = File::open(&path).map_err(PipelineError::io(&path))?;
        starts.push(end);
        Ok(Spill { path, file: BufReader::new(file), starts, outlets })
    }
}

/// Reads them back, in any order; fastest in the order in which they were written.
pub(crate) struct Spill {
    path: PathBuf,
    file: BufReader<File>,
    starts: Vec<u64>,
    outlets: FolderOutlets,
}

impl Spill {
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The next of the documents that `indices` name, as many as are held at once; none when there are no
    /// more.
    pub(crate) fn window(
        &mut self,
        indices: &mut impl Iterator<Item = usize>,
    ) -> Result<Vec<Spilled>, PipelineError> {
        let mut window = Vec::new();
        let mut passages = 0;
        while passages < WINDOW_PASSAGES {
            let Some(index) = indices.next() else { break };
            let spilled = self.read(index)?;
            // One without passages takes room as well.
            passages += spilled.passages.len().max(1);
            window.push(spilled);
        }
        Ok(window)
    }

    /// The document at `index` of the order of writing.
    pub(crate) fn read(&mut self, index: usize) -> Result<Spilled, PipelineError> {
        let io = |error: std::io::Error| PipelineError::io(&self.path)(error);
        let (start, end) = (self.starts[index], self.starts[index + 1]);
        // `seek` would throw the buffer away; this keeps it where the next document is in it.
        let here = self.file.stream_position().map_err(io)?;
        self.file.seek_relative(start as i64 - here as i64).map_err(io)?;
        let mut line = vec![0; (end - start) as usize];
        self.file.read_exact(&mut line).map_err(io)?;
        let mut spilled: Spilled =
            serde_json::from_slice(&line).map_err(|error| io(error.into()))?;
        // Only now, when all documents were seen, is it known which folders are outlets.
        self.outlets.name(&mut spilled.document);
        Ok(spilled)
    }
}
