//! What happened in a test, line by line, in words.

use std::collections::BTreeMap;

use model::{Direction, Duration, Fact, OrderEvent, TaskId, Timestamp};
use plan::Plan;

use crate::attempt::{Attempt, End};
use crate::words::words;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// How long after the order began.
    pub at: Duration,
    /// The task of the test's order that it is about.
    pub task: Option<TaskId>,
    /// What.
    pub text: String,
    /// Whether something went wrong that an order does not get over by itself.
    pub trouble: bool,
}

/// The moments of an order and of those that its tasks run, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Timeline {
    start: Timestamp,
    moments: Vec<Moment>,
    /// The last moment of each task of each order.
    last: BTreeMap<(usize, TaskId), Last>,
}

/// An order that the timeline tells of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose<'a> {
    /// 0 is the order of the test; others are run by its tasks, or by theirs.
    pub(crate) number: usize,
    /// What is done for it.
    pub(crate) plan: &'a Plan,
}

impl Whose<'_> {
    /// What it is called.
    pub(crate) fn whole(self) -> String {
        match self.number {
            0 => "the order".to_owned(),
            _ => format!("the order of `{}`", self.plan.blueprint().name),
        }
    }

    /// What a task of it is called.
    pub(crate) fn part(self, task: &TaskId) -> String {
        match self.number {
            0 => task.to_string(),
            _ => format!("{}.{task}", self.plan.blueprint().name),
        }
    }
}

/// What the last moment of a task says already.
#[derive(Clone, Debug, Default)]
struct Last {
    place: usize,
    /// Why it went wrong.
    reason: Option<String>,
    /// That it went well.
    good: bool,
    /// When the task stops waiting.
    until: Option<Timestamp>,
}

impl Timeline {
    pub(crate) const fn new(start: Timestamp) -> Self {
        Self { start, moments: Vec::new(), last: BTreeMap::new() }
    }

    pub(crate) fn into_moments(self) -> Vec<Moment> {
        self.moments
    }

    /// An attempt of a call begins. Gives its place, for [`attempt_ends`](Self::attempt_ends).
    pub(crate) fn attempt_begins(&mut self, whose: Whose<'_>, attempt: &Attempt) -> usize {
        let Attempt { call, number, .. } = attempt;
        let of = call.retry.attempts;
        let again = if *number == 1 { String::new() } else { format!(" again (attempt {number} of {of})") };
        let text = format!("{} calls {}{again}", subject(whose, attempt), call.label());
        self.about(whose, &call.task, attempt.begins, text)
    }

    /// An attempt ends: in the line in which it began, if that took no time.
    pub(crate) fn attempt_ends(&mut self, whose: Whose<'_>, attempt: &Attempt, begun: usize) {
        let task = &attempt.call.task;
        let at = attempt.ends.since(self.start);
        let place = match self.moments.get_mut(begun) {
            Some(moment) if moment.at == at => {
                moment.text.push_str(&format!(", which {}", attempt.end));
                begun
            }
            _ => {
                let text = format!("{}: {} {}", subject(whose, attempt), attempt.call.label(), attempt.end);
                self.about(whose, task, attempt.ends, text)
            }
        };
        let last = self.last(whose, task);
        last.place = place;
        (last.good, last.reason) = match &attempt.end {
            End::Answered(..) => (true, None),
            End::Refused(why) | End::Failed(why) => (false, Some(why.clone())),
            End::Silent(limit) => (false, Some(format!("no answer within {limit}"))),
        };
    }

    /// Something that was asked of the test's order, at a task or at a time, and that no fact tells: it was refused.
    pub(crate) fn refusal(&mut self, whose: Whose<'_>, task: Option<&TaskId>, at: Timestamp, text: String) {
        let place = match task {
            Some(task) => self.about(whose, task, at, text),
            None => self.push(at, None, text),
        };
        self.is_trouble(place);
    }

    /// The place of the last moment so far.
    pub(crate) const fn latest(&self) -> usize {
        self.moments.len().saturating_sub(1)
    }

    /// What an order's record says.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what needs no memory is in `words`")]
    pub(crate) fn fact(&mut self, whose: Whose<'_>, event: &OrderEvent) {
        match &event.fact {
            Fact::TaskUndoing { task, .. } => self.anew(whose, task, None),
            Fact::TaskStarted { task, until, .. } => {
                self.anew(whose, task, *until);
                self.tell(whose, event);
            }
            Fact::TaskSucceeded { task, .. } => {
                if !self.last(whose, task).good {
                    self.tell(whose, event);
                }
            }
            Fact::SignalReceived { task, .. } => {
                self.tell(whose, event);
                self.last(whose, task).good = true;
            }
            Fact::TaskFailed { task, reason } => self.failed(whose, task, reason, event.at),
            Fact::TaskDropped { task } => self.dropped(whose, task, event.at),
            _ => self.tell(whose, event),
        }
    }

    fn tell(&mut self, whose: Whose<'_>, event: &OrderEvent) {
        let Some(said) = words(&event.fact, whose, self.start) else { return };
        let place = match said.task {
            Some(task) => self.about(whose, &task, event.at, said.text),
            None => self.push(event.at, None, said.text),
        };
        if said.trouble {
            self.is_trouble(place);
        }
    }

    /// What a task begins anew: nothing told before says anything of it.
    fn anew(&mut self, whose: Whose<'_>, task: &TaskId, until: Option<Timestamp>) {
        let last = self.last(whose, task);
        (last.good, last.reason, last.until) = (false, None, until);
    }

    fn failed(&mut self, whose: Whose<'_>, task: &TaskId, reason: &str, at: Timestamp) {
        let last = self.last(whose, task).clone();
        let id = whose.part(task);
        let place = if last.until == Some(at) {
            self.about(whose, task, at, format!("{id} times out: {reason}"))
        } else if last.reason.as_deref() == Some(reason) {
            last.place
        } else {
            self.about(whose, task, at, format!("{id} fails: {reason}"))
        };
        self.is_trouble(place);
    }

    /// Of several that are dropped at once, all in one line.
    fn dropped(&mut self, whose: Whose<'_>, task: &TaskId, at: Timestamp) {
        const DROPPED: &str = "not done any more: ";
        let (since, id) = (at.since(self.start), whose.part(task));
        match self.moments.last_mut() {
            Some(last) if last.at == since && last.text.starts_with(DROPPED) => {
                last.text.push_str(&format!(", {id}"));
            }
            _ => {
                self.push(at, None, format!("{DROPPED}{id}"));
            }
        }
        self.last(whose, task).place = self.latest();
    }

    fn about(&mut self, whose: Whose<'_>, task: &TaskId, at: Timestamp, text: String) -> usize {
        let of_test = (whose.number == 0).then(|| task.clone());
        let place = self.push(at, of_test, text);
        self.last(whose, task).place = place;
        place
    }

    fn last(&mut self, whose: Whose<'_>, task: &TaskId) -> &mut Last {
        self.last.entry((whose.number, task.clone())).or_default()
    }

    fn push(&mut self, at: Timestamp, task: Option<TaskId>, text: String) -> usize {
        self.moments.push(Moment { at: at.since(self.start), task, text, trouble: false });
        self.latest()
    }

    fn is_trouble(&mut self, place: usize) {
        if let Some(moment) = self.moments.get_mut(place) {
            moment.trouble = true;
        }
    }
}

/// A task, or its undo.
fn subject(whose: Whose<'_>, attempt: &Attempt) -> String {
    let task = whose.part(&attempt.call.task);
    match attempt.call.direction {
        Direction::Forward => task,
        Direction::Undo => format!("undo {task}"),
    }
}
