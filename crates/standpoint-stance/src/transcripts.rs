//! Transcripts: texts in which a label before each turn says who speaks ("PENCE: Well, look, …").
//!
//! Without them an interview would be the author's own words from end to end. But much stands before a
//! colon that is no speaker ("Related:", "FILE PHOTO:", the heads of quoted mail), and a wrong name is
//! worse than none; so a text is read as one only where labels change and come back, and where one of
//! them is a name in its sentences, too.

use crate::names::{Word, is_connector, is_opener, words};
use standpoint_core::Span;
use std::collections::{BTreeMap, BTreeSet};

/// The longest label, in bytes, with what stands in it beside the name: "GOV. MIKE PENCE (R-IN),
/// VICE PRESIDENTIAL CANDIDATE:".
const LONGEST: usize = 80;

/// Fewer labels make no transcript.
const FEWEST: usize = 4;
/// Nor do fewer in capitals.
const FEWEST_IN_CAPITALS: usize = 3;

/// More paragraphs than this without a label, and they are not the turn's: a report goes on between two
/// parts of an interview.
const LONGEST_TURN: usize = 4;

/// So many different labels are looked for in the sentences.
const SOUGHT: usize = 16;

/// Words of what stands before paragraphs and lists of other texts, too.
const NOTICES: &[&str] = &[
    "advertisement", "also", "breaking", "caption", "cc", "claim", "cons", "continued",
    "correction", "date", "disclaimer", "editor", "exclusive", "fact", "file", "image", "key",
    "listen", "more", "must", "note", "notes", "opinion", "photo", "photos", "pros", "read",
    "related", "see", "sent", "source", "sources", "subject", "summary", "tip", "topic", "update",
    "updated", "video", "warning", "watch",
];

/// The label of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    /// The name in it.
    pub(crate) name: Span,
    /// All of it, with its colon.
    pub(crate) whole: Span,
}

/// The turn that each paragraph belongs to, by the paragraph with its label; none anywhere in a text that is
/// no transcript.
pub(crate) fn turns(text: &str, paragraphs: &[Span]) -> Vec<Option<(usize, Label)>> {
    let labels = labels(text, paragraphs);
    let mut turns = vec![None; labels.len()];
    let labelled: Vec<usize> = (0..labels.len()).filter(|&at| labels[at].is_some()).collect();
    for (place, &at) in labelled.iter().enumerate() {
        // Where the last turn ends, nothing tells.
        let next = labelled.get(place + 1).copied().unwrap_or(at + 1);
        let end = if next - at - 1 > LONGEST_TURN { at + 1 } else { next };
        for turn in &mut turns[at..end] {
            *turn = labels[at].map(|label| (at, label));
        }
    }
    turns
}

fn labels(text: &str, paragraphs: &[Span]) -> Vec<Option<Label>> {
    let mut labels: Vec<Option<Label>> =
        paragraphs.iter().map(|place| label(text, *place)).collect();
    let name = |label: &Label| label.name.of(text).unwrap_or_default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in labels.iter().flatten() {
        *counts.entry(name(label)).or_default() += 1;
    }
    // A first word in small letters is a label of many a list ("Look: …"), so two of them have to come back.
    let again = counts.iter().filter(|(_, count)| **count > 1).map(|(name, _)| *name);
    let (capitals, others): (Vec<&str>, Vec<&str>) = again.partition(|name| is_shouted(name));
    let shouted = !capitals.is_empty();
    let counts = |label: &Label| match shouted {
        true => is_shouted(name(label)),
        false => counts[name(label)] > 1,
    };
    labels.iter_mut().for_each(|label| *label = label.filter(counts));
    let names: Vec<&str> = labels.iter().flatten().map(name).collect();
    let changes = names.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let fewest = if shouted { FEWEST_IN_CAPITALS } else { FEWEST };
    let is_transcript = names.len() >= fewest
        && changes >= 2
        && (shouted || others.len() >= 2)
        && names
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(SOUGHT)
            .any(|name| is_named(text, name));
    if is_transcript { labels } else { vec![None; paragraphs.len()] }
}

