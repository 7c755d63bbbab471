//! The rules that always hold, each by a name of its own and in the words of the documentation.
//!
//! They compare what the engine did with what the [reference](crate::reference) allows, and with what the simulated
//! systems hold. None of them looks at how the engine came to it.

use std::collections::BTreeSet;

use engine::{Assessment, CallEffect, Effect, Event, Handled, Rejected, Run, RunView, TimerId};
use model::{Direction, Fact, OrderState, TaskId, TaskState, Timestamp, Verdict};
use plan::TaskIndex;

use crate::blueprint::BodySpec;
use crate::ledger::Purpose;
use crate::reference::{Reference, Task, effects};
use crate::system::{Handling, Order, Place, ROOT, System};

/// Rule 1: "No task starts before everything it depends on has succeeded or been skipped." Or has gone with an item that
/// failed alone. A call that is made again under its key, to learn what became of it, does not start.
pub(crate) fn nothing_starts_before_its_dependencies(reference: &Reference, fact: &Fact) {
    let Fact::TaskStarted { task, generation, .. } = fact else { return };
    if reference.generations.get(task) == Some(generation) {
        return;
    }
    let through = reference.through();
    for before in &reference.task(task).after {
        assert!(through.contains(before), "{task} has begun, and {before} is {}", reference.state(before));
    }
}

/// Rule 2: "every effect that had an undo is undone exactly once, after everything that depended on it was undone." Asserted
/// when the undo is sent; that it is done once, the ledger asserts.
pub(crate) fn undone_only_after_what_was_built_on_it(system: &System, place: Place, call: &CallEffect) {
    if Purpose::of(call) != Purpose::Undo {
        return;
    }
    let (mut place, mut task) = (place, call.task.clone());
    undone_only_if_asked(&system.orders[place].reference, &task);
    loop {
        let order = &system.orders[place];
        // An amendment takes back single tasks, and leaves those after them that read the same all the same.
        let amended = order.reference.amendments > 0 && !order.reference.goes_back;
        if !amended && !is_taken_back_by_an_amendment(&order.run, &task) {
            let later = order.reference.later(&task);
            for deed in system.ledger.held(order.run.order_id()) {
                let built = later.contains(&deed.task) && order.reference.task(&deed.task).has_undo();
                assert!(!built, "{task} is undone before {}, which depends on it", deed.task);
            }
        }
        // What an amendment that was handed on takes back alone may cross a cancel of the parent.
        if order.reference.amendments > 0 && !order.reference.goes_back {
            return;
        }
        // What was built on an order that a task runs is undone before it, too.
        let Some((parent, _, run_by)) = &order.part_of else { return };
        (place, task) = (*parent, run_by.clone());
    }
}

/// Rule 2: "When it ends completed, no undo has run that the plan did not ask for." So on the way forward, whatever is undone
/// has a reaction that may skip it, or an item that is given up, or a person or an amendment wants it.
fn undone_only_if_asked(reference: &Reference, id: &TaskId) {
    let task = reference.task(id);
    let with_its_item = task.item.as_ref().is_some_and(|item| reference.rolled_back.contains(item));
    let asked = reference.goes_back
        || with_its_item
        || task.may_be_skipped
        || reference.acted_on.contains(id)
        || reference.amendments > 0;
    assert!(asked, "{id} is undone, and nobody asked for that");
}

