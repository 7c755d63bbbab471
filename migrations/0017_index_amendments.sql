-- Finds what amended an order, and what it has handed on to the orders that its tasks run, among many other events.
--
-- Only events of those kinds are in the index, so no other event costs more to write. Building it holds up writers for one
-- reading of the table.

create index order_events_amending on order_events (order_id, type, number) where type in ('OrderAmended', 'TaskAmending');
