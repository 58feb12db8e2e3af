//! What a model is trained on and how: the recipe, a TOML file. Unknown keys are errors.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use standpoint_core::{Label, Task};
use standpoint_encoder::{ModelToml, StanceSettings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A recipe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    pub(crate) model: ModelTable,
    #[serde(default)]
    pub(crate) training: Training,
    /// What labels of the sets stand for, besides favor, against and neutral themselves.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, LabelMeaning>,
    #[serde(rename = "set")]
    pub(crate) sets: Vec<Set>,
    /// The folder that it lies in.
    #[serde(skip)]
    folder: PathBuf,
}

/// What the exported `model.toml` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelTable {
    name: String,
    /// What it is trained for.
    #[serde(default = "stance")]
    pub(crate) task: Task,
    description: String,
    license: String,
    source: String,
    languages: Vec<String>,
    max_tokens: usize,
    /// Whether a stance model is to be asked whose stance it is: that it learned from some rows with a
    /// holder does not tell that it learned it well.
    #[serde(default)]
    holders: bool,
}

impl ModelTable {
    /// As the settings of a model; a stance model's has a temperature.
    pub(crate) fn settings(&self, temperature: f32) -> ModelToml {
        let stance = StanceSettings { labels: Label::ALL, temperature, holders: self.holders };
        ModelToml {
            name: self.name.clone(),
            task: self.task,
            description: self.description.clone(),
            license: self.license.clone(),
            source: self.source.clone(),
            languages: self.languages.clone(),
            max_tokens: self.max_tokens,
            embedding: None,
            stance: (self.task == Task::Stance).then_some(stance),
            entailment: None,
        }
    }
}

/// How to train.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Training {
    /// Passes over the data.
    pub(crate) epochs: usize,
    /// Tokens of a step, padding included.
    pub(crate) tokens_per_step: usize,
    /// The highest learning rate, that of the classifier and the last layer.
    pub(crate) learning_rate: f64,
    /// Each layer further down learns this much slower.
    pub(crate) layer_decay: f64,
    /// Share of the steps in which the learning rate rises; afterwards it falls to 0.
    pub(crate) warm_up: f64,
    /// Decoupled weight decay of matrices.
    pub(crate) weight_decay: f64,
    /// Share of every gold label that is spread over all three.
    pub(crate) label_smoothing: f64,
    /// Share of activations that are dropped.
    pub(crate) dropout: f64,
    /// Share that the average of the weights keeps of itself at each step; it is what is exported.
    pub(crate) averaging: f64,
    /// Share of the base's weights in those that are exported, which keeps more of what the base knew
    /// (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    pub(crate) of_base: f64,
    /// bf16 halves the time where the processor has it; weights and moments stay f32.
    pub(crate) precision: Precision,
    /// Everything random comes from it.
    pub(crate) seed: u64,
    /// Dev is scored, and a checkpoint written, so often in an epoch.
    pub(crate) scores_per_epoch: usize,
    /// Training ends after so many scores in a row that are no better than the best.
    pub(crate) patience: usize,
    /// Rows of each dev set that are scored in training; figures for a card come from
    /// `standpoint eval` on all.
    pub(crate) dev_rows: usize,
    /// A teacher's answers, as `standpoint-train answers` writes them.
    pub(crate) teacher: Option<Teacher>,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            epochs: 3,
            tokens_per_step: 4096,
            learning_rate: 8e-5,
            layer_decay: 0.9,
            warm_up: 0.06,
            weight_decay: 0.01,
            label_smoothing: 0.05,
            dropout: 0.1,
            averaging: 0.998,
            of_base: 0.0,
            precision: Precision::Bf16,
            seed: 1,
            scores_per_epoch: 2,
            patience: 4,
            dev_rows: 400,
            teacher: None,
        }
    }
}

/// Arithmetic of the products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Precision {
    F32,
    Bf16,
}

/// Distillation (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Teacher {
    /// JSON Lines of the pairs' keys and the teacher's logits, in the folder of the data.
    pub(crate) answers: PathBuf,
    /// Share of the teacher in what a pair is trained toward; the rest is gold.
    pub(crate) weight: f64,
    /// What the teacher's logits are divided by.
    pub(crate) temperature: f32,
}

/// What a label of a data set stands for.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum LabelMeaning {
    /// One label.
    Certain(Label),
    /// Probabilities of favor, against and neutral.
    Uncertain([f32; 3]),
}

