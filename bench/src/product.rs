//! Orders through everything: API, sweeper, workflow, calls, mirror.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, stream};
use model::{Fact, OrderId};
use serde_json::{Value, json};
use sqlx::PgPool;
use store::{EVENT_PAGE, EventCursor, Listener};
use tokio::sync::Notify;

/// How long to wait for news of the mirror before looking without any.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the mirror may say nothing before the measurement is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// Publishes the example blueprints.
pub(crate) async fn publish(
    http: &reqwest::Client,
    api: &str,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "blueprint") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(&path)?);
        }
    }
    let answer = http.post(format!("{api}/v1/blueprints")).json(&json!({ "files": files })).send().await?;
    if !answer.status().is_success() {
        bail!("the blueprints can't be published: {}", answer.text().await?);
    }
    Ok(())
}

/// What has ended, as the mirror tells.
pub(crate) struct Ends {
    pool: PgPool,
    cursor: EventCursor,
    ended: BTreeSet<OrderId>,
    /// Told of every commit; looking without news would cost the machine that is measured.
    news: Arc<Notify>,
}

impl Ends {
    pub(crate) async fn new(pool: PgPool) -> anyhow::Result<Self> {
        let news = Arc::new(Notify::new());
        let mut listener = Listener::connect(&pool).await?;
        let told = news.clone();
        tokio::spawn(async move {
            while listener.next().await.is_ok() {
                told.notify_one();
            }
        });
        Ok(Self { pool, cursor: EventCursor::default(), ended: BTreeSet::new(), news })
    }

    /// Takes in what the mirror has told since the last look.
    async fn look(&mut self) -> anyhow::Result<usize> {
        let mut conn = self.pool.acquire().await?;
        let mut new = 0;
        loop {
            let page = store::tail_events(&mut conn, self.cursor, EVENT_PAGE).await?;
            let full = page.len() == EVENT_PAGE as usize;
            for told in page {
                self.cursor = told.cursor;
                if matches!(told.event.fact, Fact::OrderCompleted {}) {
                    new += usize::from(self.ended.insert(told.order));
                } else if told.event.fact.order_state().is_some_and(model::OrderState::is_final) {
                    bail!("order {} ended otherwise: {:?}", told.order, told.event.fact);
                }
            }
            if !full {
                return Ok(new);
            }
        }
    }
}

/// Has so many orders carried out, so many at a time. Answers how long each took, from its submission to its end in Postgres.
pub(crate) async fn carry_out(
    http: &reqwest::Client,
    api: &str,
    ends: &mut Ends,
    order: &Value,
    orders: usize,
    in_flight: usize,
) -> anyhow::Result<Vec<Duration>> {
    ends.look().await?;
    let mut begun: BTreeMap<OrderId, Instant> = BTreeMap::new();
    let mut latencies = Vec::new();
    let mut submitted = 0;
    let mut news = Instant::now();
    while latencies.len() < orders {
        let due = in_flight.saturating_sub(submitted - latencies.len()).min(orders - submitted);
        let accepted: Vec<_> = stream::iter(0..due)
            .map(|_| submit(http, api, order))
            .buffer_unordered(in_flight)
            .collect()
            .await;
        submitted += accepted.len();
        for order in accepted {
            let (id, at) = order?;
            begun.insert(id, at);
        }
        if due == 0 {
            let _ = tokio::time::timeout(PATIENCE, ends.news.notified()).await;
        }
        if ends.look().await? > 0 {
            news = Instant::now();
            let ended = &ends.ended;
            let over: Vec<OrderId> = begun.keys().filter(|id| ended.contains(id)).copied().collect();
            latencies.extend(over.iter().filter_map(|id| begun.remove(id)).map(|at| news.duration_since(at)));
        } else if news.elapsed() > SILENCE {
            bail!("no order has ended for {SILENCE:?}; open: {:?}", begun.keys().take(5).collect::<Vec<_>>());
        }
    }
    Ok(latencies)
}

async fn submit(http: &reqwest::Client, api: &str, order: &Value) -> anyhow::Result<(OrderId, Instant)> {
    let at = Instant::now();
    let answer = http.post(format!("{api}/v1/orders")).json(order).send().await?;
    let status = answer.status();
    let body: Value = answer.json().await?;
    let id = body.get("id").and_then(Value::as_str).with_context(|| format!("{status}: {body}"))?;
    Ok((id.parse()?, at))
}
