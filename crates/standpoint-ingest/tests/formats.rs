//! Every format, on files that the programs made which people make them with (`fixtures/make.py`).

use std::path::{Path, PathBuf};

use standpoint_core::{Document, Failure, Kind};
use standpoint_ingest::{Fields, Format, Input, open, prepare};

fn read_with(name: &str, fields: &Fields) -> Vec<Result<Document, Failure>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let format = Format::of(&PathBuf::from(name)).expect("a format");
    match open(&Input { path, name: name.to_owned(), format }, fields) {
        Ok(reader) => reader.map(|raw| raw.and_then(prepare)).collect(),
        Err(failure) => vec![Err(failure)],
    }
}

fn read(name: &str) -> Vec<Result<Document, Failure>> {
    read_with(name, &Fields::default())
}

/// The documents of a file in which nothing fails.
fn documents(name: &str) -> Vec<Document> {
    read(name).into_iter().map(|row| row.unwrap_or_else(|failure| panic!("{failure}"))).collect()
}

fn failures(name: &str) -> Vec<String> {
    read(name).into_iter().filter_map(|row| Some(row.err()?.to_string())).collect()
}

const LEVY: &str = "The levy works, and it has worked for three years in every province that has \
    tried it.\n\n“Nobody in Korvaal wants it gone,” said Mr. Tolva — not even the millers.\n\n\
    Parliament should pass it before the summer, and it should not wait for Brennia.";
const PLANT: &str = "The plant at Aarn should not be built, whatever the ministry says about its \
    price.\n\nIt would take the river’s water in the very months in which the farmers need it.\n\n\
    Zoë Márkány, who has farmed there for forty years, called the plan “a theft”.";

#[test]
fn a_crawl_gives_its_pages_and_passes_over_the_rest() {
    let pages = documents("crawl.warc.gz");
    let [levy, plant] = &pages[..] else { panic!("{} pages", pages.len()) };
    // The server packed it; the page states an evening in New York.
    assert_eq!(levy.source.to_string(), "crawl.warc.gz:3");
    assert_eq!(levy.url.as_deref(), Some("https://ledger.example/opinion/pass-the-levy"));
    assert_eq!(levy.text, format!("Pass the levy\n\n{LEVY}"));
    assert_eq!(levy.published.as_deref(), Some("2026-03-08"));
    assert_eq!(levy.kind, Kind::OpEd);
    // It came in chunks, and only its server says that it is Latin-1.
    assert!(plant.text.contains("Zoë Márkány, who has farmed"), "{}", plant.text);
    assert_eq!(plant.outlet.as_deref(), Some("courier.example"));
    assert_eq!(plant.published.as_deref(), Some("2026-02-26"));
}

#[test]
fn feeds_of_all_three_kinds_say_the_same() {
    for name in ["ledger.rss", "ledger.atom", "ledger-feed.json"] {
        let entries = documents(name);
        assert_eq!(entries.len(), if name.ends_with("json") { 1 } else { 2 }, "{name}");
        let levy = &entries[0];
        assert_eq!(levy.source.to_string(), format!("{name}:1"));
        assert!(levy.id.ends_with("levy"), "{}", levy.id);
        assert_eq!(levy.text, LEVY, "{name}");
        assert_eq!(levy.title.as_deref(), Some("Pass the levy"));
        assert_eq!(levy.authors, ["Anna Trevane"]);
        assert_eq!(levy.outlet.as_deref(), Some("The Ledger"));
        // 23:30 in New York is the ninth in UTC.
        assert_eq!(levy.published.as_deref(), Some("2026-03-08"), "{name}");
        assert_eq!(levy.url.as_deref(), Some("https://ledger.example/levy"));
    }
    let rss = documents("ledger.rss");
    assert_eq!(rss[1].authors, ["Bo Wexley"]);
    assert_eq!(rss[1].rights.as_deref(), Some("© 2026 The Ledger"));
    assert_eq!(rss[1].kind, Kind::OpEd);
}

