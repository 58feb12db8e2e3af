//! The `standpoint` binary: verbs, settings, progress and exit codes around the pipeline.
//!
//! Standard output is data; progress and logs go to standard error. Exit codes: 0 done, 1 done but
//! some documents or a check failed, 2 usage or configuration, 3 internal.

mod args;
mod calibrate;
mod evaluate;
mod explain;
mod export;
mod models;
mod pairs;
mod progress;
mod replay;
mod report;
mod run;
mod sample;
mod settings;
mod verify;

use args::{Cli, Verb};
use clap::{CommandFactory, FromArgMatches};
use standpoint_stance::Aliases;
use std::io::{self, Write};
use std::process::ExitCode;

/// An error that the user can mend by giving other arguments, settings or inputs.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) anyhow::Error);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&sentence(&self.0))
    }
}

impl std::error::Error for Usage {}

/// How a verb that did not fail ended.
pub(crate) enum Outcome {
    Done,
    /// Some documents failed, or a check.
    SomeFailed,
}

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let result = Cli::from_arg_matches(&matches)
        .map_err(|error| error.exit())
        .and_then(|cli: Cli| dispatch(cli, &matches));
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::from(1),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let code = if error.downcast_ref::<Usage>().is_some() { 2 } else { 3 };
            // Nothing is left to be done where even standard error is closed.
            let _ = writeln!(io::stderr(), "standpoint: {}", sentence(&error));
            ExitCode::from(code)
        }
    }
}

fn dispatch(cli: Cli, matches: &clap::ArgMatches) -> anyhow::Result<Outcome> {
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    match cli.verb {
        Verb::Run(args) => run::run(&args, matches),
        Verb::Ingest(args) => run::ingest(&args, matches),
        Verb::Explain(args) => explain::explain(&args, matches),
        Verb::Report(args) => report::report(&args),
        Verb::Verify(args) => verify::verify(&args),
        Verb::Replay(args) => replay::replay(&args, matches),
        Verb::Sample(args) => sample::sample(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Import(args) => sample::import(&args),
        Verb::Eval(args) => evaluate::evaluate(&args, matches),
        Verb::Calibrate(args) => calibrate::calibrate(&args, matches),
        Verb::Models(args) => models::command(&args),
        Verb::Aliases => {
            io::stdout().write_all(Aliases::starting_list().as_bytes())?;
            Ok(Outcome::Done)
        }
        Verb::Config(args) => settings::show(&args, matches),
        Verb::Completions { shell } => {
            // Into memory first: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "standpoint", &mut script);
            io::stdout().write_all(&script)?;
            Ok(Outcome::Done)
        }
        Verb::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            io::stdout().write_all(&page)?;
            Ok(Outcome::Done)
        }
    }
}

/// An error with its causes, for a sentence that stops at "cannot read" helps nobody; a cause that
/// the error tells already is not told twice.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.contains(&cause) {
            told
        } else if told.is_empty() {
            cause
        } else {
            format!("{told}: {cause}")
        }
    })
}

/// Whether the reader of our output went away, as `head` does: that is no failure of ours.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|e| e.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}
