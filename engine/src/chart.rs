//! Judges an amendment: what it would do to every task, and what speaks against it. Changes nothing.
//!
//! A preview and the amendment itself are both made from a [`Chart`], so they can't differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Difference, TaskChange, TaskState, Verdict, limits};
use plan::{Plan, TaskIndex};

use crate::assess::Assessment;
use crate::differences::differences;
use crate::hand_on::ChildAmendment;
use crate::layout::{Bound, Layout};
use crate::reads::{Comparison, Outlook};
use crate::seen::NONE;
use crate::task_run::{AfterUndo, Trace};
use crate::{Rejected, Run};

/// How what a task did is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By its `amend`.
    Amend,
    /// The order that it runs is amended.
    HandOn,
    /// It is done again under a new key; what it did need not or can't be undone.
    Again,
    /// It is undone, and done again.
    Redo,
}

/// What an amendment does to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Keep,
    /// It has not begun, and will as the new plan has it.
    Fresh,
    /// It is looked at when what is before it is done.
    Consider,
    /// It is taken back at once, and then considered.
    TakeBack,
    /// It is taken back at once, and not part of the order any more.
    Leave,
    /// It is not part of the order any more, and there is nothing to take back.
    Drop,
}

/// What an amendment does to every task.
pub(crate) struct Chart {
    pub(crate) layout: Layout,
    /// Of every task of the layout.
    pub(crate) fates: Vec<Fate>,
    pub(crate) assessment: Assessment,
}

/// What is found out about one task.
struct Finding {
    fate: Fate,
    verdict: Verdict,
    otherwise: Option<Verdict>,
    differences: Vec<Difference>,
    reason: String,
    /// Its result is not known, or may come out different.
    open: bool,
    /// It is left out from now on.
    left_out: bool,
    /// What the order that it runs is to be.
    child: Option<ChildAmendment>,
}

impl Finding {
    const fn new(fate: Fate, verdict: Verdict, open: bool) -> Self {
        Self {
            fate,
            verdict,
            otherwise: None,
            differences: Vec::new(),
            reason: String::new(),
            open,
            left_out: false,
            child: None,
        }
    }

    fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..self }
    }
}

impl Run {
    pub(crate) fn chart(&self, plan: Plan) -> Result<Chart, Rejected> {
        self.takes_amendments()?;
        if self.comes_too_late(&plan) {
            return Err(Rejected::StartDateOver);
        }
        let layout = self.layout.as_ref().clone().with(Arc::new(plan));
        let mut findings = self.findings(&layout);
        self.guard_points(&layout, &mut findings);
        Ok(self.conclude(layout, findings))
    }

    fn findings(&self, layout: &Layout) -> BTreeMap<TaskIndex, Finding> {
        let version = layout.latest();
        let mut findings: BTreeMap<TaskIndex, Finding> = BTreeMap::new();
        let mut without = BTreeSet::new();
        // Tasks come after what they read, so that is judged already.
        for seat in layout.plan().indices() {
            let task = layout.place(version, seat);
            let Some(bound) = layout.bound(task, version) else { continue };
            let finding = if task.0 < self.state.tasks.len() {
                self.find(layout, task, &bound, &findings, &without)
            } else {
                match bound.skipped() {
                    Some(rule) => Finding::new(Fate::Fresh, Verdict::Dropped, false).because(rule),
                    None => Finding::new(Fate::Fresh, Verdict::Added, true),
                }
            };
            if finding.left_out {
                without.insert(task);
            }
            findings.insert(task, finding);
        }
        for task in self.layout.indices().filter(|task| !layout.is_present(*task)) {
            if self.layout.is_present(task) {
                findings.insert(task, self.find_gone(task));
            }
        }
        findings
    }

