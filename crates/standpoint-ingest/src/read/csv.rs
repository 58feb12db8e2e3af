//! CSV and TSV with a header.
//!
//! Read here and not by the `csv` crate, for one thing that a crate for well-formed files cannot do: a
//! quotation mark that is never closed makes one field of the rest of the file. It is noticed where the
//! file ends, or where a mark that should close a field is followed by something else on a later line;
//! then the row is a failure, and reading goes on with the line behind the one where it began.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use encoding_rs_io::DecodeReaderBytesBuilder;
use standpoint_core::Failure;

use super::{LIMIT, Raw, failure, row, too_long, unreadable};
use crate::decode::decode;
use crate::fields::{Field, Fields};

/// How much of a file is looked at for its delimiter, in bytes.
const HEAD: usize = 1 << 16;

/// How many bytes are read a second time behind open quotation marks, before a file is given up.
const REREAD: usize = 16 * LIMIT;

pub(super) struct Records {
    lines: Lines,
    delimiter: u8,
    name: String,
    columns: Vec<String>,
    fields: Arc<Fields>,
    ended: bool,
}

/// A record: its fields, or why it is none.
enum Record {
    Fields(Vec<Vec<u8>>),
    /// A quotation mark is left open.
    Open,
    TooLong,
    End,
}

impl Records {
    /// # Errors
    /// Where the header cannot be read or names no column for the text.
    pub(super) fn new(
        stream: Box<dyn Read + Send>,
        name: String,
        fields: Arc<Fields>,
    ) -> Result<Self, Failure> {
        // UTF-16 with a byte-order mark is turned into UTF-8; anything else passes as it is.
        let decoded =
            DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(stream);
        let mut decoded: Box<dyn Read + Send> = Box::new(decoded);
        let mut head = Vec::new();
        let read = decoded.by_ref().take(HEAD as u64).read_to_end(&mut head);
        read.map_err(|error| unreadable(&name, None, &error))?;
        let delimiter = delimiter(&head);
        let all: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(decoded));
        let mut lines = Lines {
            stream: BufReader::with_capacity(1 << 16, all),
            again: Cursor::new(vec![]),
            line: 0,
            reread: 0,
        };
        let (_, header) =
            lines.record(delimiter).map_err(|error| unreadable(&name, Some(1), &error))?;
        let header = match header {
            Record::Fields(header) => header,
            Record::End => vec![],
            Record::Open | Record::TooLong => {
                let reason = "no header: a quotation mark is left open in the first line";
                return Err(failure(&name, Some(1), reason.to_owned()));
            }
        };
        let columns: Vec<_> =
            header.iter().map(|column| decode(column, false).text.trim().to_owned()).collect();
        if fields.positions(Field::Text, &columns).is_empty() {
            return Err(failure(&name, Some(1), fields.no_text(&columns)));
        }
        Ok(Records { lines, delimiter, name, columns, fields, ended: false })
    }
}

impl Iterator for Records {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let wrong = |line, reason: String| Some(Err(failure(&self.name, Some(line), reason)));
        let (line, record) = match self.lines.record(self.delimiter) {
            Ok(found) => found,
            Err(error) => {
                self.ended = true;
                return Some(Err(unreadable(&self.name, Some(self.lines.line + 1), &error)));
            }
        };
        let record = match record {
            Record::End => {
                self.ended = true;
                return None;
            }
            Record::Fields(record) if record.len() == self.columns.len() => record,
            Record::Fields(record) => {
                let (found, expected) = (record.len(), self.columns.len());
                return wrong(
                    line,
                    format!(
                        "the row has {found} fields where the header has {expected}; is a \
                         quotation mark or a delimiter missing?"
                    ),
                );
            }
            Record::Open | Record::TooLong if self.lines.reread > REREAD => {
                self.ended = true;
                let reason = "a quotation mark is left open, as in too many rows before; the rest is \
                              not read";
                return wrong(line, reason.to_owned());
            }
            Record::Open => {
                let reason = "a quotation mark is left open in this row; reading goes on with the \
                              next line";
                return wrong(line, reason.to_owned());
            }
            Record::TooLong => {
                let long = too_long("row");
                let reason = format!(
                    "{long}; is a quotation mark left open? Reading goes on with the next line"
                );
                return wrong(line, reason);
            }
        };
        let mut notes: Vec<String> = Vec::new();
        let raw = row(&self.name, Some(line), |field| {
            let at = self.fields.positions(field, &self.columns).into_iter();
            let values = at.filter_map(|at| record.get(at)).map(|value| decode(value, false));
            values
                .map(|value| {
                    notes.extend(value.notes);
                    value.text
                })
                .collect()
        });
        notes.dedup();
        Some(raw.map(|raw| Raw { notes, ..raw }))
    }
}

