use crate::{
    aggregates::{Aggregates, Placement},
    summary::RunSummary,
};
use standpoint_core::{Failure, Kind, Record, Target};
use std::collections::{BTreeMap, BTreeSet};

/// Most records that a report shows.
pub const RECORDS: usize = 2_000;
/// Most pieces with several outlets that a report shows: those with the most placements.
pub const PIECES: usize = 200;
/// Most failures that a report shows: the first ones.
pub const FAILURES: usize = 50;
/// Most passages shown under one record: the heaviest ones.
const EVIDENCE: usize = 5;
/// Most placements shown of one piece: the first by date.
pub(super) const PLACEMENTS: usize = 50;

/// What a report is made from, gathered piece by piece; its size is bounded, however many pieces
/// there are, but for the counts of [`Aggregates`].
#[derive(Debug, Clone, Default)]
pub struct ReportData {
    /// The counts of the run, filled in when it is over.
    pub summary: RunSummary,
    targets: Vec<Target>,
    aggregates: Aggregates,
    outlets: BTreeSet<String>,
    pub(super) sample: Sample,
    pub(super) pieces: Vec<PlacedPiece>,
    pub(super) pieces_in_several: usize,
    pub(super) failures: Vec<Failure>,
}

/// A record with what the report says of its document.
#[derive(Debug, Clone)]
pub(super) struct ShownRecord {
    pub(super) record: Record,
    /// Passages of evidence beyond those kept in the record.
    pub(super) evidence_left: usize,
    pub(super) place: Place,
    pub(super) authors: Vec<String>,
    pub(super) kind: Kind,
    /// How many documents the piece is placed as.
    pub(super) placements: usize,
}

/// Where and when a document was placed.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) document: String,
    pub(super) title: Option<String>,
    pub(super) outlet: Option<String>,
    pub(super) url: Option<String>,
    pub(super) published: Option<String>,
}

/// A piece that ran in several outlets.
#[derive(Debug, Clone)]
pub(super) struct PlacedPiece {
    /// In order of time, undated ones last.
    pub(super) places: Vec<Place>,
    pub(super) placements: usize,
    pub(super) outlets: usize,
}

impl ReportData {
    /// A report without pieces, on these targets, shown in this order.
    pub fn of(targets: Vec<Target>) -> Self {
        Self { targets, ..Self::default() }
    }

    /// Takes up one piece, given all its placements: counts it, and keeps of its records and
    /// placements what the report has room for. Of a piece the records of the document that stands
    /// for it are shown.
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        self.aggregates.add_piece(placements);
        for outlet in placements.iter().filter_map(|placement| placement.outlet) {
            if !self.outlets.contains(outlet) {
                self.outlets.insert(outlet.to_owned());
            }
        }
        let stands_for = |placement: &&Placement<'_>| {
            placement.records.iter().any(|record| record.document == record.piece)
        };
        let shown = placements.iter().find(stands_for);
        let shown = shown.or(placements.iter().find(|placement| !placement.records.is_empty()));
        for record in shown.iter().flat_map(|placement| placement.records) {
            if let Some(placement) = shown {
                self.sample.offer(record, placement, placements.len());
            }
        }
        self.keep_piece(placements);
    }

    /// Takes up an input that could not be read.
    pub fn add_failure(&mut self, failure: &Failure) {
        if self.failures.len() < FAILURES {
            self.failures.push(failure.clone());
        }
    }

    /// The counts by target, outlet and actor so far.
    pub fn aggregates(&self) -> &Aggregates {
        &self.aggregates
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

    fn keep_piece(&mut self, placements: &[Placement<'_>]) {
        let outlets: BTreeSet<&str> = placements.iter().filter_map(|place| place.outlet).collect();
        if outlets.len() < 2 {
            return;
        }
        self.pieces_in_several += 1;
        let mut places: Vec<Place> = placements.iter().map(Place::of).collect();
        places.sort_by(|a, b| a.time().cmp(&b.time()));
        places.truncate(PLACEMENTS);
        let (placements, outlets) = (placements.len(), outlets.len());
        self.pieces.push(PlacedPiece { places, placements, outlets });
        if self.pieces.len() > PIECES {
            let fewest = self.pieces.iter().enumerate().rev().min_by_key(|(_, p)| p.placements);
            if let Some(fewest) = fewest.map(|(index, _)| index) {
                self.pieces.remove(fewest);
            }
        }
    }
}

impl Place {
    fn of(placement: &Placement<'_>) -> Self {
        Self {
            document: placement.document.to_owned(),
            title: placement.title.map(str::to_owned),
            outlet: placement.outlet.map(str::to_owned),
            url: placement.url.map(str::to_owned),
            published: placement.published.map(str::to_owned),
        }
    }

    /// Sorts by time; what has no date comes last.
    pub(super) fn time(&self) -> (bool, Option<&str>) {
        (self.published.is_none(), self.published.as_deref())
    }
}

/// The records shown, by target and outlet, in the order of reading.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    pub(super) cells: BTreeMap<(String, Option<String>), Vec<ShownRecord>>,
    pub(super) kept: usize,
    /// How many there were to show.
    pub(super) offered: usize,
    /// The length that no cell exceeds, once the sample is full.
    fullest: usize,
}

