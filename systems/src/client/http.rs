//! The one place where HTTP clients are made.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Error};

use crate::config::Proxy;

/// Many servers close a connection that was idle for 5 s. One that we close before is never lost just as a
/// call goes out on it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Most headers of an answer that are read.
const ANSWER_HEADERS: usize = 100;

/// Makes a client for addresses of one scheme. It follows no redirect and retries nothing: where a call goes, and
/// how often, is not for it to decide.
pub(crate) fn client(scheme: &str, connect_timeout: Duration, proxy: &Proxy) -> Result<Client, Error> {
    let builder = Client::builder()
        .user_agent(concat!("orderwright/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http1_max_headers(ANSWER_HEADERS)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    let (builder, proxy_scheme) = match proxy {
        Proxy::None => (builder.no_proxy(), "http"),
        Proxy::Environment => (builder, "https"),
        Proxy::Url(url) => (builder.no_proxy().proxy(reqwest::Proxy::all(url.clone())?), url.scheme()),
    };
    // Where nothing is encrypted, a machine without certificates to trust will do.
    let plain = scheme == "http" && proxy_scheme == "http";
    if plain { builder.tls_certs_only([]) } else { builder }.build()
}
