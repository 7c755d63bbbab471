-- The workers that write the mirror: a row is a worker that lives, or one that ended without saying so.
--
-- Events on their way from a worker to Postgres are in its memory only. A worker that ends cleanly has
-- written them all and deletes its row. One that does not leaves it, and every order that was open then
-- is compared with its workflow. Empty table, no lock or backfill.

create table workers (
    id         uuid primary key,
    name       text not null,
    started_at timestamptz(3) not null,
    last_seen  timestamptz(3) not null,
    -- When events of it were found to be lost, or may have been.
    lost_at    timestamptz(3)
);
