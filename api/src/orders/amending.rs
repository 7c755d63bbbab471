//! Having an order be another one: what `amend`, `move` and the cancel of an item have in common.
//!
//! The plan is made here, and judged by the order itself. What it says is bound by a token to what is then asked of it, so that
//! an amendment does what was shown or nothing. The version is written down before the order is asked: the order's own event
//! then finds in Postgres what only the document has.

use std::time::Duration;

use contract::{AmendRequest, ClientError, Wanted};
use engine::{Assessment, Rejected};
use model::{Actor, DeliveryId, Hash, IdempotencyKey, OrderId};
use store::{CurrentVersion, NewVersion, VersionRow, VersionState};

use crate::app::{App, now};
use crate::error::ApiError;
use crate::hash::sha256;
use crate::orders::amendment::{Drafted, draft, follow_up};
use crate::orders::assessment::{AmendmentResult, AmendmentView};
use crate::orders::verdict::{heard, own_delivery};

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
    pub(crate) wanted: Wanted,
    /// That of the preview that the caller has seen.
    pub(crate) token: Option<Hash>,
}

/// What is wanted, and what the order says to it.
struct Judged {
    current: CurrentVersion,
    drafted: Drafted,
    assessment: Assessment,
}

/// What an amendment would do. Nothing has changed.
///
/// # Errors
/// What is wanted has faults, the order can't be amended in its state, or somebody who is needed is away.
pub(crate) async fn preview(app: &App, order: OrderId, wanted: &Wanted) -> Result<AmendmentView, ApiError> {
    let judged = judge(app, order, wanted).await?;
    Ok(AmendmentView::new(order, None, AmendmentResult::Preview, judged.assessment))
}

/// Amends an order.
///
/// # Errors
/// As [`preview`]; or the order refuses, or has moved on since the preview that the token is of.
pub(crate) async fn amend(app: &App, asked: Asked) -> Result<AmendmentView, ApiError> {
    let request_hash = hash(&asked);
    let decided = match &asked.id {
        Some(id) => decided_before(app, asked.order, id, &request_hash).await?,
        None => None,
    };
    if let Some(row) = decided {
        return answer_decided(app, &asked, row).await;
    }
    let id = asked.id.clone().map_or_else(own_delivery, Ok)?;
    let mut judged = judge(app, asked.order, &asked.wanted).await?;
    for _ in 0..TRIES {
        if asked.token.as_ref().is_some_and(|token| *token != judged.assessment.token) {
            break;
        }
        if !propose(app, &asked, &id, &request_hash, &judged).await? {
            // It was decided just now, for a repetition.
            break;
        }
        match ask(app, &asked, &id, &judged).await {
            Ok(_) => {
                return Ok(AmendmentView::new(
                    asked.order,
                    Some(id),
                    AmendmentResult::Applied,
                    judged.assessment,
                ));
            }
            Err(ClientError::Rejected(rejected @ Rejected::Amendment { .. })) => {
                return Err(refused(app, &asked, id, rejected, judged).await?);
            }
            Err(ClientError::Rejected(Rejected::AmendmentMoved { .. })) => {
                judged = judge(app, asked.order, &asked.wanted).await?;
            }
            Err(error) => {
                // Whether the order has heard of it is not known, if nobody answers: then it stays.
                if let ClientError::Rejected(_) = &error {
                    withdraw(app, asked.order, &id).await?;
                }
                return Err(unheard(app, asked.order, error).await);
            }
        }
    }
    if let Some(row) = decided_before(app, asked.order, &id, &request_hash).await? {
        return answer_decided(app, &asked, row).await;
    }
    withdraw(app, asked.order, &id).await?;
    let moved = AmendmentView::new(asked.order, Some(id), AmendmentResult::Moved, judged.assessment);
    let detail =
        "the order has moved on since the preview: look at what the amendment would do now".to_owned();
    Err(ApiError::NotAmended {
        code: "amendment_moved",
        reason: detail,
        task: None,
        amendment: Box::new(moved),
        follow_up: None,
    })
}

