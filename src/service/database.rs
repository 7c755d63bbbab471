//! Postgres, with its schema up to date.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::sleep;

use super::settings::SharedSettings;
use crate::failure::Failure;

/// The rest between two tries while Postgres is away, doubled up to the longest.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Connects and brings the schema up to date; waits while Postgres is away.
///
/// Any number of processes may do so at once, the API's and the workers': none of them works with a schema that is older than it.
pub(super) async fn open(settings: &SharedSettings) -> Result<PgPool, Failure> {
    let pool =
        store::connect(&settings.database_url, settings.database_connections).map_err(Failure::misuse)?;
    let mut rest = FIRST_REST;
    loop {
        match store::migrate(&pool).await {
            Ok(()) => return Ok(pool),
            Err(error) if error.is_permanent() => {
                return Err(Failure::unavailable(error)
                    .with_help("a newer version of orderwright may have used this database"));
            }
            Err(error) => {
                tracing::warn!("waiting for Postgres: {:#}", anyhow::Error::new(error));
                sleep(rest).await;
                rest = rest.saturating_mul(2).min(LONGEST_REST);
            }
        }
    }
}