#[test]
fn agency_items_state_whose_they_are_and_from_when_on() {
    let [levy] = &documents("ninjs.json")[..] else { panic!() };
    assert_eq!(levy.id, "tag:brennian-press.example,2026:levy");
    assert_eq!(levy.text, LEVY);
    assert_eq!(levy.authors, ["Anna Trevane"]);
    assert_eq!(levy.outlet.as_deref(), Some("Brennian Press"));
    assert_eq!(levy.published.as_deref(), Some("2026-03-08"));
    assert_eq!(
        levy.rights.as_deref(),
        Some(
            "copyright: Brennian Press; use: Not for use in Sudmark; embargoed until: \
             2026-03-09T12:00:00+01:00"
        )
    );
    let [plant] = &documents("newsml-g2.xml")[..] else { panic!() };
    assert_eq!(plant.id, "urn:newsml:brennian-press.example:plant");
    assert_eq!(plant.title.as_deref(), Some("The plant & the river"));
    assert_eq!(plant.text, PLANT);
    assert_eq!(plant.authors, ["Bo Wexley"]);
    assert_eq!(plant.published.as_deref(), Some("2026-03-07"));
    assert_eq!(
        plant.rights.as_deref(),
        Some(
            "copyright: Brennian Press; use: Subscribers only; embargoed until: \
             2026-03-08T18:00:00+01:00"
        )
    );
}

#[test]
fn a_newsletter_is_its_outlets_and_a_lists_mail_its_authors() {
    let [letter] = &documents("newsletter.eml")[..] else { panic!() };
    assert_eq!(letter.text, LEVY);
    assert_eq!(letter.outlet.as_deref(), Some("The Ledger"));
    assert!(letter.authors.is_empty());
    assert_eq!(letter.published.as_deref(), Some("2026-03-08"));
    assert_eq!(letter.notes, ["attachments that were not read: 1"]);
    let list = documents("list.mbox");
    let [levy, plant] = &list[..] else { panic!("{} mails", list.len()) };
    assert_eq!(levy.text, format!("{LEVY}\n\nFrom Aarn there is nothing yet."));
    assert_eq!(levy.authors, ["Anna Trevane"]);
    assert_eq!(plant.title.as_deref(), Some("Márkány’s plant"));
    assert_eq!(plant.text, PLANT);
    assert_eq!(plant.outlet.as_deref(), Some("Brennia politics"));
    assert_eq!(plant.id, "plant@ledger.example");
}

#[test]
fn exports_of_press_databases_are_split_into_their_articles() {
    for name in [
        "lexis-academic.txt", "nexis-uni.docx", "nexis-uni.rtf", "factiva-codes.txt",
        "factiva-reading.txt",
    ] {
        let articles = documents(name);
        let [levy, plant] = &articles[..] else { panic!("{name}: {} articles", articles.len()) };
        let unwrapped = |text: &str| {
            let paragraphs: Vec<_> = text.split("\n\n").map(|p| p.replace('\n', " ")).collect();
            paragraphs.join("\n\n")
        };
        assert_eq!(levy.source.to_string(), format!("{name}:1"));
        assert_eq!(unwrapped(&levy.text), LEVY, "{name}");
        assert_eq!(unwrapped(&plant.text), PLANT, "{name}");
        assert_eq!(levy.title.as_deref(), Some("Pass the levy"), "{name}");
        assert_eq!(plant.title.as_deref(), Some("The plant at Aarn"), "{name}");
        assert_eq!(levy.authors, ["Anna Trevane"], "{name}");
        assert!(plant.authors.is_empty(), "{name}: {:?}", plant.authors);
        assert_eq!(levy.outlet.as_deref(), Some("The Ledger (Korvaal)"), "{name}");
        assert_eq!(plant.outlet.as_deref(), Some("Courier of the South"), "{name}");
        assert_eq!(levy.published.as_deref(), Some("2026-03-08"), "{name}");
        assert_eq!(plant.published.as_deref(), Some("2026-02-26"), "{name}");
        assert!(levy.rights.as_deref().unwrap_or_default().contains("2026 The Ledger"), "{name}");
        if name != "factiva-reading.txt" {
            assert_eq!(levy.kind, Kind::OpEd, "{name}");
        }
        if name.starts_with("nexis") {
            assert_eq!(levy.notes, ["lines before the first article that were not read: 7"]);
        }
    }
}

