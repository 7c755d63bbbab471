//! Everything a service can be told, by flag or by environment variable. Each setting is explained in `docs/cli.md`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::anyhow;
use contract::ClientConfig;
use model::{InvalidName, QueueName};
use systems::{Directory, Systems};
use worker::WorkerConfig;

use crate::failure::Failure;
use crate::logging::LogArgs;

/// What API and worker both need.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub(crate) struct SharedSettings {
    /// The Postgres database, as `postgres://user:password@host:port/name`
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: String,

    /// Most connections to Postgres at a time
    #[arg(
        long,
        value_name = "NUMBER",
        env = "ORDERWRIGHT_DATABASE_CONNECTIONS",
        hide_env_values = true,
        default_value_t = 20
    )]
    pub(super) database_connections: u32,

    /// The Temporal server [default: what Temporal's own tools would use, else 127.0.0.1:7233]
    #[arg(long, value_name = "HOST:PORT", env = "TEMPORAL_ADDRESS", hide_env_values = true)]
    temporal_address: Option<String>,

    /// The Temporal namespace [default: what Temporal's own tools would use, else `default`]
    #[arg(long, value_name = "NAME", env = "TEMPORAL_NAMESPACE", hide_env_values = true)]
    temporal_namespace: Option<String>,

    /// The task queue that orders run on
    #[arg(long, value_name = "NAME", env = "ORDERWRIGHT_TASK_QUEUE", hide_env_values = true, default_value = contract::names::TASK_QUEUE)]
    task_queue: String,

    /// How the systems are reached: a TOML file, see docs/systems.md. A worker needs it; the API learns from it which calls are
    /// possible, and which are inline
    #[arg(long, value_name = "FILE", env = "ORDERWRIGHT_SYSTEMS", hide_env_values = true)]
    systems: Option<PathBuf>,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

/// What the API is told.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "API options")]
pub(crate) struct ApiSettings {
    /// Where the API listens
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "ORDERWRIGHT_API_ADDR",
        hide_env_values = true,
        default_value = "127.0.0.1:8080"
    )]
    pub(super) api_listen: String,

    /// Where Temporal's Web UI shows the orders, such as `http://127.0.0.1:8233/namespaces/default`; for links
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_TEMPORAL_UI", hide_env_values = true)]
    pub(super) temporal_ui: Option<String>,

    /// Only answer requests: leave it to other processes to start orders that could not be started at once
    #[arg(long, env = "ORDERWRIGHT_NO_SWEEPER", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(super) no_sweeper: bool,

    /// Most open connections; more wait
    #[arg(long, value_name = "NUMBER", env = "ORDERWRIGHT_API_CONNECTIONS", hide_env_values = true, default_value_t = api::Limits::STANDARD.connections)]
    pub(super) api_connections: usize,

    /// Most requests at a time; more are answered with 503
    #[arg(long, value_name = "NUMBER", env = "ORDERWRIGHT_API_REQUESTS", hide_env_values = true, default_value_t = api::Limits::STANDARD.requests)]
    pub(super) api_requests: usize,

    /// Most live streams at a time; more are answered with 503
    #[arg(long, value_name = "NUMBER", env = "ORDERWRIGHT_API_STREAMS", hide_env_values = true, default_value_t = api::Limits::STANDARD.streams)]
    pub(super) api_streams: usize,
}

/// Which task queues a worker serves.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Worker options")]
pub(crate) struct QueueSettings {
    /// Make the calls of these task queues, separated by commas, and take no orders [default: take orders, and make the calls of
    /// every queue that the file of systems names, but for systems that are reached elsewhere]
    #[arg(
        long,
        value_name = "NAMES",
        env = "ORDERWRIGHT_QUEUES",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    queues: QueueNames,
}

/// Names between commas. None at all is the same as not to be told.
#[derive(Clone, Debug, Default)]
struct QueueNames(BTreeSet<QueueName>);

impl FromStr for QueueNames {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// What the worker is told.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Worker options")]
pub(crate) struct WorkerSettings {
    /// Where the worker answers `GET /healthz` and `GET /metrics`
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "ORDERWRIGHT_WORKER_ADDR",
        hide_env_values = true,
        default_value = "127.0.0.1:8081"
    )]
    pub(super) worker_listen: String,

    /// Where the Temporal SDK shows its own metrics; nowhere if not given
    #[arg(long, value_name = "IP:PORT", env = "ORDERWRIGHT_SDK_METRICS_ADDR", hide_env_values = true)]
    sdk_metrics_listen: Option<SocketAddr>,

    /// What people know the worker by [default: `worker-` and the number of its process]
    #[arg(long, value_name = "NAME", env = "ORDERWRIGHT_WORKER_NAME", hide_env_values = true)]
    worker_name: Option<String>,

    /// Most orders kept in memory, at about 60 kB each; the others are replayed when something happens to them
    #[arg(
        long,
        value_name = "NUMBER",
        env = "ORDERWRIGHT_CACHED_ORDERS",
        hide_env_values = true,
        default_value_t = 1_000
    )]
    cached_orders: usize,

    /// Most calls to systems at a time, of each task queue
    #[arg(
        long,
        value_name = "NUMBER",
        env = "ORDERWRIGHT_CALLS",
        hide_env_values = true,
        default_value_t = 200
    )]
    calls: usize,

    /// Most calls at a time that run inside workflow tasks
    #[arg(
        long,
        value_name = "NUMBER",
        env = "ORDERWRIGHT_INLINE_CALLS",
        hide_env_values = true,
        default_value_t = 100
    )]
    inline_calls: usize,

    /// How long calls may go on when the worker is asked to stop, in seconds; then another worker makes them
    #[arg(
        long,
        value_name = "SECONDS",
        env = "ORDERWRIGHT_SHUTDOWN_GRACE",
        hide_env_values = true,
        default_value_t = 10
    )]
    shutdown_grace: u64,
}

