//! Starting orders.

use model::OrderId;
use plan::Plan;
use temporalio_client::errors::WorkflowStartError;
use temporalio_client::{
    UntypedWorkflow, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::Priority;

use super::connection::{OrderClient, SERVER, limited, once};
use super::error::ClientError;
use crate::attributes::{customer, first_attributes};
use crate::payload::encode;
use crate::{OrderInput, names};

/// What became of a request to start an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It has been started.
    Now,
    /// It had been started before, and may have ended since.
    Before,
}

impl OrderClient {
    /// Starts an order. Its workflow has the order's id, and is started once, however often this is asked.
    ///
    /// # Errors
    /// Temporal is away or refuses the input; asking again does no harm.
    pub async fn start(&self, input: &OrderInput) -> Result<Started, ClientError> {
        let client = self.client().await?;
        let options = start_options(self.task_queue(), input.order, &input.plan);
        limited(SERVER, async {
            match client.start_workflow(UntypedWorkflow::new(names::WORKFLOW), encode(input), options).await {
                Ok(_) => Ok(Started::Now),
                Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(Started::Before),
                Err(other) => Err(other.into()),
            }
        })
        .await
    }
}

fn start_options(task_queue: &str, order: OrderId, plan: &Plan) -> WorkflowStartOptions {
    WorkflowStartOptions::new(task_queue, order.to_string())
        .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
        .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
        .search_attributes(first_attributes(plan))
        .static_summary(format!("{} for {}", plan.blueprint(), customer(plan)))
        .priority(priority(plan))
        .rpc_options(once(SERVER))
        .build()
}

/// TM Forum's 0 (most urgent) to 4 are Temporal's 1 to 5.
fn priority(plan: &Plan) -> Priority {
    let urgency = plan.order().field("priority").and_then(model::Value::as_int);
    let key = urgency.and_then(|urgency| u32::try_from(urgency + 1).ok()).filter(|key| (1..=5).contains(key));
    Priority::builder().maybe_priority_key(key).build()
}
