//! The report's data as the page's script reads them: columns, with names in dictionaries.

use super::ReportData;
use super::data::{KeptPiece, Place};
use super::differences::Difference;
use super::excerpts::Excerpts;
use crate::aggregates::{Aggregate, Cell, Counts, Grouping};
use crate::bootstrap::Interval;
use crate::network::{ACTORS, Network, Side, Tie};
use crate::trends::{Series, Step};
use serde::Serialize;
use standpoint_core::{Span, Stance};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most rows of one target in each of the three views of where everybody stands.
const ROWS: usize = 200;

/// Everything that the script needs. Names point into the lists of names; no name is −1.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    targets: Vec<TargetNames<'a>>,
    outlets: Vec<String>,
    authors: Vec<String>,
    actors: Vec<String>,
    kinds: Vec<String>,
    voices: Vec<String>,
    standing: Standing,
    trends: TrendColumns,
    network: NetworkColumns,
    pieces: Pieces<'a>,
    places: Places<'a>,
    records: Records,
    evidence: EvidenceColumns,
    excerpts: ExcerptColumns<'a>,
    left: Left,
    /// Of authors and actors, how many of the labels that were compared with gold are right.
    agreement: Option<Agreement>,
}

/// Right ones, and all that were answered.
#[derive(Debug, Serialize)]
struct Agreement {
    authors: [usize; 2],
    actors: [usize; 2],
}

#[derive(Debug, Serialize)]
struct TargetNames<'a> {
    id: &'a str,
    text: &'a str,
}

/// What the page leaves to the tables.
#[derive(Debug, Serialize)]
struct Left {
    /// Records that there were, and pieces with several placements.
    records: usize,
    placed: usize,
}

/// Rows of where everybody stands, the ones with the most pieces first.
#[derive(Debug, Default, Serialize)]
struct Standing {
    /// All authors together.
    total: Vec<StandingRow>,
    outlets: Vec<StandingRow>,
    authors: Vec<StandingRow>,
    actors: Vec<StandingRow>,
    /// How many rows were left out.
    outlets_left: usize,
    authors_left: usize,
    actors_left: usize,
}

#[derive(Debug, Serialize)]
struct StandingRow {
    target: usize,
    name: i64,
    pieces: [usize; 4],
    placements: [usize; 4],
    mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<[f64; 2]>,
}

/// The curves of all targets by both steps.
#[derive(Debug, Serialize)]
struct TrendColumns {
    /// The step that suits the dates.
    step: &'static str,
    week: Vec<Curve>,
    month: Vec<Curve>,
}

/// The points of a target, in order and without a step left out.
#[derive(Debug, Serialize)]
struct Curve {
    target: usize,
    /// Pieces without a date.
    undated: usize,
    /// How near a piece has to be to count at a point, in days.
    bandwidth: Option<f64>,
    start: Vec<String>,
    pieces: Vec<[usize; 4]>,
    position: Vec<Option<f64>>,
    interval: Vec<Option<[f64; 2]>>,
}

/// The actors that tell most, their ties to targets, and how they meet.
#[derive(Debug, Serialize)]
struct NetworkColumns {
    /// Those who tell most first.
    actors: Vec<i64>,
    ties: Vec<TieRow>,
    /// Two actors, on how many targets they take the same side and opposite ones, and the score.
    meetings: Vec<(i64, i64, usize, usize, f64)>,
    /// Actors that took a side, in all.
    all: usize,
}

#[derive(Debug, Serialize)]
struct TieRow {
    actor: i64,
    target: usize,
    position: Option<f64>,
    side: Option<&'static str>,
    pieces: [usize; 4],
}

/// One entry per piece.
#[derive(Debug, Default, Serialize)]
struct Pieces<'a> {
    id: Vec<&'a str>,
    kind: Vec<i64>,
    /// How many of the places, records and excerpts that follow are the piece's.
    places: Vec<usize>,
    records: Vec<usize>,
    excerpts: Vec<usize>,
    /// How many documents it is placed as; more than its places where some were left out.
    placements: Vec<usize>,
    /// Which of its places stands for it, from 0.
    representative: Vec<usize>,
    /// Whether its copies were compared.
    compared: Vec<u8>,
}

