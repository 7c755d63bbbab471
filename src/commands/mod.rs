//! One command per file: its `Args`, documented for `--help`, and its `run`.

pub(crate) mod accept;
mod act;
pub(crate) mod amend;
pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod fallout;
pub(crate) mod fmt;
pub(crate) mod get;
pub(crate) mod graph;
pub(crate) mod list;
pub(crate) mod lsp;
pub(crate) mod mirror;
pub(crate) mod move_to;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod publish;
pub(crate) mod reconcile;
pub(crate) mod residue;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod rollback;
pub(crate) mod serve;
pub(crate) mod signal;
pub(crate) mod sim;
pub(crate) mod skip;
mod steer;
pub(crate) mod submit;
pub(crate) mod test;
pub(crate) mod undone;
pub(crate) mod up;
pub(crate) mod versions;
pub(crate) mod watch;

use crate::failure::Failure;

/// Runs a command that waits for answers.
fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::no)?;
    runtime.block_on(work)
}
