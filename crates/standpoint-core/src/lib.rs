//! The words of Standpoint as types, and the traits that models implement.
//!
//! Everything else in the workspace depends on this crate, and this crate depends on nothing that
//! reads a file, starts a thread or knows a model. The words are those of the design: a *document*
//! is read, boilerplate in it is *cut*, its *passages* meet a *target*, and what comes out is a
//! *record*: document × holder × target → stance, with *evidence*.
//!
//! Every byte range in these types points into [`Document::text`]. Nothing is ever deleted from
//! that text: a [`Cut`] marks what is not read as the document's own prose, so a range that was
//! right once stays right.
//!
//! ```
//! use standpoint_core::{Label, Pair, Probabilities, Span};
//!
//! let text = "Korvaal should sign. The levy is ruinous.";
//! let span = Span::new(21, 41);
//! assert_eq!(span.of(text), Some("The levy is ruinous."));
//!
//! let p = Probabilities::new(0.1, 0.7, 0.2);
//! assert_eq!(p.label(), Label::Against);
//! let _pair = Pair { target: "a carbon levy", text: span.of(text).unwrap() };
//! ```

mod document;
mod model;
mod record;
mod span;
mod target;
#[cfg(feature = "testing")]
pub mod testing;

pub use document::{Cut, CutReason, Document, Failure, Kind, Passage, Piece, Source};
pub use model::{
    Attribution, AttributionTagger, Classification, Embedder, Embeddings, ModelError, ModelInfo,
    Pair, StanceModel, Tagged, Task,
};
pub use record::{Evidence, Holder, Label, Probabilities, Record, Stance, Voice};
pub use span::Span;
pub use target::Target;
