use super::*;
use crate::aggregates::Placement;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use standpoint_core::{
    Evidence, Failure, Holder, Kind, ModelInfo, Probabilities, Record, Source, Span, Stance,
    Target, Task, Voice,
};

fn rendered(data: &ReportData) -> String {
    let mut html = Vec::new();
    render(data, &mut html).unwrap();
    String::from_utf8(html).unwrap()
}

#[test]
fn the_policy_allows_the_style_and_the_script_that_are_there() {
    for (hash, content) in [(STYLE_HASH, STYLE), (SCRIPT_HASH, SCRIPT)] {
        assert_eq!(hash, BASE64_STANDARD.encode(Sha256::digest(content)));
        assert!(!content.contains("</"), "it would end its element");
    }
}

/// A report in which every field that comes from outside is `text`.
fn filled_with(text: &str) -> ReportData {
    let own = || text.to_owned();
    let mut data = ReportData::of(vec![Target { id: own(), text: own(), aliases: vec![] }]);
    let evidence = Evidence {
        span: Span::new(0, text.len()),
        text: own(),
        voice: Voice::Quoted,
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
        language: None,
        kind: Kind::News,
        records: &records,
    };
    let other = Placement {
        document: "again",
        title: None,
        outlet: Some("other"),
        records: &again,
        ..placement
    };
    data.add_piece(&[placement, other]);
    data.add_failure(&Failure { at: Source { path: own(), row: None }, reason: own() });
    data.summary.failed = 1;
    data.summary.not_scored.insert(own(), 1);
    data.summary.settings.insert(own(), own());
    data.summary.models.push(ModelInfo {
        name: own(),
        task: Task::Stance,
        hash: own(),
        license: own(),
        precision: own(),
        languages: vec![own()],
        max_tokens: 1,
    });
    data
}

#[test]
fn no_field_reaches_the_page_as_markup() {
    let plain = rendered(&filled_with("x"));
    let tags = |html: &str| html.matches('<').count();
    for probe in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "\" autofocus onfocus=\"alert(1)",
        "</style><script>alert(1)</script>",
        "</title><svg onload=alert(1)>",
        "<!--",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
    ] {
        let html = rendered(&filled_with(probe));
        assert_eq!(tags(&html), tags(&plain), "{probe} adds an element");
        let escaped = html! { (probe) }.into_string();
        assert!(html.matches(&escaped).count() >= 20, "{probe} is shown");
        assert!(escaped == probe || !html.contains(probe), "{probe} stands unescaped");
        assert_eq!(html.matches("href=").count(), plain.matches("href=").count(), "{probe}");
    }
}

#[test]
fn an_address_of_the_web_is_linked_with_its_quotes_escaped() {
    let html = rendered(&filled_with("https://x.example/?a=1&b=\"2\""));
    assert!(html.contains(
        r#"<a href="https://x.example/?a=1&amp;b=&quot;2&quot;" rel="noopener noreferrer">"#
    ));
}

#[test]
fn direction_overrides_are_isolated() {
    let html = rendered(&filled_with("\u{202e}evil"));
    // Each stands right after the start of its isolate, in an attribute, or alone in an option.
    let places = ["<bdi>", "value=\"", "data-target=\"", "<option value=\"\u{202e}evil\">"];
    let isolated = places.map(|place| html.matches(&format!("{place}\u{202e}")).count());
    assert_eq!(html.matches('\u{202e}').count(), isolated.iter().sum::<usize>());
    assert!(isolated[0] >= 20, "{isolated:?}");
}

#[test]
fn nothing_is_loaded_and_nothing_is_left_open() {
    let html = rendered(&filled_with("x"));
    assert!(html.contains("default-src 'none'; style-src 'sha256-"));
    for loads in ["src=", "<link", "@import", "http://", "https://", " style=", " onclick"] {
        assert!(!html.contains(loads), "{loads}");
    }
    for element in ["html", "body", "section", "article", "table", "details", "bdi", "svg"] {
        let opened = html.matches(&format!("<{element}>")).count()
            + html.matches(&format!("<{element} ")).count();
        assert_eq!(opened, html.matches(&format!("</{element}>")).count(), "{element}");
    }
}

#[test]
fn an_empty_run_gives_a_page() {
    let html = rendered(&ReportData::default());
    assert!(html.contains("0 documents from 0 outlets"));
    assert!(html.contains("There are no records."));
}
