//! A linear layer: the product with a matrix of weights, and what is done to its result at once.
//!
//! Weights are packed into panels of columns at load. A panel is multiplied with all rows of a call
//! before the next one, a tile at a time, and the epilogue (scale, bias, GELU, residual) reads the
//! tile while it is in the first-level cache. Weights that a file holds in 8 bits stay in 8 bits, or
//! become bf16, which represents them exactly; for an f32 kernel, one panel at a time is expanded.
//!
//! Where this CPU has no kernel of ours, or a layer's shape does not fill its tiles, rten-gemm
//! multiplies, in f32. It gets blocks of at most [`BLOCK_ROWS`] × [`BLOCK_COLUMNS`], which gives the
//! two guarantees that our own kernels give by themselves:
//!
//! - **One thread.** rten-gemm spreads blocks of at least 128 columns and 64 rows over the rayon
//!   pool it finds itself in; rayon runs an iterator over one block on the calling thread. So a call
//!   never waits for another thread, and above all a waiting worker never picks up another batch in
//!   the middle of this one.
//! - **The same bits for the same row.** rten-gemm has other kernels for a single row and for the
//!   rows that do not fill a register tile, which is 6 rows high with AVX2 or AVX-512, else 4 or 8. Rows
//!   come in multiples of [`row_step`], so every tile is full and each row runs through the same
//!   instructions.

use crate::kernels::{
    Format, Kernel, OperandBuffer, STEPS_AT_ONCE, Step, TILE_COLUMNS, TILE_ROWS, Tile,
    round_to_int8,
};
use crate::math::{LANES, gelu, rough_gelu};
use crate::weights::{Matrix, Row};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};
use rten_tensor::{Matrix as MatrixView, NdTensorView};

/// Rows must come in multiples of this: of the height of our tiles, or, where rten-gemm has nothing
/// but its portable kernels, of the least common multiple of the heights of its register tiles.
pub(crate) fn row_step() -> usize {
    if Kernel::all().is_empty() { 24 } else { TILE_ROWS }
}

/// The most rows that rten-gemm gets at once.
const BLOCK_ROWS: usize = 48;
/// The most columns that rten-gemm gets at once.
const BLOCK_COLUMNS: usize = 128;

thread_local! {
    /// rten-gemm's kernels for this CPU. They cannot be sent between threads, so each thread looks
    /// them up.
    static GEMM: GemmExecutor = GemmExecutor::default();
}

/// What happens to a product x·W.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Epilogue {
    /// output = x·W + bias
    Bias,
    /// output = GELU(x·W + bias)
    BiasGelu,
    /// output = output + (x·W + bias): the output holds the residual
    BiasResidual,
}

/// Memory that a layer works in.
#[derive(Default)]
pub(crate) struct Workspace {
    operand: OperandBuffer,
    tile: Box<Tile>,
    /// An expanded panel, for a kernel of ours.
    panel: Vec<Step>,
    /// An expanded block of weights and its product, for rten-gemm.
    weights: Vec<f32>,
    products: Vec<f32>,
}

/// A linear layer.
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    weights: Packed,
    /// What each column of the product is multiplied by.
    scales: Vec<f32>,
    bias: Vec<f32>,
}

enum Packed {
    /// Panels as the kernel reads them, one after the other.
    Panels { kernel: Kernel, steps: Vec<Step>, starts: Vec<[i32; TILE_COLUMNS]> },
    /// 8-bit weights in the order of panels for an f32 kernel.
    Bytes { kernel: Kernel, steps: Vec<[i8; TILE_COLUMNS]> },
    /// For rten-gemm: the matrices of which the layer's outputs are the rows, one after the other.
    Rows(Vec<Matrix>),
}

