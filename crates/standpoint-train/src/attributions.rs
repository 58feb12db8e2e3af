//! Training a tagger of attributions, from articles in which source, cue and content are marked.

use crate::bert::{Bert, Dropout, Weights};
use crate::data::{self, Padded};
use crate::recipe::{Recipe, Set};
use crate::train::{self, Task};
use anyhow::Result;
use fastrand::Rng;
use standpoint_core::{Attribution, AttributionTagger, Span};
use standpoint_encoder::{
    FARTHEST, Input, JOINT_WIDTH, ModelFiles, ModelToml, Part, Placed, Precision, TokenTagger,
    Tokens, distance_row, tagger_head,
};
use standpoint_report::evaluation::{AttributionScores, read_attributions};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Kind, Tensor};

/// Articles to learn from.
pub(crate) struct Articles {
    base: ModelFiles,
    sets: Vec<ArticleSet>,
}

struct ArticleSet {
    name: String,
    share: f64,
    train: Vec<Example>,
    /// Paragraphs with their attributions.
    dev: Vec<(String, Vec<Attribution>)>,
    /// Attributions of the train file that could not be used: without a cue, or over paragraphs.
    left_out: usize,
}

/// A paragraph.
struct Example {
    input: Input,
    /// For each token, special ones included: 0 outside, 1 a cue begins, 2 it goes on.
    cues: Vec<i64>,
    attributions: Vec<Labelled>,
}

/// An attribution by its tokens.
struct Labelled {
    /// The first token of the cue.
    cue: usize,
    /// For each token the number of its [`Part`].
    parts: Vec<i64>,
}

/// Paragraphs of about the same length.
pub(crate) struct Batch {
    inputs: Padded,
    /// `[rows, width]`
    cues: Vec<i64>,
    /// The row of each attribution.
    rows: Vec<i64>,
    /// Its cue as a place in `[rows · width]`.
    places: Vec<i64>,
    /// `[attributions, width]`
    parts: Vec<i64>,
    /// `[attributions, width]`: the row of the table of distances.
    distances: Vec<i64>,
}

/// Says that a token's label is not learned: padding.
const IGNORED: i64 = -100;

impl Articles {
    /// Reads every set of a recipe.
    pub(crate) fn read(
        recipe: &Recipe,
        folder: &Path,
        base: &ModelFiles,
        tokens: Tokens,
    ) -> Result<Self> {
        let read = |path: &Option<std::path::PathBuf>| match path {
            Some(path) => read_attributions(&folder.join(path)),
            None => Ok((Vec::new(), 0)),
        };
        let set = |set: &Set| {
            let (train, left_out) = read(&set.train)?;
            let example = |(text, attributions): &(String, Vec<Attribution>)| {
                let placed = tokens.placed(text).map_err(anyhow::Error::msg)?;
                Ok(Example::of(&placed, &tokens, attributions))
            };
            Ok(ArticleSet {
                name: set.name.clone(),
                share: set.share,
                train: train.iter().map(example).collect::<Result<_>>()?,
                dev: read(&set.dev)?.0,
                left_out,
            })
        };
        Ok(Self { base: base.clone(), sets: recipe.sets.iter().map(set).collect::<Result<_>>()? })
    }

    /// What was read, in words.
    pub(crate) fn counts(&self) -> Vec<String> {
        let of = |set: &ArticleSet| {
            let count: usize = set.train.iter().map(|example| example.attributions.len()).sum();
            format!(
                "{}: {} paragraphs with {count} attributions, {} left out, {} dev paragraphs",
                set.name,
                set.train.len(),
                set.left_out,
                set.dev.len()
            )
        };
        self.sets.iter().map(of).collect()
    }
}

impl Example {
    fn of(placed: &[Placed], tokens: &Tokens, attributions: &[Attribution]) -> Self {
        let ids: Vec<u32> = placed.iter().map(|token| token.id).collect();
        let input = tokens.text(&ids);
        let length = input.ids.len();
        let read = &placed[..placed.len() - input.truncated];
        // The tokens of a span, counted with the special one before them.
        let of = |span: Span| {
            let inside = move |token: &Placed| token.span.overlap(span) > 0;
            read.iter().zip(1..).filter(move |(token, _)| inside(token)).map(|(_, at)| at)
        };
        let mut cues = vec![0; length];
        let mut labelled = Vec::new();
        for attribution in attributions {
            let Some(cue) = of(attribution.cue).next() else { continue };
            for at in of(attribution.cue) {
                cues[at] = if at == cue { 1 } else { 2 };
            }
            let mut parts = vec![Part::Outside as i64; length];
            let kinds = [
                (&attribution.content, Part::ContentBegins, Part::ContentGoesOn),
                (&attribution.source, Part::SourceBegins, Part::SourceGoesOn),
            ];
            for (spans, begins, goes_on) in kinds {
                for span in spans {
                    for (nth, at) in of(*span).enumerate() {
                        parts[at] = if nth == 0 { begins as i64 } else { goes_on as i64 };
                    }
                }
            }
            labelled.push(Labelled { cue, parts });
        }
        Self { input, cues, attributions: labelled }
    }
}

