//! Intervals by the percentile bootstrap.
//!
//! How far would a figure move if other pieces of the same kind had been collected? Draw as many
//! units as there are, with replacement, compute the figure, repeat, and take the middle 95 % of
//! what comes out (Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, ch. 13). Units are
//! what was sampled independently: pieces, or documents, never the single placements of one piece.
//!
//! The draws come from SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) with a fixed seed: ten lines
//! that will give the same intervals with every compiler and every release, which no library of
//! random numbers promises.

use serde::Serialize;

/// How often the units are drawn anew.
pub const RESAMPLES: usize = 1_000;

/// From how many units on [`means`] relies on the central limit theorem.
pub const MANY: usize = 10_000;

const SEED: u64 = 0x5354_414e_4450_4f49; // "STANDPOI"

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The 2.5th percentile of the resampled figures.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure on the sample as it is.
    pub value: f64,
    /// `None` for fewer than two units.
    pub interval: Option<Interval>,
}

/// 95 % intervals of `N` statistics of a sample of `units` units.
///
/// `statistics` gets the indices of the units drawn, as many as there are, some of them repeatedly,
/// and returns the figures of that resample; a figure that is undefined there is `None` and left
/// out. With fewer than two units nothing can vary, and there is no interval.
pub fn intervals<const N: usize>(
    units: usize,
    mut statistics: impl FnMut(&[usize]) -> [Option<f64>; N],
) -> [Option<Interval>; N] {
    let bands = bands(units, N, |drawn, figures| figures.extend(statistics(drawn)));
    std::array::from_fn(|figure| bands[figure])
}

/// As [`intervals`], of a number of statistics that is known only now: `statistics` appends so many
/// figures to the empty list that it gets.
pub fn bands(
    units: usize,
    count: usize,
    mut statistics: impl FnMut(&[usize], &mut Vec<Option<f64>>),
) -> Vec<Option<Interval>> {
    if units < 2 {
        return vec![None; count];
    }
    let mut random = SplitMix64(SEED);
    let mut drawn = vec![0; units];
    let mut figures: Vec<Vec<f64>> = vec![Vec::with_capacity(RESAMPLES); count];
    let mut of_resample = Vec::with_capacity(count);
    for _ in 0..RESAMPLES {
        drawn.fill_with(|| random.below(units));
        of_resample.clear();
        statistics(&drawn, &mut of_resample);
        for (figures, figure) in figures.iter_mut().zip(&of_resample) {
            figures.extend(*figure);
        }
    }
    let interval = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        Some(Interval { low: quantile(&figures, 0.025)?, high: quantile(&figures, 0.975)? })
    };
    figures.into_iter().map(interval).collect()
}

/// The means of `N` figures of each unit, with their 95 % intervals; `None` of no units, and no
/// interval of one. All figures of a unit are drawn together.
///
/// From [`MANY`] units on, the bootstrap distribution of a mean is the normal one of the central
/// limit theorem to within its own noise, and mean ± 1.96 standard errors stands in for it: drawing
/// a million pieces a thousand times would take longer than reading them.
pub fn means<const N: usize>(units: &[[f64; N]]) -> Option<[Estimate; N]> {
    if units.is_empty() {
        return None;
    }
    let n = units.len() as f64;
    let mean_of = |figure: usize| units.iter().map(|unit| unit[figure]).sum::<f64>() / n;
    let mean: [f64; N] = std::array::from_fn(mean_of);
    let intervals = if units.len() >= MANY {
        std::array::from_fn(|figure| {
            let square = |unit: &[f64; N]| (unit[figure] - mean[figure]).powi(2);
            let variance = units.iter().map(square).sum::<f64>() / n;
            let reach = 1.96 * (variance / n).sqrt();
            Some(Interval { low: mean[figure] - reach, high: mean[figure] + reach })
        })
    } else {
        intervals(units.len(), |drawn| {
            let mut sums = [0.0; N];
            for &unit in drawn {
                sums.iter_mut().zip(&units[unit]).for_each(|(sum, figure)| *sum += figure);
            }
            sums.map(|sum| Some(sum / n))
        })
    };
    Some(std::array::from_fn(|figure| Estimate {
        value: mean[figure],
        interval: intervals[figure],
    }))
}

