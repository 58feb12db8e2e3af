//! Fine-tunes a pair classifier on labelled pairs, and leaves a model folder that
//! `standpoint --stance-model` takes.
//!
//! ```text
//! standpoint-train RECIPE --base FOLDER --data FOLDER --out FOLDER
//! ```
//!
//! The recipe says what is learned from and how (`models/minilm-stance/full.toml` is one). Killed, it
//! goes on from its last checkpoint when it is started again; the same recipe and data give the same
//! model on the same machine. It runs on libtorch, which `models/rust-bert/setup` fetches.

mod bert;
mod data;
mod optimizer;
mod recipe;
mod train;

use anyhow::{Context, Result};
use clap::Parser;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Fine-tunes a stance model on labelled pairs.
#[derive(Debug, Parser)]
#[command(name = "standpoint-train", version)]
struct Arguments {
    /// What to learn from and how (TOML).
    recipe: PathBuf,
    /// Model folder to start from: config.json, tokenizer.json and model.safetensors.
    #[arg(long)]
    base: PathBuf,
    /// Folder that the recipe's paths are relative to.
    #[arg(long)]
    data: PathBuf,
    /// Output folder: checkpoints, log.txt, metrics.jsonl, and the model in model/.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("standpoint-train: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let recipe = recipe::Recipe::read(&arguments.recipe)?;
    let base = train::base(&arguments.base, &recipe)?;
    let (_, tokens) = base.input()?;
    let sets = data::read(&recipe, &arguments.data, &tokens)?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let path = arguments.out.join("log.txt");
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let mut say = |line: String| {
        eprintln!("{line}");
        // A log that cannot be written is no reason to end hours of training.
        let _ = writeln!(file, "{line}");
    };
    for set in &sets {
        let (train, dev) = (set.train.len(), set.dev.len());
        say(format!("{}: {train} pairs, {} rows left out, {dev} dev rows", set.name, set.left_out));
    }
    let teacher = BTreeMap::new();
    let out = &arguments.out;
    let training = train::Training { recipe: &recipe, base: &base, tokens, sets, teacher, out };
    train::train(&training, &mut say)
}
