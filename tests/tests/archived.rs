//! A run's folder beside a paper: `verify` finds what is not right in it, `replay` does it again.

use serde_json::Value;
use standpoint_tests::{assert_same, code, output, standpoint, stderr, stdout};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

/// A run over the sample corpus, for all tests that only read it or copy it.
fn sample() -> &'static Path {
    static RUN: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, out) = RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().join("out");
        let mut run = standpoint();
        run.args(["run", "seeds", "--targets", "seeds/targets.toml", "--embedder", "lexical"]);
        run.args(["--stance-model", "lexical", "--tagger", "rules", "--out"]).arg(&out);
        let ran = output(&mut run);
        assert_eq!(code(&ran), 1, "{}", stderr(&ran));
        (folder, out)
    });
    out
}

/// A copy of the sample's run to do harm to.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Copy {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for entry in fs::read_dir(sample()).expect("the run is there") {
            let entry = entry.expect("it can be listed");
            fs::copy(entry.path(), folder.path().join(entry.file_name()))
                .expect("it can be copied");
        }
        Copy { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes `run.json`.
    fn manifest(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("run.json");
        let text = fs::read(&path).expect("a manifest");
        let mut manifest: Value = serde_json::from_slice(&text).expect("it is JSON");
        change(&mut manifest);
        fs::write(&path, manifest.to_string()).expect("it can be written");
    }

    /// Changes a table and has the manifest vouch for it, as one who cheats would.
    fn table(&self, name: &str, change: impl FnOnce(String) -> String) {
        let path = self.path(name);
        let text = fs::read_to_string(&path).expect("a table");
        let changed = change(text.clone());
        assert_ne!(text, changed);
        fs::write(&path, &changed).expect("it can be written");
        self.manifest(|manifest| {
            let outputs = manifest["outputs"].as_array_mut().expect("a list");
            let output =
                outputs.iter_mut().find(|output| output["name"] == name).expect("it is named");
            output["bytes"] = changed.len().into();
            output["blake3"] = blake3::hash(changed.as_bytes()).to_hex().to_string().into();
        });
    }

    /// The lines that `verify` prints, of a folder in which it finds something.
    fn findings(&self) -> Vec<String> {
        let verified = verify(self.folder.path());
        assert_eq!(code(&verified), 1, "{}{}", stdout(&verified), stderr(&verified));
        stdout(&verified).lines().map(str::to_owned).collect()
    }
}

fn verify(run: &Path) -> Output {
    output(standpoint().arg("verify").arg(run))
}

/// The first place at which a table's row has `from`, with `to` in its place.
fn once(from: &'static str, to: &'static str) -> impl FnOnce(String) -> String {
    move |text| text.replacen(from, to, 1)
}

#[test]
fn a_whole_run_is_all_right() {
    let verified = verify(sample());
    assert_eq!(code(&verified), 0, "{}", stdout(&verified));
    let said = stdout(&verified);
    assert!(said.starts_with("all right: 28 files, 39 documents, 1040 passages, "), "{said}");
}

#[test]
fn what_is_no_run_is_said_to_be_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let verified = verify(folder.path());
    assert_eq!(code(&verified), 2);
    assert!(stderr(&verified).contains("give the folder that `run --out` wrote"));
    for broken in ["", "[]", "{\"standpoint\": 1}", &"[".repeat(100_000)] {
        fs::write(folder.path().join("run.json"), broken).expect("it can be written");
        let verified = verify(folder.path());
        assert_eq!((code(&verified), stdout(&verified).as_str()), (2, ""), "{broken:.20}");
        assert!(!stderr(&verified).contains("panicked"), "{}", stderr(&verified));
    }
}

#[test]
fn a_file_that_is_not_as_it_was_is_found_by_its_hash() {
    let copy = Copy::new();
    let mut page = fs::read(copy.path("report.html")).expect("the page");
    page[1000] ^= 1;
    fs::write(copy.path("report.html"), page).expect("it can be written");
    fs::write(copy.path("stances.csv"), "document\n").expect("it can be written");
    fs::remove_file(copy.path("trends.parquet")).expect("it can be removed");
    let findings = copy.findings();
    let [page, stances, trends] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!(page, "hashes: report.html is not what the run wrote");
    assert!(stances.starts_with("hashes: stances.csv has 9 bytes, not "), "{stances}");
    assert!(trends.starts_with("files: trends.parquet: No such file"), "{trends}");
}

