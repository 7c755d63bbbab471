//! Orders that take a year, and polls that ask thousands of times: virtual time makes nothing of either.

use expect_test::expect;

use crate::support::{compile, timeline};

const SYSTEMS: &str = r#"
system net {
  operation start(line: text) -> { service: text }
  operation stop(service: text)
  query     read(line: text) -> { state: one of "down", "up" }
}
"#;

/// What happens in a test of a blueprint with these tasks, which must pass.
#[track_caller]
fn told(tasks: &str, order: &str, lines: &str) -> String {
    let text = format!(
        r#"{SYSTEMS}
blueprint b version 1 {{ item line where true {{}}
  {tasks}
}}
test "a story" {{
  order {{ blueprint: "b", customer: {{ id: "C" }}, {order} items: [{{ id: "1", offering: "L", action: add }}] }}
  {lines}
}}"#
    );
    let outcome = compile(&text).1.remove(0);
    assert!(outcome.passed(), "{:#?}", outcome.failures);
    timeline(&outcome)
}

#[test]
fn an_order_sleeps_waits_and_is_undone_years_later() {
    let tasks = r#"
      task start { call net.start(line: "1")  undo net.stop(service: result.service) }
      task rest after start { sleep 365d }
      task visit after rest { wait report { ok: bool } within 365d  on timeout rollback "nobody came" }"#;
    expect![[r#"
        +0s | the order waits until +365d
        +365d | start calls net.start, which answers {"service":"service-1"} (made up)
        +365d | rest waits for 365d to pass, until +730d at most
        +730d | rest is done
        +730d | visit waits for the signal `report`, until +1095d at most
        +1095d | visit times out: nothing came within 365d
        +1095d | the order is rolled back: nobody came (nothing came within 365d)
        +1095d | not done any more: visit
        +1095d | undo start calls net.stop, which is done
        +1095d | the order has failed: nobody came (nothing came within 365d)
    "#]]
    .assert_eq(&told(
        tasks,
        r#"requested_start: "2027-01-05T09:00:00Z","#,
        "expect order failed  expect undone [start]  expect elapsed 1095d",
    ));
}

#[test]
fn a_signal_on_the_last_day_of_a_year_is_in_time() {
    let told = told(
        "task visit { wait report { ok: bool } within 365d }",
        "",
        "signal report { ok: true } at visit after 364d  expect order completed  expect elapsed 364d",
    );
    assert!(told.contains("+364d | visit takes the signal `report`"), "{told}");
}

#[test]
fn a_poll_asks_every_hour_of_a_year() {
    let told = told(
        r#"task prove { poll net.read(line: "1") every 1h until result.state == "up" within 366d }"#,
        "",
        r#"net.read returns { state: "down" } 8760 times  net.read returns { state: "up" }
           expect order completed  expect elapsed 365d  expect call net.read 8761 times"#,
    );
    assert_eq!(told.matches("prove calls net.read").count(), 8_761);
}

#[test]
fn a_poll_asks_as_often_as_a_blueprint_may_say() {
    let most = model::limits::POLLS;
    let told = told(
        &format!(
            r#"task prove {{ poll net.read(line: "1") every 1m until result.state == "up" within {most}m
                             on timeout skip }}"#
        ),
        "",
        r#"net.read returns { state: "down" }  expect order completed  expect prove skipped"#,
    );
    assert_eq!(told.matches("prove calls net.read").count() as u64, most);
}
