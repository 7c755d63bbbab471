//! A task of an order as callers see it.

use model::{Actor, HoldFor, OperatorAction, TaskId, TaskState, Timestamp, Value};
use plan::Plan;
use serde::Serialize;
use store::{AttemptOutcome, CallError, Expected, HandsOn, TaskRow};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};

use crate::orders::expects::ExpectsView;
use crate::orders::view::{optional_words, words};

/// A task of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskView {
    /// Its id.
    #[schema(value_type = String, example = "reserve_port[1]")]
    id: TaskId,
    /// What it does, in words.
    title: String,
    /// Its state.
    #[schema(schema_with = task_state)]
    state: TaskState,
    /// Why it is in its state, where that needs saying.
    reason: Option<String>,
    /// What is expected to happen to it next, in words: while it is under way, and while the order is paused and its
    /// amendments are still to change, undo or redo what it did.
    next_action: Option<String>,
    /// Who is needed, if it is held.
    #[schema(schema_with = optional_hold_for)]
    hold_for: Option<HoldFor>,
    /// What it waits for, if it waits.
    waiting_for: Option<String>,
    /// When it stops waiting.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// What it asks for, while it waits for a signal or a person, or is held.
    expects: Option<ExpectsView>,
    /// What a person can do with it, while it needs one: each is an address below the task. The order may still say no, for what
    /// only it knows, with the reason.
    #[schema(schema_with = actions)]
    actions: &'static [OperatorAction],
    /// `system.operation` that does it.
    call: Option<String>,
    /// `system.operation` that takes it back.
    undo_call: Option<String>,
    /// How often it has been begun, from 1; 0 before that.
    generation: u32,
    /// How often its call was attempted since it was begun last, questions that were asked for it included.
    attempts: u32,
    /// How often taking it back was attempted.
    undo_attempts: u32,
    /// How many attempts there may be of the call that was made last; null if that is not known.
    max_attempts: Option<u32>,
    /// Why the last attempt that has ended did no good; null if it did, or none has ended.
    last_error: Option<CallErrorView>,
    /// When the call is made again, while it rests between two attempts.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// When it was begun last.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was done, left out or taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The arguments of `call`, as it was made last. Those of an undo are in its event `TaskUndoing`.
    #[schema(value_type = serde_json::Value)]
    arguments: Value,
    /// Its result.
    #[schema(value_type = serde_json::Value)]
    result: Value,
    /// What a person did that brought it to where it is; null if it got there by itself.
    acted: Option<ActedView>,
}

/// What a person did with a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acted)]
pub(crate) struct ActedView {
    /// What they did: `complete`, `skip`, `undone` or `accept`.
    #[schema(schema_with = one_action)]
    action: OperatorAction,
    /// Who, by the header `X-Actor`.
    #[schema(value_type = String)]
    by: Actor,
    /// Their note.
    note: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// An attempt of a call that did no good.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallError)]
pub(crate) struct CallErrorView {
    /// Which attempt it was. An attempt after it is under way if `attempts` or `undo_attempts` is greater.
    attempt: u32,
    /// `refused`: the system will not do it. `failed`: it was not done. `unknown`: it may have been done.
    #[schema(schema_with = error_kind)]
    kind: AttemptOutcome,
    /// What went wrong.
    text: String,
    /// When the attempt ended.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl TaskView {
    /// The view of a task; `plan` says what it asks for, if it waits for something from outside.
    pub(super) fn new(row: TaskRow, plan: Option<&Plan>) -> Self {
        let expects = plan.and_then(|plan| ExpectsView::of(&row, plan));
        Self { expects, ..row.into() }
    }

    /// The same, of an order that was stopped: no task of it goes on.
    pub(super) fn of_stopped(self) -> Self {
        Self { next_action: None, ..self }
    }

    /// The same, with what a person can do.
    pub(super) fn with_actions(self) -> Self {
        let by_person = self.expects.as_ref().is_some_and(ExpectsView::is_of_person);
        // What is held of an order that turns back needs nobody.
        let needs_person = by_person || self.hold_for.is_some();
        let actions = if needs_person { OperatorAction::suggested(self.state, by_person) } else { &[] };
        Self { actions, ..self }
    }
}

impl From<TaskRow> for TaskView {
    fn from(row: TaskRow) -> Self {
        let expected = row.expected().map(|expected| Expected { task: None, ..expected }.to_string());
        let due = || row.due.map(|verdict| format!("will be {}", verdict.as_str()));
        let next_action = expected.or_else(due);
        let TaskRow { id, title, progress, attempts, undo_attempts, attempts_allowed, .. } = row;
        Self {
            id,
            title,
            state: progress.state,
            reason: progress.reason.or_else(|| row.acted.as_ref().and_then(HandsOn::words)),
            next_action,
            hold_for: progress.hold_for,
            waiting_for: progress.waiting_for,
            until: progress.until,
            expects: None,
            actions: &[],
            call: progress.call,
            undo_call: progress.undo_call,
            generation: progress.generation,
            attempts,
            undo_attempts,
            max_attempts: attempts_allowed,
            last_error: row.last_error.map(Into::into),
            next_attempt_at: row.next_attempt_at,
            started_at: progress.started_at,
            ended_at: progress.ended_at,
            arguments: row.arguments,
            result: row.result,
            acted: row.acted.map(Into::into),
        }
    }
}

impl From<HandsOn> for ActedView {
    fn from(act: HandsOn) -> Self {
        Self { action: act.action, by: act.by, note: act.note, at: act.at }
    }
}

impl From<CallError> for CallErrorView {
    fn from(error: CallError) -> Self {
        Self { attempt: error.attempt, kind: error.kind, text: error.text, at: error.at }
    }
}

fn actions() -> ArrayBuilder {
    ArrayBuilder::new().items(one_action())
}

fn one_action() -> ObjectBuilder {
    words("Something that a person can do.", OperatorAction::ALL.iter().map(|action| action.as_str()))
}

fn error_kind() -> ObjectBuilder {
    let kinds = [AttemptOutcome::Refused, AttemptOutcome::Failed, AttemptOutcome::Unknown];
    words("What came of the attempt.", kinds.map(AttemptOutcome::as_str))
}

fn task_state() -> ObjectBuilder {
    words("The state of the task.", TaskState::ALL.iter().map(|state| state.as_str()))
}

fn optional_hold_for() -> ObjectBuilder {
    optional_words("Who is needed.", [HoldFor::Operations, HoldFor::Customer].map(HoldFor::as_str))
}
