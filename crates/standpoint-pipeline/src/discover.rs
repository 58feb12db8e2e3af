//! What a corpus argues about, and who with whom: proposals for a list of targets, out of the words that the
//! corpus attributes to its actors.
//!
//! Nothing here says who is for or against anything: no stance model is asked. Counted is of whom and of what
//! actors speak, by pieces and by distinct actors, so that what one actor repeats, or one agency spreads, is
//! not taken for a debate.
//!
//! The corpus is listened to three times, and the tagger asked once: for the names, which are brought together;
//! for a *sieve*, a table of counters of one size that tells which words cannot recur often enough; and for
//! the counts of those that can. So memory holds what is proposed, and not all that was ever said.

use crate::PipelineError;
use crate::folder::Work;
use crate::run::{Event, Job, Reading, Run, grouped, nothing_to_read};
use crate::scoring::{Listens, Models, Ready, Scorer};
use crate::targets::targets_from_phrases;
use standpoint_core::{Span, Target};
use standpoint_ingest::discover as list;
use standpoint_report::summary::RunSummary;
use standpoint_report::tables::{PairRow, write_pairs};
use standpoint_stance::{Aliases, Names, Roster, Subjects, subjects};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

/// The file of proposed targets.
pub const DISCOVERED: &str = "discovered.toml";

/// What is spoken of in fewer pieces is not proposed; in a large corpus, one piece in [`RARE`].
const FEWEST_PIECES: u64 = 3;
const RARE: u64 = 1000;

/// By how many actors at least a proposal is spoken of.
const FEWEST_HOLDERS: usize = 2;

/// The most proposals of each kind.
const MOST: usize = 30;

/// How many sentences are shown of each, and how many of the actors.
const SAMPLES: usize = 3;
const SPEAKERS: usize = 8;

/// The longest sentence that is shown, in characters.
const LONGEST: usize = 300;

/// A phrase is left to a longer one in which it stands where that has this share of its pieces.
const WITHIN: f64 = 0.75;

/// Counters of the sieve.
const COUNTERS: usize = 1 << 24;

/// What was proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovered {
    /// What was read.
    pub summary: RunSummary,
    /// The targets, names before phrases, those of most actors first.
    pub targets: Vec<Target>,
    /// How many pairs of holder and target there are.
    pub pairs: usize,
}

/// What is proposed as a target: a name or a phrase, by what is the same for all its forms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Name(String),
    Phrase(String),
}

/// What was counted of a topic.
#[derive(Default)]
struct Tally {
    pieces: u64,
    /// By actor.
    holders: BTreeMap<String, Spoken>,
    /// Pieces by the words for it.
    forms: BTreeMap<String, u64>,
    /// Sentences with the ids of their documents and who speaks in them.
    samples: Vec<(String, String, String)>,
}

/// How often an actor speaks of a topic.
#[derive(Default)]
struct Spoken {
    pieces: u64,
    documents: u64,
    passages: u64,
}

/// Proposes targets for a corpus, and counts the pairs of holder and target: writes `discovered.toml`, the table
/// `pairs` and `discovered-errors.jsonl` to the output folder, beside what a run has left there.
///
/// # Errors
/// [`PipelineError`], as a run.
pub fn discover(
    job: &Job,
    models: &Models,
    progress: &(dyn Fn(Event) + Sync),
) -> Result<Discovered, PipelineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads).build()?;
    pool.install(|| discover_here(job, models, progress))
}

