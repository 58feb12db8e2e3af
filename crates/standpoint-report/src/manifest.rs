//! `run.json`: what a run was asked, what it read and what it left, every file with its hash.
//!
//! It is what a run is repeated from, and what its folder is held against.

use crate::evaluation::ReadError;
use crate::summary::RunSummary;
use serde::{Deserialize, Serialize};
use standpoint_core::{ModelInfo, Target};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What `run.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version that made the run.
    pub standpoint: String,
    /// How the run was called.
    #[serde(default)]
    pub invocation: Invocation,
    /// What was asked.
    pub targets: Vec<Target>,
    /// Hash over the ids and texts of all documents, in their order: [`InputHash`].
    pub input_hash: String,
    /// Counts, models and settings.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The files that were read, in the order of reading.
    #[serde(default)]
    pub inputs: Vec<InputFile>,
    /// The files that were not read.
    #[serde(default)]
    pub skipped: Vec<SkippedFile>,
    /// The files that the run left beside this one, by name.
    #[serde(default)]
    pub outputs: Vec<OutputFile>,
    /// How long it took: the only part of a run that differs from one time to the next.
    #[serde(default)]
    pub timings: Timings,
}

impl Manifest {
    /// Reads a `run.json`.
    ///
    /// # Errors
    /// [`ReadError`], with the line.
    pub fn read(path: &Path) -> Result<Manifest, ReadError> {
        let unreadable = |source| ReadError::Io { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        serde_json::from_str(&text).map_err(|error| ReadError::Line {
            path: path.to_owned(),
            line: error.line(),
            reason: error.to_string(),
        })
    }

    /// What is not as it was when the run was done again, one line each: first what it was made from,
    /// then what came of it.
    pub fn differences(&self, again: &Manifest) -> Vec<String> {
        let mut lines = Vec::new();
        if self.standpoint != again.standpoint {
            lines.push(format!("version: {} then, {} now", self.standpoint, again.standpoint));
        }
        for (before, now) in self.summary.models.iter().zip(&again.summary.models) {
            if before != now {
                let model = |model: &ModelInfo| {
                    format!("{} ({:.12}, {})", model.name, model.hash, model.precision)
                };
                lines.push(format!("model: {} then, {} now", model(before), model(now)));
            }
        }
        let inputs = |manifest: &Manifest| -> BTreeMap<String, Option<Digest>> {
            let file = |file: &InputFile| (file.path.clone(), file.digest.clone());
            manifest.inputs.iter().map(file).collect()
        };
        compare("input", &inputs(self), &inputs(again), &mut lines);
        if self.input_hash != again.input_hash {
            lines.push("documents: not the same ids and texts".to_owned());
        }
        let outputs = |manifest: &Manifest| -> BTreeMap<String, Option<Digest>> {
            let file = |file: &OutputFile| (file.name.clone(), Some(file.digest.clone()));
            manifest.outputs.iter().map(file).collect()
        };
        compare("output", &outputs(self), &outputs(again), &mut lines);
        // What else is counted but stands in no table.
        if lines.is_empty() && self.summary != again.summary {
            lines.push("counts: not the same".to_owned());
        }
        lines
    }
}

/// Says of each file of two lists what is not the same.
fn compare(
    what: &str,
    before: &BTreeMap<String, Option<Digest>>,
    now: &BTreeMap<String, Option<Digest>>,
    lines: &mut Vec<String>,
) {
    for (path, digest) in before {
        match now.get(path) {
            None => lines.push(format!("{what}: {path} was there and is not now")),
            Some(now) if now != digest => {
                let told = |digest: &Option<Digest>| match digest {
                    Some(digest) => format!("{} bytes, {:.12}", digest.bytes, digest.blake3),
                    None => "unreadable".to_owned(),
                };
                let (before, now) = (told(digest), told(now));
                lines.push(format!("{what}: {path} differs ({before} then, {now} now)"));
            }
            Some(_) => {}
        }
    }
    let new = now.keys().filter(|path| !before.contains_key(*path));
    lines.extend(new.map(|path| format!("{what}: {path} is new")));
}

/// How a run was called: enough to call it again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// Files and folders as they were given.
    pub inputs: Vec<String>,
    /// Every setting that the results depend on, by its name in `standpoint.toml`.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path, as the inputs led to it; `-` for standard input.
    pub path: String,
    /// What was in it; absent where that cannot be read twice.
    #[serde(flatten)]
    pub digest: Option<Digest>,
    /// Documents read from it.
    pub documents: u64,
    /// Documents and parts of it that could not be read; each has a line in `errors.jsonl`.
    pub failed: u64,
    /// Files in it, if it is an archive, that are of no kind that is read.
    pub skipped: u64,
    /// The names of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_names: Vec<String>,
}

/// A file that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedFile {
    /// Its path, as the inputs led to it.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A file that a run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Its name in the run's folder.
    pub name: String,
    /// What is in it.
    #[serde(flatten)]
    pub digest: Digest,
}

/// Size and hash of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 in hexadecimal.
    pub blake3: String,
}

impl Digest {
    /// Of the file at `path`, as it is now.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(path: &Path) -> io::Result<Digest> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(Digest { bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
    }
}

/// Seconds of wall time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// How many threads worked.
    pub threads: usize,
    /// Reading and cleaning.
    pub read: f64,
    /// Pieces, and whatever the models do.
    pub score: f64,
    /// Tables and the page.
    pub write: f64,
}

/// Hash over the ids and texts of documents, in their order.
#[derive(Debug, Default)]
pub struct InputHash(blake3::Hasher);

impl InputHash {
    /// Takes in the next document.
    pub fn add(&mut self, id: &str, text: &str) {
        for part in [id, text] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part.as_bytes());
        }
    }

    /// In hexadecimal.
    pub fn finish(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}
