//! From a raw document to a document: decode, take the markup off, mark the boilerplate, read the
//! metadata, tell language and kind.

use std::collections::{BTreeMap, BTreeSet};

use standpoint_core::{Document, Failure};

use crate::bylines;
use crate::cuts::{self, Known, same_name};
use crate::decode::{decode, without_nuls};
use crate::kind::{self, Section, Signals};
use crate::read::quoted;
use crate::{Markup, Metadata, Raw, dates, html, markdown, pdf};

/// The shortest body, in letters, whose language is told: below, guesses are worth little.
const MIN_LETTERS: usize = 40;

/// Makes a document of a raw one.
///
/// What the input states (a field, a meta element, front matter) wins over what is read out of the
/// text's boilerplate. The headline at the top of a text is the title and stays in the text.
///
/// # Errors
/// A failure with what to do where no text is left to read or a page cannot be taken apart.
pub fn prepare(raw: Raw) -> Result<Document, Failure> {
    let Raw { source, id, content, markup, metadata, mut notes } = raw;
    let fail = |reason: String| Failure { at: source.clone(), reason };
    let decoded = if markup == Markup::Pdf {
        without_nuls(pdf::text(&content).map_err(&fail)?, &mut notes)
    } else {
        let decoded = decode(&content, matches!(markup, Markup::Html | Markup::Fragment));
        notes.extend(decoded.notes);
        decoded.text
    };
    drop(content);
    if decoded.trim().is_empty() {
        return Err(fail("empty: no text left to read, there is at most white space".to_owned()));
    }
    let (text, metadata) = match markup {
        Markup::Plain | Markup::Pdf => (decoded, metadata),
        Markup::Markdown => {
            let page = markdown::read(&decoded);
            (page.text, page.metadata.or(metadata))
        }
        Markup::Html => {
            let page = html::read(&decoded).map_err(&fail)?;
            (page.text, page.metadata.or(metadata))
        }
        Markup::Fragment => (html::fragment(&decoded).map_err(&fail)?, metadata),
    };
    if text.trim().is_empty() {
        let reason = "empty: no text left to read, no article was found in the markup; save the \
                      article's text and read that";
        return Err(fail(reason.to_owned()));
    }

    let mut stated = Stated::of(&metadata);
    let (folder, _) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let folder = folder.rsplit('/').next().filter(|name| !name.is_empty());
    let title = stated.title.take();
    let known = Known { title: title.as_deref(), authors: &stated.authors, folder };
    let mut found = cuts::find(&text, &known);

    let mut sections = metadata.sections;
    sections.append(&mut found.sections);
    sections.extend(stated.label);
    let outlet = stated.outlet.or(found.outlet).or_else(|| agency_of(&found.dateline, folder));
    let board = stated.board || found.board;
    let authors = match (board, stated.authors.is_empty()) {
        (true, _) => vec![],
        (false, false) => stated.authors,
        (false, true) => found.authors,
    };
    let url = metadata.url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
    // Where nothing names the outlet, its address does.
    let host = || url.as_deref().filter(|url| url.contains("://")).and_then(self::outlet);
    let outlet = outlet.or_else(host);
    // Many addresses hold the date: /2026/02/26/.
    let stated_date = metadata.published.as_deref().and_then(|text| {
        let date = dates::parse(text);
        if date.is_none() && !text.trim().is_empty() {
            let stated = quoted(text);
            notes.push(format!("the date {stated} is not one, or can be read in two ways"));
        }
        date
    });
    let published = stated_date.or(found.published);
    let published = published.or_else(|| url.as_deref().and_then(dates::parse));
    let mut document = Document {
        id: id.unwrap_or_else(|| source.to_string()),
        source: source.clone(),
        title: title.or(found.title),
        authors,
        outlet,
        url,
        published,
        language: None,
        kind: standpoint_core::Kind::Other,
        kind_reason: String::new(),
        text,
        cuts: found.cuts,
        rights: metadata.rights,
        notes,
    };
    let body: String = document
        .body()
        .filter_map(|span| span.of(&document.text))
        .flat_map(|run| [run, "\n"])
        .collect();
    if body.trim().is_empty() {
        return Err(fail("empty: no text left to read, the rest is boilerplate".to_owned()));
    }
    let (kind, reason) = kind::kind(&Signals {
        signed_by_outlet: board,
        sections: &sections,
        url: document.url.as_deref(),
        dateline: found.dateline.as_deref(),
        bio: found.bio.as_deref(),
        named: !document.authors.is_empty(),
        first_person: kind::first_person(&body),
    });
    document.kind = kind;
    document.kind_reason = reason;
    // Pages state the language of their template; a field states the article's.
    document.language = match markup {
        Markup::Html => language(&body).or(stated.language),
        _ => stated.language.or_else(|| language(&body)),
    };
    Ok(document)
}

