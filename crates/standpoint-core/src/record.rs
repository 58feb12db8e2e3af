use crate::Span;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The three answers of a stance model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// For the target.
    Favor,
    /// Against the target.
    Against,
    /// Neither, or the text does not bear on the target.
    Neutral,
}

impl Label {
    /// All labels, in the order of their probabilities.
    pub const ALL: [Label; 3] = [Label::Favor, Label::Against, Label::Neutral];

    /// The name used in tables and label files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Label::Favor => "favor",
            Label::Against => "against",
            Label::Neutral => "neutral",
        }
    }

    /// The label of that name; `None` for any other word.
    pub fn parse(name: &str) -> Option<Label> {
        Label::ALL.into_iter().find(|label| label.as_str() == name)
    }
}

/// A stance model's distribution over the three labels; the parts sum to one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Probabilities {
    /// Probability of [`Label::Favor`].
    pub favor: f32,
    /// Probability of [`Label::Against`].
    pub against: f32,
    /// Probability of [`Label::Neutral`].
    pub neutral: f32,
}

impl Probabilities {
    /// The three parts as given; the caller sees to it that they sum to one.
    pub const fn new(favor: f32, against: f32, neutral: f32) -> Self {
        Self { favor, against, neutral }
    }

    /// Softmax of three logits (favor, against, neutral) at a temperature (1 changes nothing).
    pub fn from_logits(logits: [f32; 3], temperature: f32) -> Self {
        let scaled = logits.map(|x| x / temperature);
        let max = scaled.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let exp = scaled.map(|x| (x - max).exp());
        let sum: f32 = exp.iter().sum();
        Self::new(exp[0] / sum, exp[1] / sum, exp[2] / sum)
    }

    /// The same distribution at another temperature: above 1 it is flatter, below 1 steeper. As if
    /// the logits behind it had been divided by `temperature`.
    pub fn tempered(&self, temperature: f32) -> Self {
        let logit = |p: f32| p.max(f32::MIN_POSITIVE).ln();
        Self::from_logits(Label::ALL.map(|label| logit(self.of(label))), temperature)
    }

    /// The probability of one label.
    pub const fn of(&self, label: Label) -> f32 {
        match label {
            Label::Favor => self.favor,
            Label::Against => self.against,
            Label::Neutral => self.neutral,
        }
    }

    /// The most probable label; the earlier of [`Label::ALL`] where two are equal.
    pub fn label(&self) -> Label {
        let mut best = Label::Favor;
        for label in Label::ALL {
            if self.of(label) > self.of(best) {
                best = label;
            }
        }
        best
    }

    /// The probability of the most probable label.
    pub fn confidence(&self) -> f32 {
        self.of(self.label())
    }

    /// Favor minus against, in [-1, 1].
    pub fn position(&self) -> f32 {
        self.favor - self.against
    }
}

/// The answer of a record: a label, or none where the model is not sure enough to give one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// For the target.
    Favor,
    /// Against the target.
    Against,
    /// Neither for nor against it.
    Neutral,
    /// Below the set confidence: no answer is given.
    Abstained,
}

impl Stance {
    /// All answers, in the order of tables and charts.
    pub const ALL: [Stance; 4] =
        [Stance::Favor, Stance::Against, Stance::Neutral, Stance::Abstained];

    /// The name used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stance::Favor => "favor",
            Stance::Against => "against",
            Stance::Neutral => "neutral",
            Stance::Abstained => "abstained",
        }
    }

    /// The label; `None` where it abstained.
    pub const fn label(self) -> Option<Label> {
        match self {
            Stance::Favor => Some(Label::Favor),
            Stance::Against => Some(Label::Against),
            Stance::Neutral => Some(Label::Neutral),
            Stance::Abstained => None,
        }
    }
}

impl From<Label> for Stance {
    fn from(label: Label) -> Self {
        match label {
            Label::Favor => Stance::Favor,
            Label::Against => Stance::Against,
            Label::Neutral => Stance::Neutral,
        }
    }
}

/// Whose stance it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "holder_kind", content = "holder", rename_all = "lowercase")]
pub enum Holder {
    /// The document's author.
    Author,
    /// Somebody whom the text quotes or paraphrases: within a document by the fullest name that it gives, in
    /// a record by the name that the corpus has for the actor.
    Actor(String),
}