/// The 95 % interval of a share that is 0 or 1 in `units` units.
///
/// Drawing from units that are all alike would promise that the next one is like them too. So the
/// interval is Wilson's (JASA 22, 1927), which for 0 of `n` is from 0 to 3.84 / (n + 3.84).
pub fn unvaried(share_is_one: bool, units: usize) -> Option<Interval> {
    let z = 1.96_f64 * 1.96;
    let reach = z / (units as f64 + z);
    (units >= 2).then_some(match share_is_one {
        true => Interval { low: 1.0 - reach, high: 1.0 },
        false => Interval { low: 0.0, high: reach },
    })
}

/// The quantile of sorted values, interpolated linearly between the two nearest (type 7 of Hyndman
/// & Fan 1996, the default of R and NumPy); `None` of no values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let below = sorted[place as usize];
    let above = sorted.get(place as usize + 1).copied().unwrap_or(below);
    Some(below + (above - below) * place.fract())
}

pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; the bias of the multiplication is below bound / 2⁶⁴.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number in [0, 1), of the 2⁵³ that are evenly spaced.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // First outputs for seed 1234567, from the reference implementation by S. Vigna.
        let mut random = SplitMix64(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0.025, 0.5, 0.975])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let at = |share| quantile(&sorted, share).unwrap();
        assert!((at(0.025) - 1.075).abs() < 1e-12);
        assert!((at(0.5) - 3.0).abs() < 1e-12);
        assert!((at(0.975) - 7.7).abs() < 1e-12);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_interval_of_a_mean_is_near_the_one_of_theory() {
        // 0, 1, …, 99: standard error of the mean 28.87 / 10 = 2.887; 49.5 ± 1.96 × 2.887.
        let mean = |drawn: &[usize]| [Some(drawn.iter().sum::<usize>() as f64 / 100.0)];
        let [interval] = intervals(100, mean);
        let Interval { low, high } = interval.unwrap();
        assert!((low - 43.84).abs() < 0.5 && (high - 55.16).abs() < 0.5, "{low} … {high}");
    }

    #[test]
    fn a_mean_of_many_values_has_the_interval_that_drawing_gives() {
        let values: Vec<[f64; 1]> = (0..MANY).map(|i| [(i as f64 / MANY as f64).powi(3)]).collect();
        let [theory] = means(&values).unwrap();
        let [drawn] = means(&values[1..]).unwrap();
        let (theory, drawn) = (theory.interval.unwrap(), drawn.interval.unwrap());
        let width = theory.high - theory.low;
        assert!((theory.low - drawn.low).abs() < 0.1 * width, "{theory:?} {drawn:?}");
        assert!((theory.high - drawn.high).abs() < 0.1 * width, "{theory:?} {drawn:?}");
        assert_eq!(means::<1>(&[]), None);
        assert_eq!(means(&[[0.5]]), Some([Estimate { value: 0.5, interval: None }]));
    }

    #[test]
    fn a_share_that_never_varied_may_vary() {
        // Wilson's interval of 0 of 10, as statsmodels.stats.proportion.proportion_confint gives it.
        let Interval { low, high } = unvaried(false, 10).unwrap();
        assert!(low == 0.0 && (high - 0.277_5).abs() < 1e-4, "{high}");
        assert!((unvaried(true, 10).unwrap().low - 0.722_5).abs() < 1e-4);
        assert_eq!(unvaried(true, 1), None);
    }

    #[test]
    fn one_unit_has_no_interval_and_equal_units_have_none_of_width() {
        assert_eq!(intervals(1, |_| [Some(0.0)]), [None]);
        assert_eq!(
            intervals(5, |_| [Some(2.0), None]),
            [Some(Interval { low: 2.0, high: 2.0 }), None]
        );
    }
}
