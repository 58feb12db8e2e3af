//! `standpoint verify`: a run's folder against its manifest.

use crate::args::VerifyArgs;
use crate::{Outcome, Usage};
use std::io::Write;

pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let verified = standpoint_report::verify::verify(&args.run);
    let verified = verified.map_err(|error| Usage(error.into()))?;
    let mut stdout = std::io::stdout().lock();
    for finding in &verified.findings {
        writeln!(stdout, "{finding}")?;
    }
    if !verified.findings.is_empty() {
        return Ok(Outcome::SomeFailed);
    }
    let standpoint_report::verify::Verified {
        files, documents, passages, records, evidence, ..
    } = verified;
    writeln!(
        stdout,
        "all right: {files} files, {documents} documents, {passages} passages, {records} records, \
         {evidence} pieces of evidence"
    )?;
    Ok(Outcome::Done)
}
