//! Settings from four layers: defaults < standpoint.toml < environment < flags.

mod file;

pub(crate) use file::{CalibrationTable, LogFormat, MOST_THREADS};

use crate::args::{ConfigArgs, ReadOptions, ScoreOptions};
use crate::{Outcome, Usage, models};
use anyhow::anyhow;
use clap::ArgMatches;
use clap::parser::ValueSource;
use file::SettingsFile;
use standpoint_core::{ModelInfo, StanceModel, Target};
use standpoint_encoder::Precision;
use standpoint_ingest::Fields;
use standpoint_pipeline::{
    AliasFile, Gold, Models, check_targets, read_aliases, read_target_gold, read_targets,
    targets_from_phrases,
};
use standpoint_stance::Tempered;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FILE: &str = "standpoint.toml";

/// Our own warnings; those of libraries (a page with broken JSON-LD) say nothing a user could mend.
const DEFAULT_LOG: &str = "error,standpoint_pipeline=warn,standpoint_ingest=warn";

/// Every setting that a run's results depend on, as `run.json` states them: by the names, and in the form,
/// of a settings file, so that a run is repeated with what was written down as with a settings file.
pub(crate) type Stated = BTreeMap<String, serde_json::Value>;

/// A setting's value and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    origin: String,
}

/// The flags given and the settings file: what the settings are resolved from.
pub(crate) struct Layers<'a> {
    file: SettingsFile,
    file_name: String,
    matches: &'a ArgMatches,
    read: &'a ReadOptions,
}

impl<'a> Layers<'a> {
    /// Reads the settings file: the one named, else `standpoint.toml` if it is there.
    pub(crate) fn new(read: &'a ReadOptions, matches: &'a ArgMatches) -> anyhow::Result<Self> {
        let path = read.config.clone().unwrap_or_else(|| PathBuf::from(FILE));
        let file = if read.config.is_some() || path.exists() {
            SettingsFile::read(&path).map_err(Usage)?
        } else {
            SettingsFile::default()
        };
        Ok(Layers { file, file_name: path.display().to_string(), matches, read })
    }

    /// The settings that a run stated, in place of a settings file.
    ///
    /// # Errors
    /// Where they are not settings.
    pub(crate) fn of_run(
        stated: &Stated,
        name: &Path,
        matches: &'a ArgMatches,
        read: &'a ReadOptions,
    ) -> anyhow::Result<Self> {
        let file_name = format!("{}: settings", name.display());
        let settings = stated.clone().into_iter().collect::<serde_json::Map<_, _>>();
        let file: Result<SettingsFile, _> = serde_json::from_value(settings.into());
        let file =
            file.map_err(|error| error.to_string()).and_then(|file| file.check().map(|()| file));
        let file = file.map_err(|reason| Usage(anyhow!("{file_name}: {reason}")))?;
        Ok(Layers { file, file_name, matches, read })
    }

    /// The settings that the results of a run depend on.
    pub(crate) fn stated(&self, score: &ScoreOptions) -> anyhow::Result<Stated> {
        let settings = SettingsFile {
            embedder: Some(self.embedder(score).value),
            stance_model: Some(self.stance_model(score.stance_model.as_ref()).value),
            tagger: Some(self.tagger(score.tagger.as_ref()).value),
            precision: Some(self.precision(score.precision)?.value.to_string()),
            abstain_below: Some(self.abstain_below(score)?.value),
            fields: Some(self.field_names().value),
            file_names: Some(self.file_names().value),
            calibration: self.file.calibration.clone(),
            ..SettingsFile::default()
        };
        // Through text, for that has the shortest digits of an f32 and a value those of the f64 beside it.
        Ok(serde_json::from_str(&serde_json::to_string(&settings)?)?)
    }

    fn resolve<T: Clone>(
        &self,
        id: &str,
        flag: Option<T>,
        file: Option<T>,
        default: T,
    ) -> Setting<T> {
        if let Some(value) = flag {
            let origin = match self.matches.value_source(id) {
                Some(ValueSource::EnvVariable) => format!("STANDPOINT_{}", id.to_uppercase()),
                _ => format!(
                    "--{}",
                    if id == "fields" { "field".into() } else { id.replace('_', "-") }
                ),
            };
            return Setting { value, origin };
        }
        match file {
            Some(value) => Setting { value, origin: self.file_name.clone() },
            None => Setting { value: default, origin: "default".to_owned() },
        }
    }

    pub(crate) fn threads(&self) -> Setting<usize> {
        self.resolve("threads", self.read.threads, self.file.threads, 0)
    }

    pub(crate) fn log_format(&self) -> Setting<LogFormat> {
        self.resolve("log_format", self.read.log_format, self.file.log_format, LogFormat::Text)
    }

