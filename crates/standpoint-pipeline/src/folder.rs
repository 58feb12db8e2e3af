//! The output folder: one run at a time makes its results in a work folder inside it, from where they
//! appear whole.

use crate::PipelineError;
use crate::discover::DISCOVERED;
use crate::store::Store;
use standpoint_report::folder::{ALIASES, GOLD};
use standpoint_report::manifest::Manifest;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The spilled documents, in the work folder; never published.
pub(crate) const SPILL: &str = "documents.spill";
/// The manifest, published last.
pub(crate) const MANIFEST: &str = "run.json";
/// The failures, one a line.
pub(crate) const ERRORS: &str = "errors.jsonl";
const STORE: &str = "store.redb";
const WORK: &str = ".work";
const LOCK: &str = ".lock";

/// The folder in which a run is made before it is moved into place. What is left of it is removed when
/// this is dropped, whether the run came to its end or failed.
pub(crate) struct Work {
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
    /// Held as long as the run works in the output folder. Fields are dropped after the work folder.
    _lock: File,
}

impl Work {
    /// # Errors
    /// [`PipelineError::Busy`] while another run has the folder, [`PipelineError::Out`] where it cannot be
    /// made or written to.
    pub(crate) fn open(out: &Path) -> Result<Work, PipelineError> {
        let unusable = |source| PipelineError::Out { path: out.to_owned(), source };
        fs::create_dir_all(out).map_err(unusable)?;
        let lock = lock(out)?;
        // Only now is the folder ours: what is in the work folder was left by a run that was killed.
        let path = out.join(WORK);
        remove(&path).and_then(|()| fs::create_dir(&path)).map_err(PipelineError::io(&path))?;
        let store = Store::open(&out.join(STORE))?;
        Ok(Work { path, store, _lock: lock })
    }

    /// Moves the results into the output folder, `run.json` last: where it stands, a run is whole.
    pub(crate) fn publish(self, out: &Path) -> Result<(), PipelineError> {
        // What not every run leaves must not outlast the run that left it; a file that no run left is not ours.
        let before = Manifest::read(&out.join(MANIFEST)).map(|before| before.outputs);
        let before = before.unwrap_or_default();
        let left = |name: &&str| before.iter().any(|output| output.name == **name);
        for old in [ALIASES, GOLD].iter().filter(|name| left(name)).chain([&MANIFEST]) {
            remove(&out.join(old)).map_err(PipelineError::io(out))?;
        }
        for name in self.results()?.iter().map(String::as_str).chain([MANIFEST]) {
            let to = out.join(name);
            fs::rename(self.path.join(name), &to).map_err(PipelineError::io(&to))?;
        }
        remove(&self.path).map_err(PipelineError::io(&self.path))
    }

    /// Moves what a discovery made into the output folder, beside what a run has left there: the run's list of
    /// failures stays the run's, and proposals that were edited since are kept under another name.
    pub(crate) fn publish_beside(self, out: &Path) -> Result<(), PipelineError> {
        for name in self.results()? {
            let to = match name.as_str() {
                ERRORS => out.join(format!("discovered-{ERRORS}")),
                other => out.join(other),
            };
            let from = self.path.join(&name);
            if name == DISCOVERED && to.exists() && fs::read(&to).ok() != fs::read(&from).ok() {
                let kept = out.join(format!("{DISCOVERED}.before"));
                fs::rename(&to, &kept).map_err(PipelineError::io(&kept))?;
            }
            fs::rename(from, &to).map_err(PipelineError::io(&to))?;
        }
        remove(&self.path).map_err(PipelineError::io(&self.path))
    }

    /// The names of the files to publish but for `run.json`, in order.
    pub(crate) fn results(&self) -> Result<Vec<String>, PipelineError> {
        let unlisted = |error| PipelineError::io(&self.path)(error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unlisted)? {
            names.push(entry.map_err(unlisted)?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| name != SPILL && name != MANIFEST);
        names.sort();
        Ok(names)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // After an error that is on its way to the user; a run that comes next removes it, too.
        let _ = remove(&self.path);
    }
}

/// Takes the output folder for one run. The file stays there: if it were removed, two runs could each
/// hold one of that name.
fn lock(out: &Path) -> Result<File, PipelineError> {
    let path = out.join(LOCK);
    let unusable = |source| PipelineError::Out { path: out.to_owned(), source };
    if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
        return Err(unusable(io::Error::other(format!("{LOCK} in it is no file"))));
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PipelineError::Busy { out: out.to_owned() }),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            tracing::warn!(
                "the file system of {} has no locks: see to it that no other run uses the folder",
                out.display()
            );
            Ok(file)
        }
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Removes a folder with what is in it, a file, or a link; nothing there is fine.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}
