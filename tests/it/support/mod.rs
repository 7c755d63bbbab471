//! What the integration tests share.

mod cli;
mod histories;
mod processes;
mod shared;
mod site;
mod up;

pub(crate) use cli::{Said, orderwright, run, run_with_input, said};
pub(crate) use processes::{Pid, Process, eventually, eventually_within, wait_until};
pub(crate) use shared::temporal_address;
pub(crate) use site::{Backends, Effect, Site, assert_each_once, free_ports, held, project, sample};
pub(crate) use up::Up;
