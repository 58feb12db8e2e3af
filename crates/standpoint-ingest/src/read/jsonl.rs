//! JSON Lines: one object a line.

use std::io::{BufRead, BufReader, Read};

use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use serde_json::{Map, Value};
use standpoint_core::Failure;

use super::{LIMIT, Raw, failure, row, too_long, unreadable};
use crate::decode::decode;
use crate::fields::{Field, Fields};

pub(super) struct Rows<R: Read> {
    /// `None` after an error that leaves nothing to read.
    lines: Option<BufReader<DecodeReaderBytes<R, Vec<u8>>>>,
    name: String,
    fields: Fields,
    row: u64,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(file: R, name: String, fields: Fields) -> Self {
        // UTF-16 with a byte-order mark is turned into UTF-8; anything else passes as it is.
        let decoded =
            DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(file);
        let lines = BufReader::with_capacity(1 << 16, decoded);
        Rows { lines: Some(lines), name, fields, row: 0 }
    }

    fn parse(&self, line: &[u8]) -> Result<Raw, Failure> {
        let wrong = |reason| failure(&self.name, Some(self.row), reason);
        let object: Map<String, Value> = serde_json::from_str(decode(line, false).trim_end())
            .map_err(|error| wrong(not_an_object(&error)))?;
        let columns: Vec<&str> = object.keys().map(String::as_str).collect();
        let at = |field| self.fields.positions(field, &columns);
        let text = at(Field::Text);
        let Some(&first) = text.first() else { return Err(wrong(self.fields.no_text(&columns))) };
        if text.iter().all(|&at| !object[columns[at]].is_string() && !object[columns[at]].is_null())
        {
            let name = columns[first];
            return Err(wrong(format!(
                "the field {name:?} holds no string; it should be the text"
            )));
        }
        row(&self.name, self.row, |field| {
            at(field).into_iter().flat_map(|at| texts(&object[columns[at]])).collect()
        })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = Vec::new();
            self.row += 1;
            match read_line(self.lines.as_mut()?, &mut line) {
                Ok(Line::End) => {
                    self.lines = None;
                    return None;
                }
                Ok(Line::TooLong) => {
                    return Some(Err(failure(&self.name, Some(self.row), too_long("line"))));
                }
                Ok(Line::Read) if line.trim_ascii().is_empty() => {}
                Ok(Line::Read) => return Some(self.parse(&line)),
                Err(error) => {
                    self.lines = None;
                    return Some(Err(unreadable(&self.name, Some(self.row), &error)));
                }
            }
        }
    }
}

enum Line {
    Read,
    TooLong,
    End,
}

/// Reads one line; of one that is too long nothing is kept, but it is read to its end.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Line> {
    let read = lines.by_ref().take(LIMIT as u64 + 1).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if line.len() <= LIMIT || line.ends_with(b"\n") {
        return Ok(Line::Read);
    }
    line.clear();
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(Line::TooLong);
        }
        let newline = buffer.iter().position(|&byte| byte == b'\n');
        let used = newline.map_or(buffer.len(), |at| at + 1);
        lines.consume(used);
        if newline.is_some() {
            return Ok(Line::TooLong);
        }
    }
}

/// The strings in a value: itself, the parts of an array, the `name` of an object.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(parts) => parts.iter().flat_map(texts).collect(),
        Value::Object(object) => object.get("name").map(texts).unwrap_or_default(),
        Value::Null | Value::Bool(_) => vec![],
    }
}

/// What is wrong with a line, without the line number that the parser gives it: 1, always.
fn not_an_object(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or(&told);
    format!("not a JSON object: {told}, at character {}", error.column())
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn a_bad_line_is_one_failure_and_the_rest_is_read() {
        let content = concat!(
            r#"{"id": 7, "text": "One.", "author": ["A. Trevane", {"name": "B. Halden"}], "tags": ["x"], "categories": "News"}"#,
            "\n\n{\"id\": \"b\", \"text\": \"cut o\n[1]\n",
            r#"{"id": "c", "headline": "No text"}"#,
            "\n",
            r#"{"text": 5}"#,
            "\n",
            r#"{"text": " "}"#,
            "\n",
            r#"{"ID": "d", "Full_Text": "Two.", "hostname": "www.courier.example", "date": null}"#,
        );
        let rows = read("a.jsonl", content.as_bytes(), &Fields::default());
        let shown: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Ok(raw) => String::from_utf8_lossy(&raw.content).into_owned(),
                Err(failure) => failure.to_string(),
            })
            .collect();
        assert_eq!(shown[0], "One.");
        assert!(shown[1].starts_with("a.jsonl:3: not a JSON object: "), "{}", shown[1]);
        assert!(shown[2].starts_with("a.jsonl:4: not a JSON object: "), "{}", shown[2]);
        assert_eq!(
            shown[3],
            "a.jsonl:5: no field holds the text; found: headline, id. Name it with --field text=NAME"
        );
        assert_eq!(
            shown[4],
            "a.jsonl:6: the field \"text\" holds no string; it should be the text"
        );
        assert_eq!(shown[5], "a.jsonl:7: empty: the row has no text");
        assert_eq!(shown[6], "Two.");

        let first = rows[0].as_ref().unwrap();
        assert_eq!(first.id.as_deref(), Some("7"));
        assert_eq!(first.metadata.authors, ["A. Trevane", "B. Halden"]);
        assert_eq!(first.metadata.sections, ["News", "x"]);
        let last = rows[6].as_ref().unwrap();
        assert_eq!(last.source.row, Some(8));
        assert_eq!(last.metadata.outlet.as_deref(), Some("courier.example"));
        assert_eq!(last.metadata.published, None);
    }

    #[test]
    fn utf_16_and_byte_order_marks_are_read() {
        let line = "{\"text\": \"Zoë\"}\n";
        let utf_16: Vec<u8> =
            [0xFEFF].into_iter().chain(line.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let utf_8 = [b"\xEF\xBB\xBF", line.as_bytes()].concat();
        let windows_1252 = b"{\"text\": \"Zo\xEB\"}\n".to_vec();
        for content in [utf_16, utf_8, windows_1252] {
            let rows = read("a.ndjson", &content, &Fields::default());
            let [Ok(raw)] = &rows[..] else { panic!("{rows:?}") };
            assert_eq!(String::from_utf8_lossy(&raw.content), "Zoë");
        }
    }

    #[test]
    fn an_overlong_line_is_passed_over() {
        let mut content = b"{\"text\": \"".to_vec();
        content.resize(LIMIT + 10, b'a');
        content.extend_from_slice(b"\"}\n{\"text\": \"Next.\"}");
        let rows = read("a.jsonl", &content, &Fields::default());
        let [Err(failure), Ok(raw)] = &rows[..] else { panic!("{} rows", rows.len()) };
        assert!(failure.to_string().starts_with("a.jsonl:1: the line is longer than 64 MB"));
        assert_eq!(raw.content, b"Next.");
    }
}
