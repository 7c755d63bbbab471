//! Those who act from outside: the technician who reports, the customer who confirms or changes their mind.

use model::{Fact, OrderEvent, OrderId, TaskId};
use serde_json::json;

use crate::failure::Failure;
use crate::remote::Api;

/// The task that waits for somebody from outside, if this event says that one does.
pub(super) fn waiting_task(event: &OrderEvent) -> Option<&TaskId> {
    if let Fact::TaskStarted { task, waiting_for: Some(_), .. } = &event.fact { Some(task) } else { None }
}

/// Whoever a task of the sample orders waits for says what it wants to hear.
pub(super) async fn answer(api: &Api, order: OrderId, task: &TaskId) -> Result<(), Failure> {
    let (signal, payload) = match task.name.as_str() {
        "field_work" => {
            let ont = format!("ONT-{}", order.uuid().simple());
            ("technician_report", json!({ "outcome": "done", "ont": ont }))
        }
        "confirmation" => ("customer_confirmed", json!({ "accepted": true })),
        // A blueprint of somebody else's: whoever tries it out knows what to say.
        _ => return Ok(()),
    };
    let body = json!({ "id": format!("{order}/{task}"), "task": task.to_string(), "payload": payload });
    api.post(&["v1", "orders", &order.to_string(), "signals", signal], None, &body).await.map(drop)
}

/// The customer changes their mind.
pub(super) async fn cancel(api: &Api, order: OrderId) -> Result<(), Failure> {
    let body = json!({ "reason": "the customer changed their mind" });
    api.post(&["v1", "orders", &order.to_string(), "cancel"], None, &body).await.map(drop)
}
