//! `standpoint eval`: the stance model against labelled pairs, or a run against gold.

use crate::args::{EvalArgs, OutputFormat};
use crate::models;
use crate::pairs::{self, Columns, LabelledPair, Only};
use crate::settings::Layers;
use crate::{Outcome, Usage};
use anyhow::{Context, anyhow};
use clap::ArgMatches;
use rayon::prelude::*;
use serde_json::Value;
use standpoint_core::{AttributionTagger, StanceModel, Tagged};
use standpoint_report::evaluation::{
    self, AttributionScores, Judged, Related, RelatedScores, Relation, Scores, TaggedParagraph,
};
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
    if let Some(related) = &args.related {
        let model = layers.load_stance_model(args.stance_model.as_ref(), args.precision)?;
        let scores = score_related(related, model.as_ref(), &layers)?;
        print(&mut out, scores.to_text(), serde_json::to_value(&scores)?)?;
        return Ok(Outcome::Done);
    }
    if let Some(attributions) = &args.attributions {
        let precision = layers.precision(args.precision)?.value;
        let tagger = models::tagger(&layers.tagger(args.tagger.as_ref()).value, precision)?;
        let scores = score_attributions(attributions, tagger.as_ref(), &layers)?;
        print(&mut out, scores.to_text(), serde_json::to_value(scores)?)?;
        return Ok(Outcome::Done);
    }
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
        _ => {
            return Err(Usage(anyhow!(
                "give --pairs, --related or --attributions FILE, or --run FOLDER --gold FILE"
            ))
            .into());
        }
    }
    Ok(Outcome::Done)
}

/// Tags the paragraphs of articles, and scores what was found.
fn score_attributions(
    path: &Path,
    tagger: &dyn AttributionTagger,
    layers: &Layers<'_>,
) -> anyhow::Result<AttributionScores> {
    let (paragraphs, left_out) =
        evaluation::read_attributions(path).map_err(|error| Usage(error.into()))?;
    if left_out > 0 {
        let of = "attributions without cue or content, or over several paragraphs, are left out";
        writeln!(std::io::stderr(), "standpoint: {left_out} {of}")?;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(layers.threads().value).build()?;
    let tag = |paragraphs: &[TaggedParagraph]| {
        let texts: Vec<&str> = paragraphs.iter().map(|(text, _)| text.as_str()).collect();
        tagger.tag(&texts)
    };
    let found: Vec<Vec<Tagged>> =
        pool.install(|| paragraphs.par_chunks(32).map(tag).collect::<Result<_, _>>())?;
    let found: Vec<Tagged> = found.into_iter().flatten().collect();
    let texts = paragraphs.iter().zip(&found);
    Ok(AttributionScores::of(texts.map(|((_, gold), found)| (&gold[..], &found.attributions[..]))))
}

/// Asks what each of two holds of the other, and scores what follows.
fn score_related(
    path: &Path,
    model: &dyn StanceModel,
    layers: &Layers<'_>,
) -> anyhow::Result<RelatedScores> {
    if !model.info().reads_holders {
        let name = &model.info().name;
        return Err(Usage(anyhow!("{name} cannot be asked whose stance it is")).into());
    }
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"));
    let text = text.map_err(Usage)?;
    let parse = |(line, at): (&str, usize)| {
        Related::parse(line).map_err(|reason| Usage(anyhow!("{name}:{at}: {reason}")))
    };
    let rows: Vec<Related> = text.lines().zip(1..).map(parse).collect::<Result<_, _>>()?;
    let ask = |row: &Related, holder: usize| LabelledPair {
        text: row.text.clone(),
        target: row.names[1 - holder].clone(),
        holder: Some(row.names[holder].clone()),
        label: row.gold.labels()[holder],
    };
    let asked: Vec<LabelledPair> = rows.iter().flat_map(|row| [ask(row, 0), ask(row, 1)]).collect();
    let answers = pairs::classify(&asked, model, layers)?;
    let (answers, _) = answers.as_chunks::<2>();
    let answered = rows.iter().zip(answers).map(|(row, [first, second])| {
        (row.gold, Relation::decide(first.probabilities, second.probabilities))
    });
    Ok(RelatedScores::of(&answered.collect::<Vec<_>>()))
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
