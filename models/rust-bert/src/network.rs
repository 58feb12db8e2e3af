//! rust-bert's networks behind [`Engine`].

use rust_bert::pipelines::common::{ConfigOption, ModelResource, ModelType};
use rust_bert::pipelines::sentence_embeddings::SentenceEmbeddingsOption;
use rust_bert::pipelines::sequence_classification::{
    SequenceClassificationConfig, SequenceClassificationOption,
};
use rust_bert::resources::LocalResource;
use standpoint_core::{ModelError, Task};
use standpoint_encoder::{Engine, EngineClassifier, EngineEmbedder, EngineFolder, Input};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// The files that weights may stand in, the first that is there.
const WEIGHTS: [&str; 2] = ["model.safetensors", "rust_model.ot"];

pub(crate) fn embedder(folder: &Path) -> Result<EngineEmbedder<RustBert>, ModelError> {
    let (folder, weights) = read(folder, Task::Embedding)?;
    let engine = RustBert::embedder(&folder, weights).map_err(|reason| folder.error(reason))?;
    EngineEmbedder::new(&folder, engine)
}

pub(crate) fn stance_model(folder: &Path) -> Result<EngineClassifier<RustBert>, ModelError> {
    let (folder, weights) = read(folder, Task::Stance)?;
    let engine = RustBert::classifier(&folder, weights).map_err(|reason| folder.error(reason))?;
    EngineClassifier::new(&folder, engine)
}

fn read(folder: &Path, task: Task) -> Result<(EngineFolder, &'static str), ModelError> {
    let there = WEIGHTS.into_iter().find(|name| folder.join(name).exists());
    let weights = there.unwrap_or(WEIGHTS[0]);
    Ok((EngineFolder::read(folder, task, "rust-bert", weights)?, weights))
}

/// A network of rust-bert, of which each worker uses a copy of its own.
///
/// rust-bert's networks may move between threads and not be shared by them. So a call takes one from
/// `idle` and puts it back; where all are in use, another is loaded. The lock is held for a push or a
/// pop, never while a network runs.
pub(crate) struct RustBert {
    source: Source,
    idle: Mutex<Vec<Network>>,
}

/// What a network is loaded from.
struct Source {
    family: ModelType,
    config: PathBuf,
    weights: PathBuf,
    is_classifier: bool,
}

thread_local! {
    /// One thread in a call: whoever calls spreads calls over threads, and a sum that is split by the
    /// number of threads has other last digits. MKL keeps the number for each calling thread.
    static ON_ONE_THREAD: () = tch::set_num_threads(1);
}

enum Network {
    Classifier(Box<SequenceClassificationOption>),
    Embedder(Box<SentenceEmbeddingsOption>),
}

impl RustBert {
    fn classifier(folder: &EngineFolder, weights: &str) -> Result<Self, String> {
        Self::new(folder, weights, true)
    }

    fn embedder(folder: &EngineFolder, weights: &str) -> Result<Self, String> {
        let others = ["1_Pooling/config.json", "2_Dense/config.json"];
        for part in others.map(|part| folder.path.join(part)) {
            let text = std::fs::read_to_string(&part).unwrap_or_default();
            if !text.is_empty() && !text.contains("\"pooling_mode_mean_tokens\": true") {
                let part = part.display();
                return Err(format!("{part}: only the mean of the tokens' vectors is computed"));
            }
        }
        Self::new(folder, weights, false)
    }

    fn new(folder: &EngineFolder, weights: &str, is_classifier: bool) -> Result<Self, String> {
        let source = Source {
            family: family(&folder.family)?,
            config: folder.path.join("config.json"),
            weights: folder.path.join(weights),
            is_classifier,
        };
        // Loaded now, so that what is wrong shows before a run begins.
        let first = source.load()?;
        Ok(Self { source, idle: Mutex::new(vec![first]) })
    }
}

/// rust-bert's name for a `model_type`.
fn family(model_type: &str) -> Result<ModelType, String> {
    Ok(match model_type {
        "bert" => ModelType::Bert,
        "distilbert" => ModelType::DistilBert,
        "roberta" => ModelType::Roberta,
        "xlm-roberta" => ModelType::XLMRoberta,
        "deberta" => ModelType::Deberta,
        "deberta-v2" => ModelType::DebertaV2,
        "albert" => ModelType::Albert,
        "bart" => ModelType::Bart,
        "mobilebert" => ModelType::MobileBert,
        "xlnet" => ModelType::XLNet,
        "longformer" => ModelType::Longformer,
        "fnet" => ModelType::FNet,
        other => return Err(format!("config.json: rust-bert has no family {other:?}")),
    })
}

/// What rust-bert and tch panic with becomes an error: they do on configs and shapes that do not fit.
fn caught<T>(what: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // Whatever a panic leaves half done is dropped with the closure, or loaded anew.
    catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("rust-bert: {}", text.unwrap_or("an internal error")))
    })
}

impl Source {
    fn load(&self) -> Result<Network, String> {
        caught(|| if self.is_classifier { self.classifier() } else { self.embedder() })
    }

    fn classifier(&self) -> Result<Network, String> {
        let local = |path: &PathBuf| LocalResource { local_path: path.clone() };
        let mut config = SequenceClassificationConfig::new(
            self.family,
            ModelResource::Torch(Box::new(local(&self.weights))),
            local(&self.config),
            // Never read: the tokens are made by tokenizer.json.
            local(&self.config),
            None,
            false,
            None,
            None,
        );
        config.device = Device::Cpu;
        let made = SequenceClassificationOption::new(&config);
        made.map(|made| Network::Classifier(Box::new(made))).map_err(|error| error.to_string())
    }

    fn embedder(&self) -> Result<Network, String> {
        let config = ConfigOption::from_file(self.family, &self.config);
        let mut store = VarStore::new(Device::Cpu);
        let network = SentenceEmbeddingsOption::new(self.family, store.root(), &config)
            .map_err(|error| error.to_string())?;
        let missing = store.load_partial(&self.weights).map_err(|error| error.to_string())?;
        // Nothing reads a pooler's output here, and many embedders are stored without one.
        match missing.iter().find(|name| !name.starts_with("pooler.")) {
            Some(name) => Err(format!("{}: no tensor {name}", self.weights.display())),
            None => Ok(Network::Embedder(Box::new(network))),
        }
    }
}

impl Network {
    fn run(&self, input: &Input) -> Result<Vec<f32>, String> {
        let length = input.ids.len();
        let row = |values: Vec<i64>| Tensor::from_slice(&values).view([1, length as i64]);
        let ids = row(input.ids.iter().map(|&id| i64::from(id)).collect());
        let types = row((0..length).map(|at| i64::from(at >= input.second)).collect());
        let mask = row(vec![1; length]);
        let numbers = match self {
            Self::Classifier(network) => {
                network.forward_t(Some(&ids), Some(&mask), Some(&types), None, None, false)
            }
            Self::Embedder(network) => {
                network.forward(&ids, &mask).map_err(|error| error.to_string())?.0
            }
        };
        let numbers = numbers.to_kind(Kind::Float).contiguous().view([-1]);
        numbers.try_into().map_err(|error: tch::TchError| error.to_string())
    }
}

impl Engine for RustBert {
    fn run(&self, input: &Input) -> Result<Vec<f32>, String> {
        // A lock that another thread panicked under holds whole networks all the same.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let network = idle.map_or_else(|| self.source.load(), Ok)?;
        ON_ONE_THREAD.with(|()| ());
        let numbers = caught(|| tch::no_grad(|| network.run(input)))?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(network);
        Ok(numbers)
    }
}
