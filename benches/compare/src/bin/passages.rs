//! `passages TOKENIZER COUNT MEAN CORPUS`: prints `COUNT` different passages of the corpus, a line
//! each, whose mean length is `MEAN` tokens, the two special tokens counted.
//!
//! The rule: passages are taken in the order of the corpus. While the mean of those taken is above
//! `MEAN`, one that is longer is passed over; while it is below, one that is shorter.

use anyhow::{Context, Result, anyhow, bail, ensure};
use standpoint_ingest::{Fields, discover, open, passages, prepare};
use std::collections::HashSet;
use std::io::{Write, stdout};
use std::path::PathBuf;
use tokenizers::Tokenizer;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tokenizer, count, mean, corpus] = arguments.as_slice() else {
        bail!("usage: passages TOKENIZER COUNT MEAN CORPUS");
    };
    let count: usize = count.parse().context("COUNT is a number")?;
    let mean: usize = mean.parse().context("MEAN is a number")?;
    let mut tokenizer = Tokenizer::from_file(tokenizer).map_err(|error| anyhow!("{error}"))?;
    tokenizer.with_padding(None).with_truncation(None).map_err(|error| anyhow!("{error}"))?;

    let (mut taken, mut seen, mut tokens) = (0, HashSet::new(), 0);
    for file in discover(&[PathBuf::from(corpus)])?.files {
        for raw in open(&file, &Fields::default())? {
            let document = prepare(raw?)?;
            for passage in passages(&document) {
                let text = passage.span.of(&document.text).unwrap_or_default();
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let encoding = tokenizer.encode(text.as_str(), true);
                let length = encoding.map_err(|error| anyhow!("{error}"))?.len();
                let (above, below) = (tokens > taken * mean, tokens < taken * mean);
                if above && length > mean || below && length < mean || !seen.insert(text.clone()) {
                    continue;
                }
                writeln!(stdout(), "{text}")?;
                (taken, tokens) = (taken + 1, tokens + length);
                if taken == count {
                    return Ok(());
                }
            }
        }
    }
    ensure!(taken == count, "the corpus gives {taken} passages only: make it larger");
    Ok(())
}
