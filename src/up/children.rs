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
    /// The variable that tells it where to listen, as `host:port`.
    listens_by: &'static str,
    /// The variables that tell everyone where it is, as a URL.
    found_by: &'static [&'static str],
    /// The port that people expect.
    usual: u16,
    /// What people are told is there, and where below its address.
    shown: &'static [(&'static str, &'static str)],
}

/// In the order of their start; stopped in reverse. Each answers `/healthz` with success when it can be used.
const CHILDREN: [Child; 3] = [
    Child {
        name: "sim",
        command: &["sim"],
        listens_by: "ORDERWRIGHT_SIM_ADDR",
        found_by: &["SIM_URL"],
        usual: 8090,
        shown: &[("Simulated systems", "")],
    },
    Child {
        name: API,
        command: &["serve", "api"],
        listens_by: "ORDERWRIGHT_API_ADDR",
        found_by: &["ORDERWRIGHT_URL"],
        usual: 8080,
        shown: &[("API", ""), ("API page", "/docs"), ("API metrics", "/metrics")],
    },
    Child {
        name: "worker",
        command: &["serve", "worker"],
        listens_by: "ORDERWRIGHT_WORKER_ADDR",
        found_by: &[],
        usual: 8081,
        shown: &[("Worker metrics", "/metrics")],
    },
];

/// The name of the API's process.
pub(super) const API: &str = "api";

/// What `up` runs of our own.
#[derive(Debug)]
pub(super) struct Children {
    /// The processes, in the order of their start.
    pub(super) services: Vec<Service>,
    /// What people are told.
    pub(super) addresses: Vec<Address>,
    /// What every process is told.
    settings: Vec<Setting>,
}

impl Children {
    /// What a variable tells every process.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(setting, _)| *setting == name)?.1.to_str()
    }
}

/// Chooses ports and says how every process is run; `settings` say where everything else is.
pub(super) fn prepare(
    data_dir: &Path,
    mut settings: Vec<Setting>,
    api_port: Option<u16>,
    ports: &mut Ports,
) -> Result<Children, Failure> {
    let program = std::env::current_exe().map_err(LocalError::file("find", Path::new("orderwright")))?;
    settings.push(("ORDERWRIGHT_SIM_DATA", data_dir.join("sim").into()));
    // Whatever somebody who starts workers has set: the only worker here serves everything.
    settings.push(("ORDERWRIGHT_QUEUES", OsString::new()));

    let (mut services, mut addresses) = (Vec::new(), Vec::new());
    for Child { name, command, listens_by, found_by, usual, shown } in CHILDREN {
        let port = match api_port {
            Some(port) if name == API => ports.insist(name, port)?,
            Some(_) | None => ports.choose(name, usual)?,
        };
        let url = format!("http://127.0.0.1:{port}");
        settings.push((listens_by, format!("127.0.0.1:{port}").into()));
        settings.extend(found_by.iter().map(|variable| (*variable, OsString::from(&url))));
        let mut service = Service::new(name, &program, data_dir, Readiness::Http { port, path: "/healthz" });
        service.args = command.iter().map(Into::into).collect();
        services.push(service);
        addresses.extend(shown.iter().map(|(what, path)| Address::new(what, format!("{url}{path}"))));
    }
    // Only now are all ports known, and every process is told all of them.
    for service in &mut services {
        service.env.clone_from(&settings);
    }
    Ok(Children { services, addresses, settings })
}