impl Linear {
    /// Packs matrices as Hugging Face stores them, `[outputs, inputs]`, one row for each output, one
    /// matrix after the other, for `kernel`; for rten-gemm without one, and where the layer's shape
    /// does not fill the kernel's tiles.
    pub(crate) fn new(
        kernel: Option<Kernel>,
        matrices: Vec<Matrix>,
        bias: Vec<f32>,
        inputs: usize,
    ) -> Self {
        let outputs = bias.len();
        let row = |output: usize| row(&matrices, outputs, inputs, output);
        let mut scales: Vec<f32> = (0..outputs).map(|output| row(output).1).collect();
        let fills = |kernel: &Kernel| {
            outputs.is_multiple_of(TILE_COLUMNS)
                && inputs.is_multiple_of(STEPS_AT_ONCE * kernel.format().group())
        };
        let Some(kernel) = kernel.filter(fills) else {
            return Self { inputs, outputs, weights: Packed::Rows(matrices), scales, bias };
        };
        let in_bytes = matrices.iter().all(|matrix| matches!(matrix, Matrix::Bytes { .. }));
        let weights = match kernel.format() {
            Format::F32 if in_bytes => {
                let byte = |output, at| row(output).0.get(at) as i8;
                Packed::Bytes { kernel, steps: panels(outputs, inputs, byte) }
            }
            Format::F32 => {
                let word = |output, at| row(output).0.get(at).to_bits();
                let steps = panels(outputs, inputs, word).into_iter().map(Step).collect();
                Packed::Panels { kernel, steps, starts: Vec::new() }
            }
            Format::Bf16 => {
                let half =
                    |output, at| u32::from(half::bf16::from_f32(row(output).0.get(at)).to_bits());
                let word = |output, at| half(output, 2 * at) | half(output, 2 * at + 1) << 16;
                let steps = panels(outputs, inputs / 2, word).into_iter().map(Step).collect();
                Packed::Panels { kernel, steps, starts: Vec::new() }
            }
            Format::Int8 => {
                let mut bytes = vec![0; outputs * inputs];
                for (output, bytes) in bytes.chunks_exact_mut(inputs).enumerate() {
                    scales[output] *= to_int8(row(output).0, bytes);
                }
                let word = |output: usize, at: usize| {
                    let group = &bytes[output * inputs + 4 * at..][..4];
                    u32::from_le_bytes([group[0], group[1], group[2], group[3]])
                };
                let steps = panels(outputs, inputs / 4, word).into_iter().map(Step).collect();
                // An operand is shifted by 128 to be unsigned: what that adds is taken off first.
                let start = |output: usize| {
                    let row = &bytes[output * inputs..][..inputs];
                    -128 * row.iter().map(|byte| i32::from(byte.cast_signed())).sum::<i32>()
                };
                let starts = (0..outputs).step_by(TILE_COLUMNS);
                let starts =
                    starts.map(|first| std::array::from_fn(|column| start(first + column)));
                Packed::Panels { kernel, steps, starts: starts.collect() }
            }
        };
        Self { inputs, outputs, weights, scales, bias }
    }

    /// Number of values in a row of the output.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Multiplies rows, a multiple of [`row_step`] of them.
    pub(crate) fn apply(
        &self,
        input: &[f32],
        output: &mut [f32],
        epilogue: Epilogue,
        workspace: &mut Workspace,
    ) {
        let rows = input.len() / self.inputs;
        assert!(rows.is_multiple_of(row_step()), "{rows} rows do not fill their tiles");
        assert_eq!(output.len(), rows * self.outputs, "one output row per input row");
        let Workspace { operand, tile, panel: expanded, .. } = workspace;
        match &self.weights {
            Packed::Panels { kernel, steps, starts } => {
                let operand = operand.fill(kernel.format(), input, self.inputs);
                let panels = steps.chunks_exact(self.inputs / kernel.format().group());
                for (panel, column) in panels.zip((0..).step_by(TILE_COLUMNS)) {
                    let start = starts.get(column / TILE_COLUMNS).unwrap_or(&[0; TILE_COLUMNS]);
                    for row in (0..rows).step_by(TILE_ROWS) {
                        kernel.multiply(&operand, row, panel, start, tile);
                        let scales = operand.scales.get(row..).unwrap_or_default();
                        self.finish(tile.0.as_flattened(), scales, output, row, column, epilogue);
                    }
                }
            }
            Packed::Bytes { kernel, steps } => {
                let operand = operand.fill(kernel.format(), input, self.inputs);
                let panels = steps.chunks_exact(self.inputs);
                for (panel, column) in panels.zip((0..).step_by(TILE_COLUMNS)) {
                    let as_floats =
                        |step: &[i8; TILE_COLUMNS]| Step(step.map(|x| f32::from(x).to_bits()));
                    expanded.clear();
                    expanded.extend(panel.iter().map(as_floats));
                    for row in (0..rows).step_by(TILE_ROWS) {
                        kernel.multiply(&operand, row, expanded, &[0; TILE_COLUMNS], tile);
                        self.finish(tile.0.as_flattened(), &[], output, row, column, epilogue);
                    }
                }
            }
            Packed::Rows(matrices) => self.apply_rows(matrices, input, output, epilogue, workspace),
        }
    }

