//! Pictures of blueprints and plans: which task waits for which, and why.
//!
//! [`Graph`] is what there is to draw; [`mermaid()`] and [`dot()`] hand it to other people's tools, [`svg()`] draws it by
//! itself: `layout` says where everything is, `svg` how it looks. Pure, and the same graph gives the same bytes. What has
//! become of the tasks of an order, it is told ([`Graph::with_states`]).

mod build;
mod dot;
mod kind;
#[expect(clippy::indexing_slicing, reason = "indices are places in vectors that the layout makes to measure")]
mod layout;
mod mermaid;
mod model;
mod stage;
mod svg;

pub use dot::dot;
pub use kind::Kind;
pub use mermaid::mermaid;
pub use model::{Edge, Frame, Graph, Node, Why};
pub use svg::{MOST_NODES, TooLarge, svg};
