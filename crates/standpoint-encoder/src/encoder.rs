//! BERT itself: token ids to one vector per token.

use crate::attention::{AttentionScratch, Heads, attend};
use crate::kernels::{layer_norm, widest};
use crate::linear::{BLOCK_ROWS, Epilogue, Linear, ROW_STEP, Tile, tile};
use crate::tokens::Input;
use crate::weights::{Config, Weights};
use std::sync::{Mutex, PoisonError};

/// Tokens that are worked on together: enough that the rows added to fill the last block do not
/// count, few enough that the activations stay in the second- and third-level cache.
const CHUNK_TOKENS: usize = 1_008;

/// A BERT encoder. Read-only once loaded: any number of threads may run it at once.
pub(crate) struct Encoder {
    hidden: usize,
    heads: Heads,
    words: Vec<f32>,
    positions: Vec<f32>,
    types: Vec<f32>,
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

/// The buffers of one thread; their size is bounded by [`CHUNK_TOKENS`] or one longer input.
struct Scratch {
    /// `[tokens, hidden]`
    hidden: Vec<f32>,
    /// `[tokens, 3 · hidden]`
    qkv: Vec<f32>,
    /// `[tokens, hidden]`
    context: Vec<f32>,
    /// `[BLOCK_ROWS, intermediate]`
    intermediate: Vec<f32>,
    attention: AttentionScratch,
    tile: Box<Tile>,
}

impl Encoder {
    /// Takes the weights that the config asks for.
    pub(crate) fn load(config: &Config, weights: &Weights<'_>) -> Result<Self, String> {
        let hidden = config.hidden_size;
        let norm = |name: &str| -> Result<Norm, String> {
            Ok(Norm {
                weight: weights.vector(&format!("{name}.LayerNorm.weight"), hidden)?,
                bias: weights.vector(&format!("{name}.LayerNorm.bias"), hidden)?,
                epsilon: config.layer_norm_eps,
            })
        };
        let table = |name: &str, rows| {
            weights.matrix(&format!("embeddings.{name}_embeddings.weight"), rows, hidden)
        };
        let layer = |i: usize| -> Result<Layer, String> {
            let name = |part: &str| format!("encoder.layer.{i}.{part}");
            let (mut qkv, mut bias) = (Vec::new(), Vec::new());
            for part in ["query", "key", "value"] {
                let part = name(&format!("attention.self.{part}"));
                qkv.extend(weights.matrix(&format!("{part}.weight"), hidden, hidden)?);
                bias.extend(weights.vector(&format!("{part}.bias"), hidden)?);
            }
            let wide = config.intermediate_size;
            Ok(Layer {
                qkv: Linear::new(&qkv, bias, hidden),
                attention_output: linear(weights, &name("attention.output.dense"), hidden, hidden)?,
                attention_norm: norm(&name("attention.output"))?,
                intermediate: linear(weights, &name("intermediate.dense"), hidden, wide)?,
                output: linear(weights, &name("output.dense"), wide, hidden)?,
                output_norm: norm(&name("output"))?,
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
            types: table("token_type", config.type_vocab_size)?,
            norm: norm("embeddings")?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_, _>>()?,
            scratches: Mutex::default(),
        })
    }

    /// Width of a token's vector.
    pub(crate) fn hidden(&self) -> usize {
        self.hidden
    }

    /// Runs the inputs through the encoder and hands out, in order, the `[tokens, hidden]` vectors
    /// of each.
    pub(crate) fn run(&self, inputs: &[Input], mut each: impl FnMut(&[f32])) {
        let mut scratch = self.lock().pop().unwrap_or_else(|| Scratch::new(&self.layers));
        let mut rest = inputs;
        while !rest.is_empty() {
            let mut tokens = 0;
            let fit = rest.iter().take_while(|input| {
                tokens += input.ids.len();
                tokens <= CHUNK_TOKENS
            });
            let (chunk, later) = rest.split_at(fit.count().max(1));
            self.run_chunk(chunk, &mut scratch);
            let mut start = 0;
            for input in chunk {
                let end = start + input.ids.len() * self.hidden;
                each(&scratch.hidden[start..end]);
                start = end;
            }
            rest = later;
        }
        self.lock().push(scratch);
    }

    /// The lock is held for a push or a pop, which cannot leave the list half changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_chunk(&self, inputs: &[Input], s: &mut Scratch) {
        let tokens: usize = inputs.iter().map(|input| input.ids.len()).sum();
        let rows = tokens.next_multiple_of(ROW_STEP);
        s.resize(rows, self.hidden);
        self.embed(inputs, &mut s.hidden);
        for layer in &self.layers {
            let blocks = s.hidden.chunks(BLOCK_ROWS * self.hidden);
            for (hidden, qkv) in blocks.zip(s.qkv.chunks_mut(BLOCK_ROWS * 3 * self.hidden)) {
                layer.qkv.apply(hidden, qkv, Epilogue::Bias, &mut s.tile);
            }
            let (mut qkv, mut context) = (&s.qkv[..], &mut s.context[..]);
            for input in inputs {
                let (this_qkv, later) = qkv.split_at(input.ids.len() * 3 * self.hidden);
                let (this_context, rest) = context.split_at_mut(input.ids.len() * self.hidden);
                attend(self.heads, this_qkv, this_context, &mut s.attention);
                (qkv, context) = (later, rest);
            }
            let blocks = s.hidden.chunks_mut(BLOCK_ROWS * self.hidden);
            for (hidden, context) in blocks.zip(s.context.chunks(BLOCK_ROWS * self.hidden)) {
                layer.after_attention(context, hidden, &mut s.intermediate, &mut s.tile);
            }
        }
    }

