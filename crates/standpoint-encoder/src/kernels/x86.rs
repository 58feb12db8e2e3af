//! The kernels for x86-64.
//!
//! `unsafe` here is of two kinds: a call of a function that needs certain instructions, sound since
//! a [`Kernel`](super::Kernel) is only made where the CPU has them (and every x86-64 has `cpuid`); and
//! reading and writing through pointers, sound since [`multiply`] has checked the lengths.

use super::{Instructions, STEPS_AT_ONCE, Step, TILE_COLUMNS, TILE_ROWS, Tile};
use std::arch::x86_64::*;

/// The maker of this CPU, as it gives itself: `GenuineIntel`, `AuthenticAMD` and others.
pub(super) fn vendor() -> [u8; 12] {
    // Newer Rusts need no `unsafe` for it.
    #[allow(unused_unsafe)]
    // SAFETY: every x86-64 CPU has the instruction and this leaf of it.
    let leaf = unsafe { __cpuid(0) };
    let mut vendor = [0; 12];
    for (letters, register) in vendor.chunks_exact_mut(4).zip([leaf.ebx, leaf.edx, leaf.ecx]) {
        letters.copy_from_slice(&register.to_le_bytes());
    }
    vendor
}

/// Runs the kernel for `instructions`, which the CPU must have: see [`Kernel`](super::Kernel).
///
/// # Panics
/// If `rows` does not hold a group per row and step, or the steps are no multiple of [`STEPS_AT_ONCE`].
pub(super) fn multiply(
    instructions: Instructions,
    rows: &[u8],
    panel: &[Step],
    start: &[i32; TILE_COLUMNS],
    tile: &mut Tile,
) {
    assert_eq!(rows.len(), TILE_ROWS * 4 * panel.len(), "a group for each row and step");
    assert!(panel.len().is_multiple_of(STEPS_AT_ONCE), "no step is left over");
    // SAFETY: the CPU has the instructions, by the construction of a `Kernel`; the lengths are
    // those that the kernels rely on.
    unsafe {
        match instructions {
            Instructions::Avx512F32 => avx512_f32(rows, panel, start, tile),
            Instructions::Avx512Bf16 => avx512_bf16(rows, panel, start, tile),
            Instructions::Avx512Vnni => avx512_vnni(rows, panel, start, tile),
            Instructions::Avx2 => avx2_f32(rows, panel, start, tile),
            Instructions::AvxVnni => avx_vnni(rows, panel, start, tile),
        }
    }
}

/// Defines a kernel. It works through a tile in blocks of `$rows` rows × `$vectors` vectors of
/// `$lanes` columns, as many as there are registers for their sums, and takes a block through all
/// steps: load the columns' groups of weights, spread a row's group over a vector, multiply and add.
/// 24 sums in 6 × 4 vectors take 10 loads a step, in 12 × 2 they would take 14: as fast on an idle core,
/// a seventh slower where the core's other thread loads too. The addresses of the rows are found once for
/// [`STEPS_AT_ONCE`] steps: where the core's other thread works, their additions compete with the
/// multiplications for the same ports.
macro_rules! kernel {
    (
        $(#[$doc:meta])*
        fn $name:ident, $features:literal, $rows:literal rows, $vectors:literal x $lanes:literal,
        start: $start:expr,
        load: $load:expr,
        spread: $spread:expr,
        step: $step:expr,
        store: $store:expr,
    ) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The CPU has the instructions, and `rows` holds `TILE_ROWS` × `panel.len()` groups.
        #[target_feature(enable = $features)]
        unsafe fn $name(
            rows: &[u8],
            panel: &[Step],
            start: &[i32; TILE_COLUMNS],
            tile: &mut Tile,
        ) {
            let stride = 4 * panel.len();
            for column in (0..TILE_COLUMNS).step_by($vectors * $lanes) {
                for row in (0..TILE_ROWS).step_by($rows) {
                    // SAFETY: a vector of columns from `column` on lies within those of a step, of
                    // `start` and of a row of the tile; a group of `row + r` at a step within `rows`.
                    unsafe {
                        let mut sums = [[$start(start.as_ptr().add(column)); $vectors]; $rows];
                        for v in 0..$vectors {
                            let from = $start(start.as_ptr().add(column + v * $lanes));
                            for r in 0..$rows {
                                sums[r][v] = from;
                            }
                        }
                        let mut first = rows.as_ptr().add(row * stride);
                        for steps in panel.as_chunks::<STEPS_AT_ONCE>().0 {
                            let mut groups = [first; $rows];
                            for r in 1..$rows {
                                groups[r] = first.add(r * stride);
                            }
                            for (at, step) in steps.iter().enumerate() {
                                let step = step.0.as_ptr().add(column);
                                let mut weights = [$load(step); $vectors];
                                for v in 1..$vectors {
                                    weights[v] = $load(step.add(v * $lanes));
                                }
                                for r in 0..$rows {
                                    let group = groups[r].add(4 * at).cast::<i32>();
                                    let group = $spread(group.read_unaligned());
                                    for v in 0..$vectors {
                                        sums[r][v] = $step(sums[r][v], group, weights[v]);
                                    }
                                }
                            }
                            first = first.add(4 * STEPS_AT_ONCE);
                        }
                        for r in 0..$rows {
                            let out = tile.0[row + r].as_mut_ptr().add(column);
                            for v in 0..$vectors {
                                $store(out.add(v * $lanes), sums[r][v]);
                            }
                        }
                    }
                }
            }
        }
    };
}

