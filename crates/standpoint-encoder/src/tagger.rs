//! An encoder that finds who says what in a text.
//!
//! The text goes through the encoder once. Every token is then labelled as beginning, continuing or
//! outside a cue; and for every cue found, every token is labelled once more, as source, content or
//! neither *of that cue*, from a sum of what the token says, what the cue says, and how far they stand
//! apart. So source and content need not be matched afterwards, content may be in parts, and of two
//! attributions one may lie in the other. It is a shallow, cheaper form of what He et al. ("Jointly
//! Predicting Predicates and Arguments in Neural Semantic Role Labeling", ACL 2018) do for verbs.

use crate::encoder::{Encoder, Wanted};
use crate::files::{ModelFiles, ModelToml};
use crate::linear::{Epilogue, Linear, Workspace, row_step};
use crate::models::{Parts, unreadable};
use crate::precision::Precision;
use crate::tokens::{Input, Placed, Tokens};
use crate::weights::{Matrix, Weights};
use standpoint_core::{Attribution, AttributionTagger, ModelError, ModelInfo, Span, Tagged};

/// Width of the layer that joins token and cue.
pub const JOINT_WIDTH: usize = 128;
/// Tokens further from a cue than this count as this far.
pub const FARTHEST: usize = 31;

/// Shapes of the head's tensors beside the encoder's, for a hidden width: what
/// [`TokenTagger`] reads and training writes.
pub fn tagger_head(hidden: usize) -> [(&'static str, Vec<usize>); 9] {
    [
        ("attribution.cue.weight", vec![3, hidden]),
        ("attribution.cue.bias", vec![3]),
        ("attribution.token.weight", vec![JOINT_WIDTH, hidden]),
        ("attribution.token.bias", vec![JOINT_WIDTH]),
        ("attribution.of_cue.weight", vec![JOINT_WIDTH, hidden]),
        ("attribution.of_cue.bias", vec![JOINT_WIDTH]),
        ("attribution.distance.weight", vec![2 * FARTHEST + 1, JOINT_WIDTH]),
        ("attribution.part.weight", vec![Part::COUNT, JOINT_WIDTH]),
        ("attribution.part.bias", vec![Part::COUNT]),
    ]
}

/// What a token is to a cue. The order is that of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Neither source nor content.
    Outside,
    /// The first token of a run of source.
    SourceBegins,
    /// A further one.
    SourceGoesOn,
    /// The first token of a run of content.
    ContentBegins,
    /// A further one.
    ContentGoesOn,
}

impl Part {
    /// How many there are.
    pub const COUNT: usize = 5;
    const ALL: [Part; Part::COUNT] = [
        Part::Outside,
        Part::SourceBegins,
        Part::SourceGoesOn,
        Part::ContentBegins,
        Part::ContentGoesOn,
    ];
}

/// The row of `attribution.distance.weight` for a token, seen from the first token of a cue.
pub fn distance_row(token: usize, cue: usize) -> usize {
    (token + FARTHEST).saturating_sub(cue).min(2 * FARTHEST)
}

/// An encoder that tags attributions.
pub struct TokenTagger {
    info: ModelInfo,
    tokens: Tokens,
    encoder: Encoder,
    cue: Rows,
    /// `[2 · JOINT_WIDTH, hidden]`: what a token says as a token, and as a cue.
    joint: Linear,
    distance: Rows,
    part: Rows,
    part_bias: Vec<f32>,
    cue_bias: Vec<f32>,
}

/// The row of a cue's first token, and the logits of every token for the [`Part`]s of that cue.
type PartsOfCue = (usize, Vec<[f32; Part::COUNT]>);

/// A small matrix as numbers, row by row.
struct Rows {
    width: usize,
    values: Vec<f32>,
}

impl Rows {
    fn of(weights: &Weights<'_>, name: &str, rows: usize, width: usize) -> Result<Self, String> {
        let matrix: Matrix = weights.matrix(name, rows, width)?;
        let mut values = vec![0.0; rows * width];
        for (row, out) in values.chunks_exact_mut(width).enumerate() {
            matrix.copy_row(row, out);
        }
        Ok(Self { width, values })
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.width..][..self.width]
    }

    /// The product with a vector, and a bias.
    fn times(&self, x: &[f32], bias: &[f32], out: &mut [f32]) {
        for ((row, bias), out) in self.values.chunks_exact(self.width).zip(bias).zip(out) {
            *out = bias + row.iter().zip(x).map(|(a, b)| a * b).sum::<f32>();
        }
    }
}

