//! Our own processes: which there are, where they listen, and what they are told.
//!
//! All of them are this very program with another command, and all get the same environment variables; a command takes
//! from it what it needs.

use std::ffi::OsString;
use std::path::Path;

use super::report::Address;
use crate::failure::Failure;
use crate::local::{LocalError, Ports, Readiness, Service};

/// An environment variable and its value.
pub(super) type Setting = (&'static str, OsString);

/// One process of ours.
struct Child {
    /// Its name in logs and messages.
    name: &'static str,
    /// The command that it runs.
    command: &'static [&'static str],
    /// Where it listens.
    listens: Listens,
}

/// Where a process listens for HTTP.
struct Listens {
    /// The variable that tells it, as `host:port`.
    variable: &'static str,
    /// The port that people expect.
    usual: u16,
    /// What it answers with success when it can be used.
    ready: &'static str,
    /// What people call what is there.
    shown_as: &'static str,
}

/// In the order of their start; stopped in reverse.
const CHILDREN: [Child; 1] = [Child {
    name: "sim",
    command: &["sim"],
    listens: Listens {
        variable: "ORDERWRIGHT_SIM_ADDR",
        usual: 8090,
        ready: "/healthz",
        shown_as: "Simulated systems",
    },
}];

/// What `up` runs of our own.
#[derive(Debug)]
pub(super) struct Children {
    /// The processes, in the order of their start.
    pub(super) services: Vec<Service>,
    /// What people are told.
    pub(super) addresses: Vec<Address>,
}

/// Chooses ports and says how every process is run; `settings` say where the backends are.
pub(super) fn prepare(
    data_dir: &Path,
    mut settings: Vec<Setting>,
    ports: &mut Ports,
) -> Result<Children, Failure> {
    let program = std::env::current_exe().map_err(LocalError::file("find", Path::new("orderwright")))?;
    settings.push(("ORDERWRIGHT_SIM_DATA", data_dir.join("sim").into()));

    let mut children = Children { services: Vec::new(), addresses: Vec::new() };
    for Child { name, command, listens } in CHILDREN {
        let port = ports.choose(name, listens.usual)?;
        settings.push((listens.variable, format!("127.0.0.1:{port}").into()));
        let url = format!("http://127.0.0.1:{port}");
        let readiness = Readiness::Http(format!("{url}{}", listens.ready));
        let mut service = Service::new(name, &program, data_dir, readiness);
        service.args = command.iter().map(Into::into).collect();
        children.services.push(service);
        children.addresses.push(Address::new(listens.shown_as, url));
    }
    // Only now are all ports known, and every process is told all of them.
    for service in &mut children.services {
        service.env.clone_from(&settings);
    }
    Ok(children)
}
