//! A tagger of attributions without weights: rules about quotation marks and reporting verbs.
//!
//! It is the floor that a trained tagger has to beat, and it loads at once. In each sentence it looks
//! for a *reporting verb* outside the quotation marks and reads its source from before it ("Maron, the
//! minister, said"), from after it ("…,” said Maron") or from "according to". Its content is what is
//! quoted in the sentence, or else the rest of the clause; a quotation without a verb of its own goes
//! with the nearest source of its paragraph. It does not see nested attributions.

use crate::names::{
    COLLECTIVES, PREPOSITIONS, ROLES, Word, is_opener, name_ending_at, name_starting_at, words,
};
use crate::quotes::{is_speech, quotations};
use standpoint_core::{Attribution, AttributionTagger, ModelError, ModelInfo, Span, Tagged, Task};
use std::ops::RangeInclusive;

/// Verbs that report what somebody says or thinks.
const SPEECH: &[&str] = &[
    "acknowledge", "acknowledged", "acknowledges", "add", "added", "adds", "admit", "admits",
    "admitted", "announced", "announces", "answered", "answers", "argue", "argued", "argues",
    "asked", "asks", "assert", "asserted", "asserts", "assured", "assures", "believe", "believed",
    "believes", "boasted", "boasts", "called", "calls", "cautioned", "cautions", "claim",
    "claimed", "claims", "complain", "complained", "complains", "conceded", "concedes",
    "concluded", "concludes", "contend", "contended", "contends", "continued", "continues",
    "countered", "counters", "declared", "declares", "demanded", "demands", "denied", "denies",
    "described", "describes", "disagreed", "disagrees", "disputed", "disputes", "estimated",
    "estimates", "explained", "explains", "fear", "feared", "fears", "hoped", "hopes", "insist",
    "insisted", "insists", "lamented", "laments", "maintain", "maintained", "maintains", "noted",
    "notes", "objected", "objects", "pledged", "pledges", "pointed", "points", "predict",
    "predicted", "predicts", "promised", "promises", "protested", "protests", "puts", "recalled",
    "remarked", "repeated", "repeats", "replied", "replies", "reply", "responded", "responds",
    "retorted", "retorts", "said", "say", "says", "stated", "states", "stressed", "stresses",
    "suggested", "suggests", "tell", "tells", "testified", "think", "thinks", "thought", "told",
    "urge", "urged", "urges", "vowed", "vows", "want", "wanted", "wants", "warn", "warned",
    "warns", "writes", "wrote",
];

/// Those of them whose source may follow ("…,” said Maron").
const INVERTED: &[&str] = &[
    "added", "adds", "argued", "asked", "explained", "insisted", "noted", "replied", "said",
    "says", "warned", "writes", "wrote",
];

/// Verbs by which a text reports that somebody takes a side.
const SIDING: &[&str] = &[
    "applauded", "applauds", "backed", "backs", "condemned", "condemns", "criticised",
    "criticises", "criticized", "criticizes", "defended", "defends", "denounced", "denounces",
    "dismissed", "dismisses", "endorsed", "endorses", "opposed", "opposes", "praised", "praises",
    "rejected", "rejects", "supported", "supports", "welcomed", "welcomes",
];

/// Words that may stand between a source and its verb.
const BETWEEN: &[&str] = &[
    "again", "also", "did", "does", "friday", "goes", "had", "has", "have", "herself", "himself",
    "just", "later", "long", "monday", "never", "now", "often", "on", "once", "saturday", "since",
    "still", "sunday", "then", "thursday", "to", "tuesday", "wednesday", "went",
];

/// How many words a description between a source and its verb may have ("Maron, who has led the
/// union since its founding, said").
const APPOSITION_WORDS: usize = 16;

/// Whether a cue is a verb of reporting or siding, or "according to".
pub(crate) fn is_report(text: &str, cue: Span) -> bool {
    words(text, cue).iter().any(|word| {
        let lower = word.lower();
        lower == "according" || [SPEECH, SIDING].iter().any(|verbs| verbs.contains(&lower.as_str()))
    })
}

/// The tagger.
#[derive(Debug)]
pub struct RuleTagger {
    info: ModelInfo,
}

