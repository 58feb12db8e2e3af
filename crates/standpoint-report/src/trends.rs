//! How positions move over time, with the uncertainty of it.
//!
//! The smoother is **local linear regression** (Cleveland, *Robust locally weighted regression and
//! smoothing scatterplots*, JASA 74, 1979; Fan & Gijbels, *Local Polynomial Modelling and Its
//! Applications*, 1996, ch. 2) of the pieces' positions on the dates of their first placements, with
//! these choices:
//!
//! - The kernel is Cleveland's tricube, (1 − |d / h|³)³ for pieces fewer than `h` days away.
//! - The bandwidth `h` is the same for a whole series, so that a curve means the same all along: the
//!   normal reference rule for this kernel, 2.77 · min(s, IQR / 1.349) · n^(−1/5) with `s` and IQR
//!   the standard deviation and interquartile range of the `n` dates (Silverman, *Density
//!   Estimation*, 1986, § 3.4.2; the constant is Gauss's 1.06 carried over by Marron & Nolan's
//!   canonical kernels, 1988), and never less than two steps. A burst of pieces does not narrow it
//!   to nothing: with an IQR of 0, `s` alone counts.
//! - The iterations of Cleveland that make outliers weigh less are left out: a position lies in
//!   [-1, 1], and a dissenting piece is no error.
//! - Where the pieces within reach lie on fewer than three days, a slope would be guesswork, and the
//!   weighted mean stands in for the line. What leaves [-1, 1] is set to its end.
//! - **Where no piece lies within reach there is a gap**, never an interpolation.
//!
//! The band is a pointwise 95 % percentile bootstrap over pieces at the bandwidth of the series. It
//! says how the curve would move with other pieces of the same kind; it contains neither the bias of
//! smoothing nor the errors of the model. With fewer than two pieces within reach there is none.

use crate::aggregates::{Counts, Grouping, PieceStance, Placement, representative};
use crate::bootstrap::{self, Interval};
use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;

/// How far apart the points of a curve are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Weeks, from Monday.
    Week,
    /// Calendar months.
    Month,
}

/// The longest stretch, in days, that is told by weeks where nobody says how.
const WEEKLY_DAYS: i64 = 400;

/// The most steps of one series. Beyond it a date is far off the others, and by mistake: a step is
/// then longer, so that such a date cannot fill memory.
const MOST_POINTS: usize = 2_400;

impl Step {
    /// The name used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Week => "week",
            Step::Month => "month",
        }
    }

    /// The first day of the step that a day lies in.
    fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Step::Week => {
                let since_monday = u64::from(day.weekday().num_days_from_monday());
                day.checked_sub_days(Days::new(since_monday)).unwrap_or(day)
            }
            Step::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// The first day of the next step; `None` at the end of the calendar.
    fn next(self, start: NaiveDate) -> Option<NaiveDate> {
        match self {
            Step::Week => start.checked_add_days(Days::new(7)),
            Step::Month => start.checked_add_months(Months::new(1)),
        }
    }

    /// The shortest bandwidth in days: two steps.
    const fn least_bandwidth(self) -> f64 {
        match self {
            Step::Week => 14.0,
            Step::Month => 61.0,
        }
    }
}

/// Dated stances by target and group, gathered piece by piece.
///
/// ```
/// use standpoint_core::{Holder, Kind, Probabilities, Record, Stance};
/// use standpoint_report::{aggregates::{Grouping, Placement}, trends::Trends};
///
/// let record = Record {
///     document: "a".into(),
///     piece: "a".into(),
///     holder: Holder::Author,
///     target: "levy".into(),
///     stance: Stance::Favor,
///     probabilities: Probabilities::new(0.75, 0.25, 0.0),
///     passages: 1,
///     evidence: vec![],
/// };
/// let mut trends = Trends::by(Grouping::All);
/// trends.add_piece(&[Placement {
///     document: "a",
///     published: Some("2026-02-11"),
///     kind: Kind::OpEd,
///     text: "",
///     records: &[record],
///     ..Placement::default()
/// }]);
/// let series = trends.series(None);
/// assert_eq!(series[0].points[0].start, "2026-02-09");
/// assert_eq!(series[0].points[0].position, Some(0.5));
/// ```
#[derive(Debug, Clone)]
pub struct Trends {
    grouping: Grouping,
    /// By target and group.
    dated: BTreeMap<(String, Option<String>), Vec<Dated>>,
    undated: BTreeMap<(String, Option<String>), usize>,
}

