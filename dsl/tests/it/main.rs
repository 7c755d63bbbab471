//! Tests of the language as its users meet it: through the public interface of the crate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::needless_pass_by_value,
    reason = "a test that goes wrong should stop, and takes what it expects by value"
)]

mod ahead;
mod corpus;
mod format;
mod hostile;
mod index;
mod meaning;
mod orders;
mod origins;
mod plans;
mod remedies;
mod rendering;
mod schema;
mod spec;
mod testing;
mod typing;

use dsl::{Compiled, Library, render_terminal};

/// Compiles one file named `test.blueprint`.
fn compile(text: &str) -> Compiled {
    Library::compile(&[("test.blueprint".to_owned(), text.to_owned())])
}

/// The library of the folder `blueprints`, which has neither errors nor warnings.
fn examples() -> Library {
    let compiled = Library::compile(&example_sources());
    assert_eq!(render_terminal(&compiled.diagnostics, &compiled.sources, false), "");
    compiled.library.unwrap()
}

fn example_sources() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../blueprints");
    let mut sources: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "blueprint"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    sources.sort();
    assert!(sources.len() >= 3, "the examples are gone");
    sources
}

/// An order read from JSON, accepted at the start of time.
fn order(json: &str) -> model::Order {
    let document = serde_json::from_str(json).unwrap();
    let request = model::OrderRequest::parse(document).unwrap();
    let id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    model::Order { id, submitted_at: model::Timestamp::EPOCH, request }
}
