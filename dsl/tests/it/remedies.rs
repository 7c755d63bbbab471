//! One slip is one diagnostic, and its help leads out.

use super::compile;

/// A blueprint of the given members over a small system.
fn library(members: &str) -> String {
    format!(
        "system net {{
  query look(site: text) -> {{ fits: bool, score: int, note: text? }}
  operation set(site: text) -> {{ id: text }}
  operation unset(id: text)
}}
blueprint example version 1 {{
  order {{ site: text, contact: text? }}
  item line where item.offering == \"LINE\" {{ speed: int, own: bool = false }}
  item ip where item.offering == \"IP\" {{ count: int }}
{members}
}}
"
    )
}

/// What is said of members: the code, the title and the help of each diagnostic.
fn said(members: &str) -> Vec<String> {
    let compiled = compile(&library(members));
    let line = |d: &dsl::Diagnostic| match &d.help {
        Some(help) => format!("{}: {} → {help}", d.code, d.title),
        None => format!("{}: {}", d.code, d.title),
    };
    compiled.diagnostics.iter().map(line).collect()
}

fn condition(condition: &str) -> String {
    format!("  task t when {condition} {{ call net.look(site: order.site) }}")
}

fn clauses(clauses: &str) -> String {
    format!("  task t {{ {clauses} }}")
}

