//! Nothing that is fed in brings a run down: each of these ends in a failure that says what is wrong,
//! or in a correct document.

use std::io::Write;
use std::path::{Path, PathBuf};

use standpoint_core::{Document, Failure};
use standpoint_ingest::{Fields, Format, Input, discover, open, passages, prepare};

fn read(name: &str, content: &[u8]) -> Vec<Result<Document, Failure>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("input");
    std::fs::write(&path, content).expect("a file");
    read_file(name, path)
}

/// On a stack as small as that of a worker thread.
fn read_file(name: &str, path: PathBuf) -> Vec<Result<Document, Failure>> {
    let format = Format::of(Path::new(name)).expect("a format");
    let input = Input { path, name: name.to_owned(), format };
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        match open(&input, &Fields::default()) {
            Ok(reader) => reader.map(|raw| raw.and_then(prepare)).collect(),
            Err(failure) => vec![Err(failure)],
        }
    });
    worker.expect("a thread").join().expect("no panic")
}

/// The only failure of a file that gives no document.
fn failure(name: &str, content: &[u8]) -> String {
    match &read(name, content)[..] {
        [Err(failure)] => failure.to_string(),
        rows => panic!("{name}: {rows:?}"),
    }
}

fn texts(name: &str, content: &[u8]) -> Vec<String> {
    read(name, content).into_iter().flatten().map(|document| document.text).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packed.write_all(content).expect("memory");
    packed.finish().expect("memory")
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut packed);
    for (name, content) in entries {
        let name = rawzip::path::EntryPath::verbatim(name.as_bytes());
        let (mut entry, config) = archive.new_file(name).start().expect("an entry");
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).expect("memory");
        let (_, descriptor) = writer.finish().expect("memory");
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory");
    packed
}

#[test]
fn paths_in_archives_are_names_and_lead_nowhere() {
    let packed = zip(&[
        ("../../etc/a.txt", b"One."),
        ("/etc/b.txt", b"Two."),
        ("C:\\Users\\c.txt", b"Three."),
        ("d\x1b[31m.txt", b"Four."),
        (".hidden/e.txt", b"Five."),
    ]);
    let rows = read("a.zip", &packed);
    let names: Vec<_> =
        rows.iter().flatten().map(|document| document.source.path.as_str()).collect();
    assert_eq!(
        names,
        ["a.zip/etc/a.txt", "a.zip/etc/b.txt", "a.zip/C:/Users/c.txt", "a.zip/d\u{fffd}[31m.txt"]
    );
}

