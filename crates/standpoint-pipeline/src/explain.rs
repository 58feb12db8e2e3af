//! Why a document got its records: its cuts, its passages, what they met, what the model said.

use crate::scoring::{Listens, Models, Outcome, Scorer};
use crate::store::Store;
use crate::{AliasFile, Intake, PipelineError};
use serde::Serialize;
use standpoint_core::{Document, Holder, Probabilities, Record, Span, Target, Voice};
use standpoint_stance::{Roster, Spoken};

/// Everything that a run would do with one document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The document with its metadata and cuts.
    pub document: Document,
    /// Why a run would not score it; `None` if it would. The scores are shown all the same.
    pub not_scored: Option<String>,
    /// Every passage, in order.
    pub passages: Vec<PassageExplanation>,
    /// What they come to.
    pub records: Vec<Record>,
    /// Tokens that did not fit the models.
    pub truncated_tokens: usize,
}

/// One passage and what it met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassageExplanation {
    /// Its bytes in the document's text.
    pub span: Span,
    /// The text at that span.
    pub text: String,
    /// Who speaks in it.
    pub voices: Vec<Spoken>,
    /// The targets that it bears on.
    pub matches: Vec<PassageMatch>,
}

/// A target that a passage bears on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassageMatch {
    /// Id of the target.
    pub target: String,
    /// Whether the passage names it.
    pub named: bool,
    /// Similarity to the nearest of its names.
    pub similarity: f32,
    /// Whose stance it counts for; `None` for a voice without a name, which counts for nobody.
    #[serde(flatten)]
    pub holder: Option<Holder>,
    /// How it carries that stance.
    pub voice: Voice,
    /// What the stance model says; `None` where nobody's stance was asked for.
    pub probabilities: Option<Probabilities>,
}

/// Scores one document as a run would that reads no other, and keeps what a run throws away.
///
/// # Errors
/// [`PipelineError`] if a model does not answer.
pub fn explain(
    intake: Intake,
    targets: &[Target],
    models: &Models,
    aliases: &AliasFile,
    abstain_below: f32,
) -> Result<Explanation, PipelineError> {
    let store = Store::in_memory()?;
    let scorer = Scorer::new(models, targets, &store, abstain_below, Listens::ToAll)?;
    let window = scorer.listen(vec![(intake.document, intake.passages)])?;
    let mut roster = Roster::default();
    window.iter().for_each(|ready| roster.add_piece(&ready.names, 1));
    let names = roster.names(aliases.aliases());
    let outcome = scorer.score(&window, &names)?.into_iter().next();
    // One document goes in, and one comes out.
    let Some(ready) = window.into_iter().next() else {
        return Err(PipelineError::Nothing("the document was lost".to_owned()));
    };
    let Outcome { questions, records, truncated_tokens, .. } = outcome.unwrap_or_default();
    let passage = |(index, text): (usize, &str)| PassageExplanation {
        span: ready.passages[index].span,
        text: text.to_owned(),
        voices: ready.voices[index].clone(),
        matches: questions
            .iter()
            .filter(|question| question.bearing.passage == index)
            .map(|question| PassageMatch {
                target: targets[question.target].id.clone(),
                named: question.bearing.named,
                similarity: question.bearing.similarity,
                holder: question.spoken.holder.clone(),
                voice: question.spoken.voice,
                probabilities: question.answer.map(|answer| answer.probabilities),
            })
            .collect(),
    };
    let not_scored = models.not_scored(&ready.document);
    let passages = ready.texts().into_iter().enumerate().map(passage).collect();
    Ok(Explanation { not_scored, passages, records, truncated_tokens, document: ready.document })
}
