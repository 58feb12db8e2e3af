//! What the engines of the comparison share: the protocol by which `engines.py` drives them, and the
//! batches of those that pad.
//!
//! An engine is a program `ENGINE FOLDER VARIANT PASSAGES VECTORS`. `FOLDER` holds the model,
//! `VARIANT` is a precision or the name of an ONNX graph, `PASSAGES` is a text file with a passage a
//! line. It prints `ready`. Then each line on standard input, `BATCH COUNT`, asks for one round: the
//! vectors of the first `COUNT` passages, in batches of `BATCH`, tokenisation included. The vectors go to
//! the file `VECTORS`; then it answers with the seconds of wall clock and of CPU time that the round
//! took, the writing not counted.

use anyhow::{Context, Result, bail};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tokenizers::{Tokenizer, TruncationParams};

/// The longest input of the model in tokens.
const MAX_TOKENS: usize = 256;

/// A model on one of the runtimes that are compared.
pub trait Engine: Sized {
    /// Loads the model.
    ///
    /// # Errors
    /// What is missing.
    fn load(folder: &Path, variant: &str) -> Result<Self>;

    /// The vectors of the passages, one after the other, each of length 1.
    ///
    /// # Errors
    /// What the runtime says.
    fn embed(&self, passages: &[String], batch: usize) -> Result<Vec<f32>>;
}

/// The whole of an engine's program.
///
/// # Errors
/// Whatever goes wrong; the driver shows it and stops.
pub fn serve<E: Engine>() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, variant, passages, vectors] = arguments.as_slice() else {
        bail!("usage: ENGINE FOLDER VARIANT PASSAGES VECTORS");
    };
    let passages = fs::read_to_string(passages).with_context(|| passages.clone())?;
    let passages: Vec<String> = passages.lines().map(str::to_owned).collect();
    let vectors = PathBuf::from(vectors);
    let engine = E::load(Path::new(folder), variant)?;
    writeln!(stdout(), "ready")?;
    for line in stdin().lock().lines() {
        let (batch, count) = round(&line?)?;
        let asked = passages.get(..count).context("more passages are asked for than there are")?;
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        let found = engine.embed(asked, batch)?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        // Before the answer: with it the driver may read them.
        let bytes: Vec<u8> = found.iter().flat_map(|x| x.to_le_bytes()).collect();
        fs::write(&vectors, bytes).with_context(|| vectors.display().to_string())?;
        writeln!(stdout(), "{wall} {cpu}")?;
    }
    Ok(())
}

fn round(line: &str) -> Result<(usize, usize)> {
    let (batch, count) = line.split_once(' ').context("a round is BATCH COUNT")?;
    Ok((batch.parse()?, count.parse()?))
}

/// CPU time of this process so far, all threads.
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Passages of about the same length, padded to the longest.
pub struct Batch {
    /// Token ids, row by row; 0 where there is none.
    pub ids: Vec<u32>,
    /// 1 where there is a token.
    pub mask: Vec<u32>,
    /// Passages.
    pub rows: usize,
    /// Tokens of the longest.
    pub columns: usize,
}

/// Hugging Face's tokenizer, for the engines that bring none.
pub struct Batches(Tokenizer);

impl Batches {
    /// Reads the folder's `tokenizer.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(folder: &Path) -> Result<Self> {
        let error = |error: tokenizers::Error| anyhow::anyhow!("tokenizer.json: {error}");
        let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).map_err(error)?;
        let truncation = TruncationParams { max_length: MAX_TOKENS, ..Default::default() };
        tokenizer.with_padding(None);
        tokenizer.with_truncation(Some(truncation)).map_err(error)?;
        Ok(Self(tokenizer))
    }

    /// Gives `model` the passages in batches of `batch`, the longest first, and puts the vectors that
    /// it returns for a batch in the order of `passages`.
    ///
    /// # Errors
    /// What the tokenizer or the model says.
    pub fn embed(
        &self,
        passages: &[String],
        batch: usize,
        model: impl Fn(&Batch) -> Result<Vec<f32>>,
    ) -> Result<Vec<f32>> {
        let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
        let tokens = self.0.encode_batch_fast(texts, true).map_err(|e| anyhow::anyhow!("{e}"))?;
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(tokens[at].len()));
        let mut vectors: Vec<f32> = Vec::new();
        for places in order.chunks(batch) {
            let columns = tokens[places[0]].len();
            let mut padded = Batch { ids: vec![], mask: vec![], rows: places.len(), columns };
            for (row, &place) in places.iter().enumerate() {
                padded.ids.extend(tokens[place].get_ids());
                padded.mask.resize(row * columns + tokens[place].len(), 1);
                padded.ids.resize((row + 1) * columns, 0);
                padded.mask.resize((row + 1) * columns, 0);
            }
            let found = model(&padded)?;
            let length = found.len() / padded.rows;
            vectors.resize(passages.len() * length, 0.0);
            for (vector, &place) in found.chunks_exact(length).zip(places) {
                vectors[place * length..][..length].copy_from_slice(vector);
            }
        }
        Ok(vectors)
    }
}

/// The mean over each row's tokens of their vectors in `hidden`, scaled to length 1.
pub fn means_of_unit_length(hidden: &[f32], batch: &Batch) -> Vec<f32> {
    let length = hidden.len() / (batch.rows * batch.columns);
    let mut means = vec![0.0; batch.rows * length];
    let rows = hidden.chunks_exact(batch.columns * length);
    let masks = batch.mask.chunks_exact(batch.columns);
    for ((mean, row), mask) in means.chunks_exact_mut(length).zip(rows).zip(masks) {
        for (token, _) in row.chunks_exact(length).zip(mask).filter(|(_, there)| **there == 1) {
            mean.iter_mut().zip(token).for_each(|(sum, x)| *sum += x);
        }
        let norm = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
        mean.iter_mut().for_each(|x| *x /= norm);
    }
    means
}
