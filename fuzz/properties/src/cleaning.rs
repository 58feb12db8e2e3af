//! The cleaner and the segmenter: offsets are sacred.

use standpoint_core::{Document, Kind, Source};
use standpoint_ingest::{Markup, Metadata, Raw, passages, prepare};

/// The longest passage, in bytes.
const LONGEST: usize = 1200;

/// The cleaner on plain text, told a title and authors or not.
pub(crate) fn cuts(input: &[u8]) {
    let (&choice, content) = input.split_first().unwrap_or((&0, &[]));
    let line = |at: usize| {
        let line = content.split(|byte| *byte == b'\n').nth(at).unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    };
    let metadata = Metadata {
        title: (choice & 1 != 0).then(|| line(0)),
        authors: if choice & 2 != 0 { vec![line(1)] } else { vec![] },
        outlet: (choice & 4 != 0).then(|| line(2)),
        url: (choice & 8 != 0).then(|| line(3)),
        published: (choice & 16 != 0).then(|| line(4)),
        ..Metadata::default()
    };
    let markup = if choice & 32 == 0 { Markup::Plain } else { Markup::Markdown };
    if let Ok(document) = prepare(raw(content, markup, metadata)) {
        check(&document);
    }
}

/// The segmenter on text in any language, with a cut anywhere.
pub(crate) fn passages_of_any_text(input: &[u8]) {
    const LANGUAGES: [Option<&str>; 6] =
        [None, Some("en"), Some("de"), Some("hi"), Some("zh"), Some("no such")];
    let (head, content) = input.split_at(input.len().min(3));
    let at = |index: usize| usize::from(head.get(index).copied().unwrap_or(0));
    // A text that was decoded holds no NUL.
    let text = String::from_utf8_lossy(content).replace('\0', " ");
    let place = |part: usize| text.floor_char_boundary(text.len() * part / 256);
    let (start, end) = (place(at(1).min(at(2))), place(at(1).max(at(2))));
    let span = standpoint_core::Span::new(start, end);
    let cut = standpoint_core::Cut {
        span,
        text: text[start..end].to_owned(),
        reason: standpoint_core::CutReason::Byline,
    };
    let document = Document {
        id: "a".to_owned(),
        source: Source { path: "a.txt".to_owned(), row: None },
        title: None,
        authors: vec![],
        outlet: None,
        url: None,
        published: None,
        language: LANGUAGES[at(0) % LANGUAGES.len()].map(str::to_owned),
        kind: Kind::Other,
        kind_reason: String::new(),
        text,
        cuts: vec![cut],
        rights: None,
        notes: vec![],
    };
    check(&document);
}

/// Bylines, each line one: names are words of it, and nothing that could not be a name.
pub(crate) fn bylines(input: &[u8]) {
    let lines: Vec<String> = input
        .split(|byte| *byte == b'\n')
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let stated = lines.join(" ").to_lowercase();
    let metadata = Metadata { authors: lines, ..Metadata::default() };
    let Ok(document) = prepare(raw(b"The levy works.", Markup::Plain, metadata)) else {
        panic!("a text with words is a document");
    };
    check(&document);
    for word in document.authors.iter().flat_map(|author| author.split_whitespace()) {
        assert!(stated.contains(&word.to_lowercase()), "{word:?} is not in the byline");
    }
}

/// What holds of every document.
pub(crate) fn check(document: &Document) {
    let text = document.text.as_str();
    assert!(!text.contains('\0'), "a NUL");
    assert!(document.title.as_ref().is_none_or(|title| !title.trim().is_empty()), "an empty title");
    for author in &document.authors {
        assert!(author.chars().any(char::is_alphabetic), "{author:?} is nobody");
        assert!(!author.contains(char::is_control), "{author:?} holds a control character");
    }
    if let Some(date) = &document.published {
        let digits = date.bytes().filter(u8::is_ascii_digit).count();
        assert!(date.len() == 10 && digits == 8, "{date:?} is no date");
    }
    let mut end = 0;
    for cut in &document.cuts {
        assert!(cut.span.start >= end, "cuts overlap: {:?}", document.cuts);
        assert_eq!(cut.span.of(text), Some(cut.text.as_str()), "a cut does not slice");
        end = cut.span.end;
    }
    let mut rest = 0;
    let mut left_out = Vec::new();
    for passage in passages(document) {
        let words = passage.span.of(text).expect("a passage slices");
        assert!(!words.is_empty() && words.trim() == words, "{words:?} has white space around it");
        assert!(words.len() <= LONGEST, "a passage of {} bytes", words.len());
        assert!(passage.span.start >= rest, "passages overlap");
        left_out.push((rest, passage.span.start));
        rest = passage.span.end;
    }
    left_out.push((rest, text.len()));
    for (start, end) in left_out {
        let all_of_it = text[start..end].char_indices().all(|(at, c)| {
            c.is_whitespace()
                || document
                    .cuts
                    .iter()
                    .any(|cut| (cut.span.start..cut.span.end).contains(&(start + at)))
        });
        assert!(all_of_it, "{:?} is in no passage and in no cut", &text[start..end]);
    }
}

fn raw(content: &[u8], markup: Markup, metadata: Metadata) -> Raw {
    Raw {
        source: Source { path: "a.txt".to_owned(), row: None },
        id: None,
        content: content.to_owned(),
        markup,
        metadata,
        notes: vec![],
    }
}
