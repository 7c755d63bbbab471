//! How the rows of an order and its tasks become their progress.
//!
//! Macros, because a query checked against the schema has a row type of its own, whose columns only have their names in
//! common with those of another query.

use model::{HoldFor, TaskId};

use crate::columns::Word;
use crate::progress::Blocked;

/// The progress of an order, from a row that has its columns.
macro_rules! order_progress {
    ($row:ident) => {
        $crate::progress::OrderProgress {
            state: $row.state.0,
            customer_status: $row.customer_status,
            blocked: $crate::rows::blocked($row.blocked_task, $row.blocked_reason, $row.hold_for),
            reason: $row.reason,
            pending_until: $row.pending_until.map(|at| at.0),
            pending_after: $row.pending_after.into_iter().flatten().map(model::OrderId::new).collect(),
            paused_by: $row.paused_by.map(|by| by.0),
            started_at: $row.started_at.map(|at| at.0),
            ended_at: $row.ended_at.map(|at| at.0),
            at_risk_since: $row.at_risk_since.map(|at| at.0),
            at_risk_reason: $row.at_risk_reason,
            overdue_since: $row.overdue_since.map(|at| at.0),
            updated_at: $row.updated_at.0,
            next_event: $row.next_event.0,
        }
    };
}

/// The progress of a task, from a row that has its columns.
macro_rules! task_progress {
    ($row:ident) => {
        $crate::progress::TaskProgress {
            state: $row.state.0,
            generation: $row.generation.0,
            call: $row.call,
            undo_call: $row.undo_call,
            waiting_for: $row.waiting_for,
            until: $row.until.map(|at| at.0),
            reason: $row.reason,
            hold_for: $row.hold_for.map(|who| who.0),
            started_at: $row.started_at.map(|at| at.0),
            ended_at: $row.ended_at.map(|at| at.0),
            begun_event: $row.begun_event.map(|number| number.0),
            result_event: $row.result_event.map(|number| number.0),
            undo_event: $row.undo_event.map(|number| number.0),
            person_since: $row.person_since.map(|at| at.0),
        }
    };
}

pub(crate) use {order_progress, task_progress};

/// What an order needs a person for, from its three columns.
pub(crate) fn blocked(
    task: Option<Word<TaskId>>,
    reason: Option<String>,
    hold_for: Option<Word<HoldFor>>,
) -> Option<Blocked> {
    Some(Blocked { task: task?.0, reason: reason?, hold_for: hold_for?.0 })
}
