//! Those who act from outside: the technician who reports, the customer who changes their mind.

use model::{Fact, OrderEvent, OrderId, TaskId};
use serde_json::json;

use crate::failure::Failure;
use crate::remote::Api;

/// The signal that the technician sends.
const REPORT: &str = "technician_report";

/// The task that waits for somebody from outside, if this event says that one does.
pub(super) fn waiting_task(event: &OrderEvent) -> Option<&TaskId> {
    if let Fact::TaskStarted { task, waiting_for: Some(_), .. } = &event.fact { Some(task) } else { None }
}

/// The technician reports that the work is done.
pub(super) async fn report(api: &Api, order: OrderId, task: &TaskId) -> Result<(), Failure> {
    let report = json!({
        "id": format!("{order}/{task}"),
        "task": task.to_string(),
        "payload": { "outcome": "done", "ont": format!("ONT-{}", order.uuid().simple()) },
    });
    api.post(&["v1", "orders", &order.to_string(), "signals", REPORT], None, &report).await.map(drop)
}

/// The customer changes their mind.
pub(super) async fn cancel(api: &Api, order: OrderId) -> Result<(), Failure> {
    let body = json!({ "reason": "the customer changed their mind" });
    api.post(&["v1", "orders", &order.to_string(), "cancel"], None, &body).await.map(drop)
}
