//! The Temporal worker.