/// "Refused past a point of no return": whatever turns an order or an item round, no point of no return of it has been passed.
pub(crate) fn no_point_of_no_return_is_undone(system: &System, place: Place, fact: &Fact) {
    let item = match fact {
        Fact::OrderRollingBack { .. } | Fact::CancelAccepted { .. } => None,
        Fact::ItemRollingBack { item, .. } | Fact::ItemCancelAccepted { item, .. } => Some(item),
        _ => return,
    };
    for member in system.family(place) {
        let Order { run, reference, .. } = &system.orders[member];
        let held: BTreeSet<&TaskId> = system.ledger.held(run.order_id()).map(|deed| &deed.task).collect();
        for (id, task) in reference.tasks.iter().filter(|(_, task)| task.point_of_no_return) {
            if item.is_some() && (member != place || task.item.as_ref() != item) {
                continue;
            }
            let state = reference.state(id);
            let passed = matches!(state, TaskState::Running | TaskState::Succeeded) || held.contains(id);
            assert!(!passed, "{id} is a point of no return and {state}, and what was done is undone");
        }
    }
}

/// Whether a person said what came of a task.
fn completed(fact: &Fact, id: &TaskId) -> bool {
    matches!(fact, Fact::OperatorActed { action, task, .. } if task == id && action == "complete")
}

/// "A preview is the same judgement without the deed": of the order, and of what it hands on.
pub(crate) fn a_preview_says_what_is_done(
    system: &System,
    place: Place,
    preview: Result<Assessment, Rejected>,
) {
    let order = &system.orders[place];
    let Some(handling) = order.log.last() else { return };
    let preview = match (preview, &handling.answer) {
        (_, Ok(Handled::Duplicate)) => return,
        (Ok(preview), Ok(Handled::Applied)) => preview,
        (Ok(preview), Err(Rejected::Amendment { tasks })) => {
            assert!(
                preview.refused().eq(tasks),
                "{preview:?} was promised, and it was refused for {tasks:?}"
            );
            return;
        }
        (Err(promised), Err(rejected)) => return assert_eq!(promised, *rejected),
        (preview, answer) => panic!("{preview:?} was promised, and the answer is {answer:?}"),
    };
    let done = order.run.events()[handling.before..].iter().find_map(|event| match &event.fact {
        Fact::OrderAmended { tasks, .. } => Some(tasks),
        _ => None,
    });
    let promised = preview.tasks.iter().filter(|change| change.verdict != Verdict::Kept);
    assert!(done.is_some_and(|done| promised.eq(done)), "{preview:?} was promised, and {done:?} is done");
    for effect in &handling.effects {
        let Effect::HandOn(handed_on) = effect else { continue };
        // What reads the result of a task that is done in the same moment was not known before.
        let child = system.orders[order.children[&handed_on.child]].run.order_id();
        let Some(promised) = preview.children.iter().find(|promised| promised.order == child) else {
            continue;
        };
        let plan = order.run.plan().child(&promised.blueprint, promised.arguments.clone()).unwrap();
        assert_eq!(plan.hash(), handed_on.plan.hash(), "{promised:?} was promised to be handed on");
    }
}

/// "An amendment is checked whole before any of it is applied: past a point of no return […] or not allowed by the blueprint, it
/// is refused with the reason and the order runs on untouched."
pub(crate) fn a_refused_amendment_has_a_reason_and_changes_nothing(system: &System, handling: &Handling) {
    let Err(Rejected::Amendment { tasks }) = &handling.answer else { return };
    let Order { run, reference, .. } = &system.orders[ROOT];
    assert_eq!(handling.effects, [], "a refused amendment has effects");
    let told: Vec<_> = run.events()[handling.before..].iter().map(|event| event.fact.name()).collect();
    assert_eq!(told, ["AmendmentRefused"], "what is told of a refused amendment");
    let begun = |state| !matches!(state, TaskState::Waiting | TaskState::Skipped | TaskState::Dropped);
    let passed = |place: Place| {
        let reference = &system.orders[place].reference;
        let mut points = reference.tasks.iter().filter(|(_, task)| task.point_of_no_return);
        // Of an order that is run, from when it was asked for leave.
        points.any(|(id, _)| place != ROOT || begun(reference.state(id)) || reference.was_begun(id))
    };
    let past_a_point = system.family(ROOT).into_iter().any(passed);
    for change in tasks.iter().filter(|_| !past_a_point) {
        let call = match reference.task(&change.task).body {
            BodySpec::Call(call) => call,
            // A person has said what came of it, and nobody knows how to take that back.
            BodySpec::Run if run.events().iter().any(|event| completed(&event.fact, &change.task)) => {
                continue;
            }
            other => {
                panic!("{} is {other:?}, and speaks against an amendment: {}", change.task, change.reason)
            }
        };
        // What may not have been done can't be changed, nor what was done by another call instead.
        let done = reference.state(&change.task) == TaskState::Succeeded && !call.fallback;
        let changed = call.amend.is_some() && done;
        let way = call.undo || call.repeatable || changed;
        assert!(
            !way,
            "{} can be done again, and speaks against an amendment: {}",
            change.task, change.reason
        );
    }
}

