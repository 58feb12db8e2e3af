//! Where outlets, authors and actors stand, counted per piece.
//!
//! A column that forty papers print is one opinion with a long reach, not forty opinions. So
//! stance is counted over *pieces*: a piece counts once at every outlet that placed it, and once in
//! the total over all outlets. Its *placements* are counted beside that, for the reach.
//!
//! The position of a piece is the probability of favor minus that of against, in [-1, 1]. The mean
//! position has a 95 % bootstrap interval over pieces. Abstained pieces are counted and left out of
//! the mean. With one piece there is no interval, and with a handful it is too narrow: it knows no
//! more of the outlet than the pieces do.

use crate::bootstrap::{self, Estimate, Interval};
use serde::{Deserialize, Serialize};
use standpoint_core::{Cut, Document, Holder, Kind, Label, Record, Stance};
use std::collections::BTreeMap;

/// One document of a piece with its records: what the report needs to know of it.
#[derive(Debug, Clone, Copy, Default)]
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
    /// ISO 639 code of the document's language.
    pub language: Option<&'a str>,
    /// Whose voice the document is written in.
    pub kind: Kind,
    /// The text that every byte range of the document and its records points into.
    pub text: &'a str,
    /// The spans of it that were not read, in order and disjoint.
    pub cuts: &'a [Cut],
    /// Who may do what with the document, in its own words.
    pub rights: Option<&'a str>,
    /// What had to be guessed or left out when it was read.
    pub notes: &'a [String],
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
            language: document.language.as_deref(),
            kind: document.kind,
            text: &document.text,
            cuts: &document.cuts,
            rights: document.rights.as_deref(),
            notes: &document.notes,
            records,
        }
    }
}

/// What stances are counted by, beside the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grouping {
    /// Authors' stances, all together.
    All,
    /// Authors' stances by the outlet that placed them.
    Outlet,
    /// Authors' stances by their names; a piece of two authors counts for each.
    Author,
    /// Actors' stances by their names.
    Actor,
    /// Authors' stances by the kind of document.
    Kind,
    /// Authors' stances by language.
    Language,
    /// Authors' stances by the month of the piece's first placement, `YYYY-MM`.
    Month,
}

impl Grouping {
    /// All groupings, in the order of tables.
    pub const ALL: [Grouping; 7] = [
        Grouping::All,
        Grouping::Outlet,
        Grouping::Author,
        Grouping::Actor,
        Grouping::Kind,
        Grouping::Language,
        Grouping::Month,
    ];

    /// The name used in tables and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Grouping::All => "all",
            Grouping::Outlet => "outlet",
            Grouping::Author => "author",
            Grouping::Actor => "actor",
            Grouping::Kind => "kind",
            Grouping::Language => "language",
            Grouping::Month => "month",
        }
    }

    /// The groups that a stance of a piece counts in, each with the records at its placements
    /// there; `None` is the group of those of which it is not known. None at all where the holder
    /// is of the other kind.
    pub(crate) fn groups<'a>(
        self,
        stance: &PieceStance<'a>,
    ) -> BTreeMap<Option<&'a str>, Vec<&'a Record>> {
        let mut groups: BTreeMap<Option<&'a str>, Vec<&'a Record>> = BTreeMap::new();
        let mut put = |group: Option<&'a str>, record: &'a Record| {
            groups.entry(group).or_default().push(record);
        };
        match (self, stance.holder) {
            (Grouping::Actor, Holder::Actor(name)) => {
                stance.placed.iter().for_each(|&(_, record)| put(Some(name), record));
            }
            (Grouping::Actor, Holder::Author) | (_, Holder::Actor(_)) => {}
            (Grouping::Author, Holder::Author) => {
                for &(placement, record) in &stance.placed {
                    let mut names: Vec<&str> =
                        placement.authors.iter().map(String::as_str).collect();
                    names.sort_unstable();
                    names.dedup();
                    if names.is_empty() {
                        put(None, record);
                    }
                    names.into_iter().for_each(|name| put(Some(name), record));
                }
            }
            (_, Holder::Author) => {
                for &(placement, record) in &stance.placed {
                    let group = match self {
                        Grouping::Outlet => placement.outlet,
                        Grouping::Kind => Some(placement.kind.as_str()),
                        Grouping::Language => placement.language,
                        // The piece's, not the placement's: a piece is of one month.
                        Grouping::Month => stance.published.and_then(|date| date.get(..7)),
                        Grouping::All | Grouping::Author | Grouping::Actor => Some(""),
                    };
                    put(group, record);
                }
            }
        }
        groups
    }
}

