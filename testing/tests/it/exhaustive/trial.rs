//! One way that an order can go: what is weak out there, what people do, and what comes in between.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use engine::{Event, Handled, OperatorAction, Rejected, Run, Simulation, Snapshot};
use model::{Actor, DeliveryId, Fact, ItemId, OrderId, OrderState, TaskId, Timestamp, Value};
use plan::{Body, Plan};
use testing::MadeUp;

use super::answers::{good_news, refusal};
use super::systems::{LATENCY, Systems, Weakness};

/// Most things that happen in one trial: the longest poll of a sample asks some 1,300 times, and nobody lets it run out more
/// often than five times.
const MOST_TURNS: usize = 20_000;

/// What people do with a task that needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// They have it tried again, and give up the order if that is in vain.
    Patient,
    /// They give up the order at once.
    Hasty,
    /// They have the order cancelled.
    Cancelling,
    /// They do this first, where it can be done, and are patient otherwise.
    Doing(OperatorAction),
}

/// A person who does not say what everybody hopes for.
#[derive(Clone, Debug)]
pub(crate) struct Mood {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    /// What is said instead; nothing, without it.
    pub(crate) says_no: bool,
    /// How many times; any number, until somebody talks to them, without this.
    pub(crate) left: Option<u32>,
}

/// What comes in between.
#[derive(Clone, Debug)]
pub(crate) enum Interference {
    Cancel,
    /// An item is not wanted any more.
    CancelItem(ItemId),
    /// Nothing more is begun, until nothing is under way any more.
    Pause,
    /// What carries the order out dies, and goes on from what was written down.
    Crash,
    /// Everything that has ever happened is delivered once more.
    Echo,
    /// The order is to be another one.
    Amend(Arc<Plan>),
}

/// How a trial differs from one in which all is well.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) weakness: Option<Weakness>,
    pub(crate) mood: Option<Mood>,
    pub(crate) habit: Habit,
    /// What comes before which turn, the first first.
    pub(crate) interferences: Vec<(usize, Interference)>,
    /// Whether everything is delivered twice.
    pub(crate) twice: bool,
}

impl Setup {
    pub(crate) const WELL: Self =
        Self { weakness: None, mood: None, habit: Habit::Patient, interferences: Vec::new(), twice: false };
}

/// Something that a person has to do.
#[derive(Debug)]
enum Duty {
    /// A task waits for their word.
    Say(OrderId, TaskId),
    /// A task needs them.
    Attend(OrderId, TaskId),
}

#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) simulation: Simulation<Systems>,
    setup: Setup,
    /// Everything that has happened, and to which order.
    past: Vec<(OrderId, Event)>,
    /// How much of each order's record the people have read.
    read: Vec<usize>,
    duties: VecDeque<Duty>,
    attended: BTreeMap<(OrderId, TaskId), u32>,
    /// Whether somebody has paused the order, and will have it go on.
    paused: bool,
    deliveries: u32,
    /// How many things have happened.
    pub(crate) turns: usize,
    /// Before which turn the first call had met the weakness.
    pub(crate) struck: Option<usize>,
    /// What was answered to what came in between.
    pub(crate) answers: Vec<Result<Handled, Rejected>>,
    /// Tasks that people were asked to say something for.
    pub(crate) asked: Vec<(OrderId, TaskId)>,
    /// What people did about tasks that needed one, besides what they always do.
    pub(crate) acted: Vec<OperatorAction>,
    /// In which turn each task of the order was begun first.
    pub(crate) begun: BTreeMap<TaskId, usize>,
    pub(crate) wrongs: Vec<String>,
}