#[test]
fn what_was_changed_together_with_its_hash_is_found_by_what_it_says() {
    let finds = |name: &str, change: &dyn Fn(String) -> String, expected: &str| {
        let copy = Copy::new();
        copy.table(name, change);
        let findings = copy.findings();
        assert!(findings.iter().any(|line| line.contains(expected)), "{expected}: {findings:#?}");
    };
    let row = |text: &str, at: usize| text.lines().nth(at).map(|line| format!("{line}\n"));
    let twice = |text: String| row(&text, 0).into_iter().chain([text.clone()]).collect::<String>();
    let without_first =
        |text: String| text.split_once('\n').map(|(_, rest)| rest.to_owned()).expect("rows");

    let changed = |from: &'static str, to: &'static str| move |text: String| once(from, to)(text);
    // The text is the last column, and the last "the" stands in one.
    let last = |text: String| {
        let (before, after) = text.rsplit_once("the").expect("a text");
        format!("{before}thy{after}")
    };
    finds("documents.jsonl", &last, "documents: ids and texts are not those");
    finds(
        "documents.jsonl",
        &twice,
        "documents: aldmouth-sentinel/if-you-want-a-market.txt is there twice",
    );
    finds("documents.jsonl", &without_first, "counts: documents: 38, and the manifest says 39");
    finds("passages.jsonl", &changed("\"start\":0", "\"start\":1"), "bytes 0 to 30: no passage");
    finds("passages.jsonl", &changed("\"end\":", "\"end\":9"), "bytes ");
    finds("passages.jsonl", &without_first, "passages: ");
    finds("pieces.jsonl", &twice, "placed twice");
    finds("pieces.jsonl", &without_first, "is in none");
    finds("stances.jsonl", &changed("\"favor\":0.", "\"favor\":1."), "probabilities: ");
    finds(
        "stances.jsonl",
        &changed("\"stance\":\"favor\"", "\"stance\":\"against\""),
        "is not what its probabilities say",
    );
    finds("stances.jsonl", &twice, "is there twice");
    finds("stances.jsonl", &without_first, "evidence: ");
    finds(
        "evidence.jsonl",
        &changed("\"text\":\"", "\"text\":\"Not "),
        "the document's text is another there",
    );
    finds("evidence.jsonl", &twice, "not at its rank");
    finds("evidence.jsonl", &without_first, ", and stances says ");
    finds(
        "evidence.jsonl",
        &changed("{", "["),
        "tables: evidence.jsonl: the line that begins at byte 0",
    );
    finds("holders.jsonl", &twice, "is there twice");
    finds("holders.jsonl", &without_first, "has evidence, and is nobody's name");
    finds(
        "holders.jsonl",
        &changed("\"variant\":\"", "\"variant\":\"X"),
        "by no rule, or its own by one",
    );
    finds(
        "holders.jsonl",
        &changed("\"evidence\":1", "\"evidence\":9"),
        " rows of evidence are said to be ",
    );
    finds(
        "evidence.jsonl",
        &changed("\"named\":\"", "\"named\":\"X"),
        " has evidence, and is nobody's name",
    );
    finds("errors.jsonl", &twice, "counts: failures: 3, and the manifest says 2");
}

#[test]
fn no_name_in_a_manifest_leads_out_of_the_folder() {
    let copy = Copy::new();
    let secret = copy.folder.path().with_extension("secret");
    fs::write(&secret, "not to be read").expect("it can be written");
    let (absolute, name) = (secret.to_string_lossy(), secret.file_name().expect("a name"));
    let names = [absolute.clone().into_owned(), format!("../{}", name.to_string_lossy())];
    copy.manifest(|manifest| {
        for (output, name) in
            manifest["outputs"].as_array_mut().expect("a list").iter_mut().zip(&names)
        {
            output["name"] = name.as_str().into();
            output["bytes"] = 14.into();
            output["blake3"] = blake3::hash(b"not to be read").to_hex().to_string().into();
        }
    });
    let findings = copy.findings();
    for name in &names {
        let expected = format!("files: {name:?} is not the name of a file in the folder");
        assert!(findings.contains(&expected), "{findings:#?}");
    }
    fs::remove_file(&secret).expect("it can be removed");
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_no_pipe_is_waited_for() {
    let copy = Copy::new();
    for name in ["documents.jsonl", "report.html"] {
        fs::remove_file(copy.path(name)).expect("it can be removed");
        std::os::unix::fs::symlink(sample().join(name), copy.path(name)).expect("a link");
    }
    fs::remove_file(copy.path("stances.jsonl")).expect("it can be removed");
    let made = std::process::Command::new("mkfifo").arg(copy.path("stances.jsonl")).status();
    assert!(made.expect("mkfifo runs").success());
    let findings = copy.findings();
    for name in ["documents.jsonl", "report.html", "stances.jsonl"] {
        let expected = format!("files: {name}: no file; links are not followed");
        assert!(findings.contains(&expected), "{findings:#?}");
    }
}

/// Whatever the bytes are: lines that say what is wrong, and an exit code.
#[test]
fn no_damage_to_a_folder_is_a_panic() {
    let mut random = fastrand::Rng::with_seed(6);
    let tables = ["documents", "passages", "pieces", "stances", "evidence", "holders"];
    for round in 0..40 {
        let copy = Copy::new();
        let name = format!("{}.jsonl", tables[round % tables.len()]);
        let mut bytes = fs::read(copy.path(&name)).expect("a table");
        let at = random.usize(..bytes.len());
        match round % 3 {
            0 => bytes.truncate(at),
            1 => bytes[at] = random.u8(..),
            // Another digit: an offset, a count, a probability that is not.
            _ => bytes.iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|byte| {
                *byte = if random.u8(..200) == 0 { b'9' } else { *byte };
            }),
        }
        fs::write(copy.path(&name), bytes).expect("it can be written");
        let verified = verify(copy.folder.path());
        let said = format!("{}{}", stdout(&verified), stderr(&verified));
        assert!([0, 1].contains(&code(&verified)) && !said.contains("panicked"), "{name}: {said}");
    }
}

