//! The run: read, score, write.

use crate::aliases::AliasFile;
use crate::folder::{ERRORS, MANIFEST, SPILL, Work};
use crate::intake::{Corpus, read_files};
use crate::numbers::write_numbers;
use crate::placements::carry_over;
use crate::scoring::{Listens, Models, Outcome, Ready, Scorer};
use crate::spill::{Spill, SpillWriter, Spilled};
use crate::{Gold, PipelineError};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;
use standpoint_core::{Document, Passage, Piece, Record, Span, Stance, Target};
use standpoint_ingest::{Format, Input, Listing, Sketch, Skipped, discover, group, shingles};
use standpoint_report::aggregates::{Grouping, Placement};
use standpoint_report::evaluation::GoldRecord;
use standpoint_report::folder::{ALIASES, GOLD};
use standpoint_report::html::{self, ReportData};
use standpoint_report::manifest::{
    Digest, InputFile, InputHash, Invocation, Manifest, OutputFile, SkippedFile, Timings,
};
use standpoint_report::summary::RunSummary;
use standpoint_report::tables::{
    self, DocumentRow, EvidenceRow, HolderRow, PassageRow, PieceRow, StanceRow, Tables,
};
use standpoint_report::trends::Trends;
use standpoint_stance::{Names, Roster, Variant};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A run: what to read, what to ask, where to write.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to read.
    pub corpus: Corpus,
    /// What to ask; see [`check_targets`](crate::check_targets).
    pub targets: Vec<Target>,
    /// The output folder; made if missing.
    pub out: PathBuf,
    /// Worker threads; 0 for one per processor.
    pub threads: usize,
    /// Which names are whose, beside what the corpus tells and the starting list says.
    pub aliases: AliasFile,
    /// A record whose label is less probable than this abstains, in [0, 1].
    pub abstain_below: f32,
    /// The settings that led to all this and to the models, by their names: `run.json` states them, so
    /// that the job can be done again.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// What the report tells beside what was computed.
    pub background: Background,
}

/// What a run's report tells and its records do not depend on.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// The models' cards, by the models' names.
    pub cards: BTreeMap<String, String>,
    /// Labels to compare the records with.
    pub gold: Option<Gold>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// So many documents were read, and so many inputs failed.
    Read {
        /// Documents read so far.
        documents: u64,
        /// Failures so far.
        failed: u64,
    },
    /// So many pieces were listened to, of so many: what in them bears on a target, and who speaks.
    Listened {
        /// Pieces done.
        pieces: usize,
        /// All pieces.
        of: usize,
    },
    /// So many pieces were scored, of so many.
    Scored {
        /// Pieces done.
        pieces: usize,
        /// All pieces.
        of: usize,
    },
    /// The tables and the report are being written.
    Writing,
}

/// Runs a job and returns its counts. Blocks until the output folder is complete; `progress` is
/// called from the calling thread's worker now and then.
///
/// # Errors
/// [`PipelineError`]; the output folder then holds what it held before, and the store what was
/// computed.
pub fn run(
    job: &Job,
    models: &Models,
    progress: &(dyn Fn(Event) + Sync),
) -> Result<RunSummary, PipelineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads).build()?;
    pool.install(|| run_here(job, models, progress))
}

