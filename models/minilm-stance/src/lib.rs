//! A stance classifier on MiniLM-L6, 8-bit, embedded in the binary: the default stance model.
//!
//! `MODEL_CARD.md` says what it was trained on, how well it does and what it must not be used for.
//!
//! ```
//! use standpoint_core::{Label, Pair, StanceModel};
//! use standpoint_encoder::Precision;
//!
//! let model = minilm_stance::load(Precision::Auto)?;
//! let text = "The pension reform hurts ordinary people and should be scrapped.";
//! let pair = Pair { target: "the pension reform", text };
//! assert_eq!(model.classify(&[pair])?[0].probabilities.label(), Label::Against);
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```

use standpoint_core::ModelError;
use standpoint_encoder::{Bytes, ModelFiles, PairClassifier, Precision};
use std::borrow::Cow;

/// The model card.
pub const CARD: &str = include_str!("../MODEL_CARD.md");

/// The files of the model.
pub static FILES: ModelFiles = ModelFiles {
    origin: Cow::Borrowed("minilm-stance"),
    model_toml: Cow::Borrowed(include_bytes!("../model.toml")),
    config: Cow::Borrowed(include_bytes!("../config.json")),
    tokenizer: Cow::Borrowed(include_bytes!("../tokenizer.json")),
    weights: Bytes::from_static(include_bytes!("../model.safetensors")),
};

/// Makes the model: some 150 ms and 90 MB, so once per run.
///
/// # Errors
/// [`ModelError::Load`], if the files in this folder do not fit together.
pub fn load(precision: Precision) -> Result<PairClassifier, ModelError> {
    PairClassifier::load(&FILES, precision)
}