/// What one holder thinks of one target in one piece.
pub(crate) struct PieceStance<'a> {
    pub(crate) holder: &'a Holder,
    pub(crate) target: &'a str,
    /// Date of the piece's first placement.
    pub(crate) published: Option<&'a str>,
    /// Its record at each placement that has one.
    pub(crate) placed: Vec<(&'a Placement<'a>, &'a Record)>,
}

impl<'a> PieceStance<'a> {
    /// The stances of a piece, given all its placements, in the order of holders and targets.
    pub(crate) fn of(placements: &'a [Placement<'a>]) -> impl Iterator<Item = PieceStance<'a>> {
        let published = placements.iter().filter_map(|placement| placement.published).min();
        let mut placed: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for placement in placements {
            for record in placement.records {
                let key = (&record.holder, record.target.as_str());
                placed.entry(key).or_default().push((placement, record));
            }
        }
        placed.into_iter().map(move |((holder, target), placed)| PieceStance {
            holder,
            target,
            published,
            placed,
        })
    }
}

/// The record that counts for a piece, of its records of one holder and target: that of the document
/// that stands for the piece, else the first. A piece is scored once, so they agree.
pub(crate) fn representative<'a>(records: &[&'a Record]) -> Option<&'a Record> {
    let stands = records.iter().find(|record| record.document == record.piece);
    stands.or(records.first()).copied()
}

/// Counts by stance and positions in every grouping, gathered piece by piece.
#[derive(Debug)]
pub struct Aggregates([Cells; Grouping::ALL.len()]);

impl Default for Aggregates {
    fn default() -> Self {
        Self(Grouping::ALL.map(Cells::by))
    }
}

/// Counts by stance and positions by target and group, gathered piece by piece.
#[derive(Debug)]
pub struct Cells {
    grouping: Grouping,
    /// By target and group.
    tallies: BTreeMap<String, BTreeMap<Option<String>, Tally>>,
}

/// One cell: what a target meets in one group.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// Id of the target.
    pub target: &'a str,
    /// As in [`GroupAggregate`].
    pub group: Option<&'a str>,
    tally: &'a Tally,
}

impl Cell<'_> {
    /// Its counts. An interval is drawn each time.
    pub fn aggregate(&self) -> Aggregate {
        self.tally.aggregate()
    }

    /// The same with its names.
    pub fn row(&self) -> GroupAggregate {
        GroupAggregate {
            target: self.target.to_owned(),
            group: self.group.map(str::to_owned),
            aggregate: self.aggregate(),
        }
    }

    /// How many pieces it counts, by stance.
    pub fn pieces(&self) -> Counts {
        self.tally.pieces
    }

    /// The positions of its pieces that did not abstain, in the order in which they came.
    pub(crate) fn positions(&self) -> impl Iterator<Item = f32> {
        self.tally.answers.iter().map(|&(_, position)| position)
    }
}

/// What a target meets in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupAggregate {
    /// Id of the target.
    pub target: String,
    /// The outlet, author, actor, kind, language or month; `None` where it is not known; empty by
    /// [`Grouping::All`].
    pub group: Option<String>,
    /// The counts.
    pub aggregate: Aggregate,
}

impl Cells {
    /// No pieces yet.
    pub fn by(grouping: Grouping) -> Self {
        Self { grouping, tallies: BTreeMap::new() }
    }

    /// What the cells are counted by.
    pub fn grouping(&self) -> Grouping {
        self.grouping
    }

