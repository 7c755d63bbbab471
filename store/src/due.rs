//! What the last amendment of a paused order is still to do to what its tasks have done: nothing of it begins before the order goes
//! on. What an amendment does to each task is judged by the engine, and said with the amendment; it is never judged here.

use std::collections::{BTreeMap, BTreeSet};

use model::{Fact, ItemId, ItemState, OrderEvent, TaskState, Verdict};
use sqlx::PgConnection;

use crate::events::last_amendment;
use crate::items::ItemRow;
use crate::summary::OrderSummary;
use crate::tasks::TaskRow;

/// Notes it at the tasks of an order.
pub(crate) async fn note_what_is_due(
    conn: &mut PgConnection,
    order: &OrderSummary,
    items: &[ItemRow],
    tasks: &mut [TaskRow],
) -> Result<(), sqlx::Error> {
    if order.version == 1 || order.pause.is_none() {
        return Ok(());
    }
    let amended = last_amendment(conn, order.id, None).await?;
    let Some(OrderEvent { number, fact: Fact::OrderAmended { tasks: changes, .. }, at: _ }) = amended else {
        return Ok(());
    };
    let verdicts: BTreeMap<_, _> = changes.into_iter().map(|change| (change.task, change.verdict)).collect();
    let given_up: BTreeSet<_> = items.iter().filter(|item| is_given_up(item)).map(|item| &item.id).collect();
    for task in tasks {
        let goes_on = task.id.item.as_ref().is_none_or(|item: &ItemId| !given_up.contains(item));
        let verdict = verdicts.get(&task.id).copied();
        task.due = verdict.filter(|verdict| goes_on && is_due(task, *verdict, number));
    }
    Ok(())
}

/// Whether an item went back by itself: then nothing comes of an amendment any more.
fn is_given_up(item: &ItemRow) -> bool {
    !item.removed && matches!(item.state, ItemState::Failed | ItemState::Cancelled)
}

/// Whether an amendment that was event `number` is to do this to a task, and has not begun.
fn is_due(task: &TaskRow, verdict: Verdict, number: u64) -> bool {
    let progress = &task.progress;
    let last = progress.begun_event.max(progress.result_event).max(progress.undo_event);
    let is_deed = matches!(verdict, Verdict::Amended | Verdict::Redone | Verdict::Undone);
    is_deed && progress.state == TaskState::Succeeded && last < Some(number)
}
