//! Texts to throw at the compiler, from nearly right to not even text.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::example_sources;

/// Words, signs and pieces of blueprints.
const PIECES: &[&str] = &[
    "type ",
    "system ",
    "retry ",
    "blueprint b version 1 {",
    "item x where ",
    "each x {",
    "task t ",
    "after ",
    "when ",
    "call s.q(",
    "wait w {",
    "within 1d",
    "timeout 5s",
    "retry 3 times every 2s",
    "ensure ",
    "else ",
    "undo ",
    "hold \"why\"",
    "on failure ",
    "}",
    "{",
    ")",
    "(",
    "[",
    "]",
    ",",
    ":",
    "=",
    "==",
    "\"",
    "\"{",
    "?.",
    "??",
    "item.a",
    "order.b",
    "result",
    " and ",
    " or ",
    " not ",
    "if ",
    " then ",
    "1",
    "2.5",
    "30s",
    "null",
    "[x for x in y]",
    "//",
    "///",
    "\n",
    "\r\n",
    "\t",
    "\u{FEFF}",
    "\\",
    "'",
    "é",
    "\u{1F980}",
    "\u{200B}",
    "\0",
    "finished_at",
    "ran(t)",
    "max(",
    "-",
    "?",
    "point of no return",
    " is not ",
    " && ",
    "===",
    "!",
    "%",
    " contains ",
    ".f(",
    "=>",
    "|",
    "<",
    ">",
    "one of a, ",
    "one of [",
    "if x { task u {",
    "blueprint b(",
    ") -> { a: int } {",
    "return ",
    "deadline 5d at risk after ",
    "on failure isolate",
    "manual \"x\" for y ",
    "poll a.b(c: 1) every 5s until ",
    "sleep until ",
    "sleep for 5 minutes",
    "run b(",
    "let x = call ",
    "verify a.b() is ",
    "amend call a.b(c: before.d)",
    "repeatable ",
    ";",
    "test \"t\" {",
    "order { items: [",
    "expect order ",
    "expect undone [",
    "signal w {",
    " at t",
    "a.b returns ",
    "a.b fails \"no\"",
    "\u{201C}",
    "`",
    "/x/",
    "2026-11-21",
    "..",
    "between 1 and ",
    "+=",
    "->",
    "::",
    "<<<<<<<",
    "status \"",
    "milestone m ",
];

fn piece() -> impl Strategy<Value = &'static str> {
    select(PIECES)
}

/// Pieces in a heap.
pub(super) fn heap() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

/// Any bytes, read as text as a file is.
pub(super) fn bytes() -> impl Strategy<Value = String> {
    let any = prop::collection::vec(any::<u8>(), 0..200);
    let plain = prop::collection::vec(prop_oneof![9 => 0x20_u8..0x7F, 1 => Just(b'\n')], 0..200);
    prop_oneof![any, plain].prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// One change of a text: where, how much of it, and what becomes of it.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Delete,
    Double,
    Replace(&'static str),
    SwapWithNext,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Delete),
        Just(Change::Double),
        piece().prop_map(Change::Replace),
        Just(Change::SwapWithNext),
    ]
}

/// The examples, with stretches taken out, doubled, swapped, or replaced by pieces of others.
pub(super) fn changed_examples() -> impl Strategy<Value = Vec<(String, String)>> {
    let changes = prop::collection::vec((any::<Index>(), any::<Index>(), 1..30_usize, change()), 1..6);
    changes.prop_map(|changes| {
        let mut sources = example_sources();
        for (which, place, length, change) in changes {
            let which = which.index(sources.len());
            let text: Vec<char> = sources[which].1.chars().collect();
            let start = place.index(text.len() + 1);
            let end = (start + length).min(text.len());
            let stretch = |from: usize, to: usize| text[from..to].iter().collect::<String>();
            let next = (end + length).min(text.len());
            let (between, rest) = match change {
                Change::Delete => (String::new(), end),
                Change::Double => (stretch(start, end).repeat(2), end),
                Change::Replace(piece) => (piece.to_owned(), end),
                Change::SwapWithNext => (stretch(end, next) + &stretch(start, end), next),
            };
            sources[which].1 = stretch(0, start) + &between + &stretch(rest, text.len());
        }
        sources
    })
}

