//! What the end-to-end tests share: the binary, the sample corpus, and a run's files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// The sample corpus.
pub fn seeds() -> PathBuf {
    root().join("seeds")
}

/// A command on the `standpoint` binary, built if need be, in the workspace's root and without the
/// caller's settings.
pub fn standpoint() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(BINARY.get_or_init(build));
    command.current_dir(root());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STANDPOINT_")) {
        command.env_remove(name);
    }
    command
}

/// Cargo gives a test the path of a binary only within the binary's own package, so this asks cargo
/// for it; where it is built already, that is all that happens.
fn build() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "-p", "standpoint-cli", "--message-format=json"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("cargo prints UTF-8");
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back();
    executable.expect("cargo names the binary")
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    command.output().expect("the binary starts")
}

/// The exit code of a run, with all that it printed for the message of a failed assertion.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// What a command printed to standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// What a command printed to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("output is UTF-8")
}

/// The files of an output folder by name, without the store and the lock, and with the timings taken
/// out of `run.json`: all that must be equal between two runs of one job.
pub fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(out).expect("the output folder is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if ["store.redb", "store.damaged.redb", ".lock"].contains(&name.as_str()) {
            continue;
        }
        let mut content = std::fs::read(&path).expect("a result is a file");
        if name == "run.json" {
            let mut manifest: serde_json::Value =
                serde_json::from_slice(&content).expect("run.json is JSON");
            manifest["timings"].take();
            content = serde_json::to_vec_pretty(&manifest).expect("it still is");
        }
        files.insert(name, content);
    }
    files
}

/// The rows of a JSONL file.
pub fn rows(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("the table is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// Asserts that two runs left the same files with the same bytes, and names the first that differs.
///
/// # Panics
/// If they did not.
pub fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (results(a), results(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, content) in &a {
        assert!(content == &b[name], "{name} differs");
    }
}
