//! Sentences, as byte ranges of the text.
//!
//! Sentence ends are found by `sentencex` (Wikimedia), which knows the abbreviations of some thirty
//! languages and keeps a closing quotation mark with the sentence that it closes. It takes a
//! quotation for one unit, though, and stance work must not: "We will sign. But we do not trust
//! you," she said. is two sentences, one of them friendly. So quotations are opened up here. And
//! no sentence goes on beyond its paragraph or into a cut.

use sentencex::get_sentence_boundaries;
use standpoint_core::{Document, Passage, Span};

use crate::layout;

/// The longest passage in bytes. What is longer is a list or lost its punctuation, and is split at
/// clause marks or white space so that a model can read all of it.
const LONGEST: usize = 1200;

/// The longest run of text that is segmented at once, in bytes. The segmenter's work on quotation
/// marks that are never closed grows with the square of the run.
const LONGEST_RUN: usize = 16 << 10;

/// The most passages of a document that is worth scoring: some twenty novels. A passage's vector takes
/// 1.5 kB while a document is scored, so this bounds what one document costs in memory to 300 MB.
pub const MOST_PASSAGES: usize = 200_000;

/// The sentences of a document's body, in order and disjoint. Everything outside them is white
/// space or lies in a cut. Paragraphs are counted from 0 over those that have a sentence.
pub fn passages(document: &Document) -> Vec<Passage> {
    let text = document.text.as_str();
    let language = document.language.as_deref().unwrap_or("en");
    let mut cuts = document.cuts.iter().map(|cut| cut.span).peekable();
    let mut passages = Vec::new();
    let mut paragraph = 0;
    for line in layout::lines(text) {
        let before = passages.len();
        let mut start = line.span.start;
        while let Some(&cut) = cuts.peek().filter(|cut| cut.start < line.span.end) {
            sentences(
                text,
                Span::new(start, cut.start.max(start)),
                language,
                paragraph,
                &mut passages,
            );
            start = cut.end.clamp(start, line.span.end);
            if cut.end > line.span.end {
                break;
            }
            cuts.next();
        }
        sentences(text, Span::new(start, line.span.end), language, paragraph, &mut passages);
        paragraph += usize::from(passages.len() > before);
    }
    passages
}

/// The sentences of a run of text within one paragraph.
fn sentences(text: &str, run: Span, language: &str, paragraph: usize, passages: &mut Vec<Passage>) {
    let Some(mut words) = run.of(text).filter(|words| !words.trim().is_empty()) else { return };
    let mut run = run;
    while words.len() > LONGEST_RUN {
        let window = &words[..words.floor_char_boundary(LONGEST_RUN)];
        let stop = [". ", "? ", "! "].iter().filter_map(|stop| window.rfind(stop)).max();
        let end = stop.map(|at| at + 1).or_else(|| window.rfind(char::is_whitespace));
        let end = end.filter(|&at| at > 0).unwrap_or(window.len());
        let head = Span::new(run.start, run.start + end);
        sentences(text, head, language, paragraph, passages);
        run.start += end;
        words = &words[end..];
    }
    // Newlines are spaces here: the run is one paragraph.
    let flat = words.replace(['\n', '\r', '\t'], " ");
    let mut start = 0;
    for end in ends(&flat, language) {
        let sentence = Span::new(run.start + start, run.start + end).trimmed(text);
        start = end;
        if !sentence.is_empty() {
            let parts = split_long(text, sentence).into_iter();
            passages.extend(parts.map(|span| Passage { span, paragraph }));
        }
    }
}

/// Where the sentences of a paragraph end, in order; the last end is that of the paragraph.
fn ends(text: &str, language: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    for outer in segments(text, language) {
        for (start, end) in quotations(text, outer) {
            ends.extend(
                segments(&text[start..end], language)
                    .into_iter()
                    .map(|inner| start + inner.end)
                    .filter(|&inner| inner < end && !text[inner..end].trim().is_empty()),
            );
        }
        ends.push(outer.end);
    }
    ends.sort_unstable();
    ends.dedup();
    let mut kept = Vec::with_capacity(ends.len());
    let mut start = 0;
    for (at, &end) in ends.iter().enumerate() {
        let last = at + 1 == ends.len();
        let (sentence, rest) = (text[start..end].trim(), text[end..].trim_start());
        if !last && !ends_here(sentence, rest) {
            continue;
        }
        kept.extend(inner_ends(&text[start..end]).map(|inner| start + inner));
        kept.push(end);
        start = end;
    }
    kept
}

/// Whether a sentence ends here after all: not after the number of a list item, and not where
/// nothing but marks would be left, or the rest goes on in small letters after a quotation.
fn ends_here(sentence: &str, rest: &str) -> bool {
    let number = sentence.trim_end_matches(['.', ')']);
    let marker = number.len() < sentence.len()
        && number.len() <= 3
        && (number.bytes().all(|b| b.is_ascii_digit()) || number.len() == 1);
    let words = sentence.chars().any(char::is_alphanumeric);
    let goes_on = rest.starts_with(char::is_lowercase)
        && sentence.ends_with(['"', '”', '’', '\'', '»', '“', ')', ','])
        || !rest.chars().any(char::is_alphanumeric);
    words && !marker && !goes_on
}

