//! The matter above the body: byline, masthead, section label, date, dateline.

use std::sync::LazyLock;

use regex::Regex;
use standpoint_core::{CutReason, Span};

use super::{Findings, Known, Page, folded, push, same_name};
use crate::bylines::{self, Byline};
use crate::kind::section;
use crate::{dates, layout::Line};

/// The most lines of such matter; what goes on longer is a list, not a head.
const MOST: usize = 8;

/// The last words of outlets' names.
const OUTLET_WORDS: [&str; 47] = [
    "argus", "bote", "broadcasting", "bulletin", "chronicle", "courier", "daily", "dispatch",
    "echo", "evening", "examiner", "express", "gazette", "globe", "guardian", "herald",
    "independent", "journal", "ledger", "magazine", "mail", "mercury", "mirror", "monitor",
    "morning", "news", "observer", "post", "press", "record", "register", "report", "review",
    "sentinel", "standard", "star", "sun", "telegraph", "times", "today", "tribune", "weekly",
    "wire", "zeitung", "tageblatt", "anzeiger", "rundschau",
];

/// What a line of the head says.
#[derive(Default)]
struct Matter {
    byline: Byline,
    outlet: Option<String>,
    published: Option<String>,
    sections: Vec<String>,
}

/// Cuts the head, which begins at line `first`; gives the line where the body begins.
pub(super) fn cut(
    page: &Page<'_>,
    first: usize,
    known: &Known<'_>,
    findings: &mut Findings,
) -> usize {
    let mut at = first;
    // The last line is never head: something must be left to read.
    while at + 1 < page.lines.len() && at - first < MOST {
        let Some(matter) = matter(page, at, known, findings) else { break };
        push(findings, page.text, page.lines[at].span, CutReason::Byline);
        if findings.authors.is_empty() {
            findings.authors = matter.byline.authors;
        }
        findings.board |= matter.byline.board;
        findings.outlet = findings.outlet.take().or(matter.outlet);
        findings.published = findings.published.take().or(matter.published);
        findings.sections.extend(matter.sections);
        at += 1;
    }
    // A standfirst may stand above the paragraph that the dateline begins.
    let first_two = page.lines.iter().enumerate().skip(at).take(2);
    for (at, line) in first_two {
        if let Some(length) = dateline(page.line(at)) {
            let span = Span::new(line.span.start, line.span.start + length);
            push(findings, page.text, span, CutReason::Dateline);
            findings.dateline = span.of(page.text).map(str::to_owned);
            break;
        }
    }
    at
}

/// Whether a line is, or begins or ends with, something that only the head has.
pub(super) fn is_matter(line: &str, known: &Known<'_>) -> bool {
    let told = |part: &str| is_date(part) || section(part).is_some() || known.named(part);
    by(line).is_some() || told(line) || parts(line).into_iter().any(told)
}

/// The parts of a line like "Abroad | Opinion".
fn parts(line: &str) -> Vec<&str> {
    let parts = line.split(['|', '/', '·', '•', '»']).map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

impl Known<'_> {
    /// Whether a line is the name of an author or outlet that is known without the text.
    fn named(&self, line: &str) -> bool {
        self.authors.iter().any(|author| folded(author) == folded(line)) || self.folder_is(line)
    }

    fn folder_is(&self, line: &str) -> bool {
        self.folder.is_some_and(|folder| same_name(folder, line))
    }
}

