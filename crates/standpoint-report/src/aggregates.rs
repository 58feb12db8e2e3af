//! Where outlets and actors stand, counted per piece.
//!
//! A column that forty papers print is one opinion with a long reach, not forty opinions. So
//! stance is counted over *pieces*: a piece counts once at every outlet that placed it, and once in
//! the total over all outlets. Its *placements* are counted beside that, for the reach.
//!
//! The position of a piece is the probability of favor minus that of against, in [-1, 1]. The mean
//! position has a 95 % bootstrap interval over pieces. Abstained pieces are counted and left out of
//! the mean. With one piece there is no interval, and with a handful it is too narrow: it knows no
//! more of the outlet than the pieces do.

use crate::bootstrap::{self, Interval};
use serde::Serialize;
use standpoint_core::{Cut, Document, Holder, Kind, Record, Stance};
use std::collections::BTreeMap;

/// One document of a piece with its records: what the report needs to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    /// Id of the document.
    pub document: &'a str,
    /// Headline.
    pub title: Option<&'a str>,
    /// Names of the authors.
    pub authors: &'a [String],
    /// The outlet.
    pub outlet: Option<&'a str>,
    /// Address of the document.
    pub url: Option<&'a str>,
    /// Date of publication, `YYYY-MM-DD`.
    pub published: Option<&'a str>,
    /// Whose voice the document is written in.
    pub kind: Kind,
    /// The text that every byte range of the document and its records points into.
    pub text: &'a str,
    /// The spans of it that were not read, in order and disjoint.
    pub cuts: &'a [Cut],
    /// The records of the document, of every holder and target.
    pub records: &'a [Record],
}

impl<'a> Placement<'a> {
    /// A document and its records.
    pub fn of(document: &'a Document, records: &'a [Record]) -> Self {
        Self {
            document: &document.id,
            title: document.title.as_deref(),
            authors: &document.authors,
            outlet: document.outlet.as_deref(),
            url: document.url.as_deref(),
            published: document.published.as_deref(),
            kind: document.kind,
            text: &document.text,
            cuts: &document.cuts,
            records,
        }
    }
}

/// Counts by stance and positions, gathered piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Aggregates {
    totals: BTreeMap<String, Tally>,
    /// By target and outlet.
    outlets: BTreeMap<(String, Option<String>), Tally>,
    /// By actor and target.
    actors: BTreeMap<(String, String), Tally>,
}

/// What a target meets: all outlets together, then each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetAggregate {
    /// Id of the target.
    pub target: String,
    /// Over all outlets, each piece once.
    pub total: Aggregate,
    /// By outlet, in the order of names; documents without an outlet come last, as `None`.
    pub outlets: Vec<(Option<String>, Aggregate)>,
}

/// Where an actor stands on a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActorAggregate {
    /// The actor's name.
    pub actor: String,
    /// Id of the target.
    pub target: String,
    /// Over all pieces that quote or paraphrase the actor on the target.
    pub aggregate: Aggregate,
}

/// Counts and mean position of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Aggregate {
    /// Pieces by stance.
    pub pieces: Counts,
    /// Placements by stance.
    pub placements: Counts,
    /// Mean position of the pieces that did not abstain; `None` if all did.
    pub position: Option<f64>,
    /// 95 % interval of the mean position; `None` for fewer than two such pieces.
    pub interval: Option<Interval>,
}

/// A count for every stance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the stances")]
pub struct Counts {
    pub favor: usize,
    pub against: usize,
    pub neutral: usize,
    pub abstained: usize,
}

impl Counts {
    /// The count of one stance.
    pub const fn of(&self, stance: Stance) -> usize {
        match stance {
            Stance::Favor => self.favor,
            Stance::Against => self.against,
            Stance::Neutral => self.neutral,
            Stance::Abstained => self.abstained,
        }
    }

    /// All together.
    pub const fn sum(&self) -> usize {
        self.favor + self.against + self.neutral + self.abstained
    }

