//! The activity `replan`: makes the plan of an order that somebody wants amended by a signal.
//!
//! The worker knows no blueprints. Whoever puts it together hands it a [`Planner`], which does.

use contract::payload::{decode, encode};
use contract::{ClientError, OrderClient, Replan, Replanned};
use futures::future::BoxFuture;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};
use temporalio_sdk::activities::ActivityError;

/// Why a plan can't be made just now. It is tried again.
pub type NotPlanned = Box<dyn std::error::Error + Send + Sync>;

/// Makes plans of orders as they are to be.
pub trait Planner: Send + Sync + 'static {
    /// The plan for what is wanted of an order, or why there can be none. The same request may come several times.
    ///
    /// # Errors
    /// What is needed to tell is away, or has not heard yet of the version of the order that is carried out now.
    fn replan<'a>(&'a self, request: &'a Replan) -> BoxFuture<'a, Result<Replanned, NotPlanned>>;
}

/// Has the orders that tasks run say what they would do, which the order itself can't know.
async fn ask_children(
    orders: &OrderClient,
    request: &Replan,
    mut replanned: Replanned,
) -> Result<Replanned, ClientError> {
    let Replanned::Planned { plan, token, opposed, .. } = &mut replanned else { return Ok(replanned) };
    if plan.definitions().iter().all(|definition| definition.runs().is_none()) {
        return Ok(replanned);
    }
    match orders.preview(request.order, plan).await {
        Ok(preview) => {
            let is_shown = request.amend.token.as_ref() == Some(&preview.token());
            *token = is_shown.then(|| preview.assessment.token.clone());
            *opposed = preview.opposed;
            Ok(replanned)
        }
        // The order says so itself, on its record.
        Err(ClientError::Rejected(_)) => Ok(replanned),
        Err(error) => Err(error),
    }
}

/// One attempt to make a plan.
pub(crate) async fn replan(
    planner: &dyn Planner,
    orders: &OrderClient,
    raw: &RawValue,
) -> Result<RawValue, ActivityError> {
    let request: Replan = match decode(raw) {
        Ok(request) => request,
        Err(wrong) => return Ok(encode(&Replanned::Refused { reason: wrong.to_string() })),
    };
    let replanned = async {
        let replanned = planner.replan(&request).await?;
        Ok::<_, NotPlanned>(ask_children(orders, &request, replanned).await?)
    };
    match replanned.await {
        Ok(replanned) => Ok(encode(&replanned)),
        Err(cause) => {
            tracing::warn!(order.id = %request.order, cause = %crate::error::chain(&*cause), "an amended order can't be planned yet");
            // Temporal tries again; that it must is no fault of the worker.
            let failure = ApplicationFailure::builder(crate::error::chain(&*cause));
            Err(failure.category(ApplicationErrorCategory::Benign).build().into())
        }
    }
}
