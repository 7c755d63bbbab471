//! Amendments that are handed on to the orders that tasks run.

use std::sync::Arc;

use engine::{Event, Handled, OperatorAction, Rejected};
use model::{Actor, Fact, OrderState, TaskChange, TaskState, Value, Verdict};
use plan::{Body, Definition, Expr, Plan, SubBlueprint};

use crate::amend::{amendable, argument, order_field, without_undo};
use crate::build::{self, body};
use crate::case::Case;
use crate::child::{arrival, child_state, in_child};

/// `collect` reads the parameter `site`.
fn collects(mut collect: Definition) -> Definition {
    body(&mut collect).call.arguments = vec![argument("site", Expr::Parameter("site".to_owned()))];
    collect
}

/// `ship` collects at the site, waits for a parcel to arrive, and hands it over.
fn ship(collect: Definition) -> SubBlueprint {
    let tasks =
        vec![(collect, vec![]), (build::wait("arrival"), vec![0]), (build::task("hand_over"), vec![1])];
    build::sub_blueprint("ship", tasks)
}

/// `order`; `deliver` runs `ship` for the site of the order; `bill` waits for a signal.
fn plan(sub: &SubBlueprint, site: &str) -> Plan {
    let mut deliver = build::run("deliver", sub);
    let Body::Run(run) = &mut deliver.body else { panic!("it runs") };
    run.arguments = vec![argument("site", order_field("site"))];
    let tasks = vec![(build::task("order"), vec![]), (deliver, vec![0]), (build::wait("bill"), vec![1])];
    let mut parts = build::parts(tasks, &[]);
    parts.order = Value::record([("site", Value::text(site))]);
    parts.sub_blueprints = vec![sub.clone()];
    Plan::new(parts).unwrap()
}

fn amend(case: &mut Case, plan: Plan) -> Result<Handled, Rejected> {
    let plan = Box::new(plan);
    let (by, reason) = (Actor::new("anna"), "wrong door".to_owned());
    case.ask(|id| Event::Amend { id, plan, by, reason, token: None })
}

fn sites(case: &Case) -> Vec<Value> {
    let held = case.simulation.world().ledger.held();
    held.iter().filter_map(|deed| deed.with.field("site").cloned()).collect()
}

#[test]
fn an_order_that_a_task_runs_is_amended_as_it_is() {
    let sub = ship(collects(build::task("collect")));
    let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
    let preview = case.simulation.order().assess(plan(&sub, "AMS-1")).unwrap();
    let deliver = &preview.tasks[1];
    let child = case.simulation.children().next().unwrap().order_id();
    assert_eq!(
        (deliver.verdict, deliver.reason.clone()),
        (Verdict::Amended, format!("the order {child} is amended"))
    );
    let handed_on =
        preview.children.iter().map(|child| (child.task.to_string(), child.order, child.arguments.clone()));
    let site = Value::record([("site", Value::text("AMS-1"))]);
    assert_eq!(handed_on.collect::<Vec<_>>(), [("deliver".to_owned(), child, site)]);
    amend(&mut case, plan(&sub, "AMS-1")).unwrap();
    let mut case = case.until(20);
    assert_eq!(case.simulation.children().count(), 1);
    assert_eq!(case.log(), ["do_order", "do_collect", "undo_collect", "do_collect"]);
    assert_eq!(case.task("deliver"), TaskState::Amending);
    assert_eq!(case.waiting_for("deliver"), Some(format!("the order {child}")));
    let told =
        case.simulation.children().next().unwrap().events().iter().find_map(|event| match &event.fact {
            Fact::OrderAmended { by, .. } => Some(by.to_string()),
            _ => None,
        });
    assert_eq!(told, Some(format!("order {}", build::order_id())));
    in_child(&mut case, arrival).unwrap();
    case.signal("signal_bill", r#"{"ok": true}"#).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Completed, OrderState::Completed));
    assert_eq!(sites(&case), [Value::text("AMS-1")]);
}

#[test]
fn an_order_that_has_answered_goes_on_and_does_no_more_again_than_it_must() {
    let sub = ship(amendable(collects(build::task("collect")), true));
    let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
    in_child(&mut case, arrival).unwrap();
    let mut case = case.until(20);
    let done = |case: &Case| case.simulation.order().view().tasks[1].ended_at;
    let before = done(&case);
    assert_eq!((case.task("deliver"), case.task("bill")), (TaskState::Succeeded, TaskState::Running));
    amend(&mut case, plan(&sub, "AMS-1")).unwrap();
    let mut case = case.until(30);
    // Nobody waits for the parcel again, and what had been begun after the order goes on.
    assert_eq!(case.log(), ["do_order", "do_collect", "do_hand_over", "amend_collect"]);
    assert_eq!((case.task("deliver"), case.task("bill")), (TaskState::Succeeded, TaskState::Running));
    assert_eq!(done(&case), before, "it was done when it was done");
    case.signal("signal_bill", r#"{"ok": true}"#).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Completed, OrderState::Completed));
}

#[test]
fn an_order_that_is_amended_again_and_cancelled_leaves_nothing() {
    let sub = ship(collects(build::task("collect")));
    let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
    for site in ["AMS-1", "RTM-3"] {
        amend(&mut case, plan(&sub, site)).unwrap();
    }
    let mut case = case.until(20);
    assert_eq!(sites(&case), [Value::text("RTM-3")]);
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Cancelled, OrderState::Cancelled));
    assert_eq!(case.held_effects(), [""; 0]);
}

