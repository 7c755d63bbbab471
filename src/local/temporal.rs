//! A Temporal dev server: one process with its state in a SQLite file, and its Web UI.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::LocalError;
use super::programs;
use super::readiness::Readiness;
use super::service::Service;

/// What the worker writes on every order so that the Web UI can be searched. All are plain keywords.
const SEARCH_ATTRIBUTES: [&str; 4] = ["OrderState", "Blueprint", "CustomerId", "HeldTask"];

/// The ports of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalPorts {
    /// Where clients and workers connect (gRPC).
    pub frontend: u16,
    /// Where people look (HTTP).
    pub web_ui: u16,
}

/// A dev server's program and data, ready to be run.
#[derive(Clone, Debug)]
pub struct TemporalServer {
    program: PathBuf,
    data_dir: PathBuf,
    database: PathBuf,
}

impl TemporalServer {
    /// Finds the program and makes the folder for the server's data.
    ///
    /// # Errors
    ///
    /// [`LocalError::TemporalMissing`] without the program, [`LocalError::File`] when the folder can't be made.
    pub fn prepare(data_dir: &Path) -> Result<Self, LocalError> {
        let program = programs::temporal()?;
        let folder = data_dir.join("temporal");
        fs::create_dir_all(&folder).map_err(LocalError::file("create", &folder))?;
        Ok(Self { program, data_dir: data_dir.to_owned(), database: folder.join("temporal.db") })
    }

    /// How the server is run on two ports of 127.0.0.1.
    #[must_use]
    pub fn service(&self, ports: TemporalPorts) -> Service {
        // The Web UI answers this by asking the server behind it, so both are ready.
        let readiness = Readiness::Http { port: ports.web_ui, path: "/api/v1/namespaces/default" };
        let mut service = Service::new("temporal", &self.program, &self.data_dir, readiness);
        service.args =
            ["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "warn"].map(Into::into).to_vec();
        service.args.extend(["--port".into(), ports.frontend.to_string().into()]);
        service.args.extend(["--ui-port".into(), ports.web_ui.to_string().into()]);
        service.args.extend(["--db-filename".into(), self.database.clone().into()]);
        for value in [
            // The default lets an idle order wait 300 ms for its next task instead of 50.
            "history.transferProcessorMaxPollRPS=2000",
            // A dev server reads its search attributes from SQLite for each use of them, 14 times an order; ours has them
            // from its start.
            "system.forceSearchAttributesCacheRefreshOnRead=false",
            // One process gains nothing from queues in parts, and a task that finds no worker waiting at its part is
            // written down.
            "matching.numTaskqueueReadPartitions=1",
            "matching.numTaskqueueWritePartitions=1",
        ] {
            service.args.extend(["--dynamic-config-value", value].map(Into::into));
        }
        // Without these, SQLite waits for the disk so often that it holds 2 to 5 orders a second. A killed server loses
        // nothing; only a machine that loses power can lose the last moments.
        for pragma in ["journal_mode=wal", "synchronous=normal"] {
            service.args.extend(["--sqlite-pragma", pragma].map(Into::into));
        }
        for name in SEARCH_ATTRIBUTES {
            service.args.extend(["--search-attribute".into(), format!("{name}=Keyword").into()]);
        }
        // No network after the first set-up.
        service.args.push("--ui-disable-news-fetch".into());
        service
    }
}