fn matter(page: &Page<'_>, at: usize, known: &Known<'_>, so_far: &Findings) -> Option<Matter> {
    let line = page.line(at);
    if line.chars().count() > 120 || line.contains('\n') {
        return None;
    }
    if let Some((byline, label)) = by(line) {
        return Some(Matter { byline, sections: label.into_iter().collect(), ..Matter::default() });
    }
    let mut parts = parts(line);
    let separated = parts.len() > 1 && !is_date(line);
    if !separated {
        parts = vec![line];
    }
    let mut whole = Matter::default();
    let mut told = 0;
    for part in &parts {
        match part_of(part, at, page, known, so_far) {
            Some(matter) => {
                told += 1;
                whole.byline =
                    if whole.byline.authors.is_empty() { matter.byline } else { whole.byline };
                whole.outlet = whole.outlet.or(matter.outlet);
                whole.published = whole.published.or(matter.published);
                whole.sections.extend(matter.sections);
            }
            // Beside a part that is known, a short one is a rubric: "Abroad | Opinion".
            None if separated && is_label(part) => whole.sections.push((*part).to_owned()),
            None => return None,
        }
    }
    (told > 0).then_some(whole)
}

/// Reads a line, or a part of one, that is an outlet, a section, a date or a name and nothing more.
fn part_of(
    part: &str,
    at: usize,
    page: &Page<'_>,
    known: &Known<'_>,
    so_far: &Findings,
) -> Option<Matter> {
    if is_date(part) {
        return Some(Matter { published: dates::parse(part), ..Matter::default() });
    }
    if section(part).is_some() {
        return Some(Matter { sections: vec![part.to_owned()], ..Matter::default() });
    }
    if known.folder_is(part) || is_masthead(part) {
        return Some(Matter { outlet: Some(outlet_name(part)), ..Matter::default() });
    }
    if let Some(byline) = staff(part) {
        return Some(Matter { byline, ..Matter::default() });
    }
    let byline = bylines::parse(part);
    let stated = known.authors.iter().any(|author| byline.authors.contains(author));
    if stated {
        return Some(Matter { byline, ..Matter::default() });
    }
    let name = bylines::name(part)?;
    if so_far.authors.is_empty() && known.authors.is_empty() && is_writer(&name, at, page, known) {
        return Some(Matter { byline, ..Matter::default() });
    }
    // A name that is none of a person is the rubric if it stands in the block of a byline, right
    // above it ("Middle East") or at the block's end ("Tessel Talk").
    let in_block = |at: usize| page.lines.get(at).is_some_and(|line: &Line| !line.after_blank);
    let above = in_block(at + 1) && by(page.line(at + 1)).is_some();
    let last = !so_far.authors.is_empty() && in_block(at) && !in_block(at + 1);
    let rubric = is_label(part) && (above || last);
    rubric.then(|| Matter { sections: vec![part.to_owned()], ..Matter::default() })
}

/// Whether a bare name stands for the writer and not for a rubric ("Hong Kong"): two to four words
/// none of which the text uses as a common word, nobody of that name is written about, no byline
/// names somebody else, and either a bio at the end or other matter of the head beside it agrees.
fn is_writer(name: &str, own: usize, page: &Page<'_>, known: &Known<'_>) -> bool {
    let words: Vec<&str> = name.split(' ').collect();
    let others = || (0..page.lines.len()).filter(|&at| at != own).map(|at| page.line(at));
    let common = words.iter().any(|word| page.common.contains(word.to_lowercase().as_str()));
    let written_about = others().any(|line| line.contains(name) && !line.starts_with(name));
    let signed = others().take(MOST).any(|line| by(line).is_some());

    let with_bio = others().any(|line| line.starts_with(name));
    let beside = |at: usize| {
        let line = if at < page.lines.len() { page.line(at) } else { "" };
        is_matter(line, known) || is_masthead(line) || parts(line).into_iter().any(is_masthead)
    };
    let in_head = beside(own) || beside(own + 1) || (own > 0 && beside(own - 1));
    (2..=4).contains(&words.len()) && !common && !written_about && !signed && (with_bio || in_head)
}

/// Reads "By …", also behind a label: "Guest opinion by Pieter Quill".
fn by(line: &str) -> Option<(Byline, Option<String>)> {
    if let Some(byline) = bylines::line(line) {
        return Some((byline, None));
    }
    let at = [" by ", " By ", " von "].iter().find_map(|by| line.find(by))?;
    let (label, rest) = line.split_at(at);
    section(label)?;
    Some((bylines::line(rest.trim())?, Some(label.to_owned())))
}