impl Trial {
    /// Lets an order go its way, to its end.
    pub(crate) fn of(plan: &Arc<Plan>, setup: Setup) -> Self {
        let id = OrderId::NIL;
        let systems = Systems::new(plan, setup.weakness.clone());
        let run = Run::new(id, plan.clone());
        let mut trial = Self {
            simulation: Simulation::new(run, systems, dsl::testing::submitted_at()),
            setup,
            past: Vec::new(),
            read: Vec::new(),
            duties: VecDeque::new(),
            attended: BTreeMap::new(),
            paused: false,
            deliveries: 0,
            turns: 0,
            struck: None,
            answers: Vec::new(),
            asked: Vec::new(),
            acted: Vec::new(),
            begun: BTreeMap::new(),
            wrongs: Vec::new(),
        };
        trial.go();
        trial
    }

    fn go(&mut self) {
        loop {
            for (_, interference) in
                self.setup.interferences.extract_if(.., |(at, _)| *at == self.turns).collect::<Vec<_>>()
            {
                self.interfere(interference);
            }
            if self.simulation.order().is_ended() {
                return;
            }
            if !self.turn() {
                let view = self.simulation.order().view();
                return self.wrongs.push(format!("it stands still: {view:#?}"));
            }
            if self.turns == MOST_TURNS {
                return self.wrongs.push(format!("it has not ended after {MOST_TURNS} turns"));
            }
        }
    }

    /// Lets one thing happen; whether there was one.
    fn turn(&mut self) -> bool {
        self.turns += 1;
        match self.duties.pop_front() {
            Some(Duty::Say(order, task)) => self.say(order, &task),
            Some(Duty::Attend(order, task)) => self.attend(order, &task),
            None if self.paused && self.is_quiet() => {
                self.paused = false;
                let (id, by) = (self.delivery(), Actor::new("somebody"));
                // Whoever cancelled it meanwhile has had it go on.
                let _answer = self.take(OrderId::NIL, Event::Resume { id, by, note: String::new() });
            }
            None => {
                if !self.simulation.step() {
                    return false;
                }
                if let Some((order, event)) = self.simulation.last() {
                    self.remember(order, event.clone());
                }
            }
        }
        if self.struck.is_none() && self.simulation.world().struck {
            self.struck = Some(self.turns);
        }
        self.read_on();
        true
    }

    /// Whether nothing is under way that will soon be answered.
    fn is_quiet(&self) -> bool {
        let soon = self.simulation.now().plus(LATENCY);
        self.simulation.next_at().is_none_or(|next| next > soon)
    }

    fn interfere(&mut self, interference: Interference) {
        match interference {
            Interference::Cancel => {
                let event = self.cancel();
                self.ask(event);
            }
            Interference::CancelItem(item) => {
                let (id, by) = (self.delivery(), Actor::new("somebody"));
                self.ask(Event::CancelItem { id, item: item.to_string(), by, reason: String::new() });
            }
            Interference::Pause => {
                let (id, by) = (self.delivery(), Actor::new("somebody"));
                self.ask(Event::Pause { id, by, note: String::new() });
                self.paused = self.is_accepted();
            }
            Interference::Amend(plan) => {
                let event = Event::Amend {
                    id: self.delivery(),
                    plan: Box::new((*plan).clone()),
                    by: Actor::new("somebody"),
                    reason: String::new(),
                    token: None,
                };
                self.ask(event);
            }
            Interference::Echo => {
                for (order, event) in self.past.clone() {
                    self.once_more(order, &event);
                }
            }
            Interference::Crash => self.simulation.restore(|run| {
                let written = serde_json::to_string(&run.snapshot()).unwrap();
                let snapshot: Snapshot = serde_json::from_str(&written).unwrap();
                Run::restore_all(run.plans().to_vec(), snapshot)
            }),
        }
    }

    /// Asks something of the order.
    fn ask(&mut self, event: Event) {
        let answer = self.take(OrderId::NIL, event);
        self.answers.push(answer);
        self.read_on();
    }

    /// Hands an event to an order.
    fn take(&mut self, order: OrderId, event: Event) -> Result<Handled, Rejected> {
        let answer = self.simulation.handle_in(order, event.clone());
        self.remember(order, event);
        answer
    }

