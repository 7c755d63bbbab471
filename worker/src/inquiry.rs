//! The activity `inquire`: what became of a call that is to make no further attempt.
//!
//! Asked inside the workflow task that is about to stop a call. Temporal says nothing of past attempts when it stops an
//! activity between two of them, and it could begin one between our look and our stop. So the activity is paused first, which
//! lets no attempt begin, and then looked at.

use contract::{CallFailure, Inquiry};
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{IntoRequest as _, Request, Status};
use temporalio_client::{Client, NamespacedClient as _};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_common::protos::temporal::api::failure::v1::{Failure, failure::FailureInfo};
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, PauseActivityRequest, pause_activity_request,
};

/// How long the server may take for each of two answers; the workflow task waits.
const SERVER: std::time::Duration = std::time::Duration::from_millis(1_500);

/// Lets no further attempt of an activity begin, and says what became of those before.
///
/// # Errors
/// The server does not answer in time, or is too old to pause an activity.
pub(crate) async fn inquire(
    mut client: Client,
    execution: WorkflowExecution,
    activity_id: &str,
) -> Result<Inquiry, Status> {
    let namespace = client.namespace();
    let pause = PauseActivityRequest {
        namespace: namespace.clone(),
        execution: Some(execution.clone()),
        identity: client.identity(),
        reason: "the order makes no further attempt".to_owned(),
        activity: Some(pause_activity_request::Activity::Id(activity_id.to_owned())),
        ..PauseActivityRequest::default()
    };
    match WorkflowService::pause_activity(&mut client, within(pause)).await {
        Ok(_) => {}
        // It has ended, or this very workflow task orders it: the look tells.
        Err(status) if status.code() == temporalio_client::tonic::Code::NotFound => {}
        Err(status) => return Err(status),
    }
    let look = DescribeWorkflowExecutionRequest { namespace, execution: Some(execution) };
    let seen = WorkflowService::describe_workflow_execution(&mut client, within(look)).await?.into_inner();
    let activity = seen.pending_activities.into_iter().find(|activity| activity.activity_id == activity_id);
    Ok(judge(activity.as_ref()))
}

fn within<T>(message: T) -> Request<T> {
    let mut request = message.into_request();
    request.set_timeout(SERVER);
    request
}

/// What a pending activity says of its attempts. One that is not pending has not been ordered yet, or has ended, and then its
/// end tells.
fn judge(activity: Option<&PendingActivityInfo>) -> Inquiry {
    let Some(activity) = activity else {
        return Inquiry::Harmless { reason: "it was stopped before it was begun".to_owned() };
    };
    let paused = activity.state() == PendingActivityState::Paused;
    match (&activity.last_failure, paused) {
        (_, false) => Inquiry::Underway,
        (None, true) if activity.attempt <= 1 => {
            Inquiry::Harmless { reason: "it was stopped before it was begun".to_owned() }
        }
        (None, true) => Inquiry::InDoubt { reason: "it was stopped before another attempt".to_owned() },
        (Some(failure), true) => {
            let reason = failure.message.clone();
            // An attempt fails with these types only if all those before it did nothing either.
            match failure_type(failure) {
                CallFailure::Failed | CallFailure::Unserved => Inquiry::Harmless { reason },
                CallFailure::Refused | CallFailure::UnservedInDoubt | CallFailure::Unknown => {
                    Inquiry::InDoubt { reason }
                }
            }
        }
    }
}

fn failure_type(failure: &Failure) -> CallFailure {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => CallFailure::read(Some(&info.r#type)),
        _ => CallFailure::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use temporalio_common::protos::temporal::api::failure::v1::{ApplicationFailureInfo, TimeoutFailureInfo};

    fn pending(state: PendingActivityState, attempt: i32, failure: Option<FailureInfo>) -> Inquiry {
        let last_failure = failure.map(|info| Failure {
            message: "busy".to_owned(),
            failure_info: Some(info),
            ..Failure::default()
        });
        let info = PendingActivityInfo { state: state.into(), attempt, last_failure, ..Default::default() };
        judge(Some(&info))
    }

    fn of_type(name: CallFailure) -> Option<FailureInfo> {
        let info = ApplicationFailureInfo { r#type: name.as_str().to_owned(), ..Default::default() };
        Some(FailureInfo::ApplicationFailureInfo(info))
    }

    #[test]
    fn only_a_call_whose_every_attempt_is_accounted_for_is_harmless() {
        use PendingActivityState::{PauseRequested, Paused};
        let timed_out = Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo::default()));
        for (inquiry, harmless) in [
            (judge(None), true),
            (pending(Paused, 1, None), true),
            (pending(Paused, 2, of_type(CallFailure::Failed)), true),
            (pending(Paused, 2, None), false),
            (pending(Paused, 2, of_type(CallFailure::Unserved)), true),
            (pending(Paused, 2, of_type(CallFailure::UnservedInDoubt)), false),
            (pending(Paused, 3, of_type(CallFailure::Unknown)), false),
            (pending(Paused, 2, timed_out), false),
        ] {
            assert_eq!(matches!(inquiry, Inquiry::Harmless { .. }), harmless, "{inquiry:?}");
        }
        assert_eq!(pending(PauseRequested, 2, of_type(CallFailure::Failed)), Inquiry::Underway);
    }
}
