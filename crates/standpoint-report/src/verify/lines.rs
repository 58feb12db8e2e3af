//! The rows of a JSON Lines table, each with the place of its line, so that it can be read again.

use super::files::regular;
use crate::tables::Row;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The longest line that is read, in bytes: a document of 64 MB, all of it escaped.
const LONGEST: u64 = 512 << 20;

/// An opened table.
pub(super) struct Lines {
    name: String,
    file: BufReader<File>,
    at: u64,
    line: Vec<u8>,
}

impl Lines {
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn of<R: Row>(run: &Path) -> Result<Lines, String> {
        Self::open(run, &format!("{}.jsonl", R::TABLE))
    }

    /// # Errors
    /// Why it cannot be read.
    pub(super) fn open(run: &Path, name: &str) -> Result<Lines, String> {
        let path = run.join(name);
        let opened = regular(&path).and_then(|()| File::open(&path).map_err(|e| e.to_string()));
        let file = BufReader::new(opened.map_err(|reason| format!("{name}: {reason}"))?);
        Ok(Lines { name: name.to_owned(), file, at: 0, line: Vec::new() })
    }

    /// The next row and where its line begins; `None` at the end.
    ///
    /// # Errors
    /// Why it is no row, with its place.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<(T, u64)>, String> {
        self.line.clear();
        let read = (&mut self.file).take(LONGEST).read_until(b'\n', &mut self.line);
        let bytes = read.map_err(|error| self.wrong(&error.to_string()))? as u64;
        if bytes == 0 {
            return Ok(None);
        }
        if bytes == LONGEST {
            return Err(self.wrong(&format!("longer than {} MB", LONGEST >> 20)));
        }
        let row = serde_json::from_slice(&self.line);
        let row = row.map_err(|error| self.wrong(&error.to_string()))?;
        let start = self.at;
        self.at += bytes;
        Ok(Some((row, start)))
    }

    /// Goes on with the line that begins at a byte.
    ///
    /// # Errors
    /// Why that is not possible.
    pub(super) fn go_to(&mut self, start: u64) -> Result<(), String> {
        self.at = start;
        let sought = self.file.seek(SeekFrom::Start(start));
        sought.map(drop).map_err(|error| format!("{}: {error}", self.name))
    }

    fn wrong(&self, reason: &str) -> String {
        format!("{}: the line that begins at byte {}: {reason}", self.name, self.at)
    }
}
