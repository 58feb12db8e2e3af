//! The conformance suite that every model crate runs (feature `testing`).
//!
//! A model crate's whole test is often one line:
//!
//! ```text
//! standpoint_core::testing::check_embedder(&minilm::load(Precision::Auto).unwrap());
//! ```

use crate::{AttributionTagger, Classification, Embedder, Embeddings, Pair, StanceModel, Task};

/// Texts of many lengths and scripts, an empty one and one far beyond any model's maximum.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "The levy works.",
        "",
        " \n\t ",
        "Mr. Tolva said the guarantees were “not worth the paper”, and left.",
        "Ще одна стаття про ядерну станцію.",
        "🙂 e\u{301} \u{202e}abc\u{0} <script>",
        "a",
    ]
    .map(str::to_owned)
    .into();
    for words in [2, 15, 31, 32, 33, 64, 127, 200] {
        let words: Vec<_> = (0..words).map(|i| ["carbon", "price", "is", "fair"][i % 4]).collect();
        texts.push(words.join(" "));
    }
    texts.push("unemployment ".repeat(LONG_WORDS));
    texts
}

/// Position of the overlong text in [`texts`].
const LONG: usize = 15;
/// How many words that text has.
const LONG_WORDS: usize = 5_000;

/// Checks an embedder against every promise of [`Embedder`].
///
/// # Panics
/// With a message that names the broken promise.
pub fn check_embedder(model: &dyn Embedder) {
    let info = model.info();
    assert_eq!(info.task, Task::Embedding, "task");
    assert!(!info.name.is_empty() && !info.hash.is_empty(), "a model has a name and a hash");
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embed = |texts: &[&str]| model.embed(texts).expect("no text is refused");

    let batch = embed(&texts);
    assert_eq!(batch.vectors.dim(), (texts.len(), model.dimensions()), "shape");
    assert_eq!(batch.truncated.len(), texts.len(), "one truncation count per text");
    for (row, text) in batch.vectors.outer_iter().zip(&texts) {
        let norm = row.dot(&row).sqrt();
        let unit = (norm - 1.0).abs() < 1e-4 || norm == 0.0;
        assert!(unit, "length {norm} of the vector of {:?}", head(text));
    }
    check_truncation(&batch.truncated, &texts, info.max_tokens);

    let same = |a: &Embeddings, i: usize, b: &Embeddings, j: usize, what: &str| {
        assert_eq!(a.vectors.row(i), b.vectors.row(j), "{what}: {:?}", head(texts[i]));
        assert_eq!(a.truncated[i], b.truncated[j], "{what}: truncation of {:?}", head(texts[i]));
    };
    for (i, text) in texts.iter().enumerate() {
        same(&batch, i, &embed(&[text]), 0, "batch = single");
    }
    let reversed: Vec<&str> = texts.iter().rev().copied().collect();
    let reversed = embed(&reversed);
    for i in 0..texts.len() {
        same(&batch, i, &reversed, texts.len() - 1 - i, "order changes nothing");
    }
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| embed(&texts))).collect();
        for run in runs {
            assert_eq!(run.join().expect("no panic"), batch, "thread count changes nothing");
        }
    });
    assert_eq!(embed(&[]).vectors.dim(), (0, model.dimensions()), "an empty batch");
}

