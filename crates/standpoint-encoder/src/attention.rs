//! Self-attention within one passage.
//!
//! At the length of a sentence the two products of a head are far too small for a general matmul
//! to pay off, so they are computed here, a few queries at a time: the scores of these queries
//! against all keys, their softmax, and the weighted sum of the values, all in first-level cache.

use crate::kernels::{LANES, softmax, widest};

/// Queries that are worked on together: with one vector of sums each they fit the registers of
/// every CPU.
const QUERIES: usize = 6;

/// How the width of a layer is split into heads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Number of heads.
    pub count: usize,
    /// Width of a head.
    pub width: usize,
}

/// Memory for one head of one passage.
#[derive(Default)]
pub(crate) struct AttentionScratch {
    /// `[width, keys]`, keys padded to [`LANES`].
    keys: Vec<f32>,
    /// `[keys, width]`, width padded to [`LANES`].
    values: Vec<f32>,
    /// `[QUERIES, width]`
    queries: Vec<f32>,
    /// `[QUERIES, keys]`, padded like the keys.
    scores: Vec<f32>,
    /// `[QUERIES, width]`, padded like the values.
    sums: Vec<f32>,
}

/// Attention over the tokens of a passage: rows of query, key and value side by side
/// (`[tokens, 3 · hidden]`) to rows of `[tokens, hidden]`.
pub(crate) fn attend(heads: Heads, qkv: &[f32], context: &mut [f32], s: &mut AttentionScratch) {
    for head in 0..heads.count {
        widest(
            #[inline(always)]
            || attend_head(heads, head, qkv, context, s),
        );
    }
}

#[inline(always)]
fn attend_head(
    heads: Heads,
    head: usize,
    qkv: &[f32],
    context: &mut [f32],
    s: &mut AttentionScratch,
) {
    let (hidden, width) = (heads.count * heads.width, heads.width);
    let tokens = context.len() / hidden;
    let padded_tokens = tokens.next_multiple_of(LANES);
    let padded_width = width.next_multiple_of(LANES);
    fill(&mut s.keys, width * padded_tokens);
    fill(&mut s.values, tokens * padded_width);
    fill(&mut s.queries, QUERIES * width);
    fill(&mut s.scores, QUERIES * padded_tokens);
    fill(&mut s.sums, QUERIES * padded_width);

    for (token, row) in qkv.chunks_exact(3 * hidden).enumerate() {
        let key = &row[hidden + head * width..][..width];
        for (i, &x) in key.iter().enumerate() {
            s.keys[i * padded_tokens + token] = x;
        }
        let value = &row[2 * hidden + head * width..][..width];
        s.values[token * padded_width..][..width].copy_from_slice(value);
    }

    let scale = 1.0 / (width as f32).sqrt();
    for first in (0..tokens).step_by(QUERIES) {
        let count = QUERIES.min(tokens - first);
        for q in 0..count {
            let query = &qkv[(first + q) * 3 * hidden + head * width..][..width];
            for (scaled, x) in s.queries[q * width..][..width].iter_mut().zip(query) {
                *scaled = x * scale;
            }
        }
        multiply(&s.queries, width, &s.keys, padded_tokens, &mut s.scores);
        for row in s.scores.chunks_exact_mut(padded_tokens) {
            softmax(&mut row[..tokens]);
        }
        multiply(&s.scores, padded_tokens, &s.values, padded_width, &mut s.sums);
        for q in 0..count {
            let out = &mut context[(first + q) * hidden + head * width..][..width];
            out.copy_from_slice(&s.sums[q * padded_width..][..width]);
        }
    }
}

/// Makes a buffer `len` zeros long.
#[inline(always)]
fn fill(buffer: &mut Vec<f32>, len: usize) {
    buffer.clear();
    buffer.resize(len, 0.0);
}

/// `[QUERIES, columns]` = the first columns of `a` (`[QUERIES, stride]`) times `b`
/// (`[depth, columns]`, columns a multiple of [`LANES`], depth at most `stride`).
#[inline(always)]
fn multiply(a: &[f32], stride: usize, b: &[f32], columns: usize, out: &mut [f32]) {
    for start in (0..columns).step_by(LANES) {
        let mut sums = [[0.0; LANES]; QUERIES];
        for (k, row) in b.chunks_exact(columns).enumerate() {
            let Some(row) = row[start..].first_chunk::<LANES>() else { break };
            for (q, sums) in sums.iter_mut().enumerate() {
                let x = a[q * stride + k];
                for lane in 0..LANES {
                    sums[lane] += x * row[lane];
                }
            }
        }
        for (q, sums) in sums.iter().enumerate() {
            out[q * columns + start..][..LANES].copy_from_slice(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Attention as the paper writes it, in f64.
    fn twin(heads: Heads, qkv: &[f32]) -> Vec<f64> {
        let hidden = heads.count * heads.width;
        let tokens = qkv.len() / (3 * hidden);
        let at = |token: usize, part: usize, i: usize| {
            f64::from(qkv[token * 3 * hidden + part * hidden + i])
        };
        let mut context = vec![0.0; tokens * hidden];
        for head in 0..heads.count {
            let columns = head * heads.width..(head + 1) * heads.width;
            for query in 0..tokens {
                let score = |key| -> f64 {
                    let dot: f64 = columns.clone().map(|i| at(query, 0, i) * at(key, 1, i)).sum();
                    (dot / (heads.width as f64).sqrt()).exp()
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
            (heads, qkv) in (1_usize..4, 1_usize..40, 1_usize..40).prop_flat_map(
                |(count, width, tokens)| (
                    Just(Heads { count, width }),
                    prop::collection::vec(-2.0_f32..2.0, tokens * 3 * count * width),
                ),
            ),
        ) {
            let mut context = vec![f32::NAN; qkv.len() / 3];
            // Memory that a longer passage has left behind must not show.
            let mut scratch = AttentionScratch::default();
            let longer = vec![9.0; 64 * 3 * heads.count * heads.width];
            attend(heads, &longer, &mut vec![0.0; longer.len() / 3], &mut scratch);
            attend(heads, &qkv, &mut context, &mut scratch);
            for (ours, twin) in context.iter().zip(twin(heads, &qkv)) {
                prop_assert!((f64::from(*ours) - twin).abs() < 1e-5, "{ours} is not {twin}");
            }
        }
    }
}
