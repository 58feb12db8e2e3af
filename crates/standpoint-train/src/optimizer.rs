//! AdamW with a rate for each layer, and the running average of the weights.

use crate::bert::{FROZEN, Weights, depth};
use crate::recipe::Training;
use standpoint_encoder::Config;
use tch::Tensor;

/// Decay of the two moments, and what keeps the division from zero.
const BETAS: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;
/// Gradients longer than this are shortened to it.
const LONGEST_GRADIENT: f64 = 1.0;

/// What is learned, and all that learning needs to go on from where it is.
pub(crate) struct State {
    /// The weights as they are.
    pub(crate) weights: Weights,
    /// Their running average.
    pub(crate) averaged: Weights,
    /// Running means of gradients and of their squares (Loshchilov and Hutter, "Decoupled Weight
    /// Decay Regularization", ICLR 2019).
    pub(crate) moments: (Weights, Weights),
    /// Steps taken.
    pub(crate) step: usize,
}

impl State {
    /// The state before the first step.
    pub(crate) fn new(weights: Weights) -> Self {
        let learned = || weights.iter().filter(|(name, _)| *name != FROZEN);
        let zeros = || learned().map(|(name, x)| (name.clone(), x.zeros_like())).collect();
        let averaged = weights.iter().map(|(name, x)| (name.clone(), x.copy())).collect();
        let moments = (zeros(), zeros());
        let mut state = Self { weights, averaged, moments, step: 0 };
        state.ask_for_gradients();
        state
    }

    /// Marks what is learned.
    pub(crate) fn ask_for_gradients(&mut self) {
        for (name, weight) in &mut self.weights {
            if name != FROZEN {
                *weight = weight.detach().set_requires_grad(true);
            }
        }
    }

    /// One step down the gradient of `loss`; `progress` is the share of all steps that are done.
    pub(crate) fn step(
        &mut self,
        loss: &Tensor,
        training: &Training,
        config: &Config,
        progress: f64,
    ) {
        loss.backward();
        self.step += 1;
        let rate = training.learning_rate * schedule(progress, training.warm_up);
        let _guard = tch::no_grad_guard();
        let shorten = self.shorten();
        let (first, second) = &mut self.moments;
        let correction = |beta: f64| 1.0 - beta.powi(self.step.min(1 << 20) as i32);
        let (of_first, of_second) = (correction(BETAS.0), correction(BETAS.1));
        // In the beginning an average over everything would be one over the untrained weights.
        let keep = training.averaging.min(1.0 - 1.0 / (self.step as f64 + 1.0));
        for (name, weight) in &mut self.weights {
            let (Some(mean), Some(square)) = (first.get_mut(name), second.get_mut(name)) else {
                continue;
            };
            let gradient = weight.grad() * shorten;
            let _ = mean.lerp_(&gradient, 1.0 - BETAS.0);
            let _ = square.g_mul_scalar_(BETAS.1);
            let _ = square.addcmul_(&gradient, &(&gradient * (1.0 - BETAS.1)));
            let rate = rate * training.layer_decay.powi(depth(name, config) as i32);
            if weight.dim() > 1 {
                let _ = weight.g_mul_scalar_(1.0 - rate * training.weight_decay);
            }
            let spread = (square.sqrt() / of_second.sqrt()).g_add_scalar_(EPSILON);
            let _ = weight.addcdiv_(&(&*mean * (-rate / of_first)), &spread);
            weight.zero_grad();
            if let Some(averaged) = self.averaged.get_mut(name) {
                let _ = averaged.lerp_(weight, 1.0 - keep);
            }
        }
    }

    /// What the gradients are multiplied by to be no longer than [`LONGEST_GRADIENT`] together.
    fn shorten(&self) -> f64 {
        let squares = self.moments.0.keys().map(|name| {
            let length = self.weights[name].grad().norm().double_value(&[]);
            length * length
        });
        let length = squares.sum::<f64>().sqrt();
        if length > LONGEST_GRADIENT { LONGEST_GRADIENT / length } else { 1.0 }
    }
}

/// Share of the highest rate: up in a line, then down in a half cosine.
fn schedule(progress: f64, warm_up: f64) -> f64 {
    if progress < warm_up {
        return progress / warm_up;
    }
    let fallen = ((progress - warm_up) / (1.0 - warm_up)).clamp(0.0, 1.0);
    f64::midpoint((std::f64::consts::PI * fallen).cos(), 1.0)
}
