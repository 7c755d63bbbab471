//! Blueprints: one file per endpoint, and the compiled libraries that orders are planned with.

mod catalogue;
pub(crate) mod get;
mod libraries;
pub(crate) mod list;
pub(crate) mod publish;
mod view;

pub(crate) use catalogue::make_plan;
pub(crate) use libraries::Libraries;
