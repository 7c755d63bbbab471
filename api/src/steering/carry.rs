//! Carries one intent to Temporal.

use contract::{ActRequest, CancelRequest, ClientError, DeliverRequest, OrderInput};
use engine::OperatorAction;
use model::OrderId;
use plan::Plan;
use store::{DatabaseError, Steering};

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
pub(super) async fn start(app: &App, order: OrderId, plan: Plan) -> Result<(), CarryError> {
    app.client().start(&input(app, order, plan)).await?;
    Ok(())
}

/// What the order's workflow begins with.
pub(super) fn input(app: &App, order: OrderId, plan: Plan) -> OrderInput {
    let routes = app.config().routing.of(&plan);
    OrderInput::new(order, plan, routes)
}

/// Tells Temporal what was promised. What the order itself answers is on its record, and is no error here.
pub(super) async fn carry(app: &App, order: OrderId, steering: Steering) -> Result<(), CarryError> {
    let client = app.client();
    let told = match steering {
        Steering::Start => {
            let plan = store::load_plan(&mut *app.pool().acquire().await?, order).await?;
            return match plan {
                Some(plan) => start(app, order, plan).await,
                None => Ok(()),
            };
        }
        Steering::Cancel { id, by, reason } => {
            client.signal_cancel(order, &CancelRequest { id, by, reason }).await
        }
        Steering::Deliver { id, signal, task, payload } => {
            client.signal_deliver(order, &DeliverRequest { id, signal, task, payload }).await
        }
        Steering::Operate { id, action, task, by, note } => {
            let request = ActRequest { id, task: task.to_string(), by, note };
            match action.as_str() {
                "retry" => client.act(order, OperatorAction::Retry, &request).await.map(drop),
                "rollback" => client.act(order, OperatorAction::Rollback, &request).await.map(drop),
                // Written by a later version of ours; it is left to processes of that version.
                _ => Err(ClientError::Refused { why: format!("`{action}` is not an action we know") }),
            }
        }
    };
    match told {
        // An order that has ended, or that Temporal has forgotten since, has nothing left to be told.
        Err(ClientError::Rejected(_) | ClientError::NotFound) => Ok(()),
        told => Ok(told?),
    }
}
