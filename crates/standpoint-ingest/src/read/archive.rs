//! Archives and packed files: zip, tar, gzip, zstd, of anything that is read.
//!
//! Nothing is written to disk: a path in an archive is a name by which a person finds the entry
//! again, `corpus.zip/2024/a.html`, and no more. How much may come out of a file is bounded by its
//! size ([`Allowance`]), and how deep archives may lie in each other by [`DEEPEST`].

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use standpoint_core::Failure;
use tar::{EntryType, Header, PaxExtensions};

use super::content::{Allowance, Content};
use super::zip::Zip;
use super::{Rows, failure, rows, unreadable};
use crate::decode::decode;
use crate::{Fields, Format};

/// How deep packed files may lie in each other: a zip of `.tar.gz` is three deep.
const DEEPEST: usize = 4;

/// How many entries that are skipped are named.
const NAMED: usize = 3;

const NO_FILE: &str = "neither a file nor a folder; links are not followed";

/// The longest name of an entry, in bytes.
const LONGEST_NAME: u64 = 64 << 10;

/// What holds for all that comes out of one file on disk.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) fields: Arc<Fields>,
    pub(super) allowance: Allowance,
    /// How many packed files this lies in.
    pub(super) depth: usize,
    pub(super) skipped: Skips,
}

/// The entries of archives that are of no kind that is read, such as the photographs beside the pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkippedEntries {
    /// How many there are.
    pub count: u64,
    /// The paths of the first of them, each with its archive's before it.
    pub first: Vec<String>,
}

/// Where all archives in a file note what they skip.
#[derive(Clone, Default)]
pub(super) struct Skips(Arc<Mutex<SkippedEntries>>);

impl Skips {
    fn note(&self, path: String) {
        let mut skipped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        skipped.count += 1;
        if skipped.first.len() < NAMED {
            skipped.first.push(path);
        }
    }

    pub(super) fn so_far(&self) -> SkippedEntries {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Context {
    /// The context of what lies in `name`.
    ///
    /// # Errors
    /// Where that is too deep.
    pub(super) fn inside(&self, name: &str) -> Result<Context, Failure> {
        if self.depth == DEEPEST {
            let reason = format!(
                "packed files lie more than {DEEPEST} deep in each other; unpack the outer ones"
            );
            return Err(failure(name, None, reason));
        }
        Ok(Context { depth: self.depth + 1, ..self.clone() })
    }
}

/// What a gzip file holds; its parts, as in a WARC file, are one.
pub(super) fn gzip(name: &str, content: Content, context: &Context) -> Result<Rows, Failure> {
    let unpacked =
        MultiGzDecoder::new(std::io::BufReader::with_capacity(1 << 16, content.stream()));
    single(name, unpacked, context)
}

/// What a zstd file holds.
pub(super) fn zstd(name: &str, content: Content, context: &Context) -> Result<Rows, Failure> {
    let unpacked = zstd::Decoder::new(content.stream());
    single(name, unpacked.map_err(|error| unreadable(name, None, &error))?, context)
}

fn single(
    name: &str,
    unpacked: impl Read + Send + 'static,
    context: &Context,
) -> Result<Rows, Failure> {
    let Some(format) = Format::of_packed(Path::new(name)) else {
        let reason = "the name does not tell what is packed here; name it like a.html.gz";
        return Err(failure(name, None, reason.to_owned()));
    };
    let inner = context.inside(name)?;
    rows(name, format, Content::Stream(context.allowance.bound(unpacked)), &inner)
}

/// Walks the entries of a zip file.
pub(super) fn zip(name: &str, content: Content, context: &Context) -> Result<Rows, Failure> {
    let inner = context.inside(name)?;
    let archive = Zip::open(content.seekable(name)?, context.allowance.clone())
        .map_err(|reason| failure(name, None, reason))?;
    let mut at = 0;
    let next = move || -> Option<Result<Member, String>> {
        loop {
            let Some(entry) = archive.entries.get(at) else {
                let reason = archive.cut_short.clone().filter(|_| at == archive.entries.len());
                at += 1;
                return reason.map(Err);
            };
            at += 1;
            if entry.is_folder {
                continue;
            }
            let content = if entry.is_link { Err(NO_FILE.to_owned()) } else { archive.read(entry) };
            let (name, content) = (entry.name.clone(), content.map(Content::Stream));
            return Some(Ok(Member { name, content }));
        }
    };
    Ok(Box::new(Members::new(name, inner, next)))
}

/// Walks the entries of a tar file.
pub(super) fn tar(name: &str, content: Content, context: &Context) -> Result<Rows, Failure> {
    let inner = context.inside(name)?;
    let mut tape =
        Tape(Arc::new(Mutex::new(Cell { stream: content.stream(), left: 0, padding: 0 })));
    Ok(Box::new(Members::new(name, inner, move || tape.next().transpose())))
}

/// An entry: its name, and its content or why it cannot be had.
struct Member {
    name: String,
    content: Result<Content, String>,
}

/// The documents of an archive's entries, one entry after the other.
struct Members<N> {
    name: String,
    context: Context,
    next: N,
    open: Option<Rows>,
    any: bool,
    ended: bool,
}

impl<N: FnMut() -> Option<Result<Member, String>>> Members<N> {
    fn new(name: &str, context: Context, next: N) -> Self {
        let (name, open) = (name.to_owned(), None);
        Members { name, context, next, open, any: false, ended: false }
    }
}

impl<N: FnMut() -> Option<Result<Member, String>>> Iterator for Members<N> {
    type Item = Result<super::Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.open.as_mut().and_then(Iterator::next) {
                return Some(row);
            }
            self.open = None;
            if self.ended {
                return None;
            }
            if self.context.allowance.is_spent() {
                self.ended = true;
                let reason = "the rest of the archive is not read, see the failure before this one";
                return Some(Err(failure(&self.name, None, reason.to_owned())));
            }
            let member = match (self.next)() {
                None => {
                    self.ended = true;
                    let empty = || "empty: the archive holds no file".to_owned();
                    return (!self.any).then(|| Err(failure(&self.name, None, empty())));
                }
                Some(Err(reason)) => {
                    self.ended = true;
                    let reason = format!("{reason}. What follows in the archive is not read");
                    return Some(Err(failure(&self.name, None, reason)));
                }
                Some(Ok(member)) => member,
            };
            let Some(entry) = entry_name(&member.name) else { continue };
            self.any = true;
            let name = format!("{}/{entry}", self.name);
            let Some(format) = Format::of(Path::new(&entry)) else {
                self.context.skipped.note(name);
                continue;
            };
            let content = member.content.map_err(|reason| failure(&name, None, reason));
            match content.and_then(|content| rows(&name, format, content, &self.context)) {
                Ok(rows) => self.open = Some(rows),
                Err(failure) => return Some(Err(failure)),
            }
        }
    }
}

