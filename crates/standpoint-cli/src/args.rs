//! The command line, as clap reads it; help texts, completions and the man page come from here.

use crate::settings::{LogFormat, MOST_THREADS};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use standpoint_encoder::Precision;
use standpoint_report::aggregates::Grouping;
use standpoint_report::sample::Stratum;
use std::path::PathBuf;

/// Who stands where: reads documents and tells which outlet, author and quoted actor is for,
/// against or neutral toward each target, with the sentences that show it.
#[derive(Debug, Parser)]
#[command(name = "standpoint", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 done; 1 done, but some documents failed; 2 usage or \
                        configuration; 3 internal.\n\
                        Settings: defaults < standpoint.toml < environment < flags; see \
                        `standpoint config`.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Read documents, find who stands where, write tables and a report.
    Run(RunArgs),
    /// Print the documents as they are read: text, cuts and metadata, as JSONL.
    Ingest(IngestArgs),
    /// Show one document: its cuts, passages, matches and scores, and what they come to.
    Explain(ExplainArgs),
    /// Print where a run's outlets, authors or actors stand, corrected by labels, or compared with
    /// another run; or make its page again.
    Report(ReportArgs),
    /// Check a run's folder against its manifest: hashes, counts, spans, probabilities, evidence.
    Verify(VerifyArgs),
    /// Repeat a run from its run.json and tell what differs.
    Replay(ReplayArgs),
    /// Draw records of a run to be labelled by hand, with the probabilities of the draw, as JSONL.
    Sample(SampleArgs),
    /// Print a run, or a sample of it, in the format of another tool.
    Export(ExportArgs),
    /// Turn answers from Label Studio or doccano into gold records (JSONL), and tell how far the
    /// annotators agree.
    Import(ImportArgs),
    /// Score the stance model on labelled pairs, or a run against gold labels.
    Eval(EvalArgs),
    /// Fit temperature and abstention threshold to labelled pairs of your own.
    Calibrate(CalibrateArgs),
    /// List the models that are built in, show one, or check a folder.
    Models(ModelsArgs),
    /// Print the starting list of names of states, governments, capitals and institutions, to be made one's own
    /// file for --aliases.
    Aliases,
    /// Show every setting, its value and where it came from.
    Config(ConfigArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    Man,
}

/// Reading documents.
#[derive(Debug, Default, Args)]
pub(crate) struct ReadOptions {
    /// Which column or field holds what, e.g. `text=body` (repeatable); known: id, title, author,
    /// sitename, hostname, url, date, text, language, categories.
    #[arg(
        long = "field",
        value_name = "FIELD=NAME",
        env = "STANDPOINT_FIELDS",
        value_delimiter = ','
    )]
    pub(crate) fields: Option<Vec<String>>,
    /// Worker threads [default: one per processor].
    #[arg(long, value_name = "N", env = "STANDPOINT_THREADS", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Settings file [default: standpoint.toml, if there is one].
    #[arg(long, value_name = "FILE", env = "STANDPOINT_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Format of the log on standard error.
    #[arg(long, value_name = "FORMAT", env = "STANDPOINT_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// What is asked, and of which models.
#[derive(Debug, Default, Args)]
pub(crate) struct ScoreOptions {
    /// Target file (TOML: a list of `[[target]]` with id, text, aliases).
    #[arg(long, value_name = "FILE", env = "STANDPOINT_TARGETS")]
    pub(crate) targets: Option<PathBuf>,
    /// A target as a phrase or claim (repeatable), in place of a target file.
    #[arg(long = "target", value_name = "PHRASE", conflicts_with = "targets")]
    pub(crate) target: Vec<String>,
    /// Which names are one actor's: CSV with the columns variant and name; a variant that is given its own name
    /// is kept apart [default: what the corpus tells, and the names in `standpoint aliases`].
    #[arg(long, value_name = "FILE", env = "STANDPOINT_ALIASES")]
    pub(crate) aliases: Option<PathBuf>,
    /// Embedder: a built-in name or a folder with a model.toml [default: minilm].
    #[arg(long, value_name = "NAME|FOLDER", env = "STANDPOINT_EMBEDDER")]
    pub(crate) embedder: Option<String>,
    /// Stance model: a built-in name or a folder with a model.toml [default: minilm-stance].
    #[arg(long, value_name = "NAME|FOLDER", env = "STANDPOINT_STANCE_MODEL")]
    pub(crate) stance_model: Option<String>,
    /// Attribution tagger: a built-in name or a folder with a model.toml [default:
    /// minilm-attribution].
    #[arg(long, value_name = "NAME|FOLDER", env = "STANDPOINT_TAGGER")]
    pub(crate) tagger: Option<String>,
    /// Arithmetic of the models: f32, bf16, int8 (fastest, least exact), or auto, which is bf16 on
    /// processors that are faster in it (AMD), else f32 [default: auto].
    #[arg(long, value_name = "PRECISION", env = "STANDPOINT_PRECISION")]
    pub(crate) precision: Option<Precision>,
    /// Give no answer where the best label's probability is below this [default: 0.4].
    #[arg(long, value_name = "P", env = "STANDPOINT_ABSTAIN_BELOW")]
    pub(crate) abstain_below: Option<f32>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Files and folders to read; `-` is JSONL from standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) score: ScoreOptions,
    /// Output folder [default: out]; run again into it, and only what is new is computed.
    #[arg(long, value_name = "FOLDER", env = "STANDPOINT_OUT")]
    pub(crate) out: Option<PathBuf>,
    /// Propose targets instead of scoring any: what the words attributed to actors are about, as a target file
    /// to edit (discovered.toml) and a table of pairs of holder and target.
    #[arg(long, conflicts_with_all = ["targets", "target", "dry_run"])]
    pub(crate) discover: bool,
    /// Read and report what would be read, skipped and scored; write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Files and folders to read; `-` is JSONL from standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The file that holds the document; `-` is JSONL from standard input.
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,
    /// Id of the document, where the file holds several.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) score: ScoreOptions,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["pairs", "related", "attributions", "run"]))]
