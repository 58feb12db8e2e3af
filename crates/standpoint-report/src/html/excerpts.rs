//! What the report holds of a document: the passages that carry its stances, each with a sentence or
//! so of context on both sides, at their bytes.

use super::differences::{runs, sentence_ends};
use crate::aggregates::Placement;
use standpoint_core::{Evidence, Label, Probabilities, Record, Span, Stance, Voice};

/// Most passages kept of one record.
const PASSAGES: usize = 5;
/// Most bytes kept of one passage.
const PASSAGE: usize = 1_500;
/// Most bytes of context on one side.
const CONTEXT: usize = 160;

/// Parts of a document's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Excerpts {
    /// In the order of the document once [`Excerpts::merge`] was called, and then disjoint.
    pub(super) parts: Vec<Excerpt>,
}

/// A part of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Its first byte in the document.
    pub(super) start: usize,
    pub(super) text: String,
}

/// A passage that carries a stance, as a part of an excerpt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeptEvidence {
    /// The excerpt's place in [`Excerpts::parts`].
    pub(super) excerpt: usize,
    /// The bytes of the excerpt's text that are kept of it.
    pub(super) within: Span,
    /// Its bytes in the document.
    pub(super) span: Span,
    pub(super) voice: Voice,
    /// The words for the holder, and those that attribute it, by their bytes in the document.
    pub(super) mention: Option<Span>,
    pub(super) cue: Option<Span>,
    pub(super) probabilities: Probabilities,
    pub(super) weight: f32,
}

impl Excerpts {
    /// How much text it is.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.text.len()).sum()
    }

    /// Takes up the passages of a record: first the one that shows its stance best, by its weight and
    /// its own probability of that stance, then the heaviest others.
    pub(super) fn add(&mut self, document: &Placement<'_>, record: &Record) -> Vec<KeptEvidence> {
        let shows = |evidence: &Evidence| {
            let label = match record.stance {
                Stance::Favor => Label::Favor,
                Stance::Against => Label::Against,
                Stance::Neutral => Label::Neutral,
                Stance::Abstained => return evidence.weight,
            };
            evidence.weight * evidence.probabilities.of(label)
        };
        let mut order: Vec<&Evidence> = record.evidence.iter().collect();
        let best = order.iter().enumerate().rev().max_by(|a, b| shows(a.1).total_cmp(&shows(b.1)));
        if let Some((best, _)) = best {
            let best = order.remove(best);
            order.insert(0, best);
        }
        order.truncate(PASSAGES);
        order.into_iter().map(|evidence| self.keep(document, evidence)).collect()
    }

    fn keep(&mut self, document: &Placement<'_>, evidence: &Evidence) -> KeptEvidence {
        let Evidence { span, text, voice, mention, cue, probabilities, weight, .. } = evidence;
        let clipped = text.floor_char_boundary(PASSAGE.min(text.len()));
        let kept = Span::new(span.start, span.start + clipped);
        let around = match kept.of(document.text) {
            Some(found) if found == &text[..clipped] => context(document, kept),
            _ => kept,
        };
        let excerpt =
            around.of(document.text).filter(|_| around != kept).unwrap_or(&text[..clipped]);
        self.parts.push(Excerpt { start: around.start, text: excerpt.to_owned() });
        let from = kept.start - around.start;
        KeptEvidence {
            excerpt: self.parts.len() - 1,
            within: Span::new(from, from + clipped),
            span: *span,
            voice: *voice,
            mention: *mention,
            cue: *cue,
            probabilities: *probabilities,
            weight: *weight,
        }
    }

    /// The excerpt that holds these bytes of the document, and where in its text.
    pub(super) fn find(&self, span: Span) -> Option<(usize, Span)> {
        self.parts.iter().enumerate().find_map(|(index, part)| {
            let from = span.start.checked_sub(part.start)?;
            let within = Span::new(from, from + span.len());
            within.of(&part.text).map(|_| (index, within))
        })
    }

    /// Takes up a passage of other excerpts without its context; the same passage once.
    pub(super) fn take(&mut self, from: &Excerpts, evidence: &KeptEvidence) -> KeptEvidence {
        let part = &from.parts[evidence.excerpt];
        let text = evidence.within.of(&part.text).unwrap_or_default();
        let start = part.start + evidence.within.start;
        let same = |known: &Excerpt| known.start == start && known.text == text;
        let excerpt = self.parts.iter().position(same).unwrap_or_else(|| {
            self.parts.push(Excerpt { start, text: text.to_owned() });
            self.parts.len() - 1
        });
        KeptEvidence { excerpt, within: Span::new(0, text.len()), ..evidence.clone() }
    }

    /// Puts the parts in the order of the document and joins those that touch.
    pub(super) fn merge(&mut self) -> Moved {
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|&index| (self.parts[index].start, index));
        let mut moved = vec![(0, 0); self.parts.len()];
        let mut merged: Vec<Excerpt> = Vec::new();
        for index in order {
            let part = &self.parts[index];
            if let Some(last) = merged.last_mut()
                && let Some(joined) = joined(last, part)
            {
                last.text.push_str(joined);
            } else {
                merged.push(part.clone());
            }
            let to = merged.len() - 1;
            moved[index] = (to, part.start - merged[to].start);
        }
        self.parts = merged;
        Moved(moved)
    }
}

