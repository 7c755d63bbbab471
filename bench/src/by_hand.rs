//! What a team would write without Orderwright: one workflow for one product, its seven activities in six waves.
//!
//! It calls the same systems with the same arguments and an idempotency key. It undoes nothing, mirrors nothing and can't be
//! steered: the least that does the work, and so the hardest to keep up with.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use contract::ClientConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use temporalio_client::{Client, WorkflowGetResultOptions, WorkflowStartOptions};
use temporalio_common::{ActivityCloseTimeouts, RetryPolicy};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::workflows::join;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use temporalio_workflow::{ActivityOptions, WorkflowContext, WorkflowContextView, WorkflowResult};

/// Where its workflows run.
const TASK_QUEUE: &str = "by-hand";

/// One order for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) customer: String,
}

/// One call of an activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Call {
    order: String,
    arguments: Value,
}

struct Provisioning {
    http: reqwest::Client,
    systems: String,
}

impl Provisioning {
    async fn post(&self, system: &str, operation: &str, call: Call) -> Result<Value, ActivityError> {
        let url = format!("{}/{system}/{operation}", self.systems);
        let answer = self
            .http
            .post(url)
            .header("Idempotency-Key", format!("{}/{operation}", call.order))
            .header("X-Correlation-Id", &call.order)
            .json(&call.arguments)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(anyhow::Error::from)?;
        Ok(answer.json().await.map_err(anyhow::Error::from)?)
    }
}

#[activities]
impl Provisioning {
    #[activity]
    async fn create_customer(
        self: Arc<Self>,
        _: ActivityContext,
        call: Call,
    ) -> Result<Value, ActivityError> {
        self.post("crm", "register", call).await
    }

    #[activity]
    async fn create_subscriber(
        self: Arc<Self>,
        _: ActivityContext,
        call: Call,
    ) -> Result<Value, ActivityError> {
        self.post("subscribers", "create", call).await
    }

    #[activity]
    async fn create_radius_account(
        self: Arc<Self>,
        _: ActivityContext,
        call: Call,
    ) -> Result<Value, ActivityError> {
        self.post("radius", "create_account", call).await
    }

    #[activity]
    async fn assign_address(self: Arc<Self>, _: ActivityContext, call: Call) -> Result<Value, ActivityError> {
        self.post("ipam", "assign", call).await
    }

    #[activity]
    async fn activate_onu(self: Arc<Self>, _: ActivityContext, call: Call) -> Result<Value, ActivityError> {
        self.post("olt", "activate", call).await
    }

    #[activity]
    async fn configure_cpe(self: Arc<Self>, _: ActivityContext, call: Call) -> Result<Value, ActivityError> {
        self.post("acs", "provision", call).await
    }

    #[activity]
    async fn start_billing(self: Arc<Self>, _: ActivityContext, call: Call) -> Result<Value, ActivityError> {
        self.post("billing", "start", call).await
    }
}

#[workflow]
pub(crate) struct Provision {
    order: Order,
}

#[workflow_methods]
impl Provision {
    #[init]
    fn new(_: &WorkflowContextView, order: Order) -> Self {
        Self { order }
    }

    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let order = ctx.state(|s| s.order.clone());
        let call = |arguments| Call { order: order.id.clone(), arguments };
        let address =
            json!({ "street": "Station Sq 3", "city": "Zeist", "postcode": "3701", "site": "ZST-1" });

        let arguments = json!({ "external_id": order.customer, "name": order.customer, "address": address });
        let customer =
            ctx.execute_activity(Provisioning::create_customer, call(arguments), options(10)).await?;
        let arguments = json!({ "customer_id": field(&customer, "customer_id"), "offering": "INTERNET_300" });
        let subscriber =
            ctx.execute_activity(Provisioning::create_subscriber, call(arguments), options(10)).await?;
        let subscriber = field(&subscriber, "subscriber_id");

        let arguments = json!({ "subscriber_id": subscriber, "profile": "INTERNET_300" });
        let account = ctx.execute_activity(Provisioning::create_radius_account, call(arguments), options(10));
        let arguments = json!({ "subscriber_id": subscriber });
        let address = ctx.execute_activity(Provisioning::assign_address, call(arguments), options(10));
        let (account, address) = join!(account, address);
        let (account, address) = (account?, address?);

        let arguments = json!({
            "olt": "OLT-ZST-1", "port": "0/1/4", "serial": "HWTC12345678",
            "username": field(&account, "username"), "address": field(&address, "address"), "mbps": 300,
        });
        ctx.execute_activity(Provisioning::activate_onu, call(arguments), options(60)).await?;
        let arguments =
            json!({ "serial": "CPE-4711", "model": "AX-3000", "username": field(&account, "username") });
        ctx.execute_activity(Provisioning::configure_cpe, call(arguments), options(30)).await?;
        let arguments = json!({
            "account": field(&customer, "customer_id"), "product": "INTERNET_300", "from": "2026-01-01T00:00:00.000Z",
        });
        let billing = ctx.execute_activity(Provisioning::start_billing, call(arguments), options(10)).await?;
        Ok(billing.to_string())
    }
}

/// A field of an answer; null if the system did not say.
fn field(answer: &Value, name: &str) -> Value {
    answer.get(name).cloned().unwrap_or_default()
}

fn options(seconds: u64) -> ActivityOptions {
    let attempt = Duration::from_secs(seconds);
    ActivityOptions::with_close_timeouts(ActivityCloseTimeouts::StartToClose(attempt))
        .retry_policy(RetryPolicy::builder().maximum_attempts(5).build())
        .build()
}

/// Connects to Temporal.
pub(crate) async fn connect(config: &ClientConfig) -> anyhow::Result<Client> {
    contract::connect(config).await.map_err(|wrong| anyhow::anyhow!("{wrong}"))
}

/// Starts one order and waits for its end.
pub(crate) async fn carry_out(client: &Client, order: Order) -> anyhow::Result<()> {
    let options = WorkflowStartOptions::new(TASK_QUEUE, order.id.clone()).build();
    let handle = client.start_workflow(Provision::run, order, options).await?;
    handle.get_result(WorkflowGetResultOptions::default()).await?;
    Ok(())
}

/// Runs its worker until the process is stopped.
pub(crate) async fn work() -> anyhow::Result<()> {
    let activities = Provisioning {
        http: reqwest::Client::new(),
        systems: std::env::var("SIM_URL").context("SIM_URL must say where the simulated systems are")?,
    };
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default())?;
    let options = WorkerOptions::new(TASK_QUEUE)
        .register_workflow::<Provision>()?
        .register_activities(activities)
        .build();
    let mut worker = Worker::new(&runtime, connect(&ClientConfig::default()).await?, options)?;
    worker.run().await?;
    Ok(())
}