pub(crate) struct EvalArgs {
    /// Labelled pairs (JSONL or CSV: id, text, target, label, and holder where it is not the text's
    /// author's stance): classify and score them.
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// Sentences with two entities (JSONL: text, entity1, entity2, label, direction `1>2`, `2>1` or
    /// `both`): tell who of them is for or against the other, and score that.
    #[arg(long, value_name = "FILE")]
    pub(crate) related: Option<PathBuf>,
    /// Articles with attributions (JSONL: text, attributions with source, cue, content): tag their
    /// paragraphs and score that.
    #[arg(long, value_name = "FILE")]
    pub(crate) attributions: Option<PathBuf>,
    /// Attribution tagger for --attributions [default: minilm-attribution].
    #[arg(long, value_name = "NAME|FOLDER", env = "STANDPOINT_TAGGER")]
    pub(crate) tagger: Option<String>,
    /// Of --pairs, only the rows whose field has this value, e.g. `seen=0`.
    #[arg(long, value_name = "FIELD=VALUE", requires = "pairs")]
    pub(crate) only: Option<String>,
    /// Output folder of a run: score its records against --gold.
    #[arg(long, value_name = "FOLDER", requires = "gold")]
    pub(crate) run: Option<PathBuf>,
    /// Gold records (JSONL: document, holder, target, label, evidence).
    #[arg(long, value_name = "FILE", conflicts_with = "pairs")]
    pub(crate) gold: Option<PathBuf>,
    /// Stance model for --pairs and --related [default: minilm-stance].
    #[arg(long, value_name = "NAME|FOLDER", env = "STANDPOINT_STANCE_MODEL")]
    pub(crate) stance_model: Option<String>,
    /// Arithmetic of the model: auto, f32, bf16 or int8 [default: auto].
    #[arg(long, value_name = "PRECISION", env = "STANDPOINT_PRECISION")]
    pub(crate) precision: Option<Precision>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Output folder of a run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// What stances are counted by, beside the target.
    #[arg(long, value_name = "GROUP", default_value = "all", value_parser = groupings())]
    pub(crate) group_by: Grouping,
    /// Only documents published on this day or later.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) since: Option<String>,
    /// Gold records (JSONL): of a --sample, give the corrected shares beside the naive ones; with --html,
    /// show how far the run agrees with them.
    #[arg(long, value_name = "FILE")]
    pub(crate) gold: Option<PathBuf>,
    /// The sample that was labelled, as `standpoint sample` drew it.
    #[arg(long, value_name = "FILE", requires = "gold")]
    pub(crate) sample: Option<PathBuf>,
    /// Output folder of a second run: tell what changed from this one to it.
    #[arg(long, value_name = "RUN2", conflicts_with_all = ["gold", "group_by"])]
    pub(crate) compare: Option<PathBuf>,
    /// Write the page to this file, in place of printing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sample", "group_by", "compare", "format"])]
    pub(crate) html: Option<PathBuf>,
    /// How to print it; of a comparison, csv has the records that changed.
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Output folder of a run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run.json of a run. Inputs that it names by relative paths are looked for from here.
    #[arg(value_name = "RUN.JSON")]
    pub(crate) manifest: PathBuf,
    /// Where the repeated run is to be left [default: nowhere].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Worker threads [default: one per processor].
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = threads)]
    pub(crate) threads: usize,
}

