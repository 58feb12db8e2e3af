//! The encoder behind the traits of `standpoint-core`.

use crate::config::Config;
use crate::encoder::{Encoder, Wanted, linear};
use crate::files::{EmbeddingSettings, ModelFiles, ModelToml, Pooling, StanceSettings};
use crate::linear::{Epilogue, Linear, Workspace, row_step};
use crate::math::widest;
use crate::precision::Precision;
use crate::tokens::{Input, Tokens};
use crate::weights::{Matrix, Weights};
use ndarray::Array2;
use standpoint_core::{
    Classification, Embedder, Embeddings, Label, ModelError, ModelInfo, Pair, Probabilities,
    StanceModel,
};
use std::collections::HashMap;

/// A BERT whose token vectors are pooled to one vector per text.
pub struct SentenceEncoder {
    info: ModelInfo,
    settings: EmbeddingSettings,
    tokens: Tokens,
    encoder: Encoder,
}

impl SentenceEncoder {
    /// Makes the model: packs the weights for the matmul. The word vectors stay where they are, and
    /// are shared with `files`.
    ///
    /// # Errors
    /// [`ModelError::Load`], which names the file and what in it is wrong, or says what the
    /// processor lacks for this precision.
    pub fn load(files: &ModelFiles, precision: Precision) -> Result<Self, ModelError> {
        let settings = files.settings()?;
        let embedding = settings.embedding.clone().ok_or_else(|| {
            files.error("model.toml: a stance model cannot embed texts".to_owned())
        })?;
        let make = || -> Result<Self, String> {
            let (precision, kernel) = precision.resolve()?;
            let Parts { config, tokens, weights } = Parts::parse(files, &settings)?;
            Ok(Self {
                info: files.info(&settings, precision),
                settings: embedding,
                encoder: Encoder::load(&config, &weights, kernel)?,
                tokens,
            })
        };
        make().map_err(|reason| files.error(reason))
    }
}

impl Embedder for SentenceEncoder {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn dimensions(&self) -> usize {
        self.encoder.hidden()
    }

    fn bearing_similarity(&self) -> f32 {
        self.settings.bearing_similarity
    }

    /// A text without a single token (an empty one, or white space) gets a row of zeros: it is near
    /// nothing, while the mean of the two special tokens would be near anything short.
    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelError> {
        let input = |text: &&str| {
            let words = self.tokens.words(text);
            let words = words.map_err(|reason| unreadable(&self.info, text, reason))?;
            Ok(self.tokens.text(&words))
        };
        let inputs: Vec<Input> = texts.iter().map(input).collect::<Result<_, _>>()?;
        let mut vectors = Array2::zeros((texts.len(), self.dimensions()));
        let mut rows = vectors.outer_iter_mut();
        self.encoder.run(&inputs, Wanted::All, |tokens| {
            let Some(mut row) = rows.next() else { return };
            let row = row.as_slice_mut().expect("a row of a matrix in standard layout");
            match self.settings.pooling {
                Pooling::Mean if tokens.len() <= 2 * row.len() => {}
                Pooling::Mean => widest(
                    #[inline(always)]
                    || mean_of_unit_length(tokens, row),
                ),
            }
        });
        for (text, vector) in texts.iter().zip(vectors.outer_iter()) {
            if !vector.iter().all(|x| x.is_finite()) {
                return Err(overflowed(&self.info, text));
            }
        }
        Ok(Embeddings { vectors, truncated: inputs.iter().map(|input| input.truncated).collect() })
    }
}

/// The mean of the rows of `tokens`, scaled to length 1: only its direction is wanted, so the sum
/// does as well.
#[inline(always)]
fn mean_of_unit_length(tokens: &[f32], mean: &mut [f32]) {
    for token in tokens.chunks_exact(mean.len()) {
        for (sum, x) in mean.iter_mut().zip(token) {
            *sum += x;
        }
    }
    let length = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in mean {
            *x /= length;
        }
    }
}

/// Classifies (target, text) pairs: Hugging Face's `BertForSequenceClassification`, or an MPNet with its head.
pub struct PairClassifier {
    info: ModelInfo,
    settings: StanceSettings,
    tokens: Tokens,
    encoder: Encoder,
    pooler: Linear,
    /// `[labels, hidden]`
    classifier: Matrix,
    classifier_bias: [f32; 3],
}

impl PairClassifier {
    /// Makes the model: packs the weights for the matmul. The word vectors stay where they are, and
    /// are shared with `files`.
    ///
    /// # Errors
    /// [`ModelError::Load`], which names the file and what in it is wrong, or says what the
    /// processor lacks for this precision.
    pub fn load(files: &ModelFiles, precision: Precision) -> Result<Self, ModelError> {
        let settings = files.settings()?;
        let stance = settings.stance.clone().ok_or_else(|| {
            files.error("model.toml: an embedding model cannot classify pairs".to_owned())
        })?;
        Self::make(files, &settings, stance, precision).map_err(|reason| files.error(reason))
    }

