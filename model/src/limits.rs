//! Every limit that more than one part must agree on, each with its reason.

/// Longest name a blueprint may declare, in bytes. Names become Temporal activity ids and HTTP headers.
pub const NAME_BYTES: usize = 64;

/// Longest item id, in bytes. It stands in task ids, idempotency keys and headers.
pub const ITEM_ID_BYTES: usize = 64;

/// Longest external order id or idempotency key that a caller may send, in bytes.
pub const CALLER_KEY_BYTES: usize = 255;

/// Longest free text of a reason or note, in bytes. More is cut at a character boundary where we made it,
/// and refused where a caller sent it.
pub const REASON_BYTES: usize = 2_000;

/// Largest order document, in bytes. Temporal refuses payloads above 2 MB, and the plan carries the order.
pub const ORDER_BYTES: usize = 1_000_000;

/// Most items in one order.
pub const ORDER_ITEMS: usize = 1_000;

/// Most task instances in one plan.
pub const PLAN_TASKS: usize = 10_000;

/// Largest plan, in canonical bytes: a Temporal payload may hold 2 MB, and the rest of the input needs room.
pub const PLAN_BYTES: usize = 1_500_000;

/// Largest result of one call, and largest payload of one signal, in bytes. A plan has many results and a
/// workflow's history may hold 50 MB.
pub const RESULT_BYTES: usize = 256_000;

/// Deepest nesting of a value. Deeper input is refused where it is read.
pub const VALUE_DEPTH: usize = 64;

/// Most attempts a retry policy may ask for. Each attempt costs history only when it is the last, but a
/// policy beyond this is a mistake: a wait belongs in `within`.
pub const ATTEMPTS: u32 = 10_000;

/// Most times one poll may ask before its time is up: once a minute for a month. Who needs more should ask less often, or have
/// the system tell.
pub const POLLS: u64 = 50_000;

/// Most times that all polls of an order may ask, those that were begun anew included. Each time is work for Temporal, a worker
/// and a system, and an order that asks so often without an answer needs a person.
pub const ORDER_POLLS: u32 = 100_000;

/// Most times that a call without an answer is read back before the blueprint's reaction decides, or a person. Each of them
/// follows all the attempts of the call, so what is not found out by then is not a matter of patience.
pub const READ_BACKS: u32 = 3;

/// Most blueprints with parameters that one plan may carry, those that they run in turn included.
pub const SUB_BLUEPRINTS: usize = 100;

/// Deepest running of blueprints by one another. Nobody can follow more.
pub const RUN_DEPTH: usize = 16;

/// Most keys by which one order follows others. Each is a lock while an order is accepted.
pub const SEQUENCE_KEYS: usize = 100;

/// Most orders that one order waits for before it begins. They are part of its workflow's input, and each that ends is an event
/// in its history; a queue beyond this is not worked off by waiting.
pub const PREDECESSORS: usize = 500;

/// Longest duration that may be written anywhere, in days: ten years.
pub const DURATION_DAYS: u64 = 3_660;

/// Most signals of one order that are remembered to recognise a second delivery, and most that wait for a
/// task which is not there yet.
pub const DELIVERIES: usize = 10_000;

/// Most amendments of one order. Each brings a plan into the order's history, which may hold 50 MB.
pub const AMENDMENTS: u32 = 100;

/// Most child orders that the preview of an amendment looks into, those of child orders included.
pub const CHILDREN_ASSESSED: usize = 100;

/// Most of the tasks that speak against an amendment that its refusal names. A preview names all.
pub const REFUSALS: usize = 100;

/// Most tasks that one request acts on. What an outage has held up is worked off in a few of them.
pub const BULK_ACTIONS: usize = 1_000;

/// Most elements a single expression may visit while it is evaluated.
pub const EVALUATION_STEPS: u32 = 1_000_000;

/// Most calls of one order that are out at a time; the others wait for their turn. Temporal takes 2,000 activities of a workflow,
/// and a worker makes 100 calls at a time: more would only wait elsewhere.
pub const CALLS_IN_FLIGHT: usize = 200;
