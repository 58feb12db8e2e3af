//! Who holds what a passage says.
//!
//! A tagger marks source, cue and content in a paragraph; this module makes of them, for every
//! passage, the *voices* in it: the author's own, and those of the actors that are quoted, paraphrased
//! or whose acts are reported. A source becomes a holder by the fullest name that the document gives:
//! "Ilse Maron", later "Maron", "the minister" where one minister was introduced, "she" for whoever was
//! heard last. Sources that name nobody ("critics", "some") are nobody's, and not the author's either:
//! a wrong name is worse than none.

use crate::names::{Word, are_titled, is_title, words};
use crate::quotes::{is_speech, quotations};
use crate::roster::Named;
use crate::rules::is_report;
use crate::speakers::{Known, Speaker};
use crate::transcripts::{Label, turns};
use serde::Serialize;
use standpoint_core::{Attribution, Holder, Passage, Span, Tagged, Voice};
use std::collections::BTreeMap;

/// One of the voices in a passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spoken {
    /// Whose it is; `None` where the text does not say, or names nobody.
    #[serde(flatten)]
    pub holder: Option<Holder>,
    /// How the passage comes to carry it.
    pub voice: Voice,
    /// The words for the holder in the document: the source, or the actor's name.
    pub mention: Option<Span>,
    /// The cue, in the document.
    pub cue: Option<Span>,
    /// What is attributed, in the document.
    pub content: Vec<Span>,
}

impl Spoken {
    /// The author's own words.
    pub fn own() -> Self {
        Self {
            holder: Some(Holder::Author),
            voice: Voice::Own,
            mention: None,
            cue: None,
            content: Vec::new(),
        }
    }
}

/// The paragraphs of a document that a tagger is asked about: runs of passages of one paragraph, cut
/// where one would be longer than `longest` bytes.
pub fn paragraphs(passages: &[Passage], longest: usize) -> Vec<Span> {
    let mut paragraphs: Vec<Span> = Vec::new();
    for paragraph in passages.chunk_by(|a, b| a.paragraph == b.paragraph) {
        let mut open: Option<Span> = None;
        for passage in paragraph {
            match &mut open {
                Some(span) if passage.span.end - span.start <= longest => {
                    span.end = passage.span.end
                }
                _ => paragraphs.extend(open.replace(passage.span)),
            }
        }
        paragraphs.extend(open);
    }
    paragraphs
}

/// Who speaks in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listened {
    /// The voices in every passage, in order; never empty.
    pub voices: Vec<Vec<Spoken>>,
    /// The full names in the document and the names to which words are attributed, by the text of each.
    pub names: BTreeMap<String, Named>,
}

