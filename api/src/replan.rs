//! Plans for orders that are amended by a signal: the same work as for the API, asked for by a worker.

use std::cmp::Ordering;

use contract::{Proposal, Replan, Replanned};
use model::OrderId;
use sqlx::PgPool;
use store::{NewVersion, Proposed};

use crate::app::now;
use crate::blueprints::Libraries;
use crate::error::ApiError;
use crate::orders::amendment::{Change, draft};
use crate::routing::Routing;

/// Why an amended order can't be planned just now.
#[derive(Debug, thiserror::Error)]
pub enum ReplanError {
    /// Postgres has not been told yet of the version that is carried out.
    #[error("the order {order} is at version {carried_out}, and Postgres has version {known}")]
    Behind {
        /// The order.
        order: OrderId,
        /// The version that is carried out.
        carried_out: u32,
        /// The version that Postgres has.
        known: u32,
    },
    /// What is needed is away.
    #[error("what is needed to plan it is away")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<ApiError> for ReplanError {
    fn from(error: ApiError) -> Self {
        Self::Away(Box::new(error))
    }
}

/// Makes plans of orders as they are to be, from the published blueprints.
#[derive(Debug)]
pub struct Replanner {
    pool: PgPool,
    routing: Routing,
    libraries: Libraries,
}

impl Replanner {
    /// With the database of the orders and blueprints, and what the deployment says of calls.
    #[must_use]
    pub fn new(pool: PgPool, routing: Routing) -> Self {
        Self { pool, routing, libraries: Libraries::default() }
    }

    /// The plan for what is wanted of an order, or why there can be none. The version is written down, as the API does it.
    ///
    /// # Errors
    /// It can't be told just now.
    pub async fn replan(&self, request: &Replan) -> Result<Replanned, ReplanError> {
        let Replan { order, version, amend } = request;
        let away = |cause: sqlx::Error| ReplanError::Away(Box::new(cause));
        let mut connection = self.pool.acquire().await.map_err(away)?;
        let current = store::load_current(&mut connection, *order).await.map_err(ApiError::from)?;
        let Some(current) = current else {
            return Ok(Replanned::Refused { reason: "Postgres does not know the order".to_owned() });
        };
        let known = current.version;
        match known.cmp(version) {
            Ordering::Less => {
                return Err(ReplanError::Behind { order: *order, carried_out: *version, known });
            }
            Ordering::Equal => {}
            Ordering::Greater => return Ok(Replanned::Outdated {}),
        }
        let change = Change::from(amend.wanted.clone());
        let drafted = match draft(&self.libraries, &mut connection, *order, &current, &change).await {
            Ok(drafted) => drafted,
            Err(ApiError::InvalidDocument(faults)) => {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                return Ok(Replanned::Refused { reason: faults.join("; ") });
            }
            Err(error) => return Err(error.into()),
        };
        let proposal = Proposal {
            at: now(),
            version: version.saturating_add(1),
            request: drafted.request,
            request_hash: change.hash(&amend.reason),
            // The order says what they are.
            differences: Vec::new(),
        };
        let new = NewVersion {
            order: *order,
            delivery: &amend.id,
            version: proposal.version,
            author: &amend.by,
            reason: &amend.reason,
            request_hash: &proposal.request_hash,
            request: &proposal.request,
            plan: &drafted.plan,
            differences: &proposal.differences,
            tasks: &[],
        };
        match store::propose_version(&mut connection, &new, proposal.at).await.map_err(ApiError::from)? {
            // What the order has decided on, it says again.
            Proposed::New | Proposed::Again | Proposed::Decided => {}
            Proposed::Taken => {
                let reason = format!("`{}` came before, with another amendment", amend.id);
                return Ok(Replanned::Refused { reason });
            }
        }
        let routes = self.routing.of(&drafted.plan);
        Ok(Replanned::Planned {
            plan: Box::new(drafted.plan),
            routes,
            proposal: Some(Box::new(proposal)),
            token: None,
            opposed: Vec::new(),
        })
    }
}
