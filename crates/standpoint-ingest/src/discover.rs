//! Which files a run reads.
//!
//! Every file gets an answer: it is read, or it is skipped and the reason is on record. The list is
//! in the byte order of the names, so that a run does not depend on the order in which a file system
//! happens to hand them out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use standpoint_core::{Failure, Source};

/// The name of the file whose patterns (in gitignore's syntax) exclude files from a run.
const IGNORE_FILE: &str = ".standpointignore";

/// The file by which a folder is known to hold the results of a run, which are no documents.
const RESULTS: &str = "store.redb";

/// Why a pipe or a device is not read: one without a writer would be waited for for ever.
const NO_FILE: &str = "neither a file nor a folder; pipe its content to `-`";

/// What the inputs come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files to read: by input in the given order, within an input by name.
    pub files: Vec<Input>,
    /// The files that are not read, in the same order.
    pub skipped: Vec<Skipped>,
    /// Folders that could not be looked into: what they hold is missing from a run.
    pub failures: Vec<Failure>,
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is on disk; `-` for stdin.
    pub path: PathBuf,
    /// Its path relative to the input that it was found in, with `/`; the file name if the input is
    /// that file, `-` for stdin.
    pub name: String,
    /// How it is read.
    pub format: Format,
}

/// A file that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path on disk.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `.txt`, `.text`: one document, plain text; an export of a press database is many.
    Text,
    /// `.md`, `.markdown`: one document, with metadata in its front matter.
    Markdown,
    /// `.html`, `.htm`, `.xhtml`: one web page.
    Html,
    /// `.jsonl`, `.ndjson`: one JSON object a line.
    Jsonl,
    /// `.json`: a JSON Feed, a ninjs item, an object, or an array of objects.
    Json,
    /// `.csv`, `.tsv`: one record a document, with a header.
    Csv,
    /// `.parquet`: one row a document.
    Parquet,
    /// `.rss`, `.atom`, `.rdf`, `.xml`: a feed or NewsML-G2, by its root element.
    Xml,
    /// `.warc`: the web pages of a crawl.
    Warc,
    /// `.eml`: one e-mail.
    Eml,
    /// `.mbox`: many.
    Mbox,
    /// `.docx`: one document; an export of a press database is many.
    Docx,
    /// `.rtf`: likewise.
    Rtf,
    /// `.pdf`: one document, if it has a text layer.
    Pdf,
    /// `.epub`: a document for each chapter.
    Epub,
    /// `.zip`: what is in it.
    Zip,
    /// `.tar`: what is in it.
    Tar,
    /// `.gz`, `.tgz`: any of these, packed; what it holds is told by the name before `.gz`.
    Gzip,
    /// `.zst`, `.tzst`: likewise.
    Zstd,
    /// `-`: JSON Lines on standard input.
    Stdin,
}

impl Format {
    /// The format that a file's extension stands for, in any case.
    pub fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let packed = |format| Format::of_packed(path).map(|_| format);
        Some(match extension.as_str() {
            "txt" | "text" => Format::Text,
            "md" | "markdown" => Format::Markdown,
            "html" | "htm" | "xhtml" => Format::Html,
            "jsonl" | "ndjson" => Format::Jsonl,
            "json" => Format::Json,
            "csv" | "tsv" => Format::Csv,
            "parquet" => Format::Parquet,
            "rss" | "atom" | "rdf" | "xml" => Format::Xml,
            "warc" => Format::Warc,
            "eml" => Format::Eml,
            "mbox" => Format::Mbox,
            "docx" => Format::Docx,
            "rtf" => Format::Rtf,
            "pdf" => Format::Pdf,
            "epub" => Format::Epub,
            "zip" => Format::Zip,
            "tar" => Format::Tar,
            "gz" | "tgz" => return packed(Format::Gzip),
            "zst" | "tzst" => return packed(Format::Zstd),
            _ => return None,
        })
    }

    /// The format of what a `.gz` or `.zst` file holds, told by the rest of its name.
    pub(crate) fn of_packed(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "tgz" | "tzst" => Some(Format::Tar),
            _ => Format::of(Path::new(path.file_stem()?))
                .filter(|inner| !matches!(inner, Format::Gzip | Format::Zstd)),
        }
    }
}

