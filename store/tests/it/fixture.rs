//! An order with a plan of every kind of task, and what may happen to it.

use std::collections::BTreeMap;

use model::{
    Action, Actor, Customer, Duration, Fact, HoldFor, Item, Order, OrderEvent, OrderId, OrderRequest,
    OrderState, TaskId, Timestamp, Type, Value,
};
use plan::{
    Body, Call, CallBody, Definition, DefinitionIndex, Expr, FORMAT, Formula, ManualBody, Plan, PlanItem,
    PlanParts, Reaction, ReactionKind, Retry, Task, Undo,
};
use sqlx::PgConnection;
use store::{Accepted, Keyed, NewOrder, accept_order};
use uuid::Uuid;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
}

pub(crate) fn order_id(n: u128) -> OrderId {
    OrderId::new(Uuid::from_u128(n))
}

pub(crate) fn task(id: &str) -> TaskId {
    id.parse().unwrap()
}

pub(crate) fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn hash(digit: char) -> model::Hash {
    model::Hash::new(&digit.to_string().repeat(64)).unwrap()
}

/// One item, submitted `n` seconds after all began.
pub(crate) fn order(n: u128) -> Order {
    let item = Item {
        id: "1".parse().unwrap(),
        offering: "HOME_FIBER_1G".to_owned(),
        action: Action::Add,
        quantity: 1,
        product: Value::Null,
        attributes: value(r#"{"speed_mbps": 1000}"#),
    };
    let request = OrderRequest {
        external_id: None,
        blueprint: None,
        version: None,
        category: Some("consumer".to_owned()),
        customer: Customer { id: "C-1".to_owned(), name: Some("Ada Byron".to_owned()) },
        priority: 4,
        requested_start: None,
        requested_completion: None,
        after_order: Vec::new(),
        notes: vec![],
        attributes: value("{}"),
        items: vec![item],
    };
    Order { id: order_id(n), submitted_at: at(i64::try_from(n).unwrap()), request }
}

fn call(label: &str) -> Call {
    let (system, operation) = label.split_once('.').unwrap();
    Call {
        system: system.parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: vec![],
        result: Type::Record(vec![]),
        effect: true,
        repeatable: false,
    }
}

fn calls(label: &str, undo: Undo) -> Body {
    Body::Call(Box::new(CallBody {
        call: call(label),
        fallbacks: vec![],
        timeout: Duration::from_secs(30),
        within: None,
        retry: Retry::DEFAULT,
        undo,
        verify: None,
        amend: None,
    }))
}

fn definition(name: &str, each: Option<&str>, body: Body) -> Definition {
    Definition {
        name: name.parse().unwrap(),
        each: each.map(|kind| kind.parse().unwrap()),
        file: "home_fiber.blueprint".to_owned(),
        line: 1,
        when: None,
        body,
        ensure: vec![],
        on_failure: None,
        on_timeout: None,
        status: None,
        point_of_no_return: false,
        isolate: false,
    }
}

/// `check`, `reserve[1]`, `visit[1]`, `gift` (left out) and the milestone `active`.
pub(crate) fn plan() -> Plan {
    let visit = Body::Wait {
        signal: "technician_report".parse().unwrap(),
        fields: Type::Record(vec![]),
        within: Duration::from_secs(864_000),
    };
    let definitions = vec![
        definition("check", None, calls("crm.check", Undo::Nothing { why: "reads only".to_owned() })),
        definition(
            "reserve",
            Some("fiber"),
            calls("inventory.reserve", Undo::Call(call("inventory.release"))),
        ),
        definition("visit", Some("fiber"), visit),
        definition("gift", None, calls("shop.send", Undo::Nothing { why: "a gift".to_owned() })),
        definition("active", None, Body::Milestone),
    ];
    plan_of(definitions)
}

/// One task, `meter`, that a person does.
pub(crate) fn manual_plan() -> Plan {
    let title = Formula { expr: Expr::Value(Value::from("read the meter")), text: String::new(), line: 1 };
    let meter = ManualBody {
        title,
        role: "field_force".parse().unwrap(),
        fields: Type::Record(vec![]),
        within: Duration::from_secs(864_000),
    };
    plan_of(vec![definition("meter", None, Body::Manual(Box::new(meter)))])
}

/// The same as [`plan`] with the item `2` instead of `1`.
pub(crate) fn amended_plan() -> Plan {
    let text = String::from_utf8(plan().canonical_bytes()).unwrap();
    let mut parts: serde_json::Value = serde_json::from_str(&text).unwrap();
    parts["items"][0]["id"] = "2".into();
    serde_json::from_value(parts).unwrap()
}

/// One task of each definition; `gift` is left out.
fn plan_of(definitions: Vec<Definition>) -> Plan {
    let tasks = (0..definitions.len()).map(|n| Task {
        definition: DefinitionIndex(n),
        item: definitions[n].each.is_some().then_some(0),
        after: vec![],
        skipped: (definitions[n].name.as_str() == "gift").then(|| "the customer wants no gift".to_owned()),
    });
    Plan::new(PlanParts {
        format: FORMAT,
        blueprint: "home_fiber@3".parse().unwrap(),
        blueprint_hash: hash('b'),
        order: value("{}"),
        items: vec![PlanItem {
            id: "1".parse().unwrap(),
            kind: "fiber".parse().unwrap(),
            value: value("{}"),
        }],
        on_failure: Reaction { kind: ReactionKind::Hold(HoldFor::Operations), reason: None },
        deadline: None,
        sequence: std::collections::BTreeSet::new(),
        parameters: None,
        sub_blueprints: Vec::new(),
        tasks: tasks.collect(),
        definitions,
    })
    .unwrap()
}

pub(crate) async fn accept(conn: &mut PgConnection, order: &Order) -> Accepted {
    accept_keyed(conn, order, None).await.unwrap()
}

pub(crate) async fn accept_keyed(
    conn: &mut PgConnection,
    order: &Order,
    key: Option<&Keyed>,
) -> Result<Accepted, store::AcceptError> {
    let (plan, author) = (plan(), Actor::new("webshop"));
    accept_order(conn, &NewOrder { order, plan: &plan, author: &author, key }).await
}

/// Accepts an order that is carried out by this plan.
pub(crate) async fn accept_with(conn: &mut PgConnection, order: &Order, plan: &Plan) {
    let author = Actor::new("webshop");
    accept_order(conn, &NewOrder { order, plan, author: &author, key: None }).await.unwrap();
}

/// Numbers facts from 1, a second apart.
pub(crate) fn events(facts: Vec<Fact>) -> Vec<OrderEvent> {
    (1..)
        .zip(facts)
        .map(|(number, fact)| OrderEvent { number, at: at(1_000 + number.cast_signed()), fact })
        .collect()
}

pub(crate) fn started(id: &str, generation: u32) -> Fact {
    let call = if id == "check" { "crm.check" } else { "inventory.reserve" };
    Fact::TaskStarted {
        task: task(id),
        generation,
        waiting_for: None,
        until: None,
        call: Some(call.to_owned()),
        arguments: value(r#"{"kind": "pon_port"}"#),
    }
}

pub(crate) fn succeeded(id: &str) -> Fact {
    let result = r#"{"price": 12345678901234567.89, "iccid": 18446744073709551616}"#;
    Fact::TaskSucceeded { task: task(id), result: value(result) }
}

fn waiting(id: &str) -> Fact {
    Fact::TaskStarted {
        task: task(id),
        generation: 1,
        waiting_for: Some("technician_report".to_owned()),
        until: Some(at(9_000)),
        call: None,
        arguments: Value::Null,
    }
}

/// All goes well but for a call that is held, tried again, and held no more.
pub(crate) fn completes() -> Vec<OrderEvent> {
    let reason = || "no port at UTR-7".to_owned();
    events(vec![
        Fact::OrderStarted {},
        started("check", 1),
        succeeded("check"),
        Fact::CustomerStatusChanged { status: Some("Being prepared".to_owned()), item: None },
        started("reserve[1]", 1),
        Fact::TaskOutcomeUnknown {
            task: task("reserve[1]"),
            reason: "no answer".to_owned(),
            waiting_for: None,
        },
        Fact::TaskFailed { task: task("reserve[1]"), reason: reason() },
        Fact::TaskHeld { task: task("reserve[1]"), reason: reason(), hold_for: HoldFor::Operations },
        Fact::OrderHeld { task: task("reserve[1]"), reason: reason(), hold_for: HoldFor::Operations },
        Fact::OperatorActed {
            id: "op-1".parse().unwrap(),
            action: "retry".to_owned(),
            task: task("reserve[1]"),
            by: Actor::new("grace"),
            note: "port added".to_owned(),
            result: Value::Null,
            arguments: Value::Null,
        },
        Fact::OrderResumed { state: OrderState::InProgress },
        started("reserve[1]", 2),
        succeeded("reserve[1]"),
        waiting("visit[1]"),
        Fact::SignalRefused {
            id: "s-0".parse().unwrap(),
            signal: "nobody".to_owned(),
            reason: "no task waits for it".to_owned(),
        },
        Fact::SignalReceived {
            id: "s-1".parse().unwrap(),
            signal: "technician_report".parse().unwrap(),
            task: task("visit[1]"),
            payload: value(r#"{"outcome": "done"}"#),
        },
        succeeded("visit[1]"),
        succeeded("active"),
        Fact::CustomerStatusChanged { status: None, item: None },
        Fact::OrderCompleted {},
    ])
}

/// A cancel is refused, another accepted; its undo fails once.
pub(crate) fn is_cancelled() -> Vec<OrderEvent> {
    let cancel = |id: &str| Fact::CancelRequested {
        id: id.parse().unwrap(),
        by: Actor::new("webshop"),
        reason: "moved house".to_owned(),
    };
    let reason = || "inventory is closed".to_owned();
    events(vec![
        Fact::OrderPending { until: Some(at(2_000)), after: Vec::new() },
        Fact::OrderStarted {},
        started("check", 1),
        succeeded("check"),
        started("reserve[1]", 1),
        cancel("c-1"),
        Fact::CancelRefused {
            id: "c-1".parse().unwrap(),
            task: Some(task("reserve[1]")),
            reason: "reserve[1] has begun".to_owned(),
            state: OrderState::InProgress,
        },
        succeeded("reserve[1]"),
        waiting("visit[1]"),
        cancel("c-2"),
        Fact::CancelAccepted { id: "c-2".parse().unwrap() },
        Fact::TaskDropped { task: task("visit[1]") },
        Fact::TaskUndoing {
            task: task("reserve[1]"),
            call: "inventory.release".to_owned(),
            arguments: value(r#"{"reservation_id": "R-1"}"#),
        },
        Fact::TaskUndoFailed { task: task("reserve[1]"), reason: reason() },
        Fact::OrderHeld { task: task("reserve[1]"), reason: reason(), hold_for: HoldFor::Operations },
        Fact::TaskUndoing {
            task: task("reserve[1]"),
            call: "inventory.release".to_owned(),
            arguments: value(r#"{"reservation_id": "R-1"}"#),
        },
        Fact::OrderResumed { state: OrderState::PendingCancellation },
        Fact::TaskUndone { task: task("reserve[1]") },
        Fact::OrderCancelled {},
    ])
}

/// The blueprint versions of a library, by reference and hash digit.
pub(crate) fn blueprints(versions: &[(&str, char)]) -> Vec<store::NewBlueprint> {
    let new = |(blueprint, digit): &(&str, char)| store::NewBlueprint {
        blueprint: blueprint.parse().unwrap(),
        hash: hash(*digit),
        signature: value(r#"{"attributes": []}"#),
    };
    versions.iter().map(new).collect()
}

pub(crate) fn sources() -> BTreeMap<String, String> {
    BTreeMap::from([("home_fiber.blueprint".to_owned(), "blueprint home_fiber version 3 {}\n".to_owned())])
}
