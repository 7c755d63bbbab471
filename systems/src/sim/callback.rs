//! Signals that effects send to orders.
//!
//! A callback lives in memory: one that has not gone out when the simulator ends is lost, as a message of a system
//! that went down would be.

use std::sync::Arc;
use std::time::Duration;

use model::Value;
use reqwest::{Client, Url};
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::answers::Invented;
use super::effect::Effect;
use super::faults::Callback;
use crate::client::http;
use crate::config::Proxy;
use crate::template::{FillError, Lookup};

/// Most callbacks that wait or are under way; further ones are dropped, with a warning.
const PENDING: usize = 10_000;

/// How often a delivery is tried. With the waits between, about a minute: the API may be starting.
const ATTEMPTS: u32 = 10;

/// The wait after the first attempt; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Delivers callbacks.
#[derive(Debug)]
pub(super) struct Callbacks {
    http: Client,
    api: Option<Url>,
    slots: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

impl Callbacks {
    /// `api` is where signals go that have no address of their own; nothing is delivered once `stop` is true.
    pub(super) fn new(api: Option<Url>, stop: watch::Receiver<bool>) -> Result<Self, reqwest::Error> {
        // A machine without certificates to trust can still send to plain addresses.
        let client = |scheme| http::client(scheme, TIMEOUT, &Proxy::None);
        let http = client("https").or_else(|_| client("http"))?;
        Ok(Self { http, api, slots: Arc::new(Semaphore::new(PENDING)), stop })
    }

    /// Sends the callback of a new effect when its time has come.
    pub(super) fn schedule(&self, callback: &Callback, effect: &Effect) {
        let delivery = match self.delivery(callback, effect) {
            Ok(delivery) => delivery,
            Err(why) => {
                tracing::warn!(effect = effect.number, "callback `{}` can't be sent: {why}", callback.signal);
                return;
            }
        };
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            tracing::warn!("callback dropped: {PENDING} are waiting already");
            return;
        };
        let mut stop = self.stop.clone();
        tokio::spawn(async move {
            let _slot = slot;
            tokio::select! {
                () = delivery.deliver() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }

    fn delivery(&self, callback: &Callback, effect: &Effect) -> Result<Delivery, CallbackError> {
        let known = Known(effect);
        let url = match (&callback.url, &self.api, &effect.order) {
            (Some(template), _, _) => {
                let text = text(&template.fill(&known)?);
                Url::parse(&text).map_err(|_| CallbackError::Url(text))?
            }
            (None, Some(api), Some(order)) => {
                let mut url = api.clone();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().extend(["v1", "orders", order, "signals", callback.signal.as_str()]);
                }
                url
            }
            (None, None, _) => return Err(CallbackError::NoApi),
            (None, Some(_), None) => return Err(CallbackError::NoOrder),
        };
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{}", effect.key, callback.signal).as_bytes());
        let mut body = json!({"id": format!("sim-{id}"), "payload": callback.payload.fill(&known)?});
        if let (Some(template), Some(fields)) = (&callback.task, body.as_object_mut()) {
            fields.insert("task".to_owned(), template.fill(&known)?.to_json());
        }
        Ok(Delivery {
            http: self.http.clone(),
            url,
            body,
            after: Duration::from_millis(callback.after_ms),
            times: if callback.twice { 2 } else { 1 },
        })
    }
}

/// Why a callback can't be sent.
#[derive(Debug, thiserror::Error)]
enum CallbackError {
    #[error("the simulator was not told where the API is")]
    NoApi,
    #[error("the call named no order")]
    NoOrder,
    #[error("{0}")]
    Fill(#[from] FillError),
    #[error("`{0}` is not an address")]
    Url(String),
}

/// One callback on its way.
struct Delivery {
    http: Client,
    url: Url,
    body: serde_json::Value,
    after: Duration,
    times: u32,
}

impl Delivery {
    async fn deliver(self) {
        tokio::time::sleep(self.after).await;
        for _ in 0..self.times {
            self.once().await;
        }
    }

    /// Delivers it, trying again while the receiver is not there or not well.
    async fn once(&self) {
        let mut wait = FIRST_WAIT;
        for attempt in 1..=ATTEMPTS {
            let sent = self.http.post(self.url.clone()).timeout(TIMEOUT).json(&self.body).send().await;
            let failure = match sent.map(|response| response.status()) {
                Ok(status) if status.is_server_error() || status.as_u16() == 429 => status.to_string(),
                Ok(status) if status.is_success() => return,
                Ok(status) => {
                    tracing::warn!("callback to {} was answered {status}", self.url);
                    return;
                }
                Err(error) => error.without_url().to_string(),
            };
            if attempt == ATTEMPTS {
                tracing::warn!("callback to {} given up after {ATTEMPTS} attempts: {failure}", self.url);
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// What a callback may say: the fields of the answer, then all that the answer could be made of.
struct Known<'a>(&'a Effect);

impl Lookup for Known<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let effect = self.0;
        let invented = Invented {
            arguments: &effect.arguments,
            number: effect.number,
            key: &effect.key,
            order: effect.order.as_deref(),
            task: effect.task.as_deref(),
        };
        effect.result.field(name).cloned().or_else(|| invented.value(name))
    }
}

fn text(value: &Value) -> String {
    value.as_text().map_or_else(|| value.to_string(), str::to_owned)
}
