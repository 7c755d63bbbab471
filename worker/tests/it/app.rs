//! A worker with everything around it, and orders for it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{ClientConfig, OrderClient, OrderInput, Pace, Routes, Started};
use engine::RunView;
use futures::StreamExt as _;
use model::{
    Action, Actor, Customer, Item, Order, OrderEvent, OrderId, OrderRequest, OrderState, QueueName,
    TaskState, Timestamp, Value,
};
use plan::Plan;
use sqlx::PgPool;
use store::{NewOrder, accept_order};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;
use worker::{WorkerConfig, WorkerError};

use crate::server;
use crate::world::World;

/// A worker on a task queue of its own.
pub(crate) struct App {
    pub(crate) world: Arc<World>,
    pub(crate) client: OrderClient,
    pub(crate) pool: PgPool,
    pub(crate) config: WorkerConfig,
    worker: Option<Running>,
}

/// A worker, and what ends it when it is dropped.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    end: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    fn start(config: WorkerConfig, world: Arc<World>, pool: &PgPool) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        Self { stop, end: tokio::spawn(worker::run(config, world.clone(), world, pool.clone(), shutdown)) }
    }

    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.end.await.unwrap().unwrap();
    }
}

impl App {
    /// Starts a worker.
    pub(crate) async fn start(pool: PgPool) -> Self {
        let mut app = Self::without_worker(pool).await;
        app.start_worker();
        app
    }

    /// Everything but a worker.
    pub(crate) async fn without_worker(pool: PgPool) -> Self {
        Self::on(server::address(), pool).await
    }

    /// Everything but a worker, on another server than everyone's.
    pub(crate) async fn on(server: &str, pool: PgPool) -> Self {
        let temporal = ClientConfig {
            address: Some(server.to_owned()),
            namespace: None,
            task_queue: Some(format!("test-{}", Uuid::now_v7())),
        };
        let client = OrderClient::new(temporal.clone());
        until("Temporal answers", async || client.register_search_attributes().await.is_ok().then_some(()))
            .await;
        let mut config = WorkerConfig::new(temporal);
        config.shutdown_grace = Duration::from_secs(2);
        Self { world: World::new(), client, pool, config, worker: None }
    }

    pub(crate) fn start_worker(&mut self) {
        self.worker = Some(Running::start(self.config.clone(), self.world.clone(), &self.pool));
    }

    /// Starts a worker beside that of everyone, which makes the calls of one queue in a world of its own.
    pub(crate) fn serve_queue(&self, queue: &QueueName, world: &Arc<World>) -> Running {
        let config = WorkerConfig { orders: false, queues: [queue.clone()].into(), ..self.config.clone() };
        Running::start(config, world.clone(), &self.pool)
    }