/// One piece.
#[derive(Debug, Clone, Copy)]
struct Dated {
    day: NaiveDate,
    stance: standpoint_core::Stance,
    position: f32,
}

/// The curve of a target in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// Id of the target.
    pub target: String,
    /// As in [`GroupAggregate`](crate::aggregates::GroupAggregate).
    pub group: Option<String>,
    /// How far apart the points are.
    pub step: Step,
    /// How far from a point a piece may lie to count there, in days; `None` if no piece answered.
    pub bandwidth: Option<f64>,
    /// Pieces without a date, which are in no point.
    pub undated: usize,
    /// One point per step, without leaving any out, from the step of the first dated piece to that
    /// of the last.
    pub points: Vec<Point>,
}

/// A step of a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The first day of the step, `YYYY-MM-DD`.
    pub start: String,
    /// The pieces of the step by stance: plain counts, not smoothed.
    pub pieces: Counts,
    /// The smoothed position in the middle of the step, in [-1, 1]; `None` where no piece that
    /// answered lies within the bandwidth.
    pub position: Option<f64>,
    /// Its 95 % interval; `None` for fewer than two pieces within the bandwidth.
    pub interval: Option<Interval>,
    /// How many pieces that answered lie within the bandwidth.
    pub within: usize,
}

impl Trends {
    /// No pieces yet. By [`Grouping::All`] there is one series per target.
    pub fn by(grouping: Grouping) -> Self {
        Self { grouping, dated: BTreeMap::new(), undated: BTreeMap::new() }
    }

    /// Takes up one piece, given all its placements: once in every group that it belongs to, at the
    /// date of its first placement anywhere. A piece without any date that exists is counted apart.
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        for stance in PieceStance::of(placements) {
            let day = stance.published.and_then(|date| date.parse::<NaiveDate>().ok());
            for (group, records) in self.grouping.groups(&stance) {
                let Some(record) = representative(&records) else { continue };
                let key = (stance.target.to_owned(), group.map(str::to_owned));
                match day {
                    Some(day) => self.dated.entry(key).or_default().push(Dated {
                        day,
                        stance: record.stance,
                        position: record.probabilities.position(),
                    }),
                    None => *self.undated.entry(key).or_default() += 1,
                }
            }
        }
    }

    /// The step that suits the dates: weeks for little more than a year, else months. The first and
    /// the last fiftieth of the pieces have no say: a date of 1970 is often a mistake.
    pub fn step(&self) -> Step {
        let mut days: Vec<NaiveDate> =
            self.dated.values().flatten().map(|dated| dated.day).collect();
        days.sort_unstable();
        let outer = days.len() / 50;
        match (days.get(outer), days.iter().rev().nth(outer)) {
            (Some(first), Some(last)) if (*last - *first).num_days() > WEEKLY_DAYS => Step::Month,
            _ => Step::Week,
        }
    }

    /// The curves, in the order of targets' ids and groups' names, the group that is not known last;
    /// all with the same step, [`Trends::step`] if none is given. A group without a date has none.
    pub fn series(&self, step: Option<Step>) -> Vec<Series> {
        let step = step.unwrap_or(self.step());
        let curve = |(key, dated): (&(String, Option<String>), &Vec<Dated>)| {
            let mut dated = dated.clone();
            // So that neither sums nor draws depend on the order of the pieces.
            let order = |a: &Dated, b: &Dated| {
                let days = a.day.cmp(&b.day);
                days.then(a.position.total_cmp(&b.position)).then(a.stance.cmp(&b.stance))
            };
            dated.sort_by(order);
            let (bandwidth, points) = curve(&dated, step);
            Series {
                target: key.0.clone(),
                group: key.1.clone(),
                step,
                bandwidth,
                undated: self.undated.get(key).copied().unwrap_or(0),
                points,
            }
        };
        let mut series: Vec<Series> = self.dated.iter().map(curve).collect();
        series.sort_by(|a, b| (&a.target, a.group.is_none()).cmp(&(&b.target, b.group.is_none())));
        series
    }
}

