//! JSON: one object a line (JSON Lines), or a file of one object, of an array of them or of many one
//! after the other. Objects are rows, [ninjs](super::ninjs) items, or a JSON Feed.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use serde_json::{Map, Value};
use standpoint_core::Failure;

use super::{LIMIT, Raw, failure, feed, ninjs, row, too_long, unreadable};
use crate::decode::decode;
use crate::fields::{Field, Fields};

type Bytes<R> = BufReader<DecodeReaderBytes<R, Vec<u8>>>;

/// UTF-16 with a byte-order mark is turned into UTF-8; anything else passes as it is.
fn decoded<R: Read>(stream: R) -> Bytes<R> {
    let decoded = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(stream);
    BufReader::with_capacity(1 << 16, decoded)
}

/// JSON Lines.
pub(super) struct Lines<R: Read> {
    /// `None` after an error that leaves nothing to read.
    lines: Option<Bytes<R>>,
    name: String,
    fields: Arc<Fields>,
    row: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(stream: R, name: String, fields: Arc<Fields>) -> Self {
        Lines { lines: Some(decoded(stream)), name, fields, row: 0 }
    }
}

/// Makes a document of an object's bytes.
fn parse(line: &[u8], name: &str, at: Option<u64>, fields: &Fields) -> Result<Raw, Failure> {
    let decoded = decode(line, false);
    let object: Map<String, Value> = serde_json::from_str(decoded.text.trim_end())
        .map_err(|error| failure(name, at, not_an_object(&error)))?;
    let mut raw = document(&object, name, at, fields)?;
    raw.notes.extend(decoded.notes);
    Ok(raw)
}

fn document(
    object: &Map<String, Value>,
    name: &str,
    at: Option<u64>,
    fields: &Fields,
) -> Result<Raw, Failure> {
    if ninjs::is_item(object) {
        return ninjs::read(object, name, at);
    }
    let wrong = |reason| failure(name, at, reason);
    let columns: Vec<&str> = object.keys().map(String::as_str).collect();
    let held = |field| fields.positions(field, &columns);
    let text = held(Field::Text);
    let Some(&first) = text.first() else { return Err(wrong(fields.no_text(&columns))) };
    if text.iter().all(|&at| !object[columns[at]].is_string() && !object[columns[at]].is_null()) {
        let name = columns[first];
        return Err(wrong(format!("the field {name:?} holds no string; it should be the text")));
    }
    row(name, at, |field| {
        held(field).into_iter().flat_map(|at| texts(&object[columns[at]])).collect()
    })
}

impl<R: Read> Iterator for Lines<R> {
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
                Ok(Line::Read) => {
                    return Some(parse(&line, &self.name, Some(self.row), &self.fields));
                }
                Err(error) => {
                    self.lines = None;
                    return Some(Err(unreadable(&self.name, Some(self.row), &error)));
                }
            }
        }
    }
}

/// A `.json` file.
pub(super) fn read(stream: Box<dyn Read + Send>, name: String, fields: Arc<Fields>) -> super::Rows {
    let mut objects = Objects { bytes: decoded(stream), ended: false };
    let (first, second) = (objects.next(), objects.next());
    if let (Some(Ok(only)), None) = (&first, &second) {
        return alone(only, &name, &fields);
    }
    let all = first.into_iter().chain(second).chain(objects);
    Box::new((1..).zip(all).map(move |(row, object)| {
        let object = object.map_err(|reason| failure(&name, Some(row), reason))?;
        parse(&object, &name, Some(row), &fields)
    }))
}

