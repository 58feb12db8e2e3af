//! What a user who makes a mistake, or asks for help, gets.

use standpoint_tests::{code, output, standpoint, stderr, stdout};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// Standard error and exit code of a command line.
fn fails(args: &[&str]) -> (i32, String) {
    let failed = output(standpoint().args(args));
    assert_eq!(stdout(&failed), "", "a failure prints no data");
    (code(&failed), stderr(&failed))
}

const LEXICAL: [&str; 4] = ["--embedder", "lexical", "--stance-model", "lexical"];

#[test]
fn a_mistake_is_one_sentence_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::write(path("a.txt"), "The levy is fair. It works in every valley of the north.").unwrap();
    fs::write(path("targets.toml"), "[[target]]\nid = \"a\"\ntxt = \"b\"\n").unwrap();
    fs::write(path("standpoint.toml"), "thread = 2\n").unwrap();
    let a = path("a.txt");

    let (status, error) = fails(&["run", &a]);
    assert_eq!(
        (status, error.as_str()),
        (2, "standpoint: no targets: give --targets FILE, or --target \"PHRASE\" for each\n")
    );

    let (status, error) = fails(&["run", &a, "--targets", &path("targets.toml")]);
    assert_eq!(status, 2);
    assert!(error.contains("targets.toml") && error.contains("line 3"), "{error}");

    let (status, error) = fails(&["run", "no/such", "--target", "x", LEXICAL[0], LEXICAL[1]]);
    assert_eq!(status, 2);
    assert!(error.contains("no/such"), "{error}");

    let (status, error) = fails(&["run", &a, "--target", "x", "--stance-model", "bert"]);
    assert_eq!(status, 2);
    assert!(error.contains("minilm-stance, lexical") && error.contains("model.toml"), "{error}");

    let (status, error) =
        fails(&["run", &a, "--target", "x", "--config", &path("standpoint.toml")]);
    assert_eq!(status, 2);
    assert!(error.contains("unknown field `thread`"), "{error}");

    for (setting, expected) in [
        ("out = \"../elsewhere\"", "leads out of this folder: give it as --out ../elsewhere"),
        ("out = \"/elsewhere\"", "leads out of this folder: give it as --out /elsewhere"),
        ("threads = 4000000000", "threads is 4000000000: give a number from 0 to 1024"),
        ("[calibration]\nmodel = \"a\"\nhash = \"b\"\ntemperature = 1e-30", "outside 0.01 to 100"),
    ] {
        fs::write(path("standpoint.toml"), setting).unwrap();
        let (status, error) =
            fails(&["run", &a, "--target", "x", "--config", &path("standpoint.toml")]);
        assert_eq!(status, 2);
        assert!(error.contains(expected), "{error}");
    }

    let (status, error) = fails(&["run", &a, "--target", "x", "--abstain-below", "50"]);
    assert_eq!(status, 2);
    assert!(error.contains("from 0 to 1"), "{error}");

    let (status, error) = fails(&["run", &a, "--target", "x", "--field", "headline"]);
    assert_eq!(status, 2);
    assert!(error.contains("headline"), "{error}");
}

#[test]
fn settings_come_from_their_layers() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("standpoint.toml"), "threads = 2\nout = \"there\"\n").unwrap();
    let shown = output(
        standpoint()
            .current_dir(folder.path())
            .env("STANDPOINT_THREADS", "3")
            .args(["config", "--abstain-below", "0.25"]),
    );
    let shown = stdout(&shown);
    let row = |name: &str| -> Vec<String> {
        let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row("threads"), ["threads", "3", "STANDPOINT_THREADS"]);
    assert_eq!(row("out"), ["out", "there", "standpoint.toml"]);
    assert_eq!(row("abstain_below"), ["abstain_below", "0.25", "--abstain-below"]);
    assert_eq!(row("embedder"), ["embedder", "minilm", "default"]);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let ran = output(
        standpoint()
            .args(["run", "seeds", "--targets", "seeds/targets.toml", "--dry-run"])
            .args(LEXICAL)
            .arg("--out")
            .arg(&out),
    );
    assert_eq!(code(&ran), 1, "two files of the sample corpus are broken");
    let said = stdout(&ran);
    assert!(said.contains("would read   39 documents"), "{said}");
    assert!(said.contains("would score  38 documents"), "{said}");
    assert!(said.contains("skipped      seeds/targets.toml: unknown kind"), "{said}");
    assert!(said.contains("broken/empty.txt"), "{said}");
    assert!(!out.exists());
}

