//! A BERT or MPNet, differentiable: the counterpart of `standpoint-encoder`. The heads are the tasks'.
//!
//! Weights are f32; products run in bf16 where the recipe says so, each weight rounded on its way into
//! the product, so that gradients and updates stay f32. Layer norm, softmax and loss are f32.

use crate::data::Padded;
use crate::recipe::Precision;
use anyhow::{Context, Result, ensure};
use standpoint_encoder::{Config, DISTANCES, Family, Floats};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// The weights by name.
pub(crate) type Weights = BTreeMap<String, Tensor>;

/// The word vectors are not learned: few of the 30,000 words are seen often enough, and what moves
/// only some of them moves them away from the rest.
pub(crate) const FROZEN: &str = "embeddings.word_embeddings.weight";

/// The shape of the model and the arithmetic of its products.
pub(crate) struct Bert {
    config: Config,
    products: Kind,
}

/// Drops activations in training. Drawing a mask for each costs more than the products they follow,
/// so one long mask is drawn once and read from another place each time.
pub(crate) struct Dropout {
    mask: Tensor,
    places: fastrand::Rng,
}

/// Length of the long mask.
const MASK: usize = 1 << 24;

impl Dropout {
    /// For a share of activations to drop, from a seed.
    pub(crate) fn new(share: f64, seed: u64, precision: Precision) -> Option<Self> {
        if share == 0.0 {
            return None;
        }
        let mut rng = fastrand::Rng::with_seed(seed);
        let kept = (1.0 / (1.0 - share)) as f32;
        let mask: Vec<f32> =
            (0..MASK).map(|_| if rng.f64() < share { 0.0 } else { kept }).collect();
        let mask = Tensor::from_slice(&mask).to_kind(kind(precision));
        Some(Self { mask, places: rng })
    }

    /// The same places for the same step, so that a resumed training goes on as it would have.
    pub(crate) fn at_step(&mut self, seed: u64, step: usize) {
        self.places = fastrand::Rng::with_seed(seed ^ ((step as u64) << 20));
    }

    pub(crate) fn apply(&mut self, x: &Tensor) -> Tensor {
        let length = x.numel();
        let start = self.places.usize(..=MASK.saturating_sub(length));
        x * self.mask.narrow(0, start as i64, length as i64).view_as(x)
    }
}

fn kind(precision: Precision) -> Kind {
    match precision {
        Precision::F32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
    }
}

/// The tensors of a file as weights, with fresh ones for those of `head` that the file lacks.
///
/// # Errors
/// The tensor that is missing or has another shape than the config says.
pub(crate) fn weights(
    mut tensors: BTreeMap<String, Floats>,
    config: &Config,
    head: &[(&str, Vec<usize>)],
    seed: u64,
) -> Result<Weights> {
    let mut rng = fastrand::Rng::with_seed(seed);
    for (name, shape) in head {
        let spread = if shape.len() > 1 { 0.02 } else { 0.0 };
        // A sum of twelve uniform numbers is near enough to a normal one.
        let mut normal = |_| ((0..12).map(|_| rng.f32()).sum::<f32>() - 6.0) * spread;
        let values = (0..shape.iter().product()).map(&mut normal).collect();
        let fresh = Floats { shape: shape.clone(), values };
        tensors.entry((*name).to_owned()).or_insert(fresh);
    }
    let mut weights = Weights::new();
    let head = head.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone()));
    for (name, shape) in config.shapes().into_iter().chain(head) {
        let tensor = tensors.get(&name).with_context(|| format!("model.safetensors: no {name}"))?;
        ensure!(
            tensor.shape == shape,
            "model.safetensors: {name} has the shape {:?}, expected {shape:?}",
            tensor.shape
        );
        let dimensions: Vec<i64> = shape.iter().map(|&x| x as i64).collect();
        weights.insert(name, Tensor::from_slice(&tensor.values).reshape(dimensions));
    }
    Ok(weights)
}

/// How many layers of the network lie above a weight: 0 for the classifier and the last layer.
pub(crate) fn depth(name: &str, config: &Config) -> usize {
    let layers = config.num_hidden_layers;
    let layer = name.strip_prefix("encoder.layer.").and_then(|rest| rest.split('.').next());
    match layer.and_then(|layer| layer.parse::<usize>().ok()) {
        Some(layer) => layers - 1 - layer,
        None if name.starts_with("embeddings.") || name == DISTANCES => layers,
        None => 0,
    }
}

