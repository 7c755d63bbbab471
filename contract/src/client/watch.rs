//! Looking at orders and workers from outside: nobody but the server is asked.

use std::str::FromStr as _;

use futures::TryStreamExt as _;
use model::{Duration, OrderId, OrderState, QueueName, Timestamp};
use temporalio_client::tonic::IntoRequest as _;
use temporalio_client::{
    WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowListOptions, grpc::WorkflowService,
};
use temporalio_common::protos::temporal::api::enums::v1::{
    TaskQueueType, WorkflowExecutionStatus as ListedStatus,
};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListWorkflowExecutionsRequest,
};

use super::connection::{OrderClient, SERVER, limited, once};
use super::error::ClientError;
use crate::attributes::ORDER_STATE;
use crate::names;

/// An order as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether its workflow runs.
    pub open: bool,
    /// The state its search attribute says.
    pub state: Option<OrderState>,
    /// How many events its history has.
    pub history_length: u64,
    /// Whether a worker has something to do for it now, or is doing it.
    pub busy: bool,
    /// When its workflow ended.
    pub closed_at: Option<Timestamp>,
    /// Whether the workflow came to its own end. If it has ended and not so, somebody ended it from outside.
    pub completed: bool,
}

/// An order in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order: OrderId,
    /// When its workflow run began.
    pub began_at: Timestamp,
    /// Whether it is being carried out.
    pub open: bool,
}

/// Orders that Temporal has, a page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The orders. One that has gone on in another workflow run is listed once.
    pub orders: Vec<ListedOrder>,
    /// What the next page is asked for with; empty if this is the last.
    pub next: Vec<u8>,
}

/// An order whose workflow has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The order.
    pub order: OrderId,
    /// When.
    pub at: Timestamp,
    /// Whether the workflow came to its own end. If not, somebody terminated it from outside.
    pub completed: bool,
}

/// A task queue that systems have to themselves, as the server sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueStanding {
    /// When each worker that the server remembers has last asked for calls. One asks at least once a minute, as long as it can
    /// take another call; the server remembers for some minutes.
    pub asked: Vec<Timestamp>,
    /// How many calls wait for a worker: approximately, and none of those that rest before another attempt.
    pub waiting: u64,
    /// How long the first of them has been waiting, approximately.
    pub oldest: Duration,
}

impl OrderClient {
    /// Looks at one order.
    ///
    /// # Errors
    /// Temporal is away or has no such order.
    pub async fn describe(&self, order: OrderId) -> Result<Standing, ClientError> {
        let handle = self.handle(order).await?;
        let options = WorkflowDescribeOptions::builder().rpc_options(once(SERVER)).build();
        let seen = limited(SERVER, async { Ok(handle.describe(options).await?) }).await?;
        let state = seen.search_attributes().get(&ORDER_STATE);
        Ok(Standing {
            open: seen.status() == WorkflowExecutionStatus::Running,
            state: state.and_then(|state| OrderState::from_str(&state).ok()),
            history_length: u64::try_from(seen.history_length()).unwrap_or(u64::MAX),
            busy: seen.raw().pending_workflow_task.is_some(),
            closed_at: seen.close_time().map(Timestamp::from_system),
            completed: seen.status() == WorkflowExecutionStatus::Completed,
        })
    }

