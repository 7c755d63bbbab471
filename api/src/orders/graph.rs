//! `GET /v1/orders/{id}/graph`: a picture of an order under way: its plan, and what has become of each task.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use graph::{Graph, dot, mermaid, svg};
use http::header;
use model::{TaskId, TaskState};
use plan::Plan;
use store::OrderRow;
use utoipa::IntoParams;
use utoipa::openapi::schema::ObjectBuilder;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{OrderPath, Parameters, Query, QueryDocument};
use crate::orders::view::words;

/// As what an order is drawn.
#[derive(Clone, Copy, Debug, Default)]
enum Format {
    /// A picture that needs nothing else.
    #[default]
    Svg,
    /// A Mermaid flowchart.
    Mermaid,
    /// A Graphviz digraph.
    Dot,
}

impl Format {
    const ALL: [Self; 3] = [Self::Svg, Self::Mermaid, Self::Dot];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Mermaid | Self::Dot => "text/plain; charset=utf-8",
        }
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or("expected `svg`, `mermaid` or `dot`")
    }
}

fn format() -> ObjectBuilder {
    words("As what it is drawn.", Format::ALL.map(Format::as_str))
}

/// How to draw.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters to OpenAPI; they are read one by one to report all faults"
)]
struct GraphParameters {
    /// `svg`, if it is not given; `mermaid` for pages that draw such; `dot` for Graphviz.
    #[param(schema_with = format)]
    format: Option<String>,
}

/// How to draw, checked.
#[derive(Debug)]
pub(crate) struct GraphQuery {
    format: Format,
}

impl QueryDocument for GraphQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self { format: parameters.take("format", Format::read).unwrap_or_default() }
    }
}

/// Draw an order
///
/// Its plan as it is now, every task with its state. Tasks that an amendment has taken out of the plan are counted below the title
/// while they are being taken back. An SVG picture needs nothing else; it shows at most 400 tasks.
#[utoipa::path(
    get, path = "/v1/orders/{id}/graph", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order"), GraphParameters),
    responses(
        (status = OK, description = "The picture", content(
            (String = "image/svg+xml"),
            (String = "text/plain"),
        )),
        (status = BAD_REQUEST, description = "The format is none that is drawn"),
        (status = NOT_FOUND, description = "There is no such order"),
        (status = CONFLICT, description = "There are more than 400 tasks, which SVG does not show: `code` is `too_large`"),
    )
)]
pub(crate) async fn order_graph(
    State(app): State<App>,
    OrderPath(id): OrderPath,
    Query(GraphQuery { format }): Query<GraphQuery>,
) -> Result<Response, ApiError> {
    let mut connection = app.database().await?;
    let order = store::load_order(&mut connection, id).await?.ok_or_else(|| ApiError::no_order(id))?;
    let plan = store::load_plan(&mut connection, id).await?.ok_or_else(|| ApiError::no_order(id))?;
    drop(connection);
    let graph = picture(&order, &plan);
    let drawn = match format {
        Format::Svg => svg(&graph).map_err(|large| ApiError::Refused {
            code: "too_large",
            reason: format!("{large} as SVG: ask for `format=dot`, and have Graphviz draw it"),
            task: None,
        })?,
        Format::Mermaid => mermaid(&graph),
        Format::Dot => dot(&graph),
    };
    let headers = [(header::CONTENT_TYPE, format.media_type()), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, drawn).into_response())
}

/// The plan of an order, with what has become of its tasks.
fn picture(order: &OrderRow, plan: &Plan) -> Graph {
    let states: BTreeMap<String, TaskState> =
        order.tasks.iter().map(|task| (task.id.to_string(), task.progress.state)).collect();
    let gone = |task: &TaskId| plan.find(task).is_none();
    let leaving = order.tasks.iter().filter(|task| gone(&task.id) && !is_over(task.progress.state)).count();
    let leaving = match leaving {
        0 => String::new(),
        1 => "; 1 task of the version before is not taken back yet".to_owned(),
        more => format!("; {more} tasks of versions before are not taken back yet"),
    };
    let summary = &order.summary;
    let version = if summary.version > 1 { format!(", version {}", summary.version) } else { String::new() };
    let graph = Graph::from(plan);
    Graph { subtitle: format!("order {}: {}{version}{leaving}", summary.id, summary.progress.state), ..graph }
        .with_states(|task| states.get(task).copied())
}

/// Whether nothing more happens to a task that is gone.
const fn is_over(state: TaskState) -> bool {
    matches!(
        state,
        TaskState::Succeeded
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone
            | TaskState::Waiting
    )
}

#[cfg(test)]
mod tests {
    use model::Fact;
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, events_to_the_end, held_at};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_is_drawn_with_what_has_become_of_its_tasks(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let address = format!("/v1/orders/{order}/graph");
        let drawn = async |format: &str| {
            let answer = api.get(&format!("{address}{format}")).await;
            assert_eq!(answer.status.as_u16(), 200);
            (answer.header("content-type").to_owned(), answer.text)
        };
        let (media_type, picture) = drawn("").await;
        assert_eq!(media_type, "image/svg+xml");
        assert!(picture.contains(&format!("order {order}: acknowledged")), "{picture}");
        assert_eq!(picture.matches("· waiting</text>").count(), 3);

        apply(&pool, order, held_at("reserve[1]", "no port is free")).await;
        let (_, held) = drawn("?format=svg").await;
        assert!(held.contains("! held</text>") && held.contains(&format!("order {order}: held")), "{held}");

        let done = accept(&pool, 2, "C-1", "fiber").await;
        apply(&pool, done, events_to_the_end()).await;
        for (format, sign) in [("mermaid", "<br/>✓ succeeded"), ("dot", "\\n✓ succeeded")] {
            let answer = api.get(&format!("/v1/orders/{done}/graph?format={format}")).await;
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
            let text = &answer.text;
            assert_eq!(text.matches(sign).count(), 3, "{text}");
        }
        let wrong = api.get(&format!("{address}?format=png")).await;
        let wrong = wrong.faults(400, "invalid-parameters");
        assert_eq!(wrong, ["format: expected `svg`, `mermaid` or `dot`"]);
        api.get("/v1/orders/00000000-0000-0000-0000-000000000009/graph").await.problem(404, "not-found");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_never_begun_is_drawn_too(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let dropped = |task: &str| Fact::TaskDropped { task: task.parse().unwrap() };
        let facts = ["reserve[1]", "field_work[1]", "active"].map(dropped);
        apply(&pool, order, [Fact::OrderStarted {}].into_iter().chain(facts).collect()).await;
        let picture = api.get(&format!("/v1/orders/{order}/graph")).await.text;
        assert_eq!(picture.matches("− dropped</text>").count(), 3, "{picture}");
        assert!(picture.contains(">not done</text>"), "the legend says what that is");
    }
}
