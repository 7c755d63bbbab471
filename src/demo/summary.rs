//! What has been seen, as a table.

use console::style;
use model::{OrderId, OrderState};

use crate::show::{Table, order_state};

/// What must hold at the end of a scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// The state that the order ends in.
    pub(super) state: OrderState,
    /// Whether systems hold something for it then; either will do, if not said.
    pub(super) holds: Option<bool>,
}

/// One order and how it ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What was shown.
    pub(super) scene: String,
    /// The order.
    pub(super) order: OrderId,
    /// The state that it ended in.
    pub(super) state: OrderState,
    /// How many effects systems hold for it.
    pub(super) held: usize,
    /// An operation that had its effect more than once.
    pub(super) twice: Option<String>,
    /// What had to hold.
    pub(super) expected: Expected,
}

impl Outcome {
    /// What is not as it must be.
    pub(super) fn wrong(&self) -> Option<String> {
        let Self { state, held, twice, expected, .. } = self;
        if *state != expected.state {
            return Some(format!("it had to end {}", expected.state));
        }
        if let Some(holds) = expected.holds.filter(|holds| (*held > 0) != *holds) {
            let expected = if holds { "something" } else { "nothing" };
            return Some(format!("the systems had to hold {expected} for it"));
        }
        twice.as_ref().map(|operation| format!("{operation} was done twice"))
    }
}

/// All outcomes, one a line.
pub(super) fn table(outcomes: &[Outcome]) -> Table {
    let mut table = Table::indented(2);
    table.row(["", "SCENE", "ORDER", "ENDED", "HELD", ""].map(|heading| style(heading).dim().to_string()));
    for outcome in outcomes {
        let wrong = outcome.wrong();
        let mark = if wrong.is_none() { style("✓").green() } else { style("✗").red() };
        table.row([
            mark.to_string(),
            outcome.scene.clone(),
            outcome.order.to_string(),
            order_state(outcome.state),
            outcome.held.to_string(),
            wrong.unwrap_or_default(),
        ]);
    }
    table
}