    /// Multiplies through rten-gemm.
    fn apply_rows(
        &self,
        matrices: &[Matrix],
        input: &[f32],
        output: &mut [f32],
        epilogue: Epilogue,
        workspace: &mut Workspace,
    ) {
        let Workspace { weights, products, .. } = workspace;
        for column in (0..self.outputs).step_by(BLOCK_COLUMNS) {
            let columns = BLOCK_COLUMNS.min(self.outputs - column);
            weights.clear();
            for output in column..column + columns {
                match row(matrices, self.outputs, self.inputs, output).0 {
                    Row::Floats(values) => weights.extend_from_slice(values),
                    Row::Bytes(values) => {
                        weights.extend(values.iter().map(|x| f32::from(x.cast_signed())));
                    }
                }
            }
            let block: MatrixView<'_> =
                NdTensorView::from_data([columns, self.inputs], &weights[..]);
            let block = GEMM.with(|gemm| gemm.prepack_b(block.transposed()));
            let blocks = input.chunks(BLOCK_ROWS * self.inputs);
            for (input, first) in blocks.zip((0..).step_by(BLOCK_ROWS)) {
                let rows = input.len() / self.inputs;
                let input: MatrixView<'_> = NdTensorView::from_data([rows, self.inputs], input);
                products.resize(rows * columns, 0.0);
                let (a, b) = (GemmInputA::Unpacked(input), GemmInputB::Packed(&block));
                GEMM.with(|gemm| gemm.gemm(products, a, b, GemmOptions::default()))
                    .expect("packed for the same kernels and for this number of inputs");
                self.finish(products, &[], output, first, column, epilogue);
            }
        }
    }

    /// Applies the epilogue to a block of products, whose first value is that of `row` and `column`.
    fn finish(
        &self,
        products: &[f32],
        row_scales: &[f32],
        output: &mut [f32],
        row: usize,
        column: usize,
        epilogue: Epilogue,
    ) {
        let (columns, rough) = match &self.weights {
            Packed::Panels { kernel, .. } => (TILE_COLUMNS, kernel.format() != Format::F32),
            Packed::Bytes { .. } => (TILE_COLUMNS, false),
            Packed::Rows(_) => (BLOCK_COLUMNS.min(self.outputs - column), false),
        };
        Finish {
            products,
            row_scales,
            scales: &self.scales[column..][..columns],
            bias: &self.bias[column..][..columns],
            output: &mut output[row * self.outputs + column..],
            width: self.outputs,
            epilogue,
            rough,
        }
        .dispatch();
    }
}

/// Row `output` of matrices that lie one below the other.
fn row(matrices: &[Matrix], outputs: usize, inputs: usize, output: usize) -> (Row<'_>, f32) {
    let each = outputs / matrices.len();
    matrices[output / each].row(output % each, inputs)
}

/// Lays `[outputs, steps]` values out as panels: of each panel all steps, of each step all columns.
fn panels<T>(
    outputs: usize,
    steps: usize,
    value: impl Fn(usize, usize) -> T,
) -> Vec<[T; TILE_COLUMNS]> {
    let firsts = (0..outputs).step_by(TILE_COLUMNS);
    let value = &value;
    let panel = |first| {
        (0..steps).map(move |step| std::array::from_fn(|column| value(first + column, step)))
    };
    firsts.flat_map(panel).collect()
}

/// A row of weights in 8 bits: as it is stored, or rounded to multiples of the returned scale.
fn to_int8(row: Row<'_>, bytes: &mut [u8]) -> f32 {
    match row {
        Row::Bytes(values) => {
            bytes.copy_from_slice(values);
            1.0
        }
        Row::Floats(values) => {
            let scale = round_to_int8(values, bytes);
            bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_sub(128));
            scale
        }
    }
}

/// The epilogue of a block of products.
struct Finish<'a> {
    /// `[rows, columns]`
    products: &'a [f32],
    /// What each row is multiplied by; empty for 1.
    row_scales: &'a [f32],
    /// `[columns]`
    scales: &'a [f32],
    /// `[columns]`
    bias: &'a [f32],
    /// Rows of `width`, of which the first `columns` values are written.
    output: &'a mut [f32],
    width: usize,
    epilogue: Epilogue,
    /// Whether the next product rounds its operand to less than f32.
    rough: bool,
}

impl SimdOp for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        match self.epilogue {
            Epilogue::Bias => self.rows(
                isa,
                #[inline(always)]
                |x, _| x,
            ),
            Epilogue::BiasGelu if self.rough => self.rows(
                isa,
                #[inline(always)]
                |x, _| rough_gelu(isa, x),
            ),
            Epilogue::BiasGelu => self.rows(
                isa,
                #[inline(always)]
                |x, _| gelu(isa, x),
            ),
            Epilogue::BiasResidual => self.rows(
                isa,
                #[inline(always)]
                |x, before| isa.f32().add(x, before),
            ),
        }
    }
}

