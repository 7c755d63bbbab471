-- Finds the signals that were kept for an order's tasks, which is looked for at every reading of an order and seldom there.
--
-- Only events of that kind are in the index, so no other event costs more to write. Building it holds up writers for one
-- reading of the table.

create index order_events_kept on order_events (order_id, number) where type = 'SignalKept';