fn discover_here(
    job: &Job,
    models: &Models,
    progress: &(dyn Fn(Event) + Sync),
) -> Result<Discovered, PipelineError> {
    let listing = list(&job.corpus.inputs)?;
    if listing.files.is_empty() {
        return Err(PipelineError::Nothing(nothing_to_read(&listing)));
    }
    let work = Work::open(&job.out)?;
    let mut run = Run::new(job, models, progress);
    let Reading { mut spill, sketches, lengths, .. } = run.read(&listing, &work.path)?;
    let groups = grouped(&mut spill, &sketches, &lengths)?;
    let scorer = Scorer::new(models, &[], &work.store, job.abstain_below, Listens::ToAll)?;

    let roster = run.roster(&mut spill, &groups, &scorer)?;
    let aliases = job.aliases.aliases();
    let names = roster.names(aliases);
    let fewest = FEWEST_PIECES.max(groups.len() as u64 / RARE);
    let mut sieve = Sieve::new();
    run.listen(&mut spill, &groups, &scorer, |ready, _| {
        let found = of(ready, &names, aliases);
        let topics: BTreeSet<&Topic> = found.iter().flat_map(|(_, topics)| topics.keys()).collect();
        topics.into_iter().for_each(|topic| sieve.add(topic));
    })?;
    let mut tallies: BTreeMap<Topic, Tally> = BTreeMap::new();
    run.listen(&mut spill, &groups, &scorer, |ready, placements| {
        let mut found = of(ready, &names, aliases);
        for (_, topics) in &mut found {
            topics.retain(|topic, _| sieve.count(topic) >= fewest);
        }
        tally(&mut tallies, ready, &found, &names, placements);
    })?;

    progress(Event::Writing);
    let mut proposals = proposals(tallies, fewest);
    let mut targets = targets(&proposals, &roster, &names);
    leave_out_surnames(&mut proposals, &mut targets);
    run.report.summary.pieces = groups.len() as u64;
    let summary = run.report.summary;
    let text = target_file(&proposals, &targets, &summary, fewest);
    let path = work.path.join(DISCOVERED);
    fs::write(&path, text).map_err(PipelineError::io(&path))?;
    let pairs = pairs(&proposals, &targets);
    write_pairs(&work.path, &pairs)?;
    drop(spill);
    work.publish_beside(&job.out)?;
    Ok(Discovered { summary, targets, pairs: pairs.len() })
}

/// What each passage's actors speak of, with the words for it.
fn of<'a>(
    ready: &'a Ready,
    names: &Names,
    aliases: &Aliases,
) -> Vec<(Subjects<'a>, BTreeMap<Topic, String>)> {
    let found = subjects(&ready.document.text, &ready.passages, &ready.voices, &ready.names);
    let topics = |subjects: &Subjects<'_>| {
        let speaker = names.canonical(subjects.speaker);
        let named = subjects.names.iter().map(|name| names.canonical(name).to_owned());
        // Of themselves actors speak anyway.
        let named = named.filter(|name| name != speaker && !aliases.is_adjective(name));
        let named = named.map(|name| (Topic::Name(name.clone()), name));
        let phrases = subjects.phrases.iter();
        let phrases = phrases.map(|phrase| (Topic::Phrase(same(phrase)), phrase.clone()));
        named.chain(phrases).collect()
    };
    let with = |subjects: Subjects<'a>| {
        let topics = topics(&subjects);
        (subjects, topics)
    };
    found.into_iter().map(with).collect()
}

/// What a phrase's singular and plural, with a capital or without, have in common.
fn same(phrase: &str) -> String {
    let lower = phrase.to_lowercase();
    match lower.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'i', 'u']) => stem.to_owned(),
        _ => lower,
    }
}

/// Counters by a hash of what they count: one may count for several topics, so none counts too few pieces.
struct Sieve(Vec<u32>);

impl Sieve {
    fn new() -> Self {
        Sieve(vec![0; COUNTERS])
    }

    fn place(topic: &Topic) -> usize {
        let (kind, text) = match topic {
            Topic::Name(text) => (b"n", text),
            Topic::Phrase(text) => (b"p", text),
        };
        let hash = blake3::Hasher::new().update(kind).update(text.as_bytes()).finalize();
        let head = hash.as_bytes()[..4].iter().fold(0, |head, &byte| head << 8 | usize::from(byte));
        head % COUNTERS
    }

    fn add(&mut self, topic: &Topic) {
        let counter = &mut self.0[Self::place(topic)];
        *counter = counter.saturating_add(1);
    }

    fn count(&self, topic: &Topic) -> u64 {
        self.0[Self::place(topic)].into()
    }
}

