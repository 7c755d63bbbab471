//! What people do with a task whose order goes on elsewhere.

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
