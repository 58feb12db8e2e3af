use crate::aggregates::{Aggregate, GroupAggregate, Grouping};
use crate::bootstrap::Interval;
use crate::estimates::Corrected;
use crate::trends::Series;
use serde::{Deserialize, Serialize};
use standpoint_core::{
    Cut, CutReason, Document, Evidence, Kind, Piece, Record, Span, Stance, Voice,
};
use std::borrow::Cow;

/// A row of a table: a flat struct whose fields are the columns.
pub trait Row: Serialize + Sized + 'static {
    /// The table's name, which is its files' name.
    const TABLE: &'static str;
    /// What one row is.
    const DOC: &'static str;
    /// The columns, in order.
    const COLUMNS: &'static [Column<Self>];
}

/// A column of a table of `R`.
pub struct Column<R: 'static> {
    /// Its name in the header.
    pub name: &'static str,
    /// What it holds.
    pub doc: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// The cell of a row.
    pub cell: fn(&R) -> Cell<'_>,
}

/// What a column's cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A count or an offset: a 64-bit integer, never negative.
    Integer,
    /// A 32-bit floating-point number.
    Real,
    /// True or false.
    Flag,
    /// A list of texts.
    List,
    /// A nested value: JSON in CSV and Parquet.
    Json,
}

impl ColumnType {
    pub(super) const fn describe(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Integer => "integer",
            ColumnType::Real => "real",
            ColumnType::Flag => "true/false",
            ColumnType::List => "list of text",
            ColumnType::Json => "JSON",
        }
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Absent,
    /// Of a [`ColumnType::Text`] or [`ColumnType::Json`] column.
    Text(Cow<'a, str>),
    /// Of a [`ColumnType::Integer`] column.
    Integer(u64),
    /// Of a [`ColumnType::Real`] column.
    Real(f32),
    /// Of a [`ColumnType::Flag`] column.
    Flag(bool),
    /// Of a [`ColumnType::List`] column.
    List(&'a [String]),
}

/// A type that a field of a row may have.
trait Value {
    const TYPE: ColumnType;
    fn cell(&self) -> Cell<'_>;
}

/// `Value` for types that show as a cell by one expression.
macro_rules! value {
    ($($type:ty => $kind:ident, |$this:ident| $cell:expr;)+) => {$(
        impl Value for $type {
            const TYPE: ColumnType = ColumnType::$kind;
            fn cell(&self) -> Cell<'_> {
                let $this = self;
                $cell
            }
        }
    )+};
}

value! {
    String => Text, |x| Cell::Text(Cow::Borrowed(x));
    Kind => Text, |x| Cell::Text(Cow::Borrowed(x.as_str()));
    Stance => Text, |x| Cell::Text(Cow::Borrowed(x.as_str()));
    Voice => Text, |x| Cell::Text(Cow::Borrowed(x.as_str()));
    u64 => Integer, |x| Cell::Integer(*x);
    usize => Integer, |x| Cell::Integer(*x as u64);
    f32 => Real, |x| Cell::Real(*x);
    bool => Flag, |x| Cell::Flag(*x);
    Vec<String> => List, |x| Cell::List(x);
    Vec<Span> => Json, |x| match serde_json::to_string(x) {
        Ok(json) => Cell::Text(Cow::Owned(json)),
        Err(_) => Cell::Absent,
    };
    Vec<CutCell> => Json, |x| match serde_json::to_string(x) {
        Ok(json) => Cell::Text(Cow::Owned(json)),
        Err(_) => Cell::Absent,
    };
}

impl<T: Value> Value for Option<T> {
    const TYPE: ColumnType = T::TYPE;
    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Absent, T::cell)
    }
}

/// Declares a row: the struct and, from the same lines, its [`Row`] columns.
macro_rules! row {
    (
        #[doc = $doc:literal]
        $row:ident in $table:literal {
            $(#[doc = $column_doc:literal] $column:ident: $type:ty,)+
        }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $row {
            $(#[doc = $column_doc] pub $column: $type,)+
        }

        impl Row for $row {
            const TABLE: &'static str = $table;
            const DOC: &'static str = $doc;
            const COLUMNS: &'static [Column<Self>] = &[$(Column {
                name: stringify!($column),
                doc: $column_doc,
                kind: <$type as Value>::TYPE,
                cell: |row| row.$column.cell(),
            },)+];
        }
    };
}

