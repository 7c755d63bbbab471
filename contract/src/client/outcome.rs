//! How orders ended, as their workflows say.

use model::OrderId;
use temporalio_client::NamespacedClient as _;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::HistoryEventFilterType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

use super::connection::{OrderClient, SERVER, limited};
use super::error::ClientError;
use crate::Outcome;
use crate::payload::decode;

impl OrderClient {
    /// How an order's workflow came to its end; none while it goes on, or if it was ended from outside.
    ///
    /// # Errors
    /// Temporal is away, has no such order, or what the workflow said can't be read.
    pub async fn outcome(&self, order: OrderId) -> Result<Option<Outcome>, ClientError> {
        let mut client = self.client().await?;
        let mut request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution { workflow_id: order.to_string(), run_id: String::new() }),
            history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
            ..GetWorkflowExecutionHistoryRequest::default()
        }
        .into_request();
        request.set_timeout(SERVER);
        let read = limited(SERVER, async {
            Ok(WorkflowService::get_workflow_execution_history(&mut client, request).await?.into_inner())
        });
        let last = read.await?.history.unwrap_or_default().events.pop().and_then(|event| event.attributes);
        let Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) = last else {
            return Ok(None);
        };
        let result = completed.result.unwrap_or_default();
        Ok(Some(decode(&RawValue::new(result.payloads))?))
    }
}
