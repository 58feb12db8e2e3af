//! The output folder: a run is made in a work folder inside it and appears whole.

use crate::PipelineError;
use crate::store::Store;
use standpoint_report::folder::GOLD;
use std::fs;
use std::path::{Path, PathBuf};

/// The spilled documents, in the work folder; never published.
pub(crate) const SPILL: &str = "documents.spill";
const STORE: &str = "store.redb";
const WORK: &str = ".work";

/// The folder in which a run is made before it is moved into place. Holding it means holding the
/// store, which only one process can.
pub(crate) struct Work {
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
}

impl Work {
    pub(crate) fn open(out: &Path) -> Result<Work, PipelineError> {
        let unusable = |source| PipelineError::Out { path: out.to_owned(), source };
        fs::create_dir_all(out).map_err(unusable)?;
        let path = out.join(WORK);
        fs::create_dir_all(&path).map_err(unusable)?;
        let store = Store::open(&out.join(STORE))?;
        // Only now is the folder ours: what is in it was left by a run that was killed.
        fs::remove_dir_all(&path).map_err(PipelineError::io(&path))?;
        fs::create_dir(&path).map_err(PipelineError::io(&path))?;
        Ok(Work { path, store })
    }

    /// Moves the results into the output folder, `run.json` last: where it stands, a run is whole.
    pub(crate) fn publish(self, out: &Path) -> Result<(), PipelineError> {
        let manifest = out.join("run.json");
        // What not every run leaves must not outlast the run that left it.
        for old in [manifest, out.join(GOLD)] {
            if old.exists() {
                fs::remove_file(&old).map_err(PipelineError::io(&old))?;
            }
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(PipelineError::io(&self.path))? {
            names.push(entry.map_err(PipelineError::io(&self.path))?.file_name());
        }
        names.retain(|name| name != SPILL);
        names.sort_by_key(|name| (name == "run.json", name.clone()));
        for name in names {
            let to = out.join(&name);
            fs::rename(self.path.join(&name), &to).map_err(PipelineError::io(&to))?;
        }
        fs::remove_dir_all(&self.path).map_err(PipelineError::io(&self.path))
    }
}
