//! Titles, authors and dates against what a reader sees: `metadata.jsonl`, 30 pages of the 87 that state
//! any in JSON-LD, OpenGraph or meta elements, drawn by chance and read by eye.

use std::error::Error;
use std::path::Path;

use serde_json::Value;

/// What a page shows.
pub(crate) struct Shown {
    pub(crate) page: String,
    title: String,
    /// None where nobody signs, or a desk, an agency or an organisation does.
    authors: Vec<String>,
    date: Option<String>,
}

pub(crate) fn read(path: &Path) -> Result<Vec<Shown>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let mut shown = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line)?;
        let field = |name: &str| row[name].as_str().map(str::to_owned);
        let authors = row["authors"].as_array().into_iter().flatten();
        shown.push(Shown {
            page: field("page").ok_or("a row without its page")?,
            title: field("title").ok_or("a row without its title")?,
            authors: authors.filter_map(Value::as_str).map(str::to_owned).collect(),
            date: field("date"),
        });
    }
    Ok(shown)
}

/// How one field was read.
#[derive(Default)]
pub(crate) struct Score {
    /// As it is shown, or not at all where nothing is.
    right: usize,
    missing: usize,
    /// Otherwise than it is shown.
    wrong: usize,
    /// Though nothing is shown.
    invented: usize,
}

impl Score {
    fn add(&mut self, shown: Option<&str>, found: Option<&str>) {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let score = match (shown.map(letters), found.map(letters)) {
            (Some(_), None) => &mut self.missing,
            (None, Some(_)) => &mut self.invented,
            (shown, found) if shown == found => &mut self.right,
            _ => &mut self.wrong,
        };
        *score += 1;
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Score { right, missing, wrong, invented } = self;
        write!(f, "{right} / {missing} / {wrong} / {invented}")
    }
}

/// Scores of title, authors and date.
#[derive(Default)]
pub(crate) struct Scores {
    pub(crate) title: Score,
    pub(crate) authors: Score,
    pub(crate) date: Score,
}

impl Scores {
    /// Takes up what was found in a page.
    pub(crate) fn add(&mut self, shown: &Shown, [title, authors, date, _]: &[Option<String>; 4]) {
        let names = (!shown.authors.is_empty()).then(|| shown.authors.join("; "));
        // Some find "2019-11-18 00:00:00 UTC".
        let day = date.as_deref().map(|date| date.get(..10).unwrap_or(date));
        self.title.add(Some(&shown.title), title.as_deref());
        self.authors.add(names.as_deref(), authors.as_deref());
        self.date.add(shown.date.as_deref(), day);
    }
}
