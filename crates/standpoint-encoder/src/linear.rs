//! The matmul of a layer and what is done to its result at once: the one module that knows how
//! matrices are multiplied, so that other kernels can take rten-gemm's place here.
//!
//! A product is computed in tiles of up to [`BLOCK_ROWS`] × [`PANEL_COLUMNS`]: the weight matrix is
//! packed at load into panels of that many columns, and each call of rten-gemm makes one tile, which
//! the epilogue reads back from the first-level cache. The size of the tile is chosen for two
//! guarantees, not for speed, which is the same for larger ones:
//!
//! - **One thread.** rten-gemm spreads blocks of at least 128 columns and 64 rows over the rayon
//!   pool it finds itself in. A tile is a single block, and rayon runs an iterator of one item
//!   on the calling thread. So a call never waits for another thread, and above all a waiting
//!   worker never picks up another batch in the middle of this one.
//! - **The same bits for the same row.** rten-gemm has other kernels for a single row and for the
//!   rows that do not fill a register tile, which is 4, 6 or 8 rows high. Rows come in multiples of
//!   [`ROW_STEP`], so every tile is full and each row runs through the same instructions.

use crate::kernels::{gelu, widest};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::{Matrix, NdTensorView};

/// Rows must come in multiples of this: the least common multiple of the heights of rten-gemm's
/// register tiles.
pub(crate) const ROW_STEP: usize = 24;
/// The most rows that [`Linear::apply`] takes at once.
pub(crate) const BLOCK_ROWS: usize = 48;
/// Columns of a panel of packed weights.
const PANEL_COLUMNS: usize = 128;

thread_local! {
    /// The kernels for this CPU. They cannot be sent between threads, so each thread looks them up.
    static GEMM: GemmExecutor = GemmExecutor::default();
}

/// A tile of a product.
pub(crate) type Tile = [f32; BLOCK_ROWS * PANEL_COLUMNS];

/// Memory for a tile.
pub(crate) fn tile() -> Box<Tile> {
    Box::new([0.0; BLOCK_ROWS * PANEL_COLUMNS])
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

/// A linear layer: packed weights and a bias.
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    panels: Vec<PackedBMatrix<f32>>,
    bias: Vec<f32>,
}

impl Linear {
    /// Packs weights as Hugging Face stores them, `[outputs, inputs]`, one row for each output.
    pub(crate) fn new(weights: &[f32], bias: Vec<f32>, inputs: usize) -> Self {
        let outputs = bias.len();
        assert_eq!(weights.len(), inputs * outputs, "one row of weights per bias");
        let panels = weights
            .chunks(PANEL_COLUMNS * inputs)
            .map(|rows| {
                let panel: Matrix<'_> =
                    NdTensorView::from_data([rows.len() / inputs, inputs], rows);
                GEMM.with(|gemm| gemm.prepack_b(panel.transposed()))
            })
            .collect();
        Self { inputs, outputs, panels, bias }
    }

    /// Number of values in a row of the output.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Multiplies a block of up to [`BLOCK_ROWS`] rows, a multiple of [`ROW_STEP`].
    pub(crate) fn apply(
        &self,
        input: &[f32],
        output: &mut [f32],
        epilogue: Epilogue,
        tile: &mut Tile,
    ) {
        let rows = input.len() / self.inputs;
        assert!(rows <= BLOCK_ROWS && rows.is_multiple_of(ROW_STEP), "{rows} rows are no block");
        assert_eq!(output.len(), rows * self.outputs, "one output row per input row");
        let input: Matrix<'_> = NdTensorView::from_data([rows, self.inputs], input);
        for (panel, start) in self.panels.iter().zip((0..).step_by(PANEL_COLUMNS)) {
            let columns = start..start + panel.cols();
            let tile = &mut tile[..rows * panel.cols()];
            let (a, b) = (GemmInputA::Unpacked(input), GemmInputB::Packed(panel));
            GEMM.with(|gemm| gemm.gemm(tile, a, b, GemmOptions::default()))
                .expect("packed for the same kernels and for this number of inputs");
            widest(
                #[inline(always)]
                || {
                    let bias = &self.bias[columns.clone()];
                    let outputs = output.chunks_exact_mut(self.outputs);
                    for (products, row) in tile.chunks_exact(panel.cols()).zip(outputs) {
                        finish(products, bias, &mut row[columns.clone()], epilogue);
                    }
                },
            );
        }
    }
}

