//! How far the tasks of an order are, as a picture tells it.

use model::TaskState;

use crate::model::Graph;

/// How far a task is: states that a reader takes for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// It has not begun.
    Coming,
    /// It is under way.
    Moving,
    /// A person is needed.
    Stuck,
    /// It is done.
    Done,
    /// It was taken back, or is being.
    Back,
    /// It is not done.
    Gone,
}

impl Stage {
    /// Every stage, in the order in which a task goes through them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Coming, Self::Moving, Self::Stuck, Self::Done, Self::Back, Self::Gone];

    /// The stage of a task in this state.
    pub(crate) const fn of(state: TaskState) -> Self {
        match state {
            TaskState::Waiting | TaskState::Ready => Self::Coming,
            TaskState::Running | TaskState::Amending | TaskState::Unknown => Self::Moving,
            TaskState::Held | TaskState::Failed | TaskState::UndoFailed => Self::Stuck,
            TaskState::Succeeded => Self::Done,
            TaskState::Undoing | TaskState::Undone => Self::Back,
            TaskState::Skipped | TaskState::Dropped => Self::Gone,
        }
    }

    /// Its name in style sheets.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Moving => "moving",
            Self::Stuck => "stuck",
            Self::Done => "done",
            Self::Back => "back",
            Self::Gone => "gone",
        }
    }

    /// What it means, in a legend.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Coming => "to come",
            Self::Moving => "under way",
            Self::Stuck => "needs a person",
            Self::Done => "done",
            Self::Back => "taken back",
            Self::Gone => "not done",
        }
    }

    /// The colours of a box and of its rim, where a picture has no style sheet of ours.
    pub(crate) const fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Coming => ("#ffffff", "#8592a3"),
            Self::Moving => ("#dcebfd", "#3b76c4"),
            Self::Stuck => ("#fde4e6", "#c22f3d"),
            Self::Done => ("#dff3e2", "#2f8a45"),
            Self::Back => ("#fdf0d8", "#b37a12"),
            Self::Gone => ("#eef0f3", "#a3adba"),
        }
    }
}

/// The state of a task as a line of its box: a sign and the word.
pub(crate) fn line(state: TaskState) -> String {
    let sign = match Stage::of(state) {
        Stage::Coming => "·",
        Stage::Moving => "▸",
        Stage::Stuck => "!",
        Stage::Done => "✓",
        Stage::Back => "↶",
        Stage::Gone => "−",
    };
    format!("{sign} {state}")
}

impl Graph {
    /// The same, with the states of the tasks that have one.
    #[must_use]
    pub fn with_states(mut self, state: impl Fn(&str) -> Option<TaskState>) -> Self {
        for node in &mut self.nodes {
            node.state = state(&node.name);
        }
        self
    }
}
