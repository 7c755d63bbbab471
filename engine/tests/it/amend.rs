//! Amendments: what is kept, changed, undone, done again and refused. Random ones are in `amend_at_random`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use engine::{Act, CallEffect, CallId, Effect, Event, Handled, Rejected, Run, Settlement};
use model::{Actor, DeliveryId, Fact, OrderState, TaskState, Timestamp, Type, Value, Verdict};
use plan::{Amend, Argument, Body, Definition, DefinitionIndex, Expr, Plan, PlanParts, Undo};

use crate::build::{body, call, formula, order_id, parts, task, wait};

/// `order.NAME`.
pub(crate) fn order_field(name: &str) -> Expr {
    Expr::Field { of: Box::new(Expr::Order), name: name.to_owned(), safe: true }
}

pub(crate) fn field_of(task: usize, name: &str) -> Expr {
    let of = Expr::Task(DefinitionIndex(task));
    Expr::Field { of: Box::new(of), name: name.to_owned(), safe: true }
}

pub(crate) fn argument(name: &str, expr: Expr) -> Argument {
    Argument { name: name.to_owned(), value: formula(expr, name) }
}

/// A task that reads, as arguments of its call.
pub(crate) fn reads(name: &str, reads: Vec<(&str, Expr)>) -> Definition {
    let mut definition = task(name);
    body(&mut definition).call.arguments =
        reads.into_iter().map(|(name, expr)| argument(name, expr)).collect();
    definition
}

/// Such a task with `amend net.amend_NAME(…)` of the same arguments.
pub(crate) fn amendable(mut definition: Definition, answers: bool) -> Definition {
    let name = definition.name.to_string();
    let body = body(&mut definition);
    let before = Expr::Field { of: Box::new(Expr::Before), name: "id".to_owned(), safe: false };
    let mut arguments = vec![argument("id", before)];
    arguments.extend(body.call.arguments.clone());
    let call = call(&format!("amend_{name}"), arguments, true);
    body.amend = Some(Amend { call, answers });
    definition
}

pub(crate) fn without_undo(mut definition: Definition) -> Definition {
    body(&mut definition).undo = Undo::Nothing { why: String::new() };
    definition
}

pub(crate) fn repeatable(mut definition: Definition) -> Definition {
    body(&mut definition).call.repeatable = true;
    definition
}

fn is_set(name: &str) -> Option<plan::Formula> {
    let set = Expr::Binary {
        op: plan::BinaryOp::NotEqual,
        on: plan::Operands::Any,
        left: Box::new(order_field(name)),
        right: Box::new(Expr::Value(Value::text("no"))),
    };
    Some(formula(set, name))
}

/// An order with these attributes.
pub(crate) fn with_order(tasks: Vec<(Definition, Vec<usize>)>, order: &[(&str, &str)]) -> Plan {
    let order = order.iter().map(|(name, value)| ((*name).to_owned(), Value::text(*value)));
    Plan::new(PlanParts { order: Value::record(order), ..parts(tasks, &[]) }).unwrap()
}

/// What a system holds: what was done, with which arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deed {
    pub(crate) task: String,
    pub(crate) arguments: Value,
    pub(crate) live: bool,
}

/// An order and the systems that it calls, which answer when the test lets them.
pub(crate) struct Shop {
    pub(crate) run: Run,
    pub(crate) out: VecDeque<CallEffect>,
    pub(crate) deeds: BTreeMap<String, Deed>,
    /// `do_a`, `undo_a`, `amend_a`, in the order they were made.
    made: Vec<String>,
    now: Timestamp,
    requests: u32,
}

impl Shop {
    pub(crate) fn open(plan: &Plan) -> Self {
        let run = Run::new(order_id(), Arc::new(plan.clone()));
        let mut shop = Self {
            run,
            out: VecDeque::new(),
            deeds: BTreeMap::new(),
            made: Vec::new(),
            now: Timestamp::EPOCH,
            requests: 0,
        };
        shop.tell(Event::Start).unwrap();
        shop
    }