    fn make(
        files: &ModelFiles,
        settings: &ModelToml,
        stance: StanceSettings,
        precision: Precision,
    ) -> Result<Self, String> {
        let (precision, kernel) = precision.resolve()?;
        let Parts { config, tokens, weights } = Parts::parse(files, settings)?;
        let hidden = config.hidden_size;
        let bias = weights.vector("classifier.bias", Label::ALL.len())?;
        Ok(Self {
            info: files.info(settings, precision),
            settings: stance,
            tokens,
            encoder: Encoder::load(&config, &weights, kernel)?,
            pooler: linear(&weights, kernel, "pooler.dense", hidden, hidden)?,
            classifier: weights.matrix("classifier.weight", Label::ALL.len(), hidden)?,
            classifier_bias: [bias[0], bias[1], bias[2]],
        })
    }

    /// The three logits of each pair, in the order favor, against, neutral, before the temperature,
    /// with the number of tokens that did not fit.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`] where a pair cannot be made into input, and [`ModelError::Run`] where the
    /// weights are so large that the answer is no number.
    pub fn logits(&self, pairs: &[Pair<'_>]) -> Result<Vec<([f32; 3], usize)>, ModelError> {
        // A passage meets many targets, and a target many passages: each is tokenised once.
        let mut words: HashMap<&str, Vec<u32>> = HashMap::new();
        for text in pairs.iter().flat_map(|pair| [pair.target, pair.text]) {
            if !words.contains_key(text) {
                words.insert(text, self.words(text)?);
            }
        }
        let inputs: Vec<Input> = pairs
            .iter()
            .map(|pair| self.tokens.pair(&words[pair.target], &words[pair.text]))
            .collect();
        let hidden = self.encoder.hidden();
        let rows = pairs.len().next_multiple_of(row_step());
        let mut firsts = Vec::with_capacity(rows * hidden);
        self.encoder.run(&inputs, Wanted::First, |first| firsts.extend_from_slice(first));
        firsts.resize(rows * hidden, 0.0);
        let mut pooled = vec![0.0; firsts.len()];
        self.pooler.apply(&firsts, &mut pooled, Epilogue::Bias, &mut Workspace::default());
        pooled.iter_mut().for_each(|x| *x = x.tanh());
        let answers = pooled.chunks_exact(hidden).zip(&inputs).zip(pairs);
        let answer = |((pooled, input), pair): ((&[f32], &Input), &Pair<'_>)| {
            let logits = self.head(pooled);
            let finite = logits.iter().all(|x| x.is_finite());
            if finite {
                Ok((logits, input.truncated))
            } else {
                Err(overflowed(&self.info, pair.text))
            }
        };
        answers.map(answer).collect()
    }

    fn words(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let words = self.tokens.words(text);
        words.map_err(|reason| unreadable(&self.info, text, reason))
    }

    fn head(&self, pooled: &[f32]) -> [f32; 3] {
        let mut logits = [0.0; 3];
        for (at, (bias, label)) in
            self.classifier_bias.into_iter().zip(self.settings.labels).enumerate()
        {
            let (weights, scale) = self.classifier.row(at, pooled.len());
            let product: f32 = pooled.iter().enumerate().map(|(i, x)| weights.get(i) * x).sum();
            logits[label as usize] = product * scale + bias;
        }
        logits
    }
}

impl StanceModel for PairClassifier {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError> {
        let answer = |(logits, truncated)| Classification {
            probabilities: Probabilities::from_logits(logits, self.settings.temperature),
            truncated,
        };
        Ok(self.logits(pairs)?.into_iter().map(answer).collect())
    }
}

/// What every model is made from.
pub(crate) struct Parts<'a> {
    pub(crate) config: Config,
    pub(crate) tokens: Tokens,
    pub(crate) weights: Weights<'a>,
}

impl<'a> Parts<'a> {
    pub(crate) fn parse(files: &'a ModelFiles, settings: &ModelToml) -> Result<Self, String> {
        let (config, tokens) = files.input_of(settings)?;
        Ok(Self { config, tokens, weights: Weights::parse(&files.weights)? })
    }
}

pub(crate) fn unreadable(info: &ModelInfo, text: &str, reason: String) -> ModelError {
    ModelError::Tokenize { model: info.name.clone(), bytes: text.len(), reason }
}

/// Weights are finite when they are loaded; what they come to need not be.
pub(crate) fn overflowed(info: &ModelInfo, text: &str) -> ModelError {
    let reason = "its weights are too large: the answer is not a number".to_owned();
    ModelError::Run { model: info.name.clone(), bytes: text.len(), reason }
}
