//! What the actors of a document speak of: the names and the noun phrases in what is attributed to them.
//!
//! A phrase is read without a tagger of parts of speech: a run of words that are no function words, behind an
//! article, a possessive or a preposition, as English has its nouns ("the trade deal", "against illegal
//! immigration"), or two such runs with a preposition between them ("a ban on assault weapons"). That lets
//! through what is no noun phrase; what many people repeat mostly is one.

use crate::holders::Spoken;
use crate::names::{Word, is_opener, is_title, names, without_titles, words};
use crate::roster::Named;
use crate::speakers::{begins_sentence, between, span};
use standpoint_core::{Holder, Passage, Span, Voice};
use std::collections::{BTreeMap, BTreeSet};

/// What one actor speaks of in one passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subjects<'a> {
    /// The actor, as the document names him or her.
    pub speaker: &'a str,
    /// The passage, by its place in the document.
    pub passage: usize,
    /// Whom and what the words attributed to the actor name, each by its fullest name in the document.
    pub names: BTreeSet<String>,
    /// The noun phrases in these words.
    pub phrases: BTreeSet<String>,
}

/// What the actors of a document speak of, passage by passage.
pub fn subjects<'a>(
    text: &str,
    passages: &[Passage],
    voices: &'a [Vec<Spoken>],
    names: &BTreeMap<String, Named>,
) -> Vec<Subjects<'a>> {
    let mut shorts: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (name, named) in names {
        for short in &named.short {
            // What stood for two stands for neither.
            shorts.entry(short).and_modify(|known| *known = None).or_insert(Some(name));
        }
    }
    let mut found = Vec::new();
    for (passage, voices) in voices.iter().enumerate() {
        for Spoken { holder, voice, content, .. } in voices {
            let (Some(Holder::Actor(speaker)), Voice::Quoted | Voice::Paraphrased) =
                (holder, voice)
            else {
                continue;
            };
            let mut subjects =
                Subjects { speaker, passage, names: BTreeSet::new(), phrases: BTreeSet::new() };
            let place = passages[passage].span;
            for part in content {
                let part = Span::new(part.start.max(place.start), part.end.min(place.end));
                if part.start >= part.end {
                    continue;
                }
                let words = words(text, part);
                subjects.names.extend(names_in(text, &words, &shorts));
                subjects.phrases.extend(phrases_in(text, &words));
            }
            subjects.names.remove(speaker);
            found.push(subjects);
        }
    }
    found
}

