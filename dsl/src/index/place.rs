//! In what kind of place something is being typed.
//!
//! Told from the words before it alone, because what is being typed can seldom be parsed. What there is to write in such a place is
//! in [`super::complete`].

use super::telling;
use super::token::{Token, TokenKind, tokens};

/// What may be written somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place<'t> {
    /// Nothing that could be known: a new name, a number, a text.
    Nothing,
    /// One of some words.
    Words(&'static [&'static str]),
    Type,
    ItemKind,
    /// A task to wait for.
    Task,
    /// A task of an item kind.
    TaskOf(&'t str),
    /// A system, for a clause.
    System,
    /// An operation of a system, for a clause.
    Operation {
        clause: &'t str,
        system: &'t str,
    },
    /// A blueprint with parameters.
    Blueprint,
    Retry,
    /// A name of an argument.
    Argument(Giving),
    /// A name of a field of a record that is being made.
    Field,
    /// A clause of a task that has these already.
    Clause(Vec<&'t str>),
    /// A value.
    Expression,
    /// What may follow a value.
    AfterValue(&'static [&'static str]),
    /// The start of a line of a test.
    StoryLine,
    /// What a test expects: one of some words, or a task.
    Expected(&'static [&'static str]),
    /// A task, as tests name it.
    StoryTask,
    /// A task of an item kind, as tests name it.
    StoryTaskOf(&'t str),
    /// A signal that tasks wait for.
    Signal,
    OrderState,
    /// The state of an item.
    ItemState,
    TaskState,
}

/// The arguments that are being given to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Giving {
    /// The system, if it is an operation, and none if it is a blueprint.
    pub system: Option<String>,
    /// The operation or blueprint.
    pub name: String,
    /// The arguments given so far, the one at the place as the last if its name is there.
    pub given: Vec<String>,
    /// Whether the place is in the value of the last of them.
    pub in_value: bool,
}

/// What stands in a bracket, or outside all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    File,
    System,
    Blueprint,
    Each,
    Task,
    Test,
    /// A list of tasks in a test.
    StoryTasks,
    /// Fields with types.
    Fields,
    /// A list type.
    Types,
    Arguments,
    /// What is of expressions.
    Values,
    /// A record that an expression makes.
    Record,
    /// What is not known here.
    Other,
}

/// A bracket that is open, with what stands in it.
struct Level<'t> {
    block: Block,
    tokens: Vec<Token<'t>>,
    /// For arguments: what they are given to.
    callee: Option<(Option<&'t str>, &'t str)>,
}

const DECLARATIONS: &[&str] = &["type", "system", "retry", "blueprint", "test"];
const OPERATIONS: &[&str] = &["operation", "repeatable operation", "query"];
const MEMBERS: &[&str] = &[
    "task",
    "each",
    "milestone",
    "item",
    "order",
    "accepts",
    "on failure",
    "deadline",
    "one at a time by",
    "return",
];
const EACH_MEMBERS: &[&str] = &["task", "milestone"];
const REACTIONS: &[&str] = &["hold", "rollback", "skip", "reject", "fail"];

/// The words that begin something in a blueprint, an `each` or a task.
const STARTS: [&str; 34] = [
    "task",
    "each",
    "milestone",
    "item",
    "order",
    "accepts",
    "on",
    "deadline",
    "one",
    "return",
    "call",
    "wait",
    "manual",
    "poll",
    "sleep",
    "run",
    "let",
    "undo",
    "no",
    "verify",
    "amend",
    "ensure",
    "timeout",
    "within",
    "retry",
    "status",
    "point",
    "type",
    "system",
    "blueprint",
    "test",
    "operation",
    "query",
    "repeatable",
];

impl<'t> Level<'t> {
    /// The words of what is being written: from the last word that begins something.
    fn statement(&self) -> &[Token<'t>] {
        let start = (0..self.tokens.len()).rev().find(|n| self.starts(*n)).unwrap_or(0);
        self.tokens.get(start..).unwrap_or_default()
    }

