//! What tasks can do besides calling once: read back, ask again and again, run other blueprints, stand alone, be late.

use expect_test::expect;

use crate::support::{compile, timeline};

const SYSTEMS: &str = r#"
system net {
  operation start(line: text) -> { service: text }
  operation stop(service: text)
  query     read(line: text) -> { state: one of "down", "up" }
}
"#;

/// What happens in the only test of a text, which must pass.
#[track_caller]
fn told(text: &str) -> String {
    let outcome = compile(&format!("{SYSTEMS}{text}")).1.remove(0);
    assert!(outcome.passed(), "{:#?}\n{}", outcome.failures, timeline(&outcome));
    timeline(&outcome)
}

/// A test of the blueprint `b` with two lines.
fn story(lines: &str) -> String {
    format!(
        r#"
test "a story" {{
  order {{ blueprint: "b", customer: {{ id: "C" }}, items: [
    {{ id: "1", offering: "L", action: add }}, {{ id: "2", offering: "L", action: add }}] }}
  {lines}
}}"#
    )
}

#[test]
fn a_call_without_an_answer_is_read_back() {
    let blueprint = r#"blueprint b version 1 { item line where true {}
      task start {
        call net.start(line: "1")
        timeout 10s  no retry
        verify net.read(line: "1") is result.state == "up"
        undo net.stop(service: result.service)
      } }"#;
    let lines = r#"net.start times out but is done once  net.read returns { state: "up" }
      expect order completed"#;
    expect![[r#"
        +0s | start calls net.start
        +10s | start: net.start gives no answer within 10s
        +10s | start may or may not be done: it waits for net.read to tell whether it was done
        +10s | start calls net.read, which answers {"state":"up"}
        +10s | start calls net.start, which answers {"service":"service-1"} (made up)
        +10s | the order is completed
    "#]]
    .assert_eq(&told(&format!("{blueprint}{}", story(lines))));
}

#[test]
fn a_poll_asks_until_the_answer_is_right() {
    let blueprint = r#"blueprint b version 1 { item line where true {}
      task prove { poll net.read(line: "1") every 10s until result.state == "up" within 1m } }"#;
    let lines = r#"net.read returns { state: "down" } 2 times  net.read returns { state: "up" }
      expect order completed  expect elapsed 20s"#;
    expect![[r#"
        +0s | prove calls net.read, which answers {"state":"down"}
        +10s | prove calls net.read, which answers {"state":"down"}
        +20s | prove calls net.read, which answers {"state":"up"}
        +20s | the order is completed
    "#]]
    .assert_eq(&told(&format!("{blueprint}{}", story(lines))));
}

#[test]
fn blueprints_that_tasks_run_are_told_and_reached() {
    let text = format!(
        r#"{SYSTEMS}
blueprint child(line: text) -> {{ service: text }} {{
  task start {{ call net.start(line: line)  undo net.stop(service: result.service)  on failure rollback }}
  return {{ service: start.service }}
}}
blueprint b version 1 {{ item line where true {{}}
  each line {{ task one {{ run child(line: item.id) }} }}
}}{}"#,
        story(
            r#"net.start refuses "no" at one[2]  expect one[1] succeeded  expect one[2] held  expect call net.start 2 times"#
        )
    );
    let outcome = compile(&text).1.remove(0);
    assert!(outcome.passed(), "{:#?}\n{}", outcome.failures, timeline(&outcome));
    expect![[r#"
        +0s | one[1] runs `child`
        +0s | one[2] runs `child`
        +0s | child.start calls net.start, which answers {"service":"service-1"} (made up)
        +0s | child.start calls net.start, which refuses: no
        +0s | the order of `child` answers {"service":"service-1"}
        +0s | the order of `child` is rolled back: no
        +0s | not done any more: child.start
        +0s | the order of `child` has failed: no
        +0s | one[1] is done
        +0s | one[2] fails: no
        +0s | one[2] is held: no
    "#]]
    .assert_eq(&timeline(&outcome));
    let reached: Vec<String> = outcome.reached.keys().map(ToString::to_string).collect();
    assert_eq!(reached, ["b@1", "child@1"]);
}

#[test]
fn an_isolated_item_fails_alone() {
    let blueprint = r#"blueprint b version 1 { item line where true {}
      each line on failure isolate { task start {
        call net.start(line: item.id)  undo net.stop(service: result.service) } } }"#;
    let lines = r#"net.start refuses "no" at start[2]
      expect order partial  expect start[1] succeeded  expect start[2] dropped"#;
    expect![[r#"
        +0s | start[1] calls net.start, which answers {"service":"service-1"} (made up)
        +0s | start[2] calls net.start, which refuses: no
        +0s | the order is rolled back for item 2: no
        +0s | not done any more: start[2]
        +0s | the order goes on without item 2: no
        +0s | the order is completed in part
    "#]]
    .assert_eq(&told(&format!("{blueprint}{}", story(lines))));
}

#[test]
fn an_order_that_takes_too_long_is_told_so() {
    let blueprint = r#"blueprint b version 1 { item line where true {}
      deadline 2d at risk after 1d on timeout rollback "it took too long"
      task start { call net.start(line: "1")  undo net.stop(service: result.service) }
      task wait_for after start { wait report { ok: bool } within 10d } }"#;
    let lines = "expect order failed  expect undone [start]  expect elapsed 2d";
    expect![[r#"
        +0s | start calls net.start, which answers {"service":"service-1"} (made up)
        +0s | wait_for waits for the signal `report`, until +10d at most
        +1d | the order may not be done in time
        +2d | the order has had its time
        +2d | the order is rolled back: it took too long (not done within 2d)
        +2d | not done any more: wait_for
        +2d | undo start calls net.stop, which is done
        +2d | the order has failed: it took too long (not done within 2d)
    "#]]
    .assert_eq(&told(&format!("{blueprint}{}", story(lines))));
}

#[test]
fn an_order_waits_for_its_start_date_in_no_time() {
    let blueprint = r#"blueprint b version 1 { item line where true {}  deadline 1h
      task start { call net.start(line: "1")  no undo "a trial" }
      task cool after start { sleep 2h } }"#;
    let test = r#"
test "a story" {
  order { blueprint: "b", customer: { id: "C" }, requested_start: "2026-03-04T09:00:00Z",
    items: [{ id: "1", offering: "L", action: add }] }
  expect order completed
  expect elapsed 58d2h
}"#;
    expect![[r#"
        +0s | the order waits until +58d
        +58d | the order may not be done in time: from `start` on it can't be done before 2026-03-04T11:00:00.000Z
        +58d | start calls net.start, which answers {"service":"service-1"} (made up)
        +58d | cool waits for 2h to pass, until +58d2h at most
        +58d1h | the order has had its time
        +58d2h | cool is done
        +58d2h | the order is completed
    "#]].assert_eq(&told(&format!("{blueprint}{test}")));
}