#[test]
fn a_bomb_ends_when_it_has_expanded_to_200_times_its_size() {
    // 128 MB in 12 kB; allowed are 64 MB and 200 times 12 kB.
    let line = [&[b'x'; 1 << 16][..], b"\n"].concat();
    let bomb = zstd::bulk::compress(&line.repeat(2000), 1).expect("memory");
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let rows = read("bomb.mbox.zst", &bomb);
    let [Err(ended)] = &rows[..] else { panic!("{rows:?}") };
    assert!(ended.reason.contains("expands to more than 200 times its size"), "{ended}");
    // In an archive it takes the archive's allowance with it.
    let packed = zip(&[("a.txt", b"One."), ("b.mbox.zst", &bomb), ("c.txt", b"Two.")]);
    let rows = read("a.zip", &packed);
    let [Ok(one), Err(ended), Err(rest)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(one.text, "One.");
    assert!(ended.reason.contains("expands to more than 200 times its size"), "{ended}");
    assert!(rest.reason.starts_with("the rest of the archive is not read"), "{rest}");
}

#[test]
fn archives_in_archives_end_at_a_depth() {
    let mut packed = zip(&[("a.txt", b"One.")]);
    for _ in 0..4 {
        packed = zip(&[("in.zip", &packed)]);
    }
    assert_eq!(
        failure("a.zip", &packed),
        "a.zip/in.zip/in.zip/in.zip/in.zip: packed files lie more than 4 deep in each other; unpack \
         the outer ones"
    );
}

#[test]
fn broken_archives_say_so_and_keep_what_they_gave() {
    assert!(failure("a.zip", b"PK\x03\x04 not really").starts_with("a.zip: no zip file"));
    assert!(failure("a.tar", &[b'x'; 2000]).contains("no tar file, or damaged"));
    assert!(failure("a.txt.gz", b"\x1f\x8b").contains("cannot be read"));
    assert!(failure("a.txt.zst", b"not zstd").contains("cannot be read"));
    assert_eq!(failure("a.zip", &zip(&[])), "a.zip: empty: the archive holds no file");
    let lines = "{\"text\": \"One.\"}\n".repeat(5000);
    let packed = gzip(lines.as_bytes());
    let rows = read("a.jsonl.gz", &packed[..packed.len() / 2]);
    assert!(rows.len() > 10 && rows[0].is_ok(), "{}", rows.len());
    assert!(rows.last().is_some_and(Result::is_err));
    // A bit that fell over is noticed by the archive's checksum.
    let mut packed = zip(&[("a.txt", b"One."), ("b.txt", b"Two.")]);
    let at = packed.windows(4).position(|window| window == b"One.").expect("stored");
    packed[at] = b'P';
    let rows = read("a.zip", &packed);
    assert!(rows[0].is_err() && rows[1].is_ok(), "{rows:?}");
    // Every cut of a tape is read without a panic.
    let mut tape = tar::Builder::new(vec![]);
    for name in ["a.txt", "b.txt"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(4);
        header.set_cksum();
        tape.append_data(&mut header, name, &b"One."[..]).expect("memory");
    }
    let tape = tape.into_inner().expect("memory");
    assert_eq!(texts("a.tar", &tape), ["One.", "One."]);
    for length in (0..tape.len()).step_by(100) {
        read("a.tar", &tape[..length]);
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = |open: &str, close: &str| open.repeat(200_000) + "x" + &close.repeat(200_000);
    let (div, array) = (deep("<div>", "</div>"), deep("[", "]"));
    assert!(failure("a.html", div.as_bytes()).contains("nested more than 256 deep"));
    let json = format!("{{\"text\": {array}}}");
    assert!(failure("a.jsonl", json.as_bytes()).contains("recursion limit exceeded"));
    assert!(failure("a.json", json.as_bytes()).contains("recursion limit exceeded"));
    for root in ["rss", "feed", "newsItem"] {
        let xml = format!("<{root}>{}</{root}>", deep("<a>", "</a>"));
        read("a.xml", xml.as_bytes());
    }
    let item =
        format!("<rss><channel><item><description>{div}</description></item></channel></rss>");
    read("a.rss", item.as_bytes());
    let rtf = format!("{{\\rtf1 {}", deep("{", "}"));
    assert!(failure("a.rtf", rtf.as_bytes()).contains("nested more than 1000 deep"));
    let body = format!("<w:p>{}</w:p>", deep("<w:r>", "</w:r>"));
    read("a.docx", &zip(&[("word/document.xml", body.as_bytes())]));
    let boundary = "Content-Type: multipart/mixed; boundary=a\n\n--a\n".repeat(20_000);
    read("a.eml", format!("From: a@x.example\n{boundary}").as_bytes());
    let messages = |depth| "Content-Type: message/rfc822\n\n".repeat(depth) + "Subject: x\n\nText.";
    let reason = failure("a.eml", messages(20_000).as_bytes());
    assert!(reason.contains("more than 100 messages in this one"), "{reason}");
    read("a.eml", messages(100).as_bytes());
    let pdf = format!("%PDF-1.4\n1 0 obj\n{array}\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF");
    assert!(failure("a.pdf", pdf.as_bytes()).contains("PDF"));
}

#[test]
fn pages_that_would_take_their_parser_long_or_much_memory_are_refused() {
    let page = |body: &str| failure("a.html", format!("<p>The levy works.</p>{body}").as_bytes());
    assert!(page(&"<a href=x>x</a>".repeat(50_000)).contains("more than 50000 elements"));
    assert!(page(&"x ".repeat(8 << 20)).contains("longer than 16 MB"));
    // Each name is held against all before it. Whoever looks for the end of a tag, or passes over scripts and
    // comments, can be led past these.
    let many: String = (0..20_000).map(|i| format!(" a{i}=\">\"")).collect();
    for before in
        ["", "<!-- <script> -->", "<script>a<b c=\"</script>", "<textarea><style></textarea>"]
    {
        let reason = page(&format!("{before}<p{many}>x</p>"));
        assert!(reason.contains("too many attributes"), "{before}: {reason}");
    }
    let overlapping = page(&"<p x".repeat(100_000));
    assert!(overlapping.contains("too many attributes"), "{overlapping}");
    assert!(page(&"<div>".repeat(300)).contains("nested more than 256 deep"));
    // No word of a value is an attribute.
    let words = format!(
        "<p data-a='{}' b=c/d>{}</p>",
        "word ".repeat(20_000),
        "The levy works. ".repeat(20)
    );
    assert_eq!(texts("a.html", words.as_bytes()).len(), 1);
}

#[test]
fn entities_do_not_expand() {
    let mut laughs = "<!DOCTYPE rss [<!ENTITY a \"ha\">".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        laughs += &format!("<!ENTITY {name} \"{}\">", format!("&{of};").repeat(50));
    }
    laughs += "]>";
    let feed = format!(
        "{laughs}<rss version=\"2.0\"><channel><title>x</title><item><title>&i;</title><description>Text. \
         &i;</description></item></channel></rss>"
    );
    for text in texts("a.rss", feed.as_bytes()) {
        assert!(text.len() < 100, "{}", text.len());
    }
    let item = format!(
        "{laughs}<newsItem><contentSet><inlineData>Text &amp; &i;</inlineData></contentSet></newsItem>"
    );
    assert_eq!(texts("a.xml", item.as_bytes()), ["Text & &i;"]);
    let outside = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><newsItem><contentSet>\
                   <inlineData>Text &a;</inlineData></contentSet></newsItem>";
    assert_eq!(texts("a.xml", outside.as_bytes()), ["Text &a;"]);
}

#[test]
fn files_that_are_none_of_their_kind_say_what_was_expected() {
    let mut said = Vec::new();
    for name in [
        "a.json", "a.xml", "a.warc", "a.docx", "a.epub", "a.rtf", "a.pdf", "a.parquet", "a.zip",
        "a.tar",
    ] {
        let reason = failure(name, b"Dear reader, this is a letter.");
        assert!(
            reason.starts_with(&format!("{name}:")) || reason.starts_with("a.json:1:"),
            "{reason}"
        );
        said.push(reason.split(": ").nth(1).unwrap_or_default().to_owned());
    }
    assert_eq!(
        said,
        [
            "not JSON objects",
            "no XML",
            "no WARC file, or damaged",
            "cannot be read as a Word file",
            "cannot be read as an EPUB",
            "no RTF file",
            "cannot be read as PDF",
            "cannot be read as Parquet",
            "no zip file",
            "it ends in the middle of a header. What follows in the archive is not read",
        ]
    );
    let unknown = failure("a.xml", b"<opml version=\"2.0\"><head/></opml>");
    assert!(unknown.contains("its root is <opml>"), "{unknown}");
    for name in ["a.txt", "a.md", "a.html", "a.eml", "a.rss", "a.rtf", "a.docx", "a.pdf", "a.tar"] {
        assert_eq!(read(name, b"").iter().filter(|row| row.is_ok()).count(), 0, "{name}");
    }
}

#[test]
fn strange_text_is_text() {
    let cases = [
        "قال الوزير إن الضريبة ضرورية. ورفضت المعارضة ذلك.",
        "Z̸̡̢̛͉̳͙͑̽͐a̷͚̅l̵̳̈́g̴̱̈o̶͚͆ said no. He meant it.",
        "👩‍👩‍👧‍👦🇩🇪 We agree. 👍🏽",
        "No.",
        "\u{202e}evil\u{202c} text. And more.",
        "a\u{0}b. Next.",
        "\u{feff}\u{feff}Marked twice. Yes.",
        &"a\u{301}".repeat(5000),
        "..........",
    ];
    for case in cases {
        for row in read("a.txt", case.as_bytes()) {
            let Ok(document) = row else { continue };
            let found = passages(&document);
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
            let shown: String = found.iter().filter_map(|p| p.span.of(&document.text)).collect();
            let cut: usize = document.cuts.iter().map(|cut| letters(&cut.text)).sum();
            assert_eq!(letters(&shown) + cut, letters(&document.text), "{case}");
        }
    }
    assert_eq!(texts("a.txt", "No.".as_bytes()), ["No."]);
    let [Ok(nul)] = &read("a.txt", b"a\0b. Next.")[..] else { panic!() };
    assert_eq!(nul.notes, ["NUL characters that were left out: 1"]);
}

#[test]
fn text_in_no_or_in_two_encodings_is_read_in_every_format_and_noted() {
    // A whole word of UTF-8, and one byte of another encoding.
    let text = b"Zo\xC3\xAB M\xC3\xA1rk\xC3\xA1ny and Zo\xEB said: the levy is fair, and it works.";
    let around = |before: &str, after: &str| [before.as_bytes(), text, after.as_bytes()].concat();
    for (name, content) in [
        ("a.txt", around("", "")),
        ("a.md", around("# Levy\n\n", "\n")),
        ("a.html", around("<html><body><article><p>", "</p></article></body></html>")),
        ("a.csv", around("id,text\n1,\"", "\"\n")),
        ("a.jsonl", around("{\"text\": \"", "\"}\n")),
    ] {
        let rows = read(name, &content);
        let [Ok(document)] = &rows[..] else { panic!("{name}: {rows:?}") };
        assert!(
            document.text.contains("Zoë Márkány and Zoë said: the levy"),
            "{name}: {}",
            document.text
        );
        let noted = &document.notes[..];
        let expected = "bytes that are not UTF-8 and were read as windows-1252: 1";
        assert_eq!(noted, [expected], "{name}");
    }
}

#[test]
fn dates_that_cannot_be_are_left_out_and_noted() {
    let read = |date: &str| {
        let line = format!("{{\"text\": \"The levy works.\", \"date\": {date}}}\n");
        let rows = read("a.jsonl", line.as_bytes());
        let document = rows.into_iter().next().expect("a row").expect("a document");
        (document.published, document.notes)
    };
    let noted = |date: &str| {
        (None, vec![format!("the date {date} is not one, or can be read in two ways")])
    };
    for date in [
        "\"0001-01-01T00:00:00\"",
        "\"1601-01-01T00:00:00Z\"",
        "\"1970-01-01T00:00:00+00:00\"",
        "\"9999-12-31\"",
        "\"2026-02-30\"",
        "\"03/04/2026\"",
        "\"yesterday\"",
    ] {
        assert_eq!(read(date), noted(date), "{date}");
    }
    let day = |day: &str| (Some(day.to_owned()), vec![]);
    assert_eq!(read("\"2026-03-08T23:30:00-05:00\""), day("2026-03-08"));
    assert_eq!(read("1772323200"), day("2026-03-01"));
    assert_eq!(read("1772323200000"), day("2026-03-01"));
    assert_eq!(read("20260308"), day("2026-03-08"));
    assert_eq!(read("0"), noted("\"0\""));
    assert_eq!(read("\"\""), (None, vec![]));
}

/// libFuzzer found a title of any length in a reason, and the name of a tag in what the XML parser says.
#[test]
fn what_a_file_states_is_quoted_as_far_as_one_can_read() {
    let long = "x".repeat(9_000);
    let feed = format!(r#"<rss version="2.0"><channel><title>A</{long}></channel></rss>"#);
    let reason = failure("feed.rss", feed.as_bytes());
    assert!(reason.contains("</xxx") && reason.ends_with('…'), "{reason:.300}");
    assert!(reason.len() < 1_100, "{} bytes", reason.len());
    let dated = "The Ledger\n\nMarch 8, 2026 Sunday\n\n";
    let export =
        format!("1 of 1 DOCUMENTS\n\n{dated}{long}\n\nLENGTH: 45 words\n\nLANGUAGE: ENGLISH\n");
    let reason = failure("export.txt", export.as_bytes());
    let quoted = format!("below the head of the article \"{}…\"", "x".repeat(100));
    assert!(reason.contains("no text was found") && reason.ends_with(&quoted), "{reason:.300}");
    let row = format!(r#"{{"text": "The levy works.", "date": "{long}"}}"#);
    let documents = read("rows.jsonl", row.as_bytes());
    let notes = &documents[0].as_ref().expect("a document").notes;
    let quoted = format!("the date \"{}…\" is not one", "x".repeat(100));
    assert!(notes.iter().any(|note| note.starts_with(&quoted)), "{:.300}", notes.join("; "));
}

#[cfg(unix)]
#[test]
fn pipes_links_and_locked_files_do_not_stop_a_walk() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("a.txt"), "One.").expect("a file");
    std::fs::create_dir(at("loop")).expect("a folder");
    std::os::unix::fs::symlink("..", at("loop/up")).expect("a link");
    std::os::unix::fs::symlink("self.txt", at("self.txt")).expect("a link");
    let made = std::process::Command::new("mkfifo").arg(at("pipe.txt")).status();
    let listing = discover(&[folder.path().to_owned()]).expect("a listing");
    let names: Vec<_> = listing.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.txt"]);
    let skipped: Vec<_> = listing.skipped.iter().map(|skipped| skipped.reason.as_str()).collect();
    assert!(skipped.contains(&"a symbolic link; links are not followed"), "{skipped:?}");
    if made.is_ok_and(|status| status.success()) {
        let pipe = "neither a file nor a folder; pipe its content to `-`";
        assert!(skipped.contains(&pipe), "{skipped:?}");
    }
    // A folder, where a file was expected, cannot be read, whoever runs the test.
    let rows = read_file("a.txt", at("loop"));
    assert!(rows[0].as_ref().expect_err("a folder").reason.starts_with("cannot be read"));
}

#[test]
fn files_beyond_the_limit_are_refused_without_being_read_into_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("input");
    let file = std::fs::File::create(&path).expect("a file");
    // Sparse: 500 MB that take no room.
    file.set_len(500 << 20).expect("a sparse file");
    for name in ["a.txt", "a.html", "a.eml", "a.rtf", "a.xml", "a.pdf"] {
        let rows = read_file(name, path.clone());
        let reason = &rows[0].as_ref().expect_err("too long").reason;
        assert_eq!(reason, "the file is longer than 64 MB; split it into documents", "{name}");
    }
    overlong_lines(path);
}