/// Listens to a document. `tagged` holds the answers for [`paragraphs`], with the place of each.
pub fn listen(text: &str, passages: &[Passage], tagged: &[(Span, Tagged)]) -> Listened {
    let attributions: Vec<Attribution> =
        tagged.iter().flat_map(|(place, tagged)| in_document(*place, tagged)).collect();
    let mut known = Known::default();
    let mut rest = &attributions[..];
    let mut voices = Vec::with_capacity(passages.len());
    let paragraphs: Vec<&[Passage]> =
        passages.chunk_by(|a, b| a.paragraph == b.paragraph).collect();
    let places: Vec<Span> = paragraphs.iter().map(|paragraph| whole(paragraph)).collect();
    let turns = turns(text, &places);
    let mut turn = None;
    for (at, paragraph) in paragraphs.into_iter().enumerate() {
        let place = places[at];
        let here = rest.partition_point(|attribution| attribution.cue.start < place.end);
        let (attributions, later) = rest.split_at(here);
        rest = later;
        let label = turns[at].filter(|(first, _)| *first == at).map(|(_, label)| label);
        turn = match label {
            Some(label) => known.turn(text, label),
            None => turn.filter(|_| turns[at].is_some()),
        };
        let label = label.map(|label| label.whole);
        let before = known.heard.clone();
        // Of "“MARON: It is fair." the quotation is the turn.
        let quoted = match label {
            Some(label) if label.start > place.start => Vec::new(),
            _ => quotations(text, place),
        };
        let mut heard: Vec<Heard<'_>> = Vec::new();
        let is_label = |span: Span| label.is_some_and(|label| label.overlap(span) > 0);
        // Names are met in the order of the text, sources at their cues.
        let attributions =
            attributions.iter().filter(|a| !a.source.first().is_some_and(|s| is_label(*s)));
        let mut cues = attributions.peekable();
        let mut named: Vec<Vec<(String, Span)>> = Vec::with_capacity(paragraph.len());
        for passage in paragraph {
            let mut outside = outside(text, passage.span, &quoted);
            outside.retain(|word| !is_label(word.span));
            named.push(known.meet(text, &outside, passage.span));
            while let Some(attribution) = cues.next_if(|a| a.cue.start < passage.span.end) {
                heard.push(Heard { attribution, speaker: known.speaker(text, attribution) });
            }
            known.subject(text, &outside);
        }
        let context = Paragraph { text, quoted: &quoted, heard: &heard, before: before.as_deref() };
        for (passage, named) in paragraph.iter().zip(named) {
            let spoken = context.voices(passage.span, paragraph, named);
            voices.push(match &turn {
                Some(turn) => turn.spoken(passage.span, spoken),
                None => spoken,
            });
        }
    }
    let mut names = known.names;
    for Spoken { holder, voice, .. } in voices.iter().flatten() {
        if let (Some(Holder::Actor(name)), Voice::Quoted | Voice::Paraphrased) = (holder, voice) {
            names.entry(name.clone()).or_default().heard = true;
        }
    }
    Listened { voices, names }
}

/// The full names in a document that nobody listens to, as [`listen`] would tell them but for who is heard.
pub fn named(text: &str, passages: &[Passage]) -> BTreeMap<String, Named> {
    let mut known = Known::default();
    for paragraph in passages.chunk_by(|a, b| a.paragraph == b.paragraph) {
        let quoted = quotations(text, whole(paragraph));
        for passage in paragraph {
            known.meet(text, &outside(text, passage.span, &quoted), passage.span);
        }
    }
    known.names
}

/// From where a paragraph begins to where it ends.
fn whole(paragraph: &[Passage]) -> Span {
    Span::new(paragraph[0].span.start, paragraph[paragraph.len() - 1].span.end)
}

/// The attributions of a paragraph, at their bytes in the document.
fn in_document(place: Span, tagged: &Tagged) -> impl Iterator<Item = Attribution> + '_ {
    // Saturating: a damaged store may hold any number, and a span that does not slice is no text.
    let at = move |byte: usize| byte.saturating_add(place.start);
    let moved = move |span: &Span| Span::new(at(span.start), at(span.end));
    tagged.attributions.iter().map(move |attribution| Attribution {
        source: attribution.source.iter().map(moved).collect(),
        cue: moved(&attribution.cue),
        content: attribution.content.iter().map(moved).collect(),
    })
}

/// What somebody says under a label of a transcript.
struct Turn {
    /// `None` where the label names nobody.
    holder: Option<Holder>,
    label: Label,
}

impl Turn {
    /// The voices in a passage of the turn: what would be the author's, or has no cue, is the speaker's.
    fn spoken(&self, passage: Span, mut voices: Vec<Spoken>) -> Vec<Spoken> {
        voices.retain(|spoken| spoken.voice != Voice::Reported);
        let begins = passage.start.max(self.label.whole.end.min(passage.end));
        for spoken in &mut voices {
            if spoken.voice == Voice::Own || spoken.cue.is_none() {
                *spoken = Spoken {
                    holder: self.holder.clone(),
                    voice: Voice::Quoted,
                    mention: Some(self.label.name),
                    cue: None,
                    content: vec![Span::new(begins, passage.end)],
                };
            }
        }
        voices
    }
}