    pub(crate) fn tell(&mut self, event: Event) -> Result<Handled, Rejected> {
        self.now = self.now.plus(model::Duration::from_secs(1));
        let answer = self.run.handle_event(event, self.now);
        while let Some(effect) = self.run.poll_effect() {
            if let Effect::Call(call) = effect {
                self.out.push_back(*call);
            }
        }
        answer
    }

    pub(crate) fn id(&mut self) -> DeliveryId {
        self.requests += 1;
        DeliveryId::new(&format!("r-{}", self.requests)).unwrap()
    }

    pub(crate) fn amend(&mut self, plan: &Plan) -> Result<Handled, Rejected> {
        let (id, by) = (self.id(), Actor::new("ann"));
        let plan = Box::new(plan.clone());
        self.tell(Event::Amend { id, plan, by, reason: "the customer called".to_owned(), token: None })
    }

    /// Carries out a call as a system does that does each thing once, and answers it.
    pub(crate) fn carry_out(&mut self, call: &CallEffect) -> Value {
        let operation = call.operation.to_string();
        let id = call.arguments.field("id").and_then(Value::as_text).map(str::to_owned);
        if operation.starts_with("undo_") {
            let deed = self.deeds.get_mut(&id.unwrap()).expect("what is undone was done");
            assert!(deed.live, "{operation} twice");
            deed.live = false;
        } else if operation.starts_with("amend_") {
            let deed = self.deeds.get_mut(id.as_ref().unwrap()).expect("what is changed was done");
            assert!(deed.live, "{operation} of what is undone");
            deed.arguments = without_id(&call.arguments);
            self.made.push(operation);
            return answer(&id.unwrap(), &without_id(&call.arguments));
        } else {
            let key = call.key.to_string();
            if operation.ends_with("_again") {
                // Called again, it does the same thing in another way.
                let name = call.task.to_string();
                self.deeds
                    .iter_mut()
                    .filter(|(k, deed)| **k != key && deed.task == name)
                    .for_each(|(_, d)| d.live = false);
            }
            let deed = Deed { task: call.task.to_string(), arguments: call.arguments.clone(), live: true };
            self.deeds.entry(key).or_insert(deed);
        }
        self.made.push(operation);
        answer(call.key.as_str(), &call.arguments)
    }

    /// Answers the oldest call.
    fn step(&mut self) -> bool {
        let Some(call) = self.out.pop_front() else { return false };
        let answer = self.carry_out(&call);
        self.settle(call.id, Settlement::Succeeded(answer));
        true
    }

    pub(crate) fn settle(&mut self, call: CallId, settlement: Settlement) {
        self.tell(Event::CallSettled { call, settlement }).unwrap();
    }

    fn go_on(&mut self) {
        while self.step() {}
    }

    /// What is there now, by task, without the keys.
    pub(crate) fn left(&self) -> Vec<(String, Value)> {
        let live = self.deeds.values().filter(|deed| deed.live);
        // What is done again without an undo replaces what was done before.
        let mut left: Vec<_> = live.map(|deed| (deed.task.clone(), deed.arguments.clone())).collect();
        left.sort_by_key(|(task, arguments)| (task.clone(), arguments.to_string()));
        left
    }

    fn state(&self, task: &str) -> TaskState {
        self.run.view().tasks.iter().find(|view| view.id.to_string() == task).unwrap().state
    }

    fn verdicts(&self, plan: &Plan) -> Vec<(String, Verdict)> {
        let assessment = self.run.assess(plan.clone()).unwrap();
        assessment.tasks.iter().map(|change| (change.task.to_string(), change.verdict)).collect()
    }
}

pub(crate) fn without_id(arguments: &Value) -> Value {
    let Value::Record(fields) = arguments else { return arguments.clone() };
    let fields = fields.iter().filter(|(name, _)| *name != "id");
    Value::record(fields.map(|(name, value)| (name.clone(), value.clone())))
}

