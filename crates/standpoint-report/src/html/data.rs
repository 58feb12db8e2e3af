use super::differences::{Difference, difference};
use super::excerpts::{Excerpts, KeptEvidence};
use crate::{
    aggregates::{Aggregates, Grouping, Placement},
    evaluation::{GoldRecord, RunScores, run_against_gold},
    summary::RunSummary,
    trends::Trends,
};
use standpoint_core::{Cut, Failure, Kind, Probabilities, Record, Stance, Target};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Most records that a report holds.
pub const RECORDS: usize = 100_000;
/// Most bytes of the documents' text that a report holds as evidence. Deflated and in base64 it comes
/// to about half as much in the file.
pub const TEXT: usize = 4_200_000;
/// Most pieces with several placements that a report shows: those with the most placements.
pub const PIECES: usize = 300;
/// Most failures that a report shows: the first ones.
pub const FAILURES: usize = 50;
/// Most placements kept of one piece: the first by date.
pub(super) const PLACEMENTS: usize = 50;

/// What a report is made from, gathered piece by piece; its size is bounded, however many pieces
/// there are, but for the counts of [`Aggregates`].
#[derive(Debug)]
pub struct ReportData {
    /// The counts of the run, filled in when it is over.
    pub summary: RunSummary,
    targets: Vec<Target>,
    aggregates: Aggregates,
    trends: Trends,
    outlets: BTreeSet<String>,
    pub(super) pieces: Vec<KeptPiece>,
    /// Records and pieces with several placements that there were to show.
    pub(super) offered: usize,
    pub(super) in_several: usize,
    pub(super) failures: Vec<Failure>,
    /// What people labelled, and the records of the documents that they labelled.
    gold: Vec<GoldRecord>,
    labelled: BTreeSet<String>,
    judged: Vec<Record>,
    /// What is kept now: records, bytes of evidence.
    records: usize,
    text: usize,
}

/// A piece with its placements and the records of the document that stands for it.
#[derive(Debug, Clone)]
pub(super) struct KeptPiece {
    pub(super) id: String,
    pub(super) kind: Kind,
    /// In order of time, undated ones last; not empty.
    pub(super) places: Vec<Place>,
    /// How many documents the piece is placed as.
    pub(super) placements: usize,
    pub(super) records: Vec<KeptRecord>,
    pub(super) excerpts: Excerpts,
}

/// A record, without what its piece says.
#[derive(Debug, Clone)]
pub(super) struct KeptRecord {
    pub(super) actor: Option<String>,
    pub(super) target: String,
    pub(super) stance: Stance,
    pub(super) probabilities: Probabilities,
    /// How many passages were scored.
    pub(super) passages: usize,
    /// Those whose text is kept, the one that shows the stance best first.
    pub(super) evidence: Vec<KeptEvidence>,
    /// The places, by index, that do not have the record: their copy lacks all of its evidence.
    pub(super) absent: Vec<usize>,
}

/// Where and when a document was placed.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) document: String,
    pub(super) title: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) outlet: Option<String>,
    pub(super) url: Option<String>,
    pub(super) published: Option<String>,
    pub(super) rights: Option<String>,
    pub(super) notes: Vec<String>,
    /// Whether the document stands for the piece.
    pub(super) representative: bool,
    pub(super) cuts: Vec<Cut>,
    /// How its text differs from that of the document that stands for the piece.
    pub(super) difference: Option<Difference>,
}

/// How much of a piece's evidence there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    /// The heaviest passages of each record in their context.
    Context,
    /// Of each record the passage that shows its stance best.
    Sentence,
    /// The records without evidence.
    Figures,
    /// Nothing.
    None,
}

impl ReportData {
    /// A report without pieces, on these targets, shown in this order.
    pub fn of(targets: Vec<Target>) -> Self {
        Self {
            summary: RunSummary::default(),
            targets,
            aggregates: Aggregates::default(),
            trends: Trends::by(Grouping::All),
            outlets: BTreeSet::new(),
            pieces: Vec::new(),
            offered: 0,
            in_several: 0,
            failures: Vec::new(),
            gold: Vec::new(),
            labelled: BTreeSet::new(),
            judged: Vec::new(),
            records: 0,
            text: 0,
        }
    }

    /// The same, compared with labels that people gave.
    pub fn with_gold(self, gold: Vec<GoldRecord>) -> Self {
        let labelled = gold.iter().map(|row| row.document.clone()).collect();
        Self { gold, labelled, ..self }
    }