impl Known {
    /// The turn that a label begins; `None` where the author goes on under it.
    fn turn(&mut self, text: &str, label: Label) -> Option<Turn> {
        let holder = match self.labelled(label.name.of(text).unwrap_or_default()) {
            Speaker::Author => return None,
            Speaker::Actor(name) => Some(Holder::Actor(name)),
            Speaker::Nobody => None,
        };
        Some(Turn { holder, label })
    }
}

/// An attribution, and who its source is.
struct Heard<'a> {
    attribution: &'a Attribution,
    speaker: Speaker,
}

/// The words of a passage that stand outside quotation marks, by whose capitals names are told: none where it is
/// set as a title, for where "Obama Sees Insult" ends to be a name, no capital tells.
fn outside<'a>(text: &'a str, passage: Span, quoted: &[Span]) -> Vec<Word<'a>> {
    let mut words = words(text, passage);
    if are_titled(&words) {
        return Vec::new();
    }
    words.retain(|word| !quoted.iter().any(|quotation| quotation.contains(word.span)));
    words
}

/// A paragraph with what is known of its speakers.
struct Paragraph<'a> {
    text: &'a str,
    quoted: &'a [Span],
    heard: &'a [Heard<'a>],
    /// Who was heard before it.
    before: Option<&'a str>,
}

/// Verbs under which nothing is yet said.
const MODALS: &[&str] = &["could", "may", "might", "must", "should", "would"];

/// Words by which an author agrees with what another says.
const ENDORSING: &[&str] = &[
    "aptly", "convincingly", "correctly", "justly", "persuasively", "rightly", "sensibly",
    "shrewdly", "truthfully", "wisely",
];

/// Of a passage that is the author's, at least this share is in nobody else's words.
const OWN_SHARE: f64 = 0.5;

