//! Readers: from a file to its raw documents, one at a time.
//!
//! A corpus may be one file of 40 GB, so nothing here holds more than a row (JSON, CSV, WARC, MBOX), a
//! batch of rows (Parquet) or a file that cannot be read in parts (a page, a feed, a Word file) in
//! memory, and each of these has a limit: [`LIMIT`]. Only an archive within an archive may be larger.

mod archive;
mod content;
mod csv;
mod docx;
mod epub;
mod feed;
mod json;
mod mail;
mod newsml;
mod ninjs;
mod parquet;
mod press;
mod rtf;
mod warc;
mod xml;
mod zip;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use standpoint_core::{Failure, Source};

use crate::fields::{Field, Fields};
use crate::{Format, Input};
pub use archive::SkippedEntries;
use archive::{Context, Skips};
use content::{Allowance, Content};

/// The longest row, and the longest file that is read as a whole, in bytes: 64 MB is some hundred
/// novels, so what is longer is not an article but a broken file.
const LIMIT: usize = 64 << 20;

type Rows = Box<dyn Iterator<Item = Result<Raw, Failure>> + Send>;

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
    /// What had to be guessed, left out or could not be read, in words.
    pub notes: Vec<String>,
}

/// How a document's content is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Not at all.
    Plain,
    /// Markdown.
    Markdown,
    /// A web page, in which the article has to be found.
    Html,
    /// HTML that is the article and nothing else, as in a feed.
    Fragment,
    /// PDF.
    Pdf,
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
    /// Who holds the copyright, what use is allowed and from when on, as stated.
    pub rights: Option<String>,
}

impl Metadata {
    /// What these state, and where they state nothing, what the others do.
    pub(crate) fn or(self, others: Metadata) -> Metadata {
        let list = |own: Vec<String>, other| if own.is_empty() { other } else { own };
        Metadata {
            title: self.title.or(others.title),
            authors: list(self.authors, others.authors),
            outlet: self.outlet.or(others.outlet),
            url: self.url.or(others.url),
            published: self.published.or(others.published),
            language: self.language.or(others.language),
            sections: list(self.sections, others.sections),
            rights: self.rights.or(others.rights),
        }
    }
}

/// The raw documents of one file, in order. An error is one document or row; what follows it is
/// still read where the format allows that.
pub struct Reader {
    rows: Rows,
    skipped: Skips,
}

impl Reader {
    /// What was skipped so far of an archive, which is all there is to skip when the last row was read.
    pub fn skipped(&self) -> SkippedEntries {
        self.skipped.so_far()
    }
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
    let name = &input.name;
    let (content, size) = if input.format == Format::Stdin {
        (Content::Stream(Box::new(std::io::stdin())), 0)
    } else {
        let opened = File::open(&input.path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (size, file) = opened.map_err(|error| unreadable(name, None, &error))?;
        (Content::File(file), size)
    };
    let fields = Arc::new(fields.clone());
    let allowance = Allowance::of(size);
    let skipped = Skips::default();
    let context =
        Context { fields: Arc::clone(&fields), allowance, depth: 0, skipped: skipped.clone() };
    let rows = rows(name, input.format, content, &context)?;
    let rows = rows.map(move |row| {
        row.map(|mut raw| {
            if raw.source.row.is_none() {
                fields.read_name(&mut raw);
            }
            raw
        })
    });
    Ok(Reader { rows: Box::new(rows), skipped })
}

/// The raw documents of a file or of an archive's entry.
fn rows(name: &str, format: Format, content: Content, context: &Context) -> Result<Rows, Failure> {
    let fields = &context.fields;
    let owned = name.to_owned();
    let whole = |content: Content, markup| -> Result<Rows, Failure> {
        let content = content.whole(name)?;
        Ok(Box::new(std::iter::once(Ok(Raw::of(name, None, content, markup)))))
    };
    Ok(match format {
        Format::Text => press::text(name, content.whole(name)?),
        Format::Markdown => return whole(content, Markup::Markdown),
        Format::Html => return whole(content, Markup::Html),
        Format::Pdf => return whole(content, Markup::Pdf),
        Format::Jsonl | Format::Stdin => {
            Box::new(json::Lines::new(content.stream(), owned, Arc::clone(fields)))
        }
        Format::Json => json::read(content.stream(), owned, Arc::clone(fields)),
        Format::Csv => Box::new(csv::Records::new(content.stream(), owned, Arc::clone(fields))?),
        Format::Parquet => Box::new(parquet::Rows::new(content.seekable(name)?, owned, fields)?),
        Format::Xml => xml::read(name, &content.whole(name)?)?,
        Format::Warc => Box::new(warc::Records::new(content.stream(), owned, &context.allowance)),
        Format::Eml => mail::eml(name, &content.whole(name)?),
        Format::Mbox => Box::new(mail::Mbox::new(content.stream(), owned)),
        Format::Docx => docx::read(name, content.seekable(name)?, &context.allowance)?,
        Format::Rtf => rtf::read(name, &content.whole(name)?)?,
        Format::Epub => epub::read(name, content.seekable(name)?, &context.allowance)?,
        Format::Zip => archive::zip(name, content, context)?,
        Format::Tar => archive::tar(name, content, context)?,
        Format::Gzip => archive::gzip(name, content, context)?,
        Format::Zstd => archive::zstd(name, content, context)?,
    })
}

impl Raw {
    /// A document about which nothing is stated.
    fn of(name: &str, row: Option<u64>, content: Vec<u8>, markup: Markup) -> Raw {
        let source = Source { path: name.to_owned(), row };
        Raw { source, id: None, content, markup, metadata: Metadata::default(), notes: vec![] }
    }
}

/// The result of a parser that is not ours and may panic on what it was not written for.
///
/// # Errors
/// A reason, where it does.
pub(crate) fn guarded<T>(what: &str, parse: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(parse))
        .map_err(|_| format!("the {what} broke down on it; save the article's text and read that"))
}

/// Makes a raw document of a row. `values` gives the values of a field, best name first.
fn row(
    name: &str,
    row: Option<u64>,
    mut values: impl FnMut(Field) -> Vec<String>,
) -> Result<Raw, Failure> {
    let mut first = |field| values(field).into_iter().find(|value| !value.trim().is_empty());
    let Some(text) = first(Field::Text) else {
        return Err(failure(name, row, "empty: the row has no text".to_owned()));
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
        rights: None,
    };
    Ok(Raw {
        source: Source { path: name.to_owned(), row },
        id: values(Field::Id).into_iter().find(|id| !id.trim().is_empty()),
        content: text.into_bytes(),
        markup: Markup::Plain,
        metadata,
        notes: vec![],
    })
}

/// What a format's library says may hold a name of the file's, at whatever length.
fn failure(name: &str, row: Option<u64>, reason: String) -> Failure {
    Failure { at: Source { path: name.to_owned(), row }, reason: beginning(reason, 1_000) }
}

/// What a file states, in quotes and no longer than one can read.
pub(crate) fn quoted(stated: &str) -> String {
    format!("{:?}", beginning(stated.trim().to_owned(), 100))
}

/// The first `most` characters.
fn beginning(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
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
