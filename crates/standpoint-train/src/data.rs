//! From data sets to batches: what may be learned from, what an epoch draws of it, and in which order.

use crate::recipe::{Recipe, Set};
use anyhow::{Context, Result, anyhow, ensure};
use fastrand::Rng;
use serde_json::{Map, Value};
use standpoint_core::Label;
use standpoint_encoder::{Input, Tokens};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A labelled pair.
pub(crate) struct Example {
    /// Finds the teacher's answer.
    pub(crate) key: String,
    text: Vec<u32>,
    target: Vec<u32>,
    /// The target negated, where that can be told by rule.
    negated: Option<Vec<u32>>,
    /// Probabilities of favor, against and neutral.
    pub(crate) gold: [f32; 3],
}

/// A data set as it is learned from and scored.
pub(crate) struct DataSet {
    pub(crate) name: String,
    pub(crate) train: Vec<Example>,
    pub(crate) dev: Vec<Example>,
    recipe: Set,
    /// Rows that the recipe leaves out: double, of a dev set, or with a text of a set to keep apart.
    pub(crate) left_out: usize,
}

/// A row of a file, before it is made into tokens.
struct Row {
    text: String,
    target: String,
    gold: [f32; 3],
}

/// A pair as an epoch draws it.
struct Drawn<'a> {
    text: &'a [u32],
    target: &'a [u32],
    gold: [f32; 3],
    teacher: Option<[f32; 3]>,
}

/// Pairs of about the same length, padded to the longest.
pub(crate) struct Batch {
    /// Rows.
    pub(crate) pairs: i64,
    /// Tokens of each, padding included.
    pub(crate) width: i64,
    /// `[pairs, width]`, 0 where there is padding.
    pub(crate) ids: Vec<i64>,
    /// `[pairs, width]`: 0 for the target, 1 for the text.
    pub(crate) types: Vec<i64>,
    /// `[pairs, width]`: what is added to an attention score, -10,000 where there is padding.
    pub(crate) mask: Vec<f32>,
    /// `[pairs, 3]`: what the model is trained toward.
    pub(crate) wanted: Vec<f32>,
}

/// Added to the attention score of padding: far enough below any score for a weight of 0.
const PADDING: f32 = -10_000.0;

/// Batches' worth of pairs that are sorted by length together: enough for little padding, few
/// enough for the steps to stay mixed.
const SORTED_TOGETHER: usize = 48;

/// Reads every set of a recipe. No pair of any dev set is learned from, whatever set it is in.
pub(crate) fn read(recipe: &Recipe, folder: &Path, tokens: &Tokens) -> Result<Vec<DataSet>> {
    let mut dev_pairs = HashSet::new();
    let mut devs = Vec::new();
    for set in &recipe.sets {
        let rows = match &set.dev {
            Some(path) => read_rows(&folder.join(path), set, recipe)?,
            None => Vec::new(),
        };
        dev_pairs.extend(rows.iter().map(Row::key));
        devs.push(rows);
    }
    let mut sets = Vec::new();
    for (set, dev) in recipe.sets.iter().zip(devs) {
        let rows = match &set.train {
            Some(path) => read_rows(&folder.join(path), set, recipe)?,
            None => Vec::new(),
        };
        let mut apart = HashSet::new();
        for path in &set.without_texts_of {
            let rows = read_rows(&folder.join(path), set, recipe)?;
            apart.extend(rows.iter().map(|row| folded(&row.text)));
        }
        let read = rows.len();
        let kept = rows
            .into_iter()
            .filter(|row| !dev_pairs.contains(&row.key()) && !apart.contains(&folded(&row.text)));
        let train = merged(kept);
        let example = |row: &Row| row.example(tokens);
        sets.push(DataSet {
            name: set.name.clone(),
            left_out: read - train.len(),
            train: train.iter().map(example).collect::<Result<_>>()?,
            dev: dev.iter().map(example).collect::<Result<_>>()?,
            recipe: set.clone(),
        });
    }
    Ok(sets)
}

/// One row for each pair, its gold the mean of what its rows say.
fn merged(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut merged: Vec<(Row, f32)> = Vec::new();
    for row in rows {
        match places.get(&row.key()) {
            Some(&at) => {
                let (first, count) = &mut merged[at];
                *count += 1.0;
                for (mean, p) in first.gold.iter_mut().zip(row.gold) {
                    *mean += (p - *mean) / *count;
                }
            }
            None => {
                places.insert(row.key(), merged.len());
                merged.push((row, 1.0));
            }
        }
    }
    merged.into_iter().map(|(row, _)| row).collect()
}

