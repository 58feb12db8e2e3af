//! From bytes to text.

use std::sync::LazyLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use regex::bytes::Regex;

/// How far into a page its charset is looked for; browsers look at 1,024 bytes, but pages that
/// begin with scripts are common enough.
const META_WINDOW: usize = 4096;

static META: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:.-]+)"#)
        .expect("a valid expression")
});

/// Decodes a text of unknown encoding; nothing is refused, what does not decode becomes U+FFFD.
///
/// In order: the byte-order mark; UTF-8 if the bytes are valid UTF-8, since prose in any other
/// encoding practically never is and pages lie about it; for HTML the charset of its `<meta>`;
/// UTF-16 without a mark, told by its NULs; else a guess from the letters' frequencies (chardetng).
/// NULs are left out: they are never text, and much software stops at them.
pub(crate) fn decode(bytes: &[u8], html: bool) -> String {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None => (guess(bytes, html), bytes),
    };
    let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

fn guess(bytes: &[u8], html: bool) -> &'static Encoding {
    if let Some(encoding) = utf_16(bytes) {
        return encoding;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    if html && let Some(encoding) = meta_charset(bytes) {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
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
        assert_eq!(decode(b"\xEF\xBB\xBFZo\xC3\xAB", false), "Zoë");
        assert_eq!(decode(b"\xFE\xFF\0Z\0o\0\xEB", false), "Zoë");
        let utf_16: Vec<u8> = "Every war ends.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf_16, false), "Every war ends.");
        let page = b"<meta charset=windows-1251>\xD1\xEE\xFE\xE7";
        assert_eq!(decode(page, true), "<meta charset=windows-1251>Союз");
        let lying = "<meta charset=\"latin1\">Zoë".as_bytes();
        assert_eq!(decode(lying, true), "<meta charset=\"latin1\">Zoë");
    }

    #[test]
    fn an_unmarked_legacy_encoding_is_guessed() {
        let text = b"Zo\xEB M\xE1rk\xE1ny said \x93no\x94 in the caf\xE9.";
        assert_eq!(decode(text, false), "Zoë Márkány said “no” in the café.");
    }

    #[test]
    fn nuls_and_garbage_do_not_stop_it() {
        assert_eq!(decode(b"a\0b", false), "ab");
        assert_eq!(decode(b"", false), "");
        let garbage: Vec<u8> = (0..=255).rev().cycle().take(5000).collect();
        assert!(!decode(&garbage, true).contains('\0'));
    }
}
