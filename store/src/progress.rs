//! What an order event does to the rows of its order.
//!
//! Pure: rows and an event in, rows out. [`crate::apply_batch`] loads and saves around it. Each event is
//! checked before it changes anything.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{
    Actor, DeliveryId, Fact, HoldFor, IllegalTransition, OperatorAction, OrderEvent, OrderId, OrderState,
    TaskId, TaskState, Timestamp,
};

use crate::amended::{Proposal, place_tasks};
use crate::items::ItemChanges;

/// The part of an order that its events change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderProgress {
    /// Its state.
    pub state: OrderState,
    /// What the customer sees; none if nothing that was said to them is true now.
    pub customer_status: Option<String>,
    /// What keeps it from going on until a person acts: the first such task in the plan's order.
    pub blocked: Option<Blocked>,
    /// Why it was rejected, failed, or is being rolled back.
    pub reason: Option<String>,
    /// The start date it waits for while pending.
    pub pending_until: Option<Timestamp>,
    /// The orders that must end before it begins, while pending.
    pub pending_after: Vec<OrderId>,
    /// Who has paused it, while it is paused by a person.
    pub paused_by: Option<Actor>,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Since when it may not be done in time.
    pub at_risk_since: Option<Timestamp>,
    /// Why it may not; none if only the time that its blueprint declares has passed.
    pub at_risk_reason: Option<String>,
    /// Since when its time is up.
    pub overdue_since: Option<Timestamp>,
    /// When the last applied event happened.
    pub updated_at: Timestamp,
    /// The number of the first event that is not applied yet.
    pub next_event: u64,
}

/// The task that keeps an order from going on until a person acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The task.
    pub task: TaskId,
    /// Why.
    pub reason: String,
    /// Who is needed.
    pub hold_for: HoldFor,
}

/// The part of a task that order events change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskProgress {
    /// Its state.
    pub state: TaskState,
    /// How often it has been begun anew; 0 before the first time.
    pub generation: u32,
    /// `system.operation` that does it.
    pub call: Option<String>,
    /// `system.operation` that takes it back.
    pub undo_call: Option<String>,
    /// What it waits for, while it waits for something else than a call.
    pub waiting_for: Option<String>,
    /// How long it waits.
    pub until: Option<Timestamp>,
    /// Why it was left out, held, or could not be done or undone.
    pub reason: Option<String>,
    /// Who is needed, from when it is held until they act or the order turns back.
    pub hold_for: Option<HoldFor>,
    /// When it last began.
    pub started_at: Option<Timestamp>,
    /// When it was done, left out or undone last.
    pub ended_at: Option<Timestamp>,
    /// The number of the event that holds the arguments of `call`; those of an undo are in the event that says it began.
    pub begun_event: Option<u64>,
    /// The number of the event that holds its result.
    pub result_event: Option<u64>,
    /// The number of the event that holds the arguments of `undo_call`.
    pub undo_event: Option<u64>,
    /// Since when it waits for a person: it is held, its undo failed, or it is theirs to do.
    pub person_since: Option<Timestamp>,
}

/// Why an event can't be applied. It is a defect of whoever made the event; it is reported and never written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The event is about a task that the plan does not have.
    #[error("`{fact}` names the task `{task}`, which the order does not have")]
    UnknownTask {
        /// The kind of event.
        fact: &'static str,
        /// The task.
        task: TaskId,
    },
    /// The event can't follow those before it.
    #[error("`{fact}` can't follow here")]
    IllegalTransition {
        /// The kind of event.
        fact: &'static str,
        /// What it would have changed.
        #[source]
        cause: IllegalTransition,
    },
}

/// An order with those of its tasks that are about to change, and those that need a person.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) order: OrderProgress,
    /// Where the order as a whole waits for a person, and since when.
    pub(crate) paused: Option<(Blocked, Timestamp)>,
    pub(crate) tasks: BTreeMap<TaskId, PlacedTask>,
    pub(crate) items: ItemChanges,
    /// The versions that amendments make of it, by their deliveries.
    pub(crate) proposals: BTreeMap<DeliveryId, Proposal>,
}

