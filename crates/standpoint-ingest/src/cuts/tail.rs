//! The matter below the body: bio, credit, disclaimer, copyright, sign-up, related.

use std::sync::LazyLock;

use regex::Regex;
use standpoint_core::CutReason;

use super::{Findings, Known, Page, push, same_name};
use crate::bylines;

/// The most lines that are looked at from the end.
const MOST: usize = 12;

/// The longest line of such matter, in characters.
const LONGEST: usize = 400;

/// The longest line that is cut in the middle of a text.
const LONGEST_ANYWHERE: usize = 160;

struct Forms {
    /// "Read more: …", which nothing else is.
    related: Regex,
    /// "More from Abroad: …", which a sentence may be, too.
    perhaps_related: Regex,
    related_heading: Regex,
    signup: Regex,
    signup_words: Regex,
    cookies: Regex,
    /// What a page says of itself: labels of advertisements, and what its programs left undone.
    machinery: Regex,
    disclaimer: Regex,
    disclaimer_words: Regex,
    no_position: Regex,
    feed: Regex,
    copyright: Regex,
    holder: Regex,
    credit: Regex,
    syndicated: Regex,
    bio_of_unknown: Regex,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let form = |parts: &[&str]| Regex::new(&parts.concat()).expect("a valid expression");
    Forms {
        related: form(&[
            r"(?i)^[\[(>»→▶* ]*(?:read (?:more|also|next)|also read|see (?:also|more)|further reading",
            r"|related(?: (?:stories|story|content|articles?))?|you may also like|keep reading",
            r"|lesen sie auch|mehr zum thema|weiterlesen)\s?:\s*\S",
        ]),
        perhaps_related: form(&[
            r"(?i)^(?:more (?:from|on) [^:.]{1,40}|letters to [^:.]{1,40}|recommended)\s?:\s*\S",
        ]),
        related_heading: form(&[
            r"(?i)^(?:more (?:from|on|in) \S.{0,50}|related(?: (?:stories|articles|content|topics))?",
            r"|read (?:more|also|next)|most read|you may also like|recommended(?: for you)?",
            r"|see also|keep reading)$",
        ]),
        signup: form(&[
            r"(?i)^(?:click here to )?(?:sign up|subscribe|register|join \d|join (?:our|the|us)",
            r"|get (?:the|our)\b|follow (?:us|@|(?-i:[A-Z]\S*(?: [A-Z]\S*){0,3}) on\b)|never miss|don.t miss|like what you(?: just)? read",
            r"|enjoy(?:ed|ing)? this|want more|(?:jetzt )?abonnieren|newsletter)",
        ]),
        signup_words: form(&[
            r"(?i)newsletter|in(?:to)? your inbox|(?:by|via|an|per) e-?mail|briefing|podcast|alerts",
            r"|subscribe (?:now|today|here|free)|register free|(?-i:the [A-Z]\w+ Letter\b)",
            r"|on (?:twitter|facebook|instagram|x|telegram|whatsapp|youtube)\b",
        ]),
        cookies: form(&[
            r"(?i)^(?:(?:this|our) (?:web)?site|we(?: and our partners)?) uses? cookies\b",
            r"|^(?:strictly )?necessary cookies are\b|^any cookies that may not be\b",
        ]),
        machinery: form(&[
            r"(?i)^(?:adver(?:t|ts|tisements?|tising|torial)|anzeige|publicidade|this \w+ requires javascript\.?",
            r"|\[(?:button|caption|gallery|embed|video|audio|playlist)\b[^\]]*\].*\[/\w+\])$",
        ]),
        disclaimer: form(&[
            r"(?i)^(?:.{0,80}\b(?:views?|opinions?) expressed\b|(?:the )?(?:views?|opinions?) (?:of|in|are) ",
            r"|.{0,100}\bdo(?:es)? not necessarily (?:reflect|represent)|disclaimer:)",
        ]),
        disclaimer_words: form(&[
            r"(?i)\bown\b|\bthose of (?:the )?(?:authors?|writers?|contributors?|columnists?)",
            r"|\bnecessarily (?:reflect|represent)|\bdo not reflect the|^disclaimer:",
        ]),
        no_position: form(&[
            r"(?i)^(?:guest )?(?:columns?|op-eds?|letters|commentaries|essays|contributions)",
            r"\b.{0,60}\bdo not represent the (?:views?|positions?|opinions?) of\b",
        ]),
        feed: form(&[
            r"(?i)^\(?this (?:story|article|report|piece|item) (?:was|has been|has not been|is)",
            r" (?:published from|auto-?generated|edited by .{1,40} staff|edited for (?:length|clarity|style))",
        ]),
        copyright: form(&[
            r"(?i)^(?:©|\(c\)\s|copyright (?:©|\(c\)|\d{4}|by)|.{0,60}all rights reserved\.?$",
            r"|.{0,60}alle rechte vorbehalten\.?$)",
        ]),
        holder: form(&[
            r"(?i)^(?:copyright\s*)?(?:©|\(c\))?\s*(?:\d{4}(?:\s*[-–]\s*\d{4})?)?,?\s*(?:by\s+)?(.+?)",
            r"(?:,? (?:Ltd|Inc|LLC|GmbH|plc)\b\.?)?(?:\s+\d{4})?\s*(?:$|\.)",
        ]),
        credit: form(&[
            r"(?i)^\W{0,2}(?:(?:re-?printed|re-?published|distributed|syndicated) (?:by|with|from|through|under)\b",
            r"|(?:originally|first) (?:published|appeared) (?:in|on|at|by)\b|courtesy of\b",
            r"|this (?:article|essay|piece|story|column|op-ed|commentary|post|text|excerpt|interview)",
            r" (?:was )?(?:(?:first|originally|also) (?:appeared|published|ran)|published (?:by|with)",
            r"|is (?:re-?published|re-?printed|syndicated|adapted|an excerpt))",
            r"|(?:additional )?(?:reporting|writing) by\b|edit(?:ed|ing) by\b",
            r"|.{3,80} contributed to this (?:report|story|article)\.?$",
            r"|(?:excerpted|adapted) from\b)",
        ]),
        syndicated: form(&[
            r"(?i)\b(?:distributed|syndicated|reprinted|republished) (?:by|with|from|through|in)\b",
        ]),
        bio_of_unknown: form(&[
            r"^(?P<name>\p{Lu}[\p{L}.'’-]+(?: \p{Lu}[\p{L}.'’-]*){1,3})(?:, (?:an?|the) .{3,120},)?",
            r" (?:is|was) (?:an?|the) [^.]{0,80}?\b(?:columnist|fellow|professor|lecturer|novelist",
            r"|essayist|author of|contributing|writer|editor at|scholar|researcher)\b",
        ]),
    }
});

