//! A simulator to try.

use std::path::Path;

use model::{CallOutcome, CallRequest};
use serde_json::{Value, json};
use systems::Systems;
use systems::sim::{self, Options};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::{ORDER, call_of, listen, shown};

/// A simulator that runs, and a client that reaches it.
pub(crate) struct Simulator {
    pub(crate) url: String,
    pub(crate) systems: Systems,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), sim::SimError>>,
}

pub(crate) fn options() -> Options {
    Options { seed: 1, data_dir: None, api_url: None, answers: None }
}

impl Simulator {
    pub(crate) async fn start() -> Self {
        Self::with(options()).await
    }

    /// One that keeps its ledger.
    pub(crate) async fn in_folder(folder: &Path) -> Self {
        Self::with(Options { data_dir: Some(folder.to_owned()), ..options() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let (listener, url) = listen().await;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap() };
        let serving = tokio::spawn(sim::serve(listener, options, shutdown));
        let systems = ["crm", "inventory", "ipam", "network", "workforce", "custom"]
            .map(|name| format!("[systems.{name}]\nurl = \"{url}/{name}\"\n"));
        let systems = Systems::parse("systems.toml", &systems.concat(), |_| None).unwrap();
        Self { url, systems, http: reqwest::Client::new(), stop, serving }
    }

    pub(crate) async fn stop(self) {
        // Connections that are kept open end with their client.
        drop((self.http, self.systems));
        self.stop.send(()).unwrap();
        self.serving.await.unwrap().unwrap();
    }

    /// Makes a call, and shows what became of it.
    pub(crate) async fn call(&self, system: &str, operation: &str, task: &str, arguments: &str) -> String {
        shown(&self.outcome(&call_of(system, operation, task, arguments)).await)
    }

    pub(crate) async fn outcome(&self, call: &CallRequest) -> CallOutcome {
        self.systems.call(call).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn put(&self, path: &str, settings: &Value) -> (u16, Value) {
        let response = self.http.put(format!("{}{path}", self.url)).json(settings).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn set(&self, path: &str, settings: Value) {
        let (status, answer) = self.put(path, &settings).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn delete(&self, path: &str) {
        let response = self.http.delete(format!("{}{path}", self.url)).send().await.unwrap();
        assert_eq!(response.status(), 204);
    }

    /// The effects of the tests' order: task, operation, state and number of calls of each.
    pub(crate) async fn effects(&self) -> Vec<String> {
        let (status, ledger) = self.get(&format!("/sim/ledger?order={ORDER}")).await;
        assert_eq!(status, 200, "{ledger}");
        let text = |effect: &Value, name: &str| effect[name].as_str().unwrap_or("-").to_owned();
        let effects = ledger["effects"].as_array().unwrap();
        let line = |effect: &Value| {
            let [task, system, operation, state] =
                ["task", "system", "operation", "state"].map(|name| text(effect, name));
            format!("{task} {system}.{operation} {state} x{}", effect["calls"])
        };
        effects.iter().map(line).collect()
    }
}

#[tokio::test]
async fn it_says_that_it_is_well() {
    let simulator = Simulator::start().await;
    let answer = reqwest::get(format!("{}/healthz", simulator.url)).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "ok");
    simulator.stop().await;
}

#[tokio::test]
async fn an_operation_that_nobody_described_has_an_effect_and_an_id() {
    let simulator = Simulator::start().await;
    let answer = simulator.call("custom", "frobnicate", "a", r#"{"x": 1}"#).await;
    assert!(answer.starts_with(r#"succeeded {"id":"frobnicate-1-"#), "{answer}");
    assert_eq!(simulator.effects().await, ["a custom.frobnicate held x1"]);
}

#[tokio::test]
async fn a_table_of_ones_own_describes_more_operations() {
    let answers = "[custom.take]\nanswer = { token = \"T-{new}\", who = \"{task} {item} {order}\" }\n\
                   [custom.give]\nundoes = { operation = \"take\", by = \"token\" }\n";
    let simulator = Simulator::with(Options { answers: Some(answers.to_owned()), ..options() }).await;
    let CallOutcome::Succeeded(taken) = simulator.outcome(&call_of("custom", "take", "a[7]", "{}")).await
    else {
        panic!("not taken")
    };
    assert_eq!(taken.field("who").unwrap().as_text(), Some(&*format!("a[7] 7 {ORDER}")));
    simulator.call("custom", "give", "b", &taken.to_string()).await;
    assert_eq!(simulator.effects().await, ["a[7] custom.take released x1", "b custom.give nothing x1"]);
}

#[tokio::test]
async fn a_table_that_is_wrong_is_refused() {
    for (table, expected) in [
        ("[custom.take]\nanswer = \"{\"", "`custom.take`: `{` without `}` in `{`"),
        (
            "[custom.take]\nquery = true\nholds = false",
            "`custom.take`: expected at most one of `query`, `undoes` and `holds = false`",
        ),
        ("[custom.take]\nanswers = 1", "not a table of answers"),
    ] {
        let (listener, _) = listen().await;
        let options = Options { answers: Some(table.to_owned()), ..options() };
        let wrong = sim::serve(listener, options, std::future::pending()).await.unwrap_err();
        assert_eq!(wrong.to_string(), format!("the table of answers can't be used: {expected}"));
    }
}

#[tokio::test]
async fn what_is_not_a_call_is_explained() {
    let simulator = Simulator::start().await;
    let (status, problem) = simulator.get("/sim/nothing").await;
    assert_eq!((status, problem["detail"].as_str()), (404, Some("there is no `/sim/nothing`")));
    let (status, problem) = simulator.get("/bad-name/x").await;
    assert_eq!(
        (status, problem),
        (
            404,
            json!({"type": "about:blank", "title": "Not Found", "status": 404,
                   "detail": "`bad-name` is not a name (letters, digits and `_`, at most 64)"})
        )
    );
    let (status, problem) = simulator.put("/crm/register", &json!([1])).await;
    assert_eq!(status, 400, "{problem}");
    let (status, problem) = simulator.put("/inventory/reserve", &json!({"site": "x"})).await;
    assert_eq!(
        (status, problem["detail"].as_str()),
        (400, Some("the answer can't be made: there is no argument `kind`"))
    );
}

#[tokio::test]
async fn a_person_needs_no_headers() {
    let simulator = Simulator::start().await;
    for _ in 0..2 {
        let (status, _) = simulator.get("/inventory/reserve?kind=ont&site=UTR-7").await;
        assert_eq!(status, 200);
    }
    let (_, ledger) = simulator.get("/sim/ledger?state=held").await;
    assert_eq!(ledger["totals"]["held"], 2);
    assert_eq!(ledger["effects"][1]["result"]["unit"], "ont-2");
    assert_eq!(ledger["effects"][1]["order"], Value::Null);
}
