//! RTF: its text, or the articles of an export of a press database.
//!
//! A tokenizer of control words, groups and characters, after the RTF Specification 1.9.1. Tables and
//! fields give their text; pictures, styles, headers and footers give none.

use encoding_rs::{Encoding, WINDOWS_1252};
use standpoint_core::Failure;

use super::{Rows, failure, press};

/// Groups that hold no text of the document.
const SILENT: [&str; 22] = [
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "headerl", "headerr", "headerf",
    "footer", "footerl", "footerr", "footerf", "object", "fldinst", "listtable",
    "listoverridetable", "generator", "xmlnstbl", "themedata", "datastore", "bkmkstart",
];

/// The deepest nesting of groups; what is deeper is no text.
const MAX_DEPTH: usize = 1000;

/// # Errors
/// Where this is no RTF.
pub(super) fn read(name: &str, content: &[u8]) -> Result<Rows, Failure> {
    let start = content.trim_ascii_start();
    if !start.starts_with(b"{\\rtf") {
        return Err(failure(name, None, "no RTF file: it does not begin with {\\rtf".to_owned()));
    }
    let text = text(start).map_err(|reason| failure(name, None, reason))?;
    Ok(press::documents(name, &text, vec![]))
}

/// What a group hands down to those inside it.
#[derive(Clone, Copy)]
struct State {
    silent: bool,
    /// How many characters stand behind `\u` for programs that do not know it.
    fallback: usize,
    font: Option<i32>,
}

struct Text {
    out: String,
    /// Bytes in the code page that are not decoded yet: a character may take two.
    bytes: Vec<u8>,
    encoding: &'static Encoding,
    /// The first half of a character beyond the basic plane.
    high: Option<u16>,
}

impl Text {
    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.out.push_str(&self.encoding.decode_without_bom_handling(&self.bytes).0);
            self.bytes.clear();
        }
    }

    fn push(&mut self, text: &str) {
        self.flush();
        self.high = None;
        self.out.push_str(text);
    }

    fn unit(&mut self, unit: u16) {
        self.flush();
        let units: Vec<u16> = self.high.take().into_iter().chain([unit]).collect();
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
        } else {
            self.out.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
        }
    }
}

