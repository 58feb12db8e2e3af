//! `standpoint explain`: one document, and why it got its records.

mod drawing;

use crate::args::{ExplainArgs, OutputFormat};
use crate::run::classify;
use crate::settings::Layers;
use crate::{Outcome, Usage};
use anyhow::anyhow;
use clap::ArgMatches;
use drawing::visible;
use standpoint_core::{Holder, Probabilities, Voice};
use standpoint_pipeline::{Corpus, Explanation, Intake, intake};
use standpoint_stance::Spoken;
use std::io::Write;

pub(crate) fn explain(args: &ExplainArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let layers = Layers::new(&args.read, matches)?;
    layers.start_log();
    let targets = layers.targets(&args.score)?;
    let document = find(args, &layers)?;
    let models = layers.load_models(&args.score)?;
    let abstain_below = layers.abstain_below(&args.score)?.value;
    let aliases = layers.aliases(&args.score)?;
    let explanation =
        standpoint_pipeline::explain(document, &targets, &models, &aliases, abstain_below)
            .map_err(classify)?;
    let stdout = std::io::stdout().lock();
    match args.format {
        OutputFormat::Text => {
            // Colours go to a terminal that can show them, or where CLICOLOR_FORCE asks for them.
            let mut out = anstream::AutoStream::auto(stdout);
            let colours = out.current_choice() != anstream::ColorChoice::Never;
            print(&mut out, &explanation, colours)?;
        }
        OutputFormat::Json => {
            let mut out = stdout;
            serde_json::to_writer_pretty(&mut out, &explanation)?;
            writeln!(out)?;
        }
    }
    Ok(Outcome::Done)
}

/// The document with the id asked for, or the only one that the input holds.
fn find(args: &ExplainArgs, layers: &Layers<'_>) -> anyhow::Result<Intake> {
    let corpus = Corpus { inputs: vec![args.input.clone()], fields: layers.fields()? };
    let mut found = None;
    let mut ids = Vec::new();
    let mut failure = None;
    intake(&corpus, layers.threads().value, |item| {
        match item {
            Ok(item) => {
                let asked = args.id.as_ref().is_none_or(|id| *id == item.document.id);
                if ids.len() < 5 {
                    ids.push(item.document.id.clone());
                }
                if asked && found.is_none() {
                    found = Some(item);
                } else if asked && args.id.is_none() {
                    failure = Some("it holds several documents: choose one with --id".to_owned());
                }
            }
            Err(error) => failure = failure.take().or(Some(error.to_string())),
        }
        Ok(())
    })
    .map_err(classify)?;
    if let (Some(found), true) = (&found, args.id.is_some() || failure.is_none()) {
        return Ok(found.clone());
    }
    let input = args.input.display();
    let ids =
        if ids.is_empty() { "no document".to_owned() } else { line(&ids.join(", ")) + ", …" };
    let reason = match (&args.id, failure) {
        (Some(id), _) => format!("{input} has no document {id:?}; it has {ids}"),
        (None, Some(failure)) => format!("{failure} (of {input}, which has {ids})"),
        (None, None) => format!("{input} has no document that could be explained"),
    };
    Err(Usage(anyhow!(reason)).into())
}

/// Everything about the document; in colour its text stands there too, which without would tell no more
/// than the passages do.
fn print(out: &mut impl Write, explanation: &Explanation, colours: bool) -> std::io::Result<()> {
    let document = &explanation.document;
    writeln!(out, "{}", line(&document.id))?;
    let absent = "–";
    writeln!(out, "  title     {}", line(document.title.as_deref().unwrap_or(absent)))?;
    writeln!(out, "  authors   {}", line(&document.authors.join("; ")))?;
    writeln!(out, "  outlet    {}", line(document.outlet.as_deref().unwrap_or(absent)))?;
    writeln!(out, "  published {}", line(document.published.as_deref().unwrap_or(absent)))?;
    writeln!(out, "  language  {}", line(document.language.as_deref().unwrap_or(absent)))?;
    writeln!(out, "  kind      {} ({})", document.kind.as_str(), line(&document.kind_reason))?;
    if let Some(reason) = &explanation.not_scored {
        writeln!(out, "  a run does not score it: {reason}")?;
    }
    if colours {
        writeln!(out, "\ntext")?;
        drawing::draw(out, explanation)?;
    }
    writeln!(out, "\ncuts")?;
    for cut in &document.cuts {
        let (start, end) = (cut.span.start, cut.span.end);
        writeln!(out, "  {start:>6}..{end:<6} {:<10} {}", cut.reason.as_str(), line(&cut.text))?;
    }
    writeln!(out, "\npassages")?;
    for passage in &explanation.passages {
        let who: Vec<String> = passage.voices.iter().filter_map(voice).collect();
        let who = line(&who.join("; "));
        let (start, end) = (passage.span.start, passage.span.end);
        writeln!(out, "  {start:>6}..{end:<6} [{who}] {}", line(&passage.text))?;
        for met in &passage.matches {
            let named = if met.named { ", named" } else { "" };
            let said = match &met.probabilities {
                Some(p) => parts(p),
                None => "not asked: a voice without a name".to_owned(),
            };
            let holder = line(met.holder.as_ref().map_or("nobody", Holder::name));
            writeln!(
                out,
                "{:>17}{holder} on {} (similarity {:.2}{named}): {said}",
                "→ ", met.target, met.similarity
            )?;
        }
    }
    writeln!(out, "\nrecords")?;
    for record in &explanation.records {
        writeln!(
            out,
            "  {} → {}: {} ({}; {} passages)",
            line(record.holder.name()),
            record.target,
            record.stance.as_str(),
            parts(&record.probabilities),
            record.passages
        )?;
    }
    Ok(())
}

/// Who speaks and how; those who are only named show where they are asked about.
fn voice(spoken: &Spoken) -> Option<String> {
    let voice = spoken.voice.as_str();
    match (&spoken.holder, spoken.voice) {
        (_, Voice::Reported) => None,
        (Some(Holder::Actor(name)), _) => Some(format!("{voice}: {name}")),
        _ => Some(voice.to_owned()),
    }
}

fn parts(p: &Probabilities) -> String {
    format!("favor {:.2}, against {:.2}, neutral {:.2}", p.favor, p.against, p.neutral)
}

/// A text in one line.
fn line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
