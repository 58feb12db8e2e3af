//! Who of two that a sentence names holds what of the other: rows, answers and scores.
//!
//! The task of Park et al. ("Who Blames or Endorses Whom? Entity-to-Entity Directed Sentiment Extraction
//! in News Text", Findings of ACL 2021): neutral, or one of two is for or against the other.

use crate::bootstrap::{self, Estimate};
use serde::{Deserialize, Serialize};
use standpoint_core::{Label, Probabilities};

/// A sentence with two entities, and who of them holds what of the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// The sentence.
    pub text: String,
    /// The two, as whole words of the sentence.
    pub names: [String; 2],
    /// What is right.
    pub gold: Relation,
}

/// Who of two holds what of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Relation {
    /// Neither has a stance.
    Neutral,
    /// The first is for the second.
    FirstFavors,
    /// The first is against the second.
    FirstAgainst,
    /// The second is for the first.
    SecondFavors,
    /// The second is against the first.
    SecondAgainst,
}

impl Relation {
    /// All of them.
    pub const ALL: [Relation; 5] = [
        Relation::Neutral,
        Relation::FirstFavors,
        Relation::FirstAgainst,
        Relation::SecondFavors,
        Relation::SecondAgainst,
    ];

    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Relation::Neutral => "neutral",
            Relation::FirstFavors => "first favors second",
            Relation::FirstAgainst => "first against second",
            Relation::SecondFavors => "second favors first",
            Relation::SecondAgainst => "second against first",
        }
    }

    /// What is most likely, given what a model says that the first holds of the second, and the second
    /// of the first, taken as independent; both having a stance is left out, as in the task.
    pub fn decide(first: Probabilities, second: Probabilities) -> Relation {
        let likely = |relation: Relation| match relation {
            Relation::Neutral => first.neutral * second.neutral,
            Relation::FirstFavors => first.favor * second.neutral,
            Relation::FirstAgainst => first.against * second.neutral,
            Relation::SecondFavors => second.favor * first.neutral,
            Relation::SecondAgainst => second.against * first.neutral,
        };
        let mut best = Relation::Neutral;
        for relation in Relation::ALL {
            if likely(relation) > likely(best) {
                best = relation;
            }
        }
        best
    }

    /// What the first of the two holds of the second, and the second of the first.
    pub const fn labels(self) -> [Label; 2] {
        match self {
            Relation::Neutral => [Label::Neutral, Label::Neutral],
            Relation::FirstFavors => [Label::Favor, Label::Neutral],
            Relation::FirstAgainst => [Label::Against, Label::Neutral],
            Relation::SecondFavors => [Label::Neutral, Label::Favor],
            Relation::SecondAgainst => [Label::Neutral, Label::Against],
        }
    }
}

/// A row as it stands in a file.
#[derive(Deserialize)]
struct Row {
    text: String,
    entity1: String,
    entity2: String,
    label: String,
    direction: String,
}

impl Related {
    /// Reads a line of JSON with the fields `text`, `entity1`, `entity2`, `label` and `direction`
    /// (`1>2`, `2>1`, `both`).
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn parse(line: &str) -> Result<Related, String> {
        let row: Row = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let label = Label::parse(&row.label).ok_or(format!("no label {:?} is known", row.label))?;
        let gold = match (row.direction.as_str(), label) {
            ("1>2" | "2>1" | "both", Label::Neutral) => Relation::Neutral,
            ("1>2", Label::Favor) => Relation::FirstFavors,
            ("1>2", Label::Against) => Relation::FirstAgainst,
            ("2>1", Label::Favor) => Relation::SecondFavors,
            ("2>1", Label::Against) => Relation::SecondAgainst,
            (other, _) => return Err(format!("direction {other:?} with label {:?}", row.label)),
        };
        let names = [&row.entity1, &row.entity2].map(|entity| whole_name(&row.text, entity));
        Ok(Related { names, gold, text: row.text })
    }
}

/// An entity as a name: annotators' spans cut a word's last letter off ("Los Angele") or take the mark
/// of a possessive along ("Kasich’").
fn whole_name(text: &str, entity: &str) -> String {
    let entity = entity.trim();
    let rest = text.find(entity).map_or("", |at| &text[at + entity.len()..]);
    let tail = rest.chars().take_while(|c| c.is_alphabetic());
    let whole: String = entity.chars().chain(tail).collect();
    let whole = whole.trim_end_matches(['\'', '’']);
    whole.strip_suffix("'s").or(whole.strip_suffix("’s")).unwrap_or(whole).to_owned()
}

