//! What an order has reached of its blueprint, read from its record.

use std::collections::{BTreeMap, BTreeSet};

use engine::Run;
use model::{Fact, ItemKind, OrderEvent, OrderId, TaskId, Timestamp};
use plan::{Definition, DefinitionIndex, Plan, Reaction, ReactionKind, TaskIndex};

use crate::Spot;
use crate::attempt::{Attempt, End};

/// What orders have reached of one blueprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    spots: BTreeSet<Spot>,
    /// The items, each with what there is an instance of for it.
    items: BTreeSet<(ItemKind, BTreeSet<DefinitionIndex>)>,
}

impl Reached {
    pub(crate) fn of(run: &Run, attempts: &[Attempt]) -> Self {
        let mut reader = Reader {
            plan: run.plan(),
            order: run.order_id(),
            attempts,
            tasks: BTreeMap::new(),
            back: false,
            reached: Self::default(),
        };
        reader.items();
        for event in run.events() {
            reader.read(event);
        }
        reader.read_backs(run);
        reader.reached
    }

    /// Takes over what another order has reached.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.spots.extend(other.spots.iter().cloned());
        self.items.extend(other.items.iter().cloned());
    }

    pub(crate) fn has(&self, spot: &Spot) -> bool {
        self.spots.contains(spot)
    }

    /// Whether an `each` with these tasks was there for an item of a kind; or was not, if `holds` is false.
    pub(crate) fn has_each(&self, kind: &ItemKind, tasks: &BTreeSet<DefinitionIndex>, holds: bool) -> bool {
        self.items.iter().any(|(of, instances)| of == kind && instances.is_disjoint(tasks) != holds)
    }
}

/// What is known of a task while its record is read.
#[derive(Debug, Default)]
struct Progress {
    generation: u32,
    /// How many calls have been made in place of the first.
    fallbacks: usize,
    /// When it stops waiting.
    until: Option<Timestamp>,
    /// What has gone wrong, until it shows what is done about it.
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Failure,
    TimeOut,
}

struct Reader<'a> {
    plan: &'a Plan,
    order: OrderId,
    attempts: &'a [Attempt],
    tasks: BTreeMap<TaskId, Progress>,
    /// Whether the order is on its way back: what fails there is not reacted to.
    back: bool,
    reached: Reached,
}

