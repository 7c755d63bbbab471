//! Postgres: what people and other systems read.
//!
//! The only crate with SQL in it. Functions take a connection, so callers own the transaction where they need
//! one, and answer in the words of `model`; absent is `None`. Every query is checked against the schema in
//! `migrations/` when it is compiled. Temporal is the truth of execution: [`apply_batch`] alone moves an
//! order, and only as its numbered events say. The clock is an input.

mod accept;
mod acceptance;
mod acts;
mod amended;
mod apply;
mod attempts;
mod blueprints;
mod census;
mod children;
mod columns;
mod database;
mod deliveries;
mod due;
mod events;
mod expected;
mod fallout;
mod intents;
mod items;
mod keys;
mod listen;
mod lists;
mod orders;
mod outlook;
mod places;
mod progress;
mod rebuild;
mod reconcile;
mod residue;
mod rows;
mod summary;
mod tasks;
mod versions;
mod waits;
mod work_item;
mod workers;

pub use accept::{AcceptError, Accepted, NewOrder, START_GRACE, accept_order, find_accepted};
pub use acceptance::{AcceptedOrder, load_acceptance, load_accepted_before};
pub use acts::HandsOn;
pub use apply::{Outcome, apply_batch, apply_events};
pub use attempts::{Attempt, AttemptEnd, AttemptOutcome, load_attempts, record_attempts};
pub use blueprints::{
    BlueprintVersion, Conflict, Library, NewBlueprint, NewLibrary, PublishError, Published, list_blueprints,
    load_blueprint, load_library, newest_blueprints, publish_library,
};
pub use census::{CENSUS_LIMIT, Census, IntentCount, take_census};
pub use children::{ChildRow, Parent};
pub use database::{DatabaseError, MIGRATOR, check_alive, connect, migrate};
pub use deliveries::{KeptSignal, load_delivery};
pub use events::{EVENT_PAGE, EventCursor, PublicEvent, load_events, tail_events};
pub use expected::{Expectation, Expected};
pub use fallout::{FALLOUT_PAGE, find_fallout, group_fallout, list_fallout};
pub use intents::{
    Intent, IntentId, LONGEST_REST, Steering, add_intent, claim_intents, delay_intent, finish_intents,
};
pub use items::{ItemRow, open_items};
pub use keys::{KEY_RETENTION, KeyReused, Keyed, purge_keys};
pub use listen::{Heard, Listener};
pub use lists::{Lateness, ORDER_PAGE, OrderCursor, OrderFilter, OrderPage, list_orders};
pub use orders::{OrderRow, find_tasks, load_order, load_plan, load_state};
pub use outlook::{Cancel, note_stopped};
pub use progress::{Blocked, OrderProgress, Refusal, TaskProgress};
pub use rebuild::{Rebuild, Rebuilt, rebuild_order};
pub use reconcile::{OpenOrder, ended_orders, open_orders, promise_start, unknown_orders};
pub use residue::{RESIDUE_PAGE, Residue, ResidueCursor, ResidueFilter, ResiduePage, list_residue};
pub use summary::{OrderSummary, Pause};
pub use tasks::{CallError, TaskRow};
pub use versions::{
    CurrentVersion, NewVersion, Proposed, VERSION_PAGE, VersionCursor, VersionPage, VersionRow, VersionState,
    list_versions, load_current, load_version, propose_version, withdraw_version,
};
pub use waits::{PlaceError, Predecessor, load_predecessors, mend_waits};
pub use work_item::{
    FalloutFilter, Person, WaitsFor, WorkCursor, WorkExample, WorkGroup, WorkItem, WorkKey, WorkKind,
    WorkPage,
};
pub use workers::{
    WorkerId, begin_worker, count_workers, declare_lost, end_worker, find_lost_workers, mark_audited,
    orders_to_audit, see_worker,
};
