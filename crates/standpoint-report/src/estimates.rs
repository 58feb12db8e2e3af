//! Shares of stances, corrected by labels that people gave.
//!
//! Counting a model's answers inherits its errors: where it takes much irony for praise, favor is
//! overcounted however many documents there are, and an interval drawn over them is narrow around the
//! wrong number. Labels of a sample, drawn with known probabilities ([`sample`](crate::sample)),
//! mend that without being many: the model counts everything, and the labels tell how far off it is.
//!
//! For units `i = 1 … N` (records that count for their piece) let `f` be the model's probability of a
//! label, `y` whether the gold label is it, and `w` one over the probability of having been drawn, 0
//! for the units not drawn. The share of that label is estimated by
//!
//! ```text
//! θ = λ · mean(f) + Σ w (y − λ f) / Σ w
//! ```
//!
//! With λ = 1 this is prediction-powered inference (Angelopoulos et al., Science 382, 2023) and, with
//! unequal probabilities, design-based supervised learning (Egami et al., NeurIPS 2023), here with the
//! weights made to add up (Hájek), so that the size of the labelled part of a group may be left to
//! chance. λ = 0 uses the labels alone. As in PPI++ (Angelopoulos, Duchi & Zrnic 2023) λ is the one that
//! makes the variance smallest, Σ cov(y, f) / Σ var(f) over the three labels, weighted, within [0, 1]:
//! the better the model, the nearer to 1, and a useless one does no harm. It is the same for all three
//! labels, so that their shares add up to 1. The estimate is right however bad the model, and better
//! the better it is.
//!
//! The interval is θ ± t · se, where se² is the sum over *pieces* of the squares of what each adds to θ
//! (its linearisation; the records of one piece stand and fall together), times n / (n − 1), and t the
//! 97.5th percentile of Student's distribution with n − 1 degrees of freedom, `n` being the number of
//! pieces with a label. With less than [`FEWEST`] of these there is no estimate. A label that gold has
//! hardly ever, or almost always, needs a larger sample than one of medium share: look at the counts.
//!
//! What it stands on: the probabilities are those of the draw; whoever labelled did not see, or did
//! not heed, the model's answer; records that were drawn but not labelled are like those that were.
//! A stance of which the run has no record at all is in no estimate.

use crate::aggregates::{Grouping, PieceStance};
use crate::bootstrap::{Estimate, Interval};
use crate::evaluation::GoldRecord;
use crate::sample::{Key, Sampled, Unit};
use serde::Serialize;
use standpoint_core::Label;
use std::collections::{BTreeMap, BTreeSet};

/// The fewest labelled pieces from which a share is estimated.
pub const FEWEST: usize = 10;

/// Naive and corrected shares of one target in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Corrected {
    /// Id of the target.
    pub target: String,
    /// As in [`GroupAggregate`](crate::aggregates::GroupAggregate).
    pub group: Option<String>,
    /// Records, each counting for its piece.
    pub records: usize,
    /// Those that are labelled, by label: favor, against, neutral.
    pub labelled: [usize; 3],
    /// Pieces with a label.
    pub pieces: usize,
    /// The shares that the model's most probable labels give, abstentions left out: favor, against,
    /// neutral; `None` if all abstained.
    pub naive: Option<[f64; 3]>,
    /// The corrected shares; `None` for fewer than [`FEWEST`] pieces with a label.
    pub shares: Option<[Estimate; 3]>,
    /// How far the model's probabilities were relied on, in [0, 1].
    pub reliance: Option<f64>,
}

/// What the labels of a sample say of all records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correction {
    /// The cells in the order of targets and groups, the group that is not known last.
    pub cells: Vec<Corrected>,
    /// Records that were drawn but have no label.
    pub unlabelled: usize,
    /// Records of the sample that the run does not have: it is then the sample of another run.
    pub unknown: usize,
}

