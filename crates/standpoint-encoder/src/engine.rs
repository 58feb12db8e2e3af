//! Models that another engine runs: a Hugging Face folder of any family, and what is asked of it.
//!
//! A model crate over such an engine implements [`Engine`], one input in and numbers out, and gets
//! from here what all of them need: the folder's settings, tokens with truncation counted, pooling,
//! and the reading of a classifier's head, three-way stance or entailment.
//!
//! Inputs go to the engine one by one. A padded batch would be faster and would give a text other
//! last digits beside other texts, which [`standpoint_core::StanceModel`] rules out.

use crate::files::{
    EmbeddingSettings, Hypotheses, ModelToml, Pooling, StanceSettings, read_model_file,
};
use crate::tokens::{Input, Tokens};
use ndarray::Array2;
use serde::Deserialize;
use standpoint_core::{
    Classification, Embedder, Embeddings, Label, ModelError, ModelInfo, Pair, Probabilities,
    StanceModel, Task,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Runs a network on one input.
pub trait Engine: Send + Sync {
    /// What comes out, row by row: a classifier's logits, or a vector for each token, or one vector
    /// for all of them.
    ///
    /// # Errors
    /// What the engine says.
    fn run(&self, input: &Input) -> Result<Vec<f32>, String>;
}

/// A folder with `config.json`, `tokenizer.json` and weights that an engine reads; `model.toml` is
/// optional, and without it `config.json` says what the outputs are.
#[derive(Debug, Clone)]
pub struct EngineFolder {
    /// The folder.
    pub path: PathBuf,
    /// What the model is; parts of it are guesses where there is no `model.toml`.
    pub settings: ModelToml,
    /// `model_type` of `config.json`: `bert`, `roberta`, `deberta-v2` …
    pub family: String,
    /// Length of a token's vector.
    pub hidden: usize,
    labels: BTreeMap<usize, String>,
    vocabulary: usize,
    tokenizer: Vec<u8>,
    hash: String,
}

/// What is read of a `config.json` of any family.
#[derive(Debug, Deserialize)]
struct AnyConfig {
    model_type: String,
    #[serde(alias = "dim", alias = "d_model")]
    hidden_size: usize,
    vocab_size: usize,
    #[serde(default = "positions")]
    max_position_embeddings: usize,
    #[serde(default)]
    id2label: BTreeMap<usize, String>,
}

fn positions() -> usize {
    512
}

/// What a classifier's outputs stand for.
#[derive(Debug, Clone, PartialEq)]
enum Head {
    /// A logit for each label.
    Stance { order: [usize; 3], temperature: f32 },
    /// Which of `outputs` logits says that the premise entails the hypothesis.
    Entailment { entails: usize, outputs: usize, hypotheses: Hypotheses },
}

impl EngineFolder {
    /// Reads a folder for a task. `engine` is the name of what will run it, and `weights` the file
    /// of the weights: answers are stored under a hash of both.
    ///
    /// # Errors
    /// [`ModelError::Load`] with the file and what is wrong with it.
    pub fn read(path: &Path, task: Task, engine: &str, weights: &str) -> Result<Self, ModelError> {
        let made = Self::make(path, task, engine, weights);
        made.map_err(|reason| ModelError::Load { model: path.display().to_string(), reason })
    }

    fn make(path: &Path, task: Task, engine: &str, weights: &str) -> Result<Self, String> {
        let config_bytes = read_model_file(path, "config.json")?;
        let tokenizer = read_model_file(path, "tokenizer.json")?;
        let config: AnyConfig = serde_json::from_slice(&config_bytes)
            .map_err(|error| format!("config.json: {error}"))?;
        if !config.id2label.keys().copied().eq(0..config.id2label.len()) {
            let numbers: Vec<_> = config.id2label.keys().collect();
            return Err(format!(
                "config.json: id2label numbers its labels {numbers:?}, not from 0 on"
            ));
        }
        // RoBERTa and MPNet count positions from behind the padding token's: two of their rows are not used.
        let unused = ["roberta", "mpnet"].iter().any(|family| config.model_type.contains(family));
        let unused = if unused { 2 } else { 0 };
        let longest = config.max_position_embeddings.saturating_sub(unused);
        let mut hasher = blake3::Hasher::new();
        hasher.update(engine.as_bytes());
        let settings = if path.join("model.toml").exists() {
            let toml = read_model_file(path, "model.toml")?;
            hasher.update(&toml);
            let settings: ModelToml =
                toml::from_slice(&toml).map_err(|error| format!("model.toml: {error}"))?;
            settings.check().map_err(|reason| format!("model.toml: {reason}"))?;
            settings
        } else {
            guessed(path, task, longest.min(512))
        };
        if settings.task != task {
            return Err("model.toml: its task is another".to_owned());
        }
        if settings.max_tokens > longest {
            return Err(format!(
                "model.toml: max_tokens is {}; by config.json this model reads {longest}",
                settings.max_tokens
            ));
        }
        if !path.join(weights).is_file() {
            return Err(format!("{weights} cannot be read (there is no such file)"));
        }
        let file = std::fs::File::open(path.join(weights))
            .map_err(|cause| format!("{weights} cannot be read ({cause})"))?;
        for bytes in [&config_bytes, &tokenizer] {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        let hashed = hasher.update_reader(file);
        hashed.map_err(|cause| format!("{weights} cannot be read ({cause})"))?;
        Ok(Self {
            path: path.to_owned(),
            settings,
            family: config.model_type,
            hidden: config.hidden_size,
            labels: config.id2label,
            vocabulary: config.vocab_size,
            tokenizer,
            hash: hasher.finalize().to_hex().to_string(),
        })
    }

    fn tokens(&self) -> Result<Tokens, ModelError> {
        let tokens = Tokens::parse(&self.tokenizer, self.vocabulary, self.settings.max_tokens);
        tokens.map_err(|reason| self.error(reason))
    }

    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: self.settings.name.clone(),
            task: self.settings.task,
            hash: self.hash.clone(),
            precision: "f32".to_owned(),
            license: self.settings.license.clone(),
            languages: self.settings.languages.clone(),
            max_tokens: self.settings.max_tokens,
            reads_holders: self.settings.stance.as_ref().is_some_and(|stance| stance.holders),
        }
    }

    /// An error of loading this folder.
    pub fn error(&self, reason: String) -> ModelError {
        ModelError::Load { model: self.path.display().to_string(), reason }
    }

    fn head(&self) -> Result<Head, String> {
        let find = |names: &[&str]| {
            let label = |(at, label): (&usize, &String)| {
                names.contains(&label.to_lowercase().as_str()).then_some(*at)
            };
            self.labels.iter().find_map(label)
        };
        let entails = find(&["entailment", "entail", "entails"]);
        let stance = self.settings.stance.as_ref();
        let temperature = stance.map_or(1.0, |stance| stance.temperature);
        let order = match (stance, &self.settings.entailment) {
            (_, Some(_)) => None,
            (Some(stance), None) => Some(stance.order()),
            (None, None) => {
                let favor = find(&["favor", "favour", "pro", "support", "supports"]);
                let against = find(&["against", "con", "oppose", "opposes", "attack"]);
                let neutral = find(&["neutral", "none", "neither", "unrelated", "comment"]);
                favor.zip(against).zip(neutral).map(|((f, a), n)| [f, a, n])
            }
        };
        match (order, entails) {
            (Some(order), _) => Ok(Head::Stance { order, temperature }),
            (None, Some(entails)) => Ok(Head::Entailment {
                entails,
                outputs: self.labels.len(),
                hypotheses: self.settings.entailment.clone().unwrap_or_default(),
            }),
            (None, None) => Err(format!(
                "config.json: id2label names {:?}: neither favor, against and neutral nor \
                 entailment; say in model.toml what the outputs are ([stance] labels = …)",
                self.labels.values().collect::<Vec<_>>()
            )),
        }
    }
}

