-- What Temporal is still to be told about an order: start it, cancel it, deliver a signal.
--
-- An intent is written in the transaction that promises it and deleted when Temporal has it, so a promise
-- outlives Temporal being down and the death of whoever carries it. Empty table, no lock or backfill.

create table intents (
    id         bigint generated always as identity primary key,
    order_id   uuid not null references orders (id) on delete cascade,
    kind       text not null,
    payload    json not null,
    created_at timestamptz(3) not null,
    -- How often it has been claimed.
    attempts   bigint not null default 0,
    -- Nobody touches it before: it is claimed until then, or rests after a failure.
    due_at     timestamptz(3) not null,
    last_error text
);

create index intents_by_due   on intents (due_at);
create index intents_by_order on intents (order_id, id);
