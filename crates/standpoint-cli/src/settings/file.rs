//! `standpoint.toml`: what may stand in it. It may have come with a corpus, so it is not trusted.

use anyhow::anyhow;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use standpoint_pipeline::read_toml;
use std::path::{Component, Path, PathBuf};

/// The most threads that may be asked for.
pub(crate) const MOST_THREADS: usize = 1024;

/// Temperatures that a calibration may come to. Beyond, probabilities are 0 and 1, or no numbers.
const TEMPERATURES: std::ops::RangeInclusive<f32> = 0.01..=100.0;

/// The settings file. Unknown keys are errors: a misspelt setting must not be a silent default.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsFile {
    #[serde(skip_serializing)]
    pub(crate) targets: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub(crate) aliases: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub(crate) out: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub(crate) threads: Option<usize>,
    pub(crate) embedder: Option<String>,
    pub(crate) stance_model: Option<String>,
    pub(crate) tagger: Option<String>,
    pub(crate) precision: Option<String>,
    pub(crate) abstain_below: Option<f32>,
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) file_names: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) log_format: Option<LogFormat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<CalibrationTable>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What `standpoint calibrate` found, the last table of a settings file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalibrationTable {
    /// Name and hash of the stance model that it holds for.
    pub(crate) model: String,
    pub(crate) hash: String,
    /// What the model's temperature is to be multiplied by.
    pub(crate) temperature: f32,
    /// The setting of that name, unless it is given elsewhere.
    pub(crate) abstain_below: Option<f32>,
}

impl SettingsFile {
    /// Reads and checks a settings file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = read_toml(path).and_then(|file: Self| file.check().map(|()| file));
        read.map_err(|reason| anyhow!("{}: {reason}", path.display()))
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(threads) = self.threads.filter(|threads| *threads > MOST_THREADS) {
            return Err(format!("threads is {threads}: give a number from 0 to {MOST_THREADS}"));
        }
        // Reading elsewhere harms nobody; where something is written is for whoever starts the run.
        if let Some(out) = self.out.as_ref().filter(|out| leads_out(out)) {
            let out = out.display();
            return Err(format!("out = {out:?} leads out of this folder: give it as --out {out}"));
        }
        let temperature = self.calibration.as_ref().map(|table| table.temperature);
        if let Some(temperature) = temperature.filter(|t| !TEMPERATURES.contains(t)) {
            let (least, most) = (TEMPERATURES.start(), TEMPERATURES.end());
            return Err(format!(
                "[calibration] temperature is {temperature}, outside {least} to {most}"
            ));
        }
        Ok(())
    }
}

/// Whether a path leads out of the folder that it is relative to.
fn leads_out(path: &Path) -> bool {
    !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
