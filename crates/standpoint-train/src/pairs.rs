//! Training a stance model: a classifier of (target, text) pairs.

use crate::bert::{self, Bert, Dropout, Weights};
use crate::data::{self, Answers, Batch, DataSet, Example, Padded};
use crate::recipe::Recipe;
use crate::train::Task;
use anyhow::{Result, ensure};
use standpoint_core::{Label, Probabilities};
use standpoint_encoder::{ModelFiles, ModelToml, Tokens, read_tensors};
use standpoint_report::evaluation::{Judged, Scores};
use standpoint_stance::{Graded, fit_temperature};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// Pairs to learn from.
pub(crate) struct Pairs {
    pub(crate) tokens: Tokens,
    pub(crate) sets: Vec<DataSet>,
    pub(crate) teacher: Answers,
}

impl Task for Pairs {
    type Batch = Batch;

    fn head(hidden: usize) -> Vec<(&'static str, Vec<usize>)> {
        vec![
            ("pooler.dense.weight", vec![hidden, hidden]),
            ("pooler.dense.bias", vec![hidden]),
            ("classifier.weight", vec![3, hidden]),
            ("classifier.bias", vec![3]),
        ]
    }

    fn epoch(&self, recipe: &Recipe, number: usize) -> Vec<Batch> {
        data::epoch(&self.sets, recipe, &self.teacher, &self.tokens, number)
    }

    /// Cross-entropy to what is wanted, the mean over the pairs.
    fn loss(
        &self,
        bert: &Bert,
        weights: &Weights,
        batch: &Batch,
        dropout: Option<&mut Dropout>,
    ) -> Tensor {
        let logits = logits(bert, weights, &batch.inputs, dropout);
        let wanted = Tensor::from_slice(&batch.wanted).reshape([batch.inputs.rows, 3]);
        -(logits.log_softmax(-1, Kind::Float) * wanted).sum(Kind::Float) / batch.inputs.rows as f64
    }

    /// The macro-F1 of each dev set, on as many rows as the recipe says.
    fn score(
        &self,
        bert: &Bert,
        weights: &Weights,
        recipe: &Recipe,
    ) -> Result<BTreeMap<String, f64>> {
        let of = |set: &DataSet| {
            let rows = set.dev.len().min(recipe.training.dev_rows);
            let answers = self.answers(bert, weights, &set.dev[..rows], recipe);
            let graded = graded(&set.dev[..rows], &answers);
            let judged: Vec<Judged<'_>> =
                graded.iter().map(|row| Judged::by_model(row.gold, row.probabilities)).collect();
            (set.name.clone(), Scores::of(&judged).overall.macro_f1.value)
        };
        Ok(self.sets.iter().filter(|set| !set.dev.is_empty()).map(of).collect())
    }

    /// With the temperature that fits all dev rows.
    fn settings(&self, bert: &Bert, weights: &Weights, recipe: &Recipe) -> ModelToml {
        let graded: Vec<Vec<Graded>> = self
            .sets
            .iter()
            .filter(|set| set.train.len() > 1)
            .map(|set| graded(&set.dev, &self.answers(bert, weights, &set.dev, recipe)))
            .filter(|rows| !rows.is_empty())
            .collect();
        let temperature = fit_temperature(&graded.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let temperature = (temperature * 1000.0).round() / 1000.0;
        recipe.model.settings(temperature)
    }

    fn load(files: &ModelFiles) -> Result<()> {
        standpoint_encoder::PairClassifier::load(files, standpoint_encoder::Precision::F32)?;
        Ok(())
    }
}

/// The logits of a batch, `[rows, 3]`, in the order favor, against, neutral.
fn logits(
    bert: &Bert,
    weights: &Weights,
    inputs: &Padded,
    mut dropout: Option<&mut Dropout>,
) -> Tensor {
    let first = bert.encode(weights, inputs, dropout.as_deref_mut()).select(1, 0);
    let pooled = bert.linear(weights, "pooler.dense", &first).tanh();
    let pooled = match dropout {
        Some(dropout) => dropout.apply(&pooled),
        None => pooled,
    };
    bert.linear(weights, "classifier", &pooled).to_kind(Kind::Float)
}

impl Pairs {
    /// What a model says to examples, in their order.
    fn answers(
        &self,
        bert: &Bert,
        weights: &Weights,
        examples: &[Example],
        recipe: &Recipe,
    ) -> Vec<[f32; 3]> {
        let mut answers = vec![[0.0; 3]; examples.len()];
        let _guard = tch::no_grad_guard();
        let tokens_per_batch = recipe.training.tokens_per_step;
        for (batch, places) in data::in_order(examples, &self.tokens, tokens_per_batch) {
            let logits = logits(bert, weights, &batch.inputs, None).reshape([-1]);
            let mut flat = vec![0.0_f32; places.len() * 3];
            logits.copy_data(&mut flat, places.len() * 3);
            for (place, logits) in places.iter().zip(flat.as_chunks::<3>().0) {
                answers[*place] = *logits;
            }
        }
        answers
    }

