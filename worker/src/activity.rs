//! The activity `call`: one attempt of one call to a system.
//!
//! An attempt that was certainly not done says so to the next one, through Temporal's heartbeat details: how many attempts
//! so far are known to have done nothing. If that is fewer than there have been, one of them was lost with its worker or got
//! no answer, and a failure of this one no longer means that nothing was done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contract::payload::{decode, encode};
use contract::{CallFailure, CallInput, names};
use model::{CallOutcome, CallRequest, limits};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::caller::Caller;
use crate::mirror::MirrorHandle;

/// The longest that a system's wish to be left alone is followed. Beyond it, the blueprint's `within` and a person decide.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// What the activities of one worker share.
pub(crate) struct Calls {
    pub(crate) caller: Arc<dyn Caller>,
    pub(crate) mirror: MirrorHandle,
    /// Whether the worker is about to end: calls that last are then left to another.
    pub(crate) stopping: Arc<AtomicBool>,
}

#[activities]
impl Calls {
    #[activity(name = names::CALL)]
    async fn call(self: Arc<Self>, ctx: ActivityContext, raw: RawValue) -> Result<RawValue, ActivityError> {
        let input: CallInput = match decode(&raw) {
            Ok(input) => input,
            Err(wrong) => return Err(failure(CallFailure::Failed, wrong.to_string(), 0).build().into()),
        };
        let local = ctx.info().is_local;
        if !local {
            self.mirror.scheduled(input.order, input.after_event);
        }
        let attempt = ctx.info().attempt.max(1);
        let harmless: u32 = ctx.heartbeat_details().deserialize().ok().flatten().unwrap_or(0);
        // An attempt inside a workflow task leaves no trace if its worker is lost.
        let certain = !local && !input.earlier.in_doubt && harmless + 1 >= attempt;

        let request = request(&input, attempt);
        let record = self.mirror.attempt(&request, input.generation);
        let outcome = tokio::select! {
            outcome = self.caller.call(&request) => outcome,
            () = keep_alive(&ctx, harmless) => unreachable_outcome(),
            () = self.abandoned(&ctx) => return Err(ActivityError::cancelled()),
        };
        record.ended(&outcome);
        self.conclude(&ctx, outcome, attempt, certain).await
    }
}

impl Calls {
    async fn conclude(
        &self,
        ctx: &ActivityContext,
        outcome: CallOutcome,
        attempt: u32,
        certain: bool,
    ) -> Result<RawValue, ActivityError> {
        let failure = match outcome {
            CallOutcome::Succeeded(value) => {
                let answer = encode(&value);
                let size = answer.payloads.iter().map(|payload| payload.data.len()).sum::<usize>();
                if size <= limits::RESULT_BYTES {
                    return Ok(answer);
                }
                let reason = format!(
                    "the answer has {size} bytes, and at most {} are allowed",
                    limits::RESULT_BYTES
                );
                failure(CallFailure::Unknown, reason, attempt).non_retryable(true).build()
            }
            CallOutcome::Refused { reason } => {
                failure(CallFailure::Refused, reason, attempt).non_retryable(true).build()
            }
            CallOutcome::Failed { reason, retry_after } => {
                if certain {
                    // Sent along with the failure below.
                    ctx.record_heartbeat(attempt).await?;
                }
                let kind = if certain { CallFailure::Failed } else { CallFailure::Unknown };
                let rest = retry_after.map(|rest| rest.to_std().min(LONGEST_RETRY_AFTER));
                failure(kind, reason, attempt).non_retryable(false).maybe_next_retry_delay(rest).build()
            }
            CallOutcome::Unknown { reason } => {
                failure(CallFailure::Unknown, reason, attempt).non_retryable(false).build()
            }
        };
        Err(failure.into())
    }

    /// Waits until the call is to be left to another worker. That the order wants no further attempt is no reason: this
    /// one is under way, and what becomes of it must be known.
    async fn abandoned(&self, ctx: &ActivityContext) {
        ctx.cancelled().await;
        if !self.stopping.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}
