//! Where the API is, and who asks.

use std::path::Path;

use anyhow::anyhow;
use nix::unistd::{User, geteuid};
use reqwest::Url;

use super::api::Api;
use crate::failure::Failure;
use crate::up;

/// Where the API listens when nobody says otherwise.
const USUAL: &str = "http://127.0.0.1:8080";

/// What every command that talks to the API takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "API options")]
pub(crate) struct ApiArgs {
    /// Where the API is [default: where `up` put it in this folder, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_URL", hide_env_values = true)]
    url: Option<String>,

    /// Who asks, for the order's record [default: the name of the user]
    #[arg(long, value_name = "NAME", env = "ORDERWRIGHT_ACTOR", hide_env_values = true)]
    actor: Option<String>,

    /// Print JSON, as the API answers
    #[arg(long)]
    pub(crate) json: bool,
}

impl ApiArgs {
    /// The API that is meant.
    pub(crate) fn api(&self) -> Result<Api, Failure> {
        let url = self.url.clone().unwrap_or_else(default_address);
        Api::new(base(&url)?, &self.actor.clone().unwrap_or_else(user), self.json)
    }
}

impl Api {
    /// The API at an address, asked by ourselves.
    pub(crate) fn at(url: &str) -> Result<Self, Failure> {
        Self::new(base(url)?, "orderwright", false)
    }
}

/// The name of the user that we run as.
fn user() -> String {
    User::from_uid(geteuid()).ok().flatten().map(|user| user.name).unwrap_or_default()
}

fn base(url: &str) -> Result<Url, Failure> {
    let malformed = |why: String| {
        Failure::misuse(anyhow!("`{url}` is not the address of an API: {why}"))
            .with_help("write it as `http://host:port`")
    };
    let base = Url::parse(url).map_err(|error| malformed(error.to_string()))?;
    match base.scheme() {
        "http" | "https" => Ok(base),
        other => Err(malformed(format!("it starts with `{other}:`"))),
    }
}

/// Where commands look for the API that are not told: `up` may have found the usual port taken.
pub(crate) fn default_address() -> String {
    match up::remembered_port(Path::new(up::DATA_DIR), "api") {
        Some(port) => format!("http://127.0.0.1:{port}"),
        None => USUAL.to_owned(),
    }
}
