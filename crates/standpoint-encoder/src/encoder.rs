//! The network itself: token ids to one vector per token.

use crate::attention::{AttentionScratch, Distances, Heads, attend};
use crate::config::{Config, DISTANCES, Family};
use crate::kernels::Kernel;
use crate::linear::{Epilogue, Linear, Workspace, row_step};
use crate::math::layer_norm;
use crate::tokens::Input;
use crate::weights::{Matrix, Weights};
use rten_simd::{Isa, SimdOp};
use std::sync::{Mutex, PoisonError};

/// Tokens that are worked on together: enough that the rows added to fill the last tiles do not
/// count, few enough that the activations stay in the second- and third-level cache.
const CHUNK_TOKENS: usize = 360;

/// An encoder. Read-only once loaded: any number of threads may run it at once.
pub(crate) struct Encoder {
    hidden: usize,
    heads: Heads,
    words: Matrix,
    positions: Matrix,
    /// The row of `positions` for an input's first token.
    first_position: usize,
    /// A BERT's.
    types: Option<Matrix>,
    /// An MPNet's.
    distances: Option<Distances>,
    norm: Norm,
    layers: Vec<Layer>,
    /// One set of buffers per thread that has run the encoder at the same time as others.
    scratches: Mutex<Vec<Scratch>>,
}

struct Layer {
    /// Query, key and value side by side.
    qkv: Linear,
    attention_output: Linear,
    attention_norm: Norm,
    intermediate: Linear,
    output: Linear,
    output_norm: Norm,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

/// Which vectors of an input are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those of all its tokens.
    All,
    /// That of its first token, `[CLS]`.
    First,
}

impl Wanted {
    /// How many vectors that are.
    fn of(self, input: &Input) -> usize {
        match self {
            Wanted::All => input.ids.len(),
            Wanted::First => 1,
        }
    }
}

/// The buffers of one thread; their size is bounded by [`CHUNK_TOKENS`] or one longer input.
#[derive(Default)]
struct Scratch {
    /// `[tokens, hidden]`
    hidden: Vec<f32>,
    /// `[tokens, 3 · hidden]`
    qkv: Vec<f32>,
    /// `[tokens, hidden]`
    context: Vec<f32>,
    /// `[tokens, intermediate]`
    intermediate: Vec<f32>,
    attention: AttentionScratch,
    workspace: Workspace,
}

impl Encoder {
    /// Takes the weights that the config asks for, packed for `kernel`.
    pub(crate) fn load(
        config: &Config,
        weights: &Weights<'_>,
        kernel: Option<Kernel>,
    ) -> Result<Self, String> {
        let hidden = config.hidden_size;
        let norm = |name: &str| -> Result<Norm, String> {
            Ok(Norm {
                weight: weights.vector(&format!("{name}.weight"), hidden)?,
                bias: weights.vector(&format!("{name}.bias"), hidden)?,
                epsilon: config.layer_norm_eps,
            })
        };
        let table = |name: &str, rows| {
            weights.matrix(&format!("embeddings.{name}_embeddings.weight"), rows, hidden)
        };
        let layer = |i: usize| -> Result<Layer, String> {
            let name = |part: &str| config.tensor(&format!("encoder.layer.{i}.{part}"));
            let (mut qkv, mut bias) = (Vec::new(), Vec::new());
            for part in ["query", "key", "value"] {
                let part = name(&format!("attention.self.{part}"));
                qkv.push(weights.matrix(&format!("{part}.weight"), hidden, hidden)?);
                bias.extend(weights.vector(&format!("{part}.bias"), hidden)?);
            }
            let linear =
                |part: &str, inputs, outputs| linear(weights, kernel, &name(part), inputs, outputs);
            let wide = config.intermediate_size;
            Ok(Layer {
                qkv: Linear::new(kernel, qkv, bias, hidden),
                attention_output: linear("attention.output.dense", hidden, hidden)?,
                attention_norm: norm(&name("attention.output.LayerNorm"))?,
                intermediate: linear("intermediate.dense", hidden, wide)?,
                output: linear("output.dense", wide, hidden)?,
                output_norm: norm(&name("output.LayerNorm"))?,
            })
        };
        Ok(Self {
            hidden,
            heads: Heads {
                count: config.num_attention_heads,
                width: hidden / config.num_attention_heads,
            },
            words: table("word", config.vocab_size)?,
            positions: table("position", config.max_position_embeddings)?,
            first_position: config.first_position(),
            types: match config.model_type {
                Family::Bert => Some(table("token_type", config.type_vocab_size)?),
                Family::Mpnet => None,
            },
            distances: match config.model_type {
                Family::Bert => None,
                Family::Mpnet => Some(distances(config, weights)?),
            },
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_, _>>()?,
            scratches: Mutex::default(),
        })
    }

    /// Width of a token's vector.
    pub(crate) fn hidden(&self) -> usize {
        self.hidden
    }

    /// Runs the inputs through the encoder and hands out, in order, the vectors of each that are
    /// asked for: `[tokens, hidden]`, or `[1, hidden]`.
    pub(crate) fn run(&self, inputs: &[Input], wanted: Wanted, mut each: impl FnMut(&[f32])) {
        let mut scratch = self.lock().pop().unwrap_or_default();
        let mut rest = inputs;
        while !rest.is_empty() {
            let mut tokens = 0;
            let fit = rest.iter().take_while(|input| {
                tokens += input.ids.len();
                tokens <= CHUNK_TOKENS
            });
            let (chunk, later) = rest.split_at(fit.count().max(1));
            self.run_chunk(chunk, wanted, &mut scratch);
            let mut vectors = &scratch.hidden[..];
            for input in chunk {
                let (of_input, rest) = vectors.split_at(wanted.of(input) * self.hidden);
                each(of_input);
                vectors = rest;
            }
            rest = later;
        }
        self.lock().push(scratch);
    }

