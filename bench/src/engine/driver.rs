//! A driver that answers everything at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{CallEffect, Effect, Event, Rejected, Run, Settlement, Snapshot};
use model::{Actor, DeliveryId, OrderId, OrderState, SignalName, TaskName, Timestamp, Value};
use plan::{Body, Plan};

/// One order and what has yet to happen to it.
pub(crate) struct Driver {
    run: Run,
    /// What the tasks of this name wait for.
    signals: BTreeMap<TaskName, SignalName>,
    due: VecDeque<Event>,
    /// The order events that were looked at.
    seen: u64,
    events: u32,
    /// Whether what people are waited for stays away.
    kept_waiting: bool,
}

impl Driver {
    /// An order whose last task waits for ever, if it is `kept_waiting`.
    pub(crate) fn new(plan: Arc<Plan>, kept_waiting: bool) -> Self {
        let order = OrderId::new(uuid::Uuid::nil());
        let signals = plan.definitions().iter().filter_map(|definition| match &definition.body {
            Body::Wait { signal, .. } => Some((definition.name.clone(), signal.clone())),
            Body::Call(_)
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => None,
        });
        let signals = signals.collect();
        let run = Run::new(order, plan);
        Self { run, signals, due: VecDeque::new(), seen: 0, events: 0, kept_waiting }
    }

    /// Begins the order, and goes on until nothing more happens.
    pub(crate) fn start(&mut self) {
        self.due.push_back(Event::Start);
        self.drain();
    }

    /// Cancels it, and goes on until everything is undone.
    pub(crate) fn cancel(&mut self) {
        let by = Actor::new("bench");
        self.due.push_back(Event::Cancel { id: delivery("cancel"), by, reason: String::new() });
        self.drain();
    }

    /// Has it be another order from now on, and says how long the judgement and the change took together.
    pub(crate) fn amend(&mut self, plan: &Plan) -> Result<Duration, Rejected> {
        let (id, by) = (delivery("amend"), Actor::new("bench"));
        let plan = Box::new(plan.clone());
        let amend = Event::Amend { id, plan, by, reason: String::new(), token: None };
        let begin = Instant::now();
        let answer = self.run.handle_event(amend, Timestamp::from_millis(i64::from(self.events)));
        let took = begin.elapsed();
        answer.map(|_| took)
    }

    pub(crate) const fn events(&self) -> u32 {
        self.events
    }

    pub(crate) const fn state(&self) -> OrderState {
        self.run.state()
    }

    pub(crate) fn handover(&self) -> Snapshot {
        self.run.handover()
    }

    fn drain(&mut self) {
        while let Some(event) = self.due.pop_front() {
            self.events += 1;
            let _ = self.run.handle_event(event, Timestamp::from_millis(i64::from(self.events)));
            while let Some(effect) = self.run.poll_effect() {
                if let Effect::Call(call) = effect {
                    let settlement = Settlement::Succeeded(answer(&call));
                    self.due.push_back(Event::CallSettled { call: call.id, settlement });
                }
            }
            self.report();
        }
    }

    /// Says what the tasks wait for that have just begun to wait.
    fn report(&mut self) {
        let news = self.run.events_after(self.seen);
        let begun = news.iter().filter_map(|event| event.fact.task_state()).map(|(task, _)| task);
        for task in begun {
            if let Some(signal) = self.signals.get(&task.name)
                && !(self.kept_waiting && signal.as_str() == LAST)
            {
                self.due.push_back(Event::Delivered {
                    id: delivery(&format!("{signal}-{task}")),
                    signal: signal.to_string(),
                    task: Some(task.to_string()),
                    payload: Value::record([("outcome", Value::text("done"))]),
                });
            }
        }
        self.seen = self.run.last_number();
    }
}

/// The signal that the order's last task waits for.
const LAST: &str = "signed";

fn answer(call: &CallEffect) -> Value {
    let text = |name: &'static str| (name, Value::text(call.key.to_string()));
    match call.operation.as_str() {
        "check" => Value::record([("eligible", Value::Bool(true))]),
        "reserve" => Value::record([text("id"), text("unit")]),
        "activate" => Value::record([text("service")]),
        "read" => Value::record([("state", Value::text("active"))]),
        _ => Value::record::<String>([]),
    }
}

#[expect(clippy::expect_used, reason = "the names above are short and printable")]
fn delivery(id: &str) -> DeliveryId {
    DeliveryId::new(id).expect("an id")
}
