//! A model folder may come from anywhere: whatever its files claim, loading it ends in a model or in an error,
//! and a model that loads answers with numbers or with an error.

use standpoint_core::{ModelError, Pair, StanceModel, Task};
use standpoint_encoder::{
    Bytes, EngineFolder, Floats, ModelFiles, PairClassifier, Precision, SentenceEncoder, Tokens,
    write_quantized,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

const CONFIG: &str = r#"{"model_type": "bert", "hidden_act": "gelu", "hidden_size": 4,
    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "layer_norm_eps": 1e-12,
    "vocab_size": 4, "type_vocab_size": 2, "max_position_embeddings": 16}"#;

const TOML: &str = r#"name = "tiny"
    task = "stance"
    description = ""
    license = "MIT"
    source = ""
    languages = ["en"]
    max_tokens = 16
    [stance]
    labels = ["favor", "against", "neutral"]
    temperature = 1.0"#;

/// A tokenizer with this post-processor.
fn tokenizer(processor: &str) -> String {
    format!(
        r###"{{"version": "1.0", "added_tokens": [], "post_processor": {processor}, "pre_tokenizer":
        {{"type": "BertPreTokenizer"}}, "model": {{"type": "WordPiece", "unk_token": "[UNK]",
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {{"[UNK]": 0,
        "[CLS]": 1, "[SEP]": 2, "levy": 3}}}}}}"###
    )
}

/// Weights of the config's shapes, of this size.
fn weights(types: usize, size: f32) -> Vec<u8> {
    let mut tensors = BTreeMap::new();
    let mut add = |name: &str, shape: &[usize]| {
        let value = |at: usize| if at.is_multiple_of(2) { size } else { -size / 2.0 };
        let values = (0..shape.iter().product()).map(value).collect();
        tensors.insert(name.to_owned(), Floats { shape: shape.to_vec(), values });
    };
    for (table, rows) in [("word", 4), ("position", 16), ("token_type", types)] {
        add(&format!("embeddings.{table}_embeddings.weight"), &[rows, 4]);
    }
    let layer = "encoder.layer.0";
    for (name, inputs, outputs) in [
        ("attention.self.query", 4, 4),
        ("attention.self.key", 4, 4),
        ("attention.self.value", 4, 4),
        ("attention.output.dense", 4, 4),
        ("intermediate.dense", 4, 8),
        ("output.dense", 8, 4),
    ] {
        add(&format!("{layer}.{name}.weight"), &[outputs, inputs]);
        add(&format!("{layer}.{name}.bias"), &[outputs]);
    }
    let in_layer = ["attention.output", "output"].map(|norm| format!("{layer}.{norm}"));
    for norm in in_layer.into_iter().chain(["embeddings".to_owned()]) {
        add(&format!("{norm}.LayerNorm.weight"), &[4]);
        add(&format!("{norm}.LayerNorm.bias"), &[4]);
    }
    add("pooler.dense.weight", &[4, 4]);
    add("pooler.dense.bias", &[4]);
    add("classifier.weight", &[3, 4]);
    add("classifier.bias", &[3]);
    write_quantized(&tensors).expect("shapes and values fit")
}

fn files(config: &str, tokenizer: &str, weights: Vec<u8>) -> ModelFiles {
    let own = |text: &str| Cow::Owned(text.as_bytes().to_vec());
    ModelFiles {
        origin: "tiny".into(),
        model_toml: own(TOML),
        config: own(config),
        tokenizer: own(tokenizer),
        weights: Bytes::from(weights),
    }
}

fn refused(files: &ModelFiles) -> String {
    PairClassifier::load(files, Precision::F32).err().expect("it is refused").to_string()
}

#[test]
fn the_files_of_these_tests_are_a_model() {
    let files = files(CONFIG, &tokenizer("null"), weights(2, 0.1));
    let model = PairClassifier::load(&files, Precision::F32).unwrap();
    let answers = model.classify(&[Pair { target: "levy", text: "levy levy" }]).unwrap();
    let p = answers[0].probabilities;
    assert!((p.favor + p.against + p.neutral - 1.0).abs() < 1e-6, "{p:?}");
}

#[test]
fn sizes_that_the_weights_do_not_have_are_refused_without_being_reserved() {
    for (from, to, expected) in [
        ("\"num_hidden_layers\": 1", "\"num_hidden_layers\": 4000000000", "outside 1 to 128"),
        ("\"num_hidden_layers\": 1", "\"num_hidden_layers\": 100", "no tensor encoder.layer.1."),
        ("\"vocab_size\": 4", "\"vocab_size\": 4000000", "expected [4000000, 4]"),
        ("\"hidden_size\": 4", "\"hidden_size\": 8192", "has the shape [4, 4]"),
        ("\"intermediate_size\": 8", "\"intermediate_size\": 65536", "has the shape [8"),
        ("_embeddings\": 16", "_embeddings\": 65536", "expected [65536, 4]"),
        ("_embeddings\": 16", "_embeddings\": 15", "max_tokens is 16, and config.json's"),
    ] {
        let config = CONFIG.replace(from, to);
        let error = refused(&files(&config, &tokenizer("null"), weights(2, 0.1)));
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    }
}

