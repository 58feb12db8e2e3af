//! Measures the model on the dev sets, on what was kept of the texts written for it, and on the two
//! contrast sets: the tables of `MODEL_CARD.md`.
//!
//! `cargo run --release -p minilm-stance --example card -- DATA [PRECISION] [FOLDER]`
//!
//! DATA holds a folder with a `dev.jsonl` for each set, and the `train.jsonl` of PolNeAR, NewsMTSC, DSE and
//! VAST. FOLDER is another model's, to be measured in the place of the one that is built in. The figures of
//! a set are those of `standpoint eval --pairs
//! DATA/SET/dev.jsonl` (for VAST with `--field target=target_raw --only seen=0` or `1`); here all of them
//! come at once, with the calibration error before and after, and the labels that PRECISION changes.

#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde::Deserialize;
use standpoint_core::{Holder, Label, Pair, Probabilities};
use standpoint_encoder::{ModelFiles, PairClassifier, Precision};
use standpoint_report::evaluation::{Judged, Scores};
use standpoint_stance::{Graded, cross_fitted};
use std::collections::BTreeMap;
use std::path::Path;

/// The dev sets, and whether the model was trained on the set's train split.
const SETS: [(&str, bool); 11] = [
    ("vast", true),
    ("perspectrum", true),
    ("ibm_argkp_args", true),
    ("iam_stance", true),
    ("explagraphs", true),
    ("valueeval_args", true),
    ("newsmtsc_mt", true),
    ("newsmtsc_rw", false),
    ("covid19_stance", false),
    ("pstance", true),
    ("cad_nli", true),
];

/// What was written or labelled for this model and kept from its training, in `training/`. Passages are
/// told by the bytes of a text of the sets in [`PASSAGES_OF`].
const WRITTEN: [&str; 12] = [
    "written", "articles", "sets", "claims", "news", "passages", "newsmtsc", "dse", "comments",
    "debates", "turns", "entailment",
];

/// Whose train files have the articles and sentences of these passages.
const PASSAGES_OF: [&str; 4] = ["polnear", "newsmtsc_mt", "dse", "vast"];

/// A line of what was written: a text, or a place in an article, and several questions about it.
#[derive(Deserialize)]
struct Line {
    text: Option<String>,
    document: Option<String>,
    start: Option<usize>,
    end: Option<usize>,
    asks: Vec<(Option<String>, String, String)>,
}

/// A text that passages are parts of.
#[derive(Deserialize)]
struct Article {
    id: String,
    text: String,
}

/// A row of a dev.jsonl or of the contrast set.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    text: String,
    target: String,
    /// VAST's target before stemming and lower-casing.
    target_raw: Option<String>,
    /// VAST: whether the topic occurs in training; 0 is the zero-shot part.
    seen: Option<u8>,
    /// The set of holders: whose stance the label is.
    holder: Option<String>,
    /// The contrast sets: what a row is about.
    phenomenon: Option<String>,
    label: String,
}

impl Row {
    /// The label as one of stance; entailment counts as favor.
    fn gold(&self) -> Result<Label> {
        match self.label.as_str() {
            "favor" | "entail" => Ok(Label::Favor),
            "against" | "contradict" => Ok(Label::Against),
            "neutral" => Ok(Label::Neutral),
            other => bail!("no label {other:?} is known"),
        }
    }
}

/// What the model says to a row at temperature 1, in f32 and in the precision asked for.
#[derive(Clone, Copy)]
struct Answer {
    exact: Graded,
    asked: Graded,
}

/// A set, or the part of one.
struct Answered {
    name: String,
    trained: bool,
    answers: Vec<Answer>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(data) = arguments.next() else { bail!("usage: card DATA [PRECISION] [FOLDER]") };
    let precision = arguments.next().unwrap_or_else(|| "f32".to_owned());
    let precision = precision.parse::<Precision>().map_err(anyhow::Error::msg)?;
    let files = match arguments.next() {
        Some(folder) => ModelFiles::from_folder(folder.as_ref())?,
        None => minilm_stance::FILES.clone(),
    };
    let exact = PairClassifier::load(&files, Precision::F32)?;
    let asked = PairClassifier::load(&files, precision)?;
    let temperature = files.settings()?.stance.context("no stance model")?.temperature;

