//! The files of a folder against their sizes and hashes.

use super::Findings;
use crate::manifest::{Digest, Manifest};
use crate::tables::Tables;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

/// What a run leaves beside its tables and `run.json`.
const OTHERS: [&str; 3] = ["dictionary.md", "errors.jsonl", "report.html"];

/// Checks every file that the manifest names, and that it names all that a run leaves. Returns how many
/// were checked.
pub(super) fn check(run: &Path, manifest: &Manifest, findings: &mut Findings) -> usize {
    let mut named = BTreeSet::new();
    for output in &manifest.outputs {
        let name = output.name.as_str();
        if !is_plain(name) {
            findings.add("files", format!("{name:?} is not the name of a file in the folder"));
            continue;
        }
        findings.expect(named.insert(name), "files", || format!("{name} is named twice"));
        match digest(&run.join(name)) {
            Ok(found) if found == output.digest => {}
            Ok(found) if found.bytes != output.digest.bytes => {
                let Digest { bytes, .. } = output.digest;
                findings.add("hashes", format!("{name} has {} bytes, not {bytes}", found.bytes));
            }
            Ok(_) => findings.add("hashes", format!("{name} is not what the run wrote")),
            Err(reason) => findings.add("files", format!("{name}: {reason}")),
        }
    }
    let formats = ["parquet", "csv", "jsonl"];
    let tables =
        Tables::NAMES.iter().flat_map(|name| formats.map(|format| format!("{name}.{format}")));
    for name in tables.chain(OTHERS.map(str::to_owned)) {
        let known = named.contains(name.as_str());
        findings.expect(known, "files", || format!("the manifest does not name {name}"));
    }
    named.len()
}

/// # Errors
/// Why the file is none that is read here.
pub(super) fn regular(path: &Path) -> Result<(), String> {
    match fs::symlink_metadata(path) {
        Err(error) => Err(error.to_string()),
        Ok(found) if !found.is_file() => Err("no file; links are not followed".to_owned()),
        Ok(_) => Ok(()),
    }
}

fn digest(path: &Path) -> Result<Digest, String> {
    regular(path)?;
    Digest::of(path).map_err(|error| error.to_string())
}

/// Whether a name is that of a file right in a folder, on any system.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    one && !name.contains(['/', '\\', ':', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        assert!(is_plain("documents.csv"));
        for name in ["", ".", "..", "/etc/passwd", "../a", "a/b", "a\\b", "C:a", "a/", "a\0"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
