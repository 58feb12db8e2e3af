//! What a layer computes beside its products: GELU, softmax, layer norm.
//!
//! Written once over the vectors of rten-simd, compiled for each instruction set, picked at run
//! time. What a function computes of a row depends on that row alone.

use rten_simd::functional::simd_map;
use rten_simd::ops::{BitOps, FloatOps, IntOps, NumOps};
use rten_simd::{Isa, Simd, SimdIterable, SimdOp};

/// Values per chunk in the loops that are left to the compiler: the f32 lanes of the widest vectors
/// there are.
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

/// x · Φ(x), with the exact Φ (erf) that BERT was trained with, not its tanh approximation; absolute
/// error below 2e-6.
#[inline(always)]
pub(crate) fn gelu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let half = ops.mul(x, ops.splat(0.5));
    let scaled = ops.mul(x, ops.splat(std::f32::consts::FRAC_1_SQRT_2));
    ops.mul_add(half, erf(isa, scaled), half)
}

/// x · Φ(x) for values that are rounded to bf16 or 8 bits next: without a division; absolute error
/// below 2e-4. Φ(x) - 1/2 is x times a polynomial of x² on [-4, 4], fitted to the smallest largest
/// error and to ±1/2 at its ends, and ±1/2 beyond.
#[inline(always)]
pub(crate) fn rough_gelu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let near = ops.clamp(x, ops.splat(-4.0), ops.splat(4.0));
    let slope = polynomial(
        isa,
        ops.mul(near, near),
        [
            -4.475_850_5e-10, 5.114_551e-8, -2.326_142e-6, 5.761_749_7e-5, -8.844_291e-4,
            9.046_216e-3, -6.507_619e-2, 0.398_194_16,
        ],
    );
    ops.mul(x, ops.mul_add(near, slope, ops.splat(0.5)))
}

/// The error function as the quotient of two polynomials on [-4, 4], and ±1 beyond, from which f32
/// cannot tell it there; absolute error below 5e-7. The coefficients are those of Eigen's and XLA's
/// f32 erf.
#[inline(always)]
fn erf<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let x = ops.clamp(x, ops.splat(-4.0), ops.splat(4.0));
    let s = ops.mul(x, x);
    let numerator = polynomial(
        isa,
        s,
        [
            -2.726_142_3e-10, 2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_4e-4,
            -2.954_6e-3, -1.609_603_3e-2,
        ],
    );
    let denominator = polynomial(
        isa,
        s,
        [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2],
    );
    ops.div(ops.mul(x, numerator), denominator)
}

/// e^x for x ≤ 0, as softmax needs it; relative error below 3e-7, and 0 below e^-87.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor polynomial, times 2^n by way of the
/// exponent bits.
#[inline(always)]
pub(crate) fn exp_of_negative<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let (ops, ints) = (isa.f32(), isa.i32());
    let clamped = ops.max(x, ops.splat(-87.0));
    let n = ops.round_ties_even(ops.mul(clamped, ops.splat(std::f32::consts::LOG2_E)));
    let r = ops.mul_add(n, ops.splat(-LN_2_HIGH), clamped);
    let r = ops.mul_add(n, ops.splat(-LN_2_LOW), r);
    let e_to_r = polynomial(
        isa,
        r,
        [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0],
    );
    let exponent = ints.add(ops.to_int_round(n), ints.splat(127));
    let power: I::F32 = ints.shift_left::<23>(exponent).reinterpret_cast();
    let far = ops.lt(x, ops.splat(-87.0));
    ops.select(ops.zero(), ops.mul(e_to_r, power), far)
}

/// Horner's rule, the coefficient of the highest power first.
#[inline(always)]
fn polynomial<I: Isa, const N: usize>(isa: I, x: I::F32, coefficients: [f32; N]) -> I::F32 {
    let ops = isa.f32();
    let mut sum = ops.splat(coefficients[0]);
    for coefficient in &coefficients[1..] {
        sum = ops.mul_add(sum, x, ops.splat(*coefficient));
    }
    sum
}

