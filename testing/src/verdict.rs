//! What was expected against what came. Every difference is told, not the first.

use std::collections::{BTreeMap, BTreeSet};

use dsl::testing::{BoundTest, Expectation, ExpectationKind, Step};
use engine::{Run, TaskRunView};
use model::{Duration, Fact, IdempotencyKey, ItemId, ItemState, OrderState, TaskId, TaskState, Value};
use plan::TaskIndex;

use crate::attempt::Attempt;
use crate::{Failure, Moment};

/// Most calls that a failure shows: more are not read.
const SHOWN_CALLS: usize = 5;

/// An order that will not move any more.
pub(crate) struct Ended<'a> {
    pub(crate) test: &'a BoundTest,
    pub(crate) run: &'a Run,
    /// The orders that its tasks run, and those that these run.
    pub(crate) children: &'a [&'a Run],
    pub(crate) attempts: &'a [Attempt],
    pub(crate) timeline: &'a [Moment],
    pub(crate) took: Duration,
    /// What was asked for and refused: the step, why, and where in the timeline.
    pub(crate) refused: &'a [(&'a Step, String, usize)],
}

/// Everything that came in another way than expected.
pub(crate) fn judge(ended: &Ended<'_>) -> Vec<Failure> {
    let mut judge = Judge { ended, view: ended.run.view().tasks, failures: Vec::new() };
    for expectation in &ended.test.expectations {
        judge.compare(expectation);
    }
    judge.standstill();
    judge.refusals();
    judge.failures
}

struct Judge<'a> {
    ended: &'a Ended<'a>,
    view: Vec<TaskRunView>,
    failures: Vec<Failure>,
}

