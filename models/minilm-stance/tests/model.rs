//! The model keeps the promises of its trait, and its logits are those of another implementation.

use serde_json::Value;
use standpoint_core::{Pair, StanceModel};
use standpoint_encoder::Precision;

#[test]
fn it_conforms_in_every_precision_of_this_processor() {
    standpoint_core::testing::check_stance_model(&minilm_stance::load(Precision::F32).unwrap());
    for precision in [Precision::Bf16, Precision::Int8] {
        if let Ok(model) = minilm_stance::load(precision) {
            assert_eq!(model.info().precision, precision.to_string());
            standpoint_core::testing::check_stance_model(&model);
        }
    }
}

/// `reference.json` is made by `models/reference.py`, with torch, from the weights in this folder.
#[test]
fn its_logits_are_those_of_torch() {
    let reference: Vec<Value> = serde_json::from_str(include_str!("reference.json")).unwrap();
    let part = |row: &'_ Value, name: &str| row[name].as_str().unwrap().to_owned();
    let parts: Vec<_> =
        reference.iter().map(|row| (part(row, "target"), part(row, "text"))).collect();
    let pairs: Vec<Pair<'_>> = parts.iter().map(|(target, text)| Pair { target, text }).collect();
    let found = minilm_stance::load(Precision::F32).unwrap().logits(&pairs).unwrap();
    for ((row, pair), (logits, _)) in reference.iter().zip(&pairs).zip(&found) {
        for (i, logit) in logits.iter().enumerate() {
            let expected = row["expected"][i].as_f64().unwrap();
            let difference = (f64::from(*logit) - expected).abs();
            assert!(difference < 1e-4, "logit {i} is {logit}, not {expected}, for {pair:?}");
        }
    }
    let truncated: Vec<usize> = found.iter().map(|(_, truncated)| *truncated).collect();
    assert_eq!(truncated[..11], [0; 11]);
    assert_eq!(truncated[11], 40 * 15 - 253, "no target, three special tokens");
}

#[test]
fn the_temperature_flattens_the_logits() {
    let model = minilm_stance::load(Precision::F32).unwrap();
    let pair = Pair { target: "a carbon tax", text: "A carbon tax is a disaster for workers." };
    let temperature = minilm_stance::FILES.settings().unwrap().stance.unwrap().temperature;
    let (logits, _) = model.logits(&[pair]).unwrap()[0];
    let found = model.classify(&[pair]).unwrap()[0].probabilities;
    let odds = ((logits[1] - logits[0]) / temperature).exp();
    assert!((found.against / found.favor / odds - 1.0).abs() < 1e-3, "{found:?} from {logits:?}");
}
