//! From data sets to batches: what may be learned from, what an epoch draws of it, and in which order.

use crate::holders;
use crate::recipe::{Recipe, Set};
use anyhow::{Context, Result, anyhow, ensure};
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use standpoint_core::{Holder, Label};
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
    /// In an order that mixes it.
    pub(crate) dev: Vec<Example>,
    recipe: Set,
    /// Rows that the recipe leaves out: double, of a dev set, or with a text of a set to keep apart.
    pub(crate) left_out: usize,
}

/// A row of a file, before it is made into tokens.
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) target: String,
    /// Probabilities of favor, against and neutral.
    pub(crate) gold: [f32; 3],
}

/// A pair as an epoch draws it.
struct Drawn<'a> {
    text: &'a [u32],
    target: &'a [u32],
    gold: [f32; 3],
    teacher: Option<[f32; 3]>,
}

/// Inputs of about the same length, padded to the longest.
pub(crate) struct Padded {
    /// Inputs.
    pub(crate) rows: i64,
    /// Tokens of each, padding included.
    pub(crate) width: i64,
    /// `[rows, width]`, 0 where there is padding.
    pub(crate) ids: Vec<i64>,
    /// `[rows, width]`: 0 for the first part of an input, 1 for the second.
    pub(crate) types: Vec<i64>,
    /// `[rows, width]`: what is added to an attention score, -10,000 where there is padding.
    pub(crate) mask: Vec<f32>,
}

