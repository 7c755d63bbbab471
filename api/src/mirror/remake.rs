//! Makes an order's rows again, and first those of orders that they name.

use model::OrderId;
use store::{Outcome, Rebuilt};

use crate::app::App;
use crate::error::{ApiError, chain};
use crate::mirror::dossier::{Dossier, Read};

/// Most orders that are made again because another one names them: as deep as orders stand in each other, and more than wait for
/// each other in a row.
const NEEDED: usize = 100;

/// How often an order is read anew because more has happened to it meanwhile. An order is at rest for longer than it takes to
/// read it.
const TRIES: usize = 10;

/// An order's rows are made again.
pub(super) struct Remade {
    /// How many order events there are.
    pub(super) events: u64,
    /// The orders that were missing and have been made before, because its rows name them.
    pub(super) needed: Vec<OrderId>,
}

/// Makes an order's rows again.
///
/// # Errors
/// Temporal does not have all of it, Postgres does not take it, or somebody who is needed is away. Its rows are as they were.
pub(super) async fn remake(app: &App, order: OrderId) -> Result<Remade, ApiError> {
    let mut open = vec![order];
    let mut needed = Vec::new();
    while let Some(next) = open.last().copied() {
        match once(app, next).await? {
            Once::Done { events } => {
                open.pop();
                if open.is_empty() {
                    return Ok(Remade { events, needed });
                }
                needed.push(next);
            }
            Once::Needs(other) if open.len() < NEEDED && !open.contains(&other) => open.push(other),
            Once::Needs(other) => {
                let reason = format!("its rows name the order {other}, which can't be made again either");
                return Err(ApiError::Refused { code: "needs_other", reason, task: None });
            }
        }
    }
    // The order itself is the last to be taken off.
    Err(ApiError::no_order(order))
}

enum Once {
    Done { events: u64 },
    Needs(OrderId),
}

async fn once(app: &App, order: OrderId) -> Result<Once, ApiError> {
    for _ in 0..TRIES {
        let seen = next_event(app, order).await?.unwrap_or(0);
        let dossier = match Dossier::read(app, order).await? {
            Read::Whole(dossier) => dossier,
            Read::PartOf(parent) => return Ok(Once::Needs(parent)),
        };
        match dossier.write(app, seen).await? {
            Rebuilt::Done { events } => {
                tracing::info!(order.id = %order, events, "the rows of order {order} were made again");
                return Ok(Once::Done { events });
            }
            Rebuilt::Needs(other) => return Ok(Once::Needs(other)),
            Rebuilt::Moved => {}
            Rebuilt::Taken => {
                let reason = "another order has its external id: its rows are left as they are".to_owned();
                return Err(ApiError::Refused { code: "external_id_taken", reason, task: None });
            }
            Rebuilt::Refused { number, cause } => {
                let cause = chain(&cause);
                tracing::error!(order.id = %order, number, cause, "the record of an order can't be applied");
                let reason = format!(
                    "event {number} of its record can't be applied: {cause}. Its rows are left as they are"
                );
                return Err(ApiError::Refused { code: "record_refused", reason, task: None });
            }
        }
    }
    let reason = "too much happens to the order at the moment: its rows are left as they are".to_owned();
    Err(ApiError::Refused { code: "busy", reason, task: None })
}

/// The number of the first event that Postgres lacks; none if it does not know the order.
pub(super) async fn next_event(app: &App, order: OrderId) -> Result<Option<u64>, ApiError> {
    match store::apply_events(&mut *app.database().await?, order, &[]).await? {
        Outcome::Applied { next } => Ok(Some(next)),
        Outcome::Gap { .. } | Outcome::Refused { .. } | Outcome::Failed { .. } | Outcome::UnknownOrder => {
            Ok(None)
        }
    }
}
