//! Whose words a passage is in.
//!
//! A rule-based reading of quotation marks and reporting clauses. It looks for a *reporting verb*
//! outside the quotation marks and reads its *source* from before it ("Maron, the minister, said"),
//! from after it ("…,” said Maron") or from "according to"; a quotation without a source of its own
//! takes that of its paragraph. What it cannot name it still keeps from the author: "critics say"
//! is nobody's record, but it is not the author's view either.
//!
//! What it does not read: nested attribution, endorsement ("rightly warned"), irony, sources named
//! only by a description of more than a few words.

use crate::names::{Actors, Word, is_opener, name_ending_at, name_starting_at, words};
use crate::quotes::quotations;
use standpoint_core::{Passage, Span, Voice};
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

/// Sources without a name, in the plural or as a role.
const COLLECTIVES: &[&str] = &[
    "activists", "advocates", "aides", "allies", "analysts", "backers", "businesses",
    "campaigners", "commentators", "critics", "defenders", "detractors", "diplomats", "doubters",
    "economists", "employers", "engineers", "environmentalists", "executives", "experts",
    "lawmakers", "lobbyists", "many", "ministers", "most", "observers", "officials", "opponents",
    "others", "people", "politicians", "proponents", "protesters", "researchers", "residents",
    "sceptics", "scientists", "skeptics", "some", "supporters", "they", "unions", "voters",
    "workers",
];

/// A single person or body spoken of by role; it stands for the actor last heard.
const ROLES: &[&str] = &[
    "agency", "association", "board", "chairman", "chairwoman", "chancellor", "commission",
    "commissioner", "committee", "company", "council", "director", "economist", "envoy",
    "executive", "federation", "general", "governor", "group", "head", "leader", "mayor",
    "minister", "ministry", "negotiator", "office", "officer", "official", "party", "president",
    "professor", "secretary", "senator", "spokesman", "spokesperson", "spokeswoman", "union",
];

/// Words that may stand between a source and its verb.
const BETWEEN: &[&str] = &[
    "again", "also", "did", "does", "friday", "goes", "had", "has", "have", "herself", "himself",
    "just", "later", "long", "monday", "never", "now", "often", "on", "once", "saturday", "since",
    "still", "sunday", "then", "thursday", "to", "tuesday", "wednesday", "went",
];

/// A quotation of fewer words is a term, unless it ends as a sentence does.
const SPEECH_WORDS: usize = 4;

/// How many words a description between a source and its verb may have ("Maron, who has led the
/// union since its founding, said").
const APPOSITION_WORDS: usize = 16;

/// In whose words a passage stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// The author's own voice, or somebody else's.
    pub voice: Voice,
    /// The fullest name that the document gives of whose voice it is; `None` for the author and
    /// where no name was found.
    pub actor: Option<String>,
}

impl Attribution {
    const OWN: Attribution = Attribution { voice: Voice::Own, actor: None };
}

/// Who a reporting clause says is speaking.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// "I", "we": the author.
    Author,
    /// A name as it stands in the text.
    Named(String),
    /// "he", "she", "the minister": whoever was heard last.
    LastHeard,
    /// "critics", "some": nobody who could be named.
    Unnamed,
}