/// `id` is new with every call, `same` never changes, and `echo` is what the call was given.
pub(crate) fn answer(id: &str, arguments: &Value) -> Value {
    Value::record([
        ("id", Value::text(id)),
        ("ok", Value::Bool(true)),
        ("same", Value::text("same")),
        ("echo", Value::text(arguments.to_string())),
    ])
}

/// All calls answer `{ id, ok, same, echo }`.
pub(crate) fn rich(mut definition: Definition) -> Definition {
    let text = |name: &str| model::Field { name: name.to_owned(), of: Type::Text, default: None };
    if let Body::Call(call) = &mut definition.body {
        let ok = model::Field { name: "ok".to_owned(), of: Type::Bool, default: None };
        let result = Type::Record(vec![text("id"), ok, text("same"), text("echo")]);
        call.call.result = result.clone();
        if let Some(amend) = &mut call.amend {
            amend.call.result = result;
        }
    }
    definition
}

/// `port` reads the speed, `ont` the port's answer, `visit` the contact, `bill` what the ONT is.
fn fibre(speed: &str, contact: &str) -> Plan {
    let tasks = vec![
        (rich(amendable(reads("port", vec![("speed", order_field("speed"))]), false)), vec![]),
        (rich(reads("ont", vec![("port", field_of(0, "id"))])), vec![0]),
        (rich(reads("visit", vec![("contact", order_field("contact"))])), vec![]),
        (rich(reads("bill", vec![("ont", field_of(1, "id"))])), vec![1, 2]),
    ];
    with_order(tasks, &[("speed", speed), ("contact", contact)])
}

#[test]
fn what_nothing_reads_changes_nothing() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    shop.step();
    let plan = with_order(
        vec![
            (rich(amendable(reads("port", vec![("speed", order_field("speed"))]), false)), vec![]),
            (rich(reads("ont", vec![("port", field_of(0, "id"))])), vec![0]),
            (rich(reads("visit", vec![("contact", order_field("contact"))])), vec![]),
            (rich(reads("bill", vec![("ont", field_of(1, "id"))])), vec![1, 2]),
        ],
        &[("speed", "100"), ("contact", "ann"), ("note", "new")],
    );
    assert!(shop.verdicts(&plan).iter().all(|(_, verdict)| *verdict == Verdict::Kept));
    assert_eq!(shop.amend(&plan), Ok(Handled::Applied));
    shop.go_on();
    assert_eq!(shop.made, ["do_port", "do_visit", "do_ont", "do_bill"]);
    assert_eq!(shop.run.state(), OrderState::Completed);
}

#[test]
fn what_has_an_amend_is_changed_and_what_reads_its_old_answer_is_kept() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    while shop.state("ont") != TaskState::Succeeded {
        shop.step();
    }
    let faster = fibre("1000", "ann");
    let verdicts = shop.verdicts(&faster);
    let expected = [("port", Verdict::Amended), ("visit", Verdict::Kept), ("ont", Verdict::Kept)];
    for (task, verdict) in expected {
        assert!(verdicts.contains(&(task.to_owned(), verdict)), "{verdicts:?}");
    }
    shop.amend(&faster).unwrap();
    shop.go_on();
    assert_eq!(shop.made.iter().filter(|made| made.starts_with("amend_")).count(), 1);
    assert_eq!(shop.made.iter().filter(|made| made.starts_with("undo_")).count(), 0, "{:?}", shop.made);
    assert_eq!(shop.run.state(), OrderState::Completed);
}

#[test]
fn a_preview_says_which_argument_is_different() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    shop.go_on_until("visit");
    let assessment = shop.run.assess(fibre("100", "bea")).unwrap();
    let visit = assessment.tasks.iter().find(|change| change.task.to_string() == "visit").unwrap();
    assert_eq!(visit.verdict, Verdict::Redone);
    assert_eq!(visit.differences.len(), 1);
    let difference = &visit.differences[0];
    assert_eq!(difference.what, "net.do_visit(contact)");
    assert_eq!((&difference.from, &difference.to), (&Value::text("ann"), &Value::text("bea")));
    let whole: Vec<_> = assessment.differences.iter().map(|difference| difference.what.as_str()).collect();
    assert_eq!(whole, ["contact"]);
}

