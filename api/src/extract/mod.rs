//! What handlers take out of a request, checked. Every failure is an [`crate::error::ApiError`].

mod body;
mod headers;
mod path;
mod query;

pub(crate) use body::{Body, Document, record, required_text};
pub(crate) use headers::{Delivery, LastEventId, RequestActor};
pub(crate) use path::{ActionPath, NamedPath, OrderPath, TaskPath};
pub(crate) use query::{Parameters, Query, QueryDocument, read_flag, read_limit, read_text};
