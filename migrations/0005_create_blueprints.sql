-- Published blueprints. A version never changes once it is here; neither does a library, which is named by
-- its hash. Empty tables, no lock or backfill.

create table libraries (
    hash         text primary key,
    -- File name to text.
    sources      json not null,
    published_at timestamptz(3) not null,
    published_by text not null
);

create table blueprint_versions (
    name         text not null,
    version      bigint not null,
    hash         text not null,
    -- The library it was published with first.
    library_hash text not null references libraries (hash),
    published_at timestamptz(3) not null,
    -- What an order of it must carry, for display.
    signature    json not null,
    primary key (name, version)
);
