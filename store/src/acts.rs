//! What people did that brought a task to where it is, as the order's record tells it.

use std::collections::BTreeMap;

use model::{Actor, Fact, OperatorAction, OrderEvent, OrderId, TaskId, TaskState, Timestamp};
use sqlx::PgConnection;

use crate::events::EventColumns;
use crate::progress::TaskProgress;

/// What a person did with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandsOn {
    /// What they did.
    pub action: OperatorAction,
    /// Who.
    pub by: Actor,
    /// Their note.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl HandsOn {
    /// The same in words, where a task that is done or taken back does not say it itself.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let did = match self.action {
            OperatorAction::Complete => "completed",
            OperatorAction::Undone => "taken back by hand",
            OperatorAction::Retry
            | OperatorAction::Skip
            | OperatorAction::Rollback
            | OperatorAction::Accept => {
                return None;
            }
        };
        let note = if self.note.is_empty() { String::new() } else { format!(": {}", self.note) };
        Some(format!("{did} by {}{note}", self.by))
    }

    /// Whether the task is where it is because of this, which is the event `number`: it says what came of the task, and no call has
    /// been made since.
    fn settles(&self, number: u64, task: &TaskProgress) -> bool {
        let after = |begun: Option<u64>| begun.is_none_or(|begun| begun < number);
        match self.action {
            OperatorAction::Complete => task.state == TaskState::Succeeded && after(task.begun_event),
            OperatorAction::Undone | OperatorAction::Accept => {
                task.state == TaskState::Undone && after(task.undo_event)
            }
            OperatorAction::Skip => task.state == TaskState::Skipped,
            OperatorAction::Retry | OperatorAction::Rollback => false,
        }
    }
}

/// What was done last with each task by a person, and the number of the event that says so.
pub(crate) struct Acts(BTreeMap<TaskId, (u64, HandsOn)>);

impl Acts {
    /// What brought a task to where it is; none if no person did.
    pub(crate) fn of(&mut self, id: &TaskId, task: &TaskProgress) -> Option<HandsOn> {
        let (number, act) = self.0.remove(id)?;
        act.settles(number, task).then_some(act)
    }
}

/// What people did with the tasks of an order.
pub(crate) async fn select_acts(conn: &mut PgConnection, order: OrderId) -> Result<Acts, sqlx::Error> {
    let rows = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and type = 'OperatorActed'
        order by number
        "#,
        order.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut acts = BTreeMap::new();
    for row in rows {
        let OrderEvent { number, at, fact } = row.try_into()?;
        if let Fact::OperatorActed { action, task, by, note, .. } = fact
            && let Some(action) = OperatorAction::ALL.iter().copied().find(|known| known.as_str() == action)
        {
            acts.insert(task, (number, HandsOn { action, by, note, at }));
        }
    }
    Ok(Acts(acts))
}
