//! A person as target: others stand somewhere toward her, and she does not because she is named.

// Clippy takes only the tests themselves for tests, not what they share.
#![allow(clippy::unwrap_used)]

use standpoint_core::{Classification, ModelError, ModelInfo, Pair, Probabilities, StanceModel};
use standpoint_ingest::Fields;
use standpoint_pipeline::{
    AliasFile, Background, Corpus, Job, Models, read_aliases, run, targets_from_phrases,
};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

/// A model that can be asked whose stance it is, and takes everybody for being in favor.
struct Sure(ModelInfo);

impl StanceModel for Sure {
    fn info(&self) -> &ModelInfo {
        &self.0
    }
    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError> {
        let probabilities = Probabilities::new(0.9, 0.05, 0.05);
        Ok(pairs.iter().map(|_| Classification { probabilities, truncated: 0 }).collect())
    }
}

/// Document and holder of the records about Ilse Maron.
fn records(articles: &[(&str, &str)], aliases: Option<&str>) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.jsonl");
    let line = |(id, text): &(&str, &str)| {
        serde_json::json!({ "id": id, "text": text }).to_string() + "\n"
    };
    fs::write(&feed, articles.iter().map(line).collect::<String>()).unwrap();
    let aliases = match aliases {
        Some(csv) => {
            let path = folder.path().join("aliases.csv");
            fs::write(&path, csv).unwrap();
            read_aliases(&path).unwrap()
        }
        None => AliasFile::default(),
    };
    let info = ModelInfo { reads_holders: true, ..lexical::stance_model().info().clone() };
    let job = Job {
        corpus: Corpus { inputs: vec![feed], fields: Fields::default() },
        targets: targets_from_phrases(["Ilse Maron"]),
        out: folder.path().join("out"),
        threads: 1,
        aliases,
        abstain_below: 0.4,
        settings: BTreeMap::new(),
        background: Background::default(),
    };
    let models = Models {
        embedder: Arc::new(lexical::embedder()),
        stance: Arc::new(Sure(info)),
        tagger: Arc::new(standpoint_stance::RuleTagger::default()),
    };
    run(&job, &models, &|_| {}).unwrap();
    let stances = fs::read_to_string(job.out.join("stances.jsonl")).unwrap();
    let rows = stances.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.map(|row| (text(&row, "document"), text(&row, "holder"))).collect()
}

fn of(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(document, holder)| (document.to_owned(), holder.to_owned())).collect()
}

#[test]
fn others_stand_toward_a_person_and_she_does_not_by_being_named() {
    let article = "Energy Minister Ilse Maron opened the plant by the river on Monday. Otto Strenn said that \
                   Ilse Maron is a blessing for the valley. Ilse Maron left before the rain came.";
    assert_eq!(records(&[("a", article)], None), of(&[("a", "author"), ("a", "Otto Strenn")]));

    // What she says of herself is hers.
    let own = "The hall was full on Monday evening. Ilse Maron said that Ilse Maron was right from the start.";
    assert!(records(&[("b", own)], None).contains(&of(&[("b", "Ilse Maron")])[0]));
}

#[test]
fn nor_does_she_by_being_named_otherwise() {
    let article = "On Tuesday the guests met Iron Lady and the many friends of Ilse Maron in the hall by the sea.";
    let apart = records(&[("a", article)], None);
    assert_eq!(apart, of(&[("a", "author"), ("a", "Iron Lady")]), "she might be another");
    let aliases = "variant,name\nIron Lady,Ilse Maron\n";
    assert_eq!(records(&[("a", article)], Some(aliases)), of(&[("a", "author")]));
}
