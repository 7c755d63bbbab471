//! What came of a test.

use std::collections::BTreeMap;

use dsl::Span;
use model::{BlueprintRef, Duration, OrderState};

use crate::{Moment, Reached};

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The test's name.
    pub name: String,
    /// Where the test is.
    pub at: Span,
    /// The blueprint of its order.
    pub blueprint: BlueprintRef,
    /// The state that the order is in, in the end.
    pub state: OrderState,
    /// How long that took, in virtual time.
    pub took: Duration,
    /// Everything that came in another way than expected; nothing, if the test has passed.
    pub failures: Vec<Failure>,
    /// What happened, in the order in which it did.
    pub timeline: Vec<Moment>,
    /// What it reached of its blueprint, and of those that this runs.
    pub reached: BTreeMap<BlueprintRef, Reached>,
}

impl Outcome {
    /// Whether everything came as expected.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Something that came in another way than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What of the test is not met: an expectation, a step, or the test as a whole.
    pub at: Span,
    /// What was expected, for people.
    pub expected: String,
    /// What came instead.
    pub actual: String,
    /// The place in the timeline at which it went another way, as best can be told.
    pub moment: Option<usize>,
}