impl Judge<'_> {
    fn compare(&mut self, expectation: &Expectation) {
        match &expectation.kind {
            ExpectationKind::Order(state) => self.order(expectation, *state),
            ExpectationKind::Task(tasks, state) => {
                for task in tasks {
                    self.task(expectation, *task, *state);
                }
            }
            ExpectationKind::Undone(groups) => self.undone(expectation, groups),
            ExpectationKind::Untouched(tasks) => {
                for task in tasks {
                    self.untouched(expectation, *task);
                }
            }
            ExpectationKind::Item(item, state) => self.item(expectation, item, *state),
            ExpectationKind::Residue(tasks) => self.residue(expectation, tasks),
            ExpectationKind::Status { item, text } => self.status(expectation, item.as_ref(), text),
            ExpectationKind::Called { system, operation, arguments, times } => {
                self.called(expectation, &format!("{system}.{operation}"), arguments, *times);
            }
            ExpectationKind::Elapsed { least, most } => self.elapsed(expectation, *least, *most),
            ExpectationKind::Refused => {
                if self.ended.refused.is_empty() {
                    let actual = "nothing was refused".to_owned();
                    self.fail(expectation, "what is asked for to be refused".to_owned(), actual, None);
                }
            }
        }
    }

    fn order(&mut self, expectation: &Expectation, expected: OrderState) {
        let state = self.ended.run.state();
        if state == expected {
            return;
        }
        let actual = match (self.stands(), self.why_ended()) {
            (Some(stands), _) => format!("it is {stands}; nothing in the test answers that"),
            (None, Some(why)) => format!("it is {state}: {why}"),
            (None, None) => format!("it is {state}"),
        };
        // An order that was to succeed went wrong where trouble began; any other, where it ended.
        let trouble = self.ended.timeline.iter().position(|moment| moment.trouble);
        let moment = if expected == OrderState::Completed { trouble.or(self.last()) } else { self.last() };
        self.fail(expectation, format!("the order to be {expected}"), actual, moment);
    }

    fn item(&mut self, expectation: &Expectation, item: &ItemId, expected: ItemState) {
        let items = self.ended.run.view().items;
        let found = items.iter().find(|known| known.id == *item);
        let actual = match found {
            Some(found) if found.state == expected => return,
            Some(found) => {
                let why = found.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                format!("it is {}{why}", found.state)
            }
            None => "nothing is done for it".to_owned(),
        };
        self.fail(expectation, format!("item {item} to be {expected}"), actual, self.last());
    }

    fn residue(&mut self, expectation: &Expectation, expected: &[TaskIndex]) {
        let plan = &self.ended.test.plan;
        let expected: BTreeSet<TaskId> = expected.iter().map(|task| plan.id(*task)).collect();
        let accepted = self.ended.run.events().iter().filter_map(|event| {
            if let Fact::ResidueAccepted { task, .. } = &event.fact { Some(task.clone()) } else { None }
        });
        let accepted: BTreeSet<TaskId> = accepted.collect();
        for task in expected.difference(&accepted) {
            let state = plan.find(task).and_then(|task| self.view.get(task.0)).map(|view| view.state);
            let actual = state
                .map_or_else(String::new, |state| format!("it is {state}, and nothing of it was accepted"));
            let moment = self.last_of(task);
            self.fail(expectation, format!("what `{task}` left to be accepted"), actual, moment);
        }
        for task in accepted.difference(&expected) {
            let moment = self.last_of(task);
            let actual = "it is left as residue".to_owned();
            self.fail(expectation, format!("nothing to be left of `{task}`"), actual, moment);
        }
    }

    fn task(&mut self, expectation: &Expectation, task: TaskIndex, expected: TaskState) {
        let Some(view) = self.view.get(task.0) else { return };
        if view.state == expected {
            return;
        }
        let why = view.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let (actual, id) = (format!("it is {}{why}", view.state), view.id.clone());
        let moment = self.last_of(&id);
        self.fail(expectation, format!("`{id}` to be {expected}"), actual, moment);
    }

    /// That the undos are written in an order that the plan allows is known since the test was bound.
    fn undone(&mut self, expectation: &Expectation, groups: &[Vec<TaskIndex>]) {
        let expected: BTreeSet<TaskIndex> = groups.iter().flatten().copied().collect();
        let undone: BTreeSet<TaskIndex> = (0..)
            .map(TaskIndex)
            .zip(&self.view)
            .filter(|(_, view)| view.state == TaskState::Undone)
            .map(|(task, _)| task)
            .collect();
        for task in expected.difference(&undone) {
            let Some(view) = self.view.get(task.0) else { continue };
            let why = view.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            let (actual, id) = (format!("it is {}{why}", view.state), view.id.clone());
            let moment = self.last_of(&id);
            self.fail(expectation, format!("`{id}` to be undone"), actual, moment);
        }
        for task in undone.difference(&expected) {
            let id = self.ended.test.plan.id(*task);
            let moment = self.last_of(&id);
            self.fail(expectation, format!("`{id}` not to be undone"), "it is undone".to_owned(), moment);
        }
    }

    fn untouched(&mut self, expectation: &Expectation, task: TaskIndex) {
        let id = self.ended.test.plan.id(task);
        let begun = self.count(|fact| matches!(fact, Fact::TaskStarted { task, .. } if *task == id));
        let undoing = self.count(|fact| matches!(fact, Fact::TaskUndoing { task, .. } if *task == id));
        let amending = self.count(|fact| matches!(fact, Fact::TaskAmending { task, .. } if *task == id));
        let Some(state) = self.view.get(task.0).map(|view| view.state) else { return };
        let actual = match (begun, undoing, state) {
            _ if amending > 0 => "what it did was changed".to_owned(),
            (0, ..) => format!("it was never begun: it is {state}"),
            (_, 1.., _) => "it was taken back".to_owned(),
            (2.., ..) => format!("it was begun {begun} times"),
            (_, _, TaskState::Succeeded) => return,
            _ => format!("it is {state}"),
        };
        let moment = self.last_of(&id);
        self.fail(expectation, format!("`{id}` to be done once and left alone"), actual, moment);
    }

    fn count(&self, which: impl Fn(&Fact) -> bool) -> usize {
        self.ended.run.events().iter().filter(|event| which(&event.fact)).count()
    }

    fn status(&mut self, expectation: &Expectation, item: Option<&ItemId>, expected: &str) {
        let view = self.ended.run.view();
        let status = match item {
            None => view.customer_status,
            Some(item) => {
                let of_item = view.items.into_iter().find(|known| known.id == *item);
                of_item.and_then(|item| item.customer_status)
            }
        };
        if status.as_deref() == Some(expected) {
            return;
        }
        let of = item.map_or_else(String::new, |item| format!(" of item {item}"));
        let actual = status.map_or("they see nothing".to_owned(), |status| format!("they see \"{status}\""));
        let seen = |moment: &Moment| moment.text.starts_with("the customer sees");
        let moment = self.ended.timeline.iter().rposition(seen);
        self.fail(expectation, format!("the customer to see \"{expected}\"{of}"), actual, moment);
    }

    fn called(&mut self, expectation: &Expectation, label: &str, arguments: &Value, times: Option<u32>) {
        let mut calls: BTreeMap<&IdempotencyKey, &Attempt> = BTreeMap::new();
        for attempt in self.ended.attempts.iter().filter(|attempt| attempt.call.label() == label) {
            calls.entry(&attempt.call.key).or_insert(attempt);
        }
        let fitting = calls.values().filter(|attempt| covers(&attempt.call.arguments, arguments)).count();
        if times.map_or(fitting > 0, |times| usize::try_from(times) == Ok(fitting)) {
            return;
        }
        let with = if *arguments == Value::record::<String>([]) {
            String::new()
        } else {
            format!(" with {arguments}")
        };
        let often = times.map_or(String::new(), |times| format!(" {}", often(times as usize)));
        let mut made: Vec<&Attempt> = calls.into_values().collect();
        made.sort_by_key(|attempt| attempt.begins);
        let actual = match made.len() {
            0 => "it was never called".to_owned(),
            count => {
                let shown: Vec<String> =
                    made.iter().take(SHOWN_CALLS).map(|attempt| attempt.call.arguments.to_string()).collect();
                let more = if count > SHOWN_CALLS { ", …" } else { "" };
                let fits =
                    if with.is_empty() { String::new() } else { format!(", {} so", self::often(fitting)) };
                format!("it was called {}{fits}: with {}{more}", self::often(count), shown.join(", "))
            }
        };
        let moment =
            self.ended.timeline.iter().rposition(|moment| moment.text.contains(&format!("calls {label}")));
        self.fail(expectation, format!("`{label}` to be called{often}{with}"), actual, moment);
    }

    fn elapsed(&mut self, expectation: &Expectation, least: Duration, most: Duration) {
        let took = self.ended.took;
        if (least..=most).contains(&took) {
            return;
        }
        let expected = if least == most {
            format!("the order to take {least}")
        } else if least == Duration::ZERO {
            format!("the order to take at most {most}")
        } else {
            format!("the order to take {least} to {most}")
        };
        let late = |moment: &Moment| moment.at > most;
        let moment = self.ended.timeline.iter().position(late).or(self.last());
        self.fail(expectation, expected, format!("it took {took}"), moment);
    }

    /// An order that stands still where nobody expects it has been forgotten by its test.
    fn standstill(&mut self) {
        let held: Vec<TaskIndex> = (0..)
            .map(TaskIndex)
            .zip(&self.view)
            .filter(|(_, view)| needs_somebody(view.state))
            .map(|(task, _)| task)
            .collect();
        let told = self.ended.test.expectations.iter().any(|expectation| match &expectation.kind {
            // Told there, if it is not as expected.
            ExpectationKind::Order(_) => true,
            ExpectationKind::Task(tasks, state) => {
                needs_somebody(*state) && held.iter().all(|task| tasks.contains(task))
            }
            ExpectationKind::Item(..)
            | ExpectationKind::Undone(_)
            | ExpectationKind::Untouched(_)
            | ExpectationKind::Residue(_)
            | ExpectationKind::Status { .. }
            | ExpectationKind::Called { .. }
            | ExpectationKind::Elapsed { .. }
            | ExpectationKind::Refused => false,
        });
        if told {
            return;
        }
        let Some(stands) = self.stands() else { return };
        self.failures.push(Failure {
            at: self.ended.test.at,
            expected: "the order to end, or to be expected where it is".to_owned(),
            actual: format!("it is still {stands}; nothing in the test answers that"),
            moment: self.last(),
        });
    }

    /// What is refused where nobody expects it.
    fn refusals(&mut self) {
        let expected = self.ended.test.expectations.iter().any(|one| one.kind == ExpectationKind::Refused);
        if expected {
            return;
        }
        for (step, why, moment) in self.ended.refused {
            self.failures.push(Failure {
                at: step.at,
                expected: "it to be accepted, as the test does not `expect refused`".to_owned(),
                actual: format!("it is refused: {why}"),
                moment: Some(*moment),
            });
        }
    }

    /// Where an order is that has not ended: its state, and what it waits for.
    fn stands(&self) -> Option<String> {
        if self.ended.run.is_ended() {
            return None;
        }
        let reason = |why: &Option<String>| why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let waits = |view: &TaskRunView| match (view.state, &view.waiting_for) {
            (TaskState::Held, _) => Some(format!("at `{}`{}", view.id, reason(&view.reason))),
            (TaskState::UndoFailed, _) => {
                Some(format!("with `{}` not undone{}", view.id, reason(&view.reason)))
            }
            (_, Some(what)) => Some(format!("with `{}` waiting for {what}", view.id)),
            (_, None) => None,
        };
        let of_child = |child: &&&Run| {
            let held = child.held().filter(|_| !child.is_ended())?;
            Some(format!("at `{}` of `{}`: {}", held.task, child.plan().blueprint().name, held.reason))
        };
        let mut waiting: Vec<String> = self.view.iter().filter_map(waits).collect();
        waiting.extend(self.ended.children.iter().filter_map(|child| of_child(&child)));
        Some(format!("{} {}", self.ended.run.state(), waiting.join(", and ")))
    }

    /// Why an order ended that was not completed.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only two facts say why")]
    fn why_ended(&self) -> Option<String> {
        self.ended.run.events().iter().rev().find_map(|event| match &event.fact {
            Fact::OrderFailed { reason } | Fact::OrderRejected { reason } => Some(reason.clone()),
            _ => None,
        })
    }

    fn last(&self) -> Option<usize> {
        self.ended.timeline.len().checked_sub(1)
    }

    fn last_of(&self, task: &TaskId) -> Option<usize> {
        self.ended.timeline.iter().rposition(|moment| moment.task.as_ref() == Some(task))
    }

    fn fail(&mut self, expectation: &Expectation, expected: String, actual: String, moment: Option<usize>) {
        self.failures.push(Failure { at: expectation.at, expected, actual, moment });
    }
}

/// Whether a task goes on only if a person has it go on.
const fn needs_somebody(state: TaskState) -> bool {
    matches!(state, TaskState::Held | TaskState::UndoFailed)
}

/// Whether a value says all that another says, and perhaps more.
fn covers(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Record(whole), Value::Record(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| covers(whole, part)))
        }
        (whole, part) => whole == part,
    }
}

/// `once`, `3 times`.
fn often(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}