/// One unit as the estimator sees it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Number of its piece.
    piece: usize,
    prediction: [f64; 3],
    /// Label and one over the probability of having been drawn.
    label: Option<(Label, f64)>,
}

/// The units of one target and group, and the answers of those that did not abstain.
#[derive(Debug, Default)]
struct Cell {
    units: Vec<Seen>,
    answers: Vec<Label>,
}

/// A unit with a label: the model's probabilities, the label as such, and its weight.
struct Labelled {
    prediction: [f64; 3],
    gold: [f64; 3],
    weight: f64,
}

/// Corrects the shares of every target in every group by the labels of a sample.
///
/// Gold names documents, holders and targets as the sample does; labels of records that were not
/// drawn are not used, for nobody knows how they were chosen.
pub fn correct(
    units: &[Unit<'_>],
    sample: &[Sampled],
    gold: &[GoldRecord],
    grouping: Grouping,
) -> Correction {
    let labels: BTreeMap<Key<'_>, Label> = gold.iter().map(|row| (key(row), row.label)).collect();
    let drawn: BTreeMap<Key<'_>, f64> =
        sample.iter().map(|sampled| (sampled.key(), sampled.probability)).collect();
    let known: BTreeSet<Key<'_>> = units.iter().map(Unit::key).collect();

    let mut pieces: BTreeMap<&str, usize> = BTreeMap::new();
    let mut cells: BTreeMap<(&str, Option<&str>), Cell> = BTreeMap::new();
    for unit in units {
        let next = pieces.len();
        let piece = *pieces.entry(&unit.record.piece).or_insert(next);
        let probabilities = &unit.record.probabilities;
        let label = drawn.get(&unit.key()).zip(labels.get(&unit.key()));
        let seen = Seen {
            piece,
            prediction: Label::ALL.map(|label| f64::from(probabilities.of(label))),
            label: label.map(|(probability, &label)| (label, 1.0 / probability)),
        };
        let stance = PieceStance {
            holder: &unit.record.holder,
            target: &unit.record.target,
            published: unit.published,
            placed: vec![(unit.placement, unit.record)],
        };
        for group in grouping.groups(&stance).into_keys() {
            let cell = cells.entry((stance.target, group)).or_default();
            cell.units.push(seen);
            cell.answers.extend(unit.record.stance.label());
        }
    }
    let mut cells: Vec<Corrected> = cells
        .into_iter()
        .map(|((target, group), Cell { units, answers })| {
            let of = |label: &Label| answers.iter().filter(|answer| *answer == label).count();
            let naive = (!answers.is_empty())
                .then(|| Label::ALL.map(|label| of(&label) as f64 / answers.len() as f64));
            let given = |label: Label| {
                units.iter().filter(|seen| seen.label.is_some_and(|(is, _)| is == label)).count()
            };
            let estimated = estimate(&units);
            Corrected {
                target: target.to_owned(),
                group: group.map(str::to_owned),
                records: units.len(),
                labelled: Label::ALL.map(given),
                pieces: labelled_pieces(&units),
                naive,
                shares: estimated.map(|(shares, _)| shares),
                reliance: estimated.map(|(_, reliance)| reliance),
            }
        })
        .collect();
    cells.sort_by(|a, b| (&a.target, a.group.is_none()).cmp(&(&b.target, b.group.is_none())));
    let of_run = |sampled: &&Sampled| known.contains(&sampled.key());
    Correction {
        cells,
        unlabelled: sample
            .iter()
            .filter(of_run)
            .filter(|sampled| !labels.contains_key(&sampled.key()))
            .count(),
        unknown: sample.iter().filter(|sampled| !of_run(sampled)).count(),
    }
}

fn key(row: &GoldRecord) -> Key<'_> {
    (&row.document, &row.holder, &row.target)
}

fn labelled_pieces(units: &[Seen]) -> usize {
    let pieces: BTreeSet<usize> =
        units.iter().filter(|seen| seen.label.is_some()).map(|seen| seen.piece).collect();
    pieces.len()
}

