//! The bytes of a file or of an archive's entry, and how many of them are taken.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rawzip::{FileReader, ReaderAt};
use standpoint_core::Failure;

use super::{LIMIT, failure, too_long, unreadable};

/// The largest archive, Parquet file, Word file or EPUB inside another archive, in bytes: its parts
/// are read in any order, and so it is held in memory.
const IN_MEMORY: usize = 256 << 20;

/// What a file on disk may expand to, all levels of packing together: this many times its size, and
/// [`EXPANDS_BY`] beside. Prose expands to three or four times its size, a feed of like pages to
/// fifty; a bomb to thousands.
const EXPANDS_TO: u64 = 200;
const EXPANDS_BY: u64 = 64 << 20;

/// Bytes, wherever they come from.
pub(super) enum Content {
    File(File),
    Stream(Box<dyn Read + Send>),
}

impl Content {
    /// All of it.
    ///
    /// # Errors
    /// Where it is longer than [`LIMIT`] or cannot be read.
    pub(super) fn whole(self, name: &str) -> Result<Vec<u8>, Failure> {
        let mut content = Vec::new();
        let read = self.stream().take(LIMIT as u64 + 1).read_to_end(&mut content);
        read.map_err(|error| unreadable(name, None, &error))?;
        if content.len() > LIMIT {
            return Err(failure(name, None, too_long("file")));
        }
        Ok(content)
    }

    pub(super) fn stream(self) -> Box<dyn Read + Send> {
        match self {
            Content::File(file) => Box::new(BufReader::with_capacity(1 << 16, file)),
            Content::Stream(stream) => stream,
        }
    }

    /// Itself if it is a file, else all of it in memory.
    ///
    /// # Errors
    /// Where it cannot be read or is larger than [`IN_MEMORY`].
    pub(super) fn seekable(self, name: &str) -> Result<Seekable, Failure> {
        let stream = match self {
            Content::File(file) => {
                let size = file.metadata().map_err(|error| unreadable(name, None, &error))?.len();
                return Ok(Seekable::File(file.into(), size));
            }
            Content::Stream(stream) => stream,
        };
        let mut content = Vec::new();
        let read = stream.take(IN_MEMORY as u64 + 1).read_to_end(&mut content);
        read.map_err(|error| unreadable(name, None, &error))?;
        if content.len() > IN_MEMORY {
            let reason = format!(
                "larger than {} MB, which is too much inside an archive; unpack the archive and \
                 read its folder",
                IN_MEMORY >> 20
            );
            return Err(failure(name, None, reason));
        }
        Ok(Seekable::Memory(content.into()))
    }
}

/// Bytes that can be read in any order.
pub(super) enum Seekable {
    /// A file and its size.
    File(FileReader, u64),
    Memory(Bytes),
}

impl Seekable {
    pub(super) fn size(&self) -> u64 {
        match self {
            Seekable::File(_, size) => *size,
            Seekable::Memory(bytes) => bytes.len() as u64,
        }
    }
}

impl ReaderAt for Seekable {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        match self {
            Seekable::File(file, _) => file.read_at(buffer, offset),
            Seekable::Memory(bytes) => bytes.as_ref().read_at(buffer, offset),
        }
    }
}

/// How many bytes a file on disk may still expand to: shared by all that is unpacked from it.
#[derive(Clone)]
pub(super) struct Allowance {
    left: Arc<AtomicU64>,
}

impl Allowance {
    /// For a file of `size` bytes.
    pub(super) fn of(size: u64) -> Allowance {
        let left = size.saturating_mul(EXPANDS_TO).saturating_add(EXPANDS_BY);
        Allowance { left: Arc::new(AtomicU64::new(left)) }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// `inner`, ending in an error when the allowance is spent.
    pub(super) fn bound(&self, inner: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        Box::new(Bounded { inner, allowance: self.clone() })
    }
}

struct Bounded<R> {
    inner: R,
    allowance: Allowance,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.allowance.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(std::io::Error::other(format!(
                "the file on disk expands to more than {EXPANDS_TO} times its size; if that is \
                 right, unpack it and read its folder"
            )));
        }
        let most = usize::try_from(left).map_or(buffer.len(), |left| buffer.len().min(left));
        let read = self.inner.read(&mut buffer[..most])?;
        self.allowance.left.store(left - read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