#[test]
fn an_order_that_can_not_be_amended_goes_to_a_person_who_may_have_it_taken_back() {
    let sub = ship(without_undo(collects(build::task("collect"))));
    let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
    let child = case.simulation.children().next().unwrap().order_id();
    amend(&mut case, plan(&sub, "AMS-1")).unwrap();
    let mut case = case.until(20);
    assert_eq!((case.state(), case.task("deliver")), (OrderState::Held, TaskState::Held));
    let why = case.why_held();
    assert!(why.starts_with(&format!("the order {child} can't be amended: ")), "{why}");
    assert!(why.contains("collect"), "{why}");
    assert_eq!(child_state(&case), OrderState::InProgress, "it goes on as it was");
    in_child(&mut case, arrival).unwrap();
    let mut case = case.until(30);
    assert_eq!(case.task("deliver"), TaskState::Held, "what it answers is not what is wanted");
    case.act(OperatorAction::Retry, "deliver").unwrap();
    let mut case = case.until(40);
    assert_eq!(case.simulation.children().count(), 2);
    assert_eq!(case.simulation.children().next().unwrap().state(), OrderState::Cancelled);
    in_child(&mut case, arrival).unwrap();
    case.signal("signal_bill", r#"{"ok": true}"#).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

/// What an order says of an amendment, and what its child says of what is handed on.
fn previews(case: &Case, plan: &Plan) -> (Vec<TaskChange>, Vec<TaskChange>) {
    let preview = case.simulation.order().assess(plan.clone()).unwrap();
    let [handed_on] = &preview.children[..] else { panic!("one is handed on: {preview:?}") };
    let child = case.simulation.children().find(|child| child.order_id() == handed_on.order).unwrap();
    let plan = plan.child(&handed_on.blueprint, handed_on.arguments.clone()).unwrap();
    (preview.tasks, child.assess_handed_on(plan).unwrap().tasks)
}

#[test]
fn a_child_does_what_it_says_when_it_is_asked_before() {
    for (collect, verdict) in [
        (build::task("collect"), Verdict::Redone),
        (amendable(build::task("collect"), true), Verdict::Amended),
    ] {
        let sub = ship(collects(collect));
        let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
        let (_, said) = previews(&case, &plan(&sub, "AMS-1"));
        let verdicts: Vec<_> = said.iter().map(|change| change.verdict).collect();
        assert_eq!(verdicts, [verdict, Verdict::Kept, Verdict::Kept]);
        amend(&mut case, plan(&sub, "AMS-1")).unwrap();
        let case = case.until(20);
        let done =
            case.simulation.children().next().unwrap().events().iter().find_map(|event| match &event.fact {
                Fact::OrderAmended { tasks, .. } => Some(tasks.clone()),
                _ => None,
            });
        let said: Vec<_> = said.into_iter().filter(|change| change.verdict != Verdict::Kept).collect();
        assert_eq!(done, Some(said));
    }
}

#[test]
fn an_order_whose_child_opposes_refuses_and_goes_on() {
    let sub = ship(without_undo(collects(build::task("collect"))));
    let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
    let (own, said) = previews(&case, &plan(&sub, "AMS-1"));
    assert_eq!((own[1].verdict, said[0].verdict), (Verdict::Amended, Verdict::Refused));
    let against = TaskChange { verdict: Verdict::Refused, ..own[1].clone() };
    let oppose = |id| Event::Oppose {
        id,
        by: Actor::new("anna"),
        reason: "wrong door".to_owned(),
        tasks: vec![against.clone()],
    };
    assert_eq!(case.ask(oppose), Err(Rejected::Amendment { tasks: vec![against.clone()] }));
    let refused = case.simulation.order().events().iter().find_map(|event| match &event.fact {
        Fact::AmendmentRefused { by, wanted, tasks, .. } => {
            Some((by.to_string(), wanted.clone(), tasks.clone()))
        }
        _ => None,
    });
    assert_eq!(refused, Some(("anna".to_owned(), "wrong door".to_owned(), vec![against.clone()])));
    assert_eq!((case.state(), case.simulation.order().version()), (OrderState::InProgress, 1));
    case.cancel().unwrap();
    assert_eq!(case.ask(oppose), Err(Rejected::BeingUndone));
}

#[test]
fn a_child_is_amended_by_its_parent_alone() {
    let sub = ship(collects(build::task("collect")));
    let mut case = Case::new(Arc::new(plan(&sub, "UTR-7")), &[]).until(10);
    let child = case.simulation.children().next().unwrap();
    let own = (**child.plan()).clone();
    assert_eq!(child.assess(own.clone()), Err(Rejected::ChildAmended));
    let (by, reason) = (Actor::new("anna"), String::new());
    let direct = |id| Event::Amend { id, plan: Box::new(own), by, reason, token: None };
    assert_eq!(in_child(&mut case, direct), Err(Rejected::ChildAmended));
}
