//! Where quotation marks open and close.

use crate::names::words;
use standpoint_core::Span;

/// A quotation of fewer words is a term, unless it ends as a sentence does.
const SPEECH_WORDS: usize = 4;

/// The spans of quoted text in `text[paragraph]`, marks included, in order and disjoint.
///
/// Straight and curly double marks and guillemets open and close a quotation; a mark closes only
/// what its like opened. Single marks are left alone: in English they are mostly apostrophes, and
/// inside double marks they are part of the quotation. A quotation that is not closed by the end of
/// its paragraph runs to that end, as in speech over several paragraphs; a straight mark that never
/// finds its pair is dropped, for it may as well be inches.
pub(crate) fn quotations(text: &str, paragraph: Span) -> Vec<Span> {
    let Some(slice) = paragraph.of(text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in slice.char_indices() {
        let here = paragraph.start + at;
        match open {
            Some((start, closing)) if c == closing => {
                found.push(Span::new(start, here + c.len_utf8()));
                open = None;
            }
            Some(_) => {}
            None => {
                open = closing_mark(c).map(|closing| (here, closing));
            }
        }
    }
    if let Some((start, closing)) = open
        && closing != '"'
    {
        found.push(Span::new(start, paragraph.end));
    }
    found
}

/// Whether a quotation is an utterance and not a term: it is long, or it ends as a sentence does.
pub(crate) fn is_speech(text: &str, quotation: Span) -> bool {
    let inner = quotation.of(text).unwrap_or_default().trim_end_matches(['"', '”', '»']);
    words(text, quotation).len() >= SPEECH_WORDS || inner.ends_with([',', '.', '!', '?', '…'])
}

/// What closes a quotation that opens with `c`.
fn closing_mark(c: char) -> Option<char> {
    match c {
        '"' => Some('"'),
        '\u{201c}' | '\u{201e}' => Some('\u{201d}'),
        '«' => Some('»'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let spans = quotations(text, Span::new(0, text.len()));
        spans.into_iter().filter_map(|span| span.of(text)).collect()
    }

    #[test]
    fn marks_close_only_their_like() {
        assert_eq!(found(r#"a "b “c” d" e"#), [r#""b “c” d""#]);
        assert_eq!(found("“one.” He said: “two ‘three’ four.”"), ["“one.”", "“two ‘three’ four.”"]);
        assert_eq!(found("don't 'scare' them"), [] as [&str; 0]);
    }

    #[test]
    fn speech_that_goes_on_in_the_next_paragraph_runs_to_the_end_of_this_one() {
        assert_eq!(found("He said: “We begin."), ["“We begin."]);
        assert_eq!(found("a 6\" pipe"), [] as [&str; 0]);
    }
}