    fn remember(&mut self, order: OrderId, event: Event) {
        if self.setup.twice {
            self.once_more(order, &event);
        }
        self.past.push((order, event));
    }

    /// A second delivery must change nothing.
    fn once_more(&mut self, order: OrderId, event: &Event) {
        let told = |simulation: &Simulation<Systems>| -> Vec<usize> {
            runs(simulation).map(|run| run.events().len()).collect()
        };
        let before = told(&self.simulation);
        let again = self.simulation.handle_in(order, event.clone());
        if matches!(again, Ok(Handled::Applied | Handled::Kept)) || told(&self.simulation) != before {
            self.wrongs.push(format!("turn {}: {event:?} is taken twice: {again:?}", self.turns));
        }
    }

    /// People read what has happened since they last looked.
    #[expect(clippy::wildcard_enum_match_arm, reason = "people are asked for by a few facts only")]
    fn read_on(&mut self) {
        let orders: Vec<&Run> = runs(&self.simulation).collect();
        self.read.resize(orders.len(), 0);
        for (run, read) in orders.into_iter().zip(&mut self.read) {
            let id = run.order_id();
            for event in run.events().iter().skip(*read) {
                if let Fact::TaskStarted { task, .. } = &event.fact
                    && id == OrderId::NIL
                {
                    self.begun.entry(task.clone()).or_insert(self.turns);
                }
                match &event.fact {
                    Fact::TaskStarted { task, .. } if is_asked(run, task) => {
                        self.asked.push((id, task.clone()));
                        self.duties.push_back(Duty::Say(id, task.clone()));
                    }
                    Fact::TaskHeld { task, .. }
                    | Fact::TaskUndoFailed { task, .. }
                    | Fact::OrderPaused { task, .. } => {
                        self.duties.push_back(Duty::Attend(id, task.clone()));
                    }
                    _ => {}
                }
            }
            *read = run.events().len();
        }
    }

    fn run(&self, order: OrderId) -> &Run {
        runs(&self.simulation).filter(|run| run.order_id() == order).last().unwrap()
    }

    fn delivery(&mut self) -> DeliveryId {
        self.deliveries += 1;
        DeliveryId::new(&format!("person-{}", self.deliveries)).unwrap()
    }