    /// Counts one piece, given all its placements: once in every group that it belongs to.
    ///
    /// A piece is scored once, so its placements agree; should they not, the record of the document
    /// that stands for the piece counts for it, else that of its first placement in question.
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        for stance in PieceStance::of(placements) {
            for (group, records) in self.grouping.groups(&stance) {
                let of_target = self.tallies.entry(stance.target.to_owned()).or_default();
                of_target.entry(group.map(str::to_owned)).or_default().add(&records);
            }
        }
    }

    /// The cells in the order of targets' ids and groups' names, the group that is not known last.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.tallies.keys().flat_map(|target| self.of(target))
    }

    /// The cells of one target.
    pub fn of(&self, target: &str) -> impl Iterator<Item = Cell<'_>> {
        let of_target = self.tallies.get_key_value(target).into_iter();
        of_target.flat_map(|(target, tallies)| {
            let named = tallies.iter().filter(|(group, _)| group.is_some());
            let unknown = tallies.get_key_value(&None);
            let cell = |(group, tally)| Cell { target, group: Option::as_deref(group), tally };
            named.chain(unknown).map(cell)
        })
    }

    /// The rows of all cells, in their order.
    pub fn rows(&self) -> Vec<GroupAggregate> {
        self.cells().map(|cell| cell.row()).collect()
    }
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
    /// Of the pieces that did not abstain, the shares of favor, against and neutral, in this order
    /// (that of [`Label::ALL`]), which sum to one; `None` if all abstained.
    pub shares: Option<[Estimate; 3]>,
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

    pub(crate) fn add(&mut self, stance: Stance) {
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
    /// Label and position of the pieces that did not abstain.
    answers: Vec<(Label, f32)>,
}

impl Tally {
    /// Counts one piece by its records at the placements in question, of one holder and target.
    fn add(&mut self, records: &[&Record]) {
        let Some(record) = representative(records) else { return };
        self.pieces.add(record.stance);
        records.iter().for_each(|record| self.placements.add(record.stance));
        if let Some(label) = record.stance.label() {
            self.answers.push((label, record.probabilities.position()));
        }
    }

    fn aggregate(&self) -> Aggregate {
        // Sorted, so that neither the sums nor the draws depend on the order of the pieces.
        let mut answers = self.answers.clone();
        answers.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let is = |of: Label, label: Label| f64::from(u8::from(of == label));
        let units: Vec<[f64; 4]> = answers
            .iter()
            .map(|&(label, position)| {
                let [favor, against, neutral] = Label::ALL.map(|of| is(of, label));
                [f64::from(position), favor, against, neutral]
            })
            .collect();
        let means = bootstrap::means(&units);
        let share = |mut share: Estimate| {
            if share.value == 0.0 || share.value == 1.0 {
                share.interval = bootstrap::unvaried(share.value == 1.0, units.len());
            }
            share
        };
        Aggregate {
            pieces: self.pieces,
            placements: self.placements,
            position: means.map(|[position, ..]| position.value),
            interval: means.and_then(|[position, ..]| position.interval),
            shares: means.map(|[_, favor, against, neutral]| [favor, against, neutral].map(share)),
        }
    }
}

