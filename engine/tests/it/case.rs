//! One order and its systems, run on the simulator in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{
    Act, Answer, CallEffect, Event, Handled, OperatorAction, Rejected, Run, Simulation, Standstill, World,
};
use model::{Actor, Direction, Duration, OrderState, TaskId, TaskState, Timestamp};
use plan::Plan;

use crate::build;
use crate::world::{Ledger, Luck, is_question};

/// Systems that do as they are told: what is not said goes well, after a second.
#[derive(Default)]
pub(crate) struct Script {
    luck: BTreeMap<String, Vec<Luck>>,
    pub(crate) ledger: Ledger,
    pub(crate) log: Vec<String>,
    /// What was asked with, of all questions.
    pub(crate) asked: Vec<model::Value>,
}

impl World for Script {
    fn call(&mut self, call: &CallEffect, _: Timestamp) -> Answer {
        let planned = self.luck.get_mut(call.operation.as_str());
        let luck = planned.filter(|p| !p.is_empty()).map_or(Luck::Fine, |p| p.remove(0));
        self.log.push(call.operation.to_string());
        let settlement = if is_question(call) {
            self.asked.push(call.arguments.clone());
            self.ledger.tell(call, luck)
        } else {
            self.ledger.carry_out(call, luck, call.direction == Direction::Forward, true)
        };
        Answer { settlement, after: Duration::from_secs(1) }
    }
}

pub(crate) struct Case {
    pub(crate) simulation: Simulation<Script>,
    requests: u32,
}

impl Case {
    pub(crate) fn new(plan: Arc<Plan>, luck: &[(&str, &[Luck])]) -> Self {
        let luck = luck.iter().map(|(operation, luck)| ((*operation).to_owned(), luck.to_vec())).collect();
        let world = Script { luck, ..Script::default() };
        Self::of(Simulation::new(Run::new(build::order_id(), plan), world, Timestamp::EPOCH))
    }

    pub(crate) const fn of(simulation: Simulation<Script>) -> Self {
        Self { simulation, requests: 0 }
    }

    /// Goes on as long as something is due within so many seconds of the beginning.
    pub(crate) fn until(mut self, seconds: i64) -> Self {
        while self.simulation.next_at().is_some_and(|at| at.as_millis() <= seconds * 1_000) {
            self.simulation.step();
        }
        self
    }

    pub(crate) fn at_standstill(mut self) -> Self {
        assert_ne!(self.simulation.run(1_000), Standstill::OutOfSteps);
        self
    }

    pub(crate) fn ask(
        &mut self,
        event: impl FnOnce(model::DeliveryId) -> Event,
    ) -> Result<Handled, Rejected> {
        self.requests += 1;
        self.simulation.handle(event(format!("r{}", self.requests).parse().unwrap()))
    }

    pub(crate) fn cancel(&mut self) -> Result<Handled, Rejected> {
        self.ask(|id| Event::Cancel { id, by: Actor::new("anna"), reason: "moved away".to_owned() })
    }

    pub(crate) fn act(&mut self, action: OperatorAction, task: &str) -> Result<Handled, Rejected> {
        let task: TaskId = task.parse().unwrap();
        let (by, note) = (Actor::new("op"), "seen".to_owned());
        self.ask(|id| Event::Act { id, action: action.into(), task, by, note })
    }

    pub(crate) fn signal(&mut self, signal: &str, payload: &str) -> Result<Handled, Rejected> {
        let payload = serde_json::from_str(payload).unwrap();
        self.ask(|id| Event::Delivered { id, signal: signal.to_owned(), task: None, payload })
    }

    pub(crate) fn complete(&mut self, task: &str, result: &str) -> Result<Handled, Rejected> {
        let task: TaskId = task.parse().unwrap();
        let result = serde_json::from_str(result).unwrap();
        let (by, note) = (Actor::new("ann"), "looked at it".to_owned());
        self.ask(|id| Event::Act { id, action: Act::Complete { result }, task, by, note })
    }

    pub(crate) fn state(&self) -> OrderState {
        self.simulation.order().state()
    }

    pub(crate) fn task(&self, id: &str) -> TaskState {
        let view = self.simulation.order().view();
        view.tasks.into_iter().find(|task| task.id.to_string() == id).unwrap().state
    }

    /// What a task waits for, as its readers see it.
    pub(crate) fn waiting_for(&self, id: &str) -> Option<String> {
        let view = self.simulation.order().view();
        view.tasks.into_iter().find(|task| task.id.to_string() == id).unwrap().waiting_for
    }

    /// Why the order is held.
    pub(crate) fn why_held(&self) -> String {
        self.simulation.order().held().unwrap().reason
    }

    pub(crate) fn facts(&self) -> Vec<&'static str> {
        self.simulation.order().events().iter().map(|event| event.fact.name()).collect()
    }

    pub(crate) fn log(&self) -> Vec<&str> {
        self.simulation.world().log.iter().map(String::as_str).collect()
    }

    pub(crate) fn held_effects(&self) -> Vec<String> {
        self.simulation.world().ledger.held().iter().map(|deed| deed.task.to_string()).collect()
    }
}
