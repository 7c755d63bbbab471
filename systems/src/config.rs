//! `systems.toml`: how each external system is reached.
//!
//! Reads the file, checks all of it, and reports everything that is wrong at once, each at its line and key. What
//! comes out can be used as it stands; nothing here opens a connection. The keys are explained in
//! `docs/systems.md`; calls are made by [`crate::client`].

mod load;
mod operation;
mod pointer;
mod problem;
mod section;
mod substitute;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use model::{OperationName, QueueName, SystemName};
use secrecy::SecretString;

pub(crate) use load::{Reading, load};
pub(crate) use operation::{OperationConfig, ResultMapping};
pub use problem::{LoadError, Problem};

/// Where the order's id stands in the address that lists what a system holds.
pub(crate) const PLACE_OF_ORDER: &str = "{order}";

/// One system of the file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name blueprints give it.
    pub(crate) name: SystemName,
    /// What can be called.
    pub(crate) listing: Listing,
    /// Where the file names its queue.
    pub(crate) queue_at: Range<usize>,
    /// How it is reached; none if it is reached elsewhere, or if the file was read without its variables.
    pub(crate) config: Option<SystemConfig>,
}

/// What can be called at a system, without how.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// Whether others reach it, by a file of theirs.
    pub(crate) elsewhere: bool,
    /// The task queue that its calls have to themselves. None of them is inline then.
    pub(crate) queue: Option<QueueName>,
    /// Whether there are operations beside those that are listed, reached by the convention.
    pub(crate) convention: bool,
    /// Whether operations that are not listed are inline.
    pub(crate) inline: bool,
    /// The operations that are listed, and whether each is inline.
    pub(crate) operations: BTreeMap<OperationName, bool>,
}

/// How one system is reached.
#[derive(Debug)]
pub(crate) struct SystemConfig {
    /// The name blueprints give it.
    pub(crate) name: SystemName,
    /// Where its operations are: `http` or `https`, no query, no fragment, and no `/` at the end of the path.
    pub(crate) url: reqwest::Url,
    /// Where it lists what it holds for an order, if it can: an address with the place of the order's id in it.
    pub(crate) lists: Option<String>,
    /// How long making a connection may take.
    pub(crate) connect_timeout: Duration,
    /// How long one attempt may take at most, whatever the task allows.
    pub(crate) attempt_timeout: Duration,
    /// How we say who we are.
    pub(crate) credentials: Option<Credentials>,
    /// Largest answer that is read, in bytes.
    pub(crate) max_answer_bytes: usize,
    /// Most calls in flight from this process.
    pub(crate) max_concurrent_calls: usize,
    /// What goes between us and it.
    pub(crate) proxy: Proxy,
    /// The operations that are listed.
    pub(crate) operations: BTreeMap<OperationName, OperationConfig>,
}

/// How we say who we are.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// `Authorization: Bearer …`.
    Bearer(SecretString),
    /// `Authorization: Basic …`.
    Basic {
        /// The user's name.
        user: String,
        /// Their password.
        password: SecretString,
    },
}

/// What goes between us and a system.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// Nothing, whatever the environment says.
    None,
    /// What `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    Environment,
    /// This proxy, for every call.
    Url(reqwest::Url),
}