/// Makes the plan of what the order is now, with what is wanted, and has the order judge it.
async fn judge(app: &App, order: OrderId, wanted: &Wanted) -> Result<Judged, ApiError> {
    for _ in 0..MIRROR_PAUSES {
        let mut connection = app.database().await?;
        let current =
            store::load_current(&mut connection, order).await?.ok_or_else(|| ApiError::no_order(order))?;
        if current.state.is_final() {
            return Err(crate::orders::verdict::refused(Rejected::Ended { state: current.state }));
        }
        let drafted = draft(app.libraries(), &mut connection, order, &current, wanted).await?;
        drop(connection);
        let assessment = match app.client().assess(order, &drafted.plan).await {
            Ok(assessment) => assessment,
            Err(error) => return Err(unheard(app, order, error).await),
        };
        if assessment.version == current.version.saturating_add(1) {
            return Ok(Judged { current, drafted, assessment });
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
) -> Result<bool, ApiError> {
    let new = NewVersion {
        order: asked.order,
        delivery: id,
        version: judged.assessment.version,
        author: &asked.by,
        reason: &asked.reason,
        request_hash,
        request: &judged.drafted.request,
        plan: &judged.drafted.plan,
        differences: &judged.assessment.differences,
        tasks: &judged.assessment.tasks,
    };
    Ok(store::propose_version(&mut *app.database().await?, &new, now()).await?)
}

async fn ask(
    app: &App,
    asked: &Asked,
    id: &DeliveryId,
    judged: &Judged,
) -> Result<engine::Handled, ClientError> {
    let plan = judged.drafted.plan.clone();
    let request = AmendRequest {
        id: id.clone(),
        routes: app.config().routing.of(&plan),
        plan: Box::new(plan),
        by: asked.by.clone(),
        reason: asked.reason.clone(),
        token: Some(judged.assessment.token.clone()),
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
    let row = store::load_version(&mut *app.database().await?, order, id).await?;
    let Some(row) = row else { return Ok(None) };
    if row.request_hash.as_ref().is_some_and(|known| known != request_hash) {
        let key = IdempotencyKey::new(id.as_str()).map_err(ApiError::internal)?;
        return Err(ApiError::KeyReused { key, order, differences: Vec::new() });
    }
    Ok((row.state != VersionState::Proposed).then_some(row))
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
    let follow_up = match draft(app.libraries(), &mut connection, order, &current, &asked.wanted).await {
        Ok(drafted) => follow_up(app.libraries(), &mut connection, order, &current, drafted.request).await?,
        // It was made of what the order is not any more.
        Err(ApiError::InvalidDocument(_)) => None,
        Err(error) => return Err(error),
    };
    Err(ApiError::NotAmended {
        code: "amendment_refused",
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
    let Judged { current, drafted, assessment } = judged;
    let task = assessment.refused().next().map(|change| change.task.to_string());
    let mut connection = app.database().await?;
    let order = asked.order;
    let follow_up = match asked.wanted {
        // Nothing of the order is different.
        Wanted::Version(_) => None,
        Wanted::Order(_) | Wanted::Patch(_) => {
            follow_up(app.libraries(), &mut connection, order, &current, drafted.request).await?
        }
    };
    Ok(ApiError::NotAmended {
        code: "amendment_refused",
        reason: rejected.to_string(),
        task,
        amendment: Box::new(AmendmentView::new(order, Some(id), AmendmentResult::Refused, assessment)),
        follow_up: follow_up.map(|request| Box::new(request.document())),
    })
}

async fn withdraw(app: &App, order: OrderId, id: &DeliveryId) -> Result<(), ApiError> {
    Ok(store::withdraw_version(&mut *app.database().await?, order, id).await?)
}

/// Why the order did not say what was asked of it.
async fn unheard(app: &App, order: OrderId, error: ClientError) -> ApiError {
    match heard(app, order, Err(error)).await {
        Ok(Err(unheard)) => unheard.into(),
        Ok(Ok(_)) => ApiError::internal("an error was taken for an answer"),
        Err(error) => error,
    }
}

/// What recognises a repetition: what is wanted, and why. Whoever sends it again may have looked at another preview.
fn hash(asked: &Asked) -> Hash {
    let said = serde_json::to_vec(&(&asked.wanted, &asked.reason)).unwrap_or_default();
    sha256(&said)
}