    /// The words that begin something, in order.
    fn starters(&self) -> Vec<&'t str> {
        let starts = (0..self.tokens.len()).filter(|n| self.starts(*n));
        starts.filter_map(|n| self.tokens.get(n)).map(|token| token.text).collect()
    }

    fn starts(&self, n: usize) -> bool {
        if self.block == Block::Test {
            return telling::starts(&self.tokens, n);
        }
        let text = |n: usize| self.tokens.get(n).map(|token| token.text);
        let Some(word) = text(n).filter(|word| STARTS.contains(word)) else { return false };
        let before = n.checked_sub(1).and_then(text).unwrap_or_default();
        let after = text(n + 1).unwrap_or_default();
        if [".", "?.", ":"].contains(&before) || [".", "?.", ":", ",", "="].contains(&after) {
            return false;
        }
        let begins = match self.block {
            Block::File => DECLARATIONS.contains(&word) && before != "=",
            Block::System => ["operation", "query", "repeatable"].contains(&word) && before != "repeatable",
            Block::Blueprint | Block::Each => MEMBERS.contains(&word) || word == "on",
            Block::Task => !MEMBERS.contains(&word) && !DECLARATIONS.contains(&word) || word == "retry",
            Block::Test
            | Block::StoryTasks
            | Block::Fields
            | Block::Types
            | Block::Arguments
            | Block::Values
            | Block::Record
            | Block::Other => false,
        };
        // Words that are good names as well, or that stand in something else.
        begins
            && match word {
                "order" => after == "{",
                "item" => after != "{" && !is_operator(before),
                "timeout" | "failure" => before != "on",
                "retry" | "undo" => before != "no",
                "return" => self.block != Block::Task,
                "task" | "each" | "milestone" | "wait" | "run" | "call" => {
                    !is_operator(before) && before != "else"
                }
                _ => !is_operator(before),
            }
    }
}

fn is_operator(before: &str) -> bool {
    [
        "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "??", "and", "or", "not", "in", "matches",
        "if", "then", "where", "when", "after", "until", "is", "let",
    ]
    .contains(&before)
}

/// The place behind a text, without the part of a word at its end.
pub(super) fn place(before: &str) -> Place<'_> {
    let (levels, fresh) = match read(before) {
        Some(read) => read,
        None => return Place::Nothing,
    };
    let Some(level) = levels.last() else { return Place::Nothing };
    let statement = level.statement();
    let words: Vec<&str> = statement.iter().map(|token| token.text).collect();
    let last = words.last().copied().unwrap_or_default();
    // At the start of a line, what stands before is over, unless it can't be.
    let over = fresh && !goes_on(last);
    match level.block {
        Block::File => in_file(&words, over),
        Block::System if last == "->" => Place::Type,
        Block::System if words.is_empty() || over => Place::Words(OPERATIONS),
        Block::Blueprint if words.is_empty() || over => Place::Words(MEMBERS),
        Block::Each if words.is_empty() || over => Place::Words(EACH_MEMBERS),
        Block::Blueprint | Block::Each => in_blueprint(&words),
        Block::Task if words.is_empty() || over => Place::Clause(clauses(level)),
        Block::Task => in_task(&words),
        Block::Test if words.is_empty() || over => Place::StoryLine,
        Block::Test => telling::line(&words),
        Block::StoryTasks => telling::list(&words),
        Block::Fields | Block::Types => in_fields(level, last),
        Block::Arguments => match giving_of(level) {
            Some(giving) if giving.in_value => value(&words, &[]),
            Some(giving) => Place::Argument(giving),
            None => Place::Nothing,
        },
        Block::Values => value(&words, &[]),
        Block::Record => match words.as_slice() {
            [] | [.., ","] => Place::Field,
            [_] | [.., ",", _] => Place::Nothing,
            _ => value(&words, &[]),
        },
        Block::System | Block::Other => Place::Nothing,
    }
}

/// The arguments that are being given behind a text, if they are.
#[must_use]
pub fn giving(before: &str) -> Option<Giving> {
    let (levels, _) = read(before)?;
    giving_of(levels.iter().rev().find(|level| level.block == Block::Arguments)?)
}

fn giving_of(level: &Level<'_>) -> Option<Giving> {
    let (system, name) = level.callee?;
    let text = |n: usize| level.tokens.get(n).map_or("", |token| token.text);
    let names = (0..level.tokens.len()).filter(|n| text(n + 1) == ":" && (*n == 0 || text(n - 1) == ","));
    let last = level.tokens.last().map_or("", |token| token.text);
    Some(Giving {
        system: system.map(str::to_owned),
        name: name.to_owned(),
        given: names.map(|n| text(n).to_owned()).collect(),
        in_value: !level.tokens.is_empty() && last != ",",
    })
}

