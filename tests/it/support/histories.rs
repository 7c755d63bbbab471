//! Keeps the histories of orders that scenarios have carried out: whatever the workflow's code becomes, it must understand them.
//!
//! With `ORDERWRIGHT_RECORD_HISTORIES` set to a folder, such as `worker/histories`, each scenario leaves there what Temporal has
//! of each of its orders. See `worker/PATCHES.md`.

use std::path::Path;

use contract::{ClientConfig, connect};
use sqlx::PgPool;
use temporalio_client::{UntypedWorkflow, WorkflowFetchHistoryOptions};
use uuid::Uuid;

/// What the names of those begin with that this version of the program records.
const PREFIX: &str = "v2_scenario";

/// Keeps the histories of all orders, if this is a scenario and somebody wants that.
pub(crate) async fn keep(temporal: &ClientConfig, orders: &PgPool) {
    let thread = std::thread::current();
    let scenario = thread.name().and_then(|test| test.strip_prefix("scenarios::"));
    let (Some(scenario), Ok(folder)) = (scenario, std::env::var("ORDERWRIGHT_RECORD_HISTORIES")) else {
        return;
    };
    let name = scenario.replace("::", "_");
    let client = connect(temporal).await.unwrap();
    let ids = sqlx::query_scalar::<_, Uuid>("select id from orders order by submitted_at, id");
    for (n, order) in ids.fetch_all(orders).await.unwrap().into_iter().enumerate() {
        let handle = client.get_workflow_handle::<UntypedWorkflow>(order.to_string());
        let json = handle.fetch_history(WorkflowFetchHistoryOptions::default()).to_json().await.unwrap();
        std::fs::write(Path::new(&folder).join(format!("{PREFIX}_{name}_{}.json", n + 1)), json).unwrap();
    }
}