/// A file that is one line of NULs.
fn overlong_lines(path: PathBuf) {
    for name in ["a.jsonl", "a.mbox"] {
        let rows = read_file(name, path.clone());
        let [Err(failure)] = &rows[..] else { panic!("{name}: {} rows", rows.len()) };
        assert!(failure.reason.contains("is longer than 64 MB"), "{failure}");
    }
}

#[test]
fn sentences_without_end_are_split_in_linear_time_and_offsets_hold() {
    many_sentences(100_000);
}

#[test]
#[ignore = "a minute of CPU time: a line of 1 GB, and a document of 9 million sentences, the most in 64 MB"]
fn a_line_of_1_gb_and_a_document_of_9_million_sentences() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("input");
    std::fs::File::create(&path).and_then(|file| file.set_len(1 << 30)).expect("a sparse file");
    overlong_lines(path);
    many_sentences(9_000_000);
}

fn many_sentences(count: usize) {
    let content = "Go on. ".repeat(count);
    let rows = read("a.txt", content.as_bytes());
    let [Ok(document)] = &rows[..] else { panic!("{} rows", rows.len()) };
    let found = passages(document);
    assert_eq!(found.len(), count);
    assert!(found.iter().all(|passage| passage.span.of(&document.text) == Some("Go on.")));
}

#[test]
fn a_parquet_column_that_starts_before_its_file_is_a_failure() {
    let name = "negative-column-start.parquet";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let reason = failure(name, &std::fs::read(path).expect("a fixture"));
    assert!(reason.contains("the Parquet reader broke down on it"), "{reason}");
}

#[test]
fn damaged_files_of_every_format_end_in_failures_or_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    files.sort();
    // A plain generator of numbers: the same damage in every run.
    let mut seed = 1u64;
    let mut number = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or_default() % below.max(1)
    };
    for path in files.iter().filter(|path| Format::of(path).is_some()) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let whole = std::fs::read(path).expect("a fixture");
        for round in 0..12 {
            let mut content = whole.clone();
            if round % 3 == 0 {
                content.truncate(number(whole.len()));
            }
            for _ in 0..=round {
                let at = number(content.len());
                if let Some(byte) = content.get_mut(at) {
                    *byte = u8::try_from(number(256)).unwrap_or_default();
                }
            }
            for document in read(name, &content).iter().flatten() {
                for passage in passages(document) {
                    assert!(passage.span.of(&document.text).is_some(), "{name}");
                }
            }
        }
    }
}
