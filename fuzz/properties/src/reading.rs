//! Readers: whatever a file holds, it ends in documents or in failures with a reason.

use crate::cleaning;
use crate::scratch;
use standpoint_core::Failure;
use standpoint_ingest::{Fields, Format, Input, open, prepare};
use std::path::Path;

/// The most rows that are looked at: the hundred-thousandth is read as the first ones are.
const ROWS: usize = 2_000;

/// What the readers state: all that comes out of a file is at most 200 times its size and 64 MB.
const EXPANDS_TO: usize = 200;
const EXPANDS_BY: usize = 64 << 20;

/// Reads a file of this name.
pub(crate) fn file(name: &str, content: &[u8]) {
    let path = scratch::file("input", content);
    let format = Format::of(Path::new(name)).expect("the name is one of a format");
    let input = Input { path, name: name.to_owned(), format };
    let rows = match open(&input, &Fields::default()) {
        Ok(rows) => rows,
        Err(failure) => return tells(&failure, name),
    };
    let mut read = 0;
    for row in rows.take(ROWS) {
        match row {
            Ok(raw) => {
                read += raw.content.len();
                assert!(raw.source.path.starts_with(name), "{} leads out", raw.source.path);
                assert!(
                    !raw.source.path.split('/').any(|part| part == ".."),
                    "{}",
                    raw.source.path
                );
                match prepare(raw) {
                    Ok(document) => cleaning::check(&document),
                    Err(failure) => tells(&failure, name),
                }
            }
            Err(failure) => tells(&failure, name),
        }
    }
    let most = content.len() * EXPANDS_TO + EXPANDS_BY;
    assert!(read <= most, "{read} bytes came out of {}", content.len());
}

/// A failure says where and why, and not more than one can read.
fn tells(failure: &Failure, name: &str) {
    assert!(failure.at.path.starts_with(name), "{failure}");
    assert!(!failure.reason.trim().is_empty(), "{failure}");
    let length = failure.reason.len();
    assert!(length < 4_096, "a reason of {length} bytes: {:.500}", failure.reason);
}
