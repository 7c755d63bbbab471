//! Having an order be another one: what `amend`, `move` and the cancel of an item have in common.
//!
//! The plan is made here, and judged by the order itself. What it says is bound by a token to what is then asked of it, so that
//! an amendment does what was shown or nothing. The version is written down before the order is asked: the order's own event
//! then finds in Postgres what only the document has.

use std::time::Duration;

use contract::{AmendRequest, ClientError, Preview, Proposal};
use engine::{Handled, Rejected};
use model::{Actor, DeliveryId, Fact, Hash, IdempotencyKey, OrderEvent, OrderId, Timestamp};
use store::{CurrentVersion, NewVersion, Proposed, VersionRow, VersionState};

use crate::app::{App, now};
use crate::error::ApiError;
use crate::orders::amendment::{Change, Drafted, draft, follow_up};
use crate::orders::assessment::{AmendmentResult, AmendmentView};
use crate::orders::verdict::{self, AMENDMENT_REFUSED, heard, own_delivery};

/// How often it is tried anew because the order has moved on between what it said and what was asked of it, where the caller
/// has seen no preview: an order that is never at rest for a moment is shown as it is.
const TRIES: u32 = 5;

/// How long is waited for Postgres to be told of the version that the order is at.
const MIRROR_PAUSE: Duration = Duration::from_millis(100);
const MIRROR_PAUSES: u32 = 50;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) order: OrderId,
    pub(crate) id: Option<DeliveryId>,
    pub(crate) by: Actor,
    pub(crate) reason: String,
    pub(crate) change: Change,
    /// That of the preview that the caller has seen.
    pub(crate) token: Option<Hash>,
}

/// What is wanted, and what the order says to it, and those that its tasks run.
struct Judged {
    current: CurrentVersion,
    drafted: Drafted,
    preview: Preview,
}

/// What an amendment would do. Nothing has changed.
///
/// # Errors
/// What is wanted has faults, the order can't be amended in its state, or somebody who is needed is away.
pub(crate) async fn preview(app: &App, order: OrderId, change: &Change) -> Result<AmendmentView, ApiError> {
    let judged = judge(app, order, change).await?;
    Ok(AmendmentView::new(order, None, AmendmentResult::Preview, judged.preview))
}

/// Amends an order.
///
/// # Errors
/// As [`preview`]; or the order refuses, or has moved on since the preview that the token is of.
pub(crate) async fn amend(app: &App, asked: Asked) -> Result<AmendmentView, ApiError> {
    let request_hash = asked.change.hash(&asked.reason);
    let decided = match &asked.id {
        Some(id) => decided_before(app, asked.order, id, &request_hash).await?,
        None => None,
    };
    if let Some(row) = decided {
        return answer_decided(app, &asked, row).await;
    }
    let id = asked.id.clone().map_or_else(own_delivery, Ok)?;
    let mut judged = judge(app, asked.order, &asked.change).await?;
    // When this request has written the version down: then it may take it away again.
    let mut written = None;
    for _ in 0..TRIES {
        if asked.token.as_ref().is_some_and(|token| *token != judged.preview.token()) {
            break;
        }
        let at = now();
        written = match propose(app, &asked, &id, &request_hash, &judged, at).await? {
            Proposed::New => Some(at),
            // By this request, or by one before it that the order may have heard of.
            Proposed::Again => written.map(|_| at),
            // It was decided just now, for a repetition.
            Proposed::Decided => return answer_known(app, &asked, id, &request_hash, None).await,
            Proposed::Taken => return Err(key_reused(asked.order, &id)?),
        };
        match ask(app, &asked, &id, request_hash.clone(), &judged, at).await {
            Ok(Handled::Applied) => {
                return Ok(AmendmentView::new(
                    asked.order,
                    Some(id),
                    AmendmentResult::Applied,
                    judged.preview,
                ));
            }
            Ok(Handled::Duplicate | Handled::Kept) => {
                return answer_known(app, &asked, id, &request_hash, written).await;
            }
            Err(ClientError::Rejected(rejected @ Rejected::Amendment { .. })) => {
                return Err(refused(app, &asked, id, rejected, judged).await?);
            }
            Err(ClientError::Rejected(Rejected::AmendmentMoved { .. })) => {
                judged = judge(app, asked.order, &asked.change).await?;
            }
            Err(error) => {
                // Whether the order has heard of it is not known, if nobody answers: then it stays.
                if let ClientError::Rejected(_) = &error {
                    withdraw(app, asked.order, &id, written).await?;
                }
                return Err(unheard(app, asked.order, error).await);
            }
        }
    }
    // An attempt before may have reached the order after all: what it is now may be that.
    if let Some(row) = decided_before(app, asked.order, &id, &request_hash).await? {
        return answer_decided(app, &asked, row).await;
    }
    withdraw(app, asked.order, &id, written).await?;
    let moved = AmendmentView::new(asked.order, Some(id), AmendmentResult::Moved, judged.preview);
    let reason = match &asked.token {
        Some(_) => {
            "the order has moved on since the preview: look at what the amendment would do now".to_owned()
        }
        None => format!("the order moved on whenever it was asked, {TRIES} times: ask again"),
    };
    Err(ApiError::NotAmended {
        code: "amendment_moved",
        reason,
        task: None,
        amendment: Box::new(moved),
        follow_up: None,
    })
}