/// Applies the epilogue to one row of a tile.
#[inline(always)]
fn finish(products: &[f32], bias: &[f32], output: &mut [f32], epilogue: Epilogue) {
    let values = products.iter().zip(bias).zip(output);
    match epilogue {
        Epilogue::Bias => values.for_each(|((x, bias), out)| *out = x + bias),
        Epilogue::BiasGelu => values.for_each(|((x, bias), out)| *out = gelu(x + bias)),
        Epilogue::BiasResidual => values.for_each(|((x, bias), out)| *out += x + bias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn apply(linear: &Linear, input: &[f32], output: &[f32], epilogue: Epilogue) -> Vec<f32> {
        let mut output = output.to_vec();
        linear.apply(input, &mut output, epilogue, &mut tile());
        output
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_layer_is_its_f64_twin(
            inputs in 1_usize..600,
            outputs in 1_usize..300,
            blocks in 1_usize..=2,
            epilogue in prop::sample::select(vec![
                Epilogue::Bias, Epilogue::BiasGelu, Epilogue::BiasResidual,
            ]),
            seed in 1_u32..1000,
        ) {
            let rows = blocks * ROW_STEP;
            let (x, w) = (numbers(rows * inputs, seed), numbers(outputs * inputs, seed + 1));
            let (bias, before) = (numbers(outputs, seed + 2), numbers(rows * outputs, seed + 3));
            let ours = apply(&Linear::new(&w, bias.clone(), inputs), &x, &before, epilogue);
            for (i, &ours) in ours.iter().enumerate() {
                let (row, column) = (i / outputs, i % outputs);
                let product: f64 = (0..inputs)
                    .map(|k| f64::from(x[row * inputs + k]) * f64::from(w[column * inputs + k]))
                    .sum();
                let sum = product + f64::from(bias[column]);
                let twin = match epilogue {
                    Epilogue::Bias => sum,
                    Epilogue::BiasGelu => 0.5 * sum * (1.0 + libm::erf(sum / 2.0_f64.sqrt())),
                    Epilogue::BiasResidual => sum + f64::from(before[i]),
                };
                prop_assert!((f64::from(ours) - twin).abs() < 1e-4, "{ours} is not {twin}");
            }
        }
    }

    #[test]
    fn a_row_gives_the_same_bits_wherever_it_stands() {
        let (inputs, outputs) = (384, 130);
        let linear = Linear::new(&numbers(inputs * outputs, 1), numbers(outputs, 2), inputs);
        let row = numbers(inputs, 3);
        let mut first: Option<Vec<f32>> = None;
        for rows in [ROW_STEP, BLOCK_ROWS] {
            for at in 0..rows {
                let mut input = numbers(rows * inputs, 4 + at as u32);
                input[at * inputs..][..inputs].copy_from_slice(&row);
                let output = vec![0.0; rows * outputs];
                let output = apply(&linear, &input, &output, Epilogue::BiasGelu);
                let found = output[at * outputs..][..outputs].to_vec();
                assert_eq!(first.get_or_insert(found.clone()), &found, "row {at} of {rows}");
            }
        }
    }

    /// A matmul that spread over the pool would wait in it, and while it waits its worker would
    /// start another task.
    #[test]
    fn a_call_stays_on_its_thread_and_is_not_interrupted() {
        use std::cell::Cell;
        thread_local!(static BUSY: Cell<bool> = const { Cell::new(false) });
        let (inputs, outputs) = (512, 1024);
        let linear = Linear::new(&numbers(inputs * outputs, 1), numbers(outputs, 2), inputs);
        let input = numbers(BLOCK_ROWS * inputs, 3);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        pool.scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|_| {
                    assert!(!BUSY.replace(true), "a task began inside another");
                    apply(&linear, &input, &[0.0; BLOCK_ROWS * 1024], Epilogue::Bias);
                    BUSY.set(false);
                });
            }
        });
    }
}
