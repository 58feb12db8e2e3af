//! An invented run; `tests/golden/report.html` is what its report looks like.

use standpoint_core::{
    Cut, CutReason, Document, Evidence, Failure, Holder, Kind, ModelInfo, Piece, Probabilities,
    Record, Source, Span, Stance, Target, Task, Voice,
};
use standpoint_report::{aggregates::Placement, html::ReportData, summary::RunSummary};
use std::collections::BTreeMap;

/// A piece with its documents and each document's records.
#[derive(Clone)]
pub(crate) struct Sampled {
    pub(crate) piece: Piece,
    pub(crate) documents: Vec<(Document, Vec<Record>)>,
}

/// Title, outlets, author, date, kind, and stances: holder, target, favor, against, sentence.
type Line = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    Kind,
    &'static [(&'static str, &'static str, f32, f32, &'static str)],
);

const LINES: &[Line] = &[
    (
        "The levy pays its way",
        &["The Harbour Ledger"],
        "Anselm Roake",
        "2026-02-03",
        Kind::OpEd,
        &[
            (
                "author",
                "levy",
                0.91,
                0.04,
                "Two years in, the levy has paid for every kilometre of track that its critics said would never be laid.",
            ),
            (
                "Petra Haldane",
                "levy",
                0.08,
                0.83,
                "Petra Haldane of the hauliers' guild calls it “a tax on distance, and on everybody who lives at the end of a road.”",
            ),
            ("author", "bridge", 0.38, 0.33, "The bridge is another matter, and a harder one."),
        ],
    ),
    (
        "A toll on the poor",
        &["The Inland Courier"],
        "",
        "2026-02-04",
        Kind::Editorial,
        &[
            (
                "author",
                "levy",
                0.03,
                0.94,
                "This newspaper has opposed the levy from the first reading, and nothing in its second year has changed our mind.",
            ),
            (
                "author",
                "levy",
                0.0,
                0.0,
                "Those who can least afford a new heater are paying for the old one twice.",
            ),
        ],
    ),
    (
        "No bridge without a ballot",
        &["The Inland Courier", "The Quarry Post", "Sund & Straits"],
        "Oda Merrin",
        "2026-02-07",
        Kind::OpEd,
        &[
            (
                "author",
                "bridge",
                0.06,
                0.87,
                "A bridge that nobody was asked about will be paid for by everybody who was not asked.",
            ),
            (
                "Minister Tove Lindqvist",
                "bridge",
                0.93,
                0.02,
                "“We build it now or we build it never,” Minister Tove Lindqvist told the assembly.",
            ),
        ],
    ),
    (
        "Assembly votes on the bridge",
        &["Sund & Straits", "The Harbour Ledger"],
        "Wire desk",
        "2026-02-09",
        Kind::News,
        &[
            ("author", "bridge", 0.11, 0.09, "The assembly will vote on the bridge on Thursday."),
            (
                "Tove Lindqvist",
                "bridge",
                0.90,
                0.03,
                "Lindqvist said that the crossing would halve the journey for eleven thousand commuters.",
            ),
            (
                "Petra Haldane",
                "bridge",
                0.55,
                0.25,
                "Petra Haldane said the guild would “look at the tolls first.”",
            ),
        ],
    ),
    (
        "What the tide tables say",
        &["The Harbour Ledger"],
        "Ines Corvo",
        "2026-02-11",
        Kind::OpEd,
        &[
            (
                "author",
                "bridge",
                0.82,
                0.07,
                "Every winter the ferry stops for nineteen days, and every winter we act surprised.",
            ),
            (
                "author",
                "reserve",
                0.76,
                0.08,
                "Close the southern bank to trawlers for five years and there will be fish to argue over in the sixth.",
            ),
        ],
    ),
    (
        "Leave the bank to those who fish it",
        &["The Quarry Post"],
        "Harl Esben",
        "2026-02-12",
        Kind::OpEd,
        &[(
            "author",
            "reserve",
            0.05,
            0.88,
            "A reserve drawn in an office is a line that the herring have not been told about.",
        )],
    ),
    (
        "The reserve is a start",
        &["Sund & Straits"],
        "",
        "2026-02-14",
        Kind::Editorial,
        &[(
            "author",
            "reserve",
            0.79,
            0.09,
            "It is smaller than the scientists wanted and larger than the fleet feared, and it deserves to pass.",
        )],
    ),
    (
        "Questions and answers: the marine reserve",
        &["The Inland Courier"],
        "Courier explainers",
        "2026-02-15",
        Kind::Other,
        &[
            (
                "author",
                "reserve",
                0.08,
                0.06,
                "The reserve would cover 212 square kilometres of the southern bank.",
            ),
            (
                "Ruan Osei",
                "reserve",
                0.86,
                0.05,
                "Ruan Osei, who led the survey, says that without it the stock is gone by 2031.",
            ),
            (
                "Harl Esben",
                "reserve",
                0.04,
                0.90,
                "Harl Esben of the skippers' league says it would lay up forty boats.",
            ),
        ],
    ),
    (
        "How very brave of the ministry",
        &["The Quarry Post"],
        "Jory Tamm",
        "2026-02-17",
        Kind::OpEd,
        &[(
            "author",
            "levy",
            0.44,
            0.41,
            "How very brave of the ministry to raise the levy in the one month when nobody drives.",
        )],
    ),
    (
        "Keep the levy, fix the rebate",
        &["Sund & Straits", "The Harbour Ledger"],
        "Mila Strand",
        "2026-02-19",
        Kind::OpEd,
        &[(
            "author",
            "levy",
            0.74,
            0.13,
            "The levy works; the rebate does not, and it is the rebate that people see.",
        )],
    ),
    (
        "Levy receipts rise",
        &["The Inland Courier"],
        "Courier staff",
        "2026-02-20",
        Kind::News,
        &[
            (
                "author",
                "levy",
                0.09,
                0.12,
                "Receipts from the levy rose by six per cent in the second year.",
            ),
            (
                "Ruan Osei",
                "levy",
                0.30,
                0.28,
                "Ruan Osei said the figures were “about what one would expect.”",
            ),
        ],
    ),
    (
        "Against the second levy",
        &["The Quarry Post"],
        "Harl Esben",
        "2026-02-22",
        Kind::OpEd,
        &[(
            "author",
            "levy",
            0.07,
            0.85,
            "They promised one levy and here is the second, with a straight face.",
        )],
    ),
];

