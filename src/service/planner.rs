//! Plans of orders that are amended by a signal: what a worker can't make itself, because it knows no blueprints.

use api::Replanner;
use contract::{Replan, Replanned};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use worker::{NotPlanned, Planner};

/// A worker's way to the published blueprints.
pub(super) struct Plans(pub(super) Replanner);

impl Planner for Plans {
    fn replan<'a>(&'a self, request: &'a Replan) -> BoxFuture<'a, Result<Replanned, NotPlanned>> {
        async move { Ok(self.0.replan(request).await?) }.boxed()
    }
}
