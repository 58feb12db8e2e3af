//! End-to-end tests of the standpoint binary.