/// Bandwidth and points of pieces in the order of their days.
fn curve(dated: &[Dated], step: Step) -> (Option<f64>, Vec<Point>) {
    let (Some(first), Some(last)) = (dated.first(), dated.last()) else { return (None, vec![]) };
    let answered: Vec<(f64, f64)> = dated
        .iter()
        .filter(|dated| dated.stance.label().is_some())
        .map(|dated| (day_number(dated.day), f64::from(dated.position)))
        .collect();
    let bandwidth = bandwidth(&answered, step);
    let starts = starts(first.day, last.day, step);
    let middles: Vec<f64> =
        starts.iter().map(|&(start, end)| (day_number(start) + day_number(end)) / 2.0).collect();

    // A fit needs of each day only how many pieces it has and what their positions add up to.
    let (days, of_day) = by_day(&answered);
    let mut whole = vec![Day::default(); days.len()];
    for (&day, &(_, position)) in of_day.iter().zip(&answered) {
        whole[day].add(position);
    }
    let windows: Vec<std::ops::Range<usize>> =
        middles.iter().map(|&middle| window(&days, middle, bandwidth)).collect();
    let fit = |sums: &[Day], at: usize| {
        let window = windows[at].clone();
        local_line(&days[window.clone()], &sums[window], middles[at], bandwidth)
    };
    let mut sums = vec![Day::default(); days.len()];
    let bands = bootstrap::bands(answered.len(), starts.len(), |drawn, figures| {
        sums.fill(Day::default());
        for &piece in drawn {
            sums[of_day[piece]].add(answered[piece].1);
        }
        figures.extend((0..starts.len()).map(|at| fit(&sums, at)));
    });

    let mut points: Vec<Point> = Vec::with_capacity(starts.len());
    let mut pieces = dated.iter().peekable();
    for (at, &(start, end)) in starts.iter().enumerate() {
        let mut counts = Counts::default();
        while let Some(piece) = pieces.next_if(|piece| piece.day < end) {
            counts.add(piece.stance);
        }
        let within = whole[windows[at].clone()].iter().map(|day| day.pieces).sum::<f64>() as usize;
        points.push(Point {
            start: start.to_string(),
            pieces: counts,
            position: fit(&whole, at),
            interval: bands[at].filter(|_| within > 1),
            within,
        });
    }
    ((!answered.is_empty()).then_some(bandwidth), points)
}

/// First days of the steps between two days, each with the first day after it.
fn starts(first: NaiveDate, last: NaiveDate, step: Step) -> Vec<(NaiveDate, NaiveDate)> {
    let mut starts = Vec::new();
    let mut start = step.start(first);
    let days = usize::try_from((last - first).num_days()).unwrap_or(0);
    let steps_at_once = 1 + days / 7 / MOST_POINTS;
    while start <= last {
        let after = (0..steps_at_once).try_fold(start, |day, _| step.next(day));
        let Some(after) = after else { break };
        starts.push((start, after));
        start = after;
    }
    starts
}

fn day_number(day: NaiveDate) -> f64 {
    f64::from(day.num_days_from_ce())
}

/// The days on which pieces answered, in order, and the place of each piece's day among them.
fn by_day(answered: &[(f64, f64)]) -> (Vec<f64>, Vec<usize>) {
    let mut days: Vec<f64> = Vec::new();
    let mut of_day = Vec::with_capacity(answered.len());
    for &(day, _) in answered {
        if days.last() != Some(&day) {
            days.push(day);
        }
        of_day.push(days.len() - 1);
    }
    (days, of_day)
}

/// The days fewer than `bandwidth` days away.
fn window(days: &[f64], middle: f64, bandwidth: f64) -> std::ops::Range<usize> {
    let from = days.partition_point(|&day| day <= middle - bandwidth);
    let to = days.partition_point(|&day| day < middle + bandwidth);
    from..to.max(from)
}

/// The pieces of one day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    pieces: f64,
    positions: f64,
}

impl Day {
    fn add(&mut self, position: f64) {
        self.pieces += 1.0;
        self.positions += position;
    }
}

