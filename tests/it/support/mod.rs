//! What the integration tests share.

mod processes;
mod shared;
mod up;

pub(crate) use processes::{Pid, wait_until};
pub(crate) use shared::{database_url, temporal_address};
pub(crate) use up::{Up, orderwright};
