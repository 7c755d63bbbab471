//! Amending an order: laying a new plan over the one that runs.
//!
//! The new plan holds from now on. What is done and reads the same is kept, and branches that are not touched go on. What the
//! amendment takes back is taken back first, the last of the plan before the first; nothing that it adds, changes or does
//! again is begun before that. How tasks are looked at afterwards is in `revise`, what it would do in `chart`.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Actor, AmendedItem, DeliveryId, Fact, Hash, TaskChange, TaskState, Verdict, limits};
use plan::{Plan, PlanItem, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::assess::Assessment;
use crate::chart::{Chart, Fate};
use crate::layout::Layout;
use crate::run::Phase;
use crate::task_run::{AfterUndo, Remembered, TaskRun};
use crate::{Handled, Rejected, Run};

/// What an amendment takes back, and what waits for that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Round {
    /// How many tasks are not taken back yet.
    left: usize,
    /// Tasks that are not begun before.
    waiting: Vec<TaskIndex>,
}

impl Run {
    /// Has the order be another one from now on, unless something speaks against it.
    pub(crate) fn amend(
        &mut self,
        id: DeliveryId,
        plan: Plan,
        by: Actor,
        reason: String,
        token: Option<Hash>,
    ) -> Result<Handled, Rejected> {
        self.may_be_amended()?;
        self.lay(id, plan, by, reason, token)
    }

    /// Refuses an amendment because orders that tasks run can't be amended so.
    pub(crate) fn oppose(
        &mut self,
        id: DeliveryId,
        by: Actor,
        reason: String,
        tasks: Vec<TaskChange>,
    ) -> Result<Handled, Rejected> {
        self.may_be_amended()?;
        Err(self.refuse_amendment(id, by, reason, tasks))
    }

    /// Writes down what speaks against an amendment.
    fn refuse_amendment(
        &mut self,
        id: DeliveryId,
        by: Actor,
        wanted: String,
        mut tasks: Vec<TaskChange>,
    ) -> Rejected {
        tasks.truncate(limits::REFUSALS);
        let rejected = Rejected::Amendment { tasks: tasks.clone() };
        let reason = rejected.to_string();
        self.tell(Fact::AmendmentRefused { id, by, wanted, reason, tasks });
        rejected
    }

    /// Has the order be another one, whoever wants it.
    pub(crate) fn lay(
        &mut self,
        id: DeliveryId,
        plan: Plan,
        by: Actor,
        reason: String,
        token: Option<Hash>,
    ) -> Result<Handled, Rejected> {
        let chart = self.chart(plan)?;
        if token.is_some_and(|token| token != chart.assessment.token) {
            return Err(Rejected::AmendmentMoved { token: chart.assessment.token });
        }
        let against: Vec<_> = chart.assessment.refused().take(limits::REFUSALS).cloned().collect();
        if !against.is_empty() {
            return Err(self.refuse_amendment(id, by, reason, against));
        }
        let Chart { layout, fates, assessment } = chart;
        let Assessment { version, blueprint, differences, tasks, children: _, token: _ } = assessment;
        let item = |PlanItem { id, kind, value }: &PlanItem| AmendedItem {
            id: id.clone(),
            kind: kind.clone(),
            value: value.clone(),
        };
        let before = std::mem::replace(&mut self.layout, Arc::new(layout));
        self.add_tasks();
        self.go_on_amended();
        self.tell(Fact::OrderAmended {
            id,
            version,
            by,
            reason,
            blueprint,
            order: self.layout.plan().order().clone(),
            items: self.layout.plan().items().iter().map(item).collect(),
            differences,
            tasks: tasks.into_iter().filter(|change| change.verdict != Verdict::Kept).collect(),
            judged_anew: self.is_judged_anew(before.plan()),
        });
        self.lay_over(&before, &fates);
        Ok(Handled::Applied)
    }

    /// Makes room for the tasks that are new.
    fn add_tasks(&mut self) {
        let version = self.layout.latest();
        for task in self.layout.indices().skip(self.state.tasks.len()) {
            let skipped = self.layout.last(task).skipped().map(str::to_owned);
            let mut run = TaskRun::new(0, skipped);
            run.version = version;
            self.state.tasks.push(run);
        }
    }

