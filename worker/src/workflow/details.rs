//! What people see of an order in the Temporal Web UI: search attributes and a table of tasks.
//!
//! A search attribute is an event in the history, so it is set only when it changes. The table costs none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::attributes::{BLUEPRINT, HELD_TASK, ORDER_STATE, no_held_task};
use engine::Run;
use model::{BlueprintRef, Fact, OrderState, TaskId, TaskState};
use temporalio_workflow::WorkflowContext;

use super::OrderWorkflow;
use super::desk::Desk;

/// That a pause is shown at the task that is next, whenever the one before is done. See `PATCHES.md`.
const PAUSES_MOVE: &str = "order-0003-pauses-move";

/// Most rows of the table. It is made anew with every change, and nobody reads more.
const ROWS: usize = 40;

/// What was shown last.
pub(super) struct Shown {
    state: OrderState,
    held: Option<TaskId>,
    blueprint: BlueprintRef,
    /// The last order event that is in the table.
    seen: u64,
    /// Whether it is shown that a pause has moved on; not known before one does.
    pauses_move: Option<bool>,
    /// Whether the table is to be shown, although nothing has happened.
    renew: bool,
    tasks: BTreeMap<TaskId, TaskState>,
    /// Tasks that have something to tell, the latest last.
    latest: Vec<TaskId>,
}

impl Shown {
    /// What an order shows that begins, or goes on in another workflow run.
    pub(super) fn new(desk: &Desk) -> Self {
        let (state, held) = desk.shown.clone();
        let mut shown = Self {
            state,
            held,
            blueprint: desk.shown_blueprint.clone(),
            seen: desk.told,
            pauses_move: None,
            renew: false,
            tasks: BTreeMap::new(),
            latest: Vec::new(),
        };
        if desk.nth_run > 1 {
            shown.renew = true;
            shown.look_back(&desk.run);
        }
        shown
    }

    /// Shows what has changed.
    pub(super) fn follow(&mut self, ctx: &WorkflowContext<OrderWorkflow>, run: &Run) {
        let news = run.events_after(self.seen);
        if news.is_empty() && !std::mem::take(&mut self.renew) {
            return;
        }
        self.seen = run.last_number();
        for event in news {
            self.note(&event.fact);
        }
        self.upsert(ctx, run);
        ctx.set_current_details(self.table(run));
    }

    /// Fills the table with what the workflow runs before have shown.
    fn look_back(&mut self, run: &Run) {
        let mut begun = run.view().tasks;
        begun.retain(|task| task.started_at.is_some());
        begun.sort_by_key(|task| task.ended_at.or(task.started_at));
        for task in begun.split_off(begun.len().saturating_sub(ROWS)) {
            self.tasks.insert(task.id.clone(), task.state);
            self.latest.push(task.id);
        }
    }

    /// Where the order is held. That a pause moves on is asked for once, when the first one does: an order that began before that
    /// was shown keeps to what it did.
    fn held(&mut self, ctx: &WorkflowContext<OrderWorkflow>, run: &Run) -> Option<TaskId> {
        let (now, at_first) = (run.held().map(|blocked| blocked.task), run.held_at_first());
        if now == at_first || *self.pauses_move.get_or_insert_with(|| ctx.patched(PAUSES_MOVE)) {
            now
        } else {
            at_first
        }
    }

    fn upsert(&mut self, ctx: &WorkflowContext<OrderWorkflow>, run: &Run) {
        let held = self.held(ctx, run);
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
        if run.plan().blueprint() != &self.blueprint {
            self.blueprint = run.plan().blueprint().clone();
            updates.push(BLUEPRINT.value_set(self.blueprint.to_string()));
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
        if run.version() > 1 {
            let _ = write!(text, " · version {}", run.version());
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
