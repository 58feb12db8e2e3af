//! From pairs to records: attribution, pooling, abstention.