/// Rule 2: "when an order ends failed or cancelled, every effect that had an undo is undone […]. When it ends completed", what
/// its tasks did is there, once.
pub(crate) fn the_end_is_clean(system: &System, order: &Order) {
    let Order { run, reference, .. } = order;
    assert!(order.calls.is_empty(), "calls are out after the end: {:?}", order.calls);
    assert_eq!(reference.cancelled, run.state() == OrderState::Cancelled, "the end of a cancelled order");
    let held: Vec<&TaskId> = system.ledger.held(run.order_id()).map(|deed| &deed.task).collect();
    let left: Vec<_> = held.iter().filter(|task| reference.task(task).has_undo()).collect();
    match run.state() {
        OrderState::Cancelled => assert!(left.is_empty(), "cancelled, and left behind: {left:?}"),
        OrderState::Rejected => {
            assert!(!system.ledger.was_touched(run.order_id()), "rejected, but something was done");
        }
        OrderState::Failed if reference.goes_back => {
            assert!(left.is_empty(), "failed, and left behind: {left:?}");
        }
        // Its blueprint means to leave everything in place.
        OrderState::Failed => {}
        OrderState::Completed | OrderState::Partial => {
            let partial = run.state() == OrderState::Partial;
            assert_eq!(partial, reference.any_failed_alone, "an order is partial if items failed alone");
            for id in reference.tasks.keys() {
                tasks_of_a_completed_order_left_what_they_did(reference, &held, id);
            }
            let gone = left.iter().find(|task| reference.former.contains_key(task));
            // What its item has left in place when it failed stays there, whatever becomes of the item.
            assert!(
                gone.is_none() || reference.any_failed_alone,
                "{gone:?} is not part of the order any more, and is left behind"
            );
        }
        state @ (OrderState::Acknowledged
        | OrderState::Pending
        | OrderState::InProgress
        | OrderState::Held
        | OrderState::AssessingCancellation
        | OrderState::PendingCancellation) => panic!("ended {state}"),
    }
}

fn tasks_of_a_completed_order_left_what_they_did(reference: &Reference, held: &[&TaskId], id: &TaskId) {
    let (task, state) = (reference.task(id), reference.state(id));
    let there = held.iter().filter(|held| **held == id).count();
    if reference.went_with_its_item(id) {
        let taken_back = task.item.as_ref().is_some_and(|item| reference.rolled_back.contains(item));
        assert!(!taken_back || !task.has_undo() || there == 0, "{id} was left behind with its item");
        return;
    }
    assert!(matches!(state, TaskState::Succeeded | TaskState::Skipped), "{id} is {state} at the end");
    let done = usize::from(state == TaskState::Succeeded);
    if task.has_undo() {
        assert_eq!(there, done, "{id} is {state}: how often what it did is there");
    } else if task.has_effect() {
        assert!(there >= done, "{id} is {state}, and what it did is not there");
    } else {
        assert_eq!(there, 0, "{id} changes nothing");
    }
}

