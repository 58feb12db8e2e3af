//! Readers: from a file to its raw documents, one at a time.
//!
//! A corpus may be one file of 40 GB, so nothing here holds more than a row (JSONL, CSV), a batch
//! of rows (Parquet) or a single-document file in memory, and each of these has a limit.

mod csv;
mod jsonl;
mod parquet;

use std::fs::File;
use std::io::Read;

use standpoint_core::{Failure, Source};

use crate::fields::{Field, Fields};
use crate::{Format, Input};

/// The longest row, and the longest file that is one document, in bytes: 64 MB is some hundred
/// novels, so what is longer is not an article but a broken file.
const LIMIT: usize = 64 << 20;

/// A document before cleaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Where it lies.
    pub source: Source,
    /// Its own id, where it has one.
    pub id: Option<String>,
    /// Its content as found, in whatever encoding.
    pub content: Vec<u8>,
    /// How the content is marked up.
    pub markup: Markup,
    /// What the file states about it, beside the content.
    pub metadata: Metadata,
}

/// How a document's content is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Not at all.
    Plain,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
}

/// Statements about a document, as they were found: nothing is parsed or checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Headline.
    pub title: Option<String>,
    /// Bylines or names.
    pub authors: Vec<String>,
    /// Name of the outlet, or its host.
    pub outlet: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// Date of publication in any form.
    pub published: Option<String>,
    /// Language code.
    pub language: Option<String>,
    /// Sections, categories, tags and types.
    pub sections: Vec<String>,
}

/// The raw documents of one file, in order. An error is one document or row; what follows it is
/// still read where the format allows that.
pub struct Reader {
    rows: Box<dyn Iterator<Item = Result<Raw, Failure>> + Send>,
}

impl Iterator for Reader {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

/// Opens a file that [`discover`](crate::discover) listed.
///
/// # Errors
/// Where nothing of the file can be read: it cannot be opened, its header names no text column, it
/// is no Parquet file.
pub fn open(input: &Input, fields: &Fields) -> Result<Reader, Failure> {
    let name = input.name.clone();
    let fields = fields.clone();
    let open = || File::open(&input.path).map_err(|error| unreadable(&name, None, &error));
    let rows: Box<dyn Iterator<Item = _> + Send> = match input.format {
        Format::Text => Box::new(std::iter::once(whole(open()?, &name, Markup::Plain))),
        Format::Markdown => Box::new(std::iter::once(whole(open()?, &name, Markup::Markdown))),
        Format::Html => Box::new(std::iter::once(whole(open()?, &name, Markup::Html))),
        Format::Jsonl => Box::new(jsonl::Rows::new(open()?, name.clone(), fields)),
        Format::Stdin => Box::new(jsonl::Rows::new(std::io::stdin(), name, fields)),
        Format::Csv => Box::new(csv::Rows::new(open()?, name.clone(), &fields)?),
        Format::Parquet => Box::new(parquet::Rows::new(open()?, name.clone(), &fields)?),
    };
    Ok(Reader { rows })
}

/// The file as one document.
fn whole(file: File, name: &str, markup: Markup) -> Result<Raw, Failure> {
    let mut content = Vec::new();
    file.take(LIMIT as u64 + 1)
        .read_to_end(&mut content)
        .map_err(|error| unreadable(name, None, &error))?;
    if content.len() > LIMIT {
        return Err(failure(name, None, too_long("file")));
    }
    let source = Source { path: name.to_owned(), row: None };
    Ok(Raw { source, id: None, content, markup, metadata: Metadata::default() })
}

/// Makes a raw document of a row. `values` gives the values of a field, best name first.
fn row(name: &str, row: u64, mut values: impl FnMut(Field) -> Vec<String>) -> Result<Raw, Failure> {
    let mut first = |field| values(field).into_iter().find(|value| !value.trim().is_empty());
    let Some(text) = first(Field::Text) else {
        return Err(failure(name, Some(row), "empty: the row has no text".to_owned()));
    };
    let host = first(Field::Hostname).map(|host| {
        let host = host.trim();
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    });
    let metadata = Metadata {
        title: first(Field::Title),
        outlet: first(Field::Outlet).or(host),
        url: first(Field::Url),
        published: first(Field::Date),
        language: first(Field::Language),
        authors: values(Field::Author),
        sections: values(Field::Categories),
    };
    Ok(Raw {
        source: Source { path: name.to_owned(), row: Some(row) },
        id: values(Field::Id).into_iter().find(|id| !id.trim().is_empty()),
        content: text.into_bytes(),
        markup: Markup::Plain,
        metadata,
    })
}

fn failure(name: &str, row: Option<u64>, reason: String) -> Failure {
    Failure { at: Source { path: name.to_owned(), row }, reason }
}

fn unreadable(name: &str, row: Option<u64>, error: &std::io::Error) -> Failure {
    failure(name, row, format!("cannot be read: {error}"))
}

fn too_long(what: &str) -> String {
    format!("the {what} is longer than {} MB; split it into documents", LIMIT >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    pub(super) fn read(name: &str, content: &[u8], fields: &Fields) -> Vec<Result<Raw, Failure>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let format = Format::of(&PathBuf::from(name)).unwrap();
        match open(&Input { path, name: name.to_owned(), format }, fields) {
            Ok(reader) => reader.collect(),
            Err(failure) => vec![Err(failure)],
        }
    }

    #[test]
    fn a_text_file_is_one_document() {
        let rows = read("a.txt", b"One.", &Fields::default());
        let [Ok(raw)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(raw.content, b"One.");
        assert_eq!(raw.source.to_string(), "a.txt");
    }

    #[test]
    fn a_missing_file_is_a_failure() {
        let (path, name) = ("no/such.txt".into(), "such.txt".to_owned());
        let input = Input { path, name, format: Format::Text };
        let failure = open(&input, &Fields::default()).err().unwrap();
        assert!(failure.to_string().starts_with("such.txt: cannot be read: "), "{failure}");
    }
}