/// Reads "Meridian Wire staff".
fn staff(part: &str) -> Option<Byline> {
    let words: Vec<&str> = part.split(' ').collect();
    let last = words.last()?.to_lowercase();
    let role = matches!(last.as_str(), "staff" | "correspondent" | "correspondents" | "desk")
        || part.ends_with("taff writer")
        || part.ends_with("taff reporter");
    let capitals = part.starts_with(char::is_uppercase);
    (role && capitals && words.len() <= 5).then(|| bylines::parse(part))
}

/// Whether a line is the name of an outlet: few words, all in capitals or capitalised, that end in
/// one that outlets' names end in.
fn is_masthead(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let capitalised = |word: &&str| {
        word.starts_with(char::is_uppercase) || matches!(*word, "&" | "of" | "and" | "the")
    };
    let named =
        words.last().is_some_and(|word| OUTLET_WORDS.contains(&word.to_lowercase().as_str()));
    // "Der Sundbote", "Tagesanzeiger": German writes the word as one.
    let compound = words.last().is_some_and(|word| {
        let word = word.to_lowercase();
        ["bote", "zeitung", "anzeiger", "blatt"].iter().any(|end| word.ends_with(end))
    });
    (2..=6).contains(&words.len()) && words.iter().all(capitalised) && (named || compound)
}

/// The name of an outlet in upper and lower case; short words, which may be abbreviations, stay.
pub(super) fn outlet_name(line: &str) -> String {
    if line.chars().any(char::is_lowercase) {
        return line.to_owned();
    }
    let words = line.split_whitespace().enumerate().map(|(at, word)| match word {
        "OF" | "AND" | "FOR" if at > 0 => word.to_lowercase(),
        "THE" | "OF" | "AND" | "FOR" | "NEW" | "DER" | "DIE" | "DAS" => bylines::capitalised(word),
        _ if word.chars().count() <= 3 => word.to_owned(),
        _ => bylines::capitalised(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// One to three capitalised words.
fn is_label(part: &str) -> bool {
    let words: Vec<&str> = part.split(' ').collect();
    words.len() <= 3
        && words[0].starts_with(char::is_uppercase)
        && part.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '&' | '-' | '\'' | '’'))
}

/// Whether a line is a date and nothing more: "Published: 16/04/2026 05:00".
fn is_date(line: &str) -> bool {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)^(?:\d{1,4}(?:st|nd|rd|th)?\.?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:T\S*)?",
            r"|\d{1,2}[:.]\d{2}(?::\d{2})?(?:am|pm)?|\d{1,2}(?:am|pm)",
            r"|jan(?:uary|uar)?\.?|feb(?:ruary|ruar)?\.?|mar(?:ch)?\.?|märz|apr(?:il)?\.?|may|mai",
            r"|june?\.?|juni|july?\.?|juli|aug(?:ust)?\.?|sept?(?:ember)?\.?|o[ck]t(?:ober)?\.?",
            r"|nov(?:ember)?\.?|de[cz](?:ember)?\.?",
            r"|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?",
            r"|sat(?:urday)?|sun(?:day)?|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag",
            r"|published|updated|posted|last|first|modified|on|at|veröffentlicht|aktualisiert|am|um",
            r"|pm|a\.m\.?|p\.m\.?|gmt|utc|est|edt|pst|pdt|cet|cest|bst|et|uhr)$",
        ))
        .expect("a valid expression")
    });
    let mut tokens = line.split([' ', ',', '|', '(', ')', '·', '-', '–']).filter(|t| !t.is_empty());
    let dated = dates::parse(line).is_some() || is_ambiguous(line);
    let whole = line.trim();
    dated
        && (whole.split(' ').count() <= 10)
        && (dates::parse(whole).is_some_and(|_| whole.len() <= 10)
            || tokens.all(|token| TOKEN.is_match(token.trim_end_matches(':'))))
}

