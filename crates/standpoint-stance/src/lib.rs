//! From passages to records: whose words they are, what the model is asked, and what it all says.
//!
//! Three steps, each a pure function of one document:
//!
//! 1. [`listen`] tells who speaks in every passage, from what an attribution tagger found in its
//!    paragraphs, so that a quoted opponent does not become the author's stance. [`RuleTagger`] is a
//!    tagger without weights.
//! 2. [`context`] widens a passage to the neighbours in the same voices: the text that the stance
//!    model reads beside the target.
//! 3. [`pool`] weighs the model's answers of one holder toward one target into one stance, or
//!    abstains.
//!
//! Between the first and the second, a [`Roster`] of what all documents say of their names brings the
//! variants of an actor together: [`Names`].
//!
//! ```
//! use standpoint_core::{AttributionTagger, Holder, Passage, Span, Voice};
//! use standpoint_stance::{RuleTagger, listen, paragraphs};
//!
//! let text = "The levy is fair. “It will ruin us,” said Ilse Maron, the miners' leader.";
//! let passages = [(0, 17), (18, text.len())]
//!     .map(|(start, end)| Passage { span: Span::new(start, end), paragraph: 0 });
//! let place = paragraphs(&passages, 1000)[0];
//! let tagged = RuleTagger::default().tag(&[place.of(text).unwrap()])?.remove(0);
//! let voices = listen(text, &passages, &[(place, tagged)]).voices;
//! assert_eq!(voices[0][0].holder, Some(Holder::Author));
//! assert_eq!(voices[1][0].voice, Voice::Quoted);
//! assert_eq!(voices[1][0].holder, Some(Holder::Actor("Ilse Maron".to_owned())));
//! # Ok::<(), standpoint_core::ModelError>(())
//! ```

mod aliases;
mod calibration;
mod holders;
mod names;
mod pooling;
mod quotes;
mod roster;
mod rules;
mod speakers;
mod spelling;
mod subjects;
mod transcripts;

pub use aliases::{AliasError, Aliases};
pub use calibration::{
    Graded, Tempered, Threshold, abstention_threshold, cross_fitted, fit_temperature,
};
pub use holders::{Listened, Spoken, context, listen, named, paragraphs};
pub use pooling::{Pooled, Scored, pool};
pub use roster::{Merge, Named, Names, Roster, Rule, Variant};
pub use rules::RuleTagger;
pub use subjects::{Subjects, subjects};
