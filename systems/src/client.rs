//! Calling the systems.
//!
//! [`Systems::call`] makes one attempt of one call and says what became of it. It never retries: retries belong to
//! the task that calls. `request` turns a call into an HTTP request, `answer` an HTTP answer into an outcome.

mod answer;
mod attempt;
mod headers;
mod held;
pub(crate) mod http;
mod request;
mod retry_after;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::{CallOutcome, CallRequest, OrderId, SystemName};

use crate::config::{LoadError, Reading, load};
use crate::directory::Directory;
use attempt::Client;
pub(crate) use headers::{CORRELATION_ID, IDEMPOTENCY_KEY, ORDER_TASK};

/// Every external system of a deployment. Cheap to clone; clones share connections and limits.
#[derive(Clone, Debug)]
pub struct Systems {
    directory: Arc<Directory>,
    clients: Arc<BTreeMap<SystemName, Client>>,
}

impl Systems {
    /// Reads a `systems.toml`. `environment` looks up the variables it names.
    ///
    /// # Errors
    /// The file can't be read, or anything in it is wrong; everything that is wrong is reported at once.
    pub fn load(path: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Self, LoadError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text, environment),
            Err(cause) => Err(LoadError::Read { file, cause }),
        }
    }

    /// Takes the text of a `systems.toml`. `file` is what error messages call it.
    ///
    /// # Errors
    /// As [`Systems::load`].
    pub fn parse(
        file: &str,
        text: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, LoadError> {
        let entries = load(file, text, Reading::Whole(&environment))?;
        let directory = Directory::of(&entries);
        let clients = entries.into_iter().filter_map(|entry| entry.config).map(|system| {
            let name = system.name.clone();
            Client::new(system).map(|client| (name.clone(), client)).map_err(|cause| LoadError::Client {
                file: file.to_owned(),
                system: name,
                cause,
            })
        });
        Ok(Self { directory: Arc::new(directory), clients: Arc::new(clients.collect::<Result<_, _>>()?) })
    }

    /// Makes one attempt of a call. Takes no longer than the call's time-out or the system's `attempt_timeout`,
    /// whichever is shorter.
    pub async fn call(&self, call: &CallRequest) -> CallOutcome {
        if let Some(gap) = self.directory.gap(&call.system, &call.operation) {
            let remedy = gap.remedy();
            let reason = format!("not sent: {gap}; {remedy}, restart the workers, and retry the task");
            return CallOutcome::Unserved { reason };
        }
        match self.clients.get(&call.system) {
            Some(client) => client.attempt(call).await,
            None => CallOutcome::Unserved {
                reason: format!(
                    "not sent: the `systems.toml` of this worker says that `{0}` is reached elsewhere, and the call came here; \
                     give `[systems.{0}]` its `url`, restart the workers, and retry the task",
                    call.system
                ),
            },
        }
    }

    /// The systems that can list what they hold for an order, sorted.
    pub fn listing(&self) -> impl Iterator<Item = &SystemName> {
        self.clients.iter().filter(|(_, client)| client.can_list()).map(|(name, _)| name)
    }

    /// What a system still holds for an order, in its own words; nothing if it can't list that.
    ///
    /// # Errors
    /// It does not answer, or not with a list; says why.
    pub async fn held(&self, system: &SystemName, order: OrderId) -> Result<Vec<serde_json::Value>, String> {
        match self.clients.get(system) {
            Some(client) => client.held(order).await,
            None => Ok(Vec::new()),
        }
    }

    /// What can be called.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}