/// A task and its place in the plan.
#[derive(Debug)]
pub(crate) struct PlacedTask {
    pub(crate) position: u64,
    /// Whether a person does it.
    pub(crate) is_manual: bool,
    pub(crate) progress: TaskProgress,
}

impl Progress {
    /// Applies the next event.
    ///
    /// # Errors
    /// It can't follow; nothing has changed.
    pub(crate) fn apply(&mut self, event: &OrderEvent) -> Result<(), Refusal> {
        let (fact, at) = (&event.fact, event.at);
        let before = (self.order.state, self.paused.is_some());
        if let Some(state) = fact.order_state() {
            self.order.enter(state, event)?;
        }
        match fact {
            Fact::OrderAccepted {}
            | Fact::OrderHeld { .. }
            | Fact::OrderCompleted {}
            | Fact::OrderPartiallyCompleted {}
            | Fact::ItemRollingBack { .. }
            | Fact::ItemFailed { .. }
            | Fact::ItemCancelAccepted { .. }
            | Fact::ItemCancelRefused { .. }
            | Fact::ItemCancelled { .. }
            | Fact::ChildOrderStarted { .. }
            | Fact::OrderAnswered { .. }
            | Fact::OrderCancelled {}
            | Fact::CancelRequested { .. }
            | Fact::CancelRefused { .. }
            | Fact::SignalReceived { .. }
            | Fact::SignalKept { .. }
            | Fact::SignalRefused { .. } => {}
            Fact::OrderAtRisk { reason, deadline: _ } => {
                self.order.at_risk_since = Some(at);
                self.order.at_risk_reason.clone_from(reason);
            }
            Fact::OrderOverdue {} => self.order.overdue_since = Some(at),
            Fact::OrderPaused { task, reason, hold_for, id: _, by } => {
                let (task, reason) = (task.clone(), reason.clone());
                // Said again, it is at another task, and has lasted as long.
                let since = self.paused.as_ref().map_or(at, |(_, since)| *since);
                self.paused = Some((Blocked { task, reason, hold_for: *hold_for }, since));
                self.order.paused_by.clone_from(by);
            }
            Fact::PauseLifted { .. } => self.lift_pause(),
            Fact::OrderPending { until, after } => {
                self.order.pending_until = *until;
                self.order.pending_after.clone_from(after);
            }
            Fact::OrderStarted {} => {
                self.order.started_at.get_or_insert(at);
            }
            Fact::OrderRejected { reason } | Fact::OrderFailed { reason } => {
                self.order.reason = Some(reason.clone());
            }
            Fact::OrderRollingBack { reason } => {
                self.order.reason = Some(reason.clone());
                self.release();
            }
            // Nobody is needed any more, neither for a task nor for the order as a whole.
            Fact::OrderResumed { .. } => self.lift_pause(),
            Fact::CancelAccepted { .. } => self.release(),
            Fact::CustomerStatusChanged { status, item: None } => {
                self.order.customer_status.clone_from(status);
            }
            Fact::CustomerStatusChanged { status: _, item: Some(_) } => {}
            // The person it needed has been there; what becomes of it the next events say.
            Fact::OperatorActed { task, action, .. } => {
                // What a person has paused, only a person lets go on; and nothing else that is done with a task says so.
                let by_deadline = self.order.paused_by.is_none();
                let lifts = by_deadline && action == OperatorAction::Retry.as_str();
                if lifts && self.paused.as_ref().is_some_and(|(pause, _)| pause.task == *task) {
                    self.paused = None;
                }
                if let Some(task) = self.tasks.get_mut(task) {
                    task.progress.release();
                }
            }
            Fact::TaskStarted { task, generation, waiting_for, until, call, arguments: _ } => {
                let is_manual = self.tasks.get(task).is_some_and(|task| task.is_manual);
                let task = self.enter(task, event)?;
                task.generation = *generation;
                task.person_since = is_manual.then_some(at);
                task.waiting_for.clone_from(waiting_for);
                task.until = *until;
                if call.is_some() {
                    task.call.clone_from(call);
                }
                task.reason = None;
                task.started_at = Some(at);
                task.ended_at = None;
                task.begun_event = Some(event.number);
                task.result_event = None;
            }
            Fact::TaskSucceeded { task, result: _ } => {
                let task = self.enter(task, event)?;
                task.reason = None;
                task.started_at.get_or_insert(at);
                task.result_event = Some(event.number);
            }
            Fact::TaskOutcomeUnknown { task, reason, waiting_for } => {
                let task = self.enter(task, event)?;
                task.reason = Some(reason.clone());
                task.waiting_for.clone_from(waiting_for);
            }
            Fact::TaskFailed { task, reason } | Fact::TaskSkipped { task, reason } => {
                self.enter(task, event)?.reason = Some(reason.clone());
            }
            Fact::ResidueAccepted { task, .. } => {
                self.enter(task, event)?.reason = fact.task_reason().map(Cow::into_owned);
            }
            Fact::TaskHeld { task, reason, hold_for } => {
                let task = self.enter(task, event)?;
                task.reason = Some(reason.clone());
                task.hold_for = Some(*hold_for);
                task.person_since = Some(at);
            }
            Fact::TaskUndoFailed { task, reason } => {
                let task = self.enter(task, event)?;
                task.reason = Some(reason.clone());
                // An undo that fails is never the customer's to mend.
                task.hold_for = Some(HoldFor::Operations);
                task.person_since = Some(at);
            }
            Fact::OrderAmended { id, tasks, judged_anew, .. } => {
                if *judged_anew {
                    self.order.at_risk_since = None;
                    self.order.at_risk_reason = None;
                    self.order.overdue_since = None;
                }
                let plan = self.proposals.get(id).map(|proposal| &proposal.plan);
                place_tasks(&mut self.tasks, tasks, plan, at);
                self.items.all = true;
            }
            Fact::AmendmentRefused { .. } => {}
            Fact::TaskReplanned { task } => {
                let task = self.enter(task, event)?;
                task.reason = None;
                task.hold_for = None;
                task.started_at = None;
                task.ended_at = None;
                task.result_event = None;
            }
            Fact::TaskAmending { task, generation, call, waiting_for, until, arguments: _, handed_on: _ } => {
                let task = self.enter(task, event)?;
                task.generation = *generation;
                task.waiting_for.clone_from(waiting_for);
                task.until = *until;
                task.call = Some(call.clone());
                task.reason = None;
                task.begun_event = Some(event.number);
            }
            Fact::TaskUndoing { task, call, arguments: _ } => {
                let task = self.enter(task, event)?;
                task.undo_call = Some(call.clone());
                task.undo_event = Some(event.number);
            }
            Fact::TaskDropped { task } | Fact::TaskUndone { task } => {
                self.enter(task, event)?;
            }
        }
        if self.order.state.is_final() {
            self.lift_pause();
        }
        self.items.note(fact);
        self.items.all |= before != (self.order.state, self.paused.is_some());
        self.order.blocked = self.blocked();
        self.order.updated_at = self.order.updated_at.max(at);
        self.order.next_event = event.number.saturating_add(1);
        Ok(())
    }

