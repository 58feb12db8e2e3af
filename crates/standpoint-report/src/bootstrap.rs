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

/// From how many values on [`mean`] relies on the central limit theorem.
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

/// 95 % intervals of `N` statistics of a sample of `units` units.
///
/// `statistics` gets the indices of the units drawn, as many as there are, some of them repeatedly,
/// and returns the figures of that resample; a figure that is undefined there is `None` and left
/// out. With fewer than two units nothing can vary, and there is no interval.
pub fn intervals<const N: usize>(
    units: usize,
    mut statistics: impl FnMut(&[usize]) -> [Option<f64>; N],
) -> [Option<Interval>; N] {
    if units < 2 {
        return [None; N];
    }
    let mut random = SplitMix64(SEED);
    let mut drawn = vec![0; units];
    let mut figures: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        drawn.fill_with(|| random.below(units));
        for (figures, figure) in figures.iter_mut().zip(statistics(&drawn)) {
            figures.extend(figure);
        }
    }
    figures.map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        Some(Interval { low: quantile(&figures, 0.025)?, high: quantile(&figures, 0.975)? })
    })
}

/// The mean of some values with its 95 % interval; `None` of no values, and no interval of one.
///
/// From [`MANY`] values on, the bootstrap distribution of a mean is the normal one of the central
/// limit theorem to within its own noise, and mean ± 1.96 standard errors stands in for it: drawing
/// a million pieces a thousand times would take longer than reading them.
pub fn mean(values: &[f64]) -> Option<(f64, Option<Interval>)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    match values.len() {
        0 => None,
        MANY.. => {
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let reach = 1.96 * (variance / n).sqrt();
            Some((mean, Some(Interval { low: mean - reach, high: mean + reach })))
        }
        units => {
            let resampled = |drawn: &[usize]| drawn.iter().map(|&i| values[i]).sum::<f64>() / n;
            let [interval] = intervals(units, |drawn| [Some(resampled(drawn))]);
            Some((mean, interval))
        }
    }
}

/// The quantile of sorted values, interpolated linearly between the two nearest (type 7 of Hyndman
/// & Fan 1996, the default of R and NumPy); `None` of no values.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let below = sorted[place as usize];
    let above = sorted.get(place as usize + 1).copied().unwrap_or(below);
    Some(below + (above - below) * place.fract())
}

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; the bias of the multiplication is below bound / 2⁶⁴.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
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
        let values: Vec<f64> = (0..MANY).map(|i| (i as f64 / MANY as f64).powi(3)).collect();
        let (_, theory) = mean(&values).unwrap();
        let (_, drawn) = mean(&values[1..]).unwrap();
        let (theory, drawn) = (theory.unwrap(), drawn.unwrap());
        let width = theory.high - theory.low;
        assert!((theory.low - drawn.low).abs() < 0.1 * width, "{theory:?} {drawn:?}");
        assert!((theory.high - drawn.high).abs() < 0.1 * width, "{theory:?} {drawn:?}");
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[0.5]), Some((0.5, None)));
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
