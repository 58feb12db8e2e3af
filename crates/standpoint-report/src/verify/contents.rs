//! What the tables of a folder say, against each other and the counts of the manifest.

use super::lines::Lines;
use super::{Findings, Verified};
use crate::manifest::{InputHash, Manifest};
use crate::tables::{DocumentRow, EvidenceRow, HolderRow, PassageRow, PieceRow, StanceRow};
use standpoint_core::{Failure, Holder, Probabilities, Span, Stance};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How far from one three probabilities of single precision may sum to.
const ROUNDING: f32 = 1e-3;

/// Checks the tables. A table that cannot be read is a finding, and what it would have told is not checked.
pub(super) fn check(run: &Path, manifest: &Manifest, findings: &mut Findings) -> Verified {
    let mut check = Check {
        run,
        manifest,
        findings,
        documents: BTreeMap::new(),
        records: BTreeMap::new(),
        named: BTreeMap::new(),
        counted: Verified::default(),
    };
    let parts = [
        check.documents(),
        check.passages(),
        check.pieces(),
        check.stances(),
        check.evidence(),
        check.holders(),
        check.errors(),
    ];
    for reason in parts.into_iter().filter_map(Result::err) {
        check.findings.add("tables", reason);
    }
    check.inputs();
    check.counted
}

/// What is known of a document.
struct Known {
    piece: String,
    /// Where its line begins.
    line: u64,
    /// How many passages it should have, how many it has, and where the first of them stands.
    passages: (usize, usize),
    first_passage: u64,
    placed: bool,
}

/// A record by document, kind of holder, holder and target.
type Key = [String; 4];

/// How many rows of evidence a record should have, how many it has, and the weight of the last of them.
struct Carried {
    rows: usize,
    seen: usize,
    weight: f32,
}

struct Check<'a> {
    run: &'a Path,
    manifest: &'a Manifest,
    findings: &'a mut Findings,
    documents: BTreeMap<String, Known>,
    records: BTreeMap<Key, Carried>,
    /// Rows of evidence by the actor's name in the documents, with the holders whom they are given to.
    named: BTreeMap<String, (BTreeSet<String>, u64)>,
    counted: Verified,
}