/// Makes the plan of what the order is now, with what is wanted, and has the order judge it.
async fn judge(app: &App, order: OrderId, change: &Change) -> Result<Judged, ApiError> {
    for _ in 0..MIRROR_PAUSES {
        let mut connection = app.database().await?;
        let current =
            store::load_current(&mut connection, order).await?.ok_or_else(|| ApiError::no_order(order))?;
        if current.state.is_final() {
            return Err(verdict::refused(Rejected::Ended { state: current.state }));
        }
        if current.is_child {
            return Err(verdict::refused(Rejected::ChildAmended));
        }
        let drafted = draft(app.libraries(), &mut connection, order, &current, change).await?;
        drop(connection);
        let assessment = match app.client().assess(order, &drafted.plan).await {
            Ok(assessment) => assessment,
            Err(error) => return Err(unheard(app, order, error).await),
        };
        if assessment.version == current.version.saturating_add(1) {
            return match app.client().look_into(assessment, &drafted.plan).await {
                Ok(preview) => Ok(Judged { current, drafted, preview }),
                Err(error) => Err(unheard(app, order, error).await),
            };
        }
        // Another amendment is just being written down: what is wanted must be made of that.
        tokio::time::sleep(MIRROR_PAUSE).await;
    }
    Err(ApiError::Unavailable { what: "the order's latest version", cause: None })
}

async fn propose(
    app: &App,
    asked: &Asked,
    id: &DeliveryId,
    request_hash: &Hash,
    judged: &Judged,
    at: Timestamp,
) -> Result<Proposed, ApiError> {
    let assessment = &judged.preview.assessment;
    let new = NewVersion {
        order: asked.order,
        delivery: id,
        version: assessment.version,
        author: &asked.by,
        reason: &asked.reason,
        request_hash,
        request: &judged.drafted.request,
        plan: &judged.drafted.plan,
        differences: &assessment.differences,
        tasks: &assessment.tasks,
    };
    Ok(store::propose_version(&mut *app.database().await?, &new, at).await?)
}

async fn ask(
    app: &App,
    asked: &Asked,
    id: &DeliveryId,
    request_hash: Hash,
    judged: &Judged,
    at: Timestamp,
) -> Result<Handled, ClientError> {
    let plan = judged.drafted.plan.clone();
    let assessment = &judged.preview.assessment;
    let proposal = Proposal {
        at,
        version: assessment.version,
        request: judged.drafted.request.clone(),
        request_hash,
        differences: assessment.differences.clone(),
    };
    let request = AmendRequest {
        id: id.clone(),
        routes: app.config().routing.of(&plan),
        plan: Box::new(plan),
        by: asked.by.clone(),
        reason: asked.reason.clone(),
        token: Some(assessment.token.clone()),
        proposal: Some(Box::new(proposal)),
        opposed: judged.preview.opposed.clone(),
    };
    app.client().amend(asked.order, &request).await
}

/// What the order has decided of the same request before, as far as Postgres knows.
async fn decided_before(
    app: &App,
    order: OrderId,
    id: &DeliveryId,
    request_hash: &Hash,
) -> Result<Option<VersionRow>, ApiError> {
    let mut connection = app.database().await?;
    let row = store::load_version(&mut connection, order, id).await?;
    if row.as_ref().and_then(|row| row.request_hash.as_ref()).is_some_and(|known| known != request_hash) {
        return Err(key_reused(order, id)?);
    }
    let row = row.filter(|row| row.state != VersionState::Proposed);
    if row.is_none() {
        // What is told of an amendment comes with its row, perhaps since that was looked for.
        let of_another = |event: &OrderEvent| {
            !matches!(
                event.fact,
                Fact::OrderAmended { .. } | Fact::AmendmentRefused { .. } | Fact::SignalRefused { .. }
            )
        };
        if store::load_delivery(&mut connection, order, id).await?.iter().any(of_another) {
            return Err(key_reused(order, id)?);
        }
    }
    Ok(row)
}

