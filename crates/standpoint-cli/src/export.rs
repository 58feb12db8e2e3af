//! `standpoint export`: a run in the formats of other tools.

use crate::args::{ExportArgs, ExportFormat};
use crate::report::read_run;
use crate::{Outcome, Usage};
use anyhow::anyhow;
use standpoint_report::citations::{write_bibtex, write_ris};
use standpoint_report::folder::{RunFolder, read_texts};
use standpoint_report::labelling::{LABEL_STUDIO_INTERFACE, Task};
use standpoint_report::network::Network;
use standpoint_report::sample::{Unit, read_sample, units};
use standpoint_report::statements::statements;
use standpoint_report::tables::write_csv;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};

/// The most actors between whom all ties are looked for: of more, those that tell most.
const ACTORS: usize = 2_000;

pub(crate) fn export(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let is_task = matches!(args.format, ExportFormat::LabelStudio | ExportFormat::Doccano);
    if !is_task && (args.sample.is_some() || args.blind) {
        let error = anyhow!("--sample and --blind are for label-studio and doccano");
        return Err(Usage(error).into());
    }
    let run = read_run(&args.run, None, false)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.format {
        ExportFormat::LabelStudio | ExportFormat::Doccano => write_tasks(args, &run, &mut out)?,
        ExportFormat::ActorTarget => {
            let targets = run.manifest.targets.iter();
            let words = targets.map(|target| (target.id.clone(), target.text.clone())).collect();
            network(&run).write_actor_target(&words, &mut out)?;
        }
        ExportFormat::ActorActor => {
            let network = network(&run);
            let all = network.most_informative(usize::MAX);
            if all.len() > ACTORS {
                writeln!(
                    std::io::stderr(),
                    "standpoint: of {} actors the {ACTORS} who take sides most often are written",
                    all.len()
                )?;
            }
            network.write_actor_actor(&all[..all.len().min(ACTORS)], &mut out)?;
        }
        ExportFormat::Dna => write_csv(&statements(&run), &mut out)?,
        ExportFormat::Ris => write_ris(&run, &mut out)?,
        ExportFormat::Bibtex => write_bibtex(&run, &mut out)?,
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn network(run: &RunFolder) -> Network {
    let mut network = Network::default();
    run.pieces().iter().for_each(|placements| network.add_piece(placements));
    network
}

fn write_tasks(args: &ExportArgs, run: &RunFolder, out: &mut impl Write) -> anyhow::Result<()> {
    let pieces = run.pieces();
    let mut units = units(&pieces);
    if let Some(path) = &args.sample {
        let sample = read_sample(path).map_err(|error| Usage(error.into()))?;
        let drawn: BTreeSet<(&str, &str, &str)> = sample
            .iter()
            .map(|sampled| {
                (sampled.document.as_str(), sampled.holder.as_str(), sampled.target.as_str())
            })
            .collect();
        units.retain(|Unit { record, .. }| {
            drawn.contains(&(record.document.as_str(), record.holder.name(), &record.target))
        });
        if units.len() < drawn.len() {
            let name = path.display();
            let error =
                anyhow!("{name}: {} records are not in this run", drawn.len() - units.len());
            return Err(Usage(error).into());
        }
    }
    let wanted = units.iter().map(|unit| unit.record.document.as_str()).collect();
    let texts = read_texts(&args.run, &wanted).map_err(|error| Usage(error.into()))?;
    let tasks = units.into_iter().map(|unit| Task {
        unit,
        target_text: run.target_text(&unit.record.target),
        text: texts.get(&unit.record.document).map_or("", String::as_str),
        blind: args.blind,
    });
    if args.format == ExportFormat::LabelStudio {
        let mut separator = "[\n";
        for task in tasks {
            out.write_all(separator.as_bytes())?;
            serde_json::to_writer(&mut *out, &task.label_studio())?;
            separator = ",\n";
        }
        out.write_all(if separator == ",\n" { b"\n]\n" } else { b"[]\n\n" })?;
        let mut err = std::io::stderr();
        writeln!(err, "standpoint: the labelling interface for these tasks is\n")?;
        err.write_all(LABEL_STUDIO_INTERFACE.as_bytes())?;
    } else {
        for task in tasks {
            serde_json::to_writer(&mut *out, &task.doccano())?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}
