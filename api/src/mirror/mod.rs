//! The mirror against Temporal, which is the truth: making an order's rows again, and finding where the two disagree.
//!
//! `dossier` reads what Temporal has, `remake` has the rows made of it; `findings` compares. One endpoint a file.

mod dossier;
mod findings;
pub(crate) mod list;
pub(crate) mod rebuild;
pub(crate) mod reconcile;
mod remake;