/// What is taken to be true of a folder without a `model.toml`.
fn guessed(path: &Path, task: Task, max_tokens: usize) -> ModelToml {
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    ModelToml {
        description: format!("the folder {name}, without a model.toml"),
        name,
        task,
        license: "unknown".to_owned(),
        source: path.display().to_string(),
        languages: vec!["en".to_owned()],
        max_tokens,
        embedding: (task == Task::Embedding)
            .then_some(EmbeddingSettings { pooling: Pooling::Mean, bearing_similarity: 0.35 }),
        stance: None,
        entailment: None,
    }
}

impl StanceSettings {
    /// Which logit is favor, which against, which neutral.
    fn order(&self) -> [usize; 3] {
        let place = |label| self.labels.iter().position(|one| *one == label).unwrap_or(0);
        Label::ALL.map(place)
    }
}

/// An [`Embedder`] on an engine.
pub struct EngineEmbedder<E> {
    engine: E,
    info: ModelInfo,
    tokens: Tokens,
    hidden: usize,
    bearing_similarity: f32,
}

impl<E: Engine> EngineEmbedder<E> {
    /// Joins an engine with the folder that it was made from.
    ///
    /// # Errors
    /// [`ModelError::Load`], if the folder is no embedding model's.
    pub fn new(folder: &EngineFolder, engine: E) -> Result<Self, ModelError> {
        let settings = folder.settings.embedding.as_ref().ok_or_else(|| {
            folder.error("model.toml: a stance model cannot embed texts".to_owned())
        })?;
        Ok(Self {
            engine,
            info: folder.info(),
            tokens: folder.tokens()?,
            hidden: folder.hidden,
            bearing_similarity: settings.bearing_similarity,
        })
    }

