//! Order events, one line each.

use model::{Fact, OrderEvent};

use super::time::clock;

/// When, what, and the particulars that a person reads.
pub(crate) fn event_line(event: &OrderEvent) -> String {
    let OrderEvent { number, at, fact } = event;
    let line = format!("{}  {number:>4}  {:<22}  {}", clock(*at), fact.name(), particulars(fact));
    line.trim_end().to_owned()
}

fn particulars(fact: &Fact) -> String {
    match fact {
        Fact::OrderAccepted {}
        | Fact::OrderStarted {}
        | Fact::OrderCompleted {}
        | Fact::OrderPartiallyCompleted {}
        | Fact::OrderOverdue {}
        | Fact::OrderCancelled {} => String::new(),
        Fact::OrderAtRisk { deadline } => format!("to be done by {deadline}"),
        Fact::OrderPending { until } => format!("until {until}"),
        Fact::OrderHeld { task, reason, hold_for }
        | Fact::OrderPaused { task, reason, hold_for }
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
        Fact::ChildOrderStarted { task, order, blueprint } => format!("{task}  {blueprint} as {order}"),
        Fact::OrderAnswered { result } => result.to_string(),
        Fact::CancelRequested { by, reason, id: _ } => format!("by {}: {reason}", by.as_str()),
        Fact::CancelRefused { reason, task: _, id: _, state: _ } => reason.clone(),
        Fact::CancelAccepted { id } => id.to_string(),
        Fact::CustomerStatusChanged { status } => status.clone().unwrap_or_default(),
        Fact::SignalReceived { signal, task, payload, id: _ } => format!("{signal} for {task}: {payload}"),
        Fact::SignalKept { signal, task, id: _, payload: _ } => match task {
            Some(task) => format!("{signal}, until {task} waits for it"),
            None => format!("{signal}, until a task waits for it"),
        },
        Fact::SignalRefused { signal, reason, id: _ } => format!("{signal}: {reason}"),
        Fact::OperatorActed { action, task, by, note, result, id: _ } => {
            let said = if result.is_null() { String::new() } else { format!(": {result}") };
            format!("{action} {task} by {}: {note}{said}", by.as_str())
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
        Fact::TaskUndoing { task, call, arguments: _ } => format!("{task}  {call}"),
    }
}
