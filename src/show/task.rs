//! The tasks of an order, and how far it is.

use console::{style, truncate_str};
use model::{TaskState, Timestamp};

use super::item::item_counts;
use super::order::{order_heading, order_state};
use super::table::Table;
use super::time::{between, clock, date_time, time_of_day};
use crate::remote::{Child, Order, Task};

/// What turns while a task is under way.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// A moment of the live list, which turns its spinners.
pub(crate) type Frame = usize;

/// All tasks, one a line, and below each the orders that it runs.
pub(crate) fn task_list(order: &Order) -> Table {
    list(order.tasks.iter(), &order.children, None)
}

/// An order under way, in at most so many rows and columns: what moves first, then what comes, then what is done.
pub(crate) fn progress(order: &Order, frame: Frame, rows: usize, columns: usize) -> Vec<String> {
    let mut lines = vec![order_heading(order)];
    let room = rows.saturating_sub(4).max(1);
    let hidden = order.tasks.len().saturating_sub(room);
    let shown =
        if hidden == 0 { order.tasks.iter().collect() } else { around_what_moves(&order.tasks, room) };
    lines.extend(list(shown.into_iter(), &[], Some(frame)).lines());
    if hidden > 0 {
        lines.push(style(format!("  … and {hidden} more tasks")).dim().to_string());
    }
    lines.push(summary(order));
    lines.into_iter().map(|line| truncate_str(&line, columns, "…").into_owned()).collect()
}

/// The tasks from a little before the first that is not over, as many as there is room for.
fn around_what_moves(tasks: &[Task], room: usize) -> Vec<&Task> {
    let moving = tasks.iter().position(|task| !is_over(task.state)).unwrap_or(tasks.len());
    let from = moving.saturating_sub(room / 4).min(tasks.len().saturating_sub(room));
    tasks.iter().skip(from).take(room).collect()
}

fn summary(order: &Order) -> String {
    let done = order.tasks.iter().filter(|task| is_over(task.state)).count();
    let said = order.why().or_else(|| order.next_action.clone());
    let said = said.map(|text| format!(" · {text}")).unwrap_or_default();
    let items = item_counts(&order.item_states).map(|items| format!(" · items: {items}")).unwrap_or_default();
    format!("{} · {done} of {} tasks settled{items}{said}", order_state(order.state), order.tasks.len())
}

fn list<'a>(tasks: impl Iterator<Item = &'a Task>, children: &[Child], frame: Option<Frame>) -> Table {
    let mut table = Table::indented(2);
    for task in tasks {
        let name = style(&task.id);
        let name = if is_quiet(task.state) { name.dim() } else { name };
        let state = format!("{} {}", symbol(task.state, frame), task.state);
        let what = task.call.as_ref().map(|call| style(call).dim().to_string());
        table.row([name.to_string(), state, what.unwrap_or_default(), notes(task)]);
        for child in children.iter().filter(|child| child.task == task.id) {
            let why = child.why().map(|why| format!("  {why}")).unwrap_or_default();
            table.row([
                "└ order".to_owned(),
                format!("  {}", order_state(child.state)),
                style(&child.blueprint).dim().to_string(),
                format!("{}{why}", child.id),
            ]);
        }
    }
    table
}

/// What else there is to say about a task.
fn notes(task: &Task) -> String {
    let mut notes = Vec::new();
    if let Some(waiting_for) = &task.waiting_for {
        let until = task.until.map(|until| format!(" until {}", date_time(until))).unwrap_or_default();
        let asks = task.expects.as_ref().map(|expects| format!(", asks for {}", expects.fields));
        notes.push(format!("waits for {waiting_for}{until}{}", asks.unwrap_or_default()));
    }
    notes.extend(task.reason.clone());
    match call_trouble(task) {
        Some(trouble) => notes.push(trouble),
        None if task.attempts > 1 => notes.push(format!("{} attempts", task.attempts)),
        None => {}
    }
    // What a person has seen to, no call did.
    let by_hand = task.acted.is_some();
    if let (TaskState::Undoing | TaskState::Undone | TaskState::UndoFailed, Some(undo), false) =
        (task.state, &task.undo_call, by_hand)
    {
        let attempts = task.undo_attempts;
        notes.push(if attempts > 1 {
            format!("by {undo}, {attempts} attempts")
        } else {
            format!("by {undo}")
        });
    }
    if let (TaskState::Succeeded, Some(from), Some(to)) = (task.state, task.started_at, task.ended_at)
        && task.call.is_some()
        && !by_hand
    {
        notes.push(between(from, to));
    }
    // What is under way says what it waits for in other words.
    notes.extend(task.next_action.clone().filter(|_| task.state == TaskState::Succeeded));
    notes.join(", ")
}