    let mut sets = Vec::new();
    for (set, trained) in SETS {
        for (name, rows) in read(&Path::new(&data).join(set).join("dev.jsonl"), set)? {
            sets.push(Answered { name, trained, answers: answer(&rows, &exact, &asked)? });
        }
    }
    print_sets(&sets, temperature);
    print_reliability(&sets, temperature);
    let mut written = Vec::new();
    let mut articles = BTreeMap::new();
    for set in PASSAGES_OF {
        articles.extend(texts(&Path::new(&data).join(set).join("train.jsonl"))?);
    }
    for set in WRITTEN {
        for (who, rows) in questions(set, &articles)? {
            let answers = answer(&rows, &exact, &asked)?;
            written.push(Answered { name: format!("{set}, {who}"), trained: true, answers });
        }
    }
    print_sets(&written, temperature);
    for file in ["contrast.jsonl", "holders.jsonl"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let mut parts = Vec::new();
        for (name, rows) in read(&path, file)? {
            parts.push(Answered { name, trained: false, answers: answer(&rows, &exact, &asked)? });
        }
        println!("{file}\n");
        print_contrast(&parts);
    }
    Ok(())
}

/// The rows of a set, parted where it has parts.
fn read(path: &Path, set: &str) -> Result<BTreeMap<String, Vec<Row>>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut parts: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines() {
        let row: Row = serde_json::from_str(line).with_context(|| path.display().to_string())?;
        let name = match (row.seen, &row.phenomenon) {
            (Some(0), _) => format!("{set}, zero-shot"),
            (Some(_), _) => format!("{set}, few-shot"),
            (None, Some(phenomenon)) => phenomenon.clone(),
            (None, None) => set.to_owned(),
        };
        parts.entry(name).or_default().push(row);
    }
    Ok(parts)
}

/// The texts of a file by their ids.
fn texts(path: &Path) -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let article = |line| -> Result<(String, String)> {
        let Article { id, text } = serde_json::from_str(line)?;
        Ok((id, text))
    };
    text.lines().map(article).collect()
}

/// The questions of a dev file in `training/`, those about the author apart from those about others.
fn questions(
    set: &str,
    articles: &BTreeMap<String, String>,
) -> Result<BTreeMap<&'static str, Vec<Row>>> {
    let file = format!("training/{set}-dev.jsonl");
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file))
        .with_context(|| file.clone())?;
    let mut parts: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).with_context(|| file.clone())?;
        let place = || {
            let article = articles.get(line.document.as_ref()?)?;
            Some(article.get(line.start?..line.end?)?.to_owned())
        };
        let text = line.text.clone().or_else(place).with_context(|| format!("{file}: no text"))?;
        for (holder, target, label) in line.asks {
            let part = if holder.is_some() { "actors" } else { "authors" };
            let row = Row { text: text.clone(), target, holder, label, ..Row::default() };
            parts.entry(part).or_default().push(row);
        }
    }
    Ok(parts)
}

fn answer(rows: &[Row], exact: &PairClassifier, asked: &PairClassifier) -> Result<Vec<Answer>> {
    let chunk = |rows: &[Row]| -> Result<Vec<Answer>> {
        let target = |row: &'_ Row| {
            let target = row.target_raw.as_ref().unwrap_or(&row.target);
            let holder = row.holder.as_ref();
            holder.map_or_else(|| target.clone(), |holder| Holder::question(holder, target))
        };
        let text = |row: &'_ Row| {
            let holder = row.holder.as_ref();
            let text = holder.map(|holder| Holder::scripted(holder, &row.text).into_owned());
            text.unwrap_or_else(|| row.text.clone())
        };
        let asked_of: Vec<(String, String)> =
            rows.iter().map(|row| (target(row), text(row))).collect();
        let pairs: Vec<Pair<'_>> =
            asked_of.iter().map(|(target, text)| Pair { target, text }).collect();
        let (exact, asked) = (exact.logits(&pairs)?, asked.logits(&pairs)?);
        let graded = |row: &Row, logits: [f32; 3]| -> Result<Graded> {
            let probabilities = Probabilities::from_logits(logits, 1.0);
            Ok(Graded { probabilities, gold: row.gold()? })
        };
        let rows = rows.iter().zip(exact.iter().zip(&asked));
        rows.map(|(row, ((exact, _), (asked, _)))| {
            Ok(Answer { exact: graded(row, *exact)?, asked: graded(row, *asked)? })
        })
        .collect()
    };
    let chunks: Result<Vec<Vec<Answer>>> = rows.par_chunks(32).map(chunk).collect();
    Ok(chunks?.into_iter().flatten().collect())
}