pub(crate) fn targets() -> Vec<Target> {
    let target =
        |id: &str, text: &str| Target { id: id.into(), text: text.into(), aliases: vec![] };
    vec![
        target("levy", "the carbon levy"),
        target("bridge", "The strait should be bridged"),
        target("reserve", "a marine reserve on the southern bank"),
    ]
}

/// The report of the run.
pub(crate) fn report() -> ReportData {
    let mut data = ReportData::of(targets());
    for Sampled { documents, .. } in pieces() {
        let placements: Vec<_> =
            documents.iter().map(|(document, records)| Placement::of(document, records)).collect();
        data.add_piece(&placements);
    }
    failures().iter().for_each(|failure| data.add_failure(failure));
    data.summary = summary();
    data
}

pub(crate) fn pieces() -> Vec<Sampled> {
    LINES.iter().enumerate().map(|(index, line)| sampled(index, line)).collect()
}

fn sampled(index: usize, line: &Line) -> Sampled {
    let (title, outlets, author, published, kind, stances) = *line;
    let byline = format!("By {author}");
    let mut text = if author.is_empty() { String::new() } else { format!("{byline}\n\n") };
    let sentences: Vec<&str> = stances.iter().map(|stance| stance.4).collect();
    text.push_str(&sentences.join(" "));
    let cut = Cut { span: Span::new(0, byline.len()), text: byline, reason: CutReason::Byline };
    let piece = format!("p{index:02}");
    let ids: Vec<String> = (0..outlets.len())
        .map(|n| if n == 0 { piece.clone() } else { format!("{piece}-{n}") })
        .collect();
    let documents = ids.iter().zip(outlets).enumerate().map(|(n, (id, outlet))| {
        let document = Document {
            id: id.clone(),
            source: Source { path: "feed.jsonl".into(), row: Some(index as u64 + 1) },
            title: Some(title.into()),
            authors: if author.is_empty() { vec![] } else { vec![author.into()] },
            outlet: Some((*outlet).into()),
            url: (n == 0).then(|| format!("https://news.example/{piece}")),
            published: Some(format!(
                "{}{:02}",
                &published[..8],
                published[8..].parse::<usize>().unwrap() + n
            )),
            language: Some("en".into()),
            kind,
            kind_reason: if author.is_empty() { "no byline" } else { "a byline" }.into(),
            text: text.clone(),
            cuts: if author.is_empty() { vec![] } else { vec![cut.clone()] },
            rights: None,
            notes: vec![],
        };
        let records = records(id, &piece, &text, stances);
        (document, records)
    });
    let documents = documents.collect();
    Sampled { piece: Piece { id: piece, placements: ids }, documents }
}