/// The normal reference rule, see the module.
fn bandwidth(answered: &[(f64, f64)], step: Step) -> f64 {
    let n = answered.len() as f64;
    let days: Vec<f64> = answered.iter().map(|&(day, _)| day).collect();
    let mean = days.iter().sum::<f64>() / n;
    let variance = days.iter().map(|day| (day - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let deviation = variance.sqrt();
    let quartile = |share| bootstrap::quantile(&days, share).unwrap_or(0.0);
    let robust = (quartile(0.75) - quartile(0.25)) / 1.349;
    let spread = if robust > 0.0 { deviation.min(robust) } else { deviation };
    // Of no pieces this is not a number, and the larger of the two is the other.
    (2.77 * spread * n.powf(-0.2)).max(step.least_bandwidth())
}

/// The value at `at` of the weighted line through days; `None` where none of them has a piece.
fn local_line(days: &[f64], sums: &[Day], at: f64, bandwidth: f64) -> Option<f64> {
    let (mut s0, mut s1, mut s2, mut t0, mut t1) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut inhabited = 0;
    for (&day, sum) in days.iter().zip(sums).filter(|(_, sum)| sum.pieces > 0.0) {
        let distance = (day - at) / bandwidth;
        let weight = (1.0 - distance.abs().powi(3)).powi(3);
        s0 += weight * sum.pieces;
        s1 += weight * sum.pieces * distance;
        s2 += weight * sum.pieces * distance * distance;
        t0 += weight * sum.positions;
        t1 += weight * sum.positions * distance;
        inhabited += 1;
    }
    let determinant = s0 * s2 - s1 * s1;
    // Relative to its first product: what rounding leaves of nothing is no slope.
    let value = if inhabited >= 3 && determinant > 1e-9 * s0 * s2 {
        (s2 * t0 - s1 * t1) / determinant
    } else if s0 > 0.0 {
        t0 / s0
    } else {
        return None;
    };
    Some(value.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use standpoint_core::{Holder, Probabilities, Record, Stance};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn dated(day: NaiveDate, position: f32) -> Dated {
        Dated { day, stance: Stance::Favor, position }
    }

    fn later(first: &str, days: u64) -> NaiveDate {
        day(first).checked_add_days(Days::new(days)).unwrap()
    }

    #[test]
    fn a_line_is_found_again_everywhere_also_at_its_ends() {
        let pieces: Vec<Dated> =
            (0..120).map(|i| dated(later("2026-01-05", i), -0.6 + 0.01 * i as f32)).collect();
        let (bandwidth, points) = curve(&pieces, Step::Week);
        // s = 34.78, IQR / 1.349 = 44.1; 2.77 · 34.78 · 120^(−1/5) = 36.98.
        assert!((bandwidth.unwrap() - 36.98).abs() < 0.02, "{bandwidth:?}");
        for (week, point) in points.iter().enumerate() {
            // The middle of a week is its fourth day and a half.
            let line = -0.6 + 0.01 * (7.0 * week as f64 + 3.5);
            let at = point.position.unwrap();
            assert!((at - line).abs() < 1e-6, "week {week}: {at}, not {line}");
            let Interval { low, high } = point.interval.unwrap();
            assert!(high - low < 1e-5, "other pieces of the same line give the same line");
        }
    }

    #[test]
    fn the_fit_is_that_of_weighted_least_squares() {
        // numpy.polyfit(x, y, 1, w = √tricube(x / 14))[1], with x relative to the middle, 3.5.
        let days = [0.0, 2.0, 5.0, 9.0, 20.0];
        let positions = [0.5, -0.25, 0.75, 0.125, -1.0];
        let mut sums = [Day::default(); 5];
        sums.iter_mut().zip(positions).for_each(|(sum, position)| sum.add(position));
        let inside = window(&days, 3.5, 14.0);
        assert_eq!(inside, 0..4, "the last lies 16.5 days away");
        let value = local_line(&days[inside.clone()], &sums[inside], 3.5, 14.0).unwrap();
        assert!((value - 0.285_351_0).abs() < 1e-6, "{value}");
    }

    #[test]
    fn a_stretch_without_pieces_is_a_gap() {
        let mut pieces = vec![dated(day("2026-01-05"), 0.5), dated(day("2026-01-08"), 0.25)];
        pieces.extend((0..40).map(|_| dated(day("2026-01-09"), 0.5)));
        pieces.push(dated(day("2026-04-09"), -1.0));
        let (bandwidth, points) = curve(&pieces, Step::Week);
        let bandwidth = bandwidth.unwrap();
        let gap: Vec<&Point> = points.iter().filter(|point| point.position.is_none()).collect();
        assert!(!gap.is_empty() && gap.iter().all(|p| p.interval.is_none() && p.within == 0));
        for point in &points {
            let middle = day_number(day(&point.start)) + 3.5;
            let near = pieces
                .iter()
                .filter(|piece| (day_number(piece.day) - middle).abs() < bandwidth)
                .count();
            assert_eq!((near > 0, near), (point.position.is_some(), point.within));
        }
        let last = points.last().unwrap();
        assert_eq!((last.position, last.within, last.interval), (Some(-1.0), 1, None));
    }

    #[test]
    fn abstained_pieces_are_counted_and_left_out_of_the_curve() {
        let mut pieces = vec![dated(day("2026-01-05"), 0.5), dated(day("2026-01-06"), -0.25)];
        pieces.push(Dated { stance: Stance::Abstained, ..dated(day("2026-03-02"), 0.0) });
        let (_, points) = curve(&pieces, Step::Month);
        let starts: Vec<&str> = points.iter().map(|point| point.start.as_str()).collect();
        assert_eq!(starts, ["2026-01-01", "2026-02-01", "2026-03-01"]);
        assert_eq!(points[0].pieces, Counts { favor: 2, ..Counts::default() });
        assert_eq!(points[2].pieces, Counts { abstained: 1, ..Counts::default() });
        // Two days give no slope: the mean, by nearness to 16.5 January.
        let position = points[0].position.unwrap();
        assert!(position > 0.11 && position < 0.125, "{position}");
        assert_eq!((points[1].within, points[2].within), (2, 0));
    }

    #[test]
    fn a_piece_is_dated_by_its_first_placement_and_counted_once() {
        let record = |document: &str, target: &str| Record {
            document: document.into(),
            piece: "a".into(),
            holder: Holder::Author,
            target: target.into(),
            stance: Stance::Against,
            probabilities: Probabilities::new(0.0, 0.5, 0.5),
            passages: 1,
            evidence: vec![],
        };
        let (first, second) = ([record("a", "levy")], [record("b", "levy")]);
        let placement = |records, published, outlet| Placement {
            document: "a",
            outlet: Some(outlet),
            published,
            text: "",
            records,
            ..Placement::default()
        };
        let mut trends = Trends::by(Grouping::Outlet);
        trends.add_piece(&[
            placement(&first, Some("2026-03-04"), "North"),
            placement(&second, Some("2026-02-26"), "North"),
        ]);
        trends.add_piece(&[placement(&first, None, "North")]);
        trends.add_piece(&[placement(&first, Some("2026-02-30"), "South")]);
        let series = trends.series(None);
        assert_eq!(series.len(), 1, "South has no date that exists");
        assert_eq!((series[0].group.as_deref(), series[0].undated), (Some("North"), 1));
        assert_eq!(series[0].points.len(), 1);
        assert_eq!(series[0].points[0].start, "2026-02-23", "the Monday before");
        assert_eq!(series[0].points[0].pieces.against, 1);
        assert_eq!(series[0].points[0].position, Some(-0.5));
    }

    #[test]
    fn a_date_that_is_far_off_by_mistake_does_not_fill_memory() {
        let pieces = [dated(day("0001-01-01"), 0.5), dated(day("9999-12-31"), 0.5)];
        let (_, points) = curve(&pieces, Step::Week);
        assert!(points.len() <= 2 * MOST_POINTS, "{}", points.len());
        assert_eq!(points.iter().map(|point| point.pieces.favor).sum::<usize>(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn curves_stay_in_range_and_count_every_piece_once(
            pieces in proptest::collection::vec((0_u64..900, -1.0_f32..=1.0), 1..40),
        ) {
            let mut pieces: Vec<Dated> = pieces
                .into_iter()
                .map(|(days, position)| dated(later("2024-02-28", days), position))
                .collect();
            pieces.sort_by_key(|piece| piece.day);
            for step in [Step::Week, Step::Month] {
                let (_, points) = curve(&pieces, step);
                prop_assert_eq!(points.iter().map(|p| p.pieces.sum()).sum::<usize>(), pieces.len());
                for point in &points {
                    prop_assert_eq!(point.position.is_some(), point.within > 0);
                    prop_assert_eq!(point.interval.is_some(), point.within > 1);
                    if let Some(Interval { low, high }) = point.interval {
                        prop_assert!(-1.0 <= low && low <= high && high <= 1.0);
                    }
                }
            }
        }
    }
}
