//! `standpoint eval`: the stance model against labelled pairs, or a run against gold.

use crate::args::{EvalArgs, OutputFormat};
use crate::settings::Layers;
use crate::{Outcome, Usage, models};
use anyhow::{Context, anyhow, bail};
use clap::ArgMatches;
use rayon::prelude::*;
use serde_json::{Map, Value};
use standpoint_core::{Classification, Label, ModelError, Pair, StanceModel};
use standpoint_report::evaluation::{self, Judged, Scores};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Pairs that go to the model in one call.
const BATCH: usize = 32;

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
            let model = layers.stance_model(args.stance_model.as_ref()).value;
            let precision = layers.precision(args.precision)?.value;
            let model = models::stance_model(&model, precision)?;
            let scores = score_pairs(pairs, model.as_ref(), &layers)?;
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

/// One labelled pair.
#[derive(Debug, PartialEq)]
struct LabelledPair {
    text: String,
    target: String,
    label: Label,
}

fn score_pairs(
    path: &Path,
    model: &dyn StanceModel,
    layers: &Layers<'_>,
) -> anyhow::Result<Scores> {
    let columns = Columns::with(&layers.field_overrides()).map_err(Usage)?;
    let rows = read_pairs(path, &columns).map_err(Usage)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(layers.threads().value).build()?;
    let classify = |rows: &[LabelledPair]| -> Result<Vec<Classification>, ModelError> {
        let pairs = rows.iter().map(|row| Pair { target: &row.target, text: &row.text });
        model.classify(&pairs.collect::<Vec<_>>())
    };
    let answers: Vec<Vec<Classification>> =
        pool.install(|| rows.par_chunks(BATCH).map(classify).collect::<Result<_, _>>())?;
    let answers: Vec<Classification> = answers.into_iter().flatten().collect();
    let truncated = answers.iter().filter(|answer| answer.truncated > 0).count();
    if truncated > 0 {
        let longest = model.info().max_tokens;
        writeln!(
            std::io::stderr(),
            "standpoint: {truncated} of {} pairs are longer than {longest} tokens and were truncated",
            rows.len()
        )?;
    }
    let judged: Vec<Judged<'_>> = rows
        .iter()
        .zip(&answers)
        .map(|(row, answer)| Judged {
            gold: row.label,
            predicted: Some(answer.probabilities.label()),
            probabilities: Some(answer.probabilities),
            target: &row.target,
            cluster: None,
        })
        .collect();
    Ok(Scores::of(&judged))
}

/// Names of the columns of a pair file.
struct Columns {
    text: String,
    target: String,
    label: String,
}

impl Columns {
    fn with(overrides: &[String]) -> anyhow::Result<Columns> {
        let mut columns =
            Columns { text: "text".into(), target: "target".into(), label: "label".into() };
        for one in overrides {
            match one.split_once('=') {
                Some(("text", name)) => columns.text = name.to_owned(),
                Some(("target", name)) => columns.target = name.to_owned(),
                Some(("label", name)) => columns.label = name.to_owned(),
                _ => bail!("--field {one}: a pair has the fields text, target and label"),
            }
        }
        Ok(columns)
    }
}

/// Reads a JSONL or CSV file of pairs; the first wrong row ends it, with its line.
fn read_pairs(path: &Path, columns: &Columns) -> anyhow::Result<Vec<LabelledPair>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let mut pairs = Vec::new();
    if is_csv {
        let mut reader = csv::Reader::from_reader(BufReader::new(file));
        let rows: csv::DeserializeRecordsIter<'_, _, Map<String, Value>> = reader.deserialize();
        for row in rows {
            let row = row.with_context(|| format!("{name} is no such CSV"))?;
            // The header is row 1; a quoted field may hold line breaks, so rows are counted.
            let at = pairs.len() + 2;
            pairs.push(pair(&row, columns).with_context(|| format!("{name}, row {at}"))?);
        }
    } else {
        for (line, at) in BufReader::new(file).lines().zip(1..) {
            let line = line.with_context(|| format!("{name}:{at} cannot be read"))?;
            if line.trim().is_empty() {
                continue;
            }
            let row: Map<String, Value> = serde_json::from_str(&line)
                .with_context(|| format!("{name}:{at} is no JSON object"))?;
            pairs.push(pair(&row, columns).with_context(|| format!("{name}:{at}"))?);
        }
    }
    if pairs.is_empty() {
        bail!(
            "{name} has no pairs: one JSON object a line with text, target and label is expected"
        );
    }
    Ok(pairs)
}

fn pair(row: &Map<String, Value>, columns: &Columns) -> anyhow::Result<LabelledPair> {
    let field = |name: &str| match row.get(name) {
        Some(Value::String(value)) => Ok(value.clone()),
        Some(_) => Err(anyhow!("field {name:?} is not a text")),
        None => Err(anyhow!("no field {name:?}; name another with --field")),
    };
    let label = field(&columns.label)?;
    let label = parse_label(&label).ok_or_else(|| {
        anyhow!("label {label:?} is none of favor, against, neutral (or entail, contradict)")
    })?;
    Ok(LabelledPair { text: field(&columns.text)?, target: field(&columns.target)?, label })
}

/// A label, or what an entailment set calls it: a text that entails a claim is for it.
fn parse_label(label: &str) -> Option<Label> {
    Label::parse(label).or(match label {
        "entail" => Some(Label::Favor),
        "contradict" => Some(Label::Against),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content: &str) -> Result<Vec<LabelledPair>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let columns = Columns::with(&["target=topic".to_owned()]).unwrap();
        read_pairs(&path, &columns).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn jsonl_and_csv_give_the_same_pairs() {
        let jsonl = read("a.jsonl", "{\"text\":\"x, y\",\"topic\":\"t\",\"label\":\"entail\"}\n\n");
        let csv = read("a.csv", "id,text,topic,label\n1,\"x, y\",t,favor\n");
        assert_eq!(jsonl.unwrap()[0].label, Label::Favor);
        assert_eq!(csv.unwrap()[0].text, "x, y");
    }

    #[test]
    fn a_wrong_row_is_named_with_its_line() {
        let good = "{\"text\":\"x\",\"topic\":\"t\",\"label\":\"favor\"}\n";
        let error =
            read("a.jsonl", &format!("{good}{}", good.replace("favor", "pro"))).unwrap_err();
        assert!(error.contains("a.jsonl:2: label \"pro\" is none of"), "{error}");
        let error = read("a.csv", "text,label\nx,favor\n").unwrap_err();
        assert!(error.contains("row 2: no field \"topic\""), "{error}");
        assert!(read("a.jsonl", "").unwrap_err().contains("has no pairs"));
    }
}
