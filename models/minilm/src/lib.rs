//! all-MiniLM-L6-v2, 8-bit, embedded in the binary.