/// After amendments, "the effects left in the systems equal those of running the last version from scratch". Without any, those
/// of the only version. Of an order whose blueprint never gives up.
pub(crate) fn effects_are_those_of_the_last_version(system: &System) {
    let root = &system.orders[ROOT];
    assert_eq!(root.run.state(), OrderState::Completed, "nothing of the order was given up");
    let expected = effects(&system.blueprint, &system.version);
    let mut found = Vec::new();
    for order in &system.orders {
        let path = order.part_of.as_ref().map(|(_, _, task)| format!("{task}/")).unwrap_or_default();
        let held = system.ledger.held(order.run.order_id());
        let has_undo = |task| order.reference.task(task).has_undo();
        found.extend(
            held.map(|deed| (format!("{path}{}", deed.task), deed.with.clone(), has_undo(&deed.task))),
        );
    }
    for (task, with) in &expected {
        let there: Vec<_> = found.iter().filter(|deed| deed.0 == *task && deed.1 == *with).collect();
        // What can't be undone and is done again is there again.
        let right = there.len() == 1 || there.iter().any(|(_, _, has_undo)| !has_undo);
        assert!(
            right,
            "what {task} does with {with} is there {} times, of all that is: {found:?}",
            there.len()
        );
    }
    // What has no undo and is not wanted any more, or was done again, stays: nobody can take it back.
    found.retain(|(task, with, has_undo)| *has_undo && expected.get(task) != Some(with));
    assert!(found.is_empty(), "left behind: {found:?}, expected: {expected:?}");
}

/// Rule 3: "A call is made with the same idempotency key on every attempt; a new generation of a task (redo, amend) gets a new
/// key." That a key stands for one call, the ledger asserts; here, that one call of one generation has one key.
pub(crate) fn a_call_keeps_its_key_and_a_generation_has_its_own(order: &Order) {
    let calls = order.log.iter().flat_map(|handling| &handling.effects).filter_map(|effect| match effect {
        Effect::Call(call) => Some(call),
        _ => None,
    });
    let mut keys = std::collections::BTreeMap::new();
    for call in calls {
        match Purpose::of(call) {
            Purpose::Do | Purpose::Undo | Purpose::Change => {
                let of = (call.task.clone(), call.generation, call.label());
                let first = keys.entry(of).or_insert_with(|| call.key.clone());
                assert_eq!(*first, call.key, "{} of {} has two keys", call.label(), call.task);
            }
            Purpose::Ask if call.operation.as_str().starts_with("ask") => {}
            // A system may answer the same key the same way, so a question that is asked again has another.
            Purpose::Ask | Purpose::ReadBack => {
                let of = (call.task.clone(), call.generation, call.key.to_string());
                let before = keys.insert(of, call.key.clone());
                assert!(before.is_none(), "{} was asked under {} before", call.task, call.key);
            }
        }
        assert_eq!(call.direction == Direction::Undo, Purpose::of(call) == Purpose::Undo);
    }
}

/// Rule 4: "a second delivery of the same one changes nothing." Right after the first.
pub(crate) fn a_second_delivery_changes_nothing(run: &mut Run, event: &Event, now: Timestamp) {
    changes_nothing(run, event, now);
}

/// Rule 4: "Events may come twice, late, or out of order." What came before, is for something that is over, or never was.
pub(crate) fn a_late_event_changes_nothing(run: &mut Run, event: &Event, now: Timestamp) {
    changes_nothing(run, event, now);
}

/// What can't be seen at once shows in the [replay](the_same_events_have_the_same_commands), which hears everything once.
fn changes_nothing(run: &mut Run, event: &Event, now: Timestamp) {
    let told = run.events().len();
    let answer = run.handle_event(event.clone(), now);
    let unchanged = match &answer {
        Ok(Handled::Duplicate) | Err(_) => true,
        Ok(Handled::Applied | Handled::Kept) => false,
    };
    assert!(unchanged, "{event:?} was taken again: {answer:?}");
    assert_eq!(run.events().len(), told, "{event:?} was told again");
    assert_eq!(run.poll_effect(), None, "{event:?} had effects again");
}

