//! What a model has answered before, by content.
//!
//! A key is a hash of everything that an answer depends on: the model's own hash and the text, or
//! the pair of texts, that it read. So a run over a grown corpus computes only what is new, a piece
//! that was seen in another file is not computed again, and a killed run goes on where its last
//! committed window ended. Nothing in the store ever has to be invalidated: another model or another
//! text is another key.
//!
//! A store may be damaged: by a disk, by a copy that broke off, by another program. What is in it is
//! therefore checked twice. When it is opened, all of its pages are read against redb's own checksums,
//! and a store that fails is set aside; an answer is kept behind a checksum of its own, and one that fails
//! is computed again. Either way a run ends with the answers of an undisturbed one, and says what it met.

use crate::PipelineError;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition, TableError};
use standpoint_core::{Classification, Probabilities, Tagged};
use standpoint_embed::Vector;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Hash of all that an answer depends on.
pub(crate) type Key = u128;

/// Memory for redb's page cache, in bytes: enough for the upper levels of the tree of a large
/// store, and small beside the models.
const CACHE: usize = 64 << 20;

/// The key of `parts` under a model's hash. Each part is preceded by its length, so that no two
/// lists of parts run together.
pub(crate) fn key(model: &str, parts: &[&str]) -> Key {
    let mut hasher = blake3::Hasher::new();
    for part in std::iter::once(&model).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut head = [0; 16];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Key::from_le_bytes(head)
}

/// A model's answer that can be kept.
pub(crate) trait Stored: Sized {
    const TABLE: TableDefinition<'static, Key, &'static [u8]>;
    fn to_bytes(&self) -> Vec<u8>;
    /// `None` for bytes that are no such answer: it is then computed again.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

/// A passage's vector, and how many of its tokens the embedder did not read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Embedded {
    pub(crate) vector: Vector,
    pub(crate) truncated: usize,
}

impl Stored for Embedded {
    const TABLE: TableDefinition<'static, Key, &'static [u8]> = TableDefinition::new("vectors");

    fn to_bytes(&self) -> Vec<u8> {
        let truncated = (self.truncated as u64).to_le_bytes();
        truncated.into_iter().chain(self.vector.to_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (truncated, vector) = bytes.split_first_chunk::<8>()?;
        let truncated = usize::try_from(u64::from_le_bytes(*truncated)).ok()?;
        Some(Embedded {
            vector: Vector::from_bytes(vector, vector.len().checked_sub(4)?)?,
            truncated,
        })
    }
}

impl Stored for Classification {
    const TABLE: TableDefinition<'static, Key, &'static [u8]> = TableDefinition::new("answers");

    fn to_bytes(&self) -> Vec<u8> {
        let p = self.probabilities;
        let parts = [p.favor, p.against, p.neutral].map(f32::to_le_bytes);
        parts.into_iter().flatten().chain((self.truncated as u64).to_le_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (parts, truncated) = bytes.split_first_chunk::<12>()?;
        let part =
            |i: usize| f32::from_le_bytes([parts[i], parts[i + 1], parts[i + 2], parts[i + 3]]);
        Some(Classification {
            probabilities: Probabilities::new(part(0), part(4), part(8)),
            truncated: usize::try_from(u64::from_le_bytes(truncated.try_into().ok()?)).ok()?,
        })
    }
}

impl Stored for Tagged {
    const TABLE: TableDefinition<'static, Key, &'static [u8]> =
        TableDefinition::new("attributions");

