//! Answers of the API to be shown in tests.

use serde_json::{Value, json};

use crate::remote::Order;

/// A task, with what is to be different from one of which nothing is known.
pub(super) fn task(id: &str, state: &str, more: &Value) -> Value {
    let task = json!({
        "id": id, "state": state, "reason": null, "waiting_for": null, "until": null, "call": null,
        "undo_call": null, "attempts": 1, "undo_attempts": 0, "max_attempts": null, "last_error": null,
        "next_attempt_at": null, "started_at": null, "ended_at": null,
    });
    with(task, more)
}

/// An order with these tasks, and with what is to be different from one that has just begun.
pub(super) fn order(tasks: &[Value], more: &Value) -> Order {
    let order = json!({
        "id": "00000000-0000-0000-0000-000000000001", "external_id": null,
        "blueprint": {"name": "home_fiber", "version": 3}, "customer": {"id": "C-1", "name": null},
        "author": "ann", "state": "inProgress", "customer_status": null, "blocked": null, "reason": null,
        "submitted_at": "2026-11-21T10:00:00.000Z", "started_at": "2026-11-21T10:00:00.000Z", "ended_at": null,
        "links": {"temporal": null}, "tasks": tasks,
    });
    serde_json::from_value(with(order, more)).unwrap()
}

fn with(mut document: Value, more: &Value) -> Value {
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}
