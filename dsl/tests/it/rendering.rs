//! Diagnostics as people see them.

use dsl::render_terminal;
use expect_test::{Expect, expect};

use super::compile;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let compiled = compile(text);
    expected.assert_eq(&render_terminal(&compiled.diagnostics, &compiled.sources, false));
}

/// A blueprint of the given tasks over a small network.
fn tasks(tasks: &str) -> String {
    format!(
        "system net {{
  query read(id: text) -> {{ state: text, light: decimal? }}
  operation reserve(site: text, count: int = 1) -> {{ id: text, unit: text }}
  operation release(id: text)
}}
blueprint example version 1 {{
  order {{ site: text, contact: text? }}
  item line where item.offering == \"LINE\" {{ own: bool = false }}
{tasks}
}}
"
    )
}

#[test]
fn a_misspelt_name_is_shown_with_what_was_meant_and_where_it_is() {
    check(
        &tasks(
            "  task look { call net.raed(id: order.site) }\n  task more { call net.read(di: order.stie) }",
        ),
        expect![[r#"
            error[BP0203]: the system `net` has no operation `raed`
              ╭▸ test.blueprint:9:24
              │
            1 │ system net {
              │        ─── `net` is declared here
              ┆
            9 │   task look { call net.raed(id: order.site) }
              │                        ━━━━
              │
              ╰ help: did you mean `read`?

            error[BP0204]: `net.read` takes no argument `di`
               ╭▸ test.blueprint:10:29
               │
             2 │   query read(id: text) -> { state: text, light: decimal? }
               │         ──── declared here
               ┆
            10 │   task more { call net.read(di: order.stie) }
               │                             ━━
               │
               ╰ help: did you mean `id`?

            error[BP0208]: there is no field `stie`
               ╭▸ test.blueprint:10:39
               │
            10 │   task more { call net.read(di: order.stie) }
               │                                       ━━━━
               │
               ╰ help: did you mean `site`?

            3 errors
        "#]],
    );
}

#[test]
fn a_circle_is_shown_as_a_path() {
    check(
        &tasks(
            "  task a after c { call net.read(id: \"x\") }
  task b { call net.read(id: a.state) }
  task c { call net.read(id: \"{b.state}\") }",
        ),
        expect![[r#"
            error[BP0401]: tasks wait for each other in a circle: `a` → `c` → `b` → `a`
               ╭▸ test.blueprint:9:16
               │
             9 │   task a after c { call net.read(id: "x") }
               │                ━ `a` waits for `c`
            10 │   task b { call net.read(id: a.state) }
               │                              ─ `b` waits for `a`
            11 │   task c { call net.read(id: "{b.state}") }
               ╰╴                               ─ `c` waits for `b`

            1 error
        "#]],
    );
}

#[test]
fn a_result_that_may_be_missing_says_why() {
    check(
        &tasks(
            "  each line {
    task reserve when not item.own {
      call net.reserve(site: order.site)
      undo net.release(id: result.id)
    }
    task look { call net.read(id: reserve.id) }
  }",
        ),
        expect![[r#"
            error[BP0302]: `reserve` may be missing
               ╭▸ test.blueprint:14:35
               │
            10 │     task reserve when not item.own {
               │                  ───────────────── `reserve` may be skipped
               ┆
            14 │     task look { call net.read(id: reserve.id) }
               │                                   ━━━━━━━
               │
               ╰ help: say what holds then: `reserve?.id ?? …`

            1 error
        "#]],
    );
}

#[test]
fn an_effect_without_an_undo_is_told_what_it_can_say() {
    check(
        &tasks("  task reserve { call net.reserve(site: order.site) }"),
        expect![[r#"
        error[BP0402]: `net.reserve` changes something, and the task does not say how to take it back
          ╭▸ test.blueprint:9:23
          │
        9 │   task reserve { call net.reserve(site: order.site) }
          │                       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
          │
          ╰ help: add `undo system.operation(…)`, `no undo "why"` or `point of no return`

        1 error
    "#]],
    );
}

#[test]
fn a_late_reject_shows_what_may_have_been_done() {
    check(
        &tasks(
            "  task reserve { call net.reserve(site: order.site)  undo net.release(id: result.id) }
  task look { call net.read(id: \"x\")  ensure result.state == \"ok\" else reject \"it is {result.state}\" }",
        ),
        expect![[r#"
            error[BP0404]: `reserve` may have been done by then
               ╭▸ test.blueprint:10:72
               │
             9 │   task reserve { call net.reserve(site: order.site)  undo net.release(id: result.id) }
               │        ─────── this does not wait for `look`
            10 │   task look { call net.read(id: "x")  ensure result.state == "ok" else reject "it is {result.state}" }
               │                                                                        ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ the order is rejected here
               │
               ╰ help: let `reserve` wait: `after look`; or use `rollback`, which undoes what has been done

            1 error
        "#]],
    );
}

#[test]
fn one_broken_task_does_not_hide_what_is_wrong_with_the_next() {
    check(
        &tasks(
            "  task first {
    call net.read(id: \"x\"
    retyr 3 times
    timeout \"30s\"
  }
  tsak second { call net.read(id: \"x\") }
  task third after second { call net.read(id: first.state, speed: 1) }",
        ),
        expect![[r#"
            error[BP0101]: expected `)` or `,`, found `retyr`
               ╭▸ test.blueprint:11:5
               │
            11 │     retyr 3 times
               ╰╴    ━━━━━

            error[BP0104]: expected a duration, found the text "30s"
               ╭▸ test.blueprint:12:13
               │
            12 │     timeout "30s"
               │             ━━━━━
               │
               ╰ help: write `30s`, without quotes

            error[BP0102]: `tsak` begins nothing in a blueprint
               ╭▸ test.blueprint:14:3
               │
            14 │   tsak second { call net.read(id: "x") }
               │   ━━━━
               │
               ╰ help: did you mean `task`?

            error[BP0204]: `net.read` takes no argument `speed`
               ╭▸ test.blueprint:15:60
               │
             2 │   query read(id: text) -> { state: text, light: decimal? }
               │         ──── declared here
               ┆
            15 │   task third after second { call net.read(id: first.state, speed: 1) }
               ╰╴                                                           ━━━━━

            4 errors
        "#]],
    );
}

#[test]
fn a_missing_brace_is_found_where_the_next_thing_begins() {
    check(
        &tasks("  task first {\n    call net.read(id: \"x\")\n  task second { call net.read(id: \"y\") }"),
        expect![[r#"
        error[BP0103]: expected `}`, found `task`
           ╭▸ test.blueprint:11:3
           │
         9 │   task first {
           │              ─ this block is not closed
        10 │     call net.read(id: "x")
        11 │   task second { call net.read(id: "y") }
           ╰╴  ━━━━

        1 error
    "#]],
    );
}

#[test]
fn control_sequences_of_a_file_do_not_reach_the_terminal() {
    let compiled = compile("type A = \u{1b}[31m\u{7}");
    let shown = render_terminal(&compiled.diagnostics, &compiled.sources, false);
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

#[test]
fn several_files_are_named() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let compiled =
        dsl::Library::compile(&[file("a.blueprint", "type A = text"), file("b.blueprint", "type A = int")]);
    expect![[r#"
        error[BP0210]: the type `A` is declared twice
          ╭▸ b.blueprint:1:6
          │
        1 │ type A = int
          │      ━ declared again here
          │
          ⸬  a.blueprint:1:6
          │
        1 │ type A = text
          ╰╴     ─ declared first here

        1 error
    "#]]
    .assert_eq(&render_terminal(&compiled.diagnostics, &compiled.sources, false));
}
