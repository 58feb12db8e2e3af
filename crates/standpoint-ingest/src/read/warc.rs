//! WARC: the web pages of a crawl.
//!
//! Only successful responses of a page (HTML, or plain text) are documents; a crawl's pictures, scripts,
//! redirections and requests are passed over. ISO 28500, <https://iipc.github.io/warc-specifications/>.

use std::io::{BufRead, BufReader, Read};

use encoding_rs::Encoding;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use standpoint_core::Failure;

use super::content::Allowance;
use super::{LIMIT, Markup, Raw, failure, too_long};

/// The longest line of a header, and the longest header, in bytes.
const LONGEST_LINE: u64 = 64 << 10;
const LONGEST_HEADER: usize = 1 << 20;

pub(super) struct Records {
    stream: Option<BufReader<Box<dyn Read + Send>>>,
    name: String,
    allowance: Allowance,
    row: u64,
    /// How much of the last record is still to be passed over.
    left: u64,
}

/// Header lines: names in small letters.
type Headers = Vec<(String, String)>;

impl Records {
    pub(super) fn new(stream: Box<dyn Read + Send>, name: String, allowance: &Allowance) -> Self {
        let stream = Some(BufReader::with_capacity(1 << 16, stream));
        Records { stream, name, allowance: allowance.clone(), row: 0, left: 0 }
    }