row! {
    /// One row per document read, with its text in full.
    DocumentRow in "documents" {
        /// Id, unique in the run.
        document: String,
        /// Id of the piece that the document is a placement of.
        piece: String,
        /// Whether the document stands for its piece.
        representative: bool,
        /// The file that it came from, relative to the input.
        path: String,
        /// The row in that file, from 1; absent where the file is the document.
        row: Option<u64>,
        /// Headline.
        title: Option<String>,
        /// Names of the authors, in order; in CSV joined by `; `.
        authors: Vec<String>,
        /// The outlet that placed it.
        outlet: Option<String>,
        /// Its address.
        url: Option<String>,
        /// Date of publication, YYYY-MM-DD.
        published: Option<String>,
        /// ISO 639 code of its language.
        language: Option<String>,
        /// Whose voice it is written in: editorial, op-ed, news or other.
        kind: Kind,
        /// What told the kind.
        kind_reason: String,
        /// Whether its stance was looked for.
        scored: bool,
        /// Why not, where it was not.
        not_scored_reason: Option<String>,
        /// How many passages it has.
        passages: usize,
        /// How many tokens of it did not fit the models and were not read.
        truncated_tokens: usize,
        /// The spans that were not read, as boilerplate: start, end, reason, text.
        cuts: Vec<CutCell>,
        /// Who holds the copyright, what use is allowed and from when on, as the source states it.
        rights: Option<String>,
        /// What reading it had to guess, leave out or could not understand.
        notes: Vec<String>,
        /// The text in full; every byte offset of the document points into it.
        text: String,
    }
}

row! {
    /// One row per passage of a document; its text is `text[start..end]` of the document, by bytes.
    PassageRow in "passages" {
        /// Id of the document.
        document: String,
        /// Its place among the document's passages, from 0.
        passage: usize,
        /// The paragraph that it stands in, from 0.
        paragraph: usize,
        /// First byte in the document's text.
        start: usize,
        /// One past the last byte.
        end: usize,
        /// Whose words: own, quoted or paraphrased; missing where nobody listened, since its piece bears on no target or it is not scored.
        voice: Option<Voice>,
        /// Who is quoted or paraphrased, where that could be told: the name that the corpus has for the actor.
        actor: Option<String>,
    }
}

row! {
    /// One row per placement of a piece; stance is counted per piece, reach per placement.
    PieceRow in "pieces" {
        /// Id of the piece: that of the document which stands for it.
        piece: String,
        /// Id of the document placed.
        document: String,
        /// Its place among the piece's placements, from 0, in the order of reading.
        placement: usize,
        /// The outlet that placed it.
        outlet: Option<String>,
        /// Date of publication, YYYY-MM-DD.
        published: Option<String>,
    }
}

row! {
    /// One row per record: the stance of a holder toward a target in a document.
    StanceRow in "stances" {
        /// Id of the document.
        document: String,
        /// Id of its piece; count pieces, not rows, where stance is counted.
        piece: String,
        /// Whether the document stands for its piece.
        representative: bool,
        /// Whose stance: author or actor.
        holder_kind: String,
        /// The name that the corpus has for the actor, see holders; for the author, the word author.
        holder: String,
        /// Id of the target.
        target: String,
        /// favor, against, neutral or abstained.
        stance: Stance,
        /// Probability of favor.
        favor: f32,
        /// Probability of against.
        against: f32,
        /// Probability of neutral.
        neutral: f32,
        /// The largest of the three probabilities.
        confidence: f32,
        /// How many of the holder's passages bear on the target and were scored.
        passages: usize,
        /// How many rows of `evidence` belong to it.
        evidence: usize,
        /// The document's outlet.
        outlet: Option<String>,
        /// The document's authors; in CSV joined by `; `.
        authors: Vec<String>,
        /// The document's date of publication, YYYY-MM-DD.
        published: Option<String>,
        /// The document's kind: editorial, op-ed, news or other.
        kind: Kind,
    }
}

