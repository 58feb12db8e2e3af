use super::*;
use crate::aggregates::Placement;
use crate::evaluation::GoldRecord;
use data::PIECES;
use standpoint_core::{
    Evidence, Failure, Holder, Kind, Label, ModelInfo, Probabilities, Record, Source, Span, Stance,
    Target, Task, Voice,
};

fn rendered(data: ReportData) -> String {
    let mut html = Vec::new();
    render(data, &mut html).unwrap();
    String::from_utf8(html).unwrap()
}

/// The data block as it was before it was packed.
fn data_of(html: &str) -> serde_json::Value {
    let (_, rest) = html.split_once("<script id=\"data\" type=\"application/json\"").unwrap();
    let (attributes, rest) = rest.split_once('>').unwrap();
    let (block, _) = rest.split_once("</script>").unwrap();
    if !attributes.contains("data-deflated") {
        return serde_json::from_str(block).unwrap();
    }
    let deflated = BASE64_STANDARD.decode(block).unwrap();
    serde_json::from_slice(&miniz_oxide::inflate::decompress_to_vec_zlib(&deflated).unwrap())
        .unwrap()
}

#[test]
fn the_bundle_is_that_of_its_sources() {
    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let noted = std::fs::read_to_string(assets.join("page.sha256")).unwrap();
    let mut checked = 0;
    for line in noted.lines() {
        let (hash, name) = line.split_once("  ").unwrap();
        let content = std::fs::read(assets.join(name)).unwrap();
        let digest: String =
            Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, hash, "{name} changed after assets/build");
        checked += 1;
    }
    let sources = std::fs::read_dir(assets.join("src")).unwrap().count();
    assert_eq!(checked, sources + 3, "a source is missing in page.sha256");
    for content in [STYLE, SCRIPT] {
        let ends = ["</script", "</style", "<!--"].iter().any(|end| content.contains(end));
        assert!(!ends, "it would end its element");
    }
}

/// A report in which every field that comes from outside is `text`.
fn filled_with(text: &str) -> ReportData {
    let own = || text.to_owned();
    let gold = |document: &str, holder| GoldRecord {
        document: document.to_owned(),
        holder,
        target: own(),
        label: Label::Favor,
        evidence: vec![own()],
    };
    let mut data = ReportData::of(vec![Target { id: own(), text: own(), aliases: vec![] }])
        .with_gold(vec![gold(text, "author".into()), gold(text, own())]);
    let evidence = Evidence {
        span: Span::new(0, text.len()),
        text: own(),
        voice: Voice::Quoted,
        named: None,
        mention: None,
        cue: None,
        content: Vec::new(),
        probabilities: Probabilities::new(1.0, 0.0, 0.0),
        weight: 1.0,
    };
    let record = |document: &str, holder| Record {
        document: document.to_owned(),
        piece: own(),
        holder,
        target: own(),
        stance: Stance::Favor,
        probabilities: Probabilities::new(1.0, 0.0, 0.0),
        passages: 1,
        evidence: vec![evidence.clone()],
    };
    let authors = [own()];
    let records = [record(text, Holder::Author), record(text, Holder::Actor(own()))];
    let again = [record("again", Holder::Author)];
    let placement = Placement {
        document: text,
        title: Some(text),
        authors: &authors,
        outlet: Some(text),
        url: Some(text),
        published: Some(text),
        rights: Some(text),
        notes: &authors,
        kind: Kind::News,
        text,
        records: &records,
        ..Placement::default()
    };
    let other = Placement {
        document: "again",
        outlet: Some("other"),
        text: "Another text.",
        records: &again,
        ..placement
    };
    data.add_piece(&[placement, other]);
    data.add_failure(&Failure { at: Source { path: own(), row: None }, reason: own() });
    data.summary.failed = 1;
    data.summary.not_scored.insert(own(), 1);
    data.summary.settings.insert(own(), own());
    data.summary.settings.insert("calibration".into(), own());
    data.summary.gold_by = Some(own());
    data.summary.cards.insert(own(), own());
    data.summary.models.push(ModelInfo {
        name: own(),
        task: Task::Stance,
        hash: own(),
        license: own(),
        precision: own(),
        languages: vec![own()],
        max_tokens: 1,
        reads_holders: false,
    });
    data
}

#[test]
fn agreement_with_gold_is_told_and_by_whom() {
    let html = rendered(filled_with("x"));
    for told in [
        "1 stance of authors and 1 of quoted actors were labelled by <bdi>x</bdi>",
        "Of the authors’ that the run answers, <b>1 of 1</b>",
        "among actors: precision 1.00, recall 1.00",
        "1 of 1 sentences that show it are in the evidence",
        "<th scope=\"row\">0.90 to 1.00</th>",
        "fitted to labels of yours: temperature <bdi>x</bdi>",
        "<pre class=\"card\" tabindex=\"0\"><bdi>x</bdi></pre>",
    ] {
        assert!(html.contains(told), "{told}");
    }
    let html = rendered(ReportData::of(vec![]));
    assert!(html.contains("This run was not compared with labels"));
    assert!(!html.contains("were labelled by"));
}

#[test]
fn no_field_reaches_the_page_as_markup() {
    let tags = |html: &str| html.matches('<').count();
    let plain = tags(&rendered(filled_with("x")));
    for probe in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style><script>alert(1)</script>",
        "</title><svg onload=alert(1)>",
        "<!--",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
    ] {
        let html = rendered(filled_with(probe));
        assert_eq!(tags(&html), plain, "{probe} adds an element");
        let escaped = maud::html! { (probe) }.into_string();
        assert!(escaped == probe || !html.contains(probe), "{probe} stands unescaped");
        let data = data_of(&html);
        assert_eq!(data["places"]["title"][0], probe);
        assert_eq!(data["excerpts"]["text"][0], probe);
        assert!(data["places"]["url"][0].is_null(), "{probe} is no address of the web");
    }
    let web = data_of(&rendered(filled_with("HTTPS://x.example/?a=1")));
    assert_eq!(web["places"]["url"][0], "HTTPS://x.example/?a=1");
}

