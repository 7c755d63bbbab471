//! What must be true of an order that has ended, whatever came in between: the systems hold what its end allows, and no more.

use std::collections::{BTreeMap, BTreeSet};

use engine::Run;
use model::{Fact, ItemState, OperatorAction, OrderId, OrderState, TaskId, TaskState};
use plan::{Definition, Plan, TaskIndex};

use super::ledger::Deed;
use super::trial::{Trial, runs};

/// Everything that is wrong with how a trial has ended.
pub(crate) fn judge(trial: &Trial) -> Vec<String> {
    let mut wrongs = trial.wrongs.clone();
    let ledger = &trial.simulation.world().ledger;
    wrongs.extend(ledger.wrongs.iter().cloned());
    let run = trial.simulation.order();
    if !run.state().is_final() {
        wrongs.push(format!("the order is {} in the end", run.state()));
        return wrongs;
    }
    let mut by_order: BTreeMap<OrderId, Vec<&Deed>> = BTreeMap::new();
    for deed in ledger.deeds() {
        by_order.entry(deed.order).or_default().push(deed);
    }
    for run in runs(&trial.simulation) {
        let deeds = by_order.remove(&run.order_id()).unwrap_or_default();
        judge_order(run, &deeds, &mut wrongs);
        judge_children(run, &trial.simulation.children().collect::<Vec<_>>(), &mut wrongs);
    }
    for deed in by_order.values().flatten() {
        wrongs.push(format!("{} was done for {}, of an order that nobody knows", deed.call, deed.task));
    }
    wrongs
}

fn judge_order(run: &Run, deeds: &[&Deed], wrongs: &mut Vec<String>) {
    let known = Known(run);
    let states: BTreeMap<TaskId, (TaskState, u32)> =
        run.view().tasks.into_iter().map(|task| (task.id, (task.state, task.generation))).collect();
    let wrong = |what: String| format!("{} {}: {what}", run.plan().blueprint(), run.state());
    let left = residue(run);
    let cancelled = of_cancelled_items(run);

    // How the tasks stand goes with how the order ended.
    for (task, (state, _)) in &states {
        let fits = match run.state() {
            // An amendment has taken it out.
            OrderState::Completed | OrderState::Partial if run.plan().find(task).is_none() => {
                matches!(state, TaskState::Undone | TaskState::Dropped | TaskState::Skipped)
                    || !known.has_undo(task)
            }
            OrderState::Completed => {
                matches!(state, TaskState::Succeeded | TaskState::Skipped)
                    || cancelled.contains(task) && matches!(state, TaskState::Undone | TaskState::Dropped)
            }
            OrderState::Partial => matches!(
                state,
                TaskState::Succeeded | TaskState::Skipped | TaskState::Undone | TaskState::Dropped
            ),
            OrderState::Rejected
            | OrderState::Failed
            | OrderState::Cancelled
            | OrderState::Acknowledged
            | OrderState::Pending
            | OrderState::InProgress
            | OrderState::Held
            | OrderState::AssessingCancellation
            | OrderState::PendingCancellation => match state {
                TaskState::Undone | TaskState::Dropped | TaskState::Skipped => true,
                TaskState::Succeeded | TaskState::Held | TaskState::Failed | TaskState::Unknown => {
                    !known.has_undo(task)
                }
                TaskState::Waiting
                | TaskState::Ready
                | TaskState::Running
                | TaskState::Undoing
                | TaskState::UndoFailed
                | TaskState::Amending => false,
            },
        };
        if !fits {
            wrongs.push(wrong(format!("{task} is {state} in the end")));
        }
    }

    // What is there is the work of a task that is done, once; or can't be undone; or somebody has accepted that it is left.
    let there = deeds.iter().filter(|deed| deed.undone.is_none() && !left.contains(&deed.task));
    let mut once = BTreeSet::new();
    for deed in there {
        let state = states.get(&deed.task);
        if known.has_undo(&deed.task) && state != Some(&(TaskState::Succeeded, deed.generation)) {
            wrongs.push(wrong(format!("{} is there for {}, which is {state:?}", deed.call, deed.task)));
        }
        let may_come_twice =
            !known.has_undo(&deed.task) && state.is_none_or(|(_, generation)| *generation > 1);
        if !once.insert(&deed.task) && !may_come_twice {
            wrongs.push(wrong(format!("{} is there twice for {}", deed.call, deed.task)));
        }
    }
    // What a task says is done is there.
    for (task, (state, generation)) in &states {
        let changes = known.definition(task).call().is_some_and(|body| body.call.effect);
        let is_there = deeds
            .iter()
            .any(|deed| deed.task == *task && deed.generation == *generation && deed.undone.is_none());
        if changes && *state == TaskState::Succeeded && !is_there {
            wrongs.push(wrong(format!("{task} is succeeded, and nothing of it is there")));
        }
    }
    // Nothing was undone before what was built on it; after an amendment, what was built on it may be as good as before.
    let plan = run.plan();
    for deed in deeds.iter().filter(|_| run.plans().len() == 1) {
        let Some(undone) = deed.undone else { continue };
        let after = all_after(plan, plan.find(&deed.task).unwrap());
        let standing = deeds.iter().find(|other| {
            after.contains(&plan.find(&other.task).unwrap())
                && known.has_undo(&other.task)
                && !left.contains(&other.task)
                && other.done < undone
                && other.undone.is_none_or(|other| other > undone)
        });
        if let Some(other) = standing {
            wrongs.push(wrong(format!("{} was undone before {}", deed.task, other.task)));
        }
    }
    let numbers = run.events().iter().map(|event| event.number);
    if !numbers.eq(1..=run.events().len() as u64) {
        wrongs.push(wrong("its record has gaps".to_owned()));
    }
}

