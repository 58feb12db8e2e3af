//! Readers, cleaning, metadata, passages and pieces.
