//! Orders as they were accepted, read back.

use model::{Actor, Order, OrderId, OrderRequest};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::columns::{At, Word, bigint};
use crate::database::{DatabaseError, cannot};

/// An order as it was accepted, as far as Postgres knows it.
#[derive(Clone, Debug)]
pub struct AcceptedOrder {
    /// The order.
    pub order: Order,
    /// Who sent it.
    pub author: Actor,
}

/// The order as it was accepted, before any amendment.
///
/// # Errors
/// Postgres is away, or what is stored can't be read.
pub async fn load_acceptance(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<AcceptedOrder>, DatabaseError> {
    load_accepted_before(conn, order, None).await
}

/// The same, as amended before some event of its record: what an order that a task of it ran from then on was given.
///
/// # Errors
/// Postgres is away, or what is stored can't be read.
pub async fn load_accepted_before(
    conn: &mut PgConnection,
    order: OrderId,
    event: Option<u64>,
) -> Result<Option<AcceptedOrder>, DatabaseError> {
    let row = sqlx::query!(
        r#"
        select
            submitted_at as "submitted_at: At", author as "author: Word<Actor>",
            coalesce(
                (
                    select versions.request
                    from order_versions versions
                    where versions.order_id = orders.id and versions.state = 'applied' and versions.request is not null
                      and versions.version <= (
                          select count(*) + 1 from order_events
                          where order_events.order_id = orders.id and type = 'OrderAmended' and number < $2
                      )
                    order by versions.version desc
                    limit 1
                ),
                request
            ) as "request!: Json<OrderRequest>"
        from orders
        where id = $1
        "#,
        order.uuid(),
        event.map_or(0, bigint),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("load an order as it was accepted"))?;
    Ok(row.map(|row| AcceptedOrder {
        order: Order { id: order, submitted_at: row.submitted_at.0, request: row.request.0 },
        author: row.author.0,
    }))
}