row! {
    /// One row per passage that carries a record's stance.
    EvidenceRow in "evidence" {
        /// Id of the document.
        document: String,
        /// Whose stance: author or actor.
        holder_kind: String,
        /// The actor's name; for the author, the word author.
        holder: String,
        /// Id of the target.
        target: String,
        /// Its rank in the record, from 1, heaviest first.
        rank: usize,
        /// First byte in the document's text.
        start: usize,
        /// One past the last byte.
        end: usize,
        /// Whose words: own, quoted, paraphrased, or reported for an act.
        voice: Voice,
        /// The actor's name as the document has it: a variant of the holder's, see holders.
        named: Option<String>,
        /// First byte of the words for an actor in the document's text, where there are any.
        mention_start: Option<usize>,
        /// One past their last byte.
        mention_end: Option<usize>,
        /// First byte of the words that attribute it to the actor.
        cue_start: Option<usize>,
        /// One past their last byte.
        cue_end: Option<usize>,
        /// What is attributed: start and end of each run of the document's text.
        content: Vec<Span>,
        /// Probability of favor by this passage alone.
        favor: f32,
        /// Probability of against by this passage alone.
        against: f32,
        /// Probability of neutral by this passage alone.
        neutral: f32,
        /// How much it weighs in its record, from 0 to 1.
        weight: f32,
        /// The document's text at those bytes.
        text: String,
    }
}

row! {
    /// One row per name by which documents have an actor: whose it is, and why. A file of aliases undoes what is wrong.
    HolderRow in "holders" {
        /// The name that the corpus has for the actor.
        holder: String,
        /// The name as documents have it.
        variant: String,
        /// Why the variant is the holder's: alias file, starting list, spelling, title, middle name, transliteration, acronym or surname; absent where it is the holder's own name.
        rule: Option<String>,
        /// The name that the rule merged it with, the holder's or another variant.
        merged_with: Option<String>,
        /// Pieces that speak for it, where the rule counts any.
        witnesses: Option<u64>,
        /// Pieces that attribute words to this name, of those that bear on a target.
        pieces: u64,
        /// Their placements.
        documents: u64,
        /// Rows of evidence that have this name.
        evidence: u64,
    }
}

row! {
    /// One row per target and group: stances counted per piece, with shares and 95 % intervals.
    AggregateRow in "aggregates" {
        /// Id of the target.
        target: String,
        /// What the group is: all, outlet, author, actor, kind, language or month (of the piece's first placement).
        grouping: String,
        /// The group; absent where it is not known, and where grouping is all.
        group: Option<String>,
        /// Pieces, each counted once in every group that placed it.
        pieces: usize,
        /// Placements of these pieces in the group.
        placements: usize,
        /// Pieces in favor.
        favor: usize,
        /// Pieces against.
        against: usize,
        /// Neutral pieces.
        neutral: usize,
        /// Pieces that abstained; they are in no share and no mean.
        abstained: usize,
        /// Share of favor among the pieces that answered.
        favor_share: Option<f32>,
        /// Lower end of its interval, by bootstrap over pieces; absent for fewer than two pieces.
        favor_low: Option<f32>,
        /// Upper end.
        favor_high: Option<f32>,
        /// Share of against among the pieces that answered.
        against_share: Option<f32>,
        /// Lower end of its interval.
        against_low: Option<f32>,
        /// Upper end.
        against_high: Option<f32>,
        /// Share of neutral among the pieces that answered.
        neutral_share: Option<f32>,
        /// Lower end of its interval.
        neutral_low: Option<f32>,
        /// Upper end.
        neutral_high: Option<f32>,
        /// Mean position, favor minus against, from -1 to 1.
        position: Option<f32>,
        /// Lower end of its interval.
        position_low: Option<f32>,
        /// Upper end.
        position_high: Option<f32>,
    }
}

