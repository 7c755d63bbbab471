//! Points of no return in orders that tasks run.
//!
//! An order is taken back with the orders that its tasks run, so only the one that no other runs can say that nothing of it
//! is taken back any more. A child asks its parent before it passes its first point of no return, and a parent that is a
//! child itself asks in turn. Who gives leave is past a point of no return from then on, and who goes back gives none:
//! one order alone decides which of the two comes first, and messages that cross each other do no harm.

use plan::TaskIndex;
use serde::{Deserialize, Serialize};

use crate::child::{Child, Stage};
use crate::run::Phase;
use crate::task_run::Beyond;
use crate::{ChildId, ChildReport, Effect, Handled, Run};

/// Whether a child may pass a point of no return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Leave {
    /// It has not asked yet.
    #[default]
    None,
    /// It has asked.
    Asked {
        /// Whether it said that it can do nothing else.
        idle: bool,
    },
    /// It may, as often as it likes.
    Given,
}

/// What a task waits for that is a point of no return, in words.
pub(crate) const LEAVE: &str = "leave of the order that it is part of to pass a point of no return";

impl Run {
    /// Keeps a task from being begun that is a point of no return, until the order that this one is part of lets it.
    pub(crate) fn stays_at_point(&mut self, task: TaskIndex) -> bool {
        let stays = self.definition(task).point_of_no_return && !self.may_pass();
        if stays {
            self.state.at_point.insert(task);
        }
        stays
    }

    /// Whether points of no return can be passed without asking.
    pub(crate) fn may_pass(&self) -> bool {
        !self.is_child() || self.state.leave == Leave::Given
    }

    /// Asks for leave, if something waits for it; and again, if there is nothing else to do meanwhile.
    pub(crate) fn ask_leave(&mut self) {
        if self.may_pass() || self.state.phase != Phase::Forward {
            return;
        }
        let mut children = self.state.children.values();
        if self.state.at_point.is_empty() && children.all(|child| child.wants.is_none()) {
            return;
        }
        let idle = self.is_idle();
        let is_news = match self.state.leave {
            Leave::None => true,
            Leave::Asked { idle: was_idle } => idle && !was_idle,
            Leave::Given => false,
        };
        if is_news {
            self.state.leave = Leave::Asked { idle };
            let amendment = self.state.amendment;
            self.state.effects.push_back(Effect::Report(ChildReport::AtPoint { idle, amendment }));
        }
    }

    /// Whether nothing happens any more but for what waits for leave.
    fn is_idle(&self) -> bool {
        let state = &self.state;
        let quiet = state.calls.is_empty() && state.timers.is_empty() && state.due.is_empty();
        quiet
            && !self.is_held()
            && state.children.values().all(|child| child.wants == Some(true) || child.is_done())
    }

    /// A child wants to pass a point of no return.
    pub(crate) fn hear_at_point(&mut self, id: ChildId, idle: bool, amendment: u32) -> Handled {
        let Some(child) = self.state.children.get_mut(&id) else { return Handled::Duplicate };
        // It asks again once it has heard of the amendment, if it still comes to a point.
        if child.refused || child.is_out_of_date(amendment) {
            return Handled::Duplicate;
        }
        // What it is told already says whether it goes on.
        if !matches!(child.stage, Stage::Running | Stage::Kept) || child.may_pass {
            return Handled::Duplicate;
        }
        // What it said first may come last.
        let idle = idle || child.wants == Some(true);
        if child.wants.replace(idle) == Some(idle) {
            return Handled::Duplicate;
        }
        let task = child.task;
        if self.is_to_be_undone(task) {
            // It was begun again to learn what there is to undo, and this is as far as it went before.
            if idle {
                self.recall_as_undone(id);
            }
        } else if self.may_pass() && self.stays_as_it_is(task) {
            self.let_pass(id);
        }
        Handled::Applied
    }

    /// The child of a task stays as it is: lets it pass, if it has asked and this order may say so.
    pub(crate) fn let_wanting_pass(&mut self, task: TaskIndex) {
        let Some(id) = self.task(task).child else { return };
        if self.may_pass() && self.state.children.get(&id).is_some_and(|child| child.wants.is_some()) {
            self.let_pass(id);
        }
    }

    /// Whether an amendment has left a task as it is. One that may yet be taken back or amended lets nothing pass before that is
    /// known.
    fn stays_as_it_is(&self, task: TaskIndex) -> bool {
        self.task(task).missing == 0 && !self.state.due.contains(&task)
    }

    fn let_pass(&mut self, id: ChildId) {
        let Some(child) = self.state.children.get_mut(&id) else { return };
        // What it does is not what is wanted any more: a person decides.
        if child.refused {
            return;
        }
        child.wants = None;
        child.may_pass = true;
        let task = child.task;
        let run = self.task_mut(task);
        if run.beyond == Beyond::No {
            run.beyond = Beyond::Perhaps;
        }
        self.state.effects.push_back(Effect::LetChildPass(id));
    }

    /// The parent lets the order pass points of no return.
    pub(crate) fn pass_points(&mut self) -> Handled {
        // What goes back needs no leave.
        if self.state.phase != Phase::Forward || self.state.leave == Leave::Given {
            return Handled::Duplicate;
        }
        self.state.leave = Leave::Given;
        let at_point = std::mem::take(&mut self.state.at_point);
        self.state.due.extend(at_point);
        let waits =
            |child: &Child| child.wants.is_some() && matches!(child.stage, Stage::Running | Stage::Kept);
        let goes_on = |task| self.stays_as_it_is(task) && !self.is_to_be_undone(task);
        let children = self.state.children.iter().filter(|(_, child)| waits(child) && goes_on(child.task));
        for id in children.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.let_pass(id);
        }
        Handled::Applied
    }
}
