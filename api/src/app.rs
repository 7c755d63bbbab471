//! What every handler shares, and how it is configured.

use std::sync::Arc;
use std::time::SystemTime;

use contract::OrderClient;
use metrics_exporter_prometheus::PrometheusHandle;
use model::{OrderId, Timestamp};
use sqlx::PgPool;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::blueprints::Libraries;
use crate::error::ApiError;
use crate::gauges::{self, Gauges};
use crate::news::News;
use crate::routing::Routing;
use crate::steering::Helm;

/// How the API is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the calls of a plan are made; it becomes part of every order that is started.
    pub routing: Routing,
    /// Where Temporal's Web UI shows the namespace of the orders, such as
    /// `http://localhost:8233/namespaces/default`; for links.
    pub temporal_ui: Option<String>,
    /// Renders the metrics of this process for `/metrics`; without it there is no such address.
    pub metrics: Option<PrometheusHandle>,
    /// Whether this process also keeps the promises that could not be kept at once, its own and those of
    /// others. At least one process must.
    pub steering: bool,
    /// How much at a time.
    pub limits: Limits,
}

/// How much the API does at a time. Beyond it, callers are told to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; more wait to be accepted.
    pub connections: usize,
    /// Requests under way; more are answered with 503.
    pub requests: usize,
    /// Live event streams; more are answered with 503.
    pub streams: usize,
}

impl Limits {
    /// For one process: as many requests as keep some dozen database connections busy with a queue that is
    /// worked off within a second, and streams of a few kilobytes each.
    pub const STANDARD: Self = Self { connections: 4_096, requests: 512, streams: 1_024 };
}

/// The API's parts, shared by all its requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: Config,
    pool: PgPool,
    client: OrderClient,
    libraries: Libraries,
    news: News,
    helm: Helm,
    gauges: Gauges,
    requests: Semaphore,
    streams: Arc<Semaphore>,
    ending: CancellationToken,
}

impl App {
    /// Puts the API together. Neither Postgres nor Temporal has to be there yet.
    #[must_use]
    pub fn new(config: Config, pool: PgPool, client: OrderClient) -> Self {
        gauges::describe();
        let Limits { connections: _, requests, streams } = config.limits;
        Self(Arc::new(Parts {
            config,
            pool,
            client,
            libraries: Libraries::default(),
            news: News::default(),
            helm: Helm::default(),
            gauges: Gauges::default(),
            requests: Semaphore::new(requests),
            streams: Arc::new(Semaphore::new(streams)),
            ending: CancellationToken::new(),
        }))
    }

    /// A connection to Postgres.
    pub(crate) async fn database(&self) -> Result<PoolConnection<Postgres>, ApiError> {
        let unavailable =
            |cause: sqlx::Error| ApiError::Unavailable { what: "Postgres", cause: Some(cause.into()) };
        self.0.pool.acquire().await.map_err(unavailable)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    pub(crate) fn client(&self) -> &OrderClient {
        &self.0.client
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.config.limits
    }

    pub(crate) fn libraries(&self) -> &Libraries {
        &self.0.libraries
    }

    pub(crate) fn news(&self) -> &News {
        &self.0.news
    }

    pub(crate) fn helm(&self) -> &Helm {
        &self.0.helm
    }

    pub(crate) fn gauges(&self) -> &Gauges {
        &self.0.gauges
    }

    pub(crate) fn requests(&self) -> &Semaphore {
        &self.0.requests
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Cancelled when the process is asked to end.
    pub(crate) fn ending(&self) -> &CancellationToken {
        &self.0.ending
    }

    /// The address of an order's history in Temporal's Web UI.
    pub(crate) fn temporal_link(&self, order: OrderId) -> Option<String> {
        let ui = self.0.config.temporal_ui.as_ref()?;
        Some(format!("{}/workflows/{order}", ui.trim_end_matches('/')))
    }
}

/// The time. The API is the edge of the system: what is further in gets it as an input.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