    /// An order that turns back needs nobody for what was held: it is undone or dropped when its turn comes.
    fn release(&mut self) {
        self.lift_pause();
        for task in self.tasks.values_mut() {
            task.progress.release();
        }
    }

    fn lift_pause(&mut self) {
        self.paused = None;
        self.order.paused_by = None;
    }

    /// The event that holds an order names the task that was first; when that one goes on, another may still
    /// need its person. While a cancel is assessed they are needed too, for it may be refused.
    fn blocked(&self) -> Option<Blocked> {
        if !matches!(self.order.state, OrderState::Held | OrderState::AssessingCancellation) {
            return None;
        }
        let held = self.tasks.iter().filter(|(_, task)| task.progress.hold_for.is_some());
        let Some((id, task)) = held.min_by_key(|(_, task)| task.position) else {
            let (pause, _) = self.paused.as_ref()?;
            let by = self.order.paused_by.as_ref().map(|by| format!("paused by {by}: "));
            let reason = format!("{}{}", by.unwrap_or_default(), pause.reason);
            return Some(Blocked { reason, ..pause.clone() });
        };
        Some(Blocked {
            task: id.clone(),
            reason: task.progress.reason.clone().unwrap_or_default(),
            hold_for: task.progress.hold_for?,
        })
    }

