//! Exports of press databases: many articles in one text, Word or RTF file.
//!
//! Four layouts are known by the lines that end or begin their articles, after what users and
//! documentation show of them; nothing here was taken from the databases' own programs:
//!
//! - LexisNexis Academic: `1 of 250 DOCUMENTS` before each, `LENGTH: 743 words` before the text;
//! - Nexis Uni and Nexis Advance: `Body` before the text, `End of Document` behind each;
//! - Factiva, with field codes: `HD`, `BY`, `WC`, `PD`, `SN`, `LP`, `TD`, and `AN` at the end;
//! - Factiva, for reading: title, `743 words`, date, outlet, and `Document LEDG0000…` at the end.
//!
//! What cannot be understood of an article is a failure with its number, and what of the file belongs to
//! no article is noted or a failure, so that a count of articles is the export's count.

use std::sync::LazyLock;

use regex::Regex;
use standpoint_core::Failure;

use super::ninjs::filled;
use super::{Markup, Raw, Rows, failure, quoted};
use crate::decode::decode;
use crate::{bylines, dates};

struct Forms {
    /// "12 of 250 DOCUMENTS"
    counter: Regex,
    /// "Document LEDG000020260308em38000", with its field code or without
    document: Regex,
    /// "743 words"
    words: Regex,
    /// "LENGTH: 743 words", "Byline: Anna Trevane"
    label: Regex,
    /// "HD", alone or before its value
    code: Regex,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let form = |pattern: &str| Regex::new(pattern).expect("a valid expression");
    Forms {
        counter: form(r"^[0-9]+ of [0-9]+ DOCUMENTS?$"),
        document: form(r"^(?:AN\s+)?Document ([A-Za-z0-9_]{10,})$"),
        words: form(r"(?i)^([0-9][0-9,.]*) words$"),
        label: form(
            r"^(?i)(headline|byline|section|length|dateline|highlight|series|body|load-date|language|publication-type|document-type|journal-code|graphic|subject|url|correction|notes|classification|copyright|geographic|company|ticker|industry|person|organization|category)\s*:\s*(.*)$",
        ),
        code: form(
            r"^(HD|BY|CR|WC|PD|ET|SN|SC|ED|PG|LA|CY|LP|TD|CO|IN|NS|RE|PUB|AN|SE|CLM|CT|RF|ART|IPD|IPC)(?:\s+(.*))?$",
        ),
    }
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    LexisAcademic,
    NexisUni,
    FactivaCodes,
    FactivaReading,
}

/// The documents of a text file.
pub(super) fn text(name: &str, content: Vec<u8>) -> Rows {
    let marks = [&b" DOCUMENT"[..], b"End of Document", b"Document "];
    let may_be = marks.iter().any(|mark| content.windows(mark.len()).any(|part| part == *mark));
    if may_be {
        let decoded = decode(&content, false);
        if layout(&decoded.text).is_some() {
            return documents(name, &decoded.text, decoded.notes);
        }
    }
    Box::new(std::iter::once(Ok(Raw::of(name, None, content, Markup::Plain))))
}

/// The articles of a text, or the text as one document.
pub(super) fn documents(name: &str, text: &str, notes: Vec<String>) -> Rows {
    let Some(layout) = layout(text) else {
        let mut raw = Raw::of(name, None, text.trim().as_bytes().to_vec(), Markup::Plain);
        raw.notes = notes;
        return Box::new(std::iter::once(Ok(raw)));
    };
    let (blocks, before, behind) = blocks(text, layout);
    let mut rows: Vec<Result<Raw, Failure>> = (1..)
        .zip(blocks)
        .map(|(row, block)| {
            let read = match layout {
                Layout::LexisAcademic | Layout::NexisUni => nexis(&block),
                Layout::FactivaCodes => codes(&block),
                Layout::FactivaReading => reading(&block),
            };
            let mut raw = read.map_err(|reason| failure(name, Some(row), reason))?;
            raw.source.path = name.to_owned();
            raw.source.row = Some(row);
            raw.notes.extend(notes.iter().cloned());
            Ok(raw)
        })
        .collect();
    if before > 0
        && let Some(Ok(first)) = rows.first_mut()
    {
        first.notes.push(format!("lines before the first article that were not read: {before}"));
    }
    if behind > 0 {
        let reason = format!("lines behind the last article that are no article: {behind}");
        rows.push(Err(failure(name, None, reason)));
    }
    Box::new(rows.into_iter())
}