/// The brackets that are open behind a text, and whether a line begins there. None in a text or a comment.
fn read(before: &str) -> Option<(Vec<Level<'_>>, bool)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let before = before.trim_end_matches(is_word);
    let read = tokens(before);
    if read.in_prose {
        return None;
    }
    let level = |block| Level { block, tokens: Vec::new(), callee: None };
    let mut levels = vec![level(Block::File)];
    for token in read.tokens {
        match token.kind {
            TokenKind::Open => {
                let inner = levels.last().map_or(level(Block::Other), |outer| opened(outer, token));
                if let Some(outer) = levels.last_mut() {
                    outer.tokens.push(token);
                }
                levels.push(inner);
            }
            TokenKind::Close if levels.len() > 1 => {
                levels.pop();
                if let Some(outer) = levels.last_mut() {
                    outer.tokens.push(token);
                }
            }
            TokenKind::Close | TokenKind::Word | TokenKind::Number | TokenKind::Text | TokenKind::Sign => {
                if let Some(level) = levels.last_mut() {
                    level.tokens.push(token);
                }
            }
        }
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some((levels, line.trim().is_empty()))
}

/// What stands in a bracket that is opened.
fn opened<'t>(outer: &Level<'t>, bracket: Token<'t>) -> Level<'t> {
    let statement = outer.statement();
    let text = |back: usize| {
        let n = outer.tokens.len().checked_sub(back);
        n.and_then(|n| outer.tokens.get(n)).map_or("", |token| token.text)
    };
    let first = statement.first().map_or("", |token| token.text);
    let (last, head) = (text(1), statement.len());
    let after_value = !is_operator(last) && !["(", "[", ",", ":", "="].contains(&last);
    let mut callee = None;
    let block = match (outer.block, bracket.text, first) {
        (Block::File, "{", "system") => Block::System,
        (Block::File, "{", "test") => Block::Test,
        (Block::File, "{", "type") => Block::Fields,
        (Block::File, "{", "blueprint") if last == "->" => Block::Fields,
        (Block::File, "{", "blueprint") => Block::Blueprint,
        (Block::File, "(", "blueprint") | (Block::System, "(", _) => Block::Fields,
        (Block::System, "{", _) if last == "->" => Block::Fields,
        (Block::File, "[", "type" | "blueprint") | (Block::System, "[", _) => Block::Types,
        (Block::Blueprint, "{", "order" | "item") if after_value => Block::Fields,
        (Block::Blueprint, "{", "each") if after_value && head > 1 => Block::Each,
        (Block::Blueprint | Block::Each, "{", "task") if after_value && head > 1 => Block::Task,
        (Block::Task, "{", "wait" | "manual") => Block::Fields,
        (Block::Test, "[", "expect") if ["undone", "untouched", "residue"].contains(&last) => {
            Block::StoryTasks
        }
        (Block::Task | Block::Test, "(", _) if text(2) == "." => {
            callee = Some((Some(text(3)), last));
            Block::Arguments
        }
        (Block::Task, "(", "run") => {
            callee = Some((None, last));
            Block::Arguments
        }
        (Block::Fields | Block::Types, "{", _) if last != "=" => Block::Fields,
        (Block::Fields | Block::Types, "[", _) if last != "=" => Block::Types,
        // In a text, a brace begins a value.
        (
            Block::Blueprint | Block::Each | Block::Task | Block::Arguments | Block::Values | Block::Record,
            "{",
            _,
        ) if outer.tokens.last().is_none_or(|last| last.kind != TokenKind::Text) => Block::Record,
        (
            Block::Blueprint | Block::Each | Block::Task | Block::Arguments | Block::Values | Block::Record,
            _,
            _,
        ) => Block::Values,
        _ => Block::Other,
    };
    Level { block, tokens: Vec::new(), callee }
}

/// Whether something must follow a word or sign.
fn goes_on(last: &str) -> bool {
    is_operator(last) || [",", ".", "?.", ":", "=", "->", "else", "call", "run", "every"].contains(&last)
}

/// A place in an expression: a value is wanted, or there is one.
fn value(words: &[&str], then: &'static [&'static str]) -> Place<'static> {
    let last = words.last().copied().unwrap_or_default();
    let wanted = last.is_empty()
        || goes_on(last)
        || ["(", "[", "{", "ensure", "let", "return", "sleep"].contains(&last)
        || last == "if";
    if wanted { Place::Expression } else { Place::AfterValue(then) }
}

