//! The batch driver: work list, store, resume, manifest.
