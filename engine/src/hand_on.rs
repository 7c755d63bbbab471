//! Handing an amendment on: an order that a task runs is amended with the one that it is part of.
//!
//! The child compares for itself what each of its tasks has read, so no more of it is done again than must be. Both count the
//! amendments that were handed on, and a child says with everything how many it has heard of: what it said before the last one
//! is over, whichever message comes first. A child that can't be amended goes on as it was, and its task is given to a person.

use model::{
    Actor, BlueprintName, DeliveryId, Fact, HandedOn, HoldFor, OrderId, OrderState, TaskId, TaskState, Value,
};
use plan::{Body, Plan, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::child::{Child, Stage, as_declared, label};
use crate::forward::cut;
use crate::layout::Bound;
use crate::reads::Outlook;
use crate::run::Phase;
use crate::task_run::Trace;
use crate::{ChildId, ChildReport, Effect, HandOnEffect, Handled, Rejected, Run};

/// An order that an amendment is handed on to, and what with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildAmendment {
    /// The task that runs it.
    pub task: TaskId,
    /// The order.
    pub order: OrderId,
    /// Its blueprint, one of the plan.
    pub blueprint: BlueprintName,
    /// What that is given from then on: [`Plan::child`] makes the order's plan of it.
    pub arguments: Value,
}

/// The parent.
impl Run {
    /// Whether a task would run the same blueprint, and its order can still be told to be another one.
    pub(crate) fn can_hand_on(&self, task: TaskIndex, new: &Bound) -> bool {
        let same = |run: &plan::RunBody| new.runs() == Some(&run.blueprint);
        let old = self.definition(task);
        let Body::Run(body) = &old.body else { return false };
        let child = self.task(task).child.and_then(|child| self.state.children.get(&child));
        let goes_on = |child: &Child| match child.stage {
            Stage::Answered => true,
            Stage::Running => !child.may_pass,
            Stage::Late(_) | Stage::Recalled | Stage::Kept | Stage::Released => false,
        };
        let settled =
            matches!(self.task(task).state, TaskState::Running | TaskState::Succeeded | TaskState::Amending);
        same(body) && settled && child.is_some_and(goes_on)
    }

    /// What the order that a task runs would be told to be, by a plan that may not hold yet; none if that can't be told.
    pub(crate) fn to_hand_on(
        &self,
        task: TaskIndex,
        new: &Bound,
        outlook: &Outlook<'_>,
    ) -> Option<ChildAmendment> {
        let Body::Run(body) = &new.body else { return None };
        let seen = outlook.seen(task, new);
        let given = self.given_by(task, new, &body.arguments, |value| value.evaluate(&seen.scope()));
        let arguments = as_declared(new.plan(), &body.blueprint, given.ok()?).ok()?;
        let order = self.child_order(task)?;
        Some(ChildAmendment { task: self.id(task), order, blueprint: body.blueprint.clone(), arguments })
    }

    /// What an amendment does to a task whose order it is handed on to, in words.
    pub(crate) fn amended_with(&self, task: TaskIndex) -> String {
        self.child_order(task).map(|order| format!("the order {order} is amended")).unwrap_or_default()
    }

    /// Has the order that a task runs be another one from now on.
    #[expect(clippy::expect_used, reason = "letters, hyphens and digits are an id")]
    pub(crate) fn hand_on(&mut self, task: TaskIndex) {
        let version = self.layout.latest();
        let run = self.task_mut(task);
        run.version = version;
        run.remembered.clear();
        let bound = self.definition(task);
        let (Body::Run(body), Some(id)) = (&bound.body, self.task(task).child) else { return };
        let arguments = self.parameters(task, body).ok();
        let planned = arguments.and_then(|arguments| {
            Some((bound.plan().child(&body.blueprint, arguments.clone()).ok()?, arguments))
        });
        // Begun anew, it says what is wrong.
        let Some((plan, arguments)) = planned else { return self.do_anew(task) };
        let saw = self.reads_now(task, &bound);
        self.task_mut(task).saw = saw;
        if self.task(task).timer.is_none()
            && let Some(within) = body.within
        {
            self.wait_within(task, within, format!("{} waits for {}", self.id(task), body.blueprint));
        }
        let Some(child) = self.state.children.get_mut(&id) else { return };
        child.amendment += 1;
        child.stage = Stage::Running;
        child.wants = None;
        child.may_pass = false;
        child.refused = false;
        let (amendment, order) = (child.amendment, child.order);
        let delivery = DeliveryId::new(&format!("hand-on-{}-{amendment}", id.0)).expect("a short text");
        let handed_on = HandedOn { order, blueprint: body.blueprint.clone(), id: delivery.clone() };
        let generation = self.task(task).generation;
        let (waiting_for, until) = (self.waits_for_child(task), self.task(task).until);
        self.tell_of(task, |task| Fact::TaskAmending {
            task,
            generation,
            call: label(&body.blueprint),
            arguments,
            waiting_for,
            until,
            handed_on: Some(handed_on),
        });
        let reason = "the order that it is part of is amended".to_owned();
        self.state.effects.push_back(Effect::HandOn(Box::new(HandOnEffect {
            child: id,
            id: delivery,
            amendment,
            plan,
            reason,
        })));
    }

