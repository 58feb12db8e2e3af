//! The shape of a model, as Hugging Face's `config.json` states it, and the names of its tensors.

use serde::Deserialize;
use std::ops::RangeInclusive;

/// The part of a Hugging Face `config.json` that the shape of an encoder hangs on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// The family.
    pub model_type: Family,
    /// `gelu`.
    pub hidden_act: String,
    /// `absolute`.
    #[serde(default = "absolute")]
    pub position_embedding_type: String,
    /// Length of a token's vector.
    pub hidden_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads, which share `hidden_size` equally.
    pub num_attention_heads: usize,
    /// Length of a token's vector inside the feed-forward part of a layer.
    pub intermediate_size: usize,
    /// What layer norm adds to a variance.
    pub layer_norm_eps: f32,
    /// Rows of the word vectors.
    pub vocab_size: usize,
    /// Token types: two for a BERT that reads pairs, none for MPNet.
    #[serde(default)]
    pub type_vocab_size: usize,
    /// Rows of the positions' vectors. MPNet's first two are nobody's.
    pub max_position_embeddings: usize,
    /// Kinds of distance between two tokens that an MPNet tells apart.
    #[serde(default = "buckets")]
    pub relative_attention_num_buckets: usize,
}

/// Encoders that are one but for the names of their tensors and for what they know of a token's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Devlin et al., "BERT", NAACL 2019: a vector for each place and each token type.
    Bert,
    /// Song et al., "MPNet", NeurIPS 2020: a vector for each place, and in each head a number for the
    /// distance of two tokens, the same in all layers.
    Mpnet,
}

/// The name of an MPNet's tensor of `[buckets, heads]`.
pub const DISTANCES: &str = "encoder.relative_attention_bias.weight";

/// From this distance on, MPNet takes all distances for one.
const FARTHEST_DISTANCE: f32 = 128.0;

fn absolute() -> String {
    "absolute".to_owned()
}

fn buckets() -> usize {
    32
}

impl Config {
    /// Parses a config and checks that this encoder can run it.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let config: Config =
            serde_json::from_slice(json).map_err(|error| format!("config.json: {error}"))?;
        config.check().map_err(|reason| format!("config.json: {reason}"))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let word = |name: &str, found: &str, expected: &str| {
            if found == expected {
                return Ok(());
            }
            Err(format!("{name} is {found:?}; this encoder runs {expected:?} only"))
        };
        word("hidden_act", &self.hidden_act, "gelu")?;
        word("position_embedding_type", &self.position_embedding_type, "absolute")?;

