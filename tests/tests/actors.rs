//! Actors across documents: one name for each, on record, and as a user's file of aliases has it.

use serde_json::{Value, json};
use standpoint_tests::{assert_same, code, output, rows, standpoint, stderr, stdout};
use std::fs;
use std::path::{Path, PathBuf};

/// Six articles that name the same people and bodies in several ways.
const ARTICLES: [(&str, &str); 6] = [
    (
        "a",
        "The assembly met on Monday to talk about the carbon levy. Energy Minister Ilse Maron said the \
         carbon levy is fair and works in every valley of the north. Maron said that it would stay.",
    ),
    (
        "b",
        "Snow closed the pass for a week, and few came to the hearing. Energy Minister Ilse Maron said that \
         the carbon levy had paid for the ploughs. Later Maron said the bakers were right to complain.",
    ),
    (
        "c",
        "The bakers have written to the assembly once more. On Tuesday Maron said the carbon levy would be looked at \
         in spring. The Veldan Wind Union (VWU) said the carbon levy is a blessing for the coast.",
    ),
    (
        "d",
        "On the coast the wind blew and the mills turned all summer. In spring VWU said the carbon levy is fair. The \
         U.S. said that the carbon levy is a barrier to trade and would be fought.",
    ),
    (
        "e",
        "Abroad nobody likes it. The United States said that the carbon levy would end in court. Ilse K. \
         Maron said that the carbon levy breaks no treaty and that courts are slow.",
    ),
    (
        "f",
        "In another country there is another minister. Otto Strenn said that the carbon levy is a mistake. \
         Piet Strenn said that the carbon levy is no mistake. In spring Kyiv said the carbon levy is fair.",
    ),
];

struct Corpus {
    folder: tempfile::TempDir,
}

impl Corpus {
    fn new() -> Corpus {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let line = |(id, text): &(&str, &str)| json!({ "id": id, "text": text }).to_string() + "\n";
        let feed: String = ARTICLES.iter().map(line).collect();
        fs::write(folder.path().join("feed.jsonl"), feed).expect("it can be written");
        Corpus { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, out: &str, options: &[&str]) -> PathBuf {
        let out = self.path(out);
        let mut run = standpoint();
        run.arg("run").arg(self.path("feed.jsonl")).args(["--target", "the carbon levy"]);
        run.args(["--embedder", "lexical", "--stance-model", "lexical", "--tagger", "rules"]);
        let ran = output(run.args(options).arg("--out").arg(&out));
        assert_eq!(code(&ran), 0, "{}", stderr(&ran));
        let verified = output(standpoint().arg("verify").arg(&out));
        assert_eq!(code(&verified), 0, "{}", stdout(&verified));
        out
    }
}

/// Document and holder of the actors' records, in their order.
fn holders(out: &Path) -> Vec<(String, String)> {
    let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
    let records = rows(&out.join("stances.jsonl"));
    let actors = records.iter().filter(|row| row["holder_kind"] == "actor");
    actors.map(|row| (text(row, "document"), text(row, "holder"))).collect()
}

fn of(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(document, holder)| (document.to_owned(), holder.to_owned())).collect()
}

/// Variants with holder, rule, the name that it was merged with, and the pieces and rows of evidence.
fn variants(out: &Path) -> Vec<Value> {
    let row = |row: &Value| {
        json!([
            row["variant"], row["holder"], row["rule"], row["merged_with"], row["pieces"],
            row["evidence"]
        ])
    };
    rows(&out.join("holders.jsonl")).iter().map(row).collect()
}