impl Finish<'_> {
    /// Writes what `end` makes of each x·W + bias and of the output as it was.
    #[inline(always)]
    fn rows<I: Isa>(self, isa: I, end: impl Fn(I::F32, I::F32) -> I::F32 + Copy) {
        let ops = isa.f32();
        let (columns, lanes) = (self.bias.len(), ops.len());
        let rows = self.products.chunks_exact(columns).zip(self.output.chunks_mut(self.width));
        for (at, (products, output)) in rows.enumerate() {
            let row_scale = ops.splat(self.row_scales.get(at).copied().unwrap_or(1.0));
            let mut parts = output[..columns].chunks_exact_mut(lanes);
            let mut start = 0;
            for output in &mut parts {
                let (scales, bias) = (&self.scales[start..], &self.bias[start..]);
                finish(isa, &products[start..], row_scale, scales, bias, output, end);
                start += lanes;
            }
            let rest = parts.into_remainder();
            if !rest.is_empty() {
                // As if the row went on with zeros.
                let mut output = padded(rest);
                let (scales, bias) = (padded(&self.scales[start..]), padded(&self.bias[start..]));
                let products = padded(&products[start..]);
                finish(isa, &products, row_scale, &scales, &bias, &mut output, end);
                rest.copy_from_slice(&output[..rest.len()]);
            }
        }
    }
}

/// The values, followed by zeros.
#[inline(always)]
fn padded(values: &[f32]) -> [f32; LANES] {
    let mut padded = [0.0; LANES];
    padded[..values.len()].copy_from_slice(values);
    padded
}

