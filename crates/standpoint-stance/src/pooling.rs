use standpoint_core::{Probabilities, Stance};

/// A neutral passage keeps this share of its weight: it says little, but a holder who only ever
/// writes neutrally is neutral.
const NEUTRAL_SHARE: f32 = 0.1;

/// One passage's answer toward one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// What the stance model says of it.
    pub probabilities: Probabilities,
    /// How much the passage bears on the target, in [0, 1].
    pub relevance: f32,
}

/// The stance of one holder toward one target, out of all of the holder's passages.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The answer.
    pub stance: Stance,
    /// The probabilities that it was taken from.
    pub probabilities: Probabilities,
    /// The weight of every passage, in the order given; they sum to one.
    pub weights: Vec<f32>,
}

/// Weighs passages into one stance, or abstains where its probability is below `abstain_below`.
/// `None` if there is no passage.
///
/// The probabilities are a weighted mean: a passage weighs by how much it bears on the target and
/// by how far the model is from calling it neutral, for a text argues in some of its sentences and
/// informs in the others.
pub fn pool(passages: &[Scored], abstain_below: f32) -> Option<Pooled> {
    if passages.is_empty() {
        return None;
    }
    let weigh = |passage: &Scored| {
        let polar = 1.0 - passage.probabilities.neutral;
        passage.relevance.max(f32::EPSILON) * (NEUTRAL_SHARE + (1.0 - NEUTRAL_SHARE) * polar)
    };
    let weights: Vec<f32> = passages.iter().map(weigh).collect();
    let total: f32 = weights.iter().sum();
    let weights: Vec<f32> = weights.into_iter().map(|weight| weight / total).collect();
    let mean = |part: fn(&Probabilities) -> f32| -> f32 {
        passages.iter().zip(&weights).map(|(p, weight)| part(&p.probabilities) * weight).sum()
    };
    let probabilities =
        Probabilities::new(mean(|p| p.favor), mean(|p| p.against), mean(|p| p.neutral));
    let stance = if probabilities.confidence() < abstain_below {
        Stance::Abstained
    } else {
        probabilities.label().into()
    };
    Some(Pooled { stance, probabilities, weights })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scored(favor: f32, against: f32, relevance: f32) -> Scored {
        Scored {
            probabilities: Probabilities::new(favor, against, 1.0 - favor - against),
            relevance,
        }
    }

    #[test]
    fn an_argument_outweighs_the_neutral_sentences_around_it() {
        let passages = [scored(0.05, 0.9, 0.6), scored(0.1, 0.1, 0.6), scored(0.1, 0.1, 0.6)];
        let pooled = pool(&passages, 0.5).unwrap();
        assert_eq!(pooled.stance, Stance::Against);
        assert!(pooled.weights[0] > pooled.weights[1] + pooled.weights[2]);
    }

    #[test]
    fn a_divided_text_abstains() {
        let passages = [scored(0.9, 0.05, 0.5), scored(0.05, 0.9, 0.5)];
        assert_eq!(pool(&passages, 0.5).unwrap().stance, Stance::Abstained);
        assert_eq!(pool(&passages, 0.4).unwrap().stance, Stance::Favor, "0.475 each: the earlier");
        assert_eq!(pool(&[], 0.5), None);
    }

    proptest! {
        #[test]
        fn probabilities_and_weights_sum_to_one(
            parts in prop::collection::vec((0.0_f32..1.0, 0.0_f32..1.0, 0.0_f32..1.0), 1..40),
        ) {
            let passages: Vec<Scored> =
                parts.into_iter().map(|(a, b, r)| scored(a * b, a * (1.0 - b), r)).collect();
            let pooled = pool(&passages, 0.5).unwrap();
            let p = pooled.probabilities;
            prop_assert!((p.favor + p.against + p.neutral - 1.0).abs() < 1e-4);
            prop_assert!((pooled.weights.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }
}
