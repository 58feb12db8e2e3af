//! The training itself: epochs, scores on dev, checkpoints, and what is exported in the end.

use crate::bert::{self, Bert, Dropout, Weights};
use crate::optimizer::State;
use crate::recipe::Recipe;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use standpoint_encoder::{Bytes, Floats, ModelFiles, ModelToml, read_tensors, write_quantized};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use tch::Tensor;

/// What a model is trained for: its data and its head.
pub(crate) trait Task {
    /// What one step learns from.
    type Batch;
    /// Names and shapes of the head's weights, given the encoder's width.
    fn head(hidden: usize) -> Vec<(&'static str, Vec<usize>)>;
    /// The batches of an epoch: always the same for the same epoch.
    fn epoch(&self, recipe: &Recipe, number: usize) -> Vec<Self::Batch>;
    /// What is to become small.
    fn loss(
        &self,
        bert: &Bert,
        weights: &Weights,
        batch: &Self::Batch,
        dropout: Option<&mut Dropout>,
    ) -> Tensor;
    /// The F1 of each dev set.
    fn score(
        &self,
        bert: &Bert,
        weights: &Weights,
        recipe: &Recipe,
    ) -> Result<BTreeMap<String, f64>>;
    /// The exported `model.toml`.
    fn settings(&self, bert: &Bert, weights: &Weights, recipe: &Recipe) -> ModelToml;
    /// Loads what was exported as the product does.
    fn load(files: &ModelFiles) -> Result<()>;
}

/// Everything that a training runs on.
pub(crate) struct Training<'a, T> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) base: &'a ModelFiles,
    pub(crate) task: T,
    pub(crate) out: &'a Path,
}

/// Where a training is, beside the tensors of its checkpoint.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Position {
    epoch: usize,
    /// Batches of the epoch that are done.
    batch: usize,
    step: usize,
    /// The best mean F1 on dev, and how many scores in a row came below it.
    best: f64,
    worse: usize,
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
struct Metrics<'a> {
    epoch: f64,
    step: usize,
    loss: f64,
    mean_f1: f64,
    f1: &'a BTreeMap<String, f64>,
    seconds: f64,
}

const CHECKPOINT: &str = "checkpoint.safetensors";
const POSITION: &str = "checkpoint.json";
const BEST: &str = "best.safetensors";

/// Trains, and leaves a model folder.
pub(crate) fn train<T: Task>(
    training: &Training<'_, T>,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    let (recipe, task) = (training.recipe, &training.task);
    let (config, _) = training.base.input()?;
    let settings = &training.recipe.training;
    let bert = Bert::new(config, settings.precision);
    let (mut state, mut position) = start(training, &bert, say)?;
    let mut dropout = Dropout::new(settings.dropout, settings.seed, settings.precision);
    let began = Instant::now();
    let goes_on = |position: &Position| position.worse < settings.patience;
    while position.epoch < settings.epochs && goes_on(&position) {
        let batches = task.epoch(recipe, position.epoch);
        let every = batches.len().div_ceil(settings.scores_per_epoch);
        let mut losses = Losses::default();
        while position.batch < batches.len() && goes_on(&position) {
            if let Some(dropout) = &mut dropout {
                dropout.at_step(settings.seed, state.step);
            }
            let batch = &batches[position.batch];
            let loss = task.loss(&bert, &state.weights, batch, dropout.as_mut());
            let progress = position.epochs(batches.len()) / settings.epochs as f64;
            state.step(&loss, settings, bert.config(), progress);
            losses.add(loss.double_value(&[]));
            position.batch += 1;
            position.step = state.step;
            let (epoch, seconds) = (position.epochs(batches.len()), began.elapsed().as_secs_f64());
            let loss = losses.mean();
            if state.step.is_multiple_of(50) {
                let step = state.step;
                say(format!("epoch {epoch:.3}, step {step}, loss {loss:.4}, {seconds:.0} s"));
            }
            if position.batch.is_multiple_of(every) || position.batch == batches.len() {
                let scores = task.score(&bert, &state.averaged, recipe)?;
                let mean_f1 = scores.values().sum::<f64>() / scores.len().max(1) as f64;
                say(format!("epoch {epoch:.3}: mean F1 {mean_f1:.4} of {scores:.3?}"));
                let (step, f1) = (state.step, &scores);
                log(training, &Metrics { epoch, step, loss, mean_f1, f1, seconds })?;
                losses = Losses::default();
                keep(training, &state, &mut position, mean_f1)?;
            }
        }
        position.epoch += 1;
        position.batch = 0;
    }
    export(training, &bert, say)
}

impl Position {
    /// Epochs done, with the part of the one that is going on.
    fn epochs(&self, batches: usize) -> f64 {
        self.epoch as f64 + self.batch as f64 / batches as f64
    }
}

/// The losses since dev was last scored.
#[derive(Default)]
struct Losses {
    sum: f64,
    count: usize,
}

