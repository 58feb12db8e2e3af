//! A tiny embedder and stance model without weights.
//!
//! It is the floor that a trained model has to beat, and the test double: it loads at once, so the
//! tests of everything around a model run on it. Vectors are hashed counts of content words, and a
//! stance is the balance of words of approval and disapproval, turned round by a negation. Its
//! probabilities are not calibrated.
//!
//! ```
//! use standpoint_core::{Label, Pair, StanceModel};
//!
//! let model = lexical::stance_model();
//! let pair = Pair { target: "a carbon price", text: "The levy is a ruinous failure." };
//! assert_eq!(model.classify(&[pair]).unwrap()[0].probabilities.label(), Label::Against);
//! ```

use ndarray::Array2;
use standpoint_core::{
    Classification, Embedder, Embeddings, ModelError, ModelInfo, Pair, Probabilities, StanceModel,
    Task,
};

/// The model card.
pub const CARD: &str = include_str!("../MODEL_CARD.md");

const DIMENSIONS: usize = 256;

/// Words too common to tell what a text is about.
const FUNCTION_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "for", "from", "had", "has",
    "have", "he", "her", "his", "i", "if", "in", "is", "it", "its", "more", "no", "not", "of",
    "on", "or", "our", "she", "should", "so", "than", "that", "the", "their", "they", "this", "to",
    "was", "we", "were", "what", "which", "who", "will", "with", "would", "you",
];

const APPROVAL: &[&str] = &[
    "agree", "back", "backed", "backs", "benefit", "benefits", "best", "better", "endorse", "fair",
    "favor", "favour", "good", "great", "help", "helps", "hope", "necessary", "praise", "praised",
    "progress", "protect", "protects", "right", "safe", "safer", "sound", "strong", "succeed",
    "success", "support", "supported", "supports", "welcome", "welcomed", "wise", "work", "works",
];

const DISAPPROVAL: &[&str] = &[
    "against", "bad", "blunder", "burden", "costly", "cruel", "damage", "danger", "dangerous",
    "disaster", "fail", "failed", "fails", "failure", "fear", "folly", "harm", "harms", "mistake",
    "oppose", "opposed", "opposes", "poor", "reckless", "reject", "rejected", "rejects", "risk",
    "ruin", "ruinous", "threat", "unfair", "unsafe", "waste", "weak", "worse", "worst", "wrong",
];

const NEGATION: &[&str] = &["cannot", "hardly", "never", "no", "not", "nor", "without"];

/// Lower-case words of letters and digits, in order.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

fn info(name: &str, task: Task) -> ModelInfo {
    let source = include_bytes!("lib.rs");
    ModelInfo {
        name: name.to_owned(),
        task,
        // The answers depend on this file alone.
        hash: blake3::hash(source).to_hex().to_string(),
        precision: "f32".to_owned(),
        license: "MIT OR Apache-2.0".to_owned(),
        languages: vec!["en".to_owned()],
        // There is no longest input; a number that every reader of JSON can hold stands for that.
        max_tokens: u32::MAX as usize,
        reads_holders: false,
    }
}

/// The embedder: hashed counts of content words, of unit length.
pub fn embedder() -> LexicalEmbedder {
    LexicalEmbedder { info: info("lexical-embedder", Task::Embedding) }
}

/// The stance model: the balance of words of approval and disapproval.
pub fn stance_model() -> LexicalStance {
    LexicalStance { info: info("lexical-stance", Task::Stance) }
}

/// See [`embedder`].
#[derive(Debug, Clone)]
pub struct LexicalEmbedder {
    info: ModelInfo,
}

impl Embedder for LexicalEmbedder {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn bearing_similarity(&self) -> f32 {
        0.3
    }

    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelError> {
        let mut vectors = Array2::<f32>::zeros((texts.len(), DIMENSIONS));
        for (mut row, text) in vectors.outer_iter_mut().zip(texts) {
            for word in words(text).filter(|w| !FUNCTION_WORDS.contains(&w.as_str())) {
                let slot = blake3::hash(word.as_bytes()).as_bytes()[0];
                row[usize::from(slot)] += 1.0;
            }
            let norm = row.dot(&row).sqrt();
            if norm > 0.0 {
                row /= norm;
            }
        }
        Ok(Embeddings { vectors, truncated: vec![0; texts.len()] })
    }
}

/// See [`stance_model`].
#[derive(Debug, Clone)]
pub struct LexicalStance {
    info: ModelInfo,
}

impl StanceModel for LexicalStance {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError> {
        Ok(pairs
            .iter()
            .map(|pair| Classification { probabilities: balance(pair.text), truncated: 0 })
            .collect())
    }
}

/// Approval against disapproval; a negation up to three words before a word turns it round.
fn balance(text: &str) -> Probabilities {
    let words: Vec<String> = words(text).collect();
    let (mut favor, mut against) = (0.0_f32, 0.0_f32);
    for (i, word) in words.iter().enumerate() {
        let approves = APPROVAL.contains(&word.as_str());
        if !approves && !DISAPPROVAL.contains(&word.as_str()) {
            continue;
        }
        let negated = words[i.saturating_sub(3)..i].iter().any(|w| NEGATION.contains(&w.as_str()));
        if approves != negated {
            favor += 1.0;
        } else {
            against += 1.0;
        }
    }
    Probabilities::from_logits([favor.min(8.0), against.min(8.0), 0.5], 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::{Label, testing};

    #[test]
    fn conforms() {
        testing::check_embedder(&embedder());
        testing::check_stance_model(&stance_model());
    }

    #[test]
    fn a_negation_turns_a_word_round() {
        assert_eq!(balance("They support the levy").label(), Label::Favor);
        assert_eq!(balance("They do not support the levy").label(), Label::Against);
        assert_eq!(balance("The levy is not a mistake").label(), Label::Favor);
        assert_eq!(balance("The levy was discussed").label(), Label::Neutral);
    }

    #[test]
    fn shared_content_words_make_texts_similar() {
        let e = embedder().embed(&["the carbon price", "a price on carbon", "a nuclear plant"]);
        let v = e.unwrap().vectors;
        assert!(v.row(0).dot(&v.row(1)) > 0.99);
        assert!(v.row(0).dot(&v.row(2)) < 0.01);
    }
}
