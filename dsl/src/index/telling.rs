//! In what kind of place of a test something is being typed.
//!
//! A test is lines, each begun by a word or by a call of a system; told from the words before the place, as in [`super::place`].

use super::place::Place;
use super::token::{Token, TokenKind};

/// How the lines of a test begin; a line that begins with a system says how that behaves.
pub(super) const LINES: &[&str] = &[
    "expect",
    "signal",
    "complete",
    "operator",
    "cancel at",
    "cancel item",
    "pause at",
    "resume at",
    "amend at",
    "order file",
];

/// What an operator does with a task that is held.
const OPERATOR: &[&str] = &[
    "operator retry",
    "operator complete",
    "operator skip",
    "operator rollback",
    "operator undone",
    "operator accept",
];

/// What a test expects; or a task and its state.
const EXPECTED: &[&str] = &[
    "expect order",
    "expect item",
    "expect undone",
    "expect untouched",
    "expect residue",
    "expect customer status",
    "expect call",
    "expect no call",
    "expect elapsed",
    "expect refused",
];

/// What a system does that is called.
const BEHAVIOUR: &[&str] = &["returns", "fails", "refuses", "times out", "takes"];

/// Words behind which a name is none of a system's that begins a line.
const BEFORE_NAMES: [&str; 10] =
    [",", "at", "expect", "call", "complete", "operator", "no", "signal", ".", "["];

/// Whether a word of a test begins a line.
pub(super) fn starts(tokens: &[Token<'_>], n: usize) -> bool {
    let text = |n: usize| tokens.get(n).map_or("", |token| token.text);
    let before = n.checked_sub(1).map_or("", text);
    let is_word = tokens.get(n).is_some_and(|token| token.kind == TokenKind::Word);
    if !is_word || BEFORE_NAMES.contains(&before) {
        return false;
    }
    match text(n) {
        "order" => ["{", "file"].contains(&text(n + 1)),
        "expect" | "signal" | "complete" | "operator" | "cancel" | "pause" | "resume" | "amend" => {
            text(n + 1) != "."
        }
        _ => text(n + 1) == ".",
    }
}

/// The place behind the words of a line.
pub(super) fn line<'t>(words: &[&'t str]) -> Place<'t> {
    match words {
        ["signal"] => Place::Signal,
        ["signal" | "operator", _] | ["signal" | "operator", .., "}"] => Place::Words(&["at"]),
        ["cancel"] => Place::Words(&["at", "after", "cancel item"]),
        ["pause" | "resume" | "amend"] | ["cancel", "item", _] => Place::Words(&["at", "after"]),
        ["operator"] => Place::Words(OPERATOR),
        ["expect"] => Place::Expected(EXPECTED),
        ["expect", "customer"] => Place::Words(&["expect customer status"]),
        ["expect", "no"] => Place::Words(&["expect no call"]),
        ["expect", "order"] => Place::OrderState,
        ["expect", "item", _] => Place::ItemState,
        ["expect", "call"] | ["expect", "no", "call"] => Place::System,
        ["expect", "call", system, "."] | ["expect", "no", "call", system, "."] | [system, "."] => {
            Place::Operation { clause: "expect", system }
        }
        ["expect", "call", .., ")"] => Place::Words(&["once"]),
        ["expect", "call" | "no" | "undone" | "untouched" | "residue" | "elapsed" | "refused", ..]
        | ["expect" | "cancel", "item"] => Place::Nothing,
        [.., "at" | ","] | ["complete"] => Place::StoryTask,
        [.., kind, "."] => Place::StoryTaskOf(kind),
        ["expect", ..] => Place::TaskState,
        ["signal" | "complete" | "operator" | "cancel" | "pause" | "resume" | "amend", ..] => {
            Place::Words(&["after", "twice"])
        }
        [_, ".", _] => Place::Words(BEHAVIOUR),
        [_, ".", _, ..] => Place::Words(&["at", "once", "takes"]),
        _ => Place::Nothing,
    }
}

/// The place in a list of tasks.
pub(super) fn list<'t>(words: &[&'t str]) -> Place<'t> {
    match words {
        [] | [.., ","] => Place::StoryTask,
        [.., kind, "."] => Place::StoryTaskOf(kind),
        _ => Place::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::place;
    use super::*;

    #[test]
    fn places_in_tests_are_told_by_what_stands_before_in_their_line() {
        use Place::{
            Expected, ItemState, OrderState, Signal, StoryLine, StoryTask, StoryTaskOf, System, TaskState,
            Words,
        };
        let test = "test \"t\" {\n  order file \"a.json\"\n  net.look fails \"x\" at a\n  ";
        for (line, expected) in [
            ("", StoryLine),
            ("exp", StoryLine),
            ("signal ", Signal),
            ("signal s { a: 1 } ", Words(&["at"])),
            ("signal s at ", StoryTask),
            ("signal s at kind.", StoryTaskOf("kind")),
            ("signal s at a ", Words(&["after", "twice"])),
            ("operator ", Words(OPERATOR)),
            ("operator complete { a: 1 } ", Words(&["at"])),
            ("cancel ", Words(&["at", "after", "cancel item"])),
            ("cancel item 1 ", Words(&["at", "after"])),
            ("pause at ", StoryTask),
            ("expect item 1 ", ItemState),
            ("expect residue [", StoryTask),
            ("operator retry at a, ", StoryTask),
            ("complete ", StoryTask),
            ("expect ", Expected(EXPECTED)),
            ("expect order ", OrderState),
            ("expect a ", TaskState),
            ("expect kind.a[1], b ", TaskState),
            ("expect undone [", StoryTask),
            ("expect undone [a, kind.", StoryTaskOf("kind")),
            ("expect call ", System),
            ("expect call net.", Place::Operation { clause: "expect", system: "net" }),
            ("net.", Place::Operation { clause: "expect", system: "net" }),
            ("net.look ", Words(BEHAVIOUR)),
            ("net.look times out at ", StoryTask),
            ("expect customer status \"", Place::Nothing),
        ] {
            assert_eq!(place(&format!("{test}{line}")), expected, "{line}");
        }
    }
}
