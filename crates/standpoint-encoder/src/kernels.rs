//! Matrix kernels for particular CPUs, chosen at run time: the one module with `unsafe` in it.
//!
//! A product is computed in tiles of [`TILE_ROWS`] rows × [`TILE_COLUMNS`] columns. What the three
//! number formats share is a *group*: the four bytes that hold one f32, two bf16 or four 8-bit
//! values of a row, next to each other along the depth of the product. A step of a kernel takes one
//! group of each row, spreads it over a vector, and multiplies it with the matching groups of all
//! columns. So one layout serves all formats, and a row runs through the same instructions in the
//! same order wherever it stands: its result does not depend on the rows beside it.
//!
//! Every kernel has the same twin in plain Rust, [`plain`], to which the tests compare it.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86;

use crate::math::{LANES, widest};
#[cfg(test)]
use half::bf16;

/// Rows of a tile. An operand has a multiple of it.
pub(crate) const TILE_ROWS: usize = 12;
/// Columns of a tile and of a panel of weights. A product with another kernel than rten-gemm's has
/// a multiple of it.
pub(crate) const TILE_COLUMNS: usize = 64;

/// Steps of a panel that a kernel takes together. A panel has a multiple of it.
pub(crate) const STEPS_AT_ONCE: usize = 4;

/// Products of a block of rows with a panel of weights.
#[repr(align(64))]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tile(pub(crate) [[f32; TILE_COLUMNS]; TILE_ROWS]);

impl Default for Tile {
    fn default() -> Self {
        Tile([[0.0; TILE_COLUMNS]; TILE_ROWS])
    }
}

/// One step of a panel: for each of its columns a group of weights.
#[repr(align(64))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step(pub(crate) [u32; TILE_COLUMNS]);

/// How numbers are written while they are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Single precision.
    F32,
    /// The upper half of an f32, summed up in f32.
    Bf16,
    /// Weights as signed and operands as unsigned 8-bit integers, summed up in i32.
    Int8,
}

impl Format {
    /// Values in a group.
    pub(crate) const fn group(self) -> usize {
        match self {
            Format::F32 => 1,
            Format::Bf16 => 2,
            Format::Int8 => 4,
        }
    }
}

/// A kernel that this CPU can run: there is no other way to have one than [`Kernel::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel(Instructions);

/// What a kernel needs of its CPU. Empty where there are no kernels but rten-gemm's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512F32,
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
}

impl Kernel {
    /// The kernels of this CPU, the faster ones of a format first.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn all() -> Vec<Kernel> {
        use Instructions::{Avx2, Avx512Bf16, Avx512F32, Avx512Vnni, AvxVnni};
        use std::arch::is_x86_feature_detected as has;
        let (avx512, avx2) = (has!("avx512f") && has!("avx512bw"), has!("avx2") && has!("fma"));
        let known = [
            (Avx512F32, avx512),
            (Avx512Bf16, avx512 && has!("avx512bf16")),
            (Avx512Vnni, avx512 && has!("avx512vnni")),
            (Avx2, avx2),
            (AvxVnni, avx2 && has!("avxvnni")),
        ];
        known.into_iter().filter(|(_, there)| *there).map(|(kernel, _)| Kernel(kernel)).collect()
    }

    /// The kernels of this CPU: none.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn all() -> Vec<Kernel> {
        Vec::new()
    }

    /// The fastest kernel of this CPU for a format.
    pub(crate) fn best(format: Format) -> Option<Kernel> {
        Self::all().into_iter().find(|kernel| kernel.format() == format)
    }

    /// Whether this CPU is known to multiply bf16 faster than f32. That it has the instruction does
    /// not say so: Zen 4 and Zen 5 run it at twice the rate of f32, Emerald Rapids at half of it
    /// (Intel's fast bf16 is in the matrix units, AMX). The maker decides and no timing does: a
    /// timing could come out otherwise in the next run, and the results with it.
    pub(crate) fn bf16_is_fast() -> bool {
        #[cfg(target_arch = "x86_64")]
        return Self::best(Format::Bf16).is_some() && x86::vendor() == *b"AuthenticAMD";
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    pub(crate) fn format(self) -> Format {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512F32 | Instructions::Avx2 => Format::F32,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512Bf16 => Format::Bf16,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512Vnni | Instructions::AvxVnni => Format::Int8,
        }
    }

    /// Multiplies the [`TILE_ROWS`] rows of an operand from `first` on with a panel, beginning each
    /// column's sums with `start`, which is zero but for 8-bit weights.
    ///
    /// # Panics
    /// If the operand has no such rows, or another depth or format than the panel.
    pub(crate) fn multiply(
        self,
        operand: &Operand<'_>,
        first: usize,
        panel: &[Step],
        start: &[i32; TILE_COLUMNS],
        tile: &mut Tile,
    ) {
        assert_eq!(operand.format, self.format(), "operand and kernel agree on the format");
        assert_eq!(operand.stride, 4 * panel.len(), "a group of the operand for each step");
        let rows = &operand.bytes[first * operand.stride..][..TILE_ROWS * operand.stride];
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            instructions => x86::multiply(instructions, rows, panel, start, tile),
        }
    }
}

