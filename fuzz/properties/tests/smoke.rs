//! Every property on its corpus and on mutations of it, the same in every run. No nightly, no cargo-fuzz, and
//! no clock: what takes long is bounded by how much is tried.

use properties::{ALL, Property};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Mutations of each corpus; another number by `ROUNDS`, and others by `SEED`, for a search where there is no
/// cargo-fuzz.
const ROUNDS: usize = 500;

/// The longest input, in bytes.
const LONGEST: usize = 64 << 10;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files in a folder, in the order of their names; none where there is no folder.
fn contents(folder: &Path, belongs: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(&belongs));
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("it can be read")).collect()
}

fn corpus(property: &Property) -> Vec<Vec<u8>> {
    let mut corpus = contents(&root().join("fuzz/corpus").join(property.name), |_| true);
    if let Some((_, ending)) = property.file.and_then(|file| file.split_once('.')) {
        let fixtures = root().join("crates/standpoint-ingest/tests/fixtures");
        corpus.extend(contents(&fixtures, |name| name.ends_with(&format!(".{ending}"))));
    }
    corpus
}

/// A damaged copy of one of the inputs.
fn mutated(corpus: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    /// What means something in one format or other.
    const WORDS: [&[u8]; 14] = [
        b"\0",
        b"\n",
        b"\"",
        b"<",
        b"</",
        b"{",
        b"[",
        b"\xff\xfe",
        b"\xe2\x80",
        b"-1",
        b"4294967295",
        b"18446744073709551615",
        b"1e400",
        b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    ];
    let mut input = corpus[random.usize(..corpus.len())].clone();
    for _ in 0..=random.usize(..4) {
        let at = random.usize(..=input.len());
        let end = (at + random.usize(..32)).min(input.len());
        match random.u8(..7) {
            0 if at < input.len() => input[at] ^= 1 << random.u8(..8),
            1 if at < input.len() => input[at] = random.u8(..),
            2 => input.truncate(at),
            3 => _ = input.drain(at..end),
            4 => _ = input.splice(at..at, input[at..end].to_vec().repeat(random.usize(1..20))),
            5 => _ = input.splice(at..end, WORDS[random.usize(..WORDS.len())].iter().copied()),
            _ => {
                let other = &corpus[random.usize(..corpus.len())];
                let from = random.usize(..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input.truncate(LONGEST);
    input
}

/// Checks one input on a stack as small as that of a worker thread.
fn holds(property: &'static Property, input: Vec<u8>, what: &str) {
    let kept = input.clone();
    let worker = std::thread::Builder::new().stack_size(2 << 20);
    let checked = worker.spawn(move || property.holds(&input)).expect("a thread").join();
    if checked.is_err() {
        let path = std::env::temp_dir().join(format!("{}-{what}", property.name));
        fs::write(&path, kept).expect("the input can be kept");
        panic!("{} does not hold of {what}, kept as {}", property.name, path.display());
    }
}

fn smoke(name: &str) {
    let property = Property::named(name);
    let corpus = corpus(property);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for (number, input) in corpus.iter().enumerate() {
        holds(property, input.clone(), &format!("input-{number}"));
    }
    let given = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let mut random = fastrand::Rng::with_seed(given("SEED").unwrap_or(1));
    let rounds = given("ROUNDS").map_or(ROUNDS, |rounds| usize::try_from(rounds).unwrap_or(ROUNDS));
    for round in 0..rounds {
        holds(property, mutated(&corpus, &mut random), &format!("round-{round}"));
    }
}

/// One test a property, so that they share the processors.
macro_rules! smoke {
    ($($name:ident)*) => {
        $(#[test] fn $name() { smoke(stringify!($name)) })*

        const TRIED: &[&str] = &[$(stringify!($name)),*];
    };
}

smoke! {
    text markdown html jsonl json csv parquet rss xml warc eml mbox docx rtf pdf epub zip tar gzip zstd
    cleaner segmenter bylines model_toml config tokenizer safetensors onnx targets aliases settings gold answers page
}

#[test]
fn every_property_is_tried_and_has_its_fuzz_target() {
    let listed: BTreeSet<&str> = ALL.iter().map(|property| property.name).collect();
    assert_eq!(TRIED.iter().copied().collect::<BTreeSet<_>>(), listed);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("it can be read");
    for name in listed {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no [[bin]]");
        let target = fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{name}.rs")));
        assert!(target.is_ok_and(|text| text.contains(&format!("\"{name}\""))), "{name}.rs");
    }
}

#[test]
fn data_that_are_deflated_hold_no_markup_either() {
    Property::named("page").holds("</script><b>".repeat(20_000).as_bytes());
}
