//! A folder for files that have to be files.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// The path of a file of this thread with this content.
pub(crate) fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, content).expect("the folder for temporary files can be written to");
    path
}

/// This thread's folder.
pub(crate) fn folder() -> PathBuf {
    FOLDER.with(|folder| {
        let made =
            || tempfile::tempdir().expect("the folder for temporary files can be written to");
        Path::to_owned(folder.get_or_init(made).path())
    })
}