#[test]
fn the_policy_forbids_every_load() {
    let html = rendered(filled_with("x"));
    let policy = html.split_once("Content-Security-Policy\" content=\"").unwrap().1;
    let policy = policy.split_once('"').unwrap().0;
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let (before, script) = html.rsplit_once("<script>").unwrap();
    let script = script.split_once("</script>").unwrap().0;
    let hash = BASE64_STANDARD.encode(Sha256::digest(script));
    assert!(policy.contains(&format!("script-src 'sha256-{hash}'")), "{policy}");
    for loads in ["src=", "<link", "@import", "url(", " style=", " onclick"] {
        assert!(!before.contains(loads), "{loads}");
    }
}

#[test]
fn an_empty_run_gives_a_page() {
    let html = rendered(ReportData::of(vec![]));
    assert!(html.contains("0 documents from 0 outlets"));
    assert_eq!(data_of(&html)["records"]["actor"].as_array().unwrap().len(), 0);
}

/// A run of `pieces` pieces with one record each and `bytes` bytes of evidence.
fn run_of(pieces: usize, bytes: usize, outlet: impl Fn(usize) -> &'static str) -> ReportData {
    let mut data = ReportData::of(vec![]);
    for piece in 0..pieces {
        let id = piece.to_string();
        let text = format!("{id} {}", "x".repeat(bytes));
        let record = Record {
            document: id.clone(),
            piece: id.clone(),
            holder: Holder::Author,
            target: "levy".into(),
            stance: Stance::Favor,
            probabilities: Probabilities::new(1.0 - piece as f32 / (2 * pieces) as f32, 0.0, 0.0),
            passages: 1,
            evidence: vec![Evidence {
                span: Span::new(0, text.len()),
                text: text.clone(),
                voice: Voice::Own,
                named: None,
                mention: None,
                cue: None,
                content: Vec::new(),
                probabilities: Probabilities::new(1.0, 0.0, 0.0),
                weight: 1.0,
            }],
        };
        data.add_piece(&[Placement {
            document: &id,
            outlet: Some(outlet(piece)),
            text: &text,
            records: std::slice::from_ref(&record),
            ..Placement::default()
        }]);
    }
    data
}

#[test]
fn when_evidence_is_too_much_every_outlet_keeps_its_surest_record() {
    // Twice as much as there is room for; the last piece is the least sure one, but South's only one.
    let pieces = 2 * TEXT / 1_000;
    let data = run_of(pieces, 1_000, |piece| if piece + 1 == pieces { "South" } else { "North" });
    let page = serde_json::to_value(Page::of(&data.fitted())).unwrap();
    let kept: Vec<u64> = page["records"]["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect();
    assert_eq!(kept.len(), pieces, "all records are there");
    let with_text = kept.iter().sum::<u64>() as usize;
    assert!((TEXT / 1_100..=TEXT / 1_000).contains(&with_text), "{with_text}");
    assert_eq!(kept[..with_text - 1].iter().sum::<u64>() as usize, with_text - 1, "the surest");
    assert_eq!(kept.last(), Some(&1), "South's");
}

#[test]
fn what_is_too_much_is_left_to_the_tables_and_told() {
    let data = run_of(RECORDS + 500, 1, |_| "North").fitted();
    let page = serde_json::to_value(Page::of(&data)).unwrap();
    assert_eq!(page["records"]["actor"].as_array().unwrap().len(), RECORDS);
    assert_eq!(page["left"]["records"], RECORDS + 500);
    assert_eq!(page["standing"]["total"][0]["pieces"][0], RECORDS + 500, "figures are of all");
    assert!(data.shown_placed().len() <= PIECES);
}

#[test]
fn the_words_for_the_holder_are_placed_in_their_excerpt() {
    let text = "“Nein – é,” said Ilse Maron. It rained. She went on: “Never.”";
    let never = text.find("She").unwrap();
    let (ilse, said) = (text.find("Ilse").unwrap(), text.find("said").unwrap());
    let record = Record {
        document: "a".into(),
        piece: "a".into(),
        holder: Holder::Actor("Ilse Maron".into()),
        target: "levy".into(),
        stance: Stance::Against,
        probabilities: Probabilities::new(0.0, 1.0, 0.0),
        passages: 1,
        evidence: vec![Evidence {
            span: Span::new(never, text.len()),
            text: text[never..].into(),
            voice: Voice::Quoted,
            named: None,
            mention: Some(Span::new(ilse, ilse + 10)),
            cue: Some(Span::new(said, said + 4)),
            content: Vec::new(),
            probabilities: Probabilities::new(0.0, 1.0, 0.0),
            weight: 1.0,
        }],
    };
    let mut data = ReportData::of(vec![]);
    data.add_piece(&[Placement {
        document: "a",
        text,
        records: std::slice::from_ref(&record),
        ..Placement::default()
    }]);
    let page = serde_json::to_value(Page::of(&data.fitted())).unwrap();
    // Bytes of the document, then excerpt, position and length as a script counts.
    let utf16 = |end: usize| text[..end].encode_utf16().count();
    let mention = serde_json::json!([ilse, ilse + 10, 0, utf16(ilse), 10]);
    assert_eq!(page["evidence"]["mention"]["0"], mention);
    assert_eq!(page["evidence"]["cue"]["0"][3], utf16(said));
}
