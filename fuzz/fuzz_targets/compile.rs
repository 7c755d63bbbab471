//! Whatever the bytes: the compiler ends, points into the file, and what can be formatted is formatted for good.
//!
//! `cargo +nightly fuzz run compile` from the root, with `cargo install cargo-fuzz`. What it finds goes into
//! `dsl/tests/it/hostile.rs` as a case.

#![no_main]

use dsl::{Library, Severity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let compiled = Library::compile(&[("fuzz.blueprint".to_owned(), text.clone())]);
    let errors = compiled.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(compiled.library.is_none(), errors);
    for label in compiled.diagnostics.iter().flat_map(|d| &d.labels) {
        assert!(text.get(label.span.start..label.span.end).is_some(), "{label:?} points between characters");
    }
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    assert_eq!(shown.is_empty(), compiled.diagnostics.is_empty());
    if let Ok(formatted) = dsl::format(&text) {
        assert_eq!(dsl::format(&formatted).as_deref(), Ok(formatted.as_str()));
    }
});