    fn field_names(&self) -> Setting<Vec<String>> {
        self.resolve("fields", self.read.fields.clone(), self.file.fields.clone(), Vec::new())
    }

    pub(crate) fn fields(&self) -> anyhow::Result<Fields> {
        let fields = Fields::with(&self.field_names().value);
        let pattern = self.file_names().value;
        let fields = match pattern.is_empty() {
            false => fields.and_then(|fields| fields.with_file_names(&pattern)),
            true => fields,
        };
        Ok(fields.map_err(|error| Usage(error.into()))?)
    }

    /// The pattern by which file names state metadata; a settings file's only, for it belongs to a corpus.
    fn file_names(&self) -> Setting<String> {
        self.resolve("file_names", None, self.file.file_names.clone(), String::new())
    }

    pub(crate) fn field_overrides(&self) -> Vec<String> {
        self.field_names().value
    }

    pub(crate) fn out(&self, flag: Option<&PathBuf>) -> Setting<PathBuf> {
        self.resolve("out", flag.cloned(), self.file.out.clone(), PathBuf::from("out"))
    }

    pub(crate) fn embedder(&self, score: &ScoreOptions) -> Setting<String> {
        let file = self.file.embedder.clone();
        self.resolve("embedder", score.embedder.clone(), file, "minilm".to_owned())
    }

    pub(crate) fn stance_model(&self, flag: Option<&String>) -> Setting<String> {
        let file = self.file.stance_model.clone();
        self.resolve("stance_model", flag.cloned(), file, "minilm-stance".to_owned())
    }

    pub(crate) fn tagger(&self, flag: Option<&String>) -> Setting<String> {
        let file = self.file.tagger.clone();
        self.resolve("tagger", flag.cloned(), file, "minilm-attribution".to_owned())
    }

    pub(crate) fn precision(&self, flag: Option<Precision>) -> anyhow::Result<Setting<Precision>> {
        let parse = |name: &String| {
            name.parse().map_err(|reason| Usage(anyhow!("{}: precision: {reason}", self.file_name)))
        };
        let file = self.file.precision.as_ref().map(parse).transpose()?;
        Ok(self.resolve("precision", flag, file, Precision::Auto))
    }

    /// Embedder, stance model and tagger.
    pub(crate) fn load_models(&self, score: &ScoreOptions) -> anyhow::Result<Models> {
        let precision = self.precision(score.precision)?.value;
        Ok(Models {
            embedder: models::embedder(&self.embedder(score).value, precision)?,
            stance: self.load_stance_model(score.stance_model.as_ref(), score.precision)?,
            tagger: models::tagger(&self.tagger(score.tagger.as_ref()).value, precision)?,
        })
    }

    /// The stance model, brought to the temperature that the settings file's calibration gives it.
    pub(crate) fn load_stance_model(
        &self,
        name: Option<&String>,
        precision: Option<Precision>,
    ) -> anyhow::Result<Arc<dyn StanceModel>> {
        let precision = self.precision(precision)?.value;
        let model = models::stance_model(&self.stance_model(name).value, precision)?;
        let Some(table) = &self.file.calibration else { return Ok(model) };
        let info = model.info();
        if table.hash != info.hash {
            return Err(Usage(anyhow!(
                "{}: [calibration] was fitted to {} ({:.12}), and this is {} ({:.12}): run \
                 `standpoint calibrate` for it, or remove the table",
                self.file_name,
                table.model,
                table.hash,
                info.name,
                info.hash
            ))
            .into());
        }
        Ok(Arc::new(Tempered::new(model, table.temperature)))
    }

    /// The settings file, whether it is there or not.
    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    pub(crate) fn abstain_below(&self, score: &ScoreOptions) -> anyhow::Result<Setting<f32>> {
        let calibrated = self.file.calibration.as_ref().and_then(|table| table.abstain_below);
        let file = self.file.abstain_below.or(calibrated);
        let setting = self.resolve("abstain_below", score.abstain_below, file, 0.4);
        if !(0.0..=1.0).contains(&setting.value) {
            return Err(Usage(anyhow!(
                "abstain_below is {} ({}): give a probability from 0 to 1",
                setting.value,
                setting.origin
            ))
            .into());
        }
        Ok(setting)
    }

    fn target_file(&self, score: &ScoreOptions) -> Setting<Option<PathBuf>> {
        let flag = score.targets.clone().map(Some);
        self.resolve("targets", flag, self.file.targets.clone().map(Some), None)
    }