// ---- shaped like the grammar ---------------------------------------------------------------------------------

fn name() -> impl Strategy<Value = &'static str> {
    select(
        &["a", "b", "check", "look", "line", "extra", "x", "net", "crm", "Site", "calm", "order", "within"][..],
    )
}

fn type_expr() -> impl Strategy<Value = String> {
    let leaf = select(
        &[
            "text",
            "int",
            "decimal",
            "bool",
            "time",
            "date",
            "duration",
            "any",
            "Site",
            "one of \"a\", \"b\"",
            "Nothing",
        ][..],
    );
    leaf.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|of| format!("[{of}]")),
            inner.clone().prop_map(|of| format!("{of}?")),
            prop::collection::vec((name(), inner), 0..3).prop_map(|fields| record(&fields)),
        ]
    })
}

fn record(fields: &[(&'static str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{{ {} }}", fields.join(", "))
}

fn expr() -> impl Strategy<Value = String> {
    let leaf = select(
        &[
            "order.site",
            "order.category",
            "order.items",
            "item.speed",
            "item.action",
            "check.state",
            "result.state",
            "line.items",
            "line.look.state",
            "null",
            "5",
            "0.5",
            "30s",
            "\"a\"",
            "true",
            "x",
            "before.id",
            "check?.state",
            "\"at {order.site}\"",
            "order.submitted_at",
            "nothing",
        ][..],
    );
    leaf.prop_map(str::to_owned).prop_recursive(5, 24, 3, |inner| {
        let op = select(
            &["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "and", "or", "in", "matches", "??", "&&", "=", "is"][..],
        );
        let function = select(
            &["len", "lower", "contains", "any", "all", "sum", "min", "max", "first", "coalesce", "ran", "count"][..],
        );
        prop_oneof![
            4 => (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            1 => inner.clone().prop_map(|of| format!("not {of}")),
            1 => inner.clone().prop_map(|of| format!("-{of}")),
            1 => inner.clone().prop_map(|of| format!("({of})")),
            1 => inner.clone().prop_map(|of| format!("\"it is {{{of}}}\"")),
            1 => (inner.clone(), name()).prop_map(|(of, name)| format!("{of}.{name}")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(c, a, b)| format!("if {c} then {a} else {b}")),
            1 => (function, prop::collection::vec(inner.clone(), 0..3)).prop_map(|(f, all)| format!("{f}({})", all.join(", "))),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(", "))),
            1 => prop::collection::vec((name(), inner.clone()), 0..3).prop_map(|fields| record(&fields)),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, of, keep)| format!("[{a} for x in {of} where {keep}]")),
        ]
    })
}

fn invocation() -> impl Strategy<Value = String> {
    let operation =
        select(&["net.read", "net.reserve", "net.release", "net.move", "crm.check", "net.nothing"][..]);
    (operation, prop::collection::vec((select(&["id", "site", "count", "x"][..]), expr()), 0..3)).prop_map(
        |(operation, arguments)| {
            let given: Vec<String> =
                arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            format!("{operation}({})", given.join(", "))
        },
    )
}

