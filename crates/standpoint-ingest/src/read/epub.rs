//! EPUB: a document for each chapter, in the order of reading.

use standpoint_core::Failure;

use super::content::{Allowance, Seekable};
use super::ninjs::filled;
use super::xml::{self, Element};
use super::zip::Zip;
use super::{Markup, Metadata, Raw, Rows, failure};

/// # Errors
/// Where this is no EPUB.
pub(super) fn read(name: &str, source: Seekable, allowance: &Allowance) -> Result<Rows, Failure> {
    let wrong = |reason| failure(name, None, format!("cannot be read as an EPUB: {reason}"));
    let zip = Zip::open(source, allowance.clone()).map_err(wrong)?;
    let tree = |part: &str| zip.part(part).and_then(|bytes| Element::parse(&xml::text(&bytes)));
    let container = tree("META-INF/container.xml").map_err(wrong)?;
    let package = container.first("rootfile").and_then(|file| file.attribute("full-path"));
    let package = package.ok_or_else(|| wrong("it names no package".to_owned()))?.to_owned();
    let tree = tree(&package).map_err(wrong)?;
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    let text = |name: &str| tree.first(name).and_then(Element::text);
    let metadata = Metadata {
        title: None,
        authors: tree.all("creator").into_iter().filter_map(Element::text).collect(),
        outlet: text("publisher"),
        url: None,
        published: text("date"),
        language: text("language"),
        sections: tree.all("subject").into_iter().filter_map(Element::text).collect(),
        rights: text("rights"),
    };
    let items = tree.all("item");
    let spine: Vec<String> = tree
        .all("itemref")
        .into_iter()
        .filter_map(|chapter| {
            let id = chapter.attribute("idref")?;
            let item = items.iter().find(|item| item.attribute("id") == Some(id))?;
            // The table of contents is no chapter.
            let contents = item.attribute("properties").is_some_and(|kind| kind.contains("nav"));
            item.attribute("href").filter(|_| !contents).map(|href| path(folder, href))
        })
        .collect();
    if spine.is_empty() {
        return Err(wrong("it has no chapter".to_owned()));
    }
    let name = name.to_owned();
    Ok(Box::new((1..).zip(spine).map(move |(row, part)| {
        let wrong = |reason| failure(&name, Some(row), reason);
        let content = xml::text(&zip.part(&part).map_err(wrong)?);
        let mut raw = Raw::of(&name, Some(row), content.into_bytes(), Markup::Fragment);
        raw.metadata = metadata.clone();
        Ok(raw)
    })))
}

/// The path in the archive of what stands beside the package, without its `%20`.
fn path(folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let code = (byte == b'%').then(|| behind.get(..2)).flatten();
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    let href = String::from_utf8_lossy(&bytes);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in href.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    filled(&parts.join("/")).unwrap_or_default()
}