#[test]
fn an_actor_has_one_name_in_all_documents_and_the_table_says_why() {
    let corpus = Corpus::new();
    let out = corpus.run("out", &["--threads", "1"]);
    let expected = [
        ("a", "Ilse Maron"),
        ("b", "Ilse Maron"),
        ("c", "Ilse Maron"),
        ("c", "Veldan Wind Union"),
        ("d", "United States"),
        ("d", "Veldan Wind Union"),
        ("e", "Ilse Maron"),
        ("e", "United States"),
        ("f", "Kyiv"),
        ("f", "Otto Strenn"),
        ("f", "Piet Strenn"),
    ];
    assert_eq!(holders(&out), of(&expected));
    assert_eq!(
        variants(&out),
        [
            json!(["Ilse K. Maron", "Ilse Maron", "middle name", "Ilse Maron", 1, 1]),
            json!(["Ilse Maron", "Ilse Maron", null, null, 2, 4]),
            json!(["Kyiv", "Kyiv", null, null, 1, 1]),
            json!(["Maron", "Ilse Maron", "surname", "Ilse Maron", 1, 1]),
            json!(["Otto Strenn", "Otto Strenn", null, null, 1, 1]),
            json!(["Piet Strenn", "Piet Strenn", null, null, 1, 1]),
            json!(["U.S", "United States", "starting list", "United States", 1, 1]),
            json!(["United States", "United States", null, null, 1, 1]),
            json!(["VWU", "Veldan Wind Union", "acronym", "Veldan Wind Union", 1, 1]),
            json!(["Veldan Wind Union", "Veldan Wind Union", null, null, 1, 1]),
        ]
    );
    let evidence = rows(&out.join("evidence.jsonl"));
    let row = evidence.iter().find(|row| row["document"] == "c" && row["holder"] == "Ilse Maron");
    assert_eq!(row.unwrap()["named"], "Maron", "evidence keeps the document's name");
    let passages = rows(&out.join("passages.jsonl"));
    let actors: Vec<&Value> = passages.iter().map(|row| &row["actor"]).collect();
    assert!(actors.contains(&&json!("Veldan Wind Union")) && !actors.contains(&&json!("VWU")));

    assert_same(&corpus.run("three", &["--threads", "3"]), &out);
}

#[test]
fn a_users_aliases_undo_and_make_merges_and_stay_with_the_run() {
    let corpus = Corpus::new();
    let aliases = corpus.path("names.csv");
    fs::write(&aliases, "variant,name\nMaron,Maron\nKyiv,Ukraine\nUS,US\nOtto Strenn,O. Strenn\n")
        .unwrap();
    let out = corpus.run("out", &["--aliases", &aliases.to_string_lossy()]);
    let found = holders(&out);
    for expected in [("c", "Maron"), ("d", "US"), ("e", "United States"), ("f", "Ukraine")] {
        assert!(found.contains(&of(&[expected])[0]), "{expected:?}: {found:#?}");
    }
    let found = variants(&out);
    for expected in [
        json!(["Kyiv", "Ukraine", "alias file", "Ukraine", 1, 1]),
        json!(["Maron", "Maron", null, null, 1, 1]),
        json!(["Otto Strenn", "O. Strenn", "alias file", "O. Strenn", 1, 1]),
        json!(["U.S", "US", "alias file", "US", 1, 1]),
    ] {
        assert!(found.contains(&expected), "{expected}: {found:#?}");
    }

    // The file is hashed with the outputs, and a replay needs no other.
    let manifest: Value = serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    let kept = fs::read(out.join("aliases.csv")).unwrap();
    assert_eq!(kept, fs::read(&aliases).unwrap());
    let outputs = manifest["outputs"].as_array().unwrap();
    let named = outputs.iter().find(|output| output["name"] == "aliases.csv").unwrap();
    assert_eq!(named["blake3"], blake3::hash(&kept).to_hex().to_string());
    fs::remove_file(&aliases).unwrap();
    let again = corpus.path("again");
    let replayed = output(standpoint().arg("replay").arg(&out).arg("--out").arg(&again));
    assert_eq!(code(&replayed), 0, "{}{}", stdout(&replayed), stderr(&replayed));
    assert_same(&again, &out);

    // A run without the file into the same folder leaves none behind.
    corpus.run("out", &[]);
    assert!(!out.join("aliases.csv").exists());
}

