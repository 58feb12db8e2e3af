//! The documents that a run cites as evidence, for reference managers: RIS and BibTeX.
//!
//! Listed are the documents that stand for their pieces and have a record with evidence, in the order
//! of reading. What a document does not say of itself is left out. Names stand as they were signed,
//! since nothing tells which part of them is the family's.

use crate::folder::RunFolder;
use crate::tables::DocumentRow;
use std::collections::BTreeSet;
use std::io::{self, Write};

fn cited(run: &RunFolder) -> impl Iterator<Item = &DocumentRow> {
    run.documents()
        .filter(|(row, records)| {
            row.representative && records.iter().any(|record| !record.evidence.is_empty())
        })
        .map(|(row, _)| row)
}

/// Year, month and day of a date, where there is one.
fn date(row: &DocumentRow) -> Option<(&str, &str, &str)> {
    let mut parts = row.published.as_deref()?.split('-');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// One line, so that no text can pass for another field.
fn line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Writes the documents as RIS, type NEWS.
///
/// # Errors
/// Those of `out`.
pub fn write_ris(run: &RunFolder, out: &mut impl Write) -> io::Result<()> {
    for row in cited(run) {
        let mut field = |tag: &str, value: &str| write!(out, "{tag}  - {}\r\n", line(value));
        field("TY", "NEWS")?;
        field("ID", &row.document)?;
        row.title.iter().try_for_each(|title| field("TI", title))?;
        row.authors.iter().try_for_each(|author| field("AU", author))?;
        row.outlet.iter().try_for_each(|outlet| field("T2", outlet))?;
        if let Some((year, month, day)) = date(row) {
            field("PY", year)?;
            field("DA", &format!("{year}/{month}/{day}"))?;
        }
        row.url.iter().try_for_each(|url| field("UR", url))?;
        row.language.iter().try_for_each(|language| field("LA", language))?;
        write!(out, "ER  - \r\n\r\n")?;
    }
    Ok(())
}

/// Writes the documents as BibTeX, type article; a key is made of the document's id.
///
/// # Errors
/// Those of `out`.
pub fn write_bibtex(run: &RunFolder, out: &mut impl Write) -> io::Result<()> {
    let mut taken = BTreeSet::new();
    for row in cited(run) {
        let base: String =
            row.document.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let free = std::iter::once(base.clone()).chain(numbered);
        let key = free.into_iter().find(|key| taken.insert(key.to_lowercase()));
        writeln!(out, "@article{{{},", key.unwrap_or_default())?;
        let mut field = |name: &str, value: &str| writeln!(out, "  {name} = {{{value}}},");
        row.title.iter().try_for_each(|title| field("title", &format!("{{{}}}", tex(title))))?;
        if !row.authors.is_empty() {
            let names: Vec<String> =
                row.authors.iter().map(|name| tex(name).replace(" and ", " {and} ")).collect();
            field("author", &names.join(" and "))?;
        }
        row.outlet.iter().try_for_each(|outlet| field("journal", &tex(outlet)))?;
        if let Some((year, month, day)) = date(row) {
            field("year", year)?;
            field("date", &format!("{year}-{month}-{day}"))?;
        }
        row.url.iter().try_for_each(|url| field("url", &line(url).replace(['{', '}'], "")))?;
        row.language.iter().try_for_each(|language| field("langid", &tex(language)))?;
        writeln!(out, "}}\n")?;
    }
    Ok(())
}

/// Text with TeX's special characters written out.
fn tex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in line(text).chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' => escaped.extend(['\\', character]),
            '\\' => escaped.push_str("\\textbackslash "),
            '{' | '}' => escaped.push(if character == '{' { '(' } else { ')' }),
            '~' => escaped.push_str("\\textasciitilde "),
            '^' => escaped.push_str("\\textasciicircum "),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out_of_their_field() {
        assert_eq!(line("A head\r\nTY  - BOOK\u{0}"), "A head TY - BOOK");
        assert_eq!(
            tex("50 % off } \\input{x}, R&D"),
            "50 \\% off ) \\textbackslash input(x), R\\&D"
        );
    }
}
