//! What holds whatever is written. Each property looks at a few hundred texts; `PROPTEST_CASES=200000` looks at as many.

use dsl::Library;
use proptest::prelude::*;

use super::{generate, is_sound};
use crate::{compile, example_sources};

/// How many texts each property looks at unless the environment says otherwise.
const CASES: u32 = 300;

fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(CASES), ..ProptestConfig::default() }
}

/// What a library is, as far as anybody can tell: its faults, and its blueprints by their hashes.
fn meaning(text: &str) -> (Vec<String>, Vec<String>) {
    let compiled = compile(text);
    let faults = compiled.diagnostics.iter().map(|d| format!("{} {}", d.code, d.title)).collect();
    let blueprints = compiled.library.iter().flat_map(Library::blueprints);
    (faults, blueprints.map(|b| format!("{} {}", b.reference(), b.hash())).collect())
}

/// Whatever can be formatted says the same afterwards, and once is enough.
fn is_formatted_for_good(text: &str) {
    let Ok(formatted) = dsl::format(text) else { return };
    assert_eq!(dsl::format(&formatted).as_deref(), Ok(formatted.as_str()), "of {text:?}");
    let (mut before, mut after) = (meaning(text), meaning(&formatted));
    // Faults stand in the order of their places.
    before.0.sort();
    after.0.sort();
    assert_eq!(before, after, "of {text:?}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_bytes_make_it_fall_over(text in generate::bytes()) {
        is_sound(&compile(&text));
        is_formatted_for_good(&text);
    }

    #[test]
    fn no_text_makes_it_fall_over(text in "\\PC*") {
        is_sound(&compile(&text));
        is_formatted_for_good(&text);
    }

    #[test]
    fn no_heap_of_pieces_makes_it_fall_over(text in generate::heap()) {
        is_sound(&compile(&text));
        is_formatted_for_good(&text);
    }

    #[test]
    fn nothing_that_looks_like_a_library_makes_it_fall_over(text in generate::library()) {
        is_sound(&compile(&text));
        is_formatted_for_good(&text);
    }

    #[test]
    fn no_change_of_the_examples_makes_it_fall_over(sources in generate::changed_examples()) {
        is_sound(&Library::compile(&sources));
        let examples = example_sources();
        for changed in sources.iter().filter(|source| !examples.contains(source)) {
            is_formatted_for_good(&changed.1);
        }
    }
}
