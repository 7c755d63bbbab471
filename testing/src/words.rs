//! The words of a timeline for what an order's record says.

use model::{Fact, HoldFor, OperatorAction, TaskId, Timestamp};
use plan::Body;

use crate::timeline::Whose;

/// A fact in words.
pub(crate) struct Said {
    pub(crate) task: Option<TaskId>,
    pub(crate) text: String,
    /// Whether something went wrong that an order does not get over by itself.
    pub(crate) trouble: bool,
}

/// A fact in words; none, if what brings it about is told.
pub(crate) fn words(fact: &Fact, whose: Whose<'_>, start: Timestamp) -> Option<Said> {
    let whole =
        |text: String| Some(Said { task: None, text: format!("{} {text}", whose.whole()), trouble: false });
    let whole_wrong = |text: String| whole(text).map(wrong);
    let part = |task: &TaskId, text: String| {
        Some(Said { task: Some(task.clone()), text: format!("{} {text}", whose.part(task)), trouble: false })
    };
    let part_wrong = |task: &TaskId, text: String| part(task, text).map(wrong);
    let free = |text: String| Some(Said { task: None, text, trouble: false });
    match fact {
        Fact::OrderAccepted {}
        | Fact::OrderStarted {}
        | Fact::OrderHeld { .. }
        | Fact::OrderResumed { .. }
        | Fact::TaskAmending { .. }
        | Fact::TaskUndoing { .. }
        | Fact::TaskUndone { .. } => None,
        Fact::OrderPending { until, after } => {
            let until = until.map(|until| format!("until +{}", until.since(start)));
            let after = after.iter().map(|order| format!("for the order {order} to end"));
            let all = until.into_iter().chain(after).collect::<Vec<_>>();
            whole(format!("waits {}", all.join(" and ")))
        }
        Fact::OrderAtRisk { reason: None, .. } => whole("may not be done in time".to_owned()),
        Fact::OrderAtRisk { reason: Some(reason), .. } => whole(format!("may not be done in time: {reason}")),
        Fact::OrderPaused { reason, by: Some(by), .. } => {
            whole(format!("is paused by {}: {reason}", by.as_str()))
        }
        Fact::PauseLifted { by, .. } => whole(format!("is let go on by {}", by.as_str())),
        Fact::OrderOverdue {} => whole_wrong("has had its time".to_owned()),
        Fact::OrderPaused { reason, hold_for, .. } => {
            whole_wrong(format!("is held{}: {reason}", whom(*hold_for)))
        }
        Fact::OrderRollingBack { reason } => whole_wrong(format!("is rolled back: {reason}")),
        Fact::OrderRejected { reason } => whole_wrong(format!("is rejected: {reason}")),
        Fact::OrderFailed { reason } => whole_wrong(format!("has failed: {reason}")),
        Fact::OrderCompleted {} => whole("is completed".to_owned()),
        Fact::OrderPartiallyCompleted {} => whole_wrong("is completed in part".to_owned()),
        Fact::OrderAnswered { result } => whole(format!("answers {result}")),
        Fact::CancelRequested { reason, .. } => whole(format!("is to be cancelled: {reason}")),
        Fact::CancelAccepted { .. } => whole("is undone, because it is cancelled".to_owned()),
        Fact::CancelRefused { reason, .. } => whole_wrong(format!("is not cancelled: {reason}")),
        Fact::OrderCancelled {} => whole("is cancelled".to_owned()),
        Fact::ItemRollingBack { item, reason } => {
            whole_wrong(format!("is rolled back for item {item}: {reason}"))
        }
        Fact::ItemFailed { item, reason } => whole_wrong(format!("goes on without item {item}: {reason}")),
        Fact::ItemCancelAccepted { item, reason, .. } => {
            whole(format!("is undone for item {item}, because that is cancelled: {reason}"))
        }
        Fact::ItemCancelRefused { item, reason, .. } => {
            whole_wrong(format!("is not cancelled for item {item}: {reason}"))
        }
        Fact::ItemCancelled { item } => whole(format!("goes on without item {item}")),
        Fact::CustomerStatusChanged { status: Some(status), item: None } => {
            free(format!("the customer sees \"{status}\""))
        }
        Fact::CustomerStatusChanged { status: None, item: None } => {
            free("the customer sees nothing any more".to_owned())
        }
        // What they see of an item is news of its order as well, or follows from what is told.
        Fact::CustomerStatusChanged { item: Some(_), .. } => None,
        Fact::SignalKept { signal, .. } => free(format!("the signal `{signal}` comes before its task")),
        Fact::SignalRefused { signal, reason, .. } => {
            free(format!("the signal `{signal}` is refused: {reason}")).map(wrong)
        }
        Fact::SignalReceived { signal, task, payload, .. } => {
            part(task, format!("takes the signal `{signal}` {payload}"))
        }
        Fact::OperatorActed { action, task, result, .. } => match action.parse() {
            Ok(OperatorAction::Complete) => part(task, format!("is said to be done: {result}")),
            Ok(OperatorAction::Undone) => part(task, "is said to be undone".to_owned()),
            // What is left is told with the fact that says so.
            Ok(OperatorAction::Accept) => None,
            Ok(OperatorAction::Retry | OperatorAction::Skip | OperatorAction::Rollback) | Err(_) => {
                free(format!("an operator asks for a {action} of {}", whose.part(task)))
            }
        },
        Fact::ChildOrderStarted { task, blueprint, .. } => part(task, format!("runs `{blueprint}`")),
        Fact::TaskStarted { task, waiting_for: Some(what), until, call: None, .. } => {
            let until = until.map(|until| format!(", until +{} at most", until.since(start)));
            part(task, format!("waits for {what}{}", until.unwrap_or_default()))
        }
        Fact::TaskStarted { .. } => None,
        Fact::TaskSucceeded { task, .. } => {
            let index = whose.plan.find(task);
            let milestone =
                index.is_some_and(|task| matches!(whose.plan.definition(task).body, Body::Milestone));
            part(task, if milestone { "is reached" } else { "is done" }.to_owned())
        }
        Fact::TaskOutcomeUnknown { task, waiting_for, .. } => match waiting_for {
            Some(what) => part(task, format!("may or may not be done: it waits for {what}")),
            None => part(task, "may or may not be done".to_owned()),
        },
        Fact::TaskFailed { task, reason } => part_wrong(task, format!("fails: {reason}")),
        Fact::TaskHeld { task, reason, hold_for } => {
            part_wrong(task, format!("is held{}: {reason}", whom(*hold_for)))
        }
        Fact::TaskSkipped { task, reason } => part(task, format!("is skipped: {reason}")),
        Fact::OrderAmended { version, reason, .. } => {
            whole(format!("is amended to version {version}: {reason}"))
        }
        Fact::AmendmentRefused { reason, .. } => whole_wrong(format!("is not amended: {reason}")),
        Fact::TaskReplanned { task } => part(task, "is to be done anew".to_owned()),
        Fact::TaskDropped { task } => part(task, "is not done any more".to_owned()),
        Fact::TaskUndoFailed { task, reason } => part_wrong(task, format!("is not undone: {reason}")),
        Fact::ResidueAccepted { task, reason, .. } => part_wrong(task, format!("is left as it is: {reason}")),
    }
}

fn wrong(said: Said) -> Said {
    Said { trouble: true, ..said }
}

const fn whom(hold_for: HoldFor) -> &'static str {
    match hold_for {
        HoldFor::Operations => "",
        HoldFor::Customer => " for the customer",
    }
}
