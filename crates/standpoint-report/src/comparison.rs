//! What changed between two runs: of other models or settings, or at another time.
//!
//! Records are compared by document, holder and target. Shares are compared over the *shared pieces*:
//! those whose documents are in both runs, so that a difference is one of judgement and not of what was
//! read. Its 95 % interval is a bootstrap over these pieces, each drawn with what both runs say of it.

use crate::aggregates::{Grouping, PieceStance, Placement, representative};
use crate::bootstrap::{self, Estimate};
use crate::folder::RunFolder;
use crate::tables::ChangeRow;
use serde::Serialize;
use standpoint_core::{Label, Record};
use std::collections::{BTreeMap, BTreeSet};

/// What differs from a first run to a second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Models, settings, targets and inputs that differ: what, and how in either run.
    pub settings: Vec<(String, String, String)>,
    /// Documents in both runs, in the first only, in the second only.
    pub documents: [usize; 3],
    /// Records of documents in both runs: in both, in the first only, in the second only.
    pub records: [usize; 3],
    /// The records in both whose stance is another, in the order of the first run.
    pub changes: Vec<ChangeRow>,
    /// How the shares of authors' stances changed on each target.
    pub shares: Vec<ShareChange>,
}

/// How the shares of a target changed, over the pieces that both runs have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShareChange {
    /// Id of the target.
    pub target: String,
    /// Pieces that both runs have, and on which at least one of them has an author's stance.
    pub pieces: usize,
    /// Shares of favor, against and neutral among the answers of the first run; `None` if there are
    /// none.
    pub before: Option<[f64; 3]>,
    /// The same of the second run.
    pub after: Option<[f64; 3]>,
    /// After minus before; `None` where either is.
    pub difference: Option<[Estimate; 3]>,
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn key(record: &Record) -> Key<'_> {
    (&record.document, record.holder.name(), &record.target)
}

/// Compares two runs.
pub fn compare(first: &RunFolder, second: &RunFolder) -> Comparison {
    let ids = |run: &RunFolder| -> BTreeSet<String> {
        run.documents().map(|(row, _)| row.document.clone()).collect()
    };
    let (of_first, of_second) = (ids(first), ids(second));
    let shared: BTreeSet<&String> = of_first.intersection(&of_second).collect();
    let records = |run| -> Vec<&Record> { records(run, &shared) };
    let (before, after) = (records(first), records(second));
    let by_key: BTreeMap<Key<'_>, &Record> =
        after.iter().map(|record| (key(record), *record)).collect();
    let both: Vec<(&Record, &Record)> =
        before.iter().filter_map(|record| Some((*record, *by_key.get(&key(record))?))).collect();
    let changes = both.iter().filter(|(before, after)| before.stance != after.stance);
    Comparison {
        settings: settings(first, second),
        documents: [shared.len(), of_first.len() - shared.len(), of_second.len() - shared.len()],
        records: [both.len(), before.len() - both.len(), after.len() - both.len()],
        changes: changes.map(|(before, after)| ChangeRow::of(before, after)).collect(),
        shares: shares(first, second),
    }
}

fn records<'a>(run: &'a RunFolder, shared: &BTreeSet<&String>) -> Vec<&'a Record> {
    let of_shared = run.documents().filter(|(row, _)| shared.contains(&row.document));
    of_shared.flat_map(|(_, records)| records).collect()
}

fn settings(first: &RunFolder, second: &RunFolder) -> Vec<(String, String, String)> {
    let facts = |run: &RunFolder| {
        let manifest = &run.manifest;
        let mut facts = BTreeMap::from([
            ("standpoint".to_owned(), manifest.standpoint.clone()),
            ("input".to_owned(), manifest.input_hash.clone()),
        ]);
        for model in &manifest.summary.models {
            let name = serde_json::to_value(model.task).ok();
            let task = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or("other");
            let fact = format!("{} {} in {}", model.name, model.hash, model.precision);
            facts.insert(format!("model ({task})"), fact);
        }
        for (name, value) in &manifest.summary.settings {
            facts.insert(format!("setting {name}"), value.clone());
        }
        for target in &manifest.targets {
            let aliases = target.aliases.join(", ");
            facts.insert(format!("target {}", target.id), format!("{} ({aliases})", target.text));
        }
        facts
    };
    let (first, second) = (facts(first), facts(second));
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let value = |facts: &BTreeMap<String, String>, name: &String| {
        facts.get(name).cloned().unwrap_or_else(|| "–".to_owned())
    };
    names
        .into_iter()
        .map(|name| (name.clone(), value(&first, name), value(&second, name)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// What the author of each piece answers, by target and by the documents of the piece.
fn answers<'a>(
    pieces: &'a [Vec<Placement<'a>>],
) -> BTreeMap<(&'a str, Vec<&'a str>), Option<Label>> {
    let mut answers = BTreeMap::new();
    for placements in pieces {
        let mut documents: Vec<&str> = placements.iter().map(|place| place.document).collect();
        documents.sort_unstable();
        for stance in PieceStance::of(placements) {
            for records in Grouping::All.groups(&stance).into_values() {
                let label = representative(&records).and_then(|record| record.stance.label());
                answers.insert((stance.target, documents.clone()), label);
            }
        }
    }
    answers
}

fn shares(first: &RunFolder, second: &RunFolder) -> Vec<ShareChange> {
    let (before, after) = (first.pieces(), second.pieces());
    let pieces = |run: &[Vec<Placement<'_>>]| -> BTreeSet<Vec<String>> {
        let documents = |piece: &Vec<Placement<'_>>| {
            let mut ids: Vec<String> =
                piece.iter().map(|place| place.document.to_owned()).collect();
            ids.sort_unstable();
            ids
        };
        run.iter().map(documents).collect()
    };
    let shared: BTreeSet<Vec<String>> = &pieces(&before) & &pieces(&after);
    let (before, after) = (answers(&before), answers(&after));
    let mut targets: BTreeMap<&str, Vec<[Option<Label>; 2]>> = BTreeMap::new();
    let keys: BTreeSet<&(&str, Vec<&str>)> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let documents: Vec<String> = key.1.iter().map(|&id| id.to_owned()).collect();
        if shared.contains(&documents) {
            let answer = |run: &BTreeMap<_, Option<Label>>| run.get(key).copied().flatten();
            targets.entry(key.0).or_default().push([answer(&before), answer(&after)]);
        }
    }
    targets.into_iter().map(|(target, answers)| share_change(target, &answers)).collect()
}

