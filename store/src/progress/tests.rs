//! What events do to an order of two tasks.

use model::{Actor, Value};

use super::*;

const FIRST: &str = "z_first";
const SECOND: &str = "a_second";

fn task(id: &str) -> TaskId {
    id.parse().unwrap()
}

/// An order of two tasks to which the facts have happened.
fn after(facts: Vec<Fact>) -> Progress {
    let order = OrderProgress {
        state: OrderState::Acknowledged,
        customer_status: None,
        blocked: None,
        reason: None,
        pending_until: None,
        pending_after: Vec::new(),
        paused_by: None,
        started_at: None,
        ended_at: None,
        at_risk_since: None,
        at_risk_reason: None,
        overdue_since: None,
        updated_at: Timestamp::EPOCH,
        next_event: 1,
    };
    let place = |(position, id)| {
        (
            task(id),
            PlacedTask { position, is_manual: false, progress: TaskProgress::new(None, Timestamp::EPOCH) },
        )
    };
    let mut progress = Progress {
        order,
        paused: None,
        tasks: (0..).zip([FIRST, SECOND]).map(place).collect(),
        items: ItemChanges::default(),
        proposals: BTreeMap::new(),
    };
    for fact in facts {
        let number = progress.order.next_event;
        progress.apply(&OrderEvent { number, at: Timestamp::EPOCH, fact }).unwrap();
    }
    progress
}

fn started(id: &str) -> Fact {
    let (waiting_for, until, call) = (None, None, Some("crm.check".to_owned()));
    Fact::TaskStarted { task: task(id), generation: 1, waiting_for, until, call, arguments: Value::Null }
}

fn held(id: &str) -> Fact {
    Fact::TaskHeld { task: task(id), reason: format!("{id} is odd"), hold_for: HoldFor::Customer }
}

fn order_held(id: &str) -> Fact {
    Fact::OrderHeld { task: task(id), reason: format!("{id} is odd"), hold_for: HoldFor::Customer }
}

fn acted(id: &str) -> Fact {
    let (action, by, note) = ("retry".to_owned(), Actor::new("grace"), String::new());
    Fact::OperatorActed {
        id: "op-1".parse().unwrap(),
        action,
        task: task(id),
        by,
        note,
        result: Value::Null,
        arguments: Value::Null,
    }
}

fn both_held() -> Vec<Fact> {
    vec![
        Fact::OrderStarted {},
        started(FIRST),
        started(SECOND),
        held(SECOND),
        order_held(SECOND),
        held(FIRST),
    ]
}

fn blocking(progress: &Progress) -> Option<String> {
    progress.order.blocked.as_ref().map(|blocked| blocked.task.to_string())
}

#[test]
fn the_first_held_task_of_the_plan_blocks_the_order() {
    let mut facts = both_held();
    assert_eq!(blocking(&after(facts.clone())).as_deref(), Some(FIRST));
    facts.push(acted(FIRST));
    assert_eq!(blocking(&after(facts.clone())).as_deref(), Some(SECOND), "it still needs its person");
    facts.extend([acted(SECOND), Fact::OrderResumed { state: OrderState::InProgress }]);
    assert_eq!(blocking(&after(facts)), None);
}

#[test]
fn an_order_that_turns_back_is_blocked_by_nothing() {
    let mut facts = both_held();
    facts.push(Fact::CancelRequested {
        id: "c-1".parse().unwrap(),
        by: Actor::new("webshop"),
        reason: "moved house".to_owned(),
    });
    assert_eq!(blocking(&after(facts.clone())).as_deref(), Some(FIRST), "the cancel may be refused");
    facts.push(Fact::CancelAccepted { id: "c-1".parse().unwrap() });
    let progress = after(facts);
    assert_eq!(blocking(&progress), None);
    assert!(progress.tasks.values().all(|task| task.progress.hold_for.is_none()));
}

#[test]
fn a_task_that_is_dropped_keeps_why_it_failed() {
    let progress = after(vec![
        Fact::OrderStarted {},
        started(FIRST),
        Fact::TaskFailed { task: task(FIRST), reason: "409 no port".to_owned() },
        Fact::OrderRollingBack { reason: "409 no port".to_owned() },
        Fact::TaskDropped { task: task(SECOND) },
        Fact::TaskDropped { task: task(FIRST) },
        Fact::OrderFailed { reason: "409 no port".to_owned() },
    ]);
    let reason = |id: &str| progress.tasks[&task(id)].progress.reason.as_deref();
    assert_eq!((reason(FIRST), reason(SECOND)), (Some("409 no port"), None));
}

#[test]
fn a_task_that_waits_to_be_begun_anew_has_no_beginning() {
    let progress = after(vec![
        Fact::OrderStarted {},
        started(FIRST),
        Fact::TaskSucceeded { task: task(FIRST), result: Value::Null },
        Fact::TaskUndoing { task: task(FIRST), call: "crm.forget".to_owned(), arguments: Value::Null },
        Fact::TaskUndone { task: task(FIRST) },
        Fact::TaskReplanned { task: task(FIRST) },
    ]);
    let first = &progress.tasks[&task(FIRST)].progress;
    assert_eq!((first.state, first.started_at, first.ended_at), (TaskState::Waiting, None, None));
}

#[test]
fn a_task_that_is_undone_keeps_the_arguments_of_its_call() {
    let undoing = Fact::TaskUndoing {
        task: task(FIRST),
        call: "crm.forget".to_owned(),
        arguments: Value::record([("customer_id", Value::text("C-1"))]),
    };
    let progress = after(vec![
        Fact::OrderStarted {},
        started(FIRST),
        Fact::TaskSucceeded { task: task(FIRST), result: Value::Null },
        undoing,
    ]);
    let undone = &progress.tasks[&task(FIRST)].progress;
    assert_eq!((undone.call.as_deref(), undone.begun_event), (Some("crm.check"), Some(2)));
    assert_eq!(undone.undo_call.as_deref(), Some("crm.forget"));
}

#[test]
fn while_it_is_found_out_whether_it_was_done_a_task_says_what_it_waits_for() {
    let unknown = |waiting_for: Option<&str>| Fact::TaskOutcomeUnknown {
        task: task(FIRST),
        reason: "no answer".to_owned(),
        waiting_for: waiting_for.map(str::to_owned),
    };
    let mut facts = vec![Fact::OrderStarted {}, started(FIRST), unknown(Some("crm.find to tell"))];
    let first = |facts: &Vec<Fact>| after(facts.clone()).tasks.remove(&task(FIRST)).unwrap().progress;
    let asked = first(&facts);
    assert_eq!((asked.state, asked.waiting_for.as_deref()), (TaskState::Unknown, Some("crm.find to tell")));
    facts.push(unknown(None));
    assert_eq!(first(&facts).waiting_for, None);
}

#[test]
fn an_event_that_cannot_follow_changes_nothing() {
    let mut progress = after(vec![Fact::OrderStarted {}, Fact::OrderCompleted {}]);
    let before = progress.order.clone();
    for fact in [
        order_held(FIRST),
        Fact::OrderPending { until: Some(Timestamp::EPOCH), after: Vec::new() },
        started("nobody"),
    ] {
        let event = OrderEvent { number: 3, at: Timestamp::from_millis(9), fact };
        assert!(progress.apply(&event).is_err(), "{event:?}");
        assert_eq!(progress.order, before);
    }
}
