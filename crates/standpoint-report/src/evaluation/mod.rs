//! How far answers agree with labels made by people.
//!
//! [`Scores`] compares labels row by row, over all rows and per target; [`run_against_gold`]
//! compares a run's records with gold for documents, by authors, actors and evidence. Every figure
//! is a plain function of counts, so it can be checked by hand, and each comes with a 95 %
//! bootstrap interval, since gold sets are small.
//!
//! The rules, where usage differs:
//!
//! - **An abstention or a missing record is no answer, and no answer is wrong**: it lowers recall
//!   and accuracy and stands in the confusion matrix in a column of its own. Coverage is the share
//!   of rows answered; the *selective* figures are those on the answered rows only.
//! - **Macro-F1** is the mean of F1 over the classes that occur in gold. A ratio without a
//!   denominator is 0, as in scikit-learn with `zero_division=0`.
//! - **F_avg** is the mean of F1 of favor and against, the figure of SemEval-2016 task 6
//!   (Mohammad et al. 2016); neutral counts only through the errors that it causes.
//! - **MCC** is the multi-class coefficient of Gorodkin (2004), with no answer as a fourth class.
//! - **ECE** is the expected calibration error over 15 bins of equal width of the highest
//!   probability (Guo et al. 2017), **Brier** the squared distance of the three probabilities from
//!   the gold label, summed over classes, in [0, 2] (Brier 1950). Both are over all rows that have
//!   probabilities, answered or not.
//! - **Sign** is macro-F1 of favor and against on the rows whose gold is one of them, taking the more
//!   probable of the two: whether a stance that is there is read the right way round.
//! - Intervals resample whole clusters where rows are clustered (the records of one piece).

mod attributions;
mod gold;
mod names;
mod read;
mod related;
mod reliability;
mod scores;
mod text;

pub use attributions::{AttributionScores, Counts, Matches};
pub use gold::{
    ActorScores, AuthorScores, EvidenceRecall, GoldRecord, RunScores, Triplets, run_against_gold,
};
pub use names::same_actor;
pub use read::{ReadError, TaggedParagraph, read_attributions, read_gold, read_records};
pub(crate) use read::{jsonl, read_lines};
pub use related::{Related, RelatedScores, Relation};
pub use reliability::{Band, reliability};
pub use scores::{Calibration, ClassFigures, Confusion, Figures, Judged, Scores, Selective, Sign};
