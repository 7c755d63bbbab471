//! What a person does with a task that needs one: what the endpoints that do it share.

use axum::RequestExt as _;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use contract::ActRequest;
use engine::Act;
use model::{Actor, DeliveryId, OrderId, TaskId};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, RequestActor, TaskPath};
use crate::orders::repetition::{Asked, answered_before, told_apart};
use crate::orders::verdict::{Verdict, answer, heard, not_promised, own_delivery};

/// A request to do something with a task: where, who, and what the body says. Which action it is, the address says.
#[derive(Debug)]
pub(crate) struct ToTask<D> {
    at: TaskPath,
    id: Option<DeliveryId>,
    by: Actor,
    pub(super) said: D,
}

impl<S: Send + Sync + 'static, D: Document> FromRequest<S> for ToTask<D> {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        let at = request.extract_parts_with_state::<TaskPath, S>(state).await?;
        let Delivery(id) = request.extract_parts_with_state(state).await?;
        let Ok(RequestActor(by)) = request.extract_parts_with_state(state).await;
        let Body(said) = Body::from_request(request, state).await?;
        Ok(Self { at, id, by, said })
    }
}

impl<D> ToTask<D> {
    /// Asks the order, unless it has answered the same request before; `act` takes from the body what is done, and the note.
    pub(super) async fn ask(
        self,
        app: &App,
        act: impl FnOnce(D) -> (Act, String),
    ) -> Result<Response, ApiError> {
        let Self { at: TaskPath { order, task }, id, by, said } = self;
        let (act, note) = act(said);
        let deed = Deed { task, by, note, act };
        let (id, verdict) = deed.ask(app, order, id).await?;
        Ok(answer(order, id, verdict))
    }
}

/// What a person does with a task of an order.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) task: TaskId,
    pub(crate) by: Actor,
    pub(crate) note: String,
    pub(crate) act: Act,
}

impl Deed {
    /// Has it done under an id, or one that is made up, and says under which.
    ///
    /// # Errors
    /// The order says no, has no such task or is none, or nobody can tell it just now.
    pub(crate) async fn ask(
        self,
        app: &App,
        order: OrderId,
        id: Option<DeliveryId>,
    ) -> Result<(DeliveryId, Verdict), ApiError> {
        let Self { task, by, note, act } = self;
        let asked = Asked::Act { task: &task, note: &note, act: &act };
        let before = answered_before(app, order, id.as_ref(), asked).await?;
        let id = id.map_or_else(own_delivery, Ok)?;
        if let Some(verdict) = before {
            return Ok((id, verdict));
        }
        let (note, act) = (note.clone(), act.clone());
        let request = ActRequest { id, task: task.to_string(), by, note, act };
        let told = app.client().act(order, &request).await;
        let verdict = heard(app, order, told).await?.map_err(|unheard| not_promised(unheard, &request.id))?;
        let verdict = told_apart(app, order, &request.id, asked, verdict).await?;
        Ok((request.id, verdict))
    }
}

#[cfg(test)]
mod tests {
    use model::OperatorAction;
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn without_temporal_nothing_is_promised_to_a_person(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for action in OperatorAction::ALL {
            let act = format!("/v1/orders/{order}/tasks/reserve[1]/{action}");
            let answer = api.post(&act, r#"{"note": "the port is back"}"#).await;
            assert_eq!(answer.problem(503, "unavailable")["detail"], "Temporal can't be reached", "{action}");
            assert_eq!(answer.header("retry-after"), "2");
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_action_needs_an_order_a_task_and_a_note(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for action in OperatorAction::ALL {
            let no_note = api.post(&format!("/v1/orders/{order}/tasks/reserve[1]/{action}"), "{}").await;
            assert_eq!(
                no_note.faults(422, "invalid-document"),
                ["/note: missing: expected a text"],
                "{action}"
            );
            let no_task = format!("/v1/orders/{order}/tasks/a b/{action}");
            let no_task = api.post(&no_task, r#"{"note": "x"}"#).await;
            assert_eq!(no_task.problem(404, "not-found")["detail"], "there is no task `a b`");
            let no_order = format!("/v1/orders/00000000-0000-0000-0000-000000000009/tasks/a/{action}");
            api.post(&no_order, r#"{"note": "x"}"#).await.problem(404, "not-found");
        }
    }
}
