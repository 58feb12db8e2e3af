//! Who a source is: the actor that "Ilse Maron", "Maron", "the minister" or "she" stands for.
//!
//! A document is read once, in order. What it has named so far, with the roles it gave, decides what a
//! later surname, role or pronoun means.

use crate::names::{
    Actors, COLLECTIVES, PREPOSITIONS, ROLES, Word, initials, is_opener, is_title,
    name_starting_at, names, without_titles, words,
};
use crate::roster::Named;
use crate::transcripts::as_written;
use standpoint_core::{Attribution, Span};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Labels of an author's check of what somebody said.
const CHECKS: &[&str] =
    &["the context", "the facts", "the reality", "the ruling", "the truth", "the verdict"];

/// Labels of speakers without a name.
const ANYBODY: &[&str] = &[
    "a", "all", "announcer", "answer", "audience", "caller", "crowd", "female", "host",
    "interviewer", "male", "man", "moderator", "operator", "participant", "q", "question",
    "questioner", "reporter", "speaker", "unidentified", "unknown", "voice", "woman",
];

/// Who a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// "I", "we": the author, unless these are another's words.
    Author,
    Actor(String),
    /// "critics", or no source at all.
    Nobody,
}

/// The actors that a document has named so far.
#[derive(Default)]
pub(crate) struct Known {
    actors: Actors,
    /// Who was introduced last with a role: "minister", "Ilse Maron".
    roles: BTreeMap<String, String>,
    /// What the document says of its full names.
    pub(crate) names: BTreeMap<String, Named>,
    /// Who spoke last, or what the last sentence was about.
    pub(crate) heard: Option<String>,
}