impl Aggregates {
    /// Counts one piece, given all its placements; see [`Cells::add_piece`].
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        self.0.iter_mut().for_each(|cells| cells.add_piece(placements));
    }

    /// The cells of every grouping, in the order of [`Grouping::ALL`].
    pub fn groupings(&self) -> &[Cells] {
        &self.0
    }

    /// The cells of one grouping.
    pub fn by(&self, grouping: Grouping) -> &Cells {
        // They stand in the order of the variants.
        &self.0[grouping as usize]
    }

    /// The stances of authors over all targets: every piece once per target that it takes up.
    pub fn answers(&self) -> Counts {
        let mut answers = Counts::default();
        for Counts { favor, against, neutral, abstained } in
            self.by(Grouping::All).cells().map(|cell| cell.pieces())
        {
            answers.favor += favor;
            answers.against += against;
            answers.neutral += neutral;
            answers.abstained += abstained;
        }
        answers
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
            outlet,
            kind: Kind::OpEd,
            text: "",
            records,
            ..Placement::default()
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

    fn outlets() -> Vec<GroupAggregate> {
        sample().by(Grouping::Outlet).rows()
    }

    #[test]
    fn a_piece_counts_once_per_outlet_and_once_in_the_total() {
        let (total, outlets) = (sample().by(Grouping::All).rows(), outlets());
        let [GroupAggregate { target, group, aggregate: total }] = &total[..] else {
            panic!("one")
        };
        assert_eq!((target.as_str(), group.as_deref()), ("levy", Some("")));
        assert_eq!(total.pieces, Counts { favor: 1, against: 1, neutral: 1, abstained: 1 });
        assert_eq!(total.placements, Counts { favor: 3, against: 1, neutral: 1, abstained: 1 });
        assert_eq!(sample().answers(), total.pieces);
        let names: Vec<_> = outlets.iter().map(|outlet| outlet.group.as_deref()).collect();
        assert_eq!(names, [Some("North"), Some("South"), None]);
        let north = outlets[0].aggregate;
        assert_eq!(north.pieces, Counts { favor: 1, against: 1, ..Counts::default() });
        assert_eq!(north.placements.sum(), 3);
    }

    #[test]
    fn the_mean_is_over_pieces_that_answered() {
        let (total, outlets) = (sample().by(Grouping::All).rows()[0].aggregate, outlets());
        // (0.5 - 1 + 0) / 3: the abstained piece is left out, the threefold one weighs once.
        assert!((total.position.unwrap() + 1.0 / 6.0).abs() < 1e-12);
        let south = outlets[1].aggregate;
        assert_eq!(south.position, Some(0.5));
        assert_eq!(south.interval, None, "one piece that answered gives no interval");
        let Interval { low, high } = outlets[0].aggregate.interval.unwrap();
        assert_eq!((low, high), (-1.0, 0.5), "of two pieces: each alone is a likely resample");
    }

    #[test]
    fn shares_are_of_the_pieces_that_answered() {
        let total = sample().by(Grouping::All).rows()[0].aggregate;
        let shares = total.shares.unwrap().map(|share| share.value);
        assert_eq!(shares, [1.0 / 3.0; 3]);
        let [favor, _, neutral] = outlets()[0].aggregate.shares.unwrap();
        assert_eq!((favor.value, neutral.value), (0.5, 0.0));
        assert_eq!(favor.interval, Some(Interval { low: 0.0, high: 1.0 }));
        let Interval { low, high } = neutral.interval.unwrap();
        assert!(low == 0.0 && (high - 0.657_6).abs() < 1e-3, "0 of 2 is not 0 for sure: {high}");
    }

    #[test]
    fn every_grouping_has_its_cells() {
        let aggregates = Aggregates::default();
        Grouping::ALL.iter().for_each(|&by| assert_eq!(aggregates.by(by).grouping(), by));
    }

    #[test]
    fn a_piece_counts_in_every_group_that_it_belongs_to() {
        let records = ["a", "a2"].map(|id| author(id, "a", Stance::Favor, [1.0, 0.0, 0.0]));
        let names = ["Oda Merrin".to_owned(), "Jory Tamm".to_owned()];
        let first = Placement {
            authors: &names,
            published: Some("2026-03-01"),
            language: Some("en"),
            ..placed(Some("North"), &records[0])
        };
        let second = Placement {
            published: Some("2026-02-28"),
            kind: Kind::News,
            ..placed(Some("North"), &records[1])
        };
        let groups = |grouping: Grouping| -> Vec<(Option<String>, usize, usize)> {
            let mut cells = Cells::by(grouping);
            cells.add_piece(&[first, second]);
            let row = |row: GroupAggregate| {
                (row.group, row.aggregate.pieces.favor, row.aggregate.placements.favor)
            };
            cells.rows().into_iter().map(row).collect()
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(groups(Grouping::All), [(some(""), 1, 2)]);
        assert_eq!(groups(Grouping::Outlet), [(some("North"), 1, 2)]);
        let authors = [(some("Jory Tamm"), 1, 1), (some("Oda Merrin"), 1, 1), (None, 1, 1)];
        assert_eq!(groups(Grouping::Author), authors);
        assert_eq!(groups(Grouping::Kind), [(some("news"), 1, 1), (some("op-ed"), 1, 1)]);
        assert_eq!(groups(Grouping::Language), [(some("en"), 1, 1), (None, 1, 1)]);
        assert_eq!(groups(Grouping::Month), [(some("2026-02"), 1, 2)], "the first placement's");
        assert_eq!(groups(Grouping::Actor), []);
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
            aggregates.by(Grouping::Outlet).rows()
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
        assert_eq!(aggregates.by(Grouping::All).rows(), []);
        let actors = aggregates.by(Grouping::Actor).rows();
        assert_eq!((actors[0].group.as_deref(), &*actors[0].target), (Some("Ilse Maron"), "levy"));
        assert_eq!(actors[0].aggregate.pieces.against, 1);
        assert_eq!(actors[0].aggregate.placements.against, 2);
        assert_eq!(actors[0].aggregate.position, Some(-0.5));
    }
}