/// Why reading could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// An input does not exist or may not be looked at.
    #[error(
        "cannot read input {}: {source}; give the path of a file or folder, or - for stdin",
        path.display()
    )]
    Input {
        /// The input as given.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A pattern for file names is none.
    #[error("file_names = {given:?}: {reason}; write it like {{outlet}}/{{date}}_{{title}}")]
    FileNames {
        /// The pattern as given.
        given: String,
        /// What is wrong.
        reason: String,
    },
    /// A `field=column` mapping is not one.
    #[error("--field {given}: {reason}")]
    Field {
        /// The mapping as given.
        given: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Lists the files under `inputs`.
///
/// Folders are walked; hidden files, what a `.standpointignore` names and the output folders of
/// earlier runs are passed over in silence, symbolic links and files of an unknown kind are listed as skipped. A gitignore does not
/// count: what somebody keeps out of version control is often the very corpus. `-` is stdin.
///
/// # Errors
/// [`IngestError::Input`] for an input that is not there.
pub fn discover(inputs: &[PathBuf]) -> Result<Listing, IngestError> {
    let mut listing = Listing::default();
    let mut seen = BTreeSet::new();
    for input in inputs {
        if input.as_os_str() == "-" {
            let (path, name) = (input.clone(), "-".to_owned());
            listing.files.push(Input { path, name, format: Format::Stdin });
            continue;
        }
        let cannot_read = |source| IngestError::Input { path: input.clone(), source };
        let kind = std::fs::metadata(input).map_err(cannot_read)?.file_type();
        if kind.is_dir() {
            walk(input, &mut listing);
        } else if !kind.is_file() {
            listing.skipped.push(Skipped { path: input.clone(), reason: NO_FILE.to_owned() });
        } else {
            list(input.clone(), input.parent().unwrap_or(Path::new("")), &mut listing);
        }
    }
    if inputs.len() > 1 {
        drop_repeats(&mut listing, &mut seen);
    }
    Ok(listing)
}

fn walk(folder: &Path, listing: &mut Listing) {
    let mut found = Listing::default();
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .hidden(true)
        .add_custom_ignore_filename(IGNORE_FILE)
        .filter_entry(|entry| entry.depth() == 0 || !entry.path().join(RESULTS).is_file())
        .build();
    for entry in walk {
        match entry {
            Ok(entry) if entry.depth() == 0 => {}
            Ok(entry) => match entry.file_type() {
                Some(kind) if kind.is_file() => list(entry.into_path(), folder, &mut found),
                Some(kind) if kind.is_symlink() => found.skipped.push(Skipped {
                    path: entry.into_path(),
                    reason: "a symbolic link; links are not followed".to_owned(),
                }),
                Some(kind) if !kind.is_dir() => {
                    let (path, reason) = (entry.into_path(), NO_FILE.to_owned());
                    found.skipped.push(Skipped { path, reason });
                }
                _ => {}
            },
            Err(error) => found.failures.push(Failure {
                at: Source { path: folder.to_string_lossy().into_owned(), row: None },
                reason: format!("a part of this folder cannot be listed: {error}"),
            }),
        }
    }
    found.files.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    listing.files.append(&mut found.files);
    listing.skipped.append(&mut found.skipped);
    found.failures.sort_by(|a, b| a.reason.cmp(&b.reason));
    listing.failures.append(&mut found.failures);
}

fn list(path: PathBuf, root: &Path, listing: &mut Listing) {
    let Some(format) = Format::of(&path) else {
        let reason = "unknown kind of file; read are .txt .md .html .json .jsonl .csv .tsv .parquet \
                      .rss .atom .xml .warc .eml .mbox .docx .rtf .pdf .epub, and .zip .tar .gz .zst \
                      of them";
        listing.skipped.push(Skipped { path, reason: reason.to_owned() });
        return;
    };
    let parts = path.strip_prefix(root).unwrap_or(&path).components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    let name = parts.join("/");
    listing.files.push(Input { path, name, format });
}

/// A file that is reached by two inputs is read once, where it comes first.
fn drop_repeats(listing: &mut Listing, seen: &mut BTreeSet<PathBuf>) {
    let mut repeats = Vec::new();
    listing.files.retain(|file| {
        let path = file.path.canonicalize().unwrap_or_else(|_| file.path.clone());
        let first = seen.insert(path);
        if !first {
            let reason = "named by two inputs; read once".to_owned();
            repeats.push(Skipped { path: file.path.clone(), reason });
        }
        first
    });
    listing.skipped.append(&mut repeats);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn files_are_listed_by_name_with_their_format() {
        let folder = folder(&["b/z.TXT", "a.html", "b/a.jsonl", "b-c.csv", "c.parquet", "d.md"]);
        let listing = discover(&[folder.path().to_owned()]).unwrap();
        assert_eq!(
            names(&listing),
            ["a.html", "b-c.csv", "b/a.jsonl", "b/z.TXT", "c.parquet", "d.md"]
        );
        let formats: Vec<_> = listing.files.iter().map(|file| file.format).collect();
        use Format::*;
        assert_eq!(formats, [Html, Csv, Jsonl, Text, Parquet, Markdown]);
    }

    #[test]
    fn standpointignore_counts_and_gitignore_does_not() {
        let folder = folder(&["a.txt", "b.txt", "gold/c.txt", ".hidden.txt", "photo.jpg"]);
        std::fs::write(folder.path().join(".gitignore"), "a.txt\n").unwrap();
        std::fs::write(folder.path().join(".ignore"), "a.txt\n").unwrap();
        std::fs::write(folder.path().join(".standpointignore"), "gold/\nb.txt\n").unwrap();
        let listing = discover(&[folder.path().to_owned()]).unwrap();
        assert_eq!(names(&listing), ["a.txt"]);
        let [skipped] = &listing.skipped[..] else { panic!("{listing:?}") };
        assert!(skipped.path.ends_with("photo.jpg"));
        assert!(skipped.reason.contains("unknown kind of file"), "{}", skipped.reason);
    }

    #[test]
    fn the_results_of_a_run_are_no_documents() {
        let folder = folder(&["a.txt", "out/store.redb", "out/documents.jsonl", "out/report.html"]);
        let listing = discover(&[folder.path().to_owned()]).unwrap();
        assert_eq!(names(&listing), ["a.txt"]);
    }

    #[test]
    fn a_missing_input_says_which_and_what_to_do() {
        let error = discover(&["no/such/place".into()]).unwrap_err().to_string();
        assert!(error.contains("no/such/place") && error.contains("give the path of"), "{error}");
    }

    #[test]
    fn a_file_reached_twice_is_read_once() {
        let folder = folder(&["a.txt"]);
        let file = folder.path().join("a.txt");
        let listing = discover(&[file, folder.path().to_owned(), "-".into()]).unwrap();
        assert_eq!(names(&listing), ["a.txt", "-"]);
        assert_eq!(listing.skipped[0].reason, "named by two inputs; read once");
    }
}
