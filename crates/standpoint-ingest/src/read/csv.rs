//! CSV and TSV with a header.

use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::csv::{ByteRecord, ReaderBuilder};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use standpoint_core::Failure;

use super::{LIMIT, Raw, failure, row, too_long, unreadable};
use crate::decode::decode;
use crate::fields::{Field, Fields};

/// The head of the file, which was looked at, and the rest of it.
type Decoded = Chain<Cursor<Vec<u8>>, BufReader<DecodeReaderBytes<File, Vec<u8>>>>;

/// How much of a file is looked at for its delimiter, in bytes.
const HEAD: usize = 1 << 16;

pub(super) struct Rows {
    reader: ::csv::Reader<Limited>,
    left: Arc<AtomicUsize>,
    name: String,
    columns: Vec<String>,
    fields: Fields,
    ended: bool,
    /// 1 where lines end in CR LF: the parser then begins a record before the LF of the last one,
    /// and so says a line too few.
    crlf: u64,
}

impl Rows {
    /// # Errors
    /// Where the header cannot be read or names no column for the text.
    pub(super) fn new(file: File, name: String, fields: &Fields) -> Result<Self, Failure> {
        let decoded =
            DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(file);
        let mut decoded = BufReader::with_capacity(HEAD, decoded);
        let mut head = Vec::new();
        let read = decoded.by_ref().take(HEAD as u64).read_to_end(&mut head);
        read.map_err(|error| unreadable(&name, None, &error))?;
        let delimiter = delimiter(&head);
        let crlf = u64::from(first_line(&head).ends_with(b"\r"));
        let inner = Cursor::new(head).chain(decoded);
        let left = Arc::new(AtomicUsize::new(LIMIT));
        let limited = Limited { inner, left: Arc::clone(&left) };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(limited);
        let header = reader
            .byte_headers()
            .map_err(|error| failure(&name, Some(1), format!("no header: {error}")))?;
        let columns: Vec<_> =
            header.iter().map(|column| decode(column, false).trim().to_owned()).collect();
        if fields.positions(Field::Text, &columns).is_empty() {
            return Err(failure(&name, Some(1), fields.no_text(&columns)));
        }
        Ok(Rows { reader, left, name, columns, fields: fields.clone(), ended: false, crlf })
    }
}

impl Iterator for Rows {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.left.store(LIMIT, Ordering::Relaxed);
        let mut record = ByteRecord::new();
        let line = match self.reader.read_byte_record(&mut record) {
            Ok(false) => return None,
            Ok(true) => record.position().map_or(0, ::csv::Position::line) + self.crlf,
            Err(error) => {
                let line = error.position().map(|position| position.line() + self.crlf);
                let reason = match error.kind() {
                    ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
                        "the row has {len} fields where the header has {expected_len}; is a \
                         quotation mark or a delimiter missing?"
                    ),
                    ::csv::ErrorKind::Io(_) if self.left.load(Ordering::Relaxed) == 0 => {
                        self.ended = true;
                        let long = too_long("row");
                        format!("{long}; is a quotation mark left open? The rest is not read")
                    }
                    _ => {
                        self.ended = true;
                        format!("cannot be read: {error}")
                    }
                };
                return Some(Err(failure(&self.name, line, reason)));
            }
        };
        Some(row(&self.name, line, |field| {
            let at = self.fields.positions(field, &self.columns).into_iter();
            at.filter_map(|at| record.get(at)).map(|value| decode(value, false)).collect()
        }))
    }
}

/// The delimiter: of tab, semicolon and comma the one that the first line has most of.
fn delimiter(head: &[u8]) -> u8 {
    let line = first_line(head);
    let count = |delimiter| line.iter().filter(|&&byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

fn first_line(head: &[u8]) -> &[u8] {
    head.split(|&byte| byte == b'\n').next().unwrap_or_default()
}

/// Ends in an error after `left` bytes, so that a quotation mark that is never closed cannot pull
/// a whole file into one record.
struct Limited {
    inner: Decoded,
    left: Arc<AtomicUsize>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(std::io::Error::other("row too long"));
        }
        let most = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left.store(left - read, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn records_are_mapped_and_keep_their_line() {
        let content = "ID,Headline,By-Line,Publication,pub date,Section,Body\n\
                       1,Steel,By A. Trevane,Ledger,2026-03-01,Opinion,\"One.\n\nTwo.\"\n\
                       2,Short\n\
                       3,Air,,Ledger,,News,Three.\n";
        let rows = read("a.csv", content.as_bytes(), &Fields::default());
        assert_eq!(rows.len(), 3);
        let first = rows[0].as_ref().unwrap();
        assert_eq!(first.id.as_deref(), Some("1"));
        assert_eq!(first.source.to_string(), "a.csv:2");
        assert_eq!(first.content, b"One.\n\nTwo.");
        assert_eq!(first.metadata.title.as_deref(), Some("Steel"));
        assert_eq!(first.metadata.authors, ["By A. Trevane"]);
        assert_eq!(first.metadata.sections, ["Opinion"]);
        let failure = rows[1].as_ref().unwrap_err().to_string();
        assert!(
            failure.starts_with("a.csv:5: the row has 2 fields where the header has 7"),
            "{failure}"
        );
        assert_eq!(rows[2].as_ref().unwrap().source.row, Some(6));
    }

    #[test]
    fn lines_that_end_in_crlf_are_counted_alike() {
        let lf = "id,text\n1,a\n2\n3,\"b\n\nc\"\n4,d\n";
        for content in [lf.to_owned(), lf.replace('\n', "\r\n")] {
            let rows = read("a.csv", content.as_bytes(), &Fields::default());
            let row = |at: usize| rows[at].as_ref().map_or_else(|e| e.at.row, |raw| raw.source.row);
            assert_eq!([row(0), row(1), row(2), row(3)].map(Option::unwrap), [2, 3, 4, 7]);
        }
    }

    #[test]
    fn a_header_without_text_names_the_columns_and_the_flag() {
        let rows = read("a.csv", b"nr,inhalt\n1,Eins.\n", &Fields::default());
        let [Err(failure)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(
            failure.to_string(),
            "a.csv:1: no field holds the text; found: nr, inhalt. Name it with --field text=NAME"
        );
        let fields = Fields::with(&["text=inhalt".into()]).unwrap();
        let rows = read("a.csv", b"nr,inhalt\n1,Eins.\n", &fields);
        assert_eq!(rows[0].as_ref().unwrap().content, b"Eins.");
    }

    #[test]
    fn semicolons_tabs_and_windows_1252_are_read() {
        for (name, delimiter) in [("a.csv", ';'), ("a.tsv", '\t'), ("a.csv", ',')] {
            let mut content = format!("id{delimiter}text\n1{delimiter}Zo").into_bytes();
            content.extend_from_slice(b"\xEB M\xE1rk\xE1ny is here.\n");
            let rows = read(name, &content, &Fields::default());
            let text = &rows[0].as_ref().unwrap().content;
            assert_eq!(String::from_utf8_lossy(text), "Zoë Márkány is here.");
        }
    }

    #[test]
    fn an_open_quotation_mark_does_not_swallow_the_memory() {
        let mut content = b"id,text\n1,\"".to_vec();
        content.resize(LIMIT + (1 << 17), b'a');
        let rows = read("a.csv", &content, &Fields::default());
        let [Err(failure)] = &rows[..] else { panic!("{} rows", rows.len()) };
        assert!(failure.reason.contains("is a quotation mark left open?"), "{failure}");
    }
}