/// The lines of a file, with those that have to be read again.
struct Lines {
    stream: BufReader<Box<dyn Read + Send>>,
    again: Cursor<Vec<u8>>,
    /// The number of the line that was read last.
    line: u64,
    /// How many bytes were put back in all.
    reread: usize,
}

impl Lines {
    /// Appends a line with its end to `record`; `false` at the end of the file.
    fn read(&mut self, record: &mut Vec<u8>) -> std::io::Result<bool> {
        let before = record.len();
        let most = (LIMIT + 1).saturating_sub(before) as u64;
        if self.again.position() < self.again.get_ref().len() as u64 {
            self.again.by_ref().take(most).read_until(b'\n', record)?;
        }
        if !record[before..].ends_with(b"\n") {
            let most = (LIMIT + 1).saturating_sub(record.len()) as u64;
            self.stream.by_ref().take(most).read_until(b'\n', record)?;
        }
        self.line += u64::from(record.len() > before);
        Ok(record.len() > before)
    }

    /// The next record and the line where it begins. Of one that does not end all lines but the first
    /// are read again.
    fn record(&mut self, delimiter: u8) -> std::io::Result<(u64, Record)> {
        let mut bytes = Vec::new();
        while bytes.trim_ascii().is_empty() {
            bytes.clear();
            if !self.read(&mut bytes)? {
                return Ok((self.line, Record::End));
            }
        }
        let start = self.line;
        let first = bytes.len();
        let mut parser = Parser::new(delimiter);
        let mut from = 0;
        loop {
            let ended = parser.feed(&bytes[from..], from > 0);
            from = bytes.len();
            match ended {
                Ended::Record(fields) => return Ok((start, Record::Fields(fields))),
                Ended::No if bytes.len() <= LIMIT && self.read(&mut bytes)? => continue,
                Ended::No | Ended::Wrongly => {}
            }
            let long = bytes.len() > LIMIT;
            let behind = bytes.split_off(first);
            self.reread += behind.len();
            // The file itself is read on only when nothing is left to read again.
            let position = self.again.position();
            if position < self.again.get_ref().len() as u64 {
                self.again.set_position(position.saturating_sub(behind.len() as u64));
            } else {
                self.again = Cursor::new(behind);
            }
            self.line = start;
            if long && first > LIMIT {
                self.pass_line()?;
            }
            return Ok((start, if long { Record::TooLong } else { Record::Open }));
        }
    }

    /// Passes over the rest of a line that is too long by itself.
    fn pass_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.stream.fill_buf()?;
            let newline = buffer.iter().position(|&byte| byte == b'\n');
            let used = newline.map_or(buffer.len(), |at| at + 1);
            self.stream.consume(used);
            if newline.is_some() || used == 0 {
                return Ok(());
            }
        }
    }
}

enum Ended {
    No,
    Record(Vec<Vec<u8>>),
    /// A mark that should close a field that began on a line before does not.
    Wrongly,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    FieldStart,
    Bare,
    Quoted,
    /// Behind a mark within quotation marks: it closes the field or is the first of two.
    Mark,
}

struct Parser {
    delimiter: u8,
    at: At,
    fields: Vec<Vec<u8>>,
    field: Vec<u8>,
    /// Whether the field that is open began on a line before.
    spans: bool,
}

impl Parser {
    fn new(delimiter: u8) -> Parser {
        Parser { delimiter, at: At::FieldStart, fields: vec![], field: vec![], spans: false }
    }

    /// Takes up the next line of a record, with its end.
    fn feed(&mut self, line: &[u8], goes_on: bool) -> Ended {
        self.spans |= goes_on && self.at == At::Quoted;
        for &byte in line {
            let newline = byte == b'\n';
            match self.at {
                At::Quoted if byte == b'"' => self.at = At::Mark,
                At::Quoted => self.field.push(byte),
                At::Mark if byte == b'"' => {
                    self.field.push(b'"');
                    self.at = At::Quoted;
                }
                At::FieldStart if byte == b'"' => self.at = At::Quoted,
                _ if byte == self.delimiter => self.end_field(),
                _ if newline => return self.end(),
                // A mark in the middle of a field on one line was not meant to close it.
                At::Mark if byte != b'\r' && self.spans => return Ended::Wrongly,
                At::Mark if byte != b'\r' => {
                    self.field.extend_from_slice(&[b'"', byte]);
                    self.at = At::Quoted;
                }
                At::FieldStart | At::Bare | At::Mark => {
                    self.field.push(byte);
                    if self.at == At::FieldStart {
                        self.at = At::Bare;
                    }
                }
            }
        }
        // The last line of a file may lack its end.
        if self.at == At::Quoted || line.ends_with(b"\n") { Ended::No } else { self.end() }
    }

