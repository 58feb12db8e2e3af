//! Pairs whose stance is somebody's whom the text names.
//!
//! A model that is asked "whose stance toward what" ([`Holder::question`]) has to learn that the stance
//! of a text is not that of everybody in it. Beside rows that name a holder, sentences with two entities
//! and a direction teach it.

use crate::data::Row;
use crate::recipe::LabelMeaning;
use anyhow::{Error, Result};
use standpoint_core::Holder;
use standpoint_report::evaluation::{Related, Relation};

/// Both questions of a sentence with two entities: what each of them holds of the other. Where neither
/// has a stance, one question is enough.
pub(crate) fn related(line: &str) -> Result<Vec<Row>> {
    let Related { text, names: [first, second], gold } =
        Related::parse(line).map_err(Error::msg)?;
    let [of_first, of_second] =
        gold.labels().map(|label| LabelMeaning::Certain(label).probabilities());
    let ask = |holder: &str, target: &str, gold| Row {
        text: text.clone(),
        target: Holder::question(holder, target),
        gold,
    };
    let mut rows = vec![ask(&first, &second, of_first)];
    if gold != Relation::Neutral {
        rows.push(ask(&second, &first, of_second));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOR: [f32; 3] = [1.0, 0.0, 0.0];
    const AGAINST: [f32; 3] = [0.0, 1.0, 0.0];
    const NEUTRAL: [f32; 3] = [0.0, 0.0, 1.0];

    #[test]
    fn the_one_who_holds_is_for_or_against_and_the_other_is_neutral() {
        let asked = |direction: &str, label: &str| -> Vec<(String, [f32; 3])> {
            let row = serde_json::json!({
                "text": "A Los Angeles official praised Kasich’s plan.", "label": label,
                "entity1": "Los Angele", "entity2": "Kasich’", "direction": direction,
            });
            let rows = related(&row.to_string()).unwrap().into_iter();
            rows.map(|row| (row.target, row.gold)).collect()
        };
        let (first, second) = ("Los Angeles: Kasich".to_owned(), "Kasich: Los Angeles".to_owned());
        assert_eq!(asked("1>2", "favor"), [(first.clone(), FOR), (second.clone(), NEUTRAL)]);
        assert_eq!(asked("2>1", "against"), [(first.clone(), NEUTRAL), (second, AGAINST)]);
        assert_eq!(asked("both", "neutral"), [(first, NEUTRAL)]);
    }
}