/// Cuts the tail of a text whose body begins at line `body`; gives the line where the body ends.
pub(super) fn cut(
    page: &Page<'_>,
    body: usize,
    known: &Known<'_>,
    findings: &mut Findings,
) -> usize {
    let authors: Vec<String> = known.authors.iter().chain(&findings.authors).cloned().collect();
    let lowest = (body + 1).max(page.lines.len().saturating_sub(MOST));
    let mut end = page.lines.len();
    // Short lines below which a heading like "More from …" may stand.
    let mut titles = Vec::new();
    for at in (lowest..page.lines.len()).rev() {
        let line = page.line(at);
        let heading = line.chars().count() <= 60
            && !line.ends_with(['.', '!', '?'])
            && FORMS.related_heading.is_match(line);
        if !titles.is_empty() && !heading {
            if is_title(line) {
                titles.push(at);
                continue;
            }
            break;
        }
        let reason = if heading {
            for at in titles.drain(..) {
                push(findings, page.text, page.lines[at].span, CutReason::Related);
            }
            Some(CutReason::Related)
        } else {
            matter(page, at, &authors)
        };
        match reason {
            Some(reason) => {
                read(line, reason, known, &authors, findings);
                push(findings, page.text, page.lines[at].span, reason);
                end = at;
            }
            None if is_title(line) => titles.push(at),
            None => break,
        }
    }
    end
}

/// What a line in the tail is, if it is no part of the body.
fn matter(page: &Page<'_>, at: usize, authors: &[String]) -> Option<CutReason> {
    let line = page.line(at);
    if line.chars().count() > LONGEST {
        return None;
    }
    let forms = &*FORMS;
    if forms.copyright.is_match(line) {
        let credited = forms.syndicated.is_match(line);
        return Some(if credited { CutReason::Credit } else { CutReason::Copyright });
    }
    let disclaimer = forms.disclaimer.is_match(line) && forms.disclaimer_words.is_match(line);
    if disclaimer || forms.no_position.is_match(line) || forms.feed.is_match(line) {
        return Some(CutReason::Disclaimer);
    }
    if forms.credit.is_match(line) {
        return Some(CutReason::Credit);
    }
    if let Some(reason) = anywhere(line) {
        return Some(reason);
    }
    (is_bio(line, authors) || bio_of_unknown(page, at, authors).is_some()).then_some(CutReason::Bio)
}

