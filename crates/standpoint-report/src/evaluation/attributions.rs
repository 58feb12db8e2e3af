//! How well a tagger finds who says what.

use serde::Serialize;
use standpoint_core::{Attribution, Span};

/// Found against gold, by exact spans and by overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AttributionScores {
    /// Sources, each attribution's as one.
    pub source: Matches,
    /// Cues.
    pub cue: Matches,
    /// Contents, each attribution's as one.
    pub content: Matches,
    /// Attributions whose source and content both match.
    pub pairs: Matches,
}

/// Counts of one part under three readings of "the same".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Matches {
    /// The same bytes.
    pub exact: Counts,
    /// At least half of the bytes that either has are in both (Jaccard index ≥ ½).
    pub half: Counts,
    /// At least one byte is in both.
    pub overlap: Counts,
}

/// How many there are, how many were found, and how many of those found are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// In gold.
    pub gold: usize,
    /// Found.
    pub found: usize,
    /// Found and in gold: each of gold is matched with one found at most.
    pub matched: usize,
}

impl Counts {
    /// The share of what was found that is in gold; 0 where nothing was found.
    pub fn precision(self) -> f64 {
        self.matched as f64 / self.found.max(1) as f64
    }

    /// The share of gold that was found; 0 where there is no gold.
    pub fn recall(self) -> f64 {
        self.matched as f64 / self.gold.max(1) as f64
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(self) -> f64 {
        2.0 * self.matched as f64 / (self.gold + self.found).max(1) as f64
    }
}

/// How much two sets of spans share.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Shared(f64);

fn length(spans: &[Span]) -> usize {
    spans.iter().map(|span| span.len()).sum()
}

/// The Jaccard index of the bytes of two lists of disjoint spans.
fn shared(a: &[Span], b: &[Span]) -> Shared {
    let common: usize = a.iter().flat_map(|a| b.iter().map(|b| a.overlap(*b))).sum();
    let all = (length(a) + length(b)).saturating_sub(common);
    Shared(if all == 0 { 0.0 } else { common as f64 / all as f64 })
}

impl AttributionScores {
    /// Counts over texts: for each the attributions of gold and those found.
    pub fn of<'a>(
        texts: impl Iterator<Item = (&'a [Attribution], &'a [Attribution])>,
    ) -> AttributionScores {
        let mut scores = AttributionScores::default();
        for (gold, found) in texts {
            scores.cue.add(gold, found, |a, b| shared(&[a.cue], &[b.cue]));
            let with_source = |all: &[Attribution]| -> Vec<Attribution> {
                all.iter().filter(|a| !a.source.is_empty()).cloned().collect()
            };
            let (sourced, found_sourced) = (with_source(gold), with_source(found));
            scores.source.add(&sourced, &found_sourced, |a, b| shared(&a.source, &b.source));
            scores.content.add(gold, found, |a, b| shared(&a.content, &b.content));
            scores.pairs.add(&sourced, &found_sourced, |a, b| {
                let (source, content) =
                    (shared(&a.source, &b.source), shared(&a.content, &b.content));
                if source < content { source } else { content }
            });
        }
        scores
    }
}

impl AttributionScores {
    /// The figures as a table for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = format!("  {:<16}{:>7}{:>7}", "", "gold", "found");
        for reading in ["exact", "half", "overlap"] {
            text += &format!("  {reading:>7}:  P     R     F1");
        }
        text.push('\n');
        let parts = [
            ("source", self.source),
            ("cue", self.cue),
            ("content", self.content),
            ("source + content", self.pairs),
        ];
        for (name, matches) in parts {
            let Counts { gold, found, .. } = matches.exact;
            text += &format!("  {name:<16}{gold:>7}{found:>7}");
            for counts in [matches.exact, matches.half, matches.overlap] {
                let (p, r, f1) = (counts.precision(), counts.recall(), counts.f1());
                text += &format!("      {p:.3} {r:.3} {f1:.3}");
            }
            text.push('\n');
        }
        text
    }
}

impl Matches {
    fn add(
        &mut self,
        gold: &[Attribution],
        found: &[Attribution],
        shared: impl Fn(&Attribution, &Attribution) -> Shared,
    ) {
        let mut ties: Vec<(Shared, usize, usize)> = Vec::new();
        for (i, a) in gold.iter().enumerate() {
            for (j, b) in found.iter().enumerate() {
                let shared = shared(a, b);
                if shared.0 > 0.0 {
                    ties.push((shared, i, j));
                }
            }
        }
        // The closest first, so that a loose match takes no exact one's place.
        ties.sort_by(|a, b| b.0.0.total_cmp(&a.0.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (counts, least) in
            [(&mut self.exact, 0.999), (&mut self.half, 0.5), (&mut self.overlap, 0.0)]
        {
            let (mut taken, mut used) = (vec![false; gold.len()], vec![false; found.len()]);
            for (shared, i, j) in &ties {
                if shared.0 >= least && !taken[*i] && !used[*j] {
                    (taken[*i], used[*j]) = (true, true);
                    counts.matched += 1;
                }
            }
            counts.gold += gold.len();
            counts.found += found.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribution(source: (usize, usize), cue: usize, content: (usize, usize)) -> Attribution {
        let source = (source.1 > source.0).then(|| Span::new(source.0, source.1));
        Attribution {
            source: source.into_iter().collect(),
            cue: Span::new(cue, cue + 4),
            content: vec![Span::new(content.0, content.1)],
        }
    }

    #[test]
    fn a_pair_needs_both_and_the_closest_match_is_taken_first() {
        let gold = [attribution((0, 10), 11, (16, 40)), attribution((50, 60), 61, (70, 90))];
        let found = [
            attribution((0, 6), 11, (16, 40)),
            attribution((50, 60), 61, (10, 15)),
            attribution((0, 0), 61, (70, 90)),
        ];
        let scores = AttributionScores::of([(&gold[..], &found[..])].into_iter());
        let Matches { exact, half, overlap } = scores.source;
        assert_eq!((exact.matched, half.matched, overlap.matched), (1, 2, 2));
        assert_eq!((overlap.gold, overlap.found), (2, 2), "one found has no source");
        assert_eq!(scores.content.exact.matched, 2);
        assert_eq!((scores.cue.exact.matched, scores.cue.exact.found), (2, 3));
        assert_eq!((scores.pairs.exact.matched, scores.pairs.half.matched), (0, 1));
        assert_eq!(scores.pairs.overlap.f1(), 0.5);
        assert_eq!((exact.precision(), exact.recall()), (0.5, 0.5));
    }
}
