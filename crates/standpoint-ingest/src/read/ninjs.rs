//! IPTC ninjs: one news item as JSON, versions 1 to 3.
//!
//! <https://www.iptc.org/std/ninjs/>. What it states of rights becomes [`Metadata::rights`], for a
//! newsroom has to know whose copy it is and whether it may be used yet.

use serde_json::{Map, Value};
use standpoint_core::Failure;

use super::{Markup, Metadata, Raw, failure};

/// Whether an object is an item: it has a `uri`, and the text or headline under a name that only ninjs
/// has.
pub(super) fn is_item(object: &Map<String, Value>) -> bool {
    object.contains_key("uri")
        && object.keys().any(|key| {
            key.starts_with("body_")
                || matches!(key.as_str(), "bodies" | "headlines" | "versioncreated" | "usageterms")
        })
}

/// # Errors
/// Where the item has no text.
pub(super) fn read(
    item: &Map<String, Value>,
    name: &str,
    row: Option<u64>,
) -> Result<Raw, Failure> {
    let text = |key: &str| filled(item.get(key)?.as_str()?);
    // Version 3 has arrays of bodies and headlines, each with its role or type.
    let listed = |key: &str, wanted: &dyn Fn(&Map<String, Value>) -> bool| {
        let parts = item.get(key)?.as_array()?.iter().filter_map(Value::as_object);
        parts.filter(|part| wanted(part)).find_map(|part| filled(part.get("value")?.as_str()?))
    };
    let typed = |html: bool| {
        listed("bodies", &|part| {
            let kind = part.get("contenttype").and_then(Value::as_str).unwrap_or("text/plain");
            kind.contains("html") == html
        })
    };
    let html = text("body_html").or_else(|| text("body_xhtml")).or_else(|| typed(true));
    let (content, markup) = match (html, text("body_text").or_else(|| typed(false))) {
        (Some(html), _) => (html, Markup::Fragment),
        (None, Some(plain)) => (plain, Markup::Plain),
        (None, None) => {
            return Err(failure(name, row, "empty: the ninjs item has no body".to_owned()));
        }
    };
    let names = |key: &str| -> Vec<String> {
        let parts = item.get(key).and_then(Value::as_array).into_iter().flatten();
        parts.filter_map(|part| filled(part.get("name")?.as_str()?)).collect()
    };
    let main = |part: &Map<String, Value>| {
        part.get("role").and_then(Value::as_str).is_none_or(|role| role.contains("main"))
    };
    let mut raw = Raw::of(name, row, content.into_bytes(), markup);
    raw.id = text("uri");
    raw.metadata = Metadata {
        title: text("headline")
            .or_else(|| listed("headlines", &main))
            .or_else(|| listed("headlines", &|_| true))
            .or_else(|| text("title")),
        authors: text("byline").into_iter().collect(),
        outlet: names("infosource").into_iter().next().or_else(|| text("copyrightholder")),
        url: item
            .get("uri")
            .and_then(Value::as_str)
            .filter(|uri| uri.starts_with("http"))
            .map(str::to_owned),
        published: text("firstcreated").or_else(|| text("versioncreated")),
        language: text("language"),
        sections: [names("genre"), names("genres"), names("subject"), names("subjects")].concat(),
        rights: rights([
            ("copyright", text("copyrightholder").or_else(|| text("copyrightnotice"))),
            ("use", text("usageterms")),
            ("embargoed until", text("embargoed")),
            ("status", text("pubstatus").filter(|status| status != "usable")),
        ]),
    };
    Ok(raw)
}

/// The statements that are made, in words.
pub(super) fn rights<const N: usize>(stated: [(&str, Option<String>); N]) -> Option<String> {
    let made = stated.into_iter().filter_map(|(what, value)| Some(format!("{what}: {}", value?)));
    let made: Vec<_> = made.collect();
    (!made.is_empty()).then(|| made.join("; "))
}

/// The text without outer white space, if anything is left.
pub(super) fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}