    /// Takes up one piece, given all its placements: counts it, and keeps of its records and
    /// placements what the report has room for. Of a piece the records of the document that stands
    /// for it are shown.
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        self.aggregates.add_piece(placements);
        self.trends.add_piece(placements);
        let judged = placements.iter().filter(|of| self.labelled.contains(of.document));
        self.judged.extend(judged.flat_map(|of| of.records).cloned());
        for outlet in placements.iter().filter_map(|placement| placement.outlet) {
            if !self.outlets.contains(outlet) {
                self.outlets.insert(outlet.to_owned());
            }
        }
        let Some(piece) = KeptPiece::of(placements) else { return };
        self.in_several += usize::from(piece.placements > 1);
        self.offered += piece.records.len();
        self.records += piece.records.len();
        self.text += piece.excerpts.bytes();
        if piece.records.is_empty() && piece.placements == 1 {
            return;
        }
        self.pieces.push(piece);
        // Shed rarely, and no more than the end will have to. A piece that is shed might still have been
        // shown where later ones push down those that now come before it.
        if self.records > RECORDS + RECORDS / 4
            || self.text > 3 * TEXT
            || self.pieces.len() > 2 * RECORDS
        {
            self.shed(RECORDS, 2 * TEXT);
        }
    }

    /// Takes up an input that could not be read.
    pub fn add_failure(&mut self, failure: &Failure) {
        if self.failures.len() < FAILURES {
            self.failures.push(failure.clone());
        }
    }

    /// The counts so far.
    pub fn aggregates(&self) -> &Aggregates {
        &self.aggregates
    }

    /// The stances of authors over time so far, all together.
    pub fn trends(&self) -> &Trends {
        &self.trends
    }

    /// How far the records agree with gold; `None` where there is none.
    pub(super) fn agreement(&self) -> Option<RunScores> {
        (!self.gold.is_empty()).then(|| run_against_gold(&self.judged, &self.gold))
    }

    /// The targets of the run.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// How many outlets placed the documents.
    pub(super) fn outlets(&self) -> usize {
        self.outlets.len()
    }

    /// How a target is called in words; its id if the run does not know it.
    pub(super) fn target_text<'a>(&'a self, id: &'a str) -> &'a str {
        let target = self.targets.iter().find(|target| target.id == id);
        target.map_or(id, |target| &target.text)
    }

    /// Where a target stands in the order of the report.
    pub(super) fn target_order(&self, id: &str) -> usize {
        let place = self.targets.iter().position(|target| target.id == id);
        place.unwrap_or(self.targets.len())
    }

    /// The same with no more than a page holds.
    pub(super) fn fitted(mut self) -> Self {
        self.shed(RECORDS, TEXT);
        self
    }

    /// Leaves out what matters least: see [`Self::order`].
    fn shed(&mut self, records: usize, text: usize) {
        let order = self.order();
        let mut room = vec![Room::None; self.pieces.len()];
        let (mut records_left, mut text_left) = (records, text);
        let mut sentences = BTreeMap::new();
        for &index in &order {
            let piece = &self.pieces[index];
            if piece.records.len() > records_left {
                continue;
            }
            records_left -= piece.records.len();
            room[index] = Room::Figures;
            let bytes = piece.sentences_only().1.bytes();
            if bytes <= text_left {
                text_left -= bytes;
                room[index] = Room::Sentence;
                sentences.insert(index, bytes);
            }
        }
        for &index in &order {
            let Some(bytes) = sentences.get(&index) else { continue };
            let more = self.pieces[index].excerpts.bytes().saturating_sub(*bytes);
            if more <= text_left {
                text_left -= more;
                room[index] = Room::Context;
            }
        }
        let shown = self.shown_placed();
        let pieces = std::mem::take(&mut self.pieces).into_iter().zip(room).enumerate();
        let kept = pieces.filter_map(|(index, (mut piece, room))| {
            match room {
                Room::Context => {}
                Room::Sentence => (piece.records, piece.excerpts) = piece.sentences_only(),
                Room::Figures | Room::None => {
                    piece.excerpts = Excerpts::default();
                    piece.records.iter_mut().for_each(|record| record.evidence.clear());
                }
            }
            if room == Room::None {
                piece.records.clear();
            }
            if !shown.contains(&index) {
                piece.places.iter_mut().for_each(Place::forget_text);
            }
            (!piece.records.is_empty() || shown.contains(&index)).then_some(piece)
        });
        self.pieces = kept.collect();
        self.records = self.pieces.iter().map(|piece| piece.records.len()).sum();
        self.text = self.pieces.iter().map(|piece| piece.excerpts.bytes()).sum();
    }

    /// The pieces with records, those first that a reader would miss most: the surest record of
    /// every outlet (or actor), target and stance, then the second surest of each, and so on.
    fn order(&self) -> Vec<usize> {
        type Cell<'a> = (&'a str, Option<&'a str>, Option<&'a str>, Stance);
        let mut cells: BTreeMap<Cell<'_>, Vec<(Reverse<u32>, usize)>> = BTreeMap::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            for record in &piece.records {
                let outlet = match record.actor {
                    None => piece.places[0].outlet.as_deref(),
                    Some(_) => None,
                };
                let cell = (record.target.as_str(), record.actor.as_deref(), outlet, record.stance);
                // Bits of floats of one sign sort as the floats.
                let surest = Reverse(record.probabilities.confidence().to_bits());
                cells.entry(cell).or_default().push((surest, index));
            }
        }
        let mut rank = vec![usize::MAX; self.pieces.len()];
        for cell in cells.values_mut() {
            cell.sort_unstable();
            for (place, &(_, index)) in cell.iter().enumerate() {
                rank[index] = rank[index].min(place);
            }
        }
        let mut order: Vec<usize> =
            (0..self.pieces.len()).filter(|&index| rank[index] != usize::MAX).collect();
        order.sort_by_key(|&index| (rank[index], index));
        order
    }

    /// The pieces whose placements are shown: of those with several, the ones with the most.
    pub(super) fn shown_placed(&self) -> BTreeSet<usize> {
        let several = self.pieces.iter().enumerate().filter(|(_, piece)| piece.placements > 1);
        let mut several: Vec<_> =
            several.map(|(index, piece)| (Reverse(piece.placements), index)).collect();
        several.sort_unstable();
        several.into_iter().take(PIECES).map(|(_, index)| index).collect()
    }
}

