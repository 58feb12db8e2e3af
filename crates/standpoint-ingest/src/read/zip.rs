//! Zip: the archive itself, and the packing of Word files and EPUBs.

use std::io::{BufReader, Read};
use std::sync::Arc;

use flate2::bufread::DeflateDecoder;
use rawzip::{
    CompressionMethod, RECOMMENDED_BUFFER_SIZE, RangeReader, ZipArchive, ZipArchiveEntryWayfinder,
    ZipLocator,
};

use super::content::{Allowance, Seekable};
use super::{LIMIT, too_long};
use crate::decode::decode;

/// The most entries of one archive that are listed.
const MOST_ENTRIES: usize = 1_000_000;

/// An opened archive: its entries, and how to read one.
pub(super) struct Zip {
    archive: ZipArchive<Arc<Seekable>>,
    allowance: Allowance,
    pub(super) entries: Vec<Entry>,
    /// What is wrong with the list of entries from its end on, if anything is.
    pub(super) cut_short: Option<String>,
}

/// An entry as the archive's directory lists it.
pub(super) struct Entry {
    /// Its path as stored: a name and nothing to go by on disk.
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) is_link: bool,
    method: CompressionMethod,
    encrypted: bool,
    way: ZipArchiveEntryWayfinder,
}

impl Zip {
    /// # Errors
    /// A reason, where this is no zip file.
    pub(super) fn open(source: Seekable, allowance: Allowance) -> Result<Zip, String> {
        let size = source.size();
        let source = Arc::new(source);
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let located = ZipLocator::new().locate_in_reader(source, &mut buffer, size);
        let archive = located.map_err(|(_, error)| format!("no zip file: {error}"))?;
        let mut entries = Vec::new();
        let mut cut_short = None;
        let mut listed = archive.entries(&mut buffer);
        loop {
            match listed.next_entry() {
                Ok(None) => break,
                Ok(Some(_)) if entries.len() == MOST_ENTRIES => {
                    cut_short = Some(format!("it holds more than {MOST_ENTRIES} entries"));
                    break;
                }
                Ok(Some(entry)) => {
                    let mode = entry.mode();
                    entries.push(Entry {
                        name: decode(entry.file_path().as_bytes(), false).text,
                        is_folder: entry.is_dir(),
                        is_link: mode.is_symlink(),
                        method: entry.compression_method(),
                        encrypted: entry.flags().is_encrypted(),
                        way: entry.wayfinder(),
                    });
                }
                Err(error) => {
                    cut_short = Some(format!("its list of entries is damaged: {error}"));
                    break;
                }
            }
        }
        Ok(Zip { archive, allowance, entries, cut_short })
    }

    /// The content of an entry.
    ///
    /// # Errors
    /// A reason, where it is encrypted, packed by another method or not where it should be.
    pub(super) fn read(&self, entry: &Entry) -> Result<Box<dyn Read + Send>, String> {
        if entry.encrypted {
            return Err("encrypted; unpack it with its password".to_owned());
        }
        let found =
            self.archive.get_entry(entry.way).map_err(|error| format!("damaged: {error}"))?;
        let (start, end) = found.compressed_data_range();
        let packed = RangeReader::new(Arc::clone(self.archive.get_ref()), start..end);
        match entry.method {
            CompressionMethod::STORE => Ok(self.allowance.bound(found.verifying_reader(packed))),
            CompressionMethod::DEFLATE => {
                let unpacked = DeflateDecoder::new(BufReader::with_capacity(1 << 14, packed));
                Ok(self.allowance.bound(found.verifying_reader(unpacked)))
            }
            CompressionMethod::ZSTD => {
                let unpacked = zstd::Decoder::new(packed).map_err(|error| error.to_string())?;
                Ok(self.allowance.bound(found.verifying_reader(unpacked)))
            }
            other => Err(format!(
                "packed by the method {}, which is not read; pack it anew",
                other.name().unwrap_or("unknown")
            )),
        }
    }

    /// All of the entry of this name.
    ///
    /// # Errors
    /// A reason, where it is not there, is longer than [`LIMIT`] or cannot be read.
    pub(super) fn part(&self, name: &str) -> Result<Vec<u8>, String> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| format!("it has no part {name}"))?;
        let mut content = Vec::new();
        let read = self.read(entry)?.take(LIMIT as u64 + 1).read_to_end(&mut content);
        read.map_err(|error| format!("{name}: {error}"))?;
        if content.len() > LIMIT { Err(too_long("part")) } else { Ok(content) }
    }
}