    fn add(&mut self, stance: Stance) {
        match stance {
            Stance::Favor => self.favor += 1,
            Stance::Against => self.against += 1,
            Stance::Neutral => self.neutral += 1,
            Stance::Abstained => self.abstained += 1,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Tally {
    pieces: Counts,
    placements: Counts,
    positions: Vec<f32>,
}

impl Tally {
    /// Counts one piece by its records at the placements in question, of one holder and target.
    fn add(&mut self, records: &[&Record]) {
        let representative = records.iter().find(|record| record.document == record.piece);
        let Some(record) = representative.or(records.first()) else { return };
        self.pieces.add(record.stance);
        records.iter().for_each(|record| self.placements.add(record.stance));
        if record.stance != Stance::Abstained {
            self.positions.push(record.probabilities.position());
        }
    }

    fn aggregate(&self) -> Aggregate {
        // Sorted, so that neither the sum nor the draws depend on the order of the pieces.
        let mut positions: Vec<f64> = self.positions.iter().map(|&x| f64::from(x)).collect();
        positions.sort_by(f64::total_cmp);
        let mean = bootstrap::mean(&positions);
        Aggregate {
            pieces: self.pieces,
            placements: self.placements,
            position: mean.map(|(position, _)| position),
            interval: mean.and_then(|(_, interval)| interval),
        }
    }
}

/// A record and the outlet of its document.
type PlacedRecord<'a> = (Option<&'a str>, &'a Record);

impl Aggregates {
    /// Counts one piece, given all its placements.
    ///
    /// A piece is scored once, so its placements agree; should they not, the record of the document
    /// that stands for the piece counts for it, else that of its first placement in question.
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        let mut by_holder: BTreeMap<(&Holder, &str), Vec<PlacedRecord<'_>>> = BTreeMap::new();
        for placement in placements {
            for record in placement.records {
                let key = (&record.holder, record.target.as_str());
                by_holder.entry(key).or_default().push((placement.outlet, record));
            }
        }
        for ((holder, target), records) in by_holder {
            let all: Vec<&Record> = records.iter().map(|&(_, record)| record).collect();
            if let Holder::Actor(actor) = holder {
                self.actors.entry((actor.clone(), target.to_owned())).or_default().add(&all);
                continue;
            }
            self.totals.entry(target.to_owned()).or_default().add(&all);
            let mut by_outlet: BTreeMap<Option<&str>, Vec<&Record>> = BTreeMap::new();
            for (outlet, record) in records {
                by_outlet.entry(outlet).or_default().push(record);
            }
            for (outlet, records) in by_outlet {
                let key = (target.to_owned(), outlet.map(str::to_owned));
                self.outlets.entry(key).or_default().add(&records);
            }
        }
    }

    /// The stances of authors, by target and outlet, in the order of ids and names.
    pub fn targets(&self) -> Vec<TargetAggregate> {
        let outlets = |target: &String| {
            let of_target = self.outlets.iter().filter(|((of, _), _)| of == target);
            let mut rows: Vec<_> =
                of_target.map(|((_, outlet), tally)| (outlet.clone(), tally.aggregate())).collect();
            rows.sort_by_key(|(outlet, _)| outlet.is_none());
            rows
        };
        let row = |(target, total): (&String, &Tally)| TargetAggregate {
            target: target.clone(),
            total: total.aggregate(),
            outlets: outlets(target),
        };
        self.totals.iter().map(row).collect()
    }

    /// The stances of authors over all targets: every piece once per target that it takes up.
    pub fn answers(&self) -> Counts {
        let mut answers = Counts::default();
        for tally in self.totals.values() {
            answers.favor += tally.pieces.favor;
            answers.against += tally.pieces.against;
            answers.neutral += tally.pieces.neutral;
            answers.abstained += tally.pieces.abstained;
        }
        answers
    }

    /// The stances of actors, by name and target.
    pub fn actors(&self) -> Vec<ActorAggregate> {
        let row = |((actor, target), tally): (&(String, String), &Tally)| ActorAggregate {
            actor: actor.clone(),
            target: target.clone(),
            aggregate: tally.aggregate(),
        };
        self.actors.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::Probabilities;

    fn record(document: &str, piece: &str, holder: Holder, stance: Stance, p: [f32; 3]) -> Record {
        Record {
            document: document.into(),
            piece: piece.into(),
            holder,
            target: "levy".into(),
            stance,
            probabilities: Probabilities::new(p[0], p[1], p[2]),
            passages: 1,
            evidence: vec![],
        }
    }

    fn author(document: &str, piece: &str, stance: Stance, p: [f32; 3]) -> Vec<Record> {
        vec![record(document, piece, Holder::Author, stance, p)]
    }

    fn placed<'a>(outlet: Option<&'a str>, records: &'a [Record]) -> Placement<'a> {
        Placement {
            document: &records[0].document,
            title: None,
            authors: &[],
            outlet,
            url: None,
            published: None,
            kind: Kind::OpEd,
            text: "",
            cuts: &[],
            records,
        }
    }

    /// Piece `a` ran twice in North and once in South, `b` once in North, `c` abstained in South,
    /// `d` has no outlet.
    fn sample() -> Aggregates {
        let favor = [0.75, 0.25, 0.0];
        let a = ["a", "a2", "a3"].map(|id| author(id, "a", Stance::Favor, favor));
        let b = author("b", "b", Stance::Against, [0.0, 1.0, 0.0]);
        let c = author("c", "c", Stance::Abstained, [0.4, 0.3, 0.3]);
        let d = author("d", "d", Stance::Neutral, [0.0, 0.0, 1.0]);
        let mut aggregates = Aggregates::default();
        let north = Some("North");
        let south = Some("South");
        aggregates.add_piece(&[placed(north, &a[0]), placed(north, &a[1]), placed(south, &a[2])]);
        aggregates.add_piece(&[placed(north, &b)]);
        aggregates.add_piece(&[placed(south, &c)]);
        aggregates.add_piece(&[placed(None, &d)]);
        aggregates
    }

    #[test]
    fn a_piece_counts_once_per_outlet_and_once_in_the_total() {
        let targets = sample().targets();
        let [TargetAggregate { target, total, outlets }] = &targets[..] else { panic!("one") };
        assert_eq!(target, "levy");
        assert_eq!(total.pieces, Counts { favor: 1, against: 1, neutral: 1, abstained: 1 });
        assert_eq!(total.placements, Counts { favor: 3, against: 1, neutral: 1, abstained: 1 });
        assert_eq!(sample().answers(), total.pieces);
        let names: Vec<_> = outlets.iter().map(|(outlet, _)| outlet.as_deref()).collect();
        assert_eq!(names, [Some("North"), Some("South"), None]);
        let north = outlets[0].1;
        assert_eq!(north.pieces, Counts { favor: 1, against: 1, ..Counts::default() });
        assert_eq!(north.placements.sum(), 3);
    }

    #[test]
    fn the_mean_is_over_pieces_that_answered() {
        let targets = sample().targets();
        // (0.5 - 1 + 0) / 3: the abstained piece is left out, the threefold one weighs once.
        assert!((targets[0].total.position.unwrap() + 1.0 / 6.0).abs() < 1e-12);
        let south = targets[0].outlets[1].1;
        assert_eq!(south.position, Some(0.5));
        assert_eq!(south.interval, None, "one piece that answered gives no interval");
        let Interval { low, high } = targets[0].outlets[0].1.interval.unwrap();
        assert_eq!((low, high), (-1.0, 0.5), "of two pieces: each alone is a likely resample");
    }

    #[test]
    fn the_order_of_pieces_changes_nothing() {
        let pieces: Vec<Vec<Record>> = (0..9)
            .map(|i| {
                let favor = i as f32 / 10.0;
                author(&format!("d{i}"), &format!("d{i}"), Stance::Favor, [favor, 0.0, 1.0 - favor])
            })
            .collect();
        let run = |order: &mut dyn Iterator<Item = &Vec<Record>>| {
            let mut aggregates = Aggregates::default();
            order.for_each(|records| aggregates.add_piece(&[placed(None, records)]));
            aggregates.targets()
        };
        assert_eq!(run(&mut pieces.iter()), run(&mut pieces.iter().rev()));
    }

    #[test]
    fn actors_are_counted_over_pieces_apart_from_authors() {
        let actor = || Holder::Actor("Ilse Maron".into());
        let quoted =
            |document| vec![record(document, "a", actor(), Stance::Against, [0.0, 0.5, 0.5])];
        let (first, second) = (quoted("a"), quoted("a2"));
        let mut aggregates = Aggregates::default();
        aggregates.add_piece(&[placed(Some("North"), &first), placed(Some("South"), &second)]);
        assert_eq!(aggregates.targets(), []);
        let actors = aggregates.actors();
        assert_eq!((actors[0].actor.as_str(), actors[0].target.as_str()), ("Ilse Maron", "levy"));
        assert_eq!(actors[0].aggregate.pieces.against, 1);
        assert_eq!(actors[0].aggregate.placements.against, 2);
        assert_eq!(actors[0].aggregate.position, Some(-0.5));
    }
}
