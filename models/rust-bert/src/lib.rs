//! Models that [rust-bert](https://docs.rs/rust-bert) runs: any local Hugging Face folder of the
//! families that it knows, as an embedder or a stance model.
//!
//! A folder holds `config.json`, `tokenizer.json` and the weights as `model.safetensors` (or
//! `rust_model.ot`), in floats and under Hugging Face's names; a `model.toml` beside them is optional.
//! Without it, `config.json`'s `id2label` says what a classifier's outputs are: favor, against and
//! neutral, or entailment, which is then asked for each target whether the text is for or against it.
//!
//! That needs libtorch, so it stands behind the feature `libtorch`; without it every folder is refused
//! with a sentence that says so. `eval "$(models/rust-bert/setup)"` gets a libtorch and says where it
//! is; one of your own, of version 2.4, is found by `LIBTORCH`.
//!
//! ```no_run
//! use standpoint_core::Pair;
//!
//! let model = standpoint_rust_bert::stance_model("deberta-v3-base-mnli".as_ref())?;
//! let pair = Pair { target: "a carbon tax", text: "A carbon tax is a disaster for workers." };
//! println!("{:?}", model.classify(&[pair])?[0].probabilities);
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```

#[cfg(feature = "libtorch")]
mod network;

use standpoint_core::{Embedder, ModelError, StanceModel};
use std::path::Path;
use std::sync::Arc;

/// The embedder in a folder: BERT, DistilBERT, RoBERTa or ALBERT, its token vectors averaged.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it.
pub fn embedder(folder: &Path) -> Result<Arc<dyn Embedder>, ModelError> {
    #[cfg(feature = "libtorch")]
    return network::embedder(folder).map(|model| Arc::new(model) as _);
    #[cfg(not(feature = "libtorch"))]
    Err(not_built_in(folder))
}

/// The classifier in a folder: BERT, DistilBERT, RoBERTa, XLM-RoBERTa, DeBERTa, DeBERTa v2 and v3,
/// ALBERT, BART, MobileBERT, XLNet, Longformer or FNet.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it.
pub fn stance_model(folder: &Path) -> Result<Arc<dyn StanceModel>, ModelError> {
    #[cfg(feature = "libtorch")]
    return network::stance_model(folder).map(|model| Arc::new(model) as _);
    #[cfg(not(feature = "libtorch"))]
    Err(not_built_in(folder))
}

#[cfg(not(feature = "libtorch"))]
fn not_built_in(folder: &Path) -> ModelError {
    ModelError::Load {
        model: folder.display().to_string(),
        reason: "it needs rust-bert, and this program was built without it: build it with \
                 --features rust-bert; or, if the model is a BERT, put a model.toml beside it; or \
                 export it as model.onnx"
            .to_owned(),
    }
}