    /// Orders of this task queue whose workflows ended from `from` on and before `to`, in no particular order, and at most
    /// `limit`. The server's index lags behind by a moment: choose `to` some seconds ago.
    ///
    /// # Errors
    /// Temporal is away.
    pub async fn closed_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Closed>, ClientError> {
        let client = self.client().await?;
        let query = format!(
            "{} AND CloseTime >= '{from}' AND CloseTime < '{to}' AND ExecutionStatus != 'ContinuedAsNew'",
            self.ours(),
        );
        let options = WorkflowListOptions::builder().limit(limit).rpc_options(once(SERVER)).build();
        limited(SERVER, async {
            let found = client.list_workflows(query, options).map_ok(|seen| {
                // Somebody may run workflows of the same type under other ids; they are not orders.
                let order = OrderId::from_str(seen.id()).ok()?;
                let at = Timestamp::from_system(seen.close_time()?);
                Some(Closed { order, at, completed: seen.status() == WorkflowExecutionStatus::Completed })
            });
            Ok(found.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
        })
        .await
    }

    /// Every order of this task queue that Temporal has, open or ended, in no particular order, a page of at most `limit` at a
    /// time: the first with an empty `token`, the others with that of the page before. The server's index lags behind by a moment.
    ///
    /// # Errors
    /// Temporal is away, or the token is none of its own.
    pub async fn list(&self, token: Vec<u8>, limit: u16) -> Result<Listed, ClientError> {
        let mut client = self.client().await?;
        let mut request = ListWorkflowExecutionsRequest {
            namespace: client.options().namespace.clone(),
            page_size: i32::from(limit),
            next_page_token: token,
            query: format!("{} AND ExecutionStatus != 'ContinuedAsNew'", self.ours()),
        }
        .into_request();
        request.set_timeout(SERVER);
        limited(SERVER, async {
            let page = WorkflowService::list_workflow_executions(&mut client, request).await?.into_inner();
            let listed = |seen: &WorkflowExecutionInfo| {
                let order = OrderId::from_str(&seen.execution.as_ref()?.workflow_id).ok()?;
                let began = seen.start_time.as_ref()?;
                Some(ListedOrder {
                    order,
                    began_at: Timestamp::from_millis(millis(began.seconds, began.nanos)),
                    open: seen.status() == ListedStatus::Running,
                })
            };
            Ok(Listed {
                orders: page.executions.iter().filter_map(listed).collect(),
                next: page.next_page_token,
            })
        })
        .await
    }

    /// The condition that a workflow is an order of this task queue.
    fn ours(&self) -> String {
        let queue = self.task_queue().replace('\'', "''");
        format!("WorkflowType = '{}' AND TaskQueue = '{queue}'", names::WORKFLOW)
    }

    /// Whether a worker has asked for work on the task queue of orders within the last minutes.
    ///
    /// # Errors
    /// Temporal is away.
    pub async fn workers_alive(&self) -> Result<bool, ClientError> {
        let seen = self.look_at_queue(self.task_queue().to_owned(), TaskQueueType::Workflow).await?;
        Ok(!seen.pollers.is_empty())
    }

    /// Looks at a task queue that systems have to themselves.
    ///
    /// # Errors
    /// Temporal is away.
    pub async fn queue(&self, queue: &QueueName) -> Result<QueueStanding, ClientError> {
        let seen = self.look_at_queue(self.task_queue_of(queue), TaskQueueType::Activity).await?;
        let asked = seen.pollers.iter().filter_map(|poller| poller.last_access_time.as_ref());
        let stats = seen.stats.unwrap_or_default();
        Ok(QueueStanding {
            asked: asked.map(|at| Timestamp::from_millis(millis(at.seconds, at.nanos))).collect(),
            waiting: u64::try_from(stats.approximate_backlog_count).unwrap_or(0),
            oldest: stats.approximate_backlog_age.map_or(Duration::ZERO, |age| {
                Duration::from_millis(u64::try_from(millis(age.seconds, age.nanos)).unwrap_or(0))
            }),
        })
    }

    async fn look_at_queue(
        &self,
        name: String,
        of: TaskQueueType,
    ) -> Result<DescribeTaskQueueResponse, ClientError> {
        let mut client = self.client().await?;
        let mut request = DescribeTaskQueueRequest {
            namespace: client.options().namespace.clone(),
            task_queue: Some(TaskQueue { name, ..TaskQueue::default() }),
            task_queue_type: of.into(),
            report_stats: true,
            ..DescribeTaskQueueRequest::default()
        }
        .into_request();
        request.set_timeout(SERVER);
        limited(SERVER, async {
            Ok(WorkflowService::describe_task_queue(&mut client, request).await?.into_inner())
        })
        .await
    }
}

/// What the server counts in seconds and nanoseconds.
fn millis(seconds: i64, nanos: i32) -> i64 {
    seconds.saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000))
}
