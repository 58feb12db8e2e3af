//! PDF files with a text layer.
//!
//! Lines stay as they are set, for the layout of a page tells its paragraphs; only words that are broken
//! at a line's end are put together. Metadata are not read: most programs write the name of the computer's
//! owner and of the file.

mod bounds;

use pdf_extract::{Document, PlainTextOutput, output_doc};

use crate::read::guarded;

/// The text, page after page.
///
/// # Errors
/// A reason, where it is no PDF, is encrypted, or breaks the parser down.
pub(crate) fn text(content: &[u8]) -> Result<String, String> {
    let wrong = |error: String| format!("cannot be read as PDF: {error}");
    bounds::before_opening(content).map_err(wrong)?;
    let text = guarded("PDF reader", || extract(content))?.map_err(wrong)?;
    if text.trim().is_empty() {
        return Err("empty: the PDF has no text layer; run it through an OCR program".to_owned());
    }
    Ok(unbroken(text.trim()))
}

fn extract(content: &[u8]) -> Result<String, String> {
    let mut document = Document::load_mem(content).map_err(|error| error.to_string())?;
    // Many that are protected from changes open without a password.
    if document.is_encrypted() {
        document.decrypt("").map_err(|error| error.to_string())?;
    }
    bounds::before_drawing(&document, content)?;
    let mut text = String::new();
    let drawn = output_doc(&document, &mut PlainTextOutput::new(&mut text));
    drawn.map_err(|error| error.to_string())?;
    Ok(text)
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

    /// A page whose content draws the form `F`, and that form with a form of its own.
    fn drawing(page: &str, form: &str) -> Vec<u8> {
        let stream = |dictionary: &str, content: &str| {
            format!("<<{dictionary} /Length {}>>\nstream\n{content}\nendstream", content.len())
        };
        let resources = "/Resources <</XObject <</F 5 0 R>>>>";
        let objects = [
            "<</Type /Catalog /Pages 2 0 R>>".to_owned(),
            "<</Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 9 9]>>".to_owned(),
            format!("<</Type /Page /Parent 2 0 R /Contents 4 0 R {resources}>>"),
            stream("", page),
            stream(&format!("/Type /XObject /Subtype /Form {resources}"), form),
        ];
        let mut file = b"%PDF-1.4\n".to_vec();
        let mut places = Vec::new();
        for (number, object) in (1..).zip(objects) {
            places.push(file.len());
            file.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
        }
        let start = file.len();
        file.extend(b"xref\n0 6\n0000000000 65535 f \n");
        places.iter().for_each(|place| file.extend(format!("{place:010} 00000 n \n").into_bytes()));
        file.extend(
            format!("trailer\n<</Size 6 /Root 1 0 R>>\nstartxref\n{start}\n%%EOF").into_bytes(),
        );
        file
    }

    #[test]
    fn a_form_that_draws_itself_is_refused() {
        let itself = text(&drawing("/F Do", "/F Do")).unwrap_err();
        assert_eq!(itself, "cannot be read as PDF: a form of it is drawn within itself");
        assert!(
            text(&drawing("/F Do", ""))
                .unwrap_err()
                .starts_with("empty: the PDF has no text layer")
        );
    }

    #[test]
    fn a_form_that_is_drawn_more_often_than_can_be_read_is_refused() {
        let form = "0 g ".repeat(1_000);
        let often = text(&drawing(&"/F Do ".repeat(30_000), &form)).unwrap_err();
        assert!(often.contains("it expands to more than 200 times its size"), "{often}");
    }

    #[test]
    fn a_stream_that_is_packed_again_and_again_is_refused() {
        use std::io::Write;
        let pack = |plain: &[u8]| {
            let mut packed = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::fast());
            packed.write_all(plain).unwrap();
            packed.finish().unwrap()
        };
        let bomb = pack(&pack(&vec![0; 72 << 20]));
        assert!(bomb.len() < 20_000, "{}", bomb.len());
        let file =
            [b"%PDF-1.5\n1 0 obj\n<<>>\nstream\n", &bomb[..], b"\nendstream\nendobj"].concat();
        assert!(text(&file).unwrap_err().contains("it expands to more than 200 times its size"));
    }

    #[test]
    fn what_is_no_pdf_is_no_panic() {
        for content in [&b"%PDF-1.4"[..], b"", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>"] {
            assert!(text(content).unwrap_err().contains("PDF"));
        }
    }
}
