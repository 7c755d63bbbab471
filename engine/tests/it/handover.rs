//! Runs that go on elsewhere with what they hand over: the order does not notice.

use std::sync::Arc;

use engine::{OperatorAction, Run, Snapshot};
use model::{Duration, OrderEvent, OrderState};
use plan::Plan;

use crate::build;
use crate::case::Case;
use crate::world::Luck;

const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// The run as another process would have it: from what was written down, without its record.
fn moved(run: &Run) -> Run {
    let written = serde_json::to_string(&run.handover()).unwrap();
    let snapshot: Snapshot = serde_json::from_str(&written).unwrap();
    assert!(written.len() < 100_000);
    Run::restore_all(run.plans().to_vec(), snapshot)
}

/// Carries an order out, which `moves` after every event or never; gives everything that was told, and all calls.
fn told(
    case: Case,
    moves: bool,
    mut meanwhile: impl FnMut(&mut Case, usize),
) -> (Vec<OrderEvent>, Vec<String>) {
    let mut case = case;
    let mut record = Vec::new();
    for n in 0..400 {
        let stepped = case.simulation.step();
        meanwhile(&mut case, n);
        let last = record.last().map_or(0, |event: &OrderEvent| event.number);
        record.extend_from_slice(case.simulation.order().events_after(last));
        if moves {
            case.simulation.restore(moved);
        }
        if !stepped {
            break;
        }
    }
    (record, case.log().into_iter().map(str::to_owned).collect())
}

#[track_caller]
fn check(
    plan: &Arc<Plan>,
    luck: &[(&str, &[Luck])],
    meanwhile: impl Fn(&mut Case, usize),
) -> Vec<OrderEvent> {
    let stays = told(Case::new(plan.clone(), luck), false, &meanwhile);
    let moves = told(Case::new(plan.clone(), luck), true, &meanwhile);
    assert_eq!(stays, moves);
    let numbers: Vec<u64> = stays.0.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    stays.0
}

#[test]
fn polls_waits_and_undos_go_on() {
    let definitions = [build::task("a"), build::poll("b", YEAR), build::wait("c"), build::task("d")];
    let tasks = definitions.into_iter().enumerate().map(|(n, d)| (d, n.checked_sub(1).into_iter().collect()));
    let plan = build::plan(tasks.collect(), &[]);
    let asks: &[Luck] = &[Luck::NotOk; 5];
    let luck: &[(&str, &[Luck])] = &[("look_b", asks), ("do_d", &[Luck::Refused])];
    let record = check(&plan, luck, |case, n| {
        if n == 3 {
            // Comes before its task, and is kept.
            let _ = case.signal("signal_c", r#"{"ok": true}"#);
        }
        if n == 25 {
            let _ = case.cancel();
        }
    });
    assert!(record.len() > 8, "{record:?}");
}

#[test]
fn a_hold_and_what_a_person_does_about_it_go_on() {
    let plan = build::plan(vec![(build::task("a"), vec![]), (build::task("b"), vec![0])], &[]);
    check(&plan, &[("do_b", &[Luck::Refused])], |case, n| {
        if n == 4 {
            let _ = case.act(OperatorAction::Retry, "b");
        }
    });
}

#[test]
fn the_record_that_is_left_behind_is_not_needed() {
    let plan = build::plan(vec![(build::task("a"), vec![]), (build::wait("b"), vec![0])], &[]);
    let case = Case::new(plan, &[]).until(5);
    let run = case.simulation.order();
    let moved = moved(run);
    assert_eq!(moved.events(), &run.events()[run.events().len() - 1..]);
    assert_eq!(moved.last_number(), run.last_number());
    assert_eq!(moved.events_after(run.last_number()), []);
    assert_eq!(run.events_after(1), &run.events()[1..]);
    assert_eq!(run.events_after(u64::MAX), []);
    assert_eq!((moved.state(), moved.view().events), (OrderState::InProgress, run.view().events));
}