impl Shop {
    fn go_on_until(&mut self, task: &str) {
        while self.state(task) != TaskState::Succeeded {
            assert!(self.step(), "{task} never ends");
        }
    }
}

#[test]
fn what_is_done_again_with_the_same_result_ends_the_amendment_there() {
    let chain = |speed: &str, read: &str| {
        let tasks = vec![
            (rich(reads("a", vec![("speed", order_field("speed"))])), vec![]),
            (rich(reads("b", vec![("a", field_of(0, read))])), vec![0]),
            (rich(reads("c", vec![("b", field_of(1, "id"))])), vec![1]),
            (wait("d"), vec![2]),
        ];
        with_order(tasks, &[("speed", speed)])
    };
    let mut shop = Shop::open(&chain("100", "same"));
    shop.go_on();
    let verdicts = shop.verdicts(&chain("200", "same"));
    assert_eq!(verdicts[0].1, Verdict::Redone);
    assert_eq!(verdicts[1].1, Verdict::Compared);
    shop.amend(&chain("200", "same")).unwrap();
    shop.go_on();
    assert_eq!(shop.made, ["do_a", "do_b", "do_c", "undo_a", "do_a"], "`b` read the same");
    assert_eq!(shop.state("d"), TaskState::Running);

    let mut shop = Shop::open(&chain("100", "echo"));
    shop.go_on();
    shop.amend(&chain("200", "echo")).unwrap();
    shop.go_on();
    let expected = ["do_a", "do_b", "do_c", "undo_a", "do_a", "undo_b", "do_b", "undo_c", "do_c"];
    assert_eq!(shop.made, expected, "`b` read something else, and so did `c`");
}

#[test]
fn what_is_undone_goes_in_reverse_before_anything_is_done_again() {
    let chain = |speed: &str| {
        let tasks = vec![
            (rich(reads("a", vec![("speed", order_field("speed"))])), vec![]),
            (rich(reads("b", vec![])), vec![0]),
            (rich(reads("c", vec![("speed", order_field("speed"))])), vec![1]),
            (wait("d"), vec![2]),
        ];
        with_order(tasks, &[("speed", speed)])
    };
    let mut shop = Shop::open(&chain("100"));
    shop.go_on();
    shop.amend(&chain("200")).unwrap();
    shop.go_on();
    assert_eq!(shop.made, ["do_a", "do_b", "do_c", "undo_c", "undo_a", "do_a", "do_c"]);
}

#[test]
fn a_passed_point_of_no_return_refuses_what_comes_before_it() {
    let with_point = |speed: &str, note: &str| {
        let mut bill = without_undo(rich(reads("bill", vec![("a", field_of(0, "id"))])));
        bill.point_of_no_return = true;
        let tasks = vec![
            (rich(reads("a", vec![("speed", order_field("speed"))])), vec![]),
            (bill, vec![0]),
            (rich(reads("greet", vec![("note", order_field("note"))])), vec![]),
            (wait("d"), vec![1]),
        ];
        with_order(tasks, &[("speed", speed), ("note", note)])
    };
    let mut shop = Shop::open(&with_point("100", "x"));
    shop.go_on();
    let record = shop.run.events().len();
    let before = shop.run.view();
    let Err(Rejected::Amendment { tasks }) = shop.amend(&with_point("200", "x")) else {
        panic!("not refused")
    };
    assert_eq!(tasks[0].task.to_string(), "a");
    assert!(tasks[0].reason.contains("`bill`"), "{}", tasks[0].reason);
    let after = shop.run.view();
    assert_eq!((after.state, after.tasks), (before.state, before.tasks), "it runs on untouched");
    assert!(matches!(shop.run.events()[record].fact, Fact::AmendmentRefused { .. }));
    shop.amend(&with_point("100", "y")).unwrap();
    shop.go_on();
    assert!(
        shop.made.ends_with(&["undo_greet".to_owned(), "do_greet".to_owned()]),
        "what is beside it may change"
    );
}