/// Checks a stance model against every promise of [`StanceModel`].
///
/// # Panics
/// With a message that names the broken promise.
pub fn check_stance_model(model: &dyn StanceModel) {
    let info = model.info();
    assert_eq!(info.task, Task::Stance, "task");
    assert!(!info.name.is_empty() && !info.hash.is_empty(), "a model has a name and a hash");
    let texts = texts();
    let targets = ["a carbon price", "The station at Cape Orlen should be built", ""];
    let pairs: Vec<Pair<'_>> = targets
        .iter()
        .flat_map(|target| texts.iter().map(move |text| Pair { target, text }))
        .collect();
    let classify = |pairs: &[Pair<'_>]| model.classify(pairs).expect("no pair is refused");

    let batch = classify(&pairs);
    assert_eq!(batch.len(), pairs.len(), "one answer per pair");
    for (answer, pair) in batch.iter().zip(&pairs) {
        let p = answer.probabilities;
        let sum = p.favor + p.against + p.neutral;
        let parts = [p.favor, p.against, p.neutral];
        assert!((sum - 1.0).abs() < 1e-5, "sum {sum} for {:?}", head(pair.text));
        assert!(parts.iter().all(|x| (0.0..=1.0).contains(x)), "{parts:?}");
    }
    let truncated: Vec<usize> = batch[..texts.len()].iter().map(|a| a.truncated).collect();
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    check_truncation(&truncated, &borrowed, info.max_tokens);
    // A target as long as the text: something must give, and it must be counted.
    let long = Pair { target: &texts[LONG], text: &texts[LONG] };
    let answer: Classification = classify(&[long])[0];
    if info.max_tokens < LONG_WORDS {
        assert!(answer.truncated > LONG_WORDS, "a long target beside a long text is counted");
    }

    for (pair, answer) in pairs.iter().zip(&batch) {
        assert_eq!(classify(&[*pair])[0], *answer, "batch = single: {:?}", head(pair.text));
    }
    let reversed: Vec<Pair<'_>> = pairs.iter().rev().copied().collect();
    let mut reversed = classify(&reversed);
    reversed.reverse();
    assert_eq!(reversed, batch, "order changes nothing");
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| classify(&pairs))).collect();
        for run in runs {
            assert_eq!(run.join().expect("no panic"), batch, "thread count changes nothing");
        }
    });
    assert!(classify(&[]).is_empty(), "an empty batch");
}

/// Checks a tagger against every promise of [`AttributionTagger`].
///
/// # Panics
/// With a message that names the broken promise.
pub fn check_attribution_tagger(model: &dyn AttributionTagger) {
    let info = model.info();
    assert_eq!(info.task, Task::Attribution, "task");
    assert!(!info.name.is_empty() && !info.hash.is_empty(), "a model has a name and a hash");
    let mut texts = texts();
    texts.push("“Così fan tutte 🙂,” said Élise. “It’s over,” her brother warned.".to_owned());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tag = |texts: &[&str]| model.tag(texts).expect("no text is refused");

    let batch = tag(&texts);
    assert_eq!(batch.len(), texts.len(), "one answer per text");
    for (tagged, text) in batch.iter().zip(&texts) {
        let cues: Vec<usize> = tagged.attributions.iter().map(|a| a.cue.start).collect();
        assert!(cues.is_sorted(), "in the order of the cues: {:?}", head(text));
        for attribution in &tagged.attributions {
            let spans = attribution.source.iter().chain(&attribution.content);
            for span in spans.chain([&attribution.cue]) {
                let slice = span.of(text).unwrap_or_default();
                assert!(!slice.trim().is_empty(), "{span:?} of {:?}", head(text));
            }
            let disjoint = attribution.content.windows(2).all(|two| two[0].end <= two[1].start);
            assert!(disjoint, "content in order and disjoint: {:?}", head(text));
        }
    }
    let truncated: Vec<usize> = batch.iter().map(|tagged| tagged.truncated).collect();
    check_truncation(&truncated, &texts, info.max_tokens);
    for (text, answer) in texts.iter().zip(&batch) {
        assert_eq!(tag(&[text])[0], *answer, "batch = single: {:?}", head(text));
    }
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| tag(&texts))).collect();
        for run in runs {
            assert_eq!(run.join().expect("no panic"), batch, "thread count changes nothing");
        }
    });
    assert!(tag(&[]).is_empty(), "an empty batch");
}

/// A short text is read whole, and of one with more words than the model has tokens at least the
/// words beyond that are counted as not read.
fn check_truncation(truncated: &[usize], texts: &[&str], max_tokens: usize) {
    assert_eq!(&truncated[..3], [0, 0, 0], "nothing is truncated from a short or empty text");
    let beyond = LONG_WORDS.saturating_sub(max_tokens);
    let long = truncated[LONG];
    assert!(long >= beyond, "{:?}… lost {long} tokens unreported", head(texts[LONG]));
}

fn head(text: &str) -> String {
    text.chars().take(40).collect()
}
