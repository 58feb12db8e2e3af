//! The same folders, run by ONNX Runtime.

use crate::graph::{self, FILE, Output, Part};
use ::ort::environment::Environment;
use ::ort::session::{Session, SessionInputValue};
use ::ort::value::{Tensor, TensorElementType, ValueType};
use standpoint_core::{ModelError, Task};
use standpoint_encoder::{Engine, EngineClassifier, EngineEmbedder, EngineFolder, Input};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Makes an embedder of a folder, run by ONNX Runtime.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it, or if there is no ONNX Runtime.
pub fn ort_embedder(folder: &Path) -> Result<EngineEmbedder<Ort>, ModelError> {
    let folder = EngineFolder::read(folder, Task::Embedding, "ort", FILE)?;
    let engine = Ort::load(&folder)?;
    EngineEmbedder::new(&folder, engine)
}

/// Makes a stance model of a folder, run by ONNX Runtime.
///
/// # Errors
/// [`ModelError::Load`] with the file and what is wrong with it, or if there is no ONNX Runtime.
pub fn ort_stance_model(folder: &Path) -> Result<EngineClassifier<Ort>, ModelError> {
    let folder = EngineFolder::read(folder, Task::Stance, "ort", FILE)?;
    let engine = Ort::load(&folder)?;
    EngineClassifier::new(&folder, engine)
}

/// A graph that ONNX Runtime runs, on the calling thread.
///
/// A session serves one run at a time, so there come to be as many as there are callers at once, each
/// with its own copy of the weights.
pub struct Ort {
    environment: Environment,
    file: Vec<u8>,
    inputs: Vec<(Slot, Part)>,
    output: (String, Output),
    idle: Mutex<Vec<Session>>,
}

/// An input of the graph by its name, and whether it takes 64-bit integers or 32-bit ones.
struct Slot {
    name: String,
    wide: bool,
}

impl Ort {
    /// Reads the graph of a folder and runs it once.
    ///
    /// # Errors
    /// [`ModelError::Load`], if ONNX Runtime cannot be loaded or cannot run the graph, or if the graph
    /// is not of the kind that the crate describes.
    pub fn load(folder: &EngineFolder) -> Result<Self, ModelError> {
        let environment = environment().map_err(|reason| folder.error(reason))?;
        Self::make(folder, environment).map_err(|reason| folder.error(format!("{FILE}: {reason}")))
    }

    fn make(folder: &EngineFolder, environment: Environment) -> Result<Self, String> {
        let file = graph::read(folder)?;
        let session = session(&environment, &file)?;
        let inputs: Result<Vec<_>, String> = session
            .inputs()
            .iter()
            .map(|input| Ok((Slot::of(input.name(), input.dtype())?, input.name())))
            .collect();
        let inputs = graph::parts(inputs?)?;
        let names: Vec<&str> = session.outputs().iter().map(|output| output.name()).collect();
        let (at, output) = Output::choose(&names, folder)?;
        let output = (names[at].to_owned(), output);
        let idle = Mutex::new(vec![session]);
        let engine = Self { environment, file, inputs, output, idle };
        engine.run(&graph::probe())?;
        Ok(engine)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, input: &Input, session: &mut Session) -> Result<Vec<f32>, ::ort::Error> {
        let inputs: Result<Vec<_>, ::ort::Error> = self
            .inputs
            .iter()
            .map(|(slot, part)| Ok((slot.name.as_str(), slot.tensor(part.values(input))?)))
            .collect();
        let found = session.run(inputs?)?;
        let (name, output) = &self.output;
        let found = found.get(name).ok_or_else(|| ::ort::Error::new(output.error("is missing")))?;
        let (shape, values) = found.try_extract_tensor::<f32>()?;
        let shape: Vec<usize> = shape.iter().map(|x| usize::try_from(*x).unwrap_or(0)).collect();
        output.check(&shape).map_err(::ort::Error::new)?;
        Ok(values.to_vec())
    }
}

impl Engine for Ort {
    fn run(&self, input: &Input) -> Result<Vec<f32>, String> {
        let idle = self.idle().pop();
        let mut session = idle.map_or_else(|| session(&self.environment, &self.file), Ok)?;
        let answer = self.answer(input, &mut session);
        self.idle().push(session);
        answer.map_err(|error| error.to_string())
    }
}

impl Slot {
    fn of(name: &str, kind: &ValueType) -> Result<Self, String> {
        let wide = match kind {
            ValueType::Tensor { ty: TensorElementType::Int64, .. } => true,
            ValueType::Tensor { ty: TensorElementType::Int32, .. } => false,
            _ => return Err(format!("input {name} is of type {kind}, not of integers")),
        };
        Ok(Self { name: name.to_owned(), wide })
    }

    fn tensor(
        &self,
        values: impl Iterator<Item = u32>,
    ) -> Result<SessionInputValue<'static>, ::ort::Error> {
        if self.wide {
            let values: Vec<i64> = values.map(i64::from).collect();
            Ok(Tensor::from_array(([1, values.len()], values))?.into())
        } else {
            let values: Vec<i32> = values.map(u32::cast_signed).collect();
            Ok(Tensor::from_array(([1, values.len()], values))?.into())
        }
    }
}

fn session(environment: &Environment, file: &[u8]) -> Result<Session, String> {
    let text = |error: ::ort::Error| error.to_string();
    // With one thread of each kind, a run makes none and stays on its caller's.
    let builder = Session::builder(environment).map_err(text)?;
    let builder = builder.with_intra_threads(1).map_err(|error| error.to_string())?;
    let mut builder = builder.with_inter_threads(1).map_err(|error| error.to_string())?;
    builder.commit_from_memory(file).map_err(text)
}

/// ONNX Runtime, loaded once for the whole program.
fn environment() -> Result<Environment, String> {
    static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*loaded {
        return Ok(environment.clone());
    }
    let path = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    let path =
        path.map_or_else(|| format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}").into(), PathBuf::from);
    let builder = ::ort::init_from(&path).map_err(|error| {
        format!(
            "ONNX Runtime: {error}; set ORT_DYLIB_PATH to the path of its library, \
             {DLL_PREFIX}onnxruntime{DLL_SUFFIX}"
        )
    })?;
    let environment = builder.with_name("standpoint").with_telemetry(false).build();
    let environment = environment.map_err(|error| format!("ONNX Runtime: {error}"))?;
    Ok(loaded.insert(environment).clone())
}
