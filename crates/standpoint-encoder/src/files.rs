//! The four files of a model.

use crate::config::{Config, Family};
use crate::precision::Precision;
use crate::tokens::Tokens;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use standpoint_core::{Label, ModelError, ModelInfo, Task};
use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The files of a model, embedded in the program or read from a folder.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    /// Where they come from: stands in error messages until the model's own name is known.
    pub origin: Cow<'static, str>,
    /// `model.toml`: a [`ModelToml`].
    pub model_toml: Cow<'static, [u8]>,
    /// `config.json` as Hugging Face writes it.
    pub config: Cow<'static, [u8]>,
    /// `tokenizer.json` of Hugging Face's tokenizers.
    pub tokenizer: Cow<'static, [u8]>,
    /// `model.safetensors`. A model keeps a share in it.
    pub weights: Bytes,
}

/// What `model.toml` says of a model. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelToml {
    /// The name that results carry.
    pub name: String,
    /// Which of the two tables below is there.
    pub task: Task,
    /// What the model is, in a sentence.
    pub description: String,
    /// Licence of the weights, an SPDX expression where there is one.
    pub license: String,
    /// Where the weights come from.
    pub source: String,
    /// ISO 639-1 codes of the languages that it reads.
    pub languages: Vec<String>,
    /// The longest input in tokens, special tokens included.
    pub max_tokens: usize,
    /// Settings of an embedding model.
    pub embedding: Option<EmbeddingSettings>,
    /// Settings of a stance model.
    pub stance: Option<StanceSettings>,
    /// How an entailment model is asked for a stance, in place of `stance`.
    pub entailment: Option<Hypotheses>,
}

/// What an entailment model is asked: whether the text entails the one or the other. `{target}` is
/// replaced by the target's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hypotheses {
    /// The hypothesis that the text is for the target.
    pub favor: String,
    /// The hypothesis that it is against it.
    pub against: String,
}

impl Default for Hypotheses {
    fn default() -> Self {
        Self {
            favor: "The text is in favor of {target}.".to_owned(),
            against: "The text is against {target}.".to_owned(),
        }
    }
}

/// Settings of an embedding model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSettings {
    /// How the vectors of a text's tokens become one.
    pub pooling: Pooling,
    /// The dot product from which on a passage is taken to bear on a target.
    pub bearing_similarity: f32,
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean, special tokens included.
    Mean,
}

/// Settings of a stance model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StanceSettings {
    /// Which label each of the three logits stands for.
    pub labels: [Label; 3],
    /// What the logits are divided by before softmax, so that the probabilities mean what they say.
    pub temperature: f32,
    /// Whether the model was trained to tell what a named holder holds of a target, asked in the words
    /// of [`standpoint_core::Holder::question`].
    #[serde(default)]
    pub holders: bool,
}

/// Beyond, probabilities are 0 and 1, or no numbers.
const TEMPERATURES: std::ops::RangeInclusive<f32> = 0.01..=100.0;

/// The longest file of that name in a model folder, in bytes: what is longer was not meant. What is parsed
/// takes some ten times its length in memory; weights are taken as they are.
fn longest(name: &str) -> u64 {
    match name {
        "tokenizer.json" => 256 << 20,
        name if name.ends_with(".safetensors") || name.ends_with(".onnx") => 4 << 30,
        _ => 4 << 20,
    }
}

