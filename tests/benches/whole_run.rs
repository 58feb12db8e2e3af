//! The whole job on the sample corpus, with the default models: from files to report.
//!
//! `cargo bench -p standpoint-tests`. The first run computes everything, the second finds every
//! answer in the store: what is left is reading, retrieval, pooling and writing.

use divan::Bencher;
use divan::counter::ItemsCount;
use standpoint_encoder::Precision;
use standpoint_ingest::Fields;
use standpoint_pipeline::{Corpus, Job, Models, read_targets, run};
use standpoint_tests::{root, seeds};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn main() {
    divan::main();
}

fn models() -> Models {
    Models {
        embedder: Arc::new(minilm::load(Precision::Auto).expect("the embedder is built in")),
        stance: Arc::new(
            minilm_stance::load(Precision::Auto).expect("the stance model is built in"),
        ),
        tagger: Arc::new(
            minilm_attribution::load(Precision::Auto).expect("the tagger is built in"),
        ),
    }
}

fn job(out: &Path, threads: usize) -> Job {
    Job {
        corpus: Corpus { inputs: vec![seeds()], fields: Fields::default() },
        targets: read_targets(&root().join("seeds/targets.toml")).expect("the sample's targets"),
        out: out.to_owned(),
        threads,
        aliases: standpoint_pipeline::AliasFile::default(),
        background: standpoint_pipeline::Background::default(),
        abstain_below: 0.4,
        settings: BTreeMap::new(),
    }
}

/// Documents per second of a run that finds nothing in its store.
#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn first_run(bencher: Bencher<'_, '_>, threads: usize) {
    let models = models();
    bencher
        .counter(ItemsCount::new(39_usize))
        .with_inputs(|| tempfile::tempdir().expect("a temporary folder"))
        .bench_values(|folder| {
            run(&job(folder.path(), threads), &models, &|_| ()).expect("the sample runs");
            folder
        });
}

/// Documents per second of a run that finds everything there.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn run_again(bencher: Bencher<'_, '_>) {
    let models = models();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let job = job(folder.path(), 1);
    run(&job, &models, &|_| ()).expect("the sample runs");
    bencher
        .counter(ItemsCount::new(39_usize))
        .bench_local(|| run(&job, &models, &|_| ()).expect("the sample runs"));
}
