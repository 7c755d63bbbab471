//! How things look in a terminal: pure functions from a document to text.
//!
//! Colours come from `console`, which leaves them out where they are not wanted. [`Live`] alone writes by itself.

mod amendment;
#[cfg(test)]
mod answers;
mod diagnostic;
mod difference;
mod event;
mod fallout;
mod finding;
mod item;
mod junit;
mod live;
mod order;
mod origin;
mod page;
mod plan;
mod table;
mod task;
mod tests;
mod time;

pub(crate) use amendment::{amendment, version_list};
pub(crate) use diagnostic::{diagnostic_lines, where_explained};
pub(crate) use difference::difference;
pub(crate) use event::event_line;
pub(crate) use fallout::{bulk, group_list, is_settled, residue_list, work_list};
pub(crate) use finding::finding_list;
pub(crate) use junit::junit;
pub(crate) use live::Live;
pub(crate) use order::{order_details, order_heading, order_list, order_state};
pub(crate) use origin::task_origin;
pub(crate) use page::page;
pub(crate) use plan::plan_tree;
pub(crate) use table::Table;
pub(crate) use task::{attempt_line, progress};
pub(crate) use tests::{Timelines, coverage_table, test_report};
pub(crate) use time::date;