impl Default for RuleTagger {
    fn default() -> Self {
        let sources =
            [include_bytes!("rules.rs").as_slice(), include_bytes!("names.rs").as_slice()];
        Self {
            info: ModelInfo {
                name: "rules".to_owned(),
                task: Task::Attribution,
                // The answers depend on these files alone.
                hash: blake3::hash(&sources.concat()).to_hex().to_string(),
                precision: "f32".to_owned(),
                license: "MIT OR Apache-2.0".to_owned(),
                languages: vec!["en".to_owned()],
                // There is no longest input; a number that every reader of JSON can hold stands for that.
                max_tokens: u32::MAX as usize,
                reads_holders: false,
            },
        }
    }
}

impl AttributionTagger for RuleTagger {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn tag(&self, texts: &[&str]) -> Result<Vec<Tagged>, ModelError> {
        let tag = |text: &&str| Tagged { attributions: attributions(text), truncated: 0 };
        Ok(texts.iter().map(tag).collect())
    }
}

/// The attributions of a paragraph, in order.
fn attributions(text: &str) -> Vec<Attribution> {
    let quotations = quotations(text, Span::new(0, text.len()));
    let mut found: Vec<Attribution> = Vec::new();
    // Quotations before the first source of the paragraph.
    let mut waiting: Vec<Span> = Vec::new();
    for sentence in sentences(text, &quotations) {
        let outside: Vec<Word<'_>> = words(text, sentence)
            .into_iter()
            .filter(|word| !quotations.iter().any(|quotation| quotation.contains(word.span)))
            .collect();
        let spoken: Vec<Span> = quotations
            .iter()
            .filter(|quotation| sentence.contains(**quotation) && is_speech(text, **quotation))
            .copied()
            .collect();
        match find_clause(text, &outside) {
            Some((source, cue)) => {
                let span = |range: &RangeInclusive<usize>| {
                    Span::new(outside[*range.start()].span.start, outside[*range.end()].span.end)
                };
                let (source, cue) = (span(&source), span(&cue));
                let mut content = std::mem::take(&mut waiting);
                if spoken.is_empty() {
                    content.push(rest(text, sentence, source, cue));
                } else {
                    content.extend(spoken);
                }
                content.retain(|span| !span.is_empty());
                found.push(Attribution { source: vec![source], cue, content });
            }
            None => match found.last_mut() {
                Some(last) => last.content.extend(spoken),
                None => waiting.extend(spoken),
            },
        }
    }
    found.retain(|attribution| !attribution.content.is_empty());
    found
}

/// The clause that a cue without quotation introduces: what follows it, or, where nothing does, what
/// stands before the source ("The levy is fair, she said.").
fn rest(text: &str, sentence: Span, source: Span, cue: Span) -> Span {
    let after = Span::new(source.end.max(cue.end), sentence.end).trimmed(text);
    let mark = after.of(text).is_some_and(|after| after.starts_with([',', ':']));
    let after = Span::new(after.start + usize::from(mark), after.end).trimmed(text);
    let words_after = words(text, after).len();
    let before = Span::new(sentence.start, source.start.min(cue.start)).trimmed(text);
    if words_after > 1 || before.is_empty() { after } else { before }
}

/// The sentences of a paragraph, as far as full stops outside quotations and capitals tell.
fn sentences(text: &str, quotations: &[Span]) -> Vec<Span> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut marks = text.char_indices().peekable();
    while let Some((at, c)) = marks.next() {
        let closing = matches!(c, '”' | '"' | '»');
        let ended = |end: usize| text[..end].ends_with(['.', '!', '?', '…']);
        let inside = quotations.iter().any(|q| q.start < at && at + c.len_utf8() < q.end);
        let ends = match c {
            '.' | '!' | '?' => !inside,
            _ => closing && ended(at),
        };
        let end = at + c.len_utf8();
        let space = marks.peek().is_some_and(|(_, next)| next.is_whitespace());
        let capital = text[end..]
            .trim_start()
            .starts_with(|c: char| c.is_uppercase() || matches!(c, '“' | '"' | '«'));
        let abbreviated = c == '.' && {
            let word = text[start..at].rsplit(|c: char| !c.is_alphanumeric()).next();
            word.is_some_and(|word| {
                word.chars().count() == 1 || crate::names::is_title(&word.to_lowercase())
            })
        };
        if ends && space && capital && !abbreviated {
            sentences.push(Span::new(start, end).trimmed(text));
            start = end;
        }
    }
    let last = Span::new(start, text.len()).trimmed(text);
    sentences.extend((!last.is_empty()).then_some(last));
    sentences
}

