//! Writes reports of invented runs to standard output, for the browser tests (`tests/browser`):
//!
//! - `sample`: a dozen pieces on three targets,
//! - `probes`: the same with an attack in every field that comes from outside,
//! - `many N`: some N records, with as much evidence each as real runs have,
//! - `bare`: one document without a title, date, outlet or author,
//! - `empty`: a run that found nothing.
//!
//! `cargo run -p standpoint-report --example page -- many 100000 > report.html`

#![expect(clippy::unwrap_used, reason = "a program for tests fails as tests do")]

#[path = "../tests/sample/many.rs"]
mod many;
#[expect(dead_code, reason = "the pieces are for the tables")]
#[path = "../tests/sample/mod.rs"]
mod sample;

use standpoint_core::{Document, Failure, Label, Record, Source, Target};
use standpoint_report::{
    aggregates::Placement,
    evaluation::GoldRecord,
    html::{ReportData, render},
};
use std::io::{BufWriter, Write};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sample"] => sample::report(),
        ["probes"] => probes(),
        ["many", records] => many::report(records.parse().unwrap()),
        ["bare"] => bare(),
        ["empty"] => ReportData::of(vec![]),
        _ => panic!("sample, probes, many N, bare or empty"),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    render(data, &mut out).unwrap();
    out.flush().unwrap();
}

/// What would run or load if any field were taken for markup, an address or a name of a property.
const PROBES: [&str; 12] = [
    "<script>window.attacked = 1</script>",
    "<img src=x onerror=\"window.attacked = 1\">",
    "\"><svg onload=window.attacked=1>",
    "' onfocus='window.attacked=1' autofocus '",
    "javascript:window.attacked=1",
    "data:text/html,<script>window.attacked=1</script>",
    "</script><script>window.attacked = 1</script>",
    "</style><img src=http://attack.example/x>",
    "<!--",
    "__proto__",
    "\u{202e}gnp.elif\u{2066}",
    "${window.attacked = 1}{{constructor.constructor('window.attacked=1')()}}",
];

fn probes() -> ReportData {
    let targets =
        PROBES.map(|probe| Target { id: probe.into(), text: probe.into(), aliases: vec![] });
    let gold = PROBES.iter().enumerate().map(|(turn, probe)| GoldRecord {
        document: format!("{probe} {turn}.0"),
        holder: "author".into(),
        target: (*probe).into(),
        label: Label::Favor,
        evidence: vec![(*probe).into()],
    });
    let mut data = ReportData::of(targets.to_vec()).with_gold(gold.collect());
    let pieces = sample::pieces();
    for (turn, probe) in PROBES.iter().enumerate() {
        let mut pieces = pieces.clone();
        let sampled = &mut pieces[turn % 12];
        for (place, (document, records)) in sampled.documents.iter_mut().enumerate() {
            attack(document, records, probe, turn, place);
        }
        data.add_piece(&placed(&sampled.documents));
        // Once more, so that every probe has a copy that differs from it.
        let mut copy = sampled.documents[0].clone();
        attack(&mut copy.0, &mut copy.1, probe, turn + 100, 1);
        copy.0.text = format!("{} And more: {probe}", copy.0.text);
        copy.0.outlet = Some(format!("Other {probe}"));
        let mut documents = vec![sampled.documents[0].clone(), copy];
        for (document, records) in &mut documents {
            document.id.push_str(" again");
            for record in records {
                record.document.push_str(" again");
                record.piece.push_str(" again");
            }
        }
        data.add_piece(&placed(&documents));
        data.add_failure(&Failure {
            at: Source { path: (*probe).into(), row: Some(1) },
            reason: (*probe).into(),
        });
        data.summary.settings.insert((*probe).into(), (*probe).into());
        data.summary.not_scored.insert((*probe).into(), 1);
    }
    let (settings, not_scored) = (data.summary.settings.clone(), data.summary.not_scored.clone());
    data.summary = sample::summary();
    data.summary.settings = settings;
    data.summary.not_scored = not_scored;
    data.summary.gold_by = Some(PROBES.concat());
    data.summary.cards.insert(PROBES[0].into(), PROBES.concat());
    for model in &mut data.summary.models {
        for field in [&mut model.name, &mut model.hash, &mut model.license, &mut model.precision] {
            *field = PROBES[0].into();
        }
        model.languages = vec![PROBES[1].into()];
    }
    data
}

/// Puts the probe into every field of a document and of its records.
fn attack(document: &mut Document, records: &mut [Record], probe: &str, turn: usize, place: usize) {
    let own = || Some(probe.to_owned());
    let name = format!("{probe} {turn}.{place}");
    document.id = name.clone();
    (document.title, document.outlet, document.url) = (own(), own(), own());
    (document.rights, document.notes) = (own(), vec![probe.into()]);
    document.authors = vec![probe.into(), format!("{probe} and another")];
    if turn.is_multiple_of(2) {
        document.published = own();
    }
    let from = document.text.len() + 1;
    document.text = format!("{} {probe} Thus it ends.", document.text);
    for cut in &mut document.cuts {
        cut.text = probe.into();
    }
    let piece = format!("{probe} {turn}.0");
    for record in records {
        record.document.clone_from(&name);
        record.piece.clone_from(&piece);
        record.target = PROBES[turn % PROBES.len()].into();
        if let standpoint_core::Holder::Actor(actor) = &mut record.holder {
            *actor = format!("{probe} {actor}");
        }
        for evidence in &mut record.evidence {
            evidence.span = standpoint_core::Span::new(from, from + probe.len());
            evidence.text = probe.into();
        }
    }
}

fn placed(documents: &[(Document, Vec<Record>)]) -> Vec<Placement<'_>> {
    documents.iter().map(|(document, records)| Placement::of(document, records)).collect()
}

fn bare() -> ReportData {
    let mut data = ReportData::of(sample::targets());
    let (document, records) = &sample::pieces()[0].documents[0];
    let document = Document {
        title: None,
        outlet: None,
        published: None,
        url: None,
        authors: vec![],
        ..document.clone()
    };
    data.add_piece(&[Placement::of(&document, &records[..1])]);
    data.summary.documents = 1;
    data.summary.pieces = 1;
    data.summary.placements = 1;
    data.summary.records = 1;
    data
}