        let within = |name: &str, value: usize, range: RangeInclusive<usize>| {
            if range.contains(&value) {
                return Ok(());
            }
            Err(format!("{name} is {value}, outside {} to {}", range.start(), range.end()))
        };
        within("hidden_size", self.hidden_size, 1..=8_192)?;
        within("num_hidden_layers", self.num_hidden_layers, 1..=128)?;
        let most_heads = self.hidden_size.min(256);
        within("num_attention_heads", self.num_attention_heads, 1..=most_heads)?;
        within("intermediate_size", self.intermediate_size, 1..=65_536)?;
        within("vocab_size", self.vocab_size, 1..=4_000_000)?;
        let fewest = self.first_position() + 1;
        within("max_position_embeddings", self.max_position_embeddings, fewest..=65_536)?;
        match self.model_type {
            Family::Bert => within("type_vocab_size", self.type_vocab_size, 1..=16)?,
            Family::Mpnet => {
                let buckets = self.relative_attention_num_buckets;
                // transformers has no other, whatever its config says.
                within("relative_attention_num_buckets", buckets, 32..=32)?;
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(format!(
                "hidden_size {} does not split into {} heads",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return Err(format!("layer_norm_eps {} is not in (0, 1)", self.layer_norm_eps));
        }
        Ok(())
    }

    /// The longest input in tokens.
    pub fn longest(&self) -> usize {
        self.max_position_embeddings - self.first_position()
    }

    /// The row of the positions' vectors that is an input's first token's.
    pub fn first_position(&self) -> usize {
        match self.model_type {
            Family::Bert => 0,
            Family::Mpnet => 2,
        }
    }

    /// What this family calls the tensor that has this name in a BERT.
    pub fn tensor(&self, of_bert: &str) -> String {
        match self.model_type {
            Family::Bert => of_bert.to_owned(),
            Family::Mpnet => [
                ("attention.self.query", "attention.attn.q"),
                ("attention.self.key", "attention.attn.k"),
                ("attention.self.value", "attention.attn.v"),
                ("attention.output.dense", "attention.attn.o"),
                ("attention.output.LayerNorm", "attention.LayerNorm"),
            ]
            .into_iter()
            .fold(of_bert.to_owned(), |name, (bert, own)| name.replace(bert, own)),
        }
    }

    /// Names and shapes of the encoder's tensors, as the family calls them, without a head's.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden_size, self.intermediate_size);
        let mut shapes = Vec::new();
        let mut add =
            |name: &str, shape: &[usize]| shapes.push((self.tensor(name), shape.to_vec()));
        add("embeddings.word_embeddings.weight", &[self.vocab_size, hidden]);
        add("embeddings.position_embeddings.weight", &[self.max_position_embeddings, hidden]);
        match self.model_type {
            Family::Bert => {
                add("embeddings.token_type_embeddings.weight", &[self.type_vocab_size, hidden]);
            }
            Family::Mpnet => {
                let buckets = self.relative_attention_num_buckets;
                add(DISTANCES, &[buckets, self.num_attention_heads]);
            }
        }
        add("embeddings.LayerNorm.weight", &[hidden]);
        add("embeddings.LayerNorm.bias", &[hidden]);
        for layer in 0..self.num_hidden_layers {
            for (part, shape) in [
                ("attention.self.query", &[hidden, hidden][..]),
                ("attention.self.key", &[hidden, hidden]),
                ("attention.self.value", &[hidden, hidden]),
                ("attention.output.dense", &[hidden, hidden]),
                ("attention.output.LayerNorm", &[hidden]),
                ("intermediate.dense", &[wide, hidden]),
                ("output.dense", &[hidden, wide]),
                ("output.LayerNorm", &[hidden]),
            ] {
                add(&format!("encoder.layer.{layer}.{part}.weight"), shape);
                add(&format!("encoder.layer.{layer}.{part}.bias"), &shape[..1]);
            }
        }
        shapes
    }

    /// The row of [`DISTANCES`] for a query so many tokens after its key: half of the rows for queries
    /// that come before their keys, and of each half the first half for one distance each, the rest for
    /// ever more of them (Raffel et al., JMLR 21, 2020, as MPNet has it).
    pub fn distance(&self, query_after_key: isize) -> usize {
        let half = self.relative_attention_num_buckets / 2;
        let side = if query_after_key < 0 { half } else { 0 };
        let (distance, single) = (query_after_key.unsigned_abs(), half / 2);
        if distance < single {
            return side + distance;
        }
        // By log2, of which powers of two are exact everywhere: at them the rows change.
        let times = |distance: f32| (distance / single as f32).log2();
        let beyond = times(distance as f32) / times(FARTHEST_DISTANCE) * (half - single) as f32;
        side + (single + beyond as usize).min(half - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changes: &[(&str, &str)]) -> Result<Config, String> {
        let mut json = serde_json::json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": 4,
            "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8,
            "layer_norm_eps": 1e-12, "vocab_size": 5, "type_vocab_size": 2,
            "max_position_embeddings": 16,
        });
        for (key, value) in changes {
            json[key] = serde_json::from_str(value).unwrap();
        }
        Config::parse(json.to_string().as_bytes())
    }

    #[test]
    fn sizes_beyond_reason_are_refused_before_anything_is_made_of_them() {
        assert_eq!(config(&[]).unwrap().position_embedding_type, "absolute");
        let mpnet = ("model_type", "\"mpnet\"");
        for changes in [
            &[("hidden_size", "18446744073709551615")][..],
            &[("hidden_size", "5")],
            &[("num_attention_heads", "0")],
            &[("num_hidden_layers", "1000000")],
            &[("layer_norm_eps", "0")],
            &[("model_type", "\"roberta\"")],
            &[("hidden_act", "\"gelu_new\"")],
            &[("vocab_size", "-1")],
            &[("type_vocab_size", "0")],
            &[mpnet, ("relative_attention_num_buckets", "64")],
            &[mpnet, ("max_position_embeddings", "2")],
        ] {
            let error = config(changes).unwrap_err();
            assert!(error.starts_with("config.json: "), "{error}");
        }
    }

    #[test]
    fn an_mpnet_has_no_token_types_and_two_positions_less() {
        let mpnet = config(&[("model_type", "\"mpnet\""), ("type_vocab_size", "0")]).unwrap();
        assert_eq!((mpnet.longest(), mpnet.relative_attention_num_buckets), (14, 32));
        let names: Vec<String> = mpnet.shapes().into_iter().map(|(name, _)| name).collect();
        assert!(names.iter().any(|name| name == DISTANCES));
        assert!(names.iter().any(|name| name == "encoder.layer.0.attention.LayerNorm.bias"));
        assert!(names.iter().all(|name| !name.contains("token_type") && !name.contains("self")));
    }

    /// The rows that transformers' `relative_position_bucket` gives for 32 buckets.
    #[test]
    fn distances_are_those_of_transformers() {
        let mpnet = config(&[("model_type", "\"mpnet\"")]).unwrap();
        let found = [0, 1, 7, 8, 11, 12, 16, 32, 64, 127, 128, 500, -1, -7, -8, -20, -90, -500]
            .map(|distance| mpnet.distance(distance));
        assert_eq!(found, [0, 1, 7, 8, 8, 9, 10, 12, 14, 15, 15, 15, 17, 23, 24, 26, 30, 31]);
    }
}
