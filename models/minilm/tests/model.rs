//! The model keeps the promises of its trait, and its vectors are those of another implementation.

use serde_json::Value;
use standpoint_core::Embedder;
use standpoint_encoder::Precision;

#[test]
fn it_conforms_in_every_precision_of_this_processor() {
    standpoint_core::testing::check_embedder(&minilm::load(Precision::F32).unwrap());
    for precision in [Precision::Bf16, Precision::Int8] {
        if let Ok(model) = minilm::load(precision) {
            assert_eq!(model.info().precision, precision.to_string());
            standpoint_core::testing::check_embedder(&model);
        }
    }
}

/// `reference.json` is made by `models/reference.py`, with torch, from the weights in this folder.
#[test]
fn its_vectors_are_those_of_torch() {
    let reference: Vec<Value> = serde_json::from_str(include_str!("reference.json")).unwrap();
    let texts: Vec<&str> = reference.iter().map(|row| row["text"].as_str().unwrap()).collect();
    let found = minilm::load(Precision::F32).unwrap().embed(&texts).unwrap();
    for (row, vector) in reference.iter().zip(found.vectors.outer_iter()) {
        let expected = row["expected"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap());
        let expected: Vec<f64> = expected.collect();
        let vector = vector.mapv(f64::from);
        assert_eq!(expected.len(), vector.len());
        let cosine: f64 = expected.iter().zip(&vector).map(|(a, b)| a * b).sum();
        let difference = expected.iter().zip(&vector).map(|(a, b)| (a - b).abs());
        let largest = difference.fold(0.0, f64::max);
        assert!(cosine > 0.99999, "cosine {cosine} for {:?}", row["text"]);
        assert!(largest < 1e-5, "difference {largest} for {:?}", row["text"]);
    }
    for (precision, least) in [(Precision::Bf16, 0.9999), (Precision::Int8, 0.99)] {
        let Ok(model) = minilm::load(precision) else { continue };
        let vectors = model.embed(&texts).unwrap().vectors;
        for (exact, vector) in found.vectors.outer_iter().zip(vectors.outer_iter()) {
            let cosine = exact.dot(&vector);
            assert!(cosine > least, "{precision}: cosine {cosine}");
            assert!(cosine < 0.999_999_9, "{precision}: a product that rounds leaves a trace");
        }
    }
    assert_eq!(found.truncated[..11], [0; 11]);
    assert_eq!(found.truncated[11], 40 * 15 - 254, "fifteen tokens a sentence, two are special");
}

#[test]
fn nothing_is_near_an_empty_text() {
    let found = minilm::load(Precision::Auto).unwrap().embed(&["", " \n", "."]).unwrap();
    let lengths: Vec<f32> = found.vectors.outer_iter().map(|row| row.dot(&row)).collect();
    assert_eq!(lengths[..2], [0.0, 0.0]);
    assert!((lengths[2] - 1.0).abs() < 1e-5, "a full stop is a token");
}
