//! One command per file: its `Args`, documented for `--help`, and its `run`.

pub(crate) mod sim;
pub(crate) mod up;