#[test]
fn what_can_neither_be_changed_nor_undone_refuses() {
    let one = |speed: &str| {
        let a = without_undo(rich(reads("a", vec![("speed", order_field("speed"))])));
        with_order(vec![(a, vec![]), (wait("d"), vec![0])], &[("speed", speed)])
    };
    let mut shop = Shop::open(&one("100"));
    shop.go_on();
    assert!(matches!(shop.amend(&one("200")), Err(Rejected::Amendment { .. })));
    let again = |speed: &str| {
        let a = repeatable(without_undo(rich(reads("a", vec![("speed", order_field("speed"))]))));
        with_order(vec![(a, vec![]), (wait("d"), vec![0])], &[("speed", speed)])
    };
    let mut shop = Shop::open(&again("100"));
    shop.go_on();
    shop.amend(&again("200")).unwrap();
    shop.go_on();
    assert_eq!(shop.made, ["do_a", "do_a"]);
}

#[test]
fn what_is_under_way_with_other_values_settles_first() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    // `port` and `visit` are out.
    shop.amend(&fibre("100", "bea")).unwrap();
    shop.go_on();
    assert_eq!(shop.made[..4], ["do_port", "do_visit", "undo_visit", "do_ont"]);
    assert_eq!(shop.left().len(), 4);
    assert_eq!(shop.run.state(), OrderState::Completed);
    let visit: Vec<_> = shop.left().into_iter().filter(|(task, _)| task == "visit").collect();
    assert_eq!(visit[0].1, Value::record([("contact", Value::text("bea"))]));
}

#[test]
fn a_refused_call_with_outdated_values_is_made_anew() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    shop.amend(&fibre("100", "bea")).unwrap();
    let visit = shop.out.iter().position(|call| call.task.to_string() == "visit").unwrap();
    let call = shop.out.remove(visit).unwrap();
    shop.settle(call.id, Settlement::Refused { reason: "no such contact".to_owned() });
    shop.go_on();
    assert_eq!(shop.run.state(), OrderState::Completed);
    assert_eq!(shop.made.iter().filter(|made| *made == "do_visit").count(), 1);
}

#[test]
fn a_stale_token_is_answered_and_changes_nothing() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    let plan = fibre("100", "bea");
    let token = shop.run.assess(plan.clone()).unwrap().token;
    shop.amend(&fibre("200", "ann")).unwrap();
    let (id, by) = (shop.id(), Actor::new("ann"));
    let amend =
        Event::Amend { id, plan: Box::new(plan.clone()), by, reason: String::new(), token: Some(token) };
    let fresh = shop.run.assess(plan.clone()).unwrap().token;
    assert_eq!(shop.tell(amend), Err(Rejected::AmendmentMoved { token: fresh.clone() }));
    let (id, by) = (shop.id(), Actor::new("ann"));
    let amend = Event::Amend { id, plan: Box::new(plan), by, reason: String::new(), token: Some(fresh) };
    assert_eq!(shop.tell(amend.clone()), Ok(Handled::Applied));
    assert_eq!(shop.tell(amend), Ok(Handled::Duplicate));
}

#[test]
fn amendments_stack_and_each_is_on_the_record() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    shop.go_on_until("port");
    for (speed, contact) in [("200", "ann"), ("200", "bea"), ("100", "ann")] {
        shop.amend(&fibre(speed, contact)).unwrap();
    }
    shop.go_on();
    assert_eq!(shop.run.state(), OrderState::Completed);
    let versions: Vec<u32> = shop
        .run
        .events()
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::OrderAmended { version, .. } => Some(*version),
            _ => None,
        })
        .collect();
    assert_eq!(versions, [2, 3, 4]);
    let mut scratch = Shop::open(&fibre("100", "ann"));
    scratch.go_on();
    assert_eq!(shop.left().len(), scratch.left().len());
}

