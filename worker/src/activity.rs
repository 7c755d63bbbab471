//! The activity `call`: one attempt of one call to a system.
//!
//! An attempt that was certainly not done says so to the next one, through Temporal's heartbeat details: how many attempts
//! so far are known to have done nothing. If that is fewer than there have been, one of them was lost with its worker or got
//! no answer, and a failure of this one no longer means that nothing was done.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use contract::payload::{decode, encode};
use contract::{CallAnswer, CallFailure, CallFailureDetails, CallInput, OrderClient, names};
use model::{CallOutcome, CallRequest, OrderId, limits};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::Notify;

use crate::caller::Caller;
use crate::inquiry::inquire;
use crate::mirror::MirrorHandle;
use crate::prospect::{LONGEST_RETRY_AFTER, Prospect};
use crate::replan::{Planner, replan};

/// What the activities of one worker share, on all task queues that it serves.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) caller: Arc<dyn Caller>,
    pub(crate) planner: Arc<dyn Planner>,
    pub(crate) mirror: MirrorHandle,
    /// Whether the worker is about to end: calls that last are then left to another.
    pub(crate) stopping: Arc<AtomicBool>,
    /// How many calls this worker is to make before it is put together anew.
    pub(crate) left: Arc<AtomicU64>,
    /// Told when it has.
    pub(crate) spent: Arc<Notify>,
}

#[activities]
impl Calls {
    #[activity(name = names::CALL)]
    #[allow(dead_code, reason = "the SDK makes a constant of this name, which nobody needs")]
    async fn call(self: Arc<Self>, ctx: ActivityContext, raw: RawValue) -> Result<RawValue, ActivityError> {
        let input: CallInput = match decode(&raw) {
            Ok(input) => input,
            Err(wrong) => {
                let details = CallFailureDetails { attempts: 0, took: model::Duration::ZERO };
                return Err(failure(CallFailure::Failed, wrong.to_string(), details, Next::Nothing));
            }
        };
        let local = ctx.info().is_local;
        if !local {
            self.mirror.call_runs(input.order, input.ordered_at);
        }
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.spent.notify_one();
        }
        let attempt = ctx.info().attempt.max(1);
        let harmless: u32 = ctx.heartbeat_details().deserialize().ok().flatten().unwrap_or(0);
        // An attempt inside a workflow task leaves no trace if its worker is lost.
        let certain = !local && !input.earlier.in_doubt && harmless + 1 >= attempt;

        let request = request(&input, attempt);
        let began = Instant::now();
        let record = self.mirror.attempt(&request, input.generation);
        let outcome = tokio::select! {
            outcome = self.caller.call(&request) => outcome,
            never = keep_alive(&ctx, harmless) => match never {},
            () = self.abandoned(&ctx) => return Err(ActivityError::cancelled()),
        };
        // How often an attempt inside a workflow task is followed by others, only the workflow knows.
        let policy = ctx.info().retry_policy.as_ref().filter(|_| !local);
        record.ended(&outcome, Prospect::after(&outcome, policy, attempt, input.earlier.attempts));
        log(&request, &outcome);
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let details = CallFailureDetails { attempts: attempt, took: model::Duration::from_millis(millis) };
        conclude(&ctx, outcome, details, certain).await
    }

    #[activity(name = names::INQUIRE)]
    #[allow(dead_code, reason = "the SDK makes a constant of this name, which nobody needs")]
    async fn inquire(ctx: ActivityContext, raw: RawValue) -> Result<RawValue, ActivityError> {
        let activity_id: String = decode(&raw)?;
        let execution = WorkflowExecution {
            workflow_id: ctx.info().workflow_id.clone().unwrap_or_default(),
            run_id: ctx.info().workflow_run_id.clone().unwrap_or_default(),
        };
        Ok(encode(&inquire(ctx.client(), execution, &activity_id).await?))
    }

    #[activity(name = names::OUTCOME)]
    #[allow(dead_code, reason = "the SDK makes a constant of this name, which nobody needs")]
    async fn outcome(ctx: ActivityContext, raw: RawValue) -> Result<RawValue, ActivityError> {
        let orders = OrderClient::with_client(ctx.client(), &ctx.info().task_queue);
        let order: OrderId = decode(&raw)?;
        Ok(encode(&orders.outcome(order).await?))
    }

    #[activity(name = names::REPLAN)]
    #[allow(dead_code, reason = "the SDK makes a constant of this name, which nobody needs")]
    async fn replan(self: Arc<Self>, ctx: ActivityContext, raw: RawValue) -> Result<RawValue, ActivityError> {
        let orders = OrderClient::with_client(ctx.client(), &ctx.info().task_queue);
        replan(&*self.planner, &orders, &raw).await
    }
}

