//! `unsafe` is forbidden outside the encoder's kernels: by a lint that every package takes up.

use standpoint_tests::root;
use std::fs;
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).expect("a folder of the project");
    listed.map(|entry| entry.expect("it can be listed").path()).collect()
}

/// Every package of the workspace.
fn packages() -> Vec<PathBuf> {
    let folders = ["crates", "models"].map(|folder| entries(&root().join(folder)));
    let alone = ["tests", "fuzz/properties"].map(|folder| root().join(folder));
    let mut packages: Vec<_> = folders.concat().into_iter().chain(alone).collect();
    packages.retain(|package| package.join("Cargo.toml").is_file());
    packages
}

/// The Rust sources of a package.
fn sources(package: &Path) -> Vec<PathBuf> {
    let mut open: Vec<_> =
        ["src", "tests", "benches", "examples"].map(|part| package.join(part)).into();
    let mut sources = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(entries(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            sources.push(path);
        }
    }
    sources
}

#[test]
fn every_package_forbids_unsafe_code_and_one_module_lifts_that() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    // In two parts, for this is a source, too.
    let lint = concat!("(unsafe", "_code");
    let mut lifted = Vec::new();
    for package in packages() {
        let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let own =
            package.ends_with("standpoint-encoder") && manifest.contains("unsafe_code = \"deny\"");
        assert!(own || manifest.contains("[lints]\nworkspace = true"), "{package:?}");
        let lifts = |source: &PathBuf| fs::read_to_string(source).unwrap().contains(lint);
        lifted.extend(sources(&package).into_iter().filter(lifts));
    }
    assert_eq!(lifted, [root().join("crates/standpoint-encoder/src/kernels.rs")]);
}
