//! Blueprints in one style: the same text with other white space, and with or without commas where they are free.
//!
//! Nothing is made up and nothing is lost: what was written is compared with what was read before anybody gets it.
//! `syntax::shape` says what is in a text, [`style`] where it may be divided, [`page`] where it is.

mod page;
mod style;

use std::fmt;

use crate::diagnostic::{self, Diagnostic, FileId};
use crate::syntax;

/// Why a text could not be formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// It can't be read. The faults are in the first file of whatever shows them.
    Unreadable(Vec<Diagnostic>),
    /// The formatted text would not say the same: the formatter is at fault, not the text.
    Changed,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable(_) => "what can't be read can't be formatted",
            Self::Changed => "formatting would have changed what the text says",
        })
    }
}

impl std::error::Error for FormatError {}

/// Formats the text of one file. Formatted text comes out as it is.
///
/// ```
/// let written = "type Site={name:text   city : text}  // where we deliver";
/// let formatted = "type Site = { name: text, city: text }  // where we deliver\n";
/// assert_eq!(dsl::format(written).unwrap(), formatted);
/// assert_eq!(dsl::format(formatted).unwrap(), formatted);
/// ```
///
/// # Errors
/// The text can't be read; what it uses need not exist. Or the formatter is at fault, and knows it.
pub fn format(text: &str) -> Result<String, FormatError> {
    let unreadable = |faults| FormatError::Unreadable(diagnostic::settle(faults));
    let shape = syntax::shape(FileId::FIRST, text).map_err(unreadable)?;
    let formatted = page::lay_out(&style::file(&shape));
    // The same rules and tokens have the same faults: none.
    match syntax::shape_alone(FileId::FIRST, &formatted) {
        Some(again) if shape.says_the_same(&again) => Ok(formatted),
        _ => Err(FormatError::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file says, places aside.
    fn tree(text: &str) -> String {
        let (tree, faults) = syntax::parse(FileId::FIRST, text);
        assert_eq!(faults, []);
        let tree = format!("{tree:?}");
        let mut parts = tree.split("Span { ");
        let mut told = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            told.push_str(part.split_once('}').unwrap().1);
        }
        told
    }

    #[test]
    fn the_tree_of_formatted_text_is_the_same() {
        for text in [
            include_str!("../../../blueprints/home_fiber.blueprint"),
            include_str!("../../../blueprints/number_hold.blueprint"),
            include_str!("../../../blueprints/provision_subscriber.blueprint"),
            include_str!("../../../blueprints/systems_network.blueprint"),
            include_str!("../../tests/it/format/comments.before"),
            include_str!("../../tests/it/format/long_lines.before"),
            include_str!("../../tests/it/format/one_line.before"),
            include_str!("../../tests/it/format/tests.before"),
            include_str!("../../tests/it/format/values.before"),
            include_str!("../../tests/it/format/white_space.before"),
        ] {
            assert_eq!(tree(&format(text).unwrap()), tree(text));
        }
    }

    #[test]
    fn what_says_something_else_is_told_from_the_same_in_another_layout() {
        let says_the_same = |one: &str, other: &str| {
            let shape = |text| syntax::shape(FileId::FIRST, text).unwrap();
            shape(one).says_the_same(&shape(other))
        };
        let text = "/// A site.\nsystem s { query q(a: text?) } // s\ntype A = { a: text, b: int }";
        assert!(says_the_same(
            text,
            "/// A site.\nsystem s{\n query q ( a:text ? , ) }\n// s\n\ntype A={a:text b:int,}"
        ));
        for (from, to) in [
            ("query", "operation"),
            ("text?", "text"),
            ("a:", "b:"),
            ("// s", "// t"),
            ("// s", ""),
            ("///", "//"),
            ("site.\n", "site.\n\n"),
            ("b: int", "b: [int]"),
        ] {
            assert!(!says_the_same(text, &text.replacen(from, to, 1)), "{from} is {to}");
        }
    }
}
