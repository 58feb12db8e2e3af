//! The report: one HTML file that needs no server and no network.
//!
//! It is meant to be mailed, archived and printed, and to be opened by people who did not make it.
//! Hence the rules: everything is in the file; the content-security policy forbids every load, allows
//! one style sheet and one script by their hashes, and no text to become markup (trusted types). The
//! texts that it shows were written by strangers: what stands in the page is escaped (by maud, at
//! compile time), the script sets nothing but `textContent`, both isolate it from its surroundings
//! (`<bdi>`), and only `http` and `https` addresses become links. The same run gives the same bytes:
//! there is no date and no timing in it.
//!
//! Rust decides the figures and writes what has to be there without a script: the overview, what was
//! read, and how to read it. The script (`assets/`, one bundle) draws, filters and shows the evidence
//! from the data block, whose columns are in `page`. Plain JSON up to `PLAIN` bytes, so that a
//! small report can be read and compared as text; above that it is deflated and in base64, which
//! is a third to a half of its size, and the browser's own `DecompressionStream` reads it.
//!
//! A report has to open on a phone, so [`ReportData`] keeps no more than [`RECORDS`] records and
//! [`TEXT`] bytes of evidence, first of everything what matters most, and the page says what is left to
//! the tables.

mod data;
mod differences;
mod excerpts;
mod page;
mod reading;
mod sections;
mod words;

pub use data::{FAILURES, PIECES, RECORDS, ReportData, TEXT};

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, PreEscaped, html};
use page::Page;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");

/// Bytes of data from which on it is deflated.
const PLAIN: usize = 500_000;

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render(data: ReportData, out: &mut impl Write) -> io::Result<()> {
    let data = &data.fitted();
    let hash = |content: &str| BASE64_STANDARD.encode(Sha256::digest(content));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content="Standpoint";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { "Standpoint: who stands where" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (sections::header(data))
                main #main { (sections::sections(data)) }
                (block(data)?)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    out.write_all(page.into_string().as_bytes())?;
    out.write_all(b"\n")
}

/// The data as a block that the browser does not run.
fn block(data: &ReportData) -> io::Result<maud::Markup> {
    // `<` would let a text end the block; JSON has another way to write it.
    let json = serde_json::to_string(&Page::of(data))?.replace('<', "\\u003c");
    if json.len() < PLAIN {
        return Ok(html! { script #data type="application/json" { (PreEscaped(json)) } });
    }
    let deflated = miniz_oxide::deflate::compress_to_vec_zlib(json.as_bytes(), 8);
    let encoded = BASE64_STANDARD.encode(deflated);
    Ok(html! { script #data type="application/json" data-deflated { (PreEscaped(encoded)) } })
}

#[cfg(test)]
mod tests;
