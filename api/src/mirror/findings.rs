//! Compares open orders with their workflows, and mends what they disagree on.

use std::time::Duration;

use contract::ClientError;
use futures::StreamExt as _;
use futures::stream;
use model::{OrderId, Timestamp};
use serde::Serialize;
use store::OpenOrder;
use utoipa::ToSchema;

use crate::app::{App, now};
use crate::error::{ApiError, chain};
use crate::mirror::dossier::{unlisted, unread};
use crate::mirror::remake::{next_event, remake};

/// How many orders are looked at a time. Each may have a workflow replayed.
const AT_A_TIME: usize = 10;

/// How long Postgres may take to be told of what happens: longer than the mirror holds back what Temporal may not have yet.
const SETTLE: Duration = Duration::from_secs(5);

/// How long an order may take to be started, and a child order to be written down, while everything is as it should be.
const GRACE: model::Duration = model::Duration::from_secs(60);

/// What is wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FindingKind {
    /// It was accepted and never started.
    NotStarted,
    /// Postgres lacks events that its workflow has told.
    MirrorBehind,
    /// Postgres has events that its workflow has not told.
    MirrorAhead,
    /// Its workflow came to its end, and Postgres has it open.
    NotEnded,
    /// Its workflow was ended from outside: nothing more happens by itself.
    Stopped,
    /// Postgres has it open, and Temporal has nothing of it any more.
    Forgotten,
    /// Temporal has it, and Postgres does not.
    Unknown,
    /// Its workflow does not answer, so nothing can be compared.
    Unanswered,
    /// Postgres has it ended, and its workflow goes on.
    Reopened,
}

/// Something that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FindingView {
    /// What.
    pub(crate) kind: FindingKind,
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) order: OrderId,
    /// Since when, as far as it can be told.
    #[schema(value_type = Option<String>)]
    pub(crate) since: Option<Timestamp>,
    /// What was seen.
    pub(crate) detail: String,
    /// Whether it is mended.
    pub(crate) mended: bool,
    /// What was done about it, or what to do.
    pub(crate) remedy: String,
}

impl FindingView {
    /// What stands in the list of Temporal and not in Postgres.
    pub(super) fn unknown(order: OrderId, began_at: Timestamp) -> Self {
        let detail = "Temporal has it, and Postgres does not".to_owned();
        Self::new(FindingKind::Unknown, order, Some(began_at), detail, "`--repair` makes its rows again")
    }

    /// What ended long ago, and goes on all the same.
    fn reopened(order: OrderId, ended_at: Timestamp) -> Self {
        let detail = "Postgres has it ended, and its workflow goes on: it was reset, or a table was changed"
            .to_owned();
        Self::new(FindingKind::Reopened, order, Some(ended_at), detail, "`--repair` makes its rows again")
    }

    pub(super) fn new(
        kind: FindingKind,
        order: OrderId,
        since: Option<Timestamp>,
        detail: String,
        remedy: &str,
    ) -> Self {
        Self { kind, order, since, detail, mended: false, remedy: remedy.to_owned() }
    }

    /// Mends it, if that can be done from here.
    ///
    /// # Errors
    /// Somebody who is needed is away.
    pub(super) async fn mend(mut self, app: &App) -> Result<Self, ApiError> {
        let done = match self.kind {
            FindingKind::NotStarted => Some(promise(app, self.order).await?.to_owned()),
            FindingKind::MirrorBehind
            | FindingKind::MirrorAhead
            | FindingKind::NotEnded
            | FindingKind::Unknown
            | FindingKind::Reopened => match remake(app, self.order).await {
                Ok(remade) => Some(format!("its rows were made again, of {} events", remade.events)),
                Err(ApiError::Refused { reason, .. }) => {
                    self.remedy = reason;
                    None
                }
                Err(error) => return Err(error),
            },
            FindingKind::Stopped => {
                if let Some(at) = self.since {
                    store::note_stopped(&mut *app.database().await?, self.order, at).await?;
                }
                None
            }
            FindingKind::Forgotten | FindingKind::Unanswered => None,
        };
        if let Some(done) = done {
            (self.mended, self.remedy) = (true, done);
        }
        Ok(self)
    }
}

/// Promises to start an order, unless that is promised already.
async fn promise(app: &App, order: OrderId) -> Result<&'static str, ApiError> {
    let mut connection = app.database().await?;
    let promised = store::promise_start(&mut connection, order, now()).await?;
    app.helm().wake();
    Ok(if promised { "it is promised anew to be started" } else { "it is being started" })
}

/// Compares orders with their workflows.
///
/// # Errors
/// Temporal, a worker or Postgres is away.
pub(super) async fn compare(app: &App, orders: &[OpenOrder]) -> Result<Vec<FindingView>, ApiError> {
    if !orders.is_empty() && !app.client().workers_alive().await.map_err(unlisted)? {
        return Err(ApiError::Unavailable { what: "a worker", cause: None });
    }
    let looks = orders.iter().map(|order| look(app, order)).collect::<Vec<_>>();
    let looks: Vec<_> = stream::iter(looks).buffer_unordered(AT_A_TIME).collect().await;
    let suspects = looks.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    if suspects.iter().any(|suspect| suspect.told.is_some()) {
        tokio::time::sleep(SETTLE).await;
    }
    let mut findings = Vec::new();
    for suspect in suspects {
        if !suspect.was_late(app).await? {
            findings.push(suspect.finding);
        }
    }
    findings.sort_unstable_by_key(|finding| finding.order);
    Ok(findings)
}

/// Something that is wrong, or that Postgres was only not told of yet.
struct Suspect {
    finding: FindingView,
    /// The number of the event that the workflow was to tell next, where the difference goes away once Postgres has what was
    /// told before.
    told: Option<u64>,
}