impl Check<'_> {
    fn documents(&mut self) -> Result<(), String> {
        let mut lines = Lines::of::<DocumentRow>(self.run)?;
        let mut hash = InputHash::default();
        while let Some((row, line)) = lines.next::<DocumentRow>()? {
            self.counted.documents += 1;
            hash.add(&row.document, &row.text);
            let id = &row.document;
            let representative = row.representative == (row.piece == *id);
            self.findings.expect(representative, "pieces", || {
                format!("{id} is said to stand for its piece, or not to, against its piece's id")
            });
            let mut end = 0;
            for cut in &row.cuts {
                let span = Span::new(cut.start, cut.end);
                let right = span.of(&row.text) == Some(&cut.text) && cut.start >= end;
                self.findings.expect(right, "cuts", || at(id, span));
                end = cut.end;
            }
            let passages = (row.passages, 0);
            let known = Known { piece: row.piece, line, passages, first_passage: 0, placed: false };
            if self.documents.insert(row.document.clone(), known).is_some() {
                self.findings.add("documents", format!("{} is there twice", row.document));
            }
        }
        let whole = hash.finish() == self.manifest.input_hash;
        self.findings.expect(whole, "documents", || {
            "ids and texts are not those of the manifest's input_hash".to_owned()
        });
        let summary = &self.manifest.summary;
        self.count("documents", self.counted.documents, summary.documents);
        self.count("placements", self.counted.documents, summary.placements);
        Ok(())
    }

    fn passages(&mut self) -> Result<(), String> {
        let mut lines = Lines::of::<PassageRow>(self.run)?;
        let mut texts = Texts::open(self.run)?;
        let mut end = 0;
        while let Some((row, line)) = lines.next::<PassageRow>()? {
            self.counted.passages += 1;
            let id = &row.document;
            let Some(known) = self.documents.get_mut(id) else {
                self.findings.add("passages", format!("one of the unknown document {id}"));
                continue;
            };
            if known.passages.1 == 0 {
                (known.first_passage, end) = (line, 0);
            }
            let place = known.passages.1;
            self.findings.expect(row.passage == place, "passages", || {
                format!("of {id}, the one at place {place} says that it is at {}", row.passage)
            });
            known.passages.1 += 1;
            let document = texts.document(id, known)?;
            let span = Span::new(row.start, row.end);
            let right =
                row.start < row.end && row.start >= end && span.of(&document.text).is_some();
            self.findings.expect(right, "passages", || at(id, span));
            let mut cuts = document.cuts.iter().map(|cut| Span::new(cut.start, cut.end));
            let read = cuts.all(|cut| cut.overlap(span) == 0);
            self.findings.expect(read, "passages", || format!("{}: it was cut", at(id, span)));
            end = row.end;
        }
        for (id, Known { passages: (stated, found), .. }) in &self.documents {
            self.findings.expect(stated == found, "passages", || {
                format!("{id} has {found}, and documents says {stated}")
            });
        }
        Ok(())
    }

    fn pieces(&mut self) -> Result<(), String> {
        let mut lines = Lines::of::<PieceRow>(self.run)?;
        let mut placements: BTreeMap<String, usize> = BTreeMap::new();
        while let Some((row, _)) = lines.next::<PieceRow>()? {
            let PieceRow { piece, document, placement, .. } = row;
            let place = placements.entry(piece.clone()).or_default();
            self.findings.expect(placement == *place, "pieces", || {
                format!("of {piece}, the placement at {place} says that it is at {placement}")
            });
            *place += 1;
            match self.documents.get_mut(&document) {
                None => self.findings.add("pieces", format!("{document} is no document")),
                Some(known) => {
                    let right = known.piece == piece && !known.placed;
                    known.placed = true;
                    self.findings.expect(right, "pieces", || {
                        format!("{document} is placed twice, or not in the piece that it says")
                    });
                }
            }
        }
        for (id, _) in self.documents.iter().filter(|(_, known)| !known.placed) {
            self.findings.add("pieces", format!("{id} is in none"));
        }
        let standing = placements.keys().filter(|piece| !self.documents.contains_key(*piece));
        let standing: Vec<&String> = standing.collect();
        for piece in standing {
            self.findings.add("pieces", format!("{piece} is the id of no document"));
        }
        self.count("pieces", placements.len() as u64, self.manifest.summary.pieces);
        Ok(())
    }

    fn stances(&mut self) -> Result<(), String> {
        let mut lines = Lines::of::<StanceRow>(self.run)?;
        let targets: BTreeSet<&str> =
            self.manifest.targets.iter().map(|target| target.id.as_str()).collect();
        let settings = &self.manifest.summary.settings;
        let threshold: Option<f32> =
            settings.get("abstain_below").and_then(|value| value.parse().ok());
        let mut abstained = 0;
        while let Some((row, _)) = lines.next::<StanceRow>()? {
            self.counted.records += 1;
            abstained += u64::from(row.stance == Stance::Abstained);
            let name = format!("{} / {} / {}", row.document, row.holder, row.target);
            let piece = self.documents.get(&row.document).map(|known| &known.piece);
            self.findings.expect(piece == Some(&row.piece), "records", || {
                format!("{name}: its document is unknown or of another piece")
            });
            self.findings.expect(targets.contains(row.target.as_str()), "records", || {
                format!("{name}: nobody asked for this target")
            });
            let p = Probabilities::new(row.favor, row.against, row.neutral);
            self.findings.expect(is_distribution(p), "probabilities", || {
                format!("{name}: {} + {} + {}", p.favor, p.against, p.neutral)
            });
            let answered = match row.stance.label() {
                Some(label) => p.of(label) >= p.confidence(),
                None => true,
            };
            let sure = threshold.is_none_or(|threshold| {
                (p.confidence() < threshold) == (row.stance == Stance::Abstained)
            });
            self.findings.expect(
                answered && sure && row.confidence == p.confidence(),
                "records",
                || format!("{name}: {} is not what its probabilities say", row.stance.as_str()),
            );
            let carried = Carried { rows: row.evidence, seen: 0, weight: f32::INFINITY };
            let key = [row.document, row.holder_kind, row.holder, row.target];
            if self.records.insert(key, carried).is_some() {
                self.findings.add("records", format!("{name} is there twice"));
            }
        }
        self.count("records", self.counted.records, self.manifest.summary.records);
        self.count("records that abstain", abstained, self.manifest.summary.abstained);
        Ok(())
    }

    fn evidence(&mut self) -> Result<(), String> {
        let mut lines = Lines::of::<EvidenceRow>(self.run)?;
        let mut texts = Texts::open(self.run)?;
        while let Some((row, _)) = lines.next::<EvidenceRow>()? {
            self.counted.evidence += 1;
            let span = Span::new(row.start, row.end);
            let place = at(&row.document, span);
            let p = Probabilities::new(row.favor, row.against, row.neutral);
            self.findings.expect(is_distribution(p), "probabilities", || {
                format!("{place}: {} + {} + {}", p.favor, p.against, p.neutral)
            });
            let Some(known) = self.documents.get(&row.document) else {
                self.findings.add("evidence", format!("{place}: no such document"));
                continue;
            };
            let document = texts.document(&row.document, known)?;
            let inner = [(row.mention_start, row.mention_end), (row.cue_start, row.cue_end)];
            let inner = inner.into_iter().filter(|ends| *ends != (None, None));
            let inner = inner.map(|(start, end)| Some(Span::new(start?, end?)));
            let mut inner = inner.chain(row.content.iter().copied().map(Some));
            let right = span.of(&document.text) == Some(row.text.as_str())
                && inner.all(|span| span.is_some_and(|span| span.of(&document.text).is_some()));
            self.findings.expect(right, "evidence", || {
                format!("{place}: the document's text is another there")
            });
            let passage = texts.is_passage(&row.document, known, span)?;
            self.findings.expect(passage, "evidence", || format!("{place}: no passage"));
            let actor = row.holder_kind == Holder::Actor(String::new()).kind();
            self.findings.expect(actor == row.named.is_some(), "holders", || {
                format!("{place}: an actor without a name in the document, or an author with one")
            });
            if let Some(named) = row.named {
                let (holders, rows) = self.named.entry(named).or_default();
                holders.insert(row.holder.clone());
                *rows += 1;
            }
            let key = [row.document, row.holder_kind, row.holder, row.target];
            match self.records.get_mut(&key) {
                None => self.findings.add("evidence", format!("{place}: of no record")),
                Some(record) => {
                    record.seen += 1;
                    let weighs = (0.0..=1.0).contains(&row.weight) && row.weight <= record.weight;
                    record.weight = row.weight;
                    self.findings.expect(weighs && row.rank == record.seen, "evidence", || {
                        format!("{place}: not at its rank, or without a weight")
                    });
                }
            }
        }
        for ([document, _, holder, target], record) in &self.records {
            self.findings.expect(record.rows == record.seen, "evidence", || {
                let Carried { rows, seen, .. } = record;
                format!("{document} / {holder} / {target} has {seen}, and stances says {rows}")
            });
        }
        Ok(())
    }

    /// Every name of an actor in the evidence is a variant of one holder, and so many rows have it.
    fn holders(&mut self) -> Result<(), String> {
        let mut lines = Lines::of::<HolderRow>(self.run)?;
        let mut variants = BTreeSet::new();
        while let Some((row, _)) = lines.next::<HolderRow>()? {
            let HolderRow { holder, variant, rule, merged_with, evidence, .. } = row;
            let own = holder == variant;
            let told = rule.is_none() == own && merged_with.is_none() == own;
            self.findings.expect(told, "holders", || {
                format!("{variant}: a name of {holder} by no rule, or its own by one")
            });
            let (holders, rows) = self.named.remove(&variant).unwrap_or_default();
            let right = rows == evidence && holders.iter().all(|given| *given == holder);
            self.findings.expect(right, "holders", || {
                format!(
                    "{variant}: {evidence} rows of evidence are said to be {holder}'s, and are not"
                )
            });
            if !variants.insert(variant.clone()) {
                self.findings.add("holders", format!("{variant} is there twice"));
            }
        }
        for name in self.named.keys() {
            self.findings.add("holders", format!("{name} has evidence, and is nobody's name"));
        }
        Ok(())
    }

    fn errors(&mut self) -> Result<(), String> {
        let mut lines = Lines::open(self.run, "errors.jsonl")?;
        let mut failed = 0;
        while lines.next::<Failure>()?.is_some() {
            failed += 1;
        }
        self.count("failures", failed, self.manifest.summary.failed);
        Ok(())
    }

    /// The counts of the input files are those of the run; a folder that could not be listed is a failure
    /// of no file.
    fn inputs(&mut self) {
        let sum = |part: fn(&crate::manifest::InputFile) -> u64| -> u64 {
            self.manifest.inputs.iter().map(part).fold(0, u64::saturating_add)
        };
        let (documents, failed) = (sum(|file| file.documents), sum(|file| file.failed));
        self.count("documents of all input files", documents, self.manifest.summary.documents);
        let summary = &self.manifest.summary;
        self.findings.expect(failed <= summary.failed, "counts", || {
            format!(
                "failures of all input files: {failed}, and the manifest says {}",
                summary.failed
            )
        });
    }

    fn count(&mut self, what: &str, found: u64, stated: u64) {
        self.findings.expect(found == stated, "counts", || {
            format!("{what}: {found}, and the manifest says {stated}")
        });
    }
}