fn read_rows(path: &Path, set: &Set, recipe: &Recipe) -> Result<Vec<Row>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("set {}: cannot read {name}", set.name))?;
    let mut rows = Vec::new();
    for (line, at) in BufReader::new(file).lines().zip(1..) {
        let line = line.with_context(|| format!("{name}:{at} cannot be read"))?;
        if line.trim().is_empty() {
            continue;
        }
        let row: Map<String, Value> = serde_json::from_str(&line)
            .with_context(|| format!("{name}:{at} is no JSON object"))?;
        rows.push(Row::of(&row, set, recipe).with_context(|| format!("{name}:{at}"))?);
    }
    ensure!(!rows.is_empty(), "{name} has no rows");
    Ok(rows)
}

impl Row {
    fn of(row: &Map<String, Value>, set: &Set, recipe: &Recipe) -> Result<Self> {
        let field = |name: &str| match row.get(name) {
            Some(Value::String(value)) => Ok(value.clone()),
            _ => Err(anyhow!("no text in the field {name:?}")),
        };
        let label = field("label")?;
        let meaning = recipe.meaning(&label).with_context(|| {
            format!("label {label:?} is none of favor, against, neutral, nor in the table [labels]")
        })?;
        let target = field(&set.target)?;
        Ok(Row { text: field("text")?, target, gold: meaning.probabilities() })
    }

    /// Pairs that differ in case, spaces or punctuation only are the same.
    fn key(&self) -> String {
        format!("{}|{}", folded(&self.target), folded(&self.text))
    }

    fn example(&self, tokens: &Tokens) -> Result<Example> {
        let words = |text: &str| tokens.words(text).map_err(|reason| anyhow!(reason));
        let negated = negated(&self.target).map(|target| words(&target)).transpose()?;
        Ok(Example {
            key: self.key(),
            text: words(&self.text)?,
            target: words(&self.target)?,
            negated,
            gold: self.gold,
        })
    }
}

