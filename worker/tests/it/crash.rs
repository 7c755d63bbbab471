//! A worker that dies in the middle of its work, and another that goes on.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use contract::ClientConfig;
use futures::future::BoxFuture;
use model::{CallOutcome, CallRequest, OrderState, TaskState, Value};
use sqlx::PgPool;
use worker::{Caller, WorkerConfig};

use crate::app::{App, until};
use crate::plans::{call, plan};
use crate::server;
use crate::world::{Behaviour, World};

const TASK_QUEUE: &str = "ORDERWRIGHT_TEST_WORKER_TASK_QUEUE";
const DATABASE: &str = "ORDERWRIGHT_TEST_WORKER_DATABASE";

/// Not a test but a worker process, when the tests below run this program again to have one that they can kill.
#[test]
fn a_worker_of_its_own() {
    let Ok(task_queue) = std::env::var(TASK_QUEUE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let temporal = ClientConfig {
            address: Some(server::address().to_owned()),
            task_queue: Some(task_queue),
            ..ClientConfig::default()
        };
        let pool = store::connect(&std::env::var(DATABASE).unwrap(), 4).unwrap();
        worker::run(
            WorkerConfig::new(temporal),
            Arc::new(Slow),
            Arc::new(World::default()),
            pool,
            std::future::pending(),
        )
        .await
        .unwrap();
    });
}

/// Systems that take their time; `lost` never answers.
struct Slow;

impl Caller for Slow {
    fn call<'a>(&'a self, request: &'a CallRequest) -> BoxFuture<'a, CallOutcome> {
        Box::pin(async move {
            if request.system.as_str() == "lost" {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
            CallOutcome::Succeeded(Value::record::<String>([]))
        })
    }
}

struct Doomed(Child);

impl Doomed {
    fn start(app: &App) -> Self {
        // The server of the test run, with whatever it takes to get in, and the database of this test.
        let server = std::env::var("DATABASE_URL").unwrap();
        let (server, _) = server.rsplit_once('/').unwrap();
        let database = format!("{server}/{}", app.pool.connect_options().get_database().unwrap());
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::a_worker_of_its_own", "--nocapture"])
            .env(TASK_QUEUE, app.client.task_queue())
            .env(DATABASE, database)
            .env("ORDERWRIGHT_TEST_TEMPORAL", server::address())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_worker_goes_on_where_one_was_killed(pool: PgPool) {
    let mut app = App::without_worker(pool).await;
    let doomed = Doomed::start(&app);
    let brief = |name: &str, label: &str| {
        call(name, label).change(|body| body.timeout = model::Duration::from_secs(1))
    };
    let mut orders = Vec::new();
    for _ in 0..20 {
        let steps = ["a.one", "b.two", "c.three", "d.four", "e.five"];
        orders.push(app.order(plan(steps.map(|label| brief(&label[2..], label)).into())).await);
    }
    let some = orders[10];
    app.task_in(some, "two", TaskState::Succeeded).await;
    doomed.kill();

    app.start_worker();
    for order in &orders {
        app.in_state(*order, OrderState::Completed).await;
    }
    for order in orders {
        let record = app.mirrored(order).await;
        assert_eq!(record.len(), 12, "{record:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_worker_that_is_killed_while_orders_go_on_in_other_runs_loses_nothing(pool: PgPool) {
    let mut app = App::without_worker(pool).await;
    let doomed = Doomed::start(&app);
    let steps = || {
        let labels = ["a.one", "b.two", "c.three", "d.four", "e.five", "f.six", "g.seven", "h.eight"];
        plan(
            labels
                .map(|label| {
                    call(&label[2..], label).change(|body| body.timeout = model::Duration::from_secs(1))
                })
                .into(),
        )
    };
    let mut orders = Vec::new();
    for _ in 0..10 {
        // Every second task or so is of another run.
        orders.push(app.paced_order(steps(), 12).await);
    }
    app.task_in(orders[5], "three", TaskState::Succeeded).await;
    doomed.kill();

    app.start_worker();
    for order in orders {
        app.in_state(order, OrderState::Completed).await;
        assert_eq!(app.mirrored(order).await.len(), 18);
        assert!(app.runs_before(order).await > 1);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_that_was_lost_with_its_worker_may_have_been_done(pool: PgPool) {
    let mut app = App::without_worker(pool).await;
    let doomed = Doomed::start(&app);
    let lost = call("call", "lost.call").change(|body| body.timeout = model::Duration::from_secs(1));
    let order = app.order(plan(vec![lost])).await;
    until("the call is out", async || {
        let mut conn = app.pool.acquire().await.unwrap();
        let attempts = store::load_attempts(&mut conn, order).await.unwrap();
        (!attempts.is_empty()).then_some(())
    })
    .await;
    doomed.kill();

    app.world.script("lost.call", vec![Behaviour::Fail("closed"), Behaviour::Fail("closed")]);
    app.start_worker();
    let view = app.in_state(order, OrderState::Held).await;
    assert_eq!(view.blocked.unwrap().reason, "closed; it may or may not have been done");
    assert_eq!(app.world.calls(), ["call#2", "call#3"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_temporal_server_that_is_killed_changes_nothing(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("temporal.db");
    let options = [
        "--db-filename",
        file.to_str().unwrap(),
        "--sqlite-pragma",
        "journal_mode=wal",
        "--sqlite-pragma",
        "synchronous=normal",
    ];
    let port = server::free_port();
    let first = server::Server::start(port, &options);
    let mut app = App::on(&first.address(), pool).await;
    *app.world.pace.lock().unwrap() = Duration::from_millis(40);
    app.start_worker();
    let mut orders = Vec::new();
    for _ in 0..20 {
        let steps = ["a.one", "b.two", "c.three", "d.four", "e.five", "f.six"];
        orders.push(app.order(plan(steps.map(|label| call(&label[2..], label)).into())).await);
    }
    until("some calls are made", async || (app.world.calls().len() > 60).then_some(())).await;
    first.kill();
    let second = server::Server::start(port, &options);

    for order in &orders {
        app.in_state(*order, OrderState::Completed).await;
    }
    assert_eq!(app.world.effects().len(), 6, "every order has these six, each under one key");
    for order in orders {
        assert_eq!(app.mirrored(order).await.len(), 14);
    }
    app.stop_worker().await;
    second.kill();
}
