//! Amendments: with a plan they go to the run at once; without one, a worker makes the plan first.
//!
//! Plans are made one after another, each for the version of the order that is carried out when it is begun. If another
//! amendment has come in between by the time it is made, it is made again.

use std::collections::VecDeque;
use std::time::Duration;

use contract::payload::{decode, encode};
use contract::{Amend, AmendRequest, HandOn, Replan, Replanned, names};
use engine::{Event, Handled, Rejected};
use model::{Hash, Timestamp, limits};
use plan::Plan;
use temporalio_common::error::ActivityExecutionError;
use temporalio_common::{ActivityCloseTimeouts, RetryPolicy, UntypedActivity};
use temporalio_workflow::{ActivityOptions, WorkflowCancellationToken, WorkflowContext};

use super::OrderWorkflow;
use super::desk::Desk;

/// How long one attempt to make a plan may take. The largest order is planned in well under a second, and the orders that it runs
/// are asked for at most 10 s.
const ATTEMPT: Duration = Duration::from_secs(30);

/// How often it is tried: for an hour and a half while what is needed is away.
const ATTEMPTS: u32 = 200;

/// Most amendments that wait for their plans: as many as an order may have.
const WAITING: usize = limits::AMENDMENTS as usize;

/// Amendments that came without a plan.
#[derive(Debug, Default)]
pub(super) struct Unplanned {
    /// Whose plan is yet to be made, the first one first.
    waiting: VecDeque<Amend>,
    /// Whose plan is being made, and for which version of the order.
    underway: Option<(Amend, u32)>,
}

impl Unplanned {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.underway.is_none()
    }
}

impl Desk {
    /// Amends the order. What only the new plan calls, is called as the request says.
    pub(super) fn amend(&mut self, request: AmendRequest, now: Timestamp) -> Result<Handled, Rejected> {
        let AmendRequest { id, plan, routes, by, reason, token, proposal: _, opposed } = request;
        if !opposed.is_empty() && self.is_as_shown(&plan, token.as_ref()) {
            return self.take(Event::Oppose { id, by, reason, tasks: opposed }, now);
        }
        let answer = self.take(Event::Amend { id, plan, by, reason, token }, now);
        if answer == Ok(Handled::Applied) {
            self.routes.extend(routes);
        }
        answer
    }

    /// Whether the order still is what the preview said that a token is of: what speaks against an amendment was found out by that.
    fn is_as_shown(&self, plan: &Plan, token: Option<&Hash>) -> bool {
        let now = || self.run.assess(plan.clone()).map(|assessment| assessment.token);
        token.is_none_or(|token| now().as_ref() == Ok(token))
    }

    /// Is amended with the order that this one is part of, which hears what comes of it.
    pub(super) fn take_over(&mut self, amended: HandOn, now: Timestamp) {
        let HandOn { id, amendment, plan, routes, by, reason } = amended;
        if self.take(Event::HandedOn { id, amendment, plan, by, reason }, now) == Ok(Handled::Applied) {
            self.routes.extend(routes);
        }
    }

    /// Has an amendment planned when its turn comes.
    pub(super) fn plan_amendment(&mut self, amend: Amend, now: Timestamp) {
        if self.unplanned.waiting.len() >= WAITING {
            self.refuse(amend, format!("{WAITING} amendments wait to be planned, which is the limit"), now);
        } else {
            self.unplanned.waiting.push_back(amend);
        }
    }

    /// The next plan to be made, unless one is being made.
    pub(super) fn next_replan(&mut self) -> Option<Replan> {
        if self.unplanned.underway.is_some() || self.run.is_ended() {
            return None;
        }
        let amend = self.unplanned.waiting.pop_front()?;
        let version = self.run.version();
        self.unplanned.underway = Some((amend.clone(), version));
        Some(Replan { order: self.order, version, amend })
    }

    /// A plan has been made, or there can be none.
    pub(super) fn replanned(&mut self, replanned: Replanned, now: Timestamp) {
        let Some((amend, version)) = self.unplanned.underway.take() else { return };
        match replanned {
            // It was made of what the order is not any more, or could not be for that.
            Replanned::Planned { .. } | Replanned::Outdated {} if version != self.run.version() => {
                self.unplanned.waiting.push_front(amend);
            }
            Replanned::Outdated {} => {
                let reason = format!("the order is at version {version}, and Postgres has a later one");
                self.refuse(amend, reason, now);
            }
            Replanned::Planned { plan, routes, proposal: _, token: own, opposed } => {
                // Whoever signals does not wait for the answer; it is on the order's record.
                if let Err(rejected) = self.run.may_be_amended() {
                    return self.refuse(amend, rejected.to_string(), now);
                }
                let Amend { id, by, reason, wanted: _, token } = amend;
                let token = own.or(token);
                let request =
                    AmendRequest { id: id.clone(), plan, routes, by, reason, token, proposal: None, opposed };
                if let Err(Rejected::AmendmentMoved { .. }) = self.amend(request, now) {
                    let reason = "the order has moved on since the preview that the token is of".to_owned();
                    let _ = self.take(Event::Malformed { id, signal: names::AMEND.to_owned(), reason }, now);
                }
            }
            Replanned::Refused { reason } => self.refuse(amend, reason, now),
        }
    }

    fn refuse(&mut self, amend: Amend, reason: String, now: Timestamp) {
        let _ = self.take(Event::Malformed { id: amend.id, signal: names::AMEND.to_owned(), reason }, now);
    }
}

/// Has a worker make the plan of an amendment.
pub(super) async fn replan(ctx: &WorkflowContext<OrderWorkflow>, request: &Replan) -> Replanned {
    let retry = RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .backoff_coefficient(2.0)
        .maximum_interval(Duration::from_secs(30))
        .maximum_attempts(ATTEMPTS)
        .build();
    let options = ActivityOptions::with_close_timeouts(ActivityCloseTimeouts::StartToClose(ATTEMPT))
        .summary(format!("plans the amendment {}", request.amend.id))
        .retry_policy(retry)
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    match ctx.execute_activity(UntypedActivity::new(names::REPLAN), encode(request), options).await {
        Ok(raw) => decode(&raw).unwrap_or_else(|wrong| Replanned::Refused { reason: wrong.to_string() }),
        Err(failure) => Replanned::Refused { reason: format!("it could not be planned: {}", why(&failure)) },
    }
}

fn why(failure: &ActivityExecutionError) -> String {
    if let ActivityExecutionError::Failed(failed) = failure
        && let Some(cause) = failed.cause()
    {
        return cause.to_string();
    }
    failure.to_string()
}
