//! The blueprint language.
