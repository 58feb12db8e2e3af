//! Reads the config and the tensors of a model, and trusts neither.
//!
//! A model folder may come from anywhere. The sizes that the config states are bounded before
//! anything is made of them, and memory is taken only for a tensor that the file holds in the very
//! shape that the config asks for: at most a small multiple of the file's own length.

use bytes::Bytes;
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use std::ops::RangeInclusive;

/// The part of a Hugging Face `config.json` that the shape of a BERT hangs on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// `bert`.
    pub model_type: String,
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
    /// Token types: two for a model that reads pairs.
    pub type_vocab_size: usize,
    /// The longest input in tokens.
    pub max_position_embeddings: usize,
}

fn absolute() -> String {
    "absolute".to_owned()
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
        word("model_type", &self.model_type, "bert")?;
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
        within("num_attention_heads", self.num_attention_heads, 1..=self.hidden_size)?;
        within("intermediate_size", self.intermediate_size, 1..=65_536)?;
        within("vocab_size", self.vocab_size, 1..=4_000_000)?;
        within("type_vocab_size", self.type_vocab_size, 1..=16)?;
        within("max_position_embeddings", self.max_position_embeddings, 1..=65_536)?;
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
}

/// The tensors of a safetensors file, by Hugging Face's names with or without the prefix `bert.`.
pub(crate) struct Weights<'a> {
    file: &'a Bytes,
    tensors: SafeTensors<'a>,
}

/// A matrix, row by row.
pub(crate) enum Matrix {
    /// As numbers.
    Floats(Vec<f32>),
    /// As signed 8-bit integers, which are the file's own bytes, with a scale for each row.
    Bytes {
        /// One value after the other.
        values: Bytes,
        /// What each row is to be multiplied by.
        scales: Vec<f32>,
    },
}

impl Matrix {
    /// A row's values, before the scale that the second part of the answer is.
    pub(crate) fn row(&self, row: usize, columns: usize) -> (Row<'_>, f32) {
        let range = row * columns..(row + 1) * columns;
        match self {
            Matrix::Floats(values) => (Row::Floats(&values[range]), 1.0),
            Matrix::Bytes { values, scales } => (Row::Bytes(&values[range]), scales[row]),
        }
    }
}

impl Matrix {
    /// Row `row` into `out`, which is as long as a row.
    pub(crate) fn copy_row(&self, row: usize, out: &mut [f32]) {
        out.fill(0.0);
        self.add_row(row, out);
    }

    /// Row `row` added to `out`, which is as long as a row.
    pub(crate) fn add_row(&self, row: usize, out: &mut [f32]) {
        match self.row(row, out.len()) {
            (Row::Floats(values), _) => {
                out.iter_mut().zip(values).for_each(|(out, x)| *out += x);
            }
            (Row::Bytes(values), scale) => {
                let values = values.iter().map(|x| f32::from(x.cast_signed()) * scale);
                out.iter_mut().zip(values).for_each(|(out, x)| *out += x);
            }
        }
    }
}

/// The values of a row of a [`Matrix`].
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    /// As numbers.
    Floats(&'a [f32]),
    /// As signed 8-bit integers.
    Bytes(&'a [u8]),
}

impl Row<'_> {
    pub(crate) fn get(self, at: usize) -> f32 {
        match self {
            Row::Floats(values) => values[at],
            Row::Bytes(values) => f32::from(values[at].cast_signed()),
        }
    }
}

impl<'a> Weights<'a> {
    /// Reads the header of a file.
    pub(crate) fn parse(file: &'a Bytes) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(file)
            .map_err(|error| format!("model.safetensors: {error}"))?;
        Ok(Self { file, tensors })
    }

    /// Every tensor with its name in the file.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&str, TensorView<'_>)> {
        self.tensors.iter()
    }

    /// A tensor of one dimension.
    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, String> {
        let tensor = self.find(name, &[len])?;
        finite(name, floats(name, &tensor)?)
    }

    /// A tensor of two dimensions, row by row. Stored as I8, each row stands for its values times
    /// the row's value in the tensor `NAME.scale`.
    pub(crate) fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix, String> {
        let tensor = self.find(name, &[rows, columns])?;
        if tensor.dtype() != Dtype::I8 {
            return finite(name, floats(name, &tensor)?).map(Matrix::Floats);
        }
        let scales = self.vector(&format!("{name}.scale"), rows)?;
        // The largest value has to be finite once it is multiplied.
        finite(&format!("{name}.scale"), scales.iter().map(|scale| scale * 128.0).collect())?;
        Ok(Matrix::Bytes { values: self.file.slice_ref(tensor.data()), scales })
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<TensorView<'_>, String> {
        let prefixed = format!("bert.{name}");
        let tensor = self.tensors.tensor(name).or_else(|_| self.tensors.tensor(&prefixed));
        let tensor = tensor.map_err(|_| {
            format!("model.safetensors: no tensor {name} (nor {prefixed}), expected as {shape:?}")
        })?;
        if tensor.shape() != shape {
            return Err(format!(
                "model.safetensors: tensor {name} has the shape {:?}, expected {shape:?}",
                tensor.shape()
            ));
        }
        Ok(tensor)
    }
}