/// Shifts and scales a row to mean 0 and variance 1, then by the layer's own weight and bias.
#[inline(always)]
pub(crate) fn layer_norm<I: Isa>(
    isa: I,
    row: &mut [f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
) {
    let ops = isa.f32();
    let width = row.len() as f32;
    let mean = sum(isa, row, |x| x) / width;
    let shift = ops.splat(-mean);
    simd_map(
        ops,
        &mut *row,
        #[inline(always)]
        |x| ops.add(x, shift),
    );
    let variance = sum(isa, row, |x| ops.mul(x, x)) / width;
    let factor = 1.0 / (variance + epsilon).sqrt();
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = *value * factor * weight + bias;
    }
}

/// The sum of `term` over a row, for a term that is 0 where the value is.
#[inline(always)]
pub(crate) fn sum<I: Isa>(isa: I, row: &[f32], term: impl Fn(I::F32) -> I::F32) -> f32 {
    let ops = isa.f32();
    let sums = row.simd_iter_pad(ops).fold(
        ops.zero(),
        #[inline(always)]
        |sum, x| ops.add(sum, term(x)),
    );
    ops.sum(sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A function of this module over a slice, by the CPU's own instructions.
    struct Map<'a, F>(&'a mut [f32], F);

    #[derive(Clone, Copy)]
    enum Function {
        Gelu,
        RoughGelu,
        Exp,
    }

    impl SimdOp for Map<'_, Function> {
        type Output = ();
        #[inline(always)]
        fn eval<I: Isa>(self, isa: I) {
            simd_map(
                isa.f32(),
                self.0,
                #[inline(always)]
                |x| match self.1 {
                    Function::Gelu => gelu(isa, x),
                    Function::RoughGelu => rough_gelu(isa, x),
                    Function::Exp => exp_of_negative(isa, x),
                },
            );
        }
    }

    fn map(function: Function, inputs: &[f32]) -> Vec<f32> {
        let mut values = inputs.to_vec();
        Map(&mut values, function).dispatch();
        values
    }

    struct LayerNorm<'a>(&'a mut [f32], &'a [f32], &'a [f32]);

    impl SimdOp for LayerNorm<'_> {
        type Output = ();
        #[inline(always)]
        fn eval<I: Isa>(self, isa: I) {
            layer_norm(isa, self.0, self.1, self.2, 1e-3);
        }
    }

    fn close(ours: &[f32], twin: &[f64], tolerance: f64) {
        assert_eq!(ours.len(), twin.len());
        for (i, (&a, &b)) in ours.iter().zip(twin).enumerate() {
            assert!((f64::from(a) - b).abs() <= tolerance, "at {i}: {a} is not {b}");
        }
    }

    #[test]
    fn gelu_is_exact_to_two_millionths_and_its_rough_form_to_two_ten_thousandths() {
        let inputs: Vec<f32> = (-80_000..=80_000).map(|i| i as f32 / 8_000.0).collect();
        let twin: Vec<f64> = inputs
            .iter()
            .map(|&x| f64::from(x))
            .map(|x| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)))
            .collect();
        close(&map(Function::Gelu, &inputs), &twin, 2e-6);
        close(&map(Function::RoughGelu, &inputs), &twin, 2e-4);
        let far = [0.0, 30.0, -30.0];
        for function in [Function::Gelu, Function::RoughGelu] {
            close(&map(function, &far), &[0.0, 30.0, 0.0], 3e-5);
        }
    }

    #[test]
    fn exp_is_exact_to_three_parts_in_ten_million() {
        let inputs: Vec<f32> = (0..=87_000).map(|i| -(i as f32) / 1_000.0).collect();
        for (x, ours) in inputs.iter().zip(map(Function::Exp, &inputs)) {
            let twin = f64::from(*x).exp();
            assert!((f64::from(ours) - twin).abs() <= 3e-7 * twin, "e^{x}: {ours} is not {twin}");
        }
        let ends = map(Function::Exp, &[0.0, -87.5, f32::MIN, f32::NEG_INFINITY]);
        assert_eq!(ends, [1.0, 0.0, 0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn layer_norm_is_its_f64_twin(
            row in proptest::collection::vec(-30.0_f32..30.0, 1..100),
            weight in -2.0_f32..2.0,
            bias in -2.0_f32..2.0,
        ) {
            let mut ours = row.clone();
            LayerNorm(&mut ours, &vec![weight; row.len()], &vec![bias; row.len()]).dispatch();
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