/// Counts one piece.
fn tally(
    tallies: &mut BTreeMap<Topic, Tally>,
    ready: &Ready,
    found: &[(Subjects<'_>, BTreeMap<Topic, String>)],
    names: &Names,
    placements: usize,
) {
    let mut pieces: BTreeSet<&Topic> = BTreeSet::new();
    let mut forms: BTreeSet<(&Topic, &str)> = BTreeSet::new();
    let mut pairs: BTreeSet<(&Topic, &str)> = BTreeSet::new();
    for (subjects, topics) in found {
        let speaker = names.canonical(subjects.speaker);
        for (topic, form) in topics {
            let tally = tallies.entry(topic.clone()).or_default();
            if pieces.insert(topic) {
                tally.pieces += 1;
            }
            if forms.insert((topic, form)) {
                *tally.forms.entry(form.clone()).or_default() += 1;
            }
            let first = pairs.insert((topic, speaker));
            let spoken = tally.holders.entry(speaker.to_owned()).or_default();
            spoken.passages += 1;
            if first {
                spoken.pieces += 1;
                spoken.documents += placements as u64;
            }
            let heard = tally.samples.iter().any(|(_, _, known)| known == speaker);
            if tally.samples.len() < SAMPLES && !heard {
                let span: Span = ready.passages[subjects.passage].span;
                let text = line(span.of(&ready.document.text).unwrap_or_default());
                tally.samples.push((text, ready.document.id.clone(), speaker.to_owned()));
            }
        }
    }
}

/// The topics that are proposed, names before phrases, those of most actors first, then of most pieces.
fn proposals(tallies: BTreeMap<Topic, Tally>, fewest: u64) -> Vec<(Topic, Tally)> {
    let mut all: Vec<(Topic, Tally)> = tallies.into_iter().collect();
    all.retain(|(_, tally)| tally.pieces >= fewest && tally.holders.len() >= FEWEST_HOLDERS);
    all.sort_by_key(|(topic, tally)| {
        let name = matches!(topic, Topic::Name(_));
        (!name, Reverse((tally.holders.len(), tally.pieces)), topic.clone())
    });
    // Of each kind the first are kept.
    let mut left = [MOST; 2];
    let longer = |phrase: &str, pieces: u64| {
        all.iter().any(|(topic, tally)| {
            let Topic::Phrase(other) = topic else { return false };
            let within = other != phrase && format!(" {other} ").contains(&format!(" {phrase} "));
            within && tally.pieces as f64 >= WITHIN * pieces as f64
        })
    };
    let keep = |(topic, tally): &(Topic, Tally)| {
        let left = &mut left[usize::from(matches!(topic, Topic::Name(_)))];
        let keep = *left > 0
            && match topic {
                Topic::Name(_) => true,
                Topic::Phrase(phrase) => !longer(phrase, tally.pieces),
            };
        *left -= usize::from(keep);
        keep
    };
    let kept: Vec<bool> = all.iter().map(keep).collect();
    all.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(proposal, _)| proposal).collect()
}

/// The proposals as targets: by the words that most pieces have, the others as aliases.
fn targets(proposals: &[(Topic, Tally)], roster: &Roster, names: &Names) -> Vec<Target> {
    let mut ids = BTreeSet::new();
    let target = |(topic, tally): &(Topic, Tally)| {
        let mut forms: Vec<(&String, &u64)> = tally.forms.iter().collect();
        forms.sort_by_key(|(form, pieces)| (Reverse(**pieces), form.as_str()));
        let mut forms: Vec<String> = match topic {
            Topic::Name(name) => std::iter::once(name.clone())
                .chain(names.variants_of(name).map(str::to_owned))
                .chain(roster.shorts(names, name).into_iter().map(str::to_owned))
                .collect(),
            Topic::Phrase(_) => forms.into_iter().map(|(form, _)| form.clone()).collect(),
        };
        // Aliases are matched without case.
        let mut known = BTreeSet::new();
        forms.retain(|form| known.insert(form.to_lowercase()));
        let mut targets = targets_from_phrases(forms.first().map(String::as_str));
        for target in &mut targets {
            let id = target.id.clone();
            let mut number = 1;
            while !ids.insert(target.id.clone()) {
                number += 1;
                target.id = format!("{id}-{number}");
            }
            target.aliases = forms.split_off(1);
        }
        targets
    };
    proposals.iter().flat_map(target).collect()
}

/// A surname that is proposed beside the one whom it mostly means is one proposal too many.
fn leave_out_surnames(proposals: &mut Vec<(Topic, Tally)>, targets: &mut Vec<Target>) {
    let aliases: BTreeSet<String> =
        targets.iter().flat_map(|target| target.aliases.clone()).collect();
    let kept: Vec<bool> = targets.iter().map(|target| !aliases.contains(&target.text)).collect();
    let (mut of_proposals, mut of_targets) = (kept.iter(), kept.iter());
    proposals.retain(|_| of_proposals.next().is_some_and(|kept| *kept));
    targets.retain(|_| of_targets.next().is_some_and(|kept| *kept));
}

/// The target file: what was proposed, with what speaks for it as comments.
fn target_file(
    proposals: &[(Topic, Tally)],
    targets: &[Target],
    summary: &RunSummary,
    fewest: u64,
) -> String {
    let RunSummary { documents, pieces, .. } = summary;
    let mut file = format!(
        "# Proposals, by `standpoint run --discover`: names and phrases in what {documents} documents\n\
         # ({pieces} pieces) attribute to actors, each by {FEWEST_HOLDERS} actors and in {fewest} pieces at least, those of\n\
         # most actors first. They say what is talked about; who is for or against it was not asked. Keep what\n\
         # you want to ask about, word it as you mean it, and give the file to `standpoint run --targets`.\n"
    );
    let mut names = None;
    for ((topic, tally), target) in proposals.iter().zip(targets) {
        let name = matches!(topic, Topic::Name(_));
        if names.replace(name) != Some(name) {
            let kind =
                if name { "Names that others than their bearers speak of" } else { "Phrases" };
            let _ = writeln!(file, "\n# == {kind}");
        }
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let _ = writeln!(
            file,
            "\n[[target]]\nid = {}\ntext = {}",
            text(&target.id),
            text(&target.text)
        );
        if !target.aliases.is_empty() {
            let aliases: Vec<String> = target.aliases.iter().map(|alias| text(alias)).collect();
            let _ = writeln!(file, "aliases = [{}]", aliases.join(", "));
        }
        let mut holders: Vec<(&String, &Spoken)> = tally.holders.iter().collect();
        holders.sort_by_key(|(name, spoken)| (Reverse(spoken.pieces), name.as_str()));
        let shown = holders.iter().take(SPEAKERS);
        let shown: Vec<String> =
            shown.map(|(name, spoken)| format!("{} ({})", line(name), spoken.pieces)).collect();
        let more = if holders.len() > SPEAKERS { ", …" } else { "" };
        let (pieces, count) = (tally.pieces, holders.len());
        let _ = writeln!(file, "# {pieces} pieces, {count} actors: {}{more}", shown.join(", "));
        for (sentence, document, speaker) in &tally.samples {
            let _ = writeln!(file, "# {}: {sentence} ({})", line(speaker), line(document));
        }
    }
    file
}

/// The pairs of holder and target, by target.
fn pairs(proposals: &[(Topic, Tally)], targets: &[Target]) -> Vec<PairRow> {
    let rows = proposals.iter().zip(targets).flat_map(|((topic, tally), target)| {
        let kind = match topic {
            Topic::Name(_) => "name",
            Topic::Phrase(_) => "phrase",
        };
        tally.holders.iter().map(move |(holder, spoken)| PairRow {
            target: target.id.clone(),
            text: target.text.clone(),
            kind: kind.to_owned(),
            holder: holder.clone(),
            pieces: spoken.pieces,
            documents: spoken.documents,
            passages: spoken.passages,
        })
    });
    rows.collect()
}

/// A stranger's text in one line of a comment.
fn line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.replace(|c: char| c.is_control(), "\u{fffd}");
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
