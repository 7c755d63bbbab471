//! One attempt of a call, as the world of a test saw it.

use std::fmt;

use engine::CallEffect;
use model::{Duration, OrderId, Timestamp, Value};

use crate::made_up::Source;
/// An attempt, and how it ends.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// The order that makes it.
    pub(crate) order: OrderId,
    /// The call.
    pub(crate) call: CallEffect,
    /// Which attempt of it, from 1.
    pub(crate) number: u32,
    /// When it is made.
    pub(crate) begins: Timestamp,
    /// When it has ended.
    pub(crate) ends: Timestamp,
    /// How it ends.
    pub(crate) end: End,
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered(Value, Source),
    Refused(String),
    Failed(String),
    /// No answer came within so long.
    Silent(Duration),
}

/// Longest answer that is shown whole, in characters: a line of a timeline is for a screen.
const SHOWN: usize = 80;

/// As it goes on after `which`.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(Value::Record(fields), _) if fields.is_empty() => f.write_str("is done"),
            Self::Answered(answer, source) => {
                let text = answer.to_string();
                if text.chars().count() <= SHOWN {
                    write!(f, "answers {text}{source}")
                } else {
                    write!(f, "answers {}…{source}", text.chars().take(SHOWN).collect::<String>())
                }
            }
            Self::Refused(why) => write!(f, "refuses: {why}"),
            Self::Failed(why) => write!(f, "fails: {why}"),
            Self::Silent(time) => write!(f, "gives no answer within {time}"),
        }
    }
}