    fn end_field(&mut self) {
        // Behind a closing mark there can only be the CR of a line's end.
        self.fields.push(std::mem::take(&mut self.field));
        self.at = At::FieldStart;
        self.spans = false;
    }

    fn end(&mut self) -> Ended {
        if self.field.ends_with(b"\r") {
            self.field.pop();
        }
        self.end_field();
        Ended::Record(std::mem::take(&mut self.fields))
    }
}

/// The delimiter: of tab, semicolon and comma the one that the first line has most of.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter| line.iter().filter(|&&byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn an_open_quotation_mark_costs_one_row() {
        let content = "id,text\n1,\"Never closed.\n2,\"Two.\"\n3,Three.\n4,\"Four\nlines.\"\n";
        for ended in ["", "5,\"Not either.\n6,Six.\n"] {
            let content = format!("{content}{ended}");
            let rows = read("a.csv", content.as_bytes(), &Fields::default());
            let shown: Vec<_> = rows
                .iter()
                .map(|row| match row {
                    Ok(raw) => String::from_utf8_lossy(&raw.content).into_owned(),
                    Err(failure) => failure.to_string(),
                })
                .collect();
            let open = |line| {
                format!(
                    "a.csv:{line}: a quotation mark is left open in this row; reading goes on with \
                     the next line"
                )
            };
            let first = [&*open(2), "Two.", "Three.", "Four\nlines."];
            assert_eq!(shown[..4], first);
            if !ended.is_empty() {
                assert_eq!(shown[4..], [&*open(7), "Six."]);
            }
        }
    }

    #[test]
    fn a_mark_that_is_not_doubled_on_one_line_is_kept() {
        let rows = read("a.csv", b"id,text\n1,\"He said \"no\" to it.\"\n", &Fields::default());
        assert_eq!(rows[0].as_ref().unwrap().content, b"He said \"no\" to it.");
    }

    #[test]
    fn open_marks_in_every_row_and_rows_without_end_are_bounded() {
        let mut content = b"id,text\n1,\"".to_vec();
        content.resize(LIMIT + (1 << 17), b'a');
        content.extend_from_slice(b"\n2,Two.\n");
        let rows = read("a.csv", &content, &Fields::default());
        let [Err(failure), Ok(raw)] = &rows[..] else { panic!("{} rows", rows.len()) };
        assert!(failure.to_string().starts_with("a.csv:2: the row is longer than 64 MB"));
        assert_eq!(raw.source.row, Some(3));
    }

    #[test]
    fn an_open_mark_in_every_row_does_not_take_the_square_of_the_time() {
        let content = format!("id,text\n0,\"a\n{}", "1,\"b\n2,c\n".repeat(50_000));
        let rows = read("a.csv", content.as_bytes(), &Fields::default());
        // A mark is found to be open at the next one, and then the row with that one is read again.
        assert_eq!(rows.len(), 100_001);
        assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 50_000);
    }

    proptest! {
        #[test]
        fn well_formed_files_are_read_as_by_the_csv_crate(
            cells in prop::collection::vec(("[a-z\",; \r\n]{0,12}", "[a-zé\",;\n]{1,12}x"), 1..6),
            crlf: bool,
        ) {
            let mut writer = csv::WriterBuilder::new();
            if crlf {
                writer.terminator(csv::Terminator::CRLF);
            }
            let mut writer = writer.from_writer(vec![]);
            writer.write_record(["title", "text"]).unwrap();
            for (title, text) in &cells {
                writer.write_record([title, text]).unwrap();
            }
            let rows = read("a.csv", &writer.into_inner().unwrap(), &Fields::default());
            prop_assert_eq!(rows.len(), cells.len());
            for (row, (title, text)) in rows.iter().zip(&cells) {
                let raw = row.as_ref().unwrap();
                prop_assert_eq!(String::from_utf8_lossy(&raw.content), text.as_str());
                let stated = raw.metadata.title.as_deref().unwrap_or_default();
                prop_assert_eq!(stated.trim(), title.trim());
            }
        }
    }
}