fn scores(rows: &[Graded]) -> Scores {
    let judged: Vec<Judged<'_>> =
        rows.iter().map(|row| Judged::by_model(row.gold, row.probabilities)).collect();
    Scores::of(&judged)
}

fn calibration_error(rows: &[Graded]) -> f64 {
    scores(rows).overall.calibration.map_or(0.0, |calibration| calibration.ece)
}

fn print_sets(sets: &[Answered], temperature: f32) {
    println!(
        "| dev set | rows | macro-F1 | 95 % interval | F1 favor / against / neutral | \
         labels changed | ECE at 1 | ECE at {temperature} | ECE calibrated |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let (mut all_rows, mut all_changed, mut sum) = (0, 0, 0.0);
    for Answered { name, trained, answers } in sets {
        let rows: Vec<Graded> = answers.iter().map(|answer| answer.asked).collect();
        let label = |row: &Graded| row.probabilities.label();
        let is_changed = |answer: &&Answer| label(&answer.exact) != label(&answer.asked);
        let changed = answers.iter().filter(is_changed).count();
        let figures = scores(&rows).overall;
        let class = |at: usize| match figures.classes[at] {
            class if class.support == 0 => "–".to_owned(),
            class => format!("{:.2}", class.f1),
        };
        let interval = figures.macro_f1.interval;
        let interval = interval.map(|i| format!("{:.3}–{:.3}", i.low, i.high)).unwrap_or_default();
        let tempered: Vec<Graded> = rows.iter().map(|row| row.at(temperature)).collect();
        println!(
            "| {name}{} | {} | {:.3} | {interval} | {} / {} / {} | {changed} | {:.3} | {:.3} | {:.3} |",
            if *trained { "" } else { " (no train set)" },
            rows.len(),
            figures.macro_f1.value,
            class(0),
            class(1),
            class(2),
            calibration_error(&rows),
            calibration_error(&tempered),
            calibration_error(&cross_fitted(&rows)),
        );
        sum += figures.macro_f1.value;
        all_rows += rows.len();
        all_changed += changed;
    }
    let percent = 100.0 * all_changed as f64 / all_rows as f64;
    println!("\nmean macro-F1: {:.3}", sum / sets.len() as f64);
    println!("labels changed against f32: {all_changed} of {all_rows} ({percent:.2} %)\n");
}

/// Confidence against accuracy in ten bins over all sets, before and after the temperature.
fn print_reliability(sets: &[Answered], temperature: f32) {
    println!("| confidence | rows at 1 | right | rows at {temperature} | right |");
    println!("| --- | --- | --- | --- | --- |");
    let rows = || sets.iter().flat_map(|set| &set.answers).map(|answer| answer.asked);
    let bins = |temperature: f32| {
        let mut bins = [(0_usize, 0_usize); 10];
        for row in rows() {
            let p = row.probabilities.tempered(temperature);
            let bin = &mut bins[((p.confidence() * 10.0) as usize).min(9)];
            bin.0 += 1;
            bin.1 += usize::from(p.label() == row.gold);
        }
        bins
    };
    let share = |(all, right): (usize, usize)| match all {
        0 => "–".to_owned(),
        _ => format!("{:.2}", right as f64 / all as f64),
    };
    for (i, (before, after)) in bins(1.0).into_iter().zip(bins(temperature)).enumerate().skip(3) {
        let (low, high) = (i as f64 / 10.0, (i + 1) as f64 / 10.0);
        let (a, b) = (share(before), share(after));
        println!("| {low:.1}–{high:.1} | {} | {a} | {} | {b} |", before.0, after.0);
    }
    println!();
}

fn print_contrast(parts: &[Answered]) {
    println!("| phenomenon | rows | right |");
    println!("| --- | --- | --- |");
    let is_right = |answer: &&Answer| answer.asked.probabilities.label() == answer.asked.gold;
    let (mut all, mut all_right) = (0, 0);
    for Answered { name, answers, .. } in parts {
        let right = answers.iter().filter(is_right).count();
        println!("| {name} | {} | {:.2} |", answers.len(), right as f64 / answers.len() as f64);
        all += answers.len();
        all_right += right;
    }
    println!("| all | {all} | {:.2} |", all_right as f64 / all as f64);
}
