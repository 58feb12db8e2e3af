//! Retrieval of the passages that bear on a target.
