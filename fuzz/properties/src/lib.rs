//! What has to hold of whatever is fed in.
//!
//! Each [`Property`] takes bytes as a stranger might write them, gives them to one part of Standpoint and
//! asserts what that part promises; it panics where the promise is broken. cargo-fuzz searches for such
//! bytes (`fuzz/fuzz_targets`), and `cargo test -p properties` tries the committed corpora and seeded
//! mutations of them on a stable toolchain.
//!
//! ```
//! let csv = properties::ALL.iter().find(|property| property.name == "csv").expect("it is listed");
//! csv.holds(b"title,text\nLevy,The levy works.\n");
//! ```

mod cleaning;
mod labels;
mod models;
mod page;
mod reading;
mod scratch;
mod settings;

/// Something that has to hold of any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// The name of its fuzz target, and of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Whether the fixtures of the readers, those with the extension of the file, belong to its corpus.
    pub file: Option<&'static str>,
    check: fn(&Property, &[u8]),
}

impl Property {
    /// Checks it.
    ///
    /// # Panics
    /// Where it does not hold.
    pub fn holds(&self, input: &[u8]) {
        (self.check)(self, input);
    }

    /// A reader, by the name of a file that it reads.
    const fn reader(name: &'static str, file: &'static str) -> Self {
        Self {
            name,
            file: Some(file),
            check: |own, input| reading::file(own.file.unwrap_or_default(), input),
        }
    }

    const fn of(name: &'static str, check: fn(&Property, &[u8])) -> Self {
        Self { name, file: None, check }
    }

    /// The property of that name.
    ///
    /// # Panics
    /// Where there is none.
    pub fn named(name: &str) -> &'static Property {
        ALL.iter()
            .find(|property| property.name == name)
            .expect("a property of that name is listed")
    }
}

/// All of them.
pub const ALL: &[Property] = &[
    Property::reader("text", "a.txt"),
    Property::reader("markdown", "a.md"),
    Property::reader("html", "a.html"),
    Property::reader("jsonl", "a.jsonl"),
    Property::reader("json", "a.json"),
    Property::reader("csv", "a.csv"),
    Property::reader("parquet", "a.parquet"),
    Property::reader("rss", "a.rss"),
    Property::reader("xml", "a.xml"),
    Property::reader("warc", "a.warc"),
    Property::reader("eml", "a.eml"),
    Property::reader("mbox", "a.mbox"),
    Property::reader("docx", "a.docx"),
    Property::reader("rtf", "a.rtf"),
    Property::reader("pdf", "a.pdf"),
    Property::reader("epub", "a.epub"),
    Property::reader("zip", "a.zip"),
    Property::reader("tar", "a.tar"),
    Property::reader("gzip", "a.warc.gz"),
    Property::reader("zstd", "a.jsonl.zst"),
    Property::of("cleaner", |_, input| cleaning::cuts(input)),
    Property::of("segmenter", |_, input| cleaning::passages_of_any_text(input)),
    Property::of("bylines", |_, input| cleaning::bylines(input)),
    Property::of("model_toml", |_, input| models::model_toml(input)),
    Property::of("config", |_, input| models::config(input)),
    Property::of("tokenizer", |_, input| models::tokenizer(input)),
    Property::of("safetensors", |_, input| models::safetensors(input)),
    Property::of("onnx", |_, input| models::onnx(input)),
    Property::of("targets", |_, input| settings::targets(input)),
    Property::of("aliases", |_, input| settings::aliases(input)),
    Property::of("settings", |_, input| settings::settings(input)),
    Property::of("gold", |_, input| labels::gold(input)),
    Property::of("answers", |_, input| labels::answers(input)),
    Property::of("page", |_, input| page::escapes(input)),
];
