//! Our services, run for one test: a database and a task queue of its own on the shared servers, a simulator, API and
//! worker.

use std::path::{Path, PathBuf};
use std::process::Output;

use contract::{ClientConfig, OrderClient};
use model::{OrderEvent, OrderId};
use orderwright::local::{Readiness, Running, Service};
use serde_json::Value;
use sqlx::migrate::MigrateDatabase as _;
use sqlx::{PgPool, Postgres};

use super::cli::{Said, orderwright, said};
use super::processes::eventually;
use super::shared::{database_url, temporal_address};

/// Everything that a test needs. Dropping it ends the services; the database is dropped by [`Site::close`].
pub(crate) struct Site {
    /// Where logs and test files are.
    pub(crate) folder: tempfile::TempDir,
    /// The API's address.
    pub(crate) api: String,
    /// The simulator's address.
    pub(crate) sim: String,
    database: String,
    task_queue: String,
    http: reqwest::Client,
    _services: Vec<Running>,
}

/// The project's folder.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A sample order.
pub(crate) fn sample(name: &str) -> PathBuf {
    project().join("blueprints/orders").join(format!("{name}.json"))
}

impl Site {
    /// Starts everything and publishes the example blueprints.
    pub(crate) async fn start() -> Self {
        let site = Self::without_blueprints().await;
        let published = site.run(&["publish", project().join("blueprints").to_str().unwrap()]);
        assert_eq!(published.code, 0, "{published:?}");
        site
    }