fn layout(text: &str) -> Option<Layout> {
    let (mut ends, mut body, mut document, mut code) = (false, false, false, false);
    for line in text.lines().map(str::trim) {
        // The lines that tell are short.
        if line.len() > 80 {
            continue;
        }
        if FORMS.counter.is_match(line) {
            return Some(Layout::LexisAcademic);
        }
        ends |= line == "End of Document";
        body |= line == "Body" || line.starts_with("Length:") || line.starts_with("Load-Date:");
        document |= FORMS.document.is_match(line);
        code |= line == "HD" || line.starts_with("HD  ") || line.starts_with("HD\t");
    }
    match (ends && body, document, code) {
        (true, ..) => Some(Layout::NexisUni),
        (_, true, true) => Some(Layout::FactivaCodes),
        (_, true, false) => Some(Layout::FactivaReading),
        _ => None,
    }
}

/// The articles' lines, and how many filled lines lie before the first and behind the last.
fn blocks(text: &str, layout: Layout) -> (Vec<Vec<&str>>, usize, usize) {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut block = Vec::new();
    let mut before = 0;
    let filled = |block: &[&str]| block.iter().filter(|line| !line.is_empty()).count();
    for line in text.lines().map(str::trim) {
        let ends = match layout {
            Layout::LexisAcademic => FORMS.counter.is_match(line),
            Layout::NexisUni => line == "End of Document",
            Layout::FactivaCodes | Layout::FactivaReading => FORMS.document.is_match(line),
        };
        if !ends {
            block.push(line);
            continue;
        }
        if layout == Layout::LexisAcademic && blocks.is_empty() && before == 0 {
            // The counter stands before its article, so the first block is the cover.
            before = filled(&block);
            blocks.push(vec![]);
            block.clear();
            continue;
        }
        if layout != Layout::LexisAcademic {
            block.push(line);
        }
        blocks.push(std::mem::take(&mut block));
    }
    let mut behind = 0;
    if layout == Layout::LexisAcademic {
        blocks.push(block);
        blocks.remove(0);
    } else if !block.contains(&"Search Summary") {
        // Factiva ends with a summary of the search.
        behind = filled(&block);
    }
    if layout == Layout::NexisUni
        && let Some(first) = blocks.first_mut()
    {
        // The cover lists the articles and ends with the database's address.
        let cover = first.iter().rposition(|line| line.contains("About LexisNexis"));
        let from = cover.map_or(0, |at| at + 1);
        before = filled(&first[..from]);
        first.drain(..from);
    }
    (blocks, before, behind)
}

