//! Web pages: the article's text and what the page states about it.
//!
//! The article is found by `trafilatura`, the best of the extractors measured (see
//! `benches/extraction`). Its plain text runs all paragraphs into one line, so the text is taken from
//! its cleaned tree instead, one block element a paragraph. Dates are read here: the extractor also
//! takes any timestamp in the source and those in the addresses of images, and a wrong date is
//! worse than none.

use std::collections::HashSet;

use serde_json::Value;
use trafilatura::dom::{Document, NodeId};
use trafilatura::{HtmlDateMode, Options};

mod bounds;

use self::bounds::{MAX_DEPTH, too_deep};
use crate::Metadata;
use crate::dates;
use crate::read::guarded;

/// The longest paragraph, in bytes, that may stand in an article twice.
const REFRAIN: usize = 60;

/// Elements that stand in a line with their neighbours; all others begin a paragraph.
const INLINE: [&str; 30] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "hi", "i",
    "ins", "kbd", "mark", "q", "ref", "s", "samp", "small", "span", "strong", "strike", "sub",
    "sup", "time", "u", "var",
];

/// Meta elements that hold the date of publication, best first.
const DATES: [&str; 9] = [
    "article:published_time", "datepublished", "dc.date.issued", "dcterms.created", "dc.date",
    "pubdate", "publishdate", "publish-date", "date",
];

/// What a page gives.
pub(crate) struct Page {
    /// The article's paragraphs, with a blank line between them.
    pub(crate) text: String,
    /// What the page states about the article.
    pub(crate) metadata: Metadata,
}

/// Finds the article in a page.
///
/// # Errors
/// A reason, where the page is beyond a bound or the extractor fails.
pub(crate) fn read(html: &str) -> Result<Page, String> {
    // The extractor slices strings and unwraps in many thousand lines that are not ours. A page
    // that trips it is one failure, not the end of a run.
    guarded("extractor", || bounds::check(html).and_then(|()| extract(html)))?
}

/// The text of HTML that is an article and nothing else.
///
/// # Errors
/// A reason, where it is beyond a bound or the parser fails.
pub(crate) fn fragment(html: &str) -> Result<String, String> {
    guarded("HTML parser", || {
        bounds::check(html)?;
        let document = Document::parse(html);
        if depth(&document) > MAX_DEPTH { Err(too_deep()) } else { Ok(text_of(&document)) }
    })?
}

fn extract(html: &str) -> Result<Page, String> {
    let document = Document::parse(html);
    if depth(&document) > MAX_DEPTH {
        return Err(too_deep());
    }
    let mut metadata = stated(&document);
    let options =
        Options::default().with_fallback(true).with_html_date_mode(HtmlDateMode::Disabled);
    let found = match trafilatura::extract_document(document, &options) {
        Ok(found) => found,
        Err(trafilatura::TrafilaturaError::InsufficientContent { .. }) => {
            return Ok(Page { text: String::new(), metadata });
        }
        Err(error) => return Err(format!("no article was found: {error}")),
    };
    let some = |text: String| (!text.trim().is_empty()).then_some(text);
    let meta = found.metadata;
    metadata.title = metadata.title.or(some(meta.title));
    metadata.outlet = metadata.outlet.or(some(meta.sitename));
    metadata.url = metadata.url.or(some(meta.url));
    if metadata.authors.is_empty() {
        metadata.authors = meta.author.split(';').map(str::to_owned).filter_map(some).collect();
    }
    metadata.sections.extend(meta.categories);
    let own = metadata.url.as_deref().unwrap_or_default();
    Ok(Page { text: once(&paragraphs(&found.content_html), own), metadata })
}

/// What the page's meta elements and JSON-LD state.
fn stated(document: &Document) -> Metadata {
    let root = document.root();
    let mut metas: Vec<(String, String)> = Vec::new();
    for id in document.get_elements_by_tag_name(root, "meta") {
        let name = ["property", "name", "itemprop"]
            .iter()
            .find_map(|attribute| document.get_attribute(id, attribute));
        if let (Some(name), Some(content)) = (name, document.get_attribute(id, "content")) {
            metas.push((name.to_lowercase(), content.trim().to_owned()));
        }
    }
    let all = |wanted: &str| -> Vec<String> {
        let matching = metas.iter().filter(|(name, content)| name == wanted && !content.is_empty());
        matching.map(|(_, content)| content.clone()).collect()
    };
    let first = |wanted: &str| all(wanted).into_iter().next();

    let mut linked = Linked::default();
    for id in document.scripts_with_type(&["application/ld+json"]) {
        if let Ok(value) = serde_json::from_str::<Value>(&document.text_content(id)) {
            linked.read(&value);
        }
    }
    let time = || {
        let times = document.get_elements_by_tag_name(root, "time");
        times.into_iter().find_map(|id| dates::parse(&document.get_attribute(id, "datetime")?))
    };
    let mut sections = linked.sections;
    sections.extend(all("article:section"));
    if metas.iter().any(|(name, content)| name == "article:opinion" && content == "true") {
        sections.push("Opinion".to_owned());
    }
    let html = document.get_elements_by_tag_name(root, "html");
    let title = first("og:title").map(|stated| shown(document, &stated).unwrap_or(stated));
    Metadata {
        title,
        authors: linked.authors,
        outlet: first("og:site_name").or(linked.publisher),
        url: first("og:url"),
        published: DATES
            .iter()
            .filter_map(|name| first(name))
            .chain(linked.published)
            .find_map(|text| dates::parse(&text))
            .or_else(time),
        language: html.first().and_then(|&id| document.get_attribute(id, "lang")),
        sections,
        rights: None,
    }
}

