use crate::Vector;
use regex::{Regex, RegexBuilder};
use standpoint_core::{Embedder, ModelError, Target};

/// How far a document's aboutness lowers the similarity that a passage needs, at most.
const ABOUT_DISCOUNT: f32 = 0.3;

/// The share of a document's passages that name a target from which it counts as wholly about it.
const ABOUT_SHARE: f32 = 0.05;

/// How far above the threshold the nearest passage has to be for a document that never names the
/// target to be about it at all: one loosely similar sentence in a long text is chance.
const UNNAMED_MARGIN: f32 = 0.1;

/// How much of its similarity a passage lends to the one before and the one after it.
const NEIGHBOUR_SHARE: f32 = 0.8;

/// What naming a target is worth, on the scale of similarities: about that of a close paraphrase.
const NAMED_SIMILARITY: f32 = 0.5;

/// Why the targets could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The embedder did not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A target's names make too large a pattern.
    #[error("target {target}: its text and aliases cannot be searched for: {reason}")]
    Names {
        /// Id of the target.
        target: String,
        /// What is wrong.
        reason: String,
    },
}

/// That a passage bears on a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bearing {
    /// Position of the passage in its document.
    pub passage: usize,
    /// Similarity of the passage to the nearest of the target's names, in [-1, 1].
    pub similarity: f32,
    /// Whether the passage names the target.
    pub named: bool,
}

impl Bearing {
    /// How much the passage's stance is a stance toward the target, in [0, 1]. A passage that names
    /// the target is about it; one that does not says half as much as it is similar, at most, for a
    /// stance model asked about a target that it cannot see often answers about something else.
    pub fn relevance(&self) -> f32 {
        if self.named { 1.0 } else { 0.5 * self.similarity.clamp(0.0, 1.0) }
    }
}

/// The targets of a run, ready to be met by passages.
#[derive(Debug)]
pub struct Retriever {
    targets: Vec<Names>,
    threshold: f32,
}

/// One target's names, as a pattern and as vectors.
#[derive(Debug)]
struct Names {
    pattern: Option<Regex>,
    vectors: Vec<Vector>,
}

impl Retriever {
    /// Embeds the targets' names and compiles them to patterns.
    ///
    /// # Errors
    /// If the embedder refuses a name, or a target's names make too large a pattern.
    pub fn new(targets: &[Target], embedder: &dyn Embedder) -> Result<Self, RetrievalError> {
        let prepare = |target: &Target| {
            let names: Vec<&str> = target.names().collect();
            let vectors = embedder.embed(&names)?.vectors;
            Ok(Names {
                pattern: pattern(target)?,
                vectors: vectors.outer_iter().map(Vector::quantize).collect(),
            })
        };
        let targets = targets.iter().map(prepare).collect::<Result<_, RetrievalError>>()?;
        Ok(Self { targets, threshold: embedder.bearing_similarity() })
    }

    /// For every target, in order, the passages of one document that bear on it, in order.
    /// `passages` and `vectors` go together; a passage without a vector is met by its words only.
    pub fn bearings(&self, passages: &[&str], vectors: &[Vector]) -> Vec<Vec<Bearing>> {
        self.targets.iter().map(|names| names.bearings(passages, vectors, self.threshold)).collect()
    }
}

impl Names {
    fn bearings(&self, passages: &[&str], vectors: &[Vector], threshold: f32) -> Vec<Bearing> {
        let met: Vec<Bearing> = passages
            .iter()
            .enumerate()
            .map(|(passage, text)| Bearing {
                passage,
                similarity: vectors.get(passage).map_or(0.0, |vector| self.similarity(vector)),
                named: self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text)),
            })
            .collect();
        let named = met.iter().filter(|bearing| bearing.named).count();
        let nearest = met.iter().map(|b| b.similarity).fold(f32::NEG_INFINITY, f32::max);
        if named == 0 && nearest < threshold + UNNAMED_MARGIN {
            return Vec::new();
        }
        let share = named as f32 / met.len().max(1) as f32;
        let bar = threshold - ABOUT_DISCOUNT * (share / ABOUT_SHARE).min(1.0);
        let own = |at: usize| {
            let floor = if met[at].named { NAMED_SIMILARITY } else { f32::NEG_INFINITY };
            met[at].similarity.max(floor)
        };
        let bears = |at: usize| {
            let neighbours = [at.checked_sub(1), Some(at + 1).filter(|&next| next < met.len())];
            let lent = neighbours.into_iter().flatten().map(|near| own(near) * NEIGHBOUR_SHARE);
            met[at].named || lent.fold(own(at), f32::max) >= bar
        };
        met.iter().filter(|bearing| bears(bearing.passage)).copied().collect()
    }

    fn similarity(&self, vector: &Vector) -> f32 {
        self.vectors.iter().map(|name| name.dot(vector)).fold(f32::NEG_INFINITY, f32::max)
    }
}