fn in_file<'t>(words: &[&'t str], over: bool) -> Place<'t> {
    match words {
        ["type", _, "="] => Place::Type,
        _ if words.is_empty() || over => Place::Words(DECLARATIONS),
        ["blueprint", _] => Place::Words(&["version"]),
        ["blueprint", .., "->"] => Place::Type,
        ["retry", _, "=", rest @ ..] => policy(rest),
        _ => Place::Nothing,
    }
}

fn policy<'t>(rest: &[&'t str]) -> Place<'t> {
    match rest {
        [_] => Place::Words(&["times"]),
        [_, "times"] => Place::Words(&["every"]),
        [_, "times", "every", _] => Place::Words(&["doubling", "up to"]),
        [.., "doubling"] => Place::Words(&["up to"]),
        _ => Place::Nothing,
    }
}

fn in_fields<'t>(level: &Level<'t>, last: &str) -> Place<'t> {
    let begins = level.block == Block::Types && level.tokens.is_empty();
    if begins || last == ":" { Place::Type } else { Place::Nothing }
}

fn in_blueprint<'t>(words: &[&'t str]) -> Place<'t> {
    let position = |word: &str| words.iter().rposition(|w| *w == word);
    match words {
        ["on"] => Place::Words(&["on failure"]),
        ["on", "failure"] => Place::Words(REACTIONS),
        ["each"] => Place::ItemKind,
        ["each", _] => Place::Words(&["where", "on failure isolate"]),
        ["item", _] => Place::Words(&["where"]),
        ["accepts"] => Place::Words(&["order"]),
        ["accepts", "order"] => Place::Words(&["where"]),
        ["deadline", _] => Place::Words(&["at risk", "on timeout"]),
        ["deadline", .., "timeout"] => Place::Words(REACTIONS),
        ["accepts" | "item" | "each", ..] if position("where").is_some() => value(words, &[]),
        ["one"] => Place::Words(&["one at a time by"]),
        ["one", "at"] => Place::Words(&["a time by"]),
        ["one", "at", "a", "time", "by", ..] => value(words, &[]),
        ["return", ..] => value(words, &[]),
        ["task" | "milestone", name, rest @ ..] => match (position("after"), position("when")) {
            _ if rest.is_empty() && words.first() == Some(&"task") => Place::Words(&["after", "when"]),
            _ if rest.is_empty() && !name.is_empty() => Place::Words(&["after", "status"]),
            (after, Some(when)) if after.is_none_or(|after| after < when) => value(words, &["after"]),
            (Some(_), _) => match rest {
                [.., kind, "."] => Place::TaskOf(kind),
                [.., "after" | ","] => Place::Task,
                _ if words.first() == Some(&"task") => Place::Words(&["when"]),
                _ => Place::Words(&["status"]),
            },
            _ => Place::Nothing,
        },
        _ => Place::Nothing,
    }
}

fn in_task<'t>(words: &[&'t str]) -> Place<'t> {
    let has = |word: &str| words.contains(&word);
    let last = words.last().copied().unwrap_or_default();
    match words {
        ["on"] => Place::Words(&["on failure", "on timeout"]),
        ["no"] => Place::Words(&["no undo", "no retry"]),
        ["on", "failure" | "timeout"] => Place::Words(REACTIONS),
        [.., "hold"] => Place::Words(&["for customer"]),
        ["call" | "undo" | "amend" | "verify" | "poll"] | ["call", .., "call"] => Place::System,
        ["call" | "undo" | "amend" | "verify" | "poll", .., system, "."]
            if !has("is") && !has("until") && !has("every") =>
        {
            Place::Operation { clause: words.first().copied().unwrap_or_default(), system }
        }
        ["call", .., "else"] => Place::Words(&["call"]),
        ["verify", .., ")"] if !has("is") => Place::Words(&["is"]),
        ["poll", .., ")"] if !has("every") => Place::Words(&["every"]),
        ["poll", .., "every", _] => Place::Words(&["until"]),
        ["verify", ..] if has("is") => value(words, &[]),
        ["poll", ..] if has("until") => value(words, &["within"]),
        ["run"] => Place::Blueprint,
        ["retry"] => Place::Retry,
        ["retry", rest @ ..] => policy(rest),
        ["ensure", .., "else"] => Place::Words(REACTIONS),
        ["ensure", ..] if REACTIONS.iter().any(|word| has(word)) => Place::Words(&["for customer"]),
        ["ensure", ..] => value(words, &["else"]),
        ["sleep"] => Place::Words(&["until"]),
        ["sleep", "until", ..] | ["let", ..] => value(words, &[]),
        ["call", ..] if last == ")" => Place::Words(&["else"]),
        _ => Place::Nothing,
    }
}

