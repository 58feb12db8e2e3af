//! Writes a corpus of any size, to measure with. It is **synthetic**: the sentences of the sample
//! corpus (`seeds/`) with other names, numbers, debates and words, so it says how fast a run is and
//! nothing of how right.
//!
//! ```text
//! cargo run --release -p standpoint-tests --example corpus -- OUT DOCUMENTS [SEED]
//! ```
//!
//! `OUT` gets JSONL files of 1,000 documents; `benches/targets.toml` are the targets. A document
//! depends on the seed and its number alone, so a larger corpus begins with the smaller one. One
//! document in ten is a copy of an earlier one in another outlet, half of them without the end.

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use serde_json::json;
use standpoint_core::Target;
use standpoint_ingest::Fields;
use standpoint_pipeline::{Corpus, intake, read_targets};
use standpoint_tests::{root, seeds};
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Documents in a file.
const SHARD: usize = 1000;
/// One document in so many is a copy.
const COPIES: u64 = 10;
/// How far back the original of a copy may lie, in documents.
const REACH: usize = 500;
const OUTLETS: usize = 200;

/// A sentence with fewer places to vary begins with a time and a place, so that few are equal.
const VARIED: usize = 3;

/// Words that may stand for each other in most of the sample's sentences.
const SYNONYMS: &[&[&str]] = &[
    &["said", "argued", "insisted", "maintained", "wrote", "added"],
    &["bill", "proposal", "plan", "measure", "scheme", "draft"],
    &["government", "cabinet", "ministry", "coalition", "administration"],
    &["country", "region", "province", "republic"],
    &["people", "families", "citizens", "residents", "voters"],
    &["workers", "employees", "nurses", "miners", "drivers"],
    &["firms", "companies", "businesses", "shops", "factories"],
    &["money", "cash", "funding", "revenue"],
    &["price", "cost", "charge", "fee"],
    &["year", "decade", "month", "season", "quarter"],
    &["week", "fortnight", "day"],
    &["would", "could", "might", "will", "may"],
    &["must", "should", "ought to", "has to"],
    &["large", "great", "vast", "considerable", "modest", "small"],
    &["good", "sound", "sensible", "decent", "fair"],
    &["bad", "poor", "reckless", "costly", "foolish"],
    &["new", "recent", "latest", "revised"],
    &["never", "seldom", "rarely", "hardly"],
    &["always", "often", "usually"],
    &["but", "though", "although"],
    &["also", "too", "besides"],
    &["report", "study", "paper", "inquiry"],
    &["vote", "ballot", "debate", "hearing"],
    &["house", "chamber", "parliament", "assembly"],
    &["town", "city", "village", "port", "district"],
    &["think", "believe", "suspect", "feel"],
    &["ask", "demand", "want"],
    &["pay", "spend", "owe", "find"],
];

/// A part of a sentence: as it is in the sample, or a place where documents differ.
enum Part {
    Text(String),
    /// An alias of a target.
    Debate,
    /// A word that the sample only writes with a capital, by its place in the list of names.
    Name(usize),
    /// So many digits.
    Number(usize),
    /// A word of one of the [`SYNONYMS`].
    Synonym(usize),
}

type Sentence = Vec<Part>;

/// What documents are made of.
struct Stock {
    titles: Vec<Sentence>,
    paragraphs: Vec<Vec<Sentence>>,
    names: Vec<String>,
    targets: Vec<Target>,
}

impl Stock {
    fn of_the_sample() -> Result<Stock> {
        let corpus = Corpus { inputs: vec![seeds()], fields: Fields::default() };
        let debates = read_targets(&root().join("seeds/targets.toml"))?;
        let mut aliases: Vec<String> =
            debates.iter().flat_map(|t| &t.aliases).map(|a| a.to_ascii_lowercase()).collect();
        aliases.sort_by_key(|alias| std::cmp::Reverse(alias.len()));
        let mut titles: Vec<String> = Vec::new();
        let mut paragraphs: Vec<Vec<String>> = Vec::new();
        intake(&corpus, 0, |item| {
            // Two files of the sample are broken on purpose.
            let Ok(item) = item else { return Ok(()) };
            if item.document.language.as_deref() == Some("en") {
                titles.extend(item.document.title.clone());
                for run in item.passages.chunk_by(|a, b| a.paragraph == b.paragraph) {
                    let text = |p: &standpoint_core::Passage| p.span.of(&item.document.text);
                    paragraphs.push(run.iter().filter_map(text).map(str::to_owned).collect());
                }
            }
            Ok(())
        })?;
        let names = names(paragraphs.iter().flatten());
        let read = |text: &String| sentence(text, &aliases, &names);
        Ok(Stock {
            titles: titles.iter().map(read).collect(),
            paragraphs: paragraphs.iter().map(|p| p.iter().map(read).collect()).collect(),
            targets: read_targets(&root().join("benches/targets.toml"))?,
            names,
        })
    }

