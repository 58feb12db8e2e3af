//! Built-in models by name, others by folder.
//!
//! A folder's files say what runs it: `model.onnx` an engine for ONNX; `model.safetensors` beside a
//! `model.toml` our own encoder, if `config.json` is a BERT's; anything else rust-bert, where this
//! program was built with it.

use crate::args::{CheckedTask, ModelsArgs, ModelsVerb};
use crate::{Outcome, Usage, sentence};
use anyhow::{Context, anyhow};
use standpoint_core::{
    AttributionTagger, Embedder, ModelError, ModelInfo, Pair, StanceModel, Task,
};
use standpoint_encoder::{
    ModelFiles, PairClassifier, Precision, SentenceEncoder, TokenTagger, read_model_file,
};
use standpoint_stance::RuleTagger;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

#[cfg(not(feature = "ort"))]
use onnx::{embedder as onnx_embedder, stance_model as onnx_stance_model};
#[cfg(feature = "ort")]
use onnx::{ort_embedder as onnx_embedder, ort_stance_model as onnx_stance_model};

/// A model that is built in.
struct BuiltIn {
    name: &'static str,
    task: Task,
    card: &'static str,
}

const BUILT_IN: [BuiltIn; 6] = [
    BuiltIn { name: "minilm", task: Task::Embedding, card: minilm::CARD },
    BuiltIn { name: "lexical", task: Task::Embedding, card: lexical::CARD },
    BuiltIn { name: "minilm-stance", task: Task::Stance, card: minilm_stance::CARD },
    BuiltIn { name: "lexical", task: Task::Stance, card: lexical::CARD },
    BuiltIn { name: "minilm-attribution", task: Task::Attribution, card: minilm_attribution::CARD },
    BuiltIn { name: "rules", task: Task::Attribution, card: RULES },
];

/// The card of the tagger without weights.
const RULES: &str = "Rules about quotation marks and reporting verbs, without weights: the floor that a \
    trained tagger has to beat. It does not see attributions inside others.";

/// The embedder of a built-in name, or in a folder.
pub(crate) fn embedder(model: &str, precision: Precision) -> anyhow::Result<Arc<dyn Embedder>> {
    let made: Result<Arc<dyn Embedder>, ModelError> = match model {
        "minilm" => minilm::load(precision).map(|model| Arc::new(model) as _),
        "lexical" => Ok(Arc::new(lexical::embedder())),
        other => {
            let path = folder(other, Task::Embedding)?;
            match Engine::of(path) {
                Engine::Encoder => ModelFiles::from_folder(path)
                    .and_then(|files| SentenceEncoder::load(&files, precision))
                    .map(|model| Arc::new(model) as _),
                Engine::Onnx => onnx_embedder(path).map(|model| Arc::new(model) as _),
                Engine::RustBert => standpoint_rust_bert::embedder(path),
            }
        }
    };
    made.map_err(|error| Usage(error.into()).into())
}

/// The stance model of a built-in name, or in a folder.
pub(crate) fn stance_model(
    model: &str,
    precision: Precision,
) -> anyhow::Result<Arc<dyn StanceModel>> {
    let made: Result<Arc<dyn StanceModel>, ModelError> = match model {
        "minilm-stance" => minilm_stance::load(precision).map(|model| Arc::new(model) as _),
        "lexical" => Ok(Arc::new(lexical::stance_model())),
        other => {
            let path = folder(other, Task::Stance)?;
            match Engine::of(path) {
                Engine::Encoder => ModelFiles::from_folder(path)
                    .and_then(|files| PairClassifier::load(&files, precision))
                    .map(|model| Arc::new(model) as _),
                Engine::Onnx => onnx_stance_model(path).map(|model| Arc::new(model) as _),
                Engine::RustBert => standpoint_rust_bert::stance_model(path),
            }
        }
    };
    made.map_err(|error| Usage(error.into()).into())
}

/// The tagger of a built-in name, or in a folder.
pub(crate) fn tagger(
    model: &str,
    precision: Precision,
) -> anyhow::Result<Arc<dyn AttributionTagger>> {
    let made: Result<Arc<dyn AttributionTagger>, ModelError> = match model {
        "minilm-attribution" => {
            minilm_attribution::load(precision).map(|model| Arc::new(model) as _)
        }
        "rules" => Ok(Arc::new(RuleTagger::default())),
        other => ModelFiles::from_folder(folder(other, Task::Attribution)?)
            .and_then(|files| TokenTagger::load(&files, precision))
            .map(|model| Arc::new(model) as _),
    };
    made.map_err(|error| Usage(error.into()).into())
}

