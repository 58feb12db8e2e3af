//! From files to documents: readers, cleaning, metadata, passages and pieces.
//!
//! Articles come as they come: a folder of text files, saved web pages, an export of a press
//! database. This crate makes [`Document`]s of them and promises three things.
//!
//! *Offsets are sacred.* A document's text is fixed once, when its bytes are decoded and, for HTML
//! and Markdown, its markup is taken off. After that nothing is deleted: boilerplate is marked as a
//! [`Cut`](standpoint_core::Cut), and every passage is a byte range of that one text.
//!
//! *One bad document never stops a run.* A row that is not JSON, a page that is nested 50,000 deep,
//! a file that is empty: each is one [`Failure`] with its place and what to do, and reading goes on.
//!
//! *Better no author than a wrong one.* Metadata that the input states win over what the text says,
//! and what the text says is believed only in the places and forms where such things are said.
//!
//! Reading is a stream: [`discover`] lists the files, [`open`] yields the [`Raw`] documents of one,
//! and [`prepare`] turns a raw document into a [`Document`]. `prepare`, [`passages`] and
//! [`Sketch::of`] are pure and start no threads, so the caller may run them on as many as it likes.
//!
//! ```
//! use standpoint_ingest::{Fields, discover, open, passages, prepare};
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::write(
//!     folder.path().join("levy.txt"),
//!     "Pass the levy\n\nBy Anna Trevane\n\nThe levy works. Mr. Tolva says it does not.\n",
//! )?;
//!
//! let listing = discover(&[folder.path().to_owned()])?;
//! let raw = open(&listing.files[0], &Fields::default())?.next().expect("one document")?;
//! let document = prepare(raw)?;
//! assert_eq!(document.title.as_deref(), Some("Pass the levy"));
//! assert_eq!(document.authors, ["Anna Trevane"]);
//! assert_eq!(document.cuts[0].text, "By Anna Trevane");
//!
//! let sentences: Vec<_> =
//!     passages(&document).iter().filter_map(|p| p.span.of(&document.text)).collect();
//! assert_eq!(sentences, ["Pass the levy", "The levy works.", "Mr. Tolva says it does not."]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Document`]: standpoint_core::Document
//! [`Failure`]: standpoint_core::Failure

mod bylines;
mod cuts;
mod dates;
mod decode;
mod discover;
mod fields;
mod html;
mod kind;
mod layout;
mod markdown;
mod passages;
mod pdf;
mod pieces;
mod prepare;
mod read;

pub use discover::{Format, IngestError, Input, Listing, Skipped, discover};
pub use fields::Fields;
pub use passages::{MOST_PASSAGES, passages};
pub use pieces::{Groups, Sketch, group, shingles};
pub use prepare::{FolderOutlets, prepare};
pub use read::{Markup, Metadata, Raw, Reader, SkippedEntries, open};
