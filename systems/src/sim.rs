//! Simulated systems: one HTTP server that answers as every system would.
//!
//! `/{system}/{operation}` takes any call in the form that [`Systems`](crate::Systems) makes without a mapping, does it
//! once per key and remembers it in a ledger. `/sim` sets faults and shows the ledger. All of it is documented in
//! `docs/systems.md`. Nothing here goes wrong by chance that a seed does not decide.

mod answers;
mod callback;
mod control;
mod effect;
mod faults;
mod journal;
mod ledger;
mod operate;
mod problem;

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, put};
use axum::serve::ListenerExt as _;
use model::limits;
use tokio::net::TcpListener;
use tokio::sync::watch;

use answers::Answers;
use callback::Callbacks;
use faults::Faults;
pub use journal::JournalError;
use ledger::Ledger;

/// The ledger's file in the data folder.
const LEDGER_FILE: &str = "sim-ledger.jsonl";

/// How the simulator runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the dice begin: the same seed and the same calls give the same faults.
    pub seed: u64,
    /// Where the ledger is kept; none keeps it in memory, and it ends with the process.
    pub data_dir: Option<PathBuf>,
    /// Where signals are delivered, such as `http://127.0.0.1:8080`; none if callbacks are not used.
    pub api_url: Option<String>,
    /// The text of a table of answers, whose rows come in place of those that are built in.
    pub answers: Option<String>,
}

/// Why the simulator can't run.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The ledger can't be read or kept.
    #[error("the simulator's ledger can't be used")]
    Journal(#[from] JournalError),
    /// The data folder can't be made.
    #[error("could not make the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The table of answers is not one.
    #[error("the table of answers can't be used: {0}")]
    Answers(String),
    /// The API's address is not one.
    #[error("`{0}` is not an address with `http://` or `https://`")]
    ApiUrl(String),
    /// No HTTP client can be made for callbacks.
    #[error("could not prepare to deliver callbacks")]
    Client(#[source] reqwest::Error),
    /// The server ended.
    #[error("the simulator can't serve")]
    Serve(#[source] std::io::Error),
}

/// Everything a handler needs.
#[derive(Clone)]
struct Simulator {
    answers: Arc<Answers>,
    callbacks: Arc<Callbacks>,
    faults: Arc<Mutex<Faults>>,
    ledger: Arc<Mutex<Ledger>>,
    stop: watch::Receiver<bool>,
}

impl Simulator {
    // A handler that panicked has left the data whole: every change is made by one call that can't panic half-way.
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `shutdown` resolves, and then until the answers under way are given.
///
/// # Errors
/// The options can't be used, or the listener fails. A ledger that was kept and can't be read again is an error, never
/// an empty ledger.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), SimError> {
    let (stopping, stop) = watch::channel(false);
    let router = router(options, stop)?;
    // Answers are small and somebody waits for each.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            shutdown.await;
            let _ = stopping.send(true);
        })
        .await
        .map_err(SimError::Serve)
}

fn router(options: Options, stop: watch::Receiver<bool>) -> Result<Router, SimError> {
    let answers =
        Answers::load(options.answers.as_deref()).map_err(|wrong| SimError::Answers(wrong.to_string()))?;
    let api = match options.api_url {
        None => None,
        Some(text) => match text.parse::<reqwest::Url>() {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
            Ok(_) | Err(_) => return Err(SimError::ApiUrl(text)),
        },
    };
    let ledger = match options.data_dir {
        None => Ledger::in_memory(),
        Some(path) => {
            std::fs::create_dir_all(&path).map_err(|cause| SimError::Folder { path: path.clone(), cause })?;
            Ledger::in_file(&path.join(LEDGER_FILE))?
        }
    };
    let simulator = Simulator {
        answers: Arc::new(answers),
        callbacks: Arc::new(Callbacks::new(api, stop.clone()).map_err(SimError::Client)?),
        faults: Arc::new(Mutex::new(Faults::new(options.seed))),
        ledger: Arc::new(Mutex::new(ledger)),
        stop,
    };
    Ok(Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/sim", get(control::get_all).delete(control::delete_all))
        .route("/sim/ledger", get(control::ledger))
        .route("/sim/{system}/{operation}", put(control::put).get(control::get).delete(control::delete))
        .route("/{system}/{operation}", any(operate::operate))
        .layer(DefaultBodyLimit::max(limits::ORDER_BYTES))
        .with_state(simulator))
}
