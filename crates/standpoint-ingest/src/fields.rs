//! Which column or JSON field holds what.
//!
//! The names are trafilatura's, since its output is what many corpora are; beside them stand the
//! names that press databases and data sets use. A name is matched without case and without `_`,
//! `-` and spaces, so `pubDate`, `PUB_DATE` and `pub date` are one.

use crate::IngestError;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    given: Vec<(usize, String)>,
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

    /// What to say where no column holds the text.
    pub(crate) fn no_text<S: AsRef<str>>(&self, columns: &[S]) -> String {
        let found: Vec<_> = columns.iter().map(|name| name.as_ref()).collect();
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
