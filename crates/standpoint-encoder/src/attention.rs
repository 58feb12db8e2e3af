//! Self-attention within one passage.
//!
//! At the length of a sentence the two products of a head are far too small for a general matmul
//! to pay off, so they are computed here, a few queries at a time: the scores of these queries
//! against all keys, their softmax, and the weighted sum of the values, all in first-level cache.

use crate::math::{LANES, exp_of_negative};
use rten_simd::ops::{BitOps, FloatOps, NumOps};
use rten_simd::{Isa, SimdOp};

/// Queries that are worked on together. They lie side by side, so that a softmax runs down the
/// columns of many queries at once and never across a vector.
const QUERIES: usize = 2 * LANES;

/// Rows of a product that are summed up together where a CPU has the widest vectors, and with them
/// 32 registers: two vectors of sums each. It divides [`LANES`], so that a block of rows never passes
/// the padding's end.
const MOST_ROWS: usize = 8;
/// The same for other CPUs, which may have 16 registers.
const FEWER_ROWS: usize = 4;

/// How the width of a layer is split into heads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Number of heads.
    pub count: usize,
    /// Width of a head.
    pub width: usize,
}

/// What is added to the score of a query and a key for how far the one is after the other (Shaw et al.,
/// NAACL 2018, in the form of Raffel et al., JMLR 21, 2020): a number for each head and distance.
pub(crate) struct Distances {
    /// Of the longest input.
    tokens: usize,
    /// `[heads, 2 · tokens - 1]`, from a query `tokens - 1` before its key to one as far after it.
    added: Vec<f32>,
}

impl Distances {
    /// Of inputs of up to `tokens` tokens, from a table of `[rows, heads]` and the row of a distance.
    pub(crate) fn new(
        tokens: usize,
        heads: usize,
        table: &[f32],
        row: impl Fn(isize) -> usize,
    ) -> Self {
        let tokens = tokens.max(1);
        let farthest = tokens.cast_signed() - 1;
        let rows: Vec<usize> = (-farthest..=farthest).map(row).collect();
        let of_head = |head| rows.iter().map(move |row| table[row * heads + head]);
        Self { tokens, added: (0..heads).flat_map(of_head).collect() }
    }

    /// What a head adds to the scores of a key, from query number `query` on.
    #[inline(always)]
    fn from(&self, head: usize, query: usize, key: usize) -> &[f32] {
        let of_head = &self.added[head * (2 * self.tokens - 1)..][..2 * self.tokens - 1];
        &of_head[self.tokens - 1 + query - key..]
    }
}

/// Memory for one head of one passage.
#[derive(Default)]
pub(crate) struct AttentionScratch {
    /// `[keys, width]`, width padded to [`LANES`].
    values: Vec<f32>,
    /// `[width, queries]`, up to [`QUERIES`], padded to [`LANES`].
    queries: Vec<f32>,
    /// `[keys, queries]`
    scores: Vec<f32>,
    /// One over the sum of each query's scores.
    factors: [f32; QUERIES],
    /// `[rows, width]`, padded like the values.
    sums: Vec<f32>,
}

/// Attention of a passage's first tokens, as many as `context` has rows (`[queries, hidden]`), over
/// all its tokens: rows of query, key and value side by side (`[tokens, 3 · hidden]`).
pub(crate) fn attend(
    heads: Heads,
    distances: Option<&Distances>,
    qkv: &[f32],
    context: &mut [f32],
    s: &mut AttentionScratch,
) {
    Attend { heads, distances, qkv, context, s }.dispatch();
}

struct Attend<'a> {
    heads: Heads,
    distances: Option<&'a Distances>,
    qkv: &'a [f32],
    context: &'a mut [f32],
    s: &'a mut AttentionScratch,
}

impl SimdOp for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Self { heads, distances, qkv, context, s } = self;
        for head in 0..heads.count {
            let of_head = (heads, head, distances);
            if isa.f32().len() == LANES {
                attend_head::<I, MOST_ROWS>(isa, of_head, qkv, context, s);
            } else {
                attend_head::<I, FEWER_ROWS>(isa, of_head, qkv, context, s);
            }
        }
    }
}

