//! A run: everything that is known of one order's execution, and the way in for events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use model::{
    DeliveryId, Direction, Fact, ItemId, OrderEvent, OrderId, OrderState, SignalName, TaskId, TaskState,
    Timestamp, Value,
};
use plan::{EvalError, Plan, TaskIndex, visit};
use serde::{Deserialize, Serialize};

use crate::amend::Round;
use crate::child::Child;
use crate::deadline::Alarms;
use crate::isolate::Isolation;
use crate::kept::Kept;
use crate::layout::{Bound, Layout, Version};
use crate::leave::{LEAVE, Leave};
use crate::pause::Pause;
use crate::pending::Pending;
use crate::status::Statuses;
use crate::task_run::TaskRun;
use crate::{Blocked, CallId, ChildId, Effect, Event, Handled, Rejected, RunView, TaskRunView, TimerId};

/// One order being carried out.
///
/// A value with a small grammar: [`handle_event`](Self::handle_event), then [`poll_effect`](Self::poll_effect)
/// until it is empty, and again. It never asks for the time and never fails on any event.
#[derive(Clone, Debug)]
pub struct Run {
    pub(crate) layout: Arc<Layout>,
    pub(crate) state: Snapshot,
}

/// How many order events most tasks have at most: they begin, succeed, and change what the customer sees. The record is copied as it
/// grows, which for so many it need not be.
const EVENTS_OF_A_TASK: usize = 3;

/// All of a run but its plan. [`Run::restore`] goes on from it as if nothing had been in between.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub(crate) id: OrderId,
    pub(crate) now: Timestamp,
    pub(crate) order: OrderState,
    pub(crate) phase: Phase,
    /// Whether anything was ever done out there.
    pub(crate) touched: bool,
    pub(crate) tasks: Vec<TaskRun>,
    /// Tasks not passed yet.
    pub(crate) left: usize,
    /// Tasks with nothing missing that have not been looked at yet.
    pub(crate) due: BTreeSet<TaskIndex>,
    /// What amendments take back, by their versions, until that is done.
    #[serde(default)]
    pub(crate) rounds: BTreeMap<Version, Round>,
    /// Tasks whose turn to be taken back has come.
    #[serde(default)]
    pub(crate) to_take_back: BTreeSet<TaskIndex>,
    /// Tasks that need a person.
    pub(crate) held: BTreeSet<TaskIndex>,
    pub(crate) calls: BTreeMap<CallId, (TaskIndex, Direction)>,
    pub(crate) timers: BTreeMap<TimerId, TaskIndex>,
    pub(crate) last_call: u64,
    pub(crate) last_timer: u64,
    /// How often the polls of the order have asked.
    #[serde(default)]
    pub(crate) polls: u32,
    /// Items that the order goes on without.
    #[serde(default)]
    pub(crate) isolated: BTreeMap<ItemId, Isolation>,
    #[serde(default)]
    pub(crate) alarms: Alarms,
    #[serde(default)]
    pub(crate) pending: Pending,
    /// Why nothing more is begun for now.
    #[serde(default)]
    pub(crate) paused: Option<Pause>,
    #[serde(default)]
    pub(crate) children: BTreeMap<ChildId, Child>,
    #[serde(default)]
    pub(crate) last_child: u64,
    /// Whether it may pass a point of no return, if it is part of another order.
    #[serde(default)]
    pub(crate) leave: Leave,
    /// Tasks that are due, and can't be begun without leave.
    #[serde(default)]
    pub(crate) at_point: BTreeSet<TaskIndex>,
    /// The last amendment that the order that it is part of has handed on.
    #[serde(default)]
    pub(crate) amendment: u32,
    /// What it answers the order that it is part of.
    #[serde(default)]
    pub(crate) answer: Option<Result<Value, String>>,
    /// By whom and why it is cancelled, for the order that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled: Option<String>,
    /// Tasks that wait for a signal now.
    pub(crate) waiting: BTreeMap<SignalName, BTreeSet<TaskIndex>>,
    /// Signals that came before their task, oldest first.
    pub(crate) kept: Kept,
    /// What was answered to each delivery.
    pub(crate) answers: BTreeMap<DeliveryId, Result<Handled, Rejected>>,
    /// Statuses that hold, the latest last.
    pub(crate) statuses: Statuses,
    pub(crate) customer_status: Option<String>,
    /// What customers were told last of each item.
    #[serde(default)]
    pub(crate) item_statuses: BTreeMap<ItemId, String>,
    /// Items of which they may have to be told something else. Empty between events.
    #[serde(skip)]
    pub(crate) restated: BTreeSet<ItemId>,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) record: Vec<OrderEvent>,
}