fn share_change(target: &str, answers: &[[Option<Label>; 2]]) -> ShareChange {
    let shares = |drawn: &[usize], run: usize| -> Option<[f64; 3]> {
        let mut counts = [0.0; 3];
        for label in drawn.iter().filter_map(|&piece| answers[piece][run]) {
            for (count, of) in counts.iter_mut().zip(Label::ALL) {
                *count += f64::from(u8::from(of == label));
            }
        }
        let all: f64 = counts.iter().sum();
        (all > 0.0).then(|| counts.map(|count| count / all))
    };
    let difference = |drawn: &[usize]| -> [Option<f64>; 3] {
        let both = shares(drawn, 0).zip(shares(drawn, 1));
        std::array::from_fn(|label| both.map(|(before, after)| after[label] - before[label]))
    };
    let all: Vec<usize> = (0..answers.len()).collect();
    let intervals = bootstrap::intervals(answers.len(), difference);
    let values = difference(&all);
    let estimate =
        |label: usize| values[label].map(|value| Estimate { value, interval: intervals[label] });
    ShareChange {
        target: target.to_owned(),
        pieces: answers.len(),
        before: shares(&all, 0),
        after: shares(&all, 1),
        difference: match [estimate(0), estimate(1), estimate(2)] {
            [Some(favor), Some(against), Some(neutral)] => Some([favor, against, neutral]),
            _ => None,
        },
    }
}

impl Comparison {
    /// The comparison as text for a terminal.
    pub fn to_text(&self) -> String {
        let [both, first, second] = self.documents;
        let mut text = format!(
            "documents  {both} in both, {first} only in the first, {second} only in the second\n"
        );
        let [both, first, second] = self.records;
        text.push_str(&format!(
            "records    {both} in both, {first} only in the first, {second} only in the second\n"
        ));
        text.push_str(&format!("changed    {} records\n", self.changes.len()));
        if self.settings.is_empty() {
            text.push_str("settings   the same, models and inputs included\n");
        }
        for (name, before, after) in &self.settings {
            text.push_str(&format!("differs    {name}: {before} → {after}\n"));
        }
        text.push_str("\nShares of authors' stances over the pieces of both runs\n");
        for change in &self.shares {
            text.push_str(&format!("\n  {}, {} pieces\n", change.target, change.pieces));
            let Some(difference) = change.difference else {
                text.push_str("  one of the runs has no answer\n");
                continue;
            };
            for (label, share) in Label::ALL.into_iter().zip(0..) {
                let at = |shares: Option<[f64; 3]>| shares.map_or(0.0, |shares| shares[share]);
                let (before, after) = (at(change.before), at(change.after));
                let Estimate { value, interval } = difference[share];
                let name = label.as_str();
                text.push_str(&format!("  {name:<9} {before:.3} → {after:.3}  {value:+.3}"));
                if let Some(interval) = interval {
                    text.push_str(&format!("  {:+.3} … {:+.3}", interval.low, interval.high));
                    if interval.low > 0.0 || interval.high < 0.0 {
                        text.push_str("  *");
                    }
                }
                text.push('\n');
            }
        }
        text.push_str("\n* the 95 % interval of the difference does not hold 0\n");
        if !self.changes.is_empty() {
            text.push_str("\nRecords whose stance changed\n\n");
        }
        for change in &self.changes {
            text.push_str(&format!(
                "  {}, {}, {}: {} → {}\n",
                change.document,
                change.holder,
                change.target,
                change.before.as_str(),
                change.after.as_str()
            ));
        }
        text
    }
}
