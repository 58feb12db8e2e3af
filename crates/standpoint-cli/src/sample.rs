//! `standpoint sample` and `standpoint import`: from a run to gold labels.

use crate::args::{ImportArgs, SampleArgs};
use crate::report::read_run;
use crate::{Outcome, Usage};
use anyhow::anyhow;
use standpoint_report::agreement::resolve;
use standpoint_report::labelling::read_answers;
use standpoint_report::sample::{Design, draw, units};
use std::io::{BufWriter, Write};

pub(crate) fn sample(args: &SampleArgs) -> anyhow::Result<Outcome> {
    let run = read_run(&args.run, None, false)?;
    let pieces = run.pieces();
    let units = units(&pieces);
    let design =
        Design { records: args.records, by: args.by, uncertain: args.uncertain, seed: args.seed };
    let sample = draw(&units, &design);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for sampled in &sample {
        serde_json::to_writer(&mut out, sampled)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    writeln!(std::io::stderr(), "standpoint: {} of {} records drawn", sample.len(), units.len())?;
    Ok(Outcome::Done)
}

pub(crate) fn import(args: &ImportArgs) -> anyhow::Result<Outcome> {
    let mut answers = Vec::new();
    for file in &args.files {
        answers.extend(read_answers(file).map_err(|error| Usage(error.into()))?);
    }
    if answers.is_empty() {
        return Err(Usage(anyhow!("no label in {} files", args.files.len())).into());
    }
    let resolved = resolve(&answers);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for row in &resolved.gold {
        serde_json::to_writer(&mut out, row)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    std::io::stderr().write_all(resolved.to_text().as_bytes())?;
    Ok(Outcome::Done)
}
