//! Everything on one machine: servers started in order, kept alive, stopped in reverse order.
//!
//! [`run`] is the story. `data_dir` keeps a second `up` away, `state` remembers ports, `backends` decides between own
//! and existing servers, `children` lists our own processes, `library` brings the blueprints along, `supervisor` keeps processes alive, `report` says where everything is.

mod backends;
mod children;
mod data_dir;
mod library;
mod report;
mod session;
mod state;
mod supervisor;

pub(crate) use session::{Options, Site, run, run_with};
pub(crate) use state::remembered_port;

/// Where everything is kept where nobody says.
pub(crate) const DATA_DIR: &str = ".orderwright";