impl Losses {
    fn add(&mut self, loss: f64) {
        self.sum += loss;
        self.count += 1;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

/// Keeps the averaged weights if they are the best so far, and a checkpoint in any case.
fn keep<T>(
    training: &Training<'_, T>,
    state: &State,
    position: &mut Position,
    mean_f1: f64,
) -> Result<()> {
    if mean_f1 > position.best {
        position.best = mean_f1;
        position.worse = 0;
        save(&named("", &state.averaged), &training.out.join(BEST))?;
    } else {
        position.worse += 1;
    }
    checkpoint(training, state, position)
}

/// The checkpoint in the output folder if there is one, else the base.
fn start<T: Task>(
    training: &Training<'_, T>,
    bert: &Bert,
    say: &mut dyn FnMut(String),
) -> Result<(State, Position)> {
    let path = training.out.join(CHECKPOINT);
    if path.exists() {
        let position =
            fs::read(training.out.join(POSITION)).context("a checkpoint without place")?;
        let position: Position = serde_json::from_slice(&position)?;
        let tensors = Tensor::read_safetensors(&path)?;
        let part = |prefix: &str| -> Weights {
            let of = |(name, tensor): &(String, Tensor)| {
                Some((name.strip_prefix(prefix)?.to_owned(), tensor.copy()))
            };
            tensors.iter().filter_map(of).collect()
        };
        let mut state = State {
            weights: part("weight/"),
            averaged: part("averaged/"),
            moments: (part("mean/"), part("square/")),
            step: position.step,
        };
        state.ask_for_gradients();
        say(format!("goes on at epoch {}, batch {}", position.epoch, position.batch));
        return Ok((state, position));
    }
    Ok((State::new(of_base(training, bert)?), Position::default()))
}

/// The weights of the base, with the head that the recipe's seed gives where the base has none.
fn of_base<T: Task>(training: &Training<'_, T>, bert: &Bert) -> Result<Weights> {
    let tensors = read_tensors(&training.base.weights).map_err(anyhow::Error::msg)?;
    let head = T::head(bert.config().hidden_size);
    bert::weights(tensors, bert.config(), &head, training.recipe.training.seed)
}

/// Weights of which a share is the base's.
fn mixed(weights: &Weights, base: &Weights, share: f64) -> Weights {
    let mix = |(name, trained): (&String, &Tensor)| {
        let mixed = match base.get(name) {
            Some(base) => trained * (1.0 - share) + base * share,
            None => trained.shallow_clone(),
        };
        (name.clone(), mixed)
    };
    weights.iter().map(mix).collect()
}

fn checkpoint<T>(training: &Training<'_, T>, state: &State, position: &Position) -> Result<()> {
    let mut tensors = named("weight/", &state.weights);
    tensors.extend(named("averaged/", &state.averaged));
    tensors.extend(named("mean/", &state.moments.0));
    tensors.extend(named("square/", &state.moments.1));
    save(&tensors, &training.out.join(CHECKPOINT))?;
    whole(&training.out.join(POSITION), &serde_json::to_vec_pretty(position)?)
}

fn named(prefix: &str, weights: &Weights) -> Vec<(String, Tensor)> {
    weights.iter().map(|(name, x)| (format!("{prefix}{name}"), x.shallow_clone())).collect()
}

/// Writes tensors through a temporary file, so that a killed training leaves the last one whole.
fn save(tensors: &[(String, Tensor)], path: &Path) -> Result<()> {
    let part = path.with_extension("part");
    Tensor::write_safetensors(tensors, &part)?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
}

fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
}

fn log<T>(training: &Training<'_, T>, metrics: &Metrics<'_>) -> Result<()> {
    let path = training.out.join("metrics.jsonl");
    let file = fs::OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, "{}", serde_json::to_string(metrics)?)?;
    Ok(())
}

/// Writes the best average, with what the recipe keeps of the base, as a model folder.
fn export<T: Task>(
    training: &Training<'_, T>,
    bert: &Bert,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    let best = Tensor::read_safetensors(training.out.join(BEST)).context("nothing was scored")?;
    let best: Weights = best.into_iter().collect();
    // A head that the base has not is none of its weights.
    let has = read_tensors(&training.base.weights).map_err(anyhow::Error::msg)?;
    let mut base = of_base(training, bert)?;
    base.retain(|name, _| has.contains_key(name));
    let share = training.recipe.training.of_base;
    let weights = mixed(&best, &base, share);
    let toml = toml::to_string_pretty(&training.task.settings(bert, &weights, training.recipe))?;
    let files = model(training.base, toml, &weights)?;
    let folder = training.out.join("model");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    whole(&folder.join("model.safetensors"), &files.weights)?;
    whole(&folder.join("model.toml"), &files.model_toml)?;
    whole(&folder.join("config.json"), &files.config)?;
    whole(&folder.join("tokenizer.json"), &files.tokenizer)?;
    say(format!("model in {}", folder.display()));
    // What is exported has to load.
    T::load(&ModelFiles::from_folder(&folder)?)
}

