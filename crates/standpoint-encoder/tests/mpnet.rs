//! An MPNet's vectors are those of another implementation: `models/reference.py mpnet` made the folder
//! `mpnet`, a small one of random weights with what transformers says.

use serde_json::Value;
use standpoint_core::Embedder;
use standpoint_encoder::{Bytes, ModelFiles, Precision, SentenceEncoder};

const TOML: &str = r#"name = "mpnet"
    task = "embedding"
    description = ""
    license = "MIT"
    source = ""
    languages = ["en"]
    max_tokens = 200
    [embedding]
    pooling = "mean"
    bearing_similarity = 0.3"#;

fn files() -> ModelFiles {
    ModelFiles {
        origin: "mpnet".into(),
        model_toml: TOML.as_bytes().into(),
        config: include_bytes!("mpnet/config.json").into(),
        tokenizer: include_bytes!("mpnet/tokenizer.json").into(),
        weights: Bytes::from_static(include_bytes!("mpnet/model.safetensors")),
    }
}

#[test]
fn its_vectors_are_those_of_transformers() {
    let model = SentenceEncoder::load(&files(), Precision::F32).unwrap();
    standpoint_core::testing::check_embedder(&model);
    let reference: Vec<Value> = serde_json::from_str(include_str!("mpnet/reference.json")).unwrap();
    let texts: Vec<&str> = reference.iter().map(|row| row["text"].as_str().unwrap()).collect();
    let found = model.embed(&texts).unwrap();
    assert_eq!(reference.last().unwrap()["tokens"], 200, "the longest that it reads");
    assert!(found.truncated.iter().all(|cut| *cut == 0));
    for (row, vector) in reference.iter().zip(found.vectors.outer_iter()) {
        let expected: Vec<f32> = serde_json::from_value(row["expected"].clone()).unwrap();
        assert_eq!(expected.len(), vector.len());
        for (ours, theirs) in vector.iter().zip(&expected) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} is not {theirs} in {:?}", row["text"]);
        }
    }
}

#[test]
fn one_token_more_than_it_has_places_for_is_refused() {
    let model_toml = TOML.replace("200", "201").into_bytes().into();
    let error = SentenceEncoder::load(&ModelFiles { model_toml, ..files() }, Precision::F32);
    let error = error.err().unwrap().to_string();
    let expected =
        "max_tokens is 201, and config.json's max_position_embeddings is 202, for 200 tokens";
    assert!(error.contains(expected), "{error}");
}
