//! Asking an order's workflow.

use engine::{Assessment, RunView};
use model::OrderId;
use plan::Plan;
use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_client::errors::WorkflowQueryError;
use temporalio_client::tonic::Code;
use temporalio_client::{Client, UntypedQuery, UntypedWorkflow, WorkflowHandle, WorkflowQueryOptions};

use super::connection::{OrderClient, WORKER, once};
use super::error::ClientError;
use crate::payload::{decode, encode};
use crate::{AssessAnswer, AssessRequest, names};

impl OrderClient {
    /// The order as it stands; without the results of tasks where they come to more than 1.5 MB.
    ///
    /// # Errors
    /// No worker answers within 10 s, Temporal is away or has no such order.
    pub async fn state(&self, order: OrderId) -> Result<RunView, ClientError> {
        self.query(order, names::STATE, &()).await
    }

    /// The plan that it carries out.
    ///
    /// # Errors
    /// As [`OrderClient::state`].
    pub async fn plan(&self, order: OrderId) -> Result<Plan, ClientError> {
        self.query(order, names::PLAN, &()).await
    }

    /// What an amendment with this plan would do. Nothing has changed.
    ///
    /// # Errors
    /// The order can't be amended in its state, whatever the plan; or as [`OrderClient::state`].
    pub async fn assess(&self, order: OrderId, plan: &Plan) -> Result<Assessment, ClientError> {
        self.assess_as(order, AssessRequest { plan: plan.clone(), handed_on: false }).await
    }

    /// What it would do that the order which this one is part of hands on an amendment with this plan. Nothing has changed.
    ///
    /// # Errors
    /// As [`OrderClient::assess`].
    pub async fn assess_handed_on(&self, order: OrderId, plan: &Plan) -> Result<Assessment, ClientError> {
        self.assess_as(order, AssessRequest { plan: plan.clone(), handed_on: true }).await
    }

    async fn assess_as(&self, order: OrderId, request: AssessRequest) -> Result<Assessment, ClientError> {
        match self.query(order, names::ASSESS, &request).await? {
            AssessAnswer::Assessed { assessment } => Ok(*assessment),
            AssessAnswer::Rejected { rejected } => Err(rejected.into()),
        }
    }

    async fn query<T: DeserializeOwned>(
        &self,
        order: OrderId,
        name: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.ask(self.handle(order).await?, name, request).await
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        handle: WorkflowHandle<Client, UntypedWorkflow>,
        name: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        let raw = self.ask_worker(|| async {
            let options = WorkflowQueryOptions::builder().rpc_options(once(WORKER)).build();
            let query = UntypedQuery::<UntypedWorkflow>::new(name);
            match handle.query(query, encode(request), options).await {
                // The server says so at once if nobody has asked it for work for a while.
                Err(WorkflowQueryError::Rpc(status)) if status.code() == Code::FailedPrecondition => {
                    Err(ClientError::NoWorker { within: WORKER })
                }
                answer => Ok(answer?),
            }
        });
        Ok(decode(&raw.await?)?)
    }
}
