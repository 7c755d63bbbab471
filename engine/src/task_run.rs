//! What a run knows of one task.

use std::collections::BTreeMap;

use model::{HoldFor, TaskState, Timestamp, Value};
use plan::TaskIndex;
use serde::{Deserialize, Serialize};

use crate::correct::Correction;
use crate::layout::Version;
use crate::reads::Read;
use crate::revise::Change;
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

/// What a task saw of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) result: Option<Value>,
    pub(crate) finished_at: Option<Timestamp>,
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
    /// It is considered anew, as the plan is now.
    Replan,
    /// It is not part of the order any more.
    Leave,
}

/// One task of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaskRun {
    pub(crate) state: TaskState,
    /// The version of the plan that it was begun with, or else will be.
    #[serde(default)]
    pub(crate) version: Version,
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
    /// Of such an order, or one that it ran before, or of what it did itself before it was begun anew: whether it can't be taken
    /// back any more.
    #[serde(default)]
    pub(crate) beyond: Beyond,
    pub(crate) timer: Option<TimerId>,
    /// Of a poll: runs until the next question.
    #[serde(default)]
    pub(crate) pause: Option<TimerId>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) trace: Trace,
    /// What it read when it was begun: of a call, one for each alternative that was tried.
    #[serde(default)]
    pub(crate) saw: Vec<Read>,
    /// What it saw of tasks that amendments have taken back, changed or done again since: its undo runs with that.
    #[serde(default)]
    pub(crate) remembered: BTreeMap<TaskIndex, Remembered>,
    /// What it did is to be changed, or is being changed.
    #[serde(default)]
    pub(crate) change: Option<Change>,
    /// Of a task that an amendment takes back: those that it takes back after this one.
    #[serde(default)]
    pub(crate) undo_before: Vec<TaskIndex>,
    /// The amendment that takes it back.
    #[serde(default)]
    pub(crate) taken_back_by: Option<Version>,
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
    /// Arguments that a person has corrected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) corrections: Vec<Correction>,
    /// Those that they want corrected from when it is begun anew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) proposed: BTreeMap<String, Value>,
    /// Its result, or what came back in the wrong shape; null before.
    pub(crate) result: Value,
    pub(crate) reason: Option<String>,
    pub(crate) hold_for: Option<HoldFor>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    /// While the order, or an amendment, takes back what was done: tasks depending on it that are not cleared yet.
    pub(crate) uncleared: usize,
    pub(crate) after_undo: AfterUndo,
}

impl TaskRun {
    pub(crate) const fn new(missing: usize, skipped: Option<String>) -> Self {
        Self {
            state: if skipped.is_some() { TaskState::Skipped } else { TaskState::Waiting },
            version: 0,
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
            saw: Vec::new(),
            remembered: BTreeMap::new(),
            change: None,
            undo_before: Vec::new(),
            taken_back_by: None,
            asked: false,
            reading_back: false,
            read_backs: 0,
            told: None,
            queries: 0,
            last_answer: None,
            corrections: Vec::new(),
            proposed: BTreeMap::new(),
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