/// The headline as the page shows it, where what is stated for social networks says it in other words or
/// with the name of a section behind it: the one first-level heading that shares half of the words.
fn shown(document: &Document, stated: &str) -> Option<String> {
    let words = |text: &str| -> HashSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let stated = words(stated);
    let alike = |heading: &String| {
        let own = words(heading);
        own.intersection(&stated).count() * 2 >= own.len().max(stated.len())
    };
    let headings = document.get_elements_by_tag_name(document.root(), "h1");
    let texts = headings.into_iter().map(|id| document.text_content(id));
    let folded = texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut found = folded.filter(|heading| !heading.is_empty() && alike(heading));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// What JSON-LD says of the article.
#[derive(Default)]
struct Linked {
    authors: Vec<String>,
    publisher: Option<String>,
    published: Option<String>,
    /// The types ("OpinionNewsArticle") and sections.
    sections: Vec<String>,
}

impl Linked {
    /// serde_json refuses what is nested more than 128 deep, so this recursion is bounded.
    fn read(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.read(value)),
            Value::Object(object) => {
                let types = object.get("@type").map(strings).unwrap_or_default();
                if types.iter().any(|name| name.ends_with("Article") || name == "BlogPosting") {
                    let field = |name: &str| object.get(name).map(strings).unwrap_or_default();
                    self.authors.extend(field("author"));
                    self.publisher = self.publisher.take().or(field("publisher").pop());
                    self.published = self.published.take().or(field("datePublished").pop());
                    self.sections.extend(types);
                    self.sections.extend(field("articleSection"));
                }
                if let Some(graph) = object.get("@graph") {
                    self.read(graph);
                }
            }
            _ => {}
        }
    }
}

/// The strings in a JSON-LD value: itself, its parts, the name of a person or organisation.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(object) => object.get("name").map(strings).unwrap_or_default(),
        _ => vec![],
    }
}

/// The text of a cleaned tree, one block element a paragraph, white space folded.
fn paragraphs(html: &str) -> String {
    text_of(&Document::parse(html))
}

/// The paragraphs without those that stood before, word for word: pages repeat their notices and teasers,
/// once for each width of a screen. Short ones may be refrains. Nor is the page's `own` address a paragraph
/// of it, which some have at their top to be copied from there.
fn once(text: &str, own: &str) -> String {
    let mut seen = HashSet::new();
    let all = text.split("\n\n");
    let first = all.filter(|paragraph| {
        *paragraph != own && (paragraph.len() <= REFRAIN || seen.insert(*paragraph))
    });
    first.collect::<Vec<_>>().join("\n\n")
}

fn text_of(document: &Document) -> String {
    let mut text = String::new();
    let mut paragraph = String::new();
    let end = |paragraph: &mut String, text: &mut String| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        if !words.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&words.join(" "));
        }
        paragraph.clear();
    };
    // A node is visited twice if it is a block: at its beginning and, to end its paragraph, after
    // its children.
    let mut open: Vec<(NodeId, bool)> = vec![(document.root(), false)];
    while let Some((id, done)) = open.pop() {
        if done {
            end(&mut paragraph, &mut text);
            continue;
        }
        if document.is_text(id) {
            paragraph.push_str(&document.text_content(id));
            continue;
        }
        let tag = document.tag_name(id);
        if matches!(tag, "head" | "script" | "style" | "title" | "nav")
            && document.parent(id).is_some()
        {
            continue;
        }
        if !INLINE.contains(&tag) {
            end(&mut paragraph, &mut text);
            open.push((id, true));
        }
        open.extend(document.child_nodes(id).into_iter().rev().map(|child| (child, false)));
    }
    end(&mut paragraph, &mut text);
    text
}

