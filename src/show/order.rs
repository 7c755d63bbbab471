//! Orders: one in full, many as a list.

use console::style;
use model::{OrderState, TaskState};

use super::item::{item_counts, item_list};
use super::table::Table;
use super::task::task_list;
use super::time::{between, date_time};
use crate::remote::{Blocked, Cancel, KeptSignal, Order, Pause, Predecessor, Task};

/// How much of the arguments of a call is shown at the most.
const ARGUMENTS_CHARS: usize = 400;

/// The state of an order, coloured by whether anything is to be done about it.
pub(crate) fn order_state(state: OrderState) -> String {
    let text = style(state.as_str());
    match state {
        OrderState::Completed => text.green(),
        OrderState::Held | OrderState::Partial => text.yellow(),
        OrderState::Rejected | OrderState::Failed => text.red(),
        OrderState::Cancelled => text.dim(),
        OrderState::Acknowledged
        | OrderState::Pending
        | OrderState::InProgress
        | OrderState::AssessingCancellation
        | OrderState::PendingCancellation => text.cyan(),
    }
    .to_string()
}

/// The order in one line: its id, what it is made by, and for whom.
pub(crate) fn order_heading(order: &Order) -> String {
    let id = style(order.id).bold();
    format!("order {id} · {} · customer {}", blueprint(order), order.customer.id)
}

/// Everything that a person wants to know about an order.
pub(crate) fn order_details(order: &Order) -> String {
    let mut table = Table::default();
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            table.row([style(name).dim().to_string(), value]);
        }
    };
    fact("order", Some(style(order.id).bold().to_string()));
    fact("external id", order.external_id.clone());
    fact("blueprint", Some(blueprint(order)));
    fact("version", (order.version > 1).then(|| order.version.to_string()));
    fact("customer", Some(customer(order)));
    fact("state", Some(order_state(order.state)));
    fact("attention", order.attention.as_ref().map(|text| style(text).red().to_string()));
    fact("deadline", order.deadline.map(date_time));
    fact("late", lateness(order).map(|text| style(text).yellow().to_string()));
    fact("at risk", order.at_risk_reason.clone().filter(|_| order.overdue_since.is_none()));
    fact("part of", order.parent.as_ref().map(|parent| format!("{}, run by {}", parent.id, parent.task)));
    fact("reason", order.reason.clone());
    fact("cancel", order.cancel.as_ref().map(Cancel::said));
    fact("paused", order.pause.as_ref().map(paused));
    // Without a task that is held, what keeps the order is the pause.
    let held = |task: &Task| matches!(task.state, TaskState::Held | TaskState::UndoFailed);
    let by_task = order.pause.is_none() || order.tasks.iter().any(held);
    fact("blocked", order.blocked.as_ref().filter(|_| by_task).map(Blocked::said));
    for task in &order.tasks {
        fact("called", called(task));
    }
    fact("to do", order.pause.as_ref().map(|_| "the order: resume".to_owned()));
    for task in order.tasks.iter().filter(|task| !task.actions.is_empty()) {
        fact("to do", Some(format!("{}: {}", task.id, task.actions.join(", "))));
    }
    fact("next", order.next_action.clone().filter(|_| order.attention.is_none()));
    fact("customer sees", order.customer_status.clone());
    fact("sent by", Some(order.author.clone()));
    fact("submitted", Some(date_time(order.submitted_at)));
    fact(
        "ended",
        order.ended_at.map(|at| {
            let begun = order.started_at.unwrap_or(order.submitted_at);
            format!("{}, after {}", date_time(at), between(begun, at))
        }),
    );
    fact("history", order.links.temporal.clone());
    for before in &order.predecessors {
        table.row([style("comes after").dim().to_string(), predecessor(before)]);
    }
    for kept in &order.kept_signals {
        table.row([style("kept signal").dim().to_string(), kept_signal(kept)]);
    }
    let mut lines = table.lines();
    for part in [item_list(&order.items).lines(), task_list(order).lines()] {
        if !part.is_empty() {
            lines.push(String::new());
            lines.extend(part);
        }
    }
    lines.join("\n")
}

/// Who has paused an order, since when, and why.
fn paused(pause: &Pause) -> String {
    let Pause { by, reason, task, since } = pause;
    let by = by.as_deref().unwrap_or("its deadline");
    format!("by {by} since {}, at {task}: {reason}", date_time(*since))
}

/// The call of a held task, with its arguments: what to look at, and what to correct.
fn called(task: &Task) -> Option<String> {
    let call = task.call.as_ref().filter(|_| task.state == TaskState::Held && !task.arguments.is_null())?;
    let arguments = task.arguments.to_string();
    let shown: String = arguments.chars().take(ARGUMENTS_CHARS).collect();
    let cut = if shown.len() < arguments.len() { "… (all of it with `--json`)" } else { "" };
    Some(format!("{}: {call} {shown}{cut}", task.id))
}

/// An order that comes before this one, and why.
fn predecessor(before: &Predecessor) -> String {
    let Predecessor { id, external_id, state, key } = before;
    let name = external_id.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let why = key.as_ref().map_or_else(|| "it is named".to_owned(), |key| format!("both have `{key}`"));
    format!("{id}{name} {}: {why}", order_state(*state))
}