#[test]
fn an_amendment_of_what_is_being_undone_is_refused() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    shop.go_on_until("port");
    let (id, by) = (shop.id(), Actor::new("ann"));
    shop.tell(Event::Cancel { id, by, reason: String::new() }).unwrap();
    assert_eq!(shop.amend(&fibre("200", "ann")), Err(Rejected::BeingUndone));
    shop.go_on();
    assert_eq!(shop.run.state(), OrderState::Cancelled);
    assert!(shop.left().is_empty());
}

#[test]
fn a_cancel_in_the_middle_of_an_amendment_leaves_nothing() {
    for steps in 0..12 {
        let mut shop = Shop::open(&fibre("100", "ann"));
        shop.go_on_until("ont");
        shop.amend(&fibre("200", "bea")).unwrap();
        for _ in 0..steps {
            shop.step();
        }
        let (id, by) = (shop.id(), Actor::new("ann"));
        let cancelled = shop.tell(Event::Cancel { id, by, reason: String::new() });
        shop.go_on();
        if cancelled.is_ok() {
            assert_eq!(shop.run.state(), OrderState::Cancelled, "after {steps}");
            assert!(shop.left().is_empty(), "after {steps}: {:?}", shop.left());
        }
    }
}

#[test]
fn an_amend_call_that_fails_is_for_a_person_and_can_be_tried_again() {
    let mut shop = Shop::open(&fibre("100", "ann"));
    shop.go_on_until("ont");
    shop.amend(&fibre("200", "ann")).unwrap();
    let call = loop {
        let call = shop.out.pop_front().unwrap();
        if call.operation.as_str() == "amend_port" {
            break call;
        }
        let answer = shop.carry_out(&call);
        shop.settle(call.id, Settlement::Succeeded(answer));
    };
    assert_eq!(shop.state("port"), TaskState::Amending);
    shop.settle(call.id, Settlement::Failed { reason: "down".to_owned() });
    assert_eq!((shop.run.state(), shop.state("port")), (OrderState::Held, TaskState::Held));
    let (id, by, task) = (shop.id(), Actor::new("ann"), "port".parse().unwrap());
    let action = Act::Retry { arguments: BTreeMap::new() };
    shop.tell(Event::Act { id, action, task, by, note: "it is back".to_owned() }).unwrap();
    assert_eq!(shop.out.back().unwrap().key, call.key, "the same call under the same key");
    shop.go_on();
    assert_eq!(shop.run.state(), OrderState::Completed);
}

#[test]
fn a_task_that_was_left_out_is_done_and_one_that_is_left_out_now_is_undone() {
    let extra = |wanted: &str| {
        let mut static_ip = rich(reads("static_ip", vec![]));
        static_ip.when = is_set("wanted");
        let tasks = vec![(rich(reads("a", vec![])), vec![]), (static_ip, vec![0]), (wait("d"), vec![1])];
        with_order(tasks, &[("wanted", wanted)])
    };
    let mut shop = Shop::open(&extra("no"));
    shop.go_on();
    assert_eq!(shop.state("static_ip"), TaskState::Skipped);
    shop.amend(&extra("yes")).unwrap();
    shop.go_on();
    assert_eq!(shop.state("static_ip"), TaskState::Succeeded);
    assert_eq!(shop.verdicts(&extra("no"))[1], ("static_ip".to_owned(), Verdict::Undone));
    shop.amend(&extra("no")).unwrap();
    shop.go_on();
    assert_eq!(shop.state("static_ip"), TaskState::Skipped);
    assert_eq!(shop.made, ["do_a", "do_static_ip", "undo_static_ip"]);
    assert_eq!(shop.state("d"), TaskState::Running);
}
