//! Retrieval: which passages of a document bear on which targets.
//!
//! The pair model is the costly one, so it meets only passages that bear on a target. Two signs are
//! read together, because each misses what the other sees: a passage *names* the target (its text
//! or an alias, as whole words), or its vector is *near* one of the target's names. An argument
//! rarely repeats what it is about in every sentence, so a passage is lent some of its neighbours'
//! similarity, and a document that is about the target draws its less explicit passages in: the bar
//! that a similarity has to reach falls with the share of passages that name the target.
//!
//! ```
//! use standpoint_core::{Embedder, Target};
//! use standpoint_embed::{Retriever, Vector};
//!
//! let embedder = lexical::embedder();
//! let target = Target {
//!     id: "carbon-price".into(),
//!     text: "a carbon price".into(),
//!     aliases: vec!["carbon levy".into()],
//! };
//! let retriever = Retriever::new(&[target], &embedder).unwrap();
//! let passages = ["The carbon-levy bill passed.", "It rained in Korvaal."];
//! let vectors = embedder.embed(&passages).unwrap().vectors;
//! let vectors: Vec<Vector> = vectors.outer_iter().map(Vector::quantize).collect();
//! let bearings = retriever.bearings(&passages, &vectors);
//! let carbon_price = &bearings[0];
//! assert!(carbon_price[0].named && carbon_price[0].passage == 0);
//! ```

mod retrieval;
mod vector;

pub use retrieval::{Bearing, RetrievalError, Retriever};
pub use vector::Vector;
