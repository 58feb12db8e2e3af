//! Which column or JSON field holds what.
//!
//! The names are trafilatura's, since its output is what many corpora are; beside them stand the
//! names that press databases and data sets use. A name is matched without case and without `_`,
//! `-` and spaces, so `pubDate`, `PUB_DATE` and `pub date` are one.

use std::path::Path;

use regex::Regex;

use crate::{Format, IngestError, Raw};

/// A part of a document that a column or JSON field can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Title,
    Author,
    Outlet,
    Hostname,
    Url,
    Date,
    Text,
    Language,
    Categories,
}

/// Every field with the names that it goes by, best first; the first is its own.
const NAMES: [(Field, &[&str]); 10] = [
    (Field::Id, &["id", "docid", "documentid", "articleid", "uid", "guid"]),
    (Field::Title, &["title", "headline", "heading", "articletitle", "hed"]),
    (Field::Author, &["author", "authors", "byline", "creator", "writer"]),
    (
        Field::Outlet,
        &[
            "sitename", "outlet", "publication", "publisher", "newspaper", "sourcename", "source",
            "site",
        ],
    ),
    (Field::Hostname, &["hostname", "domain", "host"]),
    (Field::Url, &["url", "link", "uri", "permalink", "href", "webpage"]),
    (
        Field::Date,
        &[
            "date", "published", "pubdate", "publishdate", "publicationdate", "datepublished",
            "publishedat", "publishedtime", "datetime", "timestamp", "created", "createdat",
        ],
    ),
    (
        Field::Text,
        &[
            "text", "body", "content", "article", "articletext", "articlebody", "fulltext",
            "rawtext", "maintext", "bodytext",
        ],
    ),
    (Field::Language, &["language", "lang", "locale"]),
    (Field::Categories, &["categories", "category", "section", "tags", "tag", "genre", "rubric"]),
];

/// How columns and JSON fields map onto the parts of a document.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    given: Vec<(usize, String)>,
    file_names: Option<FileNames>,
}

/// What the names of files state.
#[derive(Debug, Clone)]
struct FileNames {
    given: String,
    shape: Regex,
    /// The field that each group of the expression holds.
    fields: Vec<Field>,
    /// How many folders the pattern begins with.
    folders: usize,
}

impl Fields {
    /// The default names, overridden by mappings of the form `field=column`, for example
    /// `text=Volltext`. A field that is mapped is read from that column only.
    ///
    /// # Errors
    /// [`IngestError::Field`] where a mapping has no `=`, maps a field that does not exist (the
    /// error lists those that do), or maps one twice.
    pub fn with(mappings: &[String]) -> Result<Fields, IngestError> {
        let mut fields = Fields::default();
        for given in mappings {
            let wrong = |reason: String| IngestError::Field { given: given.clone(), reason };
            let Some((name, column)) = given.split_once('=') else {
                return Err(wrong("write it as field=column, for example text=body".to_owned()));
            };
            let key = folded(name);
            let Some(field) = NAMES.iter().position(|(_, names)| names.contains(&key.as_str()))
            else {
                let known: Vec<_> = NAMES.iter().map(|(_, names)| names[0]).collect();
                let known = known.join(", ");
                return Err(wrong(format!("there is no field {name:?}; the fields are {known}")));
            };
            if column.is_empty() {
                return Err(wrong("the column's name is missing after =".to_owned()));
            }
            if fields.given.iter().any(|(other, _)| *other == field) {
                return Err(wrong(format!("{} is mapped twice", NAMES[field].0.name())));
            }
            fields.given.push((field, column.to_owned()));
        }
        Ok(fields)
    }

    /// Also reads metadata out of file names by a pattern like `{outlet}/{date}_{title}`.
    ///
    /// Words in braces are fields, `{*}` is anything, the rest stands for itself. The pattern is held
    /// against the end of a file's path without its extension, as many folders of it as the pattern
    /// has; a field but the last takes as little as it can. An underscore in a value is a space. What
    /// a document states itself wins.
    ///
    /// # Errors
    /// [`IngestError::FileNames`] where the pattern is none.
    pub fn with_file_names(mut self, pattern: &str) -> Result<Fields, IngestError> {
        let wrong = |reason: String| IngestError::FileNames { given: pattern.to_owned(), reason };
        let mut shape = "^".to_owned();
        let mut fields = Vec::new();
        let mut rest = pattern;
        while let Some((literal, behind)) = rest.split_once('{') {
            let Some((name, behind)) = behind.split_once('}') else {
                return Err(wrong("a { is not closed".to_owned()));
            };
            shape.push_str(&regex::escape(literal));
            let value = if behind.is_empty() { "[^/]+" } else { "[^/]+?" };
            if name == "*" {
                shape.push_str(value);
            } else {
                let key = folded(name);
                let known = NAMES.iter().find(|(_, names)| names.contains(&key.as_str()));
                let Some((field, _)) = known.filter(|(field, _)| *field != Field::Text) else {
                    return Err(wrong(format!("a file name can hold no field {name:?}")));
                };
                fields.push(*field);
                shape.push_str(&format!("({value})"));
            }
            rest = behind;
        }
        shape.push_str(&regex::escape(rest));
        shape.push('$');
        if fields.is_empty() {
            return Err(wrong("it has no field; write one as {date}".to_owned()));
        }
        let shape = Regex::new(&shape).map_err(|error| wrong(error.to_string()))?;
        let folders = pattern.matches('/').count();
        self.file_names = Some(FileNames { given: pattern.to_owned(), shape, fields, folders });
        Ok(self)
    }

