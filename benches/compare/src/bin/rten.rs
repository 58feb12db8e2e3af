//! rten, on the ONNX graph `VARIANT.onnx`. The driver sets `RTEN_NUM_THREADS`.

use anyhow::{Context, Result};
use rten::Model;
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use standpoint_compare::{Batch, Batches, Engine, serve};
use std::path::Path;

struct Rten {
    model: Model,
    batches: Batches,
}

impl Engine for Rten {
    fn load(folder: &Path, variant: &str) -> Result<Self> {
        // As rten's quantisation guide advises for speed: weights are packed once.
        let mut options = rten::ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load_file(folder.join(format!("{variant}.onnx")))?;
        Ok(Self { model, batches: Batches::load(folder)? })
    }

    fn embed(&self, passages: &[String], batch: usize) -> Result<Vec<f32>> {
        self.batches.embed(passages, batch, |batch| self.run(batch))
    }
}

impl Rten {
    fn run(&self, batch: &Batch) -> Result<Vec<f32>> {
        let tensor = |values: &[u32]| {
            let values: Vec<i32> = values.iter().map(|x| x.cast_signed()).collect();
            Tensor::from_data(&[batch.rows, batch.columns], values)
        };
        let inputs = vec![
            (self.model.node_id("input_ids")?, tensor(&batch.ids).into()),
            (self.model.node_id("attention_mask")?, tensor(&batch.mask).into()),
        ];
        let [vectors] = self.model.run_n(inputs, [self.model.node_id("vectors")?], None)?;
        let vectors: Tensor<f32> = vectors.into_tensor().context("the vectors are no floats")?;
        Ok(vectors.to_vec())
    }
}

fn main() -> Result<()> {
    serve::<Rten>()
}
