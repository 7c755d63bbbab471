//! `POST /v1/reconcile`: finds where Postgres and Temporal disagree, a page at a time, and mends what can be mended.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use model::OrderId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument};
use crate::mirror::dossier::unlisted;
use crate::mirror::findings::{FindingView, compare, is_settled, mend_all, reopened};
use crate::mirror::list::{read_token, write_token};

/// Most open orders of one page: with a worker that replays each, it is done well within the time of a request.
const OPEN: u32 = 20;

/// Most orders of one page of Temporal's list.
const LISTED: u16 = 500;

/// Where a run of comparisons is: first through the open orders of Postgres, then through all orders that Temporal has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Open(Option<OrderId>),
    Listed(Vec<u8>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(after) => write!(f, "open.{}", after.unwrap_or(OrderId::new(Uuid::nil()))),
            Self::Listed(token) => write!(f, "listed.{}", write_token(token).unwrap_or_default()),
        }
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected a cursor, as it was handed out";
        let (stage, rest) = text.split_once('.').ok_or(wrong)?;
        match stage {
            "open" => Ok(Self::Open(Some(rest.parse().map_err(|_| wrong)?))),
            "listed" => Ok(Self::Listed(read_token(rest)?)),
            _ => Err(wrong),
        }
    }
}

/// How it is asked for.
#[derive(Debug)]
pub(crate) struct ReconcileQuery {
    repair: bool,
    place: Place,
}

impl QueryDocument for ReconcileQuery {
    fn read(parameters: &mut Parameters) -> Self {
        let repair = parameters.take("repair", |text| text.parse().map_err(|_| "expected `true` or `false`"));
        let place = parameters.take("cursor", str::parse::<Place>);
        Self { repair: repair.unwrap_or_default(), place: place.unwrap_or(Place::Open(None)) }
    }
}

/// What was found on one page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciledView {
    /// How many orders were looked at.
    looked_at: usize,
    /// What is wrong with them.
    findings: Vec<FindingView>,
    /// Where to go on; null at the end.
    next: Option<String>,
}

/// Find, and mend, where Postgres and Temporal disagree
///
/// Looks at one page of orders: first the open ones of Postgres, 20 at a time, each of which is compared with its workflow; then
/// all that Temporal has, 500 at a time. Go on with `next` until it is null. Sweepers mend most of this by themselves within
/// seconds; this shows it, and what they can't see. A difference that goes away within 5 s is none.
///
/// With `repair=true` orders that were never started are promised anew to be started, and rows are made again where they are not
/// what the workflow says. What only a person can mend is reported in either case.
#[utoipa::path(
    post, path = "/v1/reconcile", tag = "mirror",
    params(
        ("repair" = Option<bool>, Query, description = "Whether to mend what is found"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
    ),
    responses(
        (status = OK, description = "What was found on this page", body = ReconciledView),
        (status = BAD_REQUEST, description = "A parameter is not valid"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres, Temporal or a worker is away, so that nothing can be compared"),
    )
)]
pub(crate) async fn reconcile(
    State(app): State<App>,
    Query(ReconcileQuery { repair, place }): Query<ReconcileQuery>,
) -> Result<Json<ReconciledView>, ApiError> {
    let (looked_at, findings, next) = match place {
        Place::Open(after) => look_at_open(&app, after).await?,
        Place::Listed(token) => look_at_listed(&app, token).await?,
    };
    let findings = if repair { mend_all(&app, findings).await } else { findings };
    Ok(Json(ReconciledView { looked_at, findings, next: next.map(|next| next.to_string()) }))
}

type Page = (usize, Vec<FindingView>, Option<Place>);

async fn look_at_open(app: &App, after: Option<OrderId>) -> Result<Page, ApiError> {
    let open = store::open_orders(&mut *app.database().await?, after, OPEN).await?;
    let next = match open.last() {
        Some(last) if open.len() >= OPEN as usize => Place::Open(Some(last.order)),
        _ => Place::Listed(Vec::new()),
    };
    Ok((open.len(), compare(app, &open).await?, Some(next)))
}

async fn look_at_listed(app: &App, token: Vec<u8>) -> Result<Page, ApiError> {
    let listed = app.client().list(token, LISTED).await.map_err(unlisted)?;
    let settled: Vec<_> = listed.orders.iter().filter(|listed| is_settled(listed.began_at)).collect();
    let ids: Vec<OrderId> = settled.iter().map(|listed| listed.order).collect();
    let unknown = store::unknown_orders(&mut *app.database().await?, &ids).await?;
    // Those that go on were compared with Postgres' open ones.
    let looked_at = settled.iter().filter(|listed| !listed.open || unknown.contains(&listed.order)).count();
    let of_unknown = settled
        .iter()
        .filter(|listed| unknown.contains(&listed.order))
        .map(|listed| FindingView::unknown(listed.order, listed.began_at));
    let mut findings: Vec<FindingView> = of_unknown.collect();
    let open: Vec<OrderId> =
        listed.orders.iter().filter(|listed| listed.open).map(|listed| listed.order).collect();
    findings.extend(reopened(app, &open).await?);
    let next = (!listed.next.is_empty()).then_some(Place::Listed(listed.next));
    Ok((looked_at, findings, next))
}
