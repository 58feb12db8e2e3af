//! What a graph takes and gives, whatever engine runs it.

use crate::wire;
use standpoint_core::Task;
use standpoint_encoder::{EngineFolder, Input, read_model_file};

/// The file of the graph and its weights.
pub(crate) const FILE: &str = "model.onnx";

/// The bytes of [`FILE`], as far as they can be an ONNX file.
pub(crate) fn read(folder: &EngineFolder) -> Result<Vec<u8>, String> {
    let bytes = read_model_file(&folder.path, FILE)?;
    wire::check(&bytes)?;
    Ok(bytes)
}

/// What an input of the graph holds, a number for each token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Ids,
    Mask,
    Types,
}

impl Part {
    fn of(name: &str) -> Result<Self, String> {
        match name {
            "input_ids" => Ok(Self::Ids),
            "attention_mask" => Ok(Self::Mask),
            "token_type_ids" => Ok(Self::Types),
            _ => Err(format!(
                "the graph takes an input {name}; there are input_ids, attention_mask and \
                 token_type_ids to give"
            )),
        }
    }

    pub(crate) fn values(self, input: &Input) -> impl Iterator<Item = u32> {
        let second = input.second;
        input.ids.iter().enumerate().map(move |(at, id)| match self {
            Self::Ids => *id,
            Self::Mask => 1,
            Self::Types => u32::from(at >= second),
        })
    }
}

/// What each of a graph's inputs holds, by its name.
pub(crate) fn parts<T>(inputs: Vec<(T, &str)>) -> Result<Vec<(T, Part)>, String> {
    let parts: Result<Vec<_>, String> =
        inputs.into_iter().map(|(input, name)| Ok((input, Part::of(name)?))).collect();
    let parts = parts?;
    if parts.iter().all(|(_, part)| *part != Part::Ids) {
        return Err("the graph takes no input input_ids".to_owned());
    }
    Ok(parts)
}

/// A first input, which shows at loading what would fail at every text.
pub(crate) fn probe() -> Input {
    Input { ids: vec![0; 3], second: 3, truncated: 0 }
}

/// The output that is read.
pub(crate) struct Output {
    name: String,
    /// Length of its rows, if they are vectors.
    hidden: Option<usize>,
}

impl Output {
    /// Finds the output to read among a graph's, and its place there.
    pub(crate) fn choose(names: &[&str], folder: &EngineFolder) -> Result<(usize, Self), String> {
        let (wanted, hidden): (&[&str], _) = match folder.settings.task {
            Task::Stance => (&["logits"], None),
            Task::Embedding => (&["sentence_embedding", "last_hidden_state"], Some(folder.hidden)),
            Task::Attribution => {
                return Err("attributions are tagged by our own encoder only".into());
            }
        };
        let place = |wanted: &&str| names.iter().position(|name| name == wanted);
        let at = wanted.iter().find_map(place).unwrap_or(0);
        let name = *names.get(at).ok_or("the graph has no output")?;
        Ok((at, Self { name: name.to_owned(), hidden }))
    }

    /// Whether a shape is that of one text's logits, vector or vectors.
    pub(crate) fn check(&self, shape: &[usize]) -> Result<(), String> {
        let right = match (self.hidden, shape) {
            (None, [1, _]) => true,
            (Some(hidden), [1, width] | [1, _, width]) => *width == hidden,
            _ => false,
        };
        let wanted = match self.hidden {
            None => "one row of logits".to_owned(),
            Some(hidden) => format!("vectors of config.json's hidden_size, {hidden}"),
        };
        if right {
            Ok(())
        } else {
            Err(self.error(&format!("is of shape {shape:?}, not {wanted}")))
        }
    }

    pub(crate) fn error(&self, reason: &str) -> String {
        format!("output {} {reason}", self.name)
    }
}
