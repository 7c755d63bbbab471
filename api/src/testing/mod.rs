//! The API as its callers meet it: a real server on the loopback, a real Postgres, and where a test needs it
//! a real Temporal.

mod answer;
mod blueprints;
mod orders;
mod temporal;

use std::time::Duration;

use contract::{ClientConfig, OrderClient};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use answer::Answer;
pub(crate) use blueprints::{FIBER, ORDER, library};
pub(crate) use orders::{accept, apply, claim, events_to_the_end, held_at, plan, wait_until_kept};
pub(crate) use temporal::{closed_temporal, standing, temporal};

use crate::{App, Config, Limits, Routing, serve};

/// Longer than anything a test waits for takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An API that serves one test.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
    _stop: DropGuard,
}

/// What an API in a test is configured as.
pub(crate) fn config() -> Config {
    Config {
        routing: Routing::default(),
        temporal_ui: Some("http://temporal.test/namespaces/default".to_owned()),
        metrics: None,
        steering: true,
        limits: Limits::STANDARD,
    }
}

/// A client of a Temporal that is not there.
pub(crate) fn no_temporal() -> OrderClient {
    // Port 9 (discard) is closed on every machine that runs tests.
    OrderClient::new(ClientConfig { address: Some("127.0.0.1:9".to_owned()), ..ClientConfig::default() })
}

impl TestApp {
    /// With Postgres and without Temporal.
    pub(crate) async fn start(pool: PgPool) -> Self {
        Self::with(config(), pool, no_temporal()).await
    }

    pub(crate) async fn with(config: Config, pool: PgPool, client: OrderClient) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = App::new(config, pool, client);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = app.clone();
        tokio::spawn(async move { serve(listener, served, stopped).await.unwrap() });
        Self { app, address, http: reqwest::Client::new(), _stop: stop.drop_guard() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.address)).timeout(PATIENCE)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request = self.request("POST", path).header("content-type", "application/json");
        Answer::to(request.body(body.to_owned())).await
    }
}
