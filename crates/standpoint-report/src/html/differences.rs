//! How a copy differs from the document that stands for its piece.

use crate::aggregates::Placement;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use standpoint_core::{Cut, Span};

/// Most sentences of a text that are compared; a longer one is left to the reader.
const SENTENCES: usize = 4_000;
/// Most changes kept of one copy: the first ones.
const CHANGES: usize = 8;
/// Most bytes kept of a passage that was changed.
const CHANGED: usize = 400;

/// What a copy leaves out, adds or words otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// Sentences of the document that the copy does not have, and the other way round.
    pub(super) left_out: usize,
    pub(super) added: usize,
    /// Pairs of what stands in the document and what stands there in the copy, the first ones.
    pub(super) changes: Vec<(String, String)>,
    /// Whether the texts are too long to be compared.
    pub(super) too_long: bool,
}

/// Compares two documents sentence by sentence, without their cuts.
pub(super) fn difference(document: &Placement<'_>, copy: &Placement<'_>) -> Difference {
    let (before, after) = (sentences(document), sentences(copy));
    if before.len().max(after.len()) > SENTENCES {
        return Difference { too_long: true, ..Difference::default() };
    }
    let mut difference = Difference::default();
    for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
        if let DiffOp::Equal { .. } = op {
            continue;
        }
        let (old, new) = (&before[op.old_range()], &after[op.new_range()]);
        difference.left_out += old.len();
        difference.added += new.len();
        if difference.changes.len() < CHANGES {
            difference.changes.push((shortened(old), shortened(new)));
        }
    }
    difference
}

fn shortened(sentences: &[String]) -> String {
    let mut text = sentences.join(" ");
    if text.len() > CHANGED {
        text.truncate(text.floor_char_boundary(CHANGED));
        text.push('…');
    }
    text
}

/// The sentences of what was read, white space made even.
fn sentences(placement: &Placement<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    for run in runs(placement.text, placement.cuts) {
        let text = run.of(placement.text).unwrap_or_default();
        for paragraph in text.split("\n\n") {
            let mut rest = paragraph;
            while !rest.is_empty() {
                let end = sentence_ends(rest).next().unwrap_or(rest.len());
                let (sentence, after) = rest.split_at(end);
                let words: Vec<&str> = sentence.split_whitespace().collect();
                let words = words.join(" ");
                // The headline is compared as such.
                if !words.is_empty() && Some(words.as_str()) != placement.title {
                    sentences.push(words);
                }
                rest = after;
            }
        }
    }
    sentences
}

/// The runs of text between cuts.
pub(super) fn runs(text: &str, cuts: &[Cut]) -> impl Iterator<Item = Span> {
    let ends = cuts.iter().map(|cut| cut.span.start).chain([text.len()]);
    let starts = [0].into_iter().chain(cuts.iter().map(|cut| cut.span.end));
    starts.zip(ends).map(|(start, end)| Span::new(start, end))
}

/// Where sentences end, roughly: after a stop, its closing marks and one white space. Good enough
/// to compare texts and to choose a context by; what is scored are the passages of ingest.
pub(super) fn sentence_ends(text: &str) -> impl Iterator<Item = usize> {
    let mut stopped = false;
    text.char_indices().filter_map(move |(at, c)| {
        let ends = stopped && c.is_whitespace();
        let closes = matches!(c, '"' | '\'' | '”' | '’' | ')' | ']' | '»');
        stopped = matches!(c, '.' | '!' | '?' | '…') || (stopped && closes);
        ends.then_some(at + c.len_utf8())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::CutReason;

    fn placed<'a>(text: &'a str, cuts: &'a [Cut]) -> Placement<'a> {
        Placement { document: "a", text, cuts, records: &[], ..Placement::default() }
    }

    #[test]
    fn a_trimmed_and_edited_copy_shows_what_changed() {
        let document = "The levy works. It is “fair.” Nobody  doubts it.\n\nThe end is near.";
        let byline = "By A. Roake";
        let copy = "By A. Roake\nThe levy works. It is “unfair.” Nobody doubts it.";
        let cut = Cut {
            span: Span::new(0, byline.len()),
            text: byline.into(),
            reason: CutReason::Byline,
        };
        let found = difference(&placed(document, &[]), &placed(copy, &[cut]));
        let change = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found.changes,
            [change("It is “fair.”", "It is “unfair.”"), change("The end is near.", "")]
        );
        assert_eq!((found.left_out, found.added), (2, 1), "white space and cuts are no change");
    }

    #[test]
    fn equal_texts_do_not_differ() {
        let text = placed("One. Two.", &[]);
        assert_eq!(difference(&text, &text), Difference::default());
    }
}
