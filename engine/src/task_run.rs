//! What a run knows of one task.

use model::{HoldFor, TaskState, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::verify::Told;
use crate::{CallId, ChildId, TimerId};

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

/// Whether the order that a task runs has passed a point of no return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Beyond {
    /// It has not.
    #[default]
    No,
    /// It was given leave to, and may have done so.
    Perhaps,
    /// It has, and has ended.
    Yes,
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
    /// The order that it runs, until that has ended.
    #[serde(default)]
    pub(crate) child: Option<ChildId>,
    /// Of such an order, or one that it ran before: whether it can't be taken back any more.
    #[serde(default)]
    pub(crate) beyond: Beyond,
    pub(crate) timer: Option<TimerId>,
    /// Of a poll: runs until the next question.
    #[serde(default)]
    pub(crate) pause: Option<TimerId>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) trace: Trace,
    /// The call that is out was made again to learn what became of the one before.
    #[serde(default)]
    pub(crate) asked: bool,
    /// The call that is out asks what became of the one before.
    #[serde(default)]
    pub(crate) reading_back: bool,
    /// How often that was asked since the task was begun, or a person had it tried again.
    #[serde(default)]
    pub(crate) read_backs: u32,
    /// What the answers to that said in the end.
    #[serde(default)]
    pub(crate) told: Option<Told>,
    /// How many questions were asked for it since it was begun, polls included.
    #[serde(default)]
    pub(crate) queries: u32,
    /// Of a poll: why the last answer was not the one that is waited for.
    #[serde(default)]
    pub(crate) last_answer: Option<String>,
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
            child: None,
            beyond: Beyond::No,
            timer: None,
            pause: None,
            until: None,
            trace: Trace::None,
            asked: false,
            reading_back: false,
            read_backs: 0,
            told: None,
            queries: 0,
            last_answer: None,
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
