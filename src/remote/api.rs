//! Asking the API and reading its answers.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use model::{Actor, OrderId};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::harmless::harmless;
use super::problem::Problem;
use super::stream::EventStream;
use crate::failure::Failure;
use crate::output;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the API may be silent. Longer than it waits for a worker (10 s), and than the pause between two signs of life of
/// a stream (15 s).
const SILENCE: Duration = Duration::from_secs(45);

/// What is asked of an order: the last part of the address, the document with what it is sent as, and the parameters.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) below: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) body: Value,
    pub(crate) query: Vec<(&'static str, String)>,
}

/// An order's no: in words, and the whole problem document.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) failure: Failure,
    pub(crate) document: Value,
}

/// The API at one address, asked by one person.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    base: Url,
    http: Client,
    json: bool,
}

impl Api {
    pub(super) fn new(base: Url, actor: &str, json: bool) -> Result<Self, Failure> {
        let mut headers = HeaderMap::new();
        let actor = HeaderValue::from_bytes(Actor::new(actor).as_str().as_bytes());
        headers.insert(
            "x-actor",
            actor.context("the name of the actor can't be sent").map_err(Failure::misuse)?,
        );
        let mut builder = Client::builder()
            .user_agent(concat!("orderwright/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE);
        if is_here(&base) {
            // A proxy of the environment must not see what never leaves this machine.
            builder = builder.no_proxy();
        }
        let http = builder.build().context("could not make an HTTP client").map_err(Failure::no)?;
        Ok(Self { base, http, json })
    }

    /// Reads a document.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Failure> {
        self.answer(self.http.get(self.url_with(path, query)?)).await
    }

    /// Reads what is no document, as it is.
    pub(crate) async fn get_text(&self, path: &[&str], query: &[(&str, String)]) -> Result<String, Failure> {
        let response = self.send(self.http.get(self.url_with(path, query)?)).await?;
        response.text().await.map_err(|error| self.lost(error))
    }

    /// Sends a document. With a key, the request may be made again and is done once.
    pub(crate) async fn post(
        &self,
        path: &[&str],
        key: Option<&str>,
        body: &Value,
    ) -> Result<Value, Failure> {
        self.post_with(path, &[], key, body).await
    }

    /// The same with parameters.
    pub(crate) async fn post_with(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        key: Option<&str>,
        body: &Value,
    ) -> Result<Value, Failure> {
        let mut request = self.http.post(self.url_with(path, query)?).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.answer(request).await
    }

    /// Asks something of an order that it may refuse. Whatever else keeps it from being done is a failure.
    pub(crate) async fn try_post(
        &self,
        order: OrderId,
        key: Option<&str>,
        request: &Request,
    ) -> Result<Result<Value, Refusal>, Failure> {
        let mut url = self.url(&["v1", "orders", &order.to_string(), request.below])?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let body = serde_json::to_vec(&request.body).map_err(Failure::no)?;
        let mut sent = self.http.post(url).header(CONTENT_TYPE, request.media_type).body(body);
        if let Some(key) = key {
            sent = sent.header("idempotency-key", key);
        }
        let response = sent.send().await.map_err(|error| self.lost(error))?;
        if response.status() != StatusCode::CONFLICT {
            let text = self.accept(response).await?.text().await.map_err(|error| self.lost(error))?;
            return Ok(Ok(serde_json::from_str(&text).map_err(|error| self.not_ours(error))?));
        }
        let text = response.text().await.map_err(|error| self.lost(error))?;
        let document: Value = serde_json::from_str(&text).map_err(|error| self.not_ours(error))?;
        let problem =
            Problem::read(&document).ok_or_else(|| self.not_ours(anyhow!("it is no problem document")))?;
        Ok(Err(Refusal { failure: problem.into_failure(), document }))
    }

    /// An order as it stands, with its tasks.
    pub(crate) async fn order(&self, id: OrderId) -> Result<Value, Failure> {
        self.get(&["v1", "orders", &id.to_string()], &[]).await
    }

    /// Everything that happens to an order, from its beginning.
    pub(crate) fn events(&self, id: OrderId) -> EventStream {
        EventStream::new(self.clone(), id)
    }

    /// Asks for the events of an order after one of them, as a stream.
    pub(super) async fn open_stream(&self, id: OrderId, seen: Option<u64>) -> Result<Response, Failure> {
        let mut request = self.http.get(self.url(&["v1", "orders", &id.to_string(), "events"])?);
        request = request.header(ACCEPT, "text/event-stream");
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        self.send(request).await
    }

    fn url_with(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, Failure> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Failure::misuse(anyhow!("`{}` is not the address of an API", self.base)))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = self.send(request).await?;
        let text = response.text().await.map_err(|error| self.lost(error))?;
        serde_json::from_str(&text).map_err(|error| self.not_ours(error))
    }

    /// Sends a request; what is not a success is a failure with the API's own words.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        self.accept(request.send().await.map_err(|error| self.lost(error))?).await
    }

    async fn accept(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.map_err(|error| self.lost(error))?;
        let document: Option<Value> = serde_json::from_str(&text).ok();
        let Some(problem) = document.as_ref().and_then(Problem::read) else {
            return Err(self.not_ours(anyhow!("it answered `{status}`, and not with a problem document")));
        };
        if self.json
            && let Some(document) = document
        {
            output::print_json(&document)?;
            return Err(Failure::told(problem.exit()));
        }
        Err(problem.into_failure())
    }

    fn lost(&self, error: reqwest::Error) -> Failure {
        // Between what we say and what the system says there are layers that tell a reader nothing.
        let error = anyhow::Error::new(error.without_url());
        let error =
            anyhow!("{}", error.root_cause()).context(format!("could not reach the API at `{}`", self.base));
        Failure::unavailable(error)
            .with_help("start it with `orderwright up`, or say where it is with `--url` or `ORDERWRIGHT_URL`")
    }

    fn not_ours(&self, error: impl Into<anyhow::Error>) -> Failure {
        let error = error.into().context(format!("what answers at `{}` is not the API", self.base));
        Failure::unavailable(error).with_help("say where it is with `--url` or `ORDERWRIGHT_URL`")
    }

    /// Whether answers are printed as they come.
    pub(crate) fn prints_json(&self) -> bool {
        self.json
    }
}

/// Reads a document as far as a command needs it, to be shown.
pub(crate) fn read<T: DeserializeOwned>(document: Value) -> Result<T, Failure> {
    model::from_json(&harmless(document))
        .context("the API's answer is not one that this version understands")
        .map_err(Failure::unavailable)
}

fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
