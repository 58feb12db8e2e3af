//! How fast one core makes a document of a page of text: `cargo bench -p standpoint-ingest`.

use divan::counter::{BytesCount, ItemsCount};
use standpoint_core::{Document, Source};
use standpoint_ingest::{Markup, Metadata, Raw, Sketch, passages, prepare};

fn main() {
    divan::main();
}

/// An op-ed of some 800 words with everything around it that is cut.
fn text() -> String {
    let paragraph = "The levy works, and it has worked for three years in every province that has \
        tried it. Mr. Tolva says that it does not. “We will not sign a promise that is paid in \
        blood,” he told the U.N. envoy on Jan. 5. “We have done so before.” But the $3.5 billion \
        that he asks for would buy no more than 2.4 gigawatts, and those are late by ten years. ";
    let body: Vec<String> = (1..=12).map(|at| format!("{at} winters ago, {paragraph}")).collect();
    format!(
        "Pass the levy\n\nThe Harbour Courier\nBy Anna Trevane\nOpinion | Foreign Affairs\n12 March \
         2026\n\n{}\n\nAnna Trevane is a senior fellow at the Lantern Institute.\nSign up for our \
         Opinion newsletter.\n© 2026 The Harbour Courier. All rights reserved.\n",
        body.join("\n\n")
    )
}

fn raw(content: Vec<u8>, markup: Markup) -> Raw {
    let source = Source { path: "courier/levy".to_owned(), row: None };
    Raw { source, id: None, content, markup, metadata: Metadata::default(), notes: vec![] }
}

fn document() -> Document {
    prepare(raw(text().into_bytes(), Markup::Plain)).expect("a document")
}

#[divan::bench]
fn whole(bencher: divan::Bencher<'_, '_>) {
    let text = text();
    bencher
        .counter(ItemsCount::new(1usize))
        .counter(BytesCount::of_str(&text))
        .with_inputs(|| raw(text.clone().into_bytes(), Markup::Plain))
        .bench_values(|raw| {
            let document = prepare(raw).expect("a document");
            (passages(&document), Sketch::of(&document))
        });
}

#[divan::bench]
fn prepare_text(bencher: divan::Bencher<'_, '_>) {
    let text = text();
    bencher
        .counter(BytesCount::of_str(&text))
        .with_inputs(|| raw(text.clone().into_bytes(), Markup::Plain))
        .bench_values(prepare);
}

#[divan::bench]
fn prepare_html(bencher: divan::Bencher<'_, '_>) {
    let paragraphs = text().replace("\n\n", "</p>\n<p>");
    let html =
        format!("<html><body><nav>Home</nav><article><p>{paragraphs}</p></article></body></html>");
    bencher
        .counter(BytesCount::of_str(&html))
        .with_inputs(|| raw(html.clone().into_bytes(), Markup::Html))
        .bench_values(prepare);
}

#[divan::bench]
fn sentences(bencher: divan::Bencher<'_, '_>) {
    let document = document();
    bencher.counter(BytesCount::of_str(&document.text)).bench(|| passages(&document));
}

#[divan::bench]
fn sketch(bencher: divan::Bencher<'_, '_>) {
    let document = document();
    bencher.counter(BytesCount::of_str(&document.text)).bench(|| Sketch::of(&document));
}
