//! One pass of the encoder or of ingest over fixed input, for `scripts/instructions` to count under
//! callgrind: `instructions encoder` or `instructions ingest`.
//!
//! Instructions, unlike seconds, are the same on a busy machine. Valgrind shows a program no AVX-512,
//! so what is counted of the encoder is its AVX2 path.

use anyhow::{Result, bail};
use standpoint_core::Embedder;
use standpoint_encoder::Precision;
use standpoint_ingest::{Fields, Sketch, discover, open, passages, prepare};
use standpoint_tests::seeds;
use std::hint::black_box;

/// Counting starts and ends with this function: the script names it to callgrind.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn encoder() -> Result<()> {
    let model = minilm::load(Precision::F32)?;
    // Few: valgrind emulates a fused multiply-add by some hundred instructions.
    let sentences: Vec<String> =
        (1..=5).map(|repeats| "the minister said the tax is fair, ".repeat(repeats)).collect();
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    counted(|| model.embed(&sentences))?;
    Ok(())
}

fn ingest() -> Result<()> {
    let listing = discover(&[seeds()])?;
    let documents = counted(|| {
        let readers = listing.files.iter().filter_map(|file| open(file, &Fields::default()).ok());
        let documents = readers.flatten().filter_map(|raw| prepare(raw.ok()?).ok());
        let prepared: Vec<_> =
            documents.map(|document| (passages(&document), Sketch::of(&document))).collect();
        prepared.len()
    });
    // The sample corpus has 39 that can be read.
    anyhow::ensure!(documents == 39, "read {documents} documents, not 39");
    Ok(())
}

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("encoder") => encoder(),
        Some("ingest") => ingest(),
        _ => bail!("usage: instructions encoder|ingest"),
    }
}
