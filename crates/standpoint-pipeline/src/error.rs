use standpoint_core::{Failure, ModelError};
use std::path::{Path, PathBuf};

/// Why a run ended. One bad document never ends a run: it is a
/// [`Failure`](standpoint_core::Failure) in `errors.jsonl`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The inputs could not be listed.
    #[error(transparent)]
    Ingest(#[from] standpoint_ingest::IngestError),
    /// The target file cannot be read or is wrong.
    #[error("{}: {reason}", path.display())]
    Targets {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The file of aliases cannot be read or is wrong.
    #[error("{}: {reason}", path.display())]
    Aliases {
        /// The file.
        path: PathBuf,
        /// What is wrong, in which line, and what to do.
        reason: String,
    },
    /// A model did not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The targets could not be prepared for retrieval.
    #[error(transparent)]
    Retrieval(#[from] standpoint_embed::RetrievalError),
    /// A table could not be written.
    #[error(transparent)]
    Table(#[from] standpoint_report::tables::TableError),
    /// Another run holds the output folder.
    #[error(
        "the output folder {} is in use by another run: wait for it to end, or give this one another \
         --out",
        out.display()
    )]
    Busy {
        /// The output folder.
        out: PathBuf,
    },
    /// The output folder cannot be made or used.
    #[error("cannot use {} as the output folder: {source}; give another --out", path.display())]
    Out {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The store of earlier answers failed.
    #[error(
        "the store of earlier results failed: {0}; delete store.redb in the output folder to \
         compute everything afresh"
    )]
    Store(Box<redb::Error>),
    /// A file or folder of the run could not be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// What was read could not be handed on.
    #[error("the documents could not be handed on: {0}")]
    Sink(#[from] std::io::Error),
    /// A document that was to be explained could not be read.
    #[error(transparent)]
    Document(#[from] Failure),
    /// The worker threads could not be started.
    #[error("the worker threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// No document to read.
    #[error("nothing to read: {0}")]
    Nothing(String),
}

impl PipelineError {
    /// What failed on the store at `path`: where it is the system's doing, such as a full disk, it is
    /// told as that of any file.
    pub(crate) fn store(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(source) => PipelineError::io(path)(source),
            error => PipelineError::Store(Box::new(error)),
        }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| PipelineError::Io { path, source }
    }
}