impl LabelMeaning {
    pub(crate) fn probabilities(self) -> [f32; 3] {
        match self {
            Self::Certain(label) => Label::ALL.map(|one| f32::from(u8::from(one == label))),
            Self::Uncertain(probabilities) => probabilities,
        }
    }
}

/// A data set: JSON Lines with a text, a target and a label on each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    pub(crate) name: String,
    /// Paths are relative to the folder given with `--data`, or, where they begin with `./`, to that of
    /// the recipe. Without it the set is only scored.
    pub(crate) train: Option<PathBuf>,
    pub(crate) dev: Option<PathBuf>,
    /// The field of the target.
    #[serde(default = "target")]
    pub(crate) target: String,
    /// Share of the rows that an epoch draws, or, above 1, how often it draws each.
    #[serde(default = "one")]
    pub(crate) share: f64,
    /// Pairs of a text with another row's target, labelled neutral, as a share of the rows.
    #[serde(default)]
    pub(crate) off_topic: f64,
    /// Share of the drawn rows whose target, a claim with "should", is negated and whose label is
    /// turned round.
    #[serde(default)]
    pub(crate) negated: f64,
    /// Its rows have two entities (`entity1`, `entity2`) in the place of a target, and a `direction`
    /// that says which of them holds something of the other.
    #[serde(default)]
    pub(crate) related: bool,
    /// Its rows have no text but name a `document` of this file (JSON Lines with `id` and `text`), and
    /// the bytes of it that they are about.
    pub(crate) passages_of: Option<PathBuf>,
    /// Rows whose text occurs in one of these files are left out.
    #[serde(default)]
    pub(crate) without_texts_of: Vec<PathBuf>,
}

fn stance() -> Task {
    Task::Stance
}

fn target() -> String {
    "target".to_owned()
}

fn one() -> f64 {
    1.0
}

impl Recipe {
    /// Reads and checks a recipe.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let recipe = Self::parse(&text).with_context(|| format!("{name} is no such recipe"))?;
        Ok(Self { folder: path.parent().unwrap_or(Path::new("")).to_owned(), ..recipe })
    }

    /// Where a file lies that the recipe names.
    pub(crate) fn path(&self, data: &Path, file: &Path) -> PathBuf {
        match file.strip_prefix("./") {
            Ok(beside) => self.folder.join(beside),
            Err(_) => data.join(file),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let recipe: Self = toml::from_str(text)?;
        let Training { epochs, tokens_per_step, dropout, averaging, of_base, warm_up, .. } =
            recipe.training;
        ensure!(epochs > 0, "training.epochs is 0");
        let longest = recipe.model.max_tokens;
        ensure!(
            tokens_per_step >= longest,
            "training.tokens_per_step is {tokens_per_step}: a text may have {longest}"
        );
        for (name, share) in [
            ("training.dropout", dropout),
            ("training.averaging", averaging),
            ("training.of_base", of_base),
            ("training.warm_up", warm_up),
            ("training.label_smoothing", recipe.training.label_smoothing),
        ] {
            ensure!((0.0..1.0).contains(&share), "{name} is {share}, not from 0 to below 1");
        }
        ensure!(recipe.training.scores_per_epoch > 0, "training.scores_per_epoch is 0");
        ensure!(recipe.sets.iter().any(|set| set.train.is_some()), "no set has a file to train on");
        ensure!(recipe.sets.iter().any(|set| set.dev.is_some()), "no set has a dev file to score");
        for set in &recipe.sets {
            let known = [set.share, set.off_topic].iter().all(|x| (0.0..=100.0).contains(x));
            ensure!(known, "set {}: share and off_topic lie between 0 and 100", set.name);
            ensure!((0.0..=1.0).contains(&set.negated), "set {}: negated is no share", set.name);
        }
        for (label, meaning) in &recipe.labels {
            let p = meaning.probabilities();
            let sum: f32 = p.iter().sum();
            ensure!(
                p.iter().all(|p| *p >= 0.0) && (sum - 1.0).abs() < 1e-3,
                "label {label}: probabilities of favor, against and neutral that sum to 1"
            );
        }
        Ok(recipe)
    }

    /// What a label stands for.
    pub(crate) fn meaning(&self, label: &str) -> Option<LabelMeaning> {
        let own = self.labels.get(label).copied();
        own.or_else(|| Label::parse(label).map(LabelMeaning::Certain))
    }
}
