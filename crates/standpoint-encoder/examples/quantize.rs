//! Turns a Hugging Face BERT's model.safetensors into the 8-bit format that model folders ship.
//!
//! `cargo run --release -p standpoint-encoder --example quantize -- IN OUT [WITHOUT]`
//!
//! Tensors whose name starts with WITHOUT (an embedder's unused `pooler`) are left out.

use standpoint_encoder::{read_tensors, write_quantized};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("usage: quantize IN OUT [WITHOUT]".into());
    };
    let mut tensors = read_tensors(&std::fs::read(from)?.into())?;
    if let Some(without) = arguments.next() {
        tensors.retain(|name, _| !name.starts_with(&without));
    }
    std::fs::write(to, write_quantized(&tensors)?)?;
    Ok(())
}