    /// A task that the order has had before.
    fn find(
        &self,
        layout: &Layout,
        task: TaskIndex,
        bound: &Bound,
        findings: &BTreeMap<TaskIndex, Finding>,
        without: &BTreeSet<TaskIndex>,
    ) -> Finding {
        let run = self.task(task);
        if self.given_up(task) {
            return Finding::new(Fate::Keep, Verdict::Kept, false).because("its item is rolled back");
        }
        if !self.layout.is_present(task) {
            // Gone in an amendment before, and back.
            let fate = if self.is_being_taken_back(task) { Fate::TakeBack } else { Fate::Fresh };
            return match bound.skipped() {
                Some(rule) => Finding::new(fate, Verdict::Dropped, false).because(rule),
                None => Finding::new(fate, Verdict::Added, true),
            };
        }
        let outlook = Outlook { run: self, layout, version: layout.latest(), without };
        if self.is_being_taken_back(task) {
            let differences = self.expected_differences(task, bound, &outlook);
            let verdict = if differences.is_empty() { Verdict::Kept } else { Verdict::Replaced };
            return Finding { differences, ..Finding::new(Fate::Keep, verdict, true) }
                .because("an amendment before has it begun anew");
        }
        match run.state {
            TaskState::Waiting | TaskState::Ready => self.find_not_begun(task, bound, &outlook),
            TaskState::Skipped if run.generation == 0 => self.find_left_out(task, bound, &outlook, findings),
            TaskState::Dropped | TaskState::Undone => match bound.skipped() {
                Some(rule) => Finding::new(Fate::Fresh, Verdict::Dropped, false).because(rule),
                None => Finding::new(Fate::Fresh, Verdict::Added, true),
            },
            TaskState::Skipped
            | TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::UndoFailed
            | TaskState::Amending => self.find_begun(task, bound, &outlook, findings),
        }
    }

    fn find_not_begun(&self, task: TaskIndex, bound: &Bound, outlook: &Outlook<'_>) -> Finding {
        if let Some(rule) = bound.skipped() {
            return Finding::new(Fate::Fresh, Verdict::Dropped, false).because(rule);
        }
        let differences = self.expected_differences(task, bound, outlook);
        let verdict = if differences.is_empty() { Verdict::Kept } else { Verdict::Replaced };
        Finding { differences, ..Finding::new(Fate::Fresh, verdict, true) }
    }

    /// What a task that is yet to begin would read by the plan before, and by the new one, as far as that is known.
    fn expected_differences(&self, task: TaskIndex, bound: &Bound, outlook: &Outlook<'_>) -> Vec<Difference> {
        let before =
            Outlook { run: self, layout: &self.layout, version: self.layout.latest(), without: &NONE };
        before.expected(task, &self.layout.last(task), outlook, bound)
    }

    /// A task that was left out by a rule.
    fn find_left_out(
        &self,
        task: TaskIndex,
        bound: &Bound,
        outlook: &Outlook<'_>,
        findings: &BTreeMap<TaskIndex, Finding>,
    ) -> Finding {
        if let Some(rule) = bound.skipped() {
            return Finding::new(Fate::Keep, Verdict::Kept, false).because(rule);
        }
        let reason = self.task(task).reason.clone().unwrap_or_default();
        if self.layout.last(task).skipped().is_some() {
            return Finding::new(Fate::Fresh, Verdict::Added, true)
                .because(format!("it was left out: {reason}"));
        }
        match outlook.is_wanted(task, bound, |task| is_open(findings, task)) {
            Ok(Ok(false)) => Finding::new(Fate::Keep, Verdict::Kept, false).because(reason),
            Ok(_) => Finding::new(Fate::Consider, Verdict::Added, true)
                .because(format!("it was left out: {reason}")),
            Err(tasks) if !tasks.iter().any(|task| is_touched(findings, *task)) => {
                Finding::new(Fate::Consider, Verdict::Kept, true).because(reason)
            }
            Err(tasks) => Finding {
                otherwise: Some(Verdict::Added),
                ..Finding::new(Fate::Consider, Verdict::Compared, true)
                    .because(self.reads_of(outlook.layout, &tasks))
            },
        }
    }