    /// The lock is held for a push or a pop, which cannot leave the list half changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_chunk(&self, inputs: &[Input], wanted: Wanted, s: &mut Scratch) {
        let tokens: usize = inputs.iter().map(|input| input.ids.len()).sum();
        let rows = tokens.next_multiple_of(row_step());
        s.hidden.resize(rows * self.hidden, 0.0);
        self.embed(inputs, &mut s.hidden);
        for (at, layer) in self.layers.iter().enumerate() {
            s.qkv.resize(s.hidden.len() * 3, 0.0);
            layer.qkv.apply(&s.hidden, &mut s.qkv, Epilogue::Bias, &mut s.workspace);
            if at + 1 == self.layers.len() {
                self.keep(inputs, wanted, &mut s.hidden);
            }
            let queries = |input: &Input| match at + 1 == self.layers.len() {
                true => wanted.of(input),
                false => input.ids.len(),
            };
            s.context.resize(s.hidden.len(), 0.0);
            let (mut qkv, mut context) = (&s.qkv[..], &mut s.context[..]);
            for input in inputs {
                let (this_qkv, later) = qkv.split_at(input.ids.len() * 3 * self.hidden);
                let (this_context, rest) = context.split_at_mut(queries(input) * self.hidden);
                let distances = self.distances.as_ref();
                attend(self.heads, distances, this_qkv, this_context, &mut s.attention);
                (qkv, context) = (later, rest);
            }
            layer.after_attention(&s.context, &mut s.hidden, &mut s.intermediate, &mut s.workspace);
        }
    }

    /// Moves the rows that are wanted of the last layer together; it computes no others.
    fn keep(&self, inputs: &[Input], wanted: Wanted, hidden: &mut Vec<f32>) {
        let (mut from, mut to) = (0, 0);
        for input in inputs {
            let rows = wanted.of(input) * self.hidden;
            hidden.copy_within(from..from + rows, to);
            from += input.ids.len() * self.hidden;
            to += rows;
        }
        hidden.resize(to.next_multiple_of(row_step() * self.hidden), 0.0);
        hidden[to..].fill(0.0);
    }

    /// The sum of a token's word, position and, in a BERT, type, normalised; zeros for the rows that only fill
    /// the last block.
    fn embed(&self, inputs: &[Input], out: &mut [f32]) {
        let tokens = inputs.iter().flat_map(|input| {
            let places = input.ids.iter().enumerate();
            places.map(|(at, &id)| (id as usize, at, usize::from(at >= input.second)))
        });
        let mut rows = out.chunks_exact_mut(self.hidden);
        for ((id, position, kind), out) in tokens.zip(&mut rows) {
            self.words.copy_row(id, out);
            if let Some(types) = &self.types {
                types.add_row(kind, out);
            }
            self.positions.add_row(self.first_position + position, out);
            self.norm.apply(out);
        }
        rows.for_each(|row| row.fill(0.0));
    }
}

impl Layer {
    /// Everything of a layer that follows attention.
    fn after_attention(
        &self,
        context: &[f32],
        hidden: &mut [f32],
        intermediate: &mut Vec<f32>,
        workspace: &mut Workspace,
    ) {
        let rows = hidden.len() / self.output.outputs();
        intermediate.resize(rows * self.intermediate.outputs(), 0.0);
        self.attention_output.apply(context, hidden, Epilogue::BiasResidual, workspace);
        self.attention_norm.apply(hidden);
        self.intermediate.apply(hidden, intermediate, Epilogue::BiasGelu, workspace);
        self.output.apply(intermediate, hidden, Epilogue::BiasResidual, workspace);
        self.output_norm.apply(hidden);
    }
}

impl Norm {
    /// Normalises every row.
    fn apply(&self, rows: &mut [f32]) {
        Normalize { norm: self, rows }.dispatch();
    }
}

struct Normalize<'a> {
    norm: &'a Norm,
    rows: &'a mut [f32],
}

impl SimdOp for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Norm { weight, bias, epsilon } = self.norm;
        for row in self.rows.chunks_exact_mut(weight.len()) {
            layer_norm(isa, row, weight, bias, *epsilon);
        }
    }
}

/// What each head adds to a score, by the distance of its two tokens.
fn distances(config: &Config, weights: &Weights<'_>) -> Result<Distances, String> {
    let (buckets, heads) = (config.relative_attention_num_buckets, config.num_attention_heads);
    let table = weights.matrix(DISTANCES, buckets, heads)?;
    let (mut row, mut by_bucket) = (vec![0.0; heads], Vec::new());
    for bucket in 0..buckets {
        table.copy_row(bucket, &mut row);
        by_bucket.extend_from_slice(&row);
    }
    let row = |distance| config.distance(distance);
    Ok(Distances::new(config.longest(), heads, &by_bucket, row))
}

/// The linear layer of that name.
pub(crate) fn linear(
    weights: &Weights<'_>,
    kernel: Option<Kernel>,
    name: &str,
    inputs: usize,
    outputs: usize,
) -> Result<Linear, String> {
    let bias = weights.vector(&format!("{name}.bias"), outputs)?;
    let weight = weights.matrix(&format!("{name}.weight"), outputs, inputs)?;
    Ok(Linear::new(kernel, vec![weight], bias, inputs))
}