impl Suspect {
    /// Whether Postgres has been told of it since.
    async fn was_late(&self, app: &App) -> Result<bool, ApiError> {
        let Some(told) = self.told else { return Ok(false) };
        Ok(next_event(app, self.finding.order).await?.is_some_and(|next| next >= told))
    }
}

/// Looks at one order.
async fn look(app: &App, row: &OpenOrder) -> Result<Option<Suspect>, ApiError> {
    let order = row.order;
    let certain = |finding| Ok(Some(Suspect { finding, told: None }));
    let standing = match app.client().describe(order).await {
        Ok(standing) => standing,
        Err(ClientError::NotFound) => return Ok(missing(row).map(|finding| Suspect { finding, told: None })),
        Err(error) => return Err(unread(order, error)),
    };
    if let Some(at) = standing.closed_at.filter(|_| !standing.open && !standing.completed) {
        return certain(FindingView::new(
            FindingKind::Stopped,
            order,
            Some(at),
            "its workflow was ended from outside; what was done for it is still in place".to_owned(),
            "let it go on with `temporal workflow reset`, or take back by hand what was done",
        ));
    }
    let has = row.next_event;
    let (told, since) = match told_since(app, order, has).await {
        Ok(told) => told,
        Err(ClientError::NotFound) => return certain(forgotten(row)),
        Err(error @ ClientError::Unreachable { .. }) => return Err(unread(order, error)),
        // That it can't be asked is no reason to leave the others.
        Err(error) => {
            let remedy = "look in Temporal why its workflow does not go on; its workers' logs say so, too";
            let detail = format!("it can't be compared: {error}");
            let since = Some(row.updated_at);
            return certain(FindingView::new(FindingKind::Unanswered, order, since, detail, remedy));
        }
    };
    let numbers = format!(
        "Postgres has its events to {}, its workflow to {}",
        has.saturating_sub(1),
        told.saturating_sub(1)
    );
    let remedy = "`--repair` makes its rows again";
    if told < has {
        return certain(FindingView::new(FindingKind::MirrorAhead, order, None, numbers, remedy));
    }
    if !standing.open {
        let finding = FindingView::new(FindingKind::NotEnded, order, standing.closed_at, numbers, remedy);
        // Where Postgres has all events and still has it open, its row says something else than they do.
        return Ok(Some(Suspect { finding, told: (has < told).then_some(told) }));
    }
    let finding = FindingView::new(FindingKind::MirrorBehind, order, since, numbers, remedy);
    Ok((has < told).then_some(Suspect { finding, told: Some(told) }))
}

/// The number of the event that a workflow will tell next, and when that happened which Postgres lacks.
async fn told_since(app: &App, order: OrderId, has: u64) -> Result<(u64, Option<Timestamp>), ClientError> {
    let told = app.client().next_number(order).await?;
    if told <= has {
        return Ok((told, None));
    }
    let missing = app.client().events_from(order, has).next_page().await?;
    Ok((told, missing.and_then(|events| events.first().map(|event| event.at))))
}

/// What to make of an open order that Temporal does not have.
fn missing(row: &OpenOrder) -> Option<FindingView> {
    let OpenOrder { order, next_event, submitted_at, is_child, is_promised, last_error, .. } = row;
    if *next_event > 1 || *is_child {
        return Some(forgotten(row));
    }
    if submitted_at.plus(GRACE) > now() {
        return None;
    }
    let detail = match last_error {
        Some(error) => format!("it was accepted and never started: {error}"),
        None => "it was accepted and never started".to_owned(),
    };
    let remedy = if *is_promised {
        "it is tried again by itself, every half a minute at least"
    } else {
        "`--repair` has it started"
    };
    Some(FindingView::new(FindingKind::NotStarted, *order, Some(*submitted_at), detail, remedy))
}

fn forgotten(row: &OpenOrder) -> FindingView {
    FindingView::new(
        FindingKind::Forgotten,
        row.order,
        Some(row.updated_at),
        "Postgres has it open, and Temporal has nothing of it any more, or no longer all of it".to_owned(),
        "nothing more happens to it: see in its record what was done for it, and take that back by hand",
    )
}

/// Those of the orders, open in Temporal's list, that Postgres has ended for so long that the list can't be what lags behind.
///
/// # Errors
/// Temporal or Postgres is away.
pub(super) async fn reopened(app: &App, open: &[OrderId]) -> Result<Vec<FindingView>, ApiError> {
    let ended = store::ended_orders(&mut *app.database().await?, open).await?;
    let mut findings = Vec::new();
    for (order, ended_at) in ended.into_iter().filter(|(_, ended_at)| is_settled(*ended_at)) {
        match app.client().describe(order).await {
            Ok(standing) if standing.open => findings.push(FindingView::reopened(order, ended_at)),
            Ok(_) | Err(ClientError::NotFound) => {}
            Err(error) => return Err(unread(order, error)),
        }
    }
    Ok(findings)
}

/// Whether what began then should have been written down by now.
pub(super) fn is_settled(began_at: Timestamp) -> bool {
    began_at.plus(GRACE) <= now()
}

/// What was tried for one order that could not be mended, so that the others still are.
pub(super) async fn mend_all(app: &App, findings: Vec<FindingView>) -> Vec<FindingView> {
    let mut mended = Vec::with_capacity(findings.len());
    for finding in findings {
        let before = finding.clone();
        mended.push(match finding.mend(app).await {
            Ok(finding) => finding,
            Err(error) => {
                tracing::warn!(order.id = %before.order, error = chain(&error), "what was found can't be mended");
                FindingView { remedy: format!("it could not be mended: {error}"), ..before }
            }
        });
    }
    mended
}
