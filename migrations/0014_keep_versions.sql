-- Every version of an order: as it was accepted, and as amendments have made it, or would have.
--
-- A new table, and columns with constant defaults: the lock is short, nothing is rewritten.

alter table orders
    -- Which version of it is carried out; `request`, `plan` and the columns made of them are those of this version.
    add column version bigint not null default 1;

alter table order_items
    -- Whether an amendment has taken it out of the order. Its row stays, for what was done for it.
    add column removed boolean not null default false;

create table order_versions (
    order_id          uuid not null references orders (id) on delete cascade,
    -- The delivery of its amendment; empty for the order as it was accepted, of which there is a row once it is amended.
    delivery          text not null,
    -- `proposed` until the order has said what it makes of it, then `applied` or `refused`.
    state             text not null,
    -- Which version it is, or would be.
    version           bigint not null,
    author            text not null,
    reason            text not null,
    proposed_at       timestamptz(3) not null,
    decided_at        timestamptz(3),
    -- What recognises a repetition of the request; null where only the order's record tells of it.
    request_hash      text,
    blueprint_name    text not null,
    blueprint_version bigint not null,
    -- The order as it was sent, and its plan; null where only the order's record tells of it.
    request           json,
    blueprint_hash    text,
    plan              text,
    plan_hash         text,
    -- What is different in the order, and what is done to its tasks.
    differences       json not null,
    tasks             json not null,
    -- Why it was refused.
    refusal           text,
    primary key (order_id, delivery)
);
