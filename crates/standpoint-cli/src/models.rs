//! Built-in models by name, others by folder.

use crate::args::ModelsArgs;
use crate::{Outcome, Usage};
use anyhow::{Context, anyhow};
use standpoint_core::{Embedder, ModelInfo, StanceModel, Task};
use standpoint_encoder::{ModelFiles, PairClassifier, Precision, SentenceEncoder};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// A model that is built in.
struct BuiltIn {
    name: &'static str,
    task: Task,
    card: &'static str,
}

const BUILT_IN: [BuiltIn; 4] = [
    BuiltIn { name: "minilm", task: Task::Embedding, card: minilm::CARD },
    BuiltIn { name: "lexical", task: Task::Embedding, card: lexical::CARD },
    BuiltIn { name: "minilm-stance", task: Task::Stance, card: minilm_stance::CARD },
    BuiltIn { name: "lexical", task: Task::Stance, card: lexical::CARD },
];

/// The embedder of a built-in name, or in a folder.
pub(crate) fn embedder(model: &str, precision: Precision) -> anyhow::Result<Arc<dyn Embedder>> {
    Ok(match model {
        "minilm" => Arc::new(minilm::load(precision).map_err(|error| Usage(error.into()))?),
        "lexical" => Arc::new(lexical::embedder()),
        other => {
            let files = folder(other, Task::Embedding)?;
            Arc::new(SentenceEncoder::load(&files, precision).map_err(|error| Usage(error.into()))?)
        }
    })
}

/// The stance model of a built-in name, or in a folder.
pub(crate) fn stance_model(
    model: &str,
    precision: Precision,
) -> anyhow::Result<Arc<dyn StanceModel>> {
    Ok(match model {
        "minilm-stance" => {
            Arc::new(minilm_stance::load(precision).map_err(|error| Usage(error.into()))?)
        }
        "lexical" => Arc::new(lexical::stance_model()),
        other => {
            let files = folder(other, Task::Stance)?;
            Arc::new(PairClassifier::load(&files, precision).map_err(|error| Usage(error.into()))?)
        }
    })
}

fn folder(model: &str, task: Task) -> anyhow::Result<ModelFiles> {
    let path = Path::new(model);
    if !path.is_dir() {
        let known: Vec<_> =
            BUILT_IN.iter().filter(|known| known.task == task).map(|known| known.name).collect();
        return Err(Usage(anyhow!(
            "there is no model {model:?}: give a built-in one ({}) or a folder with a model.toml",
            known.join(", ")
        ))
        .into());
    }
    Ok(ModelFiles::from_folder(path).map_err(|error| Usage(error.into()))?)
}

/// `standpoint models`: the list, or one model with its card.
pub(crate) fn command(args: &ModelsArgs) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let Some(model) = &args.model else {
        for known in &BUILT_IN {
            let info = info(known.name, known.task)?;
            let task = task_name(info.task);
            writeln!(out, "{:<14} {task:<10} {:<20} {}", known.name, info.license, short(&info))?;
        }
        return Ok(Outcome::Done);
    };
    let known: Vec<&BuiltIn> = BUILT_IN.iter().filter(|known| known.name == model).collect();
    for known in &known {
        show(&mut out, &info(known.name, known.task)?)?;
    }
    match known.first() {
        Some(known) => writeln!(out, "\n{}", known.card.trim_end())?,
        None => {
            let path = Path::new(model);
            let task =
                folder(model, Task::Stance)?.settings().map_err(|error| Usage(error.into()))?.task;
            show(&mut out, &info(model, task)?)?;
            if let Ok(card) = std::fs::read_to_string(path.join("MODEL_CARD.md")) {
                writeln!(out, "\n{}", card.trim_end())?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn info(model: &str, task: Task) -> anyhow::Result<ModelInfo> {
    let info = match task {
        Task::Embedding => embedder(model, Precision::Auto).map(|model| model.info().clone()),
        Task::Stance => stance_model(model, Precision::Auto).map(|model| model.info().clone()),
    };
    info.with_context(|| format!("the model {model} does not load"))
}

fn show(out: &mut impl Write, info: &ModelInfo) -> std::io::Result<()> {
    writeln!(out, "name        {}", info.name)?;
    writeln!(out, "task        {}", task_name(info.task))?;
    writeln!(out, "licence     {}", info.license)?;
    writeln!(out, "languages   {}", info.languages.join(", "))?;
    writeln!(out, "max_tokens  {}", info.max_tokens)?;
    writeln!(
        out,
        "precision   {} on this processor, unless --precision says else",
        info.precision
    )?;
    writeln!(out, "hash        {}", info.hash)
}

fn task_name(task: Task) -> &'static str {
    match task {
        Task::Embedding => "embedding",
        Task::Stance => "stance",
    }
}

/// The first characters of the hash, enough to tell two versions apart by eye.
fn short(info: &ModelInfo) -> &str {
    info.hash.get(..12).unwrap_or(&info.hash)
}