    fn say(&mut self, order: OrderId, task: &TaskId) {
        let no = match &mut self.setup.mood {
            Some(mood) if mood.order == order && mood.task == *task && mood.left != Some(0) => {
                if let Some(left) = &mut mood.left {
                    *left -= 1;
                }
                if !mood.says_no {
                    return;
                }
                true
            }
            _ => false,
        };
        let run = self.run(order);
        let plan = run.plan();
        // An amendment may have taken it out meanwhile.
        let Some(task_index) = plan.find(task) else { return };
        let body = plan.definition(task_index).body.clone();
        let said = |fields, good: &dyn Fn() -> Value| if no { refusal(fields) } else { good() };
        let id = self.delivery();
        let event = match &body {
            Body::Wait { signal, fields, .. } => Event::Delivered {
                id,
                signal: signal.to_string(),
                task: Some(task.to_string()),
                payload: said(fields, &|| good_news(signal, fields)),
            },
            Body::Manual(body) => Event::Act {
                id,
                action: engine::Act::Complete {
                    result: said(&body.fields, &|| super::answers::consent(&body.fields)),
                },
                task: task.clone(),
                by: Actor::new("somebody"),
                note: String::new(),
            },
            Body::Call(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => {
                return;
            }
        };
        // It may be too late for it.
        let _answer = self.take(order, event);
    }

    /// Does something about a task that may still need a person.
    fn attend(&mut self, order: OrderId, task: &TaskId) {
        let times = self.attended.entry((order, task.clone())).or_default();
        *times += 1;
        let first = *times == 1;
        let habit = self.setup.habit;
        let given_up = match habit {
            Habit::Doing(action) if first && self.does(order, task, action) => return,
            Habit::Patient | Habit::Doing(_) if first => false,
            Habit::Patient | Habit::Doing(_) | Habit::Hasty => {
                self.act(order, task, OperatorAction::Rollback).is_ok()
            }
            Habit::Cancelling => {
                let event = self.cancel();
                self.take(OrderId::NIL, event).is_ok()
            }
        };
        if given_up {
            return;
        }
        // Where there is no way back, somebody sees to it that there is one ahead.
        if !first || matches!(habit, Habit::Hasty | Habit::Cancelling) {
            self.simulation.world_mut().mend();
            self.setup.mood = None;
        }
        // The order may have gone on without it meanwhile.
        let _answer = self.act(order, task, OperatorAction::Retry);
    }

    /// Does something about a task that needs somebody, if the order offers it. What it does not offer, it refuses.
    fn does(&mut self, order: OrderId, task: &TaskId, action: OperatorAction) -> bool {
        let view = self.run(order).view().tasks.into_iter().find(|known| known.id == *task).unwrap();
        let offered = view.actions.contains(&action);
        let act = match action {
            OperatorAction::Complete if offered => {
                engine::Act::Complete { result: self.by_hand(order, task, view.generation) }
            }
            OperatorAction::Undone if offered => {
                self.simulation.world_mut().ledger.undo_by_hand(order, task);
                action.into()
            }
            OperatorAction::Retry
            | OperatorAction::Complete
            | OperatorAction::Skip
            | OperatorAction::Rollback
            | OperatorAction::Undone
            | OperatorAction::Accept => action.into(),
        };
        let (id, by, note) = (self.delivery(), Actor::new("somebody"), "seen to".to_owned());
        let answer = self.take(order, Event::Act { id, action: act, task: task.clone(), by, note });
        if answer.is_ok() != offered {
            self.wrongs.push(format!(
                "turn {}: {action} of {task} is offered: {offered}, and answered {answer:?}",
                self.turns
            ));
        }
        if answer.is_ok() {
            self.acted.push(action);
        }
        answer.is_ok()
    }

    /// What comes of a task that a person does by hand.
    fn by_hand(&mut self, order: OrderId, task: &TaskId, generation: u32) -> Value {
        let plan = self.run(order).plan().clone();
        let definition = plan.definition(plan.find(task).unwrap());
        let now = self.simulation.now();
        let call = match &definition.body {
            Body::Call(body) => &body.call,
            Body::Poll(body) => &body.query,
            Body::Wait { signal, fields, .. } => return good_news(signal, fields),
            Body::Manual(_) | Body::Run(_) | Body::Sleep(_) | Body::Let(_) | Body::Milestone => {
                return MadeUp::default().value(&definition.result_type(), "said", Timestamp::EPOCH);
            }
        };
        self.simulation.world_mut().by_hand(order, task, generation, call, now)
    }

    fn act(&mut self, order: OrderId, task: &TaskId, action: OperatorAction) -> Result<Handled, Rejected> {
        let (id, task) = (self.delivery(), task.clone());
        let event =
            Event::Act { id, action: action.into(), task, by: Actor::new("somebody"), note: String::new() };
        self.take(order, event)
    }

    fn cancel(&mut self) -> Event {
        Event::Cancel { id: self.delivery(), by: Actor::new("somebody"), reason: String::new() }
    }

    /// Whether everything that came in between was accepted, and something did.
    pub(crate) fn is_accepted(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(Result::is_ok)
    }

    /// The state of the order.
    pub(crate) fn state(&self) -> OrderState {
        self.simulation.order().state()
    }
}

/// Whether a task waits for the word of a person or another system.
fn is_asked(run: &Run, task: &TaskId) -> bool {
    let plan = run.plan();
    plan.find(task)
        .is_some_and(|task| matches!(plan.definition(task).body, Body::Wait { .. } | Body::Manual(_)))
}

/// The order and those that its tasks run.
pub(crate) fn runs(simulation: &Simulation<Systems>) -> impl Iterator<Item = &Run> {
    std::iter::once(simulation.order()).chain(simulation.children())
}