pub(crate) fn floats(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>, String> {
    let (twos, _) = tensor.data().as_chunks::<2>();
    let (fours, _) = tensor.data().as_chunks::<4>();
    match tensor.dtype() {
        Dtype::F32 => Ok(fours.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Dtype::F16 => Ok(twos.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect()),
        Dtype::BF16 => Ok(twos.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect()),
        other => Err(format!(
            "model.safetensors: tensor {name} is {other:?}, expected F32, F16 or BF16 \
             (or, for a matrix, I8 with {name}.scale)"
        )),
    }
}

/// One value that is not a number would make every answer one.
pub(crate) fn finite(name: &str, values: Vec<f32>) -> Result<Vec<f32>, String> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(values);
    }
    Err(format!("model.safetensors: tensor {name} holds a value that is not finite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
        let views = tensors.iter().map(|&(name, dtype, shape, data)| {
            (name, TensorView::new(dtype, shape.to_vec(), data).unwrap())
        });
        safetensors::serialize(views, None).unwrap()
    }

    #[test]
    fn every_type_of_number_is_read_by_either_name() {
        let f32s: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let f16s: Vec<u8> =
            [1.5, -2.0].iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
        let bf16s: Vec<u8> =
            [1.5, -2.0].iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect();
        let bytes = file(&[
            ("a", Dtype::F32, &[2], &f32s),
            ("bert.b", Dtype::F16, &[2], &f16s),
            ("c", Dtype::BF16, &[1, 2], &bf16s),
            ("d", Dtype::I8, &[2, 1], &[127, 0x80]),
            ("d.scale", Dtype::F32, &[2], &f32s),
        ]);
        let bytes = Bytes::from(bytes);
        let weights = Weights::parse(&bytes).unwrap();
        let row = |name, row| {
            let mut out = [0.0; 2];
            let columns = if name == "c" { 2 } else { 1 };
            let rows = 2 / columns;
            weights.matrix(name, rows, columns).unwrap().copy_row(row, &mut out[..columns]);
            out
        };
        assert_eq!(weights.vector("a", 2).unwrap(), [1.5, -2.0]);
        assert_eq!(weights.vector("b", 2).unwrap(), [1.5, -2.0]);
        assert_eq!(row("c", 0), [1.5, -2.0]);
        assert_eq!((row("d", 0)[0], row("d", 1)[0]), (190.5, 256.0));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_tensors_name_and_shapes() {
        let nan: Vec<u8> = [0.0, f32::NAN].iter().flat_map(|x| x.to_le_bytes()).collect();
        let bytes = file(&[
            ("nan", Dtype::F32, &[2], &nan),
            ("bytes", Dtype::I8, &[1, 2], &[1, 2]),
            ("ints", Dtype::I32, &[1, 2], &[0; 8]),
            ("huge", Dtype::I8, &[1, 2], &[1, 2]),
            ("huge.scale", Dtype::F32, &[1], &f32::MAX.to_le_bytes()),
        ]);
        let bytes = Bytes::from(bytes);
        let weights = Weights::parse(&bytes).unwrap();
        let matrix = |name| weights.matrix(name, 1, 2).map(|_| Vec::new());
        let cases = [
            (weights.vector("nan", 2), "tensor nan holds a value that is not finite"),
            (weights.vector("nan", 3), "tensor nan has the shape [2], expected [3]"),
            (weights.vector("none", 3), "no tensor none (nor bert.none), expected as [3]"),
            (matrix("bytes"), "no tensor bytes.scale"),
            (matrix("ints"), "tensor ints is I32, expected F32, F16 or BF16"),
            (matrix("huge"), "tensor huge.scale holds a value that is not finite"),
        ];
        for (result, expected) in cases {
            let error = result.unwrap_err();
            assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        }
    }

    #[test]
    fn a_file_that_lies_about_its_length_is_refused() {
        let bytes = file(&[("a", Dtype::I8, &[1, 2], &[1, 2])]);
        let mut endless = bytes.clone();
        endless[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Weights::parse(&endless.into()).is_err());
        let bytes = Bytes::from(bytes);
        for length in 0..bytes.len() {
            assert!(Weights::parse(&bytes.slice(..length)).is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn sizes_beyond_reason_are_refused_before_anything_is_made_of_them() {
        let config = |key: &str, value: &str| {
            let mut json = serde_json::json!({
                "model_type": "bert", "hidden_act": "gelu", "hidden_size": 4,
                "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8,
                "layer_norm_eps": 1e-12, "vocab_size": 5, "type_vocab_size": 2,
                "max_position_embeddings": 16,
            });
            json[key] = serde_json::from_str(value).unwrap();
            Config::parse(json.to_string().as_bytes())
        };
        assert_eq!(config("hidden_size", "4").unwrap().position_embedding_type, "absolute");
        for (key, value) in [
            ("hidden_size", "18446744073709551615"),
            ("hidden_size", "5"),
            ("num_attention_heads", "0"),
            ("num_hidden_layers", "1000000"),
            ("layer_norm_eps", "0"),
            ("model_type", "\"roberta\""),
            ("hidden_act", "\"gelu_new\""),
            ("vocab_size", "-1"),
        ] {
            let error = config(key, value).unwrap_err();
            assert!(error.starts_with("config.json: "), "{error}");
        }
    }
}