row! {
    /// One row per target, outlet and step of time: counts, and the position smoothed by local linear regression.
    TrendRow in "trends" {
        /// Id of the target.
        target: String,
        /// What the group is: all or outlet.
        grouping: String,
        /// The outlet; absent where it is not known, and where grouping is all.
        group: Option<String>,
        /// How long a step is: week or month.
        step: String,
        /// Its first day, YYYY-MM-DD.
        start: String,
        /// Pieces first placed in the step, in favor.
        favor: usize,
        /// Against.
        against: usize,
        /// Neutral.
        neutral: usize,
        /// Abstained.
        abstained: usize,
        /// Smoothed position in the middle of the step, from -1 to 1; absent where no piece lies within the bandwidth.
        position: Option<f32>,
        /// Lower end of its 95 % interval, by bootstrap over pieces; absent for fewer than two pieces within.
        position_low: Option<f32>,
        /// Upper end.
        position_high: Option<f32>,
        /// Pieces that answered within the bandwidth.
        within: usize,
        /// The bandwidth in days.
        bandwidth: Option<f32>,
    }
}

row! {
    /// One row per proposed target and actor who speaks of it; not of a run but what `standpoint run --discover` leaves beside discovered.toml. It says who talks about what, and nothing of for or against.
    PairRow in "pairs" {
        /// Id of the target in discovered.toml.
        target: String,
        /// Its text.
        text: String,
        /// name or phrase.
        kind: String,
        /// The name that the corpus has for the actor.
        holder: String,
        /// Pieces that attribute words about it to the actor.
        pieces: u64,
        /// Their placements.
        documents: u64,
        /// Passages that do.
        passages: u64,
    }
}

row! {
    /// One row per passage in which somebody agrees or disagrees with a target, once per piece; not of the run itself but what `standpoint export dna` prints.
    StatementRow in "statements" {
        /// A number, from 1.
        statement_id: usize,
        /// The document's date of publication, YYYY-MM-DD.
        time: Option<String>,
        /// Id of the document.
        document: String,
        /// Its headline.
        title: Option<String>,
        /// Its outlet.
        source: Option<String>,
        /// Whose statement: author or actor.
        holder_kind: String,
        /// The actor, or the authors of the document, joined by `; `.
        person: Option<String>,
        /// The outlet, where it speaks for itself: an author's statement that nobody signs.
        organization: Option<String>,
        /// The target in words.
        concept: String,
        /// 1 for favor, 0 for against.
        agreement: usize,
        /// First byte in the document's text.
        start: usize,
        /// One past the last byte.
        end: usize,
        /// The document's text at those bytes.
        text: String,
    }
}

row! {
    /// One row per record whose stance is another in a second run; what `standpoint report --compare` prints as CSV.
    ChangeRow in "changes" {
        /// Id of the document.
        document: String,
        /// Id of its piece.
        piece: String,
        /// Whose stance: author or actor.
        holder_kind: String,
        /// The actor's name; for the author, the word author.
        holder: String,
        /// Id of the target.
        target: String,
        /// The stance in the first run.
        before: Stance,
        /// The stance in the second run.
        after: Stance,
        /// Its position in the first run, favor minus against, from -1 to 1.
        position_before: f32,
        /// Its position in the second run.
        position_after: f32,
    }
}

row! {
    /// One row per target and group: shares as the run's answers give them, and corrected by gold labels; what `standpoint report --gold` prints as CSV.
    CorrectedRow in "corrected" {
        /// Id of the target.
        target: String,
        /// What the group is, as in aggregates.
        grouping: String,
        /// The group; absent where it is not known, and where grouping is all.
        group: Option<String>,
        /// Records, each counting for its piece.
        records: usize,
        /// Those with a gold label.
        labelled: usize,
        /// Pieces with a gold label; for fewer than 10 nothing is corrected.
        labelled_pieces: usize,
        /// Share of favor among the run's answers.
        favor_naive: Option<f32>,
        /// Corrected share of favor.
        favor: Option<f32>,
        /// Lower end of its 95 % interval.
        favor_low: Option<f32>,
        /// Upper end.
        favor_high: Option<f32>,
        /// Share of against among the run's answers.
        against_naive: Option<f32>,
        /// Corrected share of against.
        against: Option<f32>,
        /// Lower end of its 95 % interval.
        against_low: Option<f32>,
        /// Upper end.
        against_high: Option<f32>,
        /// Share of neutral among the run's answers.
        neutral_naive: Option<f32>,
        /// Corrected share of neutral.
        neutral: Option<f32>,
        /// Lower end of its 95 % interval.
        neutral_low: Option<f32>,
        /// Upper end.
        neutral_high: Option<f32>,
        /// How far the model's probabilities were relied on, from 0 (not) to 1.
        reliance: Option<f32>,
    }
}