#[inline(always)]
fn attend_head<I: Isa, const ROWS: usize>(
    isa: I,
    (heads, head, distances): (Heads, usize, Option<&Distances>),
    qkv: &[f32],
    context: &mut [f32],
    s: &mut AttentionScratch,
) {
    let (hidden, width) = (heads.count * heads.width, heads.width);
    let tokens = qkv.len() / (3 * hidden);
    let at = |token: usize, part: usize| (3 * token + part) * hidden + head * width;
    let padded_width = width.next_multiple_of(LANES);
    s.values.resize(tokens * padded_width, 0.0);
    for (token, value) in s.values.chunks_exact_mut(padded_width).enumerate() {
        value[..width].copy_from_slice(&qkv[at(token, 2)..][..width]);
    }
    s.sums.resize(ROWS * padded_width, 0.0);

    let scale = 1.0 / (width as f32).sqrt();
    for (block, context) in context.chunks_mut(QUERIES * hidden).enumerate() {
        let count = context.len() / hidden;
        let columns = count.next_multiple_of(LANES);
        s.queries.resize(width * columns, 0.0);
        for query in 0..count {
            let values = &qkv[at(block * QUERIES + query, 0)..][..width];
            // By index: an iterator of columns becomes scatter instructions, which are slower.
            for (i, x) in values.iter().enumerate() {
                s.queries[i * columns + query] = x * scale;
            }
        }
        // What stands beyond the last query is computed with the others, and never read.
        s.scores.resize(tokens * columns, 0.0);
        for first in (0..tokens).step_by(ROWS) {
            let rows = ROWS.min(tokens - first);
            let mut keys = [&qkv[at(first, 1)..][..width]; ROWS];
            for (row, key) in keys.iter_mut().enumerate().take(rows) {
                *key = &qkv[at(first + row, 1)..][..width];
            }
            let scores = &mut s.scores[first * columns..][..rows * columns];
            multiply(
                isa,
                #[inline(always)]
                |k| {
                    let mut left = [0.0; ROWS];
                    for (x, key) in left.iter_mut().zip(keys) {
                        *x = key[k];
                    }
                    left
                },
                &s.queries,
                columns,
                scores,
            );
        }
        if let Some(distances) = distances {
            for (key, scores) in s.scores.chunks_exact_mut(columns).enumerate() {
                let added = distances.from(head, block * QUERIES, key);
                scores[..count].iter_mut().zip(added).for_each(|(score, added)| *score += added);
            }
        }
        softmax(isa, &mut s.scores, columns, &mut s.factors);
        for first in (0..count).step_by(ROWS) {
            let rows = ROWS.min(count - first);
            multiply(
                isa,
                #[inline(always)]
                |k| {
                    let mut left = [0.0; ROWS];
                    left.copy_from_slice(&s.scores[k * columns + first..][..ROWS]);
                    left
                },
                &s.values,
                padded_width,
                &mut s.sums,
            );
            let sums = s.sums.chunks_exact(padded_width).take(rows);
            for (query, sums) in (first..).zip(sums) {
                let out = &mut context[query * hidden + head * width..][..width];
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = sum * s.factors[query];
                }
            }
        }
    }
}

/// Turns every column of scores (`[keys, columns]`) into weights that are to be multiplied by the
/// column's factor: then they sum to one.
#[inline(always)]
fn softmax<I: Isa>(isa: I, scores: &mut [f32], columns: usize, factors: &mut [f32; QUERIES]) {
    let ops = isa.f32();
    for start in (0..columns).step_by(ops.len()) {
        let mut largest = ops.splat(f32::MIN);
        for row in scores.chunks_exact(columns) {
            largest = ops.max(largest, ops.load(&row[start..]));
        }
        let mut sum = ops.zero();
        for row in scores.chunks_exact_mut(columns) {
            let row = &mut row[start..];
            let weight = exp_of_negative(isa, ops.sub(ops.load(row), largest));
            sum = ops.add(sum, weight);
            ops.store(weight, row);
        }
        ops.store(ops.reciprocal(sum), &mut factors[start..]);
    }
}

/// `out` (up to `ROWS` rows of `columns`, a multiple of [`LANES`]) = the sums over k of each row's
/// `left(k)` times row k of `right` (`[depth, columns]`).
#[inline(always)]
fn multiply<I: Isa, const ROWS: usize>(
    isa: I,
    left: impl Fn(usize) -> [f32; ROWS] + Copy,
    right: &[f32],
    columns: usize,
    out: &mut [f32],
) {
    let lanes = isa.f32().len();
    let mut start = 0;
    while start + 2 * lanes <= columns {
        multiply_columns::<I, ROWS, 2>(isa, left, right, columns, start, out);
        start += 2 * lanes;
    }
    while start < columns {
        multiply_columns::<I, ROWS, 1>(isa, left, right, columns, start, out);
        start += lanes;
    }
}

