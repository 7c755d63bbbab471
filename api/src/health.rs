//! Whether this process lives, whether it is of use, and how it is doing.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, now};
use crate::error::{ApiError, chain};
use crate::{gauges, queues};

/// How long one service may take to answer. Whoever asks wants to know soon.
const PATIENCE: Duration = Duration::from_secs(3);

/// A worker that was not seen for so long is not counted. Workers are seen every few seconds.
const WORKER_SILENCE: model::Duration = model::Duration::from_secs(30);

/// The process lives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// Always `ok`.
    status: &'static str,
    /// The version of Orderwright.
    version: &'static str,
}

/// Does the process live?
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = OK, description = "It does", body = HealthView)))]
pub(crate) async fn healthz() -> Json<HealthView> {
    Json(HealthView { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// What the process needs, and whether it is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessView {
    /// Whether everything is there.
    ready: bool,
    /// Without it, nothing can be read or accepted.
    postgres: CheckView,
    /// Without it, orders are accepted and wait.
    temporal: CheckView,
    /// Without one, orders are started and wait.
    workers: CheckView,
    /// The task queues that systems have to themselves, by name. While nobody serves one, the calls of its systems wait and
    /// everything else goes on, so it does not count for `ready`.
    queues: BTreeMap<String, CheckView>,
}

/// One service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckView {
    /// Whether it answers.
    up: bool,
    /// What there is to say about it.
    detail: String,
}

/// Is the process of use?
///
/// Names each service that is down. Orders can be submitted as long as Postgres is up.
#[utoipa::path(
    get, path = "/readyz", tag = "service",
    responses(
        (status = OK, description = "Everything is there", body = ReadinessView),
        (status = SERVICE_UNAVAILABLE, description = "Something is down", body = ReadinessView),
    )
)]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let (postgres, temporal, workers, queues) = tokio::join!(
        within(async {
            store::check_alive(&mut *app.database().await.map_err(|e| chain(&e))?)
                .await
                .map_err(|e| chain(&e))?;
            Ok("answers".to_owned())
        }),
        within(async {
            app.client().check_alive().await.map_err(|e| chain(&e))?;
            Ok("answers".to_owned())
        }),
        within(workers(&app)),
        queues(&app),
    );
    let ready = postgres.up && temporal.up && workers.up;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessView { ready, postgres, temporal, workers, queues })).into_response()
}

async fn workers(app: &App) -> Result<String, String> {
    let silent = i64::try_from(WORKER_SILENCE.as_millis()).unwrap_or(i64::MAX);
    let since = model::Timestamp::from_millis(now().as_millis().saturating_sub(silent));
    let mut connection = app.database().await.map_err(|_| "not known while Postgres is away".to_owned())?;
    match store::count_workers(&mut connection, since).await.map_err(|e| chain(&e))? {
        0 => Err(format!("none was seen in the last {WORKER_SILENCE}")),
        1 => Ok("1 worker".to_owned()),
        many => Ok(format!("{many} workers")),
    }
}

async fn queues(app: &App) -> BTreeMap<String, CheckView> {
    let view = |seen: Result<queues::Service, String>| match seen {
        Ok(service) => CheckView { up: service.workers > 0, detail: service.to_string() },
        Err(detail) => CheckView { up: false, detail },
    };
    match tokio::time::timeout(PATIENCE, queues::look(app)).await {
        Ok(seen) => seen
            .into_iter()
            .map(|(queue, seen)| (queue.to_string(), view(seen.map_err(|e| chain(&e)))))
            .collect(),
        Err(_) => {
            let unknown = || view(Err("not known while Temporal does not answer".to_owned()));
            app.config().routing.queues().iter().map(|queue| (queue.to_string(), unknown())).collect()
        }
    }
}

async fn within(check: impl Future<Output = Result<String, String>>) -> CheckView {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(detail)) => CheckView { up: true, detail },
        Ok(Err(detail)) => CheckView { up: false, detail },
        Err(_) => {
            CheckView { up: false, detail: format!("has not answered within {} s", PATIENCE.as_secs()) }
        }
    }
}

/// `GET /metrics`: the metrics of this process in Prometheus' text form.
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let Some(handle) = &app.config().metrics else {
        return Err(ApiError::NotFound { what: "address", name: "/metrics".to_owned() });
    };
    gauges::refresh(&app).await;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
        .into_response())
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use sqlx::PgPool;
    use store::WorkerId;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{TestApp, config, no_temporal, temporal};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn with_everything_there_the_process_is_ready(pool: PgPool) {
        let api = TestApp::with(config(), pool.clone(), temporal().await).await;
        let mut connection = pool.acquire().await.unwrap();
        let worker = WorkerId::new(Uuid::from_u128(1));
        store::begin_worker(&mut connection, worker, "worker-1", now()).await.unwrap();
        let ready = api.get("/readyz").await.json(200);
        assert_eq!((&ready["ready"], &ready["workers"]["detail"]), (&true.into(), &"1 worker".into()));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_queue_that_nobody_serves_is_named_and_keeps_nothing_else_from_being_ready(pool: PgPool) {
        let mut config = config();
        config.routing = config.routing.with_queues(["shipping".parse().unwrap()]);
        let api = TestApp::with(config, pool.clone(), temporal().await).await;
        let mut connection = pool.acquire().await.unwrap();
        let worker = WorkerId::new(Uuid::from_u128(1));
        store::begin_worker(&mut connection, worker, "worker-1", now()).await.unwrap();
        let ready = api.get("/readyz").await.json(200);
        let expected = serde_json::json!({
            "shipping": { "up": false, "detail": "no worker has asked for calls in the last 1m30s" },
        });
        assert_eq!(ready["queues"], expected);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_down_is_named(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let unready = api.get("/readyz").await.json(503);
        let up = ["postgres", "temporal", "workers"].map(|service| unready[service]["up"].as_bool().unwrap());
        assert_eq!(up, [true, false, false]);
        pool.close().await;
        let unready = api.get("/readyz").await.json(503);
        assert_eq!(unready["postgres"]["up"], false);
        assert_eq!(unready["workers"]["detail"], "not known while Postgres is away");
        let problem = api.get("/v1/orders").await.problem(503, "unavailable");
        assert_eq!(problem["detail"], "Postgres can't be reached");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn metrics_are_there_if_they_are_collected(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        api.get("/metrics").await.problem(404, "not-found");
        let mut config = config();
        config.metrics = Some(PrometheusBuilder::new().build_recorder().handle());
        let api = TestApp::with(config, pool, no_temporal()).await;
        assert_eq!(api.get("/metrics").await.status, 200);
    }
}