    /// The sum of a token's word, position and type, normalised; zeros for the rows that only fill
    /// the last block.
    fn embed(&self, inputs: &[Input], out: &mut [f32]) {
        let row = |index: usize| index * self.hidden..(index + 1) * self.hidden;
        let tokens = inputs.iter().flat_map(|input| {
            let places = input.ids.iter().enumerate();
            places.map(|(at, &id)| (id as usize, at, usize::from(at >= input.second)))
        });
        let mut rows = out.chunks_exact_mut(self.hidden);
        for ((id, position, kind), out) in tokens.zip(&mut rows) {
            let word = &self.words[row(id)];
            let position = &self.positions[row(position)];
            let kind = &self.types[row(kind)];
            for (i, out) in out.iter_mut().enumerate() {
                *out = word[i] + kind[i] + position[i];
            }
            self.norm.apply(out);
        }
        rows.for_each(|row| row.fill(0.0));
    }
}

impl Layer {
    /// Everything of a layer that follows attention, on one block of rows.
    fn after_attention(
        &self,
        context: &[f32],
        hidden: &mut [f32],
        intermediate: &mut [f32],
        tile: &mut Tile,
    ) {
        let rows = hidden.len() / self.output.outputs();
        let intermediate = &mut intermediate[..rows * self.intermediate.outputs()];
        self.attention_output.apply(context, hidden, Epilogue::BiasResidual, tile);
        self.attention_norm.apply(hidden);
        self.intermediate.apply(hidden, intermediate, Epilogue::BiasGelu, tile);
        self.output.apply(intermediate, hidden, Epilogue::BiasResidual, tile);
        self.output_norm.apply(hidden);
    }
}

impl Norm {
    /// Normalises every row.
    fn apply(&self, rows: &mut [f32]) {
        widest(
            #[inline(always)]
            || {
                for row in rows.chunks_exact_mut(self.weight.len()) {
                    layer_norm(row, &self.weight, &self.bias, self.epsilon);
                }
            },
        );
    }
}

impl Scratch {
    fn new(layers: &[Layer]) -> Self {
        let widest = layers.iter().map(|layer| layer.intermediate.outputs()).max().unwrap_or(0);
        Self {
            hidden: Vec::new(),
            qkv: Vec::new(),
            context: Vec::new(),
            intermediate: vec![0.0; BLOCK_ROWS * widest],
            attention: AttentionScratch::default(),
            tile: tile(),
        }
    }

    fn resize(&mut self, rows: usize, hidden: usize) {
        self.hidden.resize(rows * hidden, 0.0);
        self.qkv.resize(rows * 3 * hidden, 0.0);
        self.context.resize(rows * hidden, 0.0);
    }
}

/// The linear layer of that name.
pub(crate) fn linear(
    weights: &Weights<'_>,
    name: &str,
    inputs: usize,
    outputs: usize,
) -> Result<Linear, String> {
    let bias = weights.vector(&format!("{name}.bias"), outputs)?;
    let weight = weights.matrix(&format!("{name}.weight"), outputs, inputs)?;
    Ok(Linear::new(&weight, bias, inputs))
}