/// What every kernel computes, in plain Rust: the sums of each row and column, as f32. It is what
/// the kernels are tested against.
#[cfg(test)]
pub(crate) fn plain(
    format: Format,
    rows: &[u8],
    panel: &[Step],
    start: &[i32; TILE_COLUMNS],
    tile: &mut Tile,
) {
    let group = |bytes: &[u8]| -> [f64; 4] {
        let (halves, _) = bytes.as_chunks::<2>();
        let half = |at: usize| bf16::from_le_bytes(halves[at]).to_f64();
        match format {
            Format::F32 => [f64::from(bytemuck::pod_read_unaligned::<f32>(bytes)), 0.0, 0.0, 0.0],
            Format::Bf16 => [half(0), half(1), 0.0, 0.0],
            Format::Int8 => std::array::from_fn(|at| f64::from(bytes[at])),
        }
    };
    let weights = |word: u32| match format {
        Format::Int8 => word.to_le_bytes().map(|byte| f64::from(byte.cast_signed())),
        _ => group(&word.to_le_bytes()),
    };
    for (row, sums) in rows.chunks_exact(4 * panel.len()).zip(&mut tile.0) {
        for (column, sum) in sums.iter_mut().enumerate() {
            let products = row.chunks_exact(4).zip(panel).map(|(bytes, step)| {
                let pairs = group(bytes).into_iter().zip(weights(step.0[column]));
                pairs.map(|(x, weight)| x * weight).sum::<f64>()
            });
            *sum = (f64::from(start[column]) + products.sum::<f64>()) as f32;
        }
    }
}

/// Rows as a kernel reads them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operand<'a> {
    format: Format,
    bytes: &'a [u8],
    /// Bytes of a row.
    stride: usize,
    /// What each row's products are to be multiplied by; empty where that is 1.
    pub(crate) scales: &'a [f32],
}

/// Memory for rows in another format than f32.
#[derive(Debug, Default)]
pub(crate) struct OperandBuffer {
    halves: Vec<u16>,
    bytes: Vec<u8>,
    scales: Vec<f32>,
}

impl OperandBuffer {
    /// The rows of `width` values each, as `format` has them: as they are, rounded to the nearest
    /// bf16, or as 8-bit integers in multiples of the row's own scale, shifted by 128.
    pub(crate) fn fill<'a>(
        &'a mut self,
        format: Format,
        rows: &'a [f32],
        width: usize,
    ) -> Operand<'a> {
        let (bytes, scales): (&[u8], &[f32]) = match format {
            Format::F32 => (bytemuck::cast_slice(rows), &[]),
            Format::Bf16 => {
                self.halves.resize(rows.len(), 0);
                widest(
                    #[inline(always)]
                    || round_to_bf16(rows, &mut self.halves),
                );
                (bytemuck::cast_slice(&self.halves), &[])
            }
            Format::Int8 => {
                self.bytes.resize(rows.len(), 0);
                self.scales.resize(rows.len() / width, 0.0);
                widest(
                    #[inline(always)]
                    || {
                        let rounded = self.bytes.chunks_exact_mut(width).zip(&mut self.scales);
                        for (row, (bytes, scale)) in rows.chunks_exact(width).zip(rounded) {
                            *scale = round_to_int8(row, bytes);
                        }
                    },
                );
                (&self.bytes, &self.scales)
            }
        };
        Operand { format, bytes, stride: 4 * width / format.group(), scales }
    }
}

/// Rounds to the nearest bf16, to the even one of two; the values are finite.
#[inline(always)]
fn round_to_bf16(values: &[f32], halves: &mut [u16]) {
    for (half, value) in halves.iter_mut().zip(values) {
        let bits = value.to_bits();
        *half = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    }
}

