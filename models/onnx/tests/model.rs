//! Both engines keep the promises of the traits, their answers are those of our own encoder with the
//! same weights, and no file makes rten panic.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod bert;

use bert::Graph;
use rayon::prelude::*;
use standpoint_core::{Embedder, Pair, StanceModel};
use standpoint_encoder::Precision;
use std::cell::Cell;
use std::collections::BTreeSet;
use tempfile::TempDir;

const TEXTS: [&str; 12] = [
    "The levy works.",
    "a",
    "A carbon tax is a disaster for workers.",
    "We need a price on carbon, and we need it now; nothing else has cut emissions so cheaply.",
    "Mr. Tolva said the guarantees were “not worth the paper”, and left.",
    "Residents of Cape Orlen cheered when the station was approved.",
    "Nobody who lives near Cape Orlen wants the station, and they are right.",
    "Ще одна стаття про ядерну станцію.",
    "日本は原子力発電所を再稼働すべきだ。",
    "🙂 well…  tabs\tand\nlines",
    "It rained on Tuesday, and the match was called off after an hour.",
    "Sanctions on the central bank have not stopped the war, and they have made bread dear for those \
     who never wanted it; yet to lift them now would tell the next aggressor that patience pays.",
];

const TARGETS: [&str; 3] = ["a carbon tax", "The station at Cape Orlen should be built", ""];

/// The texts, and one that is longer than the model can read.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = TEXTS.map(str::to_owned).into();
    texts.push(TEXTS.join(" ").repeat(3));
    texts
}

fn check_embedder(model: &dyn Embedder) {
    standpoint_core::testing::check_embedder(model);
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = model.embed(&texts).unwrap();
    let ours = minilm::load(Precision::F32).unwrap().embed(&texts).unwrap();
    assert_eq!(found.truncated, ours.truncated);
    assert!(found.truncated[12] > 100, "the last text is cut at 256 tokens");
    for ((a, b), text) in found.vectors.outer_iter().zip(ours.vectors.outer_iter()).zip(&texts) {
        let cosine = a.dot(&b);
        assert!(cosine > 0.9999, "cosine {cosine} for {text:?}");
    }
}

fn check_stance_model(model: &dyn StanceModel) {
    standpoint_core::testing::check_stance_model(model);
    let texts = texts();
    let beside = |target| texts.iter().map(move |text| Pair { target, text });
    let pairs: Vec<Pair<'_>> = TARGETS.into_iter().flat_map(beside).collect();
    let found = model.classify(&pairs).unwrap();
    let ours = minilm_stance::load(Precision::F32).unwrap().classify(&pairs).unwrap();
    for ((a, b), pair) in found.iter().zip(&ours).zip(&pairs) {
        let (p, q) = (a.probabilities, b.probabilities);
        assert_eq!((p.label(), a.truncated), (q.label(), b.truncated), "{pair:?}");
        for (x, y) in [(p.favor, q.favor), (p.against, q.against), (p.neutral, q.neutral)] {
            assert!((x - y).abs() < 1e-3, "{x} is not {y} for {pair:?}");
        }
    }
    let labels: BTreeSet<_> = found.iter().map(|one| one.probabilities.label().as_str()).collect();
    assert_eq!(labels.len(), 3, "pairs of one label alone would prove little: {labels:?}");
}

#[test]
fn rtens_vectors_are_those_of_our_encoder() {
    let folder = bert::folder(&minilm::FILES);
    check_embedder(&onnx::embedder(folder.path()).unwrap());
}

#[test]
fn rtens_stances_are_those_of_our_encoder() {
    let folder = bert::folder(&minilm_stance::FILES);
    check_stance_model(&onnx::stance_model(folder.path()).unwrap());
}

#[test]
fn a_rayon_worker_that_waits_for_rten_takes_up_nothing_else() {
    thread_local!(static DEPTH: Cell<usize> = const { Cell::new(0) });
    let folder = bert::folder(&minilm::FILES);
    let model = onnx::embedder(folder.path()).unwrap();
    let texts = TEXTS.repeat(4);
    let alone = model.embed(&texts).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let embed = |text: &&str| {
        DEPTH.set(DEPTH.get() + 1);
        let depth = DEPTH.get();
        let found = model.embed(&[text]).unwrap();
        DEPTH.set(DEPTH.get() - 1);
        (depth, found.vectors.row(0).to_owned())
    };
    let found: Vec<_> = pool.install(|| texts.par_iter().map(embed).collect());
    for ((depth, vector), alone) in found.iter().zip(alone.vectors.outer_iter()) {
        assert_eq!(*depth, 1, "a text was begun while another waited on the same thread");
        assert_eq!(vector.view(), alone);
    }
}

