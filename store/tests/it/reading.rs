//! What Postgres answers when something is wrong.

use sqlx::PgPool;
use store::{check_alive, connect, load_order, migrate};

use crate::fixture::{accept, order, order_id};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_stored_text_that_is_no_state_is_an_error(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    sqlx::query("update orders set state = 'on holiday'").execute(&mut *conn).await.unwrap();
    let error = load_order(conn, order_id(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "could not load an order");
    assert!(error.is_permanent());
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("on holiday"), "{cause}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn migrating_again_changes_nothing(pool: PgPool) {
    migrate(&pool).await.unwrap();
    check_alive(&mut pool.acquire().await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_away_is_no_fault_of_the_data() {
    // Port 9 of this machine: nobody answers there.
    let pool = connect("postgres://nobody@127.0.0.1:9/none", 1).unwrap();
    let error = migrate(&pool).await.unwrap_err();
    assert!(!error.is_permanent(), "{error:?}");
}

#[tokio::test]
async fn a_url_that_is_none_is_refused() {
    let error = connect("somewhere/orders", 1).unwrap_err();
    assert_eq!(error.to_string(), "could not read the database's URL");
}
