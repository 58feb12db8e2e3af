//! The batch driver: from inputs and targets to a folder of results.
//!
//! A run goes through the corpus four times, and never holds more of it than a *window*, and of all of it the
//! names that stand in it:
//!
//! 1. **Read**: every document is cleaned, segmented and sketched, in parallel, and spilled to disk.
//! 2. **Listen**: the sketches give the pieces; which passages of the document that stands for a piece bear on
//!    which target is found, who speaks in it if any do, and when all were heard, which names are one actor's.
//! 3. **Score**: that document is scored, and its records are carried over to the piece's other placements.
//! 4. **Write**: tables in the order of the documents, the report, and last of all `run.json`.
//!
//! What a model answered is kept in a store by content (`store.redb` in the output folder), so a run that
//! was killed, or is repeated over a grown corpus, computes only what is new. Everything else is
//! made afresh in a work folder and moved into place at the end: an output folder holds a whole run
//! or none. Same input, same bytes, whatever the threads and however often it was interrupted;
//! only `timings` in `run.json` tells runs apart.

mod aliases;
mod discover;
mod error;
mod explain;
mod folder;
mod intake;
mod numbers;
mod placements;
mod run;
mod scoring;
mod spill;
mod store;
mod survey;
mod targets;

pub use aliases::{AliasFile, read_aliases};
pub use discover::{DISCOVERED, Discovered, discover};
pub use error::PipelineError;
pub use explain::{Explanation, PassageExplanation, PassageMatch, explain};
pub use intake::{Corpus, Intake, intake};
pub use run::{Background, Event, Job, run};
pub use scoring::Models;
pub use survey::{Survey, survey};
pub use targets::{
    Gold, check_targets, read_target_gold, read_targets, read_toml, targets_from_phrases,
};