/// Names the outlet of documents that do not name it, by the folder that they lie in.
///
/// People sort articles into a folder per outlet. Where such a folder bears the name of an outlet
/// that some document of the corpus names, it holds that outlet's documents; a folder with any other
/// name says nothing. So the whole corpus is [noted](Self::note) before a document is
/// [named](Self::name).
#[derive(Debug, Clone, Default)]
pub struct FolderOutlets {
    outlets: BTreeSet<String>,
    folders: BTreeMap<String, Option<String>>,
}

impl FolderOutlets {
    /// Takes up the outlet that a document names, if it does.
    pub fn note(&mut self, document: &Document) {
        self.outlets.extend(document.outlet.clone());
    }

    /// Names a document's outlet by its folder, where it has none.
    pub fn name(&mut self, document: &mut Document) {
        if document.outlet.is_some() {
            return;
        }
        let Some((folders, _)) = document.source.path.rsplit_once('/') else { return };
        let folder = folders.rsplit('/').next().unwrap_or(folders);
        let outlets = &self.outlets;
        let find = |folder: &String| outlets.iter().find(|name| same_name(folder, name)).cloned();
        let outlet = self.folders.entry(folder.to_owned()).or_insert_with_key(find);
        document.outlet.clone_from(outlet);
    }
}

/// What the metadata state, in order.
struct Stated {
    title: Option<String>,
    /// The label of a title like "Opinion: Pass the levy".
    label: Option<String>,
    authors: Vec<String>,
    board: bool,
    outlet: Option<String>,
    language: Option<String>,
}

impl Stated {
    fn of(metadata: &Metadata) -> Stated {
        let outlet = metadata.outlet.as_deref().and_then(outlet);
        let title = metadata.title.as_deref().map(|title| bare_title(title, outlet.as_deref()));
        let title = title.filter(|title| !title.is_empty());
        let label = title.and_then(|title| {
            let (first, _) = title.split_once(": ")?;
            matches!(kind::section(first), Some(Section::Editorial | Section::Opinion))
                .then(|| first.to_owned())
        });
        let mut authors: Vec<String> = Vec::new();
        let mut board = false;
        for text in &metadata.authors {
            // An outlet that states itself as its own author names nobody.
            if outlet.as_deref().is_some_and(|outlet| same_name(outlet, text)) {
                continue;
            }
            let byline = bylines::parse(text);
            board |= byline.board;
            for name in byline.authors {
                // One of several that is a single word is a degree or a role.
                let whole = metadata.authors.len() == 1 || name.contains(' ');
                if whole && !authors.contains(&name) {
                    authors.push(name);
                }
            }
        }
        let language = metadata.language.as_deref().and_then(|code| {
            let code = code.trim().split(['-', '_']).next().unwrap_or_default().to_lowercase();
            let valid = matches!(code.len(), 2 | 3) && code.bytes().all(|b| b.is_ascii_lowercase());
            valid.then_some(code)
        });
        Stated { title: title.map(str::to_owned), label, authors, board, outlet, language }
    }
}

/// The name of an outlet without its slogan, or the host if an address stands for it.
fn outlet(stated: &str) -> Option<String> {
    let name = [" | ", " - ", " – "]
        .iter()
        .fold(stated, |name, slogan| name.split(slogan).next().unwrap_or(name));
    let address = name.split_once("://").map(|(_, address)| address);
    let name = match address {
        Some(address) => {
            let host = address.split('/').next().unwrap_or_default();
            host.strip_prefix("www.").unwrap_or(host)
        }
        None => name,
    };
    let network = ["facebook.com", "twitter.com", "x.com", "instagram.com"].contains(&name);
    let name = name.trim();
    (!name.is_empty() && !network).then(|| name.to_owned())
}

