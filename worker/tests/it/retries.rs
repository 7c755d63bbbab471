//! What attempts say about what was done.

use model::{Direction, Duration, OrderState, TaskState};
use plan::ReactionKind;
use sqlx::PgPool;
use store::AttemptOutcome;

use crate::app::{App, until};
use crate::plans::{call, plan};
use crate::world::Behaviour::{Do, Fail, LoseAnswer, Refuse};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn attempts_are_made_under_one_key_until_one_succeeds(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Fail("busy"), Fail("busy"), Do]);
    let order = app.order(plan(vec![call("one", "a.one")])).await;
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(app.world.calls(), ["one#1", "one#2", "one#3"]);
    assert_eq!(app.world.effects(), ["one/1/forward"]);
    let attempts = until("the attempts are recorded", async || {
        let mut conn = app.pool.acquire().await.unwrap();
        let attempts = store::load_attempts(&mut conn, order).await.unwrap();
        (attempts.len() == 3 && attempts.iter().all(|a| a.end.is_some())).then_some(attempts)
    })
    .await;
    let ends: Vec<_> = attempts.iter().map(|a| (a.attempt, a.end.clone().unwrap().outcome)).collect();
    assert_eq!(
        ends,
        [(1, AttemptOutcome::Failed), (2, AttemptOutcome::Failed), (3, AttemptOutcome::Succeeded)]
    );
    assert!(
        attempts
            .iter()
            .all(|a| a.direction == Direction::Forward && a.started_at <= a.end.clone().unwrap().at)
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn attempts_that_all_failed_for_certain_have_done_nothing(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Fail("busy"), Fail("busy"), Fail("closed")]);
    let order = app.order(plan(vec![call("one", "a.one")])).await;
    let view = app.in_state(order, OrderState::Held).await;
    assert_eq!(view.blocked.unwrap().reason, "closed");
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_failure_after_a_lost_answer_is_not_certain(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Fail("busy"), LoseAnswer, Fail("closed")]);
    let order = app.order(plan(vec![call("one", "a.one")])).await;
    let view = app.in_state(order, OrderState::Held).await;
    assert_eq!(view.blocked.unwrap().reason, "closed; it may or may not have been done");
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_done_though_its_answer_was_lost_is_undone(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("b.two", vec![LoseAnswer, Fail("closed"), Fail("closed")]);
    let order = app
        .order(plan(vec![call("one", "a.one"), call("two", "b.two").on_failure(ReactionKind::Rollback)]))
        .await;
    let view = app.in_state(order, OrderState::Failed).await;
    assert!(view.tasks.iter().all(|task| task.state == TaskState::Undone), "{view:?}");
    let effects = ["one/1/forward", "one/1/undo", "two/1/forward", "two/1/undo"];
    assert_eq!(app.world.effects(), effects, "each once");
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refusal_is_not_tried_again(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Refuse("no")]);
    let order = app.order(plan(vec![call("one", "a.one")])).await;
    app.in_state(order, OrderState::Held).await;
    assert_eq!(app.world.calls(), ["one#1"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_time_for_all_attempts_ends_them(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Fail("busy")]);
    let brief = call("one", "a.one").change(|body| {
        body.within = Some(Duration::from_secs(1));
        body.retry.every = Duration::from_secs(3_600);
    });
    let order = app.order(plan(vec![brief])).await;
    let view = app.in_state(order, OrderState::Held).await;
    assert_eq!(view.blocked.unwrap().reason, "busy");
    assert_eq!(app.world.calls(), ["one#1"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_fallback_and_an_undo_count_their_own_attempts(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Fail("busy"), Refuse("no")]);
    app.world.script("c.three", vec![Refuse("no")]);
    app.world.script("a.un_one", vec![Fail("busy")]);
    let with_fallback = call("one", "a.one").change(|body| {
        let mut other = body.call.clone();
        other.operation = "other".parse().unwrap();
        body.fallbacks.push(other);
        body.retry.every = Duration::from_millis(1);
    });
    let order = app
        .order(plan(vec![with_fallback, call("three", "c.three").on_failure(ReactionKind::Rollback)]))
        .await;
    app.in_state(order, OrderState::Failed).await;
    assert_eq!(app.world.calls(), ["one#1", "one#2", "other#3", "three#1", "un_one#1", "un_one#2"]);
    app.mirrored(order).await;
}