impl KeptPiece {
    fn of(placements: &[Placement<'_>]) -> Option<Self> {
        let stands_for = |placement: &&Placement<'_>| {
            placement.records.iter().any(|record| record.document == record.piece)
        };
        let shown = placements.iter().find(stands_for);
        let shown = shown.or(placements.iter().find(|placement| !placement.records.is_empty()));
        // A piece without records: the longest text stands for it, the first where two are equal.
        let longest = placements.iter().rev().max_by_key(|placement| placement.text.len());
        let shown = shown.or(longest)?;
        let mut ordered: Vec<&Placement<'_>> = placements.iter().collect();
        ordered.sort_by_key(|placement| (placement.published.is_none(), placement.published));
        ordered.truncate(PLACEMENTS);
        if !ordered.iter().any(|placement| placement.document == shown.document) {
            ordered.pop();
            ordered.push(shown);
        }
        let places = ordered.iter().map(|placement| Place::of(placement, shown)).collect();
        let mut excerpts = Excerpts::default();
        let records = shown.records.iter().map(|record| {
            let same =
                |other: &Record| other.target == record.target && other.holder == record.holder;
            let absent = ordered.iter().enumerate();
            let absent = absent.filter(|(_, placement)| !placement.records.iter().any(same));
            KeptRecord {
                actor: match &record.holder {
                    standpoint_core::Holder::Author => None,
                    standpoint_core::Holder::Actor(name) => Some(name.clone()),
                },
                target: record.target.clone(),
                stance: record.stance,
                probabilities: record.probabilities,
                passages: record.passages,
                evidence: excerpts.add(shown, record),
                absent: absent.map(|(index, _)| index).collect(),
            }
        });
        let mut records: Vec<KeptRecord> = records.collect();
        let moved = excerpts.merge();
        records.iter_mut().flat_map(|record| &mut record.evidence).for_each(|e| moved.apply(e));
        Some(Self {
            id: shown.records.first().map_or(shown.document, |record| &record.piece).to_owned(),
            kind: shown.kind,
            places,
            placements: placements.len(),
            records,
            excerpts,
        })
    }

    /// The records with one passage each, and the text of these alone.
    fn sentences_only(&self) -> (Vec<KeptRecord>, Excerpts) {
        let mut excerpts = Excerpts::default();
        let records = self.records.iter().map(|record| {
            let evidence = record.evidence.first().map(|e| excerpts.take(&self.excerpts, e));
            KeptRecord { evidence: evidence.into_iter().collect(), ..record.clone() }
        });
        (records.collect(), excerpts)
    }
}

impl Place {
    fn of(placement: &Placement<'_>, shown: &Placement<'_>) -> Self {
        let representative = placement.document == shown.document;
        Self {
            document: placement.document.to_owned(),
            title: placement.title.map(str::to_owned),
            authors: placement.authors.to_vec(),
            outlet: placement.outlet.map(str::to_owned),
            url: placement.url.filter(|url| is_of_the_web(url)).map(str::to_owned),
            published: placement.published.map(str::to_owned),
            rights: placement.rights.map(str::to_owned),
            notes: placement.notes.to_vec(),
            representative,
            cuts: placement.cuts.to_vec(),
            difference: (!representative).then(|| difference(shown, placement)),
        }
    }

    fn forget_text(&mut self) {
        self.cuts.clear();
        self.difference = None;
    }
}

/// Whether an address may become a link; no other scheme does.
fn is_of_the_web(url: &str) -> bool {
    let scheme = |name: &str| url.get(..name.len()).is_some_and(|x| x.eq_ignore_ascii_case(name));
    scheme("https://") || scheme("http://")
}
