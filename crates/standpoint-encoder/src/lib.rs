//! An encoder for CPUs, of BERTs and MPNets.
//!
//! Scoring passages is where Standpoint spends its time, so this crate is built around one idea:
//! **never multiply by padding**. The tokens of many passages are laid one after the other in a
//! single `[tokens, hidden]` matrix; every product runs over all of them, and only attention, which
//! is cheap at the length of a sentence, goes passage by passage. Products are computed in tiles by
//! kernels for the CPU at hand, in the [`Precision`] that is asked for, and scale, bias, GELU and
//! residual are applied to each tile while it is in the first-level cache.
//!
//! The second idea is that **a vector depends on its text alone**. The same text gives the same
//! bits whatever else is in the batch and on whatever thread: a row of a product runs through the same
//! instructions wherever it stands, and no sum is split by the number of threads or passages. Work is
//! spread over threads by the caller; a call runs on the thread that made it.
//!
//! A model is four files ([`ModelFiles`]): `model.toml` says what it is ([`ModelToml`]),
//! `config.json` and `tokenizer.json` are Hugging Face's, and `model.safetensors` holds the weights
//! under Hugging Face's names as f32, f16, bf16 or 8-bit integers with a scale for each row. Loaded,
//! it is a [`SentenceEncoder`], a [`PairClassifier`] or a [`TokenTagger`]: the traits of `standpoint-core`.
//!
//! ```no_run
//! use standpoint_core::Embedder;
//! use standpoint_encoder::{ModelFiles, Precision, SentenceEncoder};
//!
//! let files = ModelFiles::from_folder("models/minilm".as_ref())?;
//! let model = SentenceEncoder::load(&files, Precision::Auto)?;
//! let vectors = model.embed(&["The levy works.", "The levy is ruinous."])?.vectors;
//! println!("{}", vectors.row(0).dot(&vectors.row(1)));
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```

pub use bytes::Bytes;

mod attention;
mod config;
mod encoder;
mod engine;
mod files;
mod kernels;
mod linear;
mod math;
mod models;
mod precision;
mod tagger;
mod tensors;
mod tokens;
mod weights;

pub use config::{Config, DISTANCES, Family};
pub use engine::{Engine, EngineClassifier, EngineEmbedder, EngineFolder};
pub use files::{
    EmbeddingSettings, Hypotheses, ModelFiles, ModelToml, Pooling, StanceSettings, read_model_file,
};
pub use models::{PairClassifier, SentenceEncoder};
pub use precision::Precision;
pub use tagger::{FARTHEST, JOINT_WIDTH, Part, TokenTagger, distance_row, tagger_head};
pub use tensors::{Floats, read_tensors, write_quantized};
pub use tokens::{Input, Placed, Tokens};
