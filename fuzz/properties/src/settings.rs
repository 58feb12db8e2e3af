//! Files that say what to do: targets, aliases and settings.

// The settings belong to the program, which is no library.
#[expect(dead_code, reason = "not all settings are looked at here")]
#[path = "../../../crates/standpoint-cli/src/settings/file.rs"]
mod file;

use crate::scratch;
use file::{MOST_THREADS, SettingsFile};
use standpoint_core::Probabilities;
use standpoint_ingest::Fields;
use standpoint_pipeline::read_targets;
use standpoint_stance::{Aliases, Named, Roster};
use std::collections::BTreeSet;

/// A target file gives targets with an id of their own and words, or a sentence.
pub(crate) fn targets(input: &[u8]) {
    let Ok(targets) = read_targets(&scratch::file("targets.toml", input)) else { return };
    assert!(!targets.is_empty(), "no target");
    let ids: BTreeSet<&str> = targets.iter().map(|target| target.id.as_str()).collect();
    assert_eq!(ids.len(), targets.len(), "two targets have one id");
    for target in &targets {
        assert!(!target.id.is_empty(), "an empty id");
        assert!(target.text.chars().any(char::is_alphanumeric), "{:?} has no words", target.text);
    }
}

/// A file of aliases gives every name one name, which is its own, or a sentence with the line.
pub(crate) fn aliases(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let aliases = match Aliases::read(&text) {
        Ok(aliases) => aliases,
        Err(error) => return assert!(error.line > 0, "{error}"),
    };
    let mut roster = Roster::default();
    let met = ["Ilse Maron", "Ilse K. Maron", "I. Maron", "Maron", "U.S", "USA", "Kyiv"];
    let words = text.lines().flat_map(|line| line.split(',')).map(str::trim).chain(met);
    let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
    let named = Named { heard: true, person: true, ..Named::default() };
    let piece = words.iter().map(|&word| (word.to_owned(), named.clone())).collect();
    roster.add_piece(&piece, 1);
    let names = roster.names(&aliases);
    for word in words {
        let name = names.canonical(word);
        assert_eq!(names.canonical(name), name, "of {word:?}");
        assert_eq!(names.variant(word).merge.is_some(), name != word, "{word:?} is {name:?}");
    }
}

/// A settings file gives settings that can be followed, or a sentence.
pub(crate) fn settings(input: &[u8]) {
    let Ok(file) = SettingsFile::read(&scratch::file("standpoint.toml", input)) else { return };
    assert!(
        file.threads.is_none_or(|threads| threads <= MOST_THREADS),
        "{:?} threads",
        file.threads
    );
    if let Some(out) = file.out {
        assert!(out.is_relative(), "{out:?} is an absolute path");
        assert!(!out.iter().any(|part| part == ".."), "{out:?} leads out");
    }
    let fields = Fields::with(&file.fields.unwrap_or_default());
    let _ = fields.and_then(|fields| fields.with_file_names(&file.file_names.unwrap_or_default()));
    if let Some(table) = file.calibration {
        let tempered = Probabilities::new(0.7, 0.2, 0.1).tempered(table.temperature);
        assert!(tempered.confidence() <= 1.0, "{tempered:?} at {}", table.temperature);
    }
}