    /// Starts everything.
    pub(crate) async fn without_blueprints() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("it_{}", uuid::Uuid::now_v7().simple());
        let database = with_database(&database_url(), &name);
        Postgres::create_database(&database).await.unwrap();
        let [sim_port, api_port, worker_port] = free_ports();
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let settings: Vec<(&'static str, String)> = vec![
            ("DATABASE_URL", database.clone()),
            ("TEMPORAL_ADDRESS", temporal_address()),
            ("ORDERWRIGHT_TASK_QUEUE", name.clone()),
            ("ORDERWRIGHT_SIM_ADDR", format!("127.0.0.1:{sim_port}")),
            ("ORDERWRIGHT_API_ADDR", format!("127.0.0.1:{api_port}")),
            ("ORDERWRIGHT_WORKER_ADDR", format!("127.0.0.1:{worker_port}")),
            ("ORDERWRIGHT_SYSTEMS", project().join("blueprints/systems.toml").display().to_string()),
            ("ORDERWRIGHT_URL", url(api_port)),
            ("SIM_URL", url(sim_port)),
        ];
        let mut services = Vec::new();
        for (name, command, port) in [("sim", vec!["sim"], sim_port), ("all", vec!["serve", "all"], api_port)]
        {
            let program = Path::new(env!("CARGO_BIN_EXE_orderwright"));
            let readiness = Readiness::Http(format!("{}/healthz", url(port)));
            let mut service = Service::new(name, program, folder.path(), readiness);
            service.args = command.into_iter().map(Into::into).collect();
            service.env = settings.iter().map(|(name, value)| (*name, value.into())).collect();
            services.push(service.start().unwrap());
        }
        for service in &mut services {
            service.wait_until_ready().await.unwrap();
        }
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (api, sim) = (url(api_port), url(sim_port));
        Self { folder, api, sim, database, task_queue: name, http, _services: services }
    }

    /// Runs a command against the API.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output: Output = orderwright()
            .args(arguments)
            .env("ORDERWRIGHT_URL", &self.api)
            .env("USER", "tester")
            .output()
            .unwrap();
        said(output)
    }

    /// Submits a sample order.
    pub(crate) fn submit(&self, name: &str) -> OrderId {
        self.submit_file(&sample(name))
    }

    /// Submits an order document.
    pub(crate) fn submit_file(&self, file: &Path) -> OrderId {
        let said = self.run(&["submit", "--json", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{said:?}");
        said.json()["id"].as_str().unwrap().parse().unwrap()
    }

    /// The technician's report for a sample order.
    pub(crate) fn report(&self, order: OrderId) -> Said {
        let payload = r#"{"outcome": "done", "ont": "ONT-1"}"#;
        self.run(&["signal", &order.to_string(), "technician_report", "--payload", payload])
    }

    /// Writes a file for a command.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The order as the API shows it.
    pub(crate) async fn order(&self, order: OrderId) -> Value {
        self.get(&format!("{}/v1/orders/{order}", self.api)).await
    }

    /// Waits until the order has this state.
    pub(crate) async fn until_state(&self, order: OrderId, state: &str) -> Value {
        eventually(&format!("{order} is {state}"), async || {
            let order = self.order(order).await;
            (order["state"] == state).then_some(order)
        })
        .await
    }

    /// Waits until a task has this state.
    pub(crate) async fn until_task(&self, order: OrderId, task: &str, state: &str) -> Value {
        eventually(&format!("{task} of {order} is {state}"), async || {
            let order = self.order(order).await;
            let tasks = order["tasks"].as_array().unwrap();
            tasks.iter().find(|t| t["id"] == task && t["state"] == state).cloned()
        })
        .await
    }

    /// Sets how an operation of the simulator misbehaves.
    pub(crate) async fn upset(&self, operation: &str, how: Value) {
        let answer = self.http.put(format!("{}/sim/{operation}", self.sim)).json(&how).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The effects that an order has had, in their order.
    pub(crate) async fn effects(&self, order: OrderId) -> Vec<Effect> {
        let ledger = self.get(&format!("{}/sim/ledger?order={order}", self.sim)).await;
        ledger["effects"].as_array().unwrap().iter().map(Effect::read).collect()
    }

    /// The order's record as it stands in Postgres.
    pub(crate) async fn record(&self, order: OrderId) -> Vec<OrderEvent> {
        let mut connection = self.pool().acquire().await.unwrap();
        store::load_events(&mut connection, order, None, store::EVENT_PAGE).await.unwrap()
    }

    /// The order's plan as it stands in Postgres.
    pub(crate) async fn plan(&self, order: OrderId) -> plan::Plan {
        let mut connection = self.pool().acquire().await.unwrap();
        store::load_plan(&mut connection, order).await.unwrap().unwrap()
    }

    /// Temporal, for the orders of this test.
    pub(crate) fn temporal(&self) -> OrderClient {
        OrderClient::new(ClientConfig {
            address: Some(temporal_address()),
            namespace: None,
            task_queue: Some(self.task_queue.clone()),
        })
    }

    /// Stops the services and drops the database.
    pub(crate) async fn close(self) {
        let Self { database, _services, .. } = self;
        for service in _services {
            service.stop().await;
        }
        Postgres::drop_database(&database).await.unwrap();
    }

    fn pool(&self) -> PgPool {
        store::connect(&self.database, 2).unwrap()
    }

    async fn get(&self, url: &str) -> Value {
        let text = self.http.get(url).send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// One effect of the simulator's ledger.
#[derive(Debug)]
pub(crate) struct Effect {
    /// The task that it is of.
    pub(crate) task: String,
    /// `system.operation`.
    pub(crate) call: String,
    /// `held`, `released` or `nothing`.
    pub(crate) state: String,
}

impl Effect {
    fn read(effect: &Value) -> Self {
        let text = |name: &str| effect[name].as_str().unwrap_or_default().to_owned();
        Self {
            task: text("task"),
            call: format!("{}.{}", text("system"), text("operation")),
            state: text("state"),
        }
    }
}

/// The calls of effects that are still there.
pub(crate) fn held(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter(|effect| effect.state == "held").map(|effect| effect.call.as_str()).collect()
}

/// Fails if an operation had its effect more than once for one task.
#[track_caller]
pub(crate) fn assert_each_once(effects: &[Effect]) {
    let mut seen = std::collections::BTreeSet::new();
    for effect in effects {
        assert!(
            seen.insert((&effect.task, &effect.call)),
            "{} was done twice for {}",
            effect.call,
            effect.task
        );
    }
}

/// Ports that nothing listens on, all different.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
