//! Killed and started again, a run finishes with the bytes of an undisturbed one.

use standpoint_tests::{assert_same, code, output, results, standpoint, stderr};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Enough distinct documents for several windows of scoring.
const DOCUMENTS: usize = 6_000;

fn corpus(path: &Path) {
    let mut feed = String::new();
    for i in 0..DOCUMENTS {
        let mut text = String::new();
        for j in 0..12 {
            let (good, place) =
                (["works", "fails", "is a mistake", "is fair"][(i + j) % 4], i * 12 + j);
            let _ = write!(text, "The carbon levy {good} in valley {place} of the north. ");
        }
        let row = serde_json::json!({"id": format!("d{i}"), "text": text, "sitename": "Gazette"});
        let _ = writeln!(feed, "{row}");
    }
    std::fs::write(path, feed).expect("the feed can be written");
}

fn run(feed: &Path, out: &Path) -> Command {
    let mut command = standpoint();
    command.arg("run").arg(feed).args(["--target", "the carbon levy"]);
    command.args(["--embedder", "lexical", "--stance-model", "lexical", "--tagger", "rules"]);
    command.arg("--out").arg(out).env("STANDPOINT_LOG", "info");
    command
}

#[test]
fn a_killed_run_finishes_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.jsonl");
    corpus(&feed);
    let undisturbed = folder.path().join("undisturbed");
    let ran = output(&mut run(&feed, &undisturbed));
    assert_eq!(code(&ran), 0, "{}", stderr(&ran));

    let killed = folder.path().join("killed");
    let mut child =
        run(&feed, &killed).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let window = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("window scored")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(window.is_some(), "a window was scored before the kill");
    assert!(!killed.join("run.json").exists(), "it was killed before its end");

    let ran = output(&mut run(&feed, &killed));
    assert_eq!(code(&ran), 0, "{}", stderr(&ran));
    assert!(stderr(&ran).contains("from the store"), "the first window is not computed again");
    assert_same(&killed, &undisturbed);
    assert!(!results(&killed).contains_key(".work"), "nothing of the work folder is left");
}

#[test]
fn a_second_run_on_a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.jsonl");
    corpus(&feed);
    let out = folder.path().join("out");
    let mut first = run(&feed, &out).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("window scored"))));
    let second = output(&mut run(&feed, &out));
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(code(&second), 2);
    assert!(stderr(&second).contains("is in use by another run"), "{}", stderr(&second));
}