#[test]
fn a_slip_in_an_expression_is_one_diagnostic() {
    for (written, expected) in [
        (r#""a" && "b""#, "BP0104: `&&` is written `and` in a blueprint → write `and` for `&&`"),
        (r#""a" || 5"#, "BP0104: `||` is written `or` in a blueprint → write `or` for `||`"),
        (r#"!"a""#, "BP0104: `!` is written `not` in a blueprint → write `not` for `!`"),
        ("!order.contact", "BP0104: `!` is written `not` in a blueprint → write `not` for `!`"),
        ("order.priority = \"x\"", "BP0104: `=` is written `==` in a blueprint → write `==` for `=`"),
        ("order.contact is null", "BP0104: `is` is written `==` in a blueprint → write `==` for `is`"),
        ("order.site AND true", "BP0104: `AND` is written `and` in a blueprint → write `and` for `AND`"),
        (
            r#""a" and "b""#,
            "BP0301: expected true or false, found a text → `and` joins conditions, which are true or false",
        ),
        (
            r#"order.site == "a" or "b""#,
            r#"BP0301: expected true or false, found a text → write `order.site in ["a", "b"]`"#,
        ),
        (
            "1 < order.priority < 4",
            "BP0301: true or false and a whole number can't be compared by size → write `1 < order.priority and order.priority < 4`",
        ),
        (
            r#"order.priority > "2""#,
            "BP0301: a whole number and a text can't be compared by size → write `2`, without quotes",
        ),
        (
            "order.site not in [\"a\"]",
            "BP0104: `not in` is no operator here → write `not` in front of it all: `not a in b`",
        ),
        ("order.site in (\"a\", \"b\")", r#"BP0104: a list stands in `[` and `]` → write `["a", "b"]`"#),
        (
            "order.site in \"abc\"",
            "BP0301: expected a list, found a text → a text is looked for in another by `contains(whole, part)`",
        ),
        (
            "order.priority > 2 ? true : false",
            "BP0104: a choice between two values is written `if … then … else …` → write `if order.priority > 2 then true else false`",
        ),
        (
            "order.site.startsWith(\"A\").not()",
            r#"BP0104: a function stands in front of what it is about → write `starts_with(order.site, "A")`"#,
        ),
        ("order.items.length > 1", "BP0208: there is no field `length` → write `len(order.items)`"),
        ("order.contact == None", "BP0209: `None` means nothing here → did you mean `null`?"),
        ("order.site == ", "BP0101: expected a value after `==`, found `{`"),
        (
            "order.site == \"a",
            "BP0101: the text is not closed → a text ends on the line it begins on, with `\"`",
        ),
        ("order.priority > 1_000", "BP0106: `1_000` is neither a number nor a duration → write `1000`"),
    ] {
        let said = said(&condition(written));
        // A text that is not closed takes the rest of its line along.
        assert_eq!(said.first().map(String::as_str), Some(expected), "{written}");
        assert_eq!(said.len(), 1, "{written}: {said:#?}");
    }
}

#[test]
fn a_slip_in_a_task_is_one_diagnostic_that_shows_the_form() {
    let call = "call net.look(site: order.site)";
    for (written, expected) in [
        (
            "call net.look(order.site)".to_owned(),
            "BP0101: expected `:`, found `.` → it is written `call system.operation(name: value)`",
        ),
        (
            "net.look(site: order.site)".to_owned(),
            "BP0102: `net` begins nothing in a task → write `call` before it: `call system.operation(name: value)`",
        ),
        (
            "call net.look(sight: order.site)".to_owned(),
            "BP0204: `net.look` takes no argument `sight` → did you mean `site`?",
        ),
        (
            format!("{call} retry 3"),
            "BP0101: expected `times`, found `}` → it is written `retry 3 times every 2s`",
        ),
        (
            format!("{call} retry three times"),
            "BP0101: expected a number of times, found `three` → write it in digits: `3 times`",
        ),
        (format!("{call} timeout: 30s"), "BP0104: no `:` stands after `timeout` → leave it out"),
        (
            format!("{call} on error rollback"),
            "BP0101: expected `failure` or `timeout`, found `error` → it is written `on timeout hold \"why\"` or `on failure rollback \"why\"`",
        ),
        (
            format!("{call} ensure result.fits"),
            "BP0101: expected `else`, found `}` → it is written `ensure CONDITION else rollback \"why\"`",
        ),
        (
            format!("{call} status Done"),
            "BP0101: expected a text, found `Done` → it is written `status \"what the customer sees\"`",
        ),
        (format!("{call};"), "BP0104: nothing is ended by `;` in a blueprint → leave it out"),
        (
            format!("{call} if order.contact != null"),
            "BP0407: `if` stands in the head of a task, before its `{` → write `task t when order.contact != null { … }`",
        ),
        (
            format!("{call} wait report {{ ok: bool }} within 5d"),
            "BP0406: a task does one thing, and this is a second → make it a task of its own",
        ),
    ] {
        assert_eq!(said(&clauses(&written)), [expected], "{written}");
    }
}

#[test]
fn a_slip_around_tasks_is_one_diagnostic() {
    let look = "task t { call net.look(site: order.site) }";
    for (written, expected) in [
        (
            format!("if order.contact != null {{ {look} }}"),
            "BP0102: `if` begins nothing in a blueprint → a condition is part of what it decides: `task NAME when … { … }`, `each KIND where … { … }`",
        ),
        (
            format!(
                "parallel {{ // at once\n {look} }}\ntask u after t {{ call net.look(site: t.note ?? \"\") }}"
            ),
            "BP0102: `parallel` begins nothing in a blueprint → leave it out: tasks run at the same time, unless one waits for another with `after`",
        ),
        (
            format!("step s {{ call net.look(site: order.site) }}\n{look}"),
            "BP0102: `step` begins nothing in a blueprint → write `task NAME { … }`",
        ),
        (
            format!("{look}\nsystem more {{ query a() }}\ntask u {{ call net.look(site: \"x\") }}"),
            "BP0103: expected `}`, found `system`",
        ),
        (
            format!("{look} }}\ntask u {{ call net.look(site: \"x\") }}"),
            "BP0102: `task` begins nothing in a file → `task` stands in a blueprint: a `}` above may be one too many",
        ),
        (
            "each fiber { task s { call net.look(site: item.id) } }\ntask u after fiber.s { call net.look(site: first(fiber.s.note) ?? \"\") }".to_owned(),
            "BP0206: the blueprint has no item kind `fiber` → it has `ip` and `line`",
        ),
        (
            format!("{look}\ntask u after t and s {{ call net.look(site: \"x\") }}"),
            "BP0102: `and` begins nothing in the head of a task → tasks are separated by `,`",
        ),
        (
            format!("# at first\n{look}"),
            "BP0101: expected `accepts`, `order`, `item`, `each`, `task`, `milestone`, `on`, `deadline`, `one` or `return`, found `#` → a comment begins with `//`",
        ),
    ] {
        assert_eq!(said(&written), [expected], "{written}");
    }
}

#[test]
fn a_value_that_may_be_missing_twice_over_is_told_once() {
    let tasks = "  task a when order.contact != null { call net.look(site: order.site) }
  task b { call net.look(site: a.note) }";
    assert_eq!(said(tasks), ["BP0302: `a` may be missing → say what holds then: `a?.note ?? …`"]);
    assert_eq!(said(&tasks.replace("a.note", "a?.note ?? \"x\"")), Vec::<String>::new());
}

/// Members that reject too late, what the help says first, and the same members with that done to the letter.
#[track_caller]
fn leads_out(members: &str, help: &str, changes: &[(&str, &str)]) {
    let said = said(members);
    assert_eq!(said.len(), 1, "{said:#?}");
    let only = &said[0];
    assert!(only.starts_with("BP0404") && only.contains(&format!("→ {help}")), "{only}");
    let mended = changes.iter().fold(members.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in {text}");
        text.replace(from, to)
    });
    assert_eq!(self::said(&mended), Vec::<String>::new(), "{mended}");
    // The other way out is always the same.
    assert_eq!(
        self::said(&members.replace("else reject", "else rollback")),
        Vec::<String>::new(),
        "{members}"
    );
}

const REJECTING: &str =
    "task check { call net.look(site: order.site) ensure result.fits else reject \"no\" }";

/// A task that has an effect.
fn sets(head: &str) -> String {
    format!("task {head} {{ call net.set(site: order.site) undo net.unset(id: result.id) }}")
}

#[test]
fn what_may_be_done_too_early_is_made_to_wait_as_the_help_says() {
    let (a, b) = (sets("a"), sets("b"));
    leads_out(
        &format!("{REJECTING}\n{a}"),
        "let `a` wait: `after check`",
        &[("task a", "task a after check")],
    );
    leads_out(
        &format!("{REJECTING}\n{a}\n{b}\n{}", sets("c after b")),
        "let `a` and `b` wait: `after check`",
        &[("task a", "task a after check"), ("task b", "task b after check")],
    );
    leads_out(
        &format!("{REJECTING}\neach line {{ {a} }}"),
        "let `a` wait: `after check`",
        &[("task a", "task a after check")],
    );
    leads_out(
        &format!("each line {{ {REJECTING} }}\neach ip {{ {a} }}\n{b}"),
        "let `a` and `b` wait for all items: `after line.check`",
        &[("task a", "task a after line.check"), ("task b", "task b after line.check")],
    );
}

#[test]
fn what_is_done_for_another_item_waits_for_a_milestone_outside() {
    let (outside, done) =
        ("another item may be further on: say `milestone", "check_done after line.check` outside `each`");
    for head in ["a", "a after check"] {
        let same = format!("each line {{ {REJECTING}\n{} }}", sets(head));
        let waiting = if head == "a" { "task a after check_done" } else { "task a after check_done, check" };
        leads_out(
            &same,
            &format!("{outside} {done}, and let `a` wait: `after check_done`"),
            &[(head_of(head), waiting), ("each line", "milestone check_done after line.check\neach line")],
        );
    }
    let two_blocks =
        format!("each line {{ {REJECTING} }}\neach line where item.own {{ {} }}\n{}", sets("a"), sets("b"));
    leads_out(
        &two_blocks,
        &format!("{outside} {done}, and let `a` and `b` wait: `after check_done`"),
        &[
            ("task a", "task a after check_done"),
            ("task b", "task b after check_done"),
            ("each line {", "milestone check_done after line.check\neach line {"),
        ],
    );
    let name_taken = format!("each line {{ {REJECTING}\n{} }}\nmilestone check_done after line.a", sets("a"));
    leads_out(
        &name_taken,
        &format!(
            "{outside} check_done_2 after line.check` outside `each`, and let `a` wait: `after check_done_2`"
        ),
        &[
            ("task a", "task a after check_done_2"),
            ("each line", "milestone check_done_2 after line.check\neach line"),
        ],
    );
}

fn head_of(head: &str) -> &'static str {
    if head == "a" { "task a" } else { "task a after check" }
}

#[test]
fn what_has_been_done_before_can_only_be_rolled_back() {
    let help = "use `rollback`, which undoes what has been done";
    let rollback = [("else reject", "else rollback")];
    leads_out(
        &format!("{}\n{}", sets("a"), REJECTING.replace("task check", "task check after a")),
        help,
        &rollback,
    );
    let itself = "task a { call net.set(site: order.site) undo net.unset(id: result.id) ensure result.id != \"\" else reject }";
    leads_out(itself, help, &rollback);
}

#[test]
fn the_ways_to_name_a_task_of_an_item_do_not_lead_in_a_circle() {
    let inside = |after: &str| format!("each line {{ {REJECTING}\n{} }}", sets(&format!("a after {after}")));
    let said = said(&inside("line.check"));
    let of_naming = said.iter().find(|said| said.starts_with("BP0213")).unwrap();
    assert!(of_naming.ends_with(
        "to wait for all of them, say `milestone NAME after line.check` outside `each`, and wait for that"
    ));
    let mended = format!("milestone all after line.check\n{}", inside("all"));
    assert_eq!(self::said(&mended), Vec::<String>::new());
}
