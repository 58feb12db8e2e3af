//! What a model has answered before, by content.
//!
//! A key is a hash of everything that an answer depends on: the model's own hash and the text, or
//! the pair of texts, that it read. So a run over a grown corpus computes only what is new, a piece
//! that was seen in another file is not computed again, and a killed run goes on where its last
//! committed window ended. Nothing in the store ever has to be invalidated: another model or another
//! text is another key.

use crate::PipelineError;
use redb::{Database, ReadableDatabase, TableDefinition, TableError};
use standpoint_core::{Classification, Probabilities, Tagged};
use standpoint_embed::Vector;
use std::collections::HashMap;
use std::path::Path;

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

/// The store of one output folder.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens or creates the store. Only one process at a time can hold it: a second run on the same
    /// output folder ends here.
    pub(crate) fn open(path: &Path) -> Result<Store, PipelineError> {
        let opened = Database::builder().set_cache_size(CACHE).create(path);
        let database = opened.map_err(|error| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => {
                PipelineError::Busy { path: path.to_owned() }
            }
            error => PipelineError::store(error),
        })?;
        Ok(Store { database })
    }

    /// A store that is gone with the process.
    pub(crate) fn in_memory() -> Result<Store, PipelineError> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = Database::builder().create_with_backend(backend);
        Ok(Store { database: database.map_err(PipelineError::store)? })
    }

    /// The answers under `keys` that are known.
    pub(crate) fn find<V: Stored>(
        &self,
        keys: impl Iterator<Item = Key>,
    ) -> Result<HashMap<Key, V>, PipelineError> {
        let read = self.database.begin_read().map_err(PipelineError::store)?;
        let table = match read.open_table(V::TABLE) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(HashMap::new()),
            Err(error) => return Err(PipelineError::store(error)),
        };
        let mut found = HashMap::new();
        for key in keys {
            if let Some(bytes) = table.get(key).map_err(PipelineError::store)?
                && let Some(value) = V::from_bytes(bytes.value())
            {
                found.insert(key, value);
            }
        }
        Ok(found)
    }

    /// Keeps answers, all or none of them, on disk when this returns.
    pub(crate) fn keep<V: Stored>(&self, answers: &[(Key, V)]) -> Result<(), PipelineError> {
        if answers.is_empty() {
            return Ok(());
        }
        let write = self.database.begin_write().map_err(PipelineError::store)?;
        {
            let mut table = write.open_table(V::TABLE).map_err(PipelineError::store)?;
            for (key, value) in answers {
                table.insert(key, value.to_bytes().as_slice()).map_err(PipelineError::store)?;
            }
        }
        write.commit().map_err(PipelineError::store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_parts_apart() {
        assert_ne!(key("m", &["ab", "c"]), key("m", &["a", "bc"]));
        assert_ne!(key("m", &["ab"]), key("ma", &["b"]));
        assert_eq!(key("m", &["ab", "c"]), key("m", &["ab", "c"]));
    }

    #[test]
    fn answers_come_back_as_they_were_and_damaged_ones_not_at_all() {
        let store = Store::in_memory().unwrap();
        let answer =
            Classification { probabilities: Probabilities::new(0.1, 0.2, 0.7), truncated: 3 };
        assert!(store.find::<Classification>([1, 2].into_iter()).unwrap().is_empty());
        store.keep(&[(1, answer)]).unwrap();
        let found = store.find::<Classification>([1, 2].into_iter()).unwrap();
        assert_eq!((found.len(), found[&1]), (1, answer));
        assert_eq!(Classification::from_bytes(&answer.to_bytes()[..19]), None);
        assert_eq!(Embedded::from_bytes(&[0; 11]), None);
    }
}
