//! Requests that came before: what became of them stands in the order's record.
//!
//! A repetition that Postgres knows is answered from there. The order itself would answer the same, but for two things
//! that it can't say: where the repetition differs from the first, and anything at all once it has ended.

use std::collections::BTreeMap;

use engine::{Act, Rejected};
use model::{DeliveryId, Fact, IdempotencyKey, OrderId, Pointer, TaskId, UnknownFields, Value};
use sqlx::PgConnection;

use crate::app::App;
use crate::error::ApiError;
use crate::orders::differences::differences;
use crate::orders::events::require_order;
use crate::orders::get::wait_for;
use crate::orders::verdict::{Verdict, refused};

/// What is asked of an order, as far as a repetition can differ.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// A cancel.
    Cancel { reason: &'a str, item: Option<&'a str> },
    /// That nothing more is begun.
    Pause { note: &'a str },
    /// That it goes on.
    Resume { note: &'a str },
    /// A signal.
    Signal { name: &'a str, task: Option<&'a TaskId>, payload: &'a Value },
    /// What a person does with a task.
    Act { task: &'a TaskId, note: &'a str, act: &'a Act },
}

/// What was answered to the same request before; none if it is new, as far as Postgres knows. A request whose sender gave
/// no id is always new.
///
/// # Errors
/// There is no such order, the order had said no, or Postgres is away.
pub(crate) async fn answered_before(
    app: &App,
    order: OrderId,
    id: Option<&DeliveryId>,
    asked: Asked<'_>,
) -> Result<Option<Verdict>, ApiError> {
    let mut connection = app.database().await?;
    let told = match id {
        Some(id) => store::load_delivery(&mut connection, order, id).await?,
        None => Vec::new(),
    };
    let (Some(first), Some(last)) = (told.first(), told.last()) else {
        require_order(&mut connection, order).await?;
        return Ok(None);
    };
    if let Fact::CancelRefused { task: Some(task), .. } = &last.fact {
        return Err(refused(Rejected::PointOfNoReturn { task: task.clone() }));
    }
    if let Fact::SignalRefused { id, reason, .. } = &last.fact {
        let reason =
            format!("`{id}` came before and was refused: {reason}; another signal needs an id of its own");
        return Err(refused(Rejected::Signal { reason }));
    }
    if let Fact::CancelRequested { .. } | Fact::ItemCancelRefused { .. } | Fact::AmendmentRefused { .. } =
        &last.fact
    {
        // It is being told just now, or the record does not say all of the answer: the order does.
        return Ok(None);
    }
    let differences = differing(&mut connection, order, &first.fact, asked).await?;
    Ok(Some(Verdict::Duplicate { differences }))
}

/// The order's verdict on a request; where it came before and Postgres was told of that only now, with what is different in it.
///
/// # Errors
/// What came first was another request, or Postgres is away.
pub(crate) async fn told_apart(
    app: &App,
    order: OrderId,
    id: &DeliveryId,
    asked: Asked<'_>,
    verdict: Verdict,
) -> Result<Verdict, ApiError> {
    if !matches!(verdict, Verdict::Duplicate { .. }) {
        return Ok(verdict);
    }
    match wait_for(app, order, id.clone()).await {
        Ok(()) => Ok(answered_before(app, order, Some(id), asked).await?.unwrap_or(verdict)),
        // That it is a repetition is true all the same.
        Err(ApiError::NotShown { .. }) => Ok(verdict),
        Err(error) => Err(error),
    }
}

/// Where a request differs from what came first under its id: pointers into its body.
///
/// # Errors
/// It was another kind of request, or one for another task.
async fn differing(
    connection: &mut PgConnection,
    order: OrderId,
    first: &Fact,
    asked: Asked<'_>,
) -> Result<Vec<Pointer>, ApiError> {
    let root = Pointer::root();
    let text = |taken: &str, sent: &str, name: &str| {
        if taken == sent { Vec::new() } else { vec![root.key(name)] }
    };
    Ok(match (first, asked) {
        // The cancel of the last item that is left is that of the order.
        (Fact::CancelRequested { reason: taken, .. }, Asked::Cancel { reason, item: _ }) => {
            text(taken, reason, "reason")
        }
        // An item that is not kept apart is cancelled by an amendment.
        (Fact::OrderAmended { reason: taken, .. }, Asked::Cancel { reason, item: Some(_) }) => {
            text(taken, reason, "reason")
        }
        (
            Fact::ItemCancelAccepted { item: taken, reason: why, .. },
            Asked::Cancel { reason, item: Some(item) },
        ) => [text(why, reason, "reason"), text(taken.as_str(), item, "item")].concat(),
        (
            Fact::OperatorActed { action, task: at, note: taken, result: said, arguments: given, .. },
            Asked::Act { task, note, act },
        ) if action == act.action().as_str() && at == task => {
            let mut found = text(taken, note, "note");
            match act {
                Act::Complete { result } => {
                    found.extend(in_shape(connection, order, task, said, result, &root.key("result")).await?);
                }
                Act::Retry { arguments } => {
                    let (none, sent) = (Value::Record(BTreeMap::new()), Value::Record(arguments.clone()));
                    let given = if given.is_null() { &none } else { given };
                    found.extend(differences(given, &sent, &root.key("arguments")));
                }
                // How much was rolled back, what followed says.
                Act::Rollback { .. } | Act::Skip | Act::Undone | Act::Accept => {}
            }
            found
        }
        (Fact::OrderPaused { reason: taken, .. }, Asked::Pause { note })
        | (Fact::PauseLifted { note: taken, .. }, Asked::Resume { note }) => text(taken, note, "note"),
        (
            Fact::SignalKept { signal, task: kept_for, payload: taken, .. },
            Asked::Signal { name, task, payload },
        ) if signal.as_str() == name => {
            let mut found = differences(taken, payload, &root.key("payload"));
            if kept_for.as_ref() != task {
                found.push(root.key("task"));
            }
            found
        }
        (
            Fact::SignalReceived { signal, task: taker, payload: taken, .. },
            Asked::Signal { name, task, payload },
        ) if signal.as_str() == name => {
            let at = root.key("payload");
            let mut found = in_shape(connection, order, taker, taken, payload, &at).await?;
            if task.is_some_and(|task| task != taker) {
                found.push(root.key("task"));
            }
            found
        }
        _ => return Err(reused(order, first)),
    })
}

/// The id stands for a request of another kind, or for another task.
fn reused(order: OrderId, first: &Fact) -> ApiError {
    let key = first.delivery().map_or(Ok(None), |id| IdempotencyKey::new(id.as_str()).map(Some));
    match key {
        Ok(Some(key)) => ApiError::KeyReused { key, order, differences: Vec::new() },
        Ok(None) => ApiError::internal("a request was found by an id that it does not have"),
        Err(wrong) => ApiError::internal(wrong),
    }
}

/// Where what came now for a task differs from what it took, which was put into the shape that it asks for.
async fn in_shape(
    connection: &mut PgConnection,
    order: OrderId,
    task: &TaskId,
    taken: &Value,
    sent: &Value,
    at: &Pointer,
) -> Result<Vec<Pointer>, ApiError> {
    let fields = shape(connection, order, task).await?;
    let sent = if sent.is_null() { Value::record::<String>([]) } else { sent.clone() };
    Ok(match fields.conform(sent, at, UnknownFields::Drop) {
        Ok(sent) => differences(taken, &sent, at),
        Err(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
    })
}

/// What a task asks of what comes of it.
async fn shape(
    connection: &mut PgConnection,
    order: OrderId,
    task: &TaskId,
) -> Result<model::Type, ApiError> {
    let plan = store::load_plan(connection, order).await?;
    let definition = plan.as_ref().and_then(|plan| Some(plan.definition(plan.find(task)?)));
    Ok(definition.map_or(model::Type::Any, plan::Definition::result_type))
}

#[cfg(test)]
mod tests {
    use model::{Actor, HoldFor};
    use serde_json::{Value as Json, json};
    use sqlx::PgPool;

    use super::*;
    use crate::testing::{Answer, TestApp, accept, apply, events_to_the_end};

    /// An order to which a good deal has happened, of an API without Temporal: what it answers, it read.
    async fn order(pool: &PgPool) -> (TestApp, OrderId) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(pool, 1, "C-1", "fiber").await;
        let id = |text: &str| text.parse::<DeliveryId>().unwrap();
        let task = |text: &str| text.parse::<TaskId>().unwrap();
        let (by, reason) = (Actor::new("ada"), "no port is free".to_owned());
        let signal = || "report".parse().unwrap();
        let [start, reserve, reserved, visit, ..] = &events_to_the_end()[..] else {
            panic!("an order has events")
        };
        let facts = vec![
            start.clone(),
            reserve.clone(),
            Fact::SignalKept {
                id: id("kept"),
                signal: signal(),
                task: None,
                payload: value(r#"{"done": false, "x": 1}"#),
            },
            Fact::SignalRefused {
                id: id("odd"),
                signal: "report".to_owned(),
                reason: "/done: missing".to_owned(),
            },
            Fact::TaskHeld {
                task: task("reserve[1]"),
                reason: reason.clone(),
                hold_for: HoldFor::Operations,
            },
            Fact::OrderHeld { task: task("reserve[1]"), reason, hold_for: HoldFor::Operations },
            Fact::OperatorActed {
                id: id("act"),
                action: "retry".to_owned(),
                task: task("reserve[1]"),
                by: by.clone(),
                note: "ports added".to_owned(),
                result: Value::Null,
                arguments: value(r#"{"kind": "pon_port"}"#),
            },
            Fact::OrderResumed { state: model::OrderState::InProgress },
            reserve.clone(),
            reserved.clone(),
            visit.clone(),
            Fact::SignalReceived {
                id: id("taken"),
                signal: signal(),
                task: task("field_work[1]"),
                payload: value(r#"{"done": true}"#),
            },
            Fact::OperatorActed {
                id: id("done"),
                action: "complete".to_owned(),
                task: task("field_work[1]"),
                by: by.clone(),
                note: "seen".to_owned(),
                result: value(r#"{"done": true}"#),
                arguments: Value::Null,
            },
            Fact::CancelRequested { id: id("late"), by: by.clone(), reason: "too late".to_owned() },
            Fact::CancelRefused {
                id: id("late"),
                task: Some(task("field_work[1]")),
                reason: "`field_work[1]` has begun".to_owned(),
                state: model::OrderState::InProgress,
            },
            Fact::CancelRequested { id: id("gone"), by, reason: "moved away".to_owned() },
            Fact::CancelAccepted { id: id("gone") },
            Fact::OrderCancelled {},
        ];
        apply(pool, order, facts).await;
        (api, order)
    }

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    async fn post(api: &TestApp, order: OrderId, below: &str, id: &str, body: &Json) -> Answer {
        let request = api.request("POST", &format!("/v1/orders/{order}/{below}"));
        let request = request.header("content-type", "application/json").header("idempotency-key", id);
        Answer::to(request.body(body.to_string())).await
    }

    /// Repeats a request that was taken, and says where it differs.
    async fn differs(api: &TestApp, order: OrderId, below: &str, id: &str, body: &Json) -> Vec<String> {
        let duplicate = post(api, order, below, id, body).await.json(200);
        assert_eq!((&duplicate["id"], &duplicate["result"]), (&id.into(), &"duplicate".into()));
        let places = duplicate["differences"].as_array().unwrap();
        places.iter().map(|place| place.as_str().unwrap().to_owned()).collect()
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_signal_that_was_taken_is_compared_in_the_shape_that_its_task_asks_for(pool: PgPool) {
        let (api, order) = order(&pool).await;
        for (payload, places) in [
            (json!({"done": true}), vec![]),
            (json!({"done": true, "nobody": "asks for this"}), vec![]),
            (json!({"done": false}), vec!["/payload/done"]),
            (json!({"done": "yes"}), vec!["/payload/done"]),
            (json!({}), vec!["/payload/done"]),
        ] {
            let body = json!({"payload": payload});
            assert_eq!(differs(&api, order, "signals/report", "taken", &body).await, places, "{payload}");
        }
        let named = |task: &str| json!({"task": task, "payload": {"done": true}});
        let here = differs(&api, order, "signals/report", "taken", &named("field_work[1]")).await;
        assert_eq!(here, [""; 0]);
        let there = differs(&api, order, "signals/report", "taken", &named("field_work[2]")).await;
        assert_eq!(there, ["/task"]);
        post(&api, order, "signals/door_bell", "taken", &named("field_work[1]"))
            .await
            .problem(422, "key-reused");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_completion_that_was_taken_is_compared_with_what_was_said(pool: PgPool) {
        let (api, order) = order(&pool).await;
        let said = |note: &str, done: bool| json!({"note": note, "result": {"done": done, "more": 1}});
        let at = "tasks/field_work[1]/complete";
        assert_eq!(differs(&api, order, at, "done", &said("seen", true)).await, [""; 0]);
        let other = differs(&api, order, at, "done", &said("not seen", false)).await;
        assert_eq!(other, ["/note", "/result/done"]);
        let retry = json!({"note": "seen"});
        for (at, other) in [("reserve[1]/complete", said("seen", true)), ("field_work[1]/retry", retry)] {
            let at = format!("tasks/{at}");
            let refused = post(&api, order, &at, "done", &other).await.problem(422, "key-reused");
            assert_eq!(
                refused["detail"],
                format!(
                    "the idempotency key `done` was sent before with a different request, for the order {order}"
                )
            );
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_signal_that_was_kept_is_compared_as_it_came(pool: PgPool) {
        let (api, order) = order(&pool).await;
        let same = json!({"payload": {"x": 1, "done": false}});
        assert_eq!(differs(&api, order, "signals/report", "kept", &same).await, [""; 0]);
        let other = json!({"payload": {"x": 2, "done": false}, "task": "field_work[1]"});
        assert_eq!(differs(&api, order, "signals/report", "kept", &other).await, ["/payload/x", "/task"]);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_was_refused_is_refused_again(pool: PgPool) {
        let (api, order) = order(&pool).await;
        let better = json!({"payload": {"done": true}});
        let refused = post(&api, order, "signals/report", "odd", &better).await.problem(409, "refused");
        assert_eq!(refused["code"], "signal");
        assert_eq!(
            refused["detail"],
            "`odd` came before and was refused: /done: missing; another signal needs an id of its own"
        );
        let cancel = json!({"reason": "too late"});
        let refused = post(&api, order, "cancel", "late", &cancel).await.problem(409, "refused");
        assert_eq!(
            (&refused["code"], &refused["task"]),
            (&"point_of_no_return".into(), &"field_work[1]".into())
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_was_done_is_known_also_after_the_end(pool: PgPool) {
        let (api, order) = order(&pool).await;
        let cancel = |reason: &str| json!({"reason": reason});
        assert_eq!(differs(&api, order, "cancel", "gone", &cancel("moved away")).await, [""; 0]);
        assert_eq!(differs(&api, order, "cancel", "gone", &cancel("too dear")).await, ["/reason"]);
        post(&api, order, "cancel", "act", &cancel("moved away")).await.problem(422, "key-reused");
        let retry = |note: &str| json!({"note": note, "arguments": {"kind": "pon_port"}});
        let note = |note: &str| json!({"note": note});
        let at = "tasks/reserve[1]";
        let again = format!("{at}/retry");
        assert_eq!(differs(&api, order, &again, "act", &retry("ports added")).await, [""; 0]);
        assert_eq!(differs(&api, order, &again, "act", &retry("why not")).await, ["/note"]);
        let bare = differs(&api, order, &again, "act", &note("ports added")).await;
        assert_eq!(bare, ["/arguments/kind"]);
        post(&api, order, &format!("{at}/rollback"), "act", &note("ports added"))
            .await
            .problem(422, "key-reused");
        let new = post(&api, order, "cancel", "new", &cancel("moved away")).await;
        assert_eq!(new.problem(409, "refused")["code"], "ended");
    }
}
