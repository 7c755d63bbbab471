//! The connection to Postgres, its migrations, and what can go wrong with it.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection, PgConnection, PgPool};

/// Every migration, in order.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How long a caller waits for a connection: longer than any burst, shorter than any caller's patience.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Postgres could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
pub struct DatabaseError {
    doing: &'static str,
    #[source]
    cause: sqlx::Error,
}

impl DatabaseError {
    /// Whether the data is to blame: the same request fails again however often it is made. Otherwise
    /// Postgres is down, busy or restarting, and the request may be made again as it is.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        is_permanent(&self.cause)
    }
}

fn is_permanent(cause: &sqlx::Error) -> bool {
    if let sqlx::Error::Migrate(error) = cause {
        return if let MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) = error.as_ref()
        {
            is_permanent(cause)
        } else {
            true
        };
    }
    if let sqlx::Error::Database(error) = cause {
        // Class 22: data a type does not take; 23: a constraint; 42: an unknown table or column; 54: too
        // large.
        return error.code().is_some_and(|code| ["22", "23", "42", "54"].iter().any(|c| code.starts_with(c)));
    }
    matches!(
        cause,
        sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::Configuration(_)
    )
}

/// Names what could not be done: `.map_err(cannot("load the order"))`.
pub(crate) fn cannot(doing: &'static str) -> impl FnOnce(sqlx::Error) -> DatabaseError {
    move |cause| DatabaseError { doing, cause }
}

/// A pool of at most `max_connections` connections, made when they are first needed, so that a process starts
/// while Postgres is down. Must be called within a Tokio runtime.
///
/// # Errors
/// The URL is not one of a Postgres database.
pub fn connect(url: &str, max_connections: u32) -> Result<PgPool, DatabaseError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(cannot("read the database's URL"))?
        .application_name("orderwright")
        // Nothing here takes a second; a statement that takes thirty holds locks that others wait for.
        .options([("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "60s")]);
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options))
}

/// Brings the schema up to date. Processes that start together wait for each other.
///
/// # Errors
/// Postgres is away, or an applied migration is not the one we have.
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    // A process that waits for another one to migrate is not a slow statement that anybody should look at.
    let options = pool.connect_options().as_ref().clone().disable_statement_logging();
    let mut conn = options.connect().await.map_err(cannot("connect to migrate the database"))?;
    MIGRATOR.run(&mut conn).await.map_err(|cause| cannot("migrate the database")(cause.into()))?;
    conn.close().await.map_err(cannot("close the connection that migrated the database"))
}

/// Answers if Postgres does.
///
/// # Errors
/// It does not.
pub async fn check_alive(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    conn.ping().await.map_err(cannot("reach the database"))
}
