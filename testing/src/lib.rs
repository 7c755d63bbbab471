//! Carries out the tests of blueprints: an order in virtual time, with systems and people as a test tells them.
//!
//! [`run`] takes a test that `dsl` has bound to the plan of its order, and gives an [`Outcome`]: what happened, line by line,
//! and everything that came of it in another way than expected. [`Coverage`] says what of a blueprint no test has reached.
//! Pure: no clock, no randomness, no I/O. What happens to an order is the engine's business alone; a rule about orders that
//! stood here would be tested against itself.

mod attempt;
mod coverage;
mod document;
mod ledger;
mod made_up;
mod outcome;
mod reached;
mod script;
mod spot;
mod story;
mod timeline;
mod verdict;
mod words;
mod world;

pub use coverage::{BlueprintCoverage, Coverage, Share, Stretch};
pub use document::{
    CoverageDocument, FailureDocument, MissedDocument, MomentDocument, ShareDocument, TestDocument,
    TestsDocument,
};
pub use made_up::MadeUp;
pub use outcome::{Failure, Outcome};
pub use reached::Reached;
pub use spot::{Spot, SpotKind};
pub use story::run;
pub use timeline::Moment;