/// The card of a built-in model, or the one in a model's folder.
pub(crate) fn card(model: &str) -> Option<String> {
    if let Some(known) = BUILT_IN.iter().find(|known| known.name == model) {
        return Some(known.card.trim_end().to_owned());
    }
    let card = text_of(Path::new(model), "MODEL_CARD.md")?;
    Some(card.trim_end().to_owned())
}

fn folder(model: &str, task: Task) -> anyhow::Result<&Path> {
    let path = Path::new(model);
    if path.is_dir() {
        return Ok(path);
    }
    let known: Vec<_> =
        BUILT_IN.iter().filter(|known| known.task == task).map(|known| known.name).collect();
    Err(Usage(anyhow!(
        "there is no model {model:?}: give a built-in one ({}) or a folder with a model.toml",
        known.join(", ")
    ))
    .into())
}

/// What runs the model in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Encoder,
    Onnx,
    RustBert,
}

impl Engine {
    fn of(folder: &Path) -> Self {
        let has = |name: &str| folder.join(name).exists();
        let text = |name: &str| text_of(folder, name).unwrap_or_default();
        let config: serde_json::Value =
            serde_json::from_str(&text("config.json")).unwrap_or_default();
        let family = config["model_type"].as_str();
        let is_ours = family.is_none_or(|family| ["bert", "mpnet"].contains(&family));
        let asks_hypotheses = text("model.toml").lines().any(|line| line.trim() == "[entailment]");
        if has("model.onnx") {
            Self::Onnx
        } else if is_ours && !asks_hypotheses && (has("model.toml") || !has("config.json")) {
            Self::Encoder
        } else {
            Self::RustBert
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Encoder => "our own encoder",
            Self::Onnx if cfg!(feature = "ort") => "ONNX Runtime",
            Self::Onnx => "rten, for ONNX",
            Self::RustBert => "rust-bert",
        }
    }

    /// The files that it needs.
    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Encoder => &["model.toml", "config.json", "tokenizer.json", "model.safetensors"],
            Self::Onnx => &["config.json", "tokenizer.json", "model.onnx"],
            Self::RustBert => &["config.json", "tokenizer.json", "model.safetensors"],
        }
    }
}

/// `standpoint models`.
pub(crate) fn command(args: &ModelsArgs) -> anyhow::Result<Outcome> {
    match &args.verb {
        None | Some(ModelsVerb::List) => list(),
        Some(ModelsVerb::Show { model }) => show(model),
        Some(ModelsVerb::Check { folder, task }) => check(folder, *task),
    }
}

fn list() -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for known in &BUILT_IN {
        let info = info(known.name, known.task)?;
        let task = info.task.as_str();
        writeln!(out, "{:<18} {task:<11} {:<20} {}", known.name, info.license, short(&info))?;
    }
    Ok(Outcome::Done)
}

fn show(model: &str) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let known: Vec<&BuiltIn> = BUILT_IN.iter().filter(|known| known.name == model).collect();
    for known in &known {
        describe(&mut out, &info(known.name, known.task)?)?;
    }
    if known.is_empty() {
        let path = folder(model, Task::Stance)?;
        describe(&mut out, &info(model, task_of(path, CheckedTask::Stance))?)?;
    }
    if let Some(card) = card(model) {
        writeln!(out, "\n{card}")?;
    }
    Ok(Outcome::Done)
}

/// A text file of a model folder, if it is there and of a model's size.
fn text_of(folder: &Path, name: &str) -> Option<String> {
    String::from_utf8(read_model_file(folder, name).ok()?).ok()
}

/// The task that a folder's `model.toml` states; `otherwise` where there is none.
fn task_of(folder: &Path, otherwise: CheckedTask) -> Task {
    let text = text_of(folder, "model.toml").unwrap_or_default();
    let table: Option<toml::Table> = text.parse().ok();
    let stated = table.as_ref().and_then(|table| table.get("task")).and_then(toml::Value::as_str);
    match (stated, otherwise) {
        (Some("embedding"), _) | (None, CheckedTask::Embedding) => Task::Embedding,
        (Some("attribution"), _) => Task::Attribution,
        _ => Task::Stance,
    }
}

