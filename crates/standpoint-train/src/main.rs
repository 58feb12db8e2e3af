//! Fine-tunes a stance model on labelled pairs, or a tagger of attributions on articles, and leaves a
//! model folder that `standpoint --stance-model` or `--tagger` takes.
//!
//! ```text
//! standpoint-train train RECIPE --base FOLDER --data FOLDER --out FOLDER
//! standpoint-train answers RECIPE --base FOLDER --data FOLDER --out FILE
//! ```
//!
//! The recipe says what is learned from and how (`models/minilm-stance/full.toml` is one). Killed, it
//! goes on from its last checkpoint when it is started again; the same recipe and data give the same
//! model on the same machine. It runs on libtorch, which `models/rust-bert/setup` fetches.

mod attributions;
mod bert;
mod data;
mod holders;
mod optimizer;
mod pairs;
mod recipe;
#[cfg(test)]
mod tiny;
mod train;

use crate::pairs::Pairs;
use crate::recipe::Recipe;
use crate::train::Training;
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use standpoint_core::Task;
use standpoint_encoder::Tokens;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Fine-tunes a stance model on labelled pairs.
#[derive(Debug, Parser)]
#[command(name = "standpoint-train", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Train: the output folder gets checkpoints, log.txt, metrics.jsonl, and the model in model/.
    Train(Paths),
    /// Write what a trained model says to the pairs that a recipe trains on, for a recipe whose
    /// [training.teacher] names the file.
    Answers(Paths),
}

#[derive(Debug, Args)]
struct Paths {
    /// What to learn from and how (TOML).
    recipe: PathBuf,
    /// Model folder to start from, or the teacher: config.json, tokenizer.json, model.safetensors.
    #[arg(long)]
    base: PathBuf,
    /// Folder that the recipe's paths are relative to.
    #[arg(long)]
    data: PathBuf,
    /// Output folder of a training, or file of the answers.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done where even standard error is closed.
            let _ = writeln!(std::io::stderr(), "standpoint-train: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.verb {
        Verb::Train(paths) => train(paths),
        Verb::Answers(paths) => answers(paths),
    }
}

fn train(paths: &Paths) -> Result<()> {
    let recipe = Recipe::read(&paths.recipe)?;
    let base = train::base(&paths.base, &recipe)?;
    let (_, tokens) = base.input()?;
    let out = &paths.out;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let path = out.join("log.txt");
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let mut say = |line: String| {
        // A log that cannot be written is no reason to end hours of training.
        let _ = writeln!(std::io::stderr(), "{line}");
        let _ = writeln!(file, "{line}");
    };
    if recipe.model.task == Task::Attribution {
        let task = attributions::Articles::read(&recipe, &paths.data, &base, tokens)?;
        task.counts().into_iter().for_each(&mut say);
        return train::train(&Training { recipe: &recipe, base: &base, task, out }, &mut say);
    }
    let task = pairs(&recipe, paths, tokens)?;
    for set in &task.sets {
        let (train, dev) = (set.train.len(), set.dev.len());
        say(format!("{}: {train} pairs, {} rows left out, {dev} dev rows", set.name, set.left_out));
    }
    train::train(&Training { recipe: &recipe, base: &base, task, out }, &mut say)
}

/// The pairs of a recipe, with a teacher's answers if it names them.
fn pairs(recipe: &Recipe, paths: &Paths, tokens: Tokens) -> Result<Pairs> {
    let sets = data::read(recipe, &paths.data, &tokens)?;
    let teacher = match &recipe.training.teacher {
        Some(teacher) => data::read_answers(&paths.data.join(&teacher.answers))?,
        None => data::Answers::new(),
    };
    Ok(Pairs { tokens, sets, teacher })
}

fn answers(paths: &Paths) -> Result<()> {
    let mut recipe = Recipe::read(&paths.recipe)?;
    // The answers are what a recipe's teacher will be.
    recipe.training.teacher = None;
    let base = train::base(&paths.base, &recipe)?;
    let (_, tokens) = base.input()?;
    let task = pairs(&recipe, paths, tokens)?;
    data::write_answers(&task.answers_of(&base, &recipe)?, &paths.out)
}
