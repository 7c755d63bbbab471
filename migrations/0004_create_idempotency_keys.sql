-- Which order a caller's `Idempotency-Key` stands for. Rows are deleted after the retention that
-- `store::KEY_RETENTION` states. Empty table, no lock or backfill.

create table idempotency_keys (
    key          text primary key,
    -- SHA-256 of the request that came with it.
    request_hash text not null,
    -- Checked at commit: the key is taken before the order is written.
    order_id     uuid not null references orders (id) on delete cascade deferrable initially deferred,
    created_at   timestamptz(3) not null
);

create index idempotency_keys_by_age on idempotency_keys (created_at);
