//! RSS, Atom and JSON Feed: a document for each entry.

use feed_rs::model::{Feed, FeedType, Text};
use feed_rs::parser::Builder;
use standpoint_core::Failure;

use super::ninjs::filled;
use super::{Markup, Metadata, Raw, Rows, failure, guarded};
use crate::dates;

/// # Errors
/// Where this is no feed.
pub(super) fn read(name: &str, content: &[u8]) -> Result<Rows, Failure> {
    // The parser turns dates into UTC, which moves an evening in New York to the next day. It is given
    // the day at the place where it was written instead, as the midnight of that day. And an entry
    // without an id is not to get a random one.
    let parser = Builder::new()
        .timestamp_parser(|text| {
            let day = dates::parse(text)?;
            day.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
        })
        .id_generator(|_, _, _| String::new())
        .sanitize_content(false)
        .build();
    let parsed = guarded("feed reader", || parser.parse(content))
        .and_then(|parsed| parsed.map_err(|error| format!("no feed that can be read: {error}")));
    let feed = parsed.map_err(|reason| failure(name, None, reason))?;
    if feed.entries.is_empty() {
        return Err(failure(name, None, "empty: the feed has no entry".to_owned()));
    }
    Ok(Box::new(documents(feed, name).into_iter()))
}

fn documents(feed: Feed, name: &str) -> Vec<Result<Raw, Failure>> {
    let plain = |text: &Option<Text>| filled(&text.as_ref()?.content);
    let outlet = plain(&feed.title);
    let rights = plain(&feed.rights);
    // In Atom and JSON Feed, the feed's author signs what nobody else does.
    let signs = !matches!(feed.feed_type, FeedType::RSS0 | FeedType::RSS1 | FeedType::RSS2);
    let authors: Vec<String> =
        feed.authors.iter().filter_map(|author| author.name.clone()).collect();
    let entries = (1..).zip(feed.entries).map(|(row, entry)| {
        let full = entry.content.as_ref().and_then(|content| {
            let body = filled(content.body.as_deref()?)?;
            Some((body, content.content_type.subty().as_str().contains("html")))
        });
        let mut notes = Vec::new();
        let text = full.or_else(|| {
            notes.push("the feed holds its summary only".to_owned());
            let summary = entry.summary.as_ref()?;
            Some((
                filled(&summary.content)?,
                summary.content_type.subty().as_str().contains("html"),
            ))
        });
        let Some((text, html)) = text else {
            return Err(failure(name, Some(row), "empty: the entry has no text".to_owned()));
        };
        // RSS calls everything a description, with or without markup.
        let markup = if html || text.contains("</p>") { Markup::Fragment } else { Markup::Plain };
        let mut raw = Raw::of(name, Some(row), text.into_bytes(), markup);
        raw.notes = notes;
        raw.id = filled(&entry.id);
        let own: Vec<String> = entry.authors.into_iter().filter_map(|author| author.name).collect();
        raw.metadata = Metadata {
            title: plain(&entry.title),
            authors: if own.is_empty() && signs { authors.clone() } else { own },
            outlet: outlet.clone(),
            url: entry.links.first().map(|link| link.href.clone()),
            published: entry.published.or(entry.updated).map(|date| date.format("%F").to_string()),
            language: entry.language.or_else(|| feed.language.clone()),
            sections: entry
                .categories
                .into_iter()
                .map(|category| category.label.unwrap_or(category.term))
                .collect(),
            rights: plain(&entry.rights).or_else(|| rights.clone()),
        };
        Ok(raw)
    });
    entries.collect()
}
