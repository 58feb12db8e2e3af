//! What is odd about a corpus, and not about one of its files.

use standpoint_core::Failure;
use standpoint_ingest::{Fields, MOST_PASSAGES};
use standpoint_pipeline::{Corpus, Intake, intake};

fn read(name: &str, content: &str) -> Vec<Result<Intake, Failure>> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), content).expect("a file");
    let corpus = Corpus { inputs: vec![folder.path().to_owned()], fields: Fields::default() };
    let mut items = Vec::new();
    intake(&corpus, 2, |item| {
        items.push(item);
        Ok(())
    })
    .expect("a corpus");
    items
}

#[test]
fn documents_with_one_id_are_kept_apart() {
    let row = "{\"id\": \"a\", \"text\": \"The levy works.\"}\n";
    let items = read("a.jsonl", &row.repeat(3));
    let ids: Vec<_> = items.into_iter().map(|item| item.unwrap().document.id).collect();
    assert_eq!(ids, ["a", "a (a.jsonl:2)", "a (a.jsonl:3)"]);
}

#[test]
fn a_document_of_more_sentences_than_are_worth_scoring_is_a_failure() {
    let items = read("a.txt", &"Go on. ".repeat(MOST_PASSAGES + 1));
    let [Err(failure)] = &items[..] else { panic!("{} items", items.len()) };
    assert_eq!(
        failure.to_string(),
        "a.txt: it has more than 200000 sentences; split it into documents"
    );
}
