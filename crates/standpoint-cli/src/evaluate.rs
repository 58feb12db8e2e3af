//! `standpoint eval`: the stance model against labelled pairs, or a run against gold.

use crate::args::{EvalArgs, OutputFormat};
use crate::pairs::{self, Columns, Only};
use crate::settings::Layers;
use crate::{Outcome, Usage};
use anyhow::anyhow;
use clap::ArgMatches;
use serde_json::Value;
use standpoint_core::StanceModel;
use standpoint_report::evaluation::{self, Judged, Scores};
use std::io::Write;
use std::path::Path;

pub(crate) fn evaluate(args: &EvalArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let layers = Layers::new(&args.read, matches)?;
    layers.start_log();
    let mut out = std::io::stdout().lock();
    let print = |out: &mut std::io::StdoutLock<'_>, text: String, json: Value| match args.format {
        OutputFormat::Text => out.write_all(text.as_bytes()),
        OutputFormat::Json => writeln!(out, "{json:#}"),
    };
    match (&args.pairs, &args.run, &args.gold) {
        (Some(pairs), ..) => {
            let model = layers.load_stance_model(args.stance_model.as_ref(), args.precision)?;
            let scores = score_pairs(pairs, args, model.as_ref(), &layers)?;
            print(&mut out, scores.to_text(), serde_json::to_value(&scores)?)?;
        }
        (None, Some(run), Some(gold)) => {
            let records = evaluation::read_records(run).map_err(|error| Usage(error.into()))?;
            let gold = evaluation::read_gold(gold).map_err(|error| Usage(error.into()))?;
            let scores = evaluation::run_against_gold(&records, &gold);
            print(&mut out, scores.to_text(), serde_json::to_value(&scores)?)?;
        }
        // clap sees to it that one of the two is given, and --gold with --run.
        _ => return Err(Usage(anyhow!("give --pairs FILE, or --run FOLDER --gold FILE")).into()),
    }
    Ok(Outcome::Done)
}

fn score_pairs(
    path: &Path,
    args: &EvalArgs,
    model: &dyn StanceModel,
    layers: &Layers<'_>,
) -> anyhow::Result<Scores> {
    let columns = Columns::with(&layers.field_overrides()).map_err(Usage)?;
    let only = args.only.as_deref().map(Only::parse).transpose().map_err(Usage)?;
    let rows = pairs::read(path, &columns, only.as_ref()).map_err(Usage)?;
    let answers = pairs::classify(&rows, model, layers)?;
    let judged: Vec<Judged<'_>> = rows
        .iter()
        .zip(&answers)
        .map(|(row, answer)| Judged {
            target: &row.target,
            ..Judged::by_model(row.label, answer.probabilities)
        })
        .collect();
    Ok(Scores::of(&judged))
}
