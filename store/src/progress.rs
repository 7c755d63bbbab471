//! What an order event does to the rows of its order.
//!
//! Pure: rows and an event in, rows out. [`crate::apply_batch`] loads and saves around it. Each event is
//! checked before it changes anything.

use std::collections::BTreeMap;

use model::{Fact, HoldFor, IllegalTransition, OrderEvent, OrderState, TaskId, TaskState, Timestamp};

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
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
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
    /// Why it is in this state, where that needs saying.
    pub reason: Option<String>,
    /// Who is needed, if it is held.
    pub hold_for: Option<HoldFor>,
    /// When it last began.
    pub started_at: Option<Timestamp>,
    /// When it succeeded, was skipped, dropped or undone.
    pub ended_at: Option<Timestamp>,
    /// The number of the event that holds the arguments of its last call.
    pub begun_event: Option<u64>,
    /// The number of the event that holds its result.
    pub result_event: Option<u64>,
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
    pub(crate) tasks: BTreeMap<TaskId, PlacedTask>,
}

/// A task and its place in the plan.
#[derive(Debug)]
pub(crate) struct PlacedTask {
    pub(crate) position: u64,
    pub(crate) progress: TaskProgress,
}

impl Progress {
    /// Applies the next event.
    ///
    /// # Errors
    /// It can't follow; nothing has changed.
    pub(crate) fn apply(&mut self, event: &OrderEvent) -> Result<(), Refusal> {
        let (fact, at) = (&event.fact, event.at);
        if let Some(state) = fact.order_state() {
            self.order.enter(state, event)?;
        }
        match fact {
            Fact::OrderAccepted {}
            | Fact::OrderHeld { .. }
            | Fact::OrderResumed { .. }
            | Fact::OrderCompleted {}
            | Fact::OrderPartiallyCompleted {}
            | Fact::OrderCancelled {}
            | Fact::CancelRequested { .. }
            | Fact::CancelRefused { .. }
            | Fact::CancelAccepted { .. }
            | Fact::SignalReceived { .. }
            | Fact::SignalKept { .. }
            | Fact::SignalRefused { .. }
            | Fact::OperatorActed { .. } => {}
            Fact::OrderPending { until } => self.order.pending_until = Some(*until),
            Fact::OrderStarted {} => {
                self.order.started_at.get_or_insert(at);
            }
            Fact::OrderRollingBack { reason }
            | Fact::OrderRejected { reason }
            | Fact::OrderFailed { reason } => self.order.reason = Some(reason.clone()),
            Fact::CustomerStatusChanged { status } => self.order.customer_status.clone_from(status),
            Fact::TaskStarted { task, generation, waiting_for, until, call, arguments: _ } => {
                let task = self.enter(task, event)?;
                task.generation = *generation;
                task.waiting_for.clone_from(waiting_for);
                task.until = *until;
                if call.is_some() {
                    task.call.clone_from(call);
                }
                task.started_at = Some(at);
                task.begun_event = Some(event.number);
                task.result_event = None;
            }
            Fact::TaskSucceeded { task, result: _ } => {
                let task = self.enter(task, event)?;
                task.started_at.get_or_insert(at);
                task.result_event = Some(event.number);
            }
            Fact::TaskOutcomeUnknown { task, reason }
            | Fact::TaskFailed { task, reason }
            | Fact::TaskSkipped { task, reason } => {
                self.enter(task, event)?.reason = Some(reason.clone());
            }
            Fact::TaskHeld { task, reason, hold_for } => {
                let task = self.enter(task, event)?;
                task.reason = Some(reason.clone());
                task.hold_for = Some(*hold_for);
            }
            Fact::TaskUndoFailed { task, reason } => {
                let task = self.enter(task, event)?;
                task.reason = Some(reason.clone());
                // An undo that fails is never the customer's to mend.
                task.hold_for = Some(HoldFor::Operations);
            }
            Fact::TaskUndoing { task, call, arguments: _ } => {
                let task = self.enter(task, event)?;
                task.undo_call = Some(call.clone());
                task.begun_event = Some(event.number);
            }
            Fact::TaskDropped { task } | Fact::TaskUndone { task } => {
                self.enter(task, event)?;
            }
        }
        self.order.blocked = self.blocked();
        self.order.updated_at = self.order.updated_at.max(at);
        self.order.next_event = event.number.saturating_add(1);
        Ok(())
    }

    /// The event that holds an order names the task that was first; when that one goes on, another may still need its
    /// person. While a cancel is assessed they are needed too, for it may be refused.
    fn blocked(&self) -> Option<Blocked> {
        if !matches!(self.order.state, OrderState::Held | OrderState::AssessingCancellation) {
            return None;
        }
        let held = self.tasks.iter().filter(|(_, task)| task.progress.hold_for.is_some());
        let (id, task) = held.min_by_key(|(_, task)| task.position)?;
        Some(Blocked {
            task: id.clone(),
            reason: task.progress.reason.clone().unwrap_or_default(),
            hold_for: task.progress.hold_for?,
        })
    }

    /// Brings a task into the state that the event puts it in. What was said of the state before goes with it.
    fn enter(&mut self, id: &TaskId, event: &OrderEvent) -> Result<&mut TaskProgress, Refusal> {
        let fact = event.fact.name();
        let unknown = || Refusal::UnknownTask { fact, task: id.clone() };
        let task = &mut self.tasks.get_mut(id).ok_or_else(unknown)?.progress;
        if let Some((_, state)) = event.fact.task_state() {
            follow(task.state, state).map_err(|cause| Refusal::IllegalTransition { fact, cause })?;
            task.state = state;
            task.waiting_for = None;
            task.until = None;
            task.reason = None;
            task.hold_for = None;
            let over = matches!(
                state,
                TaskState::Succeeded | TaskState::Skipped | TaskState::Dropped | TaskState::Undone
            );
            task.ended_at = over.then_some(event.at);
        }
        Ok(task)
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
        if state.is_final() {
            self.ended_at.get_or_insert(event.at);
        }
        Ok(())
    }
}

/// Whether a task may be seen to go from one state to another. `ready` lasts no time in the record, so what may
/// follow it may follow `waiting` too; the same state again is a new reason for it.
fn follow(from: TaskState, to: TaskState) -> Result<TaskState, IllegalTransition> {
    if from == to || (from == TaskState::Waiting && TaskState::Ready.next().contains(&to)) {
        Ok(to)
    } else {
        from.go(to)
    }
}