    /// Brings a task into the state that the event puts it in. Whom and what it waited for goes with the
    /// state before; why it went wrong stays until it is begun anew or done.
    fn enter(&mut self, id: &TaskId, event: &OrderEvent) -> Result<&mut TaskProgress, Refusal> {
        let fact = event.fact.name();
        let unknown = || Refusal::UnknownTask { fact, task: id.clone() };
        let task = &mut self.tasks.get_mut(id).ok_or_else(unknown)?.progress;
        if let Some((_, state)) = event.fact.task_state() {
            follow(task.state, state).map_err(|cause| Refusal::IllegalTransition { fact, cause })?;
            // Why its undo failed does not matter once that goes on, or somebody has seen to it.
            if task.state == TaskState::UndoFailed && state != TaskState::UndoFailed {
                task.reason = None;
            }
            task.state = state;
            task.waiting_for = None;
            task.until = None;
            task.hold_for = None;
            task.person_since = None;
            if matches!(
                state,
                TaskState::Succeeded | TaskState::Skipped | TaskState::Dropped | TaskState::Undone
            ) {
                task.ended_at = Some(event.at);
            }
        }
        Ok(task)
    }
}

impl TaskProgress {
    /// That of a task that has not begun; or is left out since `at`, by a rule.
    pub(crate) fn new(skipped: Option<String>, at: Timestamp) -> Self {
        Self {
            state: if skipped.is_some() { TaskState::Skipped } else { TaskState::Waiting },
            generation: 0,
            call: None,
            undo_call: None,
            waiting_for: None,
            until: None,
            ended_at: skipped.is_some().then_some(at),
            reason: skipped,
            hold_for: None,
            started_at: None,
            begun_event: None,
            result_event: None,
            undo_event: None,
            person_since: None,
        }
    }

    /// Nobody is needed for what was held.
    fn release(&mut self) {
        if self.hold_for.take().is_some() {
            self.person_since = None;
        }
    }
}

impl OrderProgress {
    fn enter(&mut self, state: OrderState, event: &OrderEvent) -> Result<(), Refusal> {
        // Said again is no change: a second task may be held, a second cancel may come.
        if state != self.state {
            self.state
                .go(state)
                .map_err(|cause| Refusal::IllegalTransition { fact: event.fact.name(), cause })?;
        }
        self.state = state;
        self.pending_until = None;
        self.pending_after.clear();
        if state.is_final() {
            self.ended_at.get_or_insert(event.at);
        }
        Ok(())
    }
}

/// Whether a task may be seen to go from one state to another. `ready` lasts no time in the record, so what
/// may follow it may follow `waiting` too; the same state again is a new reason for it.
fn follow(from: TaskState, to: TaskState) -> Result<TaskState, IllegalTransition> {
    if from == to || (from == TaskState::Waiting && TaskState::Ready.next().contains(&to)) {
        Ok(to)
    } else {
        from.go(to)
    }
}

#[cfg(test)]
mod tests;