/// The three shares, and λ.
fn estimate(units: &[Seen]) -> Option<([Estimate; 3], f64)> {
    let pieces = labelled_pieces(units);
    if pieces < FEWEST {
        return None;
    }
    let labelled: Vec<Labelled> = units
        .iter()
        .filter_map(|seen| {
            let (label, weight) = seen.label?;
            let gold = Label::ALL.map(|of| f64::from(u8::from(of == label)));
            Some(Labelled { prediction: seen.prediction, gold, weight })
        })
        .collect();
    let weights: f64 = labelled.iter().map(|row| row.weight).sum();
    let weighted = |value: &dyn Fn(&Labelled) -> f64| {
        labelled.iter().map(|row| row.weight * value(row)).sum::<f64>() / weights
    };
    let (mut covariance, mut variance) = (0.0, 0.0);
    for k in 0..3 {
        let (f, y) = (weighted(&|row| row.prediction[k]), weighted(&|row| row.gold[k]));
        covariance += weighted(&|row| (row.prediction[k] - f) * (row.gold[k] - y));
        variance += weighted(&|row| (row.prediction[k] - f).powi(2));
    }
    // A model that says the same of everything tells nothing.
    let reliance = if variance > 0.0 { (covariance / variance).clamp(0.0, 1.0) } else { 0.0 };

    let n = units.len() as f64;
    let last = units.iter().map(|seen| seen.piece).max().unwrap_or(0);
    let t = student_975(pieces - 1);
    let share = |k: usize| {
        let counted = units.iter().map(|seen| reliance * seen.prediction[k]).sum::<f64>() / n;
        let off = weighted(&|row| row.gold[k] - reliance * row.prediction[k]);
        let mut parts = vec![0.0; last + 1];
        for seen in units {
            let said = reliance * seen.prediction[k];
            parts[seen.piece] += (said - counted) / n;
            if let Some((label, weight)) = seen.label {
                let gold = f64::from(u8::from(label == Label::ALL[k]));
                parts[seen.piece] += weight * (gold - said - off) / weights;
            }
        }
        let small_sample = pieces as f64 / (pieces as f64 - 1.0);
        let error = (small_sample * parts.iter().map(|part| part * part).sum::<f64>()).sqrt();
        let value = (counted + off).clamp(0.0, 1.0);
        let low = (counted + off - t * error).clamp(0.0, 1.0);
        let high = (counted + off + t * error).clamp(0.0, 1.0);
        Estimate { value, interval: Some(Interval { low, high }) }
    };
    Some(([share(0), share(1), share(2)], reliance))
}

