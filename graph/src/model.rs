//! What there is to draw.

use model::TaskState;

use crate::Kind;

/// Tasks and what they wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// What it is a picture of.
    pub title: String,
    /// What else there is to say of the whole, in one line; may be empty.
    pub subtitle: String,
    /// The tasks and milestones.
    pub nodes: Vec<Node>,
    /// Who waits for whom: no two of the same nodes, and no circle.
    pub edges: Vec<Edge>,
    /// The boxes around tasks that go together, in the order they are to be drawn.
    pub frames: Vec<Frame>,
}

/// A task or milestone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name or id, unique in the graph.
    pub name: String,
    /// What kind of task it is.
    pub kind: Kind,
    /// What it does, a few short lines.
    pub does: Vec<String>,
    /// The condition that decides whether it is done.
    pub when: Option<String>,
    /// The rule that leaves it out.
    pub skipped: Option<String>,
    /// What takes it back.
    pub undo: Option<String>,
    /// What changes it when an amendment changes what it reads.
    pub amend: Option<String>,
    /// Whether there is no way back once it has begun.
    pub point_of_no_return: bool,
    /// The frame it is in: a place in [`Graph::frames`].
    pub frame: Option<usize>,
    /// What has become of it, in the picture of an order under way.
    pub state: Option<TaskState>,
}

/// A task that waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The one that is waited for: a place in [`Graph::nodes`].
    pub from: usize,
    /// The one that waits.
    pub to: usize,
    /// Why it waits.
    pub why: Why,
}

/// Why a task waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It reads these of its results.
    Reads(Vec<String>),
    /// `after` says so, and nothing else.
    After,
}

/// A box around tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What they have in common.
    pub title: String,
}
