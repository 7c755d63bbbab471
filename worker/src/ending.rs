//! The news that Temporal took the end of a workflow.
//!
//! A workflow can't know it: its last task is handed back after its last word. But the SDK lets go of a run, and says why,
//! once the server has answered. This costs no request, where a look at the workflow would cost one for every order.

use temporalio_common::protos::coresdk::workflow_activation::remove_from_cache::EvictionReason;
use temporalio_common::protos::coresdk::workflow_activation::workflow_activation_job::Variant;
use temporalio_common::protos::coresdk::workflow_activation::{WorkflowActivation, WorkflowActivationJob};
use temporalio_sdk::interceptors::WorkerInterceptor;

use crate::mirror::MirrorHandle;

/// Tells the mirror which runs have ended.
pub(crate) struct Endings(pub(crate) MirrorHandle);

#[async_trait::async_trait(?Send)]
impl WorkerInterceptor for Endings {
    async fn on_workflow_activation(&self, activation: &WorkflowActivation) -> anyhow::Result<()> {
        if activation.jobs.iter().any(says_that_it_ended) {
            self.0.run_ended(&activation.run_id);
        }
        Ok(())
    }
}

/// Another reason is given if the server did not take the last task.
fn says_that_it_ended(job: &WorkflowActivationJob) -> bool {
    matches!(&job.variant, Some(Variant::RemoveFromCache(removal)) if removal.reason() == EvictionReason::WorkflowExecutionEnding)
}
