-- Orders that follow each other, and who has paused an order.
--
-- New tables, and columns without a default: the lock is short, nothing is rewritten.

alter table orders
    -- The orders that must end before it begins, as far as it says itself; null while it waits for none.
    add column pending_after uuid[],
    -- Who has paused it; null if nobody has, or if its deadline did.
    add column paused_by     text;

-- What open orders have in common with orders that must not be carried out beside them. Whoever accepts an order with a key
-- holds the advisory lock of the key's hash, so that orders with a key in common are accepted one after another.
create table order_keys (
    key      text not null,
    order_id uuid not null references orders (id) on delete cascade,
    primary key (key, order_id)
);

create index order_keys_by_order on order_keys (order_id);

-- Which orders an order waits for, as it was when it was accepted: those that were open then.
create table order_waits (
    order_id uuid not null references orders (id) on delete cascade,
    after_id uuid not null references orders (id) on delete cascade,
    -- What the two have in common; null if the order itself names the other.
    key      text
);

create index order_waits_by_order on order_waits (order_id);
create index order_waits_by_after on order_waits (after_id);
