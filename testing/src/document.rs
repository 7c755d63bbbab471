//! What came of tests, for programs: every word of it is part of the public interface.

use dsl::{SourceMap, Span};
use model::{Duration, OrderState};
use serde::Serialize;

use crate::{BlueprintCoverage, Failure, Moment, Outcome, Share, SpotKind, Stretch};

/// What came of the tests of a library.
#[derive(Clone, Debug, Serialize)]
pub struct TestsDocument {
    /// How many came as expected.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// Each test, in the order of the files.
    pub tests: Vec<TestDocument>,
    /// What they reach of each blueprint, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Vec<CoverageDocument>>,
}

/// What came of a test.
#[derive(Clone, Debug, Serialize)]
pub struct TestDocument {
    /// Its name.
    pub name: String,
    /// Whether everything came as expected.
    pub passed: bool,
    /// The file it is in.
    pub file: String,
    /// The line it begins on, from 1.
    pub line: u32,
    /// The blueprint of its order: `home_fiber@1`.
    pub blueprint: String,
    /// The state that its order is in, in the end.
    pub state: OrderState,
    /// How long that took, in virtual time.
    pub took: Duration,
    /// Everything that came in another way.
    pub failures: Vec<FailureDocument>,
    /// What happened, in the order in which it did.
    pub timeline: Vec<MomentDocument>,
}

/// Something that came in another way than expected.
#[derive(Clone, Debug, Serialize)]
pub struct FailureDocument {
    /// The file of what is not met.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// What of the test is not met, as it is written; of the test as a whole, only its beginning.
    pub says: String,
    /// What was expected, for people.
    pub expected: String,
    /// What came instead.
    pub actual: String,
    /// The place in the timeline, from 0, at which it went another way, as best can be told.
    pub moment: Option<usize>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct MomentDocument {
    /// How long after the order began.
    pub at: Duration,
    /// The task it is about.
    pub task: Option<String>,
    /// What, for people.
    pub text: String,
}

/// What tests reach of a blueprint.
#[derive(Clone, Debug, Serialize)]
pub struct CoverageDocument {
    /// The blueprint.
    pub blueprint: String,
    /// How many tests came to it.
    pub tests: usize,
    /// Of everything that can be reached.
    pub whole: ShareDocument,
    /// Of its tasks and milestones.
    pub tasks: ShareDocument,
    /// Of its kinds of items and of its conditions, each holding and not holding.
    pub guards: ShareDocument,
    /// Of its `ensure`s, not holding.
    pub ensures: ShareDocument,
    /// Of its undos.
    pub undos: ShareDocument,
    /// Of its reactions and fallbacks.
    pub reactions: ShareDocument,
    /// What no test has come to, in the order of the file.
    pub missed: Vec<MissedDocument>,
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShareDocument {
    /// So many are reached.
    pub reached: usize,
    /// Of so many.
    pub of: usize,
    /// In whole percent, rounded down; 100 of none.
    pub percent: usize,
}

/// What no test has come to.
#[derive(Clone, Debug, Serialize)]
pub struct MissedDocument {
    /// What it is: `tasks`, `guards`, `ensures`, `undos` or `reactions`.
    pub kind: &'static str,
    /// The same in words: `reserve_port: else call inventory.reserve`.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// The line it is on, from 1.
    pub line: u32,
}

impl TestsDocument {
    /// The document of tests that have run, and of what they reach.
    #[must_use]
    pub fn new(outcomes: &[Outcome], coverage: Option<&[BlueprintCoverage]>, sources: &SourceMap) -> Self {
        let passed = outcomes.iter().filter(|outcome| outcome.passed()).count();
        Self {
            passed,
            failed: outcomes.len() - passed,
            tests: outcomes.iter().map(|outcome| TestDocument::new(outcome, sources)).collect(),
            coverage: coverage.map(|all| all.iter().map(CoverageDocument::new).collect()),
        }
    }
}

impl TestDocument {
    /// The document of one test.
    #[must_use]
    pub fn new(outcome: &Outcome, sources: &SourceMap) -> Self {
        let (file, line) = place(outcome.at, sources);
        Self {
            name: outcome.name.clone(),
            passed: outcome.passed(),
            file,
            line,
            blueprint: outcome.blueprint.to_string(),
            state: outcome.state,
            took: outcome.took,
            failures: outcome.failures.iter().map(|failure| FailureDocument::new(failure, sources)).collect(),
            timeline: outcome.timeline.iter().map(MomentDocument::new).collect(),
        }
    }
}

impl FailureDocument {
    fn new(failure: &Failure, sources: &SourceMap) -> Self {
        let (file, line) = place(failure.at, sources);
        let says = sources.text(failure.at).lines().next().unwrap_or_default().trim().to_owned();
        let Failure { expected, actual, moment, .. } = failure.clone();
        Self { file, line, says, expected, actual, moment }
    }
}

impl MomentDocument {
    fn new(moment: &Moment) -> Self {
        Self { at: moment.at, task: moment.task.as_ref().map(ToString::to_string), text: moment.text.clone() }
    }
}

impl CoverageDocument {
    /// The document of what tests reach of a blueprint.
    #[must_use]
    pub fn new(coverage: &BlueprintCoverage) -> Self {
        let share = |kind| ShareDocument::new(coverage.share(kind));
        Self {
            blueprint: coverage.blueprint.clone(),
            tests: coverage.tests,
            whole: ShareDocument::new(coverage.whole()),
            tasks: share(SpotKind::Task),
            guards: share(SpotKind::Guard),
            ensures: share(SpotKind::Ensure),
            undos: share(SpotKind::Undo),
            reactions: share(SpotKind::Reaction),
            missed: coverage.missed().map(MissedDocument::new).collect(),
        }
    }
}

impl ShareDocument {
    fn new(share: Share) -> Self {
        Self { reached: share.reached, of: share.of, percent: share.percent() }
    }
}

impl MissedDocument {
    fn new(stretch: &Stretch) -> Self {
        let Stretch { spot, name, file, line, .. } = stretch;
        Self { kind: spot.kind().plural(), name: name.clone(), file: file.clone(), line: *line }
    }
}

/// The file and line of a place.
fn place(at: Span, sources: &SourceMap) -> (String, u32) {
    let file = sources.file(at.file).map_or_else(String::new, |file| file.name.clone());
    (file, sources.line(at))
}
