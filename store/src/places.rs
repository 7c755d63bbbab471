//! Where an order's events stand in the stream of all orders, while its rows are made again.
//!
//! Followers of the stream go on after a place. So an event that Postgres had before keeps its place; one whose row was lost gets
//! a place that they have passed; and only what Postgres has never had comes as news.

use std::collections::BTreeMap;

use model::OrderId;
use sqlx::PgConnection;

use crate::columns::{Whole, bigint, column};

/// The first transaction of any database: everybody is past it.
const FIRST_TRANSACTION: u64 = 3;

/// A transaction, and the position of an event among all.
type Place = (u64, u64);

/// Where the events of an order stood.
#[derive(Debug)]
pub(crate) struct Places {
    /// By their numbers.
    kept: BTreeMap<u64, Place>,
    /// The number of the first event that Postgres never had.
    new_from: u64,
}

/// Takes the events of an order away, and remembers where they stood. `known` is the number of the first that its row lacked.
pub(crate) async fn take_places(
    conn: &mut PgConnection,
    order: OrderId,
    known: Option<u64>,
) -> Result<Places, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        delete from order_events where order_id = $1
        returning number as "number: Whole<u64>", transaction::text as "transaction!", position as "position: Whole<u64>"
        "#,
        order.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut kept = BTreeMap::new();
    for row in rows {
        let transaction = row.transaction.parse().map_err(|wrong| sqlx::Error::Decode(Box::new(wrong)))?;
        kept.insert(row.number.0, (transaction, row.position.0));
    }
    let beyond = kept.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
    Ok(Places { kept, new_from: beyond.max(known.unwrap_or(0)) })
}

impl Places {
    /// Puts the events, which are written again up to before `next`, back to where they stood.
    pub(crate) async fn give_back(
        &self,
        conn: &mut PgConnection,
        order: OrderId,
        next: u64,
    ) -> Result<(), sqlx::Error> {
        let places = self.places(next);
        if places.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            r#"
            with written as (
                delete from order_events where order_id = $1 and number = any($2)
                returning number, at, type, data, position
            )
            insert into order_events (order_id, number, at, type, data, transaction, position)
            overriding system value
            select
                $1, written.number, written.at, written.type, written.data, place.transaction::xid8,
                coalesce(place.position, written.position)
            from written
            join unnest($2::bigint[], $3::text[], $4::bigint[]) as place (number, transaction, position)
                on place.number = written.number
            "#,
            order.uuid(),
            &column(&places, |(number, ..)| bigint(*number)),
            &column(&places, |(_, transaction, _)| transaction.to_string()),
            &column(&places, |(.., position)| position.map(bigint)) as _,
        )
        .execute(conn)
        .await?;
        Ok(())
    }

    /// The place of each event that is no news: its transaction, and its position unless it keeps the one that it was just
    /// given, which is behind all others. Places ascend with the numbers.
    fn places(&self, next: u64) -> Vec<(u64, u64, Option<u64>)> {
        let mut places = Vec::new();
        let mut last = (FIRST_TRANSACTION, 0);
        for number in 0..next.min(self.new_from) {
            match self.kept.get(&number) {
                Some(place) if *place > last => {
                    last = *place;
                    places.push((number, place.0, Some(place.1)));
                }
                Some(_) | None => {
                    last.1 = u64::MAX;
                    places.push((number, last.0, None));
                }
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(kept: &[(u64, Place)], new_from: u64, next: u64) -> Vec<(u64, u64, Option<u64>)> {
        Places { kept: kept.iter().copied().collect(), new_from }.places(next)
    }

    #[test]
    fn what_was_there_keeps_its_place_and_what_is_new_gets_its_own() {
        let kept = [(0, (7, 1)), (1, (9, 4))];
        assert_eq!(places(&kept, 2, 4), [(0, 7, Some(1)), (1, 9, Some(4))]);
    }

    #[test]
    fn what_was_lost_is_put_where_everybody_has_passed() {
        let kept = [(0, (7, 1)), (2, (9, 4))];
        assert_eq!(places(&kept, 3, 3), [(0, 7, Some(1)), (1, 7, None), (2, 9, Some(4))]);
        assert_eq!(places(&[], 2, 3), [(0, 3, None), (1, 3, None)], "nothing was left but the order's row");
    }

    #[test]
    fn what_comes_after_a_lost_event_of_the_same_transaction_stays_behind_it() {
        let kept = [(0, (7, 1)), (2, (7, 3)), (3, (9, 4))];
        assert_eq!(places(&kept, 4, 4), [(0, 7, Some(1)), (1, 7, None), (2, 7, None), (3, 9, Some(4))]);
    }

    #[test]
    fn what_the_record_does_not_have_has_no_place() {
        assert_eq!(places(&[(0, (7, 1)), (1, (7, 2))], 2, 1), [(0, 7, Some(1))]);
    }
}
