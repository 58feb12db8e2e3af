//! A tiny embedder and stance model without weights: the floor and the test double.
