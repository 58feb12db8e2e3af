//! Measures article extractors on a folder of scrapinghub's article-extraction-benchmark:
//! `ground-truth.json` and `html/ID.html.gz`.
//!
//! The metric is that of the benchmark's evaluate.py: shingles of four tokens (`\w+`) with their
//! counts; for each page true positives, false positives and false negatives as shares of their
//! sum; precision and recall averaged over pages; F1 of the two averages.

mod metadata;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;

/// What an extractor finds in a page.
#[derive(Default)]
struct Article {
    text: String,
    /// Title, author, date and site name, as far as found.
    metadata: [Option<String>; 4],
}

type Extractor = (&'static str, fn(&str, &str) -> Option<Article>);

const EXTRACTORS: [Extractor; 7] = [
    ("standpoint-ingest", |html, _url| standpoint(html, false)),
    ("standpoint-ingest, headline apart", |html, _url| standpoint(html, true)),
    ("rs-trafilatura", rs_trafilatura),
    ("trafilatura", |html, url| trafilatura(html, url, false)),
    ("trafilatura + fallback", |html, url| trafilatura(html, url, true)),
    ("dom_smoothie, raw text", |html, url| dom_smoothie(html, url, dom_smoothie::TextMode::Raw)),
    ("dom_smoothie, formatted", |html, url| {
        dom_smoothie(html, url, dom_smoothie::TextMode::Formatted)
    }),
];

/// What ships: trafilatura's article, its paragraphs kept apart, and metadata of our own reading. The text
/// is what is read, that is without the cuts; where `headline_apart`, also without the first line if that is
/// the title, which the benchmark's articles do not hold.
fn standpoint(html: &str, headline_apart: bool) -> Option<Article> {
    let document = standpoint_ingest::prepare(standpoint_ingest::Raw {
        source: standpoint_core::Source { path: "page.html".to_owned(), row: None },
        id: None,
        content: html.as_bytes().to_vec(),
        markup: standpoint_ingest::Markup::Html,
        metadata: standpoint_ingest::Metadata::default(),
        notes: vec![],
    })
    .ok()?;
    let runs: Vec<_> = document.body().filter_map(|run| run.of(&document.text)).collect();
    let mut text = runs.join("\n\n");
    let folded = |line: &str| -> String {
        line.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let title = document.title.as_deref().map(folded);
    if headline_apart
        && let Some((first, rest)) = text.split_once("\n\n")
        && Some(folded(first)) == title
    {
        text = rest.to_owned();
    }
    let authors = (!document.authors.is_empty()).then(|| document.authors.join("; "));
    Some(Article { text, metadata: [document.title, authors, document.published, document.outlet] })
}

fn rs_trafilatura(html: &str, url: &str) -> Option<Article> {
    let options = rs_trafilatura::Options { url: Some(url.to_owned()), ..Default::default() };
    let found = rs_trafilatura::extract_with_options(html, &options).ok()?;
    let meta = found.metadata;
    let date = meta.date.map(|date| date.format("%Y-%m-%d").to_string());
    Some(Article {
        text: found.content_text,
        metadata: [meta.title, meta.author, date, meta.sitename],
    })
}

fn trafilatura(html: &str, _url: &str, fallback: bool) -> Option<Article> {
    let options = trafilatura::Options::default().with_fallback(fallback);
    let found = trafilatura::extract(html, &options).ok()?;
    let meta = found.metadata;
    let some = |text: String| (!text.is_empty()).then_some(text);
    let date = meta.date.map(|date| date.to_string());
    Some(Article {
        text: found.content_text,
        metadata: [some(meta.title), some(meta.author), date, some(meta.sitename)],
    })
}

fn dom_smoothie(html: &str, url: &str, text_mode: dom_smoothie::TextMode) -> Option<Article> {
    let config = dom_smoothie::Config { text_mode, ..Default::default() };
    let found = dom_smoothie::Readability::new(html, Some(url), Some(config)).ok()?.parse().ok()?;
    Some(Article {
        text: found.text_content.to_string(),
        metadata: [
            (!found.title.is_empty()).then_some(found.title),
            found.byline,
            found.published_time,
            found.site_name,
        ],
    })
}

struct Page {
    id: String,
    url: String,
    html: String,
    body: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: extraction FOLDER [WRITE_TEXTS_TO]")?;
    let dump = arguments.next();
    let pages = read(&folder)?;
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("metadata.jsonl");
    let shown = metadata::read(&shown)?;
    let mut read_rows = Vec::new();
    // A page that breaks an extractor is a page without text for it, not the end of the run.
    std::panic::set_hook(Box::new(|_| {}));
    println!("{} pages", pages.len());
    println!(
        "| extractor | F1 | precision | recall | title | author | date | site name | ms a page |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, extract) in EXTRACTORS {
        let mut shares = Vec::new();
        let mut metadata = [0; 4];
        let mut scores = metadata::Scores::default();
        let mut time = Duration::ZERO;
        let mut broken = 0;
        for page in &pages {
            let start = Instant::now();
            let found = catch_unwind(AssertUnwindSafe(|| extract(&page.html, &page.url)));
            time += start.elapsed();
            broken += usize::from(found.is_err());
            let article = found.ok().flatten().unwrap_or_default();
            shares.push(Shares::of(&page.body, &article.text));
            if let Some(shown) = shown.iter().find(|shown| shown.page == page.id) {
                scores.add(shown, &article.metadata);
            }
            for (count, field) in metadata.iter_mut().zip(&article.metadata) {
                *count += usize::from(field.is_some());
            }
            if let Some(dump) = &dump {
                let folder = dump.join(name.replace([' ', ','], "_"));
                std::fs::create_dir_all(&folder)?;
                let head = format!("{}\n{:?}\n\n", page.url, article.metadata);
                std::fs::write(folder.join(format!("{}.txt", page.id)), head + &article.text)?;
            }
        }
        let (precision, recall) = precision_and_recall(&shares);
        let f1 = 2.0 * precision * recall / (precision + recall);
        let [title, author, date, site] = metadata;
        let ms = time.as_secs_f64() * 1000.0 / pages.len() as f64;
        println!(
            "| {name} | {f1:.3} | {precision:.3} | {recall:.3} | {title} | {author} | {date} | {site} | {ms:.1} |"
        );
        let metadata::Scores { title, authors, date } = scores;
        read_rows.push(format!("| {name} | {title} | {authors} | {date} |"));
        if broken > 0 {
            println!("{name} panicked on {broken} pages");
        }
    }
    println!("\nof {} pages, right / missing / wrong / found though not shown:", shown.len());
    println!("| extractor | title | authors | date |\n| --- | --- | --- | --- |");
    println!("{}", read_rows.join("\n"));
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Page>, Box<dyn Error>> {
    let truth = std::fs::read_to_string(folder.join("ground-truth.json"))?;
    let truth: BTreeMap<String, Value> = serde_json::from_str(&truth)?;
    let mut pages = Vec::new();
    for (id, entry) in truth {
        let file = std::fs::File::open(folder.join("html").join(format!("{id}.html.gz")))?;
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes)?;
        let field = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let html = String::from_utf8_lossy(&bytes).into_owned();
        pages.push(Page { id, url: field("url"), html, body: field("articleBody") });
    }
    Ok(pages)
}

/// True positives, false positives and false negatives of one page, as shares of their sum.
struct Shares {
    tp: f64,
    fp: f64,
    fn_: f64,
}

impl Shares {
    fn of(truth: &str, found: &str) -> Shares {
        let truth = shingles(truth);
        let found = shingles(found);
        let (mut tp, mut fp, mut fn_) = (0, 0, 0);
        for (shingle, &wanted) in &truth {
            let got = found.get(shingle).copied().unwrap_or(0);
            tp += wanted.min(got);
            fn_ += wanted.saturating_sub(got);
        }
        for (shingle, &got) in &found {
            fp += got.saturating_sub(truth.get(shingle).copied().unwrap_or(0));
        }
        let sum = (tp + fp + fn_).max(1) as f64;
        Shares { tp: tp as f64 / sum, fp: fp as f64 / sum, fn_: fn_ as f64 / sum }
    }
}

/// The shingles of four tokens, each with its count; a shorter text is one shingle.
fn shingles(text: &str) -> BTreeMap<Vec<&str>, usize> {
    let word = Regex::new(r"\w+").expect("a valid expression");
    let tokens: Vec<&str> = word.find_iter(text).map(|found| found.as_str()).collect();
    let mut counts = BTreeMap::new();
    if tokens.is_empty() {
        return counts;
    }
    for shingle in tokens.windows(4.min(tokens.len())) {
        *counts.entry(shingle.to_vec()).or_default() += 1;
    }
    counts
}

/// Precision is averaged over the pages where something was found, recall over those that have
/// something to find.
fn precision_and_recall(pages: &[Shares]) -> (f64, f64) {
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let precision = pages
        .iter()
        .filter(|page| page.tp + page.fp > 0.0)
        .map(|page| page.tp / (page.tp + page.fp))
        .collect();
    let recall = pages
        .iter()
        .filter(|page| page.tp + page.fn_ > 0.0)
        .map(|page| page.tp / (page.tp + page.fn_))
        .collect();
    (mean(precision), mean(recall))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_shingles_with_their_multiplicity() {
        // Shingles: truth abcd, bcde; found abcd, bcdx.
        let page = Shares::of("a b c d e", "a b, c d x");
        assert_eq!((page.tp, page.fp, page.fn_), (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0));
        let (precision, recall) = precision_and_recall(&[page, Shares::of("a", "")]);
        assert_eq!((precision, recall), (0.5, 0.25));
    }
}
