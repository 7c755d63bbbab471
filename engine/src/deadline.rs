//! The time an order has: the alarm before it is up, and what happens then.

use std::collections::BTreeMap;

use model::{Difference, Duration, Fact, HoldFor, TaskState, Timestamp, Value};
use plan::{Body, Deadline, Plan, ReactionKind, Remaining, Scope, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::forward::cut;
use crate::run::{Ending, Phase};
use crate::{Effect, Handled, Run, TimerEffect, TimerId};

/// The order's own timers, and those that have run out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarms {
    at_risk: Option<TimerId>,
    deadline: Option<TimerId>,
    /// When the order began.
    #[serde(default)]
    began: Option<Timestamp>,
    /// When its time is up.
    until: Option<Timestamp>,
    pub(crate) at_risk_since: Option<Timestamp>,
    /// It is at risk because of what is left, which an amendment may change.
    #[serde(default)]
    foreseen: bool,
    pub(crate) overdue_since: Option<Timestamp>,
    /// The least that is left from a task on, where that is anything.
    #[serde(default)]
    left: BTreeMap<TaskIndex, Remaining>,
}

impl Run {
    /// Begins to count the order's time.
    pub(crate) fn start_alarms(&mut self) {
        self.state.alarms.began = Some(self.state.now);
        let plan = self.layout.plan().clone();
        let Some(deadline) = plan.deadline() else { return };
        let until = self.state.now.plus(deadline.within);
        self.state.alarms.until = Some(until);
        self.count_down(deadline, until);
        self.measure_left();
    }

    /// Goes on counting it, as far as it is not up: an order that has answered in time was not late, whatever it does again.
    pub(crate) fn resume_alarms(&mut self) {
        let plan = self.layout.plan().clone();
        let Alarms { until: Some(until), overdue_since: None, .. } = self.state.alarms else { return };
        if let Some(deadline) = plan.deadline().filter(|_| until > self.state.now) {
            self.count_down(deadline, until);
        }
    }

    /// Whether an amendment has given an order that has begun another deadline.
    pub(crate) fn has_new_deadline(&self, before: &Plan) -> bool {
        self.state.phase == Phase::Forward && self.layout.plan().deadline() != before.deadline()
    }

    /// Whether the order is judged anew after an amendment: by another deadline, or because what was left before it put the order
    /// at risk.
    pub(crate) fn is_judged_anew(&self, before: &Plan) -> bool {
        self.has_new_deadline(before) || self.is_foreseen()
    }

    /// Whether it is at risk for nothing else than what was left.
    fn is_foreseen(&self) -> bool {
        let Alarms { foreseen, overdue_since, at_risk, .. } = &self.state.alarms;
        let has_rung =
            at_risk.is_none() && self.layout.plan().deadline().is_some_and(|it| it.at_risk.is_some());
        self.state.phase == Phase::Forward && *foreseen && overdue_since.is_none() && !has_rung
    }

    /// An amendment may have given the order another deadline. Its time counts from when the order began all the same.
    pub(crate) fn follow_deadline(&mut self, before: &Plan) {
        if self.is_judged_anew(before) {
            self.state.alarms.at_risk_since = None;
            self.state.alarms.foreseen = false;
        }
        if !self.has_new_deadline(before) {
            return;
        }
        let plan = self.layout.plan().clone();
        self.stop_alarms();
        self.state.alarms.until = None;
        self.state.alarms.overdue_since = None;
        let Some(deadline) = plan.deadline() else { return };
        let until = self.state.alarms.began.unwrap_or(self.state.now).plus(deadline.within);
        self.state.alarms.until = Some(until);
        self.count_down(deadline, until);
    }

    /// What a plan that may not hold yet says of the order's time, where that is something else; from when it begins, and until when
    /// that is, if it has begun.
    pub(crate) fn other_deadline(&self, plan: &Plan) -> Option<Difference> {
        let said = |deadline: Option<&Deadline>| match (deadline, self.state.alarms.began) {
            (None, _) => Value::Null,
            (Some(deadline), None) => Value::text(deadline.to_string()),
            (Some(deadline), Some(began)) => {
                Value::text(format!("{deadline}, so until {}", began.plus(deadline.within)))
            }
        };
        let (from, to) = (said(self.layout.plan().deadline()), said(plan.deadline()));
        (from != to).then(|| Difference { what: "blueprint.deadline".to_owned(), from, to })
    }

