//! The rules that always hold of an order and the orders that its tasks run, over random plans, outcomes and delays.

use std::sync::Arc;

use engine::{Answer, CallEffect, Event, Handled, OperatorAction, Rejected, Run, Simulation, World};
use model::{
    Actor, DeliveryId, Direction, Duration, OrderEvent, OrderId, OrderState, TaskId, TaskState, Timestamp,
};
use plan::{Body, Deadline, Definition, Plan, ReactionKind, SubBlueprint};
use proptest::prelude::*;

use crate::build::{self, HOLD};
use crate::world::{Ledger, Luck};

/// Systems that answer as chance has it, after up to 20 s; when all choices are used up, all goes well.
struct Chance {
    choices: std::vec::IntoIter<u32>,
    ledger: Ledger,
}

impl World for Chance {
    fn call(&mut self, call: &CallEffect, _: Timestamp) -> Answer {
        let luck = match self.next() % 16 {
            1 => Luck::NotOk,
            2 => Luck::Refused,
            3 => Luck::Failed,
            4 => Luck::LostAfterEffect,
            5 => Luck::LostBeforeEffect,
            _ => Luck::Fine,
        };
        let settlement = self.ledger.carry_out(call, luck, call.direction == Direction::Forward, true);
        Answer { settlement, after: Duration::from_secs(u64::from(self.next() % 20)) }
    }

    /// What orders say to each other crosses.
    fn passage(&mut self) -> Duration {
        Duration::from_secs(u64::from(self.next() % 4))
    }
}

impl Chance {
    fn next(&mut self) -> u32 {
        self.choices.next().unwrap_or(0)
    }
}

/// What a task does, how it reacts, and what it waits for.
#[derive(Clone, Debug)]
struct Spec {
    runs: Option<bool>,
    reaction: u8,
    within: Option<u64>,
    point_of_no_return: bool,
    after: Vec<prop::sample::Index>,
}

fn spec() -> impl Strategy<Value = Spec> {
    let runs = prop::option::weighted(0.6, any::<bool>());
    let within = prop::option::weighted(0.3, 1u64..40);
    let point = prop::bool::weighted(0.2);
    (runs, 0u8..9, within, point, prop::collection::vec(any::<prop::sample::Index>(), 0..3)).prop_map(
        |(runs, reaction, within, point_of_no_return, after)| Spec {
            runs,
            reaction,
            within,
            point_of_no_return,
            after,
        },
    )
}

/// The reaction that leaves what was done in place.
const FAIL: u8 = 8;

fn reaction(n: u8) -> ReactionKind {
    match n {
        0..=2 => ReactionKind::Rollback,
        3 => ReactionKind::Skip,
        FAIL => ReactionKind::Fail,
        _ => HOLD,
    }
}

/// The tasks of such specs, which run one of `subs` or call a system.
fn tasks(prefix: &str, specs: &[Spec], subs: &[&SubBlueprint]) -> Vec<(Definition, Vec<usize>)> {
    let task = |(n, spec): (usize, &Spec)| {
        let name = format!("{prefix}{n}");
        let sub = spec.runs.and_then(|first| if first { subs.first() } else { subs.last() });
        let mut definition = match sub {
            Some(sub) => build::run(&name, sub),
            None => build::task(&name),
        };
        if let Body::Run(body) = &mut definition.body {
            body.within = spec.within.map(Duration::from_secs);
        } else {
            definition.ensure = vec![build::ensure_ok(reaction(spec.reaction % FAIL / 2))];
        }
        definition.point_of_no_return = spec.point_of_no_return;
        definition.on_failure = Some(build::reaction(reaction(spec.reaction)));
        let after = if n == 0 { vec![] } else { spec.after.iter().map(|after| after.index(n)).collect() };
        (definition, after)
    };
    specs.iter().enumerate().map(task).collect()
}

fn plan(root: &[Spec], outer: &[Spec], inner: &[Spec], late: Option<u64>) -> Arc<Plan> {
    let inner = build::sub_blueprint("inner", tasks("i", inner, &[]));
    let mut outer = build::sub_blueprint("outer", tasks("o", outer, &[&inner]));
    outer.deadline = late.map(|late| Deadline {
        within: Duration::from_secs(late),
        at_risk: None,
        on_timeout: Some(build::reaction(if late % 2 == 0 { HOLD } else { ReactionKind::Rollback })),
    });
    let mut parts = build::parts(tasks("r", root, &[&outer, &inner]), &[]);
    parts.sub_blueprints = vec![outer, inner];
    Arc::new(Plan::new(parts).unwrap())
}

/// What people do to an order.
#[derive(Clone, Copy, Debug)]
struct People {
    /// After how many steps it is cancelled.
    cancel_after: Option<u32>,
    /// After how many steps its last child is cancelled.
    meddle_after: Option<u32>,
    /// Whether operators would rather have everything undone than tried again.
    impatient: bool,
}

struct Family {
    simulation: Simulation<Chance>,
    requests: u32,
    people: People,
    cancelled: Option<Result<Handled, Rejected>>,
}

