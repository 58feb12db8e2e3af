//! candle, with the BERT of candle-transformers. The driver sets `RAYON_NUM_THREADS`.

use anyhow::{Result, ensure};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use standpoint_compare::{Batch, Batches, Engine, means_of_unit_length, serve};
use std::fs;
use std::path::Path;

struct Candle {
    model: BertModel,
    batches: Batches,
}

impl Engine for Candle {
    fn load(folder: &Path, variant: &str) -> Result<Self> {
        ensure!(variant == "f32", "candle is compared in f32 only");
        let config = serde_json::from_slice(&fs::read(folder.join("config.json"))?)?;
        let weights = fs::read(folder.join("model.safetensors"))?;
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        let model = BertModel::load(weights, &config)?;
        Ok(Self { model, batches: Batches::load(folder)? })
    }

    fn embed(&self, passages: &[String], batch: usize) -> Result<Vec<f32>> {
        self.batches.embed(passages, batch, |batch| self.run(batch))
    }
}

impl Candle {
    fn run(&self, batch: &Batch) -> Result<Vec<f32>> {
        let shape = (batch.rows, batch.columns);
        let ids = Tensor::from_slice(&batch.ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_slice(&batch.mask, shape, &Device::Cpu)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        Ok(means_of_unit_length(&hidden.flatten_all()?.to_vec1()?, batch))
    }
}

fn main() -> Result<()> {
    serve::<Candle>()
}
