//! Orders that tasks run: how a parent begins, takes back and releases them.
//!
//! A child that has done everything gives its answer and waits. When the parent turns round, it undoes itself; when the parent
//! ends, it is released and ends as completed. So a child can be taken back as long as its parent can, by the way back that
//! every order has. How a child sees this is in `answer`.

use model::{
    BlueprintName, DeliveryId, Fact, HoldFor, OrderId, OrderState, Pointer, TaskState, Type, UnknownFields,
    Value,
};
use plan::{Body, Plan, RunBody, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::forward::{Cause, answer, cut};
use crate::reads::child_reads;
use crate::run::Phase;
use crate::task_run::{Beyond, Trace};
use crate::{ChildEffect, ChildId, ChildReport, Effect, Handled, RecallEffect, Run};

/// A child order that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Child {
    pub(crate) task: TaskIndex,
    pub(crate) order: OrderId,
    pub(crate) stage: Stage,
    /// How often it was recalled.
    recalls: u32,
    /// It has asked whether it may pass a point of no return, and whether it can do nothing else before.
    #[serde(default)]
    pub(crate) wants: Option<bool>,
    /// It was told that it may.
    #[serde(default)]
    pub(crate) may_pass: bool,
    /// How many amendments it had heard of when it gave its last answer.
    #[serde(default)]
    pub(crate) answered_after: Option<u32>,
    /// How many amendments it was handed on.
    #[serde(default)]
    pub(crate) amendment: u32,
    /// It can't be amended as the last of them wants.
    #[serde(default)]
    pub(crate) refused: bool,
}

impl Child {
    /// Whether nothing happens there any more until its parent says so.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Answered)
    }

    /// Whether something that it said after so many amendments is over, because it has yet to hear of the last one.
    pub(crate) const fn is_out_of_date(&self, amendment: u32) -> bool {
        amendment < self.amendment && !self.refused
    }
}

/// What a parent knows of a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// It is being carried out.
    Running,
    /// It took too long and is to undo itself, for this reason. Then its task fails.
    Late(String),
    /// It has answered, and waits for its parent.
    Answered,
    /// It is to undo itself, because its task is taken back.
    Recalled,
    /// It can't be undone any more.
    Kept,
    /// It is to end.
    Released,
}

impl Run {
    /// Has another blueprint carried out as an order of its own; again the same one, if the task began it before.
    pub(crate) fn run_child(&mut self, task: TaskIndex, body: &RunBody) {
        let arguments = match self.parameters(task, body) {
            Ok(arguments) => arguments,
            Err(wrong) => return self.hold(task, cut(wrong), HoldFor::Operations),
        };
        let plan = match self.definition(task).plan().child(&body.blueprint, arguments.clone()) {
            Ok(plan) => plan,
            Err(wrong) => {
                let reason = format!("the plan of `{}` can't be made: {wrong}", body.blueprint);
                return self.hold(task, cut(reason), HoldFor::Operations);
            }
        };
        if let Some(within) = body.within {
            self.wait_within(task, within, format!("{} waits for {}", self.id(task), body.blueprint));
        }
        if self.task(task).saw.is_empty() {
            let mut read = child_reads(&self.definition(task), &body.blueprint);
            if let Value::Record(arguments) = &arguments {
                read.extend(arguments.clone());
            }
            self.note_read(task, format!("run {}", body.blueprint), &Value::Record(read));
        }
        let order = self.state.id.child(&self.id(task), self.task(task).generation);
        self.started(task, Some(format!("the order {order}")), Some(label(&body.blueprint)), arguments);
        if self.task(task).child.is_none() {
            self.state.last_child += 1;
            let id = ChildId(self.state.last_child);
            let stage = Stage::Running;
            let child = Child {
                task,
                order,
                stage,
                recalls: 0,
                wants: None,
                may_pass: false,
                answered_after: None,
                amendment: 0,
                refused: false,
            };
            self.state.children.insert(id, child);
            self.task_mut(task).child = Some(id);
            self.tell(Fact::ChildOrderStarted {
                task: self.id(task),
                order,
                blueprint: body.blueprint.clone(),
            });
            self.state.effects.push_back(Effect::StartChild(Box::new(ChildEffect {
                id,
                task: self.id(task),
                order,
                plan,
            })));
        }
    }