#[test]
fn the_starting_list_is_a_file_of_aliases_and_a_wrong_one_is_told_with_its_line() {
    let corpus = Corpus::new();
    let printed = output(standpoint().arg("aliases"));
    let list = stdout(&printed);
    assert!(list.starts_with("variant,name\n") && list.contains("\nKyiv,Ukraine\n"), "{list:.200}");
    let path = corpus.path("list.csv");
    fs::write(&path, &list).unwrap();
    // As a setting, beside the settings that name it.
    let settings = corpus.path("standpoint.toml");
    fs::write(&settings, format!("aliases = {:?}\n", path.to_string_lossy())).unwrap();
    let out = corpus.run("out", &["--config", &settings.to_string_lossy()]);
    assert!(holders(&out).contains(&of(&[("f", "Ukraine")])[0]));

    fs::write(&path, "variant,name\nKyiv,Ukraine\nKyiv,Rus\n").unwrap();
    let mut run = standpoint();
    run.arg("run").arg(corpus.path("feed.jsonl")).args(["--target", "x", "--aliases"]).arg(&path);
    let failed = output(&mut run);
    assert_eq!(code(&failed), 2);
    let expected = format!(
        "standpoint: {}: line 3: \"Kyiv\" is \"Rus\" here and \"Ukraine\" in line 2: keep one\n",
        path.display()
    );
    assert_eq!(stderr(&failed), expected);
}

#[test]
fn what_actors_speak_of_is_proposed_and_can_be_asked_about_as_it_is() {
    let corpus = Corpus::new();
    let discover = |out: &str, threads: &str| {
        let out = corpus.path(out);
        let mut run = standpoint();
        run.arg("run").arg(corpus.path("feed.jsonl")).args(["--discover", "--tagger", "rules"]);
        run.args(["--embedder", "lexical", "--stance-model", "lexical", "--threads", threads]);
        let ran = output(run.arg("--out").arg(&out));
        assert_eq!(code(&ran), 0, "{}", stderr(&ran));
        let said = stdout(&ran);
        assert!(said.contains("documents  6 read, 0 failed; 6 pieces\nproposals  1 in "), "{said}");
        out
    };
    let out = discover("out", "1");
    let file = fs::read_to_string(out.join("discovered.toml")).unwrap();
    assert!(
        file.contains("\n[[target]]\nid = \"carbon-levy\"\ntext = \"carbon levy\"\n"),
        "{file}"
    );
    let counts = "# 6 pieces, 6 actors: Ilse Maron (3), United States (2), Veldan Wind Union (2), Kyiv (1), \
                  Otto Strenn (1), Piet Strenn (1)\n";
    assert!(file.contains(counts), "{file}");
    assert!(file.contains("who is for or against it was not asked"), "{file}");
    let pair = |row: &Value| json!([row["target"], row["kind"], row["holder"], row["pieces"]]);
    let pairs: Vec<Value> = rows(&out.join("pairs.jsonl")).iter().map(pair).collect();
    assert_eq!(pairs.len(), 6);
    assert_eq!(pairs[0], json!(["carbon-levy", "phrase", "Ilse Maron", 3]));
    assert_same(&discover("three", "3"), &out);

    // The file is a target file, and a run into the same folder is whole with what was found beside it.
    let targets = out.join("discovered.toml");
    let mut run = standpoint();
    run.arg("run").arg(corpus.path("feed.jsonl")).arg("--targets").arg(&targets);
    run.args(["--embedder", "lexical", "--stance-model", "lexical", "--tagger", "rules"]);
    let ran = output(run.arg("--out").arg(&out));
    assert_eq!(code(&ran), 0, "{}", stderr(&ran));
    assert!(holders(&out).contains(&of(&[("a", "Ilse Maron")])[0]));
    assert_eq!(fs::read_to_string(&targets).unwrap(), file);
    let verified = output(standpoint().arg("verify").arg(&out));
    assert_eq!(code(&verified), 0, "{}", stdout(&verified));

    // Proposals that somebody edited are not lost to the next ones.
    let edited = file.replace("carbon levy", "a carbon levy");
    fs::write(&targets, &edited).unwrap();
    discover("out", "1");
    assert_eq!(fs::read_to_string(&targets).unwrap(), file);
    assert_eq!(fs::read_to_string(out.join("discovered.toml.before")).unwrap(), edited);
}