fn replay(manifest: &Path, options: &[&str]) -> Output {
    output(standpoint().arg("replay").arg(manifest).args(options))
}

#[test]
fn a_run_is_repeated_from_its_manifest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let again = folder.path().join("again");
    let done = replay(&sample().join("run.json"), &["--out", &again.to_string_lossy()]);
    assert_eq!(code(&done), 0, "{}{}", stdout(&done), stderr(&done));
    assert_eq!(stdout(&done), "the same: 28 files, 39 documents, byte for byte\n");
    assert_same(&again, sample());

    let own = replay(&again.join("run.json"), &["--out", &again.to_string_lossy()]);
    assert_eq!(code(&own), 2);
    assert!(stderr(&own).contains("is the run's own folder"), "{}", stderr(&own));
}

#[test]
fn a_replay_says_what_is_not_as_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let corpus = folder.path().join("corpus");
    fs::create_dir(&corpus).expect("a folder");
    let write = |name: &str, text: &str| fs::write(corpus.join(name), text).expect("a file");
    write("a.txt", "The levy is fair. It works in every valley of the north.");
    write("b.txt", "The levy is a mistake. It fails in every valley of the south.");
    let settings = folder.path().join("standpoint.toml");
    fs::write(&settings, "abstain_below = 0.25\nembedder = \"lexical\"\nstance_model = \"lexical\"\ntagger = \"rules\"\n")
        .expect("settings");
    let out = folder.path().join("out");
    let mut run = standpoint();
    run.arg("run").arg(&corpus).args(["--target", "the levy", "--field", "text=body", "--config"]);
    run.arg(&settings).arg("--out").arg(&out);
    let ran = output(&mut run);
    assert_eq!(code(&ran), 0, "{}", stderr(&ran));
    let manifest = out.join("run.json");
    fs::remove_file(&settings).expect("the manifest states the settings");
    assert_eq!(code(&replay(&manifest, &[])), 0);

    write("b.txt", "The levy is a blessing. It works in every valley of the south.");
    write("c.txt", "The levy fails.");
    let copy: Value =
        serde_json::from_slice(&fs::read(&manifest).expect("it is there")).expect("JSON");
    let mut other = copy.clone();
    other["standpoint"] = "0.0.9".into();
    other["models"][1]["hash"] = "0123456789abcdef".into();
    fs::write(&manifest, other.to_string()).expect("it can be written");
    let done = replay(&manifest, &[]);
    assert_eq!(code(&done), 1, "{}", stderr(&done));
    let said = stdout(&done);
    let says = |expected: &str| assert!(said.contains(expected), "{expected}: {said}");
    says(&format!("version: 0.0.9 then, {} now", env!("CARGO_PKG_VERSION")));
    says("(0123456789ab, f32) then, lexical");
    says("b.txt differs (61 bytes, ");
    says("c.txt is new");
    says("documents: not the same ids and texts");
    says("output: stances.csv differs");
    assert!(!said.contains("a.txt"), "{said}");

    fs::remove_dir_all(&corpus).expect("it can be removed");
    let gone = replay(&manifest, &[]);
    assert_eq!(code(&gone), 2);
    assert!(stderr(&gone).contains("cannot read input"), "{}", stderr(&gone));
}