    /// The next record that is a page; `None` at the end.
    fn page(&mut self) -> Result<Option<Result<Raw, String>>, String> {
        let Some(stream) = self.stream.as_mut() else { return Ok(None) };
        let cannot = |error: std::io::Error| format!("cannot be read: {error}");
        loop {
            let skipped = std::io::copy(&mut stream.by_ref().take(self.left), &mut std::io::sink());
            if skipped.map_err(cannot)? < self.left {
                return Err("it ends in the middle of a record".to_owned());
            }
            self.left = 0;
            let mut version = line(stream).map_err(cannot)?;
            while version.as_deref() == Some("") {
                version = line(stream).map_err(cannot)?;
            }
            let Some(version) = version else { return Ok(None) };
            self.row += 1;
            if !version.starts_with("WARC/") {
                return Err("no WARC file, or damaged: a record should begin with WARC/".to_owned());
            }
            let record = headers(stream).map_err(cannot)?;
            let length = header(&record, "content-length").and_then(|length| length.parse().ok());
            let Some(length) = length else {
                return Err("damaged: a record without its Content-Length".to_owned());
            };
            self.left = length;
            if header(&record, "warc-type") != Some("response")
                || !header(&record, "content-type").is_none_or(|kind| kind.contains("http"))
            {
                continue;
            }
            let mut block = stream.by_ref().take(length);
            let read = response(&mut block, &record, &self.allowance);
            self.left = block.limit();
            match read.map_err(cannot)? {
                Ok(None) => {}
                Ok(Some(mut raw)) => {
                    raw.source.path.clone_from(&self.name);
                    raw.source.row = Some(self.row);
                    return Ok(Some(Ok(raw)));
                }
                Err(reason) => return Ok(Some(Err(reason))),
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.page() {
            Ok(page) => {
                let row = self.row;
                page.map(|page| page.map_err(|reason| failure(&self.name, Some(row), reason)))
            }
            Err(reason) => {
                self.stream = None;
                let reason = format!("{reason}. What follows is not read");
                Some(Err(failure(&self.name, Some(self.row), reason)))
            }
        }
    }
}

/// The page in an HTTP response; `None` if it is none. The outer error is that of the file.
fn response(
    block: &mut impl BufRead,
    record: &Headers,
    allowance: &Allowance,
) -> std::io::Result<Result<Option<Raw>, String>> {
    let status = line(block)?.unwrap_or_default();
    let http = headers(block)?;
    let ok = status.split(' ').nth(1).is_some_and(|code| code == "200");
    let kind = header(&http, "content-type").unwrap_or("text/html").to_ascii_lowercase();
    let markup = match kind.split(';').next().unwrap_or_default().trim() {
        "text/html" | "application/xhtml+xml" => Markup::Html,
        "text/plain" => Markup::Plain,
        _ => return Ok(Ok(None)),
    };
    if !ok {
        return Ok(Ok(None));
    }
    let mut content = Vec::new();
    block.take(LIMIT as u64 + 1).read_to_end(&mut content)?;
    if header(&http, "transfer-encoding").is_some_and(|how| how.contains("chunked")) {
        content = dechunked(content);
    }
    let packed = header(&http, "content-encoding").unwrap_or("identity").trim().to_lowercase();
    let content = match unpacked(content, &packed, allowance) {
        Ok(content) if content.len() > LIMIT => return Ok(Err(too_long("page"))),
        Ok(content) if content.trim_ascii().is_empty() => return Ok(Ok(None)),
        Ok(content) => content,
        Err(reason) => return Ok(Err(reason)),
    };
    // The server's word on the encoding is as good as the page's: it counts where the bytes are not UTF-8.
    let charset =
        kind.split("charset=").nth(1).map(|rest| rest.trim_matches(['"', '\'', ' ', ';']));
    let charset = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let content = match charset {
        Some(encoding) if std::str::from_utf8(&content).is_err() => {
            encoding.decode(&content).0.into_owned().into_bytes()
        }
        _ => content,
    };
    let mut raw = Raw::of("", None, content, markup);
    raw.metadata.url =
        header(record, "warc-target-uri").map(|uri| uri.trim_matches(['<', '>']).to_owned());
    Ok(Ok(Some(raw)))
}

/// The body without the lengths of its chunks; as it is where it has none, for many crawlers take the
/// chunks apart and keep the header.
fn dechunked(content: Vec<u8>) -> Vec<u8> {
    let mut body = Vec::with_capacity(content.len());
    let mut rest = content.as_slice();
    loop {
        let Some(end) = rest.iter().position(|&byte| byte == b'\n').filter(|&end| end < 64) else {
            return if body.is_empty() { content } else { body };
        };
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = size.split(';').next().unwrap_or_default().trim().to_owned();
        let Ok(size) = usize::from_str_radix(&size, 16) else {
            return if body.is_empty() { content } else { body };
        };
        rest = &rest[end + 1..];
        if size == 0 {
            return body;
        }
        let taken = size.min(rest.len());
        body.extend_from_slice(&rest[..taken]);
        rest = rest[taken..].strip_prefix(b"\r\n").unwrap_or(&rest[taken..]);
    }
}

/// The body as the server had it; as it is where it is not packed after all.
fn unpacked(content: Vec<u8>, how: &str, allowance: &Allowance) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let bound = |reader: Box<dyn Read + Send>| allowance.bound(reader).take(LIMIT as u64 + 1);
    let read = match how {
        "gzip" | "x-gzip" if content.starts_with(&[0x1f, 0x8b]) => {
            bound(Box::new(MultiGzDecoder::new(std::io::Cursor::new(content))))
                .read_to_end(&mut unpacked)
        }
        "deflate" => {
            let cursor = std::io::Cursor::new(content);
            // Servers send either, and call both deflate.
            let zlib = cursor.get_ref().first().is_some_and(|byte| byte & 0x0f == 8);
            let reader: Box<dyn Read + Send> = if zlib {
                Box::new(ZlibDecoder::new(cursor))
            } else {
                Box::new(DeflateDecoder::new(cursor))
            };
            bound(reader).read_to_end(&mut unpacked)
        }
        "zstd" => {
            let reader = zstd::Decoder::new(std::io::Cursor::new(content));
            let reader = reader.map_err(|error| format!("cannot be unpacked: {error}"))?;
            bound(Box::new(reader)).read_to_end(&mut unpacked)
        }
        "br" => {
            return Err(
                "packed with Brotli, which is not read; have the crawler unpack it".to_owned()
            );
        }
        _ => return Ok(content),
    };
    read.map_err(|error| format!("cannot be unpacked: {error}"))?;
    Ok(unpacked)
}

/// A line without its end; `None` at the end of the file.
fn line(stream: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    if stream.take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

/// Header lines up to the empty one.
fn headers(stream: &mut impl BufRead) -> std::io::Result<Headers> {
    let mut headers: Headers = Vec::new();
    let mut length = 0;
    while let Some(line) = line(stream)?.filter(|line| !line.is_empty()) {
        length += line.len();
        if length > LONGEST_HEADER {
            return Err(std::io::Error::other("a header of more than 1 MB"));
        }
        if line.starts_with([' ', '\t'])
            && let Some((_, value)) = headers.last_mut()
        {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(headers)
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}