/// How deep the elements of a parsed page are nested.
fn depth(document: &Document) -> usize {
    let mut deepest = 0;
    let mut open = vec![(document.root(), 0)];
    while let Some((id, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(document.children(id).into_iter().map(|child| (child, depth + 1)));
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAGRAPH: &str = "The levy works, and it has worked for three years in every province \
        that has tried it, whatever Mr. Tolva tells his voters about the price of bread and coal.";

    fn page(head: &str, body: &str) -> Page {
        read(&format!("<html lang=en><head>{head}</head><body>{body}</body></html>")).unwrap()
    }

    #[test]
    fn block_elements_are_paragraphs_and_inline_ones_are_not() {
        let body = format!(
            "<nav><a href=/>Home</a></nav><article><h1>Levy</h1><p>{PARAGRAPH} <b>It</b> <a \
             href=x>works</a>.<p>Two\n lines &amp; more of them: {PARAGRAPH}</article>"
        );
        let text = page("", &body).text;
        let expected = format!("{PARAGRAPH} It works.\n\nTwo lines & more of them: {PARAGRAPH}");
        assert!(text.ends_with(&expected), "{text}");
        assert!(!text.contains("Home"));
    }

    #[test]
    fn metadata_come_from_json_ld_and_meta_elements() {
        let head = r#"<title>Levy | Ledger</title><meta property="og:title" content="Pass the levy">
            <meta property="og:site_name" content="The Ledger">
            <script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "x"},
            {"@type": "OpinionNewsArticle", "author": [{"name": "A. Trevane"}, {"name": "Bo Wex"}],
            "datePublished": "2026-03-02T06:00:00Z", "articleSection": "Ideas"}]}</script>"#;
        let found = page(head, &format!("<article><p>{PARAGRAPH}</article>")).metadata;
        assert_eq!(found.title.as_deref(), Some("Pass the levy"));
        assert_eq!(found.outlet.as_deref(), Some("The Ledger"));
        assert_eq!(found.authors, ["A. Trevane", "Bo Wex"]);
        assert_eq!(found.published.as_deref(), Some("2026-03-02"));
        assert_eq!(found.language.as_deref(), Some("en"));
        assert!(found.sections.starts_with(&["OpinionNewsArticle".into(), "Ideas".into()]));
    }

    #[test]
    fn the_title_is_the_headline_that_the_page_shows() {
        let title = |stated: &str, headings: &str| {
            let head = format!(r#"<meta property="og:title" content="{stated}">"#);
            page(&head, &format!("{headings}<article><p>{PARAGRAPH}</article>")).metadata.title
        };
        let (own, stated) =
            ("<h1>Pass the\n levy &amp; be done</h1>", "Pass the levy and be done - News");
        assert_eq!(title(stated, own).as_deref(), Some("Pass the levy & be done"));
        assert_eq!(
            title(stated, "<h1>The Ledger</h1>").as_deref(),
            Some(stated),
            "another heading"
        );
        let two = format!("{own}<h1>Do not pass the levy, and be done</h1>");
        assert_eq!(title(stated, &two).as_deref(), Some(stated), "which of them is not clear");
        assert_eq!(title(stated, "<h1></h1>").as_deref(), Some(stated));
    }

    #[test]
    fn a_paragraph_that_comes_twice_is_read_once() {
        let body =
            format!("<article><p>{PARAGRAPH}<p>Hear, hear!<p>{PARAGRAPH}<p>Hear, hear!</article>");
        assert_eq!(page("", &body).text, format!("{PARAGRAPH}\n\nHear, hear!\n\nHear, hear!"));
    }

    #[test]
    fn the_pages_own_address_is_no_paragraph() {
        let (own, other) = ("https://x.example/a", "https://x.example/b");
        let body =
            format!("<article><p>{own}<p>{PARAGRAPH}<p>{other}<p>{PARAGRAPH} Yes.</article>");
        let text = page(&format!(r#"<meta property="og:url" content="{own}">"#), &body).text;
        assert_eq!(text, format!("{PARAGRAPH}\n\n{other}\n\n{PARAGRAPH} Yes."));
    }

    #[test]
    fn a_page_without_a_date_gets_none() {
        let body = format!("<article><p>{PARAGRAPH}</article><footer>© 2019 Ledger</footer>");
        assert_eq!(page("", &body).metadata.published, None);
    }

    #[test]
    fn deep_nesting_is_refused_on_a_small_stack() {
        for elements in [300, 50_000, 1_000_000] {
            let html = "<div>".repeat(elements) + PARAGRAPH;
            let worker = std::thread::Builder::new().stack_size(2 << 20);
            let reason = worker.spawn(move || read(&html)).unwrap().join().unwrap().err().unwrap();
            assert!(reason.contains("nested more than 256 deep"), "{reason}");
        }
    }

    #[test]
    fn the_deepest_page_that_is_read_fits_a_small_stack() {
        for element in ["div", "span", "blockquote", "ul><li", "table><tr><td", "b><i"] {
            let each = element.matches('>').count() + 1;
            let nested = format!("<{element}>").repeat((MAX_DEPTH - 8) / each.max(1) / 2);
            let html = format!("<article>{nested}<p>{PARAGRAPH}</p></article>");
            let worker = std::thread::Builder::new().stack_size(2 << 20);
            let page = worker.spawn(move || read(&html)).unwrap().join().unwrap();
            assert!(page.is_ok(), "{element}");
        }
    }
}
