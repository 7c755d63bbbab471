//! Blueprints in one style.
//!
//! Every `NAME.before` of this folder is formatted and compared with `NAME.after`; `UPDATE_EXPECT=1` writes the latter.

mod properties;

use std::path::Path;

use dsl::{FormatError, format};
use expect_test::expect_file;

use super::example_sources;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/format");

/// Formats, and makes sure that what comes out is left as it is.
#[track_caller]
fn formatted(text: &str) -> String {
    let once = format(text);
    assert!(once.is_ok(), "{once:?} of\n{text}");
    assert_eq!(format(once.as_ref().unwrap()), once, "once was not enough");
    let once = once.unwrap();
    assert!(once.lines().all(|line| line == line.trim_end()), "space at the end of a line:\n{once}");
    once
}

#[test]
fn what_is_written_in_any_way_comes_out_in_one() {
    let mut found = 0;
    for entry in std::fs::read_dir(HERE).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "before") {
            found += 1;
            let before = std::fs::read_to_string(&path).unwrap();
            expect_file![path.with_extension("after")].assert_eq(&formatted(&before));
        }
    }
    assert!(found >= 5, "the examples are gone");
}

/// `UPDATE_EXPECT=1` formats them.
#[test]
fn the_blueprints_of_the_project_are_formatted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints");
    for (name, text) in example_sources() {
        expect_file![folder.join(name)].assert_eq(&formatted(&text));
    }
}

/// What the specification shows can be formatted unless it can't be read.
#[test]
fn every_example_that_can_be_read_can_be_formatted() {
    let mut done = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/spec")).unwrap() {
        let page = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for block in page.split("```blueprint").skip(1) {
            let (info, rest) = block.split_once('\n').unwrap();
            let text = rest.split("```").next().unwrap();
            let text = match info {
                "" => text.to_owned(),
                " tasks" => format!("blueprint b version 1 {{\n{text}}}"),
                " test" => format!("test \"t\" {{\n{text}}}"),
                _ => continue,
            };
            match format(&text) {
                Ok(_) => {
                    formatted(&text);
                    done += 1;
                }
                Err(wrong) => assert!(matches!(wrong, FormatError::Unreadable(_)), "{wrong}:\n{text}"),
            }
        }
    }
    assert!(done > 30, "the examples are gone: {done}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let told = |text: &str| match format(text) {
        Err(FormatError::Unreadable(faults)) => faults.iter().map(|fault| fault.code.to_string()).collect(),
        other => vec![format!("{other:?}")],
    };
    assert_eq!(told("type A = {"), ["BP0103"]);
    assert_eq!(told("type A = \ntask t {} type B = text["), ["BP0102", "BP0101"]);
    assert_eq!(told(&"(".repeat(10_000)), ["BP0002"]);
    assert_eq!(told(&" ".repeat(1_000_001)), ["BP0001"]);
}

#[test]
fn nothing_is_formatted_to_nothing() {
    for nothing in ["", "\n\n", " \t\r\n\u{FEFF}"] {
        assert_eq!(formatted(nothing), "");
    }
    assert_eq!(formatted("\n\n// a comment alone"), "// a comment alone\n");
}

#[test]
fn what_is_deep_but_not_too_deep_is_formatted() {
    let deep = format!("{}true{}", "(".repeat(60), ")".repeat(60));
    let chain = format!("order{}", ".a".repeat(100));
    let choice = format!("{}1", "if true then 1 else ".repeat(60));
    for condition in
        [deep, chain, choice, "not ".repeat(60) + "true", "true".to_owned() + &" and true".repeat(60)]
    {
        formatted(&format!("blueprint b version 1 {{ accepts order where {condition} }}"));
    }
}