    fn lay_over(&mut self, before: &Layout, fates: &[Fate]) {
        self.remember(before, fates);
        let of = |wanted: Fate| {
            let with = fates.iter().enumerate().filter(move |(_, fate)| **fate == wanted);
            with.map(|(n, _)| TaskIndex(n)).collect::<Vec<_>>()
        };
        for task in of(Fate::Fresh) {
            self.refresh(task);
        }
        for task in of(Fate::Drop) {
            self.take_out(task);
        }
        let (again, gone) = (of(Fate::TakeBack), of(Fate::Leave));
        for (tasks, after) in [(&again, AfterUndo::Replan), (&gone, AfterUndo::Leave)] {
            for &task in tasks {
                self.task_mut(task).after_undo = after.clone();
                self.task_mut(task).passed = false;
            }
        }
        self.count_anew(fates);
        self.wait_for_rounds();
        for task in self.layout.indices() {
            // Whatever is begun anew from here on is what the new plan has.
            if self.task(task).after_undo == AfterUndo::Redo {
                self.task_mut(task).after_undo = AfterUndo::Replan;
            }
        }
        let is_new = |task: &TaskIndex| self.task(*task).taken_back_by.is_none();
        let round: BTreeSet<TaskIndex> = again.into_iter().chain(gone).filter(is_new).collect();
        self.begin_round(before, fates, &round);
        self.state.left = self.state.tasks.iter().filter(|run| !run.passed).count();
        self.state.due.clear();
        for task in self.layout.indices() {
            if self.task(task).after_undo == AfterUndo::Over {
                self.consider_when_due(task);
            }
        }
        for &task in round.iter().rev() {
            self.halt(task);
        }
        self.state.to_take_back.extend(round);
        self.follow_deadline(before.plan());
        self.measure_left();
        self.foresee_all();
        self.follow_start_date();
        self.move_pause();
        if self.state.left == 0 && self.state.phase == Phase::Forward {
            self.complete();
        }
    }

    /// Keeps for every task that has begun what it saw of those that the amendment touches.
    fn remember(&mut self, before: &Layout, fates: &[Fate]) {
        let touched = |task: &TaskIndex| fates.get(task.0).is_some_and(|fate| *fate != Fate::Keep);
        for task in before.indices() {
            let run = self.task(task);
            // One that waits to be begun anew sees what is there then.
            let waits = matches!(run.state, TaskState::Waiting | TaskState::Ready);
            let begun =
                run.generation > 0 && !waits && !matches!(run.state, TaskState::Dropped | TaskState::Undone);
            let version = run.version;
            let Some(bound) = before.bound(task, version).filter(|_| begun) else { continue };
            let reads = bound.plan().reads(bound.seat()).into_keys();
            let others: Vec<TaskIndex> =
                reads.map(|seat| before.place(version, seat)).filter(touched).collect();
            for other in others {
                let facts = self.facts(other);
                let seen = Remembered { result: facts.result.cloned(), finished_at: facts.finished_at };
                self.task_mut(task).remembered.entry(other).or_insert(seen);
            }
        }
    }

    /// A task that has not begun, or is back: it is what the new plan has.
    fn refresh(&mut self, task: TaskIndex) {
        self.state.at_point.remove(&task);
        match self.task(task).state {
            TaskState::Waiting | TaskState::Ready => self.task_mut(task).version = self.layout.latest(),
            // One that is new, and left out from the beginning.
            TaskState::Skipped if self.layout.last(task).skipped().is_some() => {}
            TaskState::Skipped | TaskState::Dropped | TaskState::Undone => {
                self.task_mut(task).passed = true;
                self.replan(task);
            }
            TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::UndoFailed
            | TaskState::Amending => {}
        }
        self.task_mut(task).passed = false;
    }

    /// A task that is not part of the order any more, and leaves nothing to take back.
    fn take_out(&mut self, task: TaskIndex) {
        self.state.at_point.remove(&task);
        match self.task(task).state {
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Held => {
                if self.state.held.remove(&task) {
                    self.resume();
                }
                self.drop_task(task);
            }
            TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone
            | TaskState::Undoing
            | TaskState::UndoFailed
            | TaskState::Amending => {}
        }
        self.task_mut(task).passed = true;
    }

