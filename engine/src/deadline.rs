//! The time an order has: the alarm before it is up, and what happens then.

use model::{Fact, HoldFor, OrderState, Timestamp};
use plan::{Deadline, ReactionKind, Scope, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::forward::cut;
use crate::run::{Ending, Phase};
use crate::{Effect, Handled, Run, TimerEffect, TimerId};

/// The order's own timers, and those that have run out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarms {
    at_risk: Option<TimerId>,
    deadline: Option<TimerId>,
    /// When its time is up.
    until: Option<Timestamp>,
    pub(crate) at_risk_since: Option<Timestamp>,
    pub(crate) overdue_since: Option<Timestamp>,
}

/// An order that begins nothing more until a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// The task to act on: the first that was not done.
    pub(crate) task: TaskIndex,
    pub(crate) reason: String,
    pub(crate) hold_for: HoldFor,
}

impl Run {
    /// Begins to count the order's time.
    pub(crate) fn start_alarms(&mut self) {
        let plan = self.plan.clone();
        let Some(Deadline { within, at_risk, on_timeout: _ }) = plan.deadline() else { return };
        self.state.alarms.until = Some(self.state.now.plus(*within));
        if let Some(after) = at_risk {
            self.state.alarms.at_risk = Some(self.start_alarm(*after, "the order is at risk"));
        }
        self.state.alarms.deadline = Some(self.start_alarm(*within, "the order's time is up"));
    }

    fn start_alarm(&mut self, after: model::Duration, summary: &str) -> TimerId {
        self.state.last_timer += 1;
        let id = TimerId(self.state.last_timer);
        let summary = summary.to_owned();
        self.state.effects.push_back(Effect::StartTimer(TimerEffect { id, after, summary }));
        id
    }

    /// There is nothing left that could be late.
    pub(crate) fn stop_alarms(&mut self) {
        let Alarms { at_risk, deadline, .. } = &mut self.state.alarms;
        let timers = [at_risk.take(), deadline.take()];
        self.state.effects.extend(timers.into_iter().flatten().map(Effect::StopTimer));
    }

    /// One of the order's own timers has run out.
    pub(crate) fn ring(&mut self, timer: TimerId) -> Handled {
        if self.state.alarms.at_risk == Some(timer) {
            self.state.alarms.at_risk = None;
            self.state.alarms.at_risk_since = Some(self.state.now);
            let deadline = self.state.alarms.until.unwrap_or(self.state.now);
            self.tell(Fact::OrderAtRisk { deadline });
        } else if self.state.alarms.deadline == Some(timer) {
            self.state.alarms.deadline = None;
            self.state.alarms.overdue_since = Some(self.state.now);
            self.tell(Fact::OrderOverdue {});
            self.react_to_deadline();
        } else {
            return Handled::Duplicate;
        }
        Handled::Applied
    }

    fn react_to_deadline(&mut self) {
        let plan = self.plan.clone();
        let Some(deadline) = plan.deadline() else { return };
        // What goes back already can do no better.
        let (Some(reaction), Phase::Forward) = (&deadline.on_timeout, &self.state.phase) else { return };
        let late = format!("not done within {}", deadline.within);
        let scope = Scope { parameters: plan.parameters(), ..Scope::of_order(plan.order(), plan.items()) };
        let why = match reaction.reason.as_ref().map(|formula| formula.evaluate(&scope)) {
            Some(Ok(why)) => {
                format!("{} ({late})", why.as_text().map_or_else(|| why.to_string(), str::to_owned))
            }
            // That the reason can't be put together is no reason to do nothing.
            Some(Err(wrong)) => {
                format!("{late}; its reason can't be evaluated: `{}`: {}", wrong.text, wrong.problem)
            }
            None => late,
        };
        let why = cut(why);
        match reaction.kind {
            ReactionKind::Hold(hold_for) => self.pause(why, hold_for),
            ReactionKind::Rollback | ReactionKind::Reject => match self.point_of_no_return() {
                Some(point) => {
                    let why = self.past_point(&why, "order", point);
                    self.pause(why, HoldFor::Operations);
                }
                None => self.go_back(Ending::Failed(why)),
            },
            ReactionKind::Fail => self.go_back(Ending::Abandoned(why)),
            // There is no task to skip.
            ReactionKind::Skip => {}
        }
    }

    /// Begins nothing more until a person says so. What is under way goes on.
    fn pause(&mut self, reason: String, hold_for: HoldFor) {
        let not_done = |task: &TaskIndex| !self.task(*task).passed;
        let Some(task) = self.plan.indices().find(not_done) else { return };
        self.tell(Fact::OrderPaused { task: self.id(task), reason: reason.clone(), hold_for });
        self.state.paused = Some(Pause { task, reason, hold_for });
    }

    /// Whether a person is to say of this task whether the order goes on.
    pub(crate) fn is_paused_at(&self, task: TaskIndex) -> bool {
        self.state.paused.as_ref().is_some_and(|pause| pause.task == task)
    }

    /// Lets a paused order go on.
    pub(crate) fn unpause(&mut self) {
        self.state.paused = None;
        if !self.is_held() {
            self.tell(Fact::OrderResumed { state: OrderState::InProgress });
        }
    }

    /// Whether a person is needed.
    pub(crate) fn is_held(&self) -> bool {
        !self.state.held.is_empty() || self.state.paused.is_some()
    }
}
