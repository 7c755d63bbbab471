//! The systems that tests call: they do as they are told, and remember every call and every effect.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contract::{Replan, Replanned};
use futures::future::BoxFuture;
use model::{CallOutcome, CallRequest, Value};
use tokio::sync::watch;
use worker::{Caller, NotPlanned, Planner};

/// What a system does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Does it.
    Do,
    /// Will not do it.
    Refuse(&'static str),
    /// Can't do it now.
    Fail(&'static str),
    /// Does it, but the answer is lost.
    LoseAnswer,
    /// Is lost on the way to the system.
    LoseCall,
    /// Does nothing, and says whether something is done.
    Tell(bool),
}

/// Every system there is.
#[derive(Debug, Default)]
pub(crate) struct World {
    state: Mutex<State>,
    gates: Mutex<BTreeMap<String, watch::Sender<bool>>>,
    /// What comes of planning amendments, the next one first; after that, it can't be told.
    pub(crate) plans: Mutex<VecDeque<Replanned>>,
    /// What was to be planned.
    pub(crate) replans: Mutex<Vec<Replan>>,
    /// How long every call takes.
    pub(crate) pace: Mutex<Duration>,
}

#[derive(Debug, Default)]
struct State {
    /// What the next attempts of an operation meet, in order; after that, it is done.
    behaviours: BTreeMap<String, Vec<Behaviour>>,
    calls: Vec<CallRequest>,
    effects: BTreeSet<String>,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Says what the next attempts of `system.operation` meet.
    pub(crate) fn script(&self, label: &str, behaviours: Vec<Behaviour>) {
        self.state.lock().unwrap().behaviours.insert(label.to_owned(), behaviours);
    }

    /// Keeps calls of `system.operation` from being answered, until [`World::open`].
    pub(crate) fn close(&self, label: &str) {
        self.gates.lock().unwrap().insert(label.to_owned(), watch::channel(false).0);
    }

    pub(crate) fn open(&self, label: &str) {
        self.gates.lock().unwrap()[label].send(true).unwrap();
    }

    /// The calls that were made, as `operation` of task names.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = &self.state.lock().unwrap().calls;
        calls.iter().map(|call| format!("{}#{}", call.operation, call.attempt)).collect()
    }

    pub(crate) fn requests(&self) -> Vec<CallRequest> {
        self.state.lock().unwrap().calls.clone()
    }

    /// The keys of the effects that were had, with the attempt left out: each once.
    pub(crate) fn effects(&self) -> Vec<String> {
        self.state.lock().unwrap().effects.iter().cloned().collect()
    }

    fn meet(&self, request: &CallRequest) -> CallOutcome {
        let mut state = self.state.lock().unwrap();
        let label = format!("{}.{}", request.system, request.operation);
        let next = state.behaviours.get_mut(&label).filter(|b| !b.is_empty()).map(|b| b.remove(0));
        let effect = request.key.as_str().split_once('/').unwrap().1.to_owned();
        match next.unwrap_or(Behaviour::Do) {
            Behaviour::Do => {
                state.effects.insert(effect);
                CallOutcome::Succeeded(Value::record([(
                    "of",
                    request.arguments.field("of").cloned().unwrap(),
                )]))
            }
            Behaviour::Refuse(reason) => CallOutcome::Refused { reason: reason.to_owned() },
            Behaviour::Fail(reason) => CallOutcome::Failed { reason: reason.to_owned(), retry_after: None },
            Behaviour::LoseAnswer => {
                state.effects.insert(effect);
                CallOutcome::Unknown { reason: "no answer".to_owned() }
            }
            Behaviour::LoseCall => CallOutcome::Unknown { reason: "no answer".to_owned() },
            Behaviour::Tell(done) => CallOutcome::Succeeded(Value::record([("done", Value::Bool(done))])),
        }
    }
}

impl Caller for World {
    fn call<'a>(&'a self, request: &'a CallRequest) -> BoxFuture<'a, CallOutcome> {
        Box::pin(async move {
            self.state.lock().unwrap().calls.push(request.clone());
            let label = format!("{}.{}", request.system, request.operation);
            let gate = self.gates.lock().unwrap().get(&label).map(watch::Sender::subscribe);
            if let Some(mut gate) = gate {
                gate.wait_for(|open| *open).await.unwrap();
            }
            let pace = *self.pace.lock().unwrap();
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            self.meet(request)
        })
    }
}

impl Planner for World {
    fn replan<'a>(&'a self, request: &'a Replan) -> BoxFuture<'a, Result<Replanned, NotPlanned>> {
        self.replans.lock().unwrap().push(request.clone());
        let planned = self.plans.lock().unwrap().pop_front();
        Box::pin(async move { planned.ok_or_else(|| "nobody can tell".into()) })
    }
}
