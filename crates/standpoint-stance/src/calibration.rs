//! Probabilities that mean what they say: a temperature, and a threshold below which to abstain.

use standpoint_core::{Label, Probabilities};

/// A model's answer to a text that people labelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Graded {
    /// What the model says.
    pub probabilities: Probabilities,
    /// What people say.
    pub gold: Label,
}

impl Graded {
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
        let of_set = |set: &&[Graded]| {
            set.iter().map(of_row).sum::<f64>() / set.len().max(1) as f64
        };
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
