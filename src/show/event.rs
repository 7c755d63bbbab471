//! Order events, one line each.

use model::{Fact, OrderEvent, OrderId, Timestamp};

use super::amendment::differences_in_line;
use super::time::clock;

/// When, what, and the particulars that a person reads.
pub(crate) fn event_line(event: &OrderEvent) -> String {
    let OrderEvent { number, at, fact } = event;
    let line = format!("{}  {number:>4}  {:<22}  {}", clock(*at), fact.name(), particulars(fact));
    line.trim_end().to_owned()
}

/// What an order waits for before it begins.
fn pending(until: Option<Timestamp>, after: &[OrderId]) -> String {
    let until = until.map(|until| format!("until {until}"));
    let after = after.iter().map(|order| format!("after {order}"));
    until.into_iter().chain(after).collect::<Vec<_>>().join(", ")
}

fn particulars(fact: &Fact) -> String {
    match fact {
        Fact::OrderAccepted {}
        | Fact::OrderStarted {}
        | Fact::OrderCompleted {}
        | Fact::OrderPartiallyCompleted {}
        | Fact::OrderOverdue {}
        // The request is told just before, with who asked and why.
        | Fact::CancelAccepted { id: _ }
        | Fact::OrderCancelled {} => String::new(),
        Fact::OrderAtRisk { deadline, reason: None } => format!("to be done by {deadline}"),
        Fact::OrderAtRisk { deadline, reason: Some(reason) } => {
            format!("to be done by {deadline}, but {reason}")
        }
        Fact::OrderPending { until, after } => pending(*until, after),
        Fact::OrderPaused { reason, by: Some(by), task: _, hold_for: _, id: _ } => {
            format!("by {}: {reason}", by.as_str())
        }
        Fact::PauseLifted { by, note, id: _ } => format!("by {}: {note}", by.as_str()),
        Fact::OrderHeld { task, reason, hold_for }
        | Fact::OrderPaused { task, reason, hold_for, id: _, by: None }
        | Fact::TaskHeld { task, reason, hold_for } => {
            format!("{task}, for {}: {reason}", hold_for.as_str())
        }
        Fact::OrderResumed { state } => state.to_string(),
        Fact::OrderRollingBack { reason } | Fact::OrderRejected { reason } | Fact::OrderFailed { reason } => {
            reason.clone()
        }
        Fact::ItemRollingBack { item, reason } | Fact::ItemFailed { item, reason } => {
            format!("item {item}: {reason}")
        }
        Fact::ItemCancelAccepted { item, by, reason, id: _ } => {
            format!("item {item} by {}: {reason}", by.as_str())
        }
        Fact::ItemCancelRefused { item, reason, by, wanted, id: _, task: _ } => {
            format!("item {item} by {} ({wanted}): {reason}", by.as_str())
        }
        Fact::ItemCancelled { item } => format!("item {item}"),
        Fact::ChildOrderStarted { task, order, blueprint } => format!("{task}  {blueprint} as {order}"),
        Fact::OrderAnswered { result } => result.to_string(),
        Fact::CancelRequested { by, reason, id: _ } => format!("by {}: {reason}", by.as_str()),
        Fact::CancelRefused { reason, task: _, id: _, state: _ } => reason.clone(),
        Fact::CustomerStatusChanged { status, item: None } => status.clone().unwrap_or_default(),
        Fact::CustomerStatusChanged { status, item: Some(item) } => {
            format!("item {item}: {}", status.as_deref().unwrap_or("nothing"))
        }
        Fact::SignalReceived { signal, task, payload, id: _ } => format!("{signal} for {task}: {payload}"),
        Fact::SignalKept { signal, task, id: _, payload: _ } => match task {
            Some(task) => format!("{signal}, until {task} waits for it"),
            None => format!("{signal}, until a task waits for it"),
        },
        Fact::SignalRefused { signal, reason, id: _ } => format!("{signal}: {reason}"),
        Fact::OperatorActed { action, task, by, note, result, arguments, id: _ } => {
            let said = if result.is_null() { String::new() } else { format!(": {result}") };
            let given = if arguments.is_null() { String::new() } else { format!(" with {arguments}") };
            format!("{action} {task}{given} by {}: {note}{said}", by.as_str())
        }
        Fact::TaskStarted { task, waiting_for, call, generation: _, until: _, arguments: _ } => {
            match (waiting_for, call) {
                (Some(waiting_for), _) => format!("{task}  waits for {waiting_for}"),
                (None, Some(call)) => format!("{task}  {call}"),
                (None, None) => task.to_string(),
            }
        }
        Fact::TaskSucceeded { task, result: _ } | Fact::TaskDropped { task } | Fact::TaskUndone { task } => {
            task.to_string()
        }
        Fact::TaskOutcomeUnknown { task, reason, waiting_for: Some(waiting_for) } => {
            format!("{task}: {reason}; waits for {waiting_for}")
        }
        Fact::TaskOutcomeUnknown { task, reason, waiting_for: None }
        | Fact::TaskFailed { task, reason }
        | Fact::TaskSkipped { task, reason }
        | Fact::TaskUndoFailed { task, reason } => format!("{task}: {reason}"),
        Fact::ResidueAccepted { task, call, by, reason, .. } => {
            format!("{task}: not taken back by {call}, accepted by {}: {reason}", by.as_str())
        }
        Fact::OrderAmended { version, by, reason, differences, tasks, .. } => {
            let tasks = tasks.iter().map(|change| format!("{} {}", change.task, change.verdict.as_str()));
            let tasks = tasks.collect::<Vec<_>>().join(", ");
            let parts = [reason.clone(), differences_in_line(differences), tasks];
            let said = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
            format!("version {version} by {}: {said}", by.as_str())
        }
        Fact::AmendmentRefused { by, wanted, reason, id: _, tasks: _ } => {
            format!("by {} ({wanted}): {reason}", by.as_str())
        }
        Fact::TaskReplanned { task } => task.to_string(),
        Fact::TaskAmending { task, call, .. } | Fact::TaskUndoing { task, call, .. } => {
            format!("{task}  {call}")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amendments_say_why_and_what_is_different() {
        let told = |fact: serde_json::Value| particulars(&serde_json::from_value(fact).unwrap());
        let amended = json!({"type": "OrderAmended", "data": {
            "id": "a-1", "version": 2, "by": "ann", "reason": "less speed will do", "blueprint": {"name": "home_fiber", "version": 1},
            "order": {}, "items": [], "differences": [{"what": "items[1].speed_mbps", "from": 1000, "to": 500}],
            "tasks": [{"task": "activate[1]", "verdict": "amended"}],
        }});
        assert_eq!(
            told(amended),
            "version 2 by ann: less speed will do; items[1].speed_mbps 1000 → 500; activate[1] amended"
        );
        let refused = json!({"type": "AmendmentRefused", "data": {
            "id": "a-2", "by": "ann", "wanted": "less speed will do", "reason": "the order can't be amended so", "tasks": [],
        }});
        assert_eq!(told(refused), "by ann (less speed will do): the order can't be amended so");
    }
}