impl Calls {
    /// Waits until the call is to be left to another worker. That the order wants no further attempt is no reason: this
    /// one is under way, and what becomes of it must be known.
    async fn abandoned(&self, ctx: &ActivityContext) {
        ctx.cancelled().await;
        if !self.stopping.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

/// What an attempt's outcome is to Temporal. `certain` says that no attempt before it may have had an effect.
async fn conclude(
    ctx: &ActivityContext,
    outcome: CallOutcome,
    details: CallFailureDetails,
    certain: bool,
) -> Result<RawValue, ActivityError> {
    Err(match outcome {
        CallOutcome::Succeeded(result) => {
            let answer = encode(&CallAnswer { result, took: details.took, attempts: Some(details.attempts) });
            let size = answer.payloads.iter().map(|payload| payload.data.len()).sum::<usize>();
            if size <= limits::RESULT_BYTES {
                return Ok(answer);
            }
            let most = limits::RESULT_BYTES;
            let reason = format!("the answer has {size} bytes, and at most {most} are allowed");
            failure(CallFailure::Unknown, reason, details, Next::Nothing)
        }
        CallOutcome::Refused { reason } => failure(CallFailure::Refused, reason, details, Next::Nothing),
        CallOutcome::Failed { reason, retry_after } => {
            if certain {
                // Sent along with the failure below.
                ctx.record_heartbeat(details.attempts).await?;
            }
            let kind = if certain { CallFailure::Failed } else { CallFailure::Unknown };
            failure(kind, reason, details, Next::Attempt { after: retry_after })
        }
        // Another worker may know, or this one soon will.
        CallOutcome::Unserved { reason } => {
            if certain {
                ctx.record_heartbeat(details.attempts).await?;
            }
            let kind = if certain { CallFailure::Unserved } else { CallFailure::UnservedInDoubt };
            failure(kind, reason, details, Next::Attempt { after: None })
        }
        CallOutcome::Unknown { reason } => {
            failure(CallFailure::Unknown, reason, details, Next::Attempt { after: None })
        }
    })
}

/// Says what went wrong, to whoever watches the logs. What goes well is on the order's record.
fn log(request: &CallRequest, outcome: &CallOutcome) {
    let (end, reason) = match outcome {
        CallOutcome::Succeeded(_) => return,
        CallOutcome::Refused { reason } => ("was refused", reason),
        CallOutcome::Failed { reason, .. } => ("failed", reason),
        CallOutcome::Unserved { reason } => ("was not sent", reason),
        CallOutcome::Unknown { reason } => ("got no answer", reason),
    };
    let CallRequest { order, task, system, operation, attempt, .. } = request;
    tracing::warn!(
        order.id = %order, task = %task, system = %system, operation = %operation, attempt,
        "attempt {attempt} of {system}.{operation} for {task} {end}: {reason}"
    );
}

/// What is to follow a failure.
#[derive(Clone, Copy)]
enum Next {
    /// Another attempt, if one is left; after as long as the system asked for, if it did.
    Attempt { after: Option<model::Duration> },
    /// Nothing: it would end the same way.
    Nothing,
}

fn failure(kind: CallFailure, reason: String, details: CallFailureDetails, next: Next) -> ActivityError {
    let (last, after) = match next {
        Next::Attempt { after } => (false, after),
        Next::Nothing => (true, None),
    };
    ApplicationFailure::builder(reason)
        .type_name(kind.as_str().to_owned())
        .details(details)
        // A system that says no is no fault of the worker.
        .category(ApplicationErrorCategory::Benign)
        .non_retryable(last)
        .maybe_next_retry_delay(after.map(|after| after.to_std().min(LONGEST_RETRY_AFTER)))
        .build()
        .into()
}

/// Lets Temporal know that the worker lives, if the call may take long. Never ends.
async fn keep_alive(ctx: &ActivityContext, harmless: u32) -> Infallible {
    match ctx.info().heartbeat_timeout.filter(|timeout| !timeout.is_zero()) {
        None => std::future::pending().await,
        Some(timeout) => loop {
            tokio::time::sleep(timeout / 3).await;
            // A heartbeat that is not sent costs an attempt at the worst.
            let _ = ctx.record_heartbeat(harmless).await;
        },
    }
}

fn request(input: &CallInput, attempt: u32) -> CallRequest {
    CallRequest {
        order: input.order,
        task: input.task.clone(),
        direction: input.direction,
        system: input.system.clone(),
        operation: input.operation.clone(),
        arguments: input.arguments.clone(),
        key: input.key.clone(),
        attempt: input.earlier.attempts.saturating_add(attempt),
        timeout: input.timeout,
    }
}
