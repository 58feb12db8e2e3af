//! Probabilities that mean what they say: a temperature, and a threshold below which to abstain.

use standpoint_core::{
    Classification, Label, ModelError, ModelInfo, Pair, Probabilities, StanceModel,
};
use std::sync::Arc;

/// A model's answer to a text that people labelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Graded {
    /// What the model says.
    pub probabilities: Probabilities,
    /// What people say.
    pub gold: Label,
}

impl Graded {
    /// The same answer at another temperature.
    pub fn at(&self, temperature: f32) -> Self {
        Self { probabilities: self.probabilities.tempered(temperature), gold: self.gold }
    }

    fn is_right(&self) -> bool {
        self.probabilities.label() == self.gold
    }
}

/// The temperature that minimises the negative log-likelihood of the gold labels, from 0.1 to 10;
/// every set weighs the same, however many rows it has (Guo et al., "On Calibration of Modern
/// Neural Networks", ICML 2017). 1 where there is not a single row.
///
/// It changes no label: dividing logits keeps their order.
pub fn fit_temperature(sets: &[&[Graded]]) -> f32 {
    let loss = |temperature: f32| -> f64 {
        let of_row = |row: &Graded| {
            let p = row.probabilities.tempered(temperature).of(row.gold);
            -f64::from(p.max(f32::MIN_POSITIVE)).ln()
        };
        let of_set =
            |set: &&[Graded]| set.iter().map(of_row).sum::<f64>() / set.len().max(1) as f64;
        sets.iter().map(of_set).sum()
    };
    if sets.iter().all(|set| set.is_empty()) {
        return 1.0;
    }
    // As a function of log T the loss falls and then rises: ternary search.
    let (mut low, mut high) = (0.1_f32.ln(), 10.0_f32.ln());
    while high - low > 1e-4 {
        let third = (high - low) / 3.0;
        if loss((low + third).exp()) <= loss((high - third).exp()) {
            high -= third;
        } else {
            low += third;
        }
    }
    f32::midpoint(low, high).exp()
}

/// Each half of the rows at the temperature that the other half gives, every other row being of one
/// half: answers as they come out on texts like these that the temperature was not fitted to.
pub fn cross_fitted(rows: &[Graded]) -> Vec<Graded> {
    let half = |which: usize| rows.iter().skip(which).step_by(2).copied().collect::<Vec<_>>();
    let (even, odd) = (half(0), half(1));
    let by = |rows: &[Graded], other: &[Graded]| -> Vec<Graded> {
        let temperature = fit_temperature(&[other]);
        rows.iter().map(|row| row.at(temperature)).collect()
    };
    [by(&even, &odd), by(&odd, &even)].concat()
}

/// A confidence below which no answer is given, and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Answers of at least this confidence are given.
    pub confidence: f32,
    /// Rows that would be answered, and how many of them wrongly.
    pub answered: usize,
    /// Of these, the wrong ones.
    pub wrong: usize,
}

/// How sure it is to be that the error rate among answers to texts like these is what was asked for.
const SURENESS: f64 = 0.95;

/// The lowest confidence from which on, with 95 % sureness, no more than `error_rate` of the answers
/// to texts drawn as these were are wrong. `None` where these rows cannot promise that at any
/// confidence.
///
/// Thresholds are tried from the highest on down, each by an exact binomial test, and the first that
/// fails ends the search, so that trying many costs nothing: fixed-sequence testing, as in Angelopoulos
/// et al., "Learn then Test", 2021. The first is the one with so many rows above it that not a single
/// error among them would do. (A temperature fitted to the same rows before is not accounted for: one
/// number, which moves confidences and no labels.)
pub fn abstention_threshold(rows: &[Graded], error_rate: f64) -> Option<Threshold> {
    let mut sorted: Vec<(f32, bool)> =
        rows.iter().map(|row| (row.probabilities.confidence(), row.is_right())).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = None;
    let mut wrong = 0;
    for (answered, (confidence, is_right)) in (1..).zip(&sorted) {
        wrong += usize::from(!is_right);
        let next_is_equal = sorted.get(answered).is_some_and(|next| next.0 == *confidence);
        if next_is_equal || (1.0 - error_rate).powi(answered as i32) > 1.0 - SURENESS {
            continue;
        }
        if at_most(wrong, answered, error_rate) > 1.0 - SURENESS {
            break;
        }
        best = Some(Threshold { confidence: *confidence, answered, wrong });
    }
    best
}

/// The probability of at most `hits` hits in `trials` trials with probability `p` each.
fn at_most(hits: usize, trials: usize, p: f64) -> f64 {
    if p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return if hits >= trials { 1.0 } else { 0.0 };
    }
    // The logarithm of each term from that of the one before: no factorial, nothing that overflows.
    let mut term = trials as f64 * (-p).ln_1p();
    let mut sum = term.exp();
    for hit in 0..hits.min(trials) {
        term += ((trials - hit) as f64 / (hit + 1) as f64).ln() + (p / (1.0 - p)).ln();
        sum += term.exp();
    }
    sum.min(1.0)
}

/// A stance model at another temperature: calibrated on labels of one's own.
pub struct Tempered {
    model: Arc<dyn StanceModel>,
    temperature: f32,
    info: ModelInfo,
}

impl Tempered {
    /// The model, its probabilities brought to a temperature.
    pub fn new(model: Arc<dyn StanceModel>, temperature: f32) -> Self {
        let mut info = model.info().clone();
        // Stored answers are keyed by it.
        info.hash = format!("{}@{temperature}", info.hash);
        Self { model, temperature, info }
    }
}