/// What went wrong with the call of a task that is under way, and when it is made again; none while nothing has gone wrong.
fn call_trouble(task: &Task) -> Option<String> {
    let attempts = match task.state {
        TaskState::Running | TaskState::Amending => task.attempts,
        TaskState::Undoing => task.undo_attempts,
        TaskState::Waiting
        | TaskState::Ready
        | TaskState::Unknown
        | TaskState::Held
        | TaskState::Succeeded
        | TaskState::Failed
        | TaskState::Skipped
        | TaskState::Dropped
        | TaskState::Undone
        | TaskState::UndoFailed => return None,
    };
    let error = task.last_error.as_ref()?;
    let of = task.max_attempts.map(|most| format!(" of {most}")).unwrap_or_default();
    let came_to = match error.kind.as_str() {
        "unknown" => "got no answer",
        "refused" => "was refused",
        _ => "failed",
    };
    let last = format!("{of} {came_to}: {}", error.text);
    Some(if error.attempt < attempts {
        format!("attempt {attempts} is under way, attempt {}{last}", error.attempt)
    } else {
        let next =
            task.next_attempt_at.map(|at| format!("; next at {}", time_of_day(at))).unwrap_or_default();
        format!("attempt {attempts}{last}{next}")
    })
}

/// The last attempt of a call that did no good and is followed by another: when it ended, and a line about it.
pub(crate) fn attempt_line(task: &Task) -> Option<(Timestamp, String)> {
    let trouble = call_trouble(task)?;
    task.next_attempt_at?;
    let at = task.last_error.as_ref()?.at;
    Some((at, format!("{}  {:>4}  {:<22}  {}: {trouble}", clock(at), "", "(another attempt)", task.id)))
}

fn symbol(state: TaskState, frame: Option<Frame>) -> String {
    let turning = frame.and_then(|frame| SPINNER.get(frame % SPINNER.len())).copied();
    match state {
        TaskState::Waiting => style("·").dim(),
        TaskState::Ready => style("·"),
        TaskState::Running | TaskState::Amending => style(turning.unwrap_or("▸")).cyan(),
        TaskState::Undoing => style(turning.unwrap_or("◂")).yellow(),
        TaskState::Unknown => style("?").yellow(),
        TaskState::Held => style("!").yellow().bold(),
        TaskState::Succeeded => style("✓").green(),
        TaskState::Skipped | TaskState::Dropped => style("−").dim(),
        TaskState::Undone => style("↶").yellow(),
        TaskState::Failed | TaskState::UndoFailed => style("✗").red(),
    }
    .to_string()
}

/// Whether nothing more happens to it unless something goes wrong elsewhere.
const fn is_over(state: TaskState) -> bool {
    matches!(state, TaskState::Succeeded | TaskState::Skipped | TaskState::Dropped | TaskState::Undone)
}

