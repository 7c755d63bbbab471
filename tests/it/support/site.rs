//! Our services, run for one test: a database and a task queue of its own on the shared servers, a simulator, API and
//! worker.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Output;

use contract::{ClientConfig, OrderClient};
use model::{OrderEvent, OrderId};
use orderwright::local::{Readiness, Service};
use serde_json::Value;
use sqlx::migrate::MigrateDatabase as _;
use sqlx::{PgPool, Postgres};

use super::cli::{Said, orderwright, said};
use super::processes::{Process, eventually};
use super::shared::{database_url, temporal_address};

/// Everything that a test needs. Dropping it ends the services.
pub(crate) struct Site {
    /// Where logs and test files are.
    pub(crate) folder: tempfile::TempDir,
    /// The API's address.
    pub(crate) api: String,
    /// The simulator's address.
    pub(crate) sim: String,
    /// Where a worker by itself answers.
    pub(crate) worker: String,
    /// The services, by name.
    pub(crate) services: BTreeMap<&'static str, Process>,
    backends: Backends,
    /// The environment variables of every service.
    settings: Vec<(&'static str, OsString)>,
    pub(crate) http: reqwest::Client,
}

/// What the services of a site work with.
#[derive(Clone, Debug)]
pub(crate) struct Backends {
    /// The database's URL.
    pub(crate) database: String,
    /// Temporal, as `host:port`.
    pub(crate) temporal: String,
    /// The task queue of the orders.
    pub(crate) task_queue: String,
}

impl Backends {
    /// A new database and a task queue that nobody else uses, on the servers that all tests share.
    pub(crate) async fn shared() -> Self {
        let task_queue = format!("it_{}", uuid::Uuid::now_v7().simple());
        let (server, _) = database_url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let database = format!("{server}/{task_queue}");
        Postgres::create_database(&database).await.unwrap();
        Self { database, temporal: temporal_address(), task_queue }
    }
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
        site.publish();
        site
    }

    /// Starts everything.
    pub(crate) async fn without_blueprints() -> Self {
        Self::on(Backends::shared().await, &[("sim", &["sim"]), ("api", &["serve", "all"])]).await
    }

    /// Starts these services, one of which is called `api` and one `sim`.
    pub(crate) async fn on(backends: Backends, services: &[(&'static str, &[&str])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [sim, api, worker] = free_ports();
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let systems = folder.path().join("systems.toml");
        std::fs::copy(project().join("blueprints/systems.toml"), &systems).unwrap();
        let systems = systems.display().to_string();
        let settings = [
            ("DATABASE_URL", backends.database.clone()),
            ("TEMPORAL_ADDRESS", backends.temporal.clone()),
            ("ORDERWRIGHT_TASK_QUEUE", backends.task_queue.clone()),
            ("ORDERWRIGHT_SIM_ADDR", format!("127.0.0.1:{sim}")),
            ("ORDERWRIGHT_API_ADDR", format!("127.0.0.1:{api}")),
            ("ORDERWRIGHT_WORKER_ADDR", format!("127.0.0.1:{worker}")),
            ("ORDERWRIGHT_SYSTEMS", systems),
            ("ORDERWRIGHT_URL", url(api)),
            ("SIM_URL", url(sim)),
        ];
        let mut site = Self {
            folder,
            api: url(api),
            sim: url(sim),
            worker: url(worker),
            services: BTreeMap::new(),
            backends,
            settings: settings.map(|(name, value)| (name, value.into())).into(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        for (name, command) in services {
            let port = BTreeMap::from([("sim", sim), ("api", api), ("worker", worker)])[name];
            let service = site.service(name, port, command);
            site.services.insert(name, Process::start(service).await);
        }
        site
    }

    /// Starts one more worker, beside those that are there.
    pub(crate) async fn add_worker(&mut self, name: &'static str, arguments: &[&str]) {
        let [port] = free_ports();
        let mut service = self.service(name, port, &[&["serve", "worker"], arguments].concat());
        service.env.push(("ORDERWRIGHT_WORKER_ADDR", format!("127.0.0.1:{port}").into()));
        self.services.insert(name, Process::start(service).await);
    }

    fn service(&self, name: &str, port: u16, arguments: &[&str]) -> Service {
        let readiness = Readiness::Http { port, path: "/healthz" };
        let program = Path::new(env!("CARGO_BIN_EXE_orderwright"));
        let mut service = Service::new(name, program, self.folder.path(), readiness);
        service.args = arguments.iter().map(Into::into).collect();
        service.env.clone_from(&self.settings);
        service
    }

    /// Publishes the example blueprints.
    pub(crate) fn publish(&self) {
        let published = self.run(&["publish", project().join("blueprints").to_str().unwrap()]);
        assert_eq!(published.code, 0, "{published:?}");
    }

    /// Runs a command against the API.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output: Output = orderwright()
            .args(arguments)
            .env("ORDERWRIGHT_URL", &self.api)
            .env("ORDERWRIGHT_ACTOR", "tester")
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

    /// Waits until nothing of a fibre order goes on but the technician's visit, and Postgres has been told of all before.
    pub(crate) async fn until_visit(&self, order: OrderId) {
        eventually(&format!("{order} waits for its technician only"), async || {
            let order = self.order(order).await;
            let tasks = order["tasks"].as_array().unwrap().iter();
            let running: Vec<_> = tasks.filter(|t| t["state"] == "running").map(|t| &t["id"]).collect();
            (running == ["field_work[1]"]).then_some(())
        })
        .await;
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

    /// Temporal, for the orders of this test.
    pub(crate) fn temporal(&self) -> OrderClient {
        OrderClient::new(self.temporal_config())
    }

    fn temporal_config(&self) -> ClientConfig {
        ClientConfig {
            address: Some(self.backends.temporal.clone()),
            namespace: None,
            task_queue: Some(self.backends.task_queue.clone()),
        }
    }

    /// Stops the services, and drops the database, which must be one of [`Backends::shared`].
    pub(crate) async fn close(self) {
        super::histories::keep(&self.temporal_config(), &self.pool()).await;
        for service in self.services.into_values() {
            service.stop().await;
        }
        // Connections of the test itself may still be on their way out.
        Postgres::force_drop_database(&self.backends.database).await.unwrap();
    }

    /// The database.
    pub(crate) fn pool(&self) -> PgPool {
        store::connect(&self.backends.database, 2).unwrap()
    }

    /// Sends an order document, as senders do.
    pub(crate) async fn post_order(&self, document: &str) -> OrderId {
        let request =
            self.http.post(format!("{}/v1/orders", self.api)).header("content-type", "application/json");
        let answer = request.body(document.to_owned()).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["id"].as_str().unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
    }

    /// How many effects the simulator's ledger has, of all orders.
    pub(crate) async fn count_effects(&self) -> u64 {
        let ledger = self.get(&format!("{}/sim/ledger", self.sim)).await;
        ledger["totals"]["effects"].as_u64().unwrap()
    }

    /// How many orders have a state; at most 200 are counted.
    pub(crate) async fn count_orders(&self, state: &str) -> usize {
        let page = self.get(&format!("{}/v1/orders?state={state}&limit=200", self.api)).await;
        page["orders"].as_array().unwrap().len()
    }

    /// The JSON document at an address.
    pub(crate) async fn get(&self, url: &str) -> Value {
        serde_json::from_str(&self.text(url).await).unwrap()
    }

    /// What is answered at an address of the site.
    pub(crate) async fn text(&self, url: &str) -> String {
        self.http.get(url).send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
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