impl Holder {
    /// `author` or `actor`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Holder::Author => "author",
            Holder::Actor(_) => "actor",
        }
    }

    /// How a model that reads holders is asked for what somebody holds of a target: this is its
    /// pair's target. Models are trained with the same words.
    pub fn question(holder: &str, target: &str) -> String {
        format!("{holder}: {target}")
    }

    /// What such a model reads: the text as it is where the last word of the holder's name stands in it,
    /// and with the name before it, as in a script, where it does not.
    pub fn scripted<'t>(holder: &str, text: &'t str) -> Cow<'t, str> {
        let last = holder.rsplit(' ').next().unwrap_or(holder);
        match text.contains(last) {
            true => Cow::Borrowed(text),
            false => Cow::Owned(format!("{holder}: {text}")),
        }
    }

    /// The actor's name; for the author, the word `author`.
    pub fn name(&self) -> &str {
        match self {
            Holder::Author => "author",
            Holder::Actor(name) => name,
        }
    }
}

/// How a passage comes to carry its holder's stance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// The author speaks.
    Own,
    /// Somebody else's words, in quotation marks.
    Quoted,
    /// Somebody else's view, in the author's words.
    Paraphrased,
    /// Something that somebody did, in the author's words: "rejected the plan".
    Reported,
}

impl Voice {
    /// The name used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Voice::Own => "own",
            Voice::Quoted => "quoted",
            Voice::Paraphrased => "paraphrased",
            Voice::Reported => "reported",
        }
    }
}

/// A passage that carries a stance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its bytes in the text of the record's document.
    pub span: Span,
    /// The text at that span.
    pub text: String,
    /// Whose words it is in.
    pub voice: Voice,
    /// The actor's name as the record's document has it, which need not be the one that the corpus has for
    /// the holder; none for the author.
    #[serde(default)]
    pub named: Option<String>,
    /// The words for an actor in the record's document: the source of what is attributed, or the name
    /// of who acts. They may stand in another passage.
    pub mention: Option<Span>,
    /// The words that attribute it ("said").
    pub cue: Option<Span>,
    /// What is attributed: in order and disjoint.
    pub content: Vec<Span>,
    /// What the stance model says of this passage alone.
    pub probabilities: Probabilities,
    /// How much it weighs in its record; a record's evidence is ranked by it. In [0, 1].
    pub weight: f32,
}

/// One row of the result: document × holder × target → stance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Id of the document.
    pub document: String,
    /// Id of its piece.
    pub piece: String,
    /// Whose stance.
    #[serde(flatten)]
    pub holder: Holder,
    /// Id of the target.
    pub target: String,
    /// The answer.
    pub stance: Stance,
    /// The probabilities that it was taken from.
    pub probabilities: Probabilities,
    /// How many of the holder's passages bear on the target and were scored.
    pub passages: usize,
    /// The passages that carry it, heaviest first.
    pub evidence: Vec<Evidence>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_of_large_logits_stays_finite_and_temperature_flattens() {
        let sharp = Probabilities::from_logits([1000.0, 0.0, -1000.0], 1.0);
        assert_eq!((sharp.favor, sharp.against, sharp.neutral), (1.0, 0.0, 0.0));
        let p = Probabilities::from_logits([2.0, 0.0, 0.0], 2.0);
        assert!((p.favor - 0.576_116_9).abs() < 1e-6, "e / (e + 2) = 0.5761, got {}", p.favor);
        assert_eq!(p.label(), Label::Favor);
    }

    #[test]
    fn equal_parts_go_to_the_earlier_label() {
        assert_eq!(Probabilities::new(0.4, 0.4, 0.2).label(), Label::Favor);
        assert_eq!(Probabilities::new(0.2, 0.4, 0.4).label(), Label::Against);
    }

    #[test]
    fn a_record_is_a_flat_row() {
        let record = Record {
            document: "d".into(),
            piece: "d".into(),
            holder: Holder::Actor("Ilse Maron".into()),
            target: "t".into(),
            stance: Stance::Abstained,
            probabilities: Probabilities::new(0.5, 0.25, 0.25),
            passages: 1,
            evidence: vec![],
        };
        let json = serde_json::to_string(&record).unwrap();
        assert!(json.contains(r#""holder_kind":"actor","holder":"Ilse Maron""#), "{json}");
        assert!(json.contains(r#""stance":"abstained""#), "{json}");
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    }
}