    /// Starts the alarms of a deadline whose time is up then: those that are due ring at once.
    fn count_down(&mut self, deadline: &Deadline, until: Timestamp) {
        let left = until.since(self.state.now);
        if let Some(after) = deadline.at_risk.filter(|_| self.state.alarms.at_risk_since.is_none()) {
            let passed = deadline.within.as_millis().saturating_sub(left.as_millis());
            let alarm = Duration::from_millis(after.as_millis().saturating_sub(passed));
            self.state.alarms.at_risk = Some(self.start_alarm(alarm, "the order is at risk"));
        }
        self.state.alarms.deadline = Some(self.start_alarm(left, "the order's time is up"));
    }

    /// Works out what is left from each task on, once for a plan, so that no event costs more than the tasks that it touches.
    pub(crate) fn measure_left(&mut self) {
        // Nobody asks for it without a deadline.
        if self.state.alarms.until.is_none() {
            return;
        }
        let layout = self.layout.clone();
        let plan = layout.plan();
        let left = plan.indices().zip(plan.least_remaining()).filter(|(_, left)| !left.is_nothing());
        let left = left.map(|(task, left)| (layout.place(layout.latest(), task), left));
        self.state.alarms.left = left.collect();
    }

    /// Looks whether the order can still be done in time, if this task begins now at the earliest.
    pub(crate) fn foresee(&mut self, task: TaskIndex) {
        if let Some(left) = self.state.alarms.left.get(&task) {
            self.foretell(task, left.ends(self.state.now));
        }
    }

    /// The same of a task that sleeps until then.
    pub(crate) fn foresee_waking(&mut self, task: TaskIndex, until: Timestamp) {
        let left = |next| self.state.alarms.left.get(next).map(|left| left.ends(until));
        let end = self.layout.dependants(task).iter().filter_map(left).fold(until, Timestamp::max);
        self.foretell(task, end);
    }

    /// The same of all that has not begun, or sleeps.
    pub(crate) fn foresee_all(&mut self) {
        for task in self.layout.clone().indices() {
            let run = self.task(task);
            if matches!(run.state, TaskState::Waiting | TaskState::Ready) {
                self.foresee(task);
            } else if let (TaskState::Running, Some(until)) = (run.state, run.until)
                && matches!(self.definition(task).body, Body::Sleep(_))
            {
                self.foresee_waking(task, until);
            }
        }
    }

    /// Says that the order can't be done before `end`, from a task on, if that is too late.
    fn foretell(&mut self, task: TaskIndex, end: Timestamp) {
        let Alarms { until: Some(deadline), at_risk_since: None, overdue_since: None, .. } =
            self.state.alarms
        else {
            return;
        };
        if end > deadline && self.state.phase == Phase::Forward {
            self.state.alarms.at_risk_since = Some(self.state.now);
            self.state.alarms.foreseen = true;
            let reason = format!("from `{}` on it can't be done before {end}", self.id(task));
            self.tell(Fact::OrderAtRisk { deadline, reason: Some(reason) });
        }
    }

    fn start_alarm(&mut self, after: Duration, summary: &str) -> TimerId {
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
            // It is said once.
            if self.state.alarms.at_risk_since.is_none() {
                self.state.alarms.at_risk_since = Some(self.state.now);
                let deadline = self.state.alarms.until.unwrap_or(self.state.now);
                self.tell(Fact::OrderAtRisk { deadline, reason: None });
            }
        } else if self.state.alarms.deadline == Some(timer) {
            self.state.alarms.deadline = None;
            self.state.alarms.overdue_since = Some(self.state.now);
            self.tell(Fact::OrderOverdue {});
            self.react_to_deadline();
        } else if !self.start_date_comes(timer) {
            return Handled::Duplicate;
        }
        Handled::Applied
    }

    fn react_to_deadline(&mut self) {
        let plan = self.layout.plan().clone();
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
}