impl Family {
    /// Carries an order out to its end.
    fn finish(plan: Arc<Plan>, choices: Vec<u32>, people: People) -> Self {
        let world = Chance { choices: choices.into_iter(), ledger: Ledger::default() };
        let simulation = Simulation::new(Run::new(build::order_id(), plan), world, Timestamp::EPOCH);
        let mut family = Self { simulation, requests: 0, people, cancelled: None };
        let mut steps = 0;
        while !family.simulation.order().is_ended() {
            if people.cancel_after == Some(steps) {
                let (id, by) = (family.request(), Actor::new("anna"));
                let cancel = Event::Cancel { id, by, reason: "moved".to_owned() };
                family.cancelled = Some(family.simulation.handle(cancel));
            }
            if people.meddle_after == Some(steps) {
                family.meddle();
            }
            if !family.simulation.step() && !family.simulation.order().is_ended() {
                family.help();
            }
            steps += 1;
            assert!(steps < 20_000, "no end in sight: {:#?}", family.simulation.order().view());
        }
        family
    }

    fn request(&mut self) -> DeliveryId {
        self.requests += 1;
        format!("r{}", self.requests).parse().unwrap()
    }

    /// Somebody cancels the child that was begun last.
    fn meddle(&mut self) {
        let (id, by) = (self.request(), Actor::new("bob"));
        if let Some(child) = self.simulation.children().last().map(Run::order_id) {
            let _ = self.simulation.handle_in(child, Event::Cancel { id, by, reason: String::new() });
        }
    }

    /// Nothing goes on by itself: a person has what is held undone or tried again.
    fn help(&mut self) {
        let runs = std::iter::once(self.simulation.order()).chain(self.simulation.children());
        let held: Vec<_> = runs.filter_map(|run| Some((run.order_id(), run.held()?.task))).collect();
        assert!(!held.is_empty(), "stuck without a reason: {:#?}", self.simulation.order().view());
        for (order, task) in held {
            if !self.people.impatient || self.act(order, OperatorAction::Rollback, task.clone()).is_err() {
                self.act(order, OperatorAction::Retry, task).unwrap();
            }
        }
    }

    fn act(&mut self, order: OrderId, action: OperatorAction, task: TaskId) -> Result<Handled, Rejected> {
        let (id, by) = (self.request(), Actor::new("op"));
        self.simulation
            .handle_in(order, Event::Act { id, action: action.into(), task, by, note: String::new() })
    }

    fn records(&self) -> Vec<Vec<OrderEvent>> {
        let runs = std::iter::once(self.simulation.order()).chain(self.simulation.children());
        runs.map(|run| run.events().to_vec()).collect()
    }

    /// Whether anything was left because its blueprint means it.
    fn leaves_in_place(&self) -> bool {
        let plan = self.simulation.order().plan();
        let subs = plan.sub_blueprints().iter().flat_map(|sub| &sub.definitions);
        let reactions =
            plan.definitions().iter().chain(subs).filter_map(|definition| definition.on_failure.as_ref());
        reactions.into_iter().any(|reaction| reaction.kind == ReactionKind::Fail)
    }

    fn check_end(&self) {
        let ledger = &self.simulation.world().ledger;
        let held = |run: &Run| {
            let prefix = format!("{}/", run.order_id());
            let held = ledger.deeds.iter().filter(|(key, deed)| deed.held && key.starts_with(&prefix));
            held.map(|(_, deed)| deed.task.to_string()).collect::<Vec<_>>()
        };
        for child in self.simulation.children() {
            assert!(child.is_ended(), "a child is left: {:#?}", child.view());
        }
        let state = self.simulation.order().state();
        match &self.cancelled {
            Some(Ok(_)) => assert_eq!(state, OrderState::Cancelled, "the cancel was accepted"),
            _ => assert_ne!(state, OrderState::Cancelled, "nobody had a cancel accepted"),
        }
        if self.leaves_in_place() {
            return;
        }
        if state != OrderState::Completed {
            let left: Vec<_> = ledger.held();
            assert!(left.is_empty(), "{state}, and left behind: {left:?}");
        }
        for run in std::iter::once(self.simulation.order()).chain(self.simulation.children()) {
            let calls = |task: &&engine::TaskRunView| {
                let index = run.plan().find(&task.id).unwrap();
                task.state == TaskState::Succeeded && run.plan().definition(index).undo().is_some()
            };
            let mut expected: Vec<_> = match run.state() {
                OrderState::Completed => {
                    run.view().tasks.iter().filter(calls).map(|task| task.id.to_string()).collect()
                }
                _ => Vec::new(),
            };
            expected.sort_unstable();
            let mut held = held(run);
            held.sort_unstable();
            assert_eq!(held, expected, "order {} is {}", run.order_id(), run.state());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::rules::cases() / 5, ..ProptestConfig::default() })]

    #[test]
    fn an_order_and_its_children_end_clean_whatever_happens(
        root in prop::collection::vec(spec(), 1..5),
        outer in prop::collection::vec(spec(), 1..4),
        inner in prop::collection::vec(spec(), 1..3),
        late in prop::option::weighted(0.3, 1u64..60),
        choices in prop::collection::vec(any::<u32>(), 0..80),
        cancel_after in prop::option::weighted(0.5, 0u32..60),
        meddle_after in prop::option::weighted(0.3, 0u32..60),
        impatient in any::<bool>(),
    ) {
        let people = People { cancel_after, meddle_after, impatient };
        let plan = plan(&root, &outer, &inner, late);
        let family = Family::finish(plan.clone(), choices.clone(), people);
        family.check_end();
        // The same plan and the same answers: the same records.
        prop_assert_eq!(Family::finish(plan, choices, people).records(), family.records());
    }
}
