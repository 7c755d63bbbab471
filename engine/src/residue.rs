//! Undos that failed for good, settled by a person: it was taken back by hand, or it stays.

use model::{Actor, Fact, TaskState, Value};
use plan::{Body, TaskIndex};

use crate::{Rejected, Run};

impl Run {
    /// Whether a person has a task because its undo failed.
    pub(crate) fn is_undo_failed(&self, task: TaskIndex) -> bool {
        self.state.held.contains(&task) && self.task(task).state == TaskState::UndoFailed
    }

    /// Whether a person can settle the undo of a task: it failed, and nothing of the task goes on.
    pub(crate) fn may_be_settled(&self, task: TaskIndex) -> Result<(), Rejected> {
        if self.is_undo_failed(task) {
            Ok(())
        } else {
            Err(Rejected::NoFailedUndo { task: self.id(task), state: self.task(task).state })
        }
    }

    /// What a task left is gone, says a person: goes on as if its undo had done it.
    pub(crate) fn undone_by_hand(&mut self, task: TaskIndex) {
        self.state.held.remove(&task);
        // It was there, or may have been.
        self.state.touched = true;
        self.resume();
        self.tell_of(task, |task| Fact::TaskUndone { task });
        self.undone(task);
    }

    /// What a task left stays for good, says a person: goes on as if nothing of it were left.
    pub(crate) fn accept_residue(&mut self, task: TaskIndex, by: Actor, reason: String) {
        let definition = self.definition(task);
        let undo = definition.undo();
        let call = match (&definition.body, undo) {
            (Body::Run(run), _) => crate::child::label(&run.blueprint),
            (_, Some(undo)) => undo.label(),
            // What has no undo is cleared without one.
            (_, None) => String::new(),
        };
        let arguments = undo.and_then(|undo| self.arguments(task, undo).ok()).unwrap_or(Value::Null);
        let result = self.task(task).result.clone();
        self.state.held.remove(&task);
        self.state.touched = true;
        self.resume();
        self.tell(Fact::ResidueAccepted { task: self.id(task), call, arguments, result, by, reason });
        self.let_go(task);
        self.undone(task);
    }
}