/// Rule 5: "The engine always has either a command outstanding, a wait it can name, or an ended order: an order is never stuck
/// without a reason." For the order, and for each of its tasks.
pub(crate) fn there_is_a_reason_to_wait(order: &Order) {
    let Order { run, reference, calls, .. } = order;
    let view = run.view();
    assert_eq!(run.is_ended(), run.state().is_final());
    for task in &view.tasks {
        let told = reference.state(&task.id);
        assert_eq!(task.state, told, "{} is not what the record says", task.id);
    }
    if run.is_ended() {
        return;
    }
    let is_held = run.held().is_some();
    let says_so = run.state() == OrderState::Held;
    assert_eq!(is_held, says_so, "whether a person is needed, and it says {}", brief(&view));
    let mut reasons = usize::from(is_held) + usize::from(view.waits_to_end.is_some());
    for task in &view.tasks {
        let out = calls.values().any(|call| call.task == task.id);
        let waits = task.waiting_for.is_some() || task.child.is_some();
        reasons += usize::from(out || waits);
        let with_its_item = reference.task(&task.id).item.as_ref();
        let taken_back = reference.goes_back
            || reference.may_be_abandoned
            || with_its_item.is_some_and(|item| reference.rolled_back.contains(item))
            || is_taken_back_by_an_amendment(&order.run, &task.id);
        let named = match task.state {
            TaskState::Running | TaskState::Undoing | TaskState::Amending => out || waits,
            // While the order is paused, nothing is taken back. What is to be changed may have to be taken back when its turn comes.
            TaskState::Unknown => {
                let paused = reference.paused.is_some();
                out || taken_back || paused || is_judged(&order.run, &task.id, &[Verdict::Amended])
            }
            TaskState::UndoFailed | TaskState::Held => out || is_held || taken_back,
            TaskState::Failed
            | TaskState::Waiting
            | TaskState::Ready
            | TaskState::Succeeded
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone => true,
        };
        assert!(named, "{} is {} without a reason: {}", task.id, task.state, brief(&view));
    }
    assert!(reasons > 0, "stuck without a reason: {}", brief(&view));
    let waits_for_leave =
        |id: &TaskId| view.tasks.iter().any(|task| task.id == *id && task.waiting_for.is_some());
    // What an amendment adds or changes waits until what it takes back is taken back.
    let runs_another = view.tasks.iter().any(|task| task.child.is_some());
    let being_amended = reference.amendments > 0 && (is_held || runs_another || !calls.is_empty());
    let begun = !matches!(run.state(), OrderState::Acknowledged | OrderState::Pending);
    if begun && reference.paused.is_none() && !being_amended {
        let idle: Vec<_> = reference.startable().into_iter().filter(|task| !waits_for_leave(task)).collect();
        assert!(idle.is_empty(), "{idle:?} could have begun: {}", brief(&view));
    }
}

/// Rule 6: "Same plan + same events = same commands, byte for byte. A snapshot restored behaves as the original did." The order
/// was restored, told everything twice and told late what it knew; its twin hears each event once and is never restored.
pub(crate) fn the_same_events_have_the_same_commands(order: &Order) {
    let mut twin = Run::new(order.run.order_id(), order.first_plan.clone());
    for handling in &order.log {
        assert_eq!(twin.events().len(), handling.before, "the record before {:?}", handling.event);
        let answer: Result<Handled, Rejected> = twin.handle_event(handling.event.clone(), handling.at);
        assert_eq!(answer, handling.answer, "the answer to {:?}", handling.event);
        let effects: Vec<Effect> = std::iter::from_fn(|| twin.poll_effect()).collect();
        assert_eq!(effects, handling.effects, "what follows {:?}", handling.event);
    }
    // What the order was told late told it what time it is.
    let late = Event::TimerFired { timer: TimerId(u64::MAX) };
    changes_nothing(&mut twin, &late, order.heard_last);
    let (end, again) = (serde_json::to_vec(&order.run.snapshot()), serde_json::to_vec(&twin.snapshot()));
    let text = |bytes: Result<Vec<u8>, _>| String::from_utf8(bytes.unwrap()).unwrap();
    assert_eq!(text(end), text(again), "what is remembered at the end, the record included");
}

