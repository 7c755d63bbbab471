//! Steering orders: signals for those who only tell, updates for those who wait for the answer.

use engine::{Handled, OperatorAction, Rejected};
use model::{OrderId, OrderState};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::tonic::Code;
use temporalio_client::{
    UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowExecuteUpdateOptions, WorkflowSignalOptions,
};

use super::connection::{OrderClient, SERVER, WORKER, once};
use super::error::ClientError;
use crate::payload::{decode, encode};
use crate::{
    ActRequest, Amend, AmendRequest, Answer, CancelRequest, DeliverRequest, NoteRequest, OrderEnded, names,
};

impl OrderClient {
    /// Tells an order that somebody wants it cancelled.
    ///
    /// # Errors
    /// Temporal is away, has no such order, or the order has ended.
    pub async fn signal_cancel(&self, order: OrderId, request: &CancelRequest) -> Result<(), ClientError> {
        self.signal(order, names::CANCEL, request.id.as_str(), request).await
    }

    /// Tells an order of an external event.
    ///
    /// # Errors
    /// Temporal is away, has no such order, or the order has ended.
    pub async fn signal_deliver(&self, order: OrderId, request: &DeliverRequest) -> Result<(), ClientError> {
        self.signal(order, names::DELIVER, request.id.as_str(), request).await
    }

    /// Asks an order to be cancelled, and waits for its answer.
    ///
    /// # Errors
    /// The order says no, no worker answers within 10 s, Temporal is away or has no such order.
    pub async fn cancel(&self, order: OrderId, request: &CancelRequest) -> Result<Handled, ClientError> {
        self.update(order, names::CANCEL, request.id.as_str(), request).await
    }

    /// Hands an external event to an order, and waits for its answer.
    ///
    /// # Errors
    /// As [`OrderClient::cancel`].
    pub async fn deliver(&self, order: OrderId, request: &DeliverRequest) -> Result<Handled, ClientError> {
        self.update(order, names::DELIVER, request.id.as_str(), request).await
    }

    /// Does what a person wants done with a task, and waits for the answer.
    ///
    /// # Errors
    /// As [`OrderClient::cancel`].
    pub async fn act(&self, order: OrderId, request: &ActRequest) -> Result<Handled, ClientError> {
        let name = match request.act.action() {
            OperatorAction::Retry => names::RETRY,
            OperatorAction::Complete => names::COMPLETE,
            OperatorAction::Skip => names::SKIP,
            OperatorAction::Rollback => names::ROLLBACK,
            OperatorAction::Undone => names::UNDONE,
            OperatorAction::Accept => names::ACCEPT,
        };
        self.update(order, name, request.id.as_str(), request).await
    }

    /// Tells an order that one which it comes after has ended.
    ///
    /// # Errors
    /// Temporal is away, has no such order, or the order has ended.
    pub async fn signal_order_ended(&self, order: OrderId, ended: OrderEnded) -> Result<(), ClientError> {
        self.signal(order, names::ORDER_ENDED, &format!("ended-{}", ended.order), &ended).await
    }

    /// Has nothing more of an order begun, and waits for its answer.
    ///
    /// # Errors
    /// As [`OrderClient::cancel`].
    pub async fn pause(&self, order: OrderId, request: &NoteRequest) -> Result<Handled, ClientError> {
        self.update(order, names::PAUSE, request.id.as_str(), request).await
    }

    /// Lets a paused order go on, and waits for its answer.
    ///
    /// # Errors
    /// As [`OrderClient::cancel`].
    pub async fn resume(&self, order: OrderId, request: &NoteRequest) -> Result<Handled, ClientError> {
        self.update(order, names::RESUME, request.id.as_str(), request).await
    }

    /// Asks an order to be another one, and waits for its answer.
    ///
    /// # Errors
    /// As [`OrderClient::cancel`].
    pub async fn amend(&self, order: OrderId, request: &AmendRequest) -> Result<Handled, ClientError> {
        // What was not decided may be asked again: under the token of another preview it is another request to Temporal.
        let token = request.token.as_ref().map_or("", |token| token.as_str());
        self.update_as(order, names::AMEND, &format!("{}/{token}", request.id), request).await
    }

    /// Tells an order that somebody wants it amended. A worker makes the plan for it.
    ///
    /// # Errors
    /// Temporal is away, has no such order, or the order has ended.
    pub async fn signal_amend(&self, order: OrderId, request: &Amend) -> Result<(), ClientError> {
        self.signal(order, names::AMEND, request.id.as_str(), request).await
    }

    async fn signal(
        &self,
        order: OrderId,
        name: &str,
        id: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<(), ClientError> {
        let handle = self.handle(order).await?;
        let sent = self.insist(SERVER, || async {
            let options =
                WorkflowSignalOptions::builder().request_id(id.to_owned()).rpc_options(once(SERVER)).build();
            let signal = UntypedSignal::<UntypedWorkflow>::new(name);
            match handle.signal(signal, encode(request), options).await.map_err(ClientError::from) {
                Err(ClientError::NotFound) => Err(self.gone(order).await?),
                sent => sent,
            }
        });
        sent.await?.ok_or_else(|| {
            let why = format!("it has not taken the signal `{name}` within {} s", SERVER.as_secs());
            ClientError::Unreachable { why }
        })
    }

    async fn update(
        &self,
        order: OrderId,
        name: &str,
        id: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<Handled, ClientError> {
        // Temporal answers an update that it knows without asking the order. Under an id that came with another request, only the
        // order can say that it knows the id.
        self.update_as(order, name, &format!("{id}/{}", digest(request)), request).await
    }

    /// The same delivery under another name is another request.
    async fn update_as(
        &self,
        order: OrderId,
        name: &str,
        id: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<Handled, ClientError> {
        let handle = self.handle(order).await?;
        let answered = self.ask_worker(|| async {
            let options = WorkflowExecuteUpdateOptions::builder()
                .update_id(format!("{name}/{id}"))
                .rpc_options(once(WORKER))
                .build();
            let update = UntypedUpdate::<UntypedWorkflow>::new(name);
            match handle.execute_update(update, encode(request), options).await {
                // A workflow task that has failed took the request along.
                Err(WorkflowUpdateError::Rpc(status)) if status.code() == Code::FailedPrecondition => {
                    Err(ClientError::Unreachable { why: status.message().to_owned() })
                }
                Err(WorkflowUpdateError::NotFound(_)) => Err(self.gone(order).await?),
                answered => Ok(answered?),
            }
        });
        let answer: Answer = decode(&answered.await?)?;
        Ok(Result::<Handled, Rejected>::from(answer)?)
    }

    /// Why Temporal takes nothing for an order: it has ended, or was never there.
    async fn gone(&self, order: OrderId) -> Result<ClientError, ClientError> {
        let standing = self.describe(order).await?;
        if standing.open {
            // It was started in between, or goes on in another workflow run.
            return Ok(ClientError::Unreachable {
                why: "the order's workflow run is just beginning".to_owned(),
            });
        }
        Ok(Rejected::Ended { state: standing.state.unwrap_or(OrderState::Failed) }.into())
    }
}

/// What tells one request from another under the same id.
fn digest(request: &impl Serialize) -> String {
    // Serialising our own data to memory fails for no input: every map key is a string.
    let json = serde_json::to_vec(request).unwrap_or_default();
    Sha256::digest(json).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
