//! Whether a run's folder holds what its manifest says: for whoever archives one, or is handed one.
//!
//! The files are held against their hashes, and what the tables say against each other: every span slices
//! to its text, every probability is one, every piece of evidence belongs to a record and is a passage, every
//! count is that of the rows. Hashes find what was damaged; the rest finds what was changed together with
//! its hash, or never was right.
//!
//! A folder may come from anywhere. So a name that the manifest gives is a name in the folder and nothing
//! else, no link is followed, and no more than a line of a table and a short entry for each document and
//! record is held.

mod contents;
mod files;
mod lines;

use crate::evaluation::ReadError;
use crate::manifest::Manifest;
use std::io;
use std::path::Path;

/// How many findings of one kind are told; the others are counted.
const TOLD: usize = 5;

/// What a check of a folder came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// What is not right, one line each.
    pub findings: Vec<String>,
    /// Files that were checked.
    pub files: usize,
    /// Documents that were.
    pub documents: u64,
    /// Passages that were.
    pub passages: u64,
    /// Records that were.
    pub records: u64,
    /// Pieces of evidence that were.
    pub evidence: u64,
}

/// Checks the folder of a run.
///
/// # Errors
/// [`ReadError`] where it is none: it has no `run.json`, or one that is no manifest.
pub fn verify(run: &Path) -> Result<Verified, ReadError> {
    let path = run.join("run.json");
    files::regular(&path).map_err(|reason| ReadError::Io {
        path: path.clone(),
        source: io::Error::other(format!("{reason}; give the folder that `run --out` wrote")),
    })?;
    let manifest = Manifest::read(&path)?;
    let mut findings = Findings::default();
    let files = files::check(run, &manifest, &mut findings);
    let counted = contents::check(run, &manifest, &mut findings);
    Ok(Verified { findings: findings.told(), files, ..counted })
}

/// What is found, by the kind of check.
#[derive(Default)]
struct Findings {
    kinds: Vec<(&'static str, Vec<String>, usize)>,
}

impl Findings {
    fn add(&mut self, kind: &'static str, what: impl Into<String>) {
        let known = self.kinds.iter().position(|(known, ..)| *known == kind);
        let at = known.unwrap_or(self.kinds.len());
        if at == self.kinds.len() {
            self.kinds.push((kind, Vec::new(), 0));
        }
        let (_, told, more) = &mut self.kinds[at];
        if told.len() < TOLD {
            told.push(what.into());
        } else {
            *more += 1;
        }
    }

    /// Adds a finding where something does not hold.
    fn expect(&mut self, holds: bool, kind: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.add(kind, what());
        }
    }

    /// One line each, without control characters: what is told may be a stranger's.
    fn told(self) -> Vec<String> {
        let line = |kind: &str, what: &str| {
            format!("{kind}: {what}").replace(|c: char| c.is_control(), "\u{fffd}")
        };
        let mut lines = Vec::new();
        for (kind, told, more) in self.kinds {
            lines.extend(told.iter().map(|what| line(kind, what)));
            if more > 0 {
                lines.push(line(kind, &format!("and {more} more")));
            }
        }
        lines
    }
}
