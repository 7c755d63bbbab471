//! The simulated systems: what they hold, and making them misbehave.

use anyhow::{Context as _, anyhow};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// The simulator's side door.
#[derive(Debug)]
pub(super) struct Systems {
    http: Client,
    base: Url,
}

/// What the calls of one order have left.
#[derive(Debug, Deserialize)]
pub(super) struct Ledger {
    totals: Totals,
    effects: Vec<Effect>,
}

#[derive(Debug, Deserialize)]
struct Totals {
    held: usize,
}

#[derive(Debug, Deserialize)]
struct Effect {
    task: Option<String>,
    system: String,
    operation: String,
}

impl Ledger {
    /// How many effects are there and not taken back.
    pub(super) fn held(&self) -> usize {
        self.totals.held
    }

    /// An operation that had an effect more than once for one task.
    pub(super) fn twice(&self) -> Option<String> {
        let mut seen = std::collections::BTreeSet::new();
        let repeated = self.effects.iter().find(|e| !seen.insert((&e.task, &e.system, &e.operation)));
        repeated.map(|effect| format!("{}.{}", effect.system, effect.operation))
    }
}

impl Systems {
    pub(super) fn new(sim_url: &str) -> Result<Self, Failure> {
        let base = sim_url.parse().context("the simulator's address is not one").map_err(Failure::no)?;
        let http = Client::builder().no_proxy().build().context("could not make an HTTP client");
        Ok(Self { http: http.map_err(Failure::no)?, base })
    }

    /// Sets how an operation misbehaves.
    pub(super) async fn upset(&self, operation: [&str; 2], how: &Value) -> Result<(), Failure> {
        let request = self.http.put(self.url(&operation)?).json(how);
        self.send(request).await.map(drop)
    }

    /// Makes every operation behave.
    pub(super) async fn calm(&self) -> Result<(), Failure> {
        let request = self.http.delete(self.url(&[])?);
        self.send(request).await.map(drop)
    }

    /// What the calls of an order have left.
    pub(super) async fn ledger(&self, order: &str) -> Result<Ledger, Failure> {
        let mut url = self.url(&["ledger"])?;
        url.query_pairs_mut().append_pair("order", order);
        let text = self.send(self.http.get(url)).await?;
        serde_json::from_str(&text).context("the simulator's ledger can't be read").map_err(Failure::no)
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Failure::no(anyhow!("the simulator's address is not one")))?
            .pop_if_empty()
            .push("sim")
            .extend(path);
        Ok(url)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<String, Failure> {
        let answered = async { request.send().await?.error_for_status()?.text().await };
        answered.await.context("the simulator did not answer").map_err(Failure::unavailable)
    }
}