/// A title without the outlet's name, which pages append to it.
fn bare_title<'a>(title: &'a str, outlet: Option<&str>) -> &'a str {
    let title = title.trim();
    let cut = [" | ", " - ", " – ", " — "].iter().filter_map(|mark| title.rfind(mark)).max();
    let appended = cut.and_then(|at| {
        let name = title[at..].trim_start_matches([' ', '|', '-', '–', '—']);
        same_name(outlet?, name).then_some(at)
    });
    appended.map_or(title, |at| title[..at].trim_end())
}

/// The agency in a dateline, where the folder bears its name.
fn agency_of(dateline: &Option<String>, folder: Option<&str>) -> Option<String> {
    let dateline = dateline.as_deref()?;
    let agency = dateline.split_once('(')?.1.split_once(')')?.0.trim();
    same_name(folder?, agency).then(|| agency.to_owned())
}

/// The language of a text, by its ISO 639-1 code, if it can be told reliably.
fn language(text: &str) -> Option<String> {
    if text.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return None;
    }
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    let code = found.lang().code();
    let short = SHORT.iter().find(|(long, _)| *long == code).map(|(_, short)| *short);
    Some(short.unwrap_or(code).to_owned())
}

/// ISO 639-1 for the ISO 639-3 codes of the languages that whatlang tells.
const SHORT: [(&str, &str); 70] = [
    ("epo", "eo"),
    ("eng", "en"),
    ("rus", "ru"),
    ("cmn", "zh"),
    ("spa", "es"),
    ("por", "pt"),
    ("ita", "it"),
    ("ben", "bn"),
    ("fra", "fr"),
    ("deu", "de"),
    ("ukr", "uk"),
    ("kat", "ka"),
    ("ara", "ar"),
    ("hin", "hi"),
    ("jpn", "ja"),
    ("heb", "he"),
    ("yid", "yi"),
    ("pol", "pl"),
    ("amh", "am"),
    ("jav", "jv"),
    ("kor", "ko"),
    ("nob", "nb"),
    ("dan", "da"),
    ("swe", "sv"),
    ("fin", "fi"),
    ("tur", "tr"),
    ("nld", "nl"),
    ("hun", "hu"),
    ("ces", "cs"),
    ("ell", "el"),
    ("bul", "bg"),
    ("bel", "be"),
    ("mar", "mr"),
    ("kan", "kn"),
    ("ron", "ro"),
    ("slv", "sl"),
    ("hrv", "hr"),
    ("srp", "sr"),
    ("mkd", "mk"),
    ("lit", "lt"),
    ("lav", "lv"),
    ("est", "et"),
    ("tam", "ta"),
    ("vie", "vi"),
    ("urd", "ur"),
    ("tha", "th"),
    ("guj", "gu"),
    ("uzb", "uz"),
    ("pan", "pa"),
    ("aze", "az"),
    ("ind", "id"),
    ("tel", "te"),
    ("pes", "fa"),
    ("mal", "ml"),
    ("ori", "or"),
    ("mya", "my"),
    ("nep", "ne"),
    ("sin", "si"),
    ("khm", "km"),
    ("tuk", "tk"),
    ("aka", "ak"),
    ("zul", "zu"),
    ("sna", "sn"),
    ("afr", "af"),
    ("lat", "la"),
    ("slk", "sk"),
    ("cat", "ca"),
    ("tgl", "tl"),
    ("hye", "hy"),
    ("cym", "cy"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::{Kind, Source};

    fn raw(path: &str, content: &str, metadata: Metadata) -> Raw {
        let source = Source { path: path.to_owned(), row: None };
        let markup = if path.ends_with("html") { Markup::Html } else { Markup::Plain };
        Raw {
            source,
            id: None,
            content: content.as_bytes().to_vec(),
            markup,
            metadata,
            notes: vec![],
        }
    }

    fn stating(title: &str, author: &str, outlet: &str) -> Metadata {
        Metadata {
            title: Some(title.to_owned()),
            authors: vec![author.to_owned()],
            outlet: Some(outlet.to_owned()),
            ..Metadata::default()
        }
    }

    #[test]
    fn an_outlet_that_nothing_names_is_its_host() {
        let url = Some("https://www.ledger.example/a?b=c".to_owned());
        let metadata = Metadata { url, ..Metadata::default() };
        let document = prepare(raw("a.txt", "The levy works. It does.", metadata)).unwrap();
        assert_eq!(document.outlet.as_deref(), Some("ledger.example"));
    }

    #[test]
    fn what_is_stated_wins_over_the_text() {
        let text =
            "The Harbour Courier\nBy Bo Wexley\n14 March 2026\n\nThe levy works.\n\nIt does.";
        let mut metadata = stating("Pass it", "Anna Trevane", "Ledger");
        metadata.published = Some("2026-03-01T10:00:00Z".to_owned());
        metadata.url = Some("https://ledger.example/2026/03/02/pass-it".to_owned());
        let document = prepare(raw("a.txt", text, metadata)).unwrap();
        assert_eq!(document.title.as_deref(), Some("Pass it"));
        assert_eq!(document.authors, ["Anna Trevane"]);
        assert_eq!(document.outlet.as_deref(), Some("Ledger"));
        assert_eq!(document.published.as_deref(), Some("2026-03-01"));
        assert_eq!(document.cuts.len(), 3, "boilerplate is boilerplate all the same");

        let metadata = Metadata { url: document.url, ..Metadata::default() };
        let document = prepare(raw("a.txt", "The levy works.", metadata)).unwrap();
        assert_eq!(document.published.as_deref(), Some("2026-03-02"), "from the address");
    }

    #[test]
    fn titles_and_outlets_lose_what_pages_append() {
        let document = |title, author, outlet| {
            prepare(raw("a.txt", "The levy works.", stating(title, author, outlet))).unwrap()
        };
        let found =
            document("Opinion: Pass it | The Ledger", "The Ledger", "The Ledger | All news");
        assert_eq!(found.title.as_deref(), Some("Opinion: Pass it"));
        assert_eq!(found.outlet.as_deref(), Some("The Ledger"));
        assert_eq!(found.authors, [""; 0]);
        assert_eq!(found.kind, Kind::OpEd);
        let found = document("Jobs - a plan", "", "https://www.ledger.example/x");
        assert_eq!(found.title.as_deref(), Some("Jobs - a plan"));
        assert_eq!(found.outlet.as_deref(), Some("ledger.example"));
    }

    #[test]
    fn nothing_to_read_is_a_failure_that_says_which() {
        let reason =
            |path, content| prepare(raw(path, content, Metadata::default())).unwrap_err().reason;
        assert!(reason("a.txt", " \n").contains("at most white space"));
        assert!(
            reason("a.html", "<html><body><img src=a.png></body></html>")
                .contains("no article was found")
        );
        let known = stating("Pass it", "Anna Trevane", "Ledger");
        let bio = raw("a.txt", "Pass it\n\nBy Anna Trevane\n", known);
        assert_eq!(prepare(bio).unwrap().cuts.len(), 0, "the last line is left to read");
    }

    #[test]
    fn the_language_is_told_from_the_body_unless_it_is_too_short() {
        let of = |text| prepare(raw("a.txt", text, Metadata::default())).unwrap().language;
        let german = "Wer am See spazieren geht, kommt an einer Tafel vorbei, die niemand liest.";
        assert_eq!(of(german).as_deref(), Some("de"));
        assert_eq!(of("Die levy."), None);
        let metadata = Metadata { language: Some("EN-gb".into()), ..Metadata::default() };
        let stated = prepare(raw("a.txt", german, metadata)).unwrap().language;
        assert_eq!(stated.as_deref(), Some("en"));
    }

    #[test]
    fn a_folder_names_the_outlet_if_another_document_agrees() {
        let of = |path: &str, outlet: Option<&str>| {
            let metadata = Metadata { outlet: outlet.map(str::to_owned), ..Metadata::default() };
            prepare(raw(path, "The levy works.", metadata)).unwrap()
        };
        let mut documents = [
            of("feed.jsonl", Some("The Evening Tessel")),
            of("in/evening-tessel/a.txt", None),
            of("in/articles/b.txt", None),
            of("c.txt", None),
        ];
        let mut outlets = FolderOutlets::default();
        documents.iter().for_each(|document| outlets.note(document));
        documents.iter_mut().for_each(|document| outlets.name(document));
        let outlets: Vec<_> = documents.iter().map(|d| d.outlet.as_deref()).collect();
        assert_eq!(outlets, [Some("The Evening Tessel"), Some("The Evening Tessel"), None, None]);
    }
}
