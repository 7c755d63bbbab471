//! Those who act from outside: the technician who reports, the shop and the bank that answer, the engineer who moves a
//! fibre, the customer who confirms or changes their mind.

use model::{Fact, OrderEvent, OrderId, TaskId};
use serde_json::{Value, json};

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
        "customer_acceptance" => ("customer_accepted", json!({ "accepted": true })),
        "shop_confirms" => ("shop_confirmed", json!({ "accepted": true })),
        "customer_pays" => {
            let authorisation = format!("AUTH-{}", order.uuid().simple());
            ("payment_answered", json!({ "outcome": "authorised", "authorisation": authorisation }))
        }
        "move_fibre" => return complete(api, order, task, &json!({ "moved": true })).await,
        // Time, a system or another order; or a blueprint of somebody else's, who knows what to say.
        _ => return Ok(()),
    };
    let body = json!({ "id": format!("{order}/{task}"), "task": task.to_string(), "payload": payload });
    api.post(&["v1", "orders", &order.to_string(), "signals", signal], None, &body).await.map(drop)
}

/// Somebody has done what a task asks of people.
async fn complete(api: &Api, order: OrderId, task: &TaskId, result: &Value) -> Result<(), Failure> {
    let body = json!({ "result": result, "note": "done" });
    let path = ["v1", "orders", &order.to_string(), "tasks", &task.to_string(), "complete"];
    api.post(&path, None, &body).await.map(drop)
}

/// The customer changes their mind.
pub(super) async fn cancel(api: &Api, order: OrderId) -> Result<(), Failure> {
    let body = json!({ "reason": "the customer changed their mind" });
    api.post(&["v1", "orders", &order.to_string(), "cancel"], None, &body).await.map(drop)
}
