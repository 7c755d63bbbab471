//! Orders: one file per endpoint, and what several of them share.

pub(crate) mod act;
pub(crate) mod cancel;
mod differences;
mod document;
pub(crate) mod events;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod plan;
mod repetition;
pub(crate) mod signal;
mod stream;
pub(crate) mod submit;
mod verdict;
mod view;