/// Source and cue of the first reporting clause among the words outside quotation marks, as places in
/// `words`.
fn find_clause(
    text: &str,
    words: &[Word<'_>],
) -> Option<(RangeInclusive<usize>, RangeInclusive<usize>)> {
    (0..words.len()).find_map(|at| {
        let lower = words[at].lower();
        if lower == "according" && words.get(at + 1).is_some_and(|next| next.text == "to") {
            let source = source_after(text, words, at + 2)
                .or_else(|| (at + 2 < words.len()).then_some(at + 2..=at + 2));
            return Some((source?, at..=at + 1));
        }
        let word = words[at].text;
        let source = if SPEECH.contains(&word) {
            source_before(text, words, at).or_else(|| {
                let follows_speech = at == 0 || mark_between(text, words[at - 1], words[at]);
                let inverted = follows_speech && INVERTED.contains(&word);
                inverted.then(|| source_after(text, words, at + 1)).flatten()
            })
        } else if SIDING.contains(&word) {
            let named = |range: &RangeInclusive<usize>| words[*range.end()].is_capitalised();
            source_before(text, words, at).filter(named)
        } else {
            None
        };
        Some((source?, at..=at))
    })
}

/// Whether a comma, colon, dash or quotation mark stands between two words.
fn mark_between(text: &str, left: Word<'_>, right: Word<'_>) -> bool {
    let between = Span::new(left.span.end, right.span.start).of(text).unwrap_or_default();
    between.contains([',', ':', ';', '—', '–', '"', '“', '”', '«', '»'])
}

/// Reads the subject of the verb at `verb`.
fn source_before(text: &str, words: &[Word<'_>], verb: usize) -> Option<RangeInclusive<usize>> {
    let mut end = verb.checked_sub(1)?;
    while end > 0
        && is_between(&words[end].lower())
        && !mark_between(text, words[end], words[end + 1])
    {
        end -= 1;
    }
    if mark_between(text, words[end], words[end + 1]) {
        return before_apposition(text, words, end);
    }
    let subject = words[end].lower();
    if ["i", "we", "he", "she", "it"].contains(&subject.as_str()) {
        return Some(end..=end);
    }
    let clause = (0..end).rev().find(|&i| mark_between(text, words[i], words[i + 1]));
    let clause = clause.map_or(0, |i| i + 1);
    if COLLECTIVES.contains(&subject.as_str()) {
        return Some(clause..=end);
    }
    if let Some(range) = name_ending_at(text, words, end) {
        return Some(with_bearer(text, words, range));
    }
    let collective =
        words[clause..=end].iter().any(|word| COLLECTIVES.contains(&word.lower().as_str()));
    (collective || ROLES.contains(&subject.as_str())).then_some(clause..=end)
}

/// The subject of a verb that follows the comma after word `end`: the name before the apposition
/// ("Maron, the defence minister, said"), or the name that is the apposition ("the minister,
/// Maron, said"). The first of several wins, for a description may name others ("Holm, head of Sund
/// Pensions, one of the largest holders, said").
fn before_apposition(text: &str, words: &[Word<'_>], end: usize) -> Option<RangeInclusive<usize>> {
    let from = end.saturating_sub(APPOSITION_WORDS);
    let commas = || (from..end).filter(|&at| mark_between(text, words[at], words[at + 1]));
    let subjects = || {
        commas().filter_map(|at| {
            let range = name_ending_at(text, words, at)?;
            let before = range.start().checked_sub(1).map(|before| words[before].lower());
            let place = before.is_some_and(|word| PREPOSITIONS.contains(&word.as_str()));
            (!place).then_some(range)
        })
    };
    // A full name before a single word, which may be no name: "Outside, Bram Oduin, the baker, said".
    let full = subjects().find(|range| range.start() != range.end());
    let subject = full.or_else(|| subjects().next());
    let apposition = || {
        let start = commas().next_back()? + 1;
        name_starting_at(text, words, start)
    };
    subject.or_else(apposition).or_else(|| name_ending_at(text, words, end))
}

/// The person of the body that `range` names, where one is named just before it: "Bram Oduin of the
/// Farmers' Union says".
fn with_bearer(
    text: &str,
    words: &[Word<'_>],
    range: RangeInclusive<usize>,
) -> RangeInclusive<usize> {
    let bearer = || {
        let mut before = range.start().checked_sub(1)?;
        if words[before].text == "the" {
            before = before.checked_sub(1)?;
        }
        if !["at", "for", "from", "of", "with"].contains(&words[before].text) {
            return None;
        }
        let bearer = name_ending_at(text, words, before.checked_sub(1)?)?;
        (bearer.start() != bearer.end()).then_some(bearer)
    };
    bearer().unwrap_or(range)
}

fn is_between(word: &str) -> bool {
    BETWEEN.contains(&word) || (word.len() > 4 && word.ends_with("ly"))
}

/// Reads a source that follows its verb or "according to": a name within the next few words, or a
/// pronoun, collective or role.
fn source_after(text: &str, words: &[Word<'_>], start: usize) -> Option<RangeInclusive<usize>> {
    let first = words.get(start)?.lower();
    if ["he", "she", "him", "her", "i", "we"].contains(&first.as_str()) {
        return Some(start..=start);
    }
    let introduced = |at: usize| at == start || !is_opener(&words[at].lower());
    let mut near = (start..words.len().min(start + 10)).filter(|&at| introduced(at));
    if let Some(range) = near.find_map(|at| name_starting_at(text, words, at)) {
        return Some(range);
    }
    let described = (start..words.len().min(start + 4)).find(|&at| {
        let word = words[at].lower();
        COLLECTIVES.contains(&word.as_str()) || ROLES.contains(&word.as_str())
    });
    described.map(|end| start..=end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source, cue and contents of each attribution.
    fn read(text: &str) -> Vec<(&str, &str, Vec<&str>)> {
        let of = |span: Span| span.of(text).unwrap();
        attributions(text)
            .into_iter()
            .map(|a| (of(a.source[0]), of(a.cue), a.content.into_iter().map(of).collect()))
            .collect()
    }

    #[test]
    fn a_source_before_its_verb() {
        assert_eq!(
            read("Defence Minister Ilse Maron said that the pledge was empty."),
            [("Defence Minister Ilse Maron", "said", vec!["that the pledge was empty."])]
        );
        assert_eq!(
            read(
                "Ilse Maron, who has led the miners' union since 2019, warned of “a slow death for our valley”."
            ),
            [("Ilse Maron", "warned", vec!["“a slow death for our valley”"])]
        );
        assert_eq!(
            read(
                "Nobody saw it. Pavel Strenn of the Farmers' Union says it would close the dairies."
            ),
            [("Pavel Strenn", "says", vec!["it would close the dairies."])]
        );
    }

    #[test]
    fn a_source_after_its_verb_and_speech_that_goes_on() {
        assert_eq!(
            read("“It is late,” said Jon Arel. “It is too late for a levy of this size.”"),
            [(
                "Jon Arel",
                "said",
                vec!["“It is late,”", "“It is too late for a levy of this size.”"]
            )]
        );
        assert_eq!(
            read("According to Orlen Power, the reactor will open in 2031."),
            [("Orlen Power", "According to", vec!["the reactor will open in 2031."])]
        );
        assert_eq!(
            read("The levy is fair, she said."),
            [("she", "said", vec!["The levy is fair,"])]
        );
    }

    #[test]
    fn a_term_in_quotation_marks_and_a_participle_are_no_attribution() {
        for text in [
            "The so-called “fair share” is a tax on the poor.",
            "It takes an army, asks the poor of Brennia for more, and is sold as peace.",
            "The two states said to be at war are not.",
            "Rejected twice, the plan came back.",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn it_conforms() {
        standpoint_core::testing::check_attribution_tagger(&RuleTagger::default());
    }
}
