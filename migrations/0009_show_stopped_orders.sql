-- Orders whose workflow somebody ended from outside, and who cancelled an order.
--
-- A new column without a default: the lock is short, nothing is rewritten. Building the indexes holds up writers for one
-- reading of each table.

alter table orders
    -- When its workflow was ended in Temporal from outside, so that nothing more happens by itself; null if it was not, or
    -- if something has happened since.
    add column stopped_at timestamptz(3);

create index orders_stopped on orders (id) where stopped_at is not null;

-- Finds who cancelled an order, and why. Only events of these kinds are in the index, so no other costs more to write.
create index order_events_cancels on order_events (order_id, number) where type in ('CancelRequested', 'CancelAccepted');
