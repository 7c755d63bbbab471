//! The facts that a run takes in, and its answers.

use model::{
    Actor, DeliveryId, Fault, Hash, ItemId, ItemState, OrderId, OrderState, TaskChange, TaskId, TaskState,
    Value,
};
use plan::Plan;
use serde::{Deserialize, Serialize};

use crate::{Act, CallId, ChildId, TimerId};

/// A fact. Any of them may come twice, late, or for something that is long over: that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The order begins, or waits for what must come before: see [`Run::after`](crate::Run::after) and the order's
    /// `requested_start`.
    Start,
    /// An order that this one comes after has ended.
    OrderEnded {
        /// Which.
        order: OrderId,
    },
    /// A call has been answered, or given up.
    CallSettled {
        /// Which.
        call: CallId,
        /// How.
        settlement: Settlement,
    },
    /// A timer's time is up.
    TimerFired {
        /// Which.
        timer: TimerId,
    },
    /// A signal has come from outside, for a task that waits for it or will.
    Delivered {
        /// Names the delivery; the same one again changes nothing.
        id: DeliveryId,
        /// The signal's name, as it came.
        signal: String,
        /// The task it is for, as it came; without it, the one task that waits for such a signal.
        task: Option<String>,
        /// What it carries, as it came.
        payload: Value,
    },
    /// A child order has something to say.
    ChildReported {
        /// Which.
        child: ChildId,
        /// What.
        report: ChildReport,
    },
    /// The order that this one is part of takes it back.
    Recalled {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// Who: the parent.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The order that this one is part of has been amended, and hands that on.
    HandedOn {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// Which amendment of this order it is, as its parent counts them.
        amendment: u32,
        /// The plan of this order as it is to be.
        plan: Box<Plan>,
        /// Who: the parent.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The order that this one is part of lets it pass points of no return, as [it asked](ChildReport::AtPoint).
    LetPass,
    /// The order that this one is part of lets it end.
    Released,
    /// Somebody wants the order cancelled.
    Cancel {
        /// Names the request; the same one again gets the same answer.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// Somebody wants one item cancelled; the order is to go on without it.
    CancelItem {
        /// Names the request; the same one again gets the same answer.
        id: DeliveryId,
        /// The item, as it came.
        item: String,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// A person has nothing more of the order begun. What is under way goes on.
    Pause {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why.
        note: String,
    },
    /// A person lets a paused order go on.
    Resume {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// What they want remembered about it.
        note: String,
    },
    /// Somebody wants the order to be another one from now on.
    Amend {
        /// Names the request; the same one again gets the same answer.
        id: DeliveryId,
        /// The plan of the order as it is to be.
        plan: Box<Plan>,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
        /// The [token](crate::Assessment::token) of the preview that they have seen, if they have.
        token: Option<Hash>,
    },
    /// Somebody wants the order to be another one, and an order that it runs can't be amended so. It is refused as if the order
    /// had found out by itself.
    Oppose {
        /// Names the request; the same one again gets the same answer.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
        /// The tasks that speak against it.
        tasks: Vec<TaskChange>,
    },
    /// Something has come from outside that can't be understood.
    Malformed {
        /// Names the delivery; the same one again gets the same answer.
        id: DeliveryId,
        /// The name of what came: `cancel`, `deliver`.
        signal: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A person acts on a task.
    Act {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// What they do.
        action: Act,
        /// On which task.
        task: TaskId,
        /// Who.
        by: Actor,
        /// What they want remembered about it.
        note: String,
    },
}

/// What a child order says to its parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildReport {
    /// It is to pass a point of no return, and asks whether it may: it could not be taken back any more.
    AtPoint {
        /// Whether it can do nothing else before.
        idle: bool,
        /// The last amendment that it had been handed on by then; 0 if there was none.
        #[serde(default)]
        amendment: u32,
    },
    /// Everything is done, and can be taken back; it waits to be released or recalled.
    Answered {
        /// Its answer, not yet checked against the declared type; or why there is none.
        result: Result<Value, String>,
        /// The last amendment that it had been handed on by then; 0 if there was none.
        #[serde(default)]
        amendment: u32,
    },
    /// It can't be amended as its parent wants, and goes on as it was.
    NotAmended {
        /// Which amendment.
        amendment: u32,
        /// The last one before that it has been amended by; 0 if there was none.
        last: u32,
        /// Why.
        reason: String,
    },
    /// It can't be taken back.
    Refused {
        /// Why.
        reason: String,
    },
    /// It has ended.
    Ended {
        /// How.
        state: OrderState,
        /// Why, if it failed.
        reason: String,
        /// Its answer, if everything was done.
        answer: Option<Result<Value, String>>,
        /// Whether it has ever done anything out there.
        touched: bool,
        /// Whether it has passed a point of no return.
        #[serde(default)]
        beyond: bool,
        /// The last amendment that it had been handed on by then; 0 if there was none.
        #[serde(default)]
        amendment: u32,
    },
    /// It is gone, and nobody knows what it has done.
    Lost {
        /// How that came.
        reason: String,
    },
}

/// How a call ended, after all its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settlement {
    /// Done, with this answer; not yet checked against the declared type.
    Succeeded(Value),
    /// Refused: nothing has happened, and another attempt is pointless.
    Refused {
        /// What the system said.
        reason: String,
    },
    /// Not done, for certain, and no attempt is left.
    Failed {
        /// What went wrong last.
        reason: String,
    },
    /// Not done, because the deployment does not say how to reach the system or its operation. No blueprint can foresee
    /// that, so the task is held whatever its reactions are.
    Unserved {
        /// What is missing, and where to say it.
        reason: String,
        /// Whether an attempt before may have taken effect.
        in_doubt: bool,
    },
    /// No attempt is left, and at least one of them may have taken effect.
    Unknown {
        /// What went wrong last.
        reason: String,
    },
}

/// What became of an event that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handled {
    /// It was new and has been applied.
    Applied,
    /// The signal is kept for a task that will wait for it.
    Kept,
    /// It had come before, or is for something that is over; nothing has changed.
    Duplicate,
}

/// Why an event was not taken. The run is as it was, except that its record tells of a refused cancel or signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Rejected {
    /// A point of no return has been passed.
    #[error("the order can't be cancelled any more: `{task}` is a point of no return and has begun")]
    PointOfNoReturn {
        /// The task.
        task: TaskId,
    },
    /// The order is being undone already, by a rollback or another cancel.
    #[error("the order is being undone already")]
    BeingUndone,
    /// The item is being undone already.
    #[error("the item `{item}` is being undone already")]
    ItemBeingUndone {
        /// The item.
        item: ItemId,
    },
    /// The order has no such item.
    #[error("the order has no item `{item}` that anything is done for")]
    NoSuchItem {
        /// As it came.
        item: String,
    },
    /// The item has ended by itself.
    #[error("the item `{item}` has ended: it is {state}")]
    ItemEnded {
        /// The item.
        item: ItemId,
        /// How.
        state: ItemState,
    },
    /// An item that what is done for it is not kept apart from the rest of the order.
    #[error(
        "the item `{item}` can't be cancelled alone: `{task}` is not in an `each … on failure isolate`. Cancel or amend the order"
    )]
    ItemNotAlone {
        /// The item.
        item: ItemId,
        /// A task of it that is not undone alone.
        task: TaskId,
    },
    /// A point of no return of the item has been passed.
    #[error("the item `{item}` can't be cancelled any more: `{task}` is a point of no return and has begun")]
    ItemPointOfNoReturn {
        /// The item.
        item: ItemId,
        /// The task.
        task: TaskId,
    },
    /// Something else has been built on what was done for the item.
    #[error(
        "the item `{item}` can't be cancelled alone any more: `{task}` has begun with what was done for it"
    )]
    ItemInUse {
        /// The item.
        item: ItemId,
        /// The task outside that needs it.
        task: TaskId,
    },
    /// The order has not begun, so there is nothing to pause.
    #[error("the order can't be paused: it is pending, and nothing of it has begun")]
    NotBegun,
    /// Everything of the order is done or begun, so there is nothing to pause.
    #[error("the order can't be paused: nothing of it is left to begin")]
    NothingLeft,
    /// The order is paused.
    #[error("the order is paused already")]
    Paused,
    /// The order is not paused.
    #[error("the order is not paused")]
    NotPaused,
    /// The order is done, as part of another.
    #[error("the order is done and part of another one, which would have to be cancelled")]
    PartOfAnother,
    /// The order has ended.
    #[error("the order has ended: it is {state}")]
    Ended {
        /// How.
        state: OrderState,
    },
    /// The plan has no such task.
    #[error("the order has no task `{task}`")]
    NoSuchTask {
        /// As it came.
        task: String,
    },
    /// The task does not need what the person wants to do.
    #[error("`{task}` is {state}: only a task that is held, or whose undo failed, can be acted on")]
    NotHeld {
        /// The task.
        task: TaskId,
        /// Its state.
        state: TaskState,
    },
    /// The task needs nobody: the order as a whole is paused.
    #[error("`{task}` is not held, but the order as a whole is paused: `resume` has it go on")]
    HeldByPause {
        /// The task.
        task: TaskId,
    },
    /// A task past the point of no return can't be rolled back.
    #[error("the order can't be rolled back any more: `{task}` is a point of no return and has begun")]
    PastRollback {
        /// The point of no return.
        task: TaskId,
    },
    /// The task waits for nobody to say what came of it.
    #[error("`{task}` is {state}: only a task that is held, or waits for a person, can be completed")]
    NotWaiting {
        /// The task.
        task: TaskId,
        /// Its state.
        state: TaskState,
    },
    /// The task is held because its undo failed.
    #[error(
        "`{task}` could not be taken back: have that tried again, say that it is undone, or accept what is left"
    )]
    UndoFailed {
        /// The task.
        task: TaskId,
    },
    /// The task has no undo that failed.
    #[error("`{task}` is {state}: only a task whose undo failed can be said to be undone, or accepted")]
    NoFailedUndo {
        /// The task.
        task: TaskId,
        /// Its state.
        state: TaskState,
    },
    /// Nobody knows whether the task was done, and what the person wants would make that forgotten.
    #[error("`{task}` may or may not have been done: have it tried again as it is, or complete it by hand")]
    InDoubt {
        /// The task.
        task: TaskId,
    },
    /// The task can't be left out: its result is needed.
    #[error("`{task}` can't be left out: {} needs `{needs}` of it. Complete it by hand", whose(.by))]
    Needed {
        /// The task.
        task: TaskId,
        /// The task that needs it; none if what the order answers does.
        by: Option<TaskId>,
        /// The expression that needs it, as its author wrote it.
        needs: String,
    },
    /// The order that the task runs goes on, whatever a person says of the task.
    #[error("`{task}` runs the order {order}, which goes on: see to that first")]
    ChildGoesOn {
        /// The task.
        task: TaskId,
        /// The order.
        order: OrderId,
    },
    /// The task is a point of no return, and the order that this one is part of has not let it pass.
    #[error(
        "`{task}` is a point of no return, and the order that this one is part of has not let it pass: have it tried again"
    )]
    NoLeave {
        /// The task.
        task: TaskId,
    },
    /// The task is of no item that can be rolled back alone.
    #[error("`{task}` is of no item that can be rolled back alone: only the order can")]
    NotAlone {
        /// The task.
        task: TaskId,
    },
    /// What the person does needs a note: it is the evidence, or the reason.
    #[error("what is done with `{task}` needs a note that says why")]
    NoNote {
        /// The task.
        task: TaskId,
    },
    /// What a person wants a task to be given is not what it takes.
    #[error("`{task}` can't be given this: {}", told(.faults))]
    Arguments {
        /// The task.
        task: TaskId,
        /// What is wrong with it; the pointers go into the arguments.
        faults: Vec<Fault>,
    },
    /// What a person says came of a task is not of the shape that the task asks for.
    #[error("what came of `{task}` is not of the shape that was declared: {}", told(.faults))]
    Result {
        /// The task.
        task: TaskId,
        /// What is wrong with it; the pointers go into the result.
        faults: Vec<Fault>,
    },
    /// No task takes this signal, or it can't be understood.
    #[error("{reason}")]
    Signal {
        /// Why not.
        reason: String,
    },
    /// An amendment can't be done. Nothing has changed.
    #[error("the order can't be amended so: {}", against(.tasks))]
    Amendment {
        /// The tasks that speak against it.
        tasks: Vec<TaskChange>,
    },
    /// An amendment would do something else by now than its preview said. Nothing has changed.
    #[error("the order has moved on, and the amendment would do something else now: look at a new preview")]
    AmendmentMoved {
        /// What stands for the new preview.
        token: Hash,
    },
    /// The order is part of another one.
    #[error("the order is part of another one: amend that one")]
    ChildAmended,
    /// The amendment wants another start date, and the order has begun.
    #[error("the order has begun: its start date can't be moved any more")]
    StartDateOver,
    /// More amendments than an order may have.
    #[error("the order has had {limit} amendments, which is the limit")]
    TooManyAmendments {
        /// [`model::limits::AMENDMENTS`].
        limit: u32,
    },
    /// More signals than are remembered.
    #[error("the order has had {limit} deliveries, which is the limit")]
    TooManyDeliveries {
        /// [`model::limits::DELIVERIES`].
        limit: usize,
    },
}

impl Rejected {
    /// Why an order can't be amended, for whoever says by themselves that it can't.
    #[must_use]
    pub fn against_amendment(&self) -> String {
        if let Self::Amendment { tasks } = self { against(tasks) } else { self.to_string() }
    }
}

/// The first reasons against an amendment, in words.
fn against(tasks: &[TaskChange]) -> String {
    let mut reasons: Vec<String> =
        tasks.iter().take(3).map(|change| format!("`{}`: {}", change.task, change.reason)).collect();
    if tasks.len() > reasons.len() {
        reasons.push(format!("and {} more", tasks.len() - reasons.len()));
    }
    reasons.join("; ")
}

fn told(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn whose(task: &Option<TaskId>) -> String {
    task.as_ref().map_or_else(|| "what the order answers".to_owned(), |task| format!("`{task}`"))
}
