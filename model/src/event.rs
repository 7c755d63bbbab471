//! What happened to an order: the record that people read and the mirror is built from.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, AmendedItem, BlueprintName, BlueprintRef, DeliveryId, Difference, HandedOn, ItemId, OrderId,
    OrderState, SignalName, TaskChange, TaskId, TaskState, Timestamp, Value,
};

/// One order event. Events of an order are numbered from 0 without gaps, and each is applied once, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// Its place in the order's record. 0 is [`Fact::OrderAccepted`].
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// Whom a held order or task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldFor {
    /// The operations team.
    Operations,
    /// The customer.
    Customer,
}

impl HoldFor {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Customer => "customer",
        }
    }
}

/// A fact about an order, named in the past tense. The names are part of the public interface (CloudEvents
/// `type`), so a variant is never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Fact {
    /// The order is valid and written down.
    OrderAccepted {},
    /// The order waits for its start date, for other orders to end, or for both. Told again when it waits for less.
    OrderPending {
        /// Until when; none if its start date has come.
        until: Option<Timestamp>,
        /// The orders that must end before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        after: Vec<OrderId>,
    },
    /// Work has begun.
    OrderStarted {},
    /// The order needs a person.
    OrderHeld {
        /// The task that needs them.
        task: TaskId,
        /// Why.
        reason: String,
        /// Who is needed.
        hold_for: HoldFor,
    },
    /// No task needs a person any more.
    OrderResumed {
        /// The state the order is back in.
        state: OrderState,
    },
    /// What was done is now being undone.
    OrderRollingBack {
        /// Why.
        reason: String,
    },
    /// The order is not taken; nothing had been done.
    OrderRejected {
        /// Why.
        reason: String,
    },
    /// Everything is done.
    OrderCompleted {},
    /// Everything that was done has been undone.
    OrderFailed {
        /// Why it was rolled back, or ended without.
        reason: String,
    },
    /// Some items are done, isolated ones were rolled back.
    OrderPartiallyCompleted {},
    /// The order may not be done in time. It goes on as before; this is for people to look at.
    OrderAtRisk {
        /// When its time is up.
        deadline: Timestamp,
        /// What of it that is left takes too long; none if its blueprint says when it is at risk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The order's time is up. What the blueprint wants then, the next events say.
    OrderOverdue {},
    /// The order as a whole needs a person before anything else of it is begun. Said again, without a delivery, when the task
    /// that it was paused at is done.
    OrderPaused {
        /// The first task that is not done. If its deadline paused the order, they may act on it.
        task: TaskId,
        /// Why.
        reason: String,
        /// Who is needed.
        hold_for: HoldFor,
        /// The delivery of whoever paused it; none if its deadline did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<DeliveryId>,
        /// Who paused it; none if its deadline did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
    },
    /// A person lets a paused order go on. It stays held while one of its tasks needs somebody.
    PauseLifted {
        /// Its delivery.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Their note.
        note: String,
    },
    /// An isolated item is rolled back, alone.
    ItemRollingBack {
        /// The item.
        item: ItemId,
        /// Why.
        reason: String,
    },
    /// An isolated item has ended without completion; the order goes on without it.
    ItemFailed {
        /// The item.
        item: ItemId,
        /// Why.
        reason: String,
    },
    /// Somebody had an item cancelled; what was done for it is now being undone, alone.
    ItemCancelAccepted {
        /// The delivery.
        id: DeliveryId,
        /// The item.
        item: ItemId,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// Somebody wanted an item cancelled, and it can't be. Nothing has changed.
    ItemCancelRefused {
        /// The delivery.
        id: DeliveryId,
        /// The item.
        item: ItemId,
        /// Who.
        by: Actor,
        /// Why they wanted it.
        wanted: String,
        /// The task that stands in its way, where that is why.
        task: Option<TaskId>,
        /// Why not.
        reason: String,
    },
    /// Everything that was done for a cancelled item has been undone; the order goes on without it.
    ItemCancelled {
        /// The item.
        item: ItemId,
    },
    /// A task has begun an order of its own.
    ChildOrderStarted {
        /// The task.
        task: TaskId,
        /// The child order.
        order: OrderId,
        /// The blueprint that it carries out.
        blueprint: BlueprintName,
    },
    /// Everything is done, and the order that this one is part of has the answer. This one ends with it, or is undone for it.
    OrderAnswered {
        /// The answer.
        result: Value,
    },
    /// Somebody wants the order cancelled; it is being assessed.
    CancelRequested {
        /// Its delivery.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The order can't be cancelled any more and goes on as before.
    CancelRefused {
        /// The cancel.
        id: DeliveryId,
        /// The point of no return, where that is why.
        task: Option<TaskId>,
        /// Why.
        reason: String,
        /// The state the order is back in.
        state: OrderState,
    },
    /// The cancel is accepted; what was done is now being undone.
    CancelAccepted {
        /// The cancel.
        id: DeliveryId,
    },
    /// Everything that was done has been undone, as the customer wished.
    OrderCancelled {},
    /// What the customer sees has changed.
    CustomerStatusChanged {
        /// The text they see; none if what they saw last is no longer true and nothing else is known.
        status: Option<String>,
        /// The item that it is about; none if about the order as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemId>,
    },
    /// A signal came and a task took it.
    SignalReceived {
        /// Its delivery.
        id: DeliveryId,
        /// Its name.
        signal: SignalName,
        /// The task that took it.
        task: TaskId,
        /// What it carried.
        payload: Value,
    },
    /// A signal came early and is kept for the task that will wait for it.
    SignalKept {
        /// Its delivery.
        id: DeliveryId,
        /// Its name.
        signal: SignalName,
        /// The task that it names; without it, the first that will wait for such a signal.
        #[serde(default)]
        task: Option<TaskId>,
        /// What it carried.
        #[serde(default)]
        payload: Value,
    },
    /// A signal came that no task takes, or of the wrong shape, or a cancel that can't be understood. Nothing else happened.
    SignalRefused {
        /// Its delivery.
        id: DeliveryId,
        /// Its name, as it came.
        signal: String,
        /// Why.
        reason: String,
    },
    /// A person acted on a task.
    OperatorActed {
        /// Its delivery.
        id: DeliveryId,
        /// The word for what they did, see [`crate::OperatorAction`].
        action: String,
        /// The task.
        task: TaskId,
        /// Who.
        by: Actor,
        /// Their note.
        note: String,
        /// What they say came of the task, if they completed it; null otherwise.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        result: Value,
        /// The arguments that they corrected, if they had it tried again with other ones: a record; null otherwise.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        arguments: Value,
    },
    /// A task began: its call is out, or it waits.
    TaskStarted {
        /// The task.
        task: TaskId,
        /// How often it has been begun anew, from 1.
        generation: u32,
        /// What it waits for, if it waits; none while it calls a system.
        waiting_for: Option<String>,
        /// When it stops waiting.
        until: Option<Timestamp>,
        /// What it calls: `system.operation`.
        call: Option<String>,
        /// The arguments of the call.
        arguments: Value,
    },
    /// A task is done.
    TaskSucceeded {
        /// The task.
        task: TaskId,
        /// Its result.
        result: Value,
    },
    /// A task's call got no answer; it may or may not have taken effect.
    TaskOutcomeUnknown {
        /// The task.
        task: TaskId,
        /// What went wrong.
        reason: String,
        /// What it waits for to learn whether it was done, if that is being found out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting_for: Option<String>,
    },
    /// A task could not be done.
    TaskFailed {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// A task needs a person.
    TaskHeld {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
        /// Who is needed.
        hold_for: HoldFor,
    },
    /// A task was left out.
    TaskSkipped {
        /// The task.
        task: TaskId,
        /// By which rule.
        reason: String,
    },
    /// A task will not be done any more.
    TaskDropped {
        /// The task.
        task: TaskId,
    },
    /// Somebody amended the order. From here on its plan is another one; what that means for each task is said here.
    OrderAmended {
        /// The delivery.
        id: DeliveryId,
        /// Which version of the order this is, from 2: the first one is as it was accepted.
        version: u32,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
        /// The blueprint that the plan is made by now.
        blueprint: BlueprintRef,
        /// The order as expressions see it now: a record.
        order: Value,
        /// Its items now.
        items: Vec<AmendedItem>,
        /// What is different in the order.
        differences: Vec<Difference>,
        /// What is done to each task that is not kept.
        tasks: Vec<TaskChange>,
        /// Whether the order is at risk or late is judged anew: it has another deadline or none any more, or what was left before put
        /// it at risk.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        judged_anew: bool,
    },
    /// Somebody wanted the order amended, and it can't be. It goes on untouched.
    AmendmentRefused {
        /// The delivery.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why they wanted it.
        wanted: String,
        /// Why not.
        reason: String,
        /// The tasks that speak against it.
        tasks: Vec<TaskChange>,
    },
    /// An amendment has a task done anew, or again. Nothing of it is left, and it waits for its turn.
    TaskReplanned {
        /// The task.
        task: TaskId,
    },
    /// What a task did is being changed.
    TaskAmending {
        /// The task.
        task: TaskId,
        /// How often it has been begun or changed, from 1.
        generation: u32,
        /// What it calls: `system.operation`; or the blueprint that it runs: `run blueprint`.
        call: String,
        /// The arguments of the call.
        arguments: Value,
        /// What it waits for, if it makes no call itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting_for: Option<String>,
        /// Until when it waits, if there is a limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// The order that it runs, if that is what is amended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handed_on: Option<HandedOn>,
    },
    /// A task's undo has begun.
    TaskUndoing {
        /// The task.
        task: TaskId,
        /// What it calls: `system.operation`.
        call: String,
        /// The arguments of the call.
        arguments: Value,
    },
    /// A task has been taken back.
    TaskUndone {
        /// The task.
        task: TaskId,
    },
    /// A task could not be taken back; a person must.
    TaskUndoFailed {
        /// The task.
        task: TaskId,
        /// Why.
        reason: String,
    },
    /// A person has decided that what a task left stays, though its undo failed. The order goes on as if it were undone.
    ResidueAccepted {
        /// The task.
        task: TaskId,
        /// What would have taken it back: `system.operation`.
        call: String,
        /// The arguments of that call; null if they could not be put together.
        arguments: Value,
        /// What the task had brought back.
        result: Value,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
}

impl Fact {
    /// The public name of the fact, such as `TaskSucceeded`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrderAccepted {} => "OrderAccepted",
            Self::OrderPending { .. } => "OrderPending",
            Self::OrderStarted {} => "OrderStarted",
            Self::OrderHeld { .. } => "OrderHeld",
            Self::OrderResumed { .. } => "OrderResumed",
            Self::OrderRollingBack { .. } => "OrderRollingBack",
            Self::OrderRejected { .. } => "OrderRejected",
            Self::OrderCompleted {} => "OrderCompleted",
            Self::OrderFailed { .. } => "OrderFailed",
            Self::OrderPartiallyCompleted {} => "OrderPartiallyCompleted",
            Self::OrderAtRisk { .. } => "OrderAtRisk",
            Self::OrderOverdue {} => "OrderOverdue",
            Self::OrderPaused { .. } => "OrderPaused",
            Self::PauseLifted { .. } => "PauseLifted",
            Self::ItemRollingBack { .. } => "ItemRollingBack",
            Self::ItemFailed { .. } => "ItemFailed",
            Self::ItemCancelAccepted { .. } => "ItemCancelAccepted",
            Self::ItemCancelRefused { .. } => "ItemCancelRefused",
            Self::ItemCancelled { .. } => "ItemCancelled",
            Self::ChildOrderStarted { .. } => "ChildOrderStarted",
            Self::OrderAnswered { .. } => "OrderAnswered",
            Self::CancelRequested { .. } => "CancelRequested",
            Self::CancelRefused { .. } => "CancelRefused",
            Self::CancelAccepted { .. } => "CancelAccepted",
            Self::OrderCancelled {} => "OrderCancelled",
            Self::CustomerStatusChanged { .. } => "CustomerStatusChanged",
            Self::SignalReceived { .. } => "SignalReceived",
            Self::SignalKept { .. } => "SignalKept",
            Self::SignalRefused { .. } => "SignalRefused",
            Self::OperatorActed { .. } => "OperatorActed",
            Self::TaskStarted { .. } => "TaskStarted",
            Self::TaskSucceeded { .. } => "TaskSucceeded",
            Self::TaskOutcomeUnknown { .. } => "TaskOutcomeUnknown",
            Self::TaskFailed { .. } => "TaskFailed",
            Self::TaskHeld { .. } => "TaskHeld",
            Self::TaskSkipped { .. } => "TaskSkipped",
            Self::TaskDropped { .. } => "TaskDropped",
            Self::OrderAmended { .. } => "OrderAmended",
            Self::AmendmentRefused { .. } => "AmendmentRefused",
            Self::TaskReplanned { .. } => "TaskReplanned",
            Self::TaskAmending { .. } => "TaskAmending",
            Self::TaskUndoing { .. } => "TaskUndoing",
            Self::TaskUndone { .. } => "TaskUndone",
            Self::TaskUndoFailed { .. } => "TaskUndoFailed",
            Self::ResidueAccepted { .. } => "ResidueAccepted",
        }
    }

    /// The state the order is in after this fact, where the fact changes it.
    #[must_use]
    pub const fn order_state(&self) -> Option<OrderState> {
        if let Change::Order(state) = self.change() { Some(state) } else { None }
    }

    /// The task whose state this fact changes, and the state it is in after it.
    #[must_use]
    pub const fn task_state(&self) -> Option<(&TaskId, TaskState)> {
        if let Change::Task(task, state, _) = self.change() { Some((task, state)) } else { None }
    }

    /// Why a task is in the state that this fact puts it in, where there is something to say.
    #[must_use]
    pub fn task_reason(&self) -> Option<Cow<'_, str>> {
        let Change::Task(_, _, reason) = self.change() else { return None };
        let reason = Cow::Borrowed(reason?);
        // Its state says that it is undone, and it is not.
        if let Self::ResidueAccepted { by, .. } = self {
            return Some(Cow::Owned(format!("left in place by {by}: {reason}")));
        }
        Some(reason)
    }

    /// The delivery that this fact tells of: a signal, a cancel, or what a person did.
    #[must_use]
    pub const fn delivery(&self) -> Option<&DeliveryId> {
        match self {
            Self::CancelRequested { id, .. }
            | Self::CancelRefused { id, .. }
            | Self::CancelAccepted { id }
            | Self::ItemCancelAccepted { id, .. }
            | Self::ItemCancelRefused { id, .. }
            | Self::SignalReceived { id, .. }
            | Self::SignalKept { id, .. }
            | Self::SignalRefused { id, .. }
            | Self::PauseLifted { id, .. }
            | Self::OperatorActed { id, .. }
            | Self::OrderAmended { id, .. }
            | Self::AmendmentRefused { id, .. } => Some(id),
            Self::OrderPaused { id, .. } => id.as_ref(),
            Self::OrderAccepted {}
            | Self::OrderPending { .. }
            | Self::OrderStarted {}
            | Self::OrderHeld { .. }
            | Self::OrderResumed { .. }
            | Self::OrderRollingBack { .. }
            | Self::OrderRejected { .. }
            | Self::OrderCompleted {}
            | Self::OrderFailed { .. }
            | Self::OrderPartiallyCompleted {}
            | Self::OrderAtRisk { .. }
            | Self::OrderOverdue {}
            | Self::ItemRollingBack { .. }
            | Self::ItemFailed { .. }
            | Self::ItemCancelled { .. }
            | Self::ChildOrderStarted { .. }
            | Self::OrderAnswered { .. }
            | Self::OrderCancelled {}
            | Self::CustomerStatusChanged { .. }
            | Self::TaskStarted { .. }
            | Self::TaskSucceeded { .. }
            | Self::TaskOutcomeUnknown { .. }
            | Self::TaskFailed { .. }
            | Self::TaskHeld { .. }
            | Self::TaskSkipped { .. }
            | Self::TaskDropped { .. }
            | Self::TaskReplanned { .. }
            | Self::TaskAmending { .. }
            | Self::TaskUndoing { .. }
            | Self::TaskUndone { .. }
            | Self::TaskUndoFailed { .. }
            | Self::ResidueAccepted { .. } => None,
        }
    }

    const fn change(&self) -> Change<'_> {
        match self {
            Self::OrderAccepted {} => Change::Order(OrderState::Acknowledged),
            Self::OrderPending { .. } => Change::Order(OrderState::Pending),
            Self::OrderStarted {} => Change::Order(OrderState::InProgress),
            Self::OrderHeld { .. } | Self::OrderPaused { .. } => Change::Order(OrderState::Held),
            Self::OrderResumed { state } | Self::CancelRefused { state, .. } => Change::Order(*state),
            Self::OrderRejected { .. } => Change::Order(OrderState::Rejected),
            Self::OrderCompleted {} => Change::Order(OrderState::Completed),
            Self::OrderFailed { .. } => Change::Order(OrderState::Failed),
            Self::OrderPartiallyCompleted {} => Change::Order(OrderState::Partial),
            Self::CancelRequested { .. } => Change::Order(OrderState::AssessingCancellation),
            Self::CancelAccepted { .. } => Change::Order(OrderState::PendingCancellation),
            Self::OrderCancelled {} => Change::Order(OrderState::Cancelled),
            Self::TaskStarted { task, .. } => Change::Task(task, TaskState::Running, None),
            Self::TaskSucceeded { task, .. } => Change::Task(task, TaskState::Succeeded, None),
            Self::TaskOutcomeUnknown { task, reason, waiting_for: _ } => {
                Change::Task(task, TaskState::Unknown, Some(reason.as_str()))
            }
            Self::TaskFailed { task, reason } => Change::Task(task, TaskState::Failed, Some(reason.as_str())),
            Self::TaskHeld { task, reason, .. } => Change::Task(task, TaskState::Held, Some(reason.as_str())),
            Self::TaskSkipped { task, reason } => {
                Change::Task(task, TaskState::Skipped, Some(reason.as_str()))
            }
            Self::TaskDropped { task } => Change::Task(task, TaskState::Dropped, None),
            Self::TaskReplanned { task } => Change::Task(task, TaskState::Waiting, None),
            Self::TaskAmending { task, .. } => Change::Task(task, TaskState::Amending, None),
            Self::TaskUndoing { task, .. } => Change::Task(task, TaskState::Undoing, None),
            Self::TaskUndone { task } => Change::Task(task, TaskState::Undone, None),
            Self::TaskUndoFailed { task, reason } => {
                Change::Task(task, TaskState::UndoFailed, Some(reason.as_str()))
            }
            Self::ResidueAccepted { task, reason, .. } => {
                Change::Task(task, TaskState::Undone, Some(reason.as_str()))
            }
            Self::OrderRollingBack { .. }
            | Self::OrderAtRisk { .. }
            | Self::OrderOverdue {}
            | Self::PauseLifted { .. }
            | Self::ItemRollingBack { .. }
            | Self::ItemFailed { .. }
            | Self::ItemCancelAccepted { .. }
            | Self::ItemCancelRefused { .. }
            | Self::ItemCancelled { .. }
            | Self::ChildOrderStarted { .. }
            | Self::OrderAnswered { .. }
            | Self::CustomerStatusChanged { .. }
            | Self::SignalReceived { .. }
            | Self::SignalKept { .. }
            | Self::SignalRefused { .. }
            | Self::OrderAmended { .. }
            | Self::AmendmentRefused { .. }
            | Self::OperatorActed { .. } => Change::Nothing,
        }
    }
}

