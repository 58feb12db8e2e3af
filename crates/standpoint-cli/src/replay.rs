//! `standpoint replay`: a run once more, from what its `run.json` states.

use crate::args::{ReadOptions, ReplayArgs, ScoreOptions};
use crate::progress::Progress;
use crate::run::classify;
use crate::settings::{Layers, Stated};
use crate::{Outcome, Usage};
use anyhow::{Context, anyhow};
use clap::ArgMatches;
use standpoint_encoder::Precision;
use standpoint_pipeline::{
    AliasFile, Background, Corpus, Gold, Job, check_targets, read_aliases, run as run_job,
};
use standpoint_report::evaluation::read_gold;
use standpoint_report::folder::{ALIASES, GOLD};
use standpoint_report::manifest::Manifest;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) fn replay(args: &ReplayArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let path = match args.manifest.is_dir() {
        true => args.manifest.join("run.json"),
        false => args.manifest.clone(),
    };
    let before = Manifest::read(&path).map_err(|error| Usage(error.into()))?;
    let read = ReadOptions::default();
    let layers = Layers::of_run(&settings(&before), &path, matches, &read)?;
    layers.start_log();
    let temporary = args.out.is_none().then(tempfile::tempdir).transpose();
    let temporary = temporary.context("cannot make a temporary folder; give one as --out")?;
    let out = match (&args.out, &temporary) {
        (Some(out), _) => out.clone(),
        (None, Some(folder)) => folder.path().join("out"),
        (None, None) => PathBuf::from("out"),
    };
    if own_folder(&path, &out) {
        let name = out.display();
        let error = anyhow!("{name} is the run's own folder: give another --out");
        return Err(Usage(error).into());
    }
    let after = repeat(&before, &path, &layers, &out, args.threads)?;
    let mut stdout = std::io::stdout().lock();
    let differences = before.differences(&after);
    for difference in &differences {
        writeln!(stdout, "{difference}")?;
    }
    if !differences.is_empty() {
        return Ok(Outcome::SomeFailed);
    }
    let (files, documents) = (after.outputs.len(), after.summary.documents);
    writeln!(stdout, "the same: {files} files, {documents} documents, byte for byte")?;
    Ok(Outcome::Done)
}

/// Runs what the manifest states into a folder, and reads the manifest that comes of it.
fn repeat(
    before: &Manifest,
    path: &Path,
    layers: &Layers<'_>,
    out: &Path,
    threads: usize,
) -> anyhow::Result<Manifest> {
    let inputs: Vec<PathBuf> = before.invocation.inputs.iter().map(PathBuf::from).collect();
    let name = path.display();
    let unusable = |reason: String| Usage(anyhow!("{name}: {reason}"));
    if inputs.is_empty() {
        return Err(unusable("it names no inputs".to_owned()).into());
    }
    if inputs.iter().any(|input| input.as_os_str() == "-") {
        let reason = "the run read standard input, which cannot be read again";
        return Err(unusable(reason.to_owned()).into());
    }
    check_targets(&before.targets).map_err(unusable)?;
    let score = ScoreOptions::default();
    let models = layers.load_models(&score)?;
    let job = Job {
        corpus: Corpus { inputs, fields: layers.fields()? },
        targets: before.targets.clone(),
        out: out.to_owned(),
        threads,
        aliases: aliases(before, path)?,
        abstain_below: layers.abstain_below(&score)?.value,
        settings: before.invocation.settings.clone(),
        background: Background { cards: layers.cards(&score, &models), gold: gold(before, path)? },
    };
    let progress = Progress::new();
    run_job(&job, &models, &|event| progress.show(event)).map_err(classify)?;
    progress.finish();
    Ok(Manifest::read(&out.join("run.json"))?)
}

/// The aliases that the run was given, which lie beside its manifest.
fn aliases(before: &Manifest, path: &Path) -> anyhow::Result<AliasFile> {
    if !before.outputs.iter().any(|output| output.name == ALIASES) {
        return Ok(AliasFile::default());
    }
    let path = path.with_file_name(ALIASES);
    Ok(read_aliases(&path).map_err(|error| Usage(error.into()))?)
}

/// The labels that the run was compared with, which lie beside its manifest.
fn gold(before: &Manifest, path: &Path) -> anyhow::Result<Option<Gold>> {
    let path = path.with_file_name(GOLD);
    if !path.is_file() {
        return Ok(None);
    }
    let rows = read_gold(&path).map_err(|error| Usage(error.into()))?;
    Ok(Some(Gold { rows, by: before.summary.gold_by.clone() }))
}

/// The settings of the run; where they left the arithmetic open, what its processor made of it, for this one
/// may make another.
fn settings(before: &Manifest) -> Stated {
    let mut settings = before.invocation.settings.clone();
    let auto = Precision::Auto.to_string();
    if settings.get("precision").is_some_and(|precision| *precision == auto) {
        let bf16 = Precision::Bf16.to_string();
        let is_bf16 = before.summary.models.iter().any(|model| model.precision == bf16);
        let made = if is_bf16 { Precision::Bf16 } else { Precision::F32 };
        settings.insert("precision".to_owned(), made.to_string().into());
    }
    settings
}

/// Whether a run into `out` would overwrite the run that the manifest is of.
fn own_folder(manifest: &Path, out: &Path) -> bool {
    match (manifest.canonicalize(), out.join("run.json").canonicalize()) {
        (Ok(manifest), Ok(out)) => manifest == out,
        _ => false,
    }
}
