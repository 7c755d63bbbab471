//! Carries one intent to Temporal.

use contract::{Acceptance, ActRequest, CancelRequest, ClientError, DeliverRequest, OrderEnded, OrderInput};
use engine::OperatorAction;
use model::OrderId;
use plan::Plan;
use store::{AcceptedOrder, DatabaseError, Steering};

use crate::app::App;

/// Why an intent could not be carried. It is carried again later.
#[derive(Debug, thiserror::Error)]
pub(super) enum CarryError {
    /// Temporal did not take it.
    #[error("Temporal did not take it")]
    Temporal(#[from] ClientError),
    /// Postgres could not say what to carry.
    #[error("Postgres could not say what to carry")]
    Database(#[from] DatabaseError),
    /// No connection to Postgres was free.
    #[error("no connection to Postgres was free")]
    Connection(#[from] sqlx::Error),
}

impl CarryError {
    /// Whether Temporal is away, so that other intents need not be tried now.
    pub(super) const fn is_outage(&self) -> bool {
        matches!(self, Self::Temporal(ClientError::Unreachable { .. }))
    }
}

/// Starts an order.
pub(super) async fn start(
    app: &App,
    order: OrderId,
    plan: Plan,
    after: Vec<OrderId>,
    accepted: Option<Acceptance>,
) -> Result<(), CarryError> {
    app.client().start(&input(app, order, plan, after, accepted)).await?;
    Ok(())
}

/// What the order's workflow begins with.
pub(super) fn input(
    app: &App,
    order: OrderId,
    plan: Plan,
    after: Vec<OrderId>,
    accepted: Option<Acceptance>,
) -> OrderInput {
    let routes = app.config().routing.of(&plan);
    OrderInput { after, accepted: accepted.map(Box::new), ..OrderInput::new(order, plan, routes) }
}

/// The order as it was accepted, for Temporal to keep.
fn acceptance(accepted: AcceptedOrder) -> Acceptance {
    let AcceptedOrder { order, author } = accepted;
    Acceptance { at: order.submitted_at, author, request: order.request }
}

/// Tells Temporal what was promised. What the order itself answers is on its record, and is no error here.
pub(super) async fn carry(app: &App, order: OrderId, steering: Steering) -> Result<(), CarryError> {
    let client = app.client();
    let told = match steering {
        Steering::Start => {
            let mut connection = app.pool().acquire().await?;
            let Some(plan) = store::load_plan(&mut connection, order).await? else { return Ok(()) };
            let after = store::load_predecessors(&mut connection, order).await?;
            let accepted = store::load_acceptance(&mut connection, order).await?.map(acceptance);
            drop(connection);
            return start(app, order, plan, after, accepted).await;
        }
        Steering::OrderEnded { order: ended } => {
            client.signal_order_ended(order, OrderEnded { order: ended }).await
        }
        Steering::Cancel { id, by, reason, item } => {
            client.signal_cancel(order, &CancelRequest { id, by, reason, item }).await
        }
        Steering::Deliver { id, signal, task, payload } => {
            client.signal_deliver(order, &DeliverRequest { id, signal, task, payload }).await
        }
        Steering::Operate { id, action, task, by, note } => {
            match action.parse::<OperatorAction>() {
                Ok(action) => {
                    let request = ActRequest { id, task: task.to_string(), by, note, act: action.into() };
                    client.act(order, &request).await.map(drop)
                }
                // Written by a later version of ours; it is left to processes of that version.
                Err(_) => Err(ClientError::Refused { why: format!("`{action}` is not an action we know") }),
            }
        }
    };
    match told {
        // An order that has ended, or that Temporal has forgotten since, has nothing left to be told.
        Err(ClientError::Rejected(_) | ClientError::NotFound) => Ok(()),
        told => Ok(told?),
    }
}