    fn to_bytes(&self) -> Vec<u8> {
        let kept = (self.truncated, &self.attributions);
        // Numbers and lists of them always have a JSON.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (truncated, attributions) = serde_json::from_slice(bytes).ok()?;
        Some(Tagged { attributions, truncated })
    }
}

/// Bytes of the checksum before an answer.
const CHECKSUM: usize = 8;

/// A checksum of an answer and of where it stands, so that none is taken for another's.
fn checksum<V: Stored>(key: Key, answer: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(redb::TableHandle::name(&V::TABLE).as_bytes());
    hasher.update(&key.to_le_bytes()).update(answer);
    let mut head = [0; CHECKSUM];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    head
}

/// An answer as it is kept.
fn seal<V: Stored>(key: Key, value: &V) -> Vec<u8> {
    let answer = value.to_bytes();
    checksum::<V>(key, &answer).into_iter().chain(answer).collect()
}

/// The answer in what was kept; `None` where it is not what was put there.
fn unseal<V: Stored>(key: Key, kept: &[u8]) -> Option<V> {
    let (sum, answer) = kept.split_first_chunk::<CHECKSUM>()?;
    (*sum == checksum::<V>(key, answer)).then(|| V::from_bytes(answer))?
}

/// The store of one output folder.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    path: PathBuf,
}

/// Why a store could not be opened.
enum Unopened {
    /// It is no store, or one that does not hold what was put into it.
    Damaged(String),
    /// The system or another run does not let us.
    Failed(PipelineError),
}

impl Store {
    /// Opens or creates the store. One that is damaged is set aside, beside the new one, and a warning
    /// says so.
    ///
    /// # Errors
    /// Where another process holds it, or the system does not let us read or write it.
    pub(crate) fn open(path: &Path) -> Result<Store, PipelineError> {
        let reason = match Self::open_checked(path) {
            Ok(store) => return Ok(store),
            Err(Unopened::Failed(error)) => return Err(error),
            Err(Unopened::Damaged(reason)) => reason,
        };
        let aside = path.with_extension("damaged.redb");
        fs::rename(path, &aside).map_err(PipelineError::io(path))?;
        tracing::warn!(
            "the store of earlier answers is damaged and was set aside as {}: every answer is \
             computed anew ({reason})",
            aside.display()
        );
        Self::open_checked(path).map_err(|unopened| match unopened {
            Unopened::Failed(error) => error,
            Unopened::Damaged(reason) => {
                PipelineError::io(path)(io::Error::new(io::ErrorKind::InvalidData, reason))
            }
        })
    }

    fn open_checked(path: &Path) -> Result<Store, Unopened> {
        // A pipe would be waited for, and a link would lead out of the folder.
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => {
                return Err(Unopened::Damaged("it is no file".to_owned()));
            }
            _ => {}
        }
        distrust(path).map_err(|error| Unopened::Failed(PipelineError::io(path)(error)))?;
        let open = || Database::builder().set_cache_size(CACHE).create(path);
        // Which of a file's bytes are checked, and that nothing breaks down on the others, is redb's to know.
        let opened = catch_unwind(AssertUnwindSafe(open))
            .map_err(|_| Unopened::Damaged("redb broke down on it".to_owned()))?;
        let database = opened.map_err(|error| unopened(error, path))?;
        Ok(Store { database, path: path.to_owned() })
    }

    /// A store that is gone with the process.
    pub(crate) fn in_memory() -> Result<Store, PipelineError> {
        let path = PathBuf::from("memory");
        let backend = redb::backends::InMemoryBackend::new();
        match Database::builder().create_with_backend(backend) {
            Ok(database) => Ok(Store { database, path }),
            Err(error) => Err(PipelineError::store(&path, error)),
        }
    }

    fn failed(&self, error: impl Into<redb::Error>) -> PipelineError {
        PipelineError::store(&self.path, error)
    }

    /// The answers under `keys` that are known.
    pub(crate) fn find<V: Stored>(
        &self,
        keys: impl Iterator<Item = Key>,
    ) -> Result<HashMap<Key, V>, PipelineError> {
        let read = self.database.begin_read().map_err(|error| self.failed(error))?;
        let table = match read.open_table(V::TABLE) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(HashMap::new()),
            Err(error) => return Err(self.failed(error)),
        };
        let mut found = HashMap::new();
        let mut damaged = 0_usize;
        for key in keys {
            if let Some(kept) = table.get(key).map_err(|error| self.failed(error))? {
                match unseal(key, kept.value()) {
                    Some(value) => drop(found.insert(key, value)),
                    None => damaged += 1,
                }
            }
        }
        if damaged > 0 {
            tracing::warn!(
                "{damaged} answers in the store ({}) are damaged and are computed anew",
                self.path.display()
            );
        }
        Ok(found)
    }

    /// Keeps answers, all or none of them, on disk when this returns.
    pub(crate) fn keep<V: Stored>(&self, answers: &[(Key, V)]) -> Result<(), PipelineError> {
        if answers.is_empty() {
            return Ok(());
        }
        let write = self.database.begin_write().map_err(|error| self.failed(error))?;
        {
            let mut table = write.open_table(V::TABLE).map_err(|error| self.failed(error))?;
            for (key, value) in answers {
                table
                    .insert(key, seal(*key, value).as_slice())
                    .map_err(|error| self.failed(error))?;
            }
        }
        write.commit().map_err(|error| self.failed(error))
    }
}

/// Marks a store as one whose writer was killed in an ordinary commit. redb takes one that was closed in good
/// order at its word and breaks down where its pages are not what they were; of this it first checks every
/// page that it will read.
fn distrust(path: &Path) -> io::Result<()> {
    /// Where the format has its flags: behind nine bytes that say that it is the format.
    const FLAGS: u64 = 9;
    const RECOVER: u8 = 2;
    const TWO_PHASES: u8 = 4;
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut flags = [0];
    file.seek(SeekFrom::Start(FLAGS))?;
    if file.read(&mut flags)? == 1 {
        file.seek(SeekFrom::Start(FLAGS))?;
        file.write_all(&[(flags[0] | RECOVER) & !TWO_PHASES])?;
    }
    Ok(())
}

