//! What a run knows of one task.

use model::{HoldFor, TaskState, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::{CallId, TimerId};

/// Whether a task has changed anything out there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trace {
    /// It has not, for certain.
    #[default]
    None,
    /// It may have: a call got no answer.
    Maybe,
    /// It has.
    Left,
}

/// What follows when a task has been undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AfterUndo {
    /// It is over with the task: the order is being undone.
    #[default]
    Over,
    /// It is begun anew.
    Redo,
    /// The order goes on without it, for this reason.
    Skip(String),
}

/// One task of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaskRun {
    pub(crate) state: TaskState,
    /// Tasks it waits for that are not done.
    pub(crate) missing: usize,
    /// Done or skipped, and those after it know.
    pub(crate) passed: bool,
    /// How often it has been begun anew.
    pub(crate) generation: u32,
    /// Which call of its body is made: 0 is the first, 1 its first fallback.
    pub(crate) alternative: usize,
    pub(crate) call: Option<CallId>,
    pub(crate) timer: Option<TimerId>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) trace: Trace,
    /// The call that is out was made again to learn what became of the one before.
    #[serde(default)]
    pub(crate) asked: bool,
    /// Its result, or what came back in the wrong shape; null before.
    pub(crate) result: Value,
    pub(crate) reason: Option<String>,
    pub(crate) hold_for: Option<HoldFor>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    /// While the order is undone: tasks depending on it that are not cleared yet.
    pub(crate) uncleared: usize,
    pub(crate) after_undo: AfterUndo,
}

impl TaskRun {
    pub(crate) const fn new(missing: usize, skipped: Option<String>) -> Self {
        Self {
            state: if skipped.is_some() { TaskState::Skipped } else { TaskState::Waiting },
            missing,
            passed: false,
            generation: 0,
            alternative: 0,
            call: None,
            timer: None,
            until: None,
            trace: Trace::None,
            asked: false,
            result: Value::Null,
            reason: skipped,
            hold_for: None,
            started_at: None,
            ended_at: None,
            uncleared: 0,
            after_undo: AfterUndo::Over,
        }
    }
}
