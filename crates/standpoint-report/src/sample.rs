//! Which records to label by hand, drawn so that what they say holds for all.
//!
//! A sample can correct a run ([`estimates`](crate::estimates)) only if for every record the
//! probability with which it was to be drawn is known. So records are drawn by **systematic sampling
//! with unequal probabilities** (Madow, Annals of Mathematical Statistics 20, 1949) from a list in
//! random order: of fixed size, with exactly the probabilities that were set, and with equal ones it
//! is as good as simple random sampling. [`Design`] says how they are set.
//!
//! What is drawn is a [`Unit`]: a holder's stance toward a target in one *piece*, to be read in the
//! document that stands for it. Its copies are not asked for again.

use crate::aggregates::{PieceStance, Placement, representative};
use crate::bootstrap::SplitMix64;
use crate::evaluation::{ReadError, read_lines};
use serde::{Deserialize, Serialize};
use standpoint_core::{Label, Probabilities, Record};
use std::collections::BTreeMap;
use std::path::Path;

/// What may be drawn: one record, that which counts for its piece.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'a> {
    /// The record.
    pub record: &'a Record,
    /// The document's place among others: outlet, kind, language, authors.
    pub placement: &'a Placement<'a>,
    /// Date of the piece's first placement.
    pub published: Option<&'a str>,
}

/// All units of some pieces, given the placements of each.
pub fn units<'a>(pieces: &'a [Vec<Placement<'a>>]) -> Vec<Unit<'a>> {
    let mut units = Vec::new();
    for placements in pieces {
        for stance in PieceStance::of(placements) {
            let records: Vec<&Record> = stance.placed.iter().map(|&(_, record)| record).collect();
            let Some(record) = representative(&records) else { continue };
            let placed = stance.placed.iter().find(|(_, other)| std::ptr::eq(*other, record));
            if let Some(&(placement, _)) = placed {
                units.push(Unit { record, placement, published: stance.published });
            }
        }
    }
    units
}

/// What a sample is stratified by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stratum {
    /// The target.
    Target,
    /// What the run answered, abstentions among it.
    Stance,
    /// Authors or actors.
    Holder,
    /// The outlet of the document.
    Outlet,
    /// The kind of document.
    Kind,
    /// The month of the piece's first placement.
    Month,
}

impl Stratum {
    /// All of them.
    pub const ALL: [Stratum; 6] = [
        Stratum::Target,
        Stratum::Stance,
        Stratum::Holder,
        Stratum::Outlet,
        Stratum::Kind,
        Stratum::Month,
    ];

    /// The name used on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stratum::Target => "target",
            Stratum::Stance => "stance",
            Stratum::Holder => "holder",
            Stratum::Outlet => "outlet",
            Stratum::Kind => "kind",
            Stratum::Month => "month",
        }
    }

    fn of<'a>(self, unit: &Unit<'a>) -> &'a str {
        match self {
            Stratum::Target => &unit.record.target,
            Stratum::Stance => unit.record.stance.as_str(),
            Stratum::Holder => unit.record.holder.kind(),
            Stratum::Outlet => unit.placement.outlet.unwrap_or(""),
            Stratum::Kind => unit.placement.kind.as_str(),
            Stratum::Month => unit.published.and_then(|date| date.get(..7)).unwrap_or(""),
        }
    }
}

/// How the probabilities of being drawn are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Design {
    /// How many records to draw; all, if there are fewer.
    pub records: usize,
    /// Draw from every stratum as many as from the others, or all that it has. Small strata are
    /// labelled as well as large ones.
    pub by: Option<Stratum>,
    /// Draw more of those of which the model is unsure, for there a label corrects most: in
    /// proportion to the mean of 1 and the standard deviation that the record's own probabilities
    /// leave, √Σ p (1 − p), relative to the average one (Zrnic & Candès, *Active statistical
    /// inference*, 2024, with the same share of chance as of doubt). The 1 keeps the model's errors
    /// of which it is sure within reach.
    pub uncertain: bool,
    /// Another number draws another sample.
    pub seed: u64,
}

/// A record that was drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Id of the document.
    pub document: String,
    /// `author`, or an actor's name.
    pub holder: String,
    /// Id of the target.
    pub target: String,
    /// The probability with which the record was to be drawn, in (0, 1].
    pub probability: f64,
}