/// Pairs, and what the model is trained toward.
pub(crate) struct Batch {
    pub(crate) inputs: Padded,
    /// `[rows, 3]`
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
        let mut rows = match &set.dev {
            Some(path) => read_rows(&recipe.path(folder, path), set, recipe, folder)?,
            None => Vec::new(),
        };
        // Files are often sorted by label or topic, and training scores the first rows only.
        Rng::with_seed(recipe.training.seed).shuffle(&mut rows);
        dev_pairs.extend(rows.iter().map(Row::key));
        devs.push(rows);
    }
    let mut sets = Vec::new();
    for (set, dev) in recipe.sets.iter().zip(devs) {
        let rows = match &set.train {
            Some(path) => read_rows(&recipe.path(folder, path), set, recipe, folder)?,
            None => Vec::new(),
        };
        let mut apart = HashSet::new();
        for path in &set.without_texts_of {
            let rows = read_rows(&recipe.path(folder, path), set, recipe, folder)?;
            apart.extend(rows.iter().map(|row| folded(&row.text)));
        }
        let read = rows.len();
        let kept = rows
            .into_iter()
            .filter(|row| !dev_pairs.contains(&row.key()) && !apart.contains(&folded(&row.text)));
        let train = merged(kept);
        let examples = |rows: &[Row]| -> Result<Vec<Example>> {
            rows.iter().map(|row| row.example(tokens)).collect()
        };
        sets.push(DataSet {
            name: set.name.clone(),
            left_out: read - train.len(),
            train: examples(&train)?,
            dev: examples(&dev)?,
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

fn read_rows(path: &Path, set: &Set, recipe: &Recipe, folder: &Path) -> Result<Vec<Row>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("set {}: cannot read {name}", set.name))?;
    let articles = match &set.passages_of {
        Some(articles) => read_articles(&recipe.path(folder, articles))?,
        None => Articles::new(),
    };
    let mut rows = Vec::new();
    for (line, at) in BufReader::new(file).lines().zip(1..) {
        let line = line.with_context(|| format!("{name}:{at} cannot be read"))?;
        if line.trim().is_empty() {
            continue;
        }
        let read = match set.related {
            true => holders::related(&line),
            false => Row::read(&line, set, recipe, &articles),
        };
        rows.extend(read.with_context(|| format!("{name}:{at}"))?);
    }
    ensure!(!rows.is_empty(), "{name} has no rows");
    Ok(rows)
}

/// Texts by their ids.
type Articles = HashMap<String, String>;

fn read_articles(path: &Path) -> Result<Articles> {
    #[derive(Deserialize)]
    struct Article {
        id: String,
        text: String,
    }
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let mut articles = Articles::new();
    for (line, at) in BufReader::new(file).lines().zip(1..) {
        let line = line.with_context(|| format!("{name}:{at} cannot be read"))?;
        let Article { id, text } =
            serde_json::from_str(&line).with_context(|| format!("{name}:{at} is no article"))?;
        articles.insert(id, text);
    }
    Ok(articles)
}

impl Row {
    /// The questions of a line: one with the fields `target`, `label` and perhaps `holder`, or several
    /// in `asks`, each a holder or null, a target and a label. The text is in the field `text`, or is
    /// the bytes `start` to `end` of the article `document`. A holder whom it does not name is put
    /// before it, as a run does.
    fn read(line: &str, set: &Set, recipe: &Recipe, articles: &Articles) -> Result<Vec<Self>> {
        let row: Map<String, Value> = serde_json::from_str(line).context("no JSON object")?;
        let field = |name: &str| match row.get(name) {
            Some(Value::String(value)) => Ok(value.as_str()),
            _ => Err(anyhow!("no text in the field {name:?}")),
        };
        let byte = |name: &str| -> Option<usize> { row.get(name)?.as_u64()?.try_into().ok() };
        let text = match set.passages_of {
            None => field("text")?,
            Some(_) => {
                let id = field("document")?;
                let article = articles.get(id).with_context(|| format!("no article {id:?}"))?;
                let bytes = byte("start").zip(byte("end"));
                let text = bytes.and_then(|(start, end)| article.get(start..end));
                text.with_context(|| format!("start and end are no part of {id:?}"))?
            }
        };
        let ask = |holder: Option<&str>, target: &str, label: &str| {
            let meaning = recipe.meaning(label).with_context(|| {
                format!(
                    "label {label:?} is none of favor, against, neutral, nor in the table [labels]"
                )
            })?;
            let (target, text) = match holder {
                Some(name) => (Holder::question(name, target), Holder::scripted(name, text)),
                None => (target.to_owned(), text.into()),
            };
            Ok(Self { text: text.into_owned(), target, gold: meaning.probabilities() })
        };
        let Some(asks) = row.get("asks") else {
            let holder = row.get("holder").and_then(Value::as_str);
            return Ok(vec![ask(holder, field(&set.target)?, field("label")?)?]);
        };
        let asks: Vec<(Option<String>, String, String)> = serde_json::from_value(asks.clone())
            .context("asks is no list of [holder or null, target, label]")?;
        asks.iter().map(|(holder, target, label)| ask(holder.as_deref(), target, label)).collect()
    }

    /// Pairs that differ in case, spaces or punctuation only are the same. A hash, so that a file of
    /// answers holds nothing of the texts.
    fn key(&self) -> String {
        let pair = format!("{}|{}", folded(&self.target), folded(&self.text));
        blake3::hash(pair.as_bytes()).to_hex()[..32].to_owned()
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

#[cfg(test)]
impl Example {
    /// A pair without gold.
    pub(crate) fn of(target: &str, text: &str, tokens: &Tokens) -> Self {
        let row = Row { text: text.to_owned(), target: target.to_owned(), gold: [0.0; 3] };
        row.example(tokens).unwrap()
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

/// A line of a file of answers.
#[derive(Serialize, Deserialize)]
struct AnswerRow {
    key: String,
    logits: [f32; 3],
}

/// Reads a teacher's answers, JSON Lines.
pub(crate) fn read_answers(path: &Path) -> Result<Answers> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let row = |(line, at): (&str, usize)| {
        let row: AnswerRow = serde_json::from_str(line)
            .with_context(|| format!("{name}:{at} is no teacher's answer"))?;
        Ok((row.key, row.logits))
    };
    text.lines().zip(1..).map(row).collect()
}

/// Writes a teacher's answers.
pub(crate) fn write_answers(answers: &Answers, path: &Path) -> Result<()> {
    let mut text = String::new();
    for (key, logits) in answers {
        let row = AnswerRow { key: key.clone(), logits: *logits };
        text += &serde_json::to_string(&row)?;
        text.push('\n');
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

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
    mixed(
        &mut inputs,
        training.tokens_per_step,
        &mut rng,
        |(input, _)| input,
        |batch| Batch::of(batch.iter().map(|(input, pair)| (input, smoothed(pair, recipe)))),
    )
}

/// Batches of inputs of about one length each, in mixed order.
pub(crate) fn mixed<T, B>(
    inputs: &mut [T],
    tokens_per_step: usize,
    rng: &mut Rng,
    input: impl Fn(&T) -> &Input,
    batch: impl Fn(&[T]) -> B,
) -> Vec<B> {
    let total: usize = inputs.iter().map(|one| input(one).ids.len()).sum();
    let batches = total.div_ceil(tokens_per_step).max(1);
    let together = (inputs.len() * SORTED_TOGETHER).div_ceil(batches);
    let mut made = Vec::new();
    for part in inputs.chunks_mut(together.max(1)) {
        made.extend(of_one_length(part, tokens_per_step, &input).map(&batch));
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
    of_one_length(&mut inputs, tokens_per_batch, |(_, input, _)| input)
        .map(|batch| {
            let made = Batch::of(batch.iter().map(|(_, input, example)| (input, example.gold)));
            (made, batch.iter().map(|(at, ..)| *at).collect())
        })
        .collect()
}

/// Sorts pairs by length, and cuts them into parts of at most so many tokens when padded.
fn of_one_length<T>(
    pairs: &mut [T],
    tokens: usize,
    input: impl Fn(&T) -> &Input,
) -> impl Iterator<Item = &[T]> {
    pairs.sort_by_key(|pair| input(pair).ids.len());
    let mut rest: &[T] = pairs;
    std::iter::from_fn(move || {
        let fits = rest.iter().zip(1..);
        let fits = fits.take_while(|(pair, rows)| input(pair).ids.len() * rows <= tokens).count();
        let (now, later) = rest.split_at_checked(fits.max(1))?;
        rest = later;
        Some(now)
    })
}

impl Batch {
    fn of<'a>(pairs: impl ExactSizeIterator<Item = (&'a Input, [f32; 3])> + Clone) -> Self {
        let inputs = Padded::of(pairs.clone().map(|(input, _)| input));
        Self { inputs, wanted: pairs.flat_map(|(_, wanted)| wanted).collect() }
    }
}

impl Padded {
    pub(crate) fn of<'a>(inputs: impl ExactSizeIterator<Item = &'a Input> + Clone) -> Self {
        let width = inputs.clone().map(|input| input.ids.len()).max().unwrap_or(0);
        let rows = inputs.len();
        let mut padded = Self {
            rows: rows as i64,
            width: width as i64,
            ids: vec![0; rows * width],
            types: vec![0; rows * width],
            mask: vec![PADDING; rows * width],
        };
        for (row, input) in inputs.enumerate() {
            for (column, id) in input.ids.iter().enumerate() {
                let at = row * width + column;
                padded.ids[at] = i64::from(*id);
                padded.types[at] = i64::from(column >= input.second);
                padded.mask[at] = 0.0;
            }
        }
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny;
    use std::path::PathBuf;

    fn recipe(sets: &str) -> Recipe {
        let head = r#"
            [model]
            name = "tiny"
            description = ""
            license = "MIT"
            source = ""
            languages = ["en"]
            max_tokens = 16
            [training]
            tokens_per_step = 64
            [labels]
            entail = "favor"
            maybe = [0.5, 0.25, 0.25]
        "#;
        Recipe::parse(&format!("{head}{sets}")).unwrap()
    }

    fn row(text: &str, target: &str, label: &str) -> String {
        serde_json::json!({ "text": text, "target": target, "label": label }).to_string()
    }

    #[test]
    fn what_a_dev_set_holds_or_a_recipe_keeps_apart_is_not_learned_from() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, rows: &[String]| {
            std::fs::write(folder.path().join(name), rows.join("\n")).unwrap();
        };
        write(
            "a.jsonl",
            &[
                row("good levy", "levy", "favor"),
                row("Good, levy!", "levy", "against"),
                row("bad levy", "levy", "maybe"),
                row("good tax", "tax", "entail"),
                row("bad tax", "tax", "against"),
            ],
        );
        write("b.jsonl", &[row("bad  Tax.", "TAX", "against")]);
        write("c.jsonl", &[row("bad levy", "other", "favor")]);
        let recipe = recipe(
            r#"[[set]]
            name = "a"
            train = "a.jsonl"
            without_texts_of = ["c.jsonl"]
            [[set]]
            name = "b"
            dev = "b.jsonl""#,
        );
        let sets = read(&recipe, folder.path(), &tiny::tokens()).unwrap();
        let (a, b) = (&sets[0], &sets[1]);
        assert_eq!((a.train.len(), a.left_out, a.dev.len()), (2, 3, 0));
        assert_eq!((b.train.len(), b.dev.len()), (0, 1));
        assert_eq!(a.train[0].gold, [0.5, 0.5, 0.0], "two rows of one pair disagree");
        assert_eq!(a.train[1].gold, [1.0, 0.0, 0.0], "entail is favor");
    }

    #[test]
    fn a_wrong_row_is_named_with_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [row("a", "b", "favor"), row("a", "b", "pro")].join("\n");
        std::fs::write(folder.path().join("a.jsonl"), rows).unwrap();
        let recipe = recipe("[[set]]\nname = \"a\"\ntrain = \"a.jsonl\"\ndev = \"a.jsonl\"");
        let error = read(&recipe, folder.path(), &tiny::tokens()).err().unwrap();
        let error = format!("{error:#}");
        assert!(error.contains("a.jsonl:2: label \"pro\" is none of"), "{error}");
    }

    #[test]
    fn a_line_asks_several_questions_of_a_text_or_of_bytes_of_an_article() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, line: &str| std::fs::write(folder.path().join(name), line).unwrap();
        write(
            "a.jsonl",
            r#"{"text": "bad levy", "asks": [["Ann", "levy", "against"], [null, "levy", "neutral"]]}"#,
        );
        write(
            "b.jsonl",
            r#"{"document": "x", "start": 3, "end": 11, "target": "levy", "holder": "Bo", "label": "favor"}"#,
        );
        write("articles.jsonl", r#"{"id": "x", "text": "É, good tax, levy."}"#);
        let recipe = recipe(
            r#"[[set]]
            name = "a"
            train = "a.jsonl"
            [[set]]
            name = "b"
            dev = "b.jsonl"
            passages_of = "articles.jsonl""#,
        );
        let rows = |set: &Set, file: &Option<PathBuf>| {
            let path = folder.path().join(file.as_ref().unwrap());
            let rows = read_rows(&path, set, &recipe, folder.path()).unwrap().into_iter();
            rows.map(|row| (row.text, row.target, row.gold)).collect::<Vec<_>>()
        };
        let [a, b] = &recipe.sets[..] else { panic!("two sets") };
        let of = |text: &str, target: &str, gold| (text.to_owned(), target.to_owned(), gold);
        let asked = [
            of("Ann: bad levy", "Ann: levy", [0.0, 1.0, 0.0]),
            of("bad levy", "levy", [0.0, 0.0, 1.0]),
        ];
        assert_eq!(rows(a, &a.train), asked);
        assert_eq!(rows(b, &b.dev), [of("Bo:  good ta", "Bo: levy", [1.0, 0.0, 0.0])]);
        write(
            "b.jsonl",
            r#"{"document": "x", "start": 1, "end": 11, "target": "levy", "label": "favor"}"#,
        );
        let error = read_rows(&folder.path().join("b.jsonl"), b, &recipe, folder.path());
        let error = format!("{:#}", error.err().unwrap());
        assert!(error.contains("b.jsonl:1: start and end are no part of"), "{error}");
    }

    #[test]
    fn a_claim_with_one_should_is_negated_and_back() {
        let claim = "We should ban the levy";
        let not = negated(claim).unwrap();
        assert_eq!(not, "We should not ban the levy");
        assert_eq!(negated(&not).unwrap(), claim);
        assert_eq!(negated("the levy"), None);
        assert_eq!(negated("You should pay what you should pay"), None);
    }

    #[test]
    fn an_epoch_is_the_same_again_within_its_tokens_and_turns_what_it_negates() {
        let folder = tempfile::tempdir().unwrap();
        let long = "good ".repeat(11);
        let targets = ["We should levy", "We should not tax"];
        let rows: Vec<String> = (0..40)
            .map(|i| row(&format!("{} {i}", &long[..5 * (1 + i % 11)]), targets[i % 2], "favor"))
            .collect();
        std::fs::write(folder.path().join("a.jsonl"), rows.join("\n")).unwrap();
        let recipe = recipe(
            r#"[[set]]
            name = "a"
            train = "a.jsonl"
            share = 2.0
            off_topic = 0.5
            negated = 1.0
            [[set]]
            name = "b"
            dev = "b.jsonl""#,
        );
        std::fs::write(folder.path().join("b.jsonl"), row("x", "y", "favor")).unwrap();
        let tokens = tiny::tokens();
        let sets = read(&recipe, folder.path(), &tokens).unwrap();
        let made = |number| epoch(&sets, &recipe, &Answers::new(), &tokens, number);
        let (first, again, next) = (made(0), made(0), made(1));
        let ids = |batches: &[Batch]| -> Vec<i64> {
            batches.iter().flat_map(|b| b.inputs.ids.clone()).collect()
        };
        assert_eq!(ids(&first), ids(&again));
        assert_ne!(ids(&first), ids(&next));
        let (mut favor, mut against, mut neutral) = (0, 0, 0);
        for batch in &first {
            let inputs = &batch.inputs;
            assert!(inputs.rows * inputs.width <= 64, "{} × {}", inputs.rows, inputs.width);
            assert_eq!(inputs.mask.iter().filter(|x| **x == 0.0).count(), {
                inputs.ids.iter().filter(|id| **id != 0).count()
            });
            for wanted in batch.wanted.as_chunks::<3>().0 {
                assert!((wanted.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                match wanted.iter().position(|p| *p > 0.9) {
                    Some(0) => favor += 1,
                    Some(1) => against += 1,
                    _ => neutral += 1,
                }
            }
        }
        assert_eq!((favor, against), (0, 80), "every row twice, negated, and favor turned");
        // Of 40 draws those make a pair whose two targets differ: about half.
        assert!((10..=30).contains(&neutral), "{neutral} off-topic pairs");
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.jsonl");
        let answers = Answers::from([("tax|good".to_owned(), [0.5, -1.25, 3.0])]);
        write_answers(&answers, &path).unwrap();
        assert_eq!(read_answers(&path).unwrap(), answers);
        std::fs::write(&path, "{\"key\": \"a\"}").unwrap();
        assert!(format!("{:#}", read_answers(&path).unwrap_err()).contains("answers.jsonl:1"));
    }

    #[test]
    fn a_teacher_and_smoothing_are_mixed_into_what_is_wanted() {
        let mut recipe = recipe("[[set]]\nname = \"a\"\ntrain = \"a.jsonl\"\ndev = \"a.jsonl\"");
        recipe.training.label_smoothing = 0.3;
        let pair = |teacher| Drawn { text: &[], target: &[], gold: [1.0, 0.0, 0.0], teacher };
        let close = |found: [f32; 3], expected: [f32; 3]| {
            let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(near, "{found:?} is not {expected:?}");
        };
        close(smoothed(&pair(None), &recipe), [0.8, 0.1, 0.1]);
        recipe.training.teacher =
            Some(crate::recipe::Teacher { answers: "a".into(), weight: 0.5, temperature: 2.0 });
        let ln = |p: f32| 2.0 * p.ln();
        let teacher = Some([ln(0.2), ln(0.2), ln(0.6)]);
        close(smoothed(&pair(teacher), &recipe), [0.5, 0.15, 0.35]);
        close(smoothed(&pair(None), &recipe), [0.8, 0.1, 0.1]);
    }
}
