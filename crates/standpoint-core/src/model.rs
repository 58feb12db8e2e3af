use crate::{Probabilities, Span};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Texts to vectors: [`Embedder`].
    Embedding,
    /// Target and text to probabilities: [`StanceModel`].
    Stance,
    /// Texts to who says what in them: [`AttributionTagger`].
    Attribution,
}

impl Task {
    /// The name used in `model.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Task::Embedding => "embedding",
            Task::Stance => "stance",
            Task::Attribution => "attribution",
        }
    }
}

/// What a model says of itself; it stands in `run.json` and in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its name: that of its crate, or as its model.toml says.
    pub name: String,
    /// What it is for.
    pub task: Task,
    /// Hex digest of everything that its answers depend on: weights, vocabulary, settings. Stored
    /// results are keyed by it.
    pub hash: String,
    /// The arithmetic of its answers (`f32`, `bf16`, `int8`), which moves their last digits: stored
    /// results are keyed by it, too.
    pub precision: String,
    /// Licence of the weights, an SPDX expression where there is one.
    pub license: String,
    /// ISO 639-1 codes of the languages that it reads; documents in others are not scored.
    pub languages: Vec<String>,
    /// The longest input in the model's own tokens, special tokens included; what is longer is
    /// truncated, and the truncation reported.
    pub max_tokens: usize,
    /// A stance model's: whether it can be asked what a named holder holds of a target, by
    /// [`Holder::question`](crate::Holder::question) on a text
    /// [`Holder::scripted`](crate::Holder::scripted).
    #[serde(default)]
    pub reads_holders: bool,
}

impl ModelInfo {
    /// What stored answers are keyed by: the hash, and the arithmetic.
    pub fn key(&self) -> String {
        format!("{}/{}", self.hash, self.precision)
    }
}

/// Why a model could not be made or did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file of the model is missing, unreadable or wrong; the text names it and what to do.
    #[error("model {model}: {reason}")]
    Load {
        /// Name or folder of the model.
        model: String,
        /// What is wrong.
        reason: String,
    },
    /// A text could not be turned into the model's input.
    #[error("model {model} cannot tokenise a text of {bytes} bytes: {reason}")]
    Tokenize {
        /// Name of the model.
        model: String,
        /// Length of the text.
        bytes: usize,
        /// What is wrong.
        reason: String,
    },
    /// The engine that runs the model failed on a text.
    #[error("model {model} failed on a text of {bytes} bytes: {reason}")]
    Run {
        /// Name of the model.
        model: String,
        /// Length of the text.
        bytes: usize,
        /// What the engine says.
        reason: String,
    },
}

/// Vectors for a batch of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// One row of unit length per text, in the order of the texts; a text with no token the model
    /// knows may be a row of zeros.
    pub vectors: Array2<f32>,
    /// For every text, how many of its tokens did not fit and were not read.
    pub truncated: Vec<usize>,
}

/// Turns texts into vectors whose dot product tells how near their meanings are.
///
/// A result must not depend on what else is in the batch, nor on the thread that computes it: the
/// same text gives the same bits. An implementation runs on the calling thread only; the caller
/// spreads batches over threads.
pub trait Embedder: Send + Sync {
    /// What the model says of itself.
    fn info(&self) -> &ModelInfo;

    /// Length of the vectors.
    fn dimensions(&self) -> usize;

    /// The dot product from which on a passage is taken to bear on a target; it differs between
    /// models, so each states its own.
    fn bearing_similarity(&self) -> f32;

    /// One vector per text, in order. No text is refused: an empty one gets a vector too.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where a text cannot be made into input.
    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelError>;
}

/// A text to be read for its stance toward a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair<'a> {
    /// The target's text.
    pub target: &'a str,
    /// The text: a passage, or a passage with its neighbours.
    pub text: &'a str,
}

/// A stance model's answer to one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classification {
    /// The distribution over the labels, calibrated as far as the model's card says.
    pub probabilities: Probabilities,
    /// How many tokens of target and text did not fit and were not read.
    pub truncated: usize,
}

/// Tells the stance of texts toward targets.
///
/// The same promises as for [`Embedder`] hold: batch = single, bit for bit, on any thread.
pub trait StanceModel: Send + Sync {
    /// What the model says of itself.
    fn info(&self) -> &ModelInfo;

    /// One answer per pair, in order.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where a pair cannot be made into input.
    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError>;
}

/// Somebody's words or view that a text gives: who (*source*), how it is said (*cue*) and what
/// (*content*), as Pareti ("PARC 3.0: A Corpus of Attribution Relations", LREC 2016) parts them.
///
/// One that lies in the content of another is nested: "A said that B had warned …".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The words for whose it is ("the minister", "she"); empty where the text does not say.
    pub source: Vec<Span>,
    /// The words that attribute it ("said", "according to").
    pub cue: Span,
    /// What is attributed, marks of quotation included, in order and disjoint: one run of text, or
    /// several where the clause of the cue stands in between.
    pub content: Vec<Span>,
}

/// A tagger's answer to one text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tagged {
    /// What the text attributes to somebody, in the order of the cues; bytes of the text.
    pub attributions: Vec<Attribution>,
    /// How many tokens of the text did not fit and were not read.
    pub truncated: usize,
}

/// Tells who says what in a text: a paragraph, or some sentences of one.
///
/// The same promises as for [`Embedder`] hold: batch = single, on any thread.
pub trait AttributionTagger: Send + Sync {
    /// What the model says of itself.
    fn info(&self) -> &ModelInfo;

    /// One answer per text, in order.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where a text cannot be made into input.
    fn tag(&self, texts: &[&str]) -> Result<Vec<Tagged>, ModelError>;
}
