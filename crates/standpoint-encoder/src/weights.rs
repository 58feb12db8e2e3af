//! Reads the tensors of a model, and does not trust them.
//!
//! A model folder may come from anywhere. The sizes that the config states are bounded before
//! anything is made of them, and memory is taken only for a tensor that the file holds in the very
//! shape that the config asks for: at most a small multiple of the file's own length.

use bytes::Bytes;
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// What Hugging Face puts before the names of an encoder's tensors where it has a head.
pub(crate) const PREFIXES: [&str; 2] = ["bert.", "mpnet."];

/// The tensors of a safetensors file, by Hugging Face's names with or without one of [`PREFIXES`].
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
        let prefixed = PREFIXES.map(|prefix| format!("{prefix}{name}"));
        let names = [name].into_iter().chain(prefixed.iter().map(String::as_str));
        let tensor = names.map(|name| self.tensors.tensor(name)).find_map(Result::ok);
        let tensor = tensor.ok_or_else(|| {
            let prefixed = prefixed.join(", ");
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
            (
                weights.vector("none", 3),
                "no tensor none (nor bert.none, mpnet.none), expected as [3]",
            ),
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
}
