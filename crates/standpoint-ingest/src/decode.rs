//! From bytes to text.

use std::sync::LazyLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use regex::bytes::Regex;

/// How far into a page its charset is looked for; browsers look at 1,024 bytes, but pages that
/// begin with scripts are common enough.
const META_WINDOW: usize = 4096;

static META: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s*=\s*["']?\s*([a-z0-9_:.-]+)"#,
    )
    .expect("a valid expression")
});

/// A decoded text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// What had to be guessed or left out, in words.
    pub(crate) notes: Vec<String>,
}

/// Decodes a text of unknown encoding; nothing is refused, what does not decode becomes U+FFFD.
///
/// In order: the byte-order mark; UTF-8 if the bytes are valid UTF-8, since prose in any other
/// encoding practically never is and pages lie about it; for HTML the charset of its `<meta>`;
/// UTF-16 without a mark, told by its NULs; UTF-8 with single bytes of windows-1252, where texts of
/// both were joined; else a guess from the letters' frequencies (chardetng).
/// NULs are left out: they are never text, and much software stops at them. Whatever is guessed,
/// replaced or left out is noted.
pub(crate) fn decode(bytes: &[u8], html: bool) -> Decoded {
    let mut notes = Vec::new();
    let (text, replaced) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => plainly(encoding, &bytes[length..]),
        None if utf_16(bytes).is_some() => {
            let encoding = utf_16(bytes).unwrap_or(UTF_16LE);
            notes.push(format!("read as {}, told by its NUL bytes", encoding.name()));
            plainly(encoding, bytes)
        }
        None => match (std::str::from_utf8(bytes), html.then(|| meta_charset(bytes)).flatten()) {
            (Ok(text), _) => (text.to_owned(), false),
            (Err(_), Some(encoding)) => plainly(encoding, bytes),
            (Err(_), None) => match joined(bytes) {
                Some((text, stray)) => {
                    notes.push(format!(
                        "bytes that are not UTF-8 and were read as windows-1252: {stray}"
                    ));
                    (text, false)
                }
                None => {
                    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
                    detector.feed(bytes, true);
                    let encoding = detector.guess(None, Utf8Detection::Allow);
                    notes.push(format!("read as {}, a guess from its letters", encoding.name()));
                    plainly(encoding, bytes)
                }
            },
        },
    };
    if replaced {
        notes.push("bytes that could not be decoded were replaced by U+FFFD".to_owned());
    }
    let text = without_nuls(text, &mut notes);
    Decoded { text, notes }
}

/// The text without its NULs, which are noted.
pub(crate) fn without_nuls(text: String, notes: &mut Vec<String>) -> String {
    let nuls = text.matches('\0').count();
    if nuls == 0 {
        return text;
    }
    notes.push(format!("NUL characters that were left out: {nuls}"));
    text.replace('\0', "")
}

/// The text, and whether some of it had to be replaced.
fn plainly(encoding: &'static Encoding, bytes: &[u8]) -> (String, bool) {
    let (text, replaced) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), replaced)
}

/// A text that is mostly UTF-8 beyond ASCII, with its other bytes read as windows-1252, and their
/// number.
fn joined(bytes: &[u8]) -> Option<(String, usize)> {
    let (mut text, mut letters, mut stray) = (String::new(), 0, 0);
    for chunk in bytes.utf8_chunks() {
        letters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        stray += chunk.invalid().len();
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    (letters > stray).then_some((text, stray))
}

/// UTF-16 of mostly Latin text has a NUL in every other byte.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(META_WINDOW)];
    let pairs = head.len() / 2;
    let nuls = |odd: usize| head.iter().skip(odd).step_by(2).filter(|&&b| b == 0).count();
    let (high_first, high_second) = (nuls(0), nuls(1));
    if pairs < 2 || high_first.max(high_second) * 10 < pairs * 7 {
        None
    } else if high_first * 10 < high_second {
        Some(UTF_16LE)
    } else if high_second * 10 < high_first {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn meta_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let label = META.captures(&bytes[..bytes.len().min(META_WINDOW)])?.get(1)?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A page whose ASCII could be read thus far is not in UTF-16, and it is not UTF-8 either.
    (encoding != UTF_8 && encoding.is_ascii_compatible()).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_charsets_are_followed() {
        assert_eq!(decode(b"\xEF\xBB\xBFZo\xC3\xAB", false).text, "Zoë");
        assert_eq!(decode(b"\xFE\xFF\0Z\0o\0\xEB", false).text, "Zoë");
        let utf_16: Vec<u8> = "Every war ends.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf_16, false).text, "Every war ends.");
        let page = b"<meta charset=windows-1251>\xD1\xEE\xFE\xE7";
        assert_eq!(decode(page, true).text, "<meta charset=windows-1251>Союз");
        let lying = "<meta charset=\"latin1\">Zoë".as_bytes();
        assert_eq!(decode(lying, true).text, "<meta charset=\"latin1\">Zoë");
    }

    #[test]
    fn an_unmarked_legacy_encoding_is_guessed_and_noted() {
        let text = b"Zo\xEB M\xE1rk\xE1ny said \x93no\x94 in the caf\xE9.";
        let decoded = decode(text, false);
        assert_eq!(decoded.text, "Zoë Márkány said “no” in the café.");
        assert_eq!(decoded.notes, ["read as windows-1252, a guess from its letters"]);
        assert!(decode("Zoë".as_bytes(), false).notes.is_empty());
    }

    #[test]
    fn two_encodings_joined_are_both_read() {
        let text = [b"Zo\xEB said: ".as_slice(), "“Nein”, sagte Zoë Márkány.".as_bytes()].concat();
        let decoded = decode(&text, false);
        assert_eq!(decoded.text, "Zoë said: “Nein”, sagte Zoë Márkány.");
        assert_eq!(decoded.notes, ["bytes that are not UTF-8 and were read as windows-1252: 1"]);
    }

    #[test]
    fn nuls_of_a_text_that_came_decoded_are_left_out_too() {
        // A PDF's fonts may map any code to them.
        let mut notes = Vec::new();
        assert_eq!(without_nuls("a\0b\0".to_owned(), &mut notes), "ab");
        assert_eq!(notes, ["NUL characters that were left out: 2"]);
    }

    #[test]
    fn nuls_and_garbage_do_not_stop_it_and_are_noted() {
        assert_eq!(decode(b"a\0b\0 and so on", false).text, "ab and so on");
        assert_eq!(decode(b"a\0b", false).notes, ["NUL characters that were left out: 1"]);
        assert_eq!(decode(b"", false), Decoded::default());
        let bad_utf_16 = decode(b"\xFF\xFEa\0\x00\xD8", false);
        assert_eq!(bad_utf_16.text, "a\u{fffd}");
        assert_eq!(bad_utf_16.notes, ["bytes that could not be decoded were replaced by U+FFFD"]);
        let garbage: Vec<u8> = (0..=255).rev().cycle().take(5000).collect();
        assert!(!decode(&garbage, true).text.contains('\0'));
    }
}
