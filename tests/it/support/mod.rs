//! What the integration tests share.

mod cli;
mod processes;
mod shared;
mod site;
mod up;

pub(crate) use cli::{Said, orderwright, run};
pub(crate) use processes::{Pid, eventually, wait_until};
pub(crate) use shared::{database_url, temporal_address};
pub(crate) use site::{Effect, Site, assert_each_once, free_ports, held, project, sample};
pub(crate) use up::Up;
