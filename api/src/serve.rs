//! The listening socket: connections are bounded in number and in patience, and none is cut off when the
//! process is asked to end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;

use crate::app::App;
use crate::router::router;
use crate::steering::steer;

/// How long a caller may take to send the head of a request, idle connections included. Above the idle time of
/// common proxies, so that they close first.
const HEADER_TIME: Duration = Duration::from_secs(75);

/// How large the head of a request may be, in bytes: sixteen of the largest keys, with room.
const HEADER_BYTES: usize = 16_384;

/// How long requests under way are waited for when the process ends.
const SHUTDOWN_TIME: Duration = Duration::from_secs(20);

/// How long to wait after the system refused a connection for want of something, such as file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The API can't go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What runs beside the requests broke: promises would not be kept any more.
    #[error("the API's background work broke")]
    Background(#[source] JoinError),
}

/// Serves the API on `listener` and keeps its promises until `shutdown` is done; then ends streams, lets
/// requests under way finish, and returns.
///
/// # Errors
/// The background work has panicked. The process should end and be started again.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let mut background = tokio::spawn(background(app.clone()));
    let graceful = GracefulShutdown::new();
    let ended = tokio::select! {
        never = accept(&listener, &app, &graceful) => match never {},
        ended = &mut background => Some(ended),
        () = shutdown => None,
    };
    drop(listener);
    app.ending().cancel();
    if tokio::time::timeout(SHUTDOWN_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the process had to end");
    }
    let ended = match ended {
        Some(ended) => ended,
        None => background.await,
    };
    ended.map_err(ServeError::Background)
}

/// What runs beside the requests, until the process ends.
async fn background(app: App) {
    tokio::join!(app.news().listen(app.pool(), app.ending()), steer(&app));
}

/// Takes connections for as long as it is polled.
async fn accept(listener: &TcpListener, app: &App, graceful: &GracefulShutdown) -> std::convert::Infallible {
    let connections = Arc::new(Semaphore::new(app.limits().connections));
    let router = router(app.clone());
    loop {
        // Taken before a connection is: beyond the limit, connections wait in the system's queue.
        let permit = Arc::clone(&connections).acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => spawn_connection(stream, router.clone(), graceful, permit),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn spawn_connection(
    stream: TcpStream,
    router: Router,
    graceful: &GracefulShutdown,
    permit: Option<OwnedSemaphorePermit>,
) {
    // Answers are small and complete: nothing is gained by waiting for more to send.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not turn off delayed sending");
    }
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEADER_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection.into_owned());
    tokio::spawn(async move {
        let _permit = permit;
        // A caller that goes away is not our error.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;
    use crate::testing::{PATIENCE, config, no_temporal};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_process_that_is_asked_to_end_ends(pool: PgPool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = App::new(config(), pool, no_temporal());
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, app, async { drop(stopped.await) }));
        // A connection that is open and silent holds nobody up.
        let _idle = TcpStream::connect(address).await.unwrap();
        let mut caller = TcpStream::connect(address).await.unwrap();
        caller.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        caller.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, served).await.unwrap().unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_head_that_is_too_large_is_refused(pool: PgPool) {
        let api = crate::testing::TestApp::start(pool).await;
        let answer =
            api.request("GET", "/healthz").header("x-large", "x".repeat(2 * HEADER_BYTES)).send().await;
        assert_eq!(answer.unwrap().status(), 431);
    }
}