    /// Says of every task anew whether it is done with, and how much it waits for: what is done stays so unless something
    /// before it is not.
    fn count_anew(&mut self, fates: &[Fate]) {
        let layout = self.layout.clone();
        let version = layout.latest();
        for seat in layout.plan().indices() {
            let task = layout.place(version, seat);
            let missing = layout.after(task).iter().filter(|before| !self.task(**before).passed).count();
            let kept = fates.get(task.0).is_some_and(|fate| *fate == Fate::Keep);
            let alone = self.given_up(task);
            let run = self.task_mut(task);
            run.missing = missing;
            if !alone {
                run.passed = run.passed && kept && missing == 0;
            }
        }
    }

    /// What waits for an amendment before to take back what it takes back goes on waiting.
    fn wait_for_rounds(&mut self) {
        let mut rounds = std::mem::take(&mut self.state.rounds);
        for round in rounds.values_mut() {
            round.waiting.retain(|task| self.layout.is_present(*task) && !self.given_up(*task));
            for &waiting in &round.waiting {
                let run = self.task_mut(waiting);
                run.missing += 1;
                run.passed = false;
            }
        }
        self.state.rounds = rounds;
    }

    /// Puts what is taken back in order, by the plan that it was done by, and has what is touched wait for it.
    fn begin_round(&mut self, before: &Layout, fates: &[Fate], round: &BTreeSet<TaskIndex>) {
        if round.is_empty() {
            return;
        }
        let version = self.layout.latest();
        for &task in round {
            self.task_mut(task).taken_back_by = Some(version);
            self.task_mut(task).uncleared = 0;
        }
        for &task in round {
            let nearest = nearest(before, task, round);
            for &other in &nearest {
                self.task_mut(other).uncleared += 1;
            }
            self.task_mut(task).undo_before = nearest.into_iter().collect();
        }
        let mut waiting = Vec::new();
        for task in self.layout.clone().indices() {
            let touched = match fates.get(task.0) {
                Some(Fate::Fresh | Fate::Consider | Fate::TakeBack) => true,
                Some(Fate::Keep | Fate::Leave | Fate::Drop) | None => false,
            };
            if touched && !self.task(task).passed {
                self.task_mut(task).missing += 1;
                waiting.push(task);
            }
        }
        self.state.rounds.insert(version, Round { left: round.len(), waiting });
    }

    /// Of a task that an amendment takes back nothing is left, or it is not taken back after all.
    pub(crate) fn leave_round(&mut self, task: TaskIndex) {
        let Some(version) = self.task_mut(task).taken_back_by.take() else { return };
        for before in std::mem::take(&mut self.task_mut(task).undo_before) {
            let run = self.task_mut(before);
            run.uncleared = run.uncleared.saturating_sub(1);
            if run.uncleared == 0 && run.taken_back_by.is_some() {
                self.state.to_take_back.insert(before);
            }
        }
        let Some(round) = self.state.rounds.get_mut(&version) else { return };
        round.left = round.left.saturating_sub(1);
        if round.left > 0 {
            return;
        }
        for waiting in self.state.rounds.remove(&version).unwrap_or_default().waiting {
            let run = self.task_mut(waiting);
            run.missing = run.missing.saturating_sub(1);
            if self.task(waiting).after_undo == AfterUndo::Over {
                self.consider_when_due(waiting);
            }
        }
    }

    /// Takes back what is due to be, one after the other.
    pub(crate) fn go_on_taking_back(&mut self) {
        let mut waiting = BTreeSet::new();
        while self.state.phase == Phase::Forward
            && let Some(task) = self.state.to_take_back.pop_last()
        {
            if self.waits_for_pause(task) {
                waiting.insert(task);
            } else if self.is_being_taken_back(task) {
                self.take_back(task);
            }
        }
        self.state.to_take_back.extend(waiting);
    }

    /// The order, or the item of these tasks, turns round: whatever an amendment was taking back goes with it.
    pub(crate) fn forget_rounds(&mut self) {
        self.state.rounds.clear();
        self.state.to_take_back.clear();
        for run in &mut self.state.tasks {
            run.taken_back_by = None;
            run.undo_before.clear();
        }
    }
}

/// The tasks of a round that come before a task, with none of the round in between.
fn nearest(layout: &Layout, task: TaskIndex, round: &BTreeSet<TaskIndex>) -> BTreeSet<TaskIndex> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut ahead: Vec<TaskIndex> = layout.after(task).to_vec();
    while let Some(before) = ahead.pop() {
        if round.contains(&before) {
            found.insert(before);
        } else if seen.insert(before) {
            ahead.extend(layout.after(before));
        }
    }
    found
}