fn text(rtf: &[u8]) -> Result<String, String> {
    let mut text = Text { out: String::new(), bytes: vec![], encoding: WINDOWS_1252, high: None };
    let mut groups = vec![State { silent: false, fallback: 1, font: None }];
    // The code pages of fonts, for what is set in them.
    let mut fonts: Vec<(i32, &'static Encoding)> = Vec::new();
    let mut page = WINDOWS_1252;
    let mut at = 0;
    // How many characters are still the fallback of one that was read.
    let mut skip = 0usize;
    let mut optional = false;
    while at < rtf.len() {
        let byte = rtf[at];
        at += 1;
        let state =
            groups.last().copied().unwrap_or(State { silent: true, fallback: 1, font: None });
        match byte {
            b'{' => {
                if groups.len() > MAX_DEPTH {
                    return Err(format!("its groups are nested more than {MAX_DEPTH} deep"));
                }
                groups.push(state);
                skip = 0;
            }
            b'}' => {
                text.flush();
                if groups.len() > 1 {
                    groups.pop();
                }
                skip = 0;
                optional = false;
                let font = groups.last().and_then(|state| state.font);
                text.encoding = encoding_of(&fonts, font, page);
            }
            b'\r' | b'\n' => {}
            b'\\' => {
                let Some(&next) = rtf.get(at) else { break };
                if !next.is_ascii_alphabetic() {
                    at += 1;
                    match next {
                        b'\'' => {
                            let code = rtf.get(at..at + 2).and_then(|hex| {
                                u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
                            });
                            at = (at + 2).min(rtf.len());
                            if skip > 0 {
                                skip -= 1;
                            } else if let Some(code) = code.filter(|_| !state.silent) {
                                text.bytes.push(code);
                            }
                        }
                        b'*' => optional = true,
                        b'~' if !state.silent => text.push("\u{a0}"),
                        b'_' if !state.silent => text.push("-"),
                        b'\\' | b'{' | b'}' if skip > 0 => skip -= 1,
                        b'\\' | b'{' | b'}' if !state.silent => {
                            text.push(&char::from(next).to_string());
                        }
                        b'\r' | b'\n' if !state.silent => text.push("\n\n"),
                        _ => {}
                    }
                    continue;
                }
                let end = rtf[at..].iter().position(|byte| !byte.is_ascii_alphabetic());
                let end = end.map_or(rtf.len(), |end| at + end);
                let word = String::from_utf8_lossy(&rtf[at..end]).into_owned();
                at = end;
                let digits = rtf[at..].iter().skip(1).take(10).take_while(|b| b.is_ascii_digit());
                let signed = rtf.get(at).is_some_and(|&b| b == b'-' || b.is_ascii_digit());
                let number = if signed { 1 + digits.count() } else { 0 };
                let number = &rtf[at..at + number];
                at += number.len();
                let number: Option<i32> =
                    std::str::from_utf8(number).ok().and_then(|digits| digits.parse().ok());
                at += usize::from(rtf.get(at) == Some(&b' '));
                let Some(state) = groups.last_mut() else { continue };
                if optional || SILENT.contains(&word.as_str()) {
                    state.silent = true;
                    optional = false;
                }
                match word.as_str() {
                    "ansicpg" => {
                        page = number.and_then(code_page).unwrap_or(page);
                        text.encoding = page;
                    }
                    "f" => {
                        text.flush();
                        state.font = number;
                        text.encoding = encoding_of(&fonts, number, page);
                    }
                    "fcharset" => {
                        if let (Some(font), Some(encoding)) = (state.font, number.and_then(charset))
                        {
                            fonts.push((font, encoding));
                        }
                    }
                    "uc" => state.fallback = number.and_then(|n| n.try_into().ok()).unwrap_or(1),
                    "bin" => {
                        let length = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                        at = at.saturating_add(length).min(rtf.len());
                    }
                    _ if state.silent => {}
                    "u" => {
                        let unit = number.unwrap_or(0).rem_euclid(0x1_0000);
                        text.unit(u16::try_from(unit).unwrap_or(0xFFFD));
                        skip = state.fallback;
                        continue;
                    }
                    "par" | "sect" | "page" | "row" => text.push("\n\n"),
                    "line" | "cell" => text.push("\n"),
                    "tab" => text.push("\t"),
                    "emdash" => text.push("—"),
                    "endash" => text.push("–"),
                    "lquote" => text.push("‘"),
                    "rquote" => text.push("’"),
                    "ldblquote" => text.push("“"),
                    "rdblquote" => text.push("”"),
                    "bullet" => text.push("•"),
                    _ => {}
                }
            }
            _ if skip > 0 => skip -= 1,
            _ if !state.silent => text.bytes.push(byte),
            _ => {}
        }
    }
    text.flush();
    Ok(text.out)
}

fn encoding_of(
    fonts: &[(i32, &'static Encoding)],
    font: Option<i32>,
    page: &'static Encoding,
) -> &'static Encoding {
    let found = fonts.iter().rev().find(|(own, _)| Some(*own) == font);
    found.map_or(page, |(_, encoding)| *encoding)
}

/// The encoding of a Windows code page.
fn code_page(number: i32) -> Option<&'static Encoding> {
    match number {
        65001 => Some(encoding_rs::UTF_8),
        10000 => Some(encoding_rs::MACINTOSH),
        932 => Some(encoding_rs::SHIFT_JIS),
        936 => Some(encoding_rs::GBK),
        949 => Some(encoding_rs::EUC_KR),
        950 => Some(encoding_rs::BIG5),
        _ => Encoding::for_label(format!("windows-{number}").as_bytes()),
    }
}

/// The encoding of a font's character set; `None` for the document's own.
fn charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
