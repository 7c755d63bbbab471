//! The tests of the sample blueprints, which pass and leave little out.

use std::fs;

use dsl::render_terminal;
use model::Value;
use testing::{Coverage, TestsDocument};

use crate::support::{sample_folder, sample_library};

#[test]
fn the_tests_of_the_sample_blueprints_pass_and_reach_all_of_them() {
    let (library, sources) = sample_library();
    let read = |file: &str| {
        Value::read_document(&fs::read(sample_folder().join(file)).unwrap())
            .map_err(|wrong| wrong.to_string())
    };
    let (tests, wrong) = library.bind_all(read);
    assert!(wrong.is_empty(), "{}", render_terminal(&wrong, &sources, false));
    let outcomes: Vec<_> = tests.iter().map(testing::run).collect();
    let mut coverage = Coverage::default();
    outcomes.iter().for_each(|outcome| coverage.add(outcome));
    let document = TestsDocument::new(&outcomes, Some(&coverage.of(&library)), &sources);
    let failed: Vec<_> = document.tests.iter().filter(|test| !test.passed).collect();
    assert!(failed.is_empty(), "{}", serde_json::to_string_pretty(&failed).unwrap());
    let missed: Vec<_> = document.coverage.iter().flatten().flat_map(|each| &each.missed).collect();
    assert!(missed.is_empty(), "{}", serde_json::to_string_pretty(&missed).unwrap());
}