/// Rounds a row to -127..=127 times a scale, which is returned, and shifts it to 1..=255.
#[inline(always)]
pub(crate) fn round_to_int8(row: &[f32], bytes: &mut [u8]) -> f32 {
    // 1.5 · 2^23: adding it leaves no bits for a fraction, and the integer stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut largest = [0.0_f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            let x = chunk[lane].abs();
            largest[lane] = if x > largest[lane] { x } else { largest[lane] };
        }
    }
    let largest = rest.iter().map(|x| x.abs()).chain(largest).fold(f32::MIN_POSITIVE, f32::max);
    let (scale, inverse) = (largest / 127.0, 127.0 / largest);
    for (byte, x) in bytes.iter_mut().zip(row) {
        *byte = ((x * inverse + ROUND).to_bits() as u8).wrapping_add(128);
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Words that look random and are the same every time.
    fn words(count: usize, seed: u32) -> Vec<u32> {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        (0..count).map(|_| next()).collect()
    }

    /// A group of small finite numbers of the format, out of any bits.
    fn group(format: Format, word: u32) -> u32 {
        let small = |bits: u32| f32::from(bits as i16) / 32_768.0;
        match format {
            Format::F32 => small(word).to_bits(),
            Format::Bf16 => {
                let half = |bits| u32::from(bf16::from_f32(small(bits)).to_bits());
                half(word) | half(word >> 16) << 16
            }
            Format::Int8 => word,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_kernel_of_this_processor_is_its_plain_twin(
            steps in (1_usize..100).prop_map(|quads| STEPS_AT_ONCE * quads),
            blocks in 1_usize..4,
            seed in 1_u32..10_000,
        ) {
            for kernel in Kernel::all() {
                let format = kernel.format();
                let rows = words(blocks * TILE_ROWS * steps, seed);
                let rows: Vec<u32> = rows.into_iter().map(|word| group(format, word)).collect();
                let bytes: &[u8] = bytemuck::cast_slice(&rows);
                let operand = Operand { format, bytes, stride: 4 * steps, scales: &[] };
                let panel: Vec<Step> = words(steps * TILE_COLUMNS, seed + 1)
                    .chunks_exact(TILE_COLUMNS)
                    .map(|step| Step(std::array::from_fn(|i| group(format, step[i]))))
                    .collect();
                let starts = words(TILE_COLUMNS, seed + 2);
                let start = std::array::from_fn(|column| match format {
                    Format::Int8 => i32::from(starts[column] as i16),
                    _ => 0,
                });
                // The last block, so that its rows are found.
                let first = (blocks - 1) * TILE_ROWS;
                let (mut ours, mut twin) = (Tile::default(), Tile::default());
                kernel.multiply(&operand, first, &panel, &start, &mut ours);
                plain(format, &bytes[first * 4 * steps..], &panel, &start, &mut twin);
                if format == Format::Int8 {
                    // Sums of integers are exact, up to the rounding of the last one to f32.
                    prop_assert_eq!(&ours, &twin, "{:?}", kernel);
                    continue;
                }
                let pairs = ours.0.as_flattened().iter().zip(twin.0.as_flattened());
                for (ours, twin) in pairs {
                    prop_assert!((ours - twin).abs() < 1e-4, "{kernel:?}: {ours} is not {twin}");
                }
            }
        }

        #[test]
        fn an_operand_in_bf16_is_rounded_as_the_standard_says(values in prop::collection::vec(
            prop::num::f32::NORMAL | prop::num::f32::ZERO | prop::num::f32::SUBNORMAL, 1..100,
        )) {
            // Beyond the largest bf16 lies infinity; no activation comes near it.
            let values: Vec<f32> = values.into_iter().map(|x| x / 2.0).collect();
            let mut buffer = OperandBuffer::default();
            let operand = buffer.fill(Format::Bf16, &values, values.len());
            let twin: Vec<u8> =
                values.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect();
            prop_assert_eq!(operand.bytes, twin);
        }

        #[test]
        fn an_operand_in_8_bits_is_within_half_a_step_of_its_values(
            width in 1_usize..70,
            seed in 1_u32..1000,
        ) {
            let values: Vec<f32> =
                words(3 * width, seed).iter().map(|&x| x.cast_signed() as f32 / 1e8).collect();
            let mut buffer = OperandBuffer::default();
            let operand = buffer.fill(Format::Int8, &values, width);
            let rows = operand.bytes.chunks_exact(width).zip(operand.scales);
            for ((bytes, &scale), values) in rows.zip(values.chunks_exact(width)) {
                for (&byte, &value) in bytes.iter().zip(values) {
                    let back = (f32::from(byte) - 128.0) * scale;
                    prop_assert!((back - value).abs() <= scale * 0.5001, "{back} is not {value}");
                }
                let largest = bytes.iter().map(|&byte| byte.abs_diff(128)).max();
                prop_assert_eq!(largest, Some(127), "the scale is the row's own");
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero_in_8_bits() {
        let mut buffer = OperandBuffer::default();
        let operand = buffer.fill(Format::Int8, &[0.0; 8], 4);
        assert_eq!(operand.bytes, [128; 8]);
        assert!(operand.scales.iter().all(|scale| scale.is_finite()));
    }
}
