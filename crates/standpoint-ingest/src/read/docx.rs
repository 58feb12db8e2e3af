//! Word files (.docx): their paragraphs, or the articles of an export of a press database.
//!
//! Their properties are not read: the author there is who owned the program, the title that of the
//! template.

use quick_xml::Reader;
use quick_xml::events::Event;
use standpoint_core::Failure;

use super::content::{Allowance, Seekable};
use super::xml::{attribute, entity, local};
use super::zip::Zip;
use super::{Rows, failure, press};

const BODY: &str = "word/document.xml";

/// # Errors
/// Where this is no Word file or is broken.
pub(super) fn read(name: &str, source: Seekable, allowance: &Allowance) -> Result<Rows, Failure> {
    let wrong = |reason| failure(name, None, format!("cannot be read as a Word file: {reason}"));
    let body =
        Zip::open(source, allowance.clone()).and_then(|zip| zip.part(BODY)).map_err(wrong)?;
    let text = paragraphs(&String::from_utf8_lossy(&body)).map_err(wrong)?;
    Ok(press::documents(name, &text, vec![]))
}

/// The text of the paragraphs, with a blank line between them.
fn paragraphs(xml: &str) -> Result<String, String> {
    let mut reader = Reader::from_str(xml);
    let mut text = String::new();
    // Whether a run's text is open, and how many elements whose text is not shown are.
    let (mut shown, mut hidden) = (false, 0usize);
    loop {
        let event = reader.read_event().map_err(|error| format!("broken XML: {error}"))?;
        let (start, empty) = match &event {
            Event::Start(start) => (Some(start), false),
            Event::Empty(start) => (Some(start), true),
            _ => (None, false),
        };
        if let Some(start) = start {
            match local(start).as_str() {
                "t" if !empty => shown = true,
                // Deletions that are still on record, text boxes in the form for old programs, and the
                // codes of fields are not what a reader sees.
                "del" | "moveFrom" | "Fallback" | "instrText" if !empty => hidden += 1,
                "tab" if hidden == 0 => text.push('\t'),
                "br" | "cr" if hidden == 0 => {
                    let page = attribute(start, "type").is_some_and(|kind| kind == "page");
                    text.push_str(if page { "\n\n" } else { "\n" });
                }
                "noBreakHyphen" if hidden == 0 => text.push('-'),
                _ => {}
            }
            continue;
        }
        match event {
            Event::End(end) => match end.local_name().as_ref() {
                "t" => shown = false,
                "del" | "moveFrom" | "Fallback" | "instrText" => {
                    hidden = hidden.saturating_sub(1);
                }
                "p" => text.push_str("\n\n"),
                _ => {}
            },
            Event::Text(words) if shown && hidden == 0 => text.push_str(&words),
            Event::CData(words) if shown && hidden == 0 => text.push_str(&words),
            Event::GeneralRef(reference) if shown && hidden == 0 => {
                text.push_str(&entity(&reference));
            }
            Event::Eof => return Ok(text),
            _ => {}
        }
    }
}
