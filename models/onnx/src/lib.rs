//! Models in ONNX, of any family: sequence classification and embeddings.
//!
//! A folder holds `model.onnx`, with its weights in it, and `config.json` and `tokenizer.json` as
//! Hugging Face writes them; `model.toml` is optional, as [`EngineFolder`] says. The graph takes
//! `input_ids`, and `attention_mask` and `token_type_ids` if it asks for them. A classifier's
//! answer is its output `logits`, an embedder's `sentence_embedding` or `last_hidden_state`; where
//! no output is called so, it is the first.
//!
//! [rten] runs them and needs nothing else. With the feature `ort`, [ONNX Runtime] does: a shared
//! library that `ORT_DYLIB_PATH` names when the program runs.
//!
//! ```no_run
//! use standpoint_core::{Pair, StanceModel};
//!
//! let model = onnx::stance_model("my-stance-model".as_ref())?;
//! let pair = Pair { target: "a carbon tax", text: "A carbon tax is a disaster for workers." };
//! println!("{:?}", model.classify(&[pair])?[0].probabilities);
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```
//!
//! [rten]: https://github.com/robertknight/rten
//! [ONNX Runtime]: https://onnxruntime.ai

mod graph;
#[cfg(feature = "ort")]
mod ort;
mod wire;

#[cfg(feature = "ort")]
pub use crate::ort::{Ort, ort_embedder, ort_stance_model};

use crate::graph::{FILE, Output, Part};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use standpoint_core::{ModelError, Task};
use standpoint_encoder::{Engine, EngineClassifier, EngineEmbedder, EngineFolder, Input};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Makes an embedder of a folder, run by rten.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it.
pub fn embedder(folder: &Path) -> Result<EngineEmbedder<Rten>, ModelError> {
    let folder = EngineFolder::read(folder, Task::Embedding, "rten", FILE)?;
    let engine = Rten::load(&folder)?;
    EngineEmbedder::new(&folder, engine)
}

/// Makes a stance model of a folder, run by rten.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it.
pub fn stance_model(folder: &Path) -> Result<EngineClassifier<Rten>, ModelError> {
    let folder = EngineFolder::read(folder, Task::Stance, "rten", FILE)?;
    let engine = Rten::load(&folder)?;
    EngineClassifier::new(&folder, engine)
}

/// A graph that rten runs.
///
/// A run is to keep one core busy, its caller's, and rten has no such mode: it hands every run to a
/// rayon pool, by default to one that all runs share and spread over (`RunOptions::thread_pool`, and
/// within it every operator by `rayon::current_num_threads`). So each run gets a pool of one thread
/// that no other run is using, and its caller sleeps meanwhile (`apart`): it neither spreads nor
/// queues, and as one thread works for each that sleeps, no more cores are busy than callers. There
/// come to be as many such pools as there are callers at once. It is also why a text gives the same
/// bits with whatever number of threads: rten's products split by the size of the pool.
pub struct Rten {
    model: Model,
    inputs: Vec<(NodeId, Part)>,
    output: (NodeId, Output),
    idle: Mutex<Vec<Arc<ThreadPool>>>,
}

impl Rten {
    /// Reads the graph of a folder and runs it once.
    ///
    /// # Errors
    /// [`ModelError::Load`], if rten cannot run the graph, or if the graph is not of the kind that
    /// the crate describes.
    pub fn load(folder: &EngineFolder) -> Result<Self, ModelError> {
        Self::make(folder).map_err(|reason| folder.error(format!("{FILE}: {reason}")))
    }

    fn make(folder: &EngineFolder) -> Result<Self, String> {
        let file = graph::read(folder)?;
        let model = apart(|| load(file))?;
        let name = |id: &NodeId| model.node_info(*id).and_then(|node| node.name()).unwrap_or("");
        let inputs: Vec<_> = model.input_ids().iter().map(|id| (*id, name(id))).collect();
        let inputs = graph::parts(inputs)?;
        let names: Vec<&str> = model.output_ids().iter().map(name).collect();
        let (at, output) = Output::choose(&names, folder)?;
        let output = (model.output_ids()[at], output);
        let engine = Self { model, inputs, output, idle: Mutex::default() };
        engine.run(&graph::probe())?;
        Ok(engine)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Arc<ThreadPool>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, input: &Input, pool: &Arc<ThreadPool>) -> Result<Vec<f32>, String> {
        let tensor = |part: Part| {
            let values: Vec<i32> = part.values(input).map(u32::cast_signed).collect();
            Tensor::from_data(&[1, values.len()], values)
        };
        let inputs = self.inputs.iter().map(|(id, part)| (*id, tensor(*part).into())).collect();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let [found] = self
            .model
            .run_n(inputs, [self.output.0], Some(options))
            .map_err(|error| error.to_string())?;
        let found: Tensor<f32> =
            found.into_tensor().ok_or_else(|| self.output.1.error("holds no floats"))?;
        self.output.1.check(found.shape())?;
        Ok(found.to_vec())
    }
}

impl Engine for Rten {
    fn run(&self, input: &Input) -> Result<Vec<f32>, String> {
        let idle = self.idle().pop();
        let pool = idle.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let answer = apart(|| self.answer(input, &pool));
        self.idle().push(pool);
        answer
    }
}

fn load(file: Vec<u8>) -> Result<Model, String> {
    // Otherwise the weights are laid out anew for every text: 3.5 ms more for a MiniLM of 6 layers.
    let model = ModelOptions::with_all_ops().prepack_weights(true).load(file);
    model.map_err(|error| error.to_string())
}

/// Does work on a thread of its own and waits for it.
///
/// A rayon worker that waits for another rayon pool does not sleep: it takes up more of its own pool's
/// work, here the next texts, each of which waits in its turn on top of the last. Waiting for a plain
/// thread, it sleeps. (A thread is made in some 30 µs, a run takes milliseconds.) And where a graph
/// makes rten panic, only this thread ends by it.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("rten".to_owned()).spawn_scoped(scope, work);
        let thread = thread.map_err(|cause| format!("no thread for rten ({cause})"))?;
        thread.join().unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("rten panicked: {}", text.unwrap_or("it does not say why")))
        })
    })
}