    fn vector(&self, input: &Input, out: &mut [f32]) -> Result<(), String> {
        let found = self.engine.run(input)?;
        if found.is_empty() || !found.len().is_multiple_of(self.hidden) {
            return Err(format!("{} numbers for vectors of {}", found.len(), self.hidden));
        }
        if !found.iter().all(|x| x.is_finite()) {
            return Err("a vector with numbers that are not finite".to_owned());
        }
        for row in found.chunks_exact(self.hidden) {
            out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let length = out.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 {
            out.iter_mut().for_each(|x| *x /= length);
        }
        Ok(())
    }
}

impl<E: Engine> Embedder for EngineEmbedder<E> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn dimensions(&self) -> usize {
        self.hidden
    }

    fn bearing_similarity(&self) -> f32 {
        self.bearing_similarity
    }

    /// A text without a single token gets a row of zeros, as with our own encoder.
    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelError> {
        let mut vectors = Array2::zeros((texts.len(), self.hidden));
        let mut truncated = Vec::with_capacity(texts.len());
        for (text, mut row) in texts.iter().zip(vectors.outer_iter_mut()) {
            let unreadable = |reason| run_error(&self.info, text, reason);
            let words = self.tokens.words(text).map_err(unreadable)?;
            let input = self.tokens.text(&words);
            truncated.push(input.truncated);
            if !words.is_empty() {
                let row = row.as_slice_mut().expect("a row of a matrix in standard layout");
                self.vector(&input, row).map_err(unreadable)?;
            }
        }
        Ok(Embeddings { vectors, truncated })
    }
}

/// A [`StanceModel`] on an engine.
pub struct EngineClassifier<E> {
    engine: E,
    info: ModelInfo,
    tokens: Tokens,
    head: Head,
}

impl<E: Engine> EngineClassifier<E> {
    /// Joins an engine with the folder that it was made from.
    ///
    /// # Errors
    /// [`ModelError::Load`], if neither `model.toml` nor `config.json` says what the outputs are.
    pub fn new(folder: &EngineFolder, engine: E) -> Result<Self, ModelError> {
        let head = folder.head().map_err(|reason| folder.error(reason))?;
        Ok(Self { engine, info: folder.info(), tokens: folder.tokens()?, head })
    }

    fn classify_one(&self, pair: &Pair<'_>) -> Result<Classification, String> {
        let text = self.tokens.words(pair.text)?;
        match &self.head {
            Head::Stance { order, temperature } => {
                let input = self.tokens.pair(&self.tokens.words(pair.target)?, &text);
                let logits = self.logits(&input, 3)?;
                let logits = order.map(|at| logits[at]);
                let probabilities = Probabilities::from_logits(logits, *temperature);
                Ok(Classification { probabilities, truncated: input.truncated })
            }
            Head::Entailment { entails, outputs, hypotheses } => {
                let ask = |hypothesis: &str| -> Result<(f32, usize), String> {
                    let hypothesis =
                        hypothesis.replace("{target}", pair.target.trim_end_matches('.'));
                    let hypothesis = self.tokens.words(&hypothesis)?;
                    let input = self.tokens.premise(&text, &hypothesis);
                    let logits = self.logits(&input, *outputs)?;
                    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    let parts: Vec<f32> = logits.iter().map(|x| (x - largest).exp()).collect();
                    Ok((parts[*entails] / parts.iter().sum::<f32>(), input.truncated))
                };
                let (favor, truncated) = ask(&hypotheses.favor)?;
                let (against, also) = ask(&hypotheses.against)?;
                // One hypothesis alone is a stance; both or none of them is none.
                let (p, q) = (favor * (1.0 - against), against * (1.0 - favor));
                let probabilities = Probabilities::new(p, q, 1.0 - p - q);
                Ok(Classification { probabilities, truncated: truncated.max(also) })
            }
        }
    }

    fn logits(&self, input: &Input, outputs: usize) -> Result<Vec<f32>, String> {
        let logits = self.engine.run(input)?;
        if logits.len() == outputs && logits.iter().all(|x| x.is_finite()) {
            return Ok(logits);
        }
        Err(format!("{} outputs where {outputs} numbers were expected", logits.len()))
    }
}

impl<E: Engine> StanceModel for EngineClassifier<E> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError> {
        let answer = |pair: &Pair<'_>| {
            let answer = self.classify_one(pair);
            answer.map_err(|reason| run_error(&self.info, pair.text, reason))
        };
        pairs.iter().map(answer).collect()
    }
}

