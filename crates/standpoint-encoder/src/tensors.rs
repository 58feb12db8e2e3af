//! A weights file as plain numbers and back, for programs that change weights: training reads the
//! one and writes the other, in the 8-bit format that [`Weights`](crate::weights::Weights) runs.

use crate::weights::{PREFIXES, Weights, finite, floats};
use bytes::Bytes;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;

/// The numbers of a tensor in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Floats {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// As many as the product of `shape`.
    pub values: Vec<f32>,
}

/// Matrices of fewer rows or columns (token types, a classifier, distances) are kept as f32: next to
/// nothing to gain, and each of their rows counts for much.
const LEAST: usize = 16;

/// Every tensor of numbers in a `model.safetensors`, by Hugging Face's names without the prefix
/// `bert.` or `mpnet.`; 8-bit ones are multiplied out, integers (position ids) left out.
///
/// # Errors
/// What is wrong with the file, with the tensor's name.
pub fn read_tensors(file: &Bytes) -> Result<BTreeMap<String, Floats>, String> {
    let weights = Weights::parse(file)?;
    let mut tensors = BTreeMap::new();
    for (name, tensor) in weights.tensors() {
        let short = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        let shape = tensor.shape().to_vec();
        let values = match (tensor.dtype(), &shape[..]) {
            (Dtype::I8, &[rows, columns]) => {
                let matrix = weights.matrix(short, rows, columns)?;
                let mut values = vec![0.0; rows * columns];
                for (row, out) in values.chunks_exact_mut(columns.max(1)).enumerate() {
                    matrix.copy_row(row, out);
                }
                values
            }
            (Dtype::I64 | Dtype::I32, _) => continue,
            _ if name.ends_with(".scale") => continue,
            _ => finite(name, floats(name, &tensor)?)?,
        };
        tensors.insert(short.to_owned(), Floats { shape, values });
    }
    Ok(tensors)
}

/// A `model.safetensors` of these tensors: every matrix of 16 rows and columns or more as 8-bit integers with a
/// scale for each row, row = integers × scale and scale = largest magnitude of the row / 127; the
/// rest as f32. (Clipping outliers by the least squared error was tried: it takes half a percent
/// off the error, which is not worth its lines.)
///
/// # Errors
/// The name of a tensor whose shape and values do not fit together.
pub fn write_quantized(tensors: &BTreeMap<String, Floats>) -> Result<Vec<u8>, String> {
    let mut parts: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, tensor) in tensors {
        let bytes = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect();
        match tensor.shape[..] {
            [rows, columns] if rows >= LEAST && columns >= LEAST => {
                let (mut integers, mut scales) = (Vec::new(), Vec::new());
                for row in tensor.values.chunks(columns) {
                    let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
                    let scale = (largest / 127.0).max(f32::MIN_POSITIVE);
                    scales.push(scale);
                    let integer = |x: &f32| (x / scale).round_ties_even().clamp(-127.0, 127.0);
                    integers.extend(row.iter().map(|x| (integer(x) as i8).cast_unsigned()));
                }
                parts.push((name.clone(), Dtype::I8, tensor.shape.clone(), integers));
                parts.push((format!("{name}.scale"), Dtype::F32, vec![rows], bytes(&scales)));
            }
            _ => {
                let values = bytes(&tensor.values);
                parts.push((name.clone(), Dtype::F32, tensor.shape.clone(), values));
            }
        }
    }
    let views: Vec<_> = parts
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.clone(), bytes);
            view.map(|view| (name, view)).map_err(|error| format!("tensor {name}: {error}"))
        })
        .collect::<Result<_, _>>()?;
    safetensors::serialize(views, None).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_are_off_by_half_a_step_at_most_and_small_tensors_not_at_all() {
        let matrix: Vec<f32> = (0..17 * 16).map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0).collect();
        let narrow = Floats { shape: vec![17, 15], values: matrix[..17 * 15].to_vec() };
        let tensors = BTreeMap::from([
            ("bert.wide".to_owned(), Floats { shape: vec![17, 16], values: matrix.clone() }),
            ("mpnet.narrow".to_owned(), narrow.clone()),
            ("head".to_owned(), Floats { shape: vec![3, 2], values: vec![0.1; 6] }),
            ("bias".to_owned(), Floats { shape: vec![40], values: vec![0.3; 40] }),
        ]);
        let file = Bytes::from(write_quantized(&tensors).unwrap());
        let read = read_tensors(&file).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["bias", "head", "narrow", "wide"]);
        let parsed = Weights::parse(&file).unwrap();
        let types: Vec<Dtype> = ["bert.wide", "mpnet.narrow"]
            .into_iter()
            .filter_map(|name| parsed.tensors().find(|(found, _)| *found == name))
            .map(|(_, tensor)| tensor.dtype())
            .collect();
        assert_eq!(types, [Dtype::I8, Dtype::F32]);
        assert_eq!(read["narrow"], narrow);
        assert_eq!((&read["head"], &read["bias"]), (&tensors["head"], &tensors["bias"]));
        assert_eq!(read["wide"].shape, [17, 16]);
        for (row, found) in matrix.chunks(16).zip(read["wide"].values.chunks(16)) {
            let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
            for (x, found) in row.iter().zip(found) {
                assert!((x - found).abs() <= largest / 254.0 * 1.001, "{x} became {found}");
            }
        }
        let again = read_tensors(&write_quantized(&read).unwrap().into()).unwrap();
        assert_eq!(again, read, "what was 8 bits stays the same 8 bits");
    }

    #[test]
    fn a_shape_that_does_not_fit_is_an_error_with_the_tensors_name() {
        let tensor = Floats { shape: vec![2], values: vec![0.0] };
        let error = write_quantized(&BTreeMap::from([("odd".to_owned(), tensor)])).unwrap_err();
        assert!(error.contains("tensor odd"), "{error}");
    }
}
