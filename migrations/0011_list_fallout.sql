-- What waits for people, found over all orders, the oldest first; and what was left behind.
--
-- New columns without a default: the lock is short, nothing is rewritten. The backfill writes the rows of tasks that a person
-- does and of what waits for a person now. Building the indexes holds up writers for one reading of each table.

alter table tasks
    -- Who does it, if a person does.
    add column role         text,
    -- Since when it waits for a person: it is held, its undo failed, or it is theirs to do; null while it waits for none.
    add column person_since timestamptz(3),
    -- The order event that holds the arguments of its undo. It is not known of undos before this migration.
    add column undo_event   bigint;

alter table orders
    -- Since when it waits for a person as a whole.
    add column paused_at timestamptz(3);

update tasks set role = substr(title, length('by hand, for ') + 1) where title like 'by hand, for %';

update tasks set person_since = started_at where role is not null and state = 'running';

-- Found by their text, not by their JSON: what was sent may have the character NUL in it, which `json` holds and can't look into.
update tasks set person_since = (
    select max(at) from order_events as told
    where told.order_id = tasks.order_id and told.type in ('TaskHeld', 'TaskUndoFailed')
      and strpos(told.data::text, '"task":' || to_json(tasks.task)::text) > 0
)
where hold_for is not null;

update orders set paused_at = (
    select max(at) from order_events as told where told.order_id = orders.id and told.type = 'OrderPaused'
)
where paused_task is not null;

create index tasks_for_people on tasks (person_since, order_id, task) where person_since is not null;
create index orders_paused    on orders (paused_at, id) where paused_at is not null;

-- A reason without what tells one case from the next: what is quoted, and every word with a digit in it, are left out. The
-- status that a system answered with stays, for it tells one trouble from another.
create function reason_pattern(reason text) returns text language sql immutable strict parallel safe as $$
    select regexp_replace(
        regexp_replace(reason, '"[^"]*"|`[^`]*`|(?<![[:alnum:]])''[^'']*''(?![[:alnum:]])', '…', 'g'),
        '(?<![[:alnum:]_])(?<!answered )([[:alnum:]_]+[-.:/,])*[[:alnum:]_]*[0-9][[:alnum:]_]*([-.:/,][[:alnum:]_]+)*', '…', 'g'
    )
$$;

-- Effects that a person accepted as left behind, so that what was done for an order is not all taken back.
create table residue (
    order_id uuid not null references orders (id) on delete cascade,
    -- The order event that says so. It holds the arguments and the result, who accepted it and why; they are not kept twice.
    number   bigint not null,
    at       timestamptz(3) not null,
    task     text not null,
    -- `system.operation` that would have taken it back.
    call     text not null,
    primary key (order_id, number)
);

create index residue_by_age on residue (at desc, order_id, number);