fn clause() -> impl Strategy<Value = String> {
    let fixed = select(
        &[
            "timeout 5s",
            "within 10d",
            "within 1m",
            "retry 3 times every 2s doubling up to 1m",
            "retry calm",
            "no retry",
            "no undo \"gone\"",
            "on failure rollback",
            "on failure skip",
            "on timeout hold \"late\"",
            "on failure reject",
            "point of no return",
            "status \"On its way\"",
            "sleep 5m",
            "retry 0 times",
            "timeout \"5s\"",
        ][..],
    );
    prop_oneof![
        4 => fixed.prop_map(str::to_owned),
        4 => invocation().prop_map(|call| format!("call {call}")),
        1 => (invocation(), invocation()).prop_map(|(a, b)| format!("call {a} else call {b}")),
        2 => invocation().prop_map(|call| format!("undo {call}")),
        1 => invocation().prop_map(|call| format!("amend {call}")),
        1 => (invocation(), expr()).prop_map(|(call, is)| format!("verify {call} is {is}")),
        1 => (invocation(), expr()).prop_map(|(call, e)| format!("poll {call} every 5s until {e} within 5m")),
        1 => type_expr().prop_map(|of| format!("wait report {{ outcome: {of} }} within 10d")),
        1 => type_expr().prop_map(|of| format!("manual \"Look\" for office {{ ok: {of} }} within 2d")),
        1 => expr().prop_map(|until| format!("sleep until {until}")),
        1 => expr().prop_map(|value| format!("let {value}")),
        1 => expr().prop_map(|to| format!("run ship(to: {to})")),
        2 => expr().prop_map(|e| format!("ensure {e} else hold \"no: {{{e}}}\"")),
    ]
}

fn task() -> impl Strategy<Value = String> {
    let after = prop::option::of(select(&["check", "look", "line.look", "nothing"][..]));
    let clauses = prop::collection::vec(clause(), 1..4);
    (name(), after, prop::option::of(expr()), clauses, any::<bool>()).prop_map(
        |(name, after, when, clauses, line)| {
            let after = after.map_or_else(String::new, |after| format!(" after {after}"));
            let when = when.map_or_else(String::new, |when| format!(" when {when}"));
            let between = if line { "  " } else { "\n    " };
            format!("  task {name}{after}{when} {{{between}{}{between}}}\n", clauses.join(between))
        },
    )
}

fn member() -> impl Strategy<Value = String> {
    let block = (prop::option::of(expr()), prop::collection::vec(task(), 1..3), any::<bool>());
    prop_oneof![
        4 => task(),
        2 => block.prop_map(|(filter, tasks, isolate)| {
            let filter = filter.map_or_else(String::new, |filter| format!(" where {filter}"));
            let isolate = if isolate { " on failure isolate" } else { "" };
            format!("  each line{filter}{isolate} {{\n{}  }}\n", tasks.concat())
        }),
        1 => expr().prop_map(|e| format!("  accepts order where {e}\n")),
        1 => expr().prop_map(|e| format!("  item extra where {e} {{ count: int = 1 }}\n")),
        1 => type_expr().prop_map(|of| format!("  order {{ more: {of} }}\n")),
        1 => Just("  milestone m after check status \"Done\"\n".to_owned()),
        1 => Just("  deadline 10d at risk after 7d on timeout hold\n".to_owned()),
        1 => expr().prop_map(|e| format!("  return {e}\n")),
        1 => expr().prop_map(|e| format!("  one at a time by {e}\n")),
    ]
}

/// A library that looks like one, and mostly is not.
pub(super) fn library() -> impl Strategy<Value = String> {
    let declarations = prop_oneof![
        3 => prop::collection::vec(member(), 0..6).prop_map(|members| format!(
            "blueprint fiber version 1 {{\n  order {{ site: text }}\n  item line where item.offering == \"LINE\" {{ speed: int }}\n{}}}\n",
            members.concat()
        )),
        1 => prop::collection::vec(task(), 0..3)
            .prop_map(|tasks| format!("blueprint ship(to: text) -> {{ id: text }} {{\n{}}}\n", tasks.concat())),
        1 => (name(), type_expr()).prop_map(|(name, of)| format!("type {name} = {of}\n")),
        1 => (name(), type_expr(), expr())
            .prop_map(|(name, of, default)| format!("type {name} = {{ x: {of} = {default} }}\n")),
        1 => (type_expr(), type_expr())
            .prop_map(|(of, result)| format!("system crm {{ query check(x: {of}) -> {result} }}\n")),
    ];
    prop::collection::vec(declarations, 1..4).prop_map(|declarations| {
        let systems = "system net {
  query read(id: text) -> { state: text }
  operation reserve(site: text, count: int = 1) -> { id: text }
  repeatable operation move(id: text) -> { id: text }
  operation release(id: text)
}
retry calm = 3 times every 2s
";
        systems.to_owned() + &declarations.concat()
    })
}