fn run_here(
    job: &Job,
    models: &Models,
    progress: &(dyn Fn(Event) + Sync),
) -> Result<RunSummary, PipelineError> {
    let listing = discover(&job.corpus.inputs)?;
    if listing.files.is_empty() {
        return Err(PipelineError::Nothing(nothing_to_read(&listing)));
    }
    let work = Work::open(&job.out)?;
    let started = Instant::now();
    let Background { cards, gold } = job.background.clone();
    let mut run = Run::new(job, models, progress);
    let mut report = run.report;
    if let Some(Gold { rows, by }) = gold {
        write_gold(&work.path, &rows)?;
        report = report.with_gold(rows);
        report.summary.gold_by = by;
    }
    if let Some(text) = job.aliases.text() {
        let path = work.path.join(ALIASES);
        fs::write(&path, text).map_err(PipelineError::io(&path))?;
    }
    report.summary.cards = cards;
    report.summary.models = vec![
        models.embedder.info().clone(),
        models.stance.info().clone(),
        models.tagger.info().clone(),
    ];
    report.summary.settings = told(&job.settings);
    let abstain_below = ("abstain_below".to_owned(), job.abstain_below.to_string());
    report.summary.settings.extend([abstain_below]);
    run.report = report;

    let digests = digests(&listing.files);
    let Reading { mut spill, sketches, lengths, input_hash, mut inputs } =
        run.read(&listing, &work.path)?;
    for (input, digest) in inputs.iter_mut().zip(digests) {
        input.digest = digest;
    }
    let read = started.elapsed().as_secs_f64();

    let groups = grouped(&mut spill, &sketches, &lengths)?;
    drop(sketches);
    let mut tables = Tables::create(&work.path)?;
    let listens = Listens::ToThoseThatBear;
    let scorer = Scorer::new(models, &job.targets, &work.store, job.abstain_below, listens)?;
    let names = run.roster(&mut spill, &groups, &scorer)?.names(job.aliases.aliases());
    run.score(&mut spill, &groups, &scorer, &names, &mut tables)?;
    let scored = started.elapsed().as_secs_f64();

    progress(Event::Writing);
    run.write_documents(&mut spill, &groups, &scorer, &names, &mut tables)?;
    run.write_holders(&names, &mut tables)?;
    write_numbers(&run.report, &run.by_outlet, &mut tables)?;
    tables.finish()?;
    let summary = run.report.summary.clone();
    write_report(&work.path, run.report)?;
    let timings = Timings {
        threads: rayon::current_num_threads(),
        read,
        score: scored - read,
        write: started.elapsed().as_secs_f64() - scored,
    };
    let manifest = Manifest {
        standpoint: env!("CARGO_PKG_VERSION").to_owned(),
        invocation: Invocation {
            inputs: job.corpus.inputs.iter().map(|path| name(path)).collect(),
            settings: job.settings.clone(),
        },
        targets: job.targets.clone(),
        input_hash,
        summary: summary.clone(),
        inputs,
        skipped: listing.skipped.iter().map(skipped_file).collect(),
        outputs: output_files(&work)?,
        timings,
    };
    write_json(&work.path.join(MANIFEST), &manifest)?;
    drop(spill);
    work.publish(&job.out)?;
    Ok(summary)
}

