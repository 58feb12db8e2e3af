//! Several annotators' labels: how far they agree, and what they come to.
//!
//! Agreement is **Krippendorff's alpha** for nominal data (Krippendorff, *Content Analysis*, 4th ed.
//! 2019, ch. 12): 1 − observed / expected disagreement over the records that two or more annotators
//! labelled; 1 is agreement, 0 what chance gives. Its 95 % interval is a percentile bootstrap over
//! documents, whose records an annotator reads together. Where all labels are the same, nothing could
//! have differed, and alpha is undefined.
//!
//! A record's gold label is the one that **more annotators gave than any other**. Where two labels
//! lead alike there is none: the tie is listed, for people to settle, and is not in gold.

use crate::bootstrap::{self, Estimate};
use crate::evaluation::GoldRecord;
use serde::Serialize;
use standpoint_core::Label;
use std::collections::{BTreeMap, BTreeSet};

/// One annotator's label of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who labelled.
    pub annotator: String,
    /// Id of the document.
    pub document: String,
    /// `author`, or an actor's name.
    pub holder: String,
    /// Id of the target.
    pub target: String,
    /// The label.
    pub label: Label,
    /// The passages that the annotator marked.
    pub evidence: Vec<String>,
}

/// What the annotators' labels come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resolved {
    /// The labels of the majority, in the order of documents, targets and holders.
    pub gold: Vec<GoldRecord>,
    /// The records without a majority.
    pub ties: Vec<Tie>,
    /// The annotators, by name, with how many records each labelled.
    pub annotators: BTreeMap<String, usize>,
    /// Records that two or more labelled.
    pub shared: usize,
    /// Krippendorff's alpha; `None` where it is undefined.
    pub alpha: Option<Estimate>,
}

/// A record on which no label leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tie {
    /// Id of the document.
    pub document: String,
    /// `author`, or an actor's name.
    pub holder: String,
    /// Id of the target.
    pub target: String,
    /// Who gave which label.
    pub labels: BTreeMap<String, Label>,
}

/// Brings annotators together. Where one labelled a record more than once, the last label counts.
pub fn resolve(answers: &[Answer]) -> Resolved {
    let mut records: BTreeMap<(&str, &str, &str), BTreeMap<&str, &Answer>> = BTreeMap::new();
    for answer in answers {
        let key = (answer.document.as_str(), answer.target.as_str(), answer.holder.as_str());
        records.entry(key).or_default().insert(&answer.annotator, answer);
    }
    let mut resolved = Resolved {
        gold: Vec::new(),
        ties: Vec::new(),
        annotators: BTreeMap::new(),
        shared: records.values().filter(|given| given.len() > 1).count(),
        alpha: alpha(&records),
    };
    for ((document, target, holder), given) in records {
        for &annotator in given.keys() {
            *resolved.annotators.entry(annotator.to_owned()).or_default() += 1;
        }
        let (document, holder, target) =
            (document.to_owned(), holder.to_owned(), target.to_owned());
        match leading(&given) {
            Some(label) => {
                let agreeing = given.values().filter(|answer| answer.label == label);
                let mut seen = BTreeSet::new();
                let evidence = agreeing.flat_map(|answer| &answer.evidence);
                let evidence = evidence.filter(|text| seen.insert(*text)).cloned().collect();
                resolved.gold.push(GoldRecord { document, holder, target, label, evidence });
            }
            None => {
                let labels = given.iter().map(|(who, answer)| ((*who).to_owned(), answer.label));
                resolved.ties.push(Tie { document, holder, target, labels: labels.collect() });
            }
        }
    }
    resolved
}

fn leading(given: &BTreeMap<&str, &Answer>) -> Option<Label> {
    let votes = counts(given.values().map(|answer| answer.label));
    let most = votes.iter().copied().max()?;
    let mut leaders = Label::ALL.into_iter().zip(votes).filter(|&(_, votes)| votes == most);
    let (label, _) = leaders.next()?;
    leaders.next().is_none().then_some(label)
}

fn counts(labels: impl Iterator<Item = Label>) -> [usize; 3] {
    let mut counts = [0; 3];
    for label in labels {
        for (count, of) in counts.iter_mut().zip(Label::ALL) {
            *count += usize::from(of == label);
        }
    }
    counts
}

fn alpha(records: &BTreeMap<(&str, &str, &str), BTreeMap<&str, &Answer>>) -> Option<Estimate> {
    // By document: how often each record was given each label.
    let mut documents: BTreeMap<&str, Vec<[usize; 3]>> = BTreeMap::new();
    for ((document, ..), given) in records.iter().filter(|(_, given)| given.len() > 1) {
        let votes = counts(given.values().map(|answer| answer.label));
        documents.entry(document).or_default().push(votes);
    }
    let documents: Vec<Vec<[usize; 3]>> = documents.into_values().collect();
    let of = |drawn: &[usize]| alpha_of(drawn.iter().flat_map(|&document| &documents[document]));
    let all: Vec<usize> = (0..documents.len()).collect();
    let [interval] = bootstrap::intervals(documents.len(), |drawn| [of(drawn)]);
    Some(Estimate { value: of(&all)?, interval })
}