    /// Adds to a document what the name of its file states.
    pub(crate) fn read_name(&self, raw: &mut Raw) {
        let Some(names) = &self.file_names else { return };
        let mut path = raw.source.path.as_str();
        while let Some((stem, _)) = path.rsplit_once('.')
            && Format::of(Path::new(path)).is_some()
        {
            path = stem;
        }
        let parts: Vec<&str> = path.split('/').collect();
        let end = parts[parts.len().saturating_sub(names.folders + 1)..].join("/");
        let Some(found) = names.shape.captures(&end) else {
            raw.notes.push(format!("its name does not fit file_names = {:?}", names.given));
            return;
        };
        let metadata = &mut raw.metadata;
        for (field, value) in names.fields.iter().zip(found.iter().skip(1).flatten()) {
            let value = value.as_str().replace('_', " ").trim().to_owned();
            let slot = match field {
                Field::Id => &mut raw.id,
                Field::Title => &mut metadata.title,
                Field::Outlet | Field::Hostname => &mut metadata.outlet,
                Field::Url => &mut metadata.url,
                Field::Date => &mut metadata.published,
                Field::Language => &mut metadata.language,
                Field::Author if metadata.authors.is_empty() => {
                    metadata.authors.push(value);
                    continue;
                }
                Field::Categories => {
                    metadata.sections.push(value);
                    continue;
                }
                Field::Author | Field::Text => continue,
            };
            slot.get_or_insert(value);
        }
    }

    /// The positions in `columns` that hold `field`, best name first. A mapped column is matched
    /// as it is written, any other without case and punctuation.
    pub(crate) fn positions<S: AsRef<str>>(&self, field: Field, columns: &[S]) -> Vec<usize> {
        let matching = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
            (0..columns.len()).filter(|&at| wanted(columns[at].as_ref())).collect()
        };
        let own = field as usize;
        if let Some((_, column)) = self.given.iter().find(|(mapped, _)| *mapped == own) {
            return matching(&|name| name == column);
        }
        let (_, names) = NAMES[own];
        names.iter().flat_map(|wanted| matching(&|name| folded(name) == *wanted)).collect()
    }

    /// What to say where no column holds the text. It names as many as one can read: a file that is no table may
    /// have thousands of columns, or one whose name is all of it.
    pub(crate) fn no_text<S: AsRef<str>>(&self, columns: &[S]) -> String {
        const NAMES: usize = 20;
        const LONGEST: usize = 40;
        let first = columns.iter().take(NAMES);
        let mut found: Vec<String> =
            first.map(|name| name.as_ref().chars().take(LONGEST).collect()).collect();
        if columns.len() > NAMES {
            found.push(format!("and {} more", columns.len() - NAMES));
        }
        let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        format!("no field holds the text; found: {found}. Name it with --field text=NAME")
    }
}

impl Field {
    fn name(self) -> &'static str {
        NAMES[self as usize].1[0]
    }
}

/// A name without case, `_`, `-` and white space.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | '\u{feff}') && !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_number_or_end_are_named_as_far_as_one_can_read() {
        let columns: Vec<String> =
            (0..5_000).map(|i| format!("{i}{}", "ä".repeat(5_000))).collect();
        let reason = Fields::default().no_text(&columns);
        assert!(reason.len() < 2_000, "{}", reason.len());
        assert!(reason.contains("found: 0ää"), "{reason}");
        assert!(reason.ends_with(", and 4980 more. Name it with --field text=NAME"), "{reason}");
    }

    #[test]
    fn a_field_stands_at_its_own_place_in_the_table() {
        for (at, (field, _)) in NAMES.iter().enumerate() {
            assert_eq!(*field as usize, at);
        }
    }

    #[test]
    fn names_are_matched_loosely_and_the_best_comes_first() {
        let fields = Fields::default();
        let columns = ["Body", "Pub_Date", "full text", "Publication", "TEXT"];
        assert_eq!(fields.positions(Field::Text, &columns), [4, 0, 2]);
        assert_eq!(fields.positions(Field::Date, &columns), [1]);
        assert_eq!(fields.positions(Field::Outlet, &columns), [3]);
        assert_eq!(fields.positions(Field::Author, &columns), [0usize; 0]);
    }

    #[test]
    fn a_mapped_field_is_read_from_that_column_only() {
        let fields = Fields::with(&["text=Volltext".into(), "outlet=paper".into()]).unwrap();
        let columns = ["text", "Volltext", "paper", "sitename"];
        assert_eq!(fields.positions(Field::Text, &columns), [1]);
        assert_eq!(fields.positions(Field::Outlet, &columns), [2]);
        assert_eq!(fields.positions(Field::Text, &["text"]), [0usize; 0]);
    }

    #[test]
    fn a_wrong_mapping_says_what_would_be_right() {
        let error = |given: &[&str]| {
            let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
            Fields::with(&given).unwrap_err().to_string()
        };
        assert_eq!(
            error(&["txt=body"]),
            "--field txt=body: there is no field \"txt\"; the fields are id, title, author, \
             sitename, hostname, url, date, text, language, categories"
        );
        assert!(error(&["text"]).contains("field=column"));
        assert!(error(&["text="]).contains("missing after ="));
        assert!(error(&["text=a", "body=b"]).contains("text is mapped twice"));
    }
}