#[inline(always)]
fn multiply_columns<I: Isa, const ROWS: usize, const VECTORS: usize>(
    isa: I,
    left: impl Fn(usize) -> [f32; ROWS] + Copy,
    right: &[f32],
    columns: usize,
    start: usize,
    out: &mut [f32],
) {
    let ops = isa.f32();
    let mut sums = [[ops.zero(); VECTORS]; ROWS];
    for (k, row) in right.chunks_exact(columns).enumerate() {
        let row: [I::F32; VECTORS] = ops.load_many(&row[start..]);
        for (x, sums) in left(k).into_iter().zip(&mut sums) {
            let x = ops.splat(x);
            for (sum, &row) in sums.iter_mut().zip(&row) {
                *sum = ops.mul_add(x, row, *sum);
            }
        }
    }
    for (out, sums) in out.chunks_exact_mut(columns).zip(sums) {
        for (v, sum) in sums.into_iter().enumerate() {
            ops.store(sum, &mut out[start + v * ops.len()..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Attention as the paper writes it, in f64.
    fn twin(heads: Heads, added: impl Fn(usize, isize) -> f32, qkv: &[f32]) -> Vec<f64> {
        let hidden = heads.count * heads.width;
        let tokens = qkv.len() / (3 * hidden);
        let at = |token: usize, part: usize, i: usize| {
            f64::from(qkv[token * 3 * hidden + part * hidden + i])
        };
        let mut context = vec![0.0; tokens * hidden];
        for head in 0..heads.count {
            let columns = head * heads.width..(head + 1) * heads.width;
            for query in 0..tokens {
                let score = |key: usize| -> f64 {
                    let dot: f64 = columns.clone().map(|i| at(query, 0, i) * at(key, 1, i)).sum();
                    let added = added(head, query.cast_signed() - key.cast_signed());
                    (dot / (heads.width as f64).sqrt() + f64::from(added)).exp()
                };
                let scores: Vec<f64> = (0..tokens).map(score).collect();
                let total: f64 = scores.iter().sum();
                for i in columns.clone() {
                    let sum: f64 = (0..tokens).map(|key| scores[key] * at(key, 2, i)).sum();
                    context[query * hidden + i] = sum / total;
                }
            }
        }
        context
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn attention_is_its_f64_twin(
            (heads, qkv) in (1_usize..4, 1_usize..40, 1_usize..80).prop_flat_map(
                |(count, width, tokens)| (
                    Just(Heads { count, width }),
                    prop::collection::vec(-2.0_f32..2.0, tokens * 3 * count * width),
                ),
            ),
        ) {
            let added = |head: usize, distance: isize| (head + 1) as f32 * distance as f32 / 50.0;
            let of_all = |distance| (0..heads.count).map(move |head| added(head, distance));
            let table: Vec<f32> = (-95..=95).flat_map(of_all).collect();
            let row = |distance: isize| (distance + 95).cast_unsigned();
            let distances = Distances::new(96, heads.count, &table, row);
            // Memory that a longer passage has left behind must not show.
            let mut scratch = AttentionScratch::default();
            let longer = vec![9.0; 96 * 3 * heads.count * heads.width];
            attend(heads, Some(&distances), &longer, &mut vec![0.0; longer.len() / 3], &mut scratch);
            let mut context = vec![f32::NAN; qkv.len() / 3];
            attend(heads, Some(&distances), &qkv, &mut context, &mut scratch);
            for (ours, twin) in context.iter().zip(twin(heads, added, &qkv)) {
                prop_assert!((f64::from(*ours) - twin).abs() < 1e-5, "{ours} is not {twin}");
            }
            attend(heads, None, &qkv, &mut context, &mut scratch);
            for (ours, twin) in context.iter().zip(twin(heads, |_, _| 0.0, &qkv)) {
                prop_assert!((f64::from(*ours) - twin).abs() < 1e-5, "{ours} is not {twin}");
            }
            let hidden = heads.count * heads.width;
            let mut first = vec![f32::NAN; hidden];
            attend(heads, None, &qkv, &mut first, &mut scratch);
            prop_assert_eq!(&first, &context[..hidden], "the first query alone");
        }
    }
}