impl Batch {
    fn of(examples: &[&Example]) -> Self {
        let inputs = Padded::of(examples.iter().map(|example| &example.input));
        let width = inputs.width as usize;
        let mut batch = Self {
            cues: vec![IGNORED; examples.len() * width],
            inputs,
            rows: Vec::new(),
            places: Vec::new(),
            parts: Vec::new(),
            distances: Vec::new(),
        };
        for (row, example) in examples.iter().enumerate() {
            batch.cues[row * width..][..example.cues.len()].copy_from_slice(&example.cues);
            for attribution in &example.attributions {
                batch.rows.push(row as i64);
                batch.places.push((row * width + attribution.cue) as i64);
                let padding = std::iter::repeat_n(IGNORED, width - attribution.parts.len());
                batch.parts.extend(attribution.parts.iter().copied().chain(padding));
                let distance = |at| distance_row(at, attribution.cue) as i64;
                batch.distances.extend((0..width).map(distance));
            }
        }
        batch
    }
}

impl Task for Articles {
    type Batch = Batch;

    fn head(hidden: usize) -> Vec<(&'static str, Vec<usize>)> {
        tagger_head(hidden).to_vec()
    }

    fn epoch(&self, recipe: &Recipe, number: usize) -> Vec<Batch> {
        let training = &recipe.training;
        let mut rng = Rng::with_seed(training.seed ^ ((number as u64 + 1) << 32));
        let mut drawn: Vec<&Example> = Vec::new();
        for set in &self.sets {
            let mut order: Vec<&Example> = set.train.iter().collect();
            rng.shuffle(&mut order);
            let wanted = (order.len() as f64 * set.share).round() as usize;
            drawn.extend(order.iter().cycle().take(if order.is_empty() { 0 } else { wanted }));
        }
        rng.shuffle(&mut drawn);
        let tokens = training.tokens_per_step;
        data::mixed(&mut drawn, tokens, &mut rng, |example| &example.input, Batch::of)
    }

    /// Cross-entropy of the cues, the mean over all tokens, and of the parts, over all tokens of all
    /// cues.
    fn loss(
        &self,
        bert: &Bert,
        weights: &Weights,
        batch: &Batch,
        mut dropout: Option<&mut Dropout>,
    ) -> Tensor {
        let x = bert.encode(weights, &batch.inputs, dropout.as_deref_mut());
        let x = match dropout {
            Some(dropout) => dropout.apply(&x),
            None => x,
        };
        let (cues, parts) = logits(bert, weights, batch, &x);
        let entropy = |logits: Tensor, wanted: &[i64]| {
            let classes = logits.size()[logits.dim() - 1];
            let wanted = Tensor::from_slice(wanted);
            let reduction = tch::Reduction::Mean;
            logits
                .reshape([-1, classes])
                .cross_entropy_loss::<Tensor>(&wanted, None, reduction, IGNORED, 0.0)
        };
        let of_cues = entropy(cues, &batch.cues);
        match parts {
            Some(parts) => of_cues + entropy(parts, &batch.parts),
            None => of_cues,
        }
    }

    /// The F1 of source-content pairs that share half of their bytes, as the product finds them.
    fn score(&self, _: &Bert, weights: &Weights, recipe: &Recipe) -> Result<BTreeMap<String, f64>> {
        let toml = toml::to_string(&recipe.model.settings(1.0))?;
        let files = train::model(&self.base, toml, weights)?;
        let tagger = TokenTagger::load(&files, Precision::F32)?;
        let mut scores = BTreeMap::new();
        for set in self.sets.iter().filter(|set| !set.dev.is_empty()) {
            let texts: Vec<&str> = set.dev.iter().map(|(text, _)| text.as_str()).collect();
            let found = tagger.tag(&texts)?;
            let found = found.iter().map(|tagged| &tagged.attributions[..]);
            let gold = set.dev.iter().map(|(_, gold)| &gold[..]);
            let f1 = AttributionScores::of(gold.zip(found)).pairs.half.f1();
            scores.insert(set.name.clone(), f1);
        }
        Ok(scores)
    }