/// Ends within what was taken for one sentence: after "(All of it.)" and after an answer "No."
fn inner_ends(sentence: &str) -> impl Iterator<Item = usize> + '_ {
    let lead = sentence.len() - sentence.trim_start().len();
    let body = sentence.trim_start();
    let parenthesis = body.starts_with('(').then(|| body.find(')')).flatten().filter(|&close| {
        body[..close].ends_with(['.', '!', '?']) && begins_sentence(&body[close + 1..])
    });
    let answer = ["No. ", "“No. ", "\"No. "]
        .iter()
        .find(|answer| body.starts_with(**answer))
        .map(|answer| answer.len() - 2)
        .filter(|&stop| begins_sentence(&body[stop + 1..]));
    [parenthesis, answer].into_iter().flatten().map(move |at| lead + at + 1)
}

/// Whether white space and then a capital letter follow.
fn begins_sentence(rest: &str) -> bool {
    rest.starts_with(' ')
        && rest
            .trim_start()
            .trim_start_matches(['“', '"', '‘', '('])
            .starts_with(char::is_uppercase)
}

fn segments(text: &str, language: &str) -> Vec<Span> {
    let boundaries = get_sentence_boundaries(language, text);
    let spans = boundaries.iter().map(|found| Span::new(found.start_byte, found.end_byte));
    spans.filter(|span| span.of(text).is_some()).collect()
}

/// The insides of the quotations in a sentence; one that is not closed reaches to its end.
fn quotations(text: &str, sentence: Span) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in text[sentence.start..sentence.end].char_indices() {
        let at = sentence.start + at;
        match open {
            Some((start, close)) if c == close || (close == '“' && c == '”') => {
                found.push((start, at));
                open = None;
            }
            None => {
                let close = match c {
                    '“' => '”',
                    '„' => '“',
                    '«' => '»',
                    '"' => '"',
                    _ => continue,
                };
                open = Some((at + c.len_utf8(), close));
            }
            Some(_) => {}
        }
    }
    if let Some((start, _)) = open {
        found.push((start, sentence.end));
    }
    found
}