impl TokenTagger {
    /// Makes the model: packs the weights for the matmul.
    ///
    /// # Errors
    /// [`ModelError::Load`], which names the file and what in it is wrong, or says what the processor
    /// lacks for this precision.
    pub fn load(files: &ModelFiles, precision: Precision) -> Result<Self, ModelError> {
        let settings = files.settings()?;
        if settings.task != standpoint_core::Task::Attribution {
            let task = settings.task.as_str();
            return Err(files.error(format!("model.toml: a model for {task} tags no attributions")));
        }
        Self::make(files, &settings, precision).map_err(|reason| files.error(reason))
    }

    fn make(
        files: &ModelFiles,
        settings: &ModelToml,
        precision: Precision,
    ) -> Result<Self, String> {
        let (precision, kernel) = precision.resolve()?;
        let Parts { config, tokens, weights } = Parts::parse(files, settings)?;
        let hidden = config.hidden_size;
        let rows = |name: &str, rows: usize, width: usize| {
            Rows::of(&weights, &format!("attribution.{name}.weight"), rows, width)
        };
        let bias = |name: &str, of: usize| weights.vector(&format!("attribution.{name}.bias"), of);
        let matrix =
            |name: &str| weights.matrix(&format!("attribution.{name}.weight"), JOINT_WIDTH, hidden);
        let joint_bias = [bias("token", JOINT_WIDTH)?, bias("of_cue", JOINT_WIDTH)?].concat();
        Ok(Self {
            info: files.info(settings, precision),
            tokens,
            encoder: Encoder::load(&config, &weights, kernel)?,
            cue: rows("cue", 3, hidden)?,
            cue_bias: bias("cue", 3)?,
            joint: Linear::new(
                kernel,
                vec![matrix("token")?, matrix("of_cue")?],
                joint_bias,
                hidden,
            ),
            distance: rows("distance", 2 * FARTHEST + 1, JOINT_WIDTH)?,
            part: rows("part", Part::COUNT, JOINT_WIDTH)?,
            part_bias: bias("part", Part::COUNT)?,
        })
    }

    /// The logits of every token for outside, beginning and going on of a cue, and for every token
    /// that begins a cue by `is_cue`, those of every token for the [`Part`]s of that cue.
    fn logits(
        &self,
        tokens: &[f32],
        begins: impl Fn(usize, &[[f32; 3]]) -> bool,
    ) -> (Vec<[f32; 3]>, Vec<PartsOfCue>) {
        let hidden = self.encoder.hidden();
        let count = tokens.len() / hidden;
        let cues: Vec<[f32; 3]> = tokens
            .chunks_exact(hidden)
            .map(|token| {
                let mut logits = [0.0; 3];
                self.cue.times(token, &self.cue_bias, &mut logits);
                logits
            })
            .collect();
        let begun: Vec<usize> = (0..count).filter(|&at| begins(at, &cues)).collect();
        if begun.is_empty() {
            return (cues, Vec::new());
        }
        let rows = count.next_multiple_of(row_step());
        let mut padded = tokens.to_vec();
        padded.resize(rows * hidden, 0.0);
        let mut joint = vec![0.0; rows * 2 * JOINT_WIDTH];
        self.joint.apply(&padded, &mut joint, Epilogue::Bias, &mut Workspace::default());
        let of = |at: usize| joint[at * 2 * JOINT_WIDTH..][..2 * JOINT_WIDTH].split_at(JOINT_WIDTH);
        let mut sum = [0.0_f32; JOINT_WIDTH];
        let parts = begun.into_iter().map(|cue| {
            let (_, of_cue) = of(cue);
            let parts = (0..count).map(|at| {
                let (token, _) = of(at);
                let distance = self.distance.row(distance_row(at, cue));
                for (i, sum) in sum.iter_mut().enumerate() {
                    *sum = (token[i] + of_cue[i] + distance[i]).max(0.0);
                }
                let mut logits = [0.0; Part::COUNT];
                self.part.times(&sum, &self.part_bias, &mut logits);
                logits
            });
            (cue, parts.collect())
        });
        let parts = parts.collect();
        (cues, parts)
    }