/// The names among some words. A single word that begins a sentence tells by no capital that it is one.
fn names_in(
    text: &str,
    words: &[Word<'_>],
    shorts: &BTreeMap<&str, Option<&str>>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for range in names(text, words) {
        let place = span(words, &range);
        let name = without_titles(place.of(text).unwrap_or_default());
        match shorts.get(name.as_str()) {
            Some(full) => found.extend(full.map(str::to_owned)),
            None if name.contains(' ') => drop(found.insert(name)),
            None if begins_sentence(text, place.start)
                || is_title(&name.to_lowercase())
                || ADJECTIVES.contains(&name.as_str()) => {}
            None => drop(found.insert(name)),
        }
    }
    found
}

/// Single words with a capital that name nobody.
const ADJECTIVES: &[&str] = &[
    "African", "Arab", "Asian", "Catholic", "Christian", "Democrat", "Democratic", "European",
    "Islamic", "Jewish", "Muslim", "Republican", "Western",
];

/// The most words of a phrase, prepositions within it counted.
const LONGEST: usize = 4;

/// The noun phrases among some words, and of longer ones how they end, for there is the noun.
fn phrases_in(text: &str, words: &[Word<'_>]) -> BTreeSet<String> {
    let mut phrases = BTreeSet::new();
    let lower: Vec<String> = words.iter().map(Word::lower).collect();
    // White space and nothing else stands between two words of a phrase.
    let goes_on = |at: usize| {
        at > 0 && at < words.len() && between(text, words[at - 1], words[at]).trim().is_empty()
    };
    let is_content = |at: usize| {
        let word = lower[at].as_str();
        word.chars().count() > 2
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'))
            && !is_opener(word)
            && !EMPTY.contains(&word)
            && !BEFORE.contains(&word)
    };
    let run = |start: usize| {
        let mut end = start;
        while end < words.len() && is_content(end) && (end == start || goes_on(end)) {
            end += 1;
        }
        end
    };
    let phrase = |from: usize, to: usize| {
        let whole = Span::new(words[from].span.start, words[to - 1].span.end);
        whole.of(text).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // "the trade deal", "the new trade deal".
    let announced = |at: usize| {
        let before = |at: usize| goes_on(at) && BEFORE.contains(&lower[at - 1].as_str());
        before(at) || goes_on(at) && EMPTY.contains(&lower[at - 1].as_str()) && before(at - 1)
    };
    let mut at = 1;
    while at < words.len() {
        if !(is_content(at) && announced(at)) {
            at += 1;
            continue;
        }
        let end = run(at);
        // What ends in a name is found as one.
        let named = end - at > 1 && words[end - 2..end].iter().all(|word| word.is_capitalised());
        if !named {
            let longest = end.saturating_sub(LONGEST).max(at);
            phrases.extend((longest..end.saturating_sub(1)).map(|from| phrase(from, end)));
        }
        let linked = goes_on(end) && goes_on(end + 1) && LINKS.contains(&lower[end].as_str());
        if linked && is_content(end + 1) {
            let after = run(end + 1);
            if after - at <= LONGEST {
                phrases.insert(phrase(at, after));
            }
        }
        at = end;
    }
    phrases
}

/// Words behind which a noun phrase begins.
const BEFORE: &[&str] = &[
    "a", "about", "against", "an", "between", "by", "for", "from", "her", "his", "in", "into",
    "its", "my", "no", "of", "on", "our", "over", "s", "that", "the", "their", "these", "this",
    "those", "toward", "towards", "under", "with", "without", "your",
];

/// Prepositions within a noun phrase.
const LINKS: &[&str] = &["against", "between", "for", "in", "of", "on", "to", "with"];

/// Words that say little of what a text is about: verbs and adverbs that stand everywhere, and measures of
/// time and number.
const EMPTY: &[&str] = &[
    "able", "absolutely", "actually", "again", "ago", "allow", "almost", "already", "always",
    "anyone", "anything", "are", "aren't", "around", "away", "back", "bad", "became", "become",
    "been", "began", "being", "believe", "best", "better", "big", "bit", "came", "can", "can't",
    "clear", "come", "comes", "coming", "could", "couldn't", "course", "day", "days", "decade",
    "decades", "did", "didn't", "different", "does", "doesn't", "doing", "don't", "done", "down",
    "early", "else", "end", "enough", "entire", "ever", "every", "everybody", "everyone",
    "everything", "exactly", "fact", "far", "feel", "find", "first", "found", "full", "gave",
    "get", "gets", "getting", "give", "given", "gives", "giving", "goes", "going", "gone", "good",
    "got", "great", "had", "half", "happen", "happened", "happening", "has", "have", "haven't",
    "having", "he's", "help", "hour", "hours", "hundred", "hundreds", "i'm", "i've", "idea",
    "important", "isn't", "it's", "just", "keep", "kind", "knew", "know", "known", "knows", "late",
    "least", "less", "let", "let's", "little", "long", "look", "looking", "lot", "lots", "made",
    "make", "makes", "making", "man", "matter", "maybe", "mean", "means", "men", "million",
    "millions", "minute", "minutes", "moment", "month", "months", "morning", "much", "must",
    "need", "needed", "needs", "never", "new", "night", "number", "off", "old", "part", "past",
    "people", "percent", "person", "place", "point", "put", "question", "quite", "rather", "real",
    "really", "reason", "right", "said", "same", "saw", "say", "saying", "says", "second", "see",
    "seen", "several", "she's", "should", "side", "simply", "situation", "something", "sometimes",
    "sort", "stuff", "such", "take", "taken", "takes", "taking", "tell", "than", "that's", "them",
    "there's", "they're", "they've", "thing", "things", "think", "thinks", "third", "thought",
    "thousand", "thousands", "three", "through", "time", "times", "told", "tonight", "too", "took",
    "total", "tried", "try", "trying", "two", "type", "until", "upon", "use", "used", "very",
    "want", "wanted", "wants", "was", "wasn't", "way", "ways", "we're", "we've", "week", "weekend",
    "weeks", "well", "went", "were", "weren't", "whole", "will", "woman", "women", "won't", "word",
    "words", "world", "would", "wouldn't", "wrong", "year", "years", "you're",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RuleTagger, listen, paragraphs};
    use standpoint_core::AttributionTagger;

    fn phrases(text: &str) -> Vec<String> {
        phrases_in(text, &words(text, Span::new(0, text.len()))).into_iter().collect()
    }

    #[test]
    fn phrases_stand_behind_what_announces_a_noun_and_break_off_at_marks() {
        assert_eq!(phrases("we oppose the trade deal, and always will"), ["trade deal"]);
        assert_eq!(
            phrases("a ban on assault weapons is no answer"),
            ["assault weapons", "ban on assault weapons"]
        );
        assert_eq!(
            phrases("with the new transatlantic trade deal"),
            ["trade deal", "transatlantic trade deal"]
        );
        for nothing in [
            "support gun control",
            "in the first place",
            "of the Affordable Care Act",
            "for candidate Donald Trump",
            "the levy. Rivers rise",
            "for 4.5 billion",
            "",
        ] {
            assert_eq!(phrases(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn names_in_attributed_words_are_the_documents_and_never_the_speakers() {
        let text = "Energy Minister Ilse Maron toured the site. Pavel Strenn said that Maron and the \
                    Veldan Wind Union wanted a carbon levy in Brennia, and that Strenn would not pay. \
                    Maron left.";
        let [second, third] = [" Pavel", " Maron left"].map(|start| text.find(start).unwrap());
        let passages = [(0, second), (second + 1, third), (third + 1, text.len())]
            .map(|(start, end)| Passage { span: Span::new(start, end), paragraph: 0 });
        let place = paragraphs(&passages, 2000)[0];
        let tagged = RuleTagger::default().tag(&[place.of(text).unwrap()]).unwrap().remove(0);
        let listened = listen(text, &passages, &[(place, tagged)]);
        let subjects = subjects(text, &passages, &listened.voices, &listened.names);
        assert_eq!(subjects.len(), 1);
        assert_eq!((subjects[0].speaker, subjects[0].passage), ("Pavel Strenn", 1));
        let names: Vec<&str> = subjects[0].names.iter().map(String::as_str).collect();
        assert_eq!(names, ["Brennia", "Ilse Maron", "Veldan Wind Union"]);
        let phrases: Vec<&str> = subjects[0].phrases.iter().map(String::as_str).collect();
        assert_eq!(phrases, ["carbon levy", "carbon levy in Brennia"]);
    }
}
