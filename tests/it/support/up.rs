//! A running `orderwright up`.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};

use nix::sys::signal::Signal;

use super::cli::orderwright;
use super::processes::Pid;

/// `orderwright up`, ready. Dropping it kills it, and its servers with it.
pub(crate) struct Up {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it printed until it was ready, addresses included.
    pub(crate) greeting: String,
}

impl Up {
    /// A folder that the user PostgreSQL runs as can enter.
    pub(crate) fn data_dir() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        folder
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(data_dir: &Path, options: &[&str]) -> Self {
        let mut child = orderwright()
            .arg("up")
            .arg("--data-dir")
            .arg(data_dir)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        // The table of addresses ends with where the logs are.
        while !greeting.contains("\n  Logs ") {
            let line = lines.next().expect("`up` ended before it was ready").unwrap();
            greeting.push_str(&line);
            greeting.push('\n');
        }
        Self { child, lines, greeting }
    }

    /// The lines of the table of addresses that name `what`.
    pub(crate) fn address_of(&self, what: &str) -> &str {
        let line = self.greeting.lines().find_map(|line| line.strip_prefix(&format!("  {what}  ")));
        line.unwrap_or_else(|| panic!("no {what} in {}", self.greeting)).trim()
    }

    /// Waits until it prints this line.
    pub(crate) fn says(&mut self, expected: &str) {
        let said = self.lines.by_ref().map(Result::unwrap).find(|line| line == expected);
        assert!(said.is_some(), "`up` ended without saying {expected:?}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        Pid(i32::try_from(self.child.id()).unwrap()).signal(signal);
    }

    /// Waits until it ends.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