/// What a store that does not open means: damage, or something that the system says.
fn unopened(error: DatabaseError, path: &Path) -> Unopened {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let out = path.parent().unwrap_or(path).to_owned();
            Unopened::Failed(PipelineError::Busy { out })
        }
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(error.kind(), InvalidData | UnexpectedEof) =>
        {
            Unopened::Failed(PipelineError::io(path)(error))
        }
        damaged => Unopened::Damaged(damaged.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(of: Key) -> Classification {
        let favor = (of % 97) as f32 / 97.0;
        let probabilities = Probabilities::new(favor, 1.0 - favor, 0.0);
        Classification { probabilities, truncated: of as usize }
    }

    #[test]
    fn a_key_tells_its_parts_apart() {
        assert_ne!(key("m", &["ab", "c"]), key("m", &["a", "bc"]));
        assert_ne!(key("m", &["ab"]), key("ma", &["b"]));
        assert_eq!(key("m", &["ab", "c"]), key("m", &["ab", "c"]));
    }

    #[test]
    fn answers_come_back_as_they_were_and_damaged_ones_not_at_all() {
        let store = Store::in_memory().unwrap();
        assert!(store.find::<Classification>([1, 2].into_iter()).unwrap().is_empty());
        store.keep(&[(1, answer(1))]).unwrap();
        let found = store.find::<Classification>([1, 2].into_iter()).unwrap();
        assert_eq!((found.len(), found[&1]), (1, answer(1)));

        let kept = seal(1, &answer(1));
        assert_eq!(unseal::<Classification>(1, &kept), Some(answer(1)));
        assert_eq!(unseal::<Classification>(2, &kept), None, "another key");
        assert_eq!(unseal::<Embedded>(1, &kept), None, "another table");
        for bit in 0..kept.len() * 8 {
            let mut flipped = kept.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal::<Classification>(1, &flipped), None, "bit {bit}");
            assert_eq!(unseal::<Classification>(1, &kept[..bit / 8]), None, "{} bytes", bit / 8);
        }
    }

    /// Whatever became of a store: it opens, what is found in it is right, and it takes answers.
    #[test]
    fn no_damage_to_the_file_reaches_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let keys = || (0..600_u64).map(|n| key("m", &[&n.to_string()]));
        let answers: Vec<(Key, Classification)> = keys().map(|key| (key, answer(key))).collect();
        let store = Store::open(&path).unwrap();
        answers.chunks(100).for_each(|answers| store.keep(answers).unwrap());
        drop(store);
        let whole = std::fs::read(&path).unwrap();

        let mut random = fastrand::Rng::with_seed(6);
        let (mut aside, mut kept) = (0, 0);
        for round in 0..200 {
            let mut bytes = whole.clone();
            let at = random.usize(..bytes.len());
            match round % 6 {
                0 => bytes.truncate(at),
                1 => bytes[at..].fill(0),
                2 => bytes[at & !4095..].iter_mut().take(4096).for_each(|byte| *byte = 0),
                // The header and the roots, which everything else hangs on.
                3 => bytes[at % 512] ^= 1 << (at % 8),
                4 => random.fill(&mut bytes[at & !4095..][..512]),
                _ => (0..random.usize(1..64)).for_each(|_| {
                    let at = random.usize(..bytes.len());
                    bytes[at] ^= 1 << random.u8(..8);
                }),
            }
            let damaged = folder.path().join(format!("{round}.redb"));
            std::fs::write(&damaged, &bytes).unwrap();
            let store = Store::open(&damaged).unwrap();
            let found = store.find::<Classification>(keys()).unwrap();
            assert!(found.iter().all(|(key, found)| *found == answer(*key)), "round {round}");
            store.keep(&answers).unwrap();
            assert_eq!(store.find::<Classification>(keys()).unwrap().len(), answers.len());
            aside += usize::from(folder.path().join(format!("{round}.damaged.redb")).exists());
            kept += usize::from(found.len() == answers.len());
        }
        assert!(aside > 30 && kept > 5, "{aside} were set aside, {kept} had lost nothing");
    }

    #[test]
    fn what_is_no_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        std::fs::create_dir(&path).unwrap();
        Store::open(&path).unwrap().keep(&[(1, answer(1))]).unwrap();
        assert!(folder.path().join("store.damaged.redb").is_dir());
    }
}