/// Settings as the report tells them; those that are empty it leaves out.
fn told(settings: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let told = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        // Of a calibration.
        Value::Object(table) => table.get("temperature").map(Value::to_string).unwrap_or_default(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let told = settings.iter().map(|(name, value)| (name.clone(), told(value)));
    told.filter(|(_, value)| !value.is_empty()).collect()
}

/// Size and hash of each file to read, as it is before it is read. Of standard input there are none, and
/// what cannot be read now is met again when it is opened, as a failure.
fn digests(files: &[Input]) -> Vec<Option<Digest>> {
    let digest = |file: &Input| {
        (file.format != Format::Stdin).then(|| Digest::of(&file.path).ok()).flatten()
    };
    files.par_iter().map(digest).collect()
}

fn output_files(work: &Work) -> Result<Vec<OutputFile>, PipelineError> {
    let output = |name: String| {
        let path = work.path.join(&name);
        let digest = Digest::of(&path).map_err(PipelineError::io(&path))?;
        Ok(OutputFile { name, digest })
    };
    work.results()?.into_par_iter().map(output).collect()
}

fn skipped_file(skipped: &Skipped) -> SkippedFile {
    SkippedFile { path: name(&skipped.path), reason: skipped.reason.clone() }
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

pub(crate) fn nothing_to_read(listing: &Listing) -> String {
    match listing.skipped.first() {
        None => "the inputs are empty".to_owned(),
        Some(first) => format!(
            "all {} files were skipped, the first ({}) because: {}",
            listing.skipped.len(),
            first.path.display(),
            first.reason
        ),
    }
}

/// What reading leaves: the documents on disk, and in memory what their pieces are found by.
pub(crate) struct Reading {
    pub(crate) spill: Spill,
    pub(crate) sketches: Vec<Sketch>,
    /// Bytes of each document's body.
    pub(crate) lengths: Vec<usize>,
    input_hash: String,
    inputs: Vec<InputFile>,
}

/// The documents of one piece, by their place in the order of reading.
pub(crate) struct Group {
    /// The one that stands for the piece: the first one with the longest body.
    representative: usize,
    placements: Vec<usize>,
}

impl Group {
    fn of(placements: Vec<usize>, lengths: &[usize]) -> Group {
        let longest =
            placements.iter().copied().max_by_key(|&i| (lengths[i], std::cmp::Reverse(i)));
        Group { representative: longest.unwrap_or_default(), placements }
    }
}

/// The pieces, in the order in which their first placements were read.
pub(crate) fn grouped(
    spill: &mut Spill,
    sketches: &[Sketch],
    lengths: &[usize],
) -> Result<Vec<Group>, PipelineError> {
    let groups = group(sketches, |index| {
        let spilled = spill.read(index)?;
        Ok::<_, PipelineError>(shingles(&spilled.document))
    })?;
    Ok(groups.pieces.into_iter().map(|placements| Group::of(placements, lengths)).collect())
}

pub(crate) struct Run<'a> {
    job: &'a Job,
    models: &'a Models,
    progress: &'a (dyn Fn(Event) + Sync),
    pub(crate) report: ReportData,
    /// Authors' stances over time by outlet, which no page has room for.
    by_outlet: Trends,
    /// Tokens of each document that did not fit the models.
    truncated: Vec<u32>,
    /// Whether each document that stands for a piece bears on a target.
    bears: Vec<bool>,
    /// Rows of evidence by the actor's name in the documents.
    named: BTreeMap<String, u64>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        job: &'a Job,
        models: &'a Models,
        progress: &'a (dyn Fn(Event) + Sync),
    ) -> Self {
        Run {
            job,
            models,
            progress,
            report: ReportData::of(job.targets.clone()),
            by_outlet: Trends::by(Grouping::Outlet),
            truncated: Vec::new(),
            bears: Vec::new(),
            named: BTreeMap::new(),
        }
    }

    /// Reads every document, spills it, and lists what could not be read.
    pub(crate) fn read(
        &mut self,
        listing: &Listing,
        work: &Path,
    ) -> Result<Reading, PipelineError> {
        let mut spill = SpillWriter::create(&work.join(SPILL))?;
        let errors_path = work.join(ERRORS);
        let errors = File::create(&errors_path).map_err(PipelineError::io(&errors_path))?;
        let mut errors = BufWriter::new(errors);
        let (mut sketches, mut lengths) = (Vec::new(), Vec::new());
        let mut input_hash = InputHash::default();
        let (report, progress) = (&mut self.report, self.progress);
        let inputs = read_files(listing, &self.job.corpus.fields, |item| {
            match item {
                Ok(item) => {
                    input_hash.add(&item.document.id, &item.document.text);
                    for cut in &item.document.cuts {
                        *report.summary.cuts.entry(cut.reason).or_default() += 1;
                    }
                    report.summary.documents += 1;
                    sketches.push(item.sketch);
                    lengths.push(item.document.body().map(Span::len).sum());
                    spill.push(&Spilled { document: item.document, passages: item.passages })?;
                }
                Err(failure) => {
                    report.summary.failed += 1;
                    write_line(&mut errors, &failure).map_err(PipelineError::io(&errors_path))?;
                    report.add_failure(&failure);
                }
            }
            let RunSummary { documents, failed, .. } = report.summary;
            progress(Event::Read { documents, failed });
            Ok(())
        })?;
        errors.flush().map_err(PipelineError::io(&errors_path))?;
        let spill = spill.finish()?;
        self.truncated = vec![0; spill.len()];
        self.bears = vec![false; spill.len()];
        let skipped_entries: u64 = inputs.iter().map(|file| file.skipped).sum();
        self.report.summary.skipped_files = listing.skipped.len() as u64 + skipped_entries;
        Ok(Reading { spill, sketches, lengths, input_hash: input_hash.finish(), inputs })
    }

    /// Finds what in the pieces bears on a target and listens to who speaks, window by window, and hands on
    /// each that is scored, with its number of placements.
    pub(crate) fn listen(
        &self,
        spill: &mut Spill,
        groups: &[Group],
        scorer: &Scorer<'_>,
        mut heard: impl FnMut(&Ready, usize),
    ) -> Result<(), PipelineError> {
        let mut representatives = groups.iter().map(|group| group.representative);
        let mut done = 0;
        while done < groups.len() {
            let window = spill.window(&mut representatives)?;
            let window = window.into_iter().map(|s| (s.document, s.passages)).collect();
            for ready in scorer.listen(window)? {
                if self.models.not_scored(&ready.document).is_none() {
                    heard(&ready, groups[done].placements.len());
                }
                done += 1;
            }
            (self.progress)(Event::Listened { pieces: done, of: groups.len() });
        }
        Ok(())
    }

    /// The names in all pieces: only when all were heard is it known whose a name is.
    pub(crate) fn roster(
        &self,
        spill: &mut Spill,
        groups: &[Group],
        scorer: &Scorer<'_>,
    ) -> Result<Roster, PipelineError> {
        let mut roster = Roster::default();
        self.listen(spill, groups, scorer, |ready, placements| {
            roster.add_piece(&ready.names, placements);
        })?;
        Ok(roster)
    }

    /// Scores the pieces, window by window, and writes the tables that follow them.
    fn score(
        &mut self,
        spill: &mut Spill,
        groups: &[Group],
        scorer: &Scorer<'_>,
        names: &Names,
        tables: &mut Tables,
    ) -> Result<(), PipelineError> {
        self.report.summary.pieces = groups.len() as u64;
        self.report.summary.placements = spill.len() as u64;
        let mut representatives = groups.iter().map(|group| group.representative);
        let mut next = 0;
        while next < groups.len() {
            let first = next;
            let window = spill.window(&mut representatives)?;
            next += window.len();
            let (ready, unscored): (Vec<_>, Vec<_>) = window
                .into_iter()
                .zip(first..)
                .partition(|(s, _)| self.models.not_scored(&s.document).is_none());
            let (ready, ready_at): (Vec<Spilled>, Vec<usize>) = ready.into_iter().unzip();
            let ready =
                scorer.listen(ready.into_iter().map(|s| (s.document, s.passages)).collect())?;
            let outcomes = scorer.score(&ready, names)?;
            let mut results: BTreeMap<usize, (Document, Vec<Record>)> = BTreeMap::new();
            for ((ready, outcome), at) in ready.into_iter().zip(outcomes).zip(ready_at) {
                self.count(&ready, &outcome, &groups[at]);
                results.insert(at, (ready.document, outcome.records));
            }
            for (spilled, at) in unscored {
                results.insert(at, (spilled.document, Vec::new()));
            }
            for (at, (representative, records)) in results {
                self.place(spill, &groups[at], representative, records, tables)?;
            }
            tracing::info!(pieces = next, of = groups.len(), "window scored");
            (self.progress)(Event::Scored { pieces: next, of: groups.len() });
        }
        Ok(())
    }

    fn count(&mut self, ready: &Ready, outcome: &Outcome, group: &Group) {
        let summary = &mut self.report.summary;
        summary.passages += ready.passages.len() as u64;
        summary.pairs_possible += (ready.passages.len() * self.job.targets.len()) as u64;
        summary.pairs_retrieved += outcome.questions.len() as u64;
        summary.pairs_scored +=
            outcome.questions.iter().filter(|q| q.answer.is_some()).count() as u64;
        summary.truncated_texts += outcome.truncated_texts as u64;
        summary.truncated_tokens += outcome.truncated_tokens as u64;
        self.bears[group.representative] = ready.bears();
        self.truncated[group.representative] =
            u32::try_from(outcome.truncated_tokens).unwrap_or(u32::MAX);
    }

    /// Writes the rows of a piece: its placements, and the records of each.
    fn place(
        &mut self,
        spill: &mut Spill,
        group: &Group,
        representative: Document,
        records: Vec<Record>,
        tables: &mut Tables,
    ) -> Result<(), PipelineError> {
        let mut placed: Vec<(Document, Vec<Record>)> = Vec::with_capacity(group.placements.len());
        for &index in &group.placements {
            if index == group.representative {
                placed.push((representative.clone(), records.clone()));
            } else {
                let spilled = spill.read(index)?;
                let carried = carry_over(&records, &spilled);
                placed.push((spilled.document, carried));
            }
        }
        let piece = Piece {
            id: representative.id,
            placements: placed.iter().map(|(document, _)| document.id.clone()).collect(),
        };
        for (index, (document, records)) in placed.iter().enumerate() {
            tables.pieces(&[PieceRow::of(&piece, index, document)])?;
            for record in records {
                self.report.summary.records += 1;
                if record.stance == Stance::Abstained {
                    self.report.summary.abstained += 1;
                }
                tables.stances(&[StanceRow::of(record, document)])?;
                for name in record.evidence.iter().filter_map(|evidence| evidence.named.clone()) {
                    *self.named.entry(name).or_default() += 1;
                }
                tables.evidence(&EvidenceRow::of(record).collect::<Vec<_>>())?;
            }
        }
        let placements: Vec<Placement<'_>> =
            placed.iter().map(|(document, records)| Placement::of(document, records)).collect();
        self.report.add_piece(&placements);
        self.by_outlet.add_piece(&placements);
        Ok(())
    }

    /// Writes the tables that follow the documents.
    fn write_documents(
        &mut self,
        spill: &mut Spill,
        groups: &[Group],
        scorer: &Scorer<'_>,
        names: &Names,
        tables: &mut Tables,
    ) -> Result<(), PipelineError> {
        let mut representative = vec![0; spill.len()];
        for group in groups {
            for &placement in &group.placements {
                representative[placement] = group.representative;
            }
        }
        let ids = |spill: &mut Spill| -> Result<BTreeMap<usize, String>, PipelineError> {
            let shared = groups.iter().filter(|group| group.placements.len() > 1);
            shared
                .map(|g| Ok((g.representative, spill.read(g.representative)?.document.id)))
                .collect()
        };
        let ids = ids(spill)?;
        let mut documents = 0..spill.len();
        while !documents.is_empty() {
            let first = documents.start;
            let window = spill.window(&mut documents)?;
            let tagged = (first..documents.start).map(|index| self.bears[representative[index]]);
            let tagged = tagged.collect();
            let window = window.into_iter().map(|s| (s.document, s.passages)).collect();
            let window = scorer.tag(window, tagged)?;
            for (ready, index) in window.iter().zip(first..) {
                let not_scored_reason = self.models.not_scored(&ready.document);
                if let Some(reason) = &not_scored_reason {
                    *self.report.summary.not_scored.entry(reason.clone()).or_default() += 1;
                }
                let piece = ids.get(&representative[index]).unwrap_or(&ready.document.id);
                let reading = tables::Reading {
                    passages: ready.passages.len(),
                    truncated_tokens: self.truncated[index] as usize,
                    not_scored_reason,
                };
                tables.documents(&[DocumentRow::of(&ready.document, piece, reading)])?;
                tables.passages(&passage_rows(ready, names))?;
            }
        }
        Ok(())
    }

    /// Writes every name of an actor: those to which words are attributed, and those with evidence.
    fn write_holders(&self, names: &Names, tables: &mut Tables) -> Result<(), PipelineError> {
        let mut variants: BTreeSet<&str> = names.heard().collect();
        variants.extend(self.named.keys().map(String::as_str));
        for name in variants {
            let Variant { holder, variant, pieces, documents, merge } = names.variant(name);
            let row = HolderRow {
                holder: holder.to_owned(),
                variant: variant.to_owned(),
                rule: merge.map(|merge| merge.rule.as_str().to_owned()),
                merged_with: merge.map(|merge| merge.with.clone()),
                witnesses: merge.and_then(|merge| merge.pieces),
                pieces,
                documents,
                evidence: self.named.get(name).copied().unwrap_or_default(),
            };
            tables.holders(&[row])?;
        }
        Ok(())
    }
}