fn is_shouted(name: &str) -> bool {
    // "McCRORY", "DeSANTIS": small letters inside a word.
    let small = name.chars().filter(|c| c.is_lowercase()).count();
    small <= 2 && name.chars().filter(|c| c.is_uppercase()).count() > small
}

/// Whether the last word of a name stands within a sentence of the text, as names are written.
fn is_named(text: &str, name: &str) -> bool {
    let written = as_written(name);
    let last = written.rsplit(' ').next().unwrap_or_default();
    let whole = |at: usize| !text[at + last.len()..].starts_with(char::is_alphanumeric);
    let inside = |at: usize| {
        let before = text[..at].strip_suffix(' ');
        before.is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == ','))
    };
    last.chars().count() > 1 && text.match_indices(last).any(|(at, _)| inside(at) && whole(at))
}

/// The label that a paragraph begins with.
fn label(text: &str, paragraph: Span) -> Option<Label> {
    const BEFORE: [char; 5] = ['"', '“', '«', '\'', '>'];
    let slice = paragraph.of(text)?;
    let blank = |c: char| BEFORE.contains(&c) || c.is_whitespace();
    let mut rest = slice.trim_start_matches(blank);
    // "[20:15:04] COOPER:"
    if let Some((time, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && time.chars().all(|c| c.is_ascii_digit() || c == ':')
    {
        rest = after.trim_start_matches(blank);
    }
    let (colon, _) =
        rest.char_indices().take_while(|(at, _)| *at <= LONGEST).find(|(_, c)| *c == ':')?;
    let after = rest[colon + 1..].chars().next();
    if after.is_some_and(|c| !c.is_whitespace() && !BEFORE.contains(&c)) {
        return None;
    }
    let start = paragraph.start + slice.len() - rest.len();
    let name = rest[..colon].split(['(', '[', ',']).next().unwrap_or_default().trim_end();
    let label = Label {
        name: Span::new(start, start + name.len()),
        whole: Span::new(start, start + colon + 1),
    };
    let of_a_name = |word: &Word<'_>| {
        word.is_capitalised() || word.text.starts_with(|c: char| c.is_ascii_digit())
    };
    let (all, in_name) = (words(text, label.whole), words(text, label.name));
    let no_notice = |word: &Word<'_>| !NOTICES.contains(&word.lower().as_str());
    let described =
        all.iter().skip(in_name.len()).all(|word| of_a_name(word) || is_connector(word.text));
    let first = in_name.first()?.lower();
    let named = in_name.len() <= 6
        && in_name.iter().all(|word| of_a_name(word) && no_notice(word))
        && described
        && (first == "the" || first == "a" || !is_opener(&first))
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '\'' | '’' | '#'));
    named.then_some(label)
}

