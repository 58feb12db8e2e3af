//! `standpoint calibrate`: temperature and abstention threshold from labels of one's own.

use crate::args::CalibrateArgs;
use crate::pairs::{self, Columns};
use crate::settings::{CalibrationTable, Layers};
use crate::{Outcome, Usage, models};
use anyhow::{Context, anyhow};
use clap::ArgMatches;
use serde::Serialize;
use standpoint_core::Classification;
use standpoint_report::evaluation::{Judged, Scores};
use standpoint_stance::{Graded, abstention_threshold, cross_fitted, fit_temperature};
use std::io::Write;
use std::path::Path;

pub(crate) fn calibrate(args: &CalibrateArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let layers = Layers::new(&args.read, matches)?;
    layers.start_log();
    let precision = layers.precision(args.precision)?.value;
    // As it is, without what an earlier calibration says.
    let model =
        models::stance_model(&layers.stance_model(args.stance_model.as_ref()).value, precision)?;
    let columns = Columns::with(&layers.field_overrides()).map_err(Usage)?;
    let rows = pairs::read(&args.gold, &columns, None).map_err(Usage)?;
    let answers = pairs::classify(&rows, model.as_ref(), &layers)?;
    let graded: Vec<Graded> = rows
        .iter()
        .zip(&answers)
        .map(|(row, Classification { probabilities, .. })| Graded {
            probabilities: *probabilities,
            gold: row.label,
        })
        .collect();

    let temperature = rounded(fit_temperature(&[&graded]));
    let tempered: Vec<Graded> = graded.iter().map(|row| row.at(temperature)).collect();
    let threshold = abstention_threshold(&tempered, args.error_rate);
    let info = model.info();
    let table = CalibrationTable {
        model: info.name.clone(),
        hash: info.hash.clone(),
        temperature,
        // Rounded down: a row at the threshold is answered.
        abstain_below: threshold.map(|t| (t.confidence * 1000.0).floor() / 1000.0),
    };
    write(Path::new(layers.file_name()), &table)?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "model        {}, {} labelled pairs", info.name, rows.len())?;
    writeln!(out, "temperature  {temperature}")?;
    let (before, after) = (error(&graded), error(&cross_fitted(&graded)));
    writeln!(out, "ECE          {before:.3} before; {after:.3} after, on rows not fitted to")?;
    let percent = args.error_rate * 100.0;
    match threshold {
        Some(t) => {
            let below = table.abstain_below.unwrap_or_default();
            writeln!(out, "abstains     below {below}, for at most {percent} % wrong answers")?;
            let (answered, wrong) = (t.answered, t.wrong);
            writeln!(
                out,
                "             here {answered} of {} answered, {wrong} wrong",
                rows.len()
            )?;
        }
        None => writeln!(
            out,
            "abstains     as before: these labels cannot promise at most {percent} % wrong answers; \
             give more of them, or a higher --error-rate"
        )?,
    }
    writeln!(out, "written to   {}", layers.file_name())?;
    Ok(Outcome::Done)
}

/// Expected calibration error.
fn error(rows: &[Graded]) -> f64 {
    let judged: Vec<Judged<'_>> =
        rows.iter().map(|row| Judged::by_model(row.gold, row.probabilities)).collect();
    Scores::of(&judged).overall.calibration.map_or(0.0, |calibration| calibration.ece)
}

fn rounded(temperature: f32) -> f32 {
    (temperature * 1000.0).round() / 1000.0
}

/// Puts the table at the end of the settings file, in place of an earlier one; the rest of the file
/// stays as it is.
fn write(path: &Path, table: &CalibrationTable) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Tables<'a> {
        calibration: &'a CalibrationTable,
    }
    let name = path.display();
    let before = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
    };
    let tables = toml::to_string(&Tables { calibration: table })?;
    let text = replaced(&before, &tables).map_err(|reason| Usage(anyhow!("{name}: {reason}")))?;
    // Through a temporary file beside it: a full disk leaves the old settings whole.
    let part = path.with_extension("toml.part");
    std::fs::write(&part, text).with_context(|| format!("cannot write {}", part.display()))?;
    std::fs::rename(&part, path).with_context(|| format!("cannot write {name}"))
}

const HEADER: &str = "[calibration]";
const COMMENT: &str = "# Fitted by `standpoint calibrate`.";

/// The text of a settings file with its table `[calibration]` replaced or added.
fn replaced(before: &str, table: &str) -> Result<String, String> {
    let kept: Vec<&str> = before.lines().take_while(|line| line.trim() != HEADER).collect();
    let rest = before.lines().skip(kept.len() + 1);
    if let Some(other) = rest.map(str::trim).find(|line| line.starts_with('[')) {
        return Err(format!("the table {HEADER} must be the last one, and {other} follows"));
    }
    let kept = kept.into_iter().filter(|line| line.trim() != COMMENT);
    let kept = kept.collect::<Vec<_>>().join("\n");
    let kept = kept.trim_end();
    let gap = if kept.is_empty() { "" } else { "\n\n" };
    Ok(format!("{kept}{gap}{COMMENT}\n{table}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_replaced_and_the_rest_kept() {
        let table = "[calibration]\nmodel = \"b\"\n";
        let first = replaced("", table).unwrap();
        assert_eq!(first, format!("{COMMENT}\n{table}"));
        let own = "# mine\nthreads = 2\n";
        let once = replaced(own, "[calibration]\nmodel = \"a\"\n").unwrap();
        assert!(once.starts_with(own) && once.contains("\"a\""), "{once}");
        assert_eq!(replaced(&once, table).unwrap(), format!("{own}\n{COMMENT}\n{table}"));
        let error = replaced(&format!("{once}\n[more]\n"), table).unwrap_err();
        assert!(error.contains("[more] follows"), "{error}");
    }
}