/// Whether an amendment said that it takes back what a task did: it waits for its turn, whatever state it is in.
fn is_taken_back_by_an_amendment(run: &engine::Run, id: &TaskId) -> bool {
    is_judged(run, id, &[Verdict::Redone, Verdict::Undone, Verdict::Dropped])
}

/// Whether an amendment said one of these of a task.
fn is_judged(run: &engine::Run, id: &TaskId, verdicts: &[Verdict]) -> bool {
    let says = |fact: &Fact| match fact {
        Fact::OrderAmended { tasks, .. } => {
            tasks.iter().any(|change| change.task == *id && verdicts.contains(&change.verdict))
        }
        _ => false,
    };
    run.events().iter().any(|event| says(&event.fact))
}

/// Most facts and effects that one event has for a task it touches: begun, done, undone, held, with what the order tells of it.
const PER_TASK: usize = 8;

/// Rule 7: "Work per event depends on the tasks that the event touches, not on the size of the plan." On the way forward, an
/// event touches its own task, those after it and those it is taken back with, and does a bounded thing to each. It looks at no
/// task that is not next to one of them; where the program notes that, `looked_at` says which it looked at.
pub(crate) fn work_is_where_the_event_is(
    order: &Order,
    about: Option<&TaskId>,
    looked_at: &BTreeSet<TaskIndex>,
) {
    let Order { run, reference, log, .. } = order;
    let Some(handling) = log.last() else { return };
    let facts: Vec<&Fact> = run.events()[handling.before..].iter().map(|event| &event.fact).collect();
    let mut touched: BTreeSet<&TaskId> = BTreeSet::new();
    let mut dropped: BTreeSet<&TaskId> = BTreeSet::new();
    for fact in &facts {
        match fact.task_state() {
            Some((task, TaskState::Dropped)) => dropped.insert(task),
            Some((task, _)) => touched.insert(task),
            None => false,
        };
    }
    for effect in &handling.effects {
        if let Effect::Call(call) = effect {
            touched.insert(&call.task);
        }
    }
    // What customers see of each item is looked at once, after everything else.
    let is_of_a_task = |fact: &&&Fact| !matches!(fact, Fact::CustomerStatusChanged { .. });
    // An amendment is laid over the whole plan.
    if matches!(handling.event, engine::Event::Amend { .. } | engine::Event::HandedOn { .. }) {
        return;
    }
    let turns = |fact: &&Fact| {
        matches!(
            fact,
            Fact::OrderStarted { .. }
                | Fact::OrderRollingBack { .. }
                | Fact::CancelAccepted { .. }
                | Fact::ItemCancelAccepted { .. }
                | Fact::ItemRollingBack { .. }
                | Fact::PauseLifted { .. }
                | Fact::OrderResumed { .. }
                | Fact::OrderFailed { .. }
        )
    };
    // The order as a whole begins, goes on, turns round or is another one: that touches what it touches.
    let whole = handling.paused || matches!(handling.event, Event::LetPass) || facts.iter().any(turns);
    let done = facts.iter().filter(is_of_a_task).count() + handling.effects.len();
    let tasks = if whole { reference.tasks.len() } else { touched.len() + dropped.len() };
    assert!(
        done <= PER_TASK * (tasks + 1),
        "{:?} has {done} facts and effects for {tasks} tasks",
        handling.event
    );
    if whole || reference.amendments > 0 {
        return;
    }
    let looked_at = looked_at.iter().map(|task| run.plan().id(*task)).collect();
    let took = facts.iter().find_map(|fact| match fact {
        Fact::SignalReceived { task, .. } => Some(task),
        _ => None,
    });
    let Some(about) = about.or(took) else {
        assert!(touched.is_empty(), "{:?} is about no task, and touches {touched:?}", handling.event);
        looks_only_near(order, &BTreeSet::new(), &looked_at);
        return;
    };
    let mut near = BTreeSet::from([about]);
    let item = reference.task(about).item.as_ref();
    near.extend(
        reference
            .tasks
            .iter()
            .filter(|(_, task)| item.is_some() && task.item.as_ref() == item)
            .map(|(id, _)| id),
    );
    for task in near.clone() {
        near.extend(reference.later(task));
    }
    if reference.goes_back {
        near.extend(reference.earlier(about));
    }
    let far: Vec<_> = touched.difference(&near).collect();
    assert!(far.is_empty(), "{:?} is about {about}, and touches {far:?}", handling.event);

    // What is taken back without having done anything is not told of.
    let taken_back = reference.goes_back || item.is_some_and(|item| reference.rolled_back.contains(item));
    let touched = if taken_back { near } else { touched.into_iter().chain([about]).collect() };
    looks_only_near(order, &touched, &looked_at);
}

