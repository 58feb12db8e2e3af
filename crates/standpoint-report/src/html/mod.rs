//! The report: one HTML file that needs no server and no network.
//!
//! It is meant to be mailed, archived and printed, and to be opened by people who did not make it.
//! Hence the rules: everything is in the file; the content-security policy forbids every load and
//! allows one style sheet and one script by their hashes; without the script, which only filters
//! the list of records, nothing is missing. The texts that it shows were written by strangers, so
//! every one of them is escaped (by maud, at compile time), isolated from its surroundings
//! (`<bdi>`), and made a link only if it is an `http` or `https` address. The same run gives the
//! same bytes: there is no date and no timing in it.
//!
//! A report has to open on a phone, so [`ReportData`] keeps at most [`RECORDS`] records, shared out
//! over targets and outlets, and the page says what is left to the tables.

mod data;
mod parts;
mod reading;
mod records;
mod stances;

pub use data::{FAILURES, PIECES, RECORDS, ReportData};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::io::{self, Write};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");
/// SHA-256 of [`STYLE`] and [`SCRIPT`] in base64; a test tells the right ones after a change.
const STYLE_HASH: &str = "tIOIpJ4whoLDXGRvP1zecqM8vwDxnF2kxUHISPSZx68=";
const SCRIPT_HASH: &str = "d2Gwb5B6pBGEv2ClWNLUswRHjNS7tFBh8G1JFDSpUjg=";

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn render(data: &ReportData, out: &mut impl Write) -> io::Result<()> {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{STYLE_HASH}'; script-src 'sha256-{SCRIPT_HASH}'; \
         base-uri 'none'; form-action 'none'"
    );
    let head = html! {
        (DOCTYPE)
        // Left open: the sections are written one by one.
        (PreEscaped("<html lang=\"en\">"))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="generator" content="Standpoint";
            meta name="referrer" content="no-referrer";
            title { "Standpoint: who stands where" }
            style { (PreEscaped(STYLE)) }
        }
        (PreEscaped("<body>"))
        (parts::patterns())
        (headline(data))
    };
    let sections: [fn(&ReportData) -> Markup; 6] = [
        stances::outlets,
        records::records,
        stances::actors,
        records::pieces,
        reading::reading,
        reading::guide,
    ];
    out.write_all(head.into_string().as_bytes())?;
    for section in sections {
        out.write_all(section(data).into_string().as_bytes())?;
    }
    let end = html! {
        script { (PreEscaped(SCRIPT)) }
        (PreEscaped("</body></html>\n"))
    };
    out.write_all(end.into_string().as_bytes())
}

/// What the run is, in two sentences, and where to find what.
fn headline(data: &ReportData) -> Markup {
    let summary = &data.summary;
    let answers = data.aggregates().answers();
    let count = parts::count;
    html! {
        header {
            p.kicker { "Standpoint report" }
            h1 { "Who stands where" }
            p.lead {
                (count(summary.documents as usize, "document")) " from "
                (count(data.outlets(), "outlet")) ", " (count(summary.pieces as usize, "piece"))
                " once near-identical ones are taken together, read for their stance toward "
                (count(data.targets().len(), "target")) ". "
                @if answers.sum() > 0 {
                    "Stances of authors, counted per piece: "
                    (parts::number(answers.favor)) " favor, "
                    (parts::number(answers.against)) " against, "
                    (parts::number(answers.neutral)) " neutral, "
                    (parts::number(answers.abstained)) " abstained. "
                } @else { "No author stance was found. " }
                @if summary.failed > 0 {
                    (count(summary.failed as usize, "input")) " could not be read."
                }
            }
            nav {
                a href="#outlets" { "Outlets" }
                a href="#records" { "Records" }
                a href="#actors" { "Actors" }
                a href="#pieces" { "Pieces" }
                a href="#reading" { "What was read" }
                a href="#guide" { "How to read this" }
            }
        }
    }
}

#[cfg(test)]
mod tests;
