//! What a layer computes beside its matmuls: GELU, softmax, layer norm.
//!
//! These are plain loops over fixed-size chunks, which the compiler turns into vector code. A
//! binary for any x86-64 machine would get 4-wide vectors that way, so each entry point runs
//! through [`widest`], which compiles the loop once per instruction set and picks at run time.
//!
//! Sums run over [`LANES`] partial sums that are added up in a fixed order, and no product is fused
//! with a sum, so a result depends on the input alone: not on the position of a row, and not on the
//! width of the machine's vectors.

use rten_simd::{Isa, SimdOp};

/// Values per chunk: the f32 lanes of the widest vectors there are.
pub(crate) const LANES: usize = 16;

/// Runs `work` compiled for the widest vectors that this CPU has.
///
/// Everything that `work` calls must be `#[inline(always)]`, and so must the closure: what is not
/// inlined is compiled for the build's target only.
#[inline]
pub(crate) fn widest<T>(work: impl FnOnce() -> T) -> T {
    struct Work<F>(F);
    impl<T, F: FnOnce() -> T> SimdOp for Work<F> {
        type Output = T;
        #[inline(always)]
        fn eval<I: Isa>(self, _: I) -> T {
            (self.0)()
        }
    }
    Work(work).dispatch()
}

/// x · Φ(x), with the exact Φ (erf) that BERT was trained with, not its tanh approximation.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function as the quotient of two polynomials on [-4, 4], and ±1 beyond, from which f32
/// cannot tell it there; absolute error below 5e-7. The coefficients are those of Eigen's and XLA's
/// f32 erf.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let s = x * x;
    let numerator = polynomial(
        s,
        [
            -2.726_142_3e-10, 2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_4e-4,
            -2.954_6e-3, -1.609_603_3e-2,
        ],
    );
    let denominator = polynomial(
        s,
        [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2],
    );
    if s < 16.0 { x * numerator / denominator } else { 1.0_f32.copysign(x) }
}

/// e^x for x ≤ 0, as softmax needs it; relative error below 3e-7, and 0 below e^-87.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor polynomial, times 2^n by way of the
/// exponent bits.
#[inline(always)]
fn exp_of_negative(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 · 2^23 leaves no bits for a fraction: the sum is rounded to an integer, which then
    // stands in its low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.max(-87.0);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN_2_HIGH - n * LN_2_LOW;
    let e_to_r = polynomial(
        r,
        [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0],
    );
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    if x < -87.0 { 0.0 } else { e_to_r * f32::from_bits(exponent) }
}

/// Horner's rule, the coefficient of the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

/// Turns a row of scores into weights that sum to one.
#[inline(always)]
pub(crate) fn softmax(row: &mut [f32]) {
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    let mut max = [f32::NEG_INFINITY; LANES];
    for chunk in &*chunks {
        for lane in 0..LANES {
            max[lane] = if chunk[lane] > max[lane] { chunk[lane] } else { max[lane] };
        }
    }
    let max = max.iter().chain(&*rest).fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });

    let mut sums = [0.0; LANES];
    for chunk in &mut *chunks {
        for lane in 0..LANES {
            chunk[lane] = exp_of_negative(chunk[lane] - max);
            sums[lane] += chunk[lane];
        }
    }
    let mut sum: f32 = sums.iter().sum();
    for value in rest {
        *value = exp_of_negative(*value - max);
        sum += *value;
    }
    let factor = 1.0 / sum;
    for value in row {
        *value *= factor;
    }
}

/// Shifts and scales a row to mean 0 and variance 1, then by the layer's own weight and bias.
#[inline(always)]
pub(crate) fn layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let width = row.len() as f32;
    let mean = sum(row, |x| x) / width;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / width;
    let factor = 1.0 / (variance + epsilon).sqrt();
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = (*value - mean) * factor * weight + bias;
    }
}

/// The sum of `term` over a row, in [`LANES`] partial sums.
#[inline(always)]
pub(crate) fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += term(chunk[lane]);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|&x| term(x)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(ours: &[f32], twin: &[f64], tolerance: f64) {
        assert_eq!(ours.len(), twin.len());
        for (i, (&a, &b)) in ours.iter().zip(twin).enumerate() {
            assert!((f64::from(a) - b).abs() <= tolerance, "at {i}: {a} is not {b}");
        }
    }

    #[test]
    fn gelu_is_exact_to_two_millionths() {
        let inputs: Vec<f32> = (-80_000..=80_000).map(|i| i as f32 / 8_000.0).collect();
        let mut ours = inputs.clone();
        widest(|| ours.iter_mut().for_each(|x| *x = gelu(*x)));
        let twin: Vec<f64> = inputs
            .iter()
            .map(|&x| f64::from(x))
            .map(|x| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)))
            .collect();
        close(&ours, &twin, 2e-6);
        assert_eq!([0.0, 30.0, -30.0].map(gelu), [0.0, 30.0, 0.0], "nothing is lost far from zero");
    }

    #[test]
    fn exp_is_exact_to_three_parts_in_ten_million() {
        for i in 0..=87_000 {
            let x = -(i as f32) / 1_000.0;
            let (ours, twin) = (f64::from(exp_of_negative(x)), f64::from(x).exp());
            assert!((ours - twin).abs() <= 3e-7 * twin, "e^{x}: {ours} is not {twin}");
        }
        assert_eq!(exp_of_negative(0.0), 1.0);
        assert_eq!(exp_of_negative(-87.5), 0.0);
        assert_eq!(exp_of_negative(f32::NEG_INFINITY), 0.0);
    }

    fn row() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-30.0_f32..30.0, 1..100)
    }

    proptest! {
        #[test]
        fn softmax_is_its_f64_twin(row in row()) {
            let mut ours = row.clone();
            softmax(&mut ours);
            let max = row.iter().copied().fold(f32::MIN, f32::max);
            let exp: Vec<f64> = row.iter().map(|&x| (f64::from(x) - f64::from(max)).exp()).collect();
            let sum: f64 = exp.iter().sum();
            close(&ours, &exp.iter().map(|x| x / sum).collect::<Vec<_>>(), 1e-6);
        }

        #[test]
        fn layer_norm_is_its_f64_twin(row in row(), weight in -2.0_f32..2.0, bias in -2.0_f32..2.0) {
            let mut ours = row.clone();
            let (weights, biases) = (vec![weight; row.len()], vec![bias; row.len()]);
            layer_norm(&mut ours, &weights, &biases, 1e-3);
            let n = row.len() as f64;
            let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
            let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
            let twin: Vec<f64> = row
                .iter()
                .map(|&x| (f64::from(x) - mean) / (variance + 1e-3).sqrt())
                .map(|x| x * f64::from(weight) + f64::from(bias))
                .collect();
            close(&ours, &twin, 1e-4);
        }
    }
}