    /// A child can't be amended: a person decides whether it is taken back.
    pub(crate) fn hear_not_amended(
        &mut self,
        id: ChildId,
        amendment: u32,
        last: u32,
        reason: &str,
    ) -> Handled {
        let Some(child) = self.state.children.get_mut(&id) else { return Handled::Duplicate };
        // Another amendment is on its way, or this was heard before.
        if amendment < child.amendment || std::mem::replace(&mut child.refused, true) {
            return Handled::Duplicate;
        }
        let (task, order, stage) = (child.task, child.order, child.stage.clone());
        // What it answers later, it says when it does.
        let answered = child.answered_after == Some(last);
        match stage {
            Stage::Running => {
                self.stop_waiting(task);
                self.task_mut(task).trace = Trace::Maybe;
                if answered {
                    self.rest_unamended(id, task);
                }
                if self.is_to_be_undone(task) {
                    self.clear_or_take_back(task);
                    return Handled::Applied;
                }
                let reason = format!("the order {order} can't be amended: {reason}");
                self.hold(task, cut(reason), HoldFor::Operations);
            }
            Stage::Released if answered => self.state.effects.push_back(Effect::ReleaseChild(id)),
            // It is to undo itself all the same.
            Stage::Late(_) | Stage::Recalled | Stage::Kept | Stage::Answered | Stage::Released => {}
        }
        Handled::Applied
    }

    /// A child that could not be amended has done everything as it was.
    pub(crate) fn rest_unamended(&mut self, id: ChildId, task: TaskIndex) {
        self.set_stage(id, Stage::Answered);
        self.task_mut(task).trace = Trace::Left;
    }

    /// A child had ended by itself before it heard of an amendment, or after it could not be amended.
    pub(crate) fn ended_unamended(
        &mut self,
        task: TaskIndex,
        state: OrderState,
        touched: bool,
        refused: bool,
    ) {
        self.stop_waiting(task);
        let stays = touched && state == OrderState::Completed;
        self.task_mut(task).trace = if stays { Trace::Left } else { Trace::None };
        let reason = "its order ended before it heard that it is amended".to_owned();
        match (self.is_to_be_undone(task), stays) {
            (true, true) => self.undo_failed(task, reason),
            (true, false) => self.nothing_left(task, format!("its order is {state}")),
            // A person has the task.
            (false, _) if refused => {}
            (false, true) => self.hold(task, reason, HoldFor::Operations),
            (false, false) => self.replan(task),
        }
    }

    /// Whether a person has a task because its order can't be amended.
    pub(crate) fn has_refused(&self, task: TaskIndex) -> bool {
        let child = self.task(task).child.and_then(|child| self.state.children.get(&child));
        self.task(task).state == TaskState::Held && child.is_some_and(|child| child.refused)
    }

    /// Is done with a task whose order has answered, if the answer is as the blueprint wants it.
    pub(crate) fn check_answer(&mut self, task: TaskIndex, result: Value) {
        // When it was done does not change, whatever was changed since.
        let ended_at = self.task(task).ended_at;
        self.check(task, result);
        if self.task(task).state == TaskState::Succeeded && ended_at.is_some() {
            self.task_mut(task).ended_at = ended_at;
        }
    }
}

/// The child.
impl Run {
    /// The order that this one is part of wants it to be another one.
    pub(crate) fn take_over(
        &mut self,
        id: DeliveryId,
        amendment: u32,
        plan: Plan,
        by: Actor,
        reason: String,
    ) -> Result<Handled, Rejected> {
        let before = std::mem::replace(&mut self.state.amendment, amendment);
        let answer = self.lay(id, plan, by, reason, None);
        let Err(refused) = &answer else { return answer };
        self.state.amendment = before;
        match self.state.phase {
            Phase::New | Phase::Pending | Phase::Forward | Phase::Answered => {
                let reason = refused.against_amendment();
                let report = ChildReport::NotAmended { amendment, last: before, reason };
                self.state.effects.push_back(Effect::Report(report));
            }
            // It ends without having heard of it, and that is what its parent will hear.
            Phase::Backward { .. } | Phase::Closing(_) | Phase::Ended => {}
        }
        answer
    }

    /// An amendment is laid over the order: if it had answered, it goes on. Whatever it was let pass, it asks for anew.
    pub(crate) fn go_on_amended(&mut self) {
        if !self.is_child() {
            return;
        }
        self.state.leave = crate::leave::Leave::None;
        if self.state.phase == Phase::Answered {
            self.state.phase = Phase::Forward;
            self.state.answer = None;
            self.resume_alarms();
        }
    }
}
