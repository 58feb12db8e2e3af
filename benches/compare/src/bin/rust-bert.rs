//! rust-bert, on the libtorch that `setup` fetches.

use anyhow::{Context, Result, ensure};
use rust_bert::Config;
use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use standpoint_compare::{Batch, Batches, Engine, means_of_unit_length, serve};
use std::path::Path;
use tch::{Device, Kind, Tensor, nn::VarStore};

struct RustBert {
    model: BertModel<BertEmbeddings>,
    batches: Batches,
}

impl Engine for RustBert {
    fn load(folder: &Path, variant: &str) -> Result<Self> {
        ensure!(variant == "f32", "rust-bert is compared in f32 only");
        tch::set_num_threads(1);
        tch::set_num_interop_threads(1);
        let mut store = VarStore::new(Device::Cpu);
        let config = BertConfig::from_file(folder.join("config.json"));
        // The embedder has no pooler, whose output nothing here would read.
        let model = BertModel::new_with_optional_pooler(store.root(), &config, false);
        store.load(folder.join("model.safetensors"))?;
        Ok(Self { model, batches: Batches::load(folder)? })
    }

    fn embed(&self, passages: &[String], batch: usize) -> Result<Vec<f32>> {
        self.batches.embed(passages, batch, |batch| tch::no_grad(|| self.run(batch)))
    }
}

impl RustBert {
    fn run(&self, batch: &Batch) -> Result<Vec<f32>> {
        let tensor = |values: &[u32]| {
            let values: Vec<i64> = values.iter().map(|&x| i64::from(x)).collect();
            Tensor::from_slice(&values).view([batch.rows as i64, batch.columns as i64])
        };
        let (ids, mask) = (tensor(&batch.ids), tensor(&batch.mask));
        let output =
            self.model.forward_t(Some(&ids), Some(&mask), None, None, None, None, None, false)?;
        let hidden = output.hidden_state.to_kind(Kind::Float).contiguous().view([-1]);
        let hidden: Vec<f32> = hidden.try_into().context("the hidden state is no vector")?;
        Ok(means_of_unit_length(&hidden, batch))
    }
}

fn main() -> Result<()> {
    serve::<RustBert>()
}
