//! Reaching the server.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::{OrderId, QueueName};
use temporalio_client::tonic::IntoRequest as _;
use temporalio_client::{
    Client, ClientOptions, Connection, GrpcCompression, RetryOptions, RpcOptions, UntypedWorkflow,
    WorkflowExecutionInfo, WorkflowHandle, envconfig::LoadClientConfigProfileOptions, grpc::WorkflowService,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::error::{ClientError, ConnectError};
use crate::names;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the server may take for what it can do by itself.
pub(super) const SERVER: Duration = Duration::from_secs(5);

/// How long a worker may take to answer. An order's workflow that was evicted is replayed first.
pub(super) const WORKER: Duration = Duration::from_secs(10);

/// How long to wait before asking again what Temporal turns away: less than it takes an order to go on in another workflow run.
const PAUSE: Duration = Duration::from_millis(50);

/// Where Temporal is, and on which task queue orders run. What is not said here is taken from the environment and the
/// file that Temporal's own tools read (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`,
/// `TEMPORAL_TLS…`, `TEMPORAL_PROFILE`, `TEMPORAL_CONFIG_FILE`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientConfig {
    /// `host:port`.
    pub address: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The task queue; [`names::TASK_QUEUE`] if none is given.
    pub task_queue: Option<String>,
}

impl ClientConfig {
    /// The task queue of orders.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        self.task_queue.as_deref().unwrap_or(names::TASK_QUEUE)
    }

    /// What Temporal calls a queue that systems have to themselves. The orders' queue comes first, so that deployments that
    /// share a namespace don't take each other's calls.
    #[must_use]
    pub fn task_queue_of(&self, queue: &QueueName) -> String {
        format!("{}.{queue}", self.task_queue())
    }
}

/// Connects to Temporal.
///
/// # Errors
/// The configuration can't be used, or the server does not answer within 5 s.
pub async fn connect(config: &ClientConfig) -> Result<Client, ConnectError> {
    let (mut connection, mut options) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())?;
    if let Some(address) = &config.address {
        let scheme = if connection.tls_options.is_some() { "https" } else { "http" };
        let address = if address.contains("://") { address.clone() } else { format!("{scheme}://{address}") };
        connection.target = address.parse().map_err(|_| {
            temporalio_client::envconfig::ConfigError::InvalidConfig(format!(
                "`{address}` is not the address of a server (`host:port`)"
            ))
        })?;
    }
    if let Some(namespace) = &config.namespace {
        options.namespace.clone_from(namespace);
    }
    connection.connect_timeout = Some(CONNECT);
    if connection.target.host_str().is_some_and(is_here) {
        connection.grpc_compression = GrpcCompression::None;
    }
    let client = async {
        let connection = Connection::connect(connection).await?;
        Ok::<_, ConnectError>(Client::new(connection, options)?)
    };
    tokio::time::timeout(CONNECT, client).await.unwrap_or(Err(ConnectError::TimeOut { within: CONNECT }))
}

/// Whether a server runs on this machine: what is sent to it then costs less than to compress it.
fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A client for orders. It connects when it is first needed, so a process starts while Temporal is down. Cheap to clone;
/// clones share the connection.
#[derive(Clone, Debug)]
pub struct OrderClient {
    config: Arc<ClientConfig>,
    client: Arc<OnceCell<Client>>,
}

impl OrderClient {
    /// A client that connects when it is first used.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self { config: Arc::new(config), client: Arc::default() }
    }

    /// A client over a connection that is there already.
    #[must_use]
    pub fn with_client(client: Client, task_queue: &str) -> Self {
        let config = ClientConfig { task_queue: Some(task_queue.to_owned()), ..ClientConfig::default() };
        Self { config: Arc::new(config), client: Arc::new(OnceCell::new_with(Some(client))) }
    }

    /// The task queue of orders.
    #[must_use]
    pub fn task_queue(&self) -> &str {
        self.config.task_queue()
    }

    /// What Temporal calls a queue that systems have to themselves.
    #[must_use]
    pub fn task_queue_of(&self, queue: &QueueName) -> String {
        self.config.task_queue_of(queue)
    }

    /// Answers if Temporal does.
    ///
    /// # Errors
    /// It does not within 5 s.
    pub async fn check_alive(&self) -> Result<(), ClientError> {
        let mut client = self.client().await?;
        limited(SERVER, async {
            let mut request = GetSystemInfoRequest {}.into_request();
            request.set_timeout(SERVER);
            Ok(WorkflowService::get_system_info(&mut client, request).await.map(drop)?)
        })
        .await
    }

    /// The SDK's client, connected.
    pub(super) async fn client(&self) -> Result<Client, ClientError> {
        Ok(self.client.get_or_try_init(|| connect(&self.config)).await?.clone())
    }

    /// The workflow of an order.
    pub(super) async fn handle(
        &self,
        order: OrderId,
    ) -> Result<WorkflowHandle<Client, UntypedWorkflow>, ClientError> {
        Ok(self.client().await?.get_workflow_handle(order.to_string()))
    }

    /// One of the workflow runs of an order.
    pub(super) async fn run(
        &self,
        order: OrderId,
        run: &str,
    ) -> Result<WorkflowHandle<Client, UntypedWorkflow>, ClientError> {
        let client = self.client().await?;
        let info = WorkflowExecutionInfo::builder()
            .namespace(client.options().namespace.clone())
            .workflow_id(order.to_string())
            .run_id(run)
            .build();
        Ok(WorkflowHandle::new(client, info))
    }

    /// Waits for a worker's answer.
    ///
    /// # Errors
    /// The worker says no. None has answered within [`WORKER`], or it is Temporal that is missing.
    pub(super) async fn ask_worker<T, F>(&self, ask: impl Fn() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        self.insist(WORKER, ask).await?.ok_or(ClientError::NoWorker { within: WORKER })
    }

    /// Asks until there is an answer, or none if the time is up. While an order goes on in another workflow run, Temporal turns
    /// away what is asked of it; a moment later it does not. Whatever is asked carries an id or changes nothing, and so may be asked twice.
    ///
    /// # Errors
    /// The answer is no, or Temporal does not answer at all.
    pub(super) async fn insist<T, F>(
        &self,
        limit: Duration,
        ask: impl Fn() -> F,
    ) -> Result<Option<T>, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let deadline = Instant::now() + limit;
        loop {
            match tokio::time::timeout_at(deadline, ask()).await {
                Ok(Ok(answer)) => return Ok(Some(answer)),
                Ok(Err(ClientError::Unreachable { .. })) | Err(_) => {}
                Ok(Err(no)) => return Err(no),
            }
            self.check_alive().await?;
            if Instant::now() + PAUSE >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Waits for the server's answer.
pub(super) async fn limited<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        Err(ClientError::Unreachable { why: format!("it has not answered within {} s", limit.as_secs()) })
    })
}

/// One round trip: whoever waits for an answer decides himself whether to ask again.
pub(super) fn once(limit: Duration) -> RpcOptions {
    RpcOptions::builder().timeout(limit).retry_options(RetryOptions::no_retries()).build()
}
