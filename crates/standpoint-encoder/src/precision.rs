//! The arithmetic of the products.

use crate::kernels::{Format, Kernel};
use std::fmt;
use std::str::FromStr;

/// The arithmetic in which a model's matrices are multiplied. Sums, norms and everything else are
/// f32 in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// bf16 where the processor multiplies it faster than f32 (AMD's with AVX512-BF16), else f32.
    #[default]
    Auto,
    /// Single precision.
    F32,
    /// Operands rounded to bf16 (8 significant bits); weights stored in 8 bits are exact in it.
    Bf16,
    /// Operands rounded to 8 bits with a scale per token, weights to 8 bits with a scale per output.
    Int8,
}

impl Precision {
    /// All names, in the order of the documentation.
    pub const NAMES: [&str; 4] = ["auto", "f32", "bf16", "int8"];

    /// What this processor makes of it: never [`Auto`](Precision::Auto), and the kernel of ours that
    /// multiplies; without one, rten-gemm does, in f32.
    ///
    /// # Errors
    /// What the processor lacks, and what to do.
    pub(crate) fn resolve(self) -> Result<(Precision, Option<Kernel>), String> {
        let needs = |what: &str| {
            format!("this processor has no {what}, which the precision {self} needs: take auto")
        };
        match self {
            Precision::Auto if Kernel::bf16_is_fast() => Precision::Bf16.resolve(),
            Precision::Auto => Precision::F32.resolve(),
            Precision::F32 => Ok((self, Kernel::best(Format::F32))),
            Precision::Bf16 => match Kernel::best(Format::Bf16) {
                Some(kernel) => Ok((self, Some(kernel))),
                None => Err(needs("AVX512-BF16")),
            },
            Precision::Int8 => match Kernel::best(Format::Int8) {
                Some(kernel) => Ok((self, Some(kernel))),
                None => Err(needs("AVX512-VNNI or AVX-VNNI")),
            },
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = [Self::Auto, Self::F32, Self::Bf16, Self::Int8];
        known.into_iter().find(|precision| precision.to_string() == name).ok_or_else(|| {
            format!("{name:?} is no precision; there are {}", Self::NAMES.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for name in Precision::NAMES {
            assert_eq!(name.parse::<Precision>().unwrap().to_string(), name);
        }
        let error = "f16".parse::<Precision>().unwrap_err();
        assert_eq!(error, "\"f16\" is no precision; there are auto, f32, bf16, int8");
    }

    #[test]
    fn auto_is_bf16_where_that_is_faster_and_never_on_intel() {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let (auto, kernel) = Precision::Auto.resolve().unwrap();
        let bf16 = Precision::Bf16.resolve();
        if cpu.contains("AuthenticAMD") && cpu.contains("avx512_bf16") {
            assert_eq!((auto, kernel), bf16.unwrap());
        } else {
            assert_eq!((auto, kernel), Precision::F32.resolve().unwrap());
        }
    }
}