/// The name of an entry with `/` and without what leads out of the archive; `None` for one that is
/// hidden, which is passed over as a hidden file is.
fn entry_name(stored: &str) -> Option<String> {
    let parts = stored.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let parts: Vec<_> = parts.map(|part| part.replace(char::is_control, "\u{fffd}")).collect();
    let hidden = |part: &String| part.starts_with('.') || part == "__MACOSX";
    (!parts.is_empty() && !parts.iter().any(hidden)).then(|| parts.join("/"))
}

/// A tar file, read from its beginning to its end. The `tar` crate lends out one entry at a time, which
/// cannot be kept beside the archive that lends it; so its headers are used, and the walk is ours.
struct Tape(Arc<Mutex<Cell>>);

struct Cell {
    stream: Box<dyn Read + Send>,
    /// What is left of the entry, and the bytes that fill its last block.
    left: u64,
    padding: u64,
}

impl Cell {
    /// Begins an entry of `size` bytes.
    fn holds(&mut self, size: u64) {
        self.left = size;
        self.padding = (512 - size % 512) % 512;
    }
}

impl Tape {
    fn next(&mut self) -> Result<Option<Member>, String> {
        let (mut long_name, mut long_size) = (None, None);
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            let kind = header.entry_type();
            if kind.is_gnu_longname() {
                let name = self.all("name")?;
                long_name = Some(name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec());
                continue;
            }
            if kind.is_pax_local_extensions() {
                let extensions = self.all("extended header")?;
                for extension in PaxExtensions::new(&extensions).flatten() {
                    let value = extension.value_bytes();
                    match extension.key_bytes() {
                        b"path" => long_name = Some(value.to_vec()),
                        b"size" => long_size = String::from_utf8_lossy(value).parse().ok(),
                        _ => {}
                    }
                }
                continue;
            }
            if let Some(size) = long_size.take() {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).holds(size);
            }
            let name = long_name.take().unwrap_or_else(|| header.path_bytes().into_owned());
            let name = decode(&name, false).text;
            let content = match kind {
                EntryType::Regular | EntryType::Continuous => {
                    Ok(Content::Stream(Box::new(Tape(Arc::clone(&self.0)))))
                }
                EntryType::Directory | EntryType::XGlobalHeader => continue,
                _ => Err(NO_FILE.to_owned()),
            };
            return Ok(Some(Member { name, content }));
        }
    }

    /// The next header, behind what is left of the entry before it; `None` at the end.
    fn header(&mut self) -> Result<Option<Header>, String> {
        let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = cell.left.saturating_add(cell.padding);
        let skipped = std::io::copy(&mut (&mut cell.stream).take(rest), &mut std::io::sink());
        if skipped.map_err(|error| format!("cannot be read: {error}"))? < cell.left {
            return Err("it ends in the middle of an entry".to_owned());
        }
        (cell.left, cell.padding) = (0, 0);
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut block_reader = (&mut cell.stream).take(block.len() as u64);
        let mut found = Vec::new();
        let read = block_reader.read_to_end(&mut found);
        read.map_err(|error| format!("cannot be read: {error}"))?;
        if found.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        if found.len() < block.len() {
            return Err("it ends in the middle of a header".to_owned());
        }
        block.copy_from_slice(&found);
        let sum: u32 = found[..148].iter().chain(&found[156..]).map(|&byte| u32::from(byte)).sum();
        if header.cksum().ok() != Some(sum + 8 * u32::from(b' ')) {
            return Err("no tar file, or damaged: the checksum of a header is wrong".to_owned());
        }
        let size = header.entry_size().map_err(|error| format!("damaged: {error}"))?;
        cell.holds(size);
        Ok(Some(header))
    }

    /// The content of a header that describes the next one.
    fn all(&mut self, what: &str) -> Result<Vec<u8>, String> {
        let mut content = Vec::new();
        let read = self.take(LONGEST_NAME + 1).read_to_end(&mut content);
        read.map_err(|error| format!("cannot be read: {error}"))?;
        if content.len() as u64 > LONGEST_NAME {
            return Err(format!("damaged: it has a {what} of more than {LONGEST_NAME} bytes"));
        }
        Ok(content)
    }
}

impl Read for Tape {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = usize::try_from(cell.left).map_or(buffer.len(), |left| buffer.len().min(left));
        let read = cell.stream.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(std::io::Error::other("the archive ends in the middle of this entry"));
        }
        cell.left -= read as u64;
        Ok(read)
    }
}