/// A signal that came early, and whom it waits for.
fn kept_signal(kept: &KeptSignal) -> String {
    let KeptSignal { id, signal, task, since } = kept;
    let taker = task.as_ref().map_or_else(|| "a task".to_owned(), ToString::to_string);
    format!("{signal} ({id}) since {}, until {taker} waits for it", date_time(*since))
}

/// Orders, one a line.
pub(crate) fn order_list(orders: &[Order]) -> String {
    let mut table = Table::default();
    let heading = ["ORDER", "STATE", "BLUEPRINT", "CUSTOMER", "SUBMITTED", "WAITS FOR OR ENDED BY"];
    table.row(heading.map(|name| style(name).dim().to_string()));
    for order in orders {
        let blocked = order.blocked.as_ref().map(|blocked| format!("{}: {}", blocked.task, blocked.reason));
        table.row([
            order.id.to_string(),
            state_and_items(order),
            blueprint(order),
            order.customer.id.clone(),
            date_time(order.submitted_at),
            waits_for(order, blocked),
        ]);
    }
    table.to_string()
}

/// The order's state, and those of its items where they differ from each other.
fn state_and_items(order: &Order) -> String {
    let state = order_state(order.state);
    match item_counts(&order.item_states) {
        Some(items) => format!("{state}: {items}"),
        None => state,
    }
}

/// Whether it is late, or may be.
fn lateness(order: &Order) -> Option<String> {
    let since = |what: &str, at| format!("{what} since {}", date_time(at));
    let overdue = order.overdue_since.map(|at| since("overdue", at));
    overdue.or_else(|| order.at_risk_since.map(|at| since("at risk", at)))
}

/// What is most to be minded of an order, and that it is late while it goes on.
fn waits_for(order: &Order, blocked: Option<String>) -> String {
    let what = order.attention.clone().or(blocked).or_else(|| waits_or_ended(order)).unwrap_or_default();
    match lateness(order).filter(|_| order.ended_at.is_none()) {
        Some(late) => format!("{late}; {what}").trim_end_matches("; ").to_owned(),
        None => what,
    }
}

/// What it waits for, and why: one that turns back does so for a reason.
fn waits_or_ended(order: &Order) -> Option<String> {
    match (order.why(), &order.next_action) {
        (Some(why), Some(next)) => Some(format!("{why}; {next}")),
        (why, next) => why.or_else(|| next.clone()),
    }
}

fn blueprint(order: &Order) -> String {
    format!("{}@{}", order.blueprint.name, order.blueprint.version)
}

fn customer(order: &Order) -> String {
    match &order.customer.name {
        Some(name) => format!("{} ({name})", order.customer.id),
        None => order.customer.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::show::answers::{order, task};

    fn details(tasks: &[serde_json::Value], by: Option<&str>) -> Vec<String> {
        let paused = json!({
            "state": "held",
            "blocked": {"task": "activate[1]", "reason": "network.activate answered 409", "hold_for": "operations"},
            "pause": {"by": by, "reason": "night work", "task": "activate[1]", "hold_for": "operations",
                      "since": "2026-11-21T10:00:00.000Z"},
        });
        let order = order(tasks, &paused);
        let shown = console::strip_ansi_codes(&order_details(&order)).into_owned();
        let told =
            |line: &&str| ["paused", "blocked", "called", "to do"].iter().any(|name| line.starts_with(name));
        shown.lines().filter(told).map(str::to_owned).collect()
    }

    #[test]
    fn a_pause_is_shown_and_what_is_held_besides() {
        let held = task(
            "activate[1]",
            "held",
            &json!({"call": "network.activate", "actions": ["retry", "skip"], "arguments": {"profile": "FTTH_1000"}}),
        );
        assert_eq!(
            details(&[held], Some("ann")),
            [
                "paused     by ann since 2026-11-21 10:00:00, at activate[1]: night work",
                "blocked    activate[1], for operations: network.activate answered 409",
                "called     activate[1]: network.activate {\"profile\":\"FTTH_1000\"}",
                "to do      the order: resume",
                "to do      activate[1]: retry, skip",
            ]
        );
        let waits = task("activate[1]", "waiting", &json!({}));
        assert_eq!(
            details(&[waits], None),
            [
                "paused     by its deadline since 2026-11-21 10:00:00, at activate[1]: night work",
                "to do      the order: resume",
            ]
        );
    }

    #[test]
    fn an_order_at_risk_says_why_until_its_time_is_up() {
        let late = |more: &serde_json::Value| {
            let shown = console::strip_ansi_codes(&order_details(&order(&[], more))).into_owned();
            let told =
                |line: &&str| ["deadline", "late", "at risk"].iter().any(|name| line.starts_with(name));
            shown.lines().filter(told).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut more =
            json!({"at_risk_since": "2026-11-21T11:00:00.000Z", "at_risk_reason": "what is left takes 2d"});
        more["deadline"] = json!("2026-11-21T12:00:00.000Z");
        let deadline = "deadline   2026-11-21 12:00:00";
        assert_eq!(
            late(&more),
            [deadline, "late       at risk since 2026-11-21 11:00:00", "at risk    what is left takes 2d"]
        );
        more["overdue_since"] = json!("2026-11-21T12:00:00.000Z");
        assert_eq!(late(&more), [deadline, "late       overdue since 2026-11-21 12:00:00"]);
    }
}
