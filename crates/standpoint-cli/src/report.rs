//! `standpoint report`: the numbers of a run from its tables.

use crate::args::{ReportArgs, TableFormat};
use crate::{Outcome, Usage};
use anyhow::{Context, anyhow};
use standpoint_core::Label;
use standpoint_report::aggregates::{Cells, GroupAggregate, Grouping};
use standpoint_report::bootstrap::{Estimate, Interval};
use standpoint_report::comparison::compare;
use standpoint_report::estimates::{Correction, FEWEST, correct};
use standpoint_report::evaluation::read_gold;
use standpoint_report::folder::RunFolder;
use standpoint_report::html::{self, ReportData};
use standpoint_report::sample::{read_sample, units};
use standpoint_report::tables::{AggregateRow, CorrectedRow, write_csv};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

pub(crate) fn report(args: &ReportArgs) -> anyhow::Result<Outcome> {
    let read = |run: &Path| read_run(run, args.since.as_deref(), args.html.is_some());
    let run = read(&args.run)?;
    if let Some(path) = &args.html {
        write_page(run, args.gold.as_deref(), path)?;
        return Ok(Outcome::Done);
    }
    if args.gold.is_some() && args.sample.is_none() {
        return Err(Usage(anyhow!(
            "--gold corrects shares by a --sample, or goes into a page: --html"
        ))
        .into());
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    if let Some(second) = &args.compare {
        let comparison = compare(&run, &read(second)?);
        match args.format {
            TableFormat::Text => out.write_all(comparison.to_text().as_bytes())?,
            TableFormat::Csv => write_csv(&comparison.changes, &mut out)?,
        }
    } else if let (Some(gold), Some(sample)) = (&args.gold, &args.sample) {
        let correction = corrected(&run, gold, sample, args.group_by)?;
        match args.format {
            TableFormat::Text => {
                out.write_all(correction_text(&run, &correction, args.group_by).as_bytes())?;
            }
            TableFormat::Csv => {
                let cells = correction.cells.iter();
                let rows: Vec<_> =
                    cells.map(|cell| CorrectedRow::of(args.group_by, cell)).collect();
                write_csv(&rows, &mut out)?;
            }
        }
    } else {
        let mut cells = Cells::by(args.group_by);
        run.pieces().iter().for_each(|placements| cells.add_piece(placements));
        match args.format {
            TableFormat::Text => out.write_all(aggregate_text(&run, &cells).as_bytes())?,
            TableFormat::Csv => {
                let rows = cells.rows();
                let rows: Vec<_> =
                    rows.iter().map(|row| AggregateRow::of(args.group_by, row)).collect();
                write_csv(&rows, &mut out)?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// The run in a folder; its texts only if they are asked for.
pub(crate) fn read_run(run: &Path, since: Option<&str>, texts: bool) -> anyhow::Result<RunFolder> {
    if !run.join("run.json").is_file() {
        let name = run.display();
        let error = anyhow!("{name} holds no finished run: give the folder that `run --out` wrote");
        return Err(Usage(error).into());
    }
    Ok(RunFolder::read(run, since, texts).map_err(|error| Usage(error.into()))?)
}

fn write_page(mut run: RunFolder, gold: Option<&Path>, path: &Path) -> anyhow::Result<()> {
    if let Some(gold) = gold {
        run.gold = read_gold(gold).map_err(|error| Usage(error.into()))?;
        run.manifest.summary.gold_by = None;
    }
    let mut data = ReportData::of(run.manifest.targets.clone()).with_gold(run.gold.clone());
    run.pieces().iter().for_each(|placements| data.add_piece(placements));
    run.failures.iter().for_each(|failure| data.add_failure(failure));
    data.summary = run.manifest.summary.clone();
    let name = path.display();
    let file = File::create(path).with_context(|| format!("cannot write {name}")).map_err(Usage)?;
    let mut file = BufWriter::new(file);
    html::render(data, &mut file).with_context(|| format!("cannot write {name}"))?;
    file.flush().with_context(|| format!("cannot write {name}"))
}

fn corrected(
    run: &RunFolder,
    gold: &Path,
    sample: &Path,
    grouping: Grouping,
) -> anyhow::Result<Correction> {
    let gold = read_gold(gold).map_err(|error| Usage(error.into()))?;
    let name = sample.display();
    let sample = read_sample(sample).map_err(|error| Usage(error.into()))?;
    let pieces = run.pieces();
    let correction = correct(&units(&pieces), &sample, &gold, grouping);
    // With --since a part of the sample lies before that day; without, it is of another run.
    if correction.unknown > 0 && !run.manifest.summary.settings.contains_key("since") {
        let unknown = correction.unknown;
        return Err(Usage(anyhow!(
            "{name}: {unknown} of {} records are not in this run; give the run that it was drawn from",
            sample.len()
        ))
        .into());
    }
    Ok(correction)
}

/// The heading of a target.
fn heading(text: &mut String, run: &RunFolder, target: &str) {
    let before = if text.is_empty() { "" } else { "\n" };
    let words = run.target_text(target);
    // Writing to a string does not fail, here and below.
    let _ = match words == target {
        true => writeln!(text, "{before}{target}"),
        false => writeln!(text, "{before}{target}: {words}"),
    };
}

fn group_name(grouping: Grouping, group: Option<&str>) -> String {
    let name = match (grouping, group) {
        (Grouping::All, _) => "all",
        (_, Some(name)) => name,
        (_, None) => "(not known)",
    };
    // A long name would push the figures out of their columns.
    match name.char_indices().nth(28) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn between(interval: Option<Interval>) -> String {
    interval
        .map_or_else(String::new, |interval| format!("{:.2} … {:.2}", interval.low, interval.high))
}

fn aggregate_text(run: &RunFolder, cells: &Cells) -> String {
    let mut text = String::new();
    let mut target = None;
    for GroupAggregate { target: of, group, aggregate } in cells.rows() {
        if target.as_ref() != Some(&of) {
            heading(&mut text, run, &of);
            let _ = writeln!(
                text,
                "  {:<29} {:>6} {:>9}  {:<19} {:<19} {:<19} position",
                cells.grouping().as_str(),
                "pieces",
                "abstained",
                "favor",
                "against",
                "neutral"
            );
            target = Some(of);
        }
        let share = |label: usize| {
            let Some(shares) = aggregate.shares else { return "–".to_owned() };
            let Estimate { value, interval } = shares[label];
            format!("{value:.2}  {}", between(interval))
        };
        let position = match (aggregate.position, aggregate.interval) {
            (Some(position), Some(i)) => format!("{position:+.2}  {:+.2} … {:+.2}", i.low, i.high),
            (Some(position), None) => format!("{position:+.2}"),
            (None, _) => "–".to_owned(),
        };
        let _ = writeln!(
            text,
            "  {:<29} {:>6} {:>9}  {:<19} {:<19} {:<19} {position}",
            group_name(cells.grouping(), group.as_deref()),
            aggregate.pieces.sum(),
            aggregate.pieces.abstained,
            share(0),
            share(1),
            share(2),
        );
    }
    let whose = if cells.grouping() == Grouping::Actor { "actors" } else { "authors" };
    let _ = match text.is_empty() {
        true => writeln!(text, "no stance of {whose}"),
        false => writeln!(
            text,
            "\nStances of {whose}, each piece once; shares and mean position (favor minus against) of \
             those\nthat answered, with 95 % bootstrap intervals over pieces."
        ),
    };
    text
}

fn correction_text(run: &RunFolder, correction: &Correction, grouping: Grouping) -> String {
    let mut text = String::new();
    let mut target = None;
    for cell in &correction.cells {
        if target != Some(&cell.target) {
            heading(&mut text, run, &cell.target);
            target = Some(&cell.target);
        }
        let labelled: usize = cell.labelled.iter().sum();
        let name = group_name(grouping, cell.group.as_deref());
        let _ = write!(text, "  {name}: {labelled} of {} records labelled", cell.records);
        let Some(shares) = cell.shares else {
            let _ = writeln!(text, ", in {} pieces; too few to correct", cell.pieces);
            continue;
        };
        let reliance = cell.reliance.unwrap_or_default();
        let _ = writeln!(text, "; the model is relied on to {reliance:.2}");
        let _ = writeln!(text, "    {:<9} labels  naive  corrected  95 % interval", "");
        for (label, at) in Label::ALL.into_iter().zip(0..) {
            let naive = cell.naive.map_or("–".to_owned(), |shares| format!("{:.3}", shares[at]));
            let Estimate { value, interval } = shares[at];
            let interval = interval.map_or_else(String::new, |interval| {
                format!("{:.3} … {:.3}", interval.low, interval.high)
            });
            let _ = writeln!(
                text,
                "    {:<9} {:>6} {naive:>6}  {value:>9.3}  {interval}",
                label.as_str(),
                cell.labelled[at],
            );
        }
    }
    let _ = write!(
        text,
        "\nNaive: shares of the run's answers. Corrected: what the labels of the sample make of the run's\n\
         probabilities, for all records, abstained ones too (prediction-powered inference); from {FEWEST}\n\
         labelled pieces on.\n"
    );
    if correction.unlabelled > 0 {
        let _ = writeln!(
            text,
            "{} records were drawn but have no label: this holds if they are like those that have.",
            correction.unlabelled
        );
    }
    text
}
