//! What the amendments of a paused order are still to do to what its tasks have done: nothing of it begins before the order goes
//! on. What an amendment does to each task is judged by the engine, and said with the amendment; it is never judged here.

use std::collections::{BTreeMap, BTreeSet};

use model::{Fact, ItemId, ItemState, OrderEvent, TaskState, Verdict};
use sqlx::PgConnection;

use crate::events::last_amendment;
use crate::items::ItemRow;
use crate::summary::OrderSummary;
use crate::tasks::TaskRow;

/// Most amendments that are looked at, the last ones: each event of one may be as large as its order.
const LOOKED_AT: usize = 10;

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
    let mut amendments = Vec::new();
    let mut before = None;
    while amendments.len() < LOOKED_AT
        && let Some(amended) = last_amendment(conn, order.id, before).await?
    {
        before = Some(amended.number);
        amendments.push(amended);
    }
    let mut verdicts = BTreeMap::new();
    for amended in amendments.into_iter().rev() {
        if let OrderEvent { number, fact: Fact::OrderAmended { tasks: changes, .. }, at: _ } = amended {
            for change in changes {
                let before = verdicts.get(&change.task).copied();
                verdicts.insert(change.task, taken_together(before, change.verdict, number));
            }
        }
    }
    let given_up: BTreeSet<_> = items.iter().filter(|item| is_given_up(item)).map(|item| &item.id).collect();
    for task in tasks {
        let goes_on = task.id.item.as_ref().is_none_or(|item: &ItemId| !given_up.contains(item));
        let verdict = verdicts.get(&task.id).copied();
        task.due = verdict.filter(|of| goes_on && is_due(task, *of)).map(|(verdict, _)| verdict);
    }
    Ok(())
}

/// What two amendments that follow each other do to a task, and the event of the one that does it. What is to be taken back stays so
/// when the next one would keep it; what is to be amended is judged by the last.
fn taken_together(before: Option<(Verdict, u64)>, verdict: Verdict, number: u64) -> (Verdict, u64) {
    let is_deed = matches!(verdict, Verdict::Amended | Verdict::Redone | Verdict::Undone);
    let is_taken_back = |(before, _): &(Verdict, u64)| matches!(before, Verdict::Redone | Verdict::Undone);
    before.filter(|before| !is_deed && is_taken_back(before)).unwrap_or((verdict, number))
}

/// Whether an item went back by itself: then nothing comes of an amendment any more.
fn is_given_up(item: &ItemRow) -> bool {
    !item.removed && matches!(item.state, ItemState::Failed | ItemState::Cancelled)
}

/// Whether an amendment that was event `number` is to do this to a task, and has not begun.
fn is_due(task: &TaskRow, (verdict, number): (Verdict, u64)) -> bool {
    let progress = &task.progress;
    let last = progress.begun_event.max(progress.result_event).max(progress.undo_event);
    let is_deed = matches!(verdict, Verdict::Amended | Verdict::Redone | Verdict::Undone);
    is_deed && progress.state == TaskState::Succeeded && last < Some(number)
}

#[cfg(test)]
mod tests {
    use Verdict::{Added, Amended, Compared, Kept, Redone, Replaced, Undone};

    use super::*;

    /// What amendments that follow each other do to a task, and which of them.
    fn after(verdicts: &[Verdict]) -> Option<(Verdict, u64)> {
        let each = (1..).zip(verdicts.iter().copied());
        each.fold(None, |before, (number, verdict)| Some(taken_together(before, verdict, number)))
    }

    #[test]
    fn what_is_to_be_taken_back_stays_so_when_a_later_amendment_would_keep_it() {
        assert_eq!(after(&[Redone, Replaced]), Some((Redone, 1)));
        assert_eq!(after(&[Undone, Kept, Compared, Added]), Some((Undone, 1)));
        assert_eq!(after(&[Redone, Undone]), Some((Undone, 2)));
        assert_eq!(after(&[Amended, Redone, Kept]), Some((Redone, 2)));
    }

    #[test]
    fn what_is_to_be_amended_is_judged_by_the_last() {
        assert_eq!(after(&[Amended, Amended]), Some((Amended, 2)));
        assert_eq!(after(&[Amended, Kept]), Some((Kept, 2)));
        assert_eq!(after(&[Kept]), Some((Kept, 1)));
        assert_eq!(after(&[]), None);
    }
}
