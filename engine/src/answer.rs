//! Being an order that another one runs: answering it, and waiting to be released or taken back.
//!
//! How the parent sees this is in `child`.

use model::{Actor, DeliveryId, Fact, OrderState, Value};
use plan::{DefinitionIndex, Scope, TaskValue, Tasks};

use crate::isolate::Isolation;
use crate::run::Phase;
use crate::{ChildReport, Effect, Handled, Rejected, Run};

impl Run {
    /// Whether another order runs this one.
    #[must_use]
    pub fn is_child(&self) -> bool {
        self.layout.plan().parameters().is_some()
    }

    /// Everything is done: ends the order, or answers the one it is part of.
    pub(crate) fn complete(&mut self) {
        if !self.is_child() {
            // An item that was cancelled is not missed: the customer no longer wanted it.
            let fact = if self.state.isolated.values().any(Isolation::has_failed) {
                Fact::OrderPartiallyCompleted {}
            } else {
                Fact::OrderCompleted {}
            };
            return self.finish(fact);
        }
        let result = self.returned();
        let told = result.clone().unwrap_or(Value::Null);
        self.stop_alarms();
        if self.state.paused.is_some() {
            self.unpause();
        }
        // Nothing is told after the end.
        self.tell_status();
        self.tell(Fact::OrderAnswered { result: told });
        self.state.answer = Some(result.clone());
        if self.state.touched && self.point_of_no_return().is_none() {
            self.state
                .effects
                .push_back(Effect::Report(ChildReport::Answered { result, amendment: self.state.amendment }));
            self.state.phase = Phase::Answered;
        } else {
            // Nothing could be taken back, so there is nothing to wait for.
            self.finish(Fact::OrderCompleted {});
        }
    }

    /// What the blueprint says that it answers.
    fn returned(&self) -> Result<Value, String> {
        let plan = self.layout.plan();
        let name = &plan.blueprint().name;
        let Some(returns) = plan.sub_blueprint(name).and_then(|sub| sub.returns.as_ref()) else {
            return Ok(Value::Record(std::collections::BTreeMap::new()));
        };
        let scope = Scope {
            parameters: plan.parameters(),
            tasks: &AllOf(self),
            ..Scope::of_order(plan.order(), plan.items())
        };
        returns.evaluate(&scope).map_err(|wrong| {
            format!("what `{name}` answers can't be evaluated: `{}`: {}", wrong.text, wrong.problem)
        })
    }

    /// The parent lets the order end.
    pub(crate) fn release(&mut self) -> Handled {
        if self.state.phase != Phase::Answered {
            return Handled::Duplicate;
        }
        self.finish(Fact::OrderCompleted {});
        Handled::Applied
    }

    /// The parent takes the order back.
    pub(crate) fn recall(&mut self, id: DeliveryId, by: Actor, reason: String) -> Result<Handled, Rejected> {
        let answer = match self.state.phase {
            Phase::New | Phase::Pending | Phase::Forward | Phase::Answered => {
                self.assess_cancel(id, by, reason)
            }
            // It ends without completion, or has ended, and that is what its parent will hear.
            Phase::Backward { .. } => return Err(Rejected::BeingUndone),
            Phase::Closing(_) | Phase::Ended => return Err(Rejected::Ended { state: self.state.order }),
        };
        if let Err(refused) = &answer {
            let reason = refused.to_string();
            self.state.effects.push_back(Effect::Report(ChildReport::Refused { reason }));
        }
        answer
    }

    /// How the order ended, as the one hears it that it is part of. Only for one that has.
    #[must_use]
    pub fn end_report(&self) -> ChildReport {
        let reason = match self.state.record.last().map(|event| &event.fact) {
            Some(Fact::OrderFailed { reason } | Fact::OrderRejected { reason }) => reason.clone(),
            _ => self.state.cancelled.clone().unwrap_or_default(),
        };
        ChildReport::Ended {
            state: self.state.order,
            reason,
            answer: self.state.answer.clone(),
            touched: self.state.touched,
            beyond: self.point_of_no_return().is_some(),
            amendment: self.state.amendment,
        }
    }

    /// What an order waits for that has nothing more to do.
    pub(crate) fn waits_to_end(&self) -> Option<&'static str> {
        match self.state.phase {
            Phase::Answered => Some("the order that it is part of"),
            Phase::Closing(_) => Some("its child orders to end"),
            Phase::New | Phase::Pending | Phase::Forward | Phase::Backward { .. } | Phase::Ended => None,
        }
    }

    /// Ends the order, after its children.
    pub(crate) fn finish(&mut self, fact: Fact) {
        self.stop_alarms();
        // Nothing is left to begin, and its children have yet to end: nobody is needed for that.
        if self.state.paused.is_some() && !self.state.children.is_empty() {
            self.unpause();
        }
        self.state.paused = None;
        // Nothing is told after the end.
        self.tell_status();
        if self.release_children() {
            self.state.phase = Phase::Closing(Box::new(fact));
        } else {
            self.tell(fact);
            self.end();
        }
    }

    /// The state of an order that has ended, or does nothing more but that.
    pub(crate) fn over(&self) -> Option<OrderState> {
        match &self.state.phase {
            Phase::Closing(fact) => Some(fact.order_state().unwrap_or(self.state.order)),
            Phase::Ended => Some(self.state.order),
            Phase::New | Phase::Pending | Phase::Forward | Phase::Backward { .. } | Phase::Answered => None,
        }
    }
}

/// The tasks as the answer sees them: there is one instance of each.
struct AllOf<'a>(&'a Run);

impl Tasks for AllOf<'_> {
    fn task(&self, definition: DefinitionIndex) -> TaskValue<'_> {
        let layout = &self.0.layout;
        let instance = layout.plan().instances(definition).first();
        let instance = instance.map(|task| layout.place(layout.latest(), *task));
        TaskValue::One(instance.map(|task| self.0.facts(task)).unwrap_or_default())
    }
}
