-- Orders that take too long, and orders that tasks of others run.
--
-- New columns without a default: the lock is short, nothing is rewritten. Building the indexes holds up writers for one
-- reading of the table.

alter table orders
    -- Since when it may not be done in time, and since when its time is up.
    add column at_risk_since timestamptz(3),
    add column overdue_since timestamptz(3),
    -- The task at which the order as a whole waits for a person, why, and for whom; null while it does not.
    add column paused_task   text,
    add column paused_reason text,
    add column paused_for    text,
    -- The order that this one is part of, and which task of it runs this one; null for most.
    add column parent_id     uuid references orders (id) on delete cascade,
    add column parent_task   text;

create index orders_by_parent on orders (parent_id, submitted_at, id) where parent_id is not null;
create index orders_at_risk   on orders (id)
    where (at_risk_since is not null or overdue_since is not null) and ended_at is null;
