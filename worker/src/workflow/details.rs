//! What people see of an order in the Temporal Web UI: search attributes and a table of tasks.
//!
//! A search attribute is an event in the history, so it is set only when it changes. The table costs none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::attributes::{FIRST_STATE, HELD_TASK, ORDER_STATE, no_held_task};
use engine::Run;
use model::{Fact, OrderState, TaskId, TaskState};
use temporalio_workflow::WorkflowContext;

use super::OrderWorkflow;

/// Most rows of the table. It is made anew with every change, and nobody reads more.
const ROWS: usize = 40;

/// What was shown last.
pub(super) struct Shown {
    state: OrderState,
    held: Option<TaskId>,
    /// Order events that are in the table.
    seen: usize,
    tasks: BTreeMap<TaskId, TaskState>,
    /// Tasks that have something to tell, the latest last.
    latest: Vec<TaskId>,
}

impl Shown {
    /// What an order shows that has just begun.
    pub(super) const fn new() -> Self {
        Self { state: FIRST_STATE, held: None, seen: 0, tasks: BTreeMap::new(), latest: Vec::new() }
    }

    /// Shows what has changed.
    pub(super) fn follow(&mut self, ctx: &WorkflowContext<OrderWorkflow>, run: &Run) {
        let news = run.events().get(self.seen..).unwrap_or_default();
        if news.is_empty() {
            return;
        }
        self.seen += news.len();
        for event in news {
            self.note(&event.fact);
        }
        self.upsert(ctx, run);
        ctx.set_current_details(self.table(run));
    }

    fn upsert(&mut self, ctx: &WorkflowContext<OrderWorkflow>, run: &Run) {
        let held = run.held().map(|blocked| blocked.task);
        let mut updates = Vec::new();
        if run.state() != self.state {
            self.state = run.state();
            updates.push(ORDER_STATE.value_set(self.state.as_str().to_owned()));
        }
        if held != self.held {
            updates.push(match &held {
                Some(task) => HELD_TASK.value_set(task.to_string()),
                None => no_held_task(),
            });
            self.held = held;
        }
        if !updates.is_empty() {
            ctx.upsert_search_attributes(updates);
        }
    }

    fn note(&mut self, fact: &Fact) {
        if let Some((task, state)) = fact.task_state() {
            self.tasks.insert(task.clone(), state);
            self.latest.retain(|known| known != task);
            self.latest.push(task.clone());
            if self.latest.len() > ROWS {
                self.latest.remove(0);
            }
        }
    }

    fn table(&self, run: &Run) -> String {
        let mut text = format!("**{}**", run.state());
        // Writing to a String fails for no input.
        if let Some(status) = run.customer_status() {
            let _ = write!(text, " · {}", one_line(status));
        }
        if let Some(held) = run.held() {
            let _ = write!(text, "\n\nheld at `{}`: {}", held.task, one_line(&held.reason));
        }
        let _ = write!(text, "\n\n| task | state |\n|---|---|");
        for task in self.latest.iter().rev() {
            if let Some(state) = self.tasks.get(task) {
                let _ = write!(text, "\n| `{task}` | {state} |");
            }
        }
        let total = run.plan().tasks().len();
        if self.latest.len() < total {
            let _ = write!(text, "\n\nthe latest {} of {total} tasks", self.latest.len());
        }
        text
    }
}

/// Text of others, so that it can't break the table or the lines around it.
fn one_line(text: &str) -> String {
    let cleaned = text.chars().map(|c| if c.is_control() || c == '|' { ' ' } else { c });
    cleaned.take(300).collect()
}