#[test]
fn word_rtf_pdf_and_epub_give_their_text() {
    for name in ["levy.docx", "levy.rtf"] {
        let [levy] = &documents(name)[..] else { panic!("{name}") };
        let text = levy.text.replace('\u{a0}', " ");
        assert!(text.starts_with(&format!("Pass the levy\n\nBy Anna Trevane\n\n{LEVY}")), "{text}");
        assert_eq!(levy.authors, ["Anna Trevane"]);
        assert_eq!(levy.title.as_deref(), Some("Pass the levy"));
    }
    assert!(documents("levy.docx")[0].text.ends_with("Korvaal\n\n41 percent"), "a table");
    let [pdf] = &documents("levy.pdf")[..] else { panic!() };
    assert_eq!(pdf.title.as_deref(), Some("Pass the levy"));
    assert!(pdf.text.contains("said Mr. Tolva - not\neven the millers.\n\nParliament"));
    assert_eq!(
        failures("scan.pdf"),
        ["scan.pdf: empty: the PDF has no text layer; run it through an OCR program"]
    );
    let [chapter] = &documents("ebooklib.epub")[..] else { panic!() };
    assert_eq!(chapter.text, format!("Pass the levy\n\n{LEVY}"));
    assert_eq!(chapter.authors, ["Anna Trevane"]);
    assert_eq!(chapter.outlet.as_deref(), Some("Ledger Books"));
    let chapters = documents("pandoc.epub");
    assert_eq!(chapters[2].source.to_string(), "pandoc.epub:3");
    assert_eq!(chapters[2].text, format!("The plant\n\n{PLANT}"));
    assert_eq!(chapters[2].published.as_deref(), Some("2026-03-08"));
}

#[test]
fn archives_are_read_to_their_inner_archives() {
    let rows = read("corpus.zip");
    let long = "x".repeat(120);
    let places: Vec<_> =
        rows.iter().flatten().map(|document| document.source.to_string()).collect();
    assert_eq!(
        places,
        [
            "corpus.zip/2024/levy.txt".to_owned(),
            "corpus.zip/up.md".to_owned(),
            format!("corpus.zip/more.tar.gz/Márkány/{long}.txt"),
            "corpus.zip/more.tar.gz/feed.jsonl:1".to_owned(),
            "corpus.zip/more.tar.gz/feed.jsonl:2".to_owned(),
            "corpus.zip/plant.jsonl.zst:1".to_owned(),
        ]
    );
    assert_eq!(
        failures("corpus.zip"),
        ["corpus.zip/more.tar.gz/link.txt: neither a file nor a folder; links are not followed"]
    );
    let [levy] = &documents("levy.txt.gz")[..] else { panic!() };
    assert!(levy.text.contains("Tolva — not"));
    assert_eq!(levy.notes, ["read as windows-1252, a guess from its letters"]);
}

#[test]
fn a_photograph_in_an_archive_is_skipped_and_no_failure() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus.zip");
    let input = Input { path, name: "corpus.zip".to_owned(), format: Format::Zip };
    let mut reader = open(&input, &Fields::default()).expect("a zip file");
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 6);
    let skipped = reader.skipped();
    assert_eq!((skipped.count, skipped.first), (1, vec!["corpus.zip/photo.jpg".to_owned()]));
}

#[test]
fn file_names_state_what_the_files_do_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("The Ledger")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("The Ledger/2026-03-08_Anna Trevane_Pass_the_levy.txt", LEVY);
    write("The Ledger/notes.txt", PLANT);
    let fields = Fields::default().with_file_names("{outlet}/{date}_{author}_{title}").unwrap();
    let listing = standpoint_ingest::discover(&[folder.path().to_owned()]).unwrap();
    let read = |at: usize| {
        let raw = open(&listing.files[at], &fields).unwrap().next().unwrap().unwrap();
        prepare(raw).unwrap()
    };
    let levy = read(0);
    assert_eq!(levy.outlet.as_deref(), Some("The Ledger"));
    assert_eq!(levy.published.as_deref(), Some("2026-03-08"));
    assert_eq!(levy.title.as_deref(), Some("Pass the levy"));
    assert_eq!(levy.authors, ["Anna Trevane"]);
    assert!(levy.notes.is_empty());
    let other = read(1);
    assert_eq!(other.outlet, None);
    assert_eq!(
        other.notes,
        ["its name does not fit file_names = \"{outlet}/{date}_{author}_{title}\""]
    );
    for (pattern, reason) in [
        ("{date", "a { is not closed"),
        ("{when}_{title}", "a file name can hold no field \"when\""),
        ("{text}", "a file name can hold no field \"text\""),
        ("a_b", "it has no field; write one as {date}"),
    ] {
        let error = Fields::default().with_file_names(pattern).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
