//! Orders: one file per endpoint, and what several of them share.

pub(crate) mod act;
pub(crate) mod cancel;
pub(crate) mod complete;
mod differences;
mod document;
pub(crate) mod events;
mod expects;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod plan;
mod repetition;
pub(crate) mod signal;
mod stream;
pub(crate) mod submit;
mod verdict;
mod view;