/// The clauses that a task has, by the words that begin them.
fn clauses<'t>(level: &Level<'t>) -> Vec<&'t str> {
    let pairs = level.tokens.windows(2).filter_map(|pair| match pair {
        [first, second] => match (first.text, second.text) {
            ("on", "failure") => Some("on failure"),
            ("on", "timeout") => Some("on timeout"),
            ("no", "undo") => Some("no undo"),
            ("no", "retry") => Some("no retry"),
            ("point", "of") => Some("point of no return"),
            _ => None,
        },
        _ => None,
    });
    let mut words: Vec<_> = level.starters();
    words.retain(|word| !["on", "no", "point"].contains(word));
    words.extend(pairs);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str =
        "blueprint b version 1 {\n  each k where item.action == add {\n    task t after a {\n      ";

    #[test]
    fn places_are_told_by_what_stands_before() {
        use Place::{Argument, Expression, ItemKind, Operation, Retry, System, Task, TaskOf, Type, Words};
        let blueprint = "blueprint b version 1 {\n  ";
        for (before, expected) in [
            ("", Words(DECLARATIONS)),
            ("type A = { a: text }\nsys", Words(DECLARATIONS)),
            ("type A = ", Type),
            ("type A = { a: ", Type),
            ("type A = { a: [", Type),
            ("type A = { a", Place::Nothing),
            ("system s {\n  ", Words(OPERATIONS)),
            ("system s { query q(a: ", Type),
            ("system s { query q(a: text) -> ", Type),
            ("blueprint b ", Words(&["version"])),
            ("blueprint b(a: ", Type),
            ("retry r = 5 ", Words(&["times"])),
            (blueprint, Words(MEMBERS)),
            (&format!("{blueprint}accepts order where "), Expression),
            (&format!("{blueprint}order {{ a: "), Type),
            (&format!("{blueprint}item k where item.x == \"a\" {{\n  a: "), Type),
            (&format!("{blueprint}each "), ItemKind),
            (&format!("{blueprint}each k where item.action == "), Expression),
            (&format!("{blueprint}task t after "), Task),
            (&format!("{blueprint}task t after a, k."), TaskOf("k")),
            (&format!("{blueprint}task t after a when "), Expression),
            (&format!("{blueprint}task t\n    after a,\n    "), Task),
            (TASK, Place::Clause(Vec::new())),
            (&format!("{TASK}call "), System),
            (&format!("{TASK}call ne"), System),
            (&format!("{TASK}call net."), Operation { clause: "call", system: "net" }),
            (&format!("{TASK}call net.a(x: 1) else call net."), Operation { clause: "call", system: "net" }),
            (&format!("{TASK}call net.a(x: "), Expression),
            (&format!("{TASK}call net.a(x: order."), Expression),
            (&format!("{TASK}call net.a(x: \"a {{"), Expression),
            (&format!("{TASK}call net.a(x: \"a "), Place::Nothing),
            (&format!("{TASK}call net.a(x: {{ "), Place::Field),
            (&format!("{TASK}call net.a(x: {{ a: 1, b"), Place::Field),
            (&format!("{TASK}call net.a(x: {{ a: [{{ b: "), Expression),
            (&format!("{TASK}retry "), Retry),
            (&format!("{TASK}ensure "), Expression),
            (&format!("{TASK}ensure result.x == 1 else "), Words(REACTIONS)),
            (&format!("{TASK}call a.b(c: 1)\n      on timeout hold\n      "), {
                Place::Clause(vec!["call", "on timeout"])
            }),
            (&format!("{TASK}// call "), Place::Nothing),
            (&format!("{TASK}wait s {{ a: "), Type),
        ] {
            assert_eq!(place(before), expected, "{before}");
        }
        let giving = Giving {
            system: Some("net".to_owned()),
            name: "a".to_owned(),
            given: vec!["x".to_owned()],
            in_value: false,
        };
        assert_eq!(place(&format!("{TASK}call net.a(x: 1, ")), Argument(giving));
    }

    #[test]
    fn what_is_given_is_known_in_values_too() {
        let in_call = giving(&format!("{TASK}run other(x: 1, y: f(2")).unwrap();
        assert_eq!((in_call.system, in_call.name.as_str(), in_call.in_value), (None, "other", true));
        assert_eq!(in_call.given, ["x", "y"]);
        assert_eq!(giving(TASK), None);
    }
}
