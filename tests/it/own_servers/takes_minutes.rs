//! Two hundred orders while everything under them is killed, one after the other.

use std::time::{Duration, Instant};

use model::OrderId;
use orderwright::local::{PostgresCluster, TemporalPorts, TemporalServer};
use serde_json::json;

use crate::support::{Backends, Process, Site, Up, assert_each_once, eventually, free_ports, held, sample};

const ORDERS: usize = 200;

/// How many effects the systems hold for a completed order of `provision_subscriber`.
const EFFECTS_OF_ONE: usize = 7;

/// How long all orders together may take, restarts and retries included.
const LIMIT: Duration = Duration::from_secs(600);

#[tokio::test]
#[ignore = "takes minutes: ./dev test --full"]
async fn orders_survive_the_death_of_worker_temporal_and_postgres() {
    let folder = Up::data_dir();
    let [postgres_port, frontend, web_ui] = free_ports();
    let cluster = PostgresCluster::prepare(folder.path()).unwrap();
    let mut postgres = Process::start(cluster.service(postgres_port)).await;
    let server = TemporalServer::prepare(folder.path()).unwrap();
    let mut temporal = Process::start(server.service(TemporalPorts { frontend, web_ui })).await;
    let backends = Backends {
        database: cluster.url(postgres_port),
        temporal: format!("127.0.0.1:{frontend}"),
        task_queue: "orderwright".to_owned(),
    };
    let services: [(_, &[&str]); 3] =
        [("sim", &["sim"]), ("api", &["serve", "api"]), ("worker", &["serve", "worker"])];
    let mut site = Site::on(backends, &services).await;
    site.publish();

    // Slow enough that every death finds orders in each of their waves.
    for operation in ["subscribers/create", "radius/create_account", "olt/activate", "billing/start"] {
        site.upset(operation, json!({"delay_ms": 2_000})).await;
    }
    let document = std::fs::read_to_string(sample("provision_subscriber")).unwrap();
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        orders.push(site.post_order(&document).await);
    }
    in_the_middle(&site, ORDERS).await;
    site.services.get_mut("worker").unwrap().crash().await;
    in_the_middle(&site, 2 * ORDERS).await;
    temporal.crash().await;
    in_the_middle(&site, 4 * ORDERS).await;
    postgres.crash().await;

    until_all_are_completed(&site).await;
    for order in orders {
        assert_whole(&site, order).await;
    }
}

/// Waits until so many effects have been had, and makes sure that there is more to come.
async fn in_the_middle(site: &Site, effects: usize) {
    eventually(&format!("{effects} effects were had"), async || {
        (site.count_effects().await >= effects as u64).then_some(())
    })
    .await;
    assert!(
        site.count_effects().await < (ORDERS * EFFECTS_OF_ONE) as u64,
        "the orders were too fast for the test"
    );
}

async fn until_all_are_completed(site: &Site) {
    let begin = Instant::now();
    loop {
        let completed = site.count_orders("completed").await;
        if completed == ORDERS {
            return;
        }
        assert!(begin.elapsed() < LIMIT, "{completed} of {ORDERS} orders are completed after {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Each effect once, and the record in Postgres the one that the history leads to.
async fn assert_whole(site: &Site, order: OrderId) {
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    assert_eq!(held(&effects).len(), EFFECTS_OF_ONE, "{effects:?}");
    let record = site.record(order).await;
    let numbers: Vec<u64> = record.iter().map(|event| event.number).collect();
    let known_to_temporal = site.temporal().state(order).await.unwrap().events;
    assert_eq!(numbers, (0..known_to_temporal).collect::<Vec<_>>(), "{order}");
}