    /// What a blueprint is given, as it declares it.
    pub(crate) fn parameters(&self, task: TaskIndex, body: &RunBody) -> Result<Value, String> {
        let values = self.given(task, &body.arguments).map_err(|wrong| self.fault(task, &wrong))?;
        as_declared(self.definition(task).plan(), &body.blueprint, values)
    }

    /// What a task waits for that runs a blueprint.
    pub(crate) fn waits_for_child(&self, task: TaskIndex) -> Option<String> {
        self.child_order(task).map(|order| format!("the order {order}"))
    }

    /// What a task calls or runs, for people.
    pub(crate) fn does(&self, task: TaskIndex) -> Option<String> {
        let definition = self.definition(task);
        definition.call().map(|body| body.call.label()).or_else(|| definition.runs().map(label))
    }

    /// The order that a task runs, until it has ended.
    pub(crate) fn child_order(&self, task: TaskIndex) -> Option<OrderId> {
        let child = self.task(task).child?;
        self.state.children.get(&child).map(|child| child.order)
    }

    /// Whether a child has yet to say how it ends.
    pub(crate) fn child_is_busy(&self, task: TaskIndex) -> bool {
        let child = self.task(task).child.and_then(|child| self.state.children.get(&child));
        child.is_some_and(|child| !matches!(child.stage, Stage::Answered | Stage::Kept))
    }

    /// Whether there is a way to take back what a task did, or may have done.
    pub(crate) fn has_undo(&self, task: TaskIndex) -> bool {
        let definition = self.definition(task);
        let run = self.task(task);
        definition.undo().is_some()
            || (definition.runs().is_some() && (run.child.is_some() || run.trace == Trace::Maybe))
    }

    /// A child took too long: it is taken back, then its task fails.
    pub(crate) fn child_is_late(&mut self, task: TaskIndex, body: &RunBody) {
        let Some(id) = self.task(task).child else { return };
        if self.is_to_be_undone(task) {
            return self.recall_as_undone(id);
        }
        let within = body.within.map(|within| format!(" within {within}")).unwrap_or_default();
        let reason = format!("`{}` was not done{within}", body.blueprint);
        self.call_back(id, Stage::Late(reason.clone()), reason);
    }

    /// Has a child of a task that turns round undo itself; at once, unless it had answered before and something was built on that.
    pub(crate) fn stop_child_in_turn(&mut self, task: TaskIndex) {
        let run = self.task(task);
        if run.state != TaskState::Amending || run.uncleared == 0 {
            self.stop_child(task);
        }
    }

    /// Has a child of a task that turns round undo itself, if it is not doing so already.
    pub(crate) fn stop_child(&mut self, task: TaskIndex) {
        let Some(id) = self.task(task).child else { return };
        let Some(child) = self.state.children.get(&id) else { return };
        match child.stage {
            Stage::Kept if self.abandons(task) => {}
            // It goes on to its end: it can't be taken back any more, and need not be.
            Stage::Running | Stage::Late(_) if child.may_pass && self.abandons(task) => {
                self.set_stage(id, Stage::Running);
            }
            Stage::Running | Stage::Kept => {
                self.recall_as_undone(id);
            }
            Stage::Late(_) => self.set_stage(id, Stage::Recalled),
            Stage::Answered | Stage::Recalled | Stage::Released => {}
        }
    }

    /// Has a child undo itself because its order does.
    pub(crate) fn recall_as_undone(&mut self, id: ChildId) {
        self.call_back(id, Stage::Recalled, "its order is undone".to_owned());
    }

    /// Takes back a child that has answered.
    pub(crate) fn undo_child(&mut self, task: TaskIndex, body: &RunBody) {
        let Some(id) = self.task(task).child else { return };
        self.tell_of(task, |task| Fact::TaskUndoing {
            task,
            call: label(&body.blueprint),
            arguments: Value::Null,
        });
        self.call_back(id, Stage::Recalled, "its order takes it back".to_owned());
    }