/// The files of a model with these weights in 8 bits, and config and tokenizer of its base.
pub(crate) fn model(
    base: &ModelFiles,
    model_toml: String,
    weights: &Weights,
) -> Result<ModelFiles> {
    let floats = |tensor: &Tensor| {
        let mut values = vec![0.0_f32; tensor.numel()];
        tensor.contiguous().copy_data(&mut values, tensor.numel());
        Floats { shape: tensor.size().iter().map(|&x| x as usize).collect(), values }
    };
    let tensors = weights.iter().map(|(name, tensor)| (name.clone(), floats(tensor))).collect();
    let weights = write_quantized(&tensors).map_err(anyhow::Error::msg)?;
    Ok(ModelFiles {
        model_toml: model_toml.into_bytes().into(),
        weights: Bytes::from(weights),
        ..base.clone()
    })
}

/// The files of a base folder, under the settings of the recipe.
pub(crate) fn base(folder: &Path, recipe: &Recipe) -> Result<ModelFiles> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).with_context(|| format!("the base has no {}", path.display()))
    };
    let model_toml = toml::to_string(&recipe.model.settings(1.0))?;
    Ok(ModelFiles {
        origin: folder.display().to_string().into(),
        model_toml: model_toml.into_bytes().into(),
        config: read("config.json")?.into(),
        tokenizer: read("tokenizer.json")?.into(),
        weights: Bytes::from(read("model.safetensors")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{self, Answers};
    use crate::pairs::Pairs;
    use crate::tiny;
    use standpoint_core::{Label, Pair, StanceModel};
    use standpoint_encoder::{PairClassifier, Precision};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// A text that calls something good is for it, one that calls it bad against it.
    fn data(folder: &Path) {
        let row = |i: usize| {
            let (word, label) = [("good", "favor"), ("bad", "against"), ("a", "neutral")][i % 3];
            let text = format!("{}{word} levy {i}", "the ".repeat(i % 5));
            let target = ["levy", "the levy"][i % 2];
            serde_json::json!({"text": text, "target": target, "label": label}).to_string()
        };
        let rows = |range: std::ops::Range<usize>| range.map(row).collect::<Vec<_>>().join("\n");
        fs::write(folder.join("train.jsonl"), rows(0..600)).unwrap();
        fs::write(folder.join("dev.jsonl"), rows(600..700)).unwrap();
    }

    fn run(folder: &Path, out: &Path, say: &mut dyn FnMut(String)) -> Result<()> {
        let recipe = tiny::recipe("bf16");
        let base = tiny::base(toml::to_string(&recipe.model.settings(1.0)).unwrap());
        let (_, tokens) = base.input()?;
        let sets = data::read(&recipe, folder, &tokens)?;
        fs::create_dir_all(out)?;
        let task = Pairs { tokens, sets, teacher: Answers::new() };
        train(&Training { recipe: &recipe, base: &base, task, out }, say)
    }

    #[test]
    fn a_share_of_the_base_is_kept() {
        let of = |x: f32, y: f32| Weights::from([("w".to_owned(), Tensor::from_slice(&[x, y]))]);
        let mixed = mixed(&of(4.0, 0.0), &of(0.0, 8.0), 0.25);
        assert_eq!(Vec::<f32>::try_from(&mixed["w"]).unwrap(), [3.0, 2.0]);
    }

    #[test]
    fn a_killed_training_goes_on_to_the_same_model_and_the_model_has_learned() {
        tch::set_num_threads(1);
        let folder = tempfile::tempdir().unwrap();
        data(folder.path());
        let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
        run(folder.path(), &whole, &mut |_| {}).unwrap();

        let mut scores = 0;
        let mut kill = |line: String| {
            scores += usize::from(line.contains("mean F1"));
            assert!(scores < 3, "killed here, between a score and its checkpoint");
        };
        let run_to_the_kill = || run(folder.path(), &killed, &mut kill);
        assert!(catch_unwind(AssertUnwindSafe(run_to_the_kill)).is_err());
        let mut said = Vec::new();
        run(folder.path(), &killed, &mut |line| said.push(line)).unwrap();
        assert!(said[0].starts_with("goes on at epoch 0, batch "), "{said:?}");
        let weights = |out: &Path| fs::read(out.join("model/model.safetensors")).unwrap();
        assert!(weights(&whole) == weights(&killed), "a resumed training gives another model");

        let files = ModelFiles::from_folder(&whole.join("model")).unwrap();
        let model = PairClassifier::load(&files, Precision::F32).unwrap();
        let label = |target, text| {
            model.classify(&[Pair { target, text }]).unwrap()[0].probabilities.label()
        };
        assert_eq!(label("levy", "the good levy"), Label::Favor);
        assert_eq!(label("levy", "the bad levy"), Label::Against);
        assert_eq!(label("levy", "a levy 1"), Label::Neutral);
    }
}