#[test]
fn documents_come_through_standard_input_and_go_to_standard_output() {
    let mut child = standpoint()
        .args(["ingest", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let row =
        r#"{"id": "a", "headline": "Pass it", "text": "The levy is fair.\n\n© 2026 Gazette"}"#;
    writeln!(child.stdin.take().unwrap(), "{row}\n{{\"text\": ").unwrap();
    let ran = child.wait_with_output().unwrap();
    assert_eq!(code(&ran), 1);
    assert!(stderr(&ran).contains("-:2: "), "{}", stderr(&ran));
    let document: serde_json::Value = serde_json::from_str(stdout(&ran).trim()).unwrap();
    assert_eq!(document["title"], "Pass it");
    assert_eq!(document["cuts"][0]["text"], "© 2026 Gazette");
    assert_eq!(document["cuts"][0]["reason"], "copyright");
}

#[test]
fn a_document_is_explained() {
    let explained = output(
        standpoint()
            .args(["explain", "seeds/feeds/opinion-digest.jsonl", "--id", "hc-ed-20260305"])
            .args(["--targets", "seeds/targets.toml", "--format", "json"])
            .args(LEXICAL),
    );
    assert_eq!(code(&explained), 0, "{}", stderr(&explained));
    let explanation: serde_json::Value = serde_json::from_str(&stdout(&explained)).unwrap();
    assert_eq!(explanation["document"]["id"], "hc-ed-20260305");
    let passages = explanation["passages"].as_array().unwrap();
    let met = |passage: &serde_json::Value| passage["matches"][0]["target"] == "four-day-week";
    assert!(passages.iter().any(met));
    let (status, error) = fails(&[
        "explain",
        "seeds/feeds/opinion-digest.jsonl",
        "--target",
        "x",
        LEXICAL[0],
        LEXICAL[1],
    ]);
    assert_eq!(status, 2);
    assert!(error.contains("choose one with --id"), "{error}");
}

#[test]
fn voices_are_drawn_in_colour_where_colour_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("levy.txt");
    std::fs::write(&file, "The levy is\x1b[2J fair. “It will ruin us,” said Ilse Maron, a miner.")
        .unwrap();
    let explained = |force: &str| {
        let file = file.to_str().unwrap();
        let args = ["explain", file, "--target", "the levy"];
        stdout(&output(standpoint().args(args).args(LEXICAL).env("CLICOLOR_FORCE", force)))
    };
    let coloured = explained("1");
    let cyan = "\x1b[36m";
    assert!(coloured.contains(&format!("author · {cyan}Ilse Maron\x1b[0m · ")), "{coloured}");
    let drawn =
        "\nThe levy is␛[2J fair. \x1b[36m“It will ruin us,”\x1b[0m \x1b[4m\x1b[36msaid\x1b[0m ";
    assert!(coloured.contains(drawn), "{coloured}");
    let plain = explained("");
    assert!(!plain.contains('\x1b') && plain.contains("] The levy is␛[2J fair."), "{plain}");
    assert!(!plain.contains("\ntext\n"), "{plain}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = standpoint().args(["ingest", "seeds"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn completions_and_the_manual_are_generated() {
    let bash = stdout(&output(standpoint().args(["completions", "bash"])));
    assert!(bash.contains("--abstain-below") && bash.contains("complete -F"), "{bash}");
    let man = stdout(&output(standpoint().arg("man")));
    assert!(man.starts_with(".ie") || man.contains(".TH standpoint"), "{man}");
}

#[test]
fn pairs_are_scored() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = folder.path().join("pairs.jsonl");
    let row = |text: &str, label: &str| {
        format!(
            "{}\n",
            serde_json::json!({"id": 1, "text": text, "target": "levy", "label": label})
        )
    };
    let rows =
        row("The levy works.", "favor") + &row("It fails.", "against") + &row("Rain.", "favor");
    fs::write(&pairs, rows).unwrap();
    let scored = output(
        standpoint()
            .args(["eval", "--stance-model", "lexical", "--format", "json", "--pairs"])
            .arg(&pairs),
    );
    assert_eq!(code(&scored), 0, "{}", stderr(&scored));
    let scores: serde_json::Value = serde_json::from_str(&stdout(&scored)).unwrap();
    // Favor: one found of two; against: found. F1 2/3 and 1, macro 5/6.
    let macro_f1 = scores["overall"]["macro_f1"]["value"].as_f64().unwrap();
    assert!((macro_f1 - 5.0 / 6.0).abs() < 1e-9, "{macro_f1}");
}
