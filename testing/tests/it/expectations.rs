//! What was expected against what came.

use expect_test::expect;

use crate::support::{failures, outcome, passes, timeline};

#[test]
fn every_expectation_that_is_not_met_is_told() {
    expect![[r#"
        expect order completed
          expected the order to be completed
          actual   it is held at `switch_on[1]`: the line is not up (port down); nothing in the test answers that
        expect switch_on succeeded
          expected `switch_on[1]` to be succeeded
          actual   it is held: the line is not up (port down)
        expect undone [reserve[1]]
          expected `reserve[1]` to be undone
          actual   it is succeeded
        expect untouched [reserve, switch_on]
          expected `switch_on[1]` to be done once and left alone
          actual   it is held
        expect customer status "Done"
          expected the customer to see "Done"
          actual   they see "Switching on"
        expect call net.switch_on(mbps: 300)
          expected `net.switch_on` to be called with {"mbps":300}
          actual   it was called 2 times, never so: with {"id":"id-1","mbps":100}, {"id":"id-2","mbps":200}
        expect call billing.start 2 times
          expected `billing.start` to be called 2 times
          actual   it was never called
        expect elapsed at most 1h
          expected the order to take at most 1h
          actual   it took 1d
    "#]].assert_eq(&failures(
        "net.switch_on refuses \"port down\" at switch_on[1]
         signal report { ok: true } at visit after 1d
         expect order completed
         expect switch_on succeeded
         expect undone [reserve[1]]
         expect untouched [reserve, switch_on]
         expect customer status \"Done\"
         expect call net.switch_on(mbps: 300)
         expect call billing.start 2 times
         expect elapsed at most 1h",
    ));
    expect![[r#"
        expect refused
          expected what is asked for to be refused
          actual   nothing was refused
    "#]]
    .assert_eq(&failures("cancel at check  expect refused  expect order cancelled"));
}

#[test]
fn the_line_at_which_an_order_goes_wrong_is_marked() {
    let told = timeline(&outcome(
        "net.switch_on refuses \"port down\" at switch_on[1]
         signal report { ok: true } at visit after 1d
         expect order completed",
    ));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":1} (made up)
        +0s | reserve[2] calls net.reserve, which answers {"id":"id-2","port":1} (made up)
        +0s > switch_on[1] calls net.switch_on, which refuses: port down
        +0s | the customer sees "Switching on"
        +0s | visit[2] waits for the signal `report`, until +2d at most
        +0s | switch_on[1] is held: the line is not up (port down)
        +0s | the customer sees "Checking"
        +1d | visit[2] takes the signal `report` {"ok":true}
        +1d | switch_on[2] calls net.switch_on, which answers {"service":"service-1"} (made up)
        +1d | the customer sees "Switching on"
        +1d | confirm[2] is skipped: `when reserve.port > 7` does not hold
    "#]]
    .assert_eq(&told);
}

#[test]
fn an_order_that_nobody_answers_is_told_with_what_it_waits_for() {
    expect![[r#"
        "a story"
          expected the order to end, or to be expected where it is
          actual   it is still held at `visit[2]`: nobody came (nothing came within 2d); nothing in the test answers that
    "#]].assert_eq(&failures("expect customer status \"Switching on\""));
    passes("expect order held");
    passes("expect visit[2] held");
}

#[test]
fn undos_are_written_in_an_order_that_the_plan_allows() {
    let rolled_back = "net.switch_on refuses \"port down\" at switch_on[1]
         signal report { ok: true } at visit
         operator rollback at switch_on[1]";
    passes(&format!("{rolled_back}\n expect undone [switch_on[2], reserve[2], reserve[1]]"));
    passes(&format!("{rolled_back}\n expect undone [reserve[1], switch_on[2], reserve[2]]"));
    expect![[r#"
        expect undone [switch_on, reserve[1]]
          expected `switch_on[1]` to be undone
          actual   it is dropped: the line is not up (port down)
        expect undone [switch_on, reserve[1]]
          expected `reserve[2]` not to be undone
          actual   it is undone
    "#]]
    .assert_eq(&failures(&format!("{rolled_back}\n expect undone [switch_on, reserve[1]]")));
}

#[test]
fn calls_are_counted_without_their_attempts() {
    let retried = "crm.check fails 2 times  signal report { ok: true } at visit";
    passes(&format!("{retried}  expect call crm.check once  expect call crm.check(customer: \"C-1\") once"));
    passes(&format!("{retried}  expect call net.reserve 2 times  expect call net.reserve(line: \"2\") once"));
    passes(&format!("{retried}  expect no call net.release  expect order completed"));
}