/// An event looks at the tasks that it touches, at those next to them, and at what decides whether those begin. Whether
/// something can be taken back, it asks the points of no return; whom a signal is for, those that wait for such a one. A pause
/// names the first task that is not done, and an item is given up only if another is left: for that, the plan is gone through. What
/// an order answers reads whatever the blueprint says. When an order is given up with what was done left in place, the record does
/// not say so at once, so nothing can be said of orders that may be.
fn looks_only_near(order: &Order, touched: &BTreeSet<&TaskId>, looked_at: &BTreeSet<TaskId>) {
    let Order { run, reference, log, .. } = order;
    let Some(Handling { event, before, .. }) = log.last() else { return };
    let goes_through = |fact: &Fact| {
        matches!(
            fact,
            Fact::OrderPaused { .. }
                | Fact::OrderAnswered { .. }
                | Fact::ItemRollingBack { .. }
                | Fact::ItemFailed { .. }
                | Fact::ItemCancelRefused { .. }
        )
    };
    let gone_through = run.events()[*before..].iter().any(|event| goes_through(&event.fact));
    if gone_through || matches!(event, Event::CancelItem { .. }) || reference.may_be_abandoned {
        return;
    }
    let takes = |id: &TaskId| match event {
        Event::Delivered { signal, .. } => *signal == format!("signal_{}", id.name),
        _ => false,
    };
    let asked = |(id, task): &(&TaskId, &Task)| {
        takes(id) || task.point_of_no_return || matches!(task.body, BodySpec::Run)
    };
    let mut near: BTreeSet<&TaskId> = reference.tasks.iter().filter(asked).map(|(id, _)| id).collect();
    // Tasks that were left out let those after them go without a word.
    let mut next = touched.clone();
    let mut passing: Vec<&TaskId> = touched.iter().copied().collect();
    while let Some(before) = passing.pop() {
        for (id, _) in reference.tasks.iter().filter(|(_, task)| task.after.contains(before)) {
            if next.insert(id) && reference.state(id) == TaskState::Skipped {
                passing.push(id);
            }
        }
    }
    near.extend(next.iter().flat_map(|id| &reference.task(id).after));
    near.extend(next);
    let far: Vec<_> = looked_at.iter().filter(|task| !near.contains(task)).collect();
    assert!(far.is_empty(), "{event:?} touches {near:?}, and looks at {far:?}");
}

/// An order in a few words, for people.
pub(crate) fn brief(view: &RunView) -> String {
    let tasks = view.tasks.iter().map(|task| format!("{} is {}", task.id, task.state));
    format!("{}, {}", view.state, tasks.collect::<Vec<_>>().join(", "))
}