/// An article with labels (`LENGTH:`, `Length:`).
fn nexis(block: &[&str]) -> Result<Raw, String> {
    let lines: Vec<&str> = block
        .iter()
        .copied()
        .filter(|line| *line != "End of Document" && !is_page_number(line))
        .collect();
    let label = |line: &str| -> Option<(String, String)> {
        let found = FORMS.label.captures(line)?;
        Some((found[1].to_lowercase(), found[2].trim().to_owned()))
    };
    let first = lines.iter().position(|line| label(line).is_some());
    let body_line = lines.iter().position(|line| *line == "Body");
    let head_end = first.or(body_line).ok_or("no article is recognised here: it has no LENGTH")?;
    // The labels before the text, each with the lines that go on with it, and where the text begins.
    let mut raw = Raw::of("", None, vec![], Markup::Plain);
    let mut stated = None;
    let mut from = body_line.map_or(head_end, |at| at + 1);
    let mut at = head_end;
    while at < body_line.unwrap_or(lines.len()) {
        let line = lines[at];
        at += 1;
        if line.is_empty() {
            continue;
        }
        let Some((name, mut value)) = label(line) else {
            if body_line.is_some() {
                continue;
            }
            break;
        };
        if is_tail(&name) {
            break;
        }
        while at < lines.len()
            && !lines[at].is_empty()
            && label(lines[at]).is_none()
            && Some(at) != body_line
        {
            value = format!("{value} {}", lines[at]).trim().to_owned();
            at += 1;
        }
        match name.as_str() {
            "headline" => raw.metadata.title = filled(&value),
            "byline" => raw.metadata.authors.extend(filled(&value)),
            "section" => raw.metadata.sections.extend(section(&value)),
            "length" => stated = words(&value),
            _ => {}
        }
        if body_line.is_none() {
            from = at;
        }
    }
    let end = lines[from..].iter().position(|line| {
        label(line).is_some_and(|(name, _)| is_tail(&name))
            || matches!(*line, "Classification" | "Graphic" | "Load-Date")
            || is_copyright(line)
    });
    let end = end.map_or(lines.len(), |end| from + end);
    raw.content = joined(&lines[from..end]).into_bytes();

    let head: Vec<&str> =
        lines[..head_end].iter().copied().filter(|line| !line.is_empty()).collect();
    let date = head.iter().position(|line| line.len() < 60 && dates::parse(line).is_some());
    let copyright = lines.iter().find(|line| is_copyright(line));
    raw.metadata.rights = copyright.map(|line| (*line).to_owned());
    if let Some(date) = date {
        raw.metadata.published = Some(head[date].to_owned());
        if date > 0 {
            raw.metadata.outlet = Some(head[date - 1].to_owned());
        }
        if raw.metadata.title.is_none() {
            // Nexis Uni puts the title before the outlet, LexisNexis Academic behind date and edition.
            let title: Vec<&str> = if body_line.is_some() {
                head[..date.saturating_sub(1)].to_vec()
            } else {
                let behind = head[date + 1..].iter().copied();
                behind.filter(|line| !is_copyright(line) && !line.ends_with("Edition")).collect()
            };
            raw.metadata.title = filled(&title.join(" "));
        }
    } else {
        raw.notes.push("no date was recognised in the article's head".to_owned());
    }
    checked(raw, stated)
}

/// An article with field codes.
fn codes(block: &[&str]) -> Result<Raw, String> {
    let mut fields: Vec<(&str, Vec<&str>)> = Vec::new();
    for &line in block {
        match FORMS.code.captures(line) {
            Some(found) => {
                let code = found.get(1).map_or("", |code| code.as_str());
                let value = found.get(2).map_or("", |value| value.as_str());
                fields.push((code, vec![value]));
            }
            None => {
                if let Some((_, lines)) = fields.last_mut() {
                    lines.push(line);
                }
            }
        }
    }
    let text = |code: &str| {
        let found = fields.iter().filter(|(own, _)| *own == code);
        filled(&found.map(|(_, lines)| joined(lines)).collect::<Vec<_>>().join("\n\n"))
    };
    let value = |code: &str| text(code).map(|text| text.replace('\n', " "));
    let mut raw = Raw::of("", None, vec![], Markup::Plain);
    raw.content =
        [text("LP"), text("TD")].map(Option::unwrap_or_default).join("\n\n").trim().into();
    raw.id = value("AN").map(|id| id.trim_start_matches("Document ").to_owned());
    raw.metadata.title = value("HD");
    raw.metadata.authors.extend(value("BY"));
    raw.metadata.published = value("PD");
    raw.metadata.outlet = value("SN");
    let sections = value("SE").into_iter().chain(value("CLM"));
    raw.metadata.sections.extend(sections.filter_map(|value| section(&value)));
    raw.metadata.rights = value("CY");
    checked(raw, value("WC").and_then(|value| words(&value)))
}