/// Says what is missing from a folder or wrong with it, else what it is and what it answers.
fn check(path: &Path, task: CheckedTask) -> anyhow::Result<Outcome> {
    let name = path.to_string_lossy();
    folder(&name, Task::Stance)?;
    let (engine, task) = (Engine::of(path), task_of(path, task));
    let mut out = std::io::stdout().lock();
    writeln!(out, "engine      {}", engine.name())?;
    for file in engine.files() {
        let state = if path.join(file).is_file() { "there" } else { "missing" };
        writeln!(out, "file        {file} {state}")?;
    }
    let checked = match task {
        Task::Embedding => checked_embedder(&name),
        Task::Stance => checked_stance_model(&name),
        Task::Attribution => checked_tagger(&name),
    };
    match checked {
        Ok((info, answer)) => {
            describe(&mut out, &info)?;
            writeln!(out, "{answer}\nusable")?;
            Ok(Outcome::Done)
        }
        Err(error) => {
            writeln!(out, "wrong       {}", sentence(&error))?;
            Ok(Outcome::SomeFailed)
        }
    }
}

const PROBE: Pair<'static> =
    Pair { target: "a carbon tax", text: "A carbon tax is a disaster for workers." };

fn checked_stance_model(model: &str) -> anyhow::Result<(ModelInfo, String)> {
    let model = stance_model(model, Precision::Auto)?;
    let p = model.classify(&[PROBE])?[0].probabilities;
    let answer = format!(
        "answers     {:?} toward {:?}: favor {:.3}, against {:.3}, neutral {:.3}",
        PROBE.text, PROBE.target, p.favor, p.against, p.neutral
    );
    Ok((model.info().clone(), answer))
}

fn checked_embedder(model: &str) -> anyhow::Result<(ModelInfo, String)> {
    let model = embedder(model, Precision::Auto)?;
    let vectors = model.embed(&[PROBE.text, PROBE.target, "The ferry leaves at noon."])?.vectors;
    let near = |other| vectors.row(0).dot(&vectors.row(other));
    let answer = format!(
        "answers     {:?} is near {:?} by {:.3}, and near a ferry by {:.3}",
        PROBE.text,
        PROBE.target,
        near(1),
        near(2)
    );
    Ok((model.info().clone(), answer))
}

fn checked_tagger(name: &str) -> anyhow::Result<(ModelInfo, String)> {
    let model = tagger(name, Precision::Auto)?;
    let text = "“It will ruin us,” said Ilse Maron, the miners’ leader.";
    let tagged = model.tag(&[text])?;
    let part = |spans: &[standpoint_core::Span]| -> String {
        let parts: Vec<_> = spans.iter().filter_map(|span| span.of(text)).collect();
        parts.join(" … ")
    };
    let found = tagged.first().and_then(|tagged| tagged.attributions.first());
    let answer = match found {
        Some(a) => {
            let (source, cue) = (part(&a.source), part(&[a.cue]));
            format!("answer      source {source:?}, cue {cue:?}, content {:?}", part(&a.content))
        }
        None => format!("answer      no attribution in {text:?}"),
    };
    Ok((model.info().clone(), answer))
}

fn info(model: &str, task: Task) -> anyhow::Result<ModelInfo> {
    let info = match task {
        Task::Embedding => embedder(model, Precision::Auto).map(|model| model.info().clone()),
        Task::Stance => stance_model(model, Precision::Auto).map(|model| model.info().clone()),
        Task::Attribution => tagger(model, Precision::Auto).map(|model| model.info().clone()),
    };
    info.with_context(|| format!("the model {model} does not load"))
}

fn describe(out: &mut impl Write, info: &ModelInfo) -> std::io::Result<()> {
    writeln!(out, "name        {}", info.name)?;
    writeln!(out, "task        {}", info.task.as_str())?;
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

/// The first characters of the hash, enough to tell two versions apart by eye.
fn short(info: &ModelInfo) -> &str {
    info.hash.get(..12).unwrap_or(&info.hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_files_say_what_runs_it() {
        let of = |files: &[(&str, &str)]| {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in files {
                std::fs::write(folder.path().join(name), text).unwrap();
            }
            Engine::of(folder.path())
        };
        let (bert, roberta) = (r#"{"model_type": "bert"}"#, r#"{"model_type": "roberta"}"#);
        let (toml, config) = (("model.toml", "[stance]"), "config.json");
        assert_eq!(of(&[]), Engine::Encoder, "its error tells which files a model has");
        assert_eq!(of(&[toml, (config, bert)]), Engine::Encoder);
        assert_eq!(of(&[toml, (config, r#"{"model_type": "mpnet"}"#)]), Engine::Encoder);
        assert_eq!(of(&[toml, (config, roberta)]), Engine::RustBert);
        assert_eq!(of(&[("model.toml", "[entailment]"), (config, bert)]), Engine::RustBert);
        assert_eq!(of(&[(config, bert)]), Engine::RustBert);
        assert_eq!(of(&[(config, bert), ("model.onnx", "")]), Engine::Onnx);
    }
}
