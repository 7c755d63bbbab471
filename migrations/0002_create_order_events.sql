-- What happened to every order, in order: the record and, in the same rows, the outbox.
--
-- An event is written in the transaction that applies it, so its row is also what webhooks and streams
-- deliver; a second copy would only be a second thing to keep true. Rows are never updated.
-- Empty table, no lock or backfill to think of.
--
-- Tailing all orders: a sequence alone is no safe cursor, because a transaction that drew a lower number may
-- commit after one that drew a higher. So each row carries its transaction, readers go by (transaction, position) and stop
-- before the oldest transaction that still runs (`pg_snapshot_xmin`): nothing can appear behind a cursor any more.
-- A transaction that hangs delays every reader and loses nothing.
-- Transaction ids belong to the cluster: after loading a logical dump into another one, empty cursors and set
-- `transaction` to '0' for all rows before anyone reads.

create table order_events (
    -- No foreign key: every writer holds the lock of the order's row, and a check per event would be
    -- the dearest part of writing it.
    order_id    uuid not null,
    number      bigint not null,
    at          timestamptz(3) not null,
    type        text not null,
    -- `json`, not `jsonb`: it is handed back whole, and jsonb refuses `\u0000`.
    data        json not null,
    transaction xid8 not null default pg_current_xact_id(),
    position    bigint generated always as identity,
    primary key (order_id, number)
);

create index order_events_by_commit on order_events (transaction, position);
