//! What a run leaves behind: tables, aggregates, the HTML report; and how it compares with gold.
//!
//! Everything here is a function of records that others have made, and nothing here knows a model.
//! [`tables`] writes the rows as they come; [`aggregates`] counts them per piece, [`trends`] over
//! time, [`network`] by who stands with whom; [`html`] makes the page that people read first;
//! [`evaluation`] says how far to believe it; [`summary`] holds the counts of what was read and what
//! was not, [`manifest`] the files, and [`verify`] checks a folder against it; [`bootstrap`] draws the
//! intervals of all of them.
//!
//! ```
//! use standpoint_core::{Document, Holder, Kind, Label, Probabilities, Record, Source, Stance, Target};
//! use standpoint_report::{
//!     aggregates::{Grouping, Placement},
//!     evaluation::{GoldRecord, run_against_gold},
//!     html::{self, ReportData},
//!     tables::{StanceRow, Tables},
//! };
//!
//! let document = Document {
//!     id: "a".into(),
//!     source: Source { path: "a.txt".into(), row: None },
//!     title: Some("The levy pays its way".into()),
//!     authors: vec!["Anselm Roake".into()],
//!     outlet: Some("The Harbour Ledger".into()),
//!     url: None,
//!     published: None,
//!     language: Some("en".into()),
//!     kind: Kind::OpEd,
//!     kind_reason: "a byline".into(),
//!     text: "The levy works.".into(),
//!     cuts: vec![],
//!     rights: None,
//!     notes: vec![],
//! };
//! let records = [Record {
//!     document: "a".into(),
//!     piece: "a".into(),
//!     holder: Holder::Author,
//!     target: "levy".into(),
//!     stance: Stance::Favor,
//!     probabilities: Probabilities::new(0.75, 0.25, 0.0),
//!     passages: 1,
//!     evidence: vec![],
//! }];
//!
//! // The tables, in three formats.
//! let dir = tempfile::tempdir()?;
//! let mut tables = Tables::create(dir.path())?;
//! tables.stances(&[StanceRow::of(&records[0], &document)])?;
//! tables.finish()?;
//! let csv = std::fs::read_to_string(dir.path().join("stances.csv"))?;
//! assert!(csv.contains("a,a,true,author,author,levy,favor,0.75,0.25,0,0.75,"));
//!
//! // The report.
//! let target = Target { id: "levy".into(), text: "the carbon levy".into(), aliases: vec![] };
//! let mut data = ReportData::of(vec![target]);
//! data.add_piece(&[Placement::of(&document, &records)]);
//! assert_eq!(data.aggregates().by(Grouping::All).rows()[0].aggregate.position, Some(0.5));
//! html::render(data, &mut std::fs::File::create(dir.path().join("report.html"))?)?;
//!
//! // How far to believe it.
//! let gold = [GoldRecord {
//!     document: "a".into(),
//!     holder: "author".into(),
//!     target: "levy".into(),
//!     label: Label::Favor,
//!     evidence: vec!["The levy works.".into()],
//! }];
//! let scores = run_against_gold(&records, &gold);
//! assert_eq!(scores.author.labels.overall.accuracy.value, 1.0);
//! assert_eq!(scores.author_evidence.found, 0, "the record shows no evidence");
//! println!("{}", scores.to_text());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod aggregates;
pub mod agreement;
pub mod bootstrap;
pub mod citations;
pub mod comparison;
pub mod estimates;
pub mod evaluation;
pub mod folder;
pub mod html;
pub mod labelling;
pub mod manifest;
pub mod network;
pub mod sample;
pub mod statements;
pub mod summary;
pub mod tables;
pub mod trends;
pub mod verify;
