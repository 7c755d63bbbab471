-- What has become of each item: its state, and what the customer sees of it.
--
-- The new columns have constant defaults: the lock is short, nothing is rewritten. Building the index holds up writers for one
-- reading of `tasks`; the backfill reads the events of items that failed alone, and every item once. It writes what
-- `model::ItemState::of` says; the next event of an order corrects what a release before this one still wrote meanwhile.

alter table order_items
    -- Its state: what follows for it from its order, its standing and its tasks.
    add column state           text not null default 'acknowledged',
    -- Whether it is still `wanted`, or else whether it failed alone or is cancelled, and how far that is.
    add column standing        text not null default 'wanted',
    -- Why it has failed or was cancelled, alone.
    add column reason          text,
    -- What the customer sees of it.
    add column customer_status text;

-- Finds the tasks of an item: `task[item]`.
create index tasks_by_item on tasks (order_id, split_part(task, '[', 2)) where task like '%[%';

update order_items set
    standing = case failed.type when 'ItemFailed' then 'failed' else 'failing' end,
    reason   = failed.data ->> 'reason'
from (
    select distinct on (order_id, data ->> 'item') order_id, data ->> 'item' as item, type, data
    from order_events
    -- `json` holds the character NUL and can't look into what has it; an item of such an event stays `wanted`.
    where type in ('ItemRollingBack', 'ItemFailed') and strpos(data::text, '\u0000') = 0
    order by order_id, data ->> 'item', number desc
) as failed
where order_items.order_id = failed.order_id and order_items.item = failed.item;

update order_items set standing = 'cancelling'
from orders
where orders.id = order_items.order_id and orders.ended_at is null and order_items.standing in ('wanted', 'failing')
  and exists (
    select from order_events as told where told.order_id = orders.id and told.type = 'CancelAccepted'
  );

update order_items set
    state = case
        when order_items.standing = 'failed' then 'failed'
        when orders.state = 'partial' then 'completed'
        when orders.state not in ('inProgress', 'held') then orders.state
        when of_item.held or (orders.paused_task is not null and of_item.open) then 'held'
        when order_items.standing = 'cancelling' then 'pendingCancellation'
        when order_items.standing = 'wanted' and of_item.waiting and not of_item.begun then 'pending'
        else 'inProgress'
    end
from orders
join order_items as same on same.order_id = orders.id
left join lateral (
    select
        coalesce(bool_or(tasks.state in ('held', 'undo_failed')), false) as held,
        coalesce(bool_or(tasks.state in ('waiting', 'ready')), false) as waiting,
        coalesce(bool_or(tasks.state not in ('waiting', 'ready', 'held', 'undo_failed', 'skipped')), false) as begun,
        coalesce(bool_or(tasks.state not in ('succeeded', 'undone', 'dropped', 'skipped')), false) as open
    from tasks
    where tasks.order_id = same.order_id and tasks.task like '%[%' and split_part(tasks.task, '[', 2) = same.item || ']'
) as of_item on true
where same.order_id = order_items.order_id and same.item = order_items.item;