/// Splits what is longer than [`LONGEST`] after the last clause mark that fits, else at white
/// space, else anywhere.
fn split_long(text: &str, sentence: Span) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while rest.len() > LONGEST {
        let words = rest.of(text).unwrap_or_default();
        let window = &words[..words.floor_char_boundary(LONGEST)];
        // A mark in the first half would leave a stub.
        let second_half = |at: &usize| *at > LONGEST / 2;
        let after = |mark: &str| window.rfind(mark).map(|at| at + mark.len()).filter(second_half);
        let end = ["; ", ": ", ", ", " – ", " — "]
            .iter()
            .find_map(|mark| after(mark))
            .or_else(|| window.rfind(char::is_whitespace).filter(|&at| at > 0))
            .unwrap_or(window.len());
        parts.push(Span::new(rest.start, rest.start + end).trimmed(text));
        rest = Span::new(rest.start + end, rest.end).trimmed(text);
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use standpoint_core::{Cut, CutReason, Kind, Source};

    fn document(text: &str, cuts: &[(usize, usize)]) -> Document {
        let cut = |&(start, end): &(usize, usize)| Cut {
            span: Span::new(start, end),
            text: text[start..end].to_owned(),
            reason: CutReason::Byline,
        };
        Document {
            id: "a".into(),
            source: Source { path: "a.txt".into(), row: None },
            title: None,
            authors: vec![],
            outlet: None,
            url: None,
            published: None,
            language: None,
            kind: Kind::Other,
            kind_reason: String::new(),
            text: text.to_owned(),
            cuts: cuts.iter().map(cut).collect(),
            rights: None,
            notes: vec![],
        }
    }

    fn sentences_of(text: &str) -> Vec<&str> {
        passages(&document(text, &[])).iter().map(|p| p.span.of(text).unwrap()).collect()
    }

    /// Each case is written with `|` where a sentence ends.
    fn check(cases: &[&str]) {
        for case in cases {
            let text = case.replace("| ", " ").replace("|\n", "\n");
            let expected: Vec<String> =
                case.split('|').map(|sentence| sentence.trim().to_owned()).collect();
            assert_eq!(sentences_of(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn abbreviations_initials_and_numbers_end_nothing() {
        check(&[
            "Mr. Tolva said no.| The U.N. envoy left.",
            "The U.S. Senate met.| He left the U.S. in May.",
            "J. R. Halden wrote it.| It is, e.g. in May, i.e. now, wrong.",
            "It is No. 4 on the list.| They raised $3.5 billion.| At 9 a.m. he left.",
            "Gov. Smith and Sen. Jones met Gen. Lee on Jan. 5.| It rained.",
            "He lives in Washington, D.C.| He works there.",
            "Dr. Vael et al. say 2.4 gigawatts, vs. 3.1 before.| Fine.",
            "Harrow & Pike Inc. said so.| St. Orla's Hospital, p. 14, disagrees.",
        ]);
    }

    #[test]
    fn stops_of_every_form_end_a_sentence() {
        check(&[
            "What?!| No.| Really??| Yes!",
            "It grew... and then fell.| It stopped...| Then it fell.",
            "Is it “a gift”?| It is not.",
            "(He did not return.)| She did.",
            "1. First item.| 2. Second item.",
        ]);
    }

    #[test]
    fn a_quotation_mark_stays_with_the_sentence_that_it_closes() {
        check(&[
            "“We will not sign.”| He left.",
            "\"We will not sign.\"| He left.",
            "He said “no.”| Then he left.",
            "“Quote one.”| “Quote two.”",
            "“Why?” she asked.| “No!” he said.",
            "‘Not now.’| He left.",
        ]);
    }

    #[test]
    fn the_sentences_of_a_quotation_are_apart() {
        check(&[
            "“We will not sign.| We cannot.”| The minister left.",
            "\"We will sign.| But we do not trust you,\" she said.| He left.",
            "“A guarantee,” he said, “is cheap.| It is used once.”",
            "He said: “It is over.| Is it?” and left.",
            "„Das ist falsch.| Wir gehen“, sagte er.",
            "“It goes on.| There is no end",
        ]);
    }

    #[test]
    fn wrapped_lines_go_on_and_headlines_do_not() {
        let text = "Pass the levy\nThe levy works, and it has worked for three years in every\n\
                    province that tried it, whatever the senator may tell us. Mr.\nTolva says that it \
                    does not, and he is wrong about this, as\nhe often is.\n- one item\n- another";
        let expected = [
            "Pass the levy",
            "The levy works, and it has worked for three years in every\nprovince that tried it, \
             whatever the senator may tell us.",
            "Mr.\nTolva says that it does not, and he is wrong about this, as\nhe often is.",
            "- one item",
            "- another",
        ];
        assert_eq!(sentences_of(text), expected);
        let paragraphs: Vec<_> =
            passages(&document(text, &[])).iter().map(|p| p.paragraph).collect();
        assert_eq!(paragraphs, [0, 1, 1, 2, 3]);
    }

    #[test]
    fn cuts_are_left_out_and_their_borders_kept() {
        let text = "Head\nBy A B\n\nKORVAAL — Talks ended. They failed.\n\nBio.";
        let start = text.find("KORVAAL").unwrap();
        let dash = text.find(" Talks").unwrap();
        let cuts = [(5, 11), (start, dash), (text.len() - 4, text.len())];
        let found = passages(&document(text, &cuts));
        let words: Vec<_> = found.iter().map(|p| (p.span.of(text).unwrap(), p.paragraph)).collect();
        assert_eq!(words, [("Head", 0), ("Talks ended.", 1), ("They failed.", 1)]);
    }

    #[test]
    fn what_never_ends_is_split_at_clauses_or_words() {
        let clauses = "the price of bread, the price of coal and the price of air; ".repeat(60);
        let parts = sentences_of(&clauses);
        assert_eq!(parts.len(), 3);
        assert!(parts[..2].iter().all(|part| part.ends_with(';') && part.len() > 1100));
        let solid = "ä".repeat(2000);
        assert_eq!(
            sentences_of(&solid).iter().map(|part| part.len()).collect::<Vec<_>>(),
            [1200, 1200, 1200, 400]
        );
    }

    proptest! {
        #[test]
        fn spans_slice_in_order_and_miss_only_white_space(
            text in "([A-Za-zé ,.!?\n\"“”(’0-9-]{0,40}(\n\n|\\. )?){0,8}",
            borders in proptest::collection::btree_set(0usize..300, 0..6),
        ) {
            let borders: Vec<usize> =
                borders.into_iter().filter(|&at| text.is_char_boundary(at)).collect();
            let cuts: Vec<(usize, usize)> =
                borders.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            let mut covered = vec![false; text.len()];
            for &(start, end) in &cuts {
                covered[start..end].fill(true);
            }
            let mut last = (0, 0);
            for passage in passages(&document(&text, &cuts)) {
                let words = passage.span.of(&text).expect("a slice");
                prop_assert_eq!(words.trim(), words);
                prop_assert!(!words.is_empty() && words.len() <= LONGEST);
                prop_assert!(passage.span.start >= last.0 && passage.paragraph >= last.1);
                last = (passage.span.end, passage.paragraph);
                for byte in &mut covered[passage.span.start..passage.span.end] {
                    prop_assert!(!*byte, "overlaps a cut or another passage");
                    *byte = true;
                }
            }
            for (at, c) in text.char_indices() {
                prop_assert!(covered[at] || c.is_whitespace(), "{:?} at {} is lost", c, at);
            }
        }
    }
}
