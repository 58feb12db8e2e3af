//! Labels that people made with other tools.

use crate::scratch;
use standpoint_report::evaluation::{read_attributions, read_gold};
use standpoint_report::labelling::read_answers;
use standpoint_report::sample::read_sample;

/// Gold records, samples and marked articles, all of them JSON Lines.
pub(crate) fn gold(input: &[u8]) {
    let path = scratch::file("gold.jsonl", input);
    let lines = input.split(|byte| *byte == b'\n').count();
    if let Ok(gold) = read_gold(&path) {
        assert!(gold.len() <= lines, "more records than lines");
    }
    if let Ok(sample) = read_sample(&path) {
        assert!(
            sample.iter().all(|drawn| drawn.probability > 0.0 && drawn.probability <= 1.0),
            "{sample:?}"
        );
    }
    if let Ok((paragraphs, _)) = read_attributions(&path) {
        for (text, attributions) in &paragraphs {
            for a in attributions {
                let mut spans = a.source.iter().chain(&a.content).chain([&a.cue]);
                assert!(spans.all(|span| span.of(text).is_some()), "{a:?} does not slice {text:?}");
            }
        }
    }
}

/// Answers of Label Studio (JSON) and doccano (JSON Lines).
pub(crate) fn answers(input: &[u8]) {
    let Ok(answers) = read_answers(&scratch::file("answers.json", input)) else { return };
    for answer in &answers {
        assert!(!answer.annotator.is_empty(), "nobody answered");
    }
}
