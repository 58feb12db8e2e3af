//! all-MiniLM-L6-v2, 8-bit, embedded in the binary: the default embedder.
//!
//! `MODEL_CARD.md` says where the weights come from, what they are for and what the 8 bits cost.
//!
//! ```
//! use standpoint_core::Embedder;
//! use standpoint_encoder::Precision;
//!
//! let model = minilm::load(Precision::Auto)?;
//! let texts = ["The levy hurts small firms.", "A tax that burdens little companies.", "It rained."];
//! let vectors = model.embed(&texts)?.vectors;
//! assert!(vectors.row(0).dot(&vectors.row(1)) > vectors.row(0).dot(&vectors.row(2)));
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```

use standpoint_core::ModelError;
use standpoint_encoder::{Bytes, ModelFiles, Precision, SentenceEncoder};
use std::borrow::Cow;

/// The model card.
pub const CARD: &str = include_str!("../MODEL_CARD.md");

/// The files of the model.
pub static FILES: ModelFiles = ModelFiles {
    origin: Cow::Borrowed("minilm"),
    model_toml: Cow::Borrowed(include_bytes!("../model.toml")),
    config: Cow::Borrowed(include_bytes!("../config.json")),
    tokenizer: Cow::Borrowed(include_bytes!("../tokenizer.json")),
    weights: Bytes::from_static(include_bytes!("../model.safetensors")),
};

/// Makes the model: some 150 ms and 90 MB, so once per run.
///
/// # Errors
/// [`ModelError::Load`], if the files in this folder do not fit together.
pub fn load(precision: Precision) -> Result<SentenceEncoder, ModelError> {
    SentenceEncoder::load(&FILES, precision)
}