    #[expect(clippy::expect_used, reason = "letters, hyphens and digits are an id")]
    fn call_back(&mut self, id: ChildId, stage: Stage, reason: String) {
        let Some(child) = self.state.children.get_mut(&id) else { return };
        child.stage = stage;
        child.recalls += 1;
        let delivery = DeliveryId::new(&format!("recall-{}-{}", id.0, child.recalls)).expect("a short text");
        self.state.effects.push_back(Effect::RecallChild(RecallEffect { child: id, id: delivery, reason }));
    }

    /// Lets the child of a task go to its end by itself, whatever becomes of the task.
    pub(crate) fn let_go(&mut self, task: TaskIndex) {
        let Some(id) = self.task_mut(task).child.take() else { return };
        let Some(child) = self.state.children.get_mut(&id) else { return };
        let waits = child.is_done();
        child.stage = Stage::Released;
        if waits {
            self.state.effects.push_back(Effect::ReleaseChild(id));
        }
    }

    /// Lets every child end that waits for that; whether there are any left.
    pub(crate) fn release_children(&mut self) -> bool {
        for (id, child) in &mut self.state.children {
            if matches!(child.stage, Stage::Answered | Stage::Kept) {
                child.stage = Stage::Released;
                self.state.effects.push_back(Effect::ReleaseChild(*id));
            }
        }
        !self.state.children.is_empty()
    }

    /// A child has something to say.
    pub(crate) fn hear(&mut self, id: ChildId, report: ChildReport) -> Handled {
        let Some(child) = self.state.children.get(&id) else { return Handled::Duplicate };
        let (task, stage, refused) = (child.task, child.stage.clone(), child.refused);
        match report {
            ChildReport::AtPoint { idle, amendment } => return self.hear_at_point(id, idle, amendment),
            ChildReport::NotAmended { amendment, last, reason } => {
                return self.hear_not_amended(id, amendment, last, &reason);
            }
            // It goes on when it hears of the amendment that is on its way, unless it can't be amended.
            ChildReport::Answered { amendment, .. } if child.is_out_of_date(amendment) => {
                return if self.note_answer(id, amendment) { Handled::Applied } else { Handled::Duplicate };
            }
            ChildReport::Answered { amendment, .. } if refused && stage == Stage::Running => {
                self.note_answer(id, amendment);
                self.rest_unamended(id, task);
                if self.is_to_be_undone(task) {
                    self.clear_or_take_back(task);
                }
            }
            ChildReport::Answered { result, amendment } => match stage {
                Stage::Running | Stage::Kept => {
                    self.set_stage(id, Stage::Answered);
                    self.note_answer(id, amendment);
                    // Whatever it was let pass, it can be taken back.
                    self.settle_beyond(task, false);
                    self.child_answered(task, result, true);
                }
                // It was told before it could take it in.
                Stage::Released if self.note_answer(id, amendment) => {
                    self.state.effects.push_back(Effect::ReleaseChild(id));
                }
                // It is to undo itself all the same.
                Stage::Late(_) | Stage::Answered | Stage::Recalled | Stage::Released => {
                    return Handled::Duplicate;
                }
            },
            ChildReport::Refused { reason } => match stage {
                Stage::Late(late) => {
                    self.set_stage(id, Stage::Kept);
                    self.task_mut(task).trace = Trace::Maybe;
                    let reason = format!("{late}, and it can't be taken back: {reason}");
                    self.hold(task, cut(reason), HoldFor::Operations);
                }
                Stage::Recalled => {
                    self.set_stage(id, Stage::Kept);
                    self.task_mut(task).trace = Trace::Left;
                    if self.is_carried_out(task) {
                        self.tell_of(task, |task| Fact::TaskFailed { task, reason: reason.clone() });
                    }
                    self.undo_failed(task, reason);
                }
                Stage::Running | Stage::Answered | Stage::Kept | Stage::Released => {
                    return Handled::Duplicate;
                }
            },
            ChildReport::Ended { state, reason, answer, touched, beyond, amendment } => {
                let amended = amendment >= child.amendment;
                self.forget_child(id, task);
                self.settle_beyond(task, beyond);
                self.state.touched |= touched;
                match (stage, answer) {
                    (Stage::Running, _) if !amended => self.ended_unamended(task, state, touched, refused),
                    (Stage::Running | Stage::Kept | Stage::Late(_), Some(result))
                        if state == OrderState::Completed && amended =>
                    {
                        self.child_answered(task, result, touched);
                    }
                    (stage, _) => self.child_ended(task, stage, state, reason),
                }
                self.end_if_childless();
            }
            ChildReport::Lost { reason } => {
                self.forget_child(id, task);
                self.child_lost(task, &stage, reason);
                self.end_if_childless();
            }
        }
        Handled::Applied
    }

