//! A vocabulary of a dozen words and an encoder of two layers, for tests.

use standpoint_encoder::{Bytes, DISTANCES, Floats, ModelFiles, Tokens, write_quantized};
use std::collections::BTreeMap;

const WORDS: [&str; 14] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "levy", "tax", "we", "should", "not", "ban",
    "the", "a",
];

const CONFIG: &str = r#"{"model_type": "FAMILY", "hidden_act": "gelu", "hidden_size": 16,
    "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "layer_norm_eps": 1e-12, "vocab_size": 14, "type_vocab_size": 2,
    "max_position_embeddings": 18}"#;

fn tokenizer(family: &str) -> String {
    let processing = match family {
        "bert" => "BertProcessing",
        _ => "RobertaProcessing",
    };
    let vocab: BTreeMap<&str, usize> = WORDS.into_iter().zip(0..).collect();
    serde_json::json!({
        "version": "1.0", "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": processing, "sep": ["[SEP]", 3], "cls": ["[CLS]", 2],
            "trim_offsets": true, "add_prefix_space": false},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab}
    })
    .to_string()
}

/// The tokenizer, for inputs of at most 16 tokens.
pub(crate) fn tokens() -> Tokens {
    Tokens::parse(tokenizer("bert").as_bytes(), WORDS.len(), 16).unwrap()
}

/// The files of a model with random weights and no classifier, under a `model.toml`.
pub(crate) fn base(model_toml: String) -> ModelFiles {
    of_family("bert", model_toml)
}

/// The same of a family of encoders.
pub(crate) fn of_family(family: &str, model_toml: String) -> ModelFiles {
    let files = ModelFiles {
        origin: "tiny".into(),
        model_toml: model_toml.into_bytes().into(),
        config: CONFIG.replace("FAMILY", family).into_bytes().into(),
        tokenizer: tokenizer(family).into_bytes().into(),
        weights: Bytes::new(),
    };
    let mut rng = fastrand::Rng::with_seed(7);
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, shape: &[usize]| {
        let count = shape.iter().product();
        let norm = name.contains("LayerNorm.weight");
        // Distances are added to scores, which they are to change.
        let spread = if name == DISTANCES { 4.0 } else { 0.2 };
        let number = |_| if norm { 1.0 } else { (rng.f32() - 0.5) * spread };
        let values = (0..count).map(number).collect();
        tensors.insert(name, Floats { shape: shape.to_vec(), values });
    };
    let (config, _) = files.input().unwrap();
    for (name, shape) in config.shapes() {
        add(name, &shape);
    }
    ModelFiles { weights: Bytes::from(write_quantized(&tensors).unwrap()), ..files }
}

/// A recipe for it.
pub(crate) fn recipe(precision: &str) -> crate::recipe::Recipe {
    let toml = format!(
        r#"
        [model]
        name = "toy"
        description = ""
        license = "MIT"
        source = ""
        languages = ["en"]
        max_tokens = 16
        [training]
        epochs = 6
        tokens_per_step = 128
        learning_rate = 5e-3
        averaging = 0.9
        precision = "{precision}"
        patience = 100
        [[set]]
        name = "toy"
        train = "train.jsonl"
        dev = "dev.jsonl""#
    );
    crate::recipe::Recipe::parse(&toml).unwrap()
}
