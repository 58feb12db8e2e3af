//! The training itself: epochs, scores on dev, checkpoints, and what is exported in the end.

use crate::bert::{self, Bert, Dropout, Weights};
use crate::data::{self, Answers, Batch, DataSet, Example};
use crate::optimizer::State;
use crate::recipe::Recipe;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use standpoint_core::{Label, Probabilities};
use standpoint_encoder::{Bytes, Floats, ModelFiles, Tokens, read_tensors, write_quantized};
use standpoint_report::evaluation::{Judged, Scores};
use standpoint_stance::{Graded, fit_temperature};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use tch::{Kind, Tensor};

/// Everything that a training runs on.
pub(crate) struct Training<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) base: &'a ModelFiles,
    pub(crate) tokens: Tokens,
    pub(crate) sets: Vec<DataSet>,
    pub(crate) teacher: Answers,
    pub(crate) out: &'a Path,
}

/// Where a training is, beside the tensors of its checkpoint.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Position {
    epoch: usize,
    /// Batches of the epoch that are done.
    batch: usize,
    step: usize,
    /// The best mean macro-F1 on dev, and how many scores in a row came below it.
    best: f64,
    worse: usize,
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
struct Metrics<'a> {
    epoch: f64,
    step: usize,
    loss: f64,
    mean_macro_f1: f64,
    macro_f1: &'a BTreeMap<String, f64>,
    seconds: f64,
}

const CHECKPOINT: &str = "checkpoint.safetensors";
const POSITION: &str = "checkpoint.json";
const BEST: &str = "best.safetensors";

