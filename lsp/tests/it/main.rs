//! What an editor sends, and what it gets: through the server as a value, with files that are only remembered.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::needless_pass_by_value,
    reason = "a test that goes wrong should stop, and takes what it sends by value"
)]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of JSON among all")]

mod editor;
mod faults;
mod files;
mod highlighting;
mod lifecycle;
mod questions;
mod writing;
