//! Measures the model on the dev sets, and what its 8 bits cost: the table of `MODEL_CARD.md`.
//!
//! `cargo run --release -p minilm-stance --example dev_loss -- DATA ORIGINAL.safetensors [PRECISION]`
//!
//! DATA holds a folder with a `dev.jsonl` for each set; ORIGINAL.safetensors holds the weights before
//! quantisation, which are run in f32; the shipped ones are run in PRECISION, f32 unless given. With
//! the shipped weights as ORIGINAL, the table says what the precision costs. The temperature printed last is the one for model.toml: it minimises the negative
//! log-likelihood of the gold labels, with every set weighing the same.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde::Deserialize;
use standpoint_core::{Label, Pair, Probabilities};
use standpoint_encoder::{ModelFiles, PairClassifier, Precision};
use std::collections::BTreeMap;
use std::path::Path;

const SETS: [&str; 11] = [
    "vast", "perspectrum", "ibm_argkp_args", "iam_stance", "explagraphs", "valueeval_args",
    "newsmtsc_mt", "newsmtsc_rw", "covid19_stance", "pstance", "cad_nli",
];

/// A row of a dev.jsonl.
#[derive(Deserialize)]
struct Row {
    text: String,
    target: String,
    /// VAST's target before stemming and lower-casing.
    target_raw: Option<String>,
    /// VAST: whether the topic occurs in training; 0 is the zero-shot part.
    seen: Option<u8>,
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

/// What both models say to one row.
struct Answer {
    gold: Label,
    original: [f32; 3],
    shipped: [f32; 3],
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(data), Some(original)) = (arguments.next(), arguments.next()) else {
        bail!("usage: dev_loss DATA ORIGINAL.safetensors [PRECISION]");
    };
    let precision = arguments.next().unwrap_or_else(|| "f32".to_owned());
    let shipped = minilm_stance::load(precision.parse::<Precision>().map_err(anyhow::Error::msg)?)?;
    let weights = std::fs::read(&original).with_context(|| original.clone())?;
    let files = ModelFiles { weights: weights.into(), ..minilm_stance::FILES.clone() };
    let original = PairClassifier::load(&files, Precision::F32)?;

    let mut sets = Vec::new();
    for set in SETS {
        for (name, rows) in read(Path::new(&data), set)? {
            sets.push((name, answer(&rows, &original, &shipped)?));
        }
    }
    let temperature = fit_temperature(&sets);
    print_table(&sets, temperature);
    Ok(())
}

/// The rows of a set, parted where it has parts.
fn read(data: &Path, set: &str) -> Result<BTreeMap<String, Vec<Row>>> {
    let path = data.join(set).join("dev.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut parts: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines() {
        let row: Row = serde_json::from_str(line).with_context(|| path.display().to_string())?;
        let name = match row.seen {
            Some(0) => format!("{set}, zero-shot"),
            Some(_) => format!("{set}, few-shot"),
            None => set.to_owned(),
        };
        parts.entry(name).or_default().push(row);
    }
    Ok(parts)
}

fn answer(
    rows: &[Row],
    original: &PairClassifier,
    shipped: &PairClassifier,
) -> Result<Vec<Answer>> {
    let chunks: Result<Vec<Vec<Answer>>> = rows
        .par_chunks(32)
        .map(|rows| {
            let pair = |row: &'_ Row| -> (String, String) {
                (row.target_raw.clone().unwrap_or_else(|| row.target.clone()), row.text.clone())
            };
            let pairs: Vec<_> = rows.iter().map(pair).collect();
            let pairs: Vec<Pair<'_>> =
                pairs.iter().map(|(target, text)| Pair { target, text }).collect();
            let answers = original.logits(&pairs)?.into_iter().zip(shipped.logits(&pairs)?);
            rows.iter()
                .zip(answers)
                .map(|(row, ((original, _), (shipped, _)))| {
                    Ok(Answer { gold: row.gold()?, original, shipped })
                })
                .collect()
        })
        .collect();
    Ok(chunks?.into_iter().flatten().collect())
}

/// The minimum of a function of one variable that falls and then rises, by ternary search.
fn fit_temperature(sets: &[(String, Vec<Answer>)]) -> f32 {
    let loss = |temperature: f32| -> f64 {
        let of_set = |answers: &Vec<Answer>| {
            let of_row = |answer: &Answer| {
                let p = Probabilities::from_logits(answer.shipped, temperature).of(answer.gold);
                -f64::from(p.max(f32::MIN_POSITIVE)).ln()
            };
            answers.iter().map(of_row).sum::<f64>() / answers.len() as f64
        };
        sets.iter().map(|(_, answers)| of_set(answers)).sum()
    };
    let (mut low, mut high) = (0.2_f32, 5.0_f32);
    while high - low > 1e-3 {
        let third = (high - low) / 3.0;
        if loss(low + third) < loss(high - third) { high -= third } else { low += third }
    }
    (low + high) / 2.0
}

fn print_table(sets: &[(String, Vec<Answer>)], temperature: f32) {
    println!(
        "| dev set | rows | macro-F1 f32 | macro-F1 8-bit | labels changed | ECE at 1 | ECE |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let (mut all_rows, mut all_changed) = (0, 0);
    for (name, answers) in sets {
        let gold: Vec<Label> = answers.iter().map(|answer| answer.gold).collect();
        let original: Vec<Label> = answers.iter().map(|answer| label(answer.original)).collect();
        let shipped: Vec<Label> = answers.iter().map(|answer| label(answer.shipped)).collect();
        let changed = original.iter().zip(&shipped).filter(|(a, b)| a != b).count();
        println!(
            "| {name} | {} | {:.3} | {:.3} | {changed} | {:.3} | {:.3} |",
            answers.len(),
            macro_f1(&gold, &original),
            macro_f1(&gold, &shipped),
            calibration_error(answers, 1.0),
            calibration_error(answers, temperature),
        );
        all_rows += answers.len();
        all_changed += changed;
    }
    let percent = 100.0 * all_changed as f64 / all_rows as f64;
    println!("\nlabels changed: {all_changed} of {all_rows} ({percent:.2} %)");
    println!("temperature = {temperature:.2}");
}

fn label(logits: [f32; 3]) -> Label {
    Probabilities::from_logits(logits, 1.0).label()
}

/// The mean F1 of the labels that occur in the gold.
fn macro_f1(gold: &[Label], found: &[Label]) -> f64 {
    let count = |f: &dyn Fn(Label, Label) -> bool| {
        gold.iter().zip(found).filter(|&(&g, &f_)| f(g, f_)).count() as f64
    };
    let f1 = |label: Label| {
        let (of_gold, of_found) = (count(&|g, _| g == label), count(&|_, f| f == label));
        let hit = count(&|g, f| g == label && f == label);
        (of_gold > 0.0).then(|| 2.0 * hit / (of_gold + of_found))
    };
    let scores: Vec<f64> = Label::ALL.into_iter().filter_map(f1).collect();
    scores.iter().sum::<f64>() / scores.len() as f64
}

/// Expected calibration error over 15 bins of equal width.
fn calibration_error(answers: &[Answer], temperature: f32) -> f64 {
    let mut bins = [(0.0, 0.0); 15];
    for answer in answers {
        let p = Probabilities::from_logits(answer.shipped, temperature);
        let confidence = p.of(p.label());
        let bin = &mut bins[((confidence * 15.0) as usize).min(14)];
        bin.0 += f64::from(confidence);
        bin.1 += f64::from(u8::from(p.label() == answer.gold));
    }
    bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum::<f64>()
        / answers.len() as f64
}
