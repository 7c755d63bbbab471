//! What people do with tasks that need them.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Act, Handled, OperatorAction, Rejected, Run, Scope};
use model::{Actor, Fact, OrderState, TaskState, Value};
use plan::{Argument, Body, Definition, DefinitionIndex, Expr, Formula, Plan, ReactionKind, Undo};

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::world::Luck;

/// The result of `a`, the first task, as others read it.
fn of_a(safe: bool) -> Formula {
    let of = Box::new(Expr::Task(DefinitionIndex(0)));
    let text = if safe { "a?.id" } else { "a.id" };
    build::formula(Expr::Field { of, name: "id".to_owned(), safe }, text)
}

fn order_id() -> Formula {
    build::formula(Expr::Field { of: Box::new(Expr::Order), name: "id".to_owned(), safe: false }, "order.id")
}

fn argument(name: &str, value: Formula) -> Argument {
    Argument { name: name.to_owned(), value }
}

/// `do_NAME(site: order.id, size: 5) undo_NAME(id: result.id, site: order.id)`.
fn sited(name: &str) -> Definition {
    let mut task = build::task(name);
    let body = build::body(&mut task);
    let size = build::formula(Expr::Value(Value::from(5)), "5");
    body.call.arguments = vec![argument("site", order_id()), argument("size", size)];
    if let Undo::Call(undo) = &mut body.undo {
        undo.arguments.push(argument("site", order_id()));
    }
    task
}

/// a, then b.
fn two(a: Definition, b: Definition) -> Arc<Plan> {
    build::plan(vec![(a, vec![]), (b, vec![0])], &[])
}

/// `b`, with something of `a` among its arguments.
fn reader(read: Formula) -> Definition {
    let mut b = build::task("b");
    build::body(&mut b).call.arguments = vec![argument("of", read)];
    b
}

impl Case {
    fn retry_with(&mut self, task: &str, arguments: &str) -> Result<Handled, Rejected> {
        let Value::Record(arguments) = json(arguments) else { panic!("arguments are a record") };
        self.deed(task, Act::Retry { arguments })
    }

    fn roll_back(&mut self, task: &str, scope: Scope) -> Result<Handled, Rejected> {
        self.deed(task, Act::Rollback { scope: Some(scope) })
    }

    fn deed(&mut self, task: &str, action: Act) -> Result<Handled, Rejected> {
        let (task, by, note) = (task.parse().unwrap(), Actor::new("ann"), "looked at it".to_owned());
        self.ask(|id| engine::Event::Act { id, action, task, by, note })
    }

    fn refused(&mut self, task: &str, action: impl Into<Act>) -> String {
        let told = self.facts().len();
        let refused = self.deed(task, action.into()).unwrap_err().to_string();
        assert_eq!(self.facts().len(), told, "nothing is told of what was not done");
        refused
    }

    /// What a person can do with a task, after seeing that it is what is taken.
    fn actions(&self, task: &str, result: &str) -> Vec<OperatorAction> {
        let run = self.simulation.order();
        let index = run.view().tasks.iter().position(|view| view.id.to_string() == task).unwrap();
        let actions = run.actions(plan::TaskIndex(index));
        assert_eq!(run.view().tasks[index].actions, actions);
        let taken = |action: &OperatorAction| {
            let mut twin: Run = run.clone();
            let action = match action {
                OperatorAction::Complete => Act::Complete { result: json(result) },
                other => (*other).into(),
            };
            let (id, by, note) = ("twin".parse().unwrap(), Actor::new("ann"), "seen".to_owned());
            let event = engine::Event::Act { id, action, task: task.parse().unwrap(), by, note };
            twin.handle_event(event, self.simulation.now()).is_ok()
        };
        let expected: Vec<_> = OperatorAction::ALL.iter().copied().filter(taken).collect();
        assert_eq!(actions, expected, "what is offered is what is taken");
        actions
    }