impl Bert {
    pub(crate) fn new(config: Config, precision: Precision) -> Self {
        Self { config, products: kind(precision) }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The vectors of all tokens of a batch, `[rows, width, hidden]`.
    pub(crate) fn encode(
        &self,
        weights: &Weights,
        batch: &Padded,
        mut dropout: Option<&mut Dropout>,
    ) -> Tensor {
        let (rows, width) = (batch.rows, batch.width);
        let size = [rows, width];
        let ids = Tensor::from_slice(&batch.ids).reshape(size);
        let types = Tensor::from_slice(&batch.types).reshape(size);
        let mask = Tensor::from_slice(&batch.mask).reshape([rows, 1, 1, width]);
        let int = (Kind::Int64, tch::Device::Cpu);
        let first = self.config.first_position() as i64;
        let positions = Tensor::arange_start(first, first + width, int);
        let of_table = |name: &str, at: &Tensor| {
            let of = &weights[&format!("embeddings.{name}_embeddings.weight")];
            Tensor::embedding(of, at, -1, false, false)
        };
        let mut drop = |x: Tensor| match &mut dropout {
            Some(dropout) => dropout.apply(&x),
            None => x,
        };
        let mut embedded = of_table("word", &ids) + of_table("position", &positions);
        let mask = match self.config.model_type {
            Family::Bert => {
                embedded += of_table("token_type", &types);
                mask
            }
            Family::Mpnet => mask + self.distances(weights, width),
        };
        let mut x = self.norm(weights, "embeddings.LayerNorm", &embedded).to_kind(self.products);
        x = drop(x);
        for layer in 0..self.config.num_hidden_layers {
            let of = |part: &str| self.config.tensor(&format!("encoder.layer.{layer}.{part}"));
            let attended = self.attention(weights, layer, &x, &mask);
            let out = drop(self.linear(weights, &of("attention.output.dense"), &attended));
            x = self.norm(weights, &of("attention.output.LayerNorm"), &(out + x));
            let wide = self.linear(weights, &of("intermediate.dense"), &x).gelu("none");
            let out = drop(self.linear(weights, &of("output.dense"), &wide));
            x = self.norm(weights, &of("output.LayerNorm"), &(out + x));
        }
        x
    }

    /// A linear layer of that name.
    pub(crate) fn linear(&self, weights: &Weights, name: &str, x: &Tensor) -> Tensor {
        let of = |part: &str| weights[&format!("{name}.{part}")].to_kind(self.products);
        x.linear(&of("weight"), Some(&of("bias")))
    }

    /// Layer norm in the arithmetic of its input.
    fn norm(&self, weights: &Weights, name: &str, x: &Tensor) -> Tensor {
        let of = |part: &str| weights[&format!("{name}.{part}")].to_kind(x.kind());
        let (weight, bias) = (of("weight"), of("bias"));
        let hidden = self.config.hidden_size as i64;
        let eps = f64::from(self.config.layer_norm_eps);
        x.layer_norm([hidden], Some(&weight), Some(&bias), eps, false)
    }

    /// What each head adds to a score, by the distance of its tokens: `[1, heads, width, width]`.
    fn distances(&self, weights: &Weights, width: i64) -> Tensor {
        let of = |query: i64, key: i64| self.config.distance((query - key) as isize) as i64;
        let rows: Vec<i64> =
            (0..width).flat_map(|query| (0..width).map(move |key| of(query, key))).collect();
        let rows = Tensor::from_slice(&rows).reshape([width, width]);
        Tensor::embedding(&weights[DISTANCES], &rows, -1, false, false)
            .permute([2, 0, 1])
            .unsqueeze(0)
    }

    fn attention(&self, weights: &Weights, layer: usize, x: &Tensor, mask: &Tensor) -> Tensor {
        let (pairs, width, hidden) = (x.size()[0], x.size()[1], self.config.hidden_size as i64);
        let heads = self.config.num_attention_heads as i64;
        // libtorch's fused attention is slow in bf16 and fast in f32. (It does not fuse an MPNet's, whose
        // mask has a gradient.)
        let of = |part: &str| {
            let name = format!("encoder.layer.{layer}.attention.self.{part}");
            let x = self.linear(weights, &self.config.tensor(&name), x).to_kind(Kind::Float);
            x.view([pairs, width, heads, hidden / heads]).transpose(1, 2)
        };
        let (query, key, value) = (of("query"), of("key"), of("value"));
        let mask = Some(mask.expand([pairs, heads, width, width], true));
        Tensor::scaled_dot_product_attention(&query, &key, &value, mask, 0.0, false, None)
            .transpose(1, 2)
            .reshape([pairs, width, hidden])
            .to_kind(self.products)
    }
}