fn run_error(info: &ModelInfo, text: &str, reason: String) -> ModelError {
    ModelError::Run { model: info.name.clone(), bytes: text.len(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENIZER: &str = r###"{"version": "1.0", "added_tokens": [], "pre_tokenizer":
        {"type": "BertPreTokenizer"}, "post_processor": {"type": "BertProcessing",
        "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}, "model": {"type": "WordPiece", "unk_token":
        "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab":
        {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "levy": 3, "good": 4, "bad": 5, "for": 6, "against": 7}}}"###;

    fn folder(labels: &str, model_toml: Option<&str>) -> (tempfile::TempDir, EngineFolder) {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let config = format!(
            r#"{{"model_type": "bert", "hidden_size": 2, "vocab_size": 8,
                "max_position_embeddings": 16, "id2label": {labels}}}"#
        );
        write("config.json", &config);
        write("tokenizer.json", TOKENIZER);
        write("weights", "w");
        if let Some(text) = model_toml {
            write("model.toml", text);
        }
        let read = EngineFolder::read(folder.path(), Task::Stance, "test", "weights").unwrap();
        (folder, read)
    }

    /// Finds "good" entails "for", and "bad" entails "against"; second output is entailment.
    struct Words;

    impl Engine for Words {
        fn run(&self, input: &Input) -> Result<Vec<f32>, String> {
            let has = |id| input.ids.contains(&id);
            let entails = has(4) && has(6) || has(5) && has(7);
            Ok(if entails { vec![0.0, 50.0] } else { vec![50.0, 0.0] })
        }
    }

    #[test]
    fn an_entailment_model_is_asked_both_hypotheses_and_needs_exactly_one() {
        let (_kept, mut folder) = folder(r#"{"0": "not_entailment", "1": "ENTAILMENT"}"#, None);
        folder.settings.entailment = Some(Hypotheses {
            favor: "for {target}".to_owned(),
            against: "against {target}".to_owned(),
        });
        let model = EngineClassifier::new(&folder, Words).unwrap();
        let label = |text| {
            let pair = Pair { target: "levy", text };
            model.classify(&[pair]).unwrap()[0].probabilities.label()
        };
        assert_eq!(label("good"), Label::Favor);
        assert_eq!(label("bad"), Label::Against);
        assert_eq!(label("levy"), Label::Neutral, "neither");
        assert_eq!(label("good bad"), Label::Neutral, "both");
    }

    struct Fixed(Vec<f32>);

    impl Engine for Fixed {
        fn run(&self, _: &Input) -> Result<Vec<f32>, String> {
            Ok(self.0.clone())
        }
    }

    #[test]
    fn the_order_of_labels_is_config_jsons_or_model_tomls() {
        let labels = r#"{"0": "NONE", "1": "AGAINST", "2": "FAVOR"}"#;
        let answer = |folder: &EngineFolder| {
            let model = EngineClassifier::new(folder, Fixed(vec![1.0, 2.0, 9.0])).unwrap();
            model.classify(&[Pair { target: "levy", text: "levy" }]).unwrap()[0].probabilities
        };
        let (_kept, by_config) = folder(labels, None);
        assert_eq!(answer(&by_config).label(), Label::Favor);
        let toml = r#"name = "t"
            task = "stance"
            description = ""
            license = "MIT"
            source = ""
            languages = ["en"]
            max_tokens = 16
            [stance]
            labels = ["favor", "against", "neutral"]
            temperature = 2.0"#;
        let (_kept, by_toml) = folder(labels, Some(toml));
        assert_eq!(answer(&by_toml), Probabilities::from_logits([1.0, 2.0, 9.0], 2.0));
    }

    #[test]
    fn a_head_that_is_neither_stance_nor_entailment_is_refused_with_its_labels() {
        let (_kept, folder) = folder(r#"{"0": "POSITIVE", "1": "NEGATIVE"}"#, None);
        let error = EngineClassifier::new(&folder, Words).err().unwrap().to_string();
        assert!(error.contains(r#"id2label names ["POSITIVE", "NEGATIVE"]"#), "{error}");
        let fixed = EngineClassifier {
            engine: Fixed(vec![0.0; 2]),
            info: folder.info(),
            tokens: folder.tokens().unwrap(),
            head: Head::Stance { order: [0, 1, 2], temperature: 1.0 },
        };
        let error = fixed.classify(&[Pair { target: "levy", text: "levy" }]).unwrap_err();
        assert!(error.to_string().contains("2 outputs where 3 numbers were expected"), "{error}");
    }
}