impl Paragraph<'_> {
    /// The voices in one of the paragraph's passages; `named` are the names in it.
    fn voices(
        &self,
        passage: Span,
        paragraph: &[Passage],
        named: Vec<(String, Span)>,
    ) -> Vec<Spoken> {
        let mut spoken: Vec<Spoken> = Vec::new();
        let mut others: Vec<Span> = Vec::new();
        let mut author = false;
        for Heard { attribution, speaker } in self.heard {
            let content = attribution.content.iter().copied();
            let content: Vec<Span> = content.filter(|span| span.overlap(passage) > 0).collect();
            if content.is_empty() {
                continue;
            }
            if *speaker == Speaker::Author && !self.in_quotation(attribution.cue) {
                author = true;
                continue;
            }
            let bytes: usize = content.iter().map(|span| span.overlap(passage)).sum();
            let quoted = 2 * self.quoted_bytes(&content, passage) > bytes;
            // What somebody would say, and what nobody is said to say, is the author's.
            let unsaid = attribution.source.is_empty() || self.is_hypothetical(attribution.cue);
            if unsaid && !quoted {
                continue;
            }
            // "As Maron rightly warned": the author says the same.
            author |= self.is_endorsed(attribution.cue);
            // A tagger finds views and plans of all kinds ("the bill seeks to"): only a verb of
            // reporting, or a quotation, takes a passage away from the author.
            if quoted || is_report(self.text, attribution.cue) {
                others.push(extent(attribution, passage));
            }
            let holder = match speaker {
                Speaker::Actor(name) => Some(Holder::Actor(name.clone())),
                Speaker::Author | Speaker::Nobody => None,
            };
            if spoken.iter().any(|known| known.holder == holder) {
                continue;
            }
            let voice = if quoted { Voice::Quoted } else { Voice::Paraphrased };
            spoken.push(Spoken {
                holder,
                voice,
                mention: attribution.source.first().copied(),
                cue: Some(attribution.cue),
                content: attribution.content.clone(),
            });
        }
        let mostly_quoted = 2 * self.quoted_bytes(&[passage], passage) > passage.len();
        if spoken.is_empty() && mostly_quoted && self.is_speech(passage) {
            return vec![self.continued(passage, paragraph)];
        }
        let own = passage.len().saturating_sub(covered(&others, passage));
        if author || own as f64 >= OWN_SHARE * passage.len() as f64 {
            let acting = named.into_iter().filter(|(name, mention)| {
                let holder = Some(Holder::Actor(name.clone()));
                may_act(self.text, passage, *mention)
                    && !spoken.iter().any(|known| known.holder == holder)
            });
            let mut acts: Vec<Spoken> = Vec::new();
            for (name, mention) in acting {
                let holder = Some(Holder::Actor(name));
                if !acts.iter().any(|known| known.holder == holder) {
                    let act = Spoken {
                        holder,
                        voice: Voice::Reported,
                        mention: Some(mention),
                        ..Spoken::own()
                    };
                    acts.push(act);
                }
            }
            spoken.insert(0, Spoken::own());
            spoken.extend(acts);
        }
        spoken
    }

    /// Whether a cue stands under "would", "should" and the like.
    fn is_hypothetical(&self, cue: Span) -> bool {
        let before = self.text.get(..cue.start).unwrap_or_default().split_whitespace().next_back();
        let words = cue.of(self.text).unwrap_or_default().split_whitespace().chain(before);
        words.into_iter().any(|word| MODALS.contains(&word.to_lowercase().as_str()))
    }

    /// Whether one of the two words before a cue, or the one after it, says that it is right.
    fn is_endorsed(&self, cue: Span) -> bool {
        let near = |text: &str, words: usize, from_end: bool| {
            let mut all: Vec<String> =
                text.split_whitespace().map(|w| w.trim_matches(',').to_lowercase()).collect();
            if from_end {
                all.reverse();
            }
            all.truncate(words);
            all.iter().any(|word| ENDORSING.contains(&word.as_str()))
        };
        let before = self.text.get(..cue.start).unwrap_or_default();
        let after = self.text.get(cue.end..).unwrap_or_default();
        let head = before.char_indices().rev().nth(40).map_or(0, |(at, _)| at);
        let tail = after.char_indices().nth(40).map_or(after.len(), |(at, _)| at);
        near(&before[head..], 2, true) || near(&after[..tail], 1, false)
    }

    fn in_quotation(&self, span: Span) -> bool {
        self.quoted.iter().any(|quotation| quotation.overlap(span) > 0)
    }

    fn quoted_bytes(&self, of: &[Span], passage: Span) -> usize {
        let within =
            |span: &Span| Span::new(span.start.max(passage.start), span.end.min(passage.end));
        let quoted = |span: Span| self.quoted.iter().map(move |q| q.overlap(span)).sum::<usize>();
        of.iter().map(within).map(quoted).sum()
    }

    fn is_speech(&self, passage: Span) -> bool {
        self.quoted.iter().any(|q| q.overlap(passage) > 0 && is_speech(self.text, *q))
    }

    /// A quotation without a cue goes with the nearest speaker of its paragraph; where the whole
    /// paragraph is quoted, with whoever was heard before it.
    fn continued(&self, passage: Span, paragraph: &[Passage]) -> Spoken {
        let distance = |heard: &&Heard<'_>| {
            let cue = heard.attribution.cue;
            // Of two as near, the one before.
            (cue.start.abs_diff(passage.start), cue.start > passage.start)
        };
        let near = self.heard.iter().filter(|heard| !self.in_quotation(heard.attribution.cue));
        let near = near.min_by_key(distance);
        let alone = paragraph
            .iter()
            .all(|one| 2 * self.quoted_bytes(&[one.span], one.span) > one.span.len());
        let (holder, mention, cue) = match near {
            Some(Heard { attribution, speaker }) => {
                let holder = match speaker {
                    Speaker::Actor(name) => Some(Holder::Actor(name.clone())),
                    _ => None,
                };
                (holder, attribution.source.first().copied(), Some(attribution.cue))
            }
            None if alone => (self.before.map(|name| Holder::Actor(name.to_owned())), None, None),
            None => (None, None, None),
        };
        Spoken { holder, voice: Voice::Quoted, mention, cue, content: vec![passage] }
    }
}

