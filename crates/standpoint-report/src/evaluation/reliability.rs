use super::scores::{Judged, ratio};
use crate::bootstrap::{self, Interval};
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows whose best label has a probability in one band, and how often it is right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// The lowest probability of the band.
    pub from: f64,
    /// The first one above it; the last band holds 1 too.
    pub to: f64,
    /// Rows in the band, answered or not.
    pub rows: usize,
    /// Those whose most probable label is that of gold.
    pub right: usize,
    /// Mean probability of the best label.
    pub confidence: f64,
    /// 95 % interval of the share that is right, over clusters; `None` of one cluster.
    pub interval: Option<Interval>,
}

/// Where the bands begin. The best of three labels has at least a third.
const BANDS: [f64; 7] = [0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// How often labels are right that are given with some probability: what a reliability diagram shows.
/// Bands without a row are left out.
pub fn reliability(rows: &[Judged<'_>]) -> Vec<Band> {
    let ends = BANDS.iter().skip(1).copied().chain([1.0]);
    BANDS.iter().zip(ends).filter_map(|(&from, to)| Band::of(from, to, rows)).collect()
}

/// How many rows of a cluster are in a band, and how many of them are right.
type Hits = (usize, usize);

impl Band {
    fn of(from: f64, to: f64, rows: &[Judged<'_>]) -> Option<Self> {
        let mut named: BTreeMap<&str, Hits> = BTreeMap::new();
        let mut alone: Vec<Hits> = Vec::new();
        let (mut count, mut right, mut sum) = (0, 0, 0.0);
        for row in rows {
            let Some(p) = row.probabilities else { continue };
            let confidence = f64::from(p.confidence());
            if confidence < from || (confidence >= to && to < 1.0) {
                continue;
            }
            let hit = usize::from(p.label() == row.gold);
            count += 1;
            right += hit;
            sum += confidence;
            match row.cluster {
                Some(cluster) => {
                    let hits = named.entry(cluster).or_default();
                    *hits = (hits.0 + 1, hits.1 + hit);
                }
                None => alone.push((1, hit)),
            }
        }
        let clusters: Vec<Hits> = named.into_values().chain(alone).collect();
        let interval = match right {
            0 => bootstrap::unvaried(false, clusters.len()),
            _ if right == count => bootstrap::unvaried(true, clusters.len()),
            _ => {
                let [interval] = bootstrap::intervals(clusters.len(), |drawn| {
                    let sum = drawn.iter().fold((0, 0), |(rows, right), &i| {
                        (rows + clusters[i].0, right + clusters[i].1)
                    });
                    [Some(ratio(sum.1, sum.0))]
                });
                interval
            }
        };
        (count > 0).then(|| Self {
            from,
            to,
            rows: count,
            right,
            confidence: sum / count as f64,
            interval,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::{Label, Probabilities};

    #[test]
    fn rows_fall_into_bands_and_whole_pieces_are_drawn() {
        let row = |favor: f32, gold, cluster| Judged {
            cluster: Some(cluster),
            ..Judged::by_model(gold, Probabilities::new(favor, 1.0 - favor, 0.0))
        };
        let rows = [
            row(0.95, Label::Favor, "a"),
            row(1.0, Label::Favor, "b"),
            row(0.625, Label::Favor, "a"),
            row(0.625, Label::Against, "b"),
            row(0.625, Label::Against, "b"),
        ];
        let bands = reliability(&rows);
        let told: Vec<_> = bands.iter().map(|b| (b.from, b.rows, b.right)).collect();
        assert_eq!(told, [(0.6, 3, 1), (0.9, 2, 2)]);
        assert!((bands[0].confidence - 0.625).abs() < 1e-9);
        let all_of_one_piece = Interval { low: 0.0, high: 1.0 };
        assert_eq!(bands[0].interval, Some(all_of_one_piece), "a is always right, b never");
        assert_eq!(bands[1].interval, bootstrap::unvaried(true, 2), "drawn, it would not vary");
        assert_eq!(reliability(&rows[..1])[0].interval, None);
    }
}