/// Where an order is headed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing has happened.
    New,
    /// To its beginning.
    Pending,
    /// To its completion.
    Forward,
    /// To its end without completion.
    Backward {
        /// How it will end.
        ending: Ending,
        /// Tasks that are not cleared yet.
        uncleared: usize,
    },
    /// Everything is done; the order that it is part of may still take it back.
    Answered,
    /// To its end, with this, as soon as its children have ended.
    Closing(Box<Fact>),
    /// Over.
    Ended,
}

/// How an order ends that is not completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// As not taken.
    Rejected(String),
    /// Everything undone.
    Failed(String),
    /// Nothing undone, because the blueprint means it.
    Abandoned(String),
    /// Everything undone, because the customer wished it.
    Cancelled,
}

impl Run {
    /// An order about to begin. Nothing happens before [`Event::Start`].
    #[must_use]
    pub fn new(order: OrderId, plan: Arc<Plan>) -> Self {
        let tasks: Vec<_> =
            plan.tasks().iter().map(|task| TaskRun::new(task.after.len(), task.skipped.clone())).collect();
        let state = Snapshot {
            id: order,
            now: Timestamp::EPOCH,
            order: OrderState::Acknowledged,
            phase: Phase::New,
            touched: false,
            left: tasks.len(),
            tasks,
            due: BTreeSet::new(),
            rounds: BTreeMap::new(),
            to_take_back: BTreeSet::new(),
            held: BTreeSet::new(),
            calls: BTreeMap::new(),
            timers: BTreeMap::new(),
            last_call: 0,
            last_timer: 0,
            polls: 0,
            isolated: BTreeMap::new(),
            alarms: Alarms::default(),
            pending: Pending::default(),
            paused: None,
            children: BTreeMap::new(),
            last_child: 0,
            leave: Leave::None,
            at_point: BTreeSet::new(),
            amendment: 0,
            answer: None,
            cancelled: None,
            waiting: BTreeMap::new(),
            kept: Kept::default(),
            answers: BTreeMap::new(),
            statuses: Statuses::default(),
            customer_status: None,
            item_statuses: BTreeMap::new(),
            restated: BTreeSet::new(),
            effects: VecDeque::new(),
            record: Vec::with_capacity(plan.tasks().len() * EVENTS_OF_A_TASK),
        };
        Self { layout: Arc::new(Layout::new(plan)), state }
    }

    /// Goes on from a snapshot. The plan must be the one the snapshot was taken with.
    #[must_use]
    pub fn restore(plan: Arc<Plan>, snapshot: Snapshot) -> Self {
        Self { layout: Arc::new(Layout::new(plan)), state: snapshot }
    }