fn alpha_of<'a>(records: impl Iterator<Item = &'a [usize; 3]>) -> Option<f64> {
    let (mut disagreement, mut totals) = (0.0, [0.0; 3]);
    for votes in records {
        let given: usize = votes.iter().sum();
        for (a, &of_a) in votes.iter().enumerate() {
            totals[a] += of_a as f64;
            let others = (given - of_a) as f64;
            // Ordered pairs of unlike labels, each weighted by 1 / (labels of the record − 1).
            disagreement += of_a as f64 * others / (given as f64 - 1.0);
        }
    }
    let all: f64 = totals.iter().sum();
    let expected: f64 = totals.iter().map(|of_a| of_a * (all - of_a)).sum();
    (expected > 0.0).then(|| 1.0 - (all - 1.0) * disagreement / expected)
}

impl Resolved {
    /// Agreement and ties in words, for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = format!("labelled   {} records", self.gold.len() + self.ties.len());
        let annotators: Vec<String> =
            self.annotators.iter().map(|(who, records)| format!("{who} {records}")).collect();
        text.push_str(&format!("\nannotators {}", annotators.join(", ")));
        text.push_str(&match self.alpha {
            _ if self.shared == 0 => "\nalpha      none: no record has two annotators".to_owned(),
            None => format!(
                "\nalpha      undefined: all labels of the {} shared records are the same",
                self.shared
            ),
            Some(Estimate { value, interval }) => {
                let interval = interval
                    .map(|i| format!(", 95 % interval {:.3} to {:.3}", i.low, i.high))
                    .unwrap_or_default();
                format!("\nalpha      {value:.3}{interval}, over {} shared records", self.shared)
            }
        });
        for tie in &self.ties {
            let labels: Vec<String> =
                tie.labels.iter().map(|(who, label)| format!("{who} {}", label.as_str())).collect();
            let Tie { document, holder, target, .. } = tie;
            text.push_str(&format!("\ntie        {document}, {holder}, {target}: "));
            text.push_str(&labels.join(", "));
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One column a record, one row an annotator, as in Krippendorff's tables; `.` is no label.
    fn answers(rows: &[&str]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (annotator, row) in rows.iter().enumerate() {
            for (record, letter) in row.chars().enumerate() {
                let label = match letter {
                    'f' => Label::Favor,
                    'a' => Label::Against,
                    'n' => Label::Neutral,
                    _ => continue,
                };
                answers.push(Answer {
                    annotator: format!("r{annotator}"),
                    document: format!("d{record:02}"),
                    holder: "author".into(),
                    target: "levy".into(),
                    label,
                    evidence: vec![format!("{letter}")],
                });
            }
        }
        answers
    }

    #[test]
    fn alpha_is_that_of_the_reference() {
        // krippendorff.alpha(value_counts=…, level_of_measurement="nominal") of this table.
        let alpha = resolve(&answers(&["ffaan.fna.", "ffafnnfna.", ".faan.annf"])).alpha.unwrap();
        assert!((alpha.value - 0.625).abs() < 1e-9, "{}", alpha.value);
        let interval = alpha.interval.unwrap();
        assert!(interval.low < alpha.value && alpha.value < interval.high, "{interval:?}");
    }

    #[test]
    fn agreement_is_one_and_nothing_to_differ_in_is_undefined() {
        assert_eq!(resolve(&answers(&["fan", "fan"])).alpha.unwrap().value, 1.0);
        assert_eq!(resolve(&answers(&["ff", "ff"])).alpha, None);
        assert_eq!(resolve(&answers(&["fan"])).alpha, None);
        // Two records, always opposite: 1 − 3 · 4 / (2 · 2 + 2 · 2) = −0.5.
        assert_eq!(resolve(&answers(&["fa", "af"])).alpha.unwrap().value, -0.5);
    }

    #[test]
    fn the_majority_is_gold_and_a_tie_is_listed() {
        let resolved = resolve(&answers(&["fff", "fan", "nan"]));
        let gold: Vec<Label> = resolved.gold.iter().map(|row| row.label).collect();
        assert_eq!(gold, [Label::Favor, Label::Against, Label::Neutral]);
        assert_eq!(resolved.gold[1].evidence, ["a"], "of those who gave the label");
        let torn = resolve(&answers(&["fa", "a."]));
        assert_eq!((torn.gold.len(), torn.ties.len()), (1, 1));
        let text = torn.to_text();
        assert!(text.contains("tie        d00, author, levy: r0 favor, r1 against\n"), "{text}");
        assert!(text.contains("annotators r0 2, r1 1\n"), "{text}");
    }

    #[test]
    fn the_last_label_of_an_annotator_counts() {
        let mut given = answers(&["f"]);
        given.extend(answers(&["a"]));
        let resolved = resolve(&given);
        assert_eq!(resolved.gold[0].label, Label::Against);
        assert_eq!((resolved.annotators["r0"], resolved.shared), (1, 0));
    }
}
