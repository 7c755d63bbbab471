//! How systems answer: made-up values, stubs, and attempts under the policy of a task.

use expect_test::expect;

use crate::support::{outcome, passes, timeline};

const REPORT: &str = "signal report { ok: true } at visit";

#[test]
fn what_is_not_said_is_made_up_and_time_only_passes_where_something_waits() {
    let told = timeline(&passes(&format!("{REPORT} after 3h\n expect order completed\n expect elapsed 3h")));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":1} (made up)
        +0s | reserve[2] calls net.reserve, which answers {"id":"id-2","port":1} (made up)
        +0s | switch_on[1] calls net.switch_on, which answers {"service":"service-1"} (made up)
        +0s | the customer sees "Switching on"
        +0s | visit[2] waits for the signal `report`, until +2d at most
        +0s | confirm[1] is skipped: `when reserve.port > 7` does not hold
        +3h | visit[2] takes the signal `report` {"ok":true}
        +3h | switch_on[2] calls net.switch_on, which answers {"service":"service-2"} (made up)
        +3h | confirm[2] is skipped: `when reserve.port > 7` does not hold
        +3h | bill calls billing.start, which is done
        +3h | done is reached
        +3h | the customer sees "Done"
        +3h | the order is completed
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_system_that_fails_is_asked_again_as_the_task_says() {
    let told = timeline(&passes(&format!(
        "net.switch_on fails \"busy\" 2 times at switch_on[1]\n {REPORT}
         expect order completed  expect elapsed 30s  expect call net.switch_on(mbps: 100) once"
    )));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":1} (made up)
        +0s | reserve[2] calls net.reserve, which answers {"id":"id-2","port":1} (made up)
        +0s | switch_on[1] calls net.switch_on, which fails: busy
        +0s | the customer sees "Switching on"
        +0s | visit[2] waits for the signal `report`, until +2d at most
        +0s | visit[2] takes the signal `report` {"ok":true}
        +0s | switch_on[2] calls net.switch_on, which answers {"service":"service-1"} (made up)
        +0s | confirm[2] is skipped: `when reserve.port > 7` does not hold
        +10s | switch_on[1] calls net.switch_on again (attempt 2 of 3), which fails: busy
        +30s | switch_on[1] calls net.switch_on again (attempt 3 of 3), which answers {"service":"service-2"} (made up)
        +30s | confirm[1] is skipped: `when reserve.port > 7` does not hold
        +30s | bill calls billing.start, which is done
        +30s | done is reached
        +30s | the customer sees "Done"
        +30s | the order is completed
    "#]]
    .assert_eq(&told);
}

#[test]
fn stubs_answer_in_their_order_until_each_is_used_up() {
    // The first line gets the first answer, the second one every other.
    let told = timeline(&passes(
        "net.reserve returns { port: 8 } once  net.reserve fails \"full\"  expect order failed",
    ));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":8} (made up in part)
        +0s | reserve[2] calls net.reserve, which fails: full
        +0s | switch_on[1] calls net.switch_on, which answers {"service":"service-1"} (made up)
        +0s | the customer sees "Switching on"
        +0s | confirm[1] waits for sales: Call the customer, until +1d at most
        +2s | reserve[2] calls net.reserve again (attempt 2 of 2), which fails: full
        +2s | reserve[2] calls net.reserve, which fails: full
        +4s | reserve[2] calls net.reserve again (attempt 2 of 2), which fails: full
        +4s | the order is rolled back: full
        +4s | not done any more: confirm[1], reserve[2], visit[2], switch_on[2], confirm[2], bill, done
        +4s | undo switch_on[1] calls net.switch_off, which is done
        +4s | the customer sees nothing any more
        +4s | undo reserve[1] calls net.release, which is done
        +4s | the order has failed: full
    "#]]
    .assert_eq(&told);
}

#[test]
fn an_attempt_without_an_answer_takes_its_whole_timeout_and_the_effect_is_there_once() {
    // Three attempts of a minute, with pauses of 10 s and 20 s. Then the order asks again before it takes it back.
    let told = timeline(&outcome(&format!(
        "net.switch_on times out but is done 3 times at switch_on[1]\n {REPORT}
         operator rollback at switch_on[1]
         expect order failed  expect undone [switch_on, reserve]  expect elapsed 3m30s"
    )));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":1} (made up)
        +0s | reserve[2] calls net.reserve, which answers {"id":"id-2","port":1} (made up)
        +0s | switch_on[1] calls net.switch_on
        +0s | the customer sees "Switching on"
        +0s | visit[2] waits for the signal `report`, until +2d at most
        +0s | visit[2] takes the signal `report` {"ok":true}
        +0s | switch_on[2] calls net.switch_on, which answers {"service":"service-1"} (made up)
        +0s | confirm[2] is skipped: `when reserve.port > 7` does not hold
        +1m | switch_on[1]: net.switch_on gives no answer within 1m
        +1m10s | switch_on[1] calls net.switch_on again (attempt 2 of 3)
        +2m10s | switch_on[1]: net.switch_on gives no answer within 1m
        +2m30s | switch_on[1] calls net.switch_on again (attempt 3 of 3)
        +3m30s | switch_on[1]: net.switch_on gives no answer within 1m
        +3m30s | switch_on[1] may or may not be done
        +3m30s | switch_on[1] is held: the line is not up (no answer within 1m; it may or may not have been done)
        +3m30s | an operator asks for a rollback of switch_on[1]
        +3m30s | the order is rolled back: rolled back by test: a story (the line is not up (no answer within 1m; it may or may not have been done))
        +3m30s | not done any more: confirm[1], bill, done
        +3m30s | undo switch_on[2] calls net.switch_off, which is done
        +3m30s | switch_on[1] calls net.switch_on, which answers {"service":"service-2"} (made up)
        +3m30s | the customer sees nothing any more
        +3m30s | undo reserve[2] calls net.release, which is done
        +3m30s | undo switch_on[1] calls net.switch_off, which is done
        +3m30s | undo reserve[1] calls net.release, which is done
        +3m30s | the order has failed: rolled back by test: a story (the line is not up (no answer within 1m; it may or may not have been done))
    "#]].assert_eq(&told);
}

#[test]
fn an_answer_that_comes_too_late_is_none() {
    let outcome =
        outcome(&format!("crm.check takes 6s\n {REPORT}\n expect order failed\n expect elapsed 17s"));
    expect![[r#"
        +0s | check calls crm.check
        +0s | the customer sees "Checking"
        +5s | check: crm.check gives no answer within 5s
        +6s | check calls crm.check again (attempt 2 of 3)
        +11s | check: crm.check gives no answer within 5s
        +12s | check calls crm.check again (attempt 3 of 3)
        +17s | check: crm.check gives no answer within 5s
        +17s | the order is rolled back: no answer within 5s
        +17s | not done any more: check, reserve[1], switch_on[1], confirm[1], reserve[2], visit[2], switch_on[2], confirm[2], bill, done
        +17s | the customer sees nothing any more
        +17s | the order has failed: no answer within 5s
    "#]].assert_eq(&timeline(&outcome));
}

#[test]
fn a_refusal_is_final_and_the_fallback_is_called() {
    let told = timeline(&passes(&format!(
        "net.reserve refuses \"no such line\" once\n {REPORT}
         expect order completed\n expect call net.reserve(line: \"any\") once"
    )));
    assert!(told.contains("| reserve[1] calls net.reserve, which refuses: no such line\n"), "{told}");
}

#[test]
fn no_further_attempt_is_made_when_the_order_has_turned_round() {
    let told = timeline(&passes(
        "net.switch_on fails \"busy\" 2 times at switch_on[1]
         cancel at switch_on[1] after 5s
         expect order cancelled
         expect call net.switch_on once",
    ));
    expect![[r#"
        +0s | check calls crm.check, which answers {"eligible":true,"reason":"reason-1"} (made up)
        +0s | the customer sees "Checking"
        +0s | reserve[1] calls net.reserve, which answers {"id":"id-1","port":1} (made up)
        +0s | reserve[2] calls net.reserve, which answers {"id":"id-2","port":1} (made up)
        +0s | switch_on[1] calls net.switch_on, which fails: busy
        +0s | the customer sees "Switching on"
        +0s | visit[2] waits for the signal `report`, until +2d at most
        +5s | the order is to be cancelled: a story
        +5s | the order is undone, because it is cancelled
        +5s | not done any more: confirm[1], visit[2], switch_on[2], confirm[2], bill, done
        +5s | undo reserve[2] calls net.release, which is done
        +5s | the customer sees nothing any more
        +5s | not done any more: switch_on[1]
        +5s | undo reserve[1] calls net.release, which is done
        +5s | the order is cancelled
    "#]]
    .assert_eq(&told);
}