/// A folder of a family that nobody knows, with this graph in it; its vectors are of four numbers.
fn tiny(model: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let config = r#"{"model_type": "tiny", "hidden_size": 4, "vocab_size": 8}"#;
    let tokenizer = r###"{"version": "1.0", "added_tokens": [], "pre_tokenizer":
        {"type": "BertPreTokenizer"}, "model": {"type": "WordPiece", "unk_token": "[UNK]",
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab":
        {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "levy": 3}}}"###;
    write("config.json", config.as_bytes());
    write("tokenizer.json", tokenizer.as_bytes());
    write("model.onnx", model);
    folder
}

/// Looks word vectors up, and adds the ones of token types.
fn lookup(inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let mut graph = Graph::default();
    let table: Vec<f32> = (0..32_u8).map(f32::from).collect();
    graph.floats("words", &[8, 4], &table);
    graph.floats("types", &[2, 4], &[0.5; 8]);
    graph.node("Gather", &["words", inputs[0]], "a", &[]);
    graph.node("Gather", &["types", inputs[1]], "b", &[]);
    graph.node("Add", &["a", "b"], "sum", &[]);
    for output in outputs {
        graph.node("Identity", &["sum"], output, &[]);
    }
    graph.model(inputs, outputs)
}

fn error(folder: &TempDir) -> String {
    let error = onnx::embedder(folder.path()).err().expect("an error").to_string();
    assert!(error.starts_with(&format!("model {}: ", folder.path().display())), "{error}");
    assert!(error.contains("model.onnx"), "{error}");
    error
}

#[test]
fn a_missing_or_broken_file_is_named() {
    let model = lookup(&["input_ids", "token_type_ids"], &["last_hidden_state"]);
    let whole = tiny(&model);
    let vector = onnx::embedder(whole.path()).unwrap().embed(&["levy"]).unwrap().vectors;
    // [CLS] levy [SEP]: the mean of the rows from 4, 12 and 8 on.
    let expected = [8.5_f32, 9.5, 10.5, 11.5];
    let length = expected.iter().map(|x| x * x).sum::<f32>().sqrt();
    for (found, expected) in vector.iter().zip(expected) {
        assert!((found - expected / length).abs() < 1e-6, "{vector}");
    }

    std::fs::remove_file(whole.path().join("model.onnx")).unwrap();
    assert!(error(&whole).contains("model.onnx cannot be read"));
    for length in 0..model.len() {
        error(&tiny(&model[..length]));
    }
    // A node in a graph, each of 4 TB, and the name of its input as long as that: rten would reserve it.
    let length = |field: u8, last: u8| [field << 3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, last];
    let sized = [&[0x08, 8][..], &length(7, 0x7f), &length(1, 0x78), &length(1, 0x70)].concat();
    error(&tiny(&sized));

    let mut random = fastrand::Rng::with_seed(1);
    for length in [1, 10, 100, 1_000, 100_000] {
        let bytes: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
        error(&tiny(&bytes));
    }
}

#[test]
fn no_damage_ends_the_program() {
    let model = lookup(&["input_ids", "token_type_ids"], &["last_hidden_state"]);
    let mut random = fastrand::Rng::with_seed(1);
    let mut errors = BTreeSet::new();
    let mut survived = 0;
    for _ in 0..3_000 {
        let mut bytes = model.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        match onnx::embedder(tiny(&bytes).path()) {
            Ok(_) => survived += 1,
            Err(error) => {
                _ = errors.insert(error.to_string().split_once("onnx: ").unwrap().1.to_owned())
            }
        }
    }
    assert!(survived > 300, "{survived}: bytes of weights may be any");
    assert!(errors.len() > 30, "{} kinds of damage were found", errors.len());
}

