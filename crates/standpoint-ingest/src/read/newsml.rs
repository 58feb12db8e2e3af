//! IPTC NewsML-G2: a news item, or a message of many.
//!
//! <https://www.iptc.org/std/NewsML-G2/>. Texts stand in `inlineXML` as HTML or NITF, or in
//! `inlineData`.

use standpoint_core::Failure;

use super::ninjs::{filled, rights};
use super::xml::Element;
use super::{Markup, Metadata, Raw, Rows, failure};

/// # Errors
/// Where it is broken or holds no news item.
pub(super) fn read(name: &str, text: &str) -> Result<Rows, Failure> {
    let tree = Element::parse(text).map_err(|reason| failure(name, None, reason))?;
    let mut items = tree.all("newsItem");
    // A message brings its pictures along as items of their own.
    items.retain(|item| {
        let kind = item.first("itemClass").and_then(|class| class.attribute("qcode"));
        kind.is_none_or(|kind| kind.contains("text") || kind.contains("composite"))
    });
    if items.is_empty() {
        return Err(failure(name, None, "empty: the message holds no text item".to_owned()));
    }
    let alone = tree.children().any(|root| root.name == "newsItem");
    let documents: Vec<_> =
        (1..).zip(items).map(|(row, item)| document(item, name, (!alone).then_some(row))).collect();
    Ok(Box::new(documents.into_iter()))
}

fn document(item: &Element, name: &str, row: Option<u64>) -> Result<Raw, Failure> {
    let (content, markup) = body(item).ok_or_else(|| {
        let reason = "empty: the news item has no text; pictures and links are not read";
        failure(name, row, reason.to_owned())
    })?;
    let none = Element::default();
    let part = |name: &str| item.first(name).unwrap_or(&none);
    let (meta, about, owned) = (part("itemMeta"), part("contentMeta"), part("rightsInfo"));
    let text = |part: &Element, name: &str| part.first(name)?.text();
    // A concept is named by a literal, a <name>, or a code that needs the provider's scheme.
    let named = |part: &Element, name: &str| {
        let concept = part.first(name)?;
        let spelt = concept.first("name").and_then(Element::text);
        spelt.or_else(|| filled(concept.attribute("literal")?))
    };
    let names = |name: &str| -> Vec<String> {
        about.all(name).into_iter().filter_map(|concept| concept.first("name")?.text()).collect()
    };
    let holder = named(owned, "copyrightHolder");
    let mut raw = Raw::of(name, row, content.into_bytes(), markup);
    raw.id = item.attribute("guid").and_then(filled);
    raw.metadata = Metadata {
        title: text(about, "headline").or_else(|| text(meta, "title")),
        authors: match text(about, "by") {
            Some(by) => vec![by],
            None => names("creator"),
        },
        outlet: named(meta, "provider").or_else(|| holder.clone()),
        url: None,
        published: text(about, "contentCreated")
            .or_else(|| text(meta, "firstCreated"))
            .or_else(|| text(meta, "versionCreated")),
        language: about
            .first("language")
            .and_then(|language| language.attribute("tag"))
            .or_else(|| item.attribute("lang"))
            .and_then(filled),
        sections: [names("genre"), names("subject")].concat(),
        rights: rights([
            ("copyright", holder.or_else(|| text(owned, "copyrightNotice"))),
            ("use", text(owned, "usageTerms")),
            ("embargoed until", text(meta, "embargoed")),
            (
                "status",
                meta.first("pubStatus")
                    .and_then(|status| status.attribute("qcode"))
                    .filter(|status| *status != "stat:usable")
                    .and_then(filled),
            ),
        ]),
    };
    Ok(raw)
}

fn body(item: &Element) -> Option<(String, Markup)> {
    let content = item.first("contentSet")?;
    if let Some(inline) = content.first("inlineXML") {
        let body = ["body.content", "body"].iter().find_map(|name| inline.first(name));
        let html = body.unwrap_or(inline).html();
        return filled(&html).map(|html| (html, Markup::Fragment));
    }
    let text = content.first("inlineData")?.nodes.iter().filter_map(|node| match node {
        super::xml::Node::Text(text) => Some(text.as_str()),
        super::xml::Node::Element(_) => None,
    });
    filled(&text.collect::<String>()).map(|text| (text, Markup::Plain))
}
