//! Everything that Temporal has of an order: what its rows in Postgres are made of when they are made again.
//!
//! What happened, the order's workflow says. What people sent is in its histories, which are read only for that.

use std::collections::BTreeMap;

use model::{Actor, DeliveryId, OrderEvent, OrderId};
use plan::Plan;
use serde::de::DeserializeOwned;
use temporalio_client::NamespacedClient as _;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::{Payloads, WorkflowExecution};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::update;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

use super::connection::{OrderClient, SERVER, limited};
use super::error::ClientError;
use crate::payload::decode;
use crate::{AmendRequest, Deltas, DeltasRequest, OrderInput, Proposal, Replan, Replanned, names};

/// Most events of a history that are read at once: with payloads of up to 2 MB, what a process can hold.
const EVENTS: i32 = 100;

/// What somebody asked an order to become.
#[derive(Clone, Debug)]
pub struct Amended {
    /// Who asked.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// The plan that was made of it.
    pub plan: Plan,
    /// What was written down; none where an older version of this program asked.
    pub proposal: Option<Proposal>,
}

impl OrderClient {
    /// All order events of an order, from number 1 on, whichever of its workflow runs have them.
    ///
    /// # Errors
    /// As [`Reading::next_page`](super::Reading::next_page).
    pub async fn record(&self, order: OrderId) -> Result<Vec<OrderEvent>, ClientError> {
        let mut reading = self.events_from(order, 1);
        let mut record = Vec::new();
        while let Some(page) = reading.next_page().await? {
            record.extend(page);
        }
        Ok(record)
    }

    /// The number of the order event that its workflow will tell next.
    ///
    /// # Errors
    /// No worker answers within 10 s, Temporal is away or has no such order.
    pub async fn next_number(&self, order: OrderId) -> Result<u64, ClientError> {
        let beyond = DeltasRequest { from: u64::MAX };
        let page: Deltas = self.ask(self.handle(order).await?, names::DELTAS, &beyond).await?;
        Ok(page.next)
    }

    /// The input of the first of an order's workflow runs.
    ///
    /// # Errors
    /// Temporal is away, has no such order or has forgotten that run; or the input is none of ours.
    pub async fn first_input(&self, order: OrderId) -> Result<OrderInput, ClientError> {
        let latest = self.begun(order, String::new()).await?;
        let is_first = latest.continued_execution_run_id.is_empty();
        let first = if is_first { latest } else { self.begun(order, latest.first_execution_run_id).await? };
        Ok(decode(&raw(first.input))?)
    }

    /// Every amendment that an order was asked for with a plan, by its delivery. Reads the histories of all of its workflow runs.
    ///
    /// # Errors
    /// Temporal is away, has no such order or has forgotten one of the runs.
    pub async fn amendments(&self, order: OrderId) -> Result<BTreeMap<DeliveryId, Amended>, ClientError> {
        let mut amendments = Amendments::default();
        let mut run = String::new();
        loop {
            let mut before = String::new();
            let mut token = Vec::new();
            loop {
                let (events, next) = self.history(order, &run, EVENTS, token).await?;
                for event in events {
                    match event.attributes {
                        Some(Attributes::WorkflowExecutionStartedEventAttributes(begun)) => {
                            before = begun.continued_execution_run_id;
                        }
                        Some(attributes) => amendments.note(event.event_id, attributes),
                        None => {}
                    }
                }
                if next.is_empty() {
                    break;
                }
                token = next;
            }
            amendments.end_run();
            // Each run names the one before it: they come to an end.
            if before.is_empty() {
                return Ok(amendments.asked);
            }
            run = before;
        }
    }

    async fn begun(&self, order: OrderId, run: String) -> Result<Begun, ClientError> {
        let (events, _) = self.history(order, &run, 1, Vec::new()).await?;
        match events.into_iter().next().and_then(|event| event.attributes) {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(begun)) => Ok(begun),
            _ => Err(ClientError::NotFound),
        }
    }

    async fn history(
        &self,
        order: OrderId,
        run: &str,
        limit: i32,
        token: Vec<u8>,
    ) -> Result<(Vec<HistoryEvent>, Vec<u8>), ClientError> {
        let mut client = self.client().await?;
        let mut request = GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace(),
            execution: Some(WorkflowExecution { workflow_id: order.to_string(), run_id: run.to_owned() }),
            maximum_page_size: limit,
            next_page_token: token,
            ..GetWorkflowExecutionHistoryRequest::default()
        }
        .into_request();
        request.set_timeout(SERVER);
        limited(SERVER, async {
            let read = WorkflowService::get_workflow_execution_history(&mut client, request).await?;
            let read = read.into_inner();
            Ok((read.history.unwrap_or_default().events, read.next_page_token))
        })
        .await
    }
}

type Begun = temporalio_common::protos::temporal::api::history::v1::WorkflowExecutionStartedEventAttributes;

/// What histories say of amendments.
#[derive(Debug, Default)]
struct Amendments {
    asked: BTreeMap<DeliveryId, Amended>,
    /// Those of the run at hand. What was asked last counts.
    of_run: BTreeMap<DeliveryId, Amended>,
    /// Those of the run at hand whose plan a worker was to make, by the number of the event that says so.
    to_be_planned: BTreeMap<i64, Replan>,
}

impl Amendments {
    #[expect(clippy::wildcard_enum_match_arm, reason = "four of Temporal's many events tell of amendments")]
    fn note(&mut self, number: i64, attributes: Attributes) {
        match attributes {
            Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(of) => self.asked(of.accepted_request),
            // What a history was reset over is told again in this way.
            Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(of) => self.asked(of.request),
            Attributes::ActivityTaskScheduledEventAttributes(of) => {
                let is_replan = of.activity_type.as_ref().is_some_and(|kind| kind.name == names::REPLAN);
                if is_replan && let Some(replan) = read(of.input) {
                    self.to_be_planned.insert(number, replan);
                }
            }
            Attributes::ActivityTaskCompletedEventAttributes(of) => {
                let Some(Replan { amend, .. }) = self.to_be_planned.remove(&of.scheduled_event_id) else {
                    return;
                };
                if let Some(Replanned::Planned { plan, proposal, .. }) = read(of.result) {
                    self.keep(amend.id, amend.by, amend.reason, *plan, proposal);
                }
            }
            _ => {}
        }
    }

    fn asked(&mut self, request: Option<update::v1::Request>) {
        let input = request.and_then(|request| request.input).filter(|input| input.name == names::AMEND);
        let asked: Option<AmendRequest> = input.and_then(|input| read(input.args));
        if let Some(AmendRequest { id, plan, by, reason, proposal, .. }) = asked {
            self.keep(id, by, reason, *plan, proposal);
        }
    }

    fn keep(
        &mut self,
        id: DeliveryId,
        by: Actor,
        reason: String,
        plan: Plan,
        proposal: Option<Box<Proposal>>,
    ) {
        let proposal = proposal.map(|proposal| *proposal);
        self.of_run.insert(id, Amended { by, reason, plan, proposal });
    }

    /// The run at hand is read; the one before it comes next, and what that says was said earlier.
    fn end_run(&mut self) {
        for (id, amended) in std::mem::take(&mut self.of_run) {
            self.asked.entry(id).or_insert(amended);
        }
        self.to_be_planned.clear();
    }
}

/// What can't be read was never understood by the order either.
fn read<T: DeserializeOwned>(payloads: Option<Payloads>) -> Option<T> {
    decode(&raw(payloads)).ok()
}

fn raw(payloads: Option<Payloads>) -> RawValue {
    RawValue::new(payloads.unwrap_or_default().payloads)
}
