//! `standpoint run` and `standpoint ingest`.

use crate::args::{IngestArgs, RunArgs};
use crate::progress::Progress;
use crate::settings::Layers;
use crate::{Outcome, Usage};
use clap::ArgMatches;
use standpoint_pipeline::{
    Background, Corpus, DISCOVERED, Discovered, Job, PipelineError, Survey, discover, intake,
    run as run_job, survey,
};
use standpoint_report::manifest::InputFile;
use standpoint_report::summary::RunSummary;
use std::io::{BufWriter, Write};
use std::path::Path;

pub(crate) fn run(args: &RunArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let layers = Layers::new(&args.read, matches)?;
    layers.start_log();
    let models = layers.load_models(&args.score)?;
    let job = Job {
        corpus: Corpus { inputs: args.inputs.clone(), fields: layers.fields()? },
        targets: if args.discover { Vec::new() } else { layers.targets(&args.score)? },
        out: layers.out(args.out.as_ref()).value,
        threads: layers.threads().value,
        aliases: layers.aliases(&args.score)?,
        abstain_below: layers.abstain_below(&args.score)?.value,
        settings: layers.stated(&args.score)?,
        background: Background {
            cards: layers.cards(&args.score, &models),
            gold: if args.discover { None } else { layers.gold(&args.score)? },
        },
    };
    let progress = Progress::new();
    let show = |event| progress.show(event);
    if args.discover {
        let discovered = discover(&job, &models, &show).map_err(classify)?;
        progress.finish();
        print_discovered(&discovered, &job.out)?;
        let failed = discovered.summary.failed;
        return Ok(if failed == 0 { Outcome::Done } else { Outcome::SomeFailed });
    }
    if args.dry_run {
        let survey = survey(&job, &models, &show).map_err(classify)?;
        progress.finish();
        print_survey(&survey)?;
        return Ok(if survey.failures.is_empty() { Outcome::Done } else { Outcome::SomeFailed });
    }
    let summary = run_job(&job, &models, &show).map_err(classify)?;
    progress.finish();
    print_summary(&summary, &job.out)?;
    Ok(if summary.failed == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

pub(crate) fn ingest(args: &IngestArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let layers = Layers::new(&args.read, matches)?;
    layers.start_log();
    let corpus = Corpus { inputs: args.inputs.clone(), fields: layers.fields()? };
    let mut failed = 0_u64;
    let mut out = BufWriter::new(std::io::stdout());
    let print = |item: Result<standpoint_pipeline::Intake, standpoint_core::Failure>| match item {
        Ok(item) => {
            let mut line = serde_json::to_vec(&item.document).map_err(std::io::Error::from)?;
            line.push(b'\n');
            out.write_all(&line)
        }
        Err(failure) => {
            failed += 1;
            writeln!(std::io::stderr(), "standpoint: {failure}")
        }
    };
    intake(&corpus, layers.threads().value, print).map_err(classify)?;
    out.flush()?;
    Ok(if failed == 0 { Outcome::Done } else { Outcome::SomeFailed })
}

/// What the user can mend is a usage error; the rest is internal.
pub(crate) fn classify(error: PipelineError) -> anyhow::Error {
    let usage = matches!(
        error,
        PipelineError::Ingest(_)
            | PipelineError::Targets { .. }
            | PipelineError::Aliases { .. }
            | PipelineError::Busy { .. }
            | PipelineError::Out { .. }
            | PipelineError::Retrieval(_)
            | PipelineError::Document(_)
            | PipelineError::Nothing(_)
    );
    if usage { Usage(error.into()).into() } else { error.into() }
}

pub(crate) fn print_summary(summary: &RunSummary, out: &Path) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let s = summary;
    writeln!(
        stdout,
        "documents  {} read, {} failed, {} not scored; {} files skipped",
        s.documents,
        s.failed,
        not_scored(s),
        s.skipped_files
    )?;
    writeln!(stdout, "pieces     {} in {} placements", s.pieces, s.placements)?;
    writeln!(stdout, "pairs      {} scored of {} possible", s.pairs_scored, s.pairs_possible)?;
    writeln!(stdout, "truncated  {} texts, {} tokens", s.truncated_texts, s.truncated_tokens)?;
    writeln!(stdout, "records    {}, of which {} abstain", s.records, s.abstained)?;
    if s.failed > 0 {
        writeln!(stdout, "failures   {}", out.join("errors.jsonl").display())?;
    }
    writeln!(stdout, "report     {}", out.join("report.html").display())
}

fn print_discovered(discovered: &Discovered, out: &Path) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let Discovered { summary, targets, pairs } = discovered;
    let RunSummary { documents, failed, pieces, .. } = summary;
    writeln!(stdout, "documents  {documents} read, {failed} failed; {pieces} pieces")?;
    if *failed > 0 {
        writeln!(stdout, "failures   {}", out.join("discovered-errors.jsonl").display())?;
    }
    writeln!(stdout, "proposals  {} in {}", targets.len(), out.join(DISCOVERED).display())?;
    writeln!(stdout, "pairs      {pairs} in {}", out.join("pairs.csv").display())
}

fn not_scored(summary: &RunSummary) -> u64 {
    summary.not_scored.values().sum()
}

fn print_survey(survey: &Survey) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "would read   {} documents in {} files", survey.documents, survey.files)?;
    writeln!(stdout, "would score  {} documents, {} passages", survey.scored, survey.passages)?;
    for (reason, count) in &survey.not_scored {
        writeln!(stdout, "not scored   {count}: {reason}")?;
    }
    for skipped in &survey.skipped {
        writeln!(stdout, "skipped      {}: {}", skipped.path.display(), skipped.reason)?;
    }
    for input in survey.inputs.iter().filter(|input| input.skipped > 0) {
        let InputFile { path, skipped, skipped_names, .. } = input;
        let names = skipped_names.join(", ");
        let dots = if *skipped > skipped_names.len() as u64 { ", …" } else { "" };
        writeln!(
            stdout,
            "skipped      {path}: files of an unknown kind in it: {skipped} ({names}{dots})"
        )?;
    }
    for failure in &survey.failures {
        writeln!(stdout, "failed       {failure}")?;
    }
    Ok(())
}
