//! From passages to records: whose words they are, what the model is asked, and what it all says.
//!
//! Three steps, each a pure function of one document:
//!
//! 1. [`attribute`] tells whose voice every passage is in, so that a quoted opponent does not become
//!    the author's stance.
//! 2. [`context`] widens a passage to the neighbours in the same voice: the text that the stance
//!    model reads beside the target.
//! 3. [`pool`] weighs the model's answers of one holder toward one target into one stance, or
//!    abstains.
//!
//! ```
//! use standpoint_core::{Passage, Span, Voice};
//! use standpoint_stance::attribute;
//!
//! let text = "The levy is fair. “It will ruin us,” said Ilse Maron, the miners' leader.";
//! let passages = [(0, 17), (18, text.len())]
//!     .map(|(start, end)| Passage { span: Span::new(start, end), paragraph: 0 });
//! let voices = attribute(text, &passages);
//! assert_eq!(voices[0].voice, Voice::Own);
//! assert_eq!(voices[1].voice, Voice::Quoted);
//! assert_eq!(voices[1].actor.as_deref(), Some("Ilse Maron"));
//! ```

mod attribution;
mod calibration;
mod names;
mod pooling;
mod quotes;

pub use attribution::{Attribution, attribute, context};
pub use calibration::{
    Graded, Tempered, Threshold, abstention_threshold, cross_fitted, fit_temperature,
};
pub use pooling::{Pooled, Scored, pool};