/// One entry per document.
#[derive(Debug, Default, Serialize)]
struct Places<'a> {
    document: Vec<&'a str>,
    title: Vec<Option<&'a str>>,
    authors: Vec<Vec<i64>>,
    outlet: Vec<i64>,
    url: Vec<Option<&'a str>>,
    published: Vec<Option<&'a str>>,
    /// By place, here and below.
    rights: BTreeMap<usize, String>,
    notes: BTreeMap<usize, &'a [String]>,
    cuts: BTreeMap<usize, Vec<(&'static str, String)>>,
    differences: BTreeMap<usize, &'a Difference>,
}

/// One entry per record; probabilities in thousandths.
#[derive(Debug, Default, Serialize)]
struct Records {
    /// −1 for the author.
    actor: Vec<i64>,
    target: Vec<usize>,
    /// Index in [`Stance::ALL`].
    stance: Vec<usize>,
    favor: Vec<u16>,
    against: Vec<u16>,
    neutral: Vec<u16>,
    passages: Vec<usize>,
    /// How many of the evidence that follows is the record's.
    evidence: Vec<usize>,
    /// Records and places of their piece that do not have them.
    absent: Vec<(usize, usize)>,
}

/// One entry per passage of a record; positions in UTF-16, as scripts count.
#[derive(Debug, Default, Serialize)]
struct EvidenceColumns {
    /// The excerpt's place among those of the piece.
    excerpt: Vec<usize>,
    from: Vec<usize>,
    length: Vec<usize>,
    voice: Vec<i64>,
    favor: Vec<u16>,
    against: Vec<u16>,
    neutral: Vec<u16>,
    weight: Vec<u16>,
    /// By place in these columns: one past the last byte of a passage that was clipped.
    clipped: BTreeMap<usize, usize>,
    /// By place in these columns: the bytes of the words for the holder, and of those that attribute it;
    /// then excerpt, position and length of them, where an excerpt holds them.
    mention: BTreeMap<usize, Vec<usize>>,
    cue: BTreeMap<usize, Vec<usize>>,
}

#[derive(Debug, Default, Serialize)]
struct ExcerptColumns<'a> {
    /// First byte in the document.
    start: Vec<usize>,
    text: Vec<&'a str>,
}

/// Names, numbered in the order in which they come.
#[derive(Debug, Default)]
struct Names {
    numbers: BTreeMap<String, i64>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> i64 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as i64;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn maybe(&mut self, name: Option<&str>) -> i64 {
        name.map_or(-1, |name| self.number(name))
    }
}

impl<'a> Page<'a> {
    /// The columns of what the report holds; `data` is [fitted](ReportData::fitted).
    pub(super) fn of(data: &'a ReportData) -> Self {
        let mut targets: Vec<TargetNames<'a>> =
            data.targets().iter().map(|t| TargetNames { id: &t.id, text: &t.text }).collect();
        let mut target_numbers: BTreeMap<&str, usize> =
            targets.iter().enumerate().map(|(number, target)| (target.id, number)).collect();
        let mut names = Dictionaries::default();
        let mut columns = Columns::default();
        let shown = data.shown_placed();
        for (index, piece) in data.pieces.iter().enumerate() {
            for record in &piece.records {
                target_numbers.entry(&record.target).or_insert_with(|| {
                    targets.push(TargetNames { id: &record.target, text: &record.target });
                    targets.len() - 1
                });
            }
            columns.add(piece, shown.contains(&index), &target_numbers, &mut names);
        }
        let standing = Standing::of(data, &target_numbers, &mut names);
        let trends = TrendColumns::of(data, &target_numbers);
        let network = NetworkColumns::of(data, &target_numbers, &mut names);
        let Columns { pieces, places, records, evidence, excerpts } = columns;
        Self {
            targets,
            outlets: names.outlets.names,
            authors: names.authors.names,
            actors: names.actors.names,
            kinds: names.kinds.names,
            voices: names.voices.names,
            standing,
            trends,
            network,
            pieces,
            places,
            records,
            evidence,
            excerpts,
            left: Left { records: data.offered, placed: data.in_several },
            agreement: data.agreement().map(|scores| Agreement {
                authors: scores.author.labels.overall.right_of_answered(),
                actors: scores.actors.labels.overall.right_of_answered(),
            }),
        }
    }
}

#[derive(Debug, Default)]
struct Dictionaries {
    outlets: Names,
    authors: Names,
    actors: Names,
    kinds: Names,
    voices: Names,
}

#[derive(Debug, Default)]
struct Columns<'a> {
    pieces: Pieces<'a>,
    places: Places<'a>,
    records: Records,
    evidence: EvidenceColumns,
    excerpts: ExcerptColumns<'a>,
}

