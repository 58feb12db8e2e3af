//! Standpoint's encoder. It packs passages itself, so `BATCH` has no say.

use anyhow::Result;
use standpoint_compare::{Engine, serve};
use standpoint_core::Embedder;
use standpoint_encoder::{ModelFiles, SentenceEncoder};
use std::path::Path;

struct Ours(SentenceEncoder);

impl Engine for Ours {
    fn load(folder: &Path, variant: &str) -> Result<Self> {
        let precision = variant.parse().map_err(anyhow::Error::msg)?;
        Ok(Self(SentenceEncoder::load(&ModelFiles::from_folder(folder)?, precision)?))
    }

    fn embed(&self, passages: &[String], _batch: usize) -> Result<Vec<f32>> {
        let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
        Ok(self.0.embed(&passages)?.vectors.into_raw_vec_and_offset().0)
    }
}

fn main() -> Result<()> {
    serve::<Ours>()
}