    fn settings(&self, _: &Bert, _: &Weights, recipe: &Recipe) -> ModelToml {
        recipe.model.settings(1.0)
    }

    fn load(files: &ModelFiles) -> Result<()> {
        TokenTagger::load(files, Precision::F32)?;
        Ok(())
    }
}

/// The logits of all tokens for cues, `[rows, width, 3]`, and of all tokens for the parts of each gold
/// cue, `[cues, width, Part::COUNT]`.
fn logits(bert: &Bert, weights: &Weights, batch: &Batch, x: &Tensor) -> (Tensor, Option<Tensor>) {
    let cues = bert.linear(weights, "attribution.cue", x).to_kind(Kind::Float);
    if batch.rows.is_empty() {
        return (cues, None);
    }
    let (width, joint) = (batch.inputs.width, JOINT_WIDTH as i64);
    let token = bert.linear(weights, "attribution.token", x);
    let of_cue = bert.linear(weights, "attribution.of_cue", x).reshape([-1, joint]);
    let rows = Tensor::from_slice(&batch.rows);
    let of_cue = of_cue.index_select(0, &Tensor::from_slice(&batch.places)).unsqueeze(1);
    let distances = Tensor::from_slice(&batch.distances).reshape([-1, width]);
    let table = weights["attribution.distance.weight"].to_kind(x.kind());
    let distance = Tensor::embedding(&table, &distances, -1, false, false);
    debug_assert_eq!(table.size()[0], 2 * FARTHEST as i64 + 1);
    let joint = (token.index_select(0, &rows) + of_cue + distance).relu();
    let parts = bert.linear(weights, "attribution.part", &joint).to_kind(Kind::Float);
    (cues, Some(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny;
    use crate::train::Training;

    /// Who speaks stands before "should", what is said after it: a tagger learns it, and what it
    /// learned is what the encoder finds.
    #[test]
    fn a_tagger_learns_to_part_source_cue_and_content() {
        tch::set_num_threads(1);
        let folder = tempfile::tempdir().unwrap();
        let row = |i: usize| {
            let (source, content) = (["we", "the tax"][i % 2], ["good levy", "ban", "bad"][i % 3]);
            let filler = "a ".repeat(i % 4);
            let text = format!("{filler}{source} should {content}");
            let cue = filler.len() + source.len() + 1;
            let mark = |start: usize, length: usize| serde_json::json!([{ "spans": [[start, start + length]] }]);
            serde_json::json!({ "text": text, "attributions": [{
                "source": mark(filler.len(), source.len()), "cue": mark(cue, 6),
                "content": mark(cue + 7, content.len()),
            }] })
            .to_string()
        };
        let rows = (0..240).map(row).collect::<Vec<_>>().join("\n");
        std::fs::write(folder.path().join("train.jsonl"), &rows).unwrap();
        std::fs::write(folder.path().join("dev.jsonl"), &rows).unwrap();
        let mut recipe = tiny::recipe("f32");
        recipe.training.epochs = 24;
        recipe.training.scores_per_epoch = 1;
        recipe.model.task = standpoint_core::Task::Attribution;
        let toml = toml::to_string(&recipe.model.settings(1.0)).unwrap();
        let base = tiny::base(toml);
        let (_, tokens) = base.input().unwrap();
        let task = Articles::read(&recipe, folder.path(), &base, tokens).unwrap();
        assert_eq!(
            task.counts(),
            ["toy: 240 paragraphs with 240 attributions, 0 left out, 240 dev paragraphs"]
        );
        let batch = &task.epoch(&recipe, 0)[0];
        assert_eq!(batch.places.len(), batch.inputs.rows as usize);
        let out = folder.path().join("out");
        std::fs::create_dir_all(&out).unwrap();
        let training = Training { recipe: &recipe, base: &base, task, out: &out };
        train::train(&training, &mut |_| {}).unwrap();
        let files = ModelFiles::from_folder(&out.join("model")).unwrap();
        let tagger = TokenTagger::load(&files, Precision::F32).unwrap();
        let text = "a the tax should good levy";
        let tagged = &tagger.tag(&[text]).unwrap()[0].attributions;
        let of = |span: Span| span.of(text).unwrap();
        let [a] = &tagged[..] else { panic!("{tagged:?}") };
        assert_eq!(
            (of(a.source[0]), of(a.cue), of(a.content[0])),
            ("the tax", "should", "good levy")
        );
    }
}