    /// The targets: phrases given as flags, else the target file.
    pub(crate) fn targets(&self, score: &ScoreOptions) -> anyhow::Result<Vec<Target>> {
        if !score.target.is_empty() {
            let targets = targets_from_phrases(score.target.iter().map(String::as_str));
            check_targets(&targets).map_err(|reason| Usage(anyhow!(reason)))?;
            return Ok(targets);
        }
        let file = self.target_file(score).value.ok_or_else(|| {
            Usage(anyhow!("no targets: give --targets FILE, or --target \"PHRASE\" for each"))
        })?;
        Ok(read_targets(&file).map_err(|error| Usage(error.into()))?)
    }

    fn alias_file(&self, score: &ScoreOptions) -> Setting<Option<PathBuf>> {
        let flag = score.aliases.clone().map(Some);
        self.resolve("aliases", flag, self.file.aliases.clone().map(Some), None)
    }

    /// Which names are one actor's, as the user says.
    pub(crate) fn aliases(&self, score: &ScoreOptions) -> anyhow::Result<AliasFile> {
        let file = self.alias_file(score).value;
        let read = file.as_deref().map(read_aliases).transpose();
        Ok(read.map_err(|error| Usage(error.into()))?.unwrap_or_default())
    }

    /// The labels that the target file names, unless targets are given as phrases.
    pub(crate) fn gold(&self, score: &ScoreOptions) -> anyhow::Result<Option<Gold>> {
        let file = self.target_file(score).value.filter(|_| score.target.is_empty());
        let gold = file.as_deref().map(read_target_gold).transpose();
        Ok(gold.map_err(|error| Usage(error.into()))?.flatten())
    }

    /// The cards of the models, by the names that they give themselves.
    pub(crate) fn cards(&self, score: &ScoreOptions, models: &Models) -> BTreeMap<String, String> {
        let chosen = [
            (self.embedder(score).value, models.embedder.info()),
            (self.stance_model(score.stance_model.as_ref()).value, models.stance.info()),
            (self.tagger(score.tagger.as_ref()).value, models.tagger.info()),
        ];
        let card =
            |(model, info): (String, &ModelInfo)| Some((info.name.clone(), models::card(&model)?));
        chosen.into_iter().filter_map(card).collect()
    }

    /// Starts logging to standard error; what is logged is set by `STANDPOINT_LOG`.
    pub(crate) fn start_log(&self) {
        let filter = tracing_subscriber::EnvFilter::try_from_env("STANDPOINT_LOG")
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(DEFAULT_LOG));
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        match self.log_format().value {
            LogFormat::Text => log.without_time().with_target(false).init(),
            LogFormat::Json => log.json().init(),
        }
    }
}

/// `standpoint config`: every setting, its value and where it came from.
pub(crate) fn show(args: &ConfigArgs, matches: &ArgMatches) -> anyhow::Result<Outcome> {
    let layers = Layers::new(&args.read, matches)?;
    let mut table = String::new();
    let mut row = |name: &str, value: String, origin: &str| {
        let _ = writeln!(table, "{name:<14} {value:<28} {origin}");
    };
    let targets = layers.target_file(&args.score);
    let file = targets.value.map_or("(none)".to_owned(), |path| path.display().to_string());
    row("targets", file, &targets.origin);
    let aliases = layers.alias_file(&args.score);
    let file = aliases.value.map_or("(none)".to_owned(), |path| path.display().to_string());
    row("aliases", file, &aliases.origin);
    let out = layers.out(args.out.as_ref());
    row("out", out.value.display().to_string(), &out.origin);
    let threads = layers.threads();
    let count = match threads.value {
        0 => "0 (one per processor)".to_owned(),
        n => n.to_string(),
    };
    row("threads", count, &threads.origin);
    let embedder = layers.embedder(&args.score);
    row("embedder", embedder.value, &embedder.origin);
    let stance_model = layers.stance_model(args.score.stance_model.as_ref());
    row("stance_model", stance_model.value, &stance_model.origin);
    let tagger = layers.tagger(args.score.tagger.as_ref());
    row("tagger", tagger.value, &tagger.origin);
    let precision = layers.precision(args.score.precision)?;
    row("precision", precision.value.to_string(), &precision.origin);
    let calibration = layers.file.calibration.as_ref();
    let (value, origin) = match calibration {
        Some(table) => (format!("{} for {}", table.temperature, table.model), layers.file_name()),
        None => ("(none)".to_owned(), "default"),
    };
    row("calibration", value, origin);
    let abstain_below = layers.abstain_below(&args.score)?;
    row("abstain_below", abstain_below.value.to_string(), &abstain_below.origin);
    let fields = layers.field_names();
    row("fields", format!("[{}]", fields.value.join(", ")), &fields.origin);
    let file_names = layers.file_names();
    row("file_names", format!("{:?}", file_names.value), &file_names.origin);
    let log_format = layers.log_format();
    row("log_format", format!("{:?}", log_format.value).to_lowercase(), &log_format.origin);
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(Outcome::Done)
}