fn write_report(work: &Path, report: ReportData) -> Result<(), PipelineError> {
    let path = work.join("report.html");
    let file = File::create(&path).map_err(PipelineError::io(&path))?;
    let mut file = BufWriter::new(file);
    html::render(report, &mut file).and_then(|()| file.flush()).map_err(PipelineError::io(&path))
}

fn passage_rows(ready: &Ready, names: &Names) -> Vec<PassageRow> {
    let row = |(index, passage): (usize, &Passage)| {
        let (voice, actor) = ready.voice(index).unzip();
        PassageRow {
            document: ready.document.id.clone(),
            passage: index,
            paragraph: passage.paragraph,
            start: passage.span.start,
            end: passage.span.end,
            voice,
            actor: actor.flatten().map(|name| names.canonical(name).to_owned()),
        }
    };
    ready.passages.iter().enumerate().map(row).collect()
}

/// The labels stay with the run, so that its page can be made again from its folder.
fn write_gold(work: &Path, rows: &[GoldRecord]) -> Result<(), PipelineError> {
    let path = work.join(GOLD);
    let file = File::create(&path).map_err(PipelineError::io(&path))?;
    let mut file = BufWriter::new(file);
    let written = rows.iter().try_for_each(|row| write_line(&mut file, row));
    written.and_then(|()| file.flush()).map_err(PipelineError::io(&path))
}

fn write_line(file: &mut impl Write, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), PipelineError> {
    let mut json =
        serde_json::to_vec_pretty(value).map_err(|error| PipelineError::io(path)(error.into()))?;
    json.push(b'\n');
    fs::write(path, json).map_err(PipelineError::io(path))
}
