//! MiniLM through rust-bert: the same promises as through our own encoder, and the same answers.
#![cfg(feature = "libtorch")]

use standpoint_core::{Embedder as _, Pair, StanceModel as _, testing};
use standpoint_encoder::{Floats, ModelFiles, Precision, read_tensors};
use std::path::Path;

/// The files of a built-in model as Hugging Face has them: weights as f32.
fn folder(files: &ModelFiles, prefix: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("it can be written");
    };
    write("model.toml", &files.model_toml);
    write("config.json", &files.config);
    write("tokenizer.json", &files.tokenizer);
    let tensor = |(name, Floats { shape, values }): (String, Floats)| {
        let shape: Vec<i64> = shape.iter().map(|&x| x as i64).collect();
        let prefix = if name.starts_with("classifier") { "" } else { prefix };
        (format!("{prefix}{name}"), tch::Tensor::from_slice(&values).view(&shape[..]))
    };
    let tensors: Vec<_> =
        read_tensors(&files.weights).expect("weights that load").into_iter().map(tensor).collect();
    tch::Tensor::write_safetensors(&tensors, folder.path().join("model.safetensors"))
        .expect("tensors can be written");
    folder
}

const TEXTS: [&str; 6] = [
    "The levy works.",
    "Mr. Tolva said the guarantees were “not worth the paper”, and left.",
    "Sanctions on the central bank have not stopped the war, and they have made bread dear.",
    "a",
    "Ще одна стаття про ядерну станцію.",
    "Nobody who has seen the figures can defend the tunnel; the council should bury it.",
];

#[test]
fn the_embedder_conforms_and_agrees_with_our_encoder() {
    let folder = folder(&minilm::FILES, "");
    let model = standpoint_rust_bert::embedder(folder.path()).unwrap();
    testing::check_embedder(model.as_ref());
    let long = "The minister said that the tax is neither fair nor needed. ".repeat(40);
    let texts: Vec<&str> = TEXTS.into_iter().chain([long.as_str()]).collect();
    let found = model.embed(&texts).unwrap();
    let ours = minilm::load(Precision::F32).unwrap().embed(&texts).unwrap();
    assert_eq!(found.truncated, ours.truncated);
    for ((a, b), text) in found.vectors.outer_iter().zip(ours.vectors.outer_iter()).zip(texts) {
        let cosine = a.dot(&b);
        assert!(cosine > 0.9999, "cosine {cosine} for {text:?}");
    }
}

#[test]
fn the_stance_model_conforms_and_agrees_with_our_encoder() {
    let folder = folder(&minilm_stance::FILES, "bert.");
    let model = standpoint_rust_bert::stance_model(folder.path()).unwrap();
    testing::check_stance_model(model.as_ref());
    let targets = ["the levy", "sanctions on the central bank", "The tunnel should be built"];
    let pairs: Vec<Pair<'_>> =
        targets.into_iter().flat_map(|target| TEXTS.map(|text| Pair { target, text })).collect();
    let found = model.classify(&pairs).unwrap();
    let ours = minilm_stance::load(Precision::F32).unwrap().classify(&pairs).unwrap();
    for ((a, b), pair) in found.iter().zip(&ours).zip(&pairs) {
        let (a, b) = (a.probabilities, b.probabilities);
        assert_eq!(a.label(), b.label(), "{pair:?}");
        assert!(
            (a.favor - b.favor).abs() < 1e-3 && (a.against - b.against).abs() < 1e-3,
            "{pair:?}"
        );
    }
}

#[test]
fn what_rust_bert_cannot_load_is_an_error_and_no_panic() {
    let error =
        |folder: &Path| standpoint_rust_bert::stance_model(folder).err().unwrap().to_string();
    let folder = folder(&minilm_stance::FILES, "bert.");
    let config = folder.path().join("config.json");
    let whole = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, whole.replace("\"bert\"", "\"mamba\"")).unwrap();
    assert!(error(folder.path()).contains("rust-bert has no family \"mamba\""));
    std::fs::write(&config, whole.replace("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"sinus\""))
        .unwrap();
    assert!(error(folder.path()).contains("rust-bert: "), "a config that rust-bert panics on");
    std::fs::write(&config, whole).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), "no tensors").unwrap();
    assert!(error(folder.path()).contains("rror"), "{}", error(folder.path()));
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert!(error(folder.path()).contains("model.safetensors cannot be read"));
}
