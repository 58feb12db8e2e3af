//! The list of targets: read from TOML, checked, and refused with a sentence that says what to do.

use crate::PipelineError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use standpoint_core::Target;
use standpoint_report::evaluation::{GoldRecord, read_gold};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest file that somebody writes by hand, in bytes: a hundred thousand targets.
const LONGEST: u64 = 16 << 20;

/// The longest account of what is wrong with it, in bytes.
const LONGEST_REASON: usize = 2_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetFile {
    #[serde(default)]
    target: Vec<Target>,
    gold: Option<GoldTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldTable {
    /// Beside the target file, unless absolute.
    file: PathBuf,
    by: Option<String>,
}

/// Labels that a run is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Gold {
    /// The labels.
    pub rows: Vec<GoldRecord>,
    /// Who gave them, in words; `None` for people.
    pub by: Option<String>,
}

/// Reads a target file: a list of `[[target]]` with `id`, `text` and optional `aliases`.
///
/// # Errors
/// [`PipelineError::Targets`] if the file cannot be read, is not such TOML (with line and column),
/// or breaks a rule of [`check_targets`].
pub fn read_targets(path: &Path) -> Result<Vec<Target>, PipelineError> {
    Ok(read_file(path)?.target)
}

/// Reads the labels that a target file names: a table `[gold]` with the `file` and, where it was not
/// people who gave them, `by`.
///
/// # Errors
/// [`PipelineError::Targets`] as [`read_targets`], if the labels cannot be read (with the line), or if
/// one is about none of the targets.
pub fn read_target_gold(path: &Path) -> Result<Option<Gold>, PipelineError> {
    let TargetFile { target: targets, gold } = read_file(path)?;
    let Some(GoldTable { file, by }) = gold else { return Ok(None) };
    let wrong = |reason: String| PipelineError::Targets { path: path.to_owned(), reason };
    let file = path.parent().unwrap_or(Path::new("")).join(file);
    let rows = read_gold(&file).map_err(|error| wrong(format!("[gold] {error}")))?;
    let known: BTreeSet<&str> = targets.iter().map(|target| target.id.as_str()).collect();
    if let Some(row) = rows.iter().find(|row| !known.contains(row.target.as_str())) {
        return Err(wrong(format!(
            "[gold] {} labels the target {:?}, which is none of this list: add it, or leave its rows out",
            file.display(),
            row.target
        )));
    }
    Ok(Some(Gold { rows, by }))
}

fn read_file(path: &Path) -> Result<TargetFile, PipelineError> {
    let wrong = |reason: String| PipelineError::Targets { path: path.to_owned(), reason };
    let file: TargetFile = read_toml(path).map_err(wrong)?;
    check_targets(&file.target).map_err(wrong)?;
    Ok(file)
}

/// Reads a TOML file that people write by hand: targets, settings.
///
/// # Errors
/// A reason, with line and column, where it cannot be read, is longer than any of these is, or is not such TOML.
pub fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = read_written(path)?;
    toml::from_str(&text).map_err(|error| {
        // The error shows the line, which need not be one that people wrote.
        let shown = error.to_string();
        if shown.len() > LONGEST_REASON {
            error.message().to_owned()
        } else {
            shown.trim_end().to_owned()
        }
    })
}

/// The text of a file that people write by hand.
pub(crate) fn read_written(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| format!("cannot read the file: {error}"))?;
    if text.len() as u64 > LONGEST {
        return Err(format!("longer than {} MB, so it is another file", LONGEST >> 20));
    }
    Ok(text)
}

/// Targets given as plain phrases: the id is the phrase in lower case with hyphens.
pub fn targets_from_phrases<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Vec<Target> {
    let slug = |phrase: &str| -> String {
        let words = phrase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
    };
    let target = |phrase: &str| Target {
        id: Some(slug(phrase)).filter(|id| !id.is_empty()).unwrap_or_else(|| phrase.to_owned()),
        text: phrase.trim().to_owned(),
        aliases: Vec::new(),
    };
    phrases.into_iter().map(target).collect()
}

/// Checks that there is a target, and that each has an id of its own and a text.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub fn check_targets(targets: &[Target]) -> Result<(), String> {
    if targets.is_empty() {
        return Err("there is no target: add a [[target]] with id and text".to_owned());
    }
    let mut ids = BTreeSet::new();
    for (at, target) in targets.iter().enumerate() {
        let nth = at + 1;
        if target.id.is_empty() {
            return Err(format!("target {nth} has an empty id: give it a short name"));
        }
        if !target.text.chars().any(char::is_alphanumeric) {
            return Err(format!(
                "target {:?} has no words in its text: give a phrase or claim",
                target.id
            ));
        }
        if !ids.insert(&target.id) {
            return Err(format!(
                "two targets have the id {:?}: rename one or leave it out",
                target.id
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Vec<Target>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("targets.toml");
        std::fs::write(&path, toml).unwrap();
        read_targets(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let good = "[[target]]\nid = \"a\"\ntext = \"a levy\"\n";
        assert_eq!(read(good).unwrap()[0].text, "a levy");
        let unknown = read("[[target]]\nid = \"a\"\ntext = \"b\"\nalias = [\"c\"]\n").unwrap_err();
        assert!(unknown.contains("line 4") && unknown.contains("alias"), "{unknown}");
        assert!(read(&format!("{good}{good}")).unwrap_err().contains("two targets have the id"));
        assert!(read("").unwrap_err().contains("there is no target"));
        assert!(
            read("[[target]]\nid = \"a\"\ntext = \"…\"\n")
                .unwrap_err()
                .contains("no words in its text")
        );
    }

    #[test]
    fn gold_lies_beside_the_list_and_is_about_its_targets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("targets.toml");
        let list = "[gold]\nfile = \"gold.jsonl\"\nby = \"two students\"\n\
                    [[target]]\nid = \"a\"\ntext = \"a levy\"\n";
        std::fs::write(&path, list).unwrap();
        let missing = read_target_gold(&path).unwrap_err().to_string();
        assert!(missing.contains("gold.jsonl"), "{missing}");
        let row = |target: &str| {
            format!(
                r#"{{"document": "d", "holder": "author", "target": "{target}", "label": "favor"}}"#
            )
        };
        std::fs::write(folder.path().join("gold.jsonl"), row("b")).unwrap();
        let other = read_target_gold(&path).unwrap_err().to_string();
        assert!(other.contains("labels the target \"b\""), "{other}");
        std::fs::write(folder.path().join("gold.jsonl"), row("a")).unwrap();
        let gold = read_target_gold(&path).unwrap().unwrap();
        assert_eq!((gold.rows.len(), gold.by.as_deref()), (1, Some("two students")));
        std::fs::write(&path, list.split_once("[[").unwrap().1.replace("target]]", "[[target]]"))
            .unwrap();
        assert_eq!(read_target_gold(&path).unwrap(), None);
    }

    #[test]
    fn a_file_that_nobody_wrote_by_hand_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("targets.toml");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = read_targets(&path).unwrap_err().to_string();
        assert!(error.contains("longer than 16 MB, so it is another file"), "{error}");
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let error = read(&format!("target = {}", "[".repeat(200_000))).unwrap_err();
        assert!(error.ends_with("cannot recurse further; max recursion depth met"), "{error:.300}");
    }

    #[test]
    fn a_phrase_gets_a_readable_id() {
        let targets = targets_from_phrases(["Sanctions on  Russia!"]);
        assert_eq!(targets[0].id, "sanctions-on-russia");
    }
}