/// Prepositions that are no conjunctions, and do not bring in who acts as "by" does.
const GOVERNING: &[&str] = &[
    "about", "against", "among", "at", "between", "for", "from", "in", "into", "like", "near",
    "of", "on", "over", "than", "to", "toward", "towards", "under", "with", "without",
];

/// Whether a name stands where the one who acts can stand: not behind a preposition ("the crowd
/// against Maron"), not as a possessive ("Maron's brother"), and not last in its clause.
fn may_act(text: &str, passage: Span, mention: Span) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let after = part(mention.end, passage.end);
    let mut marks = after.trim_start().chars();
    let last = match marks.next() {
        None | Some(';' | ':' | '!' | '?') => true,
        // In "the U.S. has" the full stop ends no clause.
        Some('.') => !marks.as_str().trim_start().starts_with(char::is_lowercase),
        Some(_) => false,
    };
    let possessive = after.starts_with(['\'', '’']);
    let mut before = words(text, Span::new(passage.start, mention.start));
    let mut right = mention.start;
    let mut governed = false;
    while let Some(word) = before.pop() {
        let lower = word.lower();
        let mark = part(word.span.end, right).trim();
        if !(mark.is_empty() || (mark == "." && is_title(&lower))) {
            break;
        }
        governed = GOVERNING.contains(&lower.as_str());
        if !is_title(&lower) && !["a", "an", "the"].contains(&lower.as_str()) {
            break;
        }
        right = word.span.start;
    }
    !(last || possessive || governed)
}

/// From where an attribution begins in a passage to where it ends, a description of the source between
/// source and cue included.
fn extent(attribution: &Attribution, passage: Span) -> Span {
    let parts = attribution.source.iter().chain(&attribution.content).chain([&attribution.cue]);
    let here = parts.filter(|part| part.overlap(passage) > 0);
    here.fold(Span::new(passage.end, passage.start), |extent, part| {
        Span::new(extent.start.min(part.start), extent.end.max(part.end))
    })
}

/// Bytes of a passage that some of the spans cover.
fn covered(spans: &[Span], passage: Span) -> usize {
    let mut spans: Vec<Span> = spans.to_vec();
    spans.sort_unstable();
    let (mut bytes, mut end) = (0, passage.start);
    for span in spans {
        let (from, to) = (span.start.max(end), span.end.min(passage.end));
        bytes += to.saturating_sub(from);
        end = end.max(to);
    }
    bytes
}