impl SharedSettings {
    /// What can be called, if there is a file that says so. The variables that it names need not be set.
    pub(super) fn directory(&self) -> Result<Option<Directory>, Failure> {
        let Some(file) = &self.systems else { return Ok(None) };
        Directory::load(file).map(Some).map_err(Failure::misuse)
    }

    /// The systems, if there is a file that says how they are reached.
    pub(super) fn systems(&self) -> Result<Option<Systems>, Failure> {
        let Some(file) = &self.systems else { return Ok(None) };
        Systems::load(file, |name| std::env::var(name).ok()).map(Some).map_err(Failure::misuse)
    }

    /// Where Temporal is.
    pub(super) fn temporal(&self) -> ClientConfig {
        ClientConfig {
            address: self.temporal_address.clone(),
            namespace: self.temporal_namespace.clone(),
            task_queue: Some(self.task_queue.clone()),
        }
    }
}

impl QueueSettings {
    /// Whether the worker takes orders, and the queues of systems that it serves, of those that the file names.
    pub(super) fn service(&self, directory: &Directory) -> Result<(bool, BTreeSet<QueueName>), Failure> {
        let possible = directory.queues_served();
        let QueueNames(asked) = &self.queues;
        if asked.is_empty() {
            return Ok((true, possible.into_iter().cloned().collect()));
        }
        match asked.iter().find(|queue| !possible.contains(queue)) {
            None => Ok((false, asked.clone())),
            Some(queue) => Err(unserved(queue, directory)),
        }
    }
}

/// A queue that this worker could serve with nothing but failures.
fn unserved(queue: &QueueName, directory: &Directory) -> Failure {
    if directory.queues().contains(queue) {
        return Failure::misuse(anyhow!("the systems of the task queue `{queue}` are reached elsewhere"))
            .with_help("give them their `url` in this worker's `systems.toml`, and leave out `elsewhere`");
    }
    let failure = Failure::misuse(anyhow!("`{queue}` is the task queue of no system"));
    let known: Vec<_> = directory.queues_served().iter().map(|queue| format!("`{queue}`")).collect();
    if known.is_empty() {
        failure.with_help("a system gets one with `queue = \"…\"` in `systems.toml`")
    } else {
        failure.with_help(format!("`systems.toml` names {}", known.join(", ")))
    }
}

impl ApiSettings {
    pub(super) fn limits(&self) -> api::Limits {
        api::Limits {
            connections: self.api_connections,
            requests: self.api_requests,
            streams: self.api_streams,
        }
    }
}

impl WorkerSettings {
    /// How the worker runs; `service` says whether it takes orders, and which queues of systems it serves.
    pub(super) fn config(
        &self,
        temporal: ClientConfig,
        service: (bool, BTreeSet<QueueName>),
    ) -> WorkerConfig {
        let config = WorkerConfig::new(temporal);
        let (orders, queues) = service;
        WorkerConfig {
            orders,
            queues,
            name: self.worker_name.clone().unwrap_or(config.name),
            cached_orders: self.cached_orders,
            calls: self.calls,
            inline_calls: self.inline_calls,
            shutdown_grace: Duration::from_secs(self.shutdown_grace),
            sdk_metrics: self.sdk_metrics_listen,
            ..config
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [systems.courier]
        url = "http://courier"
        queue = "shipping"
        [systems.post]
        url = "http://post"
        queue = "letters"
        [systems.bus]
        elsewhere = true
        queue = "parcels"
        [systems.crm]
        url = "http://crm"
    "#;

    fn service(queues: &str) -> Result<(bool, Vec<String>), String> {
        let queues = QueueSettings { queues: queues.parse().map_err(|e: InvalidName| e.to_string())? };
        let served = queues.service(&Directory::parse("systems.toml", FILE).unwrap());
        let names = |queues: BTreeSet<QueueName>| queues.into_iter().map(String::from).collect();
        served.map(|(orders, queues)| (orders, names(queues))).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_worker_serves_what_it_can_and_no_orders_if_it_is_told_what_to_serve() {
        assert_eq!(service(""), Ok((true, vec!["letters".to_owned(), "shipping".to_owned()])));
        assert_eq!(service("shipping"), Ok((false, vec!["shipping".to_owned()])));
        assert_eq!(
            service("shipping, letters"),
            Ok((false, vec!["letters".to_owned(), "shipping".to_owned()]))
        );
    }

    #[test]
    fn a_queue_that_can_not_be_served_is_told_with_the_remedy() {
        for (queues, expected) in [
            (
                "shiping",
                "`shiping` is the task queue of no system\n  help: `systems.toml` names `letters`, `shipping`",
            ),
            (
                "shipping,parcels",
                "the systems of the task queue `parcels` are reached elsewhere\n  help: give them their `url` in this worker's \
                 `systems.toml`, and leave out `elsewhere`",
            ),
            (
                "shipping,,letters",
                "`` is not the name of a queue (letters, digits and `. _ -`, beginning with a letter or digit, at most 64)",
            ),
        ] {
            let said = service(queues).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }
}