/// Draws from `units`; the sample comes in their order.
pub fn draw(units: &[Unit<'_>], design: &Design) -> Vec<Sampled> {
    let mut strata: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        strata.entry(design.by.map_or("", |by| by.of(unit))).or_default().push(index);
    }
    let mut random = SplitMix64(design.seed);
    let mut drawn: BTreeMap<usize, f64> = BTreeMap::new();
    let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
    for (members, records) in strata.values_mut().zip(shared_out(design.records, &sizes)) {
        for place in (1..members.len()).rev() {
            members.swap(place, random.below(place + 1));
        }
        let weight = |&index: &usize| match design.uncertain {
            true => doubt(&units[index].record.probabilities),
            false => 1.0,
        };
        let mut weights: Vec<f64> = members.iter().map(weight).collect();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        if mean > 0.0 {
            weights.iter_mut().for_each(|weight| *weight = (1.0 + *weight / mean) / 2.0);
        } else {
            weights.fill(1.0);
        }
        let probabilities = inclusion(&weights, records);
        let mut ticks = random.unit();
        let mut reached = 0.0;
        for (&index, probability) in members.iter().zip(probabilities) {
            reached += probability;
            // Probabilities add up to the number of records only up to rounding.
            if reached > ticks || probability >= 1.0 {
                drawn.insert(index, probability);
                ticks += 1.0;
            }
        }
    }
    let sampled = |(&index, &probability): (&usize, &f64)| {
        let Record { document, holder, target, .. } = units[index].record;
        Sampled {
            document: document.clone(),
            holder: holder.name().to_owned(),
            target: target.clone(),
            probability,
        }
    };
    drawn.iter().map(sampled).collect()
}

/// How far a record's probabilities are from sure.
fn doubt(p: &Probabilities) -> f64 {
    let variance = |label: Label| f64::from(p.of(label)) * (1.0 - f64::from(p.of(label)));
    Label::ALL.map(variance).iter().sum::<f64>().max(0.0).sqrt()
}

/// `records` shared out over strata of some sizes: the same to each, as far as each has so many;
/// what is left over by one goes to the others, and what cannot be parted to the first.
fn shared_out(records: usize, sizes: &[usize]) -> Vec<usize> {
    let mut shares = vec![0; sizes.len()];
    let mut left = records.min(sizes.iter().sum());
    while left > 0 {
        let open: Vec<usize> =
            (0..sizes.len()).filter(|&stratum| shares[stratum] < sizes[stratum]).collect();
        let each = (left / open.len()).max(1);
        for stratum in open {
            let more = each.min(sizes[stratum] - shares[stratum]).min(left);
            shares[stratum] += more;
            left -= more;
        }
    }
    shares
}

/// Probabilities in proportion to `weights` that add up to `records`; where one would exceed 1, it is
/// 1, and the others share the rest.
fn inclusion(weights: &[f64], records: usize) -> Vec<f64> {
    let mut certain = vec![false; weights.len()];
    loop {
        let left = records - certain.iter().filter(|&&certain| certain).count();
        let open: f64 =
            weights.iter().zip(&certain).filter(|(_, certain)| !**certain).map(|(w, _)| w).sum();
        let probability = |index: usize| weights[index] * left as f64 / open;
        let over: Vec<usize> = (0..weights.len())
            .filter(|&index| !certain[index] && probability(index) >= 1.0)
            .collect();
        if over.is_empty() {
            let of = |index| if certain[index] { 1.0 } else { probability(index) };
            return (0..weights.len()).map(of).collect();
        }
        over.into_iter().for_each(|index| certain[index] = true);
    }
}

/// Reads a sample: one JSON object a line, as [`Sampled`].
///
/// # Errors
/// [`ReadError`], with the line; also where a probability is none.
pub fn read_sample(path: &Path) -> Result<Vec<Sampled>, ReadError> {
    let mut sample = Vec::new();
    read_lines(path, |sampled: Sampled| {
        if !(sampled.probability > 0.0 && sampled.probability <= 1.0) {
            return Err(format!("probability {} is not in (0, 1]", sampled.probability));
        }
        sample.push(sampled);
        Ok(())
    })?;
    Ok(sample)
}

/// What names a record: document, holder and target.
pub(crate) type Key<'a> = (&'a str, &'a str, &'a str);

impl Sampled {
    pub(crate) fn key(&self) -> Key<'_> {
        (&self.document, &self.holder, &self.target)
    }
}