/// What `part` adds to an excerpt that does not begin after it; `None` where there is a gap between
/// them, or where their texts disagree.
fn joined<'a>(last: &Excerpt, part: &'a Excerpt) -> Option<&'a str> {
    let at = part.start - last.start;
    let overlap = last.text.get(at..)?;
    match part.text.strip_prefix(overlap) {
        Some(more) => Some(more),
        None => overlap.starts_with(&part.text).then_some(""),
    }
}

/// Where merging moved the parts.
pub(super) struct Moved(Vec<(usize, usize)>);

impl Moved {
    /// Points the evidence to where its text stands now.
    pub(super) fn apply(&self, evidence: &mut KeptEvidence) {
        let (excerpt, by) = self.0[evidence.excerpt];
        evidence.excerpt = excerpt;
        evidence.within = Span::new(evidence.within.start + by, evidence.within.end + by);
    }
}

/// A passage with a sentence or so on both sides, cut at white space; never over a cut.
fn context(document: &Placement<'_>, passage: Span) -> Span {
    let text = document.text;
    let Some(run) = runs(text, document.cuts).find(|run| run.contains(passage)) else {
        return passage;
    };
    let run = run.trimmed(text);
    let from = text.ceil_char_boundary(passage.start.saturating_sub(CONTEXT)).max(run.start);
    let to = text.floor_char_boundary((passage.end + CONTEXT).min(text.len())).min(run.end);
    let before = Span::new(from.min(passage.start), passage.start);
    let after = Span::new(passage.end, to.max(passage.end));
    let (Some(before_text), Some(after_text)) = (before.of(text), after.of(text)) else {
        return passage;
    };
    let start = if before.start == run.start {
        0
    } else {
        let sentence = sentence_ends(before_text).find(|&end| end < before_text.len());
        let word = || before_text.find(char::is_whitespace);
        sentence.or_else(word).unwrap_or(before_text.len())
    };
    let end = if after.end == run.end {
        after_text.len()
    } else {
        let sentence = sentence_ends(after_text).filter(|&end| end > 1).last();
        let word = || after_text.rfind(char::is_whitespace);
        sentence.or_else(word).unwrap_or(0)
    };
    let around = Span::new(before.start + start, after.start + end).trimmed(text);
    Span::new(around.start.min(passage.start), around.end.max(passage.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use standpoint_core::{Cut, CutReason, Holder};

    fn placed<'a>(text: &'a str, cuts: &'a [Cut]) -> Placement<'a> {
        Placement { document: "a", text, cuts, records: &[], ..Placement::default() }
    }

    fn record(text: &str, spans: &[(usize, usize, f32, f32)]) -> Record {
        let evidence = spans.iter().map(|&(start, end, weight, against)| Evidence {
            span: Span::new(start, end),
            text: text.get(start..end).unwrap_or("elsewhere").to_owned(),
            voice: Voice::Own,
            named: None,
            mention: None,
            cue: None,
            content: Vec::new(),
            probabilities: Probabilities::new(1.0 - against, against, 0.0),
            weight,
        });
        Record {
            document: "a".into(),
            piece: "a".into(),
            holder: Holder::Author,
            target: "t".into(),
            stance: Stance::Against,
            probabilities: Probabilities::new(0.2, 0.8, 0.0),
            passages: spans.len(),
            evidence: evidence.collect(),
        }
    }

    #[test]
    fn the_passage_that_shows_the_stance_comes_first_and_neighbours_are_one_excerpt() {
        let text = "By Roake. First it rained. Then it stopped. The levy is wrong. Nobody pays it.";
        let byline =
            Cut { span: Span::new(0, 9), text: "By Roake.".into(), reason: CutReason::Byline };
        let cuts = [byline];
        let document = placed(text, &cuts);
        let wrong = text.find("The levy").unwrap();
        let pays = text.find("Nobody").unwrap();
        let record = record(text, &[(pays, text.len(), 0.9, 0.1), (wrong, pays - 1, 0.6, 0.9)]);
        let mut excerpts = Excerpts::default();
        let mut kept = excerpts.add(&document, &record);
        let moved = excerpts.merge();
        kept.iter_mut().for_each(|evidence| moved.apply(evidence));
        let [part] = &excerpts.parts[..] else { panic!("{excerpts:?}") };
        assert_eq!(
            (part.start, part.text.as_str()),
            (10, &text[10..]),
            "the byline is not context"
        );
        let texts: Vec<_> = kept.iter().map(|e| e.within.of(&part.text).unwrap()).collect();
        assert_eq!(texts, ["The levy is wrong.", "Nobody pays it."]);

        let mut alone = Excerpts::default();
        let sentence = alone.take(&excerpts, &kept[0]);
        assert_eq!(alone.parts, [Excerpt { start: wrong, text: "The levy is wrong.".into() }]);
        assert_eq!(alone.take(&excerpts, &kept[0]).excerpt, sentence.excerpt);
    }

    #[test]
    fn context_is_cut_at_sentences_else_at_words() {
        let long = "word ".repeat(60);
        let text = format!("{long}end. Short one. PASSAGE. {long}");
        let start = text.find("PASSAGE").unwrap();
        let span = context(&placed(&text, &[]), Span::new(start, start + 8));
        let found = span.of(&text).unwrap();
        assert!(found.starts_with("Short one. PASSAGE. word"), "{found}");
        assert!(found.ends_with("word") && found.len() < 200, "{found}");
    }

    proptest! {
        #[test]
        fn evidence_is_found_at_its_bytes_whatever_the_text(
            text in "[a-zé.” \n]{0,400}",
            places in prop::collection::vec((0usize..400, 1usize..60), 1..6),
        ) {
            let spans: Vec<_> = places
                .iter()
                .map(|&(at, len)| {
                    let start = text.floor_char_boundary(at.min(text.len()));
                    (start, text.ceil_char_boundary((start + len).min(text.len())), 0.5, 0.5)
                })
                .collect();
            let record = record(&text, &spans);
            let mut excerpts = Excerpts::default();
            let mut kept = excerpts.add(&placed(&text, &[]), &record);
            let moved = excerpts.merge();
            kept.iter_mut().for_each(|evidence| moved.apply(evidence));
            for evidence in kept {
                let part = &excerpts.parts[evidence.excerpt];
                prop_assert_eq!(evidence.within.of(&part.text), evidence.span.of(&text));
                prop_assert_eq!(part.start + evidence.within.start, evidence.span.start);
            }
        }
    }
}
