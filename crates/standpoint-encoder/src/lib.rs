//! A BERT-family encoder for CPUs.