impl<'a> Unit<'a> {
    pub(crate) fn key(&self) -> Key<'a> {
        (&self.record.document, self.record.holder.name(), &self.record.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use standpoint_core::{Holder, Stance};

    fn records(count: usize) -> Vec<Record> {
        let record = |number: usize| Record {
            document: format!("d{number:03}"),
            piece: format!("d{number:03}"),
            holder: Holder::Author,
            target: if number.is_multiple_of(10) { "rare" } else { "levy" }.into(),
            stance: Stance::Favor,
            probabilities: match number % 2 {
                0 => Probabilities::new(1.0, 0.0, 0.0),
                _ => Probabilities::new(0.4, 0.3, 0.3),
            },
            passages: 1,
            evidence: vec![],
        };
        (0..count).map(record).collect()
    }

    fn with_units<T>(records: &[Record], test: impl Fn(&[Unit<'_>]) -> T) -> T {
        let placement = |record| Placement {
            document: "",
            text: "",
            records: std::slice::from_ref(record),
            ..Placement::default()
        };
        let pieces: Vec<Vec<Placement<'_>>> =
            records.iter().map(|record| vec![placement(record)]).collect();
        test(&units(&pieces))
    }

    #[test]
    fn every_record_is_drawn_as_often_as_its_probability_says() {
        let records = records(40);
        with_units(&records, |units| {
            for design in [
                Design { records: 10, ..Design::default() },
                Design { records: 10, uncertain: true, ..Design::default() },
                Design { records: 10, by: Some(Stratum::Target), ..Design::default() },
            ] {
                let mut often = BTreeMap::<String, (f64, f64)>::new();
                for seed in 0..4_000 {
                    let sample = draw(units, &Design { seed, ..design });
                    assert_eq!(sample.len(), 10);
                    for sampled in sample {
                        let (times, probability) = often.entry(sampled.document).or_default();
                        (*times, *probability) = (*times + 1.0, sampled.probability);
                    }
                }
                assert!((often.values().map(|(_, p)| p).sum::<f64>() - 10.0).abs() < 1e-9);
                for (times, probability) in often.values() {
                    // Five standard errors of a share of 4,000, at most 0.04.
                    assert!((times / 4_000.0 - probability).abs() < 0.04, "{times} {probability}");
                }
            }
        });
    }

    #[test]
    fn strata_share_alike_and_doubt_is_drawn_more() {
        let records = records(100);
        with_units(&records, |units| {
            let design = Design { records: 30, by: Some(Stratum::Target), ..Design::default() };
            let sample = draw(units, &design);
            let rare: Vec<_> = sample.iter().filter(|sampled| sampled.target == "rare").collect();
            assert_eq!((sample.len(), rare.len()), (30, 10), "10 is all that there are");
            assert!(rare.iter().all(|sampled| sampled.probability == 1.0));
            let uncertain = Design { records: 30, uncertain: true, ..Design::default() };
            // Doubt is 0 for one half and d for the other, so relative to the average 0 and 2:
            // weights ½ and 3/2, of 100 in all.
            for sampled in draw(units, &uncertain) {
                let sure = sampled.document.ends_with(['0', '2', '4', '6', '8']);
                assert!((sampled.probability - if sure { 0.15 } else { 0.45 }).abs() < 1e-9);
            }
        });
    }

    #[test]
    fn a_seed_is_a_sample() {
        let records = records(50);
        with_units(&records, |units| {
            let with = |seed| draw(units, &Design { records: 5, seed, ..Design::default() });
            assert_eq!(with(1), with(1));
            assert_ne!(with(1), with(2));
            let all = draw(units, &Design { records: 99, ..Design::default() });
            assert_eq!(all.len(), 50);
            assert!(all.iter().all(|sampled| sampled.probability == 1.0));
            assert_eq!(draw(&[], &Design { records: 5, ..Design::default() }), []);
        });
    }

    proptest! {
        #[test]
        fn shares_add_up(records in 0_usize..200, sizes in proptest::collection::vec(0_usize..40, 0..9)) {
            let shares = shared_out(records, &sizes);
            prop_assert_eq!(shares.iter().sum::<usize>(), records.min(sizes.iter().sum()));
            prop_assert!(shares.iter().zip(&sizes).all(|(share, size)| share <= size));
        }
    }
}
