use ndarray::ArrayView1;

/// A vector of unit length in 8-bit steps of its largest component.
///
/// Retrieval needs a passage's vector long after it was computed: a corpus that has grown is
/// retrieved from again. At 8 bits it takes a quarter of the room, and its dot products stay within
/// about 0.01 of the exact ones, far below what a similarity means. A vector is rounded *before* its
/// first use, so that one read back from the store gives the same bits as a fresh one.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    scale: f32,
    steps: Vec<i8>,
}

impl Vector {
    /// The nearest 8-bit vector.
    pub fn quantize(vector: ArrayView1<'_, f32>) -> Vector {
        let largest = vector.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
        if largest == 0.0 || !largest.is_finite() {
            return Vector { scale: 0.0, steps: vec![0; vector.len()] };
        }
        let scale = largest / 127.0;
        Vector { scale, steps: vector.iter().map(|x| (x / scale).round() as i8).collect() }
    }

    /// Dot product of the two vectors over their common length.
    pub fn dot(&self, other: &Vector) -> f32 {
        let pairs = self.steps.iter().zip(&other.steps);
        let sum: i32 = pairs.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
        sum as f32 * self.scale * other.scale
    }

    /// The bytes that [`Vector::from_bytes`] reads: the scale, little-endian, then the steps.
    pub fn to_bytes(&self) -> Vec<u8> {
        let steps = self.steps.iter().map(|step| step.to_le_bytes()[0]);
        self.scale.to_le_bytes().into_iter().chain(steps).collect()
    }

    /// The vector of these bytes; `None` if they are not `4 + dimensions` long.
    pub fn from_bytes(bytes: &[u8], dimensions: usize) -> Option<Vector> {
        let (scale, steps) = bytes.split_first_chunk::<4>()?;
        if steps.len() != dimensions {
            return None;
        }
        let steps = steps.iter().map(|&byte| i8::from_le_bytes([byte])).collect();
        Some(Vector { scale: f32::from_le_bytes(*scale), steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;
    use proptest::prelude::*;

    #[test]
    fn a_vector_of_zeros_is_near_nothing() {
        let zero = Vector::quantize(Array1::zeros(4).view());
        let one = Vector::quantize(Array1::from_vec(vec![1.0, 0.0, 0.0, 0.0]).view());
        assert_eq!(zero.dot(&one), 0.0);
        assert_eq!(one.dot(&one), 1.0);
    }

    proptest! {
        #[test]
        fn similarities_survive_the_rounding(
            a in prop::collection::vec(-1.0_f32..1.0, 384),
            b in prop::collection::vec(-1.0_f32..1.0, 384),
        ) {
            let unit = |v: Vec<f32>| {
                let v = Array1::from_vec(v);
                let norm = v.dot(&v).sqrt();
                v / norm
            };
            let (a, b) = (unit(a), unit(b));
            let (qa, qb) = (Vector::quantize(a.view()), Vector::quantize(b.view()));
            prop_assert!((qa.dot(&qb) - a.dot(&b)).abs() < 0.01);
            prop_assert_eq!(Vector::from_bytes(&qa.to_bytes(), 384), Some(qa.clone()));
            prop_assert_eq!(Vector::from_bytes(&qa.to_bytes(), 383), None);
        }
    }
}