    /// Document `number`, and its sentences' hashes into `seen`.
    fn document(&self, seed: u64, number: usize, seen: &mut Seen) -> serde_json::Value {
        let mut rng = rng(seed, number, "placement");
        let copied = number > 0 && rng.u64(..COPIES) == 0;
        let original = if copied { number - rng.usize(1..=number.min(REACH)) } else { number };
        let (title, mut paragraphs) = self.body(seed, original);
        if copied && rng.bool() {
            paragraphs.pop();
        }
        seen.documents(copied, paragraphs.iter().flatten());
        let text: Vec<String> = paragraphs.iter().map(|sentences| sentences.join(" ")).collect();
        let outlet = rng.usize(..OUTLETS);
        let kinds = ["Courier", "Gazette", "Post", "Review", "Standard"];
        let name = |at: usize| &self.names[at % self.names.len()];
        let (first, last) = (rng.usize(..self.names.len()), rng.usize(..self.names.len()));
        json!({
            "id": format!("{seed}-{number:07}"),
            "title": title,
            "outlet": format!("The {} {}", name(outlet * 7), kinds[outlet % kinds.len()]),
            "author": format!("{} {}", name(first), name(last)),
            "date": format!("2025-{:02}-{:02}", rng.u8(1..=12), rng.u8(1..=28)),
            "text": text.join("\n\n"),
        })
    }

    /// Headline and paragraphs of an original.
    fn body(&self, seed: u64, number: usize) -> (String, Vec<Vec<String>>) {
        let mut rng = rng(seed, number, "body");
        // Its names are the sample's in another order, one order for the whole document.
        let names = Order { shift: rng.usize(..self.names.len()), flip: rng.bool() };
        let target = &self.targets[rng.usize(..self.targets.len())];
        let title =
            self.write(&self.titles[rng.usize(..self.titles.len())], target, names, &mut rng);
        let length = rng.usize(10..=40);
        let (mut paragraphs, mut sentences) = (Vec::new(), 0);
        while sentences < length {
            let template = &self.paragraphs[rng.usize(..self.paragraphs.len())];
            let written = |sentence: &Sentence| self.write(sentence, target, names, &mut rng);
            let paragraph: Vec<String> = template.iter().map(written).collect();
            sentences += paragraph.len();
            paragraphs.push(paragraph);
        }
        (title, paragraphs)
    }

    fn write(&self, sentence: &Sentence, target: &Target, names: Order, rng: &mut Rng) -> String {
        let mut text = String::new();
        if sentence.iter().filter(|part| !matches!(part, Part::Text(_))).count() < VARIED {
            let place = &self.names[rng.usize(..self.names.len())];
            text = format!("in {place} in {}, ", rng.u16(1950..2026));
        }
        for part in sentence {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Debate => text.push_str(&target.aliases[rng.usize(..target.aliases.len())]),
                Part::Name(at) => text.push_str(&self.names[names.at(*at, self.names.len())]),
                Part::Number(digits) => {
                    text.push(rng.char('1'..='9'));
                    text.extend((1..*digits).map(|_| rng.char('0'..='9')));
                }
                Part::Synonym(group) => {
                    text.push_str(SYNONYMS[*group][rng.usize(..SYNONYMS[*group].len())]);
                }
            }
        }
        let mut letters = text.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }
}

/// A reordering of the names.
#[derive(Clone, Copy)]
struct Order {
    shift: usize,
    flip: bool,
}