    /// Stops the worker in good order.
    pub(crate) async fn stop_worker(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.stop().await;
        }
    }

    /// Has an order accepted and started.
    pub(crate) async fn order(&self, plan: Plan) -> OrderId {
        self.routed_order(plan, Routes::default()).await
    }

    pub(crate) async fn routed_order(&self, plan: Plan, routes: Routes) -> OrderId {
        let id = OrderId::new(Uuid::now_v7());
        self.begin(OrderInput::new(id, plan, routes)).await
    }

    /// Has an order accepted and started that goes on in another workflow run whenever its history has so many events.
    pub(crate) async fn paced_order(&self, plan: Plan, events: u32) -> OrderId {
        let id = OrderId::new(Uuid::now_v7());
        let pace = Some(Pace { events, ask_every: model::Duration::from_millis(500) });
        self.begin(OrderInput { pace, ..OrderInput::new(id, plan, Routes::default()) }).await
    }

    /// Has an order accepted and started that comes after others.
    pub(crate) async fn following_order(&self, plan: Plan, after: Vec<OrderId>) -> OrderId {
        let id = OrderId::new(Uuid::now_v7());
        self.begin(OrderInput { after, ..OrderInput::new(id, plan, Routes::default()) }).await
    }

    async fn begin(&self, input: OrderInput) -> OrderId {
        accept(&self.pool, input.order, &input.plan).await;
        assert_eq!(self.client.start(&input).await.unwrap(), Started::Now);
        input.order
    }

    /// How many workflow runs an order has had before the latest.
    pub(crate) async fn runs_before(&self, order: OrderId) -> usize {
        let sdk = contract::connect(&self.config.temporal).await.unwrap();
        let query = format!("WorkflowId = '{order}' AND ExecutionStatus = 'ContinuedAsNew'");
        sdk.list_workflows(query, temporalio_client::WorkflowListOptions::default()).count().await
    }

    /// The order, once it is in this state.
    pub(crate) async fn in_state(&self, order: OrderId, state: OrderState) -> RunView {
        self.when(order, &format!("the order is {state}"), |view| view.state == state).await
    }

    /// The order, once a task is in this state.
    pub(crate) async fn task_in(&self, order: OrderId, task: &str, state: TaskState) -> RunView {
        let found = |view: &RunView| view.tasks.iter().any(|t| t.id.to_string() == task && t.state == state);
        self.when(order, &format!("`{task}` is {state}"), found).await
    }

    pub(crate) async fn when(&self, order: OrderId, what: &str, is: impl Fn(&RunView) -> bool) -> RunView {
        until(what, async || self.client.state(order).await.ok().filter(|view| is(view))).await
    }

    /// Everything the workflow knows to have happened.
    pub(crate) async fn record(&self, order: OrderId) -> Vec<OrderEvent> {
        let mut reading = self.client.events_from(order, 1);
        let mut record = Vec::new();
        let mut late = 0;
        loop {
            match reading.next_page().await {
                Ok(Some(page)) => record.extend(page),
                Ok(None) => return record,
                // On a busy machine, the replay of a run that has ended may take longer than an answer may.
                Err(error) => {
                    late += 1;
                    assert!(late < 10, "{error}");
                }
            }
        }
    }

    /// Waits until Postgres has the whole record of an order, and sees that it is the workflow's, event for event.
    pub(crate) async fn mirrored(&self, order: OrderId) -> Vec<OrderEvent> {
        let record = self.record(order).await;
        let stored = until("Postgres has the whole record", async || {
            let mut conn = self.pool.acquire().await.unwrap();
            let mut stored: Vec<OrderEvent> = Vec::new();
            while stored.len() < record.len() {
                let after = stored.last().map_or(0, |last| last.number);
                let page = store::load_events(&mut conn, order, Some(after), 1_000).await.unwrap();
                if page.is_empty() {
                    return None;
                }
                stored.extend(page);
            }
            Some(stored)
        })
        .await;
        let other = stored.iter().zip(&record).find(|(stored, told)| stored != told);
        assert_eq!(other, None, "Postgres has another record of order {order} than its workflow");
        assert_eq!(stored.len(), record.len());
        record
    }
}

/// Writes an order down as the API does.
pub(crate) async fn accept(pool: &PgPool, id: OrderId, plan: &Plan) {
    let item = |id: model::ItemId| Item {
        id,
        offering: "TEST".to_owned(),
        action: Action::Add,
        quantity: 1,
        product: Value::Null,
        attributes: Value::Null,
    };
    let items = match plan.items() {
        [] => vec![item("1".parse().unwrap())],
        items => items.iter().map(|one| item(one.id.clone())).collect(),
    };
    let request = OrderRequest {
        external_id: None,
        blueprint: None,
        version: None,
        category: None,
        customer: Customer { id: "C-1".to_owned(), name: None },
        priority: 4,
        requested_start: None,
        requested_completion: None,
        after_order: Vec::new(),
        notes: vec![],
        attributes: Value::Null,
        items,
    };
    let order = Order { id, submitted_at: now(), request };
    let new = NewOrder { order: &order, author: &Actor::new("test"), plan, key: None };
    accept_order(&mut pool.acquire().await.unwrap(), &new).await.unwrap();
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(std::time::SystemTime::now())
}

/// Waits for a condition, for as long as a busy machine may need.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    within(model::Duration::from_secs(60), what, look).await
}

/// Waits for a condition that takes longer.
pub(crate) async fn within<T, F: Future<Output = Option<T>>>(
    limit: model::Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + limit.to_std();
    // Every 20 ms of a minute; what takes longer is looked at less often.
    let pause = limit.to_std() / 3_000;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited for {limit}: {what}");
        tokio::time::sleep(pause).await;
    }
}