    /// What a base with a classifier, the teacher, says to every pair that is trained on.
    pub(crate) fn answers_of(&self, teacher: &ModelFiles, recipe: &Recipe) -> Result<Answers> {
        let (config, _) = teacher.input()?;
        let bert = Bert::new(config, recipe.training.precision);
        let tensors = read_tensors(&teacher.weights).map_err(anyhow::Error::msg)?;
        ensure!(tensors.contains_key("classifier.weight"), "the teacher has no classifier");
        let head = Self::head(bert.config().hidden_size);
        let weights = bert::weights(tensors, bert.config(), &head, 0)?;
        let of_set = |set: &DataSet| {
            let found = self.answers(&bert, &weights, &set.train, recipe);
            let keys = set.train.iter().map(|example| example.key.clone());
            keys.zip(found).collect::<Vec<_>>()
        };
        Ok(self.sets.iter().flat_map(of_set).collect())
    }
}

/// Answers with gold, for the rows whose gold is one label.
fn graded(examples: &[Example], answers: &[[f32; 3]]) -> Vec<Graded> {
    let of = |(example, logits): (&Example, &[f32; 3])| {
        let gold = Label::ALL.into_iter().zip(example.gold).find(|(_, p)| *p > 0.999)?.0;
        Some(Graded { probabilities: Probabilities::from_logits(*logits, 1.0), gold })
    };
    examples.iter().zip(answers).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::Pair;
    use standpoint_encoder::{PairClassifier, Precision};

    /// What is trained is what the encoder runs: the same logits from the same weights, padded or not.
    fn the_logits_are_those_of_our_encoder(files: &ModelFiles, pairs: [(&str, &str); 3]) {
        let (config, tokens) = files.input().unwrap();
        let head = Pairs::head(config.hidden_size);
        let of = |files: &ModelFiles| {
            let tensors = read_tensors(&files.weights).unwrap();
            bert::weights(tensors, &config, &head, 1).unwrap()
        };
        // With a head where there is none, and what its 8 bits are.
        let toml = String::from_utf8(files.model_toml.to_vec()).unwrap();
        let files = crate::train::model(files, toml, &of(files)).unwrap();
        let weights = of(&files);
        let examples: Vec<Example> =
            pairs.iter().map(|(target, text)| Example::of(target, text, &tokens)).collect();
        let recipe = crate::tiny::recipe("f32");
        let task = Pairs { tokens, sets: Vec::new(), teacher: Answers::new() };
        let bert = Bert::new(config.clone(), crate::recipe::Precision::F32);
        let found = task.answers(&bert, &weights, &examples, &recipe);
        let ours = PairClassifier::load(&files, Precision::F32).unwrap();
        let ours = ours.logits(&pairs.map(|(target, text)| Pair { target, text })).unwrap();
        let largest = found.as_flattened().iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        for (found, (ours, _)) in found.iter().zip(ours) {
            for (a, b) in found.iter().zip(ours) {
                assert!((a - b).abs() < 3e-4 * largest, "{found:?} is not {ours:?}");
            }
        }
    }

    #[test]
    fn berts_logits_are_those_of_our_encoder() {
        let pairs = [
            ("a carbon tax", "A carbon tax is a disaster for workers."),
            ("The tunnel should be built", "Nobody who has seen the figures can defend it."),
            ("the levy", "It works."),
        ];
        the_logits_are_those_of_our_encoder(&minilm_stance::FILES, pairs);
    }

    #[test]
    fn mpnets_logits_are_those_of_our_encoder() {
        let settings = toml::to_string(&crate::tiny::recipe("f32").model.settings(1.0)).unwrap();
        let pairs =
            [("levy", "the good levy"), ("the ban", "we should not ban a tax"), ("tax", "")];
        the_logits_are_those_of_our_encoder(&crate::tiny::of_family("mpnet", settings), pairs);
    }
}