/// Trains, and leaves a model folder.
pub(crate) fn train(training: &Training<'_>, say: &mut dyn FnMut(String)) -> Result<()> {
    let (config, _) = training.base.input()?;
    let settings = &training.recipe.training;
    let bert = Bert::new(config, settings.precision);
    let (mut state, mut position) = start(training, &bert, say)?;
    let mut dropout = Dropout::new(settings.dropout, settings.seed, settings.precision);
    let began = Instant::now();
    let goes_on = |position: &Position| position.worse < settings.patience;
    while position.epoch < settings.epochs && goes_on(&position) {
        let batches = epoch(training, position.epoch);
        let every = batches.len().div_ceil(settings.scores_per_epoch);
        let mut losses = Losses::default();
        while position.batch < batches.len() && goes_on(&position) {
            if let Some(dropout) = &mut dropout {
                dropout.at_step(settings.seed, state.step);
            }
            let loss = loss(&bert, &state.weights, &batches[position.batch], dropout.as_mut());
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
                let scores = score(training, &bert, &state.averaged);
                let mean_macro_f1 = scores.values().sum::<f64>() / scores.len().max(1) as f64;
                say(format!("epoch {epoch:.3}: mean macro-F1 {mean_macro_f1:.4} of {scores:.3?}"));
                let (step, macro_f1) = (state.step, &scores);
                log(training, &Metrics { epoch, step, loss, mean_macro_f1, macro_f1, seconds })?;
                losses = Losses::default();
                keep(training, &state, &mut position, mean_macro_f1)?;
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
fn keep(
    training: &Training<'_>,
    state: &State,
    position: &mut Position,
    mean_macro_f1: f64,
) -> Result<()> {
    if mean_macro_f1 > position.best {
        position.best = mean_macro_f1;
        position.worse = 0;
        save(&named("", &state.averaged), &training.out.join(BEST))?;
    } else {
        position.worse += 1;
    }
    checkpoint(training, state, position)
}

/// The batches of an epoch.
fn epoch(training: &Training<'_>, number: usize) -> Vec<Batch> {
    let Training { recipe, sets, teacher, tokens, .. } = training;
    data::epoch(sets, recipe, teacher, tokens, number)
}

/// Cross-entropy to what is wanted, the mean over the pairs.
fn loss(bert: &Bert, weights: &Weights, batch: &Batch, dropout: Option<&mut Dropout>) -> Tensor {
    let logits = bert.logits(weights, batch, dropout);
    let wanted = Tensor::from_slice(&batch.wanted).reshape([batch.pairs, 3]);
    -(logits.log_softmax(-1, Kind::Float) * wanted).sum(Kind::Float) / batch.pairs as f64
}

/// The checkpoint in the output folder if there is one, else the base.
fn start(
    training: &Training<'_>,
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
    let tensors = read_tensors(&training.base.weights).map_err(anyhow::Error::msg)?;
    let weights = bert::weights(tensors, bert.config(), training.recipe.training.seed)?;
    Ok((State::new(weights), Position::default()))
}

fn checkpoint(training: &Training<'_>, state: &State, position: &Position) -> Result<()> {
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

fn log(training: &Training<'_>, metrics: &Metrics<'_>) -> Result<()> {
    let path = training.out.join("metrics.jsonl");
    let file = fs::OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, "{}", serde_json::to_string(metrics)?)?;
    Ok(())
}

/// What a model says to examples, in their order.
fn answers(
    bert: &Bert,
    weights: &Weights,
    examples: &[Example],
    training: &Training<'_>,
) -> Vec<[f32; 3]> {
    let mut answers = vec![[0.0; 3]; examples.len()];
    let _guard = tch::no_grad_guard();
    let tokens_per_batch = training.recipe.training.tokens_per_step;
    for (batch, places) in data::in_order(examples, &training.tokens, tokens_per_batch) {
        let logits = bert.logits(weights, &batch, None).reshape([-1]);
        let mut flat = vec![0.0_f32; places.len() * 3];
        logits.copy_data(&mut flat, places.len() * 3);
        for (place, logits) in places.iter().zip(flat.as_chunks::<3>().0) {
            answers[*place] = *logits;
        }
    }
    answers
}

/// What the base says to every pair that the recipe trains on.
pub(crate) fn answers_to_train(training: &Training<'_>) -> Result<Answers> {
    let (config, _) = training.base.input()?;
    let bert = Bert::new(config, training.recipe.training.precision);
    let tensors = read_tensors(&training.base.weights).map_err(anyhow::Error::msg)?;
    ensure!(tensors.contains_key("classifier.weight"), "the teacher has no classifier");
    let weights = bert::weights(tensors, bert.config(), 0)?;
    let of_set = |set: &DataSet| {
        let found = answers(&bert, &weights, &set.train, training);
        let keys = set.train.iter().map(|example| example.key.clone());
        keys.zip(found).collect::<Vec<_>>()
    };
    Ok(training.sets.iter().flat_map(of_set).collect())
}

/// Answers with gold, for the rows whose gold is one label.
fn graded(examples: &[Example], answers: &[[f32; 3]]) -> Vec<Graded> {
    let of = |(example, logits): (&Example, &[f32; 3])| {
        let gold = Label::ALL.into_iter().zip(example.gold).find(|(_, p)| *p > 0.999)?.0;
        Some(Graded { probabilities: Probabilities::from_logits(*logits, 1.0), gold })
    };
    examples.iter().zip(answers).filter_map(of).collect()
}

/// The macro-F1 of each dev set, on as many rows as the recipe says.
fn score(training: &Training<'_>, bert: &Bert, weights: &Weights) -> BTreeMap<String, f64> {
    let of = |set: &DataSet| {
        let rows = set.dev.len().min(training.recipe.training.dev_rows);
        let graded = graded(&set.dev[..rows], &answers(bert, weights, &set.dev[..rows], training));
        let judged: Vec<Judged<'_>> =
            graded.iter().map(|row| Judged::by_model(row.gold, row.probabilities)).collect();
        (set.name.clone(), Scores::of(&judged).overall.macro_f1.value)
    };
    training.sets.iter().filter(|set| !set.dev.is_empty()).map(of).collect()
}

/// Writes the best average as a model folder, its temperature fitted on all dev rows.
fn export(training: &Training<'_>, bert: &Bert, say: &mut dyn FnMut(String)) -> Result<()> {
    let best = Tensor::read_safetensors(training.out.join(BEST)).context("nothing was scored")?;
    let weights: Weights = best.into_iter().collect();
    let graded: Vec<Vec<Graded>> = training
        .sets
        .iter()
        .filter(|set| set.train.len() > 1)
        .map(|set| graded(&set.dev, &answers(bert, &weights, &set.dev, training)))
        .filter(|rows| !rows.is_empty())
        .collect();
    let temperature = fit_temperature(&graded.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let temperature = (temperature * 1000.0).round() / 1000.0;
    say(format!("temperature {temperature}"));
    let floats = |tensor: &Tensor| {
        let mut values = vec![0.0_f32; tensor.numel()];
        tensor.contiguous().copy_data(&mut values, tensor.numel());
        Floats { shape: tensor.size().iter().map(|&x| x as usize).collect(), values }
    };
    let tensors = weights.iter().map(|(name, tensor)| (name.clone(), floats(tensor))).collect();
    let quantized = write_quantized(&tensors).map_err(anyhow::Error::msg)?;
    let toml = toml::to_string_pretty(&training.recipe.model.settings(temperature))?;
    let folder = training.out.join("model");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    whole(&folder.join("model.safetensors"), &quantized)?;
    whole(&folder.join("model.toml"), toml.as_bytes())?;
    whole(&folder.join("config.json"), &training.base.config)?;
    whole(&folder.join("tokenizer.json"), &training.base.tokenizer)?;
    say(format!("model in {}", folder.display()));
    // What is exported has to load.
    let files = ModelFiles::from_folder(&folder)?;
    standpoint_encoder::PairClassifier::load(&files, standpoint_encoder::Precision::F32)?;
    Ok(())
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
    use crate::tiny;
    use standpoint_core::{Pair, StanceModel};
    use standpoint_encoder::{PairClassifier, Precision};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// What is trained is what the encoder runs: the same logits from the same weights, padded or not.
    #[test]
    fn the_logits_are_those_of_our_encoder() {
        let files = &minilm_stance::FILES;
        let (config, tokens) = files.input().unwrap();
        let weights = bert::weights(read_tensors(&files.weights).unwrap(), &config, 1).unwrap();
        let pairs = [
            ("a carbon tax", "A carbon tax is a disaster for workers."),
            ("The tunnel should be built", "Nobody who has seen the figures can defend it."),
            ("the levy", "It works."),
        ];
        let examples: Vec<Example> =
            pairs.iter().map(|(target, text)| Example::of(target, text, &tokens)).collect();
        let recipe = Recipe::parse(&toy("f32")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let training = Training {
            recipe: &recipe,
            base: files,
            tokens,
            sets: Vec::new(),
            teacher: Answers::new(),
            out: folder.path(),
        };
        let bert = Bert::new(config, crate::recipe::Precision::F32);
        let found = answers(&bert, &weights, &examples, &training);
        let ours = PairClassifier::load(files, Precision::F32).unwrap();
        let pairs = pairs.map(|(target, text)| Pair { target, text });
        for (found, (ours, _)) in found.iter().zip(ours.logits(&pairs).unwrap()) {
            for (a, b) in found.iter().zip(ours) {
                assert!((a - b).abs() < 1e-3, "{found:?} is not {ours:?}");
            }
        }
    }

    fn toy(precision: &str) -> String {
        format!(
            r#"
            [model]
            name = "toy"
            description = ""
            license = "MIT"
            source = ""
            languages = ["en"]
            max_tokens = 16
            [training]
            epochs = 6
            tokens_per_step = 128
            learning_rate = 5e-3
            averaging = 0.9
            precision = "{precision}"
            patience = 100
            [[set]]
            name = "toy"
            train = "train.jsonl"
            dev = "dev.jsonl""#
        )
    }

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
        let recipe = Recipe::parse(&toy("bf16")).unwrap();
        let base = tiny::base(toml::to_string(&recipe.model.settings(1.0)).unwrap());
        let (_, tokens) = base.input()?;
        let sets = data::read(&recipe, folder, &tokens)?;
        fs::create_dir_all(out)?;
        let teacher = Answers::new();
        train(&Training { recipe: &recipe, base: &base, tokens, sets, teacher, out }, say)
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
            scores += usize::from(line.contains("macro-F1"));
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
