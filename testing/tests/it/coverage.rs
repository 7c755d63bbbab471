//! What tests reach of a blueprint.

use expect_test::expect;

use crate::support::{coverage, coverage_of};

#[test]
fn what_no_test_has_come_to_is_told_with_its_place() {
    let document =
        coverage(&[("all is well", "signal report { ok: true } at visit  expect order completed")]);
    let coverage = &document.coverage.as_ref().unwrap()[0];
    expect![[r#"
        {
          "blueprint": "shop@1",
          "tests": 1,
          "whole": {
            "reached": 10,
            "of": 20,
            "percent": 50
          },
          "tasks": {
            "reached": 6,
            "of": 7,
            "percent": 85
          },
          "guards": {
            "reached": 4,
            "of": 6,
            "percent": 66
          },
          "ensures": {
            "reached": 0,
            "of": 2,
            "percent": 0
          },
          "undos": {
            "reached": 0,
            "of": 2,
            "percent": 0
          },
          "reactions": {
            "reached": 0,
            "of": 3,
            "percent": 0
          },
          "missed": [
            {
              "kind": "guards",
              "name": "item gift",
              "file": "shop.blueprint",
              "line": 15
            },
            {
              "kind": "ensures",
              "name": "check: ensure result.eligible fails",
              "file": "shop.blueprint",
              "line": 23
            },
            {
              "kind": "reactions",
              "name": "reserve: else call net.reserve",
              "file": "shop.blueprint",
              "line": 29
            },
            {
              "kind": "undos",
              "name": "reserve: undo net.release",
              "file": "shop.blueprint",
              "line": 32
            },
            {
              "kind": "ensures",
              "name": "visit: ensure result.ok fails",
              "file": "shop.blueprint",
              "line": 36
            },
            {
              "kind": "reactions",
              "name": "visit: on timeout",
              "file": "shop.blueprint",
              "line": 37
            },
            {
              "kind": "undos",
              "name": "switch_on: undo net.switch_off",
              "file": "shop.blueprint",
              "line": 43
            },
            {
              "kind": "reactions",
              "name": "switch_on: on failure",
              "file": "shop.blueprint",
              "line": 44
            },
            {
              "kind": "tasks",
              "name": "confirm",
              "file": "shop.blueprint",
              "line": 47
            },
            {
              "kind": "guards",
              "name": "confirm: when reserve.port > 7: holds",
              "file": "shop.blueprint",
              "line": 47
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(coverage).unwrap());
}

#[test]
fn every_kind_of_spot_can_be_reached() {
    let document = coverage(&[
        (
            "the happy path",
            "net.reserve returns { port: 9 } once
            signal report { ok: true } at visit  complete confirm[1] { said: \"fine\" }
            expect order completed",
        ),
        ("not eligible", "crm.check returns { eligible: false }  expect order rejected"),
        ("no port", "net.reserve refuses \"full\" at reserve[1]  expect order failed"),
        ("nobody came", "operator rollback at visit  expect order failed"),
        (
            "it went wrong",
            "signal report { ok: false } at visit  operator rollback at visit  expect order failed",
        ),
        (
            "not up",
            "signal report { ok: true } at visit
            net.switch_on refuses \"down\" at switch_on[1]  operator rollback at switch_on[1]
            expect order failed",
        ),
    ]);
    let failed: Vec<_> = document.tests.iter().flat_map(|test| &test.failures).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let missed: Vec<_> =
        document.coverage.unwrap()[0].missed.iter().map(|missed| missed.name.clone()).collect();
    assert_eq!(missed, ["item gift"], "the order has none");
}

/// What no test has come to, of a blueprint that has tests of its own.
fn missed(text: &str) -> Vec<String> {
    let document = coverage_of(text);
    let failed: Vec<_> = document.tests.iter().flat_map(|test| &test.failures).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    document.coverage.unwrap()[0].missed.iter().map(|missed| missed.name.clone()).collect()
}

#[test]
fn both_answers_of_a_verify_are_to_be_seen() {
    let blueprint = |tests: &str| {
        format!(
            r#"
system net {{
  operation start(line: text) -> {{ service: text }}
  query read(line: text) -> {{ service: text, up: bool }}
}}
blueprint line version 1 {{
  item line where true {{ }}
  on failure hold
  task start {{
    call net.start(line: order.id)
    no retry
    verify net.read(line: order.id) is result.up
    no undo "it is switched off by hand"
    on timeout hold "nobody knows"
  }}
}}
{tests}"#
        )
    };
    let test = |name: &str, says: &str| {
        format!(
            "test \"{name}\" {{ order {{ blueprint: \"line\", customer: {{ id: \"C\" }}, items: [{{ id: \"1\", offering: \"L\", action: add }}] }} {says} }}\n"
        )
    };
    let nothing = test("no trouble", "expect order completed");
    let (done, not_done) = ("start: verify net.read: done", "start: verify net.read: not done");
    assert_eq!(missed(&blueprint(&nothing)), [not_done, done, "start: on timeout"]);
    let found = test(
        "found",
        "net.start times out but is done once  net.read returns { up: true }  expect order completed",
    );
    assert_eq!(missed(&blueprint(&found)), [not_done, "start: on timeout"]);
    let lost = test("lost", "net.start times out  net.read returns { up: false }  expect start held");
    assert_eq!(missed(&blueprint(&lost)), [done]);
    // Nobody can tell, and the blueprint is not asked: an operator is.
    let mute = test("mute", "net.start times out  net.read refuses \"no\"  expect start held");
    assert_eq!(missed(&blueprint(&mute)), [not_done, done, "start: on timeout"]);
}

#[test]
fn a_rollback_that_is_held_past_a_point_of_no_return_is_not_reached() {
    let text = |first: &str| {
        format!(
            r#"
system net {{ operation start(line: text)  query read(line: text) }}
blueprint line version 1 {{
  item line where true {{ }}
  on failure hold
  task start {{ call net.start(line: order.id)  {first} }}
  task read after start {{ call net.read(line: order.id)  on failure rollback "gone" }}
}}
test "gone" {{
  order {{ blueprint: "line", customer: {{ id: "C" }}, items: [{{ id: "1", offering: "L", action: add }}] }}
  net.read refuses "no such line"
  {}
}}"#,
            if first == "point of no return" { "expect read held" } else { "expect order failed" }
        )
    };
    assert_eq!(missed(&text("no undo \"by hand\"")), Vec::<String>::new());
    assert_eq!(missed(&text("point of no return")), ["read: on failure"]);
}
