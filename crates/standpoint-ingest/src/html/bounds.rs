//! What a page may cost: checked before the extractor sees it.
//!
//! The parser may make far more elements than a page has tags. A formatting element that is not closed begins again
//! in every paragraph after it ("reconstruct the active formatting elements", HTML standard, 13.2.4.3), so that some
//! hundred of them before some thousand paragraphs are a million elements of half a megabyte. What it makes is
//! therefore counted while it parses, into a tree of which nothing is kept, and the parser is stopped in time.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ExpandedName, QualName, local_name, ns};

/// The deepest nesting that is read. The extractor walks the tree by recursion, and a worker's
/// stack has 2 MB; pages written by people stay below 100.
pub(super) const MAX_DEPTH: usize = 256;

/// The longest page, in bytes, and the most elements and comments in one: the extractor takes some 7 kB of memory for
/// an element, in the copies that it makes of the tree, and 24 bytes for one of text. Pages that people write
/// have 2,000; what is long in them is images within their addresses.
const MAX_BYTES: usize = 16 << 20;
const MAX_NODES: usize = 50_000;

/// The most comparisons of attributes: the parser holds the name of each against all before it in its tag, and
/// a tag of half a megabyte takes many seconds.
const MAX_COMPARISONS: usize = 100_000_000;

/// The most that the parser may look through again of what it has made, in attributes; one takes it some 70 ns.
const MAX_LOOKED_THROUGH: usize = 50_000_000;

/// Memory for an attribute, in bytes, beside its name and value.
const ATTRIBUTE: usize = 40;

/// How many bytes are parsed between two looks at what came of them.
const STEP: usize = 1 << 10;

/// Whether what the parser and the extractor do with a page is bounded.
///
/// # Errors
/// A reason, where it is not.
pub(super) fn check(html: &str) -> Result<(), String> {
    if html.len() > MAX_BYTES {
        return Err(beyond(&format!("the page is longer than {} MB", MAX_BYTES >> 20)));
    }
    if !few_attributes(html.as_bytes()) {
        return Err(beyond("its tags have too many attributes"));
    }
    let made = made(html);
    if made.deepest > MAX_DEPTH {
        return Err(too_deep());
    }
    if made.nodes > MAX_NODES {
        return Err(beyond(&format!("the page comes to more than {MAX_NODES} elements")));
    }
    if !made.is_within_bounds() {
        return Err(beyond("its elements have or repeat too many attributes"));
    }
    Ok(())
}

/// The reason of a page whose elements are nested too deep.
pub(super) fn too_deep() -> String {
    beyond(&format!("its elements are nested more than {MAX_DEPTH} deep"))
}

fn beyond(what: &str) -> String {
    format!("{what}; save the article's text and read that")
}

/// What a parser made of a page, or of its beginning, if that is beyond a bound already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Made {
    /// How deep the deepest node was put in, or a little more: see [`Counter::append`].
    deepest: usize,
    /// Elements, comments and processing instructions.
    nodes: usize,
    /// Bytes of the elements' attributes.
    attributes: usize,
    /// The most attributes of one element that formats.
    most_attributes: usize,
    /// Attributes that `<html>` and `<body>` were given by other tags than their own.
    merged: usize,
    /// What was looked through again, in attributes.
    looked_through: usize,
}

impl Made {
    fn is_within_bounds(self) -> bool {
        self.deepest <= MAX_DEPTH
            && self.nodes <= MAX_NODES
            && self.attributes <= 2 * MAX_BYTES
            && self.looked_through <= MAX_LOOKED_THROUGH
    }
}