/// A cut as it stands in `documents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutCell {
    /// First byte in the document's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Why it was cut.
    pub reason: CutReason,
    /// The text at that span.
    pub text: String,
}

impl From<&Cut> for CutCell {
    fn from(cut: &Cut) -> Self {
        let Cut { span, text, reason } = cut;
        Self { start: span.start, end: span.end, reason: *reason, text: text.clone() }
    }
}

impl From<CutCell> for Cut {
    fn from(cell: CutCell) -> Self {
        let CutCell { start, end, reason, text } = cell;
        Self { span: Span::new(start, end), text, reason }
    }
}

/// What became of a document after it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// How many passages it has.
    pub passages: usize,
    /// How many tokens of it did not fit the models.
    pub truncated_tokens: usize,
    /// Why its stance was not looked for; `None` where it was.
    pub not_scored_reason: Option<String>,
}

impl DocumentRow {
    /// The row of a document that is a placement of the piece with id `piece`.
    pub fn of(document: &Document, piece: &str, reading: Reading) -> Self {
        Self {
            document: document.id.clone(),
            piece: piece.to_owned(),
            representative: document.id == piece,
            path: document.source.path.clone(),
            row: document.source.row,
            title: document.title.clone(),
            authors: document.authors.clone(),
            outlet: document.outlet.clone(),
            url: document.url.clone(),
            published: document.published.clone(),
            language: document.language.clone(),
            kind: document.kind,
            kind_reason: document.kind_reason.clone(),
            scored: reading.not_scored_reason.is_none(),
            not_scored_reason: reading.not_scored_reason,
            passages: reading.passages,
            truncated_tokens: reading.truncated_tokens,
            cuts: document.cuts.iter().map(CutCell::from).collect(),
            rights: document.rights.clone(),
            notes: document.notes.clone(),
            text: document.text.clone(),
        }
    }
}

impl PieceRow {
    /// The row of the placement at `index` of the piece's placements.
    pub fn of(piece: &Piece, index: usize, document: &Document) -> Self {
        Self {
            piece: piece.id.clone(),
            document: document.id.clone(),
            placement: index,
            outlet: document.outlet.clone(),
            published: document.published.clone(),
        }
    }
}

impl StanceRow {
    /// The row of a record of `document`.
    pub fn of(record: &Record, document: &Document) -> Self {
        let p = record.probabilities;
        Self {
            document: record.document.clone(),
            piece: record.piece.clone(),
            representative: record.document == record.piece,
            holder_kind: record.holder.kind().to_owned(),
            holder: record.holder.name().to_owned(),
            target: record.target.clone(),
            stance: record.stance,
            favor: p.favor,
            against: p.against,
            neutral: p.neutral,
            confidence: p.confidence(),
            passages: record.passages,
            evidence: record.evidence.len(),
            outlet: document.outlet.clone(),
            authors: document.authors.clone(),
            published: document.published.clone(),
            kind: document.kind,
        }
    }
}

impl EvidenceRow {
    /// The rows of a record, in the order of its evidence.
    pub fn of(record: &Record) -> impl Iterator<Item = Self> {
        let row = |(index, evidence): (usize, &Evidence)| Self {
            document: record.document.clone(),
            holder_kind: record.holder.kind().to_owned(),
            holder: record.holder.name().to_owned(),
            target: record.target.clone(),
            rank: index + 1,
            start: evidence.span.start,
            end: evidence.span.end,
            voice: evidence.voice,
            named: evidence.named.clone(),
            mention_start: evidence.mention.map(|span| span.start),
            mention_end: evidence.mention.map(|span| span.end),
            cue_start: evidence.cue.map(|span| span.start),
            cue_end: evidence.cue.map(|span| span.end),
            content: evidence.content.clone(),
            favor: evidence.probabilities.favor,
            against: evidence.probabilities.against,
            neutral: evidence.probabilities.neutral,
            weight: evidence.weight,
            text: evidence.text.clone(),
        };
        record.evidence.iter().enumerate().map(row)
    }
}

