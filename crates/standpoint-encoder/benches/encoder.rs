//! Sentences per second of CPU time on one core: `cargo bench -p standpoint-encoder`.
//!
//! The model is MiniLM-L6's shape with the weights of the model crate; the sentences have the
//! lengths of news prose, 27 tokens in the mean. divan measures wall-clock time on one thread, which
//! on an idle core is CPU time.

use divan::counter::ItemsCount;
use standpoint_core::Embedder;
use standpoint_encoder::Precision;

const SENTENCES: usize = 200;

fn main() {
    divan::main();
}

/// Sentences of 4 to 46 words that the vocabulary knows: with the two special tokens, 6 to 48
/// tokens each.
fn sentences() -> Vec<String> {
    let words =
        ["the", "minister", "said", "that", "a", "new", "tax", "on", "carbon", "is", "fair"];
    let sentence = |i: usize| {
        let length = 4 + (i * 29) % 43;
        let words: Vec<_> = (0..length).map(|j| words[(i + j * 7) % words.len()]).collect();
        words.join(" ")
    };
    (0..SENTENCES).map(sentence).collect()
}

#[divan::bench(args = [Precision::F32, Precision::Bf16, Precision::Int8])]
fn embed(bencher: divan::Bencher<'_, '_>, precision: Precision) {
    let Ok(model) = minilm::load(precision) else {
        return;
    };
    let sentences = sentences();
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    bencher
        .counter(ItemsCount::new(SENTENCES))
        .bench_local(|| model.embed(&sentences).expect("no sentence is refused"));
}
