//! What people do with a task that needs one: each action is judged first, then written down, then done.
//!
//! Here are those that lead on from a held task: retry, skip, rollback. Completing one is in `manual`, what becomes of an undo
//! that failed in `residue`, what a task is given that a person has corrected in `correct`.

use std::collections::BTreeMap;

use model::{Actor, DeliveryId, Fact, Fault, ItemId, OperatorAction, Pointer, TaskId, TaskState, Value};
use plan::{Formula, TaskIndex};

use crate::layout::Found;
use crate::run::Ending;
use crate::task_run::{AfterUndo, Trace};
use crate::{Act, Handled, Rejected, Run, Scope};

impl Run {
    /// What a person can do with a task now. Each of these is taken, if what they say with it is right; every other is refused.
    #[must_use]
    pub fn actions(&self, task: TaskIndex) -> Vec<OperatorAction> {
        let needs_person =
            self.state.held.contains(&task) || self.is_paused_at(task) || self.is_for_hands(task);
        if !needs_person || self.over().is_some() {
            return Vec::new();
        }
        OperatorAction::ALL.iter().copied().filter(|action| self.may(*action, task).is_ok()).collect()
    }

    /// Whether a person can do something with a task; what they say with it is looked at later.
    fn may(&self, action: OperatorAction, task: TaskIndex) -> Result<(), Rejected> {
        match action {
            OperatorAction::Retry => self.is_held_or_paused_at(task),
            OperatorAction::Complete => self.may_be_completed(task),
            OperatorAction::Skip => self.may_be_skipped(task),
            OperatorAction::Rollback => self.rolled_back_alone(task, None).map(drop),
            OperatorAction::Undone => self.may_be_settled(task).and_then(|()| self.goes_on_elsewhere(task)),
            OperatorAction::Accept => self.may_be_settled(task),
        }
    }

    /// Does what a person wants done with a task.
    pub(crate) fn act(
        &mut self,
        id: DeliveryId,
        act: Act,
        task: TaskId,
        by: Actor,
        note: String,
    ) -> Result<Handled, Rejected> {
        let index = self.to_be_acted_on(&task)?;
        let action = act.action();
        let acted = {
            let (by, note) = (by.clone(), note.clone());
            move |result, arguments| {
                let action = action.to_string();
                Fact::OperatorActed { id, action, task, by, note, result, arguments }
            }
        };
        match act {
            Act::Retry { arguments } => {
                self.may(action, index)?;
                let given = self.to_be_given(index, arguments)?;
                let told = if given.is_empty() { Value::Null } else { Value::Record(given.clone()) };
                self.tell(acted(Value::Null, told));
                self.task_mut(index).proposed.extend(given);
                self.retry(index);
            }
            Act::Complete { result } => {
                self.may(action, index)?;
                let result = self.said_of(index, result, &note)?;
                self.tell(acted(result.clone(), Value::Null));
                self.complete_by_hand(index, result);
            }
            Act::Skip => {
                self.may(action, index)?;
                self.tell(acted(Value::Null, Value::Null));
                self.skip_by_hand(index, format!("left out by {}: {note}", by.as_str()));
            }
            Act::Rollback { scope } => {
                let alone = self.rolled_back_alone(index, scope)?;
                self.tell(acted(Value::Null, Value::Null));
                self.roll_back(index, alone, &format!("rolled back by {by}: {note}"));
            }
            Act::Undone => {
                self.may(action, index)?;
                self.must_say_why(index, &note)?;
                self.tell(acted(Value::Null, Value::Null));
                self.undone_by_hand(index);
            }
            Act::Accept => {
                self.may(action, index)?;
                self.must_say_why(index, &note)?;
                self.tell(acted(Value::Null, Value::Null));
                self.accept_residue(index, by, note);
            }
        }
        Ok(Handled::Applied)
    }

