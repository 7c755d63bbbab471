//! Systems that do each thing once per key, tell the truth about it, and have one weakness.

use std::collections::BTreeMap;

use engine::{Answer, CallEffect, Settlement, World};
use model::{
    Direction, Duration, OperationName, OrderId, SystemName, TaskId, TaskName, Timestamp, Type, Value,
};
use plan::{Call, Plan};
use testing::MadeUp;

use super::answers::{answer_when_absent, answer_when_well};
use super::ledger::{Deed, Ledger};

/// How long a system takes to answer.
pub(crate) const LATENCY: Duration = Duration::from_secs(1);

/// What the calls of one task meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Luck {
    Fails,
    Refuses,
    /// No answer comes, and nothing is done.
    LostBefore,
    /// No answer comes, and it is done.
    LostAfter,
    /// No answer comes, it is done, and nobody can be asked about it either.
    LostAndMute,
    /// It is done, and answered in another shape than was declared.
    Misshapen,
    /// The deployment does not know the system.
    Unserved,
}

/// Whose calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    pub(crate) direction: Direction,
}

/// What goes wrong out there.
#[derive(Clone, Debug)]
pub(crate) struct Weakness {
    pub(crate) target: Target,
    pub(crate) luck: Luck,
    /// How many calls meet it; any number, until it is mended, without this.
    pub(crate) left: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct Systems {
    /// What every operation and query answers, and whether it changes anything.
    declared: BTreeMap<(SystemName, OperationName), (Type, bool)>,
    made_up: MadeUp,
    pub(crate) ledger: Ledger,
    weakness: Option<Weakness>,
    /// Whether a call has met the weakness.
    pub(crate) struck: bool,
    /// The tasks that have made calls.
    pub(crate) callers: BTreeMap<Target, Caller>,
}

/// What kind of calls a task makes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) effect: bool,
    pub(crate) verified: bool,
}

impl Systems {
    pub(crate) fn new(plan: &Plan, weakness: Option<Weakness>) -> Self {
        let subs = plan.sub_blueprints().iter().flat_map(|sub| &sub.definitions);
        let calls = plan.definitions().iter().chain(subs).flat_map(|definition| definition.calls());
        let declared =
            |call: &Call| ((call.system.clone(), call.operation.clone()), (call.result.clone(), call.effect));
        Self {
            declared: calls.map(declared).collect(),
            made_up: MadeUp::default(),
            ledger: Ledger::default(),
            weakness,
            struck: false,
            callers: BTreeMap::new(),
        }
    }

    /// Everything works from now on.
    pub(crate) fn mend(&mut self) {
        self.weakness = None;
    }

    fn luck(&mut self, call: &CallEffect, is_verify: bool) -> Option<Luck> {
        let weakness = self.weakness.as_mut()?;
        let target = &weakness.target;
        let meant =
            target.order == order_of(call) && target.task == call.task && target.direction == call.direction;
        if !meant || (is_verify && weakness.luck != Luck::LostAndMute) {
            return None;
        }
        if is_verify {
            return Some(Luck::Fails);
        }
        match &mut weakness.left {
            None => {}
            Some(0) => return None,
            Some(left) => *left -= 1,
        }
        self.struck = true;
        Some(weakness.luck)
    }

    /// What a system says that does what it is asked.
    fn well(&mut self, call: &CallEffect, now: Timestamp) -> Value {
        self.answer(&call.system, &call.operation, &call.task.name, now)
    }

    fn answer(
        &mut self,
        system: &SystemName,
        operation: &OperationName,
        task: &TaskName,
        now: Timestamp,
    ) -> Value {
        let result = self.declared.get(&(system.clone(), operation.clone())).unwrap().0.clone();
        let made_up = self.made_up.value(&result, operation.as_str(), now);
        overlaid(made_up, answer_when_well(&format!("{system}.{operation}"), task))
    }

