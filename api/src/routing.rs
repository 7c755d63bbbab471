//! What the deployment says about calls: how those of an order are made, which is found once, when the order is started,
//! and part of it from then on; and which can't be made at all, for which no blueprint is published.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use contract::Routes;
use dsl::Gap;
use model::{OperationName, QueueName, SystemName};
use plan::Plan;

type Find = dyn Fn(&Plan) -> Routes + Send + Sync;
type FindGap = dyn Fn(&SystemName, &OperationName) -> Option<Gap> + Send + Sync;

/// Finds the routes for a plan. Whoever puts the API together knows the deployment; the API itself does not.
#[derive(Clone)]
pub struct Routing {
    find: Arc<Find>,
    gap: Arc<FindGap>,
    queues: Arc<BTreeSet<QueueName>>,
}

impl Routing {
    /// Routes as `find` says, and no call that `gap` says can't be made.
    #[must_use]
    pub fn new(
        find: impl Fn(&Plan) -> Routes + Send + Sync + 'static,
        gap: impl Fn(&SystemName, &OperationName) -> Option<Gap> + Send + Sync + 'static,
    ) -> Self {
        Self { find: Arc::new(find), gap: Arc::new(gap), queues: Arc::default() }
    }

    /// These task queues are what routes lead to beside that of the orders; somebody must serve them.
    #[must_use]
    pub fn with_queues(self, queues: impl IntoIterator<Item = QueueName>) -> Self {
        Self { queues: Arc::new(queues.into_iter().collect()), ..self }
    }

    pub(crate) fn of(&self, plan: &Plan) -> Routes {
        (self.find)(plan)
    }

    /// The task queues that systems have to themselves.
    pub(crate) fn queues(&self) -> &BTreeSet<QueueName> {
        &self.queues
    }

    /// What keeps the deployment from making a call; nothing if it can.
    pub(crate) fn gap(&self, system: &SystemName, operation: &OperationName) -> Option<Gap> {
        (self.gap)(system, operation)
    }
}

/// Every call the ordinary way, and none that can't be made.
impl Default for Routing {
    fn default() -> Self {
        Self::new(|_| Routes::default(), |_, _| None)
    }
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing").finish_non_exhaustive()
    }
}
