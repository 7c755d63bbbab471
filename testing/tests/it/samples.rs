//! The tests of the sample blueprints, which pass and leave little out.

use std::fs;
use std::path::Path;

use dsl::{Library, render_terminal};
use model::Value;
use testing::{Coverage, TestsDocument};

#[test]
fn the_tests_of_the_sample_blueprints_pass_and_reach_all_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints");
    let mut files: Vec<(String, String)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "blueprint"))
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    let compiled = Library::compile(&files);
    let library = compiled
        .library
        .unwrap_or_else(|| panic!("{}", render_terminal(&compiled.diagnostics, &compiled.sources, false)));
    let read = |file: &str| {
        Value::read_document(&fs::read(folder.join(file)).unwrap()).map_err(|wrong| wrong.to_string())
    };
    let (tests, wrong) = library.bind_all(read);
    assert!(wrong.is_empty(), "{}", render_terminal(&wrong, &compiled.sources, false));
    let outcomes: Vec<_> = tests.iter().map(testing::run).collect();
    let mut coverage = Coverage::default();
    outcomes.iter().for_each(|outcome| coverage.add(outcome));
    let document = TestsDocument::new(&outcomes, Some(&coverage.of(&library)), &compiled.sources);
    let failed: Vec<_> = document.tests.iter().filter(|test| !test.passed).collect();
    assert!(failed.is_empty(), "{}", serde_json::to_string_pretty(&failed).unwrap());
    let missed: Vec<_> = document.coverage.iter().flatten().flat_map(|each| &each.missed).collect();
    assert!(missed.is_empty(), "{}", serde_json::to_string_pretty(&missed).unwrap());
}