/// The bytes of a file of a model folder.
///
/// # Errors
/// What is wrong, with its name: it cannot be read, is no file (a pipe would be waited for for ever) or is
/// longer than a model's file of that name is.
pub fn read_model_file(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let (path, longest) = (folder.join(name), longest(name));
    let unreadable = |cause: std::io::Error| format!("{name} cannot be read ({cause})");
    let metadata = path.metadata().map_err(unreadable)?;
    let mut bytes = Vec::new();
    if metadata.is_file() && metadata.len() <= longest {
        let file = File::open(&path).map_err(unreadable)?;
        file.take(longest + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if !metadata.is_file() || metadata.len().max(bytes.len() as u64) > longest {
        return Err(format!("{name} is not a file of at most {longest} bytes"));
    }
    Ok(bytes)
}

impl ModelFiles {
    /// Reads the four files of a folder.
    ///
    /// # Errors
    /// [`ModelError::Load`], which names the folder and the file that is missing or unreadable.
    pub fn from_folder(folder: &Path) -> Result<Self, ModelError> {
        let origin = folder.display().to_string();
        let error = |reason| ModelError::Load { model: origin.clone(), reason };
        let read = |name: &str| {
            read_model_file(folder, name).map_err(|reason| {
                error(format!(
                    "{reason}; a model folder holds model.toml, config.json, tokenizer.json and \
                     model.safetensors"
                ))
            })
        };
        Ok(Self {
            model_toml: read("model.toml")?.into(),
            config: read("config.json")?.into(),
            tokenizer: read("tokenizer.json")?.into(),
            weights: read("model.safetensors")?.into(),
            origin: origin.clone().into(),
        })
    }

    /// Parses `model.toml`; its task tells whether the files make a
    /// [`SentenceEncoder`](crate::SentenceEncoder) or a [`PairClassifier`](crate::PairClassifier).
    ///
    /// # Errors
    /// [`ModelError::Load`], which says what is wrong with it.
    pub fn settings(&self) -> Result<ModelToml, ModelError> {
        let parsed = toml::from_slice::<ModelToml>(&self.model_toml);
        parsed
            .map_err(|error| error.to_string())
            .and_then(|settings| settings.check().map(|()| settings))
            .map_err(|reason| self.error(format!("model.toml: {reason}")))
    }

    /// The shape of the model, and the tokenizer that makes its input.
    ///
    /// # Errors
    /// [`ModelError::Load`], which names the file and what in it is wrong.
    pub fn input(&self) -> Result<(Config, Tokens), ModelError> {
        self.input_of(&self.settings()?).map_err(|reason| self.error(reason))
    }

    pub(crate) fn input_of(&self, settings: &ModelToml) -> Result<(Config, Tokens), String> {
        let config = Config::parse(&self.config)?;
        if settings.max_tokens > config.longest() {
            return Err(format!(
                "model.toml: max_tokens is {}, and config.json's max_position_embeddings is {}, for {} tokens",
                settings.max_tokens,
                config.max_position_embeddings,
                config.longest()
            ));
        }
        let tokens = Tokens::parse(&self.tokenizer, config.vocab_size, settings.max_tokens)?;
        // MPNet's converter makes token types, too, and its network does not look at them.
        let has_types = config.model_type == Family::Mpnet || config.type_vocab_size > 1;
        let pairs = settings.task == Task::Stance;
        if !has_types && (tokens.text_is_of_type_1() || pairs && tokens.pair_is_of_types()) {
            let what = if pairs { "pairs" } else { "texts" };
            return Err(format!(
                "tokenizer.json: post_processor makes {what} of token type 1, which the model has not"
            ));
        }
        Ok((config, tokens))
    }

    /// What the model says of itself.
    pub(crate) fn info(&self, settings: &ModelToml, precision: Precision) -> ModelInfo {
        ModelInfo {
            name: settings.name.clone(),
            task: settings.task,
            hash: self.hash(),
            precision: precision.to_string(),
            license: settings.license.clone(),
            languages: settings.languages.clone(),
            max_tokens: settings.max_tokens,
            reads_holders: settings.stance.as_ref().is_some_and(|stance| stance.holders),
        }
    }

    /// An error of loading these files.
    pub(crate) fn error(&self, reason: String) -> ModelError {
        ModelError::Load { model: self.origin.clone().into_owned(), reason }
    }

    /// BLAKE3 of the four files, each after its length, so that no byte can move from one to the
    /// next unnoticed.
    fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for file in [&*self.model_toml, &*self.config, &*self.tokenizer, &*self.weights] {
            hasher.update(&(file.len() as u64).to_le_bytes());
            hasher.update(file);
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl ModelToml {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.name.is_empty() {
            return Err("name is empty".to_owned());
        }
        if !(8..=65_536).contains(&self.max_tokens) {
            return Err(format!("max_tokens is {}, outside 8 to 65536", self.max_tokens));
        }
        match (self.task, &self.embedding, &self.stance) {
            (Task::Embedding, Some(settings), None) => settings.check(),
            (Task::Stance, None, Some(settings)) => settings.check(),
            (Task::Stance, None, None) if self.entailment.is_some() => Ok(()),
            (Task::Attribution, None, None) => Ok(()),
            _ => Err("task = \"embedding\" goes with a table [embedding], \
                      task = \"stance\" with a table [stance] or [entailment], \
                      task = \"attribution\" with none of them"
                .to_owned()),
        }
    }
}

impl EmbeddingSettings {
    fn check(&self) -> Result<(), String> {
        if !(-1.0..=1.0).contains(&self.bearing_similarity) {
            return Err(format!("bearing_similarity {} is no cosine", self.bearing_similarity));
        }
        Ok(())
    }
}

impl StanceSettings {
    fn check(&self) -> Result<(), String> {
        if Label::ALL.iter().any(|label| !self.labels.contains(label)) {
            return Err("labels must hold favor, against and neutral, each once".to_owned());
        }
        if !TEMPERATURES.contains(&self.temperature) {
            let (least, most) = (TEMPERATURES.start(), TEMPERATURES.end());
            return Err(format!("temperature {} is outside {least} to {most}", self.temperature));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PairClassifier, SentenceEncoder};

    const TOML: &str = r#"
        name = "tiny"
        task = "embedding"
        description = "a test"
        license = "MIT"
        source = "this file"
        languages = ["en"]
        max_tokens = 16
        [embedding]
        pooling = "mean"
        bearing_similarity = 0.35
    "#;

    fn files(model_toml: &str) -> ModelFiles {
        let file = |text: &str| Cow::Owned(text.as_bytes().to_vec());
        ModelFiles {
            origin: "tiny".into(),
            model_toml: file(model_toml),
            config: file("{}"),
            tokenizer: file(""),
            weights: Bytes::new(),
        }
    }

    #[test]
    fn the_file_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["model.toml", "config.json", "tokenizer.json", "model.safetensors"] {
            let error = ModelFiles::from_folder(folder.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("{name} cannot be read")), "{error}");
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(&*ModelFiles::from_folder(folder.path()).unwrap().weights, b"x");
    }

    #[test]
    fn a_setting_that_is_wrong_or_unknown_is_named() {
        let settings = files(TOML).settings().unwrap();
        assert_eq!(settings.embedding.unwrap().bearing_similarity, 0.35);
        for (from, to, expected) in [
            ("max_tokens", "max_token", "unknown field `max_token`"),
            ("= 16", "= 2", "max_tokens is 2, outside 8 to 65536"),
            ("\"embedding\"", "\"stance\"", "task = \"embedding\" goes with"),
            ("0.35", "nan", "bearing_similarity NaN is no cosine"),
            ("\"mean\"", "\"cls\"", "unknown variant `cls`"),
        ] {
            let error = files(&TOML.replace(from, to)).settings().unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        }
    }

    #[test]
    fn a_stance_model_names_each_label_once() {
        let table = |labels: &str, temperature: &str| {
            let (head, _) = TOML.split_once("[embedding]").unwrap();
            let head = head.replace("\"embedding\"", "\"stance\"");
            let toml = format!("{head}[stance]\nlabels = {labels}\ntemperature = {temperature}");
            files(&toml).settings().map(|settings| settings.stance.unwrap().labels)
        };
        let right = r#"["against", "favor", "neutral"]"#;
        assert_eq!(table(right, "1").unwrap(), [Label::Against, Label::Favor, Label::Neutral]);
        let twice = table(r#"["favor", "favor", "neutral"]"#, "1").unwrap_err().to_string();
        assert!(twice.contains("each once"), "{twice}");
        let zero = table(right, "0").unwrap_err().to_string();
        assert!(zero.contains("temperature 0 is outside 0.01 to 100"), "{zero}");
    }

    #[test]
    fn what_cannot_be_loaded_is_an_error_that_names_model_and_file() {
        let error = SentenceEncoder::load(&files(TOML), Precision::Auto).err().unwrap().to_string();
        assert!(error.starts_with("model tiny: config.json: missing field"), "{error}");
        let error = PairClassifier::load(&files(TOML), Precision::Auto).err().unwrap().to_string();
        assert_eq!(error, "model tiny: model.toml: an embedding model cannot classify pairs");
    }

    #[test]
    fn the_hash_changes_with_every_file_and_with_the_border_between_two() {
        let base = files(TOML);
        let hash = |change: fn(&mut ModelFiles)| {
            let mut changed = base.clone();
            change(&mut changed);
            changed.hash()
        };
        let hashes = [
            hash(|_| {}),
            hash(|files| files.model_toml.to_mut().push(b' ')),
            hash(|files| files.config.to_mut().push(b' ')),
            hash(|files| files.tokenizer.to_mut().push(b' ')),
            hash(|files| files.weights = Bytes::from_static(b" ")),
            hash(|files| {
                let last = files.config.to_mut().pop();
                files.tokenizer.to_mut().extend(last);
            }),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