/// Answers against gold over five classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RelatedScores {
    /// Rows.
    pub rows: usize,
    /// For each relation: its name, rows of gold, and F1.
    pub classes: Vec<(&'static str, usize, f64)>,
    /// Mean F1 of the classes in gold, with its interval.
    pub macro_f1: Estimate,
}

impl RelatedScores {
    /// Scores pairs of gold and answer.
    pub fn of(rows: &[(Relation, Relation)]) -> RelatedScores {
        let classes = Relation::ALL.map(|relation| {
            (
                relation.as_str(),
                rows.iter().filter(|(gold, _)| *gold == relation).count(),
                f1(rows.iter(), relation),
            )
        });
        let all: Vec<usize> = (0..rows.len()).collect();
        let figure = |draw: &[usize]| {
            let drawn = || draw.iter().map(|&at| &rows[at]);
            let in_gold = Relation::ALL.into_iter().filter(|r| drawn().any(|(gold, _)| gold == r));
            let scores: Vec<f64> = in_gold.map(|relation| f1(drawn(), relation)).collect();
            scores.iter().sum::<f64>() / scores.len().max(1) as f64
        };
        let [interval] = bootstrap::intervals(rows.len(), |draw| [Some(figure(draw))]);
        let macro_f1 = Estimate { value: figure(&all), interval };
        RelatedScores { rows: rows.len(), classes: classes.to_vec(), macro_f1 }
    }

    /// The figures as text.
    pub fn to_text(&self) -> String {
        let mut text = format!("rows      {}\nmacro-F1  {:.3}", self.rows, self.macro_f1.value);
        if let Some(interval) = self.macro_f1.interval {
            text += &format!(" [{:.3}, {:.3}]", interval.low, interval.high);
        }
        text += "\n\n";
        for (name, support, f1) in &self.classes {
            text += &format!("{name:<22} {support:>6} rows   F1 {f1:.3}\n");
        }
        text
    }
}

fn f1<'a>(rows: impl Iterator<Item = &'a (Relation, Relation)>, of: Relation) -> f64 {
    let (mut right, mut all) = (0, 0);
    for (gold, found) in rows {
        right += usize::from(*gold == of && *found == of);
        all += usize::from(*gold == of) + usize::from(*found == of);
    }
    if all == 0 { 0.0 } else { 2.0 * right as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_whole_words_and_who_holds() {
        let row = |direction: &str, label: &str| {
            let row = serde_json::json!({
                "text": "A Los Angeles official praised Kasich’s plan.",
                "entity1": "Los Angele", "entity2": "Kasich’", "direction": direction, "label": label,
            });
            Related::parse(&row.to_string())
        };
        let related = row("2>1", "against").unwrap();
        assert_eq!(related.names, ["Los Angeles", "Kasich"]);
        assert_eq!(related.gold, Relation::SecondAgainst);
        assert_eq!(related.gold.labels(), [Label::Neutral, Label::Against]);
        assert_eq!(row("both", "neutral").unwrap().gold, Relation::Neutral);
        assert!(row("both", "favor").unwrap_err().contains("direction \"both\""));
    }

    #[test]
    fn one_of_two_answers_decides() {
        let p = Probabilities::new;
        let quiet = p(0.1, 0.1, 0.8);
        assert_eq!(Relation::decide(p(0.1, 0.7, 0.2), quiet), Relation::FirstAgainst);
        assert_eq!(Relation::decide(quiet, p(0.7, 0.1, 0.2)), Relation::SecondFavors);
        assert_eq!(Relation::decide(p(0.4, 0.1, 0.5), quiet), Relation::Neutral);
        // Both seem to hold something: the surer one.
        assert_eq!(Relation::decide(p(0.9, 0.0, 0.1), p(0.0, 0.8, 0.2)), Relation::FirstFavors);
    }

    #[test]
    fn macro_f1_is_over_the_classes_in_gold() {
        use Relation::{FirstAgainst, Neutral};
        let rows = [(Neutral, Neutral), (Neutral, FirstAgainst), (FirstAgainst, FirstAgainst)];
        let scores = RelatedScores::of(&rows);
        // Both classes: one of two right and one wrong, F1 2/3.
        assert!((scores.macro_f1.value - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(scores.classes[1], ("first favors second", 0, 0.0));
    }
}