impl Order {
    fn at(self, name: usize, names: usize) -> usize {
        let moved = (name + self.shift) % names;
        if self.flip { names - 1 - moved } else { moved }
    }
}

/// The generator of one document's random choices.
fn rng(seed: u64, number: usize, what: &str) -> Rng {
    // `DefaultHasher::new` has fixed keys, so this is the same in every process.
    let mut hasher = DefaultHasher::new();
    (seed, number, what).hash(&mut hasher);
    Rng::with_seed(hasher.finish())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|c: char| !c.is_alphanumeric()).flat_map(|run| {
        let end = run.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
        let (word, gap) = run.split_at(end);
        [word, gap].into_iter().filter(|part| !part.is_empty())
    })
}

/// The words that occur with a capital inside a sentence and nowhere without.
fn names<'a>(sentences: impl Iterator<Item = &'a String> + Clone) -> Vec<String> {
    let all: BTreeSet<&str> = sentences.clone().flat_map(|s| words(s)).collect();
    let inside: BTreeSet<&str> = sentences.flat_map(|s| words(s).skip(1)).collect();
    let is_name = |word: &&str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && word.chars().count() > 2
            && letters.all(char::is_lowercase)
            && !all.contains(word.to_lowercase().as_str())
    };
    inside.into_iter().filter(is_name).map(str::to_owned).collect()
}

fn sentence(text: &str, aliases: &[String], names: &[String]) -> Sentence {
    let mut parts: Sentence = Vec::new();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Only ASCII changes, so places in `folded` are places in `text`.
    let folded = text.to_ascii_lowercase();
    let mut at = 0;
    while at < text.len() {
        let starts = |alias: &&String| folded[at..].starts_with(alias.as_str());
        if let Some(alias) = aliases.iter().find(starts) {
            parts.push(Part::Debate);
            at += alias.len();
            continue;
        }
        let word = words(&text[at..]).next().unwrap_or_default();
        at += word.len();
        parts.push(part(word, names));
    }
    parts
}

fn part(word: &str, names: &[String]) -> Part {
    if let Ok(at) = names.binary_search_by(|name| name.as_str().cmp(word)) {
        Part::Name(at)
    } else if word.len() < 4 && word.bytes().all(|b| b.is_ascii_digit()) {
        Part::Number(word.len())
    } else if let Some(group) = SYNONYMS.iter().position(|group| group.contains(&word)) {
        Part::Synonym(group)
    } else {
        Part::Text(word.to_owned())
    }
}

/// Counts of what was written.
#[derive(Default)]
struct Seen {
    copies: usize,
    sentences: usize,
    different: HashSet<u64>,
}

impl Seen {
    fn documents<'a>(&mut self, copied: bool, sentences: impl Iterator<Item = &'a String>) {
        self.copies += usize::from(copied);
        for sentence in sentences {
            let mut hasher = DefaultHasher::new();
            sentence.hash(&mut hasher);
            self.sentences += 1;
            self.different.insert(hasher.finish());
        }
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (out, documents, seed) = match arguments.as_slice() {
        [out, documents] => (out, documents, "1"),
        [out, documents, seed] => (out, documents, seed.as_str()),
        _ => bail!("usage: corpus OUT DOCUMENTS [SEED]"),
    };
    let documents: usize = documents.parse().context("DOCUMENTS is a number")?;
    let seed: u64 = seed.parse().context("SEED is a number")?;
    let out = Path::new(out);
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    // Files of a larger corpus would be read with this one's.
    ensure!(fs::read_dir(out)?.next().is_none(), "{} is not empty", out.display());

    let stock = Stock::of_the_sample()?;
    let mut seen = Seen::default();
    for first in (0..documents).step_by(SHARD) {
        let path = out.join(format!("{first:07}.jsonl"));
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        let mut file = BufWriter::new(file);
        for number in first..documents.min(first + SHARD) {
            writeln!(file, "{}", stock.document(seed, number, &mut seen))?;
        }
        file.flush()?;
    }
    writeln!(
        std::io::stdout(),
        "{documents} documents, {} of them copies; {} sentences, {:.1} % of them different",
        seen.copies,
        seen.sentences,
        100.0 * seen.different.len() as f64 / seen.sentences.max(1) as f64,
    )?;
    Ok(())
}
