//! Models that rust-bert runs.
