//! A stance classifier on MiniLM-L6, 8-bit, embedded in the binary.
