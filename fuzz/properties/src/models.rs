//! Model folders: each of their files may be a stranger's.

use crate::scratch;
use standpoint_core::{AttributionTagger, Embedder, ModelError, Pair, StanceModel};
use standpoint_encoder::{
    Bytes, Config, Floats, ModelFiles, PairClassifier, Precision, SentenceEncoder, TokenTagger,
    Tokens, read_tensors, tagger_head, write_quantized,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

const TEXTS: [&str; 6] = [
    "a levy",
    "",
    "levy",
    "Ärger 👩‍👩‍👧‍👦 e\u{301}\u{301} [SEP] [CLS] ##vy",
    "  \n\t\u{a0}",
    "le levylevy a\u{0}b",
];

const CONFIG: &str = r#"{"model_type": "bert", "hidden_act": "gelu", "hidden_size": 4,
    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "layer_norm_eps": 1e-12,
    "vocab_size": 8, "type_vocab_size": 2, "max_position_embeddings": 16,
    "id2label": {"0": "favor", "1": "against", "2": "neutral"}}"#;

const TOKENIZER: &str = r###"{"version": "1.0", "added_tokens": [], "normalizer": {"type":
    "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
    "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "le": 4,
    "##vy": 5, "levy": 6}}}"###;

/// A `model.toml` for a task.
fn toml(task: &str) -> String {
    let table = match task {
        "embedding" => "[embedding]\npooling = \"mean\"\nbearing_similarity = 0.35",
        "stance" => "[stance]\nlabels = [\"favor\", \"against\", \"neutral\"]\ntemperature = 1.0",
        _ => "",
    };
    format!(
        "name = \"tiny\"\ntask = \"{task}\"\ndescription = \"\"\nlicense = \"MIT\"\nsource = \"\"\n\
         languages = [\"en\"]\nmax_tokens = 8\n{table}"
    )
}

fn files(model_toml: &str, config: &[u8], tokenizer: &[u8], weights: &[u8]) -> ModelFiles {
    let own = |bytes: &[u8]| Cow::Owned(bytes.to_vec());
    ModelFiles {
        origin: "tiny".into(),
        model_toml: own(model_toml.as_bytes()),
        config: own(config),
        tokenizer: own(tokenizer),
        weights: Bytes::copy_from_slice(weights),
    }
}

/// What can be read as a `model.toml` states settings within bounds.
pub(crate) fn model_toml(input: &[u8]) {
    let mut files = files("", CONFIG.as_bytes(), TOKENIZER.as_bytes(), &[]);
    files.model_toml = Cow::Owned(input.to_vec());
    let Ok(settings) = files.settings() else { return };
    assert!((8..=65_536).contains(&settings.max_tokens), "{} tokens", settings.max_tokens);
    if let Some(stance) = settings.stance {
        let tempered =
            standpoint_core::Probabilities::from_logits([9.0, -9.0, 0.0], stance.temperature);
        assert!(sums_to_one(tempered), "{tempered:?} at {}", stance.temperature);
    }
}

/// A `config.json`, with weights of its shapes where these are small and with none where they are not.
pub(crate) fn config(input: &[u8]) {
    let weights =
        serde_json::from_slice::<Config>(input).ok().and_then(|config| weights_of(&config));
    run(input, TOKENIZER.as_bytes(), &weights.unwrap_or_default());
}

/// A `tokenizer.json`: its ids lie in the vocabulary, its tokens in the text, and what it makes of a text
/// is bounded.
pub(crate) fn tokenizer(input: &[u8]) {
    const VOCABULARY: usize = 8;
    const MAX_TOKENS: usize = 16;
    /// Token per byte of a text, at most.
    const GROWTH: usize = 10_000;
    let Ok(tokens) = Tokens::parse(input, VOCABULARY, MAX_TOKENS) else { return };
    for text in TEXTS {
        let Ok(words) = tokens.words(text) else { continue };
        assert!(words.len() <= (text.len() + 1) * GROWTH, "{} tokens of {text:?}", words.len());
        for input in
            [tokens.text(&words), tokens.pair(&words, &words), tokens.premise(&words, &words)]
        {
            assert!(input.ids.len() <= MAX_TOKENS, "{} tokens", input.ids.len());
            assert!(input.ids.iter().all(|id| (*id as usize) < VOCABULARY), "{:?}", input.ids);
            assert!(input.second <= input.ids.len(), "{input:?}");
        }
        for placed in tokens.placed(text).into_iter().flatten() {
            assert!(placed.span.of(text).is_some(), "{placed:?} does not slice {text:?}");
        }
    }
    let config: Config = serde_json::from_str(CONFIG).expect("it is a config");
    run(CONFIG.as_bytes(), input, &weights_of(&config).expect("it is small"));
}