#[test]
fn headers_that_claim_more_than_the_file_holds_are_refused() {
    let file = |header: &str| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat()
    };
    let tensor = |shape: &str, end: &str| {
        let range = format!(r#""shape": {shape}, "data_offsets": [0, {end}]"#);
        file(&format!(r#"{{"a": {{"dtype": "F32", {range}}}}}"#))
    };
    let mut endless = file("{}");
    endless[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for weights in [
        endless,
        tensor("[2]", "18446744073709551615"),
        tensor("[4611686018427387906]", "8"),
        tensor("[4294967296, 4294967296]", "8"),
        tensor("[1]", "8"),
        file(&"[".repeat(100_000)),
    ] {
        let error = refused(&files(CONFIG, &tokenizer("null"), weights));
        assert!(error.contains("model.safetensors: "), "{error}");
    }
}

#[test]
fn token_ids_beyond_the_table_are_refused() {
    let config = CONFIG.replace("\"vocab_size\": 4", "\"vocab_size\": 3");
    let error = refused(&files(&config, &tokenizer("null"), weights(2, 0.1)));
    let expected = "its largest token id is 3, and config.json's vocab_size is 3";
    assert!(error.contains(expected), "{error}");
    // A post-processor has ids of its own.
    let processor =
        r#"{"type": "BertProcessing", "sep": ["[SEP]", 4000000000], "cls": ["[CLS]", 1]}"#;
    let error = refused(&files(CONFIG, &tokenizer(processor), weights(2, 0.1)));
    assert!(error.contains("its post_processor has the token id 4000000000"), "{error}");
}

#[test]
fn token_types_that_the_model_has_not_are_refused() {
    let processor = r#"{"type": "TemplateProcessing",
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}},
        "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 1}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]}"#;
    let config = CONFIG.replace("\"type_vocab_size\": 2", "\"type_vocab_size\": 1");
    let mut files = files(&config, &tokenizer(processor), weights(1, 0.1));
    let (head, _) = TOML.split_once("[stance]").unwrap();
    let head = head.replace("\"stance\"", "\"embedding\"");
    let toml = format!("{head}[embedding]\npooling = \"mean\"\nbearing_similarity = 0.3");
    files.model_toml = Cow::Owned(toml.into_bytes());
    let error = SentenceEncoder::load(&files, Precision::F32).err().unwrap().to_string();
    assert!(error.contains("makes texts of token type 1, which the model has not"), "{error}");
    let files = self::files(&config, &self::tokenizer("null"), weights(1, 0.1));
    let error = refused(&files);
    assert!(error.contains("makes pairs of token type 1, which the model has not"), "{error}");
}

#[test]
fn more_special_tokens_around_a_text_than_there_are_places_are_refused() {
    let single = [r#"{"SpecialToken": {"id": "[CLS]", "type_id": 0}}"#; 16].join(", ");
    let processor = format!(
        r#"{{"type": "TemplateProcessing",
        "special_tokens": {{"[CLS]": {{"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}}},
        "single": [{single}, {{"Sequence": {{"id": "A", "type_id": 0}}}}],
        "pair": [{{"SpecialToken": {{"id": "[CLS]", "type_id": 0}}}},
            {{"Sequence": {{"id": "A", "type_id": 0}}}}, {{"Sequence": {{"id": "B", "type_id": 1}}}}]}}"#
    );
    let error = refused(&files(CONFIG, &tokenizer(&processor), weights(2, 0.1)));
    assert!(error.contains("max_tokens is 16: no room beside the special tokens"), "{error}");
}

#[test]
fn weights_that_are_finite_and_too_large_give_an_error_and_no_answer() {
    let large = files(CONFIG, &tokenizer("null"), weights(2, 1e37));
    let model = PairClassifier::load(&large, Precision::F32).unwrap();
    let error = model.classify(&[Pair { target: "levy", text: "levy" }]).unwrap_err();
    assert!(matches!(&error, ModelError::Run { bytes: 4, .. }), "{error}");
    assert!(error.to_string().contains("its weights are too large"), "{error}");
}

#[test]
fn a_token_of_half_a_character_gets_the_whole_of_it() {
    let json = r#"{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "ByteLevel",
        "add_prefix_space": false, "trim_offsets": false, "use_regex": false}, "post_processor":
        {"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]}, "model": {"type": "BPE",
        "vocab": {"Ã": 0, "<s>": 1, "</s>": 2, "¤": 3}, "merges": []}}"#;
    let placed = Tokens::parse(json.as_bytes(), 4, 8).unwrap().placed("ä").unwrap();
    let spans: Vec<_> = placed.iter().map(|token| token.span.of("ä")).collect();
    assert_eq!(spans, [Some("ä"), Some("ä")]);
}

#[cfg(unix)]
#[test]
fn a_pipe_or_an_endless_file_is_no_file_of_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("model.toml"), TOML).unwrap();
    std::fs::File::create(at("config.json")).unwrap().set_len(5 << 20).unwrap();
    let error = ModelFiles::from_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("config.json is not a file of at most 4194304 bytes"), "{error}");
    std::fs::write(at("config.json"), CONFIG).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at("tokenizer.json")).status();
    if made.is_ok_and(|status| status.success()) {
        let error = ModelFiles::from_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("tokenizer.json is not a file"), "{error}");
        let engine = EngineFolder::read(folder.path(), Task::Stance, "test", "weights");
        assert!(engine.unwrap_err().to_string().contains("tokenizer.json is not a file"));
    }
}

#[test]
fn labels_that_are_not_numbered_from_0_on_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let labels = r#""vocab_size": 4, "id2label": {"0": "other", "7": "entailment"}"#;
    let config = CONFIG.replace("\"vocab_size\": 4", labels);
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer("null")).unwrap();
    std::fs::write(folder.path().join("weights"), "w").unwrap();
    let error = EngineFolder::read(folder.path(), Task::Stance, "test", "weights").unwrap_err();
    assert!(error.to_string().contains("id2label numbers its labels [0, 7]"), "{error}");
}
