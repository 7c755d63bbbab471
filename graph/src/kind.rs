//! Kinds of tasks: the one place that looks into a task's body.

use plan::{Body, Call, Sleep};

/// A kind of task, as a picture tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Calls an operation, which changes something.
    Call,
    /// Calls a query, which changes nothing.
    Query,
    /// Waits for a signal.
    Wait,
    /// Has a person do something.
    Manual,
    /// Asks a system again and again.
    Poll,
    /// Lets time pass.
    Sleep,
    /// Runs another blueprint.
    Run,
    /// Computes a value.
    Let,
    /// Does nothing: a point that others wait for.
    Milestone,
}

/// The outline that a kind is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A rectangle.
    Rectangle,
    /// A parallelogram.
    Slanted,
    /// A rectangle with round ends.
    Pill,
    /// A hexagon with points to the left and right.
    Hexagon,
    /// A rectangle whose top rises to the right.
    Sloped,
    /// A rectangle with a second line at both sides.
    Double,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Call,
        Self::Query,
        Self::Wait,
        Self::Manual,
        Self::Poll,
        Self::Sleep,
        Self::Run,
        Self::Let,
        Self::Milestone,
    ];

    /// The word of the language for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Query => "query",
            Self::Wait => "wait",
            Self::Manual => "manual",
            Self::Poll => "poll",
            Self::Sleep => "sleep",
            Self::Run => "run",
            Self::Let => "let",
            Self::Milestone => "milestone",
        }
    }

    pub(crate) const fn shape(self) -> Shape {
        match self {
            Self::Call => Shape::Rectangle,
            Self::Manual => Shape::Sloped,
            Self::Run => Shape::Double,
            Self::Query | Self::Poll | Self::Let => Shape::Slanted,
            Self::Wait | Self::Sleep => Shape::Pill,
            Self::Milestone => Shape::Hexagon,
        }
    }
}

/// The kind of a task and what it does, a few short lines.
pub(crate) fn describe(body: &Body) -> (Kind, Vec<String>) {
    match body {
        Body::Call(body) => {
            let kind = if body.call.effect { Kind::Call } else { Kind::Query };
            let first = format!("{} {}", kind.word(), body.call.label());
            let others = body.fallbacks.iter().map(|call: &Call| format!("else {}", call.label()));
            (kind, std::iter::once(first).chain(others).collect())
        }
        Body::Wait { signal, within, fields: _ } => {
            (Kind::Wait, vec![format!("wait {signal}"), format!("within {within}")])
        }
        Body::Manual(body) => {
            (Kind::Manual, vec![format!("manual for {}", body.role), format!("within {}", body.within)])
        }
        Body::Poll(body) => {
            let often = format!("every {} within {}", body.every, body.within);
            (Kind::Poll, vec![format!("poll {}", body.query.label()), often])
        }
        Body::Sleep(Sleep::For(length)) => (Kind::Sleep, vec![format!("sleep {length}")]),
        Body::Sleep(Sleep::Until(time)) => (Kind::Sleep, vec![format!("sleep until {}", time.text)]),
        Body::Run(body) => (Kind::Run, vec![format!("run {}", body.blueprint)]),
        Body::Let(_) => (Kind::Let, vec!["let".to_owned()]),
        Body::Milestone => (Kind::Milestone, vec!["milestone".to_owned()]),
    }
}