/// An article set for reading.
fn reading(block: &[&str]) -> Result<Raw, String> {
    let (end, id) = block
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, FORMS.document.captures(line)?[1].to_owned())))
        .unwrap_or((block.len(), String::new()));
    let lines = &block[..end];
    let count = lines.iter().position(|line| FORMS.words.is_match(line));
    let count = count.ok_or("no article is recognised here: it has no line like \"743 words\"")?;
    let mut raw = Raw::of("", None, vec![], Markup::Plain);
    raw.id = filled(&id);
    let mut above: Vec<&str> =
        lines[..count].iter().copied().filter(|line| !line.is_empty()).collect();
    if above.len() > 1
        && let Some(byline) = above.pop_if(|line| bylines::line(line).is_some())
    {
        raw.metadata.authors.push(byline.to_owned());
    }
    // A line that could be a bare byline is neither author nor title.
    if above.len() > 1 && above.last().is_some_and(|line| bylines::name(line).is_some()) {
        above.pop();
    }
    raw.metadata.title = above.last().map(|title| (*title).to_owned());
    if above.len() > 1 {
        raw.metadata.sections.push(above[0].to_owned());
    }
    // Below: date, time, outlet, its code, page, language, copyright; then the text.
    let below = &lines[count + 1..];
    let date = below.iter().take(6).position(|line| dates::parse(line).is_some());
    let mut from = 0;
    if let Some(date) = date {
        raw.metadata.published = Some(below[date].to_owned());
        from = date + 1;
        let mut facts = below[from..].iter().take(12).enumerate().filter(|(_, line)| {
            let clock = line.contains(':') && line.len() <= 8;
            !line.is_empty() && !clock
        });
        if let Some((at, outlet)) = facts.next() {
            raw.metadata.outlet = Some((*outlet).to_owned());
            from = date + 2 + at;
        }
        let copyright = below[from..].iter().take(12).position(|line| is_copyright(line));
        if let Some(at) = copyright {
            raw.metadata.rights = Some(below[from + at].to_owned());
            from += at + 1;
        } else {
            raw.notes.push("no copyright line ends the article's head".to_owned());
        }
    } else {
        raw.notes.push("no date was recognised in the article's head".to_owned());
    }
    raw.content = joined(&below[from..]).into_bytes();
    checked(raw, words(lines[count]))
}

/// The article, unless its text is missing, and with a note where it is much shorter than stated.
fn checked(mut raw: Raw, stated: Option<usize>) -> Result<Raw, String> {
    let found = String::from_utf8_lossy(&raw.content).split_whitespace().count();
    if found == 0 {
        let title = quoted(raw.metadata.title.as_deref().unwrap_or_default());
        return Err(format!("empty: no text was found below the head of the article {title}"));
    }
    if let Some(stated) = stated.filter(|stated| found * 2 < *stated) {
        raw.notes.push(format!("the export states {stated} words, {found} were found"));
    }
    Ok(raw)
}

/// The lines with their blank lines, without those at the ends.
fn joined(lines: &[&str]) -> String {
    let text = lines.join("\n");
    let mut text = text.trim().to_owned();
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

fn words(text: &str) -> Option<usize> {
    let number = text.split_whitespace().next()?.replace([',', '.'], "");
    number.parse().ok()
}

/// The section in "OPINION; Pg. A12".
fn section(value: &str) -> Option<String> {
    filled(value.split(';').next().unwrap_or_default())
}

fn is_copyright(line: &str) -> bool {
    line.len() < 200
        && (line.starts_with("Copyright ")
            || line.starts_with("(c) ")
            || line.starts_with("© ")
            || line.eq_ignore_ascii_case("All Rights Reserved"))
}

/// Labels that stand behind the text.
fn is_tail(label: &str) -> bool {
    !matches!(
        label,
        "headline" | "byline" | "section" | "length" | "dateline" | "highlight" | "series" | "body"
    )
}

/// "Page 2 of 4", which Word files have at their feet.
fn is_page_number(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("Page")
        && words.next().is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit()))
        && words.next().is_none_or(|word| word == "of")
}
