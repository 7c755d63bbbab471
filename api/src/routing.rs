//! How the calls of an order are made: found once, when the order is started, and part of it from then on.

use std::fmt;
use std::sync::Arc;

use contract::Routes;
use plan::Plan;

/// Finds the routes for a plan. Whoever puts the API together knows the deployment; the API itself does not.
#[derive(Clone)]
pub struct Routing(Arc<dyn Fn(&Plan) -> Routes + Send + Sync>);

impl Routing {
    /// As `find` says.
    #[must_use]
    pub fn new(find: impl Fn(&Plan) -> Routes + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    pub(crate) fn of(&self, plan: &Plan) -> Routes {
        (self.0)(plan)
    }
}

/// Every call the ordinary way.
impl Default for Routing {
    fn default() -> Self {
        Self::new(|_| Routes::default())
    }
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing").finish_non_exhaustive()
    }
}