impl StanceModel for Tempered {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError> {
        let mut answers = self.model.classify(pairs)?;
        for answer in &mut answers {
            answer.probabilities = answer.probabilities.tempered(self.temperature);
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `right` of `rows` rows right, all with this confidence.
    fn rows(confidence: f32, right: usize, rows: usize) -> Vec<Graded> {
        let rest = (1.0 - confidence) / 2.0;
        let probabilities = Probabilities::new(confidence, rest, rest);
        let gold = |i| if i < right { Label::Favor } else { Label::Against };
        (0..rows).map(|i| Graded { probabilities, gold: gold(i) }).collect()
    }

    #[test]
    fn the_temperature_brings_confidence_to_accuracy() {
        // 0.9 against 0.025 and 0.075, right in 60 of 100 cases, the second in 30.
        let p = Probabilities::new(0.9, 0.075, 0.025);
        let of = |gold, count| vec![Graded { probabilities: p, gold }; count];
        let set = [of(Label::Favor, 60), of(Label::Against, 30), of(Label::Neutral, 10)].concat();
        let temperature = fit_temperature(&[&set]);
        // The derivative of the likelihood is zero where the mean logit under the model is that of
        // the gold labels.
        let q = p.tempered(temperature);
        let logits = Label::ALL.map(|label| p.of(label).ln());
        let mean =
            |weights: [f32; 3]| -> f32 { logits.iter().zip(weights).map(|(x, w)| x * w).sum() };
        let difference = mean([q.favor, q.against, q.neutral]) - mean([0.6, 0.3, 0.1]);
        assert!(difference.abs() < 1e-3, "{difference} at {temperature}");
        assert_eq!(fit_temperature(&[]), 1.0);
    }

    #[test]
    fn a_half_is_brought_to_the_temperature_of_the_other() {
        let (sure, unsure) = (rows(0.9, 95, 100), rows(0.9, 60, 100));
        let mixed: Vec<Graded> = sure.iter().zip(&unsure).flat_map(|(a, b)| [*a, *b]).collect();
        let crossed = cross_fitted(&mixed);
        let (by_unsure, by_sure) = (fit_temperature(&[&unsure]), fit_temperature(&[&sure]));
        assert_eq!(crossed[0], sure[0].at(by_unsure));
        assert_eq!(crossed[100], unsure[0].at(by_sure));
        assert!(by_unsure > 1.5 && by_sure < 1.0, "{by_unsure}, {by_sure}");
    }

    #[test]
    fn a_large_set_weighs_no_more_than_a_small_one() {
        let (sure, unsure) = (rows(0.9, 9, 10), rows(0.9, 5, 10));
        let many: Vec<Graded> = std::iter::repeat_n(sure.clone(), 50).flatten().collect();
        let balanced = fit_temperature(&[&sure, &unsure]);
        assert!((fit_temperature(&[&many, &unsure]) - balanced).abs() < 1e-3);
        assert!(fit_temperature(&[&[many, unsure].concat()]) < balanced);
    }

    #[test]
    fn the_binomial_is_exact() {
        // scipy.stats.binom.cdf
        for (hits, trials, p, expected) in [
            (0, 10, 0.1, 0.348_678_44),
            (3, 20, 0.25, 0.225_156_05),
            (40, 500, 0.1, 0.075_089_29),
            (10, 10, 0.5, 1.0),
        ] {
            let found = at_most(hits, trials, p);
            assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        }
    }

    #[test]
    fn the_threshold_keeps_the_error_rate_and_no_more_than_it_must() {
        // 200 rows at 0.9 with 4 % wrong, 200 at 0.6 with 40 % wrong.
        let all = [rows(0.9, 192, 200), rows(0.6, 120, 200)].concat();
        let threshold = abstention_threshold(&all, 0.1).unwrap();
        assert_eq!(threshold, Threshold { confidence: 0.9, answered: 200, wrong: 8 });
        let lax = abstention_threshold(&all, 0.3).unwrap();
        assert_eq!((lax.confidence, lax.answered, lax.wrong), (0.6, 400, 88));
        assert_eq!(abstention_threshold(&all, 0.01), None, "not with 4 % wrong at best");
        assert_eq!(abstention_threshold(&rows(0.9, 20, 20), 0.1), None, "0.9 ^ 20 is 12 %");
        assert_eq!(abstention_threshold(&rows(0.9, 29, 29), 0.1).unwrap().answered, 29);
    }

    /// Of 400 corpora with a known error rate at each confidence, at most about 5 % get a threshold
    /// above whose confidence more than a tenth is wrong in truth.
    #[test]
    fn the_promise_is_kept_in_19_of_20_corpora() {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u64 << 24) as f32
        };
        let mut broken = 0;
        for _ in 0..400 {
            let rows: Vec<Graded> = (0..300)
                .map(|_| {
                    let confidence = 0.4 + 0.6 * uniform();
                    let rest = (1.0 - confidence) / 2.0;
                    let right = uniform() < confidence;
                    let gold = if right { Label::Favor } else { Label::Against };
                    Graded { probabilities: Probabilities::new(confidence, rest, rest), gold }
                })
                .collect();
            // Above confidence c the true error rate is the mean of 1 - x over [c, 1]: (1 - c) / 2.
            let threshold = abstention_threshold(&rows, 0.1);
            broken += usize::from(threshold.is_some_and(|t| (1.0 - t.confidence) / 2.0 > 0.1));
        }
        assert!(broken <= 32, "{broken} of 400, where 20 are expected at most");
    }
}