impl<'a> Columns<'a> {
    fn add(
        &mut self,
        piece: &'a KeptPiece,
        compared: bool,
        targets: &BTreeMap<&str, usize>,
        names: &mut Dictionaries,
    ) {
        let Self { pieces, places, records, evidence, excerpts } = self;
        pieces.id.push(&piece.id);
        pieces.kind.push(names.kinds.number(piece.kind.as_str()));
        pieces.places.push(piece.places.len());
        pieces.records.push(piece.records.len());
        pieces.excerpts.push(piece.excerpts.parts.len());
        pieces.placements.push(piece.placements);
        let representative = piece.places.iter().position(|place| place.representative);
        pieces.representative.push(representative.unwrap_or_default());
        pieces.compared.push(compared.into());
        for place in &piece.places {
            places.add(place, compared, names);
        }
        for record in &piece.records {
            records.absent.extend(record.absent.iter().map(|&place| (records.actor.len(), place)));
            records.actor.push(names.actors.maybe(record.actor.as_deref()));
            records.target.push(targets.get(record.target.as_str()).copied().unwrap_or_default());
            let stance = Stance::ALL.iter().position(|&stance| stance == record.stance);
            records.stance.push(stance.unwrap_or_default());
            let p = record.probabilities;
            records.favor.push(thousandths(p.favor));
            records.against.push(thousandths(p.against));
            records.neutral.push(thousandths(p.neutral));
            records.passages.push(record.passages);
            records.evidence.push(record.evidence.len());
            for passage in &record.evidence {
                let text = &piece.excerpts.parts[passage.excerpt].text;
                let from = units(text, passage.within.start);
                if passage.within.len() < passage.span.len() {
                    evidence.clipped.insert(evidence.excerpt.len(), passage.span.end);
                }
                let at = evidence.excerpt.len();
                if let Some(mention) = passage.mention {
                    evidence.mention.insert(at, placed(mention, &piece.excerpts));
                }
                if let Some(cue) = passage.cue {
                    evidence.cue.insert(at, placed(cue, &piece.excerpts));
                }
                evidence.excerpt.push(passage.excerpt);
                evidence.from.push(from);
                evidence.length.push(units(text, passage.within.end) - from);
                evidence.voice.push(names.voices.number(passage.voice.as_str()));
                let p = passage.probabilities;
                evidence.favor.push(thousandths(p.favor));
                evidence.against.push(thousandths(p.against));
                evidence.neutral.push(thousandths(p.neutral));
                evidence.weight.push(thousandths(passage.weight));
            }
        }
        for part in &piece.excerpts.parts {
            excerpts.start.push(part.start);
            excerpts.text.push(&part.text);
        }
    }
}

impl<'a> Places<'a> {
    fn add(&mut self, place: &'a Place, compared: bool, names: &mut Dictionaries) {
        let at = self.document.len();
        if let Some(rights) = &place.rights {
            self.rights.insert(at, clipped(rights));
        }
        if !place.notes.is_empty() {
            self.notes.insert(at, &place.notes);
        }
        if compared {
            let cuts = place.cuts.iter().map(|cut| (cut.reason.as_str(), clipped(&cut.text)));
            self.cuts.insert(at, cuts.collect());
            if let Some(difference) = &place.difference {
                self.differences.insert(at, difference);
            }
        }
        self.document.push(&place.document);
        self.title.push(place.title.as_deref());
        self.authors.push(place.authors.iter().map(|name| names.authors.number(name)).collect());
        self.outlet.push(names.outlets.maybe(place.outlet.as_deref()));
        self.url.push(place.url.as_deref());
        self.published.push(place.published.as_deref());
    }
}

/// How many UTF-16 code units the first bytes of a text are.
fn units(text: &str, bytes: usize) -> usize {
    text.get(..bytes).map_or(0, |text| text.encode_utf16().count())
}

fn placed(span: Span, excerpts: &Excerpts) -> Vec<usize> {
    let mut placed = vec![span.start, span.end];
    if let Some((excerpt, within)) = excerpts.find(span) {
        let text = &excerpts.parts[excerpt].text;
        let from = units(text, within.start);
        placed.extend([excerpt, from, units(text, within.end) - from]);
    }
    placed
}

/// The beginning of a text that may be long, on one line.
fn clipped(text: &str) -> String {
    const BYTES: usize = 160;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() <= BYTES {
        return text;
    }
    format!("{}…", &text[..text.floor_char_boundary(BYTES)])
}

fn thousandths(share: f32) -> u16 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u16
}