    /// The attributions of a text from the vectors of its tokens, special ones at both ends included.
    fn decode(&self, tokens: &[f32], placed: &[Placed]) -> Vec<Attribution> {
        // Word pieces go with the first piece of their word.
        let first = |at: usize| {
            at == 0 || placed[at].word.is_none() || placed[at].word != placed[at - 1].word
        };
        let word_at = |row: usize| row.checked_sub(1).filter(|at| *at < placed.len());
        let label = |cues: &[[f32; 3]], at: usize| largest(&cues[at + 1]);
        let begins = |row: usize, cues: &[[f32; 3]]| {
            word_at(row).is_some_and(|at| {
                let goes_on = at > 0 && label(cues, at) == 2 && in_cue(at - 1, cues, &first);
                first(at) && label(cues, at) != 0 && !goes_on
            })
        };
        let (cues, parts) = self.logits(tokens, begins);
        let mut attributions = Vec::new();
        for (row, parts) in parts {
            let Some(begin) = word_at(row) else { continue };
            let goes_on = |&at: &usize| !first(at) || label(&cues, at) == 2;
            let end = (begin + 1..placed.len()).take_while(goes_on).last().unwrap_or(begin);
            let mut found: [Vec<Span>; 2] = [Vec::new(), Vec::new()];
            let mut open: Option<(usize, Span)> = None;
            for (at, placed) in placed.iter().enumerate() {
                if (begin..=end).contains(&at) {
                    found_run(&mut found, open.take());
                    continue;
                }
                if !first(at) {
                    if let Some((_, run)) = &mut open {
                        run.end = placed.span.end;
                    }
                    continue;
                }
                let (kind, new) = match Part::ALL[largest(&parts[at + 1])] {
                    Part::Outside => {
                        found_run(&mut found, open.take());
                        continue;
                    }
                    Part::SourceBegins => (0, true),
                    Part::SourceGoesOn => (0, false),
                    Part::ContentBegins => (1, true),
                    Part::ContentGoesOn => (1, false),
                };
                match &mut open {
                    Some((open_kind, run)) if *open_kind == kind && !new => {
                        run.end = placed.span.end
                    }
                    _ => found_run(&mut found, open.replace((kind, placed.span))),
                }
            }
            found_run(&mut found, open.take());
            let cue = Span::new(placed[begin].span.start, placed[end].span.end);
            let [source, content] = found;
            if !content.is_empty() {
                attributions.push(Attribution { source, cue, content });
            }
        }
        attributions
    }
}

/// Whether the token at `at` lies in a cue.
fn in_cue(at: usize, cues: &[[f32; 3]], first: &impl Fn(usize) -> bool) -> bool {
    let word = (0..=at).rev().find(|&at| first(at)).unwrap_or(at);
    largest(&cues[word + 1]) != 0
}

fn found_run(found: &mut [Vec<Span>; 2], run: Option<(usize, Span)>) {
    if let Some((kind, span)) = run {
        found[kind].push(span);
    }
}

/// The place of the largest number, the first where two are equal.
fn largest(numbers: &[f32]) -> usize {
    let mut best = 0;
    for (at, x) in numbers.iter().enumerate() {
        if *x > numbers[best] {
            best = at;
        }
    }
    best
}

impl AttributionTagger for TokenTagger {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn tag(&self, texts: &[&str]) -> Result<Vec<Tagged>, ModelError> {
        let mut inputs: Vec<Input> = Vec::with_capacity(texts.len());
        let mut placed: Vec<Vec<Placed>> = Vec::with_capacity(texts.len());
        for text in texts {
            let mut of_text = self.tokens.placed(text);
            let of_text = of_text
                .as_mut()
                .map_err(|reason| unreadable(&self.info, text, std::mem::take(reason)))?;
            let ids: Vec<u32> = of_text.iter().map(|token| token.id).collect();
            let input = self.tokens.text(&ids);
            of_text.truncate(ids.len() - input.truncated);
            inputs.push(input);
            placed.push(std::mem::take(of_text));
        }
        let mut tagged = Vec::with_capacity(texts.len());
        let mut rest = inputs.iter().zip(&placed);
        self.encoder.run(&inputs, Wanted::All, |tokens| {
            if let Some((input, placed)) = rest.next() {
                let attributions = self.decode(tokens, placed);
                tagged.push(Tagged { attributions, truncated: input.truncated });
            }
        });
        Ok(tagged)
    }
}