/// The text that the stance model reads for a passage: the passage, with the passage before it and
/// after it where these stand in the same paragraph and have the same voices. Neighbours tell what
/// "it" and "this" mean; a neighbour in another voice would lend its stance to the wrong holder.
pub fn context(passages: &[Passage], voices: &[Vec<Spoken>], at: usize) -> Span {
    let holders = |at: usize| {
        voices[at].iter().filter(|s| s.voice != Voice::Reported).map(|s| (&s.holder, s.voice))
    };
    let same = |other: usize| {
        passages[other].paragraph == passages[at].paragraph && holders(other).eq(holders(at))
    };
    let start = if at > 0 && same(at - 1) { at - 1 } else { at };
    let end = if at + 1 < passages.len() && same(at + 1) { at + 1 } else { at };
    Span::new(passages[start].span.start, passages[end].span.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleTagger;
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
    use standpoint_core::AttributionTagger;

    /// Paragraphs of sentences; sentences end at " | ", which is replaced by a blank.
    fn document(paragraphs: &[&str]) -> (String, Vec<Passage>) {
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
        (text, passages)
    }

    /// Voice and holder of the first voice of every passage, as the rules find them.
    fn read(paragraphs: &[&str]) -> Vec<(Voice, Option<String>)> {
        let (text, passages) = document(paragraphs);
        let places = super::paragraphs(&passages, 2000);
        let texts: Vec<&str> = places.iter().map(|place| place.of(&text).unwrap()).collect();
        let tagged = RuleTagger::default().tag(&texts).unwrap();
        let tagged: Vec<_> = places.into_iter().zip(tagged).collect();
        let name = |holder: &Option<Holder>| match holder {
            Some(Holder::Actor(name)) => Some(name.clone()),
            Some(Holder::Author) | None => None,
        };
        let voices = listen(&text, &passages, &tagged).voices;
        voices.iter().map(|spoken| (spoken[0].voice, name(&spoken[0].holder))).collect()
    }

    fn one(sentence: &str) -> (Voice, Option<String>) {
        read(&[sentence]).remove(0)
    }

    fn by(voice: Voice, actor: &str) -> (Voice, Option<String>) {
        (voice, Some(actor.to_owned()))
    }

    #[test]
    fn a_source_with_a_description_is_named() {
        for sentence in [
            "Ordovia's chief envoy, Pavel Strenn, rejected the proposal.",
            "Pavel Strenn, head of Sund Pensions, one of the largest holders, said it would fail.",
            "Pavel Strenn of the Farmers' Union says it would close the dairies.",
            "In Korvaal, Pavel Strenn, the envoy, said no to it.",
            "Outside, Pavel Strenn, the baker, said no to it.",
            "Rep. Pavel Strenn, D-N.Y., said no to it.",
        ] {
            assert_eq!(one(sentence), by(Voice::Paraphrased, "Pavel Strenn"), "{sentence}");
        }
        assert_eq!(
            one("The Korvaal Chamber of Commerce on Tuesday said it would sue."),
            by(Voice::Paraphrased, "Korvaal Chamber of Commerce")
        );
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
    fn a_transcript_has_the_speakers_that_its_labels_name() {
        let read = read(&[
            "Ilse Maron, Bill de Arel and CNN met on Tuesday, and Maron was late.",
            "DE AREL: The levy is a mistake.",
            "It is bad for bakers. | Maron is wrong.",
            "He said that it was late.",
            "GOV. ILSE MARON (R), CANDIDATE: It is fair. | Bakers rejected it, the papers said.",
            "Q: “Is it late, for the bakers?”",
            "“CNN: I think it is.",
            "THE FACTS: It was early. | Jon Pohl said so.",
            "He said it twice.",
            "UNIDENTIFIED MALE #2: It was late.",
            "DE AREL: It is.",
            "They parted at noon.",
        ]);
        let arel = by(Voice::Quoted, "Bill de Arel");
        let expected = [
            (Voice::Own, None),
            arel.clone(),
            arel.clone(),
            arel.clone(),
            // "He" is neither the speaker nor known.
            (Voice::Paraphrased, None),
            by(Voice::Quoted, "Ilse Maron"),
            (Voice::Paraphrased, None),
            (Voice::Quoted, None),
            by(Voice::Quoted, "CNN"),
            (Voice::Own, None),
            by(Voice::Paraphrased, "Jon Pohl"),
            by(Voice::Paraphrased, "Jon Pohl"),
            (Voice::Quoted, None),
            arel,
            (Voice::Own, None),
        ];
        assert_eq!(read, expected);
    }

    proptest! {
        #[test]
        fn any_text_can_be_listened_to(
            paragraphs in vec("([\\[“> ]{0,3}[A-ZÉ’. ]{1,9}[:, ]{1,2})?[^|\n]{0,40}", 1..12),
        ) {
            let paragraphs: Vec<&str> = paragraphs.iter().map(String::as_str).collect();
            let (text, passages) = document(&paragraphs);
            let places = super::paragraphs(&passages, 2000);
            let texts: Vec<&str> = places.iter().map(|place| place.of(&text).unwrap()).collect();
            let tagged = RuleTagger::default().tag(&texts).unwrap();
            let tagged: Vec<_> = places.into_iter().zip(tagged).collect();
            let voices = listen(&text, &passages, &tagged).voices;
            prop_assert_eq!(voices.len(), passages.len());
            for spoken in voices.iter().flatten() {
                let spans = spoken.mention.iter().chain(&spoken.cue).chain(&spoken.content);
                prop_assert!(spans.into_iter().all(|span| span.of(&text).is_some()), "{spoken:?}");
            }
            prop_assert!(voices.iter().all(|spoken| !spoken.is_empty()));
            named(&text, &passages);
        }
    }

    #[test]
    fn who_is_only_spoken_of_is_not_asked_for_an_act() {
        let acting = |sentence: &str| -> Vec<String> {
            let (text, passages) = document(&[sentence]);
            let voices = listen(&text, &passages, &[]).voices.remove(0);
            let acts = voices.into_iter().filter(|spoken| spoken.voice == Voice::Reported);
            acts.filter_map(|act| Some(act.holder?.name().to_owned())).collect()
        };
        assert_eq!(acting("In Korvaal the envoy Pavel Strenn blocked a levy."), ["Pavel Strenn"]);
        assert_eq!(
            acting("After Pavel Strenn left, the U.S. blocked it."),
            ["Pavel Strenn", "U.S"]
        );
        assert_eq!(acting("It was blocked by Pavel Strenn and others."), ["Pavel Strenn"]);
        assert_eq!(acting("After talks with the minister, Korvaal blocked it."), ["Korvaal"]);
        assert_eq!(acting("At the council Pavel Strenn blocked it."), ["Pavel Strenn"]);
        for passive in [
            "A crowd marched against Pavel Strenn and the levy.",
            "The brother of the envoy Pavel Strenn blocked a levy.",
            "Yesterday Pavel Strenn’s brother blocked a levy.",
            "The levy was the work of a baker: Pavel Strenn.",
            "Why Pavel Strenn Blocked the New Levy and Nobody Else Could",
        ] {
            assert_eq!(acting(passive), [""; 0], "{passive}");
        }
        assert_eq!(acting("I’ve seen Pavel Strenn block it; Don’t ask."), ["Pavel Strenn"]);
    }

    #[test]
    fn a_surname_a_role_and_a_pronoun_mean_who_was_introduced() {
        let read = read(&[
            "Energy Minister Ilse Maron toured the site. | Maron said it was safe.",
            "General Jon Arel disagreed. | The minister said that he was wrong.",
            "“No,” said the general. | She said that it was done.",
        ]);
        assert_eq!(read[0], (Voice::Own, None));
        assert_eq!(read[1], by(Voice::Paraphrased, "Ilse Maron"));
        assert_eq!(read[3], by(Voice::Paraphrased, "Ilse Maron"), "not the general, heard last");
        assert_eq!(read[4], by(Voice::Quoted, "Jon Arel"));
    }

    #[test]
    fn collectives_with_a_name_are_holders_and_those_without_are_nobody() {
        assert_eq!(
            one("European officials said that it would fail."),
            by(Voice::Paraphrased, "European officials")
        );
        assert_eq!(
            one("The White House said that it would fail."),
            by(Voice::Paraphrased, "White House")
        );
        for nobody in [
            "Critics of the levy say it will fail.",
            "Nobody said that it would fail.",
            "Article 8 says that it will fail.",
            "The Carbon Price Bill says that it will fail.",
            "Some argue that it is too short.",
            "Officials said it would fail.",
        ] {
            assert_eq!(one(nobody).1, None, "{nobody}");
        }
    }

    #[test]
    fn the_author_keeps_terms_in_quotation_marks_and_what_the_author_says() {
        for own in [
            "The so-called “fair share” is a tax on the poor.",
            "We said so in March, and we say it again.",
            "It takes an army, asks the poor of Brennia for more, and is sold as peace.",
            "The two states said to be at war are not.",
        ] {
            assert_eq!(one(own), (Voice::Own, None), "{own}");
        }
    }

    /// An attribution with its parts given by their words.
    fn attribution(text: &str, source: &str, cue: &str, content: &str) -> Attribution {
        let find = |part: &str| {
            let start = text.find(part).unwrap();
            Span::new(start, start + part.len())
        };
        Attribution { source: vec![find(source)], cue: find(cue), content: vec![find(content)] }
    }

    #[test]
    fn of_two_attributions_one_in_the_other_both_are_kept() {
        let text = "Ilse Maron warned that Jon Arel believes the levy will fail.";
        let passages = [Passage { span: Span::new(0, text.len()), paragraph: 0 }];
        let attributions = vec![
            attribution(text, "Ilse Maron", "warned", "that Jon Arel believes the levy will fail."),
            attribution(text, "Jon Arel", "believes", "the levy will fail"),
        ];
        let tagged = Tagged { attributions, truncated: 0 };
        let voices = listen(text, &passages, &[(passages[0].span, tagged)]).voices;
        let holders: Vec<_> = voices[0].iter().map(|s| s.holder.as_ref().unwrap().name()).collect();
        assert_eq!(holders, ["Ilse Maron", "Jon Arel"]);
        assert_eq!(voices[0][1].content[0].of(text), Some("the levy will fail"));
    }

    #[test]
    fn whom_the_author_endorses_the_author_agrees_with() {
        let voices = |text: &str| {
            let passages = [Passage { span: Span::new(0, text.len()), paragraph: 0 }];
            let attributions =
                vec![attribution(text, "Ilse Maron", "warned", "that the levy will fail")];
            let tagged = Tagged { attributions, truncated: 0 };
            let voices = listen(text, &passages, &[(passages[0].span, tagged)]).voices.remove(0);
            voices.iter().map(|s| (s.voice, s.holder.clone().unwrap())).collect::<Vec<_>>()
        };
        let maron = (Voice::Paraphrased, Holder::Actor("Ilse Maron".to_owned()));
        let plain = voices("Ilse Maron has warned that the levy will fail.");
        assert_eq!(plain, std::slice::from_ref(&maron));
        let endorsed = voices("Ilse Maron has rightly warned that the levy will fail.");
        assert_eq!(endorsed, [(Voice::Own, Holder::Author), maron]);
    }

    #[test]
    fn whoever_is_named_in_the_authors_words_may_have_acted() {
        let (text, passages) =
            document(&["It is unclear whether Ordovia, which shuns Ilse Maron, would sign."]);
        let voices = listen(&text, &passages, &[]).voices;
        let found: Vec<_> = voices[0]
            .iter()
            .map(|s| {
                (
                    s.voice,
                    s.holder.as_ref().unwrap().name(),
                    s.mention.map(|m| m.of(&text).unwrap()),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (Voice::Own, "author", None),
                (Voice::Reported, "Ordovia", Some("Ordovia")),
                (Voice::Reported, "Ilse Maron", Some("Ilse Maron")),
            ]
        );
    }

    #[test]
    fn a_paragraph_longer_than_asked_is_cut_between_passages() {
        let (_, passages) = document(&["One two. | Three four. | Five.", "Six."]);
        let cut = super::paragraphs(&passages, 20);
        assert_eq!(cut, [Span::new(0, 20), Span::new(21, 26), Span::new(27, 31)]);
        assert_eq!(super::paragraphs(&passages, 5).len(), 4, "a passage is never cut");
    }

    #[test]
    fn context_stays_in_the_paragraph_and_the_voice() {
        let text = "One. Two. Three.";
        let passages: Vec<Passage> = [(0, 4), (5, 9), (10, 16)]
            .map(|(start, end)| Passage { span: Span::new(start, end), paragraph: 0 })
            .into();
        let own = vec![Spoken::own()];
        let other = vec![Spoken { holder: None, voice: Voice::Quoted, ..Spoken::own() }];
        let voices = [own.clone(), own, other];
        let slice = |at| context(&passages, &voices, at).of(text).unwrap();
        assert_eq!([slice(0), slice(1), slice(2)], ["One. Two.", "One. Two.", "Three."]);
    }
}
