-- Orders as people and other systems read them: the order, its items, its tasks.
--
-- Temporal is the truth of execution. A row here is the sum of the order's events up to `next_event`, and
-- only `store::apply_batch` changes it. First migration: empty tables, no lock or backfill to think of.

-- Substring search. A trusted extension: the owner of the database may create it.
create extension if not exists pg_trgm;

create table orders (
    id                uuid primary key,
    external_id       text unique,
    blueprint_name    text not null,
    blueprint_version bigint not null,
    blueprint_hash    text not null,
    customer_id       text not null,
    customer_name     text,
    category          text,
    author            text not null,

    state             text not null,
    -- What the customer sees.
    customer_status   text,
    -- The first task in the plan's order that needs a person, why, and whom; null while none does.
    blocked_task      text,
    blocked_reason    text,
    hold_for          text,
    -- Why the order was rejected, failed, or is being rolled back.
    reason            text,
    -- The start date it waits for while `pending`.
    pending_until     timestamptz(3),

    submitted_at      timestamptz(3) not null,
    started_at        timestamptz(3),
    ended_at          timestamptz(3),
    -- When the last applied event happened.
    updated_at        timestamptz(3) not null,
    -- The number of the first event that is not applied yet.
    next_event        bigint not null,
    -- When these rows were last compared with the workflow.
    audited_at        timestamptz(3),

    -- Lower-case text that a search looks into.
    search            text not null,
    -- The order as it was sent. `json`, not `jsonb`: it is handed back whole, and jsonb refuses `\u0000`.
    request           json not null,
    -- The plan in canonical bytes, and their SHA-256.
    plan              text not null,
    plan_hash         text not null
) with (fillfactor = 70); -- room to update in place

create index orders_by_age       on orders (submitted_at desc, id desc);
create index orders_by_state     on orders (state, submitted_at desc, id desc);
create index orders_by_blueprint on orders (blueprint_name, submitted_at desc, id desc);
create index orders_by_customer  on orders (customer_id, submitted_at desc, id desc);
create index orders_by_search    on orders using gin (search gin_trgm_ops);
create index orders_open         on orders (id) where ended_at is null;

create table order_items (
    order_id uuid not null references orders (id) on delete cascade,
    item     text not null,
    position bigint not null,
    -- The kind the blueprint sorted it into; null if it names none.
    kind     text,
    offering text not null,
    action   text not null,
    quantity bigint not null,
    primary key (order_id, item)
);

create table tasks (
    order_id     uuid not null references orders (id) on delete cascade,
    -- `task[item]`, or `task` for the whole order.
    task         text not null,
    -- Its place in the plan.
    position     bigint not null,
    -- What it does, for people.
    title        text not null,
    state        text not null,
    -- How often it has been begun anew; 0 before the first time.
    generation   bigint not null default 0,
    -- `system.operation` that does it and that takes it back.
    call         text,
    undo_call    text,
    -- What it waits for, and how long, while it waits for something else than a call.
    waiting_for  text,
    until        timestamptz(3),
    -- Why it is where it is: held, failed, skipped, of unknown outcome; and whom it waits for if held.
    reason       text,
    hold_for     text,
    started_at   timestamptz(3),
    ended_at     timestamptz(3),
    -- The order events that hold the arguments of its last call and its result. They are not kept twice.
    begun_event  bigint,
    result_event bigint,
    primary key (order_id, task)
) with (fillfactor = 70);

-- The work of people: what is held, and for whom.
create index tasks_held on tasks (order_id, position) where hold_for is not null;

create table task_attempts (
    order_id   uuid not null references orders (id) on delete cascade,
    task       text not null,
    direction  text not null,
    generation bigint not null,
    attempt    bigint not null,
    started_at timestamptz(3) not null,
    -- Null while it is out, or if nobody lived to see its end.
    ended_at   timestamptz(3),
    outcome    text,
    error      text,
    primary key (order_id, task, direction, generation, attempt)
) with (fillfactor = 70);