    /// Remembers that a child has answered; whether that is news.
    fn note_answer(&mut self, id: ChildId, amendment: u32) -> bool {
        let Some(child) = self.state.children.get_mut(&id) else { return false };
        let is_news = child.answered_after < Some(amendment);
        child.answered_after = child.answered_after.max(Some(amendment));
        is_news
    }

    pub(crate) fn set_stage(&mut self, id: ChildId, stage: Stage) {
        if let Some(child) = self.state.children.get_mut(&id) {
            child.stage = stage;
        }
    }

    fn forget_child(&mut self, id: ChildId, task: TaskIndex) {
        self.state.children.remove(&id);
        let run = self.task_mut(task);
        if run.child == Some(id) {
            run.child = None;
        }
    }

    /// It is known what has come of the leave that the order of a task was given.
    fn settle_beyond(&mut self, task: TaskIndex, passed: bool) {
        let run = self.task_mut(task);
        if passed {
            run.beyond = Beyond::Yes;
        } else if run.beyond == Beyond::Perhaps {
            run.beyond = Beyond::No;
        }
    }

    fn child_answered(&mut self, task: TaskIndex, result: Result<Value, String>, touched: bool) {
        let definition = self.definition(task);
        let Body::Run(body) = &definition.body else { return };
        self.stop_waiting(task);
        self.state.touched |= touched;
        self.task_mut(task).trace = if touched { Trace::Left } else { Trace::None };
        let result = result.and_then(|value| {
            answer(&body.result, value).map_err(|(_, wrong)| {
                format!("`{}` answered in a shape that was not declared: {wrong}", body.blueprint)
            })
        });
        if self.state.held.remove(&task) {
            // It was given to a person when it could not be taken back in time, and has come to its end after all.
            self.resume();
            self.started(task, None, None, Value::Null);
        }
        if self.is_to_be_undone(task) {
            return self.child_to_be_undone(task, result);
        }
        match result {
            Ok(result) => self.check_answer(task, result),
            Err(wrong) => self.fail(task, wrong, Cause::Failure),
        }
    }

    /// A child was begun again to learn what there is to undo, and has answered.
    fn child_to_be_undone(&mut self, task: TaskIndex, result: Result<Value, String>) {
        self.task_mut(task).asked = false;
        let result = result.unwrap_or(Value::Null);
        self.task_mut(task).result = result.clone();
        self.tell_of(task, |task| Fact::TaskSucceeded { task, result });
        match self.task(task).trace {
            Trace::None => self.undone(task),
            Trace::Left | Trace::Maybe if self.goes_back_with(task) => self.cleared(task),
            Trace::Left | Trace::Maybe => self.undo(task),
        }
    }

    /// Whether a task has its order carried out now, as it was begun or as an amendment has it.
    fn is_carried_out(&self, task: TaskIndex) -> bool {
        matches!(self.task(task).state, TaskState::Running | TaskState::Amending)
    }

