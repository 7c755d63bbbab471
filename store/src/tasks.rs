//! Reads the tasks of one order: what became of each, and how its calls go.

use model::{Direction, HoldFor, OrderId, TaskId, TaskState, Timestamp, Value, Verdict};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::acts::{HandsOn, select_acts};
use crate::attempts::AttemptOutcome;
use crate::columns::{At, Whole, Word, column};
use crate::progress::TaskProgress;
use crate::rows::task_progress;

/// States in which the last call of a task was its undo.
pub(crate) const UNDO_STATES: [TaskState; 3] = [TaskState::Undoing, TaskState::Undone, TaskState::UndoFailed];

/// States of a task that is under way.
pub(crate) const ACTIVE_STATES: [TaskState; 4] =
    [TaskState::Running, TaskState::Unknown, TaskState::Undoing, TaskState::Amending];

/// A task of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// The task.
    pub id: TaskId,
    /// What it does, for people.
    pub title: String,
    /// What its events have made of it.
    pub progress: TaskProgress,
    /// How often its call was attempted in this generation.
    pub attempts: u32,
    /// How often its undo was attempted.
    pub undo_attempts: u32,
    /// How many attempts there may be of the one that was made last, if that is known.
    pub attempts_allowed: Option<u32>,
    /// Why the last attempt that has ended did no good; none if it did, or none has ended.
    pub last_error: Option<CallError>,
    /// When the call is made again, while it rests between two attempts.
    pub next_attempt_at: Option<Timestamp>,
    /// The arguments of its call, as it was made last; null before the first.
    pub arguments: Value,
    /// Its result; null before there is one.
    pub result: Value,
    /// What a person did that brought it to where it is; none if nobody did.
    pub acted: Option<HandsOn>,
    /// What amendments are still to do to it, while the order is paused.
    pub due: Option<Verdict>,
}

/// What came of an attempt that did no good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Which attempt of the task's generation it was, from 1.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// What it means; never [`AttemptOutcome::Succeeded`].
    pub kind: AttemptOutcome,
    /// What went wrong.
    pub text: String,
}

impl CallError {
    /// What the last attempt that has ended came to, from its columns.
    pub(crate) fn of(
        attempt: Option<Whole<u32>>,
        at: Option<At>,
        outcome: Option<Word<AttemptOutcome>>,
        error: Option<String>,
    ) -> Option<Self> {
        let (attempt, at, kind) = (attempt?.0, at?.0, outcome?.0);
        let text = error.unwrap_or_default();
        (kind != AttemptOutcome::Succeeded).then_some(Self { attempt, at, kind, text })
    }
}

fn direction(state: TaskState) -> Direction {
    if UNDO_STATES.contains(&state) { Direction::Undo } else { Direction::Forward }
}

/// Whether a call of a task in this state may be under way.
const fn is_calling(state: TaskState) -> bool {
    matches!(state, TaskState::Running | TaskState::Undoing | TaskState::Amending)
}

struct TaskColumns {
    task: Word<TaskId>,
    title: String,
    state: Word<TaskState>,
    generation: Whole<u32>,
    call: Option<String>,
    undo_call: Option<String>,
    waiting_for: Option<String>,
    until: Option<At>,
    reason: Option<String>,
    hold_for: Option<Word<HoldFor>>,
    started_at: Option<At>,
    ended_at: Option<At>,
    begun_event: Option<Whole<u64>>,
    result_event: Option<Whole<u64>>,
    undo_event: Option<Whole<u64>>,
    person_since: Option<At>,
    attempts: Whole<u32>,
    undo_attempts: Whole<u32>,
    last_attempt: Option<Whole<u32>>,
    last_ended_at: Option<At>,
    outcome: Option<Word<AttemptOutcome>>,
    error: Option<String>,
    allowed: Option<Whole<u32>>,
    next_at: Option<At>,
    begun: Option<Json<Value>>,
    result: Option<Json<Value>>,
}

impl From<TaskColumns> for TaskRow {
    fn from(row: TaskColumns) -> Self {
        let field = |event: Option<Json<Value>>, name| {
            event.and_then(|data| data.0.field(name).cloned()).unwrap_or_default()
        };
        let progress = task_progress!(row);
        let direction = direction(progress.state);
        let made = if direction == Direction::Undo { row.undo_attempts.0 } else { row.attempts.0 };
        let rests = is_calling(progress.state) && row.last_attempt.is_some_and(|last| last.0 == made);
        Self {
            id: row.task.0,
            title: row.title,
            progress,
            attempts: row.attempts.0,
            undo_attempts: row.undo_attempts.0,
            attempts_allowed: row.allowed.map(|allowed| allowed.0),
            last_error: CallError::of(row.last_attempt, row.last_ended_at, row.outcome, row.error),
            next_attempt_at: row.next_at.filter(|_| rests).map(|at| at.0),
            arguments: field(row.begun, "arguments"),
            result: field(row.result, "result"),
            acted: None,
            due: None,
        }
    }
}

/// The tasks of an order, in the plan's order.
pub(crate) async fn select_tasks(conn: &mut PgConnection, id: OrderId) -> Result<Vec<TaskRow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskColumns,
        r#"
        with attempts as (
            select task, direction, generation, max(attempt) as attempts
            from task_attempts
            where order_id = $1
            group by task, direction, generation
        ),
        ended as (
            select distinct on (task, direction, generation) *
            from task_attempts
            where order_id = $1 and ended_at is not null
            order by task, direction, generation, attempt desc
        )
        select
            t.task as "task: _", t.title, t.state as "state: _", t.generation as "generation: _", t.call,
            t.undo_call, t.waiting_for, t.until as "until: _", t.reason, t.hold_for as "hold_for: _",
            t.started_at as "started_at: _", t.ended_at as "ended_at: _",
            t.begun_event as "begun_event: _", t.result_event as "result_event: _",
            t.undo_event as "undo_event: _", t.person_since as "person_since: _",
            coalesce(forward.attempts, 0) as "attempts!: _", coalesce(undo.attempts, 0) as "undo_attempts!: _",
            last.attempt as "last_attempt?: _", last.ended_at as "last_ended_at?: _", last.outcome as "outcome?: _",
            last.error as "error?", last.allowed as "allowed?: _", last.next_at as "next_at?: _",
            begun.data as "begun?: _", result.data as "result?: _"
        from tasks t
        left join attempts forward
            on forward.task = t.task and forward.generation = t.generation and forward.direction = 'forward'
        left join attempts undo
            on undo.task = t.task and undo.generation = t.generation and undo.direction = 'undo'
        left join ended last
            on last.task = t.task and last.generation = t.generation
            and last.direction = case when t.state = any($2) then 'undo' else 'forward' end
        left join order_events begun on begun.order_id = t.order_id and begun.number = t.begun_event
        left join order_events result on result.order_id = t.order_id and result.number = t.result_event
        where t.order_id = $1
        order by t.position
        "#,
        id.uuid(),
        &column(&UNDO_STATES, |state| state.as_str()) as _,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut acts = select_acts(conn, id).await?;
    let row = |columns: TaskColumns| {
        let row = TaskRow::from(columns);
        TaskRow { acted: acts.of(&row.id, &row.progress), ..row }
    };
    Ok(rows.into_iter().map(row).collect())
}
