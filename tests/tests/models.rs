//! Models swapped in by one flag, checked, and calibrated to one's own labels.

use serde_json::Value;
use standpoint_tests::{code, output, root, rows, standpoint, stderr, stdout};
use std::fs;
use std::path::Path;

const PAIR: [&str; 2] = ["a carbon price", "The carbon price is a disaster for working families."];

fn manifest(out: &Path) -> Value {
    let content = fs::read(out.join("run.json")).expect("a run leaves its manifest");
    serde_json::from_slice(&content).expect("run.json is JSON")
}

/// A run over the sample corpus with these options.
fn run(out: &Path, options: &[&str]) {
    let targets = ["run", "seeds", "--targets", "seeds/targets.toml", "--out"];
    let ran = output(standpoint().args(targets).arg(out).args(options));
    // Two of the files are broken on purpose.
    assert_eq!(code(&ran), 1, "{}{}", stdout(&ran), stderr(&ran));
}

#[test]
fn another_stance_model_is_swapped_in_by_one_flag_a_name_or_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let (built_in, by_folder, other) = (out("built-in"), out("folder"), out("lexical"));
    run(&built_in, &["--embedder", "lexical"]);
    run(&by_folder, &["--embedder", "lexical", "--stance-model", "models/minilm-stance"]);
    run(&other, &["--embedder", "lexical", "--stance-model", "lexical"]);
    // Manifest and report say which was asked for.
    let tables = |out: &Path| {
        let mut files = standpoint_tests::results(out);
        files.retain(|name, _| name != "run.json" && name != "report.html");
        files
    };
    assert!(tables(&built_in) == tables(&by_folder), "the same model says the same");
    let name = |out: &Path| manifest(out)["models"][1]["name"].as_str().unwrap().to_owned();
    assert_eq!(
        (name(&built_in).as_str(), name(&other).as_str()),
        ("minilm-stance", "lexical-stance")
    );
    let labels = |out: &Path| -> Vec<Value> {
        rows(&out.join("stances.jsonl")).iter().map(|row| row["stance"].clone()).collect()
    };
    let (a, b) = (labels(&built_in), labels(&other));
    assert!(a != b && !b.is_empty(), "another model says other things");
}

#[test]
fn a_folder_is_checked_file_by_file_and_by_what_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let model = root().join("models/minilm-stance");
    for file in ["model.toml", "config.json", "model.safetensors"] {
        fs::copy(model.join(file), folder.path().join(file)).unwrap();
    }
    let check = || {
        let checked = output(standpoint().args(["models", "check"]).arg(folder.path()));
        (code(&checked), stdout(&checked))
    };
    let (status, said) = check();
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("tokenizer.json missing"), "{said}");
    assert!(
        said.contains("wrong       ") && said.contains("tokenizer.json cannot be read"),
        "{said}"
    );
    fs::copy(model.join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    let (status, said) = check();
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("engine      our own encoder") && said.ends_with("usable\n"), "{said}");
    let shown = stdout(&output(standpoint().args(["models", "show", "minilm-stance"])));
    let hash = |text: &str| {
        text.lines().find_map(|line| line.strip_prefix("hash        ").map(str::to_owned)).unwrap()
    };
    assert_eq!(hash(&said), hash(&shown), "a folder with the built-in files is the built-in model");
    let listed = stdout(&output(standpoint().arg("models")));
    assert!(listed.contains("minilm-stance") && listed.contains(&hash(&shown)[..12]), "{listed}");
}

#[test]
fn a_folder_of_another_family_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), r#"{"model_type": "roberta"}"#).unwrap();
    let checked = output(standpoint().args(["models", "check"]).arg(folder.path()));
    assert_eq!(code(&checked), 1);
    let said = stdout(&checked);
    assert!(said.contains("engine      rust-bert"), "{said}");
    assert!(said.contains("model.safetensors missing"), "{said}");
}

#[test]
fn a_calibration_is_written_read_and_bound_to_its_model() {
    let folder = tempfile::tempdir().unwrap();
    let (gold, settings) =
        (folder.path().join("gold.jsonl"), folder.path().join("standpoint.toml"));
    // The lexical model answers "against" to all of these; a fifth of the labels disagree.
    let row = |i: usize| {
        let label = if i.is_multiple_of(5) { "neutral" } else { "against" };
        let text = format!("{} Number {i}.", PAIR[1]);
        serde_json::json!({"text": text, "target": PAIR[0], "label": label}).to_string()
    };
    fs::write(&gold, (0..200).map(row).collect::<Vec<_>>().join("\n")).unwrap();
    fs::write(&settings, "threads = 2\n").unwrap();
    let calibrate = |rate: &str| {
        let made = output(
            standpoint()
                .current_dir(folder.path())
                .args(["calibrate", "--stance-model", "lexical", "--error-rate", rate, "--gold"])
                .arg(&gold),
        );
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        stdout(&made)
    };
    let said = calibrate("0.05");
    assert!(said.contains("cannot promise at most 5 % wrong answers"), "{said}");
    let said = calibrate("0.3");
    assert!(said.contains("here 200 of 200 answered, 40 wrong"), "{said}");
    let written = fs::read_to_string(&settings).unwrap();
    assert!(written.starts_with("threads = 2\n"), "{written}");
    assert_eq!(written.matches("[calibration]").count(), 1, "{written}");

    // 4 in 5 were right, which is about what a calibrated probability says; it was 0.51 before.
    let scored = output(
        standpoint()
            .current_dir(folder.path())
            .args(["eval", "--stance-model", "lexical", "--format", "json", "--pairs"])
            .arg(&gold),
    );
    let scores: Value = serde_json::from_str(&stdout(&scored)).unwrap();
    let error = scores["overall"]["calibration"]["ece"].as_f64().unwrap();
    assert!(error < 0.05, "expected calibration error {error}");

    let other =
        output(standpoint().current_dir(folder.path()).args(["eval", "--pairs"]).arg(&gold));
    assert_eq!(code(&other), 2);
    let error = stderr(&other);
    assert!(error.contains("was fitted to lexical") && error.contains("minilm-stance"), "{error}");
}
