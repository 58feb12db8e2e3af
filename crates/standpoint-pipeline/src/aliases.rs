//! The file of aliases: which names are whose.

use crate::PipelineError;
use crate::targets::read_written;
use standpoint_stance::Aliases;
use std::path::Path;

/// A file of aliases as it was given, which stays with the run; or, where none was given, the starting list.
#[derive(Debug, Clone, Default)]
pub struct AliasFile {
    text: Option<String>,
    aliases: Aliases,
}

impl AliasFile {
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn aliases(&self) -> &Aliases {
        &self.aliases
    }
}

/// Reads a file of aliases: CSV with the columns `variant` and `name`.
///
/// # Errors
/// [`PipelineError::Aliases`] with the line, if the file cannot be read, is longer than any that people write,
/// or contradicts itself.
pub fn read_aliases(path: &Path) -> Result<AliasFile, PipelineError> {
    let wrong = |reason: String| PipelineError::Aliases { path: path.to_owned(), reason };
    let text = read_written(path).map_err(wrong)?;
    let aliases = Aliases::read(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(AliasFile { text: Some(text), aliases })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_mistake_is_told_with_file_and_line_and_no_other_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aliases.csv");
        let error = || read_aliases(&path).unwrap_err().to_string();
        let name = path.display();
        assert!(error().starts_with(&format!("{name}: cannot read the file: ")), "{}", error());
        std::fs::write(&path, "variant,name\nKyiv,\n").unwrap();
        assert_eq!(error(), format!("{name}: line 2: no name: fill it in, or remove the line"));
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(error(), format!("{name}: longer than 16 MB, so it is another file"));
        std::fs::write(&path, "variant,name\nKyiv,Ukraine\n").unwrap();
        assert_eq!(read_aliases(&path).unwrap().text(), Some("variant,name\nKyiv,Ukraine\n"));
    }
}
