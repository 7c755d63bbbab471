//! What happens from outside, and when.

use expect_test::expect;

use crate::support::{failures, passes, timeline};

#[test]
fn steps_at_one_task_take_turns_with_its_beginnings() {
    let told = timeline(&passes(
        "signal report { ok: false } at visit after 1d
         operator retry at visit after 1h
         signal report { ok: true } at visit after 1d
         expect order completed
         expect elapsed 49h",
    ));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":1} (made up)
        +0s | reserve[2] calls net.reserve, which answers {"id":"id-2","port":1} (made up)
        +0s | switch_on[1] calls net.switch_on, which answers {"service":"service-1"} (made up)
        +0s | the customer sees "Switching on"
        +0s | visit[2] waits for the signal `report`, until +2d at most
        +0s | confirm[1] is skipped: `when reserve.port > 7` does not hold
        +1d | visit[2] takes the signal `report` {"ok":false}
        +1d | visit[2] fails: `result.ok` does not hold
        +1d | visit[2] is held for the customer: the visit went wrong
        +1d1h | an operator asks for a retry of visit[2]
        +1d1h | visit[2] waits for the signal `report`, until +3d1h at most
        +2d1h | visit[2] takes the signal `report` {"ok":true}
        +2d1h | switch_on[2] calls net.switch_on, which answers {"service":"service-2"} (made up)
        +2d1h | confirm[2] is skipped: `when reserve.port > 7` does not hold
        +2d1h | bill calls billing.start, which is done
        +2d1h | done is reached
        +2d1h | the customer sees "Done"
        +2d1h | the order is completed
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_person_completes_a_task() {
    let told = timeline(&passes(
        "net.reserve returns { port: 9 }
         signal report { ok: true } at visit
         complete confirm { said: \"fine\" } after 2h
         expect order completed  expect elapsed 2h",
    ));
    assert!(told.contains("confirm[2] is said to be done: {\"said\":\"fine\"}"), "{told}");
}

#[test]
fn a_cancel_finds_its_task_under_way() {
    passes("cancel at reserve[1]  expect order cancelled  expect undone [reserve]");
    passes("signal report { ok: true } at visit  cancel at bill  expect refused  expect order completed");
}

#[test]
fn a_step_that_never_happens_is_a_failure() {
    expect![[r#"
        operator retry at switch_on[1]
          expected the operator's `retry` at `switch_on[1]` to happen
          actual   `switch_on[1]` was never held: in the end it is succeeded
    "#]]
    .assert_eq(&failures(
        "signal report { ok: true } at visit
         operator retry at switch_on[1]
         expect order completed",
    ));
}

#[test]
fn what_is_refused_is_told() {
    expect![[r#"
        cancel at done
          expected it to be accepted, as the test does not `expect refused`
          actual   it is refused: the order has ended: it is completed
    "#]]
    .assert_eq(&failures(
        "signal report { ok: true } at visit
         cancel at done
         expect order completed",
    ));
}

#[test]
fn amendments_stack_and_touch_what_reads_what_they_change() {
    passes(
        "amend at reserve[2] { items[\"2\"].attributes.mbps: 400 }
         amend at visit after 1h { items[\"1\"].attributes.mbps: 300 }
         signal report { ok: true } at visit after 2h
         expect order completed
         expect untouched [check, reserve, visit[2]]
         expect call net.switch_on(mbps: 300) once
         expect call net.switch_on(mbps: 400) once
         expect call net.switch_off once",
    );
}

#[test]
fn an_amendment_that_comes_too_late_is_refused() {
    expect![[r#"
        amend at done { items["1"].attributes.mbps: 300 }
          expected it to be accepted, as the test does not `expect refused`
          actual   it is refused: the order has ended: it is completed
    "#]]
    .assert_eq(&failures(
        "signal report { ok: true } at visit
         amend at done { items[\"1\"].attributes.mbps: 300 }
         expect order completed",
    ));
}

#[test]
fn an_operator_does_all_that_can_be_done_about_a_held_task() {
    let held = "net.switch_on refuses \"port down\" at switch_on[1]  signal report { ok: true } at visit";
    let told = timeline(&passes(&format!(
        "{held}
         operator complete {{ service: \"S-1\" }} at switch_on[1] after 1h
         expect order completed  expect elapsed 1h"
    )));
    assert!(told.contains("switch_on[1] is said to be done: {\"service\":\"S-1\"}"), "{told}");
    passes(&format!(
        "{held}
         operator skip at switch_on[1]
         expect switch_on[1] skipped  expect order completed"
    ));
    passes(
        "net.switch_on refuses \"port down\" once at switch_on[1]  signal report { ok: true } at visit
         operator retry { mbps: 50 } at switch_on[1]
         expect call net.switch_on(mbps: 50) once  expect order completed",
    );
}

#[test]
fn what_an_undo_does_not_take_back_is_seen_to() {
    let stuck =
        "net.release refuses \"locked\" at reserve[1]  cancel at visit after 1h  expect order cancelled";
    passes(&format!("{stuck}  operator undone at reserve[1]  expect residue []"));
    passes(&format!("{stuck}  operator accept at reserve[1]  expect residue [reserve[1]]"));
    expect![[r#"
        expect residue [reserve[2]]
          expected what `reserve[2]` left to be accepted
          actual   it is undone, and nothing of it was accepted
        expect residue [reserve[2]]
          expected nothing to be left of `reserve[1]`
          actual   it is left as residue
    "#]]
    .assert_eq(&failures(&format!("{stuck}  operator accept at reserve[1]  expect residue [reserve[2]]")));
}

#[test]
fn a_paused_order_goes_on_when_it_is_resumed() {
    passes(
        "pause at visit after 1h  signal report { ok: true } at visit after 2h  resume at visit after 5h
         expect order completed  expect elapsed 5h",
    );
    passes("pause after 1h  signal report { ok: true } at visit after 2h  expect order held");
    passes("resume at visit  signal report { ok: true } at visit  expect refused  expect order completed");
}

#[test]
fn what_comes_twice_changes_nothing() {
    passes(
        "signal report { ok: true } at visit after 1d twice
         cancel at bill twice
         expect refused  expect order completed  expect call net.switch_on 2 times",
    );
}

#[test]
fn an_item_is_cancelled_as_far_as_it_is_kept_apart() {
    expect![[r#"
        cancel item 2 at visit
          expected it to be accepted, as the test does not `expect refused`
          actual   it is refused: the item `2` can't be cancelled alone: `reserve[2]` is not in an `each … on failure isolate`. Cancel or amend the order
    "#]]
    .assert_eq(&failures(
        "cancel item 2 at visit  signal report { ok: true } at visit  expect item 2 completed",
    ));
    expect![[r#"
        expect item 2 cancelled
          expected item 2 to be cancelled
          actual   it is completed
        expect customer status of item 1 "Done"
          expected the customer to see "Done" of item 1
          actual   they see "Switching on"
    "#]]
    .assert_eq(&failures(
        "signal report { ok: true } at visit
         expect item 2 cancelled
         expect customer status of item 1 \"Done\"",
    ));
}
