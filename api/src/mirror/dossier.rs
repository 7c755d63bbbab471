//! All that Temporal has of one order.

use std::collections::BTreeMap;

use contract::{Amended, ChildInput, ClientError, OrderInput, names};
use model::{Actor, DeliveryId, Fact, Order, OrderEvent, OrderId, OrderRequest, Timestamp};
use plan::Plan;
use store::{AcceptedOrder, NewOrder, NewVersion, Parent, Rebuild, Rebuilt};

use crate::app::App;
use crate::error::ApiError;

/// What an order's rows are made of.
pub(super) struct Dossier {
    order: Order,
    author: Actor,
    plan: Plan,
    after: Vec<OrderId>,
    parent: Option<Parent>,
    record: Vec<OrderEvent>,
    amendments: BTreeMap<DeliveryId, Amended>,
    stopped_at: Option<Timestamp>,
}

/// What reading it came to.
pub(super) enum Read {
    /// All of it.
    Whole(Box<Dossier>),
    /// It is part of an order that Postgres does not have.
    PartOf(OrderId),
}

impl Dossier {
    /// Reads what there is of an order.
    ///
    /// # Errors
    /// Temporal has nothing of it, or not all; or somebody who is needed is away.
    pub(super) async fn read(app: &App, id: OrderId) -> Result<Read, ApiError> {
        let client = app.client();
        let input = client.first_input(id).await.map_err(|error| unread(id, error))?;
        let record = client.record(id).await.map_err(|error| unread(id, error))?;
        let standing = client.describe(id).await.map_err(|error| unread(id, error))?;
        let amendments = if record.iter().any(is_about_amendment) {
            client.amendments(id).await.map_err(|error| unread(id, error))?
        } else {
            BTreeMap::new()
        };
        let OrderInput { plan, after, part_of, accepted, .. } = input;
        let (accepted, parent) = match (part_of, accepted) {
            (Some(part_of), _) => match begun_by(app, id, part_of).await? {
                Some((accepted, parent)) => (accepted, Some(parent)),
                None => return Ok(Read::PartOf(part_of.order)),
            },
            (None, Some(accepted)) => {
                let order = Order { id, submitted_at: accepted.at, request: accepted.request };
                (AcceptedOrder { order, author: accepted.author }, None)
            }
            // An older version of this program has started it, and told Temporal less.
            (None, None) => {
                let known = store::load_acceptance(&mut *app.database().await?, id).await?;
                (known.ok_or_else(|| forgotten(id))?, None)
            }
        };
        let AcceptedOrder { order, author } = accepted;
        let stopped_at = standing.closed_at.filter(|_| !standing.open && !standing.completed);
        Ok(Read::Whole(Box::new(Self { order, author, plan, after, parent, record, amendments, stopped_at })))
    }

    /// Has the rows made of it. `seen` is the number of the event that Postgres lacked before it was read.
    ///
    /// # Errors
    /// Postgres is away, or does not take them.
    pub(super) async fn write(&self, app: &App, seen: u64) -> Result<Rebuilt, ApiError> {
        let versions: Vec<(NewVersion<'_>, Timestamp)> =
            self.record.iter().filter_map(|event| self.version(&event.fact)).collect();
        let rebuild = Rebuild {
            accepted: NewOrder { order: &self.order, plan: &self.plan, author: &self.author, key: None },
            parent: self.parent.as_ref(),
            after: &self.after,
            versions: &versions,
            record: &self.record,
            stopped_at: self.stopped_at,
            seen,
        };
        Ok(store::rebuild_order(&mut *app.database().await?, &rebuild).await?)
    }

    /// The version that an amendment was to make, as it was written down, if the order has decided on it here.
    fn version(&self, fact: &Fact) -> Option<(NewVersion<'_>, Timestamp)> {
        let (delivery, amended) = self.amendments.get_key_value(decided(fact)?)?;
        let proposal = amended.proposal.as_ref()?;
        let version = NewVersion {
            order: self.order.id,
            delivery,
            version: proposal.version,
            author: &amended.by,
            reason: &amended.reason,
            request_hash: &proposal.request_hash,
            request: &proposal.request,
            plan: &amended.plan,
            differences: &proposal.differences,
            // The event says what they are.
            tasks: &[],
        };
        Some((version, proposal.at))
    }
}

/// The amendment that a fact decides on.
#[expect(clippy::wildcard_enum_match_arm, reason = "three facts decide on amendments")]
fn decided(fact: &Fact) -> Option<&DeliveryId> {
    match fact {
        Fact::OrderAmended { id, .. } | Fact::AmendmentRefused { id, .. } => Some(id),
        // One that could not even be judged.
        Fact::SignalRefused { id, signal, .. } if signal == names::AMEND => Some(id),
        _ => None,
    }
}

fn is_about_amendment(event: &OrderEvent) -> bool {
    decided(&event.fact).is_some()
}

/// What the order was accepted as that a task of another one has begun, and by which task. None if Postgres does not have the
/// other one.
#[expect(clippy::wildcard_enum_match_arm, reason = "one fact tells of it")]
async fn begun_by(
    app: &App,
    child: OrderId,
    part_of: ChildInput,
) -> Result<Option<(AcceptedOrder, Parent)>, ApiError> {
    let parent = part_of.order;
    let record = app.client().record(parent).await.map_err(|error| unread(parent, error))?;
    // If a task has begun it again under the same id, what counts is the last time.
    let begun = record.into_iter().rev().find_map(|event| match event.fact {
        Fact::ChildOrderStarted { task, order, .. } if order == child => Some((event.number, event.at, task)),
        _ => None,
    });
    let (number, at, task) = begun.ok_or_else(|| forgotten(child))?;
    let mut connection = app.database().await?;
    let accepted = store::load_accepted_before(&mut connection, parent, Some(number)).await?;
    Ok(accepted.map(|AcceptedOrder { order, author }| {
        let request = OrderRequest { external_id: None, items: Vec::new(), ..order.request };
        let order = Order { id: child, submitted_at: at, request };
        (AcceptedOrder { order, author }, Parent { order: parent, task })
    }))
}

/// Why there is nothing to make an order's rows of.
pub(super) fn unread(order: OrderId, error: ClientError) -> ApiError {
    match error {
        ClientError::Unreachable { .. } => {
            ApiError::Unavailable { what: "Temporal", cause: Some(error.into()) }
        }
        ClientError::NoWorker { .. } => ApiError::Unavailable { what: "a worker", cause: Some(error.into()) },
        ClientError::NotFound => forgotten(order),
        ClientError::Rejected(_) | ClientError::Unreadable(_) | ClientError::Refused { .. } => {
            ApiError::internal(error)
        }
    }
}

/// Why a list that Temporal was asked for is not there.
pub(super) fn unlisted(error: ClientError) -> ApiError {
    match error {
        ClientError::Refused { .. } | ClientError::NotFound => {
            let wrong =
                crate::problem::ProblemError::parameter("cursor", "expected a cursor, as it was handed out");
            ApiError::InvalidParameters(vec![wrong])
        }
        ClientError::Unreachable { .. }
        | ClientError::NoWorker { .. }
        | ClientError::Rejected(_)
        | ClientError::Unreadable(_) => ApiError::Unavailable { what: "Temporal", cause: Some(error.into()) },
    }
}

fn forgotten(order: OrderId) -> ApiError {
    let reason = format!(
        "Temporal has nothing of the order {order}, or no longer all of it: it was never started, or the time is over for which \
         Temporal keeps what has ended. Its rows stay as they are"
    );
    ApiError::Refused { code: "not_in_temporal", reason, task: None }
}
