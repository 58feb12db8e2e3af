//! What the models are asked in the course of a run: everything once, and nothing twice.

// Clippy takes only the tests themselves for tests, not what they share.
#![allow(clippy::unwrap_used)]

use standpoint_core::{
    AttributionTagger, Classification, Embedder, Embeddings, ModelError, ModelInfo, Pair,
    StanceModel, Tagged,
};
use standpoint_ingest::Fields;
use standpoint_pipeline::{Corpus, Job, Models, run, targets_from_phrases};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

const ARTICLE: &str = "\
The carbon levy will hurt small firms, and the ministers know it. For ten years the council has \
promised relief and delivered none. A carbon levy is a blunder that punishes people who drive to \
work because no bus comes to their village. The plant on the river stands idle while the committee \
debates. Those who drafted the carbon levy have never run a bakery. I have, and the ovens do not \
care about speeches. Let the assembly repeal it before the winter comes.";

const OTHER: &str = "\
The new bridge opened on Monday to warm applause. It took nine years, four mayors and two lawsuits. \
The carbon levy paid for a third of it, and that is a sound use of the money. Walkers were first \
across, then the buses, then everybody else.";

const ELSEWHERE: &str = "\
The heron is back at the weir. “She comes every spring,” said Jon Arel, who keeps the lock. He has \
counted nine chicks this year, and the fish have never been better.";

/// The lexical models and the rules, which also write down what they are asked.
struct Recorded<M> {
    model: M,
    asked: Arc<Mutex<Vec<String>>>,
}

impl<M> Recorded<M> {
    fn write_down(&self, what: impl Iterator<Item = String>) {
        self.asked.lock().unwrap().extend(what);
    }
}

impl<M: Embedder> Embedder for Recorded<M> {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }
    fn dimensions(&self) -> usize {
        self.model.dimensions()
    }
    fn bearing_similarity(&self) -> f32 {
        self.model.bearing_similarity()
    }
    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelError> {
        self.write_down(texts.iter().map(|text| format!("embed {text}")));
        self.model.embed(texts)
    }
}

impl<M: StanceModel> StanceModel for Recorded<M> {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }
    fn classify(&self, pairs: &[Pair<'_>]) -> Result<Vec<Classification>, ModelError> {
        self.write_down(pairs.iter().map(|pair| format!("{} | {}", pair.target, pair.text)));
        self.model.classify(pairs)
    }
}

impl<M: AttributionTagger> AttributionTagger for Recorded<M> {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }
    fn tag(&self, paragraphs: &[&str]) -> Result<Vec<Tagged>, ModelError> {
        self.write_down(paragraphs.iter().map(|text| format!("tag {text}")));
        self.model.tag(paragraphs)
    }
}

/// Runs over articles, each with an outlet, and returns what the models were asked, sorted.
fn asked(articles: &[(&str, &str)], out: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.jsonl");
    let line = |(i, (outlet, text)): (usize, &(&str, &str))| {
        let id = format!("{outlet}-{i}");
        serde_json::json!({ "id": id, "sitename": outlet, "text": text }).to_string() + "\n"
    };
    fs::write(&feed, articles.iter().enumerate().map(line).collect::<String>()).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let models = Models {
        embedder: Arc::new(Recorded { model: lexical::embedder(), asked: asked.clone() }),
        stance: Arc::new(Recorded { model: lexical::stance_model(), asked: asked.clone() }),
        tagger: Arc::new(Recorded {
            model: standpoint_stance::RuleTagger::default(),
            asked: asked.clone(),
        }),
    };
    let job = Job {
        corpus: Corpus { inputs: vec![feed], fields: Fields::default() },
        targets: targets_from_phrases(["the carbon levy", "the plant"]),
        out: out.to_owned(),
        threads: 2,
        background: standpoint_pipeline::Background::default(),
        aliases: standpoint_pipeline::AliasFile::default(),
        abstain_below: 0.4,
        settings: BTreeMap::new(),
    };
    let summary = run(&job, &models, &|_| {}).unwrap();
    assert_eq!(summary.documents, articles.len() as u64);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    asked
}

#[test]
fn copies_of_a_piece_cost_no_call_of_a_model_but_for_who_speaks_in_a_changed_paragraph() {
    let folder = tempfile::tempdir().unwrap();
    let alone = asked(&[("Gazette", ARTICLE)], &folder.path().join("alone"));
    assert!(alone.iter().any(|what| what.starts_with("the carbon levy | ")), "{alone:?}");

    // As it is printed elsewhere: whole, and without the end.
    let (shortened, _) = ARTICLE.rsplit_once("Let the assembly").unwrap();
    let copies = [("Gazette", ARTICLE), ("Herald", ARTICLE), ("Courier", shortened)];
    let mut expected = alone;
    expected.push(format!("tag {}", shortened.trim_end()));
    expected.sort();
    assert_eq!(asked(&copies, &folder.path().join("copies")), expected);
}

#[test]
fn nothing_is_asked_twice_in_a_run_or_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let first = asked(&[("Gazette", ARTICLE)], &out);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len(), "{first:?}");

    // The targets' own vectors are in no store.
    let targets = ["embed the carbon levy", "embed the plant"];
    assert_eq!(asked(&[("Gazette", ARTICLE)], &out), targets);

    let grown = asked(&[("Gazette", ARTICLE), ("Herald", OTHER)], &out);
    assert_eq!(grown, asked(&[("Herald", OTHER)], &folder.path().join("other")));
}

#[test]
fn nobody_listens_to_a_document_that_bears_on_no_target() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let asked = asked(&[("Gazette", ARTICLE), ("Herald", ELSEWHERE)], &out);
    assert!(asked.contains(&format!("tag {ARTICLE}")), "{asked:?}");
    assert!(asked.contains(&"embed The heron is back at the weir.".to_owned()), "{asked:?}");
    let elsewhere = |what: &&String| what.starts_with("tag The heron");
    assert_eq!(asked.iter().find(elsewhere), None);

    let passages = fs::read_to_string(out.join("passages.jsonl")).unwrap();
    let voices = |document: &str| -> BTreeSet<String> {
        let rows = passages.lines().map(|line| serde_json::from_str(line).unwrap());
        let rows = rows.filter(|row: &serde_json::Value| row["document"] == document);
        rows.map(|row| row["voice"].to_string()).collect()
    };
    let listened = ["\"own\"", "\"paraphrased\""].map(str::to_owned);
    assert_eq!(voices("Gazette-0"), BTreeSet::from(listened));
    assert_eq!(voices("Herald-1"), BTreeSet::from(["null".to_owned()]));
}