/// What a whole short line is that can be no part of an argument wherever it stands; of a notice about
/// cookies, a long one.
pub(super) fn anywhere(line: &str) -> Option<CutReason> {
    if FORMS.cookies.is_match(line) {
        return Some(CutReason::Disclaimer);
    }
    if line.chars().count() > LONGEST_ANYWHERE || line.contains('\n') {
        return None;
    }
    if FORMS.machinery.is_match(line) {
        return Some(CutReason::Disclaimer);
    }
    // The titles of articles have no full stop.
    let title = !line.ends_with(['.', '!', ';', ',']);
    if FORMS.related.is_match(line) || (title && FORMS.perhaps_related.is_match(line)) {
        return Some(CutReason::Related);
    }
    let signup = FORMS.signup.is_match(line) && FORMS.signup_words.is_match(line);
    signup.then_some(CutReason::Signup)
}

/// Whether a line says who one of the authors is: it begins with all of a name and goes on with a
/// small word.
fn is_bio(line: &str, authors: &[String]) -> bool {
    let bare = line.trim_start_matches(['*', '_', '—', '–', '-', '•', ' ', '(']);
    let lower = bare.to_lowercase();
    let unnamed = ["the author is ", "the writer is "].iter().any(|start| {
        let rest = lower.strip_prefix(start);
        rest.is_some_and(|rest| ["a ", "an ", "the "].iter().any(|word| rest.starts_with(word)))
    });
    if unnamed {
        return true;
    }
    let words: Vec<&str> = bare.split(' ').collect();
    // A title may stand before the name.
    (0..=1.min(words.len())).any(|skipped| {
        let rest = words[skipped..].join(" ");
        let titled = skipped == 0 || words[0].ends_with('.') || words[0] == "Professor";
        titled
            && authors.iter().any(|author| {
                author.contains(' ')
                    && rest
                        .strip_prefix(author.as_str())
                        .and_then(|rest| rest.strip_prefix([' ', ',']))
                        .is_some_and(|rest| rest.trim_start().starts_with(char::is_lowercase))
            })
    })
}

/// The name in "N. N. is a columnist for …" as the last line but for such matter, where no author
/// is known and nobody of that name is written about.
fn bio_of_unknown(page: &Page<'_>, at: usize, authors: &[String]) -> Option<String> {
    if !authors.is_empty() {
        return None;
    }
    let name = FORMS.bio_of_unknown.captures(page.line(at))?.name("name")?.as_str();
    let name = bylines::name(name)?;
    let last = name.rsplit(' ').next()?;
    (page.lines_with(last) == 1).then_some(name)
}

/// A line that may be the title of another article: short, and no sentence.
fn is_title(line: &str) -> bool {
    line.chars().count() <= 100
        && !line.ends_with(['.', '!', '”', '"', '’', ')', ':', ';', ','])
        && line.split(' ').count() >= 2
}

/// Reads what a line of the tail says into the findings.
fn read(
    line: &str,
    reason: CutReason,
    known: &Known<'_>,
    authors: &[String],
    findings: &mut Findings,
) {
    match reason {
        CutReason::Bio => {
            if authors.is_empty()
                && let Some(found) = FORMS.bio_of_unknown.captures(line)
                && let Some(name) = bylines::name(&found["name"])
            {
                findings.authors = vec![name];
            }
            findings.bio = Some(line.to_owned());
        }
        CutReason::Copyright | CutReason::Credit if FORMS.copyright.is_match(line) => {
            let Some(holder) = FORMS.holder.captures(line).and_then(|found| found.get(1)) else {
                return;
            };
            let holder = holder.as_str().trim();
            // Of a syndicated piece the holder is not the one who placed it, unless the folder
            // agrees.
            let own = reason == CutReason::Copyright
                || known.folder.is_some_and(|folder| same_name(folder, holder));
            let plausible = (1..=6).contains(&holder.split(' ').count())
                && holder.starts_with(char::is_uppercase)
                && !holder.to_lowercase().contains("rights reserved");
            if own && plausible && findings.outlet.is_none() {
                findings.outlet = Some(holder.to_owned());
            }
        }
        _ => {}
    }
}