/// A name in capitals as it is written elsewhere ("McCRORY" → "McCrory"); any other as it is.
pub(crate) fn as_written(name: &str) -> String {
    if !is_shouted(name) || name.chars().filter(|c| c.is_alphabetic()).count() < 3 {
        return name.to_owned();
    }
    let mut written = String::with_capacity(name.len());
    let mut begins = true;
    for (at, c) in name.char_indices() {
        let scottish = name[..at].to_lowercase();
        let scottish = scottish
            .strip_suffix("mc")
            .is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        if begins || scottish {
            written.push(c);
        } else {
            written.extend(c.to_lowercase());
        }
        begins = !c.is_alphanumeric();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For every paragraph, the name in the label of its turn.
    fn read<'a>(paragraphs: &[&'a str]) -> Vec<Option<&'a str>> {
        let text = paragraphs.join("\n");
        let mut at = 0;
        let places: Vec<Span> = paragraphs
            .iter()
            .map(|paragraph| {
                let place = Span::new(at, at + paragraph.len());
                at = place.end + 1;
                place
            })
            .collect();
        let name = |turn: Option<(usize, Label)>| {
            turn.map(|(at, label)| {
                let start = places[at].start;
                &paragraphs[at][label.name.start - start..label.name.end - start]
            })
        };
        turns(&text, &places).into_iter().map(name).collect()
    }

    #[test]
    fn labels_that_change_and_come_back_make_a_transcript() {
        let transcript = [
            "On Tuesday the two met, and Maron was late.",
            "GOV. ILSE MARON (R-IN), CANDIDATE FOR MAYOR: It is late.",
            "It is very late.",
            "Look: it rained.",
            "“WALLACE: If I may, sir.",
            ">> MARON: You may not.",
            "[20:15:04] WALLACE: At 5:30 then.",
            "They parted.",
        ];
        let maron = Some("GOV. ILSE MARON");
        let (wallace, other) = (Some("WALLACE"), Some("MARON"));
        assert_eq!(read(&transcript), [None, maron, maron, maron, wallace, other, wallace, None]);
        // As interviews are printed.
        let interview =
            ["Ilse Maron: No.", "Jon Arel: Why, Ms. Maron?", "Ilse Maron: It is.", "Jon Arel: So?"];
        assert_eq!(read(&interview).iter().flatten().count(), 4);
    }

    #[test]
    fn a_report_goes_on_between_two_parts_of_an_interview() {
        let mut paragraphs =
            vec!["Then Maron came.", "MARON: It is.", "AREL: Is it?", "MARON: Late.", "Yes."];
        paragraphs.extend(["It rained."; 4]);
        paragraphs.push("AREL: Then go.");
        let (maron, arel) = (Some("MARON"), Some("AREL"));
        let expected = [None, maron, arel, maron, None, None, None, None, None, arel];
        assert_eq!(read(&paragraphs), expected);
        // With one less of them they are the turn's.
        paragraphs.remove(5);
        assert_eq!(read(&paragraphs)[3..], [maron, maron, maron, maron, maron, arel]);
    }

    #[test]
    fn what_stands_before_a_colon_elsewhere_is_no_speaker() {
        let none = |paragraphs: &[&str]| {
            assert_eq!(read(paragraphs), vec![None; paragraphs.len()], "{paragraphs:?}");
        };
        none(&[
            "RELATED: A levy.", "Maron said no.", "RELATED: Bread.", "WATCH: Rain.",
            "RELATED: Ice.",
        ]);
        none(&["FILE PHOTO: A levy.", "KEY POINTS: No.", "FILE PHOTO: The File Photo."]);
        // Labels that nobody is called by.
        none(&["WEATHER: Ice.", "TRAFFIC: Slow.", "WEATHER: Rain.", "TRAFFIC: None."]);
        // One label comes back, and nothing is between.
        none(&[
            "He is Jon Arel.", "Arel: It rained.", "Arel: It snowed.", "Arel: No.", "Arel: Yes.",
        ]);
        // Too few.
        none(&["I met Maron.", "Maron: No.", "Arel: Why?", "Maron: It is late."]);
        // Nobody whose name it would be, in a transcript.
        let transcript = [
            "I met Maron and Arel.",
            "MARON: No.",
            "At 5:30 it rained, he said: it was late.",
            "Here is why: it was late.",
            "In Brennia, nobody asked: it was late.",
            "http://a.example",
            "AREL: Why?",
            "MARON: It is late.",
        ];
        let (maron, arel) = (Some("MARON"), Some("AREL"));
        let expected = [None, maron, maron, maron, maron, maron, arel, maron];
        assert_eq!(read(&transcript), expected);
    }

    #[test]
    fn capitals_become_a_name() {
        for (label, name) in [
            ("PENCE", "Pence"),
            ("GOV. PAT McCRORY", "Gov. Pat McCrory"),
            ("MCCRORY", "McCrory"),
            ("O’MALLEY", "O’Malley"),
            ("VANCE-ORREL", "Vance-Orrel"),
            ("Ilse Maron", "Ilse Maron"),
            ("EU", "EU"),
        ] {
            assert_eq!(as_written(label), name);
        }
    }
}