fn made(html: &str) -> Made {
    let counter = Counter { made: Cell::default(), document: Node::of(None) };
    let mut parser = parse_document(counter, ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() && parser.tokenizer.sink.sink.made.get().is_within_bounds() {
        let (step, after) = rest.split_at(rest.ceil_char_boundary(STEP.min(rest.len())));
        parser.process(StrTendril::from_slice(step));
        rest = after;
    }
    parser.finish()
}

/// Whether the parser has few names of attributes to compare, wherever it takes a tag to begin: a page can hide
/// that, in scripts and comments, from whoever does not parse it. Where such tags overlap too often, no.
fn few_attributes(html: &[u8]) -> bool {
    let (mut comparisons, mut bytes) = (0usize, 0usize);
    let mut at = 0;
    while let Some(next) = html[at..].iter().position(|byte| *byte == b'<') {
        at += next + 1;
        if html.get(at).is_some_and(u8::is_ascii_alphabetic) {
            let (attributes, length) = attributes(&html[at..]);
            comparisons = comparisons.saturating_add(attributes.saturating_mul(attributes));
            bytes += length;
            if comparisons > MAX_COMPARISONS || bytes / 16 > html.len() {
                return false;
            }
        }
    }
    true
}

/// The number of attributes of the tag whose name this begins with, and its length: as in the states "tag name"
/// to "after attribute value" of HTML's tokenizer.
fn attributes(tag: &[u8]) -> (usize, usize) {
    let space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    let from = |at: usize, ends: &dyn Fn(u8) -> bool| {
        tag[at..].iter().position(|byte| ends(*byte)).map_or(tag.len(), |length| at + length)
    };
    let mut at = from(0, &|byte| space(byte) || matches!(byte, b'/' | b'>'));
    let mut count = 0;
    loop {
        at = from(at, &|byte| !space(byte) && byte != b'/');
        if tag.get(at).is_none_or(|byte| *byte == b'>') {
            return (count, at);
        }
        count += 1;
        // A name may begin with anything, "=" too.
        at = from(at + 1, &|byte| space(byte) || matches!(byte, b'/' | b'>' | b'='));
        let value = from(at, &|byte| !space(byte));
        if tag.get(value) == Some(&b'=') {
            at = from(value + 1, &|byte| !space(byte));
            at = match tag.get(at) {
                Some(&mark @ (b'"' | b'\'')) => {
                    (from(at + 1, &|byte| byte == mark) + 1).min(tag.len())
                }
                _ => from(at, &|byte| space(byte) || byte == b'>'),
            };
        }
    }
}

/// What attributes take, in bytes.
fn bytes(attributes: &[Attribute]) -> usize {
    attributes.iter().map(|one| one.name.local.len() + one.value.len() + ATTRIBUTE).sum()
}

/// Elements that the parser begins again; it holds each against those of its name that are open ("Noah's Ark
/// clause").
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// A tree that counts its nodes and forgets them.
struct Counter {
    made: Cell<Made>,
    document: Node,
}

/// A node, as far as the parser asks for it again.
#[derive(Clone)]
struct Node(Rc<(QualName, Cell<usize>)>);

impl Node {
    /// An element of this name, or a node without one.
    fn of(name: Option<QualName>) -> Node {
        let name = name.unwrap_or_else(|| QualName::new(None, ns!(), local_name!("")));
        Node(Rc::new((name, Cell::new(0))))
    }

    /// How many nodes lie above it.
    fn depth(&self) -> &Cell<usize> {
        &self.0.1
    }
}

impl Counter {
    fn count(&self, name: Option<QualName>, attributes: usize) -> Node {
        let made = self.made.get();
        let (nodes, attributes) = (made.nodes + 1, made.attributes.saturating_add(attributes));
        self.made.set(Made { nodes, attributes, ..made });
        Node::of(name)
    }

    fn put(&self, node: &NodeOrText<Node>, depth: usize) {
        if let NodeOrText::AppendNode(node) = node {
            node.depth().set(depth);
            let made = self.made.get();
            self.made.set(Made { deepest: made.deepest.max(depth), ..made });
        }
    }
}

impl TreeSink for Counter {
    type Handle = Node;
    type Output = Made;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Made {
        self.made.get()
    }

    fn get_document(&self) -> Node {
        self.document.clone()
    }

    fn elem_name<'a>(&'a self, node: &'a Node) -> ExpandedName<'a> {
        node.0.0.expanded()
    }

    fn same_node(&self, one: &Node, other: &Node) -> bool {
        Rc::ptr_eq(&one.0, &other.0)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Node {
        if FORMATTING.contains(&&*name.local) {
            // It is compared with those that are open, whose attributes are sorted for each comparison.
            let made = self.made.get();
            let most_attributes = made.most_attributes.max(attributes.len());
            let looked_through = made.looked_through + made.deepest * most_attributes;
            self.made.set(Made { most_attributes, looked_through, ..made });
        }
        self.count(Some(name), bytes(&attributes))
    }

    fn create_comment(&self, _: StrTendril) -> Node {
        self.count(None, 0)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Node {
        self.count(None, 0)
    }

    /// Where formatting ends in another block than it began in, the parser puts that block into an element that
    /// has no place yet, and that element where a part of the old one was. So it is as deep as the block needs;
    /// the block itself keeps its depth, for what is in it was put in by that. It lies one less deep, and so what
    /// is in several such blocks counts as that much deeper than it is.
    fn append(&self, parent: &Node, child: NodeOrText<Node>) {
        match &child {
            NodeOrText::AppendNode(block)
                if parent.depth().get() == 0 && !self.same_node(parent, &self.document) =>
            {
                parent.depth().set(block.depth().get().saturating_sub(1));
            }
            _ => self.put(&child, parent.depth().get() + 1),
        }
    }

    fn append_before_sibling(&self, sibling: &Node, node: NodeOrText<Node>) {
        self.put(&node, sibling.depth().get());
    }

    fn append_based_on_parent_node(&self, element: &Node, _: &Node, child: NodeOrText<Node>) {
        self.append_before_sibling(element, child);
    }

    /// The extractor's tree leaves out what a template holds; it costs the parser's time all the same.
    fn get_template_contents(&self, template: &Node) -> Node {
        template.clone()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}

    /// The extractor's tree keeps them sorted, and moves those that are there for each.
    fn add_attrs_if_missing(&self, _: &Node, attributes: Vec<Attribute>) {
        let made = self.made.get();
        let merged = made.merged + attributes.len();
        self.made.set(Made {
            merged,
            attributes: made.attributes.saturating_add(bytes(&attributes)),
            looked_through: made.looked_through + merged * attributes.len(),
            ..made
        });
    }

    fn remove_from_parent(&self, _: &Node) {}
    fn reparent_children(&self, _: &Node, _: &Node) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_makes_is_counted_and_not_what_stands_there() {
        // html, head, body; two paragraphs and a comment. Nothing in a script or a textarea is an element.
        let page = "<p x=ab>One<!-- <b> --><p>Two<script><b></script><textarea><i></textarea>";
        let of_page = made(page);
        assert_eq!((of_page.deepest, of_page.nodes), (4, 8));
        assert_eq!(of_page.attributes, 3 + ATTRIBUTE);
        // The two go on in each of the three paragraphs.
        assert_eq!(made("<p><b 1><i 2>x<p>x<p>x").nodes, 3 + 3 * 3);
        assert_eq!(made("<p><b 1><i 2>x</i></b><p>x<p>x").nodes, 3 + 3 + 2);
    }

    #[test]
    fn the_count_is_that_of_the_extractors_tree() {
        let nested = "<!DOCTYPE html><title>x</title><p>One <b>two<table><i>x</i><tr><td>y</table></b>\
                      <svg><path/></svg><select><option>1</select>";
        let links = "<a href=1><p>One<a href=2>two</a>";
        // What a template holds is counted, and not kept.
        let template = "<template><p>z</template>";
        for (page, not_kept) in [(nested, 0), (links, 0), (template, 1)] {
            let document = trafilatura::dom::Document::parse(page);
            let (mut nodes, mut open) = (0, document.children(document.root()));
            while let Some(id) = open.pop() {
                nodes += 1;
                open.extend(document.children(id));
            }
            let (of_page, deepest) = (made(page), crate::html::depth(&document));
            assert_eq!(of_page.nodes, nodes + not_kept, "{page}");
            assert_eq!(of_page.deepest, deepest + not_kept, "{page}");
        }
    }

    #[test]
    fn unclosed_formatting_before_many_paragraphs_is_stopped_in_time() {
        let formatting: String = (0..200).map(|at| format!("<b a{at}>")).collect();
        let page = format!("<p>{formatting}x{}", "<p>x".repeat(100_000));
        let reason = check(&page).unwrap_err();
        assert!(reason.contains("comes to more than 50000 elements"), "{reason}");
        let made = made(&page);
        assert!(made.nodes < 2 * MAX_NODES + STEP / 4 * 200, "{made:?}");
        let formatting: String = (0..30_000).map(|at| format!("<b a{at}>")).collect();
        let reason = check(&format!("<p>{formatting}x{}", "<p>x".repeat(100))).unwrap_err();
        assert!(reason.contains("nested more than 256 deep"), "{reason}");
        let long = format!("<p><b a='{}'>{}", "x".repeat(100_000), "x<p>".repeat(10_000));
        assert!(check(&long).unwrap_err().contains("repeat too many attributes"));
        let names: String = (0..4000).map(|at| format!(" {at:x}")).collect();
        let many = format!("<p><b{names}>{}", "x<p>".repeat(4000));
        assert!(check(&many).unwrap_err().contains("repeat too many attributes"));
    }

    #[test]
    fn blocks_that_formatting_does_not_end_in_count_for_the_depth() {
        let page = |times| format!("{}<p>x", "<b><i><div></b>".repeat(times));
        assert!(check(&page(9_900)).unwrap_err().contains("nested more than 256 deep"));
        let document = trafilatura::dom::Document::parse(&page(20));
        let (counted, deep) = (made(&page(20)).deepest, crate::html::depth(&document));
        assert!((deep..=deep + 21).contains(&counted), "{counted} for {deep}: one a block at most");
    }

    #[test]
    fn what_the_parser_looks_through_again_is_bounded() {
        // What one of many attributes would cost that were still open; that it is closed keeps the test short.
        let names: String = (0..500).map(|at| format!(" a{at}")).collect();
        let page = format!("<b{names}></b>{}{}", "<div>".repeat(240), "<b x></b>".repeat(2_000));
        assert!(check(&page).unwrap_err().contains("too many attributes"));
        let html: String = (0..40_000).map(|at| format!("<html a{at}>")).collect();
        assert!(check(&html).unwrap_err().contains("too many attributes"));
        let bold = "<p class=a><b class=b id=c>Bold</b> and <a href=d title=e>linked</a>.</p>";
        assert_eq!(check(&format!("<div>{}", bold.repeat(12_000))), Ok(()), "an honest page");
    }
}