/// A `model.safetensors`.
pub(crate) fn safetensors(input: &[u8]) {
    if let Ok(tensors) = read_tensors(&Bytes::copy_from_slice(input)) {
        let values: usize = tensors.values().map(|tensor| tensor.values.len()).sum();
        assert!(values <= input.len(), "{values} values in {} bytes", input.len());
    }
    run(CONFIG.as_bytes(), TOKENIZER.as_bytes(), input);
}

/// A `model.onnx`, run by rten.
pub(crate) fn onnx(input: &[u8]) {
    scratch::file("model.toml", toml("stance").as_bytes());
    scratch::file("config.json", CONFIG.as_bytes());
    scratch::file("tokenizer.json", TOKENIZER.as_bytes());
    scratch::file("model.onnx", input);
    let Ok(model) = ::onnx::stance_model(&scratch::folder()) else { return };
    answers(&model);
}

/// Loads the files as a model for each task, in each precision, and runs what loads.
fn run(config: &[u8], tokenizer: &[u8], weights: &[u8]) {
    for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
        let files = |task: &str| files(&toml(task), config, tokenizer, weights);
        if let Ok(model) = PairClassifier::load(&files("stance"), precision) {
            answers(&model);
        }
        if let Ok(model) = SentenceEncoder::load(&files("embedding"), precision)
            && let Ok(found) = model.embed(&TEXTS)
        {
            assert!(found.vectors.iter().all(|x| x.is_finite()), "a vector is none");
        }
        if let Ok(model) = TokenTagger::load(&files("attribution"), precision)
            && let Ok(tagged) = model.tag(&TEXTS)
        {
            for (text, a) in TEXTS.iter().zip(&tagged).flat_map(|(text, tagged)| {
                tagged.attributions.iter().map(move |attribution| (text, attribution))
            }) {
                let mut spans = a.source.iter().chain(&a.content).chain([&a.cue]);
                assert!(spans.all(|span| span.of(text).is_some()), "{a:?} does not slice {text:?}");
            }
        }
    }
}

/// Whatever answers, answers with probabilities or says that it cannot.
fn answers(model: &impl StanceModel) {
    let pairs = TEXTS.map(|text| Pair { target: "levy", text });
    let answered: Result<_, ModelError> = model.classify(&pairs);
    for answer in answered.into_iter().flatten() {
        assert!(sums_to_one(answer.probabilities), "{:?}", answer.probabilities);
    }
}

fn sums_to_one(p: standpoint_core::Probabilities) -> bool {
    let sum = p.favor + p.against + p.neutral;
    (sum - 1.0).abs() < 1e-4
        && [p.favor, p.against, p.neutral].iter().all(|p| (0.0..=1.0).contains(p))
}

/// Weights of the shapes that a config asks for; `None` where they are too many for a test.
fn weights_of(config: &Config) -> Option<Vec<u8>> {
    const MOST: usize = 50_000;
    let hidden = config.hidden_size;
    // Not checked yet: thousands of millions of layers would have as many names.
    if config.num_hidden_layers > MOST {
        return None;
    }
    let mut shapes = config.shapes();
    shapes.extend([
        ("pooler.dense.weight".into(), vec![hidden, hidden]),
        ("pooler.dense.bias".into(), vec![hidden]),
        ("classifier.weight".into(), vec![3, hidden]),
        ("classifier.bias".into(), vec![3]),
    ]);
    shapes.extend(tagger_head(hidden).map(|(name, shape)| (name.to_owned(), shape)));
    let size = |shape: &[usize]| shape.iter().try_fold(1_usize, |size, n| size.checked_mul(*n));
    let total =
        shapes.iter().try_fold(0, |sum: usize, (_, shape)| sum.checked_add(size(shape)?))?;
    if total > MOST {
        return None;
    }
    let value = |at: usize| ((at * 7 % 13) as f32 - 6.0) / 10.0;
    let tensors: BTreeMap<String, Floats> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let values = (0..shape.iter().product()).map(value).collect();
            (name, Floats { shape, values })
        })
        .collect();
    write_quantized(&tensors).ok()
}