kernel! {
    /// f32 by AVX-512.
    fn avx512_f32, "avx512f,avx512bw", 6 rows, 4 x 16,
    start: |from: *const i32| _mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast())),
    load: |from: *const u32| _mm512_load_ps(from.cast()),
    spread: |group: i32| _mm512_castsi512_ps(_mm512_set1_epi32(group)),
    step: |sum, x, weights| _mm512_fmadd_ps(x, weights, sum),
    store: |to: *mut f32, sum| _mm512_store_ps(to, sum),
}

kernel! {
    /// bf16 by AVX512-BF16.
    fn avx512_bf16, "avx512f,avx512bw,avx512bf16", 6 rows, 4 x 16,
    start: |from: *const i32| _mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast())),
    load: |from: *const u32| _mm512_load_si512(from.cast()),
    spread: |group: i32| _mm512_set1_epi32(group),
    // SAFETY: both types are 64 bytes without a meaning of their own.
    step: |sum, x: __m512i, weights: __m512i| _mm512_dpbf16_ps(
        sum,
        std::mem::transmute::<__m512i, __m512bh>(x),
        std::mem::transmute::<__m512i, __m512bh>(weights),
    ),
    store: |to: *mut f32, sum| _mm512_store_ps(to, sum),
}

kernel! {
    /// 8-bit integers by AVX512-VNNI.
    fn avx512_vnni, "avx512f,avx512bw,avx512vnni", 6 rows, 4 x 16,
    start: |from: *const i32| _mm512_loadu_si512(from.cast()),
    load: |from: *const u32| _mm512_load_si512(from.cast()),
    spread: |group: i32| _mm512_set1_epi32(group),
    step: |sum, x, weights| _mm512_dpbusd_epi32(sum, x, weights),
    store: |to: *mut f32, sum| _mm512_store_ps(to, _mm512_cvtepi32_ps(sum)),
}

kernel! {
    /// f32 by AVX2 and FMA.
    fn avx2_f32, "avx2,fma", 6 rows, 2 x 8,
    start: |from: *const i32| _mm256_cvtepi32_ps(_mm256_loadu_si256(from.cast())),
    load: |from: *const u32| _mm256_load_ps(from.cast()),
    spread: |group: i32| _mm256_castsi256_ps(_mm256_set1_epi32(group)),
    step: |sum, x, weights| _mm256_fmadd_ps(x, weights, sum),
    store: |to: *mut f32, sum| _mm256_store_ps(to, sum),
}

kernel! {
    /// 8-bit integers by AVX-VNNI.
    fn avx_vnni, "avx2,avxvnni", 6 rows, 2 x 8,
    start: |from: *const i32| _mm256_loadu_si256(from.cast()),
    load: |from: *const u32| _mm256_load_si256(from.cast()),
    spread: |group: i32| _mm256_set1_epi32(group),
    step: |sum, x, weights| _mm256_dpbusd_avx_epi32(sum, x, weights),
    store: |to: *mut f32, sum| _mm256_store_ps(to, _mm256_cvtepi32_ps(sum)),
}