impl ChangeRow {
    /// The row of a record as it stands in two runs.
    pub fn of(before: &Record, after: &Record) -> Self {
        Self {
            document: before.document.clone(),
            piece: before.piece.clone(),
            holder_kind: before.holder.kind().to_owned(),
            holder: before.holder.name().to_owned(),
            target: before.target.clone(),
            before: before.stance,
            after: after.stance,
            position_before: before.probabilities.position(),
            position_after: after.probabilities.position(),
        }
    }
}

impl AggregateRow {
    /// The row of a cell of a grouping.
    pub fn of(grouping: Grouping, row: &GroupAggregate) -> Self {
        let Aggregate { pieces, placements, position, interval, shares } = row.aggregate;
        let share = |label: usize| shares.map(|shares| shares[label].value as f32);
        let ends = |label: usize| ends(shares.and_then(|shares| shares[label].interval));
        let [favor, against, neutral] = [ends(0), ends(1), ends(2)];
        let position_ends = self::ends(interval);
        Self {
            target: row.target.clone(),
            grouping: grouping.as_str().to_owned(),
            group: row.group.clone().filter(|_| grouping != Grouping::All),
            pieces: pieces.sum(),
            placements: placements.sum(),
            favor: pieces.favor,
            against: pieces.against,
            neutral: pieces.neutral,
            abstained: pieces.abstained,
            favor_share: share(0),
            favor_low: favor.0,
            favor_high: favor.1,
            against_share: share(1),
            against_low: against.0,
            against_high: against.1,
            neutral_share: share(2),
            neutral_low: neutral.0,
            neutral_high: neutral.1,
            position: position.map(|position| position as f32),
            position_low: position_ends.0,
            position_high: position_ends.1,
        }
    }
}

impl CorrectedRow {
    /// The row of a cell of a grouping.
    pub fn of(grouping: Grouping, cell: &Corrected) -> Self {
        let naive = |label: usize| cell.naive.map(|shares| shares[label] as f32);
        let share = |label: usize| cell.shares.map(|shares| shares[label].value as f32);
        let ends = |label: usize| ends(cell.shares.and_then(|shares| shares[label].interval));
        let [favor, against, neutral] = [ends(0), ends(1), ends(2)];
        Self {
            target: cell.target.clone(),
            grouping: grouping.as_str().to_owned(),
            group: cell.group.clone().filter(|_| grouping != Grouping::All),
            records: cell.records,
            labelled: cell.labelled.iter().sum(),
            labelled_pieces: cell.pieces,
            favor_naive: naive(0),
            favor: share(0),
            favor_low: favor.0,
            favor_high: favor.1,
            against_naive: naive(1),
            against: share(1),
            against_low: against.0,
            against_high: against.1,
            neutral_naive: naive(2),
            neutral: share(2),
            neutral_low: neutral.0,
            neutral_high: neutral.1,
            reliance: cell.reliance.map(|reliance| reliance as f32),
        }
    }
}

impl TrendRow {
    /// The rows of a series of a grouping.
    pub fn of(grouping: Grouping, series: &Series) -> impl Iterator<Item = Self> {
        series.points.iter().map(move |point| {
            let (position_low, position_high) = ends(point.interval);
            Self {
                target: series.target.clone(),
                grouping: grouping.as_str().to_owned(),
                group: series.group.clone().filter(|_| grouping != Grouping::All),
                step: series.step.as_str().to_owned(),
                start: point.start.clone(),
                favor: point.pieces.favor,
                against: point.pieces.against,
                neutral: point.pieces.neutral,
                abstained: point.pieces.abstained,
                position: point.position.map(|position| position as f32),
                position_low,
                position_high,
                within: point.within,
                bandwidth: series.bandwidth.map(|days| days as f32),
            }
        })
    }
}

fn ends(interval: Option<Interval>) -> (Option<f32>, Option<f32>) {
    (interval.map(|interval| interval.low as f32), interval.map(|interval| interval.high as f32))
}