/// The documents' texts and passages, read again where they are needed. Rows of a document stand together
/// in most tables, so the last one is kept.
struct Texts {
    documents: Lines,
    passages: Lines,
    document: Option<(String, DocumentRow)>,
    spans: Option<(String, BTreeSet<Span>)>,
}

impl Texts {
    fn open(run: &Path) -> Result<Texts, String> {
        let (documents, passages) = (Lines::of::<DocumentRow>(run)?, Lines::of::<PassageRow>(run)?);
        Ok(Texts { documents, passages, document: None, spans: None })
    }

    fn document(&mut self, id: &str, known: &Known) -> Result<&DocumentRow, String> {
        let kept = self.document.take().filter(|(kept, _)| kept == id);
        let kept = match kept {
            Some(kept) => kept,
            None => (id.to_owned(), self.read(known.line)?),
        };
        Ok(&self.document.insert(kept).1)
    }

    fn read(&mut self, line: u64) -> Result<DocumentRow, String> {
        self.documents.go_to(line)?;
        let read = self.documents.next::<DocumentRow>()?;
        read.map(|(row, _)| row).ok_or_else(|| "documents.jsonl: it became shorter".to_owned())
    }

    fn is_passage(&mut self, id: &str, known: &Known, span: Span) -> Result<bool, String> {
        let kept = self.spans.take().filter(|(kept, _)| kept == id);
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let (_, passages) = known.passages;
                (id.to_owned(), spans(&mut self.passages, known.first_passage, passages)?)
            }
        };
        Ok(self.spans.insert(kept).1.contains(&span))
    }
}

/// The spans of so many passages from a place on.
fn spans(passages: &mut Lines, from: u64, count: usize) -> Result<BTreeSet<Span>, String> {
    passages.go_to(from)?;
    let mut spans = BTreeSet::new();
    for _ in 0..count {
        let Some((row, _)) = passages.next::<PassageRow>()? else { break };
        spans.insert(Span::new(row.start, row.end));
    }
    Ok(spans)
}

fn is_distribution(p: Probabilities) -> bool {
    let parts = [p.favor, p.against, p.neutral];
    parts.iter().all(|part| (0.0..=1.0 + ROUNDING).contains(part))
        && (parts.iter().sum::<f32>() - 1.0).abs() <= ROUNDING
}

fn at(document: &str, span: Span) -> String {
    format!("{document}, bytes {} to {}", span.start, span.end)
}
