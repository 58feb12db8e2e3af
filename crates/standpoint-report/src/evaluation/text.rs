use super::{EvidenceRecall, Figures, RunScores, Scores};
use crate::bootstrap::Estimate;
use std::fmt::{self, Display, Formatter, Write};

impl Scores {
    /// The figures as a table for a terminal, about 80 columns wide.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = write_scores(&mut text, self);
        text
    }
}

impl RunScores {
    /// The figures as tables for a terminal, about 80 columns wide.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let _ = write_run(&mut text, self);
        text
    }
}

fn write_run(out: &mut String, scores: &RunScores) -> fmt::Result {
    let author = &scores.author;
    writeln!(out, "AUTHORS  {} gold rows", author.labels.overall.rows)?;
    writeln!(
        out,
        "{} abstained, {} missing; {} records on targets that gold leaves out",
        author.abstained, author.missing, author.extra
    )?;
    writeln!(out, "evidence: {}\n", Shown(&scores.author_evidence))?;
    write_scores(out, &author.labels)?;

    let actors = &scores.actors;
    let triplets = &actors.triplets;
    writeln!(out, "\nACTORS  {} gold rows", triplets.gold)?;
    writeln!(
        out,
        "(document, actor, target, label): precision {:.3} ({} of {}), recall {:.3}, F1 {:.3}",
        triplets.precision, triplets.correct, triplets.predicted, triplets.recall, triplets.f1
    )?;
    writeln!(out, "{} abstained, {} not found", actors.abstained, actors.missing)?;
    writeln!(out, "evidence: {}", Shown(&scores.actor_evidence))?;
    if actors.labels.overall.rows > 0 {
        writeln!(out, "\nlabels of the {} actors found\n", actors.labels.overall.rows)?;
        write_scores(out, &actors.labels)?;
    }
    if scores.outside_gold > 0 {
        writeln!(out, "\n{} records on documents that gold leaves out", scores.outside_gold)?;
    }
    Ok(())
}

fn write_scores(out: &mut String, scores: &Scores) -> fmt::Result {
    let Figures { macro_f1, f_avg, accuracy, mcc, .. } = &scores.overall;
    writeln!(out, "  {:<10} {:>6}  95 % interval", "", "value")?;
    for (name, estimate) in
        [("macro-F1", macro_f1), ("F_avg", f_avg), ("accuracy", accuracy), ("MCC", mcc)]
    {
        writeln!(out, "  {name:<10} {}", Shown(estimate))?;
    }
    let Figures { rows, answered, coverage, .. } = scores.overall;
    write!(out, "  {:<10} {coverage:>6.3}  {answered} of {rows} rows answered", "coverage")?;
    if let Some(selective) = scores.overall.selective.filter(|_| answered < rows) {
        let (accuracy, macro_f1) = (selective.accuracy, selective.macro_f1);
        write!(out, "; on these accuracy {accuracy:.3}, macro-F1 {macro_f1:.3}")?;
    }
    writeln!(out)?;
    if let Some(calibration) = scores.overall.calibration {
        let (ece, brier) = (calibration.ece, calibration.brier);
        writeln!(out, "  {:<10} {ece:>6.3}  15 bins, {} rows", "ECE", calibration.rows)?;
        writeln!(out, "  {:<10} {brier:>6.3}", "Brier")?;
    }
    if let Some(sign) = scores.overall.sign {
        let f1 = sign.macro_f1;
        writeln!(
            out,
            "  {:<10} {f1:>6.3}  macro-F1 of favor or against, where gold is one",
            "sign"
        )?;
    }

    write!(out, "\n  {:<10} precision recall     F1   gold |", "class")?;
    writeln!(out, " answered favor against neutral none")?;
    for (class, answers) in scores.overall.classes.iter().zip(scores.overall.confusion.0) {
        let name = class.label.as_str();
        write!(out, "  {name:<10} {:>9.3} {:>6.3} ", class.precision, class.recall)?;
        write!(out, "{:>6.3} {:>6} |", class.f1, class.support)?;
        let [favor, against, neutral, none] = answers;
        writeln!(out, "          {favor:>5} {against:>7} {neutral:>7} {none:>4}")?;
    }

    if scores.targets.len() > 1 {
        let width = scores.targets.keys().map(|target| target.chars().count()).max();
        let width = width.unwrap_or(0).max(6);
        write!(out, "\n  {:<width$}   rows coverage macro-F1  F_avg", "target")?;
        writeln!(out, " accuracy    MCC")?;
        for (target, figures) in &scores.targets {
            write!(out, "  {target:<width$} {:>6} {:>8.3}", figures.rows, figures.coverage)?;
            write!(out, " {:>8.3} {:>6.3}", figures.macro_f1.value, figures.f_avg.value)?;
            writeln!(out, " {:>8.3} {:>6.3}", figures.accuracy.value, figures.mcc.value)?;
        }
    }
    Ok(())
}

/// A figure as it stands in the tables.
struct Shown<'a, T>(&'a T);

impl Display for Shown<'_, Estimate> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6.3}", self.0.value)?;
        match self.0.interval {
            Some(interval) => write!(f, "  {:.3} … {:.3}", interval.low, interval.high),
            None => Ok(()),
        }
    }
}

impl Display for Shown<'_, EvidenceRecall> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let EvidenceRecall { gold, found, recall } = self.0;
        write!(f, "{found} of {gold} gold sentences found ({recall:.3})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Judged, Scores};
    use standpoint_core::{Label, Probabilities};

    #[test]
    fn the_table_of_a_small_set() {
        let judged = |target, gold, predicted| Judged {
            gold,
            predicted,
            probabilities: Some(Probabilities::new(0.75, 0.25, 0.0)),
            target,
            cluster: Some("one"),
        };
        let rows = [
            judged("levy", Label::Favor, Some(Label::Favor)),
            judged("levy", Label::Favor, None),
            judged("the bridge", Label::Against, Some(Label::Favor)),
        ];
        let text = Scores::of(&rows).to_text();
        let expected = "
              value  95 % interval
  macro-F1    0.250
  F_avg       0.250
  accuracy    0.333
  MCC        -0.250
  coverage    0.667  2 of 3 rows answered; on these accuracy 0.500, macro-F1 0.333
  ECE         0.083  15 bins, 3 rows
  Brier       0.458
  sign        0.400  macro-F1 of favor or against, where gold is one

  class      precision recall     F1   gold | answered favor against neutral none
  favor          0.500  0.500  0.500      2 |              1       0       0    1
  against        0.000  0.000  0.000      1 |              1       0       0    0
  neutral        0.000  0.000  0.000      0 |              0       0       0    0

  target       rows coverage macro-F1  F_avg accuracy    MCC
  levy            2    0.500    0.667  0.333    0.500  0.000
  the bridge      1    1.000    0.000  0.000    0.000  0.000
";
        assert_eq!(format!("\n{text}"), expected, "{text}");
    }
}