/// The tasks of which somebody has accepted what they left.
fn residue(run: &Run) -> BTreeSet<TaskId> {
    let accepted = run.events().iter().filter_map(|event| {
        if let Fact::ResidueAccepted { task, .. } = &event.fact { Some(task.clone()) } else { None }
    });
    accepted.collect()
}

/// The tasks that somebody has done by hand.
fn by_hand(run: &Run) -> BTreeSet<TaskId> {
    let mut done = BTreeSet::new();
    for event in run.events() {
        if let Fact::OperatorActed { action, task, .. } = &event.fact
            && *action == OperatorAction::Complete.as_str()
        {
            done.insert(task.clone());
        }
    }
    done
}

/// The tasks of the items that were cancelled alone.
fn of_cancelled_items(run: &Run) -> BTreeSet<TaskId> {
    let plan = run.plan();
    let items = run.view().items.into_iter().filter(|item| item.state == ItemState::Cancelled);
    let items: BTreeSet<_> = items.map(|item| item.id).collect();
    let of =
        |task: &TaskIndex| plan.task(*task).item.is_some_and(|item| items.contains(&plan.items()[item].id));
    plan.indices().filter(of).map(|task| plan.id(task)).collect()
}

/// An order that a task ran is completed if the task is, and only then; unless the task was done by hand.
fn judge_children(run: &Run, children: &[&Run], wrongs: &mut Vec<String>) {
    let view = run.view();
    let by_hand = by_hand(run);
    for event in run.events() {
        let Fact::ChildOrderStarted { task, order, .. } = &event.fact else { continue };
        let child = children.iter().rev().find(|child| child.order_id() == *order).unwrap();
        let task = view.tasks.iter().find(|known| known.id == *task).unwrap();
        let done = task.state == TaskState::Succeeded && order_of(run, task.generation, &task.id) == *order;
        let fits = (child.state() == OrderState::Completed) == done || by_hand.contains(&task.id);
        if !child.is_ended() || !fits {
            wrongs.push(format!("{} is {}, and its order {}", task.id, task.state, child.state()));
        }
    }
}

fn order_of(run: &Run, generation: u32, task: &TaskId) -> OrderId {
    run.order_id().child(task, generation)
}

/// The tasks of an order, those included that amendments have taken out.
pub(crate) struct Known<'a>(pub(crate) &'a Run);

impl Known<'_> {
    fn definition(&self, task: &TaskId) -> &Definition {
        let mut plans = self.0.plans().iter().rev();
        plans.find_map(|plan| Some(plan.definition(plan.find(task)?))).unwrap()
    }

    pub(crate) fn has_undo(&self, task: &TaskId) -> bool {
        self.definition(task).undo().is_some()
    }
}

/// Everything that comes after a task.
fn all_after(plan: &Plan, task: TaskIndex) -> BTreeSet<TaskIndex> {
    let mut all = BTreeSet::new();
    let mut next = vec![task];
    while let Some(task) = next.pop() {
        for &after in plan.dependants(task) {
            if all.insert(after) {
                next.push(after);
            }
        }
    }
    all
}
