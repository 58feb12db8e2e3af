//! Transcripts: texts in which a label before each turn says who speaks ("PENCE: Well, look, …").
//!
//! Without them an interview would be the author's own words from end to end. A text is read so only
//! where labels alternate and come back: "Update:" and "Correction:" stand before paragraphs, too.

use crate::names::words;
use standpoint_core::Span;
use std::collections::BTreeMap;

/// The longest label, in bytes, with what stands in it beside the name: "GOV. MIKE PENCE (R-IN),
/// VICE PRESIDENTIAL CANDIDATE:".
const LONGEST: usize = 80;

/// Fewer labels make no transcript: of those in capitals, and of others.
const FEWEST: (usize, usize) = (3, 4);

/// What stands before paragraphs of other texts, too.
const NOTICES: &[&str] = &[
    "advertisement", "breaking", "caption", "continued", "correction", "disclaimer", "editor",
    "exclusive", "image", "more", "note", "opinion", "photo", "photos", "read", "related", "see",
    "source", "sources", "update", "updated", "video", "warning", "watch",
];

/// The place of the name in the label of every paragraph that has one; none anywhere in a text that is
/// no transcript.
pub(crate) fn labels(text: &str, paragraphs: &[Span]) -> Vec<Option<Span>> {
    let labels: Vec<Option<Span>> = paragraphs.iter().map(|place| label(text, *place)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let found: Vec<usize> = (0..labels.len()).filter(|&at| labels[at].is_some()).collect();
    for name in labels.iter().flatten().filter_map(|span| span.of(text)) {
        *counts.entry(name).or_default() += 1;
    }
    // Small letters make a label of many a first word ("Related: …"), so two have to come back.
    let shouted = |name: &&str| !name.chars().any(char::is_lowercase);
    let repeated = counts.iter().filter(|(_, count)| **count > 1);
    let (capitals, others): (Vec<_>, Vec<_>) = repeated.partition(|(name, _)| shouted(name));
    let (first, last) = (found.first().copied().unwrap_or(0), found.last().copied().unwrap_or(0));
    let alternate = match capitals.is_empty() {
        false => found.len() >= FEWEST.0 && counts.len() >= 2,
        true => found.len() >= FEWEST.1 && others.len() >= 2,
    };
    let is_transcript = alternate && 4 * found.len() > last - first;
    if is_transcript { labels } else { vec![None; paragraphs.len()] }
}

/// The name in the label that a paragraph begins with.
fn label(text: &str, paragraph: Span) -> Option<Span> {
    let slice = paragraph.of(text)?;
    let quote = ['"', '“', '«', '\''];
    let start = slice.len()
        - slice.trim_start_matches(|c: char| quote.contains(&c) || c.is_whitespace()).len();
    let (colon, _) = slice[start..]
        .char_indices()
        .take_while(|(at, _)| *at <= LONGEST)
        .find(|(_, c)| *c == ':')?;
    let after = slice[start + colon + 1..].chars().next();
    if after.is_some_and(|c| !c.is_whitespace() && !quote.contains(&c)) {
        return None;
    }
    let head = &slice[start..start + colon];
    let name = head.split(['(', '[', ',']).next().unwrap_or(head).trim_end();
    let at = paragraph.start + start;
    let place = Span::new(at, at + name.len());
    let words = words(text, place);
    let named = (1..=4).contains(&words.len())
        && words.iter().all(|word| word.is_capitalised())
        && !NOTICES.contains(&words[0].lower().as_str())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '\'' | '’'));
    named.then_some(place)
}

/// A name in capitals as it is written elsewhere ("McCRORY" → "McCrory"); any other as it is.
pub(crate) fn as_written(name: &str) -> String {
    let mut letters = name.chars().filter(|c| c.is_alphabetic());
    if letters.clone().count() < 3 || letters.by_ref().filter(|c| c.is_lowercase()).count() > 1 {
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

    /// The names in the labels of some paragraphs.
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
        let labels = labels(&text, &places);
        let name = |(label, (place, paragraph)): (Option<Span>, (&Span, &&'a str))| {
            label.map(|label| &paragraph[label.start - place.start..label.end - place.start])
        };
        labels.into_iter().zip(places.iter().zip(paragraphs)).map(name).collect()
    }

    #[test]
    fn labels_that_alternate_make_a_transcript() {
        let transcript = [
            "The two met on Tuesday.",
            "GOV. ILSE MARON (R-IN), CANDIDATE: It is late.",
            "It is very late.",
            "“WALLACE: If I may, sir.",
            "MARON: You may not.",
            "WALLACE: At 5:30 then.",
        ];
        let names =
            [None, Some("GOV. ILSE MARON"), None, Some("WALLACE"), Some("MARON"), Some("WALLACE")];
        assert_eq!(read(&transcript), names);
        // As interviews are printed.
        let interview =
            ["Ilse Maron: No.", "Jon Arel: Why?", "Ilse Maron: It is late.", "Jon Arel: Is it?"];
        assert_eq!(read(&interview).iter().flatten().count(), 4);
    }

    #[test]
    fn what_stands_before_a_colon_elsewhere_is_no_speaker() {
        let notices = ["RELATED: A levy.", "Maron said no.", "RELATED: Bread.", "WATCH: Rain."];
        assert_eq!(read(&notices), [None; 4]);
        // One label comes back, and none alternates with it.
        let list = ["Update: It rained.", "Update: It snowed.", "Update: No.", "Update: Yes."];
        assert_eq!(read(&list), [None; 4]);
        let few = ["Maron: No.", "Arel: Why?", "Maron: It is late."];
        assert_eq!(read(&few), [None; 3]);
        let times = ["At 5:30 it rained.", "Here is why: it was late.", "http://a.example", ":"];
        assert_eq!(read(&times), [None; 4]);
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