/// The 97.5th percentile of Student's t, by the expansion of Cornish and Fisher (Abramowitz & Stegun
/// 26.7.5); off by less than 0.001 from 9 degrees of freedom on.
fn student_975(freedom: usize) -> f64 {
    let (z, v) = (1.959_963_985_f64, freedom as f64);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / v + second / v.powi(2) + third / v.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregates::Placement;
    use crate::bootstrap::{SplitMix64, means};
    use crate::sample::{Design, draw, units};
    use standpoint_core::{Holder, Probabilities, Record, Stance};

    #[test]
    fn percentiles_of_students_t() {
        // scipy.stats.t.ppf(0.975, [9, 29, 199])
        for (freedom, expected) in [(9, 2.262_157), (29, 2.045_230), (199, 1.971_957)] {
            assert!((student_975(freedom) - expected).abs() < 1e-3, "{freedom}");
        }
    }

    /// Units of a population, `per_piece` to a piece, whose gold labels are drawn with the shares
    /// 0.5, 0.3 and 0.2, all alike in a piece half of the time; the model takes two in five against
    /// for favor, and is unsure of them.
    fn population(random: &mut SplitMix64, size: usize, per_piece: usize) -> Vec<Seen> {
        let draw = |random: &mut SplitMix64| match random.unit() {
            x if x < 0.5 => Label::Favor,
            x if x < 0.8 => Label::Against,
            _ => Label::Neutral,
        };
        let mut units = Vec::with_capacity(size);
        let mut of_piece = Label::Favor;
        let mut alike = false;
        for unit in 0..size {
            if unit % per_piece == 0 {
                of_piece = draw(random);
                alike = random.unit() < 0.5;
            }
            let gold = if alike { of_piece } else { draw(random) };
            let prediction = match gold {
                Label::Against if random.unit() < 0.4 => [0.55, 0.35, 0.1],
                Label::Favor => [0.8, 0.1, 0.1],
                Label::Against => [0.1, 0.8, 0.1],
                Label::Neutral => [0.2, 0.1, 0.7],
            };
            units.push(Seen { piece: unit / per_piece, prediction, label: Some((gold, 1.0)) });
        }
        units
    }

    const TRUE: [f64; 3] = [0.5, 0.3, 0.2];
    /// 95 ± 2 % is then more than five standard errors (0.0034) of a coverage.
    const TIMES: usize = 4_000;

    /// How often the intervals of the shares hold the true ones, and how wide that of favor is.
    fn coverage(mut one: impl FnMut(&mut SplitMix64) -> [Interval; 3]) -> ([f64; 3], f64) {
        let mut random = SplitMix64(7);
        let mut held = [0.0; 3];
        let mut width = 0.0;
        for _ in 0..TIMES {
            let intervals = one(&mut random);
            width += (intervals[0].high - intervals[0].low) / TIMES as f64;
            for ((held, Interval { low, high }), share) in held.iter_mut().zip(intervals).zip(TRUE)
            {
                *held += f64::from(u8::from(low <= share && share <= high)) / TIMES as f64;
            }
        }
        (held, width)
    }

    /// Keeps the labels of the units drawn with these probabilities.
    fn sampled(random: &mut SplitMix64, units: &mut [Seen], probability: impl Fn(&Seen) -> f64) {
        for seen in units {
            let p = probability(seen);
            let drawn = random.unit() < p;
            seen.label = seen.label.filter(|_| drawn).map(|(label, _)| (label, 1.0 / p));
        }
    }

    fn corrected(units: &[Seen]) -> [Interval; 3] {
        estimate(units).unwrap().0.map(|share| share.interval.unwrap())
    }

    fn assert_valid(what: &str, held: [f64; 3]) {
        for held in held {
            assert!((0.93..=0.97).contains(&held), "{what}: {held} is not 95 ± 2 %");
        }
    }

    #[test]
    fn corrected_intervals_hold_the_true_shares_and_naive_ones_do_not() {
        let (held, width) = coverage(|random| {
            let mut units = population(random, 600, 1);
            sampled(random, &mut units, |_| 0.2);
            corrected(&units)
        });
        assert_valid("random sample", held);

        let (naive, naive_width) = coverage(|random| {
            let units = population(random, 600, 1);
            // The binomial interval, which the bootstrap over pieces gives of so many.
            std::array::from_fn(|k| {
                let most = |seen: &&Seen| seen.prediction[k] >= 0.55;
                let share = units.iter().filter(most).count() as f64 / 600.0;
                let reach = 1.96 * (share * (1.0 - share) / 600.0).sqrt();
                Interval { low: share - reach, high: share + reach }
            })
        });
        assert!(naive[0] < 0.01 && naive[1] < 0.01, "counting answers holds them {naive:?}");

        let (alone, alone_width) = coverage(|random| {
            let mut units = population(random, 600, 1);
            sampled(random, &mut units, |_| 0.2);
            units.iter_mut().for_each(|seen| seen.prediction = [1.0 / 3.0; 3]);
            corrected(&units)
        });
        assert_valid("labels alone", alone);
        assert!(width < 0.85 * alone_width, "the model helps: {width} and {alone_width}");
        assert!(naive_width < width, "and the naive interval is narrow around the wrong share");
    }

    #[test]
    fn intervals_hold_when_the_unsure_are_drawn_more() {
        let (held, _) = coverage(|random| {
            let mut units = population(random, 600, 1);
            sampled(random, &mut units, |seen| if seen.prediction[1] == 0.35 { 0.6 } else { 0.15 });
            corrected(&units)
        });
        assert_valid("unequal probabilities", held);
    }

    #[test]
    fn records_of_one_piece_are_not_taken_for_several() {
        let (held, _) = coverage(|random| {
            let mut units = population(random, 900, 3);
            sampled(random, &mut units, |_| 0.25);
            corrected(&units)
        });
        assert_valid("three records to a piece", held);
        // All labelled: then only the pieces vary, and records apart would promise too much.
        let (apart, _) = coverage(|random| {
            let mut units = population(random, 900, 3);
            units.iter_mut().enumerate().for_each(|(at, seen)| seen.piece = at);
            corrected(&units)
        });
        assert!(apart.iter().all(|&held| held < 0.92), "apart {apart:?}");
    }

    #[test]
    fn with_all_labelled_it_is_their_share_with_the_usual_error() {
        let units = population(&mut SplitMix64(3), 400, 1);
        let (shares, _) = estimate(&units).unwrap();
        let gold: Vec<[f64; 1]> = units
            .iter()
            .map(|seen| [f64::from(u8::from(seen.label.unwrap().0 == Label::Favor))])
            .collect();
        let [expected] = means(&gold).unwrap();
        assert!((shares[0].value - expected.value).abs() < 1e-12);
        let (a, b) = (shares[0].interval.unwrap(), expected.interval.unwrap());
        assert!((a.low - b.low).abs() < 0.005 && (a.high - b.high).abs() < 0.005, "{a:?} {b:?}");
        assert!((shares.iter().map(|share| share.value).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(estimate(&units[..FEWEST - 1]), None);
    }

    #[test]
    fn a_run_is_corrected_from_its_sample() {
        let records: Vec<Record> = (0..200)
            .map(|number| Record {
                document: format!("d{number}"),
                piece: format!("d{number}"),
                holder: Holder::Author,
                target: "levy".into(),
                stance: Stance::Favor,
                probabilities: Probabilities::new(0.8, 0.1, 0.1),
                passages: 1,
                evidence: vec![],
            })
            .collect();
        let placement = |record| Placement {
            document: "",
            outlet: Some("North"),
            text: "",
            records: std::slice::from_ref(record),
            ..Placement::default()
        };
        let pieces: Vec<Vec<Placement<'_>>> =
            records.iter().map(|record| vec![placement(record)]).collect();
        let units = units(&pieces);
        let mut sample = draw(&units, &Design { records: 40, ..Design::default() });
        let label = |(at, sampled): (usize, &Sampled)| GoldRecord {
            document: sampled.document.clone(),
            holder: sampled.holder.clone(),
            target: sampled.target.clone(),
            label: if at % 4 == 0 { Label::Against } else { Label::Favor },
            evidence: vec![],
        };
        let mut gold: Vec<GoldRecord> = sample.iter().enumerate().map(label).collect();
        gold.truncate(39);
        sample.push(Sampled { document: "elsewhere".into(), ..sample[0].clone() });
        let correction = correct(&units, &sample, &gold, Grouping::Outlet);
        assert_eq!((correction.unlabelled, correction.unknown), (1, 1));
        let [cell] = &correction.cells[..] else { panic!("one cell") };
        assert_eq!((cell.group.as_deref(), cell.records, cell.pieces), (Some("North"), 200, 39));
        assert_eq!((cell.naive, cell.labelled), (Some([1.0, 0.0, 0.0]), [29, 10, 0]));
        let shares = cell.shares.unwrap();
        assert!((shares[1].value - 10.0 / 39.0).abs() < 1e-9, "{shares:?}");
        assert_eq!(cell.reliance, Some(0.0), "a model that always says the same tells nothing");
    }
}