impl Reader<'_> {
    /// What the plan alone says.
    fn items(&mut self) {
        let mut items: BTreeMap<usize, BTreeSet<DefinitionIndex>> = BTreeMap::new();
        for task in self.plan.tasks() {
            if let Some(item) = task.item {
                items.entry(item).or_default().insert(task.definition);
            }
            // A condition that results decide says more when it is due.
            let decided = self.plan.definitions().get(task.definition.0).is_some_and(|d| d.when.is_none());
            if decided {
                self.reach(Spot::When { task: task.definition, holds: task.skipped.is_none() });
            }
        }
        for (n, item) in self.plan.items().iter().enumerate() {
            self.reach(Spot::Kind(item.kind.clone()));
            self.reached.items.insert((item.kind.clone(), items.remove(&n).unwrap_or_default()));
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some facts say that something was reached")]
    fn read(&mut self, event: &OrderEvent) {
        match &event.fact {
            Fact::TaskStarted { task, generation, until, .. } => self.started(task, *generation, *until),
            Fact::TaskFailed { task, reason } => self.failed(task, reason, event.at),
            // While it is read back, nothing is done about it.
            Fact::TaskOutcomeUnknown { task, waiting_for: None, .. } if !self.back => {
                self.tasks.entry(task.clone()).or_default().trouble = Some(Trouble::TimeOut);
            }
            Fact::TaskHeld { task, .. } => self.reacted(task, holds),
            Fact::TaskSkipped { task, .. } => {
                let begun = self.tasks.get(task).is_some_and(|progress| progress.generation > 0);
                if let Some((task, _)) = self.definition(task).filter(|_| !begun) {
                    self.reach(Spot::When { task, holds: false });
                }
                self.reacted(task, not_holds);
            }
            Fact::TaskUndoing { task, .. } => {
                if let Some((task, _)) = self.definition(task) {
                    self.reach(Spot::Undo(task));
                }
                self.reacted(task, not_holds);
            }
            Fact::OrderRollingBack { .. }
            | Fact::OrderRejected { .. }
            | Fact::OrderFailed { .. }
            | Fact::ItemRollingBack { .. } => {
                let tasks: Vec<TaskId> = self.tasks.keys().cloned().collect();
                tasks.iter().for_each(|task| self.reacted(task, not_holds));
                self.back |= !matches!(event.fact, Fact::ItemRollingBack { .. });
            }
            Fact::CancelAccepted { .. } => self.back = true,
            _ => {}
        }
    }

    fn started(&mut self, id: &TaskId, generation: u32, until: Option<Timestamp>) {
        let Some((task, definition)) = self.definition(id) else { return };
        let (conditional, fallbacks) = (definition.when.is_some(), fallbacks(definition));
        let progress = self.tasks.entry(id.clone()).or_default();
        let instead = progress.generation == generation && progress.trouble == Some(Trouble::Failure);
        progress.fallbacks = if instead { progress.fallbacks + 1 } else { progress.fallbacks };
        if progress.generation != generation {
            progress.fallbacks = 0;
        }
        (progress.generation, progress.until, progress.trouble) = (generation, until, None);
        let place = progress.fallbacks.checked_sub(1).filter(|place| instead && *place < fallbacks);
        self.reach(Spot::Task(task));
        if conditional {
            self.reach(Spot::When { task, holds: true });
        }
        if let Some(place) = place {
            self.reach(Spot::Fallback { task, place });
        }
    }

    fn failed(&mut self, id: &TaskId, reason: &str, at: Timestamp) {
        if self.back {
            return;
        }
        let Some((task, definition)) = self.definition(id) else { return };
        // In the engine's words.
        let fails = |text: &str| reason == format!("`{text}` does not hold");
        if let Some(place) = definition.ensure.iter().position(|ensure| fails(&ensure.condition.text)) {
            self.reach(Spot::Ensure { task, place });
            return;
        }
        let mine = |attempt: &&Attempt| {
            attempt.order == self.order && attempt.call.task == *id && attempt.ends <= at
        };
        let last = self.attempts.iter().rev().find(mine);
        let silent = last.is_some_and(|attempt| matches!(attempt.end, End::Silent(_)));
        let progress = self.tasks.entry(id.clone()).or_default();
        let timed_out = silent || progress.until == Some(at);
        progress.trouble = Some(if timed_out { Trouble::TimeOut } else { Trouble::Failure });
    }

    /// What systems said of calls that got no answer.
    fn read_backs(&mut self, run: &Run) {
        for Attempt { order, call, end, .. } in self.attempts {
            let asks =
                call.key.as_str().rsplit('/').next().is_some_and(|purpose| purpose.starts_with("verify-"));
            let End::Answered(answer, _) = end else { continue };
            if *order != self.order || !asks {
                continue;
            }
            let Some(task) = self.plan.find(&call.task) else { continue };
            if let Some(done) = run.says_done(task, answer) {
                self.reach(Spot::Verify { task: self.plan.task(task).definition, done });
            }
        }
    }

    /// Something is done about what went wrong with a task, if anything did. Only what the blueprint says is its reaction:
    /// `does` tells whether that is what was done. Past a point of no return, a `rollback` is held instead.
    fn reacted(&mut self, id: &TaskId, does: fn(&Reaction) -> bool) {
        let Some(trouble) = self.tasks.get_mut(id).and_then(|progress| progress.trouble.take()) else {
            return;
        };
        let Some((task, definition)) = self.definition(id) else { return };
        let on_timeout = definition.on_timeout.as_ref().filter(|_| trouble == Trouble::TimeOut);
        let (reaction, spot) = match on_timeout {
            Some(reaction) => (Some(reaction), Spot::OnTimeout(task)),
            None => (definition.on_failure.as_ref(), Spot::OnFailure(task)),
        };
        if reaction.is_some_and(does) {
            self.reach(spot);
        }
    }

    fn definition(&self, id: &TaskId) -> Option<(DefinitionIndex, &Definition)> {
        let task: TaskIndex = self.plan.find(id)?;
        Some((self.plan.task(task).definition, self.plan.definition(task)))
    }

    fn reach(&mut self, spot: Spot) {
        self.reached.spots.insert(spot);
    }
}

fn fallbacks(definition: &Definition) -> usize {
    definition.call().map_or(0, |body| body.fallbacks.len())
}

const fn holds(reaction: &Reaction) -> bool {
    matches!(reaction.kind, ReactionKind::Hold(_))
}

const fn not_holds(reaction: &Reaction) -> bool {
    !holds(reaction)
}