impl Sample {
    /// Keeps the record if there is room. When there is none, it takes the place of the last one
    /// in the fullest cell, provided that its own cell stays the smaller of the two: so every
    /// target and outlet is shown before any is shown at length.
    fn offer(&mut self, record: &Record, placement: &Placement<'_>, placements: usize) {
        self.offered += 1;
        let key = (record.target.clone(), placement.outlet.map(str::to_owned));
        if self.kept >= RECORDS {
            let length = self.cells.get(&key).map_or(0, Vec::len);
            if !self.make_room(length) {
                return;
            }
        }
        let mut record = record.clone();
        let evidence_left = record.evidence.len().saturating_sub(EVIDENCE);
        record.evidence.truncate(EVIDENCE);
        let cell = self.cells.entry(key).or_default();
        cell.push(ShownRecord {
            record,
            evidence_left,
            place: Place::of(placement),
            authors: placement.authors.to_vec(),
            kind: placement.kind,
            placements,
        });
        self.kept += 1;
        self.fullest = self.fullest.max(cell.len());
    }

    /// Drops a record from the fullest cell for one that comes to a cell of that length.
    fn make_room(&mut self, length: usize) -> bool {
        if length + 1 >= self.fullest {
            return false;
        }
        let longest = self.cells.values().map(Vec::len).max().unwrap_or(0);
        self.fullest = longest;
        if length + 1 >= longest {
            return false;
        }
        let cell = self.cells.values_mut().rev().find(|cell| cell.len() == longest);
        self.kept -= usize::from(cell.and_then(Vec::pop).is_some());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::{Holder, Probabilities, Stance};

    fn offer(data: &mut ReportData, id: usize, outlet: &str) {
        let record = Record {
            document: id.to_string(),
            piece: id.to_string(),
            holder: Holder::Author,
            target: "levy".into(),
            stance: Stance::Favor,
            probabilities: Probabilities::new(1.0, 0.0, 0.0),
            passages: 1,
            evidence: vec![],
        };
        data.add_piece(&[Placement {
            document: &record.document,
            title: None,
            authors: &[],
            outlet: Some(outlet),
            url: None,
            published: None,
            language: None,
            kind: Kind::Other,
            records: std::slice::from_ref(&record),
        }]);
    }

    #[test]
    fn a_full_sample_makes_room_for_outlets_that_come_late() {
        let mut data = ReportData::of(vec![]);
        (0..RECORDS + 10).for_each(|id| offer(&mut data, id, "North"));
        (0..5).for_each(|id| offer(&mut data, 10_000 + id, "South"));
        (0..RECORDS).for_each(|id| offer(&mut data, 20_000 + id, "West"));
        let lengths: Vec<usize> = data.sample.cells.values().map(Vec::len).collect();
        assert_eq!(lengths, [998, 5, 997]);
        assert_eq!((data.sample.kept, data.sample.offered), (RECORDS, 2 * RECORDS + 15));
        let north = &data.sample.cells[&("levy".to_owned(), Some("North".to_owned()))];
        assert_eq!(north.last().unwrap().place.document, "997", "the first ones stay");
    }
}