#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// Output folder of a run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// How many records to draw.
    #[arg(long = "n", value_name = "N")]
    pub(crate) records: usize,
    /// Draw the same number from each: target, stance, holder, outlet, kind or month.
    #[arg(long, value_name = "STRATUM", value_parser = strata())]
    pub(crate) by: Option<Stratum>,
    /// Draw more of what the model is unsure of.
    #[arg(long)]
    pub(crate) uncertain: bool,
    /// Another number draws another sample.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// What to print.
    #[arg(value_enum, value_name = "FORMAT")]
    pub(crate) format: ExportFormat,
    /// Output folder of a run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Of label-studio and doccano: only the records of this sample.
    #[arg(long, value_name = "FILE")]
    pub(crate) sample: Option<PathBuf>,
    /// Of label-studio and doccano: without the run's answers, which sway those who label.
    #[arg(long)]
    pub(crate) blind: bool,
}

/// The formats of other tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Tasks for Label Studio (JSON); the labelling interface goes to standard error.
    LabelStudio,
    /// Tasks for doccano (JSONL), a project of document classification.
    Doccano,
    /// Network of actors and targets (GraphML, for Gephi, visone, networkx).
    ActorTarget,
    /// Network of actors who take the same or opposite sides (GraphML).
    ActorActor,
    /// Statements as Discourse Network Analyzer has them (CSV).
    Dna,
    /// Documents cited as evidence (RIS).
    Ris,
    /// Documents cited as evidence (BibTeX).
    Bibtex,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files that Label Studio (JSON) or doccano (JSONL, one per annotator) exported.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people.
    Text,
    /// For programs and spreadsheets.
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// Labelled pairs (JSONL or CSV: text, target, label) like those that will be scored.
    #[arg(long, value_name = "FILE")]
    pub(crate) gold: PathBuf,
    /// The share of answers that may be wrong; where that cannot be kept, no answer is given.
    #[arg(long, value_name = "RATE", default_value_t = 0.2, value_parser = share)]
    pub(crate) error_rate: f64,
    /// Stance model [default: minilm-stance].
    #[arg(long, value_name = "NAME|FOLDER", env = "STANDPOINT_STANCE_MODEL")]
    pub(crate) stance_model: Option<String>,
    /// Arithmetic of the model: auto, f32, bf16 or int8 [default: auto].
    #[arg(long, value_name = "PRECISION", env = "STANDPOINT_PRECISION")]
    pub(crate) precision: Option<Precision>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    pub(crate) verb: Option<ModelsVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsVerb {
    /// List the models that are built in (the default).
    List,
    /// Show what a model says of itself, card included.
    Show {
        /// A built-in name or a folder.
        #[arg(value_name = "NAME|FOLDER")]
        model: String,
    },
    /// Check a model folder: what is missing or wrong, and whether it answers.
    Check {
        /// The folder.
        folder: PathBuf,
        /// What it is for.
        #[arg(long, value_enum, default_value_t = CheckedTask::Stance)]
        task: CheckedTask,
    },
}

/// What a checked folder is for; a `model.toml` in it says so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckedTask {
    /// A stance model.
    Stance,
    /// An embedder.
    Embedding,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) score: ScoreOptions,
    /// Output folder [default: out].
    #[arg(long, value_name = "FOLDER", env = "STANDPOINT_OUT")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A number of threads that a machine can start; 0 stands for one per processor.
fn threads(given: &str) -> Result<usize, String> {
    match given.parse() {
        Ok(threads @ 0..=MOST_THREADS) => Ok(threads),
        _ => Err(format!("give a number of threads from 0 (one per processor) to {MOST_THREADS}")),
    }
}

/// A share between 0 and 1, neither included.
fn share(given: &str) -> Result<f64, String> {
    match given.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("give a share between 0 and 1, such as 0.1".to_owned()),
    }
}

fn groupings() -> impl TypedValueParser<Value = Grouping> {
    let named = |name: String| Grouping::ALL.into_iter().find(|by| by.as_str() == name);
    // Only names of groupings are let through, so one is found.
    PossibleValuesParser::new(Grouping::ALL.map(Grouping::as_str))
        .map(move |name| named(name).unwrap_or(Grouping::All))
}

fn strata() -> impl TypedValueParser<Value = Stratum> {
    let named = |name: String| Stratum::ALL.into_iter().find(|by| by.as_str() == name);
    PossibleValuesParser::new(Stratum::ALL.map(Stratum::as_str))
        .map(move |name| named(name).unwrap_or(Stratum::Target))
}

/// A day as `YYYY-MM-DD`: dates are compared as texts.
fn day(given: &str) -> Result<String, String> {
    let parts: Vec<&str> = given.split('-').collect();
    let number = |part: &str| part.parse::<u32>().ok();
    let of = |part: &str, digits: usize, most: u32| {
        part.len() == digits && number(part).is_some_and(|number| (1..=most).contains(&number))
    };
    match parts[..] {
        [year, month, day] if of(year, 4, 9999) && of(month, 2, 12) && of(day, 2, 31) => {
            Ok(given.to_owned())
        }
        _ => Err("give a day as YYYY-MM-DD, such as 2026-03-01".to_owned()),
    }
}