/// Tells for every passage of a document, in order, whose words it is in.
pub fn attribute(text: &str, passages: &[Passage]) -> Vec<Attribution> {
    let mut actors = Actors::default();
    let mut heard: Option<String> = None;
    let mut attributions = Vec::with_capacity(passages.len());
    for paragraph in passages.chunk_by(|a, b| a.paragraph == b.paragraph) {
        let whole = Span::new(paragraph[0].span.start, paragraph[paragraph.len() - 1].span.end);
        let quotations = quotations(text, whole);
        let before = heard.clone();
        let mut read: Vec<Reading> = Vec::with_capacity(paragraph.len());
        for passage in paragraph {
            let mut reading = Reading::of(text, passage.span, &quotations);
            for name in &reading.names {
                actors.resolve(name);
            }
            for name in &reading.singles {
                actors.note_single(name);
            }
            // "Nobody said so": the capital of a sentence's first word makes no name of it.
            if matches!(&reading.source, Some(Source::Named(name)) if reading.first.as_ref() == Some(name) && !actors.knows(name))
            {
                reading.source = None;
            }
            let actor = match &reading.source {
                Some(Source::Named(name)) => Some(actors.resolve(name)),
                Some(Source::LastHeard) => heard.clone(),
                _ => None,
            };
            // Whoever a sentence is about is whom the next "she said" means.
            let subject = reading.subject.as_deref().map(|name| actors.resolve(name));
            heard = actor.clone().or(subject).or(heard);
            read.push(Reading { actor, ..reading });
        }
        attributions.extend((0..read.len()).map(|at| settle(&read, at, before.as_deref())));
    }
    attributions
}

/// What one passage says by itself.
struct Reading {
    /// Words inside quotation marks are the better half of the passage.
    mostly_quoted: bool,
    /// It holds an utterance, or a part of one.
    speech: bool,
    source: Option<Source>,
    /// The source's full name.
    actor: Option<String>,
    /// All names outside the quotation marks, as they stand.
    names: Vec<String>,
    /// Single words with a capital inside the sentence.
    singles: Vec<String>,
    /// The sentence's first word, where it is outside quotation marks.
    first: Option<String>,
    /// The full name that its sentence begins with, or that follows a title at its beginning.
    subject: Option<String>,
}

impl Reading {
    fn of(text: &str, passage: Span, quotations: &[Span]) -> Reading {
        let (quoted, outside): (Vec<Word<'_>>, Vec<Word<'_>>) = words(text, passage)
            .into_iter()
            .partition(|word| quotations.iter().any(|q| q.contains(word.span)));
        let mostly_quoted = quoted.len() > outside.len();
        let speech = quotations.iter().any(|q| q.overlap(passage) > 0 && is_speech(text, *q));
        let source = find_source(text, &outside);
        let names = full_names(text, &outside);
        let subject = subject(text, &outside);
        let at_start = |word: &&Word<'_>| word.span.start == passage.start;
        let first = outside.first().filter(at_start).map(|word| word.text.to_owned());
        let inner = outside.iter().skip(usize::from(first.is_some()));
        let singles =
            inner.filter(|word| word.is_capitalised()).map(|word| word.text.to_owned()).collect();
        Reading { mostly_quoted, speech, source, actor: None, names, singles, first, subject }
    }
}

/// Whether a quotation is an utterance and not a term: it is long, or it ends as a sentence does.
fn is_speech(text: &str, quotation: Span) -> bool {
    let inner = quotation.of(text).unwrap_or_default().trim_end_matches(['"', '”', '»']);
    words(text, quotation).len() >= SPEECH_WORDS || inner.ends_with([',', '.', '!', '?', '…'])
}

/// The attribution of the passage at `at` of a paragraph's readings.
fn settle(paragraph: &[Reading], at: usize, heard_before: Option<&str>) -> Attribution {
    let reading = &paragraph[at];
    let quoted = reading.speech && reading.mostly_quoted;
    let voice = if reading.speech { Voice::Quoted } else { Voice::Paraphrased };
    match reading.source {
        Some(Source::Author) if !quoted => Attribution::OWN,
        Some(Source::Named(_) | Source::LastHeard | Source::Unnamed) => {
            Attribution { voice, actor: reading.actor.clone() }
        }
        _ if !quoted => Attribution::OWN,
        _ => {
            let earlier = paragraph[..at].iter().rev();
            let later = paragraph[at + 1..].iter();
            let near = earlier.chain(later).find(|other| other.source.is_some());
            let alone = paragraph.iter().all(|other| other.mostly_quoted);
            let actor = match near {
                Some(other) => other.actor.clone(),
                None if alone => heard_before.map(str::to_owned),
                None => None,
            };
            Attribution { voice: Voice::Quoted, actor }
        }
    }
}