    fn child_ended(&mut self, task: TaskIndex, stage: Stage, state: OrderState, reason: String) {
        match stage {
            Stage::Answered if state == OrderState::Completed => {}
            // It was released, or what it did is gone though nobody here asked for that. Nothing is left to undo.
            // The task may run another one by now.
            Stage::Released if self.task(task).child.is_some() => {}
            Stage::Answered | Stage::Released => self.task_mut(task).trace = Trace::None,
            Stage::Running | Stage::Kept if self.is_carried_out(task) => {
                self.stop_waiting(task);
                self.task_mut(task).trace = Trace::None;
                let reason = if reason.is_empty() { format!("its order is {state}") } else { reason };
                if self.is_to_be_undone(task) {
                    self.nothing_left(task, reason);
                } else {
                    self.fail(task, reason, Cause::Failure);
                }
            }
            // A person has the task.
            Stage::Running | Stage::Kept => self.task_mut(task).trace = Trace::None,
            Stage::Late(late) => {
                self.task_mut(task).trace = Trace::None;
                self.fail(task, late, Cause::TimeOut);
            }
            Stage::Recalled => self.nothing_left(task, format!("its order is {state}")),
        }
    }

    /// A child was undone, or has left nothing.
    pub(crate) fn nothing_left(&mut self, task: TaskIndex, reason: String) {
        self.task_mut(task).asked = false;
        match self.task(task).state {
            TaskState::Undoing => self.tell_of(task, |task| Fact::TaskUndone { task }),
            TaskState::Running | TaskState::Amending => {
                self.tell_of(task, |task| Fact::TaskFailed { task, reason });
                if self.goes_back_with(task) {
                    self.drop_task(task);
                }
            }
            TaskState::Held | TaskState::Failed | TaskState::Unknown => self.drop_task(task),
            // A person had it, or it is over.
            TaskState::UndoFailed => {
                self.state.held.remove(&task);
                self.tell_of(task, |task| Fact::TaskUndone { task });
            }
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Succeeded
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone => {}
        }
        self.undone(task);
    }

    /// Nobody knows what became of a child. It is begun again under the same id: what it did is not done twice.
    fn child_lost(&mut self, task: TaskIndex, stage: &Stage, reason: String) {
        let asked = std::mem::take(&mut self.task_mut(task).asked);
        match stage {
            Stage::Released => {}
            Stage::Answered => self.task_mut(task).trace = Trace::Maybe,
            Stage::Kept if !self.is_carried_out(task) => {
                self.task_mut(task).trace = Trace::Maybe;
            }
            Stage::Running | Stage::Late(_) | Stage::Kept | Stage::Recalled => {
                self.stop_waiting(task);
                self.task_mut(task).trace = Trace::Maybe;
                if self.task(task).state == TaskState::Undoing {
                    self.undo_failed(task, reason);
                } else {
                    self.outcome_unknown(task, reason.clone());
                    let back = self.goes_back_with(task);
                    if self.abandons(task) || (back && !asked) {
                        self.cleared(task);
                    } else if self.is_to_be_undone(task) {
                        self.undo_failed(task, reason);
                    } else {
                        self.hold(task, reason, HoldFor::Operations);
                    }
                }
            }
        }
    }

    /// Ends an order that waited for its children alone.
    fn end_if_childless(&mut self) {
        if self.state.children.is_empty()
            && let Phase::Closing(fact) = &self.state.phase
        {
            let fact = (**fact).clone();
            self.tell(fact);
            self.end();
        }
    }
}

/// What a blueprint of a plan is given, as it declares it.
pub(crate) fn as_declared(plan: &Plan, blueprint: &BlueprintName, values: Value) -> Result<Value, String> {
    let declared = plan.sub_blueprint(blueprint).map(|sub| sub.parameters.clone());
    let declared = Type::Record(declared.unwrap_or_default());
    declared.conform(values, &Pointer::root(), UnknownFields::Drop).map_err(|faults| {
        let wrong = faults.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join("; ");
        format!("`{blueprint}` can't be given this: {wrong}")
    })
}

/// What people read of a task that runs a blueprint, where a call would have its operation.
pub(crate) fn label(blueprint: &BlueprintName) -> String {
    format!("run {blueprint}")
}