fn folded(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// The claim that says the opposite: for one "should" with or without "not", the one without or with.
fn negated(claim: &str) -> Option<String> {
    if claim.matches(" should ").count() != 1 {
        return None;
    }
    let (before, after) = claim.split_once(" should ")?;
    Some(match after.strip_prefix("not ") {
        Some(after) => format!("{before} should {after}"),
        None => format!("{before} should not {after}"),
    })
}

/// A teacher's answers by the keys of pairs.
pub(crate) type Answers = BTreeMap<String, [f32; 3]>;

/// The batches of an epoch; the same seed and epoch give the same ones.
pub(crate) fn epoch(
    sets: &[DataSet],
    recipe: &Recipe,
    teacher: &Answers,
    tokens: &Tokens,
    epoch: usize,
) -> Vec<Batch> {
    let training = &recipe.training;
    let mut rng = Rng::with_seed(training.seed ^ ((epoch as u64 + 1) << 32));
    let mut drawn = Vec::new();
    for set in sets {
        draw(set, teacher, &mut rng, &mut drawn);
    }
    rng.shuffle(&mut drawn);
    let mut inputs: Vec<(Input, Drawn<'_>)> =
        drawn.into_iter().map(|pair| (tokens.pair(pair.target, pair.text), pair)).collect();
    let total: usize = inputs.iter().map(|(input, _)| input.ids.len()).sum();
    let batches = total.div_ceil(training.tokens_per_step).max(1);
    let together = (inputs.len() * SORTED_TOGETHER).div_ceil(batches);
    let mut made = Vec::new();
    for part in inputs.chunks_mut(together.max(1)) {
        part.sort_by_key(|(input, _)| input.ids.len());
        let mut rest = &*part;
        while !rest.is_empty() {
            let fits = rest
                .iter()
                .zip(1..)
                .take_while(|((input, _), rows)| input.ids.len() * rows <= training.tokens_per_step)
                .count();
            let (now, later) = rest.split_at(fits.max(1));
            made.push(Batch::of(now.iter().map(|(input, pair)| (input, smoothed(pair, recipe)))));
            rest = later;
        }
    }
    rng.shuffle(&mut made);
    made
}

/// Adds the pairs that an epoch draws of a set.
fn draw<'a>(set: &'a DataSet, teacher: &Answers, rng: &mut Rng, drawn: &mut Vec<Drawn<'a>>) {
    let rows = set.train.len();
    let wanted = (rows as f64 * set.recipe.share).round() as usize;
    let mut order: Vec<usize> = Vec::new();
    while order.len() < wanted {
        let mut all: Vec<usize> = (0..rows).collect();
        rng.shuffle(&mut all);
        order.extend(all);
    }
    for &at in &order[..wanted] {
        let example = &set.train[at];
        let negate = rng.f64() < set.recipe.negated;
        drawn.push(match &example.negated {
            Some(negated) if negate => {
                let [favor, against, neutral] = example.gold;
                let gold = [against, favor, neutral];
                Drawn { text: &example.text, target: negated, gold, teacher: None }
            }
            _ => Drawn {
                text: &example.text,
                target: &example.target,
                gold: example.gold,
                teacher: teacher.get(&example.key).copied(),
            },
        });
    }
    let neutral = Label::ALL.map(|label| f32::from(u8::from(label == Label::Neutral)));
    for _ in 0..(wanted as f64 * set.recipe.off_topic).round() as usize {
        let (text, other) = (&set.train[rng.usize(..rows)], &set.train[rng.usize(..rows)]);
        if text.target != other.target {
            let (text, target) = (&text.text, &other.target);
            drawn.push(Drawn { text, target, gold: neutral, teacher: None });
        }
    }
}

/// What a pair is trained toward: gold, mixed with the teacher's answer and smoothed.
fn smoothed(pair: &Drawn<'_>, recipe: &Recipe) -> [f32; 3] {
    let training = &recipe.training;
    let mut wanted = pair.gold;
    let spread = training.label_smoothing as f32;
    wanted.iter_mut().for_each(|p| *p = *p * (1.0 - spread) + spread / 3.0);
    if let (Some(settings), Some(logits)) = (&training.teacher, pair.teacher) {
        let p = standpoint_core::Probabilities::from_logits(logits, settings.temperature);
        let weight = settings.weight as f32;
        for (wanted, p) in wanted.iter_mut().zip([p.favor, p.against, p.neutral]) {
            *wanted = *wanted * (1.0 - weight) + p * weight;
        }
    }
    wanted
}

/// Examples in batches of about the same length, with the places that their answers go to.
pub(crate) fn in_order<'a>(
    examples: &'a [Example],
    tokens: &Tokens,
    tokens_per_batch: usize,
) -> Vec<(Batch, Vec<usize>)> {
    let mut inputs: Vec<(usize, Input, &'a Example)> = examples
        .iter()
        .enumerate()
        .map(|(at, example)| (at, tokens.pair(&example.target, &example.text), example))
        .collect();
    inputs.sort_by_key(|(_, input, _)| input.ids.len());
    let mut made = Vec::new();
    let mut rest = &inputs[..];
    while !rest.is_empty() {
        let fits = rest
            .iter()
            .zip(1..)
            .take_while(|((_, input, _), rows)| input.ids.len() * rows <= tokens_per_batch)
            .count();
        let (now, later) = rest.split_at(fits.max(1));
        let batch = Batch::of(now.iter().map(|(_, input, example)| (input, example.gold)));
        made.push((batch, now.iter().map(|(at, ..)| *at).collect()));
        rest = later;
    }
    made
}

impl Batch {
    fn of<'a>(pairs: impl ExactSizeIterator<Item = (&'a Input, [f32; 3])> + Clone) -> Self {
        let width = pairs.clone().map(|(input, _)| input.ids.len()).max().unwrap_or(0);
        let rows = pairs.len();
        let mut batch = Self {
            pairs: rows as i64,
            width: width as i64,
            ids: vec![0; rows * width],
            types: vec![0; rows * width],
            mask: vec![PADDING; rows * width],
            wanted: Vec::with_capacity(rows * 3),
        };
        for (row, (input, wanted)) in pairs.enumerate() {
            for (column, id) in input.ids.iter().enumerate() {
                let at = row * width + column;
                batch.ids[at] = i64::from(*id);
                batch.types[at] = i64::from(column >= input.second);
                batch.mask[at] = 0.0;
            }
            batch.wanted.extend(wanted);
        }
        batch
    }
}
