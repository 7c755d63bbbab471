//! PostgreSQL and Temporal: our own on this machine, or existing ones that are only used.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::children::Setting;
use super::report::Address;
use crate::failure::Failure;
use crate::local::{Ports, PostgresCluster, Service, TemporalPorts, TemporalServer};

/// Ports that people expect. PostgreSQL's own 5432 is left to the machine's own server.
const USUAL_POSTGRES: u16 = 5433;
const USUAL_TEMPORAL: u16 = 7233;
const USUAL_TEMPORAL_UI: u16 = 8233;

/// How long an existing server may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A server that others need: what to run for it, if anything, and how to reach it.
#[derive(Debug)]
pub(super) struct Backend {
    /// Our own process, or none when an existing server is used.
    pub(super) service: Option<Service>,
    /// The environment variables that tell our processes where it is, and their values.
    pub(super) found_at: Vec<Setting>,
    /// What people are told.
    pub(super) addresses: Vec<Address>,
}

/// The database: the one at `url`, or our own cluster.
pub(super) async fn database(
    url: Option<String>,
    data_dir: &Path,
    ports: &mut Ports,
) -> Result<Backend, Failure> {
    const ENV: &str = "DATABASE_URL";
    if let Some(url) = url {
        let shown = check_database(&url).await?;
        let addresses = vec![Address::new("PostgreSQL", format!("{shown} (existing)"))];
        return Ok(Backend { service: None, found_at: vec![(ENV, url.into())], addresses });
    }
    let cluster = PostgresCluster::prepare(data_dir)?;
    let port = ports.choose("postgres", USUAL_POSTGRES)?;
    let url = cluster.url(port);
    let addresses = vec![Address::new("PostgreSQL", url.clone())];
    Ok(Backend { service: Some(cluster.service(port)), found_at: vec![(ENV, url.into())], addresses })
}

/// The workflow engine: the one at `address`, or our own dev server.
pub(super) async fn temporal(
    address: Option<String>,
    data_dir: &Path,
    ports: &mut Ports,
) -> Result<Backend, Failure> {
    const ENV: &str = "TEMPORAL_ADDRESS";
    if let Some(address) = address {
        connect("Temporal", &address).await?;
        let addresses = vec![Address::new("Temporal", format!("{address} (existing)"))];
        return Ok(Backend { service: None, found_at: vec![(ENV, address.into())], addresses });
    }
    let server = TemporalServer::prepare(data_dir)?;
    let frontend = ports.choose("temporal", USUAL_TEMPORAL)?;
    let web_ui = ports.choose("temporal-ui", USUAL_TEMPORAL_UI)?;
    let address = format!("127.0.0.1:{frontend}");
    let web_ui_url = format!("http://127.0.0.1:{web_ui}");
    let addresses =
        vec![Address::new("Temporal Web UI", web_ui_url.clone()), Address::new("Temporal", address.clone())];
    let service = server.service(TemporalPorts { frontend, web_ui });
    let found_at = vec![
        (ENV, address.into()),
        // The dev server's own namespace.
        ("ORDERWRIGHT_TEMPORAL_UI", format!("{web_ui_url}/namespaces/default").into()),
    ];
    Ok(Backend { service: Some(service), found_at, addresses })
}

/// Sees that something listens there; gives the address without its password.
async fn check_database(url: &str) -> Result<String, Failure> {
    let malformed = |why: String| {
        Failure::no(anyhow!("`--database-url` is not the address of a PostgreSQL database: {why}"))
            .with_help("write it as `postgres://user:password@host:port/database`")
    };
    let mut parsed = Url::parse(url).map_err(|error| malformed(error.to_string()))?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(malformed(format!("it starts with `{}`", parsed.scheme())));
    }
    let host = parsed.host_str().ok_or_else(|| malformed("it names no host".to_owned()))?;
    connect("PostgreSQL", &format!("{host}:{}", parsed.port().unwrap_or(5432))).await?;
    if parsed.password().is_some() {
        parsed.set_password(Some("…")).map_err(|()| malformed("its password can't be hidden".to_owned()))?;
    }
    Ok(parsed.to_string())
}

async fn connect(what: &str, address: &str) -> Result<(), Failure> {
    let attempt = timeout(CONNECT_LIMIT, TcpStream::connect(address)).await;
    let connected = match attempt {
        Ok(connected) => {
            connected.map(drop).with_context(|| format!("could not reach {what} at `{address}`"))
        }
        Err(_) => {
            Err(anyhow!("{what} at `{address}` accepts no connection within {} s", CONNECT_LIMIT.as_secs()))
        }
    };
    connected.map_err(Failure::unavailable)
}