    /// A person does by hand what a call of a task would have done, or asked, and says what came of it.
    pub(crate) fn by_hand(
        &mut self,
        order: OrderId,
        task: &TaskId,
        generation: u32,
        call: &Call,
        now: Timestamp,
    ) -> Value {
        let answer = self.answer(&call.system, &call.operation, &task.name, now);
        if !call.effect {
            return answer;
        }
        self.ledger.do_by_hand(Deed {
            order,
            task: task.clone(),
            generation,
            call: call.label(),
            arguments: Value::Null,
            answer,
            done: 0,
            undone: None,
        })
    }

    /// What a system says of a call that may have been made.
    fn truth(&mut self, call: &CallEffect, now: Timestamp) -> Value {
        let well = self.well(call, now);
        match self.ledger.there(order_of(call), &call.task) {
            // What has a name has the same one whoever asks.
            Some(deed) => {
                let known = deed.answer.as_record().cloned().unwrap_or_default();
                let told = known.into_iter().filter(|(name, _)| well.field(name).is_some());
                overlaid(well.clone(), Some(Value::Record(told.collect())))
            }
            None => overlaid(well, answer_when_absent(&call.label())),
        }
    }
}

/// A record with some of its fields replaced.
fn overlaid(record: Value, by: Option<Value>) -> Value {
    match (record, by) {
        (Value::Record(mut fields), Some(Value::Record(by))) => {
            fields.extend(by);
            Value::Record(fields)
        }
        (record, _) => record,
    }
}

impl World for Systems {
    fn call(&mut self, call: &CallEffect, now: Timestamp) -> Answer {
        let purpose = call.key.as_str().rsplit('/').next().unwrap();
        let is_verify = purpose.starts_with("verify");
        let effect = self.declared.get(&(call.system.clone(), call.operation.clone())).unwrap().1;
        let target = Target { order: order_of(call), task: call.task.clone(), direction: call.direction };
        let caller = self.callers.entry(target).or_default();
        caller.effect |= effect;
        caller.verified |= is_verify;
        self.ledger.uses(call);

        let luck = self.luck(call, is_verify);
        let reason =
            format!("{} {}", call.label(), luck.map_or("is well".to_owned(), |luck| format!("{luck:?}")));
        let failed = match luck {
            Some(Luck::Fails) => Some(Settlement::Failed { reason: reason.clone() }),
            // What was done stays done, and is answered as it was.
            Some(Luck::Refuses) if !self.ledger.is_done(call) => {
                Some(Settlement::Refused { reason: reason.clone() })
            }
            Some(Luck::Unserved) => Some(Settlement::Unserved { reason: reason.clone(), in_doubt: false }),
            Some(Luck::LostBefore) => Some(Settlement::Unknown { reason: reason.clone() }),
            Some(Luck::Refuses | Luck::LostAfter | Luck::LostAndMute | Luck::Misshapen) | None => None,
        };
        if let Some(settlement) = failed {
            let after = if matches!(settlement, Settlement::Unknown { .. }) { call.timeout } else { LATENCY };
            return Answer { settlement, after };
        }
        let answer = if is_verify { self.truth(call, now) } else { self.well(call, now) };
        let answer = if effect { self.ledger.carry_out(call, answer) } else { answer };
        match luck {
            Some(Luck::LostAfter | Luck::LostAndMute) => {
                Answer { settlement: Settlement::Unknown { reason }, after: call.timeout }
            }
            Some(Luck::Misshapen) => {
                let answer = Value::text("what nobody expects");
                Answer { settlement: Settlement::Succeeded(answer), after: LATENCY }
            }
            _ => Answer { settlement: Settlement::Succeeded(answer), after: LATENCY },
        }
    }
}

/// The order that makes a call: keys begin with it.
pub(crate) fn order_of(call: &CallEffect) -> OrderId {
    call.key.as_str().split('/').next().unwrap().parse().unwrap()
}
