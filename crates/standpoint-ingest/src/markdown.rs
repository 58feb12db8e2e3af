//! Markdown: front matter into metadata, the rest into plain text.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::Metadata;
use crate::fields::{Field, Fields};

/// What a Markdown file gives.
pub(crate) struct Page {
    /// Its text: headings, paragraphs and list items as lines, with blank lines between blocks.
    pub(crate) text: String,
    /// Its front matter, and its first heading as the title where that states none.
    pub(crate) metadata: Metadata,
}

/// Takes the markup off. Code blocks, images and raw HTML are no prose and are left out; links keep
/// their words.
pub(crate) fn read(source: &str) -> Page {
    let source = source.replace("\r\n", "\n");
    let (front, body) = front_matter(&source);
    let mut metadata = metadata(front);
    let mut text = String::new();
    let mut heading: Option<usize> = None;
    // How many code blocks, images or the like are open.
    let mut silent = 0usize;
    for event in Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::Image { .. } | Tag::HtmlBlock) => silent += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::Image | TagEnd::HtmlBlock) => {
                silent = silent.saturating_sub(1);
            }
            Event::Start(Tag::Heading { level, .. }) => {
                block(&mut text, "\n\n");
                heading = (level <= HeadingLevel::H2).then_some(text.len());
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(start) = heading.take() {
                    let words = text[start..].trim();
                    if metadata.title.is_none() && !words.is_empty() {
                        metadata.title = Some(words.to_owned());
                    }
                }
                block(&mut text, "\n\n");
            }
            Event::Start(Tag::Item | Tag::TableRow | Tag::TableHead) => block(&mut text, "\n"),
            Event::Start(Tag::Paragraph | Tag::BlockQuote(_) | Tag::List(_) | Tag::Table(_))
            | Event::End(TagEnd::Paragraph | TagEnd::List(_) | TagEnd::Table)
            | Event::Rule => {
                block(&mut text, "\n\n");
            }
            Event::End(TagEnd::TableCell) => text.push(' '),
            Event::Text(words) | Event::Code(words) if silent == 0 => text.push_str(&words),
            Event::SoftBreak if silent == 0 => text.push(' '),
            Event::HardBreak if silent == 0 => text.push('\n'),
            _ => {}
        }
    }
    text.truncate(text.trim_end().len());
    Page { text, metadata }
}

/// Ends the running block with `separator`, unless one has just ended.
fn block(text: &mut String, separator: &str) {
    let length = text.trim_end_matches([' ', '\n']).len();
    let ended = text[length..].matches('\n').count();
    if length > 0 && ended < separator.len() {
        text.truncate(length);
        text.push_str(separator);
    }
}

/// Splits `---`, lines, `---` off the beginning.
fn front_matter(source: &str) -> (&str, &str) {
    let inner = source.trim_start_matches('\u{feff}').strip_prefix("---\n");
    let Some(inner) = inner else { return ("", source) };
    match inner.find("\n---\n").map(|at| (at, at + "\n---\n".len())) {
        Some((end, body)) => (&inner[..end], &inner[body..]),
        None => ("", source),
    }
}

/// Reads `name: value` lines and `- value` lists under a name: the part of YAML that front matter
/// of articles uses.
fn metadata(front: &str) -> Metadata {
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for line in front.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let Some((_, values)) = entries.last_mut() {
                values.push(unquoted(item));
            }
        } else if let Some((name, value)) = line.split_once(':')
            && !line.starts_with(char::is_whitespace)
        {
            let value = value.trim();
            let list = value.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
            let values = match list {
                Some(list) => list.split(',').map(unquoted).collect(),
                None => vec![unquoted(value)],
            };
            entries.push((name.trim().to_owned(), values));
        }
    }
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let fields = Fields::default();
    let values = |field| -> Vec<String> {
        let values =
            fields.positions(field, &names).into_iter().flat_map(|at| entries[at].1.clone());
        values.filter(|value| !value.is_empty()).collect()
    };
    let first = |field| values(field).into_iter().next();
    Metadata {
        title: first(Field::Title),
        authors: values(Field::Author),
        outlet: first(Field::Outlet).or_else(|| first(Field::Hostname)),
        url: first(Field::Url),
        published: first(Field::Date),
        language: first(Field::Language),
        sections: values(Field::Categories),
        rights: None,
    }
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\'']
        .iter()
        .find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    inner.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_metadata() {
        let page = read(
            "---\ntitle: \"The levy: a defence\"\nauthors:\n  - Anna Trevane\n  - Bo Wexley\n\
             date: 2026-03-08\noutlet: 'The Ledger'\ntags: [Opinion, Energy]\n---\n\n# Heading\n\nOne.\n",
        );
        assert_eq!(page.text, "Heading\n\nOne.");
        assert_eq!(page.metadata.title.as_deref(), Some("The levy: a defence"));
        assert_eq!(page.metadata.authors, ["Anna Trevane", "Bo Wexley"]);
        assert_eq!(page.metadata.outlet.as_deref(), Some("The Ledger"));
        assert_eq!(page.metadata.published.as_deref(), Some("2026-03-08"));
        assert_eq!(page.metadata.sections, ["Opinion", "Energy"]);
    }

    #[test]
    fn markup_is_taken_off_and_words_stay() {
        let page = read(
            "# Pass *the* levy\n\nA [link](http://x) and **bold**\nwrapped text.\n\n- one\n- two\n\n\
             ```\ncode\n```\n\n> Quoted.\n\n![alt](x.png)\n\nLast `word`.\n",
        );
        assert_eq!(
            page.text,
            "Pass the levy\n\nA link and bold wrapped text.\n\none\ntwo\n\nQuoted.\n\nLast word."
        );
        assert_eq!(page.metadata.title.as_deref(), Some("Pass the levy"));
    }

    #[test]
    fn dashes_that_are_no_front_matter_stay_text() {
        assert_eq!(read("---\nOne.\n").text, "One.");
        assert_eq!(read("").text, "");
    }
}
