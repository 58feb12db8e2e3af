//! The placements of a piece: which document stands for it, and what the others get of its records.

use crate::spill::Spilled;
use standpoint_core::{Evidence, Record, Span};
use std::collections::BTreeMap;

/// The records of a piece as they stand in another placement of it: the same stances, with the
/// evidence that this copy holds, at its own bytes; of mention, cue and content those parts that lie in
/// the passage. A record with none of its evidence left is not this copy's.
pub(crate) fn carry_over(records: &[Record], placement: &Spilled) -> Vec<Record> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = &placement.document.text;
    let here: BTreeMap<String, Span> = placement
        .passages
        .iter()
        .rev()
        .filter_map(|passage| Some((words(passage.span.of(text)?), passage.span)))
        .collect();
    let carry = |record: &Record| -> Option<Record> {
        let evidence: Vec<_> = record
            .evidence
            .iter()
            .filter_map(|evidence| {
                let span = *here.get(&words(&evidence.text))?;
                let text = span.of(text)?.to_owned();
                // Where the copy breaks its lines elsewhere, what lies inside lies elsewhere, too.
                let same = text == evidence.text;
                let moved = |part: &Span| {
                    let inside = same && evidence.span.contains(*part);
                    let start = span.start + part.start.checked_sub(evidence.span.start)?;
                    inside.then(|| Span::new(start, start + part.len()))
                };
                let (mention, cue) = (&evidence.mention, &evidence.cue);
                Some(Evidence {
                    mention: mention.as_ref().and_then(moved),
                    cue: cue.as_ref().and_then(moved),
                    content: evidence.content.iter().filter_map(moved).collect(),
                    span,
                    text,
                    ..evidence.clone()
                })
            })
            .collect();
        (!evidence.is_empty()).then(|| Record {
            document: placement.document.id.clone(),
            evidence,
            ..record.clone()
        })
    };
    records.iter().filter_map(carry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::{Document, Holder, Kind, Passage, Probabilities, Source, Stance, Voice};

    #[test]
    fn evidence_stands_at_the_bytes_of_the_copy_and_goes_with_a_trimmed_tail() {
        let text = "Another head.\n\nThe levy\nis fair. It rained.".to_owned();
        let span = Span::new(15, 32);
        let document = Document {
            id: "copy".into(),
            source: Source { path: "copy.txt".into(), row: None },
            title: None,
            authors: vec![],
            outlet: None,
            url: None,
            published: None,
            language: None,
            kind: Kind::Other,
            kind_reason: String::new(),
            text,
            cuts: vec![],
            rights: None,
            notes: vec![],
        };
        let copy = Spilled { document, passages: vec![Passage { span, paragraph: 1 }] };
        let record = |target: &str, text: &str| Record {
            document: "original".into(),
            piece: "original".into(),
            holder: Holder::Author,
            target: target.into(),
            stance: Stance::Favor,
            probabilities: Probabilities::new(1.0, 0.0, 0.0),
            passages: 1,
            evidence: vec![Evidence {
                span: Span::new(0, text.len()),
                text: text.into(),
                voice: Voice::Own,
                named: None,
                mention: None,
                cue: None,
                content: Vec::new(),
                probabilities: Probabilities::new(1.0, 0.0, 0.0),
                weight: 1.0,
            }],
        };
        let records = [record("levy", "The levy is fair."), record("plant", "The plant is safe.")];
        let carried = carry_over(&records, &copy);
        assert_eq!(carried.len(), 1, "the tail with the plant is gone");
        assert_eq!((carried[0].document.as_str(), carried[0].piece.as_str()), ("copy", "original"));
        assert_eq!(carried[0].evidence[0].span, span);
        assert_eq!(carried[0].evidence[0].text, "The levy\nis fair.");
    }
}
