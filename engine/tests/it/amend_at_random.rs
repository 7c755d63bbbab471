//! Amendments at random: what is left out there is what the last version alone would have left, and a preview is what happens.

use std::collections::BTreeMap;

use engine::{Act, CallEffect, Event, Rejected, Run, Settlement};
use model::{Actor, Fact, OrderState, TaskState, Value, Verdict};
use plan::{Expr, Plan};
use proptest::prelude::*;

use crate::amend::{
    Shop, amendable, field_of, order_field, reads, repeatable, rich, with_order, without_undo,
};
use crate::build::{body, formula};
use crate::rules::cases;

/// What happened, a line each.
fn told(shop: &Shop) -> String {
    let line = |event: &model::OrderEvent| match &event.fact {
        Fact::OrderAmended { tasks, .. } => {
            let tasks = tasks.iter().map(|change| format!("{} {}", change.task, change.verdict.as_str()));
            format!("amended: {}", tasks.collect::<Vec<_>>().join(", "))
        }
        fact => match fact.task_state() {
            Some((task, _)) => format!("{} {task}", fact.name()),
            None => fact.name().to_owned(),
        },
    };
    shop.run.events().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// How a task of a random order can be changed.
#[derive(Clone, Copy, Debug)]
enum Flavour {
    Undo,
    Amend,
    AmendAnswers,
    Again,
    Nothing,
    Query,
}

#[derive(Clone, Debug)]
struct Spec {
    flavour: Flavour,
    /// The attributes it reads.
    reads: Vec<usize>,
    /// What it reads of tasks before it: the part that never changes, or what they were given.
    before: Vec<(usize, bool)>,
    /// Tasks it is after without reading them.
    after: Vec<usize>,
    /// It is only wanted if this attribute is not `0`.
    when: Option<usize>,
}

/// One version of a random order.
#[derive(Clone, Debug)]
struct Wish {
    attributes: Vec<u8>,
    present: Vec<bool>,
}

#[derive(Clone, Debug)]
enum Move {
    /// Answers one of the calls that are out.
    Answer(usize, Fortune),
    Amend(Wish),
    /// The run goes on from a snapshot of itself.
    Restore,
    /// Somebody looks after everything that is held.
    Retry,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fortune {
    Fine,
    Refused,
    Failed,
    LostAfter,
    LostBefore,
}

const ATTRIBUTES: [&str; 3] = ["x", "y", "z"];

fn wishes(tasks: usize) -> impl Strategy<Value = Wish> {
    let attributes = prop::collection::vec(0u8..3, ATTRIBUTES.len());
    let present = prop::collection::vec(prop::bool::weighted(0.8), tasks);
    (attributes, present).prop_map(|(attributes, present)| Wish { attributes, present })
}

fn specs(tasks: usize) -> impl Strategy<Value = Vec<Spec>> {
    let spec = |n: usize| {
        let flavour = prop_oneof![
            4 => Just(Flavour::Undo),
            2 => Just(Flavour::Amend),
            1 => Just(Flavour::AmendAnswers),
            1 => Just(Flavour::Again),
            1 => Just(Flavour::Nothing),
            1 => Just(Flavour::Query),
        ];
        let reads = prop::collection::vec(0..ATTRIBUTES.len(), 0..2);
        let before = prop::collection::vec((0..n.max(1), any::<bool>()), 0..2);
        let after = prop::collection::vec(0..n.max(1), 0..2);
        let when = prop::option::weighted(0.2, 0..ATTRIBUTES.len());
        (flavour, reads, before, after, when).prop_map(move |(flavour, reads, before, after, when)| Spec {
            flavour,
            reads,
            before: if n == 0 { Vec::new() } else { before },
            after: if n == 0 { Vec::new() } else { after },
            when,
        })
    };
    (0..tasks).map(spec).collect::<Vec<_>>()
}

fn moves(tasks: usize) -> impl Strategy<Value = Vec<Move>> {
    let fortune = prop_oneof![
        8 => Just(Fortune::Fine),
        1 => Just(Fortune::Refused),
        1 => Just(Fortune::Failed),
        1 => Just(Fortune::LostAfter),
        1 => Just(Fortune::LostBefore),
    ];
    let step = prop_oneof![
        10 => (0usize..4, fortune).prop_map(|(n, fortune)| Move::Answer(n, fortune)),
        3 => wishes(tasks).prop_map(Move::Amend),
        1 => Just(Move::Restore),
        1 => Just(Move::Retry),
    ];
    prop::collection::vec(step, 0..30)
}

/// The plan of a version: what it does not want is not there at all.
fn planned(specs: &[Spec], wish: &Wish) -> Plan {
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut tasks = Vec::new();
    for (n, spec) in specs.iter().enumerate() {
        if !wish.present[n] {
            continue;
        }
        let name = format!("t{n}");
        let mut arguments: Vec<(String, Expr)> = Vec::new();
        for attribute in &spec.reads {
            arguments.push((ATTRIBUTES[*attribute].to_owned(), order_field(ATTRIBUTES[*attribute])));
        }
        let mut after: Vec<usize> = Vec::new();
        for (before, echo) in &spec.before {
            // What an amend does not answer stays as it was, so what it echoes is old.
            let is_old = matches!(specs[*before].flavour, Flavour::Amend);
            let part = if *echo && !is_old { "echo" } else { "same" };
            let place = places.get(before);
            let expr = place.map_or(Expr::Value(Value::Null), |place| field_of(*place, part));
            arguments.push((format!("t{before}_{part}"), expr));
            after.extend(place);
        }
        arguments.sort_by(|a, b| a.0.cmp(&b.0));
        arguments.dedup_by(|a, b| a.0 == b.0);
        after.extend(spec.after.iter().filter_map(|before| places.get(before)));
        after.sort_unstable();
        after.dedup();
        let mut definition =
            reads(&name, arguments.iter().map(|(name, expr)| (name.as_str(), expr.clone())).collect());
        definition = match spec.flavour {
            Flavour::Undo => definition,
            Flavour::Amend => amendable(definition, false),
            Flavour::AmendAnswers => amendable(definition, true),
            Flavour::Again => {
                let call = &mut body(&mut definition).call;
                call.operation = format!("do_{name}_again").parse().unwrap();
                repeatable(without_undo(definition))
            }
            Flavour::Nothing => without_undo(definition),
            Flavour::Query => {
                body(&mut definition).call.effect = false;
                without_undo(definition)
            }
        };
        if let Some(attribute) = spec.when {
            let wanted = Expr::Binary {
                op: plan::BinaryOp::NotEqual,
                on: plan::Operands::Any,
                left: Box::new(order_field(ATTRIBUTES[attribute])),
                right: Box::new(Expr::Value(Value::text("0"))),
            };
            definition.when = Some(formula(wanted, "wanted"));
        }
        places.insert(n, tasks.len());
        tasks.push((rich(definition), after));
    }
    let values: Vec<String> = wish.attributes.iter().map(u8::to_string).collect();
    let order: Vec<(&str, &str)> =
        ATTRIBUTES.iter().copied().zip(values.iter().map(String::as_str)).collect();
    with_order(tasks, &order)
}

impl Shop {
    fn answer_with(&mut self, n: usize, fortune: Fortune) {
        if self.out.is_empty() {
            return;
        }
        let call = self.out.remove(n % self.out.len()).unwrap();
        let reason = format!("{fortune:?}");
        // What was done before under this key is not refused.
        let known = self.deeds.contains_key(call.key.as_str());
        let settlement = match fortune {
            Fortune::Refused if !known => Settlement::Refused { reason },
            Fortune::Failed => Settlement::Failed { reason },
            Fortune::LostBefore => Settlement::Unknown { reason },
            Fortune::LostAfter => {
                self.carry_out_once(&call);
                Settlement::Unknown { reason }
            }
            Fortune::Fine | Fortune::Refused => Settlement::Succeeded(self.carry_out_once(&call)),
        };
        self.settle(call.id, settlement);
    }

    /// As [`Self::carry_out`], for calls that may come again under their key.
    fn carry_out_once(&mut self, call: &CallEffect) -> Value {
        let undo = call.operation.as_str().starts_with("undo_");
        if undo && call.arguments.field("id").and_then(Value::as_text).is_some_and(|id| !self.deeds[id].live)
        {
            return Value::record::<String>([]);
        }
        self.carry_out(call)
    }

    fn retry_all(&mut self) {
        let view = self.run.view();
        let held =
            view.tasks.iter().filter(|task| matches!(task.state, TaskState::Held | TaskState::UndoFailed));
        for task in held.map(|task| task.id.clone()).collect::<Vec<_>>() {
            let (id, by) = (self.id(), Actor::new("ann"));
            let action = Act::Retry { arguments: BTreeMap::new() };
            let _ = self.tell(Event::Act { id, action, task, by, note: "try again".to_owned() });
        }
    }

    fn finish(&mut self) {
        for _ in 0..200 {
            self.go_on_once();
            if self.run.is_ended() {
                return;
            }
            self.retry_all();
        }
        panic!("it never ends: {:#?}", self.run.view());
    }

    fn go_on_once(&mut self) {
        for _ in 0..1_000 {
            if self.out.is_empty() {
                return;
            }
            self.answer_with(0, Fortune::Fine);
        }
        panic!("it calls for ever: {}", told(self));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn what_amendments_leave_is_what_the_last_version_alone_leaves(
        specs in specs(7),
        first in wishes(7),
        moves in moves(7),
    ) {
        let mut shop = Shop::open(&planned(&specs, &first));
        let mut wish = first;
        for step in moves {
            match step {
                Move::Answer(n, fortune) => shop.answer_with(n, fortune),
                Move::Amend(next) => {
                    let plan = planned(&specs, &next);
                    let promised = shop.run.assess(plan.clone());
                    let before = shop.run.events().len();
                    match shop.amend(&plan) {
                        Ok(_) => {
                            wish = next;
                            let Fact::OrderAmended { tasks, .. } = &shop.run.events()[before].fact else {
                                panic!("not told first")
                            };
                            let promised = promised.unwrap();
                            let changes = promised.tasks.iter().filter(|change| change.verdict != Verdict::Kept);
                            prop_assert!(changes.eq(tasks));
                        }
                        Err(Rejected::Amendment { tasks }) => {
                            prop_assert!(tasks.iter().all(|change| change.verdict == Verdict::Refused));
                            prop_assert_eq!(shop.run.events().len(), before + 1);
                        }
                        Err(Rejected::Ended { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
                Move::Restore => {
                    let snapshot = serde_json::to_string(&shop.run.snapshot()).unwrap();
                    let plans = shop.run.plans().to_vec();
                    shop.run = Run::restore_all(plans, serde_json::from_str(&snapshot).unwrap());
                }
                Move::Retry => shop.retry_all(),
            }
        }
        shop.finish();
        prop_assert_eq!(shop.run.state(), OrderState::Completed);
        let mut scratch = Shop::open(&planned(&specs, &wish));
        scratch.finish();
        // What has no undo stays where it was done.
        let stays = |task: &str| {
            let n: usize = task.trim_start_matches('t').parse().unwrap();
            matches!(specs[n].flavour, Flavour::Nothing | Flavour::Again | Flavour::Query)
        };
        let of = |shop: &Shop| -> Vec<_> { shop.left().into_iter().filter(|(task, _)| !stays(task)).collect() };
        prop_assert_eq!(of(&shop), of(&scratch), "{}", told(&shop));
        let there = shop.left();
        for deed in scratch.left() {
            prop_assert!(there.contains(&deed), "{:?} is missing in {:?}: {}", deed, there, told(&shop));
        }
    }
}