/// Names of two words or more outside the quotation marks: they introduce an actor, whom a later
/// surname means.
fn full_names(text: &str, words: &[Word<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match name_starting_at(text, words, at) {
            Some(range) => {
                at = range.end() + 1;
                if range.start() != range.end() {
                    names.push(slice(text, words, range));
                }
            }
            None => at += 1,
        }
    }
    names
}

/// The first full name of a sentence, if it begins within its first words and after no preposition.
fn subject(text: &str, words: &[Word<'_>]) -> Option<String> {
    let range = (0..words.len().min(8)).find_map(|at| {
        let range = name_starting_at(text, words, at)?;
        (range.start() != range.end()).then_some(range)
    })?;
    let before = range.start().checked_sub(1).map(|before| words[before].lower());
    let place = before.is_some_and(|word| PREPOSITIONS.contains(&word.as_str()));
    (!place).then(|| slice(text, words, range))
}

fn slice(text: &str, words: &[Word<'_>], range: RangeInclusive<usize>) -> String {
    let span = Span::new(words[*range.start()].span.start, words[*range.end()].span.end);
    span.of(text).unwrap_or_default().to_owned()
}

/// The source of the first reporting clause among the words outside quotation marks.
fn find_source(text: &str, words: &[Word<'_>]) -> Option<Source> {
    (0..words.len()).find_map(|at| {
        if words[at].lower() == "according"
            && words.get(at + 1).is_some_and(|next| next.text == "to")
        {
            return Some(source_after(text, words, at + 2).unwrap_or(Source::Unnamed));
        }
        let word = words[at].text;
        if SPEECH.contains(&word) {
            source_before(text, words, at).or_else(|| {
                let follows_speech = at == 0 || mark_between(text, words[at - 1], words[at]);
                let inverted = follows_speech && INVERTED.contains(&word);
                inverted.then(|| source_after(text, words, at + 1)).flatten()
            })
        } else if SIDING.contains(&word) {
            source_before(text, words, at).filter(|source| matches!(source, Source::Named(_)))
        } else {
            None
        }
    })
}

/// Whether a comma, colon, dash or quotation mark stands between two words.
fn mark_between(text: &str, left: Word<'_>, right: Word<'_>) -> bool {
    let between = Span::new(left.span.end, right.span.start).of(text).unwrap_or_default();
    between.contains([',', ':', ';', '—', '–', '"', '“', '”', '«', '»'])
}

/// Reads the subject of the verb at `verb`.
fn source_before(text: &str, words: &[Word<'_>], verb: usize) -> Option<Source> {
    let mut end = verb.checked_sub(1)?;
    while end > 0
        && is_between(&words[end].lower())
        && !mark_between(text, words[end], words[end + 1])
    {
        end -= 1;
    }
    if mark_between(text, words[end], words[end + 1]) {
        return before_apposition(text, words, end).map(Source::Named);
    }
    let subject = words[end].lower();
    match subject.as_str() {
        "i" | "we" => return Some(Source::Author),
        "he" | "she" | "it" => return Some(Source::LastHeard),
        _ => {}
    }
    if COLLECTIVES.contains(&subject.as_str()) {
        return Some(Source::Unnamed);
    }
    if let Some(range) = name_ending_at(text, words, end) {
        return Some(Source::Named(slice(text, words, with_bearer(text, words, range))));
    }
    let clause = (0..end).rev().find(|&i| mark_between(text, words[i], words[i + 1]));
    let clause = clause.map_or(0, |i| i + 1);
    let subject_words = || words[clause..=end].iter().map(Word::lower);
    if subject_words().any(|word| COLLECTIVES.contains(&word.as_str())) {
        return Some(Source::Unnamed);
    }
    if ROLES.contains(&subject.as_str()) {
        return Some(Source::LastHeard);
    }
    None
}

/// The subject of a verb that follows the comma after word `end`: the name before the apposition
/// ("Maron, the defence minister, said"), or the name that is the apposition ("the minister,
/// Maron, said"). The first of several wins, for a description may name others ("Holm, head of Sund
/// Pensions, one of the largest holders, said").
fn before_apposition(text: &str, words: &[Word<'_>], end: usize) -> Option<String> {
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
    let range = subject.or_else(apposition).or_else(|| name_ending_at(text, words, end))?;
    Some(slice(text, words, range))
}

/// Words after which a name is a place or a body, and not who speaks.
const PREPOSITIONS: &[&str] = &[
    "after", "against", "at", "before", "by", "for", "from", "in", "near", "of", "on", "to",
    "under", "with",
];

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
fn source_after(text: &str, words: &[Word<'_>], start: usize) -> Option<Source> {
    let first = words.get(start)?.lower();
    match first.as_str() {
        "he" | "she" | "him" | "her" => return Some(Source::LastHeard),
        "i" | "we" => return Some(Source::Author),
        _ => {}
    }
    let introduced = |at: usize| at == start || !is_opener(&words[at].lower());
    let near = (start..words.len().min(start + 10)).filter(|&at| introduced(at));
    for at in near {
        if let Some(range) = name_starting_at(text, words, at) {
            return Some(Source::Named(slice(text, words, range)));
        }
    }
    let described = || words[start..words.len().min(start + 4)].iter().map(Word::lower);
    if described().any(|word| COLLECTIVES.contains(&word.as_str())) {
        return Some(Source::Unnamed);
    }
    described().any(|word| ROLES.contains(&word.as_str())).then_some(Source::LastHeard)
}

/// The text that the stance model reads for a passage: the passage, with the passage before it and
/// after it where these stand in the same paragraph and the same voice. Neighbours tell what "it"
/// and "this" mean; a neighbour in another voice would lend its stance to the wrong holder.
pub fn context(passages: &[Passage], attributions: &[Attribution], at: usize) -> Span {
    let same = |other: usize| {
        passages[other].paragraph == passages[at].paragraph
            && attributions[other] == attributions[at]
    };
    let start = if at > 0 && same(at - 1) { at - 1 } else { at };
    let end = if at + 1 < passages.len() && same(at + 1) { at + 1 } else { at };
    Span::new(passages[start].span.start, passages[end].span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paragraphs of sentences; sentences end at " | ", which is replaced by a blank.
    fn read(paragraphs: &[&str]) -> Vec<(Voice, Option<String>)> {
        let mut text = String::new();
        let mut passages = Vec::new();
        for (paragraph, sentences) in paragraphs.iter().enumerate() {
            for sentence in sentences.split(" | ") {
                let start = text.len();
                text.push_str(sentence);
                passages.push(Passage { span: Span::new(start, text.len()), paragraph });
                text.push(' ');
            }
        }
        attribute(&text, &passages).into_iter().map(|a| (a.voice, a.actor)).collect()
    }

    fn one(sentence: &str) -> (Voice, Option<String>) {
        read(&[sentence]).remove(0)
    }

    fn by(voice: Voice, actor: &str) -> (Voice, Option<String>) {
        (voice, Some(actor.to_owned()))
    }

    #[test]
    fn a_source_before_its_verb() {
        assert_eq!(
            one("Defence Minister Ilse Maron said that the pledge was empty."),
            by(Voice::Paraphrased, "Ilse Maron")
        );
        assert_eq!(
            one(
                "Ilse Maron, who has led the miners' union since 2019, warned of “a slow death for our valley”."
            ),
            by(Voice::Quoted, "Ilse Maron")
        );
        assert_eq!(
            one("The Korvaal Chamber of Commerce on Tuesday said it would sue."),
            by(Voice::Paraphrased, "Korvaal Chamber of Commerce")
        );
        let read = read(&["It was up to Tolva. | Tolva rejected the plan. | Nobody said why."]);
        assert_eq!(read[1], by(Voice::Paraphrased, "Tolva"));
        assert_eq!(read[2], (Voice::Own, None), "a first word's capital makes no name");
    }

    #[test]
    fn a_source_after_its_verb() {
        assert_eq!(
            one("“We cannot pay for this twice,” said Jon Arel, a baker in Tolm."),
            by(Voice::Quoted, "Jon Arel")
        );
        assert_eq!(
            one("\"It is a good law,\" said the union's leader, Piet Orr."),
            by(Voice::Quoted, "Piet Orr")
        );
        assert_eq!(
            one("According to Orlen Power, the reactor will open in 2031."),
            by(Voice::Paraphrased, "Orlen Power")
        );
    }

    #[test]
    fn a_source_with_a_description() {
        for sentence in [
            "Ordovia's chief envoy, Pavel Strenn, rejected the proposal.",
            "Pavel Strenn, head of Sund Pensions, one of the largest holders, said it would fail.",
            "Pavel Strenn of the Farmers' Union says it would close the dairies.",
            "In Korvaal, Pavel Strenn, the envoy, said no.",
            "Outside, Pavel Strenn, the baker, said no.",
            "Rep. Pavel Strenn, D-N.Y., said no.",
        ] {
            assert_eq!(one(sentence), by(Voice::Paraphrased, "Pavel Strenn"), "{sentence}");
        }
        let read =
            read(&["The mayor, Pieter Quill, was there. | He told us that the plant would pay."]);
        assert_eq!(read[1], by(Voice::Paraphrased, "Pieter Quill"));
    }

    #[test]
    fn speech_goes_on_over_sentences_and_paragraphs() {
        let read = read(&[
            "“It is late,” said Jon Arel. | “It is too late for a levy of this size.”",
            "“Nobody asked the bakers what they would have to pay.",
            "The levy is fair. | He added that he would vote no.",
        ]);
        assert_eq!(read[0], by(Voice::Quoted, "Jon Arel"));
        assert_eq!(read[1], by(Voice::Quoted, "Jon Arel"));
        assert_eq!(read[2], by(Voice::Quoted, "Jon Arel"));
        assert_eq!(read[3], (Voice::Own, None));
        assert_eq!(read[4], by(Voice::Paraphrased, "Jon Arel"));
    }

    #[test]
    fn a_surname_is_taken_for_the_name_that_introduced_it() {
        let read = read(&["Energy Minister Ilse Maron toured the site. | Maron said it was safe."]);
        assert_eq!(read[0], (Voice::Own, None));
        assert_eq!(read[1], by(Voice::Paraphrased, "Ilse Maron"));
    }

    #[test]
    fn nobody_in_particular_is_not_the_author() {
        assert_eq!(one("Critics of the levy say it will cost jobs."), (Voice::Paraphrased, None));
        assert_eq!(one("Officials said it would cost jobs."), (Voice::Paraphrased, None));
        assert_eq!(one("Some argue that the week is too short."), (Voice::Paraphrased, None));
    }

    #[test]
    fn the_author_keeps_terms_in_quotation_marks_and_what_the_author_says() {
        assert_eq!(one("The so-called “fair share” is a tax on the poor."), (Voice::Own, None));
        assert_eq!(one("We said so in March, and we say it again."), (Voice::Own, None));
        assert_eq!(
            one("It takes an army, asks the poor of Brennia for more, and is sold as peace.").0,
            Voice::Own
        );
        assert_eq!(one("The two states said to be at war are not."), (Voice::Own, None));
    }

    #[test]
    fn context_stays_in_the_paragraph_and_the_voice() {
        let text = "One. Two. Three.";
        let passages: Vec<Passage> = [(0, 4), (5, 9), (10, 16)]
            .map(|(start, end)| Passage { span: Span::new(start, end), paragraph: 0 })
            .into();
        let own = Attribution::OWN;
        let other = Attribution { voice: Voice::Quoted, actor: None };
        let voices = [own.clone(), own.clone(), other];
        let slice = |at| context(&passages, &voices, at).of(text).unwrap();
        assert_eq!([slice(0), slice(1), slice(2)], ["One. Two.", "One. Two.", "Three."]);
    }
}
