//! XML files: what they are, by their root element, and a small tree of their elements.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use standpoint_core::Failure;

use super::{Rows, failure, feed, newsml};
use crate::decode::decode;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 256;

/// A feed or NewsML-G2.
///
/// # Errors
/// Where it is neither or is broken.
pub(super) fn read(name: &str, content: &[u8]) -> Result<Rows, Failure> {
    let text = text(content);
    let wrong = |reason| failure(name, None, reason);
    let root = root(&text).map_err(wrong)?;
    match root.as_str() {
        "rss" | "feed" | "RDF" => feed::read(name, text.as_bytes()),
        "newsItem" | "newsMessage" => newsml::read(name, &text),
        _ => Err(wrong(format!(
            "XML of a kind that is not read: its root is <{root}>; read are RSS, Atom and NewsML-G2"
        ))),
    }
}

/// The text behind the XML declaration, which names an encoding that it no longer has.
pub(super) fn text(content: &[u8]) -> String {
    let text = decode(content, true).text;
    let declared = text.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    match declared {
        Some((_, rest)) => rest.to_owned(),
        None => text,
    }
}

fn root(text: &str) -> Result<String, String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|error| format!("no XML: {error}"))? {
            Event::Start(start) | Event::Empty(start) => return Ok(local(&start)),
            Event::Eof => return Err("no XML: it has no element".to_owned()),
            _ => {}
        }
    }
}

/// The name of an element without its prefix.
pub(super) fn local(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

/// The value of an attribute, named without prefix.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = start.attributes();
    let found = all
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = found.value;
    Some(quick_xml::escape::unescape(&value).map_or_else(|_| value.to_string(), Into::into))
}

/// What `&…;` stands for. Entities that the document defines are left as they are written: nothing
/// here expands.
pub(super) fn entity(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return c.to_string();
    }
    let name = reference.to_string();
    match quick_xml::escape::resolve_predefined_entity(&name) {
        Some(text) => text.to_owned(),
        None if name == "nbsp" => "\u{a0}".to_owned(),
        None => format!("&{name};"),
    }
}

/// An element with all that it holds. Names are without prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// # Errors
    /// A reason, where this is no XML or is nested more than [`MAX_DEPTH`] deep.
    pub(super) fn parse(text: &str) -> Result<Element, String> {
        let broken = |error: quick_xml::Error| format!("broken XML: {error}");
        let mut reader = Reader::from_str(text);
        let mut open = vec![Element::default()];
        let push = |open: &mut Vec<Element>, node| {
            if let Some(parent) = open.last_mut() {
                parent.nodes.push(node);
            }
        };
        loop {
            match reader.read_event().map_err(broken)? {
                Event::Start(start) => {
                    if open.len() > MAX_DEPTH {
                        return Err(format!("its elements are nested more than {MAX_DEPTH} deep"));
                    }
                    open.push(Element::of(&start));
                }
                Event::Empty(start) => push(&mut open, Node::Element(Element::of(&start))),
                Event::End(_) => {
                    if open.len() > 1
                        && let Some(element) = open.pop()
                    {
                        push(&mut open, Node::Element(element));
                    }
                }
                Event::Text(text) => {
                    push(&mut open, Node::Text(text.to_string()));
                }
                Event::CData(text) => {
                    push(&mut open, Node::Text(text.to_string()));
                }
                Event::GeneralRef(reference) => push(&mut open, Node::Text(entity(&reference))),
                Event::Eof => break,
                _ => {}
            }
        }
        if open.len() > 1 {
            return Err("broken XML: it ends inside an element".to_owned());
        }
        open.pop().ok_or_else(|| "no XML".to_owned())
    }

    fn of(start: &BytesStart<'_>) -> Element {
        let mut all = start.attributes();
        let names = all.with_checks(false).flatten();
        let names = names.map(|found| found.key.local_name().as_ref().to_owned());
        let attributes = names.filter_map(|name| {
            let value = attribute(start, &name)?;
            Some((name, value))
        });
        let attributes = attributes.collect();
        Element { name: local(start), attributes, nodes: vec![] }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements of this name at any depth, in order.
    pub(super) fn all(&self, name: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        let mut open: Vec<&Element> = self.children().collect();
        open.reverse();
        while let Some(element) = open.pop() {
            if element.name == name {
                found.push(element);
            }
            let behind = open.len();
            open.extend(element.children());
            open[behind..].reverse();
        }
        found
    }

    pub(super) fn first(&self, name: &str) -> Option<&Element> {
        self.all(name).into_iter().next()
    }

    /// All text in it, white space folded; `None` where there is none.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = String::new();
        let mut open: Vec<&Node> = self.nodes.iter().rev().collect();
        while let Some(node) = open.pop() {
            match node {
                Node::Text(words) => text.push_str(words),
                Node::Element(element) => open.extend(element.nodes.iter().rev()),
            }
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// What it holds, as HTML.
    pub(super) fn html(&self) -> String {
        let mut html = String::new();
        self.write(&mut html);
        html
    }

    /// The recursion is as deep as the tree: at most [`MAX_DEPTH`].
    fn write(&self, html: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(text) => {
                    html.push_str(&quick_xml::escape::partial_escape(text.as_str()))
                }
                Node::Element(element) => {
                    html.push_str(&format!("<{}>", element.name));
                    element.write(html);
                    html.push_str(&format!("</{}>", element.name));
                }
            }
        }
    }
}