/// The one state that a fact changes, if it changes one.
enum Change<'a> {
    /// The order's.
    Order(OrderState),
    /// A task's, with the reason where there is something to say.
    Task(&'a TaskId, TaskState, Option<&'a str>),
    /// None.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_back_with_its_decimals() {
        let event = OrderEvent {
            number: 7,
            at: Timestamp::EPOCH,
            fact: Fact::TaskSucceeded {
                task: "charge[1]".parse().unwrap(),
                result: serde_json::from_str(r#"{"paid": 12345678901234567.89, "n": 3, "iccid": 18446744073709551616, "low": -18446744073709551616}"#).unwrap(),
            },
        };
        let json = serde_json::to_string(&event).unwrap();
        assert!(json.contains(r#""type":"TaskSucceeded","data":{"task":"charge[1]""#), "{json}");
        assert_eq!(serde_json::from_str::<OrderEvent>(&json).unwrap(), event);
        assert_eq!(crate::from_json::<OrderEvent>(&serde_json::to_value(&event).unwrap()).unwrap(), event);
    }

    #[test]
    fn the_public_name_is_the_serialised_one() {
        let fact = Fact::OrderHeld {
            task: "a".parse().unwrap(),
            reason: "why".to_owned(),
            hold_for: HoldFor::Customer,
        };
        assert_eq!(serde_json::to_value(&fact).unwrap()["type"], fact.name());
    }
}
