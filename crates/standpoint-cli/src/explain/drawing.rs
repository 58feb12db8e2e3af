//! A document in colour: whose words are whose, at a glance.

use anstyle::{AnsiColor, Effects, Style};
use standpoint_core::{Holder, Span, Voice};
use standpoint_pipeline::Explanation;
use std::collections::BTreeSet;
use std::io::Write;

/// One colour an actor, in the order in which they speak; a seventh has the first one's again. Red and
/// green stay out: no colour means for or against here.
const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Magenta,
    AnsiColor::BrightBlue,
    AnsiColor::BrightYellow,
    AnsiColor::BrightMagenta,
];

/// Writes the document's text: the author's words as they are, what is attributed to an actor in the
/// actor's colour, the words for the actor bold, the cue underlined, a voice without a name in italics,
/// and what was cut dimmed. A legend stands above it.
pub(super) fn draw(out: &mut impl Write, explanation: &Explanation) -> std::io::Result<()> {
    let text = &explanation.document.text;
    let speakers = speakers(explanation);
    write!(out, "author")?;
    for (at, name) in speakers.iter().enumerate() {
        let style = colour(at);
        write!(out, " · {style}{}{style:#}", visible(name))?;
    }
    let (nobody, cut) = (Style::new().italic(), Style::new().dimmed());
    writeln!(out, " · {nobody}a voice without a name{nobody:#} · {cut}cut{cut:#}\n")?;
    for (slice, style) in pieces(text, &paints(explanation, &speakers)) {
        // A style ends with its line: pagers show each line by itself.
        for (nth, line) in slice.split('\n').enumerate() {
            if nth > 0 {
                writeln!(out)?;
            }
            write!(out, "{style}{}{style:#}", visible(line))?;
        }
    }
    writeln!(out)
}

/// The actors who speak, or whose acts came to a record, in order of appearance.
fn speakers(explanation: &Explanation) -> Vec<&str> {
    let evidence = explanation.records.iter().flat_map(|record| &record.evidence);
    let recorded: BTreeSet<&str> = evidence.filter_map(|found| found.named.as_deref()).collect();
    let mut speakers: Vec<&str> = Vec::new();
    for spoken in explanation.passages.iter().flat_map(|passage| &passage.voices) {
        let Some(Holder::Actor(name)) = &spoken.holder else { continue };
        let heard = spoken.voice != Voice::Reported || recorded.contains(name.as_str());
        if heard && !speakers.contains(&name.as_str()) {
            speakers.push(name);
        }
    }
    speakers
}

fn colour(at: usize) -> Style {
    Style::new().fg_color(Some(COLOURS[at % COLOURS.len()].into()))
}

/// What is drawn where. Of two that overlap the later one wins, so the shorter ones come last: words
/// attributed within attributed words.
fn paints(explanation: &Explanation, speakers: &[&str]) -> Vec<(Span, Style)> {
    let (mut contents, mut words) = (Vec::new(), Vec::new());
    for passage in &explanation.passages {
        for spoken in passage.voices.iter().filter(|spoken| spoken.voice != Voice::Own) {
            let style = match &spoken.holder {
                Some(Holder::Actor(name)) => {
                    match speakers.iter().position(|known| known == name) {
                        Some(at) => colour(at),
                        None => continue,
                    }
                }
                Some(Holder::Author) | None => Style::new().italic(),
            };
            words.extend(spoken.mention.map(|mention| (mention, style | Effects::BOLD)));
            words.extend(spoken.cue.map(|cue| (cue, style | Effects::UNDERLINE)));
            if spoken.voice != Voice::Reported {
                let whole = spoken.content.is_empty().then_some(passage.span);
                contents.extend(spoken.content.iter().copied().chain(whole).map(|at| (at, style)));
            }
        }
    }
    contents.sort_by_key(|(span, _)| std::cmp::Reverse(span.len()));
    let cuts = explanation.document.cuts.iter().map(|cut| (cut.span, Style::new().dimmed()));
    contents.into_iter().chain(words).chain(cuts).collect()
}

/// The text in slices of one style each.
fn pieces<'t>(text: &'t str, paints: &[(Span, Style)]) -> Vec<(&'t str, Style)> {
    let mut edges = vec![(text.len(), None)];
    for (nth, (span, _)) in paints.iter().enumerate() {
        if span.of(text).is_some_and(|slice| !slice.is_empty()) {
            edges.extend([(span.start, Some(nth)), (span.end, Some(nth))]);
        }
    }
    edges.sort();
    let (mut open, mut start, mut pieces) = (BTreeSet::new(), 0, Vec::new());
    for (end, paint) in edges {
        if end > start {
            let style = open.last().map_or_else(Style::new, |&nth: &usize| paints[nth].1);
            pieces.push((text.get(start..end).unwrap_or_default(), style));
            start = end;
        }
        // A span's first edge opens it, its second one closes it.
        if let Some(nth) = paint
            && !open.remove(&nth)
        {
            open.insert(nth);
        }
    }
    pieces
}

/// A stranger's text, fit for a terminal: what would move its cursor or set its title is shown as the
/// sign for it.
pub(super) fn visible(text: &str) -> String {
    let sign = |c: char| match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        c if c.is_control() => '\u{fffd}',
        // What turns the direction of what follows.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_styles_that_overlap_is_drawn() {
        let text = "«a «b» c» d";
        let (outer, inner) = (colour(0), colour(1));
        let spans = [(Span::new(0, 13), outer), (Span::new(4, 9), inner)];
        assert_eq!((spans[0].0.of(text), spans[1].0.of(text)), (Some("«a «b» c»"), Some("«b»")));
        let expected = [("«a ", outer), ("«b»", inner), (" c»", outer), (" d", Style::new())];
        assert_eq!(pieces(text, &spans), expected);
    }

    #[test]
    fn a_text_cannot_speak_to_the_terminal() {
        let text = "\x1b]0;title\x07 \u{9b}2J\ta\u{202e}b";
        assert_eq!(visible(text), "␛]0;title␇ \u{fffd}2J\ta\u{fffd}b");
    }
}