    /// The task that a person wants to do something with, of an order that has not ended.
    fn to_be_acted_on(&self, task: &TaskId) -> Result<TaskIndex, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        self.layout.find(task).ok_or_else(|| Rejected::NoSuchTask { task: task.to_string() })
    }

    fn is_held_or_paused_at(&self, task: TaskIndex) -> Result<(), Rejected> {
        if self.is_paused_at(task) || self.state.held.contains(&task) {
            Ok(())
        } else {
            Err(self.not_held(task))
        }
    }

    /// Whether a person has a task on the way forward.
    pub(crate) fn is_held_forward(&self, task: TaskIndex) -> Result<(), Rejected> {
        if self.is_undo_failed(task) {
            return Err(Rejected::UndoFailed { task: self.id(task) });
        }
        if self.state.held.contains(&task) { Ok(()) } else { Err(self.not_held(task)) }
    }

    /// Why a person can't act on a task that needs nobody.
    fn not_held(&self, task: TaskIndex) -> Rejected {
        let (id, state) = (self.id(task), self.task(task).state);
        let goes_on = matches!(state, TaskState::Waiting | TaskState::Ready);
        if goes_on && self.state.paused.is_some() {
            return Rejected::HeldByPause { task: id };
        }
        Rejected::NotHeld { task: id, state }
    }

    /// What counts as evidence, or is kept as a reason, must be said.
    pub(crate) fn must_say_why(&self, task: TaskIndex, note: &str) -> Result<(), Rejected> {
        if note.trim().is_empty() { Err(Rejected::NoNote { task: self.id(task) }) } else { Ok(()) }
    }

    /// Whether the order that a task runs goes on, whatever a person says.
    pub(crate) fn goes_on_elsewhere(&self, task: TaskIndex) -> Result<(), Rejected> {
        match self.child_order(task) {
            Some(order) => Err(Rejected::ChildGoesOn { task: self.id(task), order }),
            None => Ok(()),
        }
    }

    /// What a person wants a held task to be given.
    fn to_be_given(
        &self,
        task: TaskIndex,
        arguments: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, Rejected> {
        if arguments.is_empty() {
            return Ok(arguments);
        }
        self.is_held_forward(task)?;
        self.goes_on_elsewhere(task)?;
        self.outcome_is_known(task)?;
        if self.task(task).change.is_some() {
            let wrong = "the change that an amendment wants is made with what the order says: amend the order instead";
            let faults = vec![Fault::new(Pointer::root(), wrong.to_owned())];
            return Err(Rejected::Arguments { task: self.id(task), faults });
        }
        self.correctable(task, arguments)
    }

    /// With other arguments, or not done at all, what a lost call may have done would be forgotten.
    fn outcome_is_known(&self, task: TaskIndex) -> Result<(), Rejected> {
        if self.task(task).trace == Trace::Maybe {
            return Err(Rejected::InDoubt { task: self.id(task) });
        }
        Ok(())
    }

    fn retry(&mut self, task: TaskIndex) {
        if self.is_paused_at(task) {
            self.unpause();
        }
        if !self.state.held.remove(&task) {
            return;
        }
        self.resume();
        self.task_mut(task).read_backs = 0;
        let run = self.task(task);
        if run.change.is_some() {
            return self.change_again(task);
        }
        if self.has_refused(task) {
            return self.do_anew(task);
        }
        if run.state == TaskState::UndoFailed {
            // What came after it is taken back first, if the order has turned round since.
            if !(self.goes_back_with(task) && run.uncleared > 0) {
                self.undo_anew(task);
            }
            return;
        }
        match run.trace {
            // It never began: its condition could not be evaluated.
            Trace::None if run.generation == 0 => {
                self.state.due.insert(task);
            }
            Trace::None => self.begin(task),
            // The same call under the same key: done once, however often it is asked for.
            Trace::Maybe => self.call(task),
            // What it left must not be left twice.
            Trace::Left if self.has_undo(task) => {
                self.task_mut(task).after_undo = AfterUndo::Redo;
                self.undo_anew(task);
            }
            Trace::Left => self.begin(task),
        }
    }

    /// The item that a task is rolled back with alone, as a person wants it; none if the order is, as a whole.
    fn rolled_back_alone(&self, task: TaskIndex, scope: Option<Scope>) -> Result<Option<ItemId>, Rejected> {
        self.is_held_or_paused_at(task)?;
        if self.goes_back() {
            return Err(Rejected::BeingUndone);
        }
        let item = self.isolated_item(task).cloned();
        let alone = match scope {
            // What is held is its item alone, unless the order as a whole is paused.
            None => item.filter(|_| !self.is_paused_at(task)),
            Some(Scope::Item) => Some(item.ok_or_else(|| Rejected::NotAlone { task: self.id(task) })?),
            Some(Scope::Order) => None,
        };
        if let Some(item) = alone.clone().filter(|_| self.given_up(task)) {
            return Err(Rejected::ItemBeingUndone { item });
        }
        let point = match &alone {
            Some(item) => self.point_of_no_return_of(item),
            None => self.point_of_no_return(),
        };
        match point {
            Some(point) => Err(Rejected::PastRollback { task: self.id(point) }),
            None => Ok(alone),
        }
    }

    fn roll_back(&mut self, task: TaskIndex, alone: Option<ItemId>, who: &str) {
        let paused = self.is_paused_at(task);
        let pause = self.state.paused.as_ref().filter(|_| paused).map(|pause| pause.reason.clone());
        let why = pause.or_else(|| self.task(task).reason.clone());
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let reason = crate::forward::cut(format!("{who}{why}"));
        match alone {
            Some(item) => self.roll_back_item(&item, reason),
            None => self.go_back(Ending::Failed(reason)),
        }
    }

    /// Whether the order can go on without a held task: it is known what it left, and nothing needs its result.
    fn may_be_skipped(&self, task: TaskIndex) -> Result<(), Rejected> {
        self.is_held_forward(task)?;
        self.goes_on_elsewhere(task)?;
        self.outcome_is_known(task)?;
        match self.needed_by(task) {
            Some((by, formula)) => Err(Rejected::Needed { task: self.id(task), by, needs: formula.text }),
            None => Ok(()),
        }
    }

    /// A task that can't do without the result of another one, and where; no task, if what the order answers needs it.
    fn needed_by(&self, task: TaskIndex) -> Option<(Option<TaskId>, Formula)> {
        let definition = self.definition(task);
        if definition.may_be_skipped(definition.plan()) {
            return None;
        }
        for &reader in self.layout.dependants(task) {
            if matches!(self.task(reader).state, TaskState::Skipped | TaskState::Dropped) {
                continue;
            }
            let bound = self.definition(reader);
            let needed = bound.needs().into_iter().find(|(needed, _)| {
                match self.layout.seen_from(&bound, self.task(reader).version, *needed) {
                    Found::One(found) => found == Some(task),
                    Found::All(found) => found.contains(&task),
                }
            });
            if let Some((_, formula)) = needed {
                return Some((Some(self.id(reader)), formula.clone()));
            }
        }
        let (name, bound) = (&self.plan().blueprint().name, self.layout.last(task));
        let own = bound.plan().task(bound.seat()).definition;
        let returns = self.plan().sub_blueprint(name).and_then(|sub| sub.returns.as_ref());
        let needs = |returns: &&Formula| self.is_child() && returns.needs().contains(&own);
        returns.filter(needs).map(|returns| (None, returns.clone()))
    }

    /// Goes on without a task. What it left is undone first.
    fn skip_by_hand(&mut self, task: TaskIndex, reason: String) {
        self.state.held.remove(&task);
        self.resume();
        let reason = crate::forward::cut(reason);
        self.task_mut(task).change = None;
        if self.task(task).trace == Trace::None || !self.has_undo(task) {
            self.skip(task, reason);
        } else {
            self.task_mut(task).after_undo = AfterUndo::Skip(reason);
            self.undo_anew(task);
        }
    }
}
