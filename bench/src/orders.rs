//! The measurement: the same order done in three ways, in turn, on the same servers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::ClientConfig;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use temporalio_client::Client;

use crate::by_hand::{self, Order};
use crate::product::{self, Ends};
use crate::report::{self, Measured};
use crate::servers::Servers;
use crate::{OrdersArgs, Way};

/// Orders of each way before anything is measured: caches, connections, prepared statements.
const WARM_UP: usize = 50;

pub(crate) async fn measure(args: &OrdersArgs) -> anyhow::Result<()> {
    let data = tempfile::Builder::new().prefix("orderwright-bench-").tempdir()?;
    // PostgreSQL may run as another user, who must get in.
    std::fs::set_permissions(data.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let servers = Servers::start(args, data.path()).await?;
    let measured = rounds(args, &servers).await;
    servers.stop().await;
    report::write(&measured?);
    Ok(())
}

async fn rounds(args: &OrdersArgs, servers: &Servers) -> anyhow::Result<Vec<BTreeMap<Way, Measured>>> {
    let http = reqwest::Client::new();
    product::publish(&http, &servers.api, &args.blueprints).await?;
    let order = std::fs::read_to_string(args.blueprints.join("orders/provision_subscriber.json"))?;
    let order: Value = serde_json::from_str(&order)?;
    let config = ClientConfig { address: Some(servers.temporal.clone()), ..ClientConfig::default() };
    let client = by_hand::connect(&config).await?;
    let mut ends = Ends::new(store::connect(&servers.database_url, 2)?).await?;

    let ways = Way::ALL.into_iter().filter(|way| args.only.is_empty() || args.only.contains(way));
    let mut number = 0;
    let mut rounds = Vec::new();
    for round in 0..=args.rounds {
        let orders = if round == 0 { WARM_UP } else { args.orders };
        let mut measured = BTreeMap::new();
        for way in ways.clone() {
            if round > 0 {
                calm_down(servers).await;
            }
            let (cpu, began) = (servers.cpu(), Instant::now());
            let latencies = match way {
                Way::ByHand => by_hand(&client, &mut number, orders, args.in_flight).await?,
                Way::Ordinary => {
                    product::carry_out(&http, &servers.api, &mut ends, &order, orders, args.in_flight).await?
                }
                Way::Inline => {
                    let api = &servers.inline_api;
                    product::carry_out(&http, api, &mut ends, &order, orders, args.in_flight).await?
                }
            };
            let took = began.elapsed();
            let used = servers.cpu().into_iter().map(|(process, after)| {
                (process, after.saturating_sub(cpu.get(process).copied().unwrap_or_default()))
            });
            measured.insert(way, Measured { orders, took, latencies, cpu: used.collect() });
        }
        if round > 0 {
            rounds.push(measured);
        }
    }
    Ok(rounds)
}

/// Waits until the servers have done what the way before has left them, so that nobody is charged for another: the
/// timers of activities that were done in time still run out, up to a minute later.
async fn calm_down(servers: &Servers) {
    const LOOK: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(90);
    let began = Instant::now();
    loop {
        let before: Duration = servers.cpu().values().sum();
        tokio::time::sleep(LOOK).await;
        let used = servers.cpu().values().sum::<Duration>().saturating_sub(before);
        if used < LOOK / 25 || began.elapsed() > LONGEST {
            return;
        }
    }
}

async fn by_hand(
    client: &Client,
    number: &mut usize,
    orders: usize,
    in_flight: usize,
) -> anyhow::Result<Vec<Duration>> {
    let first = *number;
    *number += orders;
    stream::iter(first..*number)
        .map(|n| async move {
            let began = Instant::now();
            by_hand::carry_out(client, Order { id: format!("by-hand-{n}"), customer: format!("C-{n}") })
                .await?;
            Ok(began.elapsed())
        })
        .buffer_unordered(in_flight)
        .try_collect()
        .await
}
