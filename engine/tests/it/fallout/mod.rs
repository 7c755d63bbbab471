//! What people do with tasks that need them.

mod completed_by_hand;
mod corrected_arguments;
mod failed_undos;
mod orders_that_tasks_run;
mod rolled_back;
mod skipped;

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
