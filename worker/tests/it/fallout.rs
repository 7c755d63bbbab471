//! What people do with tasks that need them, on a real Temporal.

use std::collections::BTreeMap;

use contract::{ActRequest, ClientError};
use engine::{Act, Handled, OperatorAction, Rejected, Scope};
use model::{Actor, DeliveryId, Fact, OrderId, OrderState, TaskState, Value};
use plan::ReactionKind;
use sqlx::PgPool;

use crate::app::App;
use crate::plans::{call, plan};
use crate::world::Behaviour::{LoseAnswer, Refuse};

fn request(id: &str, task: &str, act: Act) -> ActRequest {
    ActRequest {
        id: DeliveryId::new(id).unwrap(),
        task: task.to_owned(),
        by: Actor::new("ann"),
        note: "looked at it".to_owned(),
        act,
    }
}

impl App {
    async fn act(&self, order: OrderId, task: &str, act: impl Into<Act>) -> Result<Handled, Rejected> {
        let act = act.into();
        let id = format!("{}-{task}", act.action());
        match self.client.act(order, &request(&id, task, act)).await {
            Ok(handled) => Ok(handled),
            Err(ClientError::Rejected(rejected)) => Err(rejected),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Two calls; the second one is refused.
async fn refused(app: &App) -> OrderId {
    app.world.script("network.activate", vec![Refuse("no such port")]);
    let tasks = vec![call("reserve", "inventory.reserve"), call("activate", "network.activate")];
    let order = app.order(plan(tasks)).await;
    let view = app.in_state(order, OrderState::Held).await;
    let offered =
        [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Skip, OperatorAction::Rollback];
    assert_eq!(view.tasks[1].actions, offered);
    order
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_task_is_tried_again_with_other_arguments(pool: PgPool) {
    let app = App::start(pool).await;
    let order = refused(&app).await;
    let of = |name: &str, value: Value| Act::Retry { arguments: BTreeMap::from([(name.to_owned(), value)]) };
    let odd = app.act(order, "activate", of("on", Value::text("port 7"))).await.unwrap_err();
    let Rejected::Arguments { faults, .. } = &odd else { panic!("{odd:?}") };
    assert_eq!(faults[0].to_string(), "/on: `on` is no argument of the task: known are `of`");
    let again = request("r-1", "activate", of("of", Value::text("port 7")));
    assert_eq!(app.client.act(order, &again).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Completed).await;
    let given = |key: &str| {
        app.world.requests().iter().find(|call| call.key.as_str().ends_with(key)).unwrap().arguments.clone()
    };
    assert_eq!(given("activate/1/forward"), Value::record([("of", Value::text("activate"))]));
    assert_eq!(given("activate/2/forward"), Value::record([("of", Value::text("port 7"))]));
    let record = app.mirrored(order).await;
    let corrected = record.iter().any(|event| match &event.fact {
        Fact::OperatorActed { arguments, .. } => *arguments == Value::record([("of", Value::text("port 7"))]),
        _ => false,
    });
    assert!(corrected, "what was corrected is on the record");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_task_is_completed_by_hand_or_left_out(pool: PgPool) {
    let app = App::start(pool).await;
    let order = refused(&app).await;
    let done = Act::Complete { result: Value::record::<String>([]) };
    assert_eq!(app.act(order, "activate", done).await, Ok(Handled::Applied));
    let view = app.in_state(order, OrderState::Completed).await;
    assert_eq!(view.tasks[1].state, TaskState::Succeeded);
    app.mirrored(order).await;

    let order = refused(&app).await;
    assert_eq!(app.act(order, "activate", OperatorAction::Skip).await, Ok(Handled::Applied));
    let view = app.in_state(order, OrderState::Completed).await;
    assert_eq!(view.tasks[1].state, TaskState::Skipped);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_leaves_out_what_may_have_been_done(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![LoseAnswer, LoseAnswer, LoseAnswer]);
    let order = app.order(plan(vec![call("activate", "network.activate")])).await;
    app.in_state(order, OrderState::Held).await;
    let doubt = app.act(order, "activate", OperatorAction::Skip).await.unwrap_err();
    assert!(matches!(doubt, Rejected::InDoubt { .. }), "{doubt:?}");
    let alone = app.act(order, "activate", Act::Rollback { scope: Some(Scope::Item) }).await.unwrap_err();
    assert!(matches!(alone, Rejected::NotAlone { .. }), "{alone:?}");
    let all = Act::Rollback { scope: Some(Scope::Order) };
    assert_eq!(app.client.act(order, &request("r-2", "activate", all)).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Failed).await;
    assert_eq!(app.world.effects(), ["activate/1/forward", "activate/1/undo"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_undo_that_failed_is_settled_by_hand(pool: PgPool) {
    let app = App::start(pool).await;
    for (action, told) in [(OperatorAction::Undone, false), (OperatorAction::Accept, true)] {
        app.world.script("network.activate", vec![Refuse("no such port")]);
        app.world.script("inventory.un_reserve", vec![Refuse("locked")]);
        let order = app
            .order(plan(vec![
                call("reserve", "inventory.reserve"),
                call("activate", "network.activate").on_failure(ReactionKind::Rollback),
            ]))
            .await;
        let view = app.task_in(order, "reserve", TaskState::UndoFailed).await;
        assert_eq!(
            view.tasks[0].actions,
            [OperatorAction::Retry, OperatorAction::Undone, OperatorAction::Accept]
        );
        let wrong = app.act(order, "activate", action).await.unwrap_err();
        assert!(matches!(wrong, Rejected::NoFailedUndo { .. }), "{wrong:?}");
        assert_eq!(app.act(order, "reserve", action).await, Ok(Handled::Applied));
        app.in_state(order, OrderState::Failed).await;
        let record = app.mirrored(order).await;
        let residue = record.iter().any(|event| matches!(event.fact, Fact::ResidueAccepted { .. }));
        assert_eq!(residue, told);
    }
}
