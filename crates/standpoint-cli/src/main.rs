//! The `standpoint` binary.

fn main() {}