/// The documents of a file that is one object: a JSON Feed, a document, or a wrapper around the array
/// that holds them.
fn alone(bytes: &[u8], name: &str, fields: &Fields) -> super::Rows {
    let object = match serde_json::from_str::<Map<String, Value>>(&decode(bytes, false).text) {
        Ok(object) => object,
        Err(error) => return one(Err(failure(name, None, not_an_object(&error)))),
    };
    let version = object.get("version").and_then(Value::as_str).unwrap_or_default();
    if version.contains("jsonfeed.org") {
        return feed::read(name, bytes).unwrap_or_else(|failure| one(Err(failure)));
    }
    let columns: Vec<&str> = object.keys().map(String::as_str).collect();
    let arrays = object.values().filter_map(|value| match value {
        Value::Array(items) if items.iter().any(Value::is_object) => Some(items),
        _ => None,
    });
    let arrays: Vec<_> = arrays.collect();
    if let ([items], false, true) =
        (&arrays[..], ninjs::is_item(&object), fields.positions(Field::Text, &columns).is_empty())
    {
        let rows: Vec<_> = (1..)
            .zip(items.iter())
            .map(|(row, item)| match item {
                Value::Object(object) => document(object, name, Some(row), fields),
                _ => Err(failure(name, Some(row), "not a JSON object".to_owned())),
            })
            .collect();
        return Box::new(rows.into_iter());
    }
    one(parse(bytes, name, None, fields))
}

fn one(row: Result<Raw, Failure>) -> super::Rows {
    Box::new(std::iter::once(row))
}

/// The objects of a file at its top or in an array there, each as its bytes, found by their braces.
struct Objects<R: Read> {
    bytes: Bytes<R>,
    ended: bool,
}

impl<R: Read> Iterator for Objects<R> {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.object();
        self.ended = !matches!(found, Ok(Some(_)));
        found.transpose()
    }
}

impl<R: Read> Objects<R> {
    fn object(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut object = Vec::new();
        let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
        let mut stray = None;
        loop {
            let buffer =
                self.bytes.fill_buf().map_err(|error| format!("cannot be read: {error}"))?;
            if buffer.is_empty() {
                return match (object.is_empty(), stray) {
                    (true, None) => Ok(None),
                    (true, Some(byte)) => Err(format!(
                        "not JSON objects: {:?} stands outside of any",
                        char::from(byte)
                    )),
                    (false, _) => Err("not JSON: the file ends inside an object".to_owned()),
                };
            }
            let mut used = 0;
            let mut done = false;
            for &byte in buffer {
                used += 1;
                if depth == 0 && byte != b'{' {
                    if !matches!(byte, b'[' | b']' | b',') && !byte.is_ascii_whitespace() {
                        stray.get_or_insert(byte);
                    }
                    continue;
                }
                object.push(byte);
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    b'{' if !quoted => depth += 1,
                    b'}' if !quoted => {
                        depth -= 1;
                        if depth == 0 {
                            done = true;
                            break;
                        }
                    }
                    _ => {}
                }
            }
            self.bytes.consume(used);
            if object.len() > LIMIT {
                return Err(format!("{}; what follows is not read", too_long("object")));
            }
            if done {
                return match stray {
                    None => Ok(Some(object)),
                    Some(byte) => Err(format!(
                        "not JSON objects: {:?} stands between them; what follows is not read",
                        char::from(byte)
                    )),
                };
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
    fn json_files_hold_one_object_or_many() {
        let shown = |content: &str| -> Vec<String> {
            let rows = read("a.json", content.as_bytes(), &Fields::default());
            rows.iter()
                .map(|row| match row {
                    Ok(raw) => format!("{} {}", raw.source, String::from_utf8_lossy(&raw.content)),
                    Err(failure) => failure.to_string(),
                })
                .collect()
        };
        assert_eq!(shown(r#" {"text": "One, {\"two\"}."}"#), ["a.json One, {\"two\"}."]);
        let both = ["a.json:1 One.", "a.json:2 Two."];
        assert_eq!(shown(r#"[{"text": "One."}, {"text": "Two."}]"#), both);
        assert_eq!(shown("{\"text\": \"One.\"}\n{\"text\": \"Two.\"}"), both);
        assert_eq!(shown(r#"{"n": 2, "articles": [{"text": "One."}, {"text": "Two."}]}"#), both);
        assert_eq!(
            shown(r#"[{"text": "One."}, {"text": "Tw"#),
            ["a.json:1 One.", "a.json:2: not JSON: the file ends inside an object"]
        );
        assert_eq!(shown("<html>"), ["a.json:1: not JSON objects: '<' stands outside of any"]);
        assert!(shown("").is_empty());
        let deep = format!("{{\"text\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(shown(&deep)[0].contains("recursion limit exceeded"), "{}", shown(&deep)[0]);
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
