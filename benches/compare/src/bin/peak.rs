//! Prints how many billion operations (a multiplication or an addition each) a core of this
//! processor can do in a second of CPU time, for each instruction that a matrix product in f32, bf16
//! or int8 can be made of: `INSTRUCTION REGISTER PRECISION G(FL)OP/s`.
//!
//! A loop of independent instructions on registers, no memory: no product can be faster, unless it
//! is made of other instructions (Intel's AMX is not measured here). The widest registers that the
//! processor has are taken.

use anyhow::Result;
use standpoint_compare::cpu_seconds;
use std::arch::{asm, is_x86_feature_detected as has};
use std::io::{Write, stdout};

/// Instructions in one turn of a loop. Latency is 4 to 6 cycles and at most two start in a cycle, so
/// that twelve keep the processor busy; and 14 registers are what AVX2 has room for.
const UNROLLED: u64 = 12;
const TURNS: u64 = 2_000_000;
const MEASUREMENTS: usize = 15;

/// A loop of [`UNROLLED`] times `$instruction`, each into a register of its own.
macro_rules! instruction_loop {
    ($name:ident, $prefix:literal, $instruction:literal, $register:literal) => {
        fn $name(turns: u64) {
            macro_rules! line {
                ($accumulator:literal) => {
                    concat!(
                        $prefix, $instruction, " ", $register, $accumulator, ", ", $register, "12, ",
                        $register, "13"
                    )
                };
            }
            // SAFETY: the code touches no memory and no stack; it changes the flags, its counter and
            // the registers that are declared below, whose upper parts belong to the same registers.
            // `main` runs it only where the processor has the instruction.
            unsafe {
                asm!(
                    "vpxor xmm0, xmm0, xmm0", "vpxor xmm1, xmm1, xmm1",
                    "vpxor xmm2, xmm2, xmm2", "vpxor xmm3, xmm3, xmm3",
                    "vpxor xmm4, xmm4, xmm4", "vpxor xmm5, xmm5, xmm5",
                    "vpxor xmm6, xmm6, xmm6", "vpxor xmm7, xmm7, xmm7",
                    "vpxor xmm8, xmm8, xmm8", "vpxor xmm9, xmm9, xmm9",
                    "vpxor xmm10, xmm10, xmm10", "vpxor xmm11, xmm11, xmm11",
                    "vpxor xmm12, xmm12, xmm12", "vpxor xmm13, xmm13, xmm13",
                    ".p2align 5",
                    "2:",
                    line!("0"), line!("1"), line!("2"), line!("3"), line!("4"), line!("5"),
                    line!("6"), line!("7"), line!("8"), line!("9"), line!("10"), line!("11"),
                    "dec {turns}",
                    "jnz 2b",
                    "vzeroupper",
                    turns = inout(reg) turns => _,
                    out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _,
                    out("xmm5") _, out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _,
                    out("xmm10") _, out("xmm11") _, out("xmm12") _, out("xmm13") _,
                    options(nomem, nostack),
                );
            }
        }
    };
}

instruction_loop!(f32_zmm, "", "vfmadd231ps", "zmm");
instruction_loop!(f32_ymm, "", "vfmadd231ps", "ymm");
instruction_loop!(bf16_zmm, "", "vdpbf16ps", "zmm");
instruction_loop!(int8_zmm, "", "vpdpbusd", "zmm");
// Without the prefix this would be AVX-512's instruction on narrow registers.
instruction_loop!(int8_ymm, "{{vex}} ", "vpdpbusd", "ymm");

fn main() -> Result<()> {
    let avx512 = has!("avx512f");
    // Multiply-adds of an instruction: lanes of 32 bits times the factors in each.
    let known = [
        ("vfmadd231ps", "zmm", "f32", f32_zmm as fn(u64), 16, avx512),
        ("vfmadd231ps", "ymm", "f32", f32_ymm, 8, !avx512 && has!("fma")),
        ("vdpbf16ps", "zmm", "bf16", bf16_zmm, 16 * 2, avx512 && has!("avx512bf16")),
        ("vpdpbusd", "zmm", "int8", int8_zmm, 16 * 4, has!("avx512vnni")),
        ("vpdpbusd", "ymm", "int8", int8_ymm, 8 * 4, !has!("avx512vnni") && has!("avxvnni")),
    ];
    for (instruction, register, precision, run, multiply_adds, there) in known {
        if there {
            let operations = (2 * multiply_adds * UNROLLED * TURNS) as f64;
            let peak = operations / median_seconds(run) / 1e9;
            writeln!(stdout(), "{instruction} {register} {precision} {peak:.1}")?;
        }
    }
    Ok(())
}

fn median_seconds(run: fn(u64)) -> f64 {
    // The processor takes a while to power up its wide units.
    run(TURNS);
    let mut seconds: Vec<f64> = (0..MEASUREMENTS)
        .map(|_| {
            let start = cpu_seconds();
            run(TURNS);
            cpu_seconds() - start
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[MEASUREMENTS / 2]
}
