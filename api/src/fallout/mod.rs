//! What waits for people, and what was left behind, over all orders: one file per endpoint, and what several of them share.

pub(crate) mod bulk;
mod bulk_document;
mod filter;
pub(crate) mod groups;
pub(crate) mod list;
pub(crate) mod residue;
mod view;
