//! Pictures of blueprints and plans: which task waits for which, and why.
//!
//! [`Graph`] is what there is to draw; [`mermaid()`] and [`dot()`] hand it to other people's tools, [`svg()`] draws it by
//! itself: `layout` says where everything is, `svg` how it looks. Pure, and the same graph gives the same bytes. Knows
//! nothing of what has happened to an order.

mod build;
mod dot;
mod kind;
#[expect(clippy::indexing_slicing, reason = "indices are places in vectors that the layout makes to measure")]
mod layout;
mod mermaid;
mod model;
mod svg;

pub use dot::dot;
pub use kind::Kind;
pub use mermaid::mermaid;
pub use model::{Edge, Frame, Graph, Node, Why};
pub use svg::{MOST_NODES, TooLarge, svg};