/// Whether there is nothing to look at.
const fn is_quiet(state: TaskState) -> bool {
    matches!(state, TaskState::Waiting | TaskState::Skipped | TaskState::Dropped)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::show::answers::{self, task};

    fn order(tasks: &[serde_json::Value]) -> Order {
        answers::order(tasks, &json!({"next_action": "activate[1]: waits for an answer of network.activate"}))
    }

    #[test]
    fn tasks_say_what_they_do_and_what_came_of_it() {
        let order = order(&[
            task(
                "check",
                "succeeded",
                &json!({
                    "call": "crm.check", "attempts": 3,
                    "started_at": "2026-11-21T10:00:00.000Z", "ended_at": "2026-11-21T10:00:01.300Z",
                }),
            ),
            task(
                "reserve[1]",
                "undone",
                &json!({"call": "inventory.reserve", "undo_call": "inventory.release"}),
            ),
            task(
                "report[1]",
                "running",
                &json!({
                    "waiting_for": "signal technician_report", "until": "2026-12-01T10:00:00.000Z",
                }),
            ),
            task(
                "check_contract",
                "running",
                &json!({
                    "waiting_for": "back_office: Check the contract of C-1", "until": "2026-11-23T10:00:00.000Z",
                    "expects": {"signal": null, "role": "back_office", "fields": "{ approved: bool }"},
                }),
            ),
            task("activate[1]", "held", &json!({"call": "network.activate", "reason": "olt down"})),
            task("static_ip[2]", "skipped", &json!({"reason": "when item.count > 0"})),
            task("bill", "waiting", &json!({})),
        ]);
        expect![[r#"
            tasks:
              check           ✓ succeeded  crm.check          3 attempts, 1.3 s
              reserve[1]      ↶ undone     inventory.reserve  by inventory.release
              report[1]       ▸ running                       waits for signal technician_report until 2026-12-01 10:00:00
              check_contract  ▸ running                       waits for back_office: Check the contract of C-1 until 2026-11-23 10:00:00, asks for { approved: bool }
              activate[1]     ! held       network.activate   olt down
              static_ip[2]    − skipped                       when item.count > 0
              bill            · waiting"#]]
        .assert_eq(&format!("tasks:\n{}", task_list(&order)));
    }

    #[test]
    fn what_a_person_has_seen_to_no_call_did() {
        let acted = |action: &str| json!({"action": action, "by": "ann", "note": "seen", "at": "2026-11-21T10:00:01.000Z"});
        let order = order(&[
            task(
                "activate[1]",
                "succeeded",
                &json!({
                    "call": "network.activate", "reason": "completed by ann: seen", "acted": acted("complete"),
                    "started_at": "2026-11-21T10:00:00.000Z", "ended_at": "2026-11-21T10:00:09.500Z",
                }),
            ),
            task(
                "reserve[1]",
                "undone",
                &json!({
                    "call": "inventory.reserve", "undo_call": "inventory.release",
                    "reason": "taken back by hand by ann: seen", "acted": acted("undone"),
                }),
            ),
        ]);
        expect![[r#"
            tasks:
              activate[1]  ✓ succeeded  network.activate   completed by ann: seen
              reserve[1]   ↶ undone     inventory.reserve  taken back by hand by ann: seen"#]]
        .assert_eq(&format!("tasks:\n{}", task_list(&order)));
    }

    #[test]
    fn the_orders_that_a_task_runs_stand_below_it() {
        let mut order = order(&[
            task("deliver[1]", "running", &json!({"call": "run internet"})),
            task("bill", "waiting", &json!({})),
        ]);
        order.children = serde_json::from_value(json!([
            {"id": "00000000-0000-0000-0000-000000000002", "task": "deliver[1]", "blueprint": "internet",
             "state": "cancelled", "cancel": {"by": "ann", "reason": "sent twice"}},
            {"id": "00000000-0000-0000-0000-000000000003", "task": "deliver[1]", "blueprint": "internet",
             "state": "held", "blocked": {"task": "activate[1]", "hold_for": "operations", "reason": "olt down"}},
        ]))
        .unwrap();
        expect![[r#"
            tasks:
              deliver[1]  ▸ running    run internet
              └ order       cancelled  internet      00000000-0000-0000-0000-000000000002  by ann: sent twice
              └ order       held       internet      00000000-0000-0000-0000-000000000003  activate[1], for operations: olt down
              bill        · waiting"#]]
        .assert_eq(&format!("tasks:\n{}", task_list(&order)));
    }

    #[test]
    fn a_task_whose_outcome_is_not_known_says_who_is_asked() {
        let order = order(&[
            task(
                "activate[1]",
                "unknown",
                &json!({
                    "call": "network.activate", "waiting_for": "network.get_service to tell whether it was done",
                    "reason": "no answer within 30s",
                }),
            ),
            task("register", "unknown", &json!({"call": "radius.add", "reason": "no answer within 5s"})),
        ]);
        expect![[r#"
            tasks:
              activate[1]  ? unknown  network.activate  waits for network.get_service to tell whether it was done, no answer within 30s
              register     ? unknown  radius.add        no answer within 5s"#]]
        .assert_eq(&format!("tasks:\n{}", task_list(&order)));
    }

    #[test]
    fn a_call_that_is_tried_again_says_why_and_when() {
        let error = |attempt: u32, kind: &str| json!({"attempt": attempt, "kind": kind, "text": "503 busy", "at": "2026-11-21T10:00:01.000Z"});
        let order = order(&[
            task(
                "rests[1]",
                "running",
                &json!({
                    "call": "network.activate", "attempts": 2, "max_attempts": 6, "last_error": error(2, "failed"),
                    "next_attempt_at": "2026-11-21T10:00:03.000Z",
                }),
            ),
            task(
                "asks[1]",
                "running",
                &json!({
                    "call": "network.activate", "attempts": 3, "max_attempts": 6, "last_error": error(2, "unknown"),
                }),
            ),
            task(
                "undoes[1]",
                "undoing",
                &json!({
                    "undo_call": "inventory.release", "undo_attempts": 1, "last_error": error(1, "failed"),
                    "next_attempt_at": "2026-11-21T10:00:03.000Z",
                }),
            ),
            task("dropped[1]", "dropped", &json!({"reason": "503 busy", "last_error": error(1, "failed")})),
        ]);
        expect![[r#"
            tasks:
              rests[1]    ▸ running  network.activate  attempt 2 of 6 failed: 503 busy; next at 10:00:03
              asks[1]     ▸ running  network.activate  attempt 3 is under way, attempt 2 of 6 got no answer: 503 busy
              undoes[1]   ◂ undoing                    attempt 1 failed: 503 busy; next at 10:00:03, by inventory.release
              dropped[1]  − dropped                    503 busy"#]]
        .assert_eq(&format!("tasks:\n{}", task_list(&order)));
    }

    #[test]
    fn a_small_terminal_shows_what_moves() {
        let mut tasks: Vec<_> =
            (0..20).map(|n| task(&format!("done_{n}"), "succeeded", &json!({}))).collect();
        tasks.push(task("now", "running", &json!({"call": "network.activate"})));
        tasks.extend((0..20).map(|n| task(&format!("later_{n}"), "waiting", &json!({}))));
        expect![[r#"
            order 00000000-0000-0000-0000-000000000001 · home_fiber@3 …
              done_19  ✓ succeeded
              now      ⠙ running    network.activate
              later_0  · waiting
              later_1  · waiting
              later_2  · waiting
              later_3  · waiting
              … and 35 more tasks
            inProgress · 20 of 41 tasks settled · activate[1]: waits f…"#]]
        .assert_eq(&progress(&order(&tasks), 1, 10, 59).join("\n"));
    }
}
