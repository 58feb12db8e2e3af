//! Models that [rust-bert](https://docs.rs/rust-bert) runs: any local Hugging Face folder of the
//! families that it knows, as an embedder or a stance model.
//!
//! A folder holds `config.json`, `tokenizer.json` and the weights as `model.safetensors` (or
//! `rust_model.ot`), in floats and under Hugging Face's names; a `model.toml` beside them is optional.
//! Without it, `config.json`'s `id2label` says what a classifier's outputs are: favor, against and
//! neutral, or entailment, which is then asked for each target whether the text is for or against it.
//!
//! Everything here needs libtorch, so it stands behind the feature `libtorch`; without it this crate
//! is empty. `eval "$(models/rust-bert/setup)"` gets one and says where it is; one of your own, of
//! version 2.4, is found by `LIBTORCH`.
//!
//! ```no_run
//! # #[cfg(feature = "libtorch")]
//! # fn main() -> Result<(), standpoint_core::ModelError> {
//! use standpoint_core::{Pair, StanceModel};
//!
//! let model = standpoint_rust_bert::stance_model("deberta-v3-base-mnli".as_ref())?;
//! let pair = Pair { target: "a carbon tax", text: "A carbon tax is a disaster for workers." };
//! println!("{:?}", model.classify(&[pair])?[0].probabilities);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "libtorch"))]
//! # fn main() {}
//! ```

#![cfg(feature = "libtorch")]

mod network;

pub use network::RustBert;

use standpoint_core::{ModelError, Task};
use standpoint_encoder::{EngineClassifier, EngineEmbedder, EngineFolder};
use std::path::Path;

/// The files that weights may stand in, the first that is there.
const WEIGHTS: [&str; 2] = ["model.safetensors", "rust_model.ot"];

/// The embedder in a folder: BERT, DistilBERT, RoBERTa or ALBERT, its token vectors averaged.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it.
pub fn embedder(folder: &Path) -> Result<EngineEmbedder<RustBert>, ModelError> {
    let (folder, weights) = read(folder, Task::Embedding)?;
    let engine = RustBert::embedder(&folder, weights).map_err(|reason| folder.error(reason))?;
    EngineEmbedder::new(&folder, engine)
}

/// The classifier in a folder: BERT, DistilBERT, RoBERTa, XLM-RoBERTa, DeBERTa, DeBERTa v2 and v3,
/// ALBERT, BART, MobileBERT, XLNet, Longformer or FNet.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it.
pub fn stance_model(folder: &Path) -> Result<EngineClassifier<RustBert>, ModelError> {
    let (folder, weights) = read(folder, Task::Stance)?;
    let engine = RustBert::classifier(&folder, weights).map_err(|reason| folder.error(reason))?;
    EngineClassifier::new(&folder, engine)
}

fn read(folder: &Path, task: Task) -> Result<(EngineFolder, &'static str), ModelError> {
    let there = WEIGHTS.into_iter().find(|name| folder.join(name).exists());
    let weights = there.unwrap_or(WEIGHTS[0]);
    Ok((EngineFolder::read(folder, task, "rust-bert", weights)?, weights))
}
