//! The port through which activities reach the systems.

use futures::future::BoxFuture;
use model::{CallOutcome, CallRequest};
use systems::Systems;

/// Makes calls to external systems, one attempt at a time.
pub trait Caller: Send + Sync + 'static {
    /// Makes one attempt of a call, and takes no longer than its time-out.
    fn call<'a>(&'a self, request: &'a CallRequest) -> BoxFuture<'a, CallOutcome>;
}

impl Caller for Systems {
    fn call<'a>(&'a self, request: &'a CallRequest) -> BoxFuture<'a, CallOutcome> {
        Box::pin(Self::call(self, request))
    }
}
