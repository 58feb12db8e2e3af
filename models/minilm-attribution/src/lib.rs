//! A tagger of attributions on MiniLM-L6, 8-bit, embedded in the binary: the default tagger.
//!
//! `MODEL_CARD.md` says what it was trained on, how well it does and what it must not be used for.
//!
//! ```
//! use standpoint_core::AttributionTagger;
//! use standpoint_encoder::Precision;
//!
//! let model = minilm_attribution::load(Precision::Auto)?;
//! let text = "“It will ruin us,” said Ilse Maron, the miners’ leader.";
//! let tagged = model.tag(&[text])?.remove(0);
//! assert_eq!(tagged.attributions[0].cue.of(text), Some("said"));
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```

use standpoint_core::ModelError;
use standpoint_encoder::{Bytes, ModelFiles, Precision, TokenTagger};
use std::borrow::Cow;

/// The model card.
pub const CARD: &str = include_str!("../MODEL_CARD.md");

/// The files of the model.
pub static FILES: ModelFiles = ModelFiles {
    origin: Cow::Borrowed("minilm-attribution"),
    model_toml: Cow::Borrowed(include_bytes!("../model.toml")),
    config: Cow::Borrowed(include_bytes!("../config.json")),
    tokenizer: Cow::Borrowed(include_bytes!("../tokenizer.json")),
    weights: Bytes::from_static(include_bytes!("../model.safetensors")),
};

/// Makes the model: some 150 ms and 90 MB, so once per run.
///
/// # Errors
/// [`ModelError::Load`], if the files in this folder do not fit together.
pub fn load(precision: Precision) -> Result<TokenTagger, ModelError> {
    TokenTagger::load(&FILES, precision)
}
