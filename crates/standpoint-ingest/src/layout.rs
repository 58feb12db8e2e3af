//! The lines of a text: where its paragraphs, headlines and list items begin and end.
//!
//! A newline means two things. In most files it ends a paragraph; in text that was wrapped to a
//! width it stands for a space. The two are told apart as a typesetter would: a wrapped line ends
//! where the next word would not have fitted.

use standpoint_core::Span;

/// A paragraph, headline, list item or other run of text that ends where its line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its bytes, trimmed; it may hold newlines if the text is wrapped.
    pub(crate) span: Span,
    /// Whether a blank line, or the beginning of the text, stands before it.
    pub(crate) after_blank: bool,
}

/// Widths to which text is wrapped, in characters; longer lines are paragraphs.
const WIDTHS: std::ops::RangeInclusive<usize> = 50..=120;

/// The non-empty lines of a text in order, wrapped ones joined.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let physical = physical(text);
    let width = wrap_width(text, &physical);
    let mut lines: Vec<Line> = Vec::new();
    let mut last = 0;
    for (at, line) in physical.iter().enumerate() {
        let joined = width.is_some_and(|width| {
            !line.after_blank && wraps(of(text, physical[last]), of(text, *line), width)
        });
        match lines.last_mut() {
            Some(open) if joined => open.span.end = line.span.end,
            _ => lines.push(*line),
        }
        last = at;
    }
    lines
}

fn physical(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut after_blank = true;
    let mut start = 0;
    for line in text.split('\n') {
        let span = Span::new(start, start + line.len()).trimmed(text);
        start += line.len() + 1;
        if span.is_empty() {
            after_blank = true;
        } else {
            lines.push(Line { span, after_blank });
            after_blank = false;
        }
    }
    lines
}

fn of(text: &str, line: Line) -> &str {
    line.span.of(text).unwrap_or_default()
}

/// The width to which a text is wrapped: that of its longest line, if that is a width texts are
/// wrapped to and some line goes on in the middle of a sentence.
fn wrap_width(text: &str, lines: &[Line]) -> Option<usize> {
    let width = lines.iter().map(|line| of(text, *line).chars().count()).max()?;
    let goes_on = |pair: &[Line]| {
        let [above, below] = pair else { return false };
        !below.after_blank
            && of(text, *below).starts_with(char::is_lowercase)
            && wraps(of(text, *above), of(text, *below), width)
    };
    (WIDTHS.contains(&width) && lines.windows(2).any(goes_on)).then_some(width)
}

/// Whether the line `below` continues the one above in text wrapped to `width`: its first word did
/// not fit there any more, or a sentence goes on.
fn wraps(above: &str, below: &str, width: usize) -> bool {
    let first_word = below.split_whitespace().next().unwrap_or_default().chars().count();
    // Editors differ by a character or two in what they let stand at the margin.
    let full = above.chars().count() + 1 + first_word + 2 > width;
    let goes_on = below.starts_with(char::is_lowercase);
    (full || goes_on) && !is_item(below) && !is_byline(below)
}

/// Whether a line begins a list item.
fn is_item(line: &str) -> bool {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let numbered = (1..=3).contains(&digits)
        && line[digits..].starts_with(['.', ')'])
        && line[digits + 1..].starts_with(' ');
    numbered || ["- ", "* ", "• ", "– ", "· "].iter().any(|bullet| line.starts_with(bullet))
}

fn is_byline(line: &str) -> bool {
    crate::bylines::line(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(&str, bool)> {
        lines(text).into_iter().map(|line| (of(text, line), line.after_blank)).collect()
    }

    #[test]
    fn each_line_of_unwrapped_text_stands_alone() {
        let long = "The levy works, and it has worked for years. ".repeat(4);
        let text = format!("Pass the levy\nby Anna Trevane\r\n\r\n{long}\nIt works.\n");
        assert_eq!(
            shown(&text),
            [
                ("Pass the levy", true),
                ("by Anna Trevane", false),
                (long.trim(), true),
                ("It works.", false)
            ]
        );
    }

    #[test]
    fn wrapped_lines_are_joined_and_headlines_are_not() {
        let text = "Pass the levy\nThe levy works, and it has worked for three years in every\n\
                    province that has tried it. Mr. Tolva says that it does not. He is\n\
                    Wrong about this.\n- one item\n- another\n\nNext.";
        let shown = shown(text);
        assert_eq!(shown.len(), 5, "{shown:?}");
        assert_eq!(shown[0].0, "Pass the levy");
        assert!(shown[1].0.starts_with("The levy") && shown[1].0.ends_with("Wrong about this."));
        assert_eq!(shown[2].0, "- one item");
        assert_eq!(shown[4], ("Next.", true));
    }

    #[test]
    fn short_lines_without_a_sentence_that_goes_on_are_not_joined() {
        let text = "Apples are good for the heart, most doctors say so\n\
                    Pears are better for the liver, other doctors say.";
        assert_eq!(shown(text).len(), 2);
        assert_eq!(shown(""), []);
    }
}
