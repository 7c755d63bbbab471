//! The `orderwright` command.
fn main() {}