    /// A task that is under way or done.
    fn find_begun(
        &self,
        task: TaskIndex,
        bound: &Bound,
        outlook: &Outlook<'_>,
        findings: &BTreeMap<TaskIndex, Finding>,
    ) -> Finding {
        let left_out = |rule: String| {
            let verdict = if self.may_have_effect(task) { Verdict::Undone } else { Verdict::Dropped };
            Finding { left_out: true, ..Finding::new(Fate::TakeBack, verdict, false) }.because(rule)
        };
        if let Some(rule) = bound.skipped() {
            return left_out(rule.to_owned());
        }
        let mut tasks = BTreeSet::new();
        let open = |task| is_open(findings, task);
        match outlook.is_wanted(task, bound, open) {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                let rule = bound.when.as_ref().map(|when| format!("`when {}` does not hold", when.text));
                return left_out(rule.unwrap_or_default());
            }
            Ok(Err(wrong)) => return refused(self.fault_of(bound, &wrong)),
            Err(unknown) => tasks = unknown,
        }
        let Comparison { differences, open, wrong } =
            outlook.compare(task, bound, &self.task(task).saw, open);
        tasks.extend(open);
        if let Some(wrong) = wrong {
            return refused(self.fault_of(bound, &wrong));
        }
        let way = self.way(task, bound);
        let (fate, verdict) = match way {
            Some(Way::Amend) => (Fate::Consider, Verdict::Amended),
            Some(Way::HandOn) => (Fate::Consider, Verdict::Amended),
            Some(Way::Again) => (Fate::Consider, Verdict::Redone),
            Some(Way::Redo) => (Fate::TakeBack, Verdict::Redone),
            None => (Fate::Keep, Verdict::Refused),
        };
        // What is under way with other values is stopped at once, unless it can go on with the new ones.
        let stops = self.is_busy(task) && way != Some(Way::HandOn);
        let fate = if stops && fate == Fate::Consider { Fate::TakeBack } else { fate };
        let keeps_result = way == Some(Way::Amend)
            && !bound.call().and_then(|body| body.amend.as_ref()).is_some_and(|amend| amend.answers);
        let settled =
            self.task(task).state == TaskState::Succeeded || self.task(task).state == TaskState::Skipped;
        match (differences.is_empty(), tasks.is_empty()) {
            (true, true) => Finding::new(Fate::Keep, Verdict::Kept, !settled),
            (false, _) if verdict == Verdict::Refused => Finding {
                differences,
                ..refused("it can be neither changed nor undone, nor done again".to_owned())
            },
            (false, _) => {
                let found =
                    Finding { differences, ..Finding::new(fate, verdict, !(keeps_result && settled)) };
                if way != Some(Way::HandOn) {
                    return found;
                }
                let child = if tasks.is_empty() { self.to_hand_on(task, bound, outlook) } else { None };
                Finding { child, ..found.because(self.amended_with(task)) }
            }
            // An amendment before has changed what it reads: it is looked at for that, whatever this one is.
            (true, false) if !tasks.iter().any(|task| is_touched(findings, *task)) => {
                Finding::new(Fate::Consider, Verdict::Kept, !(keeps_result && settled))
            }
            (true, false) if verdict == Verdict::Refused => refused(format!(
                "{}, and it can be neither changed nor undone, nor done again",
                self.reads_of(outlook.layout, &tasks)
            )),
            (true, false) => Finding {
                otherwise: Some(verdict),
                ..Finding::new(Fate::Consider, Verdict::Compared, !(keeps_result && settled))
                    .because(self.reads_of(outlook.layout, &tasks))
            },
        }
    }

    fn find_gone(&self, task: TaskIndex) -> Finding {
        let run = self.task(task);
        let gone = "it is not part of the order any more";
        if self.given_up(task) {
            return Finding::new(Fate::Keep, Verdict::Dropped, false).because("its item is rolled back");
        }
        match run.state {
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone => Finding::new(Fate::Drop, Verdict::Dropped, false).because(gone),
            TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::UndoFailed
            | TaskState::Amending => {
                if self.may_have_effect(task) && !self.can_be_undone(task) {
                    let stays = format!("{gone}; what it did stays: there is no way to undo it");
                    let busy = self.is_busy(task);
                    let fate = if busy { Fate::Leave } else { Fate::Drop };
                    return Finding::new(fate, Verdict::Dropped, false).because(stays);
                }
                let verdict = if self.may_have_effect(task) { Verdict::Undone } else { Verdict::Dropped };
                Finding::new(Fate::Leave, verdict, false).because(gone)
            }
        }
    }

    /// How what a task did is changed to what the new plan has; none if there is no way.
    pub(crate) fn way(&self, task: TaskIndex, new: &Bound) -> Option<Way> {
        let run = self.task(task);
        if !self.may_have_effect(task) {
            return Some(if self.is_busy(task) { Way::Redo } else { Way::Again });
        }
        let old = self.definition(task);
        if self.can_hand_on(task, new) {
            return Some(Way::HandOn);
        }
        let same_call =
            |body: &&plan::CallBody| old.call().is_some_and(|old| old.call.label() == body.call.label());
        let amend = new.call().filter(same_call).and_then(|body| body.amend.as_ref());
        // An outcome that is not known can't be changed, nor what another call did instead.
        let certain = run.trace == Trace::Left || self.is_busy(task);
        if amend.is_some() && certain && run.alternative == 0 && run.state != TaskState::Held {
            return Some(Way::Amend);
        }
        if amend.is_some() && run.change.is_some() {
            return Some(Way::Amend);
        }
        if self.can_be_undone(task) {
            return Some(Way::Redo);
        }
        let call = old.call().and_then(|body| self.current_call(task, body));
        if call.is_some_and(|call| call.repeatable) { Some(Way::Again) } else { None }
    }

    /// Whether a task has had an effect out there, or may have one yet.
    fn may_have_effect(&self, task: TaskIndex) -> bool {
        let run = self.task(task);
        run.trace != Trace::None || run.child.is_some() || (self.is_busy(task) && self.has_effect(task))
    }

    fn can_be_undone(&self, task: TaskIndex) -> bool {
        self.definition(task).undo().is_some() || self.has_undo(task)
    }

    /// Whether a task is under way: a call or a child order is out, or it waits.
    pub(crate) fn is_busy(&self, task: TaskIndex) -> bool {
        let run = self.task(task);
        run.call.is_some()
            || self.child_is_busy(task)
            || matches!(run.state, TaskState::Running | TaskState::Unknown)
    }

    /// Whether a task is on its way back while its order goes on.
    pub(crate) fn is_being_taken_back(&self, task: TaskIndex) -> bool {
        self.task(task).after_undo != AfterUndo::Over
    }

    /// Refuses what touches a point of no return that has been passed, or what comes before one.
    fn guard_points(&self, layout: &Layout, findings: &mut BTreeMap<TaskIndex, Finding>) {
        let mut behind: BTreeMap<TaskIndex, TaskIndex> = BTreeMap::new();
        let points = self.layout.indices().filter(|task| self.has_passed(*task) && !self.given_up(*task));
        let mut ahead: Vec<(TaskIndex, TaskIndex)> = points.map(|point| (point, point)).collect();
        while let Some((task, point)) = ahead.pop() {
            if behind.contains_key(&task) {
                continue;
            }
            behind.insert(task, point);
            ahead.extend(layout.after(task).iter().map(|before| (*before, point)));
            if task.0 < self.state.tasks.len() {
                ahead.extend(self.layout.after(task).iter().map(|before| (*before, point)));
            }
        }
        for (task, point) in behind {
            let Some(finding) = findings.get_mut(&task) else { continue };
            let touched = match finding.verdict {
                Verdict::Amended
                | Verdict::Redone
                | Verdict::Undone
                | Verdict::Added
                | Verdict::Replaced
                | Verdict::Compared => true,
                Verdict::Dropped => task == point,
                Verdict::Kept | Verdict::Refused => false,
            };
            if touched {
                let point_id = self.id(point);
                finding.verdict = Verdict::Refused;
                finding.otherwise = None;
                let itself = self.definition(point).point_of_no_return;
                let why = match self.child_order(point).filter(|_| !itself) {
                    Some(order) => format!("runs the order {order}, which has passed a point of no return"),
                    None if itself => "is a point of no return and has begun".to_owned(),
                    None => "ran an order that has passed a point of no return".to_owned(),
                };
                finding.reason = if task == point {
                    format!("it {why}")
                } else {
                    format!("`{point_id}` comes after it, {why}")
                };
            }
        }
    }

    fn conclude(&self, layout: Layout, findings: BTreeMap<TaskIndex, Finding>) -> Chart {
        let version = layout.latest();
        let mut fates = vec![Fate::Keep; layout.indices().count()];
        let present = layout.plan().indices().map(|seat| layout.place(version, seat));
        let gone = findings.keys().copied().filter(|task| !layout.is_present(*task));
        let order: Vec<TaskIndex> = present.chain(gone).collect();
        let mut findings = findings;
        let (mut tasks, mut children) = (Vec::with_capacity(findings.len()), Vec::new());
        for task in order {
            let Some(finding) = findings.remove(&task) else { continue };
            if let Some(fate) = fates.get_mut(task.0) {
                *fate = finding.fate;
            }
            let is_against = finding.verdict == Verdict::Refused;
            children
                .extend(finding.child.filter(|_| !is_against && children.len() < limits::CHILDREN_ASSESSED));
            tasks.push(TaskChange {
                task: layout.id(task),
                verdict: finding.verdict,
                otherwise: finding.otherwise,
                differences: finding.differences,
                reason: finding.reason,
            });
        }
        let blueprint = layout.plan().blueprint().clone();
        let version = version.saturating_add(1);
        let said = serde_json::to_vec(&(version, layout.plan().hash(), &tasks)).unwrap_or_default();
        let token = plan::hash(&said);
        let differences = self
            .other_deadline(layout.plan())
            .into_iter()
            .chain(differences(self.layout.plan(), layout.plan()))
            .collect();
        let assessment = Assessment { token, version, blueprint, differences, tasks, children };
        Chart { layout, fates, assessment }
    }

    /// Which tasks bring what a task reads, in words.
    fn reads_of(&self, layout: &Layout, tasks: &BTreeSet<TaskIndex>) -> String {
        let mut names: Vec<String> =
            tasks.iter().take(3).map(|task| format!("`{}`", layout.id(*task))).collect();
        if tasks.len() > names.len() {
            names.push("others".to_owned());
        }
        format!("it reads the result of {}", names.join(", "))
    }

    fn fault_of(&self, bound: &Bound, wrong: &plan::EvalError) -> String {
        format!("{}:{}: `{}`: {}", bound.file, wrong.line, wrong.text, wrong.problem)
    }
}

/// Whether the result of a task is not known, or may come out different.
fn is_open(findings: &BTreeMap<TaskIndex, Finding>, task: TaskIndex) -> bool {
    findings.get(&task).is_some_and(|finding| finding.open)
}

/// Whether the amendment does anything to a task.
fn is_touched(findings: &BTreeMap<TaskIndex, Finding>, task: TaskIndex) -> bool {
    findings.get(&task).is_some_and(|finding| finding.verdict != Verdict::Kept)
}

fn refused(reason: String) -> Finding {
    Finding::new(Fate::Keep, Verdict::Refused, true).because(reason)
}