/// The answer to what the order has heard of before, under this id: it was this amendment, or something else. Postgres is told of
/// it within a moment.
async fn answer_known(
    app: &App,
    asked: &Asked,
    id: DeliveryId,
    request_hash: &Hash,
    written: Option<Timestamp>,
) -> Result<AmendmentView, ApiError> {
    for _ in 0..MIRROR_PAUSES {
        match decided_before(app, asked.order, &id, request_hash).await {
            Ok(Some(row)) => return answer_decided(app, asked, row).await,
            Ok(None) => tokio::time::sleep(MIRROR_PAUSE).await,
            Err(error) => {
                if let ApiError::KeyReused { .. } = &error {
                    withdraw(app, asked.order, &id, written).await?;
                }
                return Err(error);
            }
        }
    }
    Err(ApiError::Unavailable { what: "what became of the request before", cause: None })
}

/// The id stands for another request.
fn key_reused(order: OrderId, id: &DeliveryId) -> Result<ApiError, ApiError> {
    let key = IdempotencyKey::new(id.as_str()).map_err(ApiError::internal)?;
    Ok(ApiError::KeyReused { key, order, differences: Vec::new() })
}

async fn answer_decided(app: &App, asked: &Asked, row: VersionRow) -> Result<AmendmentView, ApiError> {
    let order = asked.order;
    let Some(reason) = row.refusal.clone() else {
        return Ok(AmendmentView::decided(order, AmendmentResult::Duplicate, row));
    };
    let task = row.tasks.first().map(|change| change.task.to_string());
    let mut connection = app.database().await?;
    let current =
        store::load_current(&mut connection, order).await?.ok_or_else(|| ApiError::no_order(order))?;
    let libraries = app.libraries();
    let follow_up = match draft(libraries, &mut connection, order, &current, &asked.change).await {
        Ok(Drafted { request, plan: _ }) => {
            follow_up(libraries, &mut connection, order, &current, &asked.change, request).await?
        }
        // It was made of what the order is not any more.
        Err(ApiError::InvalidDocument(_)) => None,
        Err(error) => return Err(error),
    };
    Err(ApiError::NotAmended {
        code: AMENDMENT_REFUSED,
        reason,
        task,
        amendment: Box::new(AmendmentView::decided(order, AmendmentResult::Refused, row)),
        follow_up: follow_up.map(|request| Box::new(request.document())),
    })
}

/// The order's no, with what it says of every task, and the order that asks for the difference.
async fn refused(
    app: &App,
    asked: &Asked,
    id: DeliveryId,
    rejected: Rejected,
    judged: Judged,
) -> Result<ApiError, ApiError> {
    let Judged { current, drafted, preview } = judged;
    let task = preview.assessment.refused().next().map(|change| change.task.to_string());
    let mut connection = app.database().await?;
    let order = asked.order;
    let change = &asked.change;
    let follow_up =
        follow_up(app.libraries(), &mut connection, order, &current, change, drafted.request).await?;
    Ok(ApiError::NotAmended {
        code: AMENDMENT_REFUSED,
        reason: rejected.to_string(),
        task,
        amendment: Box::new(AmendmentView::new(order, Some(id), AmendmentResult::Refused, preview)),
        follow_up: follow_up.map(|request| Box::new(request.document())),
    })
}

/// Takes away what this request has written down and nobody will come back to. What was there before stays: an attempt before may
/// still reach the order.
async fn withdraw(
    app: &App,
    order: OrderId,
    id: &DeliveryId,
    written: Option<Timestamp>,
) -> Result<(), ApiError> {
    let Some(at) = written else { return Ok(()) };
    Ok(store::withdraw_version(&mut *app.database().await?, order, id, at).await?)
}

/// Why the order did not say what was asked of it.
async fn unheard(app: &App, order: OrderId, error: ClientError) -> ApiError {
    match heard(app, order, Err(error)).await {
        Ok(Err(unheard)) => unheard.into(),
        Ok(Ok(_)) => ApiError::internal("an error was taken for an answer"),
        Err(error) => error,
    }
}