    /// The arguments of what was called last for a task, forward or back.
    fn last_arguments(&self, name: &str, task: &str) -> Value {
        let events = self.simulation.order().events();
        let last = events.iter().rev().find_map(|event| match &event.fact {
            Fact::TaskStarted { task: of, arguments, .. } | Fact::TaskUndoing { task: of, arguments, .. }
                if event.fact.name() == name && of.to_string() == task =>
            {
                Some(arguments.clone())
            }
            _ => None,
        });
        last.unwrap()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

const RESULT: &str = r#"{"id": "by-hand", "ok": true}"#;

mod corrected_arguments {
    use super::*;

    #[test]
    fn a_held_task_is_tried_again_with_them_and_undone_with_them() {
        let rollback =
            |task: &mut Definition| task.on_failure = Some(build::reaction(ReactionKind::Rollback));
        let mut b = build::task("b");
        rollback(&mut b);
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Refused]), ("do_b", &[Luck::Refused])];
        let mut case = Case::new(two(sited("a"), b), luck).until(1);
        assert_eq!(case.retry_with("a", r#"{"site": "UTR-8"}"#), Ok(Handled::Applied));
        let view = case.simulation.order().view();
        assert_eq!(view.tasks[0].generation, 2, "other arguments have a key of their own");
        assert_eq!(case.last_arguments("TaskStarted", "a"), json(r#"{"site": "UTR-8", "size": 5}"#));
        let acted = case.simulation.order().events().iter().find_map(|event| match &event.fact {
            Fact::OperatorActed { action, arguments, .. } => Some((action.clone(), arguments.clone())),
            _ => None,
        });
        assert_eq!(acted, Some(("retry".to_owned(), json(r#"{"site": "UTR-8"}"#))));

        let case = case.at_standstill();
        assert_eq!(case.state(), OrderState::Failed);
        let undone = case.last_arguments("TaskUndoing", "a");
        assert_eq!(undone.field("site"), Some(&Value::text("UTR-8")), "what was made is what is undone");
        assert_eq!(case.held_effects(), [""; 0]);
    }

    #[test]
    fn they_stay_when_the_task_is_tried_again_as_it_is() {
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Refused, Luck::Refused, Luck::Refused])];
        let mut case = Case::new(two(sited("a"), build::task("b")), luck).until(1);
        case.retry_with("a", r#"{"site": "UTR-8"}"#).unwrap();
        let mut case = case.until(2);
        case.retry_with("a", r#"{"size": 7}"#).unwrap();
        let mut case = case.until(3);
        case.act(OperatorAction::Retry, "a").unwrap();
        assert_eq!(case.last_arguments("TaskStarted", "a"), json(r#"{"site": "UTR-8", "size": 7}"#));
        assert_eq!(case.at_standstill().state(), OrderState::Completed);
    }

    #[test]
    fn they_must_be_arguments_of_the_task_and_of_their_kind() {
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Refused])];
        let mut case = Case::new(two(sited("a"), build::task("b")), luck).until(1);
        let wrong = json(r#"{"site": 8, "sizes": 7, "size": "7"}"#);
        let Value::Record(arguments) = wrong else { panic!() };
        assert_eq!(
            case.refused("a", Act::Retry { arguments }),
            "`a` can't be given this: /site: expected a text, found a number; /size: expected a number, found a text; \
             /sizes: `sizes` is no argument of the task: known are `site`, `size`"
        );
        let mut case = Case::new(two(build::wait("a"), build::task("b")), &[]).at_standstill();
        let arguments = BTreeMap::from([("site".to_owned(), Value::text("UTR-8"))]);
        assert_eq!(
            case.refused("a", Act::Retry { arguments }),
            "`a` can't be given this: /site: `site` is no argument: the task takes none"
        );
    }

    #[test]
    fn what_may_have_been_done_is_settled_before() {
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::LostAfterEffect])];
        let mut case = Case::new(two(sited("a"), build::task("b")), luck).until(1);
        let arguments = BTreeMap::from([("site".to_owned(), Value::text("UTR-8"))]);
        assert_eq!(
            case.refused("a", Act::Retry { arguments }),
            "`a` may or may not have been done: have it tried again as it is, or complete it by hand"
        );
        case.act(OperatorAction::Retry, "a").unwrap();
        assert_eq!(case.at_standstill().held_effects(), ["a", "b"]);
    }

    #[test]
    fn what_was_done_with_others_is_undone_with_those_first() {
        let mut a = sited("a");
        a.ensure = vec![build::ensure_ok(HOLD)];
        let mut case = Case::new(two(a, build::task("b")), &[("do_a", &[Luck::NotOk])]).until(1);
        case.retry_with("a", r#"{"site": "UTR-8"}"#).unwrap();
        let undone = case.last_arguments("TaskUndoing", "a");
        assert_eq!(undone.field("site"), Some(&Value::text("1")));
        let case = case.at_standstill();
        assert_eq!(case.log(), ["do_a", "undo_a", "do_a", "do_b"]);
        assert_eq!(case.last_arguments("TaskStarted", "a").field("site"), Some(&Value::text("UTR-8")));
    }

    #[test]
    fn the_call_that_reads_back_asks_about_the_call_that_was_made() {
        let mut a = build::verified(sited("a"), true);
        if let Some(verify) = &mut build::body(&mut a).verify {
            verify.query.arguments = vec![argument("where", order_id())];
        }
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Refused, Luck::LostAfterEffect])];
        let mut case = Case::new(two(a, build::task("b")), luck).until(1);
        case.retry_with("a", r#"{"site": "UTR-8"}"#).unwrap();
        let mut asked = Vec::new();
        while !case.simulation.order().is_ended() {
            case.simulation.step();
            asked.extend(case.simulation.world().asked.clone());
        }
        assert_eq!(asked.first(), Some(&json(r#"{"where": "UTR-8"}"#)));
    }

    #[test]
    fn an_amendment_leaves_them_alone_unless_it_changes_what_they_correct() {
        let plan = |id: &str, contact: &str| {
            let mut parts = build::parts(vec![(sited("a"), vec![]), (build::wait("b"), vec![0])], &[]);
            parts.order = Value::record([("id", Value::text(id)), ("contact", Value::text(contact))]);
            Plan::new(parts).unwrap()
        };
        let amend = |case: &mut Case, plan: Plan| {
            let (by, reason) = (Actor::new("ann"), "they wish it".to_owned());
            case.ask(|id| engine::Event::Amend { id, plan: Box::new(plan), by, reason, token: None })
                .unwrap();
        };
        let mut case = Case::new(Arc::new(plan("1", "ann")), &[("do_a", &[Luck::Refused])]).until(1);
        case.retry_with("a", r#"{"site": "UTR-8"}"#).unwrap();
        let mut case = case.until(2);
        amend(&mut case, plan("1", "bea"));
        let mut case = case.until(5);
        assert_eq!(case.log(), ["do_a", "do_a"], "nothing that `a` reads has changed");
        amend(&mut case, plan("9", "bea"));
        let case = case.until(9);
        assert_eq!(case.log(), ["do_a", "do_a", "undo_a", "do_a"]);
        let undone = case.last_arguments("TaskUndoing", "a");
        assert_eq!(undone.field("site"), Some(&Value::text("UTR-8")));
        assert_eq!(case.last_arguments("TaskStarted", "a").field("site"), Some(&Value::text("9")));
    }

    #[test]
    fn an_expression_that_can_not_be_evaluated_can_be_stood_in_for() {
        let mut a = sited("a");
        let nothing = Expr::Field { of: Box::new(Expr::Order), name: "nothing".to_owned(), safe: false };
        build::body(&mut a).call.arguments = vec![argument("site", build::formula(nothing, "order.nothing"))];
        let mut case = Case::new(two(a, build::task("b")), &[]).until(0);
        assert!(case.why_held().contains("order.nothing"), "{}", case.why_held());
        case.retry_with("a", r#"{"site": "UTR-8"}"#).unwrap();
        assert_eq!(case.last_arguments("TaskStarted", "a"), json(r#"{"site": "UTR-8"}"#));
        assert_eq!(case.at_standstill().state(), OrderState::Completed);
    }
}

mod completed_by_hand {
    use super::*;

    #[test]
    fn a_held_task_brings_what_a_person_says_to_those_that_read_it() {
        let mut case =
            Case::new(two(build::task("a"), reader(of_a(false))), &[("do_a", &[Luck::Failed])]).until(1);
        assert_eq!(case.complete("a", r#"{"id": "by-hand", "ok": true, "more": 1}"#), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Succeeded));
        assert_eq!(case.last_arguments("TaskStarted", "b"), json(r#"{"of": "by-hand"}"#));
        let told = case.facts();
        let at = |name: &str| told.iter().position(|fact| *fact == name).unwrap();
        assert!(at("OperatorActed") < at("OrderResumed") && at("OrderResumed") < at("TaskSucceeded"));
    }

    #[test]
    fn what_was_done_by_hand_is_undone_if_the_order_turns_back() {
        // The call was lost and a person sees that it was done.
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::LostAfterEffect]), ("do_b", &[Luck::Refused])];
        let mut case = Case::new(two(build::task("a"), build::task("b")), luck).until(1);
        let done = format!(r#"{{"id": "{}/a/1/forward", "ok": true}}"#, build::order_id());
        case.complete("a", &done).unwrap();
        let mut case = case.until(2);
        assert_eq!(case.act(OperatorAction::Rollback, "b"), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!(case.log(), ["do_a", "do_b", "undo_a"]);
        assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    }

    #[test]
    fn the_result_must_be_of_the_declared_type_and_what_is_ensured_must_hold() {
        let mut a = build::task("a");
        a.ensure = vec![build::ensure_ok(ReactionKind::Rollback)];
        let mut case = Case::new(two(a, build::task("b")), &[("do_a", &[Luck::Failed])]).until(1);
        let Err(Rejected::Result { faults, .. }) = case.complete("a", r#"{"id": 7}"#) else { panic!() };
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, ["/id: expected a text, found a number", "/ok: missing: expected true or false"]);
        let not_ok = Act::Complete { result: json(r#"{"id": "x", "ok": false}"#) };
        assert_eq!(
            case.refused("a", not_ok),
            "what came of `a` is not of the shape that was declared: `result.ok` does not hold"
        );
        assert_eq!(case.complete("a", RESULT), Ok(Handled::Applied));
    }

    #[test]
    fn a_poll_takes_only_what_it_waits_for() {
        let poll = build::poll("a", model::Duration::from_secs(20));
        let luck: &[(&str, &[Luck])] = &[("look_a", &[Luck::NotOk, Luck::NotOk, Luck::NotOk])];
        let mut case = Case::new(two(poll, build::task("b")), luck).at_standstill();
        let not_ok = Act::Complete { result: json(r#"{"id": "x", "ok": false}"#) };
        assert!(case.refused("a", not_ok).ends_with("`result.ok` does not hold"));
        assert_eq!(case.complete("a", RESULT), Ok(Handled::Applied));
        assert_eq!(case.at_standstill().state(), OrderState::Completed);
    }

    #[test]
    fn a_wait_and_a_manual_task_that_came_too_late_can_be_completed() {
        for task in [build::wait("a"), build::manual("a")] {
            let mut case = Case::new(two(task, build::task("b")), &[]).at_standstill();
            assert_eq!(case.task("a"), TaskState::Held);
            assert_eq!(case.complete("a", r#"{"ok": true}"#), Ok(Handled::Applied));
            assert_eq!(case.at_standstill().state(), OrderState::Completed);
        }
    }

    #[test]
    fn the_note_is_the_evidence() {
        let mut case =
            Case::new(two(build::task("a"), build::task("b")), &[("do_a", &[Luck::Failed])]).until(1);
        let (task, by, action) =
            ("a".parse().unwrap(), Actor::new("ann"), Act::Complete { result: json(RESULT) });
        let refused = case.ask(|id| engine::Event::Act { id, action, task, by, note: " ".to_owned() });
        assert_eq!(refused.unwrap_err().to_string(), "what is done with `a` needs a note that says why");
    }
}

mod skipped {
    use super::*;

    #[test]
    fn an_order_goes_on_without_a_task_that_nothing_needs() {
        let mut case =
            Case::new(two(build::task("a"), build::task("b")), &[("do_a", &[Luck::Failed])]).until(1);
        assert_eq!(case.act(OperatorAction::Skip, "a"), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Skipped));
        let reason = case.simulation.order().view().tasks[0].reason.clone();
        assert_eq!(reason.as_deref(), Some("left out by op: seen"));
    }

    #[test]
    fn a_task_whose_result_is_needed_is_not_left_out() {
        let mut case =
            Case::new(two(build::task("a"), reader(of_a(false))), &[("do_a", &[Luck::Failed])]).until(1);
        assert_eq!(
            case.refused("a", OperatorAction::Skip),
            "`a` can't be left out: `b` needs `a.id` of it. Complete it by hand"
        );
        assert_eq!(
            case.actions("a", RESULT),
            [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Rollback]
        );
    }

    #[test]
    fn who_reckons_with_nothing_needs_nothing() {
        let mut case =
            Case::new(two(build::task("a"), reader(of_a(true))), &[("do_a", &[Luck::Failed])]).until(1);
        assert_eq!(case.act(OperatorAction::Skip, "a"), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!(case.last_arguments("TaskStarted", "b"), json(r#"{"of": null}"#));
        // So does who reads a task that its blueprint skips when its time is up.
        let mut a = build::task("a");
        a.on_timeout = Some(build::reaction(ReactionKind::Skip));
        let mut case = Case::new(two(a, reader(of_a(false))), &[("do_a", &[Luck::Failed])]).until(1);
        assert_eq!(case.act(OperatorAction::Skip, "a"), Ok(Handled::Applied));
    }

    #[test]
    fn a_task_that_was_left_out_itself_needs_nothing() {
        let plan = build::plan(vec![(build::task("a"), vec![]), (reader(of_a(false)), vec![0])], &[1]);
        let mut case = Case::new(plan, &[("do_a", &[Luck::Failed])]).until(1);
        case.act(OperatorAction::Skip, "a").unwrap();
        assert_eq!(case.at_standstill().state(), OrderState::Completed);
    }

    #[test]
    fn what_it_left_is_undone_first() {
        let mut a = build::task("a");
        a.ensure = vec![build::ensure_ok(HOLD)];
        let mut case = Case::new(two(a, build::task("b")), &[("do_a", &[Luck::NotOk])]).until(1);
        case.act(OperatorAction::Skip, "a").unwrap();
        let case = case.at_standstill();
        assert_eq!(case.log(), ["do_a", "undo_a", "do_b"]);
        assert_eq!((case.task("a"), case.held_effects()), (TaskState::Skipped, vec!["b".to_owned()]));
    }

    #[test]
    fn nobody_skips_what_may_have_been_done() {
        let mut case =
            Case::new(two(build::task("a"), build::task("b")), &[("do_a", &[Luck::LostBeforeEffect])])
                .until(1);
        assert!(case.refused("a", OperatorAction::Skip).starts_with("`a` may or may not have been done"));
        assert_eq!(
            case.actions("a", RESULT),
            [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Rollback]
        );
    }
}

mod rolled_back {
    use super::*;

    /// Two items of their own, and `bill` after them.
    fn items() -> Arc<Plan> {
        let mut allocate = build::isolated(build::task("allocate"));
        allocate.on_failure = Some(build::reaction(HOLD));
        let mut parts = build::parts(vec![(allocate, vec![]), (build::task("bill"), vec![])], &[]);
        parts.items = vec![build::item("1"), build::item("2")];
        parts.tasks = vec![
            plan::Task { definition: DefinitionIndex(0), item: Some(0), after: vec![], skipped: None },
            plan::Task { definition: DefinitionIndex(0), item: Some(1), after: vec![], skipped: None },
            plan::Task {
                definition: DefinitionIndex(1),
                item: None,
                after: vec![plan::TaskIndex(0), plan::TaskIndex(1)],
                skipped: None,
            },
        ];
        Arc::new(Plan::new(parts).unwrap())
    }

    const SECOND: &[(&str, &[Luck])] = &[("do_allocate", &[Luck::Fine, Luck::Failed])];

    #[test]
    fn an_operator_says_whether_the_item_or_the_order() {
        let mut case = Case::new(items(), SECOND).at_standstill();
        assert_eq!(case.task("allocate[2]"), TaskState::Held);
        let mut whole = Case::new(items(), SECOND).at_standstill();
        case.roll_back("allocate[2]", Scope::Item).unwrap();
        assert_eq!(case.at_standstill().state(), OrderState::Partial);
        whole.roll_back("allocate[2]", Scope::Order).unwrap();
        let whole = whole.at_standstill();
        assert_eq!((whole.state(), whole.held_effects()), (OrderState::Failed, vec![]));
    }

    #[test]
    fn what_is_of_no_item_is_rolled_back_with_the_order_alone() {
        let luck: &[(&str, &[Luck])] = &[("do_bill", &[Luck::Failed])];
        let mut case = Case::new(items(), luck).at_standstill();
        assert_eq!(
            case.refused("bill", Act::Rollback { scope: Some(Scope::Item) }),
            "`bill` is of no item that can be rolled back alone: only the order can"
        );
        case.roll_back("bill", Scope::Order).unwrap();
        assert_eq!(case.at_standstill().state(), OrderState::Failed);
    }
}

mod failed_undos {
    use super::*;

    /// b is refused, so a is undone, which fails.
    fn stuck() -> Case {
        let mut b = build::task("b");
        b.on_failure = Some(build::reaction(ReactionKind::Rollback));
        let luck: &[(&str, &[Luck])] = &[("do_b", &[Luck::Refused]), ("undo_a", &[Luck::Failed])];
        let case = Case::new(two(sited("a"), b), luck).at_standstill();
        assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::UndoFailed));
        case
    }

    const SETTLED: [OperatorAction; 3] =
        [OperatorAction::Retry, OperatorAction::Undone, OperatorAction::Accept];

    #[test]
    fn a_person_says_that_it_was_undone_by_hand() {
        let mut case = stuck();
        assert_eq!(case.actions("a", RESULT), SETTLED);
        case.act(OperatorAction::Undone, "a").unwrap();
        assert_eq!((case.state(), case.task("a")), (OrderState::Failed, TaskState::Undone));
        assert!(!case.facts().contains(&"ResidueAccepted"));
    }

    #[test]
    fn a_person_accepts_what_is_left_and_the_record_says_so() {
        let mut case = stuck();
        case.act(OperatorAction::Accept, "a").unwrap();
        assert_eq!((case.state(), case.task("a")), (OrderState::Failed, TaskState::Undone));
        let id = format!("{}/a/1/forward", build::order_id());
        let residue = Fact::ResidueAccepted {
            task: "a".parse().unwrap(),
            call: "net.undo_a".to_owned(),
            arguments: Value::record([("id", Value::text(id.clone())), ("site", Value::text("1"))]),
            result: Value::record([("id", Value::text(id)), ("ok", Value::Bool(true))]),
            by: Actor::new("op"),
            reason: "seen".to_owned(),
        };
        assert!(case.simulation.order().events().iter().any(|event| event.fact == residue));
        let reason = case.simulation.order().view().tasks[0].reason.clone();
        assert_eq!(reason.as_deref(), Some("left in place: seen"));
        assert_eq!(case.held_effects(), ["a"]);
    }

    #[test]
    fn a_cancel_comes_to_its_end_all_the_same() {
        let plan = two(build::task("a"), build::wait("b"));
        let mut case = Case::new(plan, &[("undo_a", &[Luck::Failed])]).until(1);
        case.cancel().unwrap();
        let mut case = case.at_standstill();
        assert_eq!(case.task("a"), TaskState::UndoFailed);
        case.act(OperatorAction::Accept, "a").unwrap();
        assert_eq!(case.state(), OrderState::Cancelled);
    }

    #[test]
    fn what_was_to_follow_the_undo_follows() {
        for action in [OperatorAction::Undone, OperatorAction::Accept] {
            let mut a = build::task("a");
            a.ensure = vec![build::ensure_ok(HOLD)];
            let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::NotOk]), ("undo_a", &[Luck::Failed])];
            let mut case = Case::new(two(a, build::task("b")), luck).until(1);
            case.act(OperatorAction::Retry, "a").unwrap();
            let mut case = case.until(2);
            assert_eq!(
                case.actions("a", RESULT),
                [
                    OperatorAction::Retry,
                    OperatorAction::Rollback,
                    OperatorAction::Undone,
                    OperatorAction::Accept
                ]
            );
            case.act(action, "a").unwrap();
            let case = case.at_standstill();
            assert_eq!((case.state(), case.log().len()), (OrderState::Completed, 4), "{action}");
        }
    }

    #[test]
    fn nothing_else_is_done_with_it() {
        let mut case = stuck();
        for act in [Act::Skip, Act::Complete { result: json(RESULT) }] {
            assert_eq!(
                case.refused("a", act),
                "`a` could not be taken back: have that tried again, say that it is undone, or accept what is left"
            );
        }
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Failed])];
        let mut case = Case::new(two(build::task("a"), build::task("b")), luck).until(1);
        for action in [OperatorAction::Undone, OperatorAction::Accept] {
            assert_eq!(
                case.refused("a", action),
                "`a` is held: only a task whose undo failed can be said to be undone, or accepted"
            );
        }
    }

    #[test]
    fn it_is_accepted_for_a_reason() {
        let mut case = stuck();
        for action in [OperatorAction::Undone, OperatorAction::Accept] {
            let (task, by) = ("a".parse().unwrap(), Actor::new("ann"));
            let refused = case.ask(|id| engine::Event::Act {
                id,
                action: action.into(),
                task,
                by,
                note: String::new(),
            });
            assert_eq!(refused, Err(Rejected::NoNote { task: "a".parse().unwrap() }));
        }
    }
}

#[test]
fn a_task_that_needs_nobody_is_offered_nothing() {
    let mut case = Case::new(two(build::task("a"), build::manual("b")), &[]).until(0);
    assert_eq!(case.actions("a", RESULT), []);
    assert_eq!(case.actions("b", r#"{"ok": true}"#), []);
    let mut case = case_until(&mut case, 1);
    assert_eq!(case.actions("b", r#"{"ok": true}"#), [OperatorAction::Complete]);
    case.complete("b", r#"{"ok": true}"#).unwrap();
    assert_eq!(case.actions("b", r#"{"ok": true}"#), []);
}

fn case_until(case: &mut Case, seconds: i64) -> Case {
    std::mem::replace(case, Case::new(two(build::task("a"), build::task("b")), &[])).until(seconds)
}

#[test]
fn a_held_task_is_offered_what_can_be_done_with_it() {
    let luck: &[(&str, &[Luck])] = &[("do_b", &[Luck::Failed])];
    let case = Case::new(two(build::task("a"), build::task("b")), luck).at_standstill();
    assert_eq!(
        case.actions("b", RESULT),
        [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Skip, OperatorAction::Rollback]
    );
    // Past a point of no return there is no way back.
    let mut a = build::task("a");
    a.point_of_no_return = true;
    let case = Case::new(two(a, build::task("b")), luck).at_standstill();
    assert_eq!(
        case.actions("b", RESULT),
        [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Skip]
    );
}

#[test]
fn the_same_request_again_gets_the_same_answer_and_does_nothing() {
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Failed])];
    let mut case = Case::new(two(build::task("a"), reader(of_a(false))), luck).until(1);
    let request = |action: Act| engine::Event::Act {
        id: "OP-1".parse().unwrap(),
        action,
        task: "a".parse().unwrap(),
        by: Actor::new("ann"),
        note: "replaced".to_owned(),
    };
    let complete = request(Act::Complete { result: json(RESULT) });
    assert_eq!(case.simulation.handle(complete.clone()), Ok(Handled::Applied));
    let told = case.facts().len();
    assert_eq!(case.simulation.handle(complete), Ok(Handled::Duplicate));
    assert_eq!(case.facts().len(), told);
}

#[test]
fn a_task_that_was_never_begun_can_be_completed_by_hand() {
    let mut a = build::task("a");
    a.when = Some(build::result_field("nothing"));
    let mut case = Case::new(two(a, reader(of_a(false))), &[]).until(0);
    assert_eq!(case.task("a"), TaskState::Held);
    assert!(matches!(case.simulation.order().plan().definitions()[0].body, Body::Call(_)));
    case.complete("a", RESULT).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

mod orders_that_tasks_run {
    use engine::{ChildId, ChildReport, Event};
    use model::Duration;
    use plan::ReactionKind;

    use super::*;
    use crate::child::{arrival, in_child};

    /// `deliver` runs `ship`, which collects and waits for an arrival; then `bill` waits.
    fn plan(change: impl FnOnce(&mut [Definition], &mut plan::SubBlueprint)) -> Arc<Plan> {
        let tasks = vec![(build::task("collect"), vec![]), (build::wait("arrival"), vec![0])];
        let mut sub = build::sub_blueprint("ship", tasks);
        sub.returns = None;
        sub.result = model::Type::Record(Vec::new());
        let mut tasks = vec![build::run("deliver", &sub), build::wait("bill")];
        change(&mut tasks, &mut sub);
        let mut parts = build::parts(tasks.into_iter().zip([vec![], vec![0]]).collect(), &[]);
        parts.sub_blueprints = vec![sub];
        Arc::new(Plan::new(parts).unwrap())
    }

    #[test]
    fn a_blueprint_is_run_again_with_other_arguments_of_their_declared_types() {
        let rollback = |_: &mut [Definition], sub: &mut plan::SubBlueprint| {
            sub.on_failure = build::reaction(ReactionKind::Rollback)
        };
        let mut case = Case::new(plan(rollback), &[("do_collect", &[Luck::Refused])]).at_standstill();
        assert_eq!(case.task("deliver"), TaskState::Held);
        let arguments = BTreeMap::from([("site".to_owned(), Value::from(9))]);
        assert_eq!(
            case.refused("deliver", Act::Retry { arguments }),
            "`deliver` can't be given this: /site: expected a text, found a number"
        );
        case.retry_with("deliver", r#"{"site": "UTR-9"}"#).unwrap();
        let child = case.simulation.children().last().unwrap();
        assert_eq!(child.plan().parameters(), Some(&json(r#"{"site": "UTR-9"}"#)));
    }

    #[test]
    fn what_goes_on_there_is_seen_to_first() {
        let beyond = |tasks: &mut [Definition], sub: &mut plan::SubBlueprint| {
            sub.definitions[0].point_of_no_return = true;
            tasks[0].point_of_no_return = true;
            let Body::Run(body) = &mut tasks[0].body else { panic!("it runs") };
            body.within = Some(Duration::from_secs(60));
        };
        let mut case = Case::new(plan(beyond), &[]).until(65);
        assert_eq!(case.task("deliver"), TaskState::Held);
        for act in [Act::Skip, Act::Complete { result: json("{}") }] {
            let refused = case.refused("deliver", act);
            assert!(refused.ends_with("which goes on: see to that first"), "{refused}");
        }
        in_child(&mut case, arrival).unwrap();
        let case = case.until(70);
        assert_eq!(case.task("deliver"), TaskState::Succeeded);
    }

    /// The order when nobody knows what became of a child that was to undo itself.
    fn lost() -> Case {
        let mut case = Case::new(plan(|_, _| ()), &[]).until(2);
        in_child(&mut case, arrival).unwrap();
        let mut case = case.until(3);
        assert_eq!(case.task("bill"), TaskState::Running);
        case.cancel().unwrap();
        assert_eq!(case.task("deliver"), TaskState::Undoing);
        let report = ChildReport::Lost { reason: "the order was ended from outside".to_owned() };
        case.ask(|_| Event::ChildReported { child: ChildId(1), report }).unwrap();
        assert_eq!(case.task("deliver"), TaskState::UndoFailed);
        case
    }

    #[test]
    fn what_a_lost_one_left_is_undone_by_hand_or_accepted() {
        let mut case = lost();
        case.act(OperatorAction::Undone, "deliver").unwrap();
        assert_eq!(case.state(), OrderState::Cancelled);
        let mut case = lost();
        case.act(OperatorAction::Accept, "deliver").unwrap();
        assert_eq!(case.state(), OrderState::Cancelled);
        let residue = case.simulation.order().events().iter().find_map(|event| match &event.fact {
            Fact::ResidueAccepted { call, arguments, .. } => Some((call.clone(), arguments.clone())),
            _ => None,
        });
        assert_eq!(residue, Some(("run ship".to_owned(), Value::Null)));
    }

    #[test]
    fn a_point_of_no_return_is_not_passed_by_hand_without_leave() {
        let beyond = |_: &mut [Definition], sub: &mut plan::SubBlueprint| {
            sub.definitions[0].point_of_no_return = true;
            sub.definitions[0].when = Some(build::result_field("nothing"));
        };
        let mut case = Case::new(plan(beyond), &[]).until(2);
        let complete = |id| Event::Act {
            id,
            action: Act::Complete { result: json(RESULT) },
            task: "collect".parse().unwrap(),
            by: Actor::new("ann"),
            note: "collected by hand".to_owned(),
        };
        let refused = in_child(&mut case, complete);
        assert_eq!(refused, Err(Rejected::NoLeave { task: "collect".parse().unwrap() }));
        case.cancel().unwrap();
        assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
    }

    #[test]
    fn what_the_order_answers_may_need_the_result() {
        let answers = |_: &mut [Definition], sub: &mut plan::SubBlueprint| {
            sub.returns = Some(of_a(false));
            sub.result = model::Type::Text;
        };
        let mut case = Case::new(plan(answers), &[("do_collect", &[Luck::Failed])]).at_standstill();
        let skip = |id| Event::Act {
            id,
            action: Act::Skip,
            task: "collect".parse().unwrap(),
            by: Actor::new("ann"),
            note: "not needed".to_owned(),
        };
        assert_eq!(
            in_child(&mut case, skip).unwrap_err().to_string(),
            "`collect` can't be left out: what the order answers needs `a.id` of it. Complete it by hand"
        );
    }
}
