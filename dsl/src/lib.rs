//! The blueprint language: from text to a plan.
//!
//! `grammar.pest → syntax → resolve → check → lower`: pure functions, each handing on what it made together
//! with what it found wrong. [`Library::compile`] runs the first four over all files at once;
//! [`Blueprint::plan`] is the last one, for one order. Reads no file, prints nothing, and no input makes it
//! panic. What a plan means while it is carried out is the engine's business.

mod diagnostic;
mod resolve;
mod suggest;
mod syntax;

pub use diagnostic::{Code, Diagnostic, Edit, FileId, Label, Severity, SourceFile, SourceMap, Span};
pub use diagnostic::{render_json, render_terminal};