fn records(
    document: &str,
    piece: &str,
    text: &str,
    stances: &[(&str, &str, f32, f32, &str)],
) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for &(holder, target, favor, against, sentence) in stances {
        let start = text.find(sentence).unwrap();
        let voice = match holder {
            "author" => Voice::Own,
            _ if sentence.contains('“') => Voice::Quoted,
            _ => Voice::Paraphrased,
        };
        let holder = match holder {
            "author" => Holder::Author,
            name => Holder::Actor(name.into()),
        };
        let named = match &holder {
            Holder::Author => None,
            Holder::Actor(name) => Some(name.clone()),
        };
        let same = |record: &&mut Record| record.holder == holder && record.target == target;
        let evidence = |probabilities, weight| Evidence {
            span: Span::new(start, start + sentence.len()),
            text: sentence.into(),
            voice,
            named: named.clone(),
            mention: None,
            cue: None,
            content: Vec::new(),
            probabilities,
            weight,
        };
        // A second line of the same holder and target is more evidence of the record before.
        if let Some(record) = records.iter_mut().find(same) {
            record.evidence.push(evidence(record.probabilities, 0.5));
            record.passages += 1;
            continue;
        }
        let probabilities = Probabilities::new(favor, against, 1.0 - favor - against);
        let stance = match probabilities.confidence() {
            confidence if confidence < 0.6 => Stance::Abstained,
            _ => probabilities.label().into(),
        };
        records.push(Record {
            document: document.into(),
            piece: piece.into(),
            holder,
            target: target.into(),
            stance,
            probabilities,
            passages: 1,
            evidence: vec![evidence(probabilities, 1.0)],
        });
    }
    records
}

pub(crate) fn summary() -> RunSummary {
    let model = |name: &str, task, hash: &str| ModelInfo {
        name: name.into(),
        task,
        hash: hash.repeat(8),
        license: "Apache-2.0".into(),
        precision: "f32".into(),
        languages: vec!["en".into()],
        max_tokens: 256,
        reads_holders: false,
    };
    RunSummary {
        skipped_files: 2,
        documents: 17,
        failed: 2,
        not_scored: BTreeMap::from([("language: uk".into(), 1)]),
        cuts: BTreeMap::from([(CutReason::Byline, 14), (CutReason::Bio, 3)]),
        pieces: 13,
        placements: 17,
        passages: 131,
        pairs_possible: 393,
        pairs_retrieved: 61,
        pairs_scored: 61,
        truncated_texts: 1,
        truncated_tokens: 44,
        records: 30,
        abstained: 5,
        models: vec![
            model("minilm", Task::Embedding, "4f1c09ab"),
            model("minilm-stance", Task::Stance, "d20e77c3"),
        ],
        gold_by: None,
        cards: BTreeMap::from([("minilm".into(), "# minilm\n\nAn embedder.".into())]),
        settings: BTreeMap::from([
            ("confidence".into(), "0.6".into()),
            ("evidence".into(), "5".into()),
        ]),
    }
}

fn failures() -> Vec<Failure> {
    let failure = |path: &str, row, reason: &str| Failure {
        at: Source { path: path.into(), row },
        reason: reason.into(),
    };
    vec![
        failure("feed.jsonl", Some(14), "not JSON: expected `,` or `}` at column 88"),
        failure("scans/page 1.txt", None, "not text: byte 0xff at 0"),
    ]
}