fn is_ambiguous(line: &str) -> bool {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b").expect("a valid expression")
    });
    NUMBERS.is_match(line)
}

/// The length of the dateline that a paragraph begins with: a place, in capitals unless an agency
/// stands behind it, perhaps a region and a date, and a dash before a sentence.
pub(super) fn dateline(line: &str) -> Option<usize> {
    static DATELINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^(?P<place>\p{Lu}[\p{L}.'’ -]{2,40}?)",
            r"(?:/\p{Lu}[\p{L}.'’ -]{2,40}?)?",
            r"(?P<more>(?:, ?\p{Lu}[\p{L}\d.'’ -]{1,30}?){0,3})",
            r"(?P<agency> ?\(\p{Lu}[^()]{1,40}\))?",
            r" ?(?:—|–|--|-|―) ?(?P<next>[\p{Lu}\d“‘])",
        ))
        .expect("a valid expression")
    });
    let found = DATELINE.captures(line)?;
    let place = found.name("place")?.as_str();
    let letters: Vec<char> = place.chars().filter(|c| c.is_alphabetic()).collect();
    let capitals = letters.len() >= 3 && letters.iter().all(|c| c.is_uppercase());
    let agency = found.name("agency");
    let notice =
        ["BREAKING", "UPDATE", "UPDATED", "WATCH", "VIDEO", "EXCLUSIVE", "OPINION", "LIVE"];
    let words = place.split(' ').count();
    let told = if agency.is_some() { capitals || words <= 3 } else { capitals };
    if !told || notice.contains(&place) {
        return None;
    }
    // A hyphen inside a compound ("COVID-19") or a name ("SIEGEL--Jerome") is no dash.
    let end = found.name("next")?.start();
    let before = line[..end].trim_end();
    let spaced = before.len() < end && (before.ends_with("--") || before.ends_with(" -"));
    (!before.ends_with('-') || spaced).then_some(before.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Section;

    #[test]
    fn dates_are_told_from_sentences_with_dates() {
        for line in [
            "14 March 2026",
            "Thursday, January 22, 2026",
            "13. März 2026",
            "Published: 16/04/2026 05:00",
            "Updated 3/4/2026 at 5:10 p.m. ET",
            "2026-03-08",
        ] {
            assert!(is_date(line), "{line}");
        }
        for line in ["In March 2026 the levy passed", "2026", "On 14 March 2026, talks", "May"] {
            assert!(!is_date(line), "{line}");
        }
    }

    #[test]
    fn mastheads_are_told_by_their_last_word_and_set_in_small_letters() {
        assert!(is_masthead("The Harbour Courier") && is_masthead("CAPE TARROW GAZETTE"));
        assert!(!is_masthead("Kester Palm") && !is_masthead("He read the news"));
        assert_eq!(outlet_name("CAPE TARROW GAZETTE"), "Cape Tarrow Gazette");
        assert_eq!(outlet_name("BBC NEWS OF THE WORLD"), "BBC News of The World");
        assert_eq!(outlet_name("NYT"), "NYT");
    }

    #[test]
    fn a_hyphen_in_a_word_is_no_dash() {
        assert_eq!(dateline("COVID-19 is back."), None);
        assert_eq!(dateline("SIEGEL--Jerome Arthur, 98, passed away."), None);
        assert_eq!(dateline("BREAKING — The vote is over."), None);
        assert_eq!(dateline("LONDON - The vote is over."), Some("LONDON -".len()));
    }

    #[test]
    fn opinion_labels_before_a_name_are_read() {
        let (byline, label) = by("Guest opinion by Pieter Quill").unwrap();
        assert_eq!(byline.authors, ["Pieter Quill"]);
        assert_eq!(section(&label.unwrap()), Some(Section::Opinion));
        assert!(by("Death by Misadventure").is_none());
    }
}