#[test]
fn a_graph_of_another_kind_is_refused_with_what_it_takes_and_gives() {
    let positions = error(&tiny(&lookup(&["input_ids", "position_ids"], &["last_hidden_state"])));
    assert!(positions.contains("model.onnx: the graph takes an input position_ids"), "{positions}");
    let no_ids =
        error(&tiny(&lookup(&["attention_mask", "token_type_ids"], &["last_hidden_state"])));
    assert!(no_ids.contains("model.onnx: the graph takes no input input_ids"), "{no_ids}");
    let empty = error(&tiny(&lookup(&["input_ids", "token_type_ids"], &[])));
    assert!(empty.contains("model.onnx: the graph has no output"), "{empty}");

    let mut wide = Graph::default();
    wide.floats("words", &[8, 8], &[0.0; 64]);
    wide.node("Gather", &["words", "input_ids"], "pooled", &[]);
    let wide = error(&tiny(&wide.model(&["input_ids"], &["pooled"])));
    let expected =
        "output pooled is of shape [1, 3, 8], not vectors of config.json's hidden_size, 4";
    assert!(wide.contains(expected), "{wide}");

    let mut unknown = Graph::default();
    unknown.node("Dream", &["input_ids"], "last_hidden_state", &[]);
    let unknown = error(&tiny(&unknown.model(&["input_ids"], &["last_hidden_state"])));
    assert!(unknown.contains("Dream"), "{unknown}");
}

#[test]
fn the_output_is_chosen_by_name() {
    let mut graph = Graph::default();
    graph.floats("words", &[8, 4], &[1.0; 32]);
    graph.floats("vector", &[1, 4], &[0.0, 3.0, 0.0, 4.0]);
    graph.node("Gather", &["words", "input_ids"], "last_hidden_state", &[]);
    graph.node("Identity", &["vector"], "sentence_embedding", &[]);
    let outputs = ["last_hidden_state", "sentence_embedding"];
    let folder = tiny(&graph.model(&["input_ids"], &outputs));
    let found = onnx::embedder(folder.path()).unwrap().embed(&["levy"]).unwrap();
    assert_eq!(found.vectors.row(0).to_vec(), [0.0, 0.6, 0.0, 0.8]);
}

#[cfg(feature = "ort")]
mod ort {
    use super::{bert, check_embedder, check_stance_model, lookup, tiny};
    use std::process::Command;

    fn is_there() -> bool {
        let is_there = std::env::var_os("ORT_DYLIB_PATH").is_some();
        if !is_there {
            eprintln!("skipped: ORT_DYLIB_PATH does not say where ONNX Runtime is");
        }
        is_there
    }

    #[test]
    fn its_vectors_are_those_of_our_encoder() {
        if is_there() {
            let folder = bert::folder(&minilm::FILES);
            check_embedder(&onnx::ort_embedder(folder.path()).unwrap());
        }
    }

    #[test]
    fn its_stances_are_those_of_our_encoder() {
        if is_there() {
            let folder = bert::folder(&minilm_stance::FILES);
            check_stance_model(&onnx::ort_stance_model(folder.path()).unwrap());
        }
    }

    #[test]
    fn a_file_that_it_cannot_run_is_named() {
        if is_there() {
            let model = lookup(&["input_ids", "token_type_ids"], &["last_hidden_state"]);
            onnx::ort_embedder(tiny(&model).path()).unwrap();
            for wrong in [
                &model[..model.len() / 2],
                b"random bytes",
                b"",
                &lookup(&["input_ids", "position_ids"], &["last_hidden_state"]),
            ] {
                let error = onnx::ort_embedder(tiny(wrong).path()).err().unwrap().to_string();
                assert!(error.contains(": model.onnx: "), "{error}");
            }
        }
    }

    /// Runs itself again where the variable says something wrong: it is read once in a process.
    #[test]
    fn without_its_library_the_error_says_what_to_set() {
        let wrong =
            ["/nowhere/libonnxruntime.so", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")];
        if std::env::var("ORT_DYLIB_PATH").is_ok_and(|path| wrong.contains(&path.as_str())) {
            let model = lookup(&["input_ids", "token_type_ids"], &["last_hidden_state"]);
            let error = onnx::ort_embedder(tiny(&model).path()).err().unwrap().to_string();
            assert!(error.contains("set ORT_DYLIB_PATH to the path of its library"), "{error}");
            return;
        }
        for path in wrong {
            let run = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "ort::without_its_library_the_error_says_what_to_set"])
                .env("ORT_DYLIB_PATH", path)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success() && said.contains("1 passed"), "{said}");
        }
    }
}
