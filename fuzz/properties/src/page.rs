//! The report: whatever strangers wrote is text on the page.

use standpoint_core::{
    Evidence, Failure, Holder, Kind, ModelInfo, Probabilities, Record, Source, Span, Stance,
    Target, Task, Voice,
};
use standpoint_report::aggregates::Placement;
use standpoint_report::html::{ReportData, render};

/// A page full of a text has the elements that it has when the text holds no mark of markup, its block of
/// data is JSON that gives the text back, and nothing in it links to anything but the web.
pub(crate) fn escapes(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let harmless: String = text
        .chars()
        .map(|c| if matches!(c, '<' | '>' | '&' | '"' | '\'') { 'x' } else { c })
        .collect();
    let page = rendered(&text);
    let tags = |page: &str| page.matches('<').count();
    assert_eq!(tags(&page), tags(&rendered(&harmless)), "it adds an element");

    let (_, block) =
        page.split_once("<script id=\"data\" type=\"application/json\"").expect("a block of data");
    let (block, _) = block.split_once("</script>").expect("an end of the data");
    let (how, block) = block.split_once('>').expect("an end of the tag");
    if how == " data-deflated" {
        // Long data are in base64, none of whose letters is a mark of markup.
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        return assert!(block.bytes().all(letter), "the data are not in base64");
    }
    assert_eq!(how, "", "what the block of data is");
    let data: serde_json::Value = serde_json::from_str(block).expect("the data are JSON");
    assert_eq!(data["places"]["title"][0], text.as_str());
    assert_eq!(data["targets"][0]["text"], text.as_str());
    let url = data["places"]["url"][0].as_str().unwrap_or("http:").to_lowercase();
    assert!(url.starts_with("http:") || url.starts_with("https:"), "a link to {url}");
}

/// The page of a run in which every word that comes from outside is `text`.
fn rendered(text: &str) -> String {
    let own = || text.to_owned();
    let mut data = ReportData::of(vec![Target { id: own(), text: own(), aliases: vec![] }]);
    let probabilities = Probabilities::new(1.0, 0.0, 0.0);
    let record = |holder| Record {
        document: own(),
        piece: own(),
        holder,
        target: own(),
        stance: Stance::Favor,
        probabilities,
        passages: 1,
        evidence: vec![Evidence {
            span: Span::new(0, text.len()),
            text: own(),
            voice: Voice::Quoted,
            named: None,
            mention: None,
            cue: None,
            content: Vec::new(),
            probabilities,
            weight: 1.0,
        }],
    };
    let (authors, records) = ([own()], [record(Holder::Author), record(Holder::Actor(own()))]);
    let placement = Placement {
        document: text,
        title: Some(text),
        authors: &authors,
        outlet: Some(text),
        url: Some(text),
        published: Some(text),
        language: Some(text),
        kind: Kind::News,
        text,
        rights: Some(text),
        notes: &authors,
        records: &records,
        ..Placement::default()
    };
    let copy = Placement { document: "a copy", text: "Another text.", records: &[], ..placement };
    data.add_piece(&[placement, copy]);
    data.add_failure(&Failure { at: Source { path: own(), row: None }, reason: own() });
    data.summary.failed = 1;
    data.summary.not_scored.insert(own(), 1);
    data.summary.settings.insert(own(), own());
    data.summary.cards.insert(own(), own());
    data.summary.gold_by = Some(own());
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
    let mut page = Vec::new();
    render(data, &mut page).expect("memory can be written to");
    String::from_utf8(page).expect("a page is UTF-8")
}