/// One vector of a [`Finish`]: the first values of the slices.
#[inline(always)]
fn finish<I: Isa>(
    isa: I,
    products: &[f32],
    row_scale: I::F32,
    scales: &[f32],
    bias: &[f32],
    output: &mut [f32],
    end: impl Fn(I::F32, I::F32) -> I::F32 + Copy,
) {
    let ops = isa.f32();
    let scale = ops.mul(ops.load(scales), row_scale);
    let x = ops.mul_add(ops.load(products), scale, ops.load(bias));
    ops.store(end(x, ops.load(output)), output);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    /// Numbers in [-1, 1] that look random and are the same every time.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 * 2.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// rten-gemm, and every kernel of ours.
    fn kernels() -> Vec<Option<Kernel>> {
        std::iter::once(None).chain(Kernel::all().into_iter().map(Some)).collect()
    }

    fn apply(linear: &Linear, input: &[f32], output: &[f32], epilogue: Epilogue) -> Vec<f32> {
        let mut output = output.to_vec();
        linear.apply(input, &mut output, epilogue, &mut Workspace::default());
        output
    }

    /// A matrix of `[outputs, inputs]` as floats or as bytes, and its values.
    fn matrix(outputs: usize, inputs: usize, seed: u32, in_bytes: bool) -> (Matrix, Vec<f32>) {
        let values = numbers(outputs * inputs, seed);
        if !in_bytes {
            return (Matrix::Floats(values.clone()), values);
        }
        let bytes: Vec<i8> = values.iter().map(|x| (x * 127.0) as i8).collect();
        let scales: Vec<f32> = numbers(outputs, seed + 9).iter().map(|x| x.abs() / 127.0).collect();
        let rows = bytes.chunks_exact(inputs).zip(&scales);
        let values = rows.flat_map(|(row, scale)| row.iter().map(move |&x| f32::from(x) * scale));
        let values = values.collect();
        let bytes: Vec<u8> = bytes.iter().map(|x| x.cast_unsigned()).collect();
        (Matrix::Bytes { values: Bytes::from(bytes), scales }, values)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_layer_is_its_f64_twin(
            inputs in 1_usize..300,
            outputs in 1_usize..100,
            // Shapes that fill the kernels' tiles, and shapes that do not.
            (fills, in_bytes) in (any::<bool>(), any::<bool>()),
            blocks in 1_usize..=5,
            epilogue in prop::sample::select(vec![
                Epilogue::Bias, Epilogue::BiasGelu, Epilogue::BiasResidual,
            ]),
            seed in 1_u32..1000,
        ) {
            let inputs = if fills { inputs.next_multiple_of(4 * STEPS_AT_ONCE) } else { inputs };
            let outputs = if fills { outputs.next_multiple_of(TILE_COLUMNS) } else { outputs };
            let rows = blocks * row_step();
            let x = numbers(rows * inputs, seed);
            let (bias, before) = (numbers(outputs, seed + 2), numbers(rows * outputs, seed + 3));
            for kernel in kernels() {
                let (weights, w) = matrix(outputs, inputs, seed + 1, in_bytes);
                let linear = Linear::new(kernel, vec![weights], bias.clone(), inputs);
                let ours = apply(&linear, &x, &before, epilogue);
                for (i, &ours) in ours.iter().enumerate() {
                    let (row, column) = (i / outputs, i % outputs);
                    let terms = (0..inputs).map(|k| {
                        f64::from(x[row * inputs + k]) * f64::from(w[column * inputs + k])
                    });
                    let sum = terms.clone().sum::<f64>() + f64::from(bias[column]);
                    let twin = match epilogue {
                        Epilogue::Bias => sum,
                        Epilogue::BiasGelu => 0.5 * sum * (1.0 + libm::erf(sum / 2.0_f64.sqrt())),
                        Epilogue::BiasResidual => sum + f64::from(before[i]),
                    };
                    // Each factor is off by at most half a unit of its format: bf16's 2^-8 of it, or
                    // 1/127 of the row's largest. Errors are random, so they grow as a square root.
                    let length = terms.map(|term| term * term).sum::<f64>().sqrt();
                    let tolerance = 1e-4 + match kernel.map(Kernel::format) {
                        None | Some(Format::F32) => 0.0,
                        Some(Format::Bf16) => 2e-4 + 4.0 * length / 256.0,
                        Some(Format::Int8) => 2e-4 + 4.0 * (inputs as f64).sqrt() / 127.0,
                    };
                    prop_assert!(
                        (f64::from(ours) - twin).abs() < tolerance,
                        "{kernel:?}: {ours} is not {twin}",
                    );
                }
            }
        }
    }

    #[test]
    fn matrices_one_below_the_other_are_one_matrix() {
        let (inputs, each) = (64, 32);
        for kernel in kernels() {
            let all = numbers(3 * each * inputs, 1);
            let parts = all.chunks(each * inputs).map(|part| Matrix::Floats(part.to_vec()));
            let bias = numbers(3 * each, 2);
            let split = Linear::new(kernel, parts.collect(), bias.clone(), inputs);
            let whole = Linear::new(kernel, vec![Matrix::Floats(all)], bias, inputs);
            let x = numbers(row_step() * inputs, 3);
            let out = vec![0.0; row_step() * 3 * each];
            assert_eq!(
                apply(&split, &x, &out, Epilogue::Bias),
                apply(&whole, &x, &out, Epilogue::Bias)
            );
        }
    }

    #[test]
    fn a_row_gives_the_same_bits_wherever_it_stands() {
        for (inputs, outputs) in [(384, 160), (383, 130)] {
            for kernel in kernels() {
                let (weights, _) = matrix(outputs, inputs, 1, true);
                let linear = Linear::new(kernel, vec![weights], numbers(outputs, 2), inputs);
                let row = numbers(inputs, 3);
                let mut first: Option<Vec<f32>> = None;
                for rows in [row_step(), 5 * row_step()] {
                    for at in 0..rows {
                        let mut input = numbers(rows * inputs, 4 + at as u32);
                        input[at * inputs..][..inputs].copy_from_slice(&row);
                        let output = vec![0.0; rows * outputs];
                        let output = apply(&linear, &input, &output, Epilogue::BiasGelu);
                        let found = output[at * outputs..][..outputs].to_vec();
                        let first = first.get_or_insert(found.clone());
                        assert_eq!(first, &found, "{kernel:?}: row {at} of {rows}");
                    }
                }
            }
        }
    }

    /// A matmul that spread over the pool would wait in it, and while it waits its worker would
    /// start another task.
    #[test]
    fn a_call_stays_on_its_thread_and_is_not_interrupted() {
        use std::cell::Cell;
        thread_local!(static BUSY: Cell<bool> = const { Cell::new(false) });
        let (inputs, outputs, rows) = (512, 1024, 96);
        let linears = kernels().into_iter().map(|kernel| {
            let (weights, _) = matrix(outputs, inputs, 1, false);
            Linear::new(kernel, vec![weights], numbers(outputs, 2), inputs)
        });
        let linears: Vec<Linear> = linears.collect();
        let input = numbers(rows * inputs, 3);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        pool.scope(|scope| {
            for linear in linears.iter().cycle().take(64) {
                let input = &input;
                scope.spawn(move |_| {
                    assert!(!BUSY.replace(true), "a task began inside another");
                    apply(linear, input, &vec![0.0; rows * outputs], Epilogue::Bias);
                    BUSY.set(false);
                });
            }
        });
    }
}
