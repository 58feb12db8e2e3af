//! The dry run: what a job would read, skip and score.

use crate::intake::{Intake, read_files};
use crate::run::{Event, Job};
use crate::{Models, PipelineError};
use standpoint_core::Failure;
use standpoint_ingest::{Skipped, discover};
use standpoint_report::manifest::InputFile;
use std::collections::BTreeMap;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Files that would be read.
    pub files: usize,
    /// Files that would not be, and why.
    pub skipped: Vec<Skipped>,
    /// What would become of each file.
    pub inputs: Vec<InputFile>,
    /// Documents in the files.
    pub documents: u64,
    /// Documents that would be scored, placements of one piece counted each.
    pub scored: u64,
    /// Their passages.
    pub passages: u64,
    /// Documents that would not be scored, by reason.
    pub not_scored: BTreeMap<String, u64>,
    /// Documents that cannot be read.
    pub failures: Vec<Failure>,
}

/// Reads all that a job would read, and writes nothing.
///
/// # Errors
/// [`PipelineError`] if the inputs cannot be listed.
pub fn survey(
    job: &Job,
    models: &Models,
    progress: &(dyn Fn(Event) + Sync),
) -> Result<Survey, PipelineError> {
    let listing = discover(&job.corpus.inputs)?;
    let (files, skipped) = (listing.files.len(), listing.skipped.clone());
    let mut survey = Survey { files, skipped, ..Survey::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads).build()?;
    let mut note = |item: Result<Intake, Failure>| {
        match item {
            Ok(item) => {
                survey.documents += 1;
                match models.not_scored(&item.document) {
                    Some(reason) => *survey.not_scored.entry(reason).or_default() += 1,
                    None => {
                        survey.scored += 1;
                        survey.passages += item.passages.len() as u64;
                    }
                }
            }
            Err(failure) => survey.failures.push(failure),
        }
        let failed = survey.failures.len() as u64;
        progress(Event::Read { documents: survey.documents, failed });
        Ok(())
    };
    survey.inputs = pool.install(|| read_files(&listing, &job.corpus.fields, &mut note))?;
    Ok(survey)
}
