//! What a run read, dropped, truncated and scored: the counts of `run.json`.

use serde::{Deserialize, Serialize};
use standpoint_core::{CutReason, ModelInfo};
use std::collections::BTreeMap;

/// Counts of everything in a run; the pipeline fills it, `run.json` and the report show it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Documents read.
    pub documents: u64,
    /// Documents, or parts of inputs, that could not be read (`errors.jsonl`).
    pub failed: u64,
    /// Files of no kind that is read, in archives, too.
    pub skipped_files: u64,
    /// Documents whose stance was not looked for, by reason.
    pub not_scored: BTreeMap<String, u64>,
    /// Spans cut as boilerplate, by reason.
    pub cuts: BTreeMap<CutReason, u64>,
    /// Pieces: near-identical documents are one.
    pub pieces: u64,
    /// Placements of pieces: every document is one.
    pub placements: u64,
    /// Passages of the documents that stand for their pieces.
    pub passages: u64,
    /// Pairs that scoring every passage against every target would have taken.
    pub pairs_possible: u64,
    /// Pairs in which retrieval found that the passage bears on the target.
    pub pairs_retrieved: u64,
    /// Pairs that the stance model scored, among them the neighbours that context took.
    pub pairs_scored: u64,
    /// Texts that did not fit a model and were truncated.
    pub truncated_texts: u64,
    /// Tokens of those texts that were not read.
    pub truncated_tokens: u64,
    /// Records, over all placements.
    pub records: u64,
    /// Records that abstain.
    pub abstained: u64,
    /// The models.
    pub models: Vec<ModelInfo>,
    /// The settings, as names and values.
    pub settings: BTreeMap<String, String>,
    /// Who gave the labels that the run is compared with, in words; `None` for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold_by: Option<String>,
    /// The models' cards, as Markdown, by their names.
    #[serde(default)]
    pub cards: BTreeMap<String, String>,
}
