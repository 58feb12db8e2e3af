//! PDF files with a text layer.
//!
//! Lines stay as they are set, for the layout of a page tells its paragraphs; only words that are broken
//! at a line's end are put together. Metadata are not read: most programs write the name of the computer's
//! owner and of the file.

use crate::read::guarded;

/// The text, page after page.
///
/// # Errors
/// A reason, where it is no PDF, is encrypted, or breaks the parser down.
pub(crate) fn text(content: &[u8]) -> Result<String, String> {
    let extracted = guarded("PDF reader", || pdf_extract::extract_text_from_mem(content))?;
    let text = extracted.map_err(|error| format!("cannot be read as PDF: {error}"))?;
    if text.trim().is_empty() {
        return Err("empty: the PDF has no text layer; run it through an OCR program".to_owned());
    }
    Ok(unbroken(text.trim()))
}

/// The text without the hyphens at which words are broken between lines, and without white space at
/// the lines' ends.
fn unbroken(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let goes_on = lines.peek().is_some_and(|next| next.starts_with(char::is_lowercase));
        match line.strip_suffix(['-', '\u{ad}', '\u{2010}']) {
            Some(word) if goes_on && word.ends_with(char::is_lowercase) => whole.push_str(word),
            _ => {
                whole.push_str(line);
                whole.push('\n');
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_words_are_put_together_and_compounds_stay() {
        assert_eq!(
            unbroken("a com-\nmercial levy \nfrom Nord-\nSud"),
            "a commercial levy\nfrom Nord-\nSud\n"
        );
    }

    #[test]
    fn what_is_no_pdf_is_no_panic() {
        for content in [&b"%PDF-1.4"[..], b"", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>"] {
            assert!(text(content).unwrap_err().contains("PDF"));
        }
    }
}