impl Standing {
    fn of(data: &ReportData, targets: &BTreeMap<&str, usize>, names: &mut Dictionaries) -> Self {
        let by = |grouping| data.aggregates().by(grouping);
        let mut standing = Self::default();
        for (id, &target) in targets {
            for total in by(Grouping::All).of(id) {
                standing.total.push(StandingRow::of(target, -1, &total.aggregate()));
            }
            for outlet in most(by(Grouping::Outlet).of(id), &mut standing.outlets_left) {
                let name = names.outlets.maybe(outlet.group);
                standing.outlets.push(StandingRow::of(target, name, &outlet.aggregate()));
            }
        }
        let mut shown: Vec<(usize, &str)> = targets.iter().map(|(id, &at)| (at, *id)).collect();
        shown.sort_unstable();
        for &(target, id) in &shown {
            for author in most(by(Grouping::Author).of(id), &mut standing.authors_left) {
                let name = names.authors.maybe(author.group);
                standing.authors.push(StandingRow::of(target, name, &author.aggregate()));
            }
        }
        for &(target, id) in &shown {
            for actor in most(by(Grouping::Actor).of(id), &mut standing.actors_left) {
                let name = names.actors.maybe(actor.group);
                standing.actors.push(StandingRow::of(target, name, &actor.aggregate()));
            }
        }
        standing
    }
}

/// The cells with the most pieces, in the order of names where they have as many.
fn most<'a>(cells: impl Iterator<Item = Cell<'a>>, left: &mut usize) -> Vec<Cell<'a>> {
    let mut cells: Vec<_> = cells.collect();
    cells.sort_by_key(|cell| (Reverse(cell.pieces().sum()), cell.group));
    *left += cells.len().saturating_sub(ROWS);
    cells.truncate(ROWS);
    cells
}

impl StandingRow {
    fn of(target: usize, name: i64, aggregate: &Aggregate) -> Self {
        Self {
            target,
            name,
            pieces: by_stance(&aggregate.pieces),
            placements: by_stance(&aggregate.placements),
            mean: aggregate.position.map(rounded),
            interval: aggregate.interval.map(ends),
        }
    }
}

fn by_stance(counts: &Counts) -> [usize; 4] {
    Stance::ALL.map(|stance| counts.of(stance))
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn ends(interval: Interval) -> [f64; 2] {
    [rounded(interval.low), rounded(interval.high)]
}

impl TrendColumns {
    fn of(data: &ReportData, targets: &BTreeMap<&str, usize>) -> Self {
        let curves = |step| {
            let series = data.trends().series(Some(step)).into_iter();
            series.filter_map(|s| Some(Curve::of(*targets.get(s.target.as_str())?, s))).collect()
        };
        Self {
            step: data.trends().step().as_str(),
            week: curves(Step::Week),
            month: curves(Step::Month),
        }
    }
}

impl Curve {
    fn of(target: usize, series: Series) -> Self {
        let points = &series.points;
        Self {
            target,
            undated: series.undated,
            bandwidth: series.bandwidth.map(|days| (days * 10.0).round() / 10.0),
            pieces: points.iter().map(|point| by_stance(&point.pieces)).collect(),
            position: points.iter().map(|point| point.position.map(rounded)).collect(),
            interval: points.iter().map(|point| point.interval.map(ends)).collect(),
            start: series.points.into_iter().map(|point| point.start).collect(),
        }
    }
}

impl NetworkColumns {
    fn of(data: &ReportData, targets: &BTreeMap<&str, usize>, names: &mut Dictionaries) -> Self {
        let (network, all) = Network::of_most(ACTORS, data.aggregates().by(Grouping::Actor));
        let shown = network.most_informative(ACTORS);
        let mut row = |tie: Tie| {
            Some(TieRow {
                actor: names.actors.number(&tie.actor),
                target: *targets.get(tie.target.as_str())?,
                position: tie.position.map(rounded),
                side: tie.side.map(Side::as_str),
                pieces: by_stance(&tie.pieces),
            })
        };
        let ties = network.ties().into_iter().filter_map(&mut row).collect();
        let meetings = network.meetings(&shown).into_iter().map(|meeting| {
            let (a, b) = (names.actors.number(&meeting.a), names.actors.number(&meeting.b));
            (a, b, meeting.congruence, meeting.conflict, rounded(meeting.score()))
        });
        Self {
            ties,
            meetings: meetings.collect(),
            actors: shown.iter().map(|name| names.actors.number(name)).collect(),
            all,
        }
    }
}