impl Known {
    /// Takes note of the names in a sentence, and gives those that are known for names, with their
    /// places: full ones, and single words that stand for one or are not the first word.
    pub(crate) fn meet(
        &mut self,
        text: &str,
        words: &[Word<'_>],
        passage: Span,
    ) -> Vec<(String, Span)> {
        let mut met = Vec::new();
        for range in names(text, words) {
            let place = span(words, &range);
            let name = place.of(text).unwrap_or_default();
            let single = range.start() == range.end();
            let first = place.start == passage.start;
            if single && first && !self.actors.knows(name) {
                continue;
            }
            if single {
                self.actors.note_single(name);
            }
            let resolved = self.actors.resolve(name);
            self.note(text, place, name, &resolved);
            self.introduce(text, words, &range, &resolved);
            met.push((resolved, place));
        }
        met
    }

    /// Notes what the corpus wants to know of a full name: that it is a person's, and what stands for it.
    fn note(&mut self, text: &str, place: Span, name: &str, resolved: &str) {
        if !resolved.contains(' ') {
            return;
        }
        let bare = without_titles(name);
        let named = self.names.entry(resolved.to_owned()).or_default();
        named.person |= bare.split(' ').count() < name.split_whitespace().count();
        if bare == resolved {
            named.acronym = named.acronym.take().or_else(|| acronym(text, place.end, resolved));
        } else {
            named.short.insert(bare);
        }
    }

    /// Notes the role that a name is introduced with: before it ("Defence Minister Maron"), as its last
    /// word ("Climate Council"), or in apposition ("Maron, the miners' leader,").
    fn introduce(
        &mut self,
        text: &str,
        words: &[Word<'_>],
        range: &RangeInclusive<usize>,
        name: &str,
    ) {
        let mut roles: Vec<String> = Vec::new();
        for word in &words[range.clone()] {
            let lower = word.lower();
            if ROLES.contains(&lower.as_str()) {
                roles.push(lower);
            }
        }
        // The clause after the name's comma, up to the next mark.
        let next = range.end() + 1;
        if next < words.len() && between(text, words[*range.end()], words[next]).trim() == "," {
            let clause = (next..words.len()).take(8);
            let clause = clause.take_while(|&at| {
                at == next
                    || !between(text, words[at - 1], words[at]).contains([',', ';', ':', '—'])
            });
            for at in clause {
                let lower = words[at].lower();
                if PREPOSITIONS.contains(&lower.as_str()) || lower == "who" || lower == "which" {
                    break;
                }
                if ROLES.contains(&lower.as_str()) {
                    roles.push(lower);
                }
            }
        }
        // The words before its comma: "the energy secretary, Hugo Lann".
        if let Some(before) = range.start().checked_sub(1) {
            let mark = between(text, words[before], words[*range.start()]);
            let role = words[before].lower();
            if matches!(mark.trim(), "" | ",") && ROLES.contains(&role.as_str()) {
                roles.push(role);
            }
        }
        for role in roles {
            self.roles.insert(role, name.to_owned());
        }
    }

    /// Notes whom a sentence is about, for the next "she said".
    pub(crate) fn subject(&mut self, text: &str, words: &[Word<'_>]) {
        let found = (0..words.len().min(8)).find_map(|at| {
            let range = name_starting_at(text, words, at)?;
            (range.start() != range.end()).then_some(range)
        });
        let Some(range) = found else { return };
        let before = range.start().checked_sub(1).map(|before| words[before].lower());
        if !before.is_some_and(|word| PREPOSITIONS.contains(&word.as_str())) {
            let name = span(words, &range).of(text).unwrap_or_default();
            self.heard = Some(self.actors.resolve(name));
        }
    }

    /// Who the source of an attribution is.
    pub(crate) fn speaker(&mut self, text: &str, attribution: &Attribution) -> Speaker {
        let Some(source) = attribution.source.first() else { return Speaker::Nobody };
        let words = words(text, *source);
        let speaker = self.named(text, &words);
        if let Speaker::Actor(name) = &speaker {
            self.heard = Some(name.clone());
        }
        speaker
    }

    /// Who speaks under a label of a transcript, by the name in it.
    pub(crate) fn labelled(&mut self, label: &str) -> Speaker {
        // "He" in a turn is hardly its speaker, nor who spoke before.
        self.heard = None;
        let lower = label.to_lowercase();
        if CHECKS.contains(&lower.as_str()) {
            return Speaker::Author;
        }
        let role = lower.strip_prefix("the ").unwrap_or(&lower);
        let words: Vec<String> = role
            .split([' ', '.', '#'])
            .filter(|word| word.chars().any(char::is_alphabetic))
            .map(str::to_owned)
            .collect();
        let of = |list: &[&str], word: &String| list.contains(&word.as_str());
        let anybody = |word: &String| of(ANYBODY, word) || of(COLLECTIVES, word);
        if words.iter().all(anybody) || words.first().is_some_and(|word| word == "unidentified") {
            return Speaker::Nobody;
        }
        if role != lower || words.iter().all(|word| is_title(word) || of(ROLES, word)) {
            return self.role_of(&words).map_or(Speaker::Nobody, Speaker::Actor);
        }
        let written = as_written(label);
        let bare = without_titles(&written);
        if let Some(known) = self.actors.ended_by(&bare) {
            return Speaker::Actor(known.to_owned());
        }
        // "CNN" is written so in sentences, too.
        let as_it_is = !self.actors.knows(&bare) && self.actors.knows(label);
        Speaker::Actor(self.actors.resolve(if as_it_is { label } else { &written }))
    }

    fn named(&mut self, text: &str, source: &[Word<'_>]) -> Speaker {
        let lower: Vec<String> = source.iter().map(Word::lower).collect();
        let last_heard = |known: &Self| known.heard.clone().map_or(Speaker::Nobody, Speaker::Actor);
        match &lower[..] {
            [] => return Speaker::Nobody,
            [only] => match only.as_str() {
                "i" | "we" | "us" | "me" => return Speaker::Author,
                "he" | "she" | "him" | "her" | "it" => return last_heard(self),
                _ => {}
            },
            _ => {}
        }
        if let Some(range) = full_name(text, source) {
            if is_document(&source[*range.end()].lower()) {
                return Speaker::Nobody;
            }
            let name = span(source, &range).of(text).unwrap_or_default();
            let resolved = self.actors.resolve(name);
            self.introduce(text, source, &range, &resolved);
            return Speaker::Actor(resolved);
        }
        // Before its first comma or relative clause a source says who it is.
        let head = (1..source.len())
            .find(|&at| {
                between(text, source[at - 1], source[at]).contains([',', ';', '(', '—'])
                    || ["who", "which", "that"].contains(&lower[at].as_str())
            })
            .unwrap_or(source.len());
        let (source, lower) = (&source[..head], &lower[..head]);
        let capital = source.iter().position(|word| {
            let lower = word.lower();
            // A sentence's first word has a capital whatever it is.
            let role = COLLECTIVES.contains(&lower.as_str()) || ROLES.contains(&lower.as_str());
            word.is_capitalised() && !role && !is_opener(&lower) && !is_title(&lower)
        });
        let Some(end) = source.len().checked_sub(1) else { return Speaker::Nobody };
        let noun = lower[end].as_str();
        match capital {
            // The capital of a sentence's first word makes no name of it ("Nobody said so").
            Some(0)
                if end == 0
                    && begins_sentence(text, source[0].span.start)
                    && !self.actors.knows(source[0].text) =>
            {
                Speaker::Nobody
            }
            Some(_) if is_document(noun) => Speaker::Nobody,
            // "the Kremlin", "Oduin".
            Some(at) if at == end => {
                let name = source[at].text;
                if source[..at].iter().any(|word| PREPOSITIONS.contains(&word.lower().as_str())) {
                    // "a spokesman for Keldon", "people in Dolna".
                    return self.role_of(lower).map_or(Speaker::Nobody, Speaker::Actor);
                }
                Speaker::Actor(self.actors.resolve(name))
            }
            // "European leaders", "the Trump campaign": as named.
            Some(at)
                if end - at <= 3
                    && !lower[at..].iter().any(|w| PREPOSITIONS.contains(&w.as_str())) =>
            {
                let named = Span::new(source[at].span.start, source[end].span.end);
                Speaker::Actor(named.of(text).unwrap_or_default().to_owned())
            }
            Some(_) => Speaker::Nobody,
            None if COLLECTIVES.contains(&noun)
                || lower.iter().any(|w| COLLECTIVES.contains(&w.as_str())) =>
            {
                Speaker::Nobody
            }
            None => match self.role_of(lower) {
                Some(name) => Speaker::Actor(name),
                None if ROLES.contains(&noun) => last_heard(self),
                None => Speaker::Nobody,
            },
        }
    }

    /// The one who was introduced last with a role that these words name, if they begin as a definite
    /// description does ("the minister", "her spokesman").
    fn role_of(&self, source: &[String]) -> Option<String> {
        if source
            .first()
            .is_some_and(|word| ["a", "an", "some", "another", "one"].contains(&word.as_str()))
        {
            return None;
        }
        let role = source.iter().rev().find(|word| ROLES.contains(&word.as_str()))?;
        self.roles.get(role).cloned()
    }
}

/// The first name of two words or more in a source that is not the body or place that somebody is of,
/// and that is more than a title.
fn full_name(text: &str, source: &[Word<'_>]) -> Option<RangeInclusive<usize>> {
    let mut found = None;
    let mut at = 0;
    while at < source.len() {
        let Some(range) = name_starting_at(text, source, at) else {
            at += 1;
            continue;
        };
        at = range.end() + 1;
        let name = span(source, &range).of(text).unwrap_or_default();
        let full = without_titles(name).contains(' ')
            || (range.start() != range.end() && !all_titles(name));
        let before = range.start().checked_sub(1).map(|before| source[before].lower());
        let within = before.is_some_and(|word| PREPOSITIONS.contains(&word.as_str()));
        if full && !within {
            return Some(range);
        }
        if full && found.is_none() && *range.start() == 0 {
            found = Some(range);
        }
    }
    found
}

/// The initials of a name, where they stand in parentheses right behind it.
fn acronym(text: &str, end: usize, name: &str) -> Option<String> {
    // Further than that no initials go, and a text may have a million brackets and no end of one.
    let near: String = text.get(end..)?.strip_prefix(" (")?.chars().take(24).collect();
    let (inside, _) = near.split_once(')')?;
    let letters: String = inside.chars().filter(|c| *c != '.').collect();
    (letters.len() > 1 && letters == initials(name)).then_some(letters)
}

/// Whether the last word of a name says that it names a law, a treaty or a paper, which hold no stance:
/// those who wrote it do.
fn is_document(last: &str) -> bool {
    const DOCUMENTS: &[&str] = &[
        "accord", "act", "agreement", "amendment", "article", "bill", "clause", "code",
        "constitution", "draft", "law", "pact", "paper", "protocol", "report", "resolution",
        "survey", "treaty",
    ];
    DOCUMENTS.contains(&last) || last.chars().all(|c| c.is_ascii_digit())
}

/// Whether a word at this byte is the first of a sentence or of a quotation.
pub(crate) fn begins_sentence(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.trim_end_matches(['“', '"', '«', '‘']);
    let trimmed = before.trim_end();
    trimmed.is_empty()
        || trimmed.ends_with(['.', '!', '?', '…', '”', '"', ':'])
        || before.ends_with('\n')
}

fn all_titles(name: &str) -> bool {
    name.split_whitespace().all(|word| is_title(&word.trim_end_matches('.').to_lowercase()))
}

pub(crate) fn span(words: &[Word<'_>], range: &RangeInclusive<usize>) -> Span {
    Span::new(words[*range.start()].span.start, words[*range.end()].span.end)
}

pub(crate) fn between<'a>(text: &'a str, left: Word<'_>, right: Word<'_>) -> &'a str {
    Span::new(left.span.end, right.span.start).of(text).unwrap_or_default()
}