    /// All of the run but its plan.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.state.clone()
    }

    /// Takes a fact that happened at `now`. Facts that come twice or late change nothing.
    ///
    /// # Errors
    /// The request can't be met, and the run goes on as before. Its record tells of what was judged, and not of what there was
    /// nothing to judge of: an order that goes back or has ended, an item that it does not have.
    pub fn handle_event(&mut self, event: Event, now: Timestamp) -> Result<Handled, Rejected> {
        // Time never runs backwards, whatever the caller's clock does.
        self.state.now = self.state.now.max(now);
        let answer = match event {
            Event::Start => Ok(self.start()),
            Event::CallSettled { call, settlement } => Ok(self.settle(call, settlement)),
            Event::TimerFired { timer } => Ok(self.fire(timer)),
            Event::Delivered { id, signal, task, payload } => {
                self.once(id.clone(), |run| run.deliver(id, &signal, task.as_deref(), payload))
            }
            Event::ChildReported { child, report } => Ok(self.hear(child, report)),
            // A parent is always heard, and says little.
            Event::Recalled { id, by, reason } => {
                self.once_of_many(id.clone(), |run| run.recall(id, by, reason))
            }
            Event::Released => Ok(self.release()),
            Event::HandedOn { id, amendment, plan, by, reason } => {
                self.once_of_many(id.clone(), |run| run.take_over(id, amendment, *plan, by, reason))
            }
            Event::LetPass => Ok(self.pass_points()),
            Event::OrderEnded { order } => Ok(self.hear_end(order)),
            Event::Pause { id, by, note } => self.once(id.clone(), |run| run.pause_by_hand(id, by, note)),
            Event::Resume { id, by, note } => self.once(id.clone(), |run| run.resume_by_hand(id, by, note)),
            Event::Cancel { id, by, reason } => self.once(id.clone(), |run| run.cancel(id, by, reason)),
            Event::CancelItem { id, item, by, reason } => {
                self.once(id.clone(), |run| run.cancel_item(id, &item, by, reason))
            }
            Event::Amend { id, plan, by, reason, token } => {
                self.once(id.clone(), |run| run.amend(id, *plan, by, reason, token))
            }
            Event::Oppose { id, by, reason, tasks } => {
                self.once(id.clone(), |run| run.oppose(id, by, reason, tasks))
            }
            Event::Malformed { id, signal, reason } => {
                self.once(id.clone(), |run| run.refuse_malformed(id, &signal, reason))
            }
            Event::Act { id, action, task, by, note } => {
                self.once(id.clone(), |run| run.act(id, action, task, by, note))
            }
        };
        self.advance();
        self.ask_leave();
        self.tell_status();
        answer
    }

    /// The next thing to do, in order; none when there is nothing until the next event.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.state.effects.pop_front()
    }

    /// Everything that has happened, from number 1.
    #[must_use]
    pub fn events(&self) -> &[OrderEvent] {
        &self.state.record
    }

    /// The order.
    #[must_use]
    pub const fn order_id(&self) -> OrderId {
        self.state.id
    }

    /// The order's state.
    #[must_use]
    pub const fn state(&self) -> OrderState {
        self.state.order
    }

    /// Whether the order has ended and nothing is outstanding.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.state.phase == Phase::Ended
    }

    /// The plan it carries out.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        self.layout.plan()
    }

    /// Which version of the order it carries out, from 1: every amendment makes the next.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.layout.latest().saturating_add(1)
    }

    /// What the customer sees.
    #[must_use]
    pub fn customer_status(&self) -> Option<&str> {
        self.state.customer_status.as_deref()
    }

    /// What holds the order up: the first task of the plan that needs a person, or else the one at which it is paused.
    #[must_use]
    pub fn held(&self) -> Option<Blocked> {
        let Some(&task) = self.state.held.first() else {
            let pause = self.state.paused.as_ref()?;
            let (task, reason) = (self.id(pause.task), pause.why());
            return Some(Blocked { task, reason, hold_for: pause.hold_for });
        };
        let run = self.task(task);
        Some(Blocked {
            task: self.id(task),
            reason: run.reason.clone().unwrap_or_default(),
            hold_for: run.hold_for.unwrap_or(model::HoldFor::Operations),
        })
    }

    /// The run as its readers see it.
    #[must_use]
    pub fn view(&self) -> RunView {
        let tasks = self.layout.indices().map(|task| {
            let run = self.task(task);
            let at_point = self.state.at_point.contains(&task);
            let waits = run.reading_back
                || (run.state == TaskState::Running && (run.timer.is_some() || run.child.is_some()))
                || (run.state == TaskState::Amending && run.child.is_some());
            TaskRunView {
                id: self.id(task),
                state: run.state,
                generation: run.generation,
                waiting_for: match (at_point, waits) {
                    (true, _) => Some(LEAVE.to_owned()),
                    (false, true) => self.waits_for(task),
                    (false, false) => None,
                },
                until: if waits { run.until } else { None },
                reason: run.reason.clone(),
                actions: self.actions(task),
                call: self.does(task),
                child: self.child_order(task),
                started_at: run.started_at,
                ended_at: run.ended_at,
                result: run.result.clone(),
            }
        });
        RunView {
            order: self.state.id,
            blueprint: self.plan().blueprint().clone(),
            version: self.version(),
            state: self.state.order,
            customer_status: self.state.customer_status.clone(),
            blocked: self.held(),
            pending_until: self.state.pending.until,
            pending_after: self.state.pending.after.iter().copied().collect(),
            at_risk_since: self.state.alarms.at_risk_since,
            overdue_since: self.state.alarms.overdue_since,
            waits_to_end: self.waits_to_end().map(str::to_owned),
            tasks: tasks.collect(),
            items: self.items_view(),
            events: self.next_number(),
        }
    }

    /// Begins to carry the order out.
    pub(crate) fn set_out(&mut self) {
        self.state.phase = Phase::Forward;
        self.tell(Fact::OrderStarted {});
        self.start_alarms();
        self.state.due = self.layout.indices().filter(|task| self.task(*task).missing == 0).collect();
        if self.state.left == 0 {
            self.complete();
        }
    }

    /// Answers a delivery that has come before as it was answered then.
    fn once(
        &mut self,
        id: DeliveryId,
        handle: impl FnOnce(&mut Self) -> Result<Handled, Rejected>,
    ) -> Result<Handled, Rejected> {
        let limit = model::limits::DELIVERIES;
        if self.state.answers.len() >= limit && !self.state.answers.contains_key(&id) {
            return Err(Rejected::TooManyDeliveries { limit });
        }
        self.once_of_many(id, handle)
    }

    /// The same, however many there have been.
    fn once_of_many(
        &mut self,
        id: DeliveryId,
        handle: impl FnOnce(&mut Self) -> Result<Handled, Rejected>,
    ) -> Result<Handled, Rejected> {
        if let Some(answer) = self.state.answers.get(&id) {
            return answer.clone().map(|_| Handled::Duplicate);
        }
        if self.state.phase == Phase::New {
            self.start();
        }
        let answer = handle(self);
        // Nothing was decided: the same request may come again, with the token of a new preview.
        if !matches!(answer, Err(Rejected::AmendmentMoved { .. })) {
            self.state.answers.insert(id, answer.clone());
        }
        answer
    }

    pub(crate) fn end(&mut self) {
        self.state.phase = Phase::Ended;
        self.state.kept.clear();
    }

    #[expect(clippy::indexing_slicing, reason = "there is one TaskRun for each task of the plan")]
    pub(crate) fn task(&self, task: TaskIndex) -> &TaskRun {
        visit(task);
        &self.state.tasks[task.0]
    }

    #[expect(clippy::indexing_slicing, reason = "there is one TaskRun for each task of the plan")]
    pub(crate) fn task_mut(&mut self, task: TaskIndex) -> &mut TaskRun {
        visit(task);
        &mut self.state.tasks[task.0]
    }

    pub(crate) fn id(&self, task: TaskIndex) -> TaskId {
        self.layout.id(task)
    }

    /// What a task is an instance of, by the version of the plan that it was begun with.
    pub(crate) fn definition(&self, task: TaskIndex) -> Bound {
        let version = self.task(task).version;
        self.layout.bound(task, version).unwrap_or_else(|| self.layout.last(task))
    }

    /// What is wrong with an expression of a task, and where its author wrote it.
    pub(crate) fn fault(&self, task: TaskIndex, wrong: &EvalError) -> String {
        let EvalError { text, line, problem } = wrong;
        format!("{}:{line}: `{text}`: {problem}", self.definition(task).file)
    }
}
