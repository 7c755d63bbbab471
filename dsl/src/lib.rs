//! The blueprint language: from text to a plan.
//!
//! `grammar.pest → syntax → resolve → check → lower`: pure functions, each handing on what it made together
//! with what it found wrong. [`Library::compile`] runs the first four over all files at once;
//! [`Blueprint::plan`] is the last one, for one order. Reads no file, prints nothing, and no input makes it
//! panic. What a plan means while it is carried out is the engine's business.

mod blueprint;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "checks ask whether a form or type is one of a few; what has to treat each its own way names them all"
)]
mod check;
mod diagnostic;
mod format;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is looked for is one of a few forms; what has to treat each its own way names them all"
)]
pub mod index;
mod library;
mod lower;
mod meaning;
mod origin;
mod placed;
mod resolve;
mod served;
mod suggest;
mod syntax;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "values of tests are a few of many forms, and bodies that steps fit a few of many bodies"
)]
pub mod testing;

pub use blueprint::Blueprint;
pub use diagnostic::{
    ByteSpan, DiagnosticDocument, DiagnosticsDocument, EditDocument, LabelDocument, PlaceDocument,
    UnknownCode, render_github, render_terminal,
};
pub use diagnostic::{Code, Diagnostic, Edit, FileId, Label, Severity, SourceFile, SourceMap, Span};
pub use format::{FormatError, format};
pub use library::{Compiled, Library, OperationDeclaration, SystemDeclaration};
pub use origin::{AspectOrigin, Outcome, ReadOrigin, RuleOrigin, TaskOrigin, UnknownTask, WaitOrigin};
pub use placed::{EachBlock, Placed};
pub use served::Gap;