/// A pattern that finds any of the target's names as whole words, whatever their case, with any
/// white space or hyphen between the words and an optional plural or possessive at the end. `None`
/// if no name has a letter or digit.
fn pattern(target: &Target) -> Result<Option<Regex>, RetrievalError> {
    let alternatives: Vec<String> = target.names().filter_map(name_pattern).collect();
    if alternatives.is_empty() {
        return Ok(None);
    }
    let either = format!(r"\b(?:{})(?:e?s)?\b", alternatives.join("|"));
    RegexBuilder::new(&either).case_insensitive(true).build().map(Some).map_err(|error| {
        RetrievalError::Names { target: target.id.clone(), reason: error.to_string() }
    })
}

fn name_pattern(name: &str) -> Option<String> {
    let mut words: Vec<&str> = name
        .split(|c: char| c.is_whitespace() || is_hyphen(c))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() > 1 && ["a", "an", "the"].contains(&words[0].to_lowercase().as_str()) {
        words.remove(0);
    }
    if words.is_empty() {
        return None;
    }
    let words: Vec<String> = words.into_iter().map(regex::escape).collect();
    Some(words.join(r"[\s\-\u{2010}-\u{2015}]+"))
}

fn is_hyphen(c: char) -> bool {
    c == '-' || ('\u{2010}'..='\u{2015}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str, aliases: &[&str]) -> Target {
        let aliases = aliases.iter().map(|&alias| alias.to_owned()).collect();
        Target { id: "t".into(), text: text.into(), aliases }
    }

    fn named(target: &Target, text: &str) -> bool {
        pattern(target).unwrap().is_some_and(|pattern| pattern.is_match(text))
    }

    #[test]
    fn names_are_found_as_whole_words_over_case_hyphens_line_breaks_and_plurals() {
        let week = target("a four-day week", &["shorter week"]);
        assert!(named(&week, "The Four‑Day\n  Week is here"));
        assert!(named(&week, "four day weeks"));
        assert!(named(&week, "A shorter week’s cost"));
        assert!(!named(&week, "a four-day weekend"));
        assert!(!named(&target("ETS", &[]), "bets were placed"));
    }

    #[test]
    fn a_name_is_words_not_a_pattern() {
        assert!(!named(&target("a.c", &[]), "abc"));
        assert!(pattern(&target("—", &["…"])).unwrap().is_none());
    }

    fn meet(target: Target, passages: &[&str]) -> Vec<usize> {
        let embedder = lexical::embedder();
        let retriever = Retriever::new(&[target], &embedder).unwrap();
        let vectors = embedder.embed(passages).unwrap().vectors;
        let vectors: Vec<Vector> = vectors.outer_iter().map(Vector::quantize).collect();
        retriever.bearings(passages, &vectors)[0].iter().map(|b| b.passage).collect()
    }

    const OTHER: &str = "Nothing else happened yesterday.";

    #[test]
    fn a_document_about_the_target_draws_its_less_explicit_passages_in() {
        let price = || target("carbon price", &[]);
        // Ten content words, one of the target's two among them: similarity 0.22, below 0.3.
        let vague =
            "Every price paid by poor tenants in this cold valley hurts many children badly.";
        assert_eq!(meet(price(), &[OTHER, vague, OTHER]), [] as [usize; 0]);
        let about = "The carbon price is a blunder.";
        assert_eq!(meet(price(), &[about, OTHER, OTHER, vague, OTHER]), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn one_loosely_similar_sentence_does_not_make_a_document_about_the_target() {
        let price = || target("carbon price", &[]);
        // Four content words, one of the target's two among them: 0.35, over 0.3 but not over 0.4.
        assert_eq!(
            meet(price(), &[OTHER, "Bread carries another price.", OTHER]),
            [] as [usize; 0]
        );
        let named = "The carbon price rose.";
        assert_eq!(meet(price(), &[named, "Bread carries another price."]), [0, 1]);
    }

    #[test]
    fn a_passage_beside_one_that_is_near_the_target_bears_on_it() {
        let price = target("carbon price", &[]);
        // Similar (0.5) without naming it; its neighbours are lent 0.4, those beyond nothing.
        let near = "A price, said carbon traders, drifts.";
        assert_eq!(meet(price, &[OTHER, OTHER, near, OTHER, OTHER]), [1, 2, 3]);
    }
}
