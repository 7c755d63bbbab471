//! What the last amendment of an order is still to do to what its tasks have done: another task comes first, or the order is
//! paused.

use std::collections::BTreeMap;

use model::{OrderId, OrderState, TaskChange, TaskState, Verdict};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::columns::Whole;
use crate::summary::OrderSummary;
use crate::tasks::TaskRow;

/// Notes it at the tasks of an order.
pub(crate) async fn note_what_is_due(
    conn: &mut PgConnection,
    order: &OrderSummary,
    tasks: &mut [TaskRow],
) -> Result<(), sqlx::Error> {
    if order.version == 1 || !goes_on(order) {
        return Ok(());
    }
    let Some((number, changes)) = last_amendment(conn, order.id).await? else { return Ok(()) };
    let verdicts: BTreeMap<_, _> = changes.iter().map(|change| (&change.task, change.verdict)).collect();
    for task in tasks {
        task.due = verdicts.get(&task.id).copied().filter(|verdict| is_due(task, *verdict, number));
    }
    Ok(())
}

/// Whether it is neither going back nor over: then nothing comes of an amendment any more.
fn goes_on(order: &OrderSummary) -> bool {
    matches!(order.progress.state, OrderState::InProgress | OrderState::Held)
        && order.progress.reason.is_none()
}

/// Whether an amendment that was event `number` is to do this to a task, and has not begun.
fn is_due(task: &TaskRow, verdict: Verdict, number: u64) -> bool {
    let progress = &task.progress;
    let last = progress.begun_event.max(progress.result_event).max(progress.undo_event);
    let is_deed = matches!(verdict, Verdict::Amended | Verdict::Redone | Verdict::Undone);
    is_deed && progress.state == TaskState::Succeeded && last < Some(number)
}

async fn last_amendment(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<(u64, Vec<TaskChange>)>, sqlx::Error> {
    let told = sqlx::query!(
        r#"
        select number as "number: Whole<u64>", data -> 'tasks' as "tasks!: Json<Vec<TaskChange>>" from order_events
        where order_id = $1 and type = 'OrderAmended'
        order by number desc
        limit 1
        "#,
        order.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(told.map(|told| (told.number.0, told.tasks.0)))
}
