//! One call: an activity with the task's retries, or first an attempt inside the workflow task.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use contract::payload::{decode, encode};
use contract::{CallInput, Earlier, Inquiry, names};
use engine::Settlement;
use model::Timestamp;
use plan::Retry;
use temporalio_common::{ActivityCloseTimeouts, RetryPolicy, UntypedActivity};
use temporalio_workflow::{
    ActivityCancellationType, ActivityOptions, LocalActivityOptions, TimerOptions, TimerResult,
    WorkflowCancellationToken, WorkflowContext,
};

use super::OrderWorkflow;
use super::settle::{Made, made, stopped};

/// How long a worker may need beyond the call itself before Temporal takes it for lost.
const GRACE: Duration = Duration::from_secs(5);

/// A call that may take longer is watched by heartbeats, so that a lost worker is noticed before its time is up.
const LONG: Duration = Duration::from_secs(60);

/// How long a watched call may go without a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// The longest that an attempt may hold up a workflow task, which Temporal takes for lost after 10 s.
const INLINE: model::Duration = model::Duration::from_secs(4);

/// A call and how it is to be made.
pub(super) struct Assignment {
    pub(super) activity_id: String,
    pub(super) summary: String,
    pub(super) inline: bool,
    pub(super) task_queue: Option<String>,
    pub(super) retry: Retry,
    pub(super) within: Option<model::Duration>,
    /// When it was ordered.
    pub(super) ordered: Timestamp,
    pub(super) input: CallInput,
}

/// How a call ended, and when.
pub(super) struct Settled {
    pub(super) made: Made,
    /// When, if the workflow's own time does not say.
    pub(super) at: Option<Timestamp>,
}

/// Makes a call, with all its attempts. `settle` ends the waits between them, never an attempt.
pub(super) async fn make(
    ctx: &WorkflowContext<OrderWorkflow>,
    mut call: Assignment,
    settle: &WorkflowCancellationToken,
) -> Settled {
    if !call.inline {
        return Settled { made: remotely(ctx, call, settle).await, at: None };
    }
    let first = inline(ctx, &call).await;
    // The SDK does not give such an end the same time at every replay, so it is reckoned from what is recorded.
    let took = first.took.unwrap_or(INLINE);
    let at = call.ordered.plus(took);
    let undecided = matches!(first.settlement, Settlement::Unknown { .. } | Settlement::Unserved { .. });
    if !undecided || call.retry.attempts <= 1 {
        return Settled { made: first, at: Some(at) };
    }
    // What could not be done at once is done as any other call: with retries that a person can see and that hold up
    // nothing else of the order.
    let pause = TimerOptions::builder(call.retry.every.to_std())
        .summary(format!("before another attempt of {}", call.summary))
        .cancellation_token(settle.clone())
        .build();
    if settle.is_cancelled() || ctx.timer(pause).await == TimerResult::Cancelled {
        return Settled { made: first, at: None };
    }
    if let Some(within) = call.within {
        let spent = took.saturating_add(call.retry.every).as_millis();
        match within.as_millis().checked_sub(spent) {
            None | Some(0) => return Settled { made: first, at: None },
            Some(left) => call.within = Some(model::Duration::from_millis(left)),
        }
    }
    call.retry.attempts -= 1;
    call.input.earlier = Earlier { attempts: call.input.earlier.attempts + first.attempts, in_doubt: true };
    let mut rest = remotely(ctx, call, settle).await;
    rest.attempts += first.attempts;
    Settled { made: rest, at: None }
}

/// As an activity: any number of attempts, on any worker.
async fn remotely(
    ctx: &WorkflowContext<OrderWorkflow>,
    call: Assignment,
    settle: &WorkflowCancellationToken,
) -> Made {
    let attempts = call.retry.attempts.max(1);
    let attempt = call.input.timeout.to_std() + GRACE;
    let timeouts = match call.within {
        Some(within) => ActivityCloseTimeouts::ScheduleAndStartToClose {
            schedule_to_close: within.to_std(),
            start_to_close: attempt.min(within.to_std()),
        },
        None => ActivityCloseTimeouts::StartToClose(attempt),
    };
    let stop = WorkflowCancellationToken::new();
    let options = ActivityOptions::with_close_timeouts(timeouts)
        .activity_id(call.activity_id.clone())
        .summary(call.summary.clone())
        .maybe_task_queue(call.task_queue)
        .maybe_heartbeat_timeout((attempt > LONG).then_some(HEARTBEAT))
        .retry_policy(retry_policy(&call.retry, attempts))
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .cancellation_token(stop.clone())
        .build();
    let mut answer =
        pin!(ctx.execute_activity(UntypedActivity::new(names::CALL), encode(&call.input), options));
    let early = poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if settle.is_cancelled() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    if let Some(answer) = early.await {
        return made(answer, attempts);
    }
    // Stopped between attempts, an activity does not say how the last one ended. So that is asked first.
    let inquiry = inquire(ctx, &call.activity_id, &call.summary).await;
    stop.cancel();
    stopped(answer.await, &inquiry, attempts)
}

/// Has Temporal begin no further attempt of an activity, and asks what became of those before.
async fn inquire(ctx: &WorkflowContext<OrderWorkflow>, activity_id: &str, summary: &str) -> Inquiry {
    let options = LocalActivityOptions::builder()
        .activity_id(format!("settle {activity_id}"))
        .summary(format!("{summary} · what became of it?"))
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .start_to_close_timeout(INLINE.to_std())
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    let asked = UntypedActivity::new(names::INQUIRE);
    let answer = ctx.execute_local_activity(asked, encode(&activity_id), options).await;
    answer.ok().and_then(|raw| decode(&raw).ok()).unwrap_or_else(|| Inquiry::InDoubt {
        reason: "the call was stopped before another attempt".to_owned(),
    })
}

/// Inside the workflow task: one attempt, no event of its own in the history but its result.
async fn inline(ctx: &WorkflowContext<OrderWorkflow>, call: &Assignment) -> Made {
    let mut input = call.input.clone();
    input.timeout = input.timeout.min(INLINE);
    let options = LocalActivityOptions::builder()
        .activity_id(call.activity_id.clone())
        .summary(call.summary.clone())
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .start_to_close_timeout(input.timeout.to_std() + GRACE)
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    let answer = ctx.execute_local_activity(UntypedActivity::new(names::CALL), encode(&input), options).await;
    made(answer, 1)
}

/// The blueprint's retry in Temporal's words.
fn retry_policy(retry: &Retry, attempts: u32) -> RetryPolicy {
    // Temporal takes an interval of nothing for its default of a second.
    let every = retry.every.to_std().max(Duration::from_millis(1));
    let longest = match (retry.up_to, retry.doubling) {
        (Some(longest), _) => longest.to_std().max(every),
        (None, true) => Duration::from_secs(model::limits::DURATION_DAYS * 86_400),
        (None, false) => every,
    };
    RetryPolicy::builder()
        .initial_interval(every)
        .backoff_coefficient(if retry.doubling { 2.0 } else { 1.0 })
        .maximum_interval(longest)
        .maximum_attempts(attempts)
        .build()
}
