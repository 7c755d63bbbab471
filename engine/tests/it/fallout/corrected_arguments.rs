//! Retries with corrected arguments.

use super::*;

#[test]
fn a_held_task_is_tried_again_with_them_and_undone_with_them() {
    let rollback = |task: &mut Definition| task.on_failure = Some(build::reaction(ReactionKind::Rollback));
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
        case.ask(|id| engine::Event::Amend { id, plan: Box::new(plan), by, reason, token: None }).unwrap();
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
